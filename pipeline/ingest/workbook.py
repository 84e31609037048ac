"""A spreadsheet as rows of cells: XLSX, XLS or ODS, the sheet that the card names."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.faults import Faults, Place, column_letters
from pipeline.ingest import sheet_ods, sheet_xls, sheet_xlsx
from pipeline.ingest.sheets import Extras
from pipeline.ingest.text import heading_over
from pipeline.legacy import NAMES, UNDEFINED, decode
from pipeline.sources import Card
from pipeline.words import as_text

EXTRAS: dict[str, Callable[[bytes, str], Extras]] = {
    ".xlsx": sheet_xlsx.extras, ".ods": sheet_ods.extras, ".xls": sheet_xls.extras,
}  # fmt: skip


def read_sheet(
    raw: bytes, card: Card, faults: Faults
) -> tuple[str, list[list[Any]], Extras, set[int]] | None:
    """The cells of the declared sheet, or of the only one.

    Args:
        raw: the file.
        card: its sheet, and the font code of its texts when they are not Unicode.
        faults: `HDR-16` no such sheet or two alike, `HDR-13` no sheet of cells, `SEC-16` a broken
            file, `ENC-03` a text that is not in the declared font code.

    Returns:
        The name of the sheet, its rows (text or typed values; an error or a formula never computed
        as its text), what it says beside its values, and the indices of rows that hold a refused
        cell. None when nothing can be read.
    """
    from python_calamine import (
        CalamineError,
        CalamineWorkbook,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    place, suffix = Place(card.file), Path(card.file).suffix.lower()
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        tables = [s for s in book.sheets_metadata if s.typ == SheetTypeEnum.WorkSheet]
        name = _pick([str(sheet.name) for sheet in tables], card, faults)
        if name is None:
            return None
        sheet = book.get_sheet_by_name(name)
        rows = sheet.to_python(skip_empty_area=False)
        found = EXTRAS[suffix](raw, name)
    except (CalamineError, KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as error:
        faults.add("SEC-16", place, str(error), found="?", expected=suffix)
        return None
    found.merged += sheet.merged_cell_ranges or []
    for (i, j), text in found.unread.items():  # beyond the rows there is no name and no heading
        if i < len(rows) and j < len(rows[i]):
            rows[i][j] = text
    if any(s.name == name and s.visible != SheetVisibleEnum.Visible for s in tables):
        faults.add("HDR-15", Place(card.file, name), name)
    _list_hidden(found, rows, Place(card.file, name), faults)
    bad = _decode_cells(name, rows, card, faults)
    return name, rows, found, bad


def _pick(names: list[str], card: Card, faults: Faults) -> str | None:
    """The declared sheet, or the only one; None with a fault when that is not one sheet."""
    if not names:
        faults.add("HDR-13", Place(card.file))
        return None
    wanted = card.sheet if card.sheet is not None else (names[0] if len(names) == 1 else None)
    alike = [n for n in names if _squeezed(n) == _squeezed(wanted or "")]
    if wanted not in names or len(alike) != 1:
        faults.add("HDR-16", Place(card.file), card.sheet, found=", ".join(map(repr, names)))
        return None
    return wanted


def _squeezed(name: str) -> str:
    return "".join(name.casefold().split())


def _list_hidden(found: Extras, rows: list[list[Any]], place: Place, faults: Faults) -> None:
    """Warn of hidden rows and columns that hold something, one finding per run of them."""
    hidden_rows = {i for i in found.hidden_rows if i < len(rows) and any(map(as_text, rows[i]))}
    hidden_columns = {
        j for j in found.hidden_columns if any(j < len(row) and as_text(row[j]) for row in rows)
    }
    for first, last in _runs(hidden_rows):
        at = Place(place.file, place.sheet, row=first + 1)
        faults.add("HDR-15", at, f"{first + 1}:{last + 1}")
    for first, last in _runs(hidden_columns):
        at = Place(place.file, place.sheet, column=first + 1)
        faults.add("HDR-15", at, f"{column_letters(first + 1)}:{column_letters(last + 1)}")


def _runs(numbers: set[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbours."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _decode_cells(name: str, rows: list[list[Any]], card: Card, faults: Faults) -> set[int]:
    """Decode the texts of a declared font code in place; the indices of rows that are not in it."""
    refused: list[tuple[int, int, str, str]] = []
    if card.encoding not in ("tcvn3", "vni"):
        return set()
    for i, cells in enumerate(rows):
        for j, cell in enumerate(cells):
            if isinstance(cell, str) and not cell.isascii():
                text = decode(cell, card.encoding)
                undefined = [chr(ord(c) - UNDEFINED) for c in text if 0xDC80 <= ord(c) <= 0xDCFF]
                unicode = [c for c in cell if ord(c) > 0xFF and c.isalpha()]
                if unicode or undefined:
                    refused.append((i, j, (unicode or undefined)[0], "Unicode" if unicode else "?"))
                else:
                    cells[j] = text
    for i, j, letter, likely in refused[:1]:
        place = Place(card.file, name, i + 1, j + 1, heading_over(rows, card, j))
        faults.add("ENC-03", place, letter, offset=rows[i][j].index(letter), n=len(refused),
                   declared=NAMES[card.encoding], likely=likely)  # fmt: skip
    return {i for i, *_ in refused}
