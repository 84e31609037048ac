"""A card drafted from a file: what its cells decide, and blanks for what they cannot say."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.blanks import BLANK
from pipeline.faults import Faults, Place, shown
from pipeline.ingest.quotes import FIGURES
from pipeline.language import text
from pipeline.provinces import Reference, fold, strip_marks
from pipeline.sources import Catalogue
from pipeline.suggest.columns import Columns, sort_columns
from pipeline.suggest.names import CANDIDATES, Names, unnumbered
from pipeline.suggest.opening import Evidence, Opened, open_file
from pipeline.suggest.shape import Shape, find_shape
from pipeline.words import as_text, clean

WORDS_KEPT = 3  # of the line under the table, when it has no colon
LONGEST_END = 30  # characters before a colon that still are a heading such as `Nguồn:`
EMPTY = set("số tỷ tỉ lệ lượng tổng năm trong của các theo và the of in and number total".split())
NAMED = 4  # provinces named as evidence


@dataclass
class Draft:
    """A card as keys and values in the order they are written, and why each is as it is."""

    source_id: str
    card: dict[str, Any]
    evidence: Evidence
    remarks: dict[str, str] = field(default_factory=dict)  # variable wanted -> near ones, by column


def draft_card(
    root: Path, file: str, catalogue: Catalogue, ref: Reference, faults: Faults
) -> Draft | None:
    """Draft the card of a file; None when it cannot be opened or holds no table of provinces.

    Args:
        root: the project.
        file: path under it.
        catalogue: for the near variables, and so that the name of the card is new.
        ref: provinces of both schemes.
        faults: why the file cannot be opened, or SCH-24 when no column names provinces.
    """
    opened = open_file(root, file, faults)
    if opened is None:
        return None
    names = Names(ref)
    shapes = [shape for grid in opened.grids if (shape := find_shape(grid, names)) is not None]
    if not shapes:
        rows = sum(len(grid.rows) for grid in opened.grids)
        faults.add("SCH-24", Place(file), rows)
        return None
    most = max(shape.last - shape.first for shape in shapes)
    shape = next(shape for shape in shapes if shape.last - shape.first == most)
    columns = sort_columns(shape)
    evidence = [*opened.evidence, *shape.evidence, *columns.evidence]
    draft = Draft(_new_name(file, catalogue), {}, evidence)
    _fill(draft, opened, shape, columns, names)
    _name_variables(draft, shape, catalogue)
    return draft


def _new_name(file: str, catalogue: Catalogue) -> str:
    """A name for the card from the name of the file, unlike every other card's."""
    stem = re.sub(r"[^a-z0-9]+", "_", strip_marks(Path(file).stem).casefold()).strip("_")
    stem = stem if stem[:1].isalpha() else f"source_{stem}".rstrip("_")
    taken, n = {*catalogue.cards, *catalogue.broken}, 2
    name = stem
    while name in taken:
        name, n = f"{stem}_{n}", n + 1
    return name


def _fill(draft: Draft, opened: Opened, shape: Shape, columns: Columns, names: Names) -> None:
    """The keys of the card, in the order in which cards are written."""
    kind = _kind_of(shape, columns)
    blank = dict.fromkeys(("producer", "title", "url", "licence", "published", "accessed"), BLANK)
    scheme = "column" if kind == "quotes" else _scheme_of(draft, shape, names)
    rows = {"quotes": "one figure", "register": "one record"}.get(kind, "one province")
    card: dict[str, Any] = {"file": opened.file, "kind": kind, "use": "index", **blank}
    card["scheme"] = scheme or BLANK
    card["rows"] = rows + (" and year" if columns.year is not None and kind == "table" else "")
    card |= opened.settings
    if len(opened.grids) > 1:
        card["sheet"] = shape.grid.sheet
    if shape.header:
        card["header_row"] = shape.header + 1
    if shape.header_rows > 1:
        card["header_rows"] = shape.header_rows
    if shape.column_numbers:
        card["column_numbers"] = True
    card["number_style"] = columns.style or BLANK
    if columns.missing:
        card["missing"] = dict.fromkeys(sorted(columns.missing), "M")
    if marks := {*columns.marks, *_marks_of_names(shape, names)}:
        card["marks"] = dict.fromkeys(sorted(marks), BLANK)
    if ends := _ends_at(shape):
        card["ends_at"] = [ends]
        draft.evidence.append(("seen_end", {"row": shape.last + 2, "words": ends}))
    card["province"] = _province_key(shape)
    _fill_figures(card, shape, columns, kind)
    if kind == "table" and scheme and _codes(shape, names, scheme) >= {*names.ref.codes(scheme)}:
        card["complete"] = True
    card["sha256"] = opened.sha256
    draft.card = card
    _tell_unknown(draft, shape, names)


