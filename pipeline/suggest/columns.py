"""What each column of a table holds: years, figures, dates, or words that are not wanted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pipeline.ingest.dates import is_date
from pipeline.ingest.numbers import LIKE_A_NUMBER, STYLES
from pipeline.suggest.opening import Evidence
from pipeline.suggest.shape import YEAR, Shape
from pipeline.words import as_text

YEAR_HEADING = re.compile(r"\b(năm|year)\b", re.IGNORECASE)
DATE_HEADING = re.compile(r"\b(ngày|date)\b", re.IGNORECASE)
SERIAL = re.compile(r"(stt|tt|số tt|số thứ tự|no\.?|#)", re.IGNORECASE)
PROVISIONAL = re.compile(r"sơ bộ|\bprel|\bước|\bestimate", re.IGNORECASE)
DAY = re.compile(r"(?<![0-9])([0-3]?[0-9])/([01]?[0-9])/(?:19|20)[0-9]{2}")
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
PARTS = ((re.compile(r"\b6 tháng đầu năm\b|\b6 tháng\b|\bhalf\b", re.IGNORECASE), "{year}-H1"),
         (re.compile(r"\b(?:quý|quarter) (IV|I{1,3}|[1-4])\b", re.IGNORECASE), "{year}-Q{part}"),
         (re.compile(r"\b9 tháng\b", re.IGNORECASE), "{year}-01/{year}-09"))  # fmt: skip
UNIT = re.compile(r"(đơn vị( tính)?|đvt|unit)\s*[:：]\s*(.+)", re.IGNORECASE)
MISSING = {"-", "–", "—", "..", "...", "…", "na", "n/a", "#n/a", "null", "none", "x",
           "không có số liệu", "chưa có số liệu", "kcsl"}  # fmt: skip
TOLD = 3  # cells quoted as evidence
MARKED = re.compile(r"(?P<number>-?[0-9][0-9., ]*)(?P<mark>[*†‡]+|\([0-9a-z]\))")


@dataclass(frozen=True)
class Heading:
    """What the heading of a column of figures says of their time; None where it does not."""

    column: int
    year: int | None
    status: str
    period: str | None = None
    as_of: str | None = None


@dataclass
class Columns:
    """The columns of a table by what they hold."""

    figures: list[Heading] = field(default_factory=list)
    year: int | None = None
    years: tuple[int, int] | None = None  # first and last of the column of years
    file_year: int | None = None
    date: int | None = None
    others: list[int] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    unread: Counter[str] = field(default_factory=Counter)  # texts among figures that nobody knows
    style: str | None = None
    evidence: Evidence = field(default_factory=list)


def sort_columns(shape: Shape, codes: set[str]) -> Columns:
    """Sort the columns of a table by what stands in them, with the cells that decide it.

    Args:
        shape: the table.
        codes: codes of provinces: a column of them holds no figures.
    """
    found = Columns()
    for j, name in enumerate(shape.names):
        cells = [cell for _, cell in shape.cells(j)]
        texts = [text for text in map(as_text, cells) if text]
        if j == shape.province:
            continue
        if not texts:
            found.others.append(j)
            continue
        if _are_years(name, texts) and found.year is None:
            found.year, found.years = j, (min(map(int, texts)), max(map(int, texts)))
        elif SERIAL.fullmatch(name) or {*texts} <= codes or not _are_figures(cells):
            is_date_column = DATE_HEADING.search(name) and any(map(is_date, texts))
            if is_date_column and found.date is None:
                found.date = j
            found.others.append(j)
        else:
            found.figures.append(_time_of(j, name))
    _find_file_year(shape, found)
    _sort_texts(shape, found)
    _find_unit(shape, found)
    found.style = _style_of(shape, found)
    return found


def _time_of(column: int, heading: str) -> Heading:
    """Year, status, part of the year and day that a heading states in words or figures."""
    years = sorted({int(year) for year in YEAR.findall(heading)})
    year = years[0] if len(years) == 1 else None
    status = "P" if PROVISIONAL.search(heading) else "A"
    day = DAY.search(heading)
    if day is not None and year is not None:
        as_of = f"{year}-{int(day[2]):02}-{int(day[1]):02}"
        is_new_year = as_of.endswith("-01-01")  # the end of which year? a person knows
        return Heading(column, None if is_new_year else year, status, as_of=as_of)
    for words, form in PARTS:
        match = words.search(heading)
        if match is not None and year is not None:
            part = ROMAN.get(match[1].upper(), match[1]) if match.groups() else ""
            return Heading(column, year, status, period=form.format(year=year, part=part))
    return Heading(column, year, status)


def _are_years(name: str, texts: list[str]) -> bool:
    are_years = all(YEAR.fullmatch(text) for text in texts)
    return are_years and (YEAR_HEADING.search(name) is not None or len(set(texts)) == 1)


def _are_figures(cells: list[Any]) -> bool:
    """At least half of what is no blank is a number, or like one."""
    filled = [cell for cell in cells if as_text(cell)]
    numbers = [cell for cell in filled if _is_number(cell)]
    markers = [cell for cell in filled if as_text(cell).casefold() in MISSING]
    return 2 * (len(numbers) + len(markers)) > len(filled)


def _is_number(cell: Any) -> bool:
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return True
    if not isinstance(cell, str):
        return False
    text = as_text(cell).removesuffix("%").rstrip()
    marked = MARKED.fullmatch(text)
    return any(c.isdigit() for c in text) and (
        LIKE_A_NUMBER.fullmatch(text) is not None or marked is not None
    )


def _find_file_year(shape: Shape, found: Columns) -> None:
    """The one year that the lines over the table name, where no column says another."""
    if found.year is not None or all(item.year is not None for item in found.figures):
        return
    lines = [as_text(cell) for row in shape.grid.rows[: shape.header] for cell in row]
    years = {int(year) for line in lines for year in YEAR.findall(line)}
    if len(years) == 1:
        (found.file_year,) = years
        line = next(line for line in lines if YEAR.search(line))
        found.evidence.append(("seen_year", {"year": found.file_year, "line": line}))


def _sort_texts(shape: Shape, found: Columns) -> None:
    """The texts among the figures: missing markers, footnote marks, and what nobody knows."""
    for item in found.figures:
        for _, cell in shape.cells(item.column):
            text = as_text(cell)
            if not text or text.casefold() in MISSING:
                found.missing[text] += 1
            elif isinstance(cell, str) and (marked := MARKED.fullmatch(text)):
                found.marks[marked["mark"]] += 1
            elif not _is_number(cell):
                found.unread[text] += 1
    for marker, n in sorted(found.missing.items()):
        found.evidence.append(("seen_missing", {"marker": marker, "n": n}))
    for mark, n in sorted(found.marks.items()):
        found.evidence.append(("seen_mark_of_figure", {"mark": mark, "n": n}))
    for text, n in sorted(found.unread.items()):
        found.evidence.append(("seen_unread", {"text": text, "n": n}))


def _find_unit(shape: Shape, found: Columns) -> None:
    for i, row in enumerate(shape.grid.rows[: shape.header + shape.header_rows]):
        for j, cell in enumerate(row):
            match = UNIT.search(as_text(cell))
            if match is not None:
                values = {"unit": match[3], "cell": shape.address(i, j)}
                found.evidence.append(("seen_unit", values))


def _style_of(shape: Shape, found: Columns) -> str | None:
    """The one style in which every figure can be read; None when the cells do not decide it."""
    texts: dict[str, str] = {}
    for item in found.figures:
        for i, cell in shape.cells(item.column):
            if isinstance(cell, str) and _is_number(cell) and as_text(cell) not in MISSING:
                marked = MARKED.fullmatch(as_text(cell))
                text = (marked["number"] if marked else as_text(cell)).removesuffix("%").strip()
                texts.setdefault(text.replace("−", "-"), shape.address(i, item.column))
    if not texts:
        found.evidence.append(("seen_typed", {}))
        return "plain"
    if all(STYLES["digits"][0].fullmatch(text) for text in texts):
        found.evidence.append(("seen_digits", {"n": len(texts)}))
        return "digits"
    fits = [style for style, (pattern, _, _) in STYLES.items()
            if all(pattern.fullmatch(text) for text in texts)]  # fmt: skip
    cells = ", ".join(f"{at} '{text}'" for text, at in _telling(texts))
    # With no figure that groups thousands, both styles of a decimal sign read all alike.
    alike = {"vi space": "vi", "plain en": "plain"}.get(" ".join(fits))
    style = fits[0] if len(fits) == 1 else alike
    if style is not None:
        found.evidence.append(("seen_style", {"style": style, "cells": cells}))
    else:
        found.evidence.append(("seen_no_style", {"styles": ", ".join(fits) or "–", "cells": cells}))
    return style


def _telling(texts: dict[str, str]) -> list[tuple[str, str]]:
    """One cell of each way in which figures can be read, those that leave least choice first."""
    ways: dict[tuple[str, ...], tuple[str, str]] = {}
    for text, at in texts.items():
        way = tuple(s for s, (pattern, _, _) in STYLES.items() if pattern.fullmatch(text))
        if "digits" not in way:
            ways.setdefault(way, (text, at))
    return [ways[way] for way in sorted(ways, key=lambda way: (len(way), way))][:TOLD]
