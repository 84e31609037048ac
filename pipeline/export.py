"""Published tables as CSV and as one workbook, for whoever opens them in a spreadsheet program."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.packaging import TOP_TABLES, path_of
from pipeline.spreadsheet import write_csv

MARK = b"\xef\xbb\xbf"  # makes spreadsheet programs read UTF-8
NO_DAY = datetime(
    2000, 1, 1, tzinfo=UTC
)  # a workbook holds a date; the same tables, the same bytes
WORKBOOK = "tables.xlsx"
MOST_CHARACTERS = 32_767  # in a cell of a workbook; a longer text is cut there, not in the CSV


def export(release: Path, out: Path) -> list[str]:
    """Write the tables of a release beside each other, then move each finished file into place.

    Texts stay texts: a code such as `01` keeps its zero in the workbook, and no text is a formula.

    Args:
        release: the folder of a release.
        out: the folder for `<table>.csv`, each with the mark of UTF-8, and `tables.xlsx`, a sheet
            per table; files of the same names are replaced.

    Returns:
        The names written.

    Raises:
        OSError: when `out` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    staging = out / f".staging-{os.getpid()}"
    staging.mkdir()
    tables = {name: pq.read_table(release / path_of(name)) for name in TOP_TABLES}
    try:
        for name, table in tables.items():
            save_csv(table, staging / f"{name}.csv")
        _write_workbook(tables, staging / WORKBOOK)
        names = sorted(path.name for path in staging.iterdir())
        for name in names:
            (staging / name).replace(out / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return names


def save_csv(table: pa.Table, path: Path) -> None:
    """Write a table as CSV that spreadsheet programs read as UTF-8."""
    with path.open("wb") as file:
        file.write(MARK)
        write_csv(table, file)


def _write_workbook(tables: dict[str, pa.Table], path: Path) -> None:
    from xlsxwriter import Workbook

    with Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": NO_DAY})
        head = book.add_format({"bold": True})
        for name, table in tables.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for j, column in enumerate(table.column_names):
                sheet.write_string(0, j, column, head)
            for i, row in enumerate(zip(*table.to_pydict().values(), strict=True), start=1):
                for j, cell in enumerate(row):
                    if isinstance(cell, str):
                        whole = len(cell) <= MOST_CHARACTERS
                        sheet.write_string(
                            i, j, cell if whole else cell[: MOST_CHARACTERS - 1] + "…"
                        )
                    elif isinstance(cell, bool):
                        sheet.write_boolean(i, j, cell)
                    elif cell is not None:
                        sheet.write_number(i, j, cell)
