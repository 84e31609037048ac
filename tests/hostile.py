"""Hostile files, built from bytes: nothing of the kind is kept in the repository."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import resource
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import xlsxwriter

from pipeline.catalogue import load_catalogue
from pipeline.faults import Fault, Faults
from pipeline.ingest.grid import read_grid
from pipeline.yamlfile import load_limits
from tests.breaking import POPULATION, give_file, the_fault
from tests.conftest import Toy

MB = 1_000_000
Change = bytes | Callable[[bytes], bytes] | None
SHEET = "xl/worksheets/sheet1.xml"
TYPES, RELS = "[Content_Types].xml", "_rels/.rels"
LAUGHS = "".join(
    f'<!ENTITY l{i} "{"".join(f"&l{i - 1};" for _ in range(10))}">' for i in range(1, 10)
)
BILLION = f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]>'.encode()
QUADRATIC = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 100_000 + b'">]>'
ODS_SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text", "draw")
)


def xlsx(toy: Toy) -> bytes:
    """The population of the toy as a whole workbook."""
    buffer = io.BytesIO()
    lines = (toy.root / POPULATION).read_text("utf-8").splitlines()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("Bieu 1")
        for i, line in enumerate(lines):
            for j, cell in enumerate(line.split(",")):
                sheet.write(i, j, float(cell) if i and j else cell)
    return buffer.getvalue()


def ods(toy: Toy, inside: str = "") -> bytes:
    """The same as an ODS written by hand; `inside` stands before the rows of its sheet."""
    rows = []
    for line in (toy.root / POPULATION).read_text("utf-8").splitlines():
        texts = (f"<text:p>{cell}</text:p>" for cell in line.split(","))
        cells = (f'<table:table-cell office:value-type="string">{t}</table:table-cell>'
                 for t in texts)  # fmt: skip
        rows.append(f"<table:table-row>{''.join(cells)}</table:table-row>")
    content = (
        f'<?xml version="1.0"?><office:document-content {ODS_SPACES} '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:spreadsheet>'
        f'<table:table table:name="Bieu 1">{inside}{"".join(rows)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    return packed(
        [
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("content.xml", content.encode()),
            ("META-INF/manifest.xml", manifest.encode()),
        ]
    )


def packed(entries: list[tuple[str, bytes]]) -> bytes:
    """A zip of entries, in order; names may be anything and stand twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in entries:
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name, zipfile.ZIP_DEFLATED
            book.writestr(info, content)
    return buffer.getvalue()


def remade(raw: bytes, changes: dict[str, Change]) -> bytes:
    """A workbook with parts changed, added (bytes) or left out (None)."""
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        entries = {name: book.read(name) for name in book.namelist()}
    for name, change in changes.items():
        if change is None:
            del entries[name]
        else:
            entries[name] = change(entries[name]) if callable(change) else change
    return packed(list(entries.items()))


def before_root(markup: bytes) -> Callable[[bytes], bytes]:
    """Puts a document type between the XML declaration and the root."""

    def change(part: bytes) -> bytes:
        head, _, body = part.partition(b"?>")
        return head + b"?>" + markup + body

    return change


def inserted(before: bytes, markup: bytes) -> Callable[[bytes], bytes]:
    """Puts markup before the first place of a text that must be there."""

    def change(part: bytes) -> bytes:
        assert before in part, before
        return part.replace(before, markup + before, 1)

    return change


def faults_of(toy: Toy, content: bytes, suffix: str = ".xlsx", most: int = 100 * MB) -> list[Fault]:
    """The faults of reading this one file as the population, in bounded memory.

    Raises:
        AssertionError: when more than `most` bytes were used on the way.
    """
    name = give_file(toy, "population", suffix, content)
    faults = Faults()
    limits = load_limits(toy.root, faults)
    catalogue = load_catalogue(toy.root, faults, limits)
    assert catalogue is not None
    with at_most(most):
        read_grid(toy.root, catalogue.cards["population"], faults, limits)
    found = faults.sorted()
    for fault in found:
        the_fault(found, fault.rule, name, fault.place.row, fault.place.column, fault.value)
    return found


@contextlib.contextmanager
def at_most(most: int) -> Iterator[None]:
    """Refuse to let this process use so much more memory; a wild allocation is an error at once."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    bound = pages * os.sysconf("SC_PAGE_SIZE") + 4000 * MB
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (bound, before[1]))
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    start = _peak()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert _peak() - start < most, f"{(_peak() - start) / MB:.0f} MB"


@contextlib.contextmanager
def as_anyone() -> Iterator[None]:
    """Without the privilege of root to pass by permissions; the same for everybody else."""
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None)
    libc.capget(header, data)
    before = data[0]
    data[0] &= ~0b111  # chown, write over, read and search
    assert libc.capset(header, data) == 0
    try:
        yield
    finally:
        data[0] = before
        assert libc.capset(header, data) == 0


def _peak() -> int:
    """The most memory this process has held so far, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
