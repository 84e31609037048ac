"""The reader of registers of any size: files to scans, scans to counts, counts to figures."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline import store
from pipeline.faults import Faults, Place
from pipeline.ingest.common import Reading
from pipeline.ingest.grid import Grid
from pipeline.ingest.header import lay_out
from pipeline.ingest.numbers import Refused
from pipeline.limits import Limits
from pipeline.registers.cache import Cache, code_hash, reading_hash
from pipeline.registers.counts import QUARANTINE, FileCounts, RegisterCounts
from pipeline.registers.duplicates import surplus_rows
from pipeline.registers.files import RegisterFile, find_files
from pipeline.registers.meanings import Meaning, Meanings
from pipeline.registers.parts import cut, read_header, sample
from pipeline.registers.pool import run_all
from pipeline.registers.scan import Known, Scan, describe, known_of
from pipeline.registers.spark import EngineFailed
from pipeline.registers.work import Work
from pipeline.sources import Card, Register
from pipeline.words import handling_of_name

HEADER_BYTES = 1 << 28  # memory to read the header of a Parquet file
TOLD = 100  # distinct texts that cannot be used and are told one by one
UNUSED = {"encoding": "utf-8", "header_row": 1, "header_rows": 1, "column_numbers": False,
          "ends_at": [], "sheet": None, "marks": {}}  # fmt: skip
Key = tuple[str, int, int]  # name, number of the scheme, year


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
    register = _Sums(card, meanings, [file.name for file in files])
    for i, (table, n_rows) in enumerate(found):
        register.add(i, table, n_rows)
    rule = card.register_
    assert rule is not None
    if rule.key:
        register.take_back(_surplus(files, found, meanings, reading, limits, work))
    counts = register.counts()
    _tell(counts, meanings, reading)
    reading.records = list(register.records())
    return counts


def _is_plain(card: Card, faults: Faults) -> bool:
    """Whether the card declares nothing that only a file read cell by cell can have."""
    declared = [key for key, usual in UNUSED.items() if getattr(card, key) != usual]
    if card.register_ is not None and card.register_.origin:
        declared.append("register: origin")
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


class _Sums:
    """Counts over all files, by what rows mean, and the rows that mean nothing."""

    def __init__(self, card: Card, meanings: Meanings, files: list[str]) -> None:
        assert card.register_ is not None
        self.rule: Register = card.register_
        self.meanings = meanings
        self.names = files
        self.files = {name: FileCounts() for name in files}
        self.groups: dict[Key, int] = defaultdict(int)
        self.apart: list[pa.Table] = []

    def add(self, i: int, table: pa.Table, n_rows: int) -> None:
        """The result of one file."""
        counts = self.files[self.names[i]]
        counts.rows = n_rows
        for row in table.filter(pc.not_equal(table["kind"], "row")).to_pylist():
            if row["kind"] == "left_out":
                counts.filtered["where"] += row["n"]
                continue
            key = (row["name"], row["scheme_no"], row["year"])
            reason = self._reason(key)
            if reason is None:
                counts.used += row["n"]
                self.groups[key] += row["n"]
            else:
                counts.filtered[reason] += row["n"]
        rows = table.filter(pc.equal(table["kind"], "row"))
        counts.quarantined.update(rows["rule"].to_pylist())
        self.set_aside(i, rows)

    def set_aside(self, i: int, rows: pa.Table) -> None:
        """Rows of one file that cannot be used."""
        named = rows.append_column("file", pa.array([self.names[i]] * len(rows), pa.string()))
        self.apart.append(named.select(QUARANTINE.names).cast(QUARANTINE))

    def take_back(self, surplus: pa.Table) -> None:
        """Rows whose key was counted already: left out, or set aside where they contradict."""
        for row in surplus.to_pylist():
            key, name = (row["name"], row["scheme_no"], row["year"]), self.names[row["file_no"]]
            counts, reason = self.files[name], self._reason(key)
            if reason is None:
                counts.used -= 1
                self.groups[key] -= 1
            else:
                counts.filtered[reason] -= 1
            if row["is_contradiction"]:
                counts.quarantined["REG-07"] += 1
            else:
                counts.filtered["duplicate"] += 1
        against = surplus.filter(surplus["is_contradiction"])
        for i in range(len(self.names)):
            rows = against.filter(pc.equal(against["file_no"], i))
            rule = pa.array(["REG-07"] * len(rows), pa.string())
            self.set_aside(i, rows.append_column("rule", rule).append_column("value", rows["key"]))

    def _reason(self, key: Key) -> str | None:
        """Why the rows of a group do not count; None when they do."""
        meaning = self.meanings.of_name(key[0], key[1])
        if meaning.kind is not None:
            return meaning.kind
        if key[2] == 0 and self.rule.date is not None and self.rule.undated == "left_out":
            return "undated"
        return None

    def counts(self) -> RegisterCounts:
        """What became of the rows; those set aside in the order of files and rows."""
        order = {name: i for i, name in enumerate(self.names)}
        whole = pa.concat_tables(self.apart)
        numbers = pa.array([order[name] for name in whole["file"].to_pylist()], pa.int64())
        keys = pa.table({"file": numbers, "row": whole["row"]})
        by = [("file", "ascending"), ("row", "ascending")]
        return RegisterCounts(self.files, whole.take(pc.sort_indices(keys, sort_keys=by)))

    def records(self) -> Any:
        """One entry per province of each group, as the counting by year wants them."""
        file = self.meanings.card.file
        for number, ((name, k, year), n) in enumerate(sorted(self.groups.items())):
            meaning: Meaning = self.meanings.of_name(name, k)
            for resolved in meaning.found if n else ():
                notes = [*handling_of_name(name), *filter(None, [resolved.note])]
                yield {"record": number, "n": n, "date": str(year) if year else "",
                       "scheme": self.meanings.schemes[k], "code": resolved.code,
                       "locator": None, "place": Place(file), "origin": "", "name": name,
                       "handling": notes}  # fmt: skip


def _tell(counts: RegisterCounts, meanings: Meanings, reading: Reading) -> None:
    """Say how many rows are set aside; above the tolerance a refusal, with the texts."""
    rule, n = reading.card.register_, len(counts.quarantine)
    assert rule is not None
    if n == 0:
        return
    by_rule = Counter(counts.quarantine["rule"].to_pylist())
    reasons = ", ".join(f"{k} {by_rule[k]}" for k in sorted(by_rule))
    details = {"rows": counts.rows, "tolerance": f"{float(rule.tolerance):g}", "reasons": reasons,
               "list": f"quarantine/{reading.source_id}.parquet"}  # fmt: skip
    place = Place(reading.card.file)
    if n <= float(rule.tolerance) * counts.rows:
        reading.faults.add("REG-02", place, n, **details)
        return
    reading.faults.add("REG-01", place, n, **details)
    seen: set[tuple[str, str]] = set()
    for row in counts.quarantine.to_pylist():
        text = (row["rule"], row["value"] or "")
        if text not in seen and len(seen) < TOLD:
            _tell_row(row, meanings, reading)
        seen.add(text)


def _tell_row(row: dict[str, Any], meanings: Meanings, reading: Reading) -> None:
    """The fault of the first row with a text that cannot be used."""
    card, rule, value = reading.card, row["rule"], row["value"] or ""
    register = card.register_
    assert register is not None
    column = {"REG-05": ", ".join(register.where), "REG-06": register.key,
              "REG-07": register.key, "REG-04": None}  # fmt: skip
    is_date = rule not in column and isinstance(meanings.of_day(row["date"] or ""), Refused)
    name = column.get(rule, register.date if is_date else card.province.column)
    place = Place(row["file"], None, row["row"], None, name)
    details: dict[str, Any] = {}
    if is_date:
        refused = meanings.of_day(row["date"])
        assert isinstance(refused, Refused)
        details = refused.details
    elif rule not in column:
        faults = (meanings.of_name(value, k).fault for k in range(len(meanings.schemes)))
        details = next(f.details for f in faults if f is not None and f.rule == rule)
    elif rule in ("REG-05", "REG-06", "REG-07"):
        details = {"column": name}
    reading.faults.add(rule, place, value, **details)
