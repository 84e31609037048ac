"""A raw file as a grid of cells: CSV, XLSX, XLS, ODS or Parquet, with places users can find."""

from __future__ import annotations

import hashlib
import io
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.faults import Faults, Place, column_letters
from pipeline.ingest.sheets import Extras
from pipeline.ingest.text import read_rows
from pipeline.ingest.workbook import read_sheet
from pipeline.sources import Card
from pipeline.words import as_text

MAX_FILE_BYTES = 200_000_000
SPREADSHEETS = {".xlsx", ".xls", ".ods"}
MAGIC = {
    b"%PDF": "PDF", b"<htm": "HTML", b"<!do": "HTML", b"<HTM": "HTML", b"<!DO": "HTML",
    b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "xls", b"PAR1": "Parquet",
}  # fmt: skip
EXPECTED_MAGIC: dict[str, set[str | None]] = {
    ".xlsx": {"zip"}, ".ods": {"zip"}, ".xls": {"xls"}, ".parquet": {"Parquet"},
    ".csv": {None}, ".txt": {None}, ".tsv": {None},
}  # fmt: skip


@dataclass
class Grid:
    """Cells of one table. `rows[i][j]` is text or a typed spreadsheet value.

    `read_grid` fills the cells; `lay_out` says which of them are header, data and neither.
    """

    file: str
    sheet: str | None
    rows: list[list[Any]]
    extras: Extras = field(default_factory=Extras)
    refused: set[int] = field(default_factory=set)  # rows with a fault: not read further
    names: list[str] = field(default_factory=list)  # of the columns, from the header
    first: int = 0  # index of the first row of data
    end: int = 0  # index of the row after the last
    positions: dict[str, int] = field(default_factory=dict)  # column name of the card -> index

    def place(self, row: int, column: int | None = None) -> Place:
        """Place of a cell; `row` and `column` are indices into `rows`."""
        if column is None:
            return Place(self.file, self.sheet, row + 1)
        name = self.names[column] if column < len(self.names) else None
        return Place(self.file, self.sheet, row + 1, column + 1, name)

    def locator(self, row: int, column: int) -> str:
        address = f"{column_letters(column + 1)}{row + 1}"
        return f"{self.sheet}!{address}" if self.sheet is not None else address

    def data_rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Index and cells of each row of data that is neither blank nor refused."""
        for i in range(self.first, self.end):
            if i not in self.refused and any(as_text(cell).strip() for cell in self.rows[i]):
                yield i, self.rows[i]


def read_grid(root: Path, card: Card, faults: Faults) -> Grid | None:
    """Read the file of a card once and check its bytes against the card.

    Every fault is added with its place; None when there is nothing to read further.
    """
    place = Place(card.file)
    raw = _read_bytes(root, card, faults)
    if raw is None:
        return None
    suffix = Path(card.file).suffix.lower()
    if suffix not in EXPECTED_MAGIC:
        faults.add("SEC-16", place, suffix, found=suffix, expected=", ".join(EXPECTED_MAGIC))
        return None
    found = next((kind for start, kind in MAGIC.items() if raw.startswith(start)), None)
    if found not in EXPECTED_MAGIC[suffix]:
        faults.add("SEC-16", place, suffix, found=found or "text", expected=suffix)
        return None
    if suffix in SPREADSHEETS:
        sheet = read_sheet(raw, card, faults)
        return Grid(card.file, *sheet) if sheet is not None else None
    if suffix == ".parquet":
        return _read_parquet(raw, card, faults)
    read = read_rows(raw, card, faults)
    return Grid(card.file, None, list(read[0]), refused=read[1]) if read is not None else None


def _read_bytes(root: Path, card: Card, faults: Faults) -> bytes | None:
    path, place = root / card.file, Place(card.file)
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            faults.add("SEC-08", place, card.file)
            return None
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            faults.add("SEC-09", place, card.file)
            return None
        if info.st_size > MAX_FILE_BYTES:
            faults.add("SEC-18", place, info.st_size, limit=f"{MAX_FILE_BYTES} bytes")
            return None
        raw = path.read_bytes()
    except FileNotFoundError:
        faults.add("SCH-10", place, card.file, supplier=f"{card.producer}, {card.url}")
        return None
    except OSError as error:
        faults.add("SYS-06", place, error.strerror)
        return None
    digest = hashlib.sha256(raw).hexdigest()
    if digest != card.sha256:
        faults.add("SCH-11", place, digest[:12], declared=card.sha256[:12])
    return raw


def _read_parquet(raw: bytes, card: Card, faults: Faults) -> Grid | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(raw))
    except (pa.ArrowException, OSError) as error:
        faults.add("SYS-09", Place(card.file), str(error))
        return None
    columns = [column.to_pylist() for column in table.columns]
    rows = [list(table.column_names), *(list(row) for row in zip(*columns, strict=True))]
    return Grid(card.file, None, rows)
