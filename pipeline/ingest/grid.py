"""A raw file as a grid of cells: CSV, XLSX, XLS, ODS or Parquet, with places users can find."""

from __future__ import annotations

import csv
import hashlib
import io
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.faults import Faults, Place, bad_byte, column_letters, row_after
from pipeline.files import read_file
from pipeline.ingest.apart import read_apart
from pipeline.ingest.content import check_content
from pipeline.ingest.sizes import check_parquet, read_csv
from pipeline.ingest.xlsx_errors import unread_cells
from pipeline.limits import DEFAULTS, Limits, OverLimit
from pipeline.sources import Card

SPREADSHEETS = {".xlsx", ".xls", ".ods", ".xlsb"}
ENCODINGS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "cp1258": "cp1258"}


@dataclass
class Grid:
    """Cells of one table. `rows[i][j]` is text or a typed spreadsheet value."""

    file: str
    sheet: str | None
    rows: list[list[Any]]
    header_row: int  # counted from 1
    positions: dict[str, int] = field(default_factory=dict)  # column name -> index

    def place(self, row: int, column: int | None = None) -> Place:
        """Place of a cell; `row` and `column` are indices into `rows`."""
        if column is None:
            return Place(self.file, self.sheet, row + 1)
        header = self.rows[self.header_row - 1]
        name = as_text(header[column]) if column < len(header) else None
        return Place(self.file, self.sheet, row + 1, column + 1, name)

    def locator(self, row: int, column: int) -> str:
        address = f"{column_letters(column + 1)}{row + 1}"
        return f"{self.sheet}!{address}" if self.sheet is not None else address

    def data_rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Index and cells of each row under the header that is not blank."""
        for i in range(self.header_row, len(self.rows)):
            if any(as_text(cell).strip() for cell in self.rows[i]):
                yield i, self.rows[i]


def as_text(cell: Any) -> str:
    """A cell as text: NFC, no byte-order mark, whole numbers of spreadsheets without `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return unicodedata.normalize("NFC", str(cell)).strip(" \t\u00a0\ufeff\u200b")


def read_grid(root: Path, card: Card, faults: Faults, limits: Limits = DEFAULTS) -> Grid | None:
    """Read the file of a card once, check its bytes against the card, and lay out its cells.

    Every fault is added with its place; None when there is nothing to read further.
    """
    raw = _read_bytes(root, card, limits, faults)
    if raw is None or not check_content(raw, card.file, limits, faults):
        return None
    suffix = Path(card.file).suffix.lower()
    if suffix in SPREADSHEETS:
        grid = read_apart(_read_spreadsheet, raw, card, limits, faults)
    elif suffix == ".parquet":
        grid = _read_parquet(raw, card, limits, faults)
    else:
        grid = _read_csv(raw, card, limits, faults)
    if grid is None or not _check_shape(grid, card, faults):
        return None
    return grid


def _read_bytes(root: Path, card: Card, limits: Limits, faults: Faults) -> bytes | None:
    place, supplier = Place(card.file), f"{card.producer}, {card.url}"
    raw = read_file(
        root / card.file, place, "file_bytes", limits, faults, root=root, supplier=supplier
    )
    if raw is not None:
        digest = hashlib.sha256(raw).hexdigest()
        if digest != card.sha256:
            faults.add("SCH-11", place, digest[:12], declared=card.sha256[:12])
    return raw


def _read_csv(raw: bytes, card: Card, limits: Limits, faults: Faults) -> Grid | None:
    place = Place(card.file)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) != (card.encoding == "utf-16"):
        faults.add("ENC-02", place, raw[:2].hex(), declared=card.encoding)
        return None
    try:
        text = raw.decode(ENCODINGS[card.encoding])
    except UnicodeDecodeError as error:
        row, offset = bad_byte(raw, error)
        faults.add("ENC-03", Place(card.file, row=row), hex(raw[offset]), offset=offset)
        return None
    if "\0" in text:
        row = row_after(text[: text.index("\0")])
        faults.add("ENC-07", Place(card.file, row=row), "\0")
        return None
    rows: list[list[str]] = []
    try:
        for cells in read_csv(text, card.delimiter, limits):
            rows.append(cells)
    except OverLimit as over:
        limit, row = limits.quoted(over.setting), len(rows) + 1
        faults.add("SEC-18", Place(card.file, row=row), over.measured, limit=limit,
                   setting=over.setting)  # fmt: skip
        return None
    except csv.Error as error:
        faults.add("HDR-10", Place(card.file, row=len(rows) + 1), str(error))
        return None
    return Grid(card.file, None, list(rows), card.header_row)


def _read_spreadsheet(raw: bytes, card: Card, faults: Faults) -> Grid | None:
    from python_calamine import CalamineError, CalamineWorkbook

    place = Place(card.file)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = book.sheet_names
        wanted = card.sheet if card.sheet is not None else (names[0] if len(names) == 1 else None)
        if wanted is None or names.count(wanted) != 1:
            faults.add("HDR-16", place, card.sheet, found=", ".join(names))
            return None
        sheet = book.get_sheet_by_name(wanted)
        rows = sheet.to_python(skip_empty_area=False)
        if card.file.lower().endswith(".xlsx"):
            for (i, j), text in unread_cells(raw, wanted).items():
                if i < len(rows) and j < len(rows[i]):
                    rows[i][j] = text
    except (CalamineError, KeyError, ValueError, SyntaxError, zipfile.BadZipFile) as error:
        faults.add("SEC-16", place, str(error), found="?", expected=Path(card.file).suffix)
        return None
    return Grid(card.file, wanted, rows, card.header_row)


def _read_parquet(raw: bytes, card: Card, limits: Limits, faults: Faults) -> Grid | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if not check_parquet(raw, Place(card.file), limits, faults):
            return None
        table = pq.read_table(io.BytesIO(raw))
    except (pa.ArrowException, OSError) as error:  # its footer, pages or row count do not fit
        faults.add("SYS-09", Place(card.file), str(error))
        return None
    columns = [column.to_pylist() for column in table.columns]
    rows = [list(table.column_names), *(list(row) for row in zip(*columns, strict=True))]
    return Grid(card.file, None, rows, 1)


def _check_shape(grid: Grid, card: Card, faults: Faults) -> bool:
    """Check the header and the width of every row; fill `grid.positions`."""
    if len(grid.rows) < card.header_row or not list(grid.data_rows()):
        faults.add("HDR-13", Place(grid.file, grid.sheet))
        return False
    header = [as_text(cell) for cell in grid.rows[card.header_row - 1]]
    wanted = _wanted_columns(card)
    row = card.header_row - 1
    other = next((d for d in ",;\t" if d != card.delimiter and d in "".join(header[:1])), None)
    if len(header) == 1 and len(wanted) > 1 and other is not None:
        faults.add("HDR-08", grid.place(row), header[0], expected=len(wanted), likely=repr(other))
        return False
    before = faults.n_rejecting()
    for i, name in enumerate(header):
        if name and header.index(name) != i:
            first = column_letters(header.index(name) + 1)
            faults.add("HDR-03", grid.place(row, i), name, first=first)
        elif not name and any(i < len(r) and as_text(r[i]) for _, r in grid.data_rows()):
            value = next(as_text(r[i]) for _, r in grid.data_rows() if i < len(r) and as_text(r[i]))
            faults.add("HDR-05", grid.place(row, i), value)
        elif name and name not in wanted and name not in card.ignore:
            faults.add("HDR-02", grid.place(row, i), name)
    for name in wanted:
        if name not in header:
            found = ", ".join(filter(None, header))
            faults.add("HDR-01", grid.place(row), name, found=found)
    for i, cells in grid.data_rows():
        if len(cells) != len(header):
            faults.add("HDR-09", grid.place(i), len(cells), expected=len(header))
    grid.positions = {name: header.index(name) for name in wanted if name in header}
    return faults.n_rejecting() == before


QUOTE_COLUMNS = [
    "scheme", "variable", "value", "value_low", "value_high", "qualifier", "unit",
    "period_start", "period_end", "status", "source", "quote",
]  # fmt: skip


def _wanted_columns(card: Card) -> list[str]:
    names = [card.province.column, *(column.column for column in card.columns)]
    if card.year.column:
        names.append(card.year.column)
    if card.kind == "quotes":
        names += QUOTE_COLUMNS
    if card.register_ is not None:
        names += filter(None, (card.register_.date, card.register_.origin))
    return names