def _kind_of(shape: Shape, columns: Columns) -> str:
    if {"scheme", "variable", "qualifier", *FIGURES} <= {*shape.names}:
        return "quotes"
    return "register" if columns.date is not None and not columns.figures else "table"


def _province_key(shape: Shape) -> dict[str, Any]:
    heading = shape.names[shape.province] if shape.province < len(shape.names) else ""
    key: dict[str, Any] = {"column": heading or BLANK}
    if shape.by == "code":
        key["by"] = "code"
    return key | ({"numbered": True} if shape.is_numbered else {})


def _fill_figures(card: dict[str, Any], shape: Shape, columns: Columns, kind: str) -> None:
    """Years and columns of a table, or what a register counts, and the columns left alone."""
    others = [*columns.others]
    if kind == "table":
        if columns.year is not None and columns.years is not None:
            first, last = columns.years
            card["year"] = {"column": shape.names[columns.year], "first": first, "last": last}
        elif any(year is None for _, year, _ in columns.figures):
            card["year"] = {"value": columns.file_year or BLANK}
        card["columns"] = []
        for j, year, status in columns.figures:
            entry: dict[str, Any] = {"column": shape.names[j], "variable": BLANK}
            if year is not None and columns.year is None:
                entry["year"] = year
            card["columns"].append(entry | ({"status": status} if status != "A" else {}))
    elif kind == "register" and columns.date is not None:
        others = [j for j in others if j != columns.date]
        others += [j for j, _, _ in columns.figures]
        card["register"] = {"variable": BLANK, "date": shape.names[columns.date],
                            "no_record": BLANK}  # fmt: skip
    ignored = [shape.names[j] for j in sorted(others) if shape.names[j]]
    if ignored and kind != "quotes":
        card["ignore"] = ignored


def _name_of(shape: Shape, cell: Any) -> str:
    name = clean(as_text(cell))
    return unnumbered(name) if shape.is_numbered else name


def _codes(shape: Shape, names: Names, scheme: str) -> set[str]:
    """The provinces of a scheme that the table names."""
    if shape.by == "code":
        return {as_text(cell) for _, cell in shape.cells(shape.province)}
    found = [names.codes(_name_of(shape, cell)) for _, cell in shape.cells(shape.province)]
    return {codes[scheme] for codes in found if scheme in codes}


def _scheme_of(draft: Draft, shape: Shape, names: Names) -> str | None:
    """The scheme that has all names, by those only it has; or, of two, the one that is whole."""
    cells = [_name_of(shape, cell) for _, cell in shape.cells(shape.province)]
    if shape.by == "code":
        schemes = {cell: [s for s in names.schemes if cell in names.ref.codes(s)] for cell in cells}
    else:
        schemes = {cell: list(names.codes(cell)) for cell in cells}
    known = {cell: found for cell, found in schemes.items() if found}
    own = {s: [cell for cell, found in known.items() if found == [s]] for s in names.schemes}
    alone = [s for s in names.schemes if own[s]]
    if len(alone) == 1:
        examples = ", ".join(own[alone[0]][:NAMED])
        draft.evidence.append(("seen_scheme", {"scheme": alone[0], "n": len(own[alone[0]]),
                                               "names": examples}))  # fmt: skip
        return alone[0]
    whole = [s for s in names.schemes if _codes(shape, names, s) == {*names.ref.codes(s)}]
    if not alone and len(whole) == 1:
        draft.evidence.append(("seen_whole_scheme", {"scheme": whole[0], "n": len(known)}))
        return whole[0]
    examples = "; ".join(f"{s}: {', '.join(own[s][:NAMED])}" for s in alone) or ", ".join(known)
    draft.evidence.append(("seen_no_scheme", {"names": shown(examples)}))
    return None


