"""Tables whose size is known before their cells are: CSV line by line, Parquet from its footer."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator

from pipeline.faults import Faults, Place
from pipeline.limits import Limits, OverLimit

LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|$)")
QUOTED = re.compile(r'"[^"]*("|$)')
PICKLED = re.compile(rb"\x80[\x02-\x05]")
PY_TYPE = b"arrow.py_extension_type"  # a type of Arrow whose metadata was a pickle


def lines_within(text: str, delimiter: str, limits: Limits) -> Iterator[str]:
    """The lines of a CSV text with their ends, for `csv.reader`.

    Raises:
        OverLimit: when there are too many, or one would give more cells than a row may have.
    """
    n_rows = 0 if '"' in text else max(text.count("\n"), text.count("\r"))
    if n_rows > limits.rows:
        raise OverLimit("rows", n_rows)
    is_wide = text.count(delimiter) >= limits.columns
    for found in LINE.finditer(text):
        if found[0]:
            yield _narrow(found[0], delimiter, limits) if is_wide else found[0]


def rows_within(rows: Iterator[list[str]], limits: Limits) -> Iterator[list[str]]:
    """The rows that a `csv.reader` gives, one at a time.

    Raises:
        OverLimit: at the first that breaks a limit; a cell is measured as far as its limit only.
        csv.Error: when a quote is never closed, or stands inside a cell.
    """
    cells, before = 0, csv.field_size_limit(limits.cell_characters)  # of the whole process
    try:
        for row, found in enumerate(rows, start=1):
            cells = max(cells, row * len(found))
            if row > limits.rows or cells > limits.cells:
                raise OverLimit("rows", row) if row > limits.rows else OverLimit("cells", cells)
            yield found
    except csv.Error as error:
        if "field limit" in str(error):
            raise OverLimit("cell_characters", limits.cell_characters + 1) from error
        raise
    finally:
        csv.field_size_limit(before)


def _narrow(line: str, delimiter: str, limits: Limits) -> str:
    """The line, unless it would give more cells than a row may have."""
    columns = line.count(delimiter) + 1
    if columns > limits.columns:
        columns = QUOTED.sub("", line).count(delimiter) + 1
        if columns > limits.columns:
            raise OverLimit("columns", columns)
    return line


def check_parquet(raw: bytes, place: Place, limits: Limits, faults: Faults) -> bool:
    """Whether a Parquet file may be read: within the limits by its footer, and without pickles.

    Raises:
        pyarrow.ArrowException, OSError: when the footer cannot be read.
    """
    import pyarrow.parquet as pq

    footer = pq.read_metadata(io.BytesIO(raw))
    n_bytes = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    for setting, size in (
        ("rows", footer.num_rows), ("columns", footer.num_columns),
        ("cells", footer.num_rows * footer.num_columns), ("unzipped_bytes", n_bytes),
    ):  # fmt: skip
        if size > getattr(limits, setting):
            measured, limit = OverLimit(setting, size).measured, limits.quoted(setting)
            faults.add("SEC-18", place, measured, limit=limit, setting=setting)
            return False
    for key, value in (footer.metadata or {}).items():
        plain = base64.b64decode(value) if key == b"ARROW:schema" else value
        if PICKLED.match(value) or PY_TYPE in plain:
            faults.add("SEC-15", place, key.decode("utf-8", "replace"))
            return False
    return True
