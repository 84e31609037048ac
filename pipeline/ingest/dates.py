"""Dates and years of cells: read in the forms a card declares, never by guessing."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipeline.ingest.numbers import EDGES, Refused

ISO = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
MIDNIGHT = re.compile(r"[ T]00:00:00(\.0+)?$")  # what a program adds to a day
WRITTEN = re.compile(r"[0-9]{1,2}([/.-])([0-9]{1,2}\1)?[0-9]{4}")  # 03/04/2025, 04/2025
DAY_NUMBER = re.compile(r"[1-9][0-9]{4}(\.[0-9]+)?")
# Day 0 of each of the two date systems of spreadsheets; the first holds from March 1900 on.
DAY_0 = {"1900": datetime.date(1899, 12, 30), "1904": datetime.date(1904, 1, 1)}
FIRST_SERIAL, LAST_SERIAL = 10_000, 99_999  # 1927 to 2173; smaller whole numbers are years
YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True)
class Dated:
    """A cell read as a date: `yyyy-mm-dd`, `yyyy-mm` or `yyyy`, or an empty text."""

    text: str
    notes: tuple[str, ...] = ()  # keys of `handlings`


def read_date(cell: Any, order: str | None = None, system: str | None = None) -> Dated | Refused:
    """Read one cell of a date column.

    Args:
        cell: text, a date, or the day number of a spreadsheet.
        order: dmy or mdy, the declared order of 03/04/2025; None where the source declares none.
        system: 1900 or 1904, from which day numbers count; None when nothing says so.

    Returns:
        `Dated`, or `Refused` with the rule the cell breaks.
    """
    if isinstance(cell, datetime.date):  # also a date with a time of day
        return Dated(cell.isoformat()[:10])
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return _from_number(float(cell), system)
    text = ("" if cell is None else str(cell)).strip(EDGES)
    if not text:
        return Dated("")
    text = MIDNIGHT.sub("", text)
    if ISO.fullmatch(text):
        return Dated(text) if is_date(text) else Refused("DAT-02", {})
    if DAY_NUMBER.fullmatch(text):
        return _from_number(float(text), system)
    if WRITTEN.fullmatch(text):
        return _from_written([int(part) for part in re.split(r"[/.-]", text)], order)
    return Refused("DAT-02", {})


def is_date(text: str) -> bool:
    """Whether a text is a day, month or year of the calendar: `yyyy-mm-dd`, `yyyy-mm`, `yyyy`."""
    if not ISO.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return True


def _from_number(number: float, system: str | None) -> Dated | Refused:
    """A year, or the day number of a spreadsheet; its fraction is the time of day."""
    if number.is_integer() and 1000 <= number < FIRST_SERIAL:
        return Dated(str(int(number)))
    if not FIRST_SERIAL <= number < LAST_SERIAL + 1:
        return Refused("DAT-02", {})
    if system is None:
        readings = " / ".join(str(day + datetime.timedelta(int(number))) for day in DAY_0.values())
        return Refused("DAT-03", {"readings": readings})
    day = DAY_0[system] + datetime.timedelta(int(number))
    return Dated(str(day), (f"date_system_{system}",))


def _from_written(parts: list[int], order: str | None) -> Dated | Refused:
    """Day, month and year, or month and year, as numbers in the order of the text."""
    ways = {"dmy": parts, "mdy": [*parts[-2::-1], parts[-1]]}
    found = {name: iso for name, way in ways.items() if is_date(iso := _iso(way))}
    if order in found:
        return Dated(found[str(order)], (f"date_order_{order}",))
    if order is not None or not found:
        return Refused("DAT-02", {})
    return Refused("DAT-01", {"readings": " / ".join(sorted(set(found.values()), reverse=True))})


def _iso(parts: list[int]) -> str:
    """`[3, 4, 2025]` as `2025-04-03`."""
    year, *rest = reversed(parts)
    return "-".join([f"{year:04}", *(f"{part:02}" for part in rest)])


def read_year(
    cell: Any, forms: Iterable[str], provisional: Iterable[str]
) -> tuple[int, str] | None:
    """The year of a cell in a declared form, with status A, or P where the form says provisional.

    Args:
        cell: text, or a whole number.
        forms: texts with `yyyy` for the year, such as `Năm yyyy`; `yyyy` alone is always read.
        provisional: forms of preliminary figures, such as `yyyy (sơ bộ)`.
    """
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = squeezed("" if cell is None else str(cell))
    for allowed, status in ((("yyyy", *forms), "A"), (provisional, "P")):
        for form in allowed:
            before, _, after = squeezed(form).partition("yyyy")
            year = text[len(before) : len(text) - len(after) or None]
            if text == before + year + after and YEAR.fullmatch(year):
                return int(year), status
    return None


def looks_provisional(cell: Any) -> bool:
    """Whether a cell is a year with a mark beside it: `2024 (sơ bộ)`, `ước 2024`, `2024*`."""
    text = squeezed(str(cell))
    years = re.findall(r"(?<![0-9])[0-9]{4}(?![0-9])", text)
    rest = text.replace(years[0], "", 1) if len(years) == 1 else ""
    return bool(re.search(r"[*]|sơ bộ|ước|uoc|so bo|prel|est|\(p\)|\(e\)", rest.casefold()))


def squeezed(text: str) -> str:
    """NFC, with single plain spaces and none at the ends."""
    plain = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
    return re.sub(r"\s+", " ", plain).strip(EDGES)
