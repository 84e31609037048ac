"""Time the reading of registers beside DuckDB's own grouping of the same file, pandas and polars.

Run by `make bench` (10 million rows; `--rows 100000000` for the largest). Bare is what an analyst
would type: the raw names and the years of the records that count, grouped by DuckDB with no look
at any of them. The reader does the same and all the rest: it resolves every name, judges every
date, lists each row that cannot be used with its number, and adds up to the rows of the file; the
hash of the content, which it also takes, is a line of its own. pandas and polars map the distinct
names and parse the dates. All but bare, which reads some texts as dates that are none, must find
the same figures before a ratio is printed. Each run is a
process of its own, in turns; what is printed is the best of three, and the memory of its process.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import duckdb
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.synthetic_registers import Register, spellings, write_register
from pipeline.faults import Faults
from pipeline.ingest.common import Reading
from pipeline.limits import DEFAULTS
from pipeline.provinces import load_reference
from pipeline.registers.grouped import read_grouped
from pipeline.registers.work import Work
from pipeline.sources import Card, Variable

RUNS = 3
BOUND, PANDAS_BOUND = 1.3, 5.0  # times bare; times faster than pandas
MEMORY = {"csv": 1_500, "parquet": 2_000}  # MB
KEPT = "granted"
Figures = dict[tuple[str, int], int]


def card(file: str, **register: Any) -> Card:
    """The card of a synthetic register."""
    rule = {"variable": "records", "date": "granted", "first_year": 2010, "last_year": 2024,
            "no_record": "E", "tolerance": 1, **register,
            "where": {"status": {"keep": [KEPT], "leave_out": ["lapsed", "revoked"]}}}  # fmt: skip
    return Card.model_validate({
        "file": file, "kind": "register", "use": "index", "producer": "nobody",
        "title": "Synthetic", "url": "none", "licence": "made up", "published": "never",
        "accessed": "2025-01-01",
        "scheme": "63", "rows": "one record", "number_style": "plain", "register": rule,
        "ignore": ["participants", *(["id"] if "key" not in register else [])]})  # fmt: skip


def read(root: Path, file: str, work: Work | None = None, **register: Any) -> Figures:
    """The reader: records by province and year."""
    unit = {"name_vi": "x", "name_en": "x", "unit": "records", "measure": "flow", "merge": "sum",
            "min": 0}  # fmt: skip
    variables = {"records": Variable.model_validate(unit)}
    reading = Reading("synthetic", card(file, **register), variables, load_reference(), Faults())
    counts = read_grouped(root, reading, DEFAULTS, work or Work())
    assert counts is not None
    assert all(own.adds_up for own in counts.files.values())
    found: Figures = {}
    for record in reading.records:
        key = (record["code"], int(record["date"] or 0))
        found[key] = found.get(key, 0) + record["n"]
    return found


def _scan(root: Path, file: str) -> str:
    path = root / file
    pattern = f"{path}/*" if path.is_dir() else str(path)
    if next(path.glob("*"), path).suffix == ".csv":
        return f"read_csv('{pattern}', header = true, all_varchar = true)"
    return f"read_parquet('{pattern}')"


def bare(root: Path, file: str) -> Figures:
    """DuckDB: distinct raw names and years, and how many records each has."""
    con = duckdb.connect()
    con.execute("set enable_progress_bar = false")
    started = time.perf_counter()
    found = con.execute(
        f"select province, year(try_cast(granted as date)) as y, count(*) from {_scan(root, file)}"
        f" where status = '{KEPT}' group by all"
    ).fetchall()
    _took.append(time.perf_counter() - started)
    return _resolved(found)


def _resolved(rows: list[tuple[Any, ...]]) -> Figures:
    codes = spellings(load_reference())
    found: Figures = {}
    for name, year, n in rows:
        if name in codes and year is not None and not pd.isna(year):
            key = (codes[name], int(year))
            found[key] = found.get(key, 0) + int(n)
    return found


def with_pandas(root: Path, file: str) -> Figures:
    """pandas, as analysts write it."""
    codes = spellings(load_reference())
    started = time.perf_counter()
    frame = pd.read_csv(root / file, usecols=["province", "granted", "status"], dtype="str")
    frame = frame[frame["status"] == KEPT]
    names = {name: codes.get(name) for name in frame["province"].dropna().unique()}
    frame["code"] = frame["province"].map(names)
    frame["year"] = pd.to_datetime(frame["granted"], format="%Y-%m-%d", errors="coerce").dt.year
    sums = frame.groupby(["code", "year"]).size()
    _took.append(time.perf_counter() - started)
    return {(code, int(year)): int(n) for (code, year), n in sums.items()}  # type: ignore[misc]


def with_polars(root: Path, file: str) -> Figures | None:
    """polars, streaming; None where it is not installed."""
    try:
        import polars as pl  # type: ignore[import-not-found]
    except ImportError:
        return None
    codes = spellings(load_reference())
    started = time.perf_counter()
    sums = (
        pl.scan_csv(root / file, infer_schema=False)
        .filter(pl.col("status") == KEPT)
        .select(pl.col("province").replace_strict(codes, default=None).alias("code"),
                pl.col("granted").str.to_date("%Y-%m-%d", strict=False).dt.year().alias("year"))
        .drop_nulls().group_by("code", "year").len().collect(engine="streaming")
    )  # fmt: skip
    _took.append(time.perf_counter() - started)
    return {(code, int(year)): int(n) for code, year, n in sums.rows()}


def hashed(root: Path, file: str) -> Figures:
    """The hash of the content alone."""
    path = root / file
    started = time.perf_counter()
    for own in sorted(path.glob("*")) if path.is_dir() else [path]:
        with own.open("rb") as handle:
            hashlib.file_digest(handle, "sha256")
    _took.append(time.perf_counter() - started)
    return {}


def reader(root: Path, file: str) -> Figures:
    """The reader, timed."""
    started = time.perf_counter()
    found = read(root, file)
    _took.append(time.perf_counter() - started)
    return {key: n for key, n in found.items() if key[1]}


_took: list[float] = []


def _child(pipe: Any, work: Callable[..., Figures | None], args: tuple[Any, ...]) -> None:
    found = work(*args)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send((found, _took[-1] if _took else math.nan, peak))


def apart(work: Callable[..., Figures | None], *args: Any) -> tuple[Figures | None, float, float]:
    """What a contender finds in a process of its own, its seconds and its MB."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, work, args))
    process.start()
    theirs.close()
    answer: tuple[Figures | None, float, float] = ours.recv()
    process.join()
    return answer


