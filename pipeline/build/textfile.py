"""A CSV file as text, every cell as it stands, with the row a user sees in a spreadsheet."""

from __future__ import annotations

import csv as rows_of_csv
import io
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipeline.faults import Faults, Place, bad_byte, column_letters, row_after
from pipeline.ingest.content import kind_of

KINDS = {"zip": "Excel (.xlsx)", "OLE": "Excel (.xls)"}
SEPARATORS = (";", "\t", "|")


@dataclass
class TextTable:
    """The cells of a file, all text; rows of `table` are the file's that are not blank."""

    file: str
    table: pa.Table
    raw: bytes

    @property
    def names(self) -> list[str]:
        """The columns, in their order."""
        found: list[str] = self.table.column_names
        return found

    @cached_property
    def _rows(self) -> list[int]:
        """The row in the file of each row of the table; looked up when a place is asked for."""
        reader = rows_of_csv.reader(io.StringIO(self.raw.decode("utf-8-sig"), newline=""))
        return [i for i, cells in enumerate(reader, start=1) if cells][1:]

    def place(self, i: int, name: str | None = None) -> Place:
        """Where row `i` of the table stands, counted from 0, and its cell in a column."""
        column = self.names.index(name) + 1 if name in self.names else None
        return Place(self.file, row=self._rows[i], column=column, column_name=name)

    def header(self, name: str | None = None) -> Place:
        """Where the name of a column stands, or the row of names."""
        column = self.names.index(name) + 1 if name in self.names else None
        return Place(self.file, row=1, column=column)

    def trimmed(self, name: str) -> pa.Array:
        """A column without blanks at the ends of its cells."""
        return pc.utf8_trim_whitespace(self.table.column(name)).combine_chunks()

    def texts(self, name: str) -> list[str]:
        """A column as texts that can be compared: trimmed, letters composed (NFC)."""
        found: list[str] = pc.utf8_normalize(self.trimmed(name), form="NFC").to_pylist()
        return found


def read_text(path: Path, faults: Faults) -> TextTable | None:
    """A CSV file with commas in UTF-8; None when it is none, with the fault and what to do."""
    place = Place(path.name)
    try:
        raw = path.read_bytes()
    except OSError as error:
        faults.add("SCH-10", place, error.strerror)
        return None
    if not _is_text(raw, place, faults) or not _has_commas(raw, place, faults):
        return None
    try:
        parse = csv.ParseOptions(newlines_in_values=b'"' in raw)
        with csv.open_csv(io.BytesIO(raw), parse_options=parse) as head:
            given = head.schema.names
        convert = csv.ConvertOptions(
            column_types=dict.fromkeys(given, pa.string()), strings_can_be_null=False
        )
        table = csv.read_csv(io.BytesIO(raw), parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid as error:
        _add_ragged(raw, place, str(error), faults)
        return None
    names = [unicodedata.normalize("NFC", name.strip()) for name in given]
    for j, name in enumerate(names):
        if names.index(name) != j:
            where = Place(path.name, row=1, column=j + 1)
            faults.add("HDR-03", where, name, first=column_letters(names.index(name) + 1))
    if len(set(names)) != len(names):
        return None
    if not len(table):
        faults.add("HDR-13", place)
        return None
    return TextTable(path.name, table.rename_columns(names), raw)


def _is_text(raw: bytes, place: Place, faults: Faults) -> bool:
    """Refuse what is no UTF-8 text: a spreadsheet, another encoding, a quote left open."""
    kind = kind_of(raw)
    if kind != "text":
        name = "OpenDocument (.ods)" if b"opendocument" in raw[:200] else KINDS.get(kind, kind)
        faults.add("SEC-16", place, place.file, found=name, expected="CSV")
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        faults.add("ENC-02", place, raw[:2].hex(), declared="UTF-8", found="utf-16")
    elif not raw.strip():
        faults.add("HDR-13", place)
    else:
        return _is_whole(raw, place, faults)
    return False


def _is_whole(raw: bytes, place: Place, faults: Faults) -> bool:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row, offset = bad_byte(raw, error)
        faults.add("ENC-03", Place(place.file, row=row), hex(raw[offset]), offset=offset,
                   declared="UTF-8", n=1, likely="–")  # fmt: skip
        return False
    if "\0" in text:
        row = row_after(text[: text.index("\0")])
        faults.add("ENC-07", Place(place.file, row=row), "\0")
        return False
    if text.count('"') % 2:
        row = next(i for i, line in enumerate(text.splitlines(), 1) if line.count('"') % 2)
        faults.add("HDR-10", Place(place.file, row=row), '"')
        return False
    return True


def _has_commas(raw: bytes, place: Place, faults: Faults) -> bool:
    """Refuse a file whose row of names is separated by something else."""
    head = next(line for line in raw.decode("utf-8-sig").splitlines() if line.strip())
    likely, n = Counter({mark: head.count(mark) for mark in SEPARATORS}).most_common(1)[0]
    if n <= head.count(","):
        return True
    said = "Tab" if likely == "\t" else f"'{likely}'"
    faults.add("HDR-08", Place(place.file, row=1), head, expected=n + 1, likely=said)
    return False


def _add_ragged(raw: bytes, place: Place, problem: str, faults: Faults) -> None:
    """Name every row that has other cells than the header; else what the reader said."""
    reader = rows_of_csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
    lengths = [(i, len(cells)) for i, cells in enumerate(reader, start=1) if cells]
    ragged = [(i, n) for i, n in lengths if n != lengths[0][1]]
    for i, n in ragged:
        faults.add("HDR-09", Place(place.file, row=i), n, expected=lengths[0][1])
    if not ragged:
        faults.add("SEC-16", place, place.file, found=problem, expected="CSV")
