"""A raw file as a grid of cells: CSV, XLSX, XLS, ODS or Parquet, with places users can find."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.faults import Faults, Place, column_letters
from pipeline.files import read_file
from pipeline.ingest.apart import read_apart
from pipeline.ingest.content import check_content
from pipeline.ingest.sheets import Extras
from pipeline.ingest.sizes import check_parquet
from pipeline.ingest.text import read_rows
from pipeline.ingest.workbook import read_sheet
from pipeline.limits import DEFAULTS, Limits
from pipeline.sources import SHA256, Card
from pipeline.words import as_text

SPREADSHEETS = {".xlsx", ".xls", ".ods"}


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


def read_grid(root: Path, card: Card, faults: Faults, limits: Limits = DEFAULTS) -> Grid | None:
    """Read the file of a card once and check its bytes against the card.

    Every fault is added with its place; None when there is nothing to read further.
    """
    raw = _read_bytes(root, card, limits, faults)
    if raw is None or not check_content(raw, card.file, limits, faults):
        return None
    suffix = Path(card.file).suffix.lower()
    if suffix in SPREADSHEETS:
        sheet = read_apart(read_sheet, raw, card, limits, faults)
        return Grid(card.file, *sheet) if sheet is not None else None
    if suffix == ".parquet":
        return _read_parquet(raw, card, limits, faults)
    read = read_rows(raw, card, limits, faults)
    return Grid(card.file, None, list(read[0]), refused=read[1]) if read is not None else None


def _read_bytes(root: Path, card: Card, limits: Limits, faults: Faults) -> bytes | None:
    place, supplier = Place(card.file), f"{card.producer}, {card.url}"
    raw = read_file(
        root / card.file, place, "file_bytes", limits, faults, root=root, supplier=supplier
    )
    if raw is not None:
        digest = hashlib.sha256(raw).hexdigest()
        if digest != card.sha256 and SHA256.fullmatch(card.sha256):  # a damaged one: SCH-12
            faults.add("SCH-11", place, digest[:12], declared=card.sha256[:12])
    return raw


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
    return Grid(card.file, None, rows)