def compare(root: Path, file: str, n: int, form: Literal["csv", "parquet"]) -> float:
    """One table: every contender on the same file, in turns. Returns the reader's seconds."""
    contenders: dict[str, Callable[..., Figures | None]] = {
        "bare DuckDB": bare, "reader": reader, "hash alone": hashed,
    }  # fmt: skip
    if form == "csv" and not (root / file).is_dir():
        contenders |= {"pandas": with_pandas, "polars": with_polars}
    best: dict[str, float] = {}
    peaks: dict[str, float] = {}
    figures: dict[str, Figures] = {}
    for _ in range(RUNS):
        for name, work in contenders.items():
            found, seconds, peak = apart(work, root, file)
            if found is not None:
                best[name] = min(seconds, best.get(name, math.inf))
                peaks[name] = max(peak, peaks.get(name, 0))
                figures[name] = found
    checked = {name: found for name, found in figures.items() if found and name != "bare DuckDB"}
    assert all(found == figures["reader"] for found in checked.values()), "figures differ"
    others = {*figures["bare DuckDB"].items()} ^ {*figures["reader"].items()}
    print(f"\n{n:,} rows, {form}, {file}")
    print(f"{'':14}{'s':>8}{'M rows/s':>10}{'x bare':>8}{'MB':>8}")
    for name, seconds in best.items():
        ratio = seconds / best["bare DuckDB"]
        print(f"{name:14}{seconds:8.2f}{n / seconds / 1e6:10.1f}{ratio:8.2f}{peaks[name]:8.0f}")
    ratio = best["reader"] / best["bare DuckDB"]
    n_others = len({key for key, _ in others})
    print(f"figures that bare has otherwise, for it reads dates where none are: {n_others}")
    print(f"reader at most {BOUND} x bare: {ratio <= BOUND} ({ratio:.2f})")
    print(f"reader under {MEMORY[form]} MB: {peaks['reader'] < MEMORY[form]}")
    if "pandas" in best:
        times = best["pandas"] / best["reader"]
        print(
            f"reader {PANDAS_BOUND:g} x faster than pandas: {times >= PANDAS_BOUND} ({times:.1f})"
        )
    return best["reader"]


def one_changed(root: Path, n: int) -> None:
    """A hundred files, of which one changes: what the next reading costs."""
    register = Register(n, "csv", 100, duplicates=0.0)
    files = write_register(root / "raw/synthetic_folder", register)
    (root / "raw/synthetic_folder" / files[0].name).touch()

    def timed() -> tuple[float, Figures]:
        work = Work(cache=root / "cache", is_kept=True)
        started = time.perf_counter()
        found = read(root, "raw/synthetic_folder", work)
        return time.perf_counter() - started, found

    full, _ = timed()
    text = files[50].read_bytes()
    files[50].write_bytes(text + text[text.index(b"\n") + 1 :])
    again, found = timed()
    assert found == read(root, "raw/synthetic_folder"), "the cache changes a figure"
    bound = 0.05 * full + 1
    print(f"\n{n:,} rows in 100 files: {full:.2f} s; one changed: {again:.2f} s; at most 5 % and a "
          f"second: {again <= bound} ({bound:.2f} s)")  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the largest register")
    most = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="synthetic_") as folder:
        root = Path(folder)
        base = min(most, 10_000_000)
        (csv,) = write_register(root / "raw", Register(base, "csv"))
        compare(root, f"raw/{csv.name}", base, "csv")
        csv.unlink()
        one_changed(root, base // 10)
        seconds = {}
        for n in (base // 10, base, *([most] if most > base else [])):
            own = Register(n, "parquet", max(1, n // 10_000_000))
            write_register(root / "raw" / f"synthetic_{n}", own)
            seconds[n] = compare(root, f"raw/synthetic_{n}", n, "parquet")
        first, last = list(seconds)[-2:]
        growth = math.log(seconds[last] / seconds[first]) / math.log(last / first)
        print(f"\ngrowth from {first:,} to {last:,} rows: n^{growth:.2f}; at most 1.05: "
              f"{growth <= 1.05}")  # fmt: skip


if __name__ == "__main__":
    main()