def _marks_of_names(shape: Shape, names: Names) -> set[str]:
    """Footnote marks that stand after names which are known without them."""
    found = set()
    for _, cell in shape.cells(shape.province):
        name = _name_of(shape, cell)
        match = re.search(r"\s*([*†‡]+|\([0-9a-z]\))$", name)
        if match is not None and not names.is_known(name) and names.is_known(name[: match.start()]):
            found.add(match[1])
    return found


def _ends_at(shape: Shape) -> str | None:
    """How the first text under the table begins; None when nothing stands there."""
    for row in shape.grid.rows[shape.last + 1 :]:
        words = next((clean(as_text(cell)) for cell in row if as_text(cell)), "")
        if words:
            head, colon, _ = words.partition(":")
            if colon and len(head) <= LONGEST_END:
                return head + colon
            return " ".join(words.split()[:WORDS_KEPT])
    return None


def _tell_unknown(draft: Draft, shape: Shape, names: Names) -> None:
    """Names of the column that no table knows: `check --suggest` offers near ones."""
    if shape.by == "code":
        return
    cells = [_name_of(shape, cell) for _, cell in shape.cells(shape.province)]
    unknown = [cell for cell in dict.fromkeys(cells) if cell and not names.is_known(cell)]
    if unknown:
        draft.evidence.append(("seen_unknown", {"n": len(unknown),
                                                "names": shown(", ".join(unknown))}))  # fmt: skip
    twice = [name for i, name in enumerate(shape.names) if name and name in shape.names[:i]]
    if twice:
        draft.evidence.append(("seen_twice", {"names": shown(", ".join(twice))}))


def _name_variables(draft: Draft, shape: Shape, catalogue: Catalogue) -> None:
    """Near variables beside each column: those whose names share most with its heading.

    A word counts the more, the fewer variables have it. The lines over the table count for half:
    they say what all its columns are about.
    """
    over = _words(" ".join(as_text(c) for row in shape.grid.rows[: shape.header] for c in row))
    names = {code: _words(f"{variable.name_vi} {variable.name_en}")
             for code, variable in catalogue.variables.items()}  # fmt: skip
    common = Counter(word for words in names.values() for word in words)
    for entry in draft.card.get("columns", []):
        heading = _words(entry["column"])
        scores = {code: sum((1 if word in heading else 0.5) / common[word]
                            for word in words & (heading | over))
                  for code, words in names.items() if words & heading}  # fmt: skip
        near = sorted(scores, key=lambda code: (-scores[code], code))[:CANDIDATES]
        draft.remarks[entry["column"]] = ", ".join(near) or "–"


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W\d_]+", fold(text)) if len(word) > 1} - EMPTY


def as_yaml(draft: Draft, lang: str, indent: str = "  ") -> str:
    """The draft as lines of `raw/sources.yml`; what is blank says what belongs there."""
    lines = [f"{indent}{draft.source_id}:"]
    for key, value in draft.card.items():
        remark = f"  # {text('fill_' + key, lang)}" if _has_blank(value) and key in FILLED else ""
        if key == "columns":
            lines.append(f"{indent * 2}columns:")
            for entry in value:
                near = text("fill_variable", lang, near=draft.remarks[entry["column"]])
                lines.append(f"{indent * 3}- {_flow(entry)}  # {near}")
        elif isinstance(value, dict):
            lines.append(f"{indent * 2}{key}: {_flow(value)}{remark}")
        else:
            lines.append(f"{indent * 2}{key}: {json.dumps(value, ensure_ascii=False)}{remark}")
    return "\n".join(lines) + "\n"


FILLED = {"producer", "title", "url", "licence", "published", "accessed", "scheme",
          "number_style", "marks", "province", "year", "register"}  # fmt: skip


def _has_blank(value: Any) -> bool:
    return BLANK in (value.values() if isinstance(value, dict) else [value])


def _flow(value: dict[str, Any]) -> str:
    """A map on one line, as cards write it."""
    items = (f"{_key(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
    return "{" + ", ".join(items) + "}"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[a-z_]+", key) else json.dumps(key, ensure_ascii=False)
