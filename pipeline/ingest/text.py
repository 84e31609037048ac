"""The bytes of a CSV as rows of cells, in the declared encoding; else the likely one is named.

Rows are counted as a spreadsheet program shows them: a quoted cell of two lines is one row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pipeline.faults import Faults, Place
from pipeline.ingest.sizes import lines_within, rows_within
from pipeline.legacy import NAMES, UNDEFINED, decode_bytes, first_undefined, likely_encoding
from pipeline.limits import Limits, OverLimit
from pipeline.sources import Card

MARKS = {b"\xff\xfe\x00\x00": "UTF-32 LE", b"\x00\x00\xfe\xff": "UTF-32 BE",
         b"\xff\xfe": "UTF-16 LE", b"\xfe\xff": "UTF-16 BE"}  # fmt: skip
UNDEFINED_BYTE = re.compile(f"[{chr(UNDEFINED + 0x80)}-{chr(UNDEFINED + 0xFF)}]")
UTF_32 = MARKS[b"\xff\xfe\x00\x00"][:6]
SAMPLE = 4096  # bytes that tell UTF-16 without a mark


def read_rows(
    raw: bytes, card: Card, limits: Limits, faults: Faults
) -> tuple[list[list[str]], set[int]] | None:
    """The cells of a CSV.

    Args:
        raw: the file.
        card: its encoding and delimiter.
        limits: of rows, columns, cells and the text of one cell.
        faults: `ENC-02` another encoding than declared, `ENC-03` bytes that are not of it, `ENC-07`
            NUL, `HDR-10` an open quote, `SEC-18` more than the limits allow.

    Returns:
        The rows, and the indices of those that hold a refused cell; None when nothing can be read.
    """
    text = _decode(raw, card, faults)
    if text is None:
        return None
    rows: list[list[str]] = []
    n_lines = 0  # before the row that is being read
    lines = lines_within(text, card.delimiter, limits)
    reader = csv.reader(lines, delimiter=card.delimiter, strict=True)
    try:
        for cells in rows_within(reader, limits):
            rows.append(cells)
            n_lines = reader.line_num
    except OverLimit as over:
        faults.add("SEC-18", Place(card.file, row=len(rows) + 1), over.measured,
                   limit=limits.quoted(over.setting), setting=over.setting)  # fmt: skip
        return None
    except csv.Error:
        line = next(islice(lines_within(text, card.delimiter, limits), n_lines, None))
        faults.add("HDR-10", Place(card.file, row=len(rows) + 1), line.strip())
        return None
    bad = _refuse_bytes(raw, rows, card, faults) if UNDEFINED_BYTE.search(text) else set()
    if bad is None:
        return None
    return rows, bad | (_refuse_nul(rows, card, faults) if "\0" in text else set())


def _decode(raw: bytes, card: Card, faults: Faults) -> str | None:
    """The text in the declared encoding; bytes that are not of it become lone surrogates."""
    wide = _utf_16_or_32(raw)
    has_mark = raw.startswith(tuple(MARKS))
    if wide is not None:
        is_declared = card.encoding == "utf-16" and has_mark and wide[:6] != UTF_32
        found = wide if has_mark else f"{wide}, no BOM"
    else:
        likely = likely_encoding(raw)
        is_declared = card.encoding == "utf-8" or raw.isascii() or likely in (None, card.encoding)
        is_declared = is_declared and card.encoding != "utf-16"
        found = NAMES.get(likely or "", "?")
    if not is_declared:
        faults.add("ENC-02", Place(card.file), raw[:2].hex(), found=found,
                   declared=NAMES[card.encoding])  # fmt: skip
        return None
    if wide is None:
        return decode_bytes(raw, card.encoding)
    try:
        return raw.decode("utf-16")
    except UnicodeDecodeError as error:
        row, column = _position(error.object[: error.start].decode("utf-16", "ignore"), card)
        faults.add("ENC-03", Place(card.file, row=row, column=column), hex(raw[error.start]),
                   offset=error.start, declared=NAMES["utf-16"], likely="?", n=1)  # fmt: skip
        return None


def _utf_16_or_32(raw: bytes) -> str | None:
    """UTF-16 or UTF-32 by its mark, or UTF-16 without one: every other byte of the start is NUL."""
    for mark, name in MARKS.items():
        if raw.startswith(mark):
            return name
    even, odd = raw[:SAMPLE:2], raw[1:SAMPLE:2]
    for name, high, low in (("UTF-16 LE", odd, even), ("UTF-16 BE", even, odd)):
        if high and high.count(0) > 0.5 * len(high) and low.count(0) < 0.1 * len(low):
            return name
    return None


def _position(before: str, card: Card) -> tuple[int, int]:
    """Row and column, counted from 1, of the character after `before`."""
    rows = list(csv.reader(io.StringIO(before + "x", newline=""), delimiter=card.delimiter))
    return len(rows), len(rows[-1])


def _undefined(rows: list[list[str]]) -> Iterator[tuple[int, int, int]]:
    """Row, column and byte of every byte that the encoding does not define, in the file's order."""
    for i, cells in enumerate(rows):
        for j, cell in enumerate(cells):
            for match in UNDEFINED_BYTE.finditer(cell):
                yield i, j, ord(match[0]) - UNDEFINED


def _refuse_bytes(raw: bytes, rows: list[list[str]], card: Card, faults: Faults) -> set[int] | None:
    """Rows with a byte that is not of the declared encoding; None when the whole file is not."""
    found = list(_undefined(rows))
    i, j, byte = found[0]
    likely = likely_encoding(raw)
    name = heading_over(rows, card, j)
    faults.add("ENC-03", Place(card.file, None, i + 1, j + 1, name), hex(byte),
               offset=first_undefined(raw, card.encoding), declared=NAMES[card.encoding],
               likely=NAMES[likely] if likely else "?", n=len(found))  # fmt: skip
    bad = {i for i, _, _ in found}
    is_header = any(card.header_row - 1 <= i < card.header_row + card.header_rows - 1 for i in bad)
    return None if is_header or likely not in (None, card.encoding) else bad


def _refuse_nul(rows: list[list[str]], card: Card, faults: Faults) -> set[int]:
    """Rows with a NUL in a cell, each cell a fault of its own."""
    bad = set()
    for i, cells in enumerate(rows):
        for j, cell in enumerate(cells):
            if "\0" in cell:
                place = Place(card.file, None, i + 1, j + 1, heading_over(rows, card, j))
                faults.add("ENC-07", place, cell, position=cell.index("\0") + 1)
                bad.add(i)
    return bad


def heading_over(rows: list[list[Any]], card: Card, column: int) -> str | None:
    """The heading over a cell, for a message."""
    header: list[Any] = rows[card.header_row - 1] if card.header_row <= len(rows) else []
    return str(header[column] or "").strip() or None if column < len(header) else None
