"""What an ODS sheet says beside its values, from the XML of its content."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree

from pipeline.ingest.sheets import Extras

ERROR = re.compile(r"#[A-Z0-9/]+[!?]?|Err:[0-9]+")
HIDDEN = ("collapse", "filter")
ROWS = ("table-row", "table-rows", "table-row-group", "table-header-rows")
COLUMNS = ("table-column", "table-columns", "table-column-group", "table-header-columns")
MAX_COLUMNS, MAX_REPEATED = 16_384, 10_000  # a row repeated more often than that is formatting


def extras(raw: bytes, sheet: str) -> Extras:
    """Errors, formulas never computed, rounded figures, hidden and merged parts of a sheet.

    Raises:
        KeyError, ValueError, SyntaxError, zipfile.BadZipFile: when it is no whole ODS.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        content = ElementTree.fromstring(book.read("content.xml"))
    (table,) = [
        e for e in content.iterfind(".//{*}spreadsheet/{*}table") if _get(e, "name") == sheet
    ]
    found = Extras()
    column = 0
    for element in _parts(table, COLUMNS, "table-column"):
        times = min(_count(element, "number-columns-repeated"), MAX_COLUMNS - column)
        if _get(element, "visibility") in HIDDEN:
            found.hidden_columns |= set(range(column, column + times))
        column += times
    row = 0
    for element in _parts(table, ROWS, "table-row"):
        times = _count(element, "number-rows-repeated")
        for i in range(row, row + min(times, MAX_REPEATED)):
            _read_row(element, i, found)
            if _get(element, "visibility") in HIDDEN:
                found.hidden_rows.add(i)
        row += times
    return found


def _read_row(element: ElementTree.Element, i: int, found: Extras) -> None:
    column = 0
    for cell in element:
        if _tag(cell) not in ("table-cell", "covered-table-cell"):
            continue
        times = _count(cell, "number-columns-repeated")
        if len(cell) or _get(cell, "formula") is not None:  # an empty one may go on to the edge
            for j in range(column, column + min(times, MAX_COLUMNS - column)):
                _read_cell(cell, (i, j), found)
        column += times


def _read_cell(cell: ElementTree.Element, place: tuple[int, int], found: Extras) -> None:
    kind, formula = _get(cell, "value-type"), _get(cell, "formula")
    text = "\n".join("".join(p.itertext()) for p in cell if _tag(p) == "p").strip()
    if kind == "error" or (formula is not None and ERROR.fullmatch(text)):
        found.unread[place] = text or "#?"
    elif formula is not None and kind is None:
        found.unread[place] = f"={formula.removeprefix('of:').removeprefix('=')}"
    elif kind in ("float", "percentage", "currency") and _is_rounded(text, _get(cell, "value")):
        found.shown[place] = text
    height, width = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
    if (height, width) != (1, 1):
        found.merged.append((place, (place[0] + height - 1, place[1] + width - 1)))


def _is_rounded(text: str, value: str | None) -> bool:
    """Whether a cell shows fewer digits than it holds, in any language."""
    shown = re.sub(r"\D", "", text).strip("0")
    try:
        held = re.sub(r"\D", "", f"{Decimal(value or ''):f}").strip("0")
    except InvalidOperation:
        return False
    return bool(text) and len(shown) < len(held)


def _parts(
    parent: ElementTree.Element, groups: tuple[str, ...], wanted: str
) -> Iterator[ElementTree.Element]:
    """Rows or columns of a table in order, out of the groups and headers they may stand in."""
    for element in parent:
        if _tag(element) == wanted:
            yield element
        elif _tag(element) in groups:
            yield from _parts(element, groups, wanted)


def _tag(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _get(element: ElementTree.Element, name: str) -> str | None:
    """An attribute whatever its name space; that of a later dialect (calcext) goes first."""
    found = {key: value for key, value in element.items() if key.rpartition("}")[2] == name}
    return next((v for k, v in found.items() if "calcext" in k), next(iter(found.values()), None))


def _count(element: ElementTree.Element, name: str) -> int:
    text = _get(element, name) or "1"
    return max(int(text), 1)
