"""A card drafted from a file: what its cells decide, and blanks for what they cannot say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.blanks import BLANK
from pipeline.faults import Faults, Place
from pipeline.ingest.quotes import FIGURES
from pipeline.provinces import Reference, strip_marks
from pipeline.sources import Catalogue
from pipeline.suggest import PROVENANCE
from pipeline.suggest.columns import PROVISIONAL, Columns, sort_columns
from pipeline.suggest.names import Names, unmarked, unnumbered
from pipeline.suggest.opening import Evidence, Opened, open_file
from pipeline.suggest.shape import Shape, find_shape
from pipeline.suggest.variables import near_variables
from pipeline.words import as_text, clean

WORDS_KEPT = 3  # of the line under the table, when it has no colon
LONGEST_END = 30  # characters before a colon that still are a heading such as `Nguồn:`
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
    codes = {code for scheme in names.schemes for code in ref.codes(scheme)}
    columns = sort_columns(shape, codes)
    evidence = [*opened.evidence, *shape.evidence, *columns.evidence]
    draft = Draft(_new_name(file, catalogue), {}, evidence)
    _fill(draft, opened, shape, columns, names)
    draft.remarks = near_variables(shape, [e["column"] for e in draft.card.get("columns", [])],
                                   catalogue)  # fmt: skip
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
    blank = dict.fromkeys(PROVENANCE, BLANK)
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
    if marks := {*columns.marks, *_marks_of_names(shape)}:
        card["marks"] = {mark: _status_of(mark, shape) for mark in sorted(marks)}
    if ends := _ends_at(shape):
        card["ends_at"] = [ends]
        draft.evidence.append(("seen_end", {"row": shape.last + 2, "words": ends}))
    card["province"] = _province_key(shape)
    _fill_figures(card, shape, columns, kind)
    if kind == "table" and scheme and _codes(shape, names, scheme) >= {*names.ref.codes(scheme)}:
        card["complete"] = True
    draft.card = card
    _tell_unknown(draft, shape, names, scheme)
    card["sha256"] = opened.sha256


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
        elif any(item.year is None for item in columns.figures):
            card["year"] = {"value": columns.file_year or BLANK}
        card["columns"] = []
        for item in columns.figures:
            told = {
                "year": item.year if columns.year is None else None,
                "period": item.period,
                "as_of": item.as_of,
                "status": item.status if item.status != "A" else None,
            }
            entry = {"column": shape.names[item.column], "variable": BLANK}
            card["columns"].append(entry | {k: v for k, v in told.items() if v is not None})
    elif kind == "register" and columns.date is not None:
        others = [j for j in others if j != columns.date]
        others += [item.column for item in columns.figures]
        card["register"] = {"variable": BLANK, "date": shape.names[columns.date],
                            "no_record": BLANK}  # fmt: skip
    ignored = [shape.names[j] for j in sorted(others) if shape.names[j]]
    if ignored and kind != "quotes":
        card["ignore"] = ignored


def _name_of(shape: Shape, cell: Any) -> str:
    """A name without what is declared to stand around it."""
    name = clean(as_text(cell))
    return unmarked(unnumbered(name) if shape.is_numbered else name)[0]


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
    draft.evidence.append(("seen_no_scheme", {"names": examples}))
    return None


def _marks_of_names(shape: Shape) -> set[str]:
    """Footnote marks that stand behind names."""
    return {mark for _, cell in shape.cells(shape.province) for mark in unmarked(as_text(cell))[1]}


def _status_of(mark: str, shape: Shape) -> str:
    """The status that the note under the table gives a mark; blank when it gives none."""
    for row in shape.grid.rows[shape.last + 1 :]:
        for note in map(as_text, row):
            if note.startswith(mark):
                return "P" if PROVISIONAL.search(note) else BLANK
    return BLANK


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


def _tell_unknown(draft: Draft, shape: Shape, names: Names, scheme: str | None) -> None:
    """Names of the column that no table knows: near a province, or a row that is none."""
    cells = [_name_of(shape, cell) for _, cell in shape.cells(shape.province)]
    unknown = [cell for cell in dict.fromkeys(cells) if cell and not names.is_known(cell)]
    if shape.by == "name" and unknown:
        near = {cell for cell in unknown if names.near(cell, scheme or names.schemes[0])}
        draft.evidence.append(("seen_unknown", {"n": len(unknown),
                                                "names": ", ".join(unknown)}))  # fmt: skip
        if rows := [cell for cell in unknown if cell not in near]:
            draft.card["not_provinces"] = dict.fromkeys(rows, BLANK)
    twice = [name for i, name in enumerate(shape.names) if name and name in shape.names[:i]]
    if twice:
        draft.evidence.append(("seen_twice", {"names": ", ".join(twice)}))
