"""The reader of registers of any size: files to scans, scans to counts, counts to figures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import store
from pipeline.faults import Faults, Place
from pipeline.ingest.common import Reading
from pipeline.ingest.content import kind_of
from pipeline.ingest.grid import Grid
from pipeline.ingest.header import lay_out
from pipeline.limits import Limits
from pipeline.registers.cache import Cache, code_hash, reading_hash
from pipeline.registers.counts import RegisterCounts
from pipeline.registers.duplicates import surplus_rows
from pipeline.registers.files import RegisterFile, find_files
from pipeline.registers.meanings import Meanings
from pipeline.registers.parts import HEAD_BYTES, cut, read_header, sample
from pipeline.registers.pool import run_all
from pipeline.registers.scan import Known, Scan, describe, known_of
from pipeline.registers.spark import EngineFailed
from pipeline.registers.sums import Sums
from pipeline.registers.telling import tell
from pipeline.registers.work import Work
from pipeline.sources import Card

HEADER_BYTES = 1 << 28  # memory to read the header of a Parquet file
UNUSED = {"encoding": "utf-8", "header_row": 1, "header_rows": 1, "column_numbers": False,
          "ends_at": [], "sheet": None, "marks": {}}  # fmt: skip


def read_grouped(root: Path, reading: Reading, limits: Limits, work: Work) -> RegisterCounts | None:
    """Group a register where it lies and hand over its records as counts.

    `reading.records` gets one entry per province of each distinct name, scheme and year, with the
    number of records it stands for.

    Returns:
        What became of every row; None, with every fault, when a file cannot be read at all.
    """
    card, faults = reading.card, reading.faults
    if not _is_plain(card, faults):
        return None
    files = find_files(root, card, faults)
    if files is None:
        return None
    meanings = Meanings(card, reading.ref)
    found = _read_files(files, meanings, reading, limits, work)
    if found is None:
        return None
    register = Sums(card, meanings, [file.name for file in files])
    for i, (table, n_rows) in enumerate(found):
        register.add(i, table, n_rows)
        if n_rows == 0:
            faults.add("HDR-13", Place(files[i].name))
    rule = card.register_
    assert rule is not None
    if rule.key:
        register.take_back(_surplus(files, found, meanings, reading, limits, work))
    counts = register.counts()
    tell(counts, meanings, reading)
    reading.records = list(register.records())
    return counts


def _is_plain(card: Card, faults: Faults) -> bool:
    """Whether the card declares nothing that only a file read cell by cell can have."""
    declared = [key for key, usual in UNUSED.items() if getattr(card, key) != usual]
    if card.register_ is not None and card.register_.origin:
        declared.append("register: origin")
    if card.province.numbered:
        declared.append("province: numbered")
    for key in declared:
        faults.add("REG-03", Place(card.file), key, problem="CSV (UTF-8), Parquet")
    return not declared


def _read_files(
    files: list[RegisterFile], meanings: Meanings, reading: Reading, limits: Limits, work: Work
) -> list[tuple[pa.Table, int]] | None:
    """The result of each file, from the cache or read; None with a fault when one has none."""
    before = reading.faults.n_rejecting()
    cache = Cache(work.cache, reading_hash(reading.card, reading.ref, code_hash()), work.is_kept)
    found = {i: kept for i, file in enumerate(files) if (kept := cache.get(file)) is not None}
    wanted = [i for i in range(len(files)) if i not in found]
    scans = {i: s for i in wanted if (s := _opened(files[i], meanings, reading)) is not None}
    if reading.faults.n_rejecting() > before:
        return None

    def here(scans: list[Scan]) -> list[Any]:
        return _read_here(scans, meanings, limits, work, reading)

    try:
        if work.engine is None:
            results = here(list(scans.values()))
        else:
            results = work.engine.read(list(scans.values()), meanings, limits, work, here)
    except EngineFailed as error:
        reading.faults.add("REG-08", Place(reading.card.file), str(error))
        return None
    for i, result in zip(scans, results, strict=True):
        if isinstance(result, Exception):
            problem = str(result).partition("\n")[0]
            reading.faults.add("REG-04", Place(files[i].name), problem)
        else:
            cache.put(files[i], *result)
            found[i] = result
    work.used |= cache.used
    if reading.faults.n_rejecting() > before:
        return None
    return [found[i] for i in range(len(files))]


def _opened(file: RegisterFile, meanings: Meanings, reading: Reading) -> Scan | None:
    """A scan of a whole file whose header is as the card says; None with the faults."""
    card, faults, place = reading.card, reading.faults, Place(file.name)
    types: list[str] = []
    is_crlf = False
    if not file.is_parquet and not _is_text(file, faults):
        return None
    try:
        if file.is_parquet:
            con = store.connect_apart(1, HEADER_BYTES, Path(tempfile.gettempdir()))
            names, types = describe(con, file)
            con.close()
        else:
            names, first = read_header(file.path, card.delimiter)
            with file.path.open("rb") as handle:
                is_crlf = handle.read(first).endswith(b"\r\n")
    except duckdb.Error as error:
        faults.add("SYS-09", place, str(error).partition("\n")[0])
        return None
    except UnicodeDecodeError as error:
        faults.add("REG-04", place, str(error))
        return None
    if file.size == 0 or not names:
        faults.add("HDR-13", place)
        return None
    grid = Grid(file.name, None, [names, ["1"] * len(names)])
    if not lay_out(grid, card, meanings.ref, faults):
        return None
    return Scan(card, file, names, types, None, is_crlf)


def _is_text(file: RegisterFile, faults: Faults) -> bool:
    """Whether a CSV begins like a text: another kind of file may well hold line ends too."""
    with file.path.open("rb") as handle:
        kind = kind_of(handle.read(HEAD_BYTES))
    if kind != "text":
        suffix = file.path.suffix
        faults.add("SEC-16", Place(file.name), suffix, found=kind, expected="text")
    return kind == "text"


def _read_here(
    scans: list[Scan], meanings: Meanings, limits: Limits, work: Work, reading: Reading
) -> list[Any]:
    """The results of scans on this machine, in their order; an error in place of one."""
    jobs: list[tuple[int, Scan, Known]] = []
    n_csv = sum(not scan.file.is_parquet for scan in scans)
    for i, scan in enumerate(scans):
        if scan.file.is_parquet:
            jobs.append((i, scan, Known([], [])))
            continue
        _, first = read_header(scan.file.path, scan.card.delimiter)
        parts = cut(scan.file.path, first, work.threads if n_csv < work.threads else 1)
        known = _sampled(scan, first, meanings)
        jobs += [(i, scan.of(part), known) for part in parts]
    return run_all(jobs, len(scans), meanings, limits, work, reading.source_id)


def _sampled(scan: Scan, first: int, meanings: Meanings) -> Known:
    """Names and days from all over a CSV, with what they mean."""
    rule = scan.card.register_
    assert rule is not None
    columns = [scan.card.province.column, *filter(None, [rule.date])]
    positions = [scan.names.index(scan.own(name)) for name in columns]
    names, *days = sample(scan.file.path, first, scan.card.delimiter, positions)
    return known_of(names, days[0] if days else [], meanings)


def _surplus(
    files: list[RegisterFile], found: list[tuple[pa.Table, int]], meanings: Meanings,
    reading: Reading, limits: Limits, work: Work,
) -> pa.Table:  # fmt: skip
    """Rows that repeat the key of another; every file is asked for its keys."""
    scans = [scan for file in files if (scan := _opened(file, meanings, reading)) is not None]
    rejected = [
        np.sort(table.filter(pc.fill_null(pc.equal(table["rule"], "REG-04"), False))["row"])
        for table, _ in found
    ]
    work.spill.mkdir(parents=True, exist_ok=True)
    con = store.connect_apart(work.threads, limits.register_bytes, work.spill)
    try:
        return surplus_rows(scans, rejected, meanings, con)
    finally:
        con.close()
