"""The only place that opens DuckDB, writes Parquet and publishes a release."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline import functions
from pipeline.faults import Faults, Place
from pipeline.lock import FULL, POINTER, STAGING, Report, one_writer
from pipeline.whole import flush, write_bytes

SQL_FOLDER = Path(__file__).with_name("sql")
RELEASES_KEPT = 3
KEY_COLUMNS = 3  # the first columns of a table say which row it is
REPORT = "report"  # a link in a release: what is made from it is no part of it
UNHASHED = "manifest.json"  # holds time and versions
HISTORY = {UNHASHED, "revisions.parquet"}  # every other file is part of the content id


def connect() -> duckdb.DuckDBPyConnection:
    """An empty in-memory database for the steps, with the functions they call; see `_database`."""
    con = _database()
    functions.register(con)
    return con


def _database() -> duckdb.DuckDBPyConnection:
    """An empty in-memory database that gives the same numbers on every machine.

    One thread: parallel sums of doubles change from run to run. No extension is ever fetched.
    """
    con = duckdb.connect(":memory:")
    con.execute("set threads = 1")
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
    with contextlib.suppress(duckdb.InvalidInputException):  # a notebook without widgets has no bar
        con.execute("set enable_progress_bar = false")
    return con


def connect_apart(threads: int, memory_bytes: int, spill: Path) -> duckdb.DuckDBPyConnection:
    """An empty in-memory database for records by the million; what it sums are whole numbers.

    Rows that exceed the memory go to files under `spill`. Joins keep the order in which they are
    written: of a file nobody knows how many rows it has, and the small table must be the one held.
    """
    con = _database()
    con.execute(f"set threads = {threads}")
    con.execute(f"set memory_limit = '{memory_bytes} bytes'")
    con.execute("set temp_directory = $1", [str(spill)])
    con.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    return con


def put_table(con: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """Store a frame as a table; text columns stay text even when every cell is missing."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    columns = []
    for field in table.schema:
        column = table.column(field.name)
        columns.append(column.cast(pa.string()) if pa.types.is_null(field.type) else column)
    arrow = pa.table(columns, names=table.column_names)
    con.register("incoming", arrow)
    con.execute(f'create or replace table "{name}" as select * from incoming')
    con.unregister("incoming")


def open_release(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database with a view for every table of a release, by the release's own `views.sql`."""
    con = _database()
    here = "".join(f"[{c}]" if c in "[*?" else c for c in f"{folder.resolve()}/")  # no pattern
    here = here.replace("'", "''")
    views = (folder / "views.sql").read_text("utf-8")
    con.execute(views.replace("read_parquet('", f"read_parquet('{here}"))
    spec = (folder / "spec.json").read_text("utf-8")
    con.execute("create table release_spec as select $1 as content", [spec])
    return con


def get_table(con: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    return con.sql(f'select * from "{name}"').to_arrow_table()


def as_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame with nullable integers; booleans with gaps become `boolean`."""

    def dtype(kind: pa.DataType) -> Any:
        if pa.types.is_integer(kind):
            return pd.Int64Dtype()
        return None

    frame: pd.DataFrame = table.to_pandas(types_mapper=dtype)
    for field in table.schema:
        if pa.types.is_boolean(field.type) and table.column(field.name).null_count:
            frame[field.name] = frame[field.name].astype("boolean")
        if pa.types.is_string(field.type) and table.column(field.name).null_count == len(table):
            frame[field.name] = frame[field.name].astype("str")
    return frame


def steps() -> list[Path]:
    """The files of the steps in the order they run; the stem without its number is the table."""
    return sorted(p for p in SQL_FOLDER.glob("[0-9][0-9]_*") if p.suffix in (".sql", ".py"))


def run_step(con: duckdb.DuckDBPyConnection, step: Path) -> None:
    """Make the table of a step: its SQL, or `make(con)` of a file where SQL says it badly."""
    if step.suffix == ".sql":
        con.execute(step.read_text("utf-8"))
        return
    found = importlib.util.spec_from_file_location(f"step_{step.stem}", step)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # dataclasses look their module up
    found.loader.exec_module(module)
    module.make(con)


def table_of(step: Path) -> str:
    return step.stem.partition("_")[2]


def refuse_non_finite(table: pa.Table, name: str, faults: Faults) -> None:
    """Add a fault for NaN or infinity, which DuckDB makes without an error; it names the keys."""
    for field in table.schema:
        if not pa.types.is_floating(field.type):
            continue
        bad = pc.fill_null(pc.invert(pc.is_finite(table.column(field.name))), False)
        n_bad = pc.sum(bad).as_py() or 0
        if n_bad:
            first = table.filter(bad).select(table.column_names[:KEY_COLUMNS]).slice(0, 3)
            keys = "; ".join("/".join(map(str, row.values())) for row in first.to_pylist())
            problem = f"{field.name}: {n_bad} cells are NaN or infinite: {keys}"
            faults.add("SCH-21", Place(f"steps/{name}"), name, problem=problem)


def write_parquet(path: Path, table: pa.Table, meta: dict[str, dict[str, str]]) -> None:
    """Write a table with what each column means, the same bytes for the same rows.

    Args:
        path: the file.
        table: its rows, in their published order.
        meta: for each column its description (`en`, `vi`) and `unit`; key "" is the table.
    """
    fields = [
        pa.field(field.name, field.type, field.nullable, metadata=meta.get(field.name, {}))
        for field in table.schema
    ]
    typed = table.cast(pa.schema(fields, metadata=meta.get("", {})))
    sink = pa.BufferOutputStream()
    pq.write_table(typed, sink, compression="zstd")
    write_bytes(path, sink.getvalue())


def digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def list_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under `folder`, by its path, in order."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): digest(p) for p in paths}


def content_id(files: dict[str, str]) -> str:
    """Name of a release: the same published bytes give the same name."""
    lines = "".join(f"{name} {sha}\n" for name, sha in sorted(files.items()) if name not in HISTORY)
    return hashlib.sha256(lines.encode()).hexdigest()[:16]


@contextlib.contextmanager
def staging(outputs: Path, faults: Faults, report: Report = lambda *_: None) -> Iterator[Path]:
    """An empty folder beside the releases, under the lock; it is gone afterwards, come what may.

    Raises:
        Rejected: when another run holds the lock, the folder cannot be written or the disk fills.
    """
    folder = outputs / "releases" / f"{STAGING}{os.getpid()}"
    try:
        with one_writer(outputs, faults, report):
            try:
                folder.mkdir()
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        if error.errno not in FULL:
            raise
        free = f"{shutil.disk_usage(outputs).free / 1e6:.0f} MB"
        faults.add("SYS-01", Place(outputs.name), os.strerror(error.errno), free=free)
        faults.raise_if_any()


def publish(folder: Path, outputs: Path, name: str) -> Path:
    """Turn a finished folder into the current release, in one step that cannot be seen half done.

    Every file and folder is on the disk before the pointer moves, so that a power cut leaves the
    old or the new release complete. A release that is already there, whole, only gets the new
    manifest; a damaged one is left alone until the pointer has moved past it.
    """
    releases = outputs / "releases"
    for path in sorted(folder.rglob("*"), reverse=True):
        flush(path)
    flush(folder)
    target = releases / name
    if target.exists() and _hashed(target) == _hashed(folder):
        os.replace(folder / UNHASHED, target / UNHASHED)
    else:
        repeat = 2
        while target.exists():
            target = releases / f"{name}-{repeat}"
            repeat += 1
        os.rename(folder, target)
    flush(target)
    flush(releases)
    pointer = outputs / POINTER
    pointer.symlink_to(Path("releases") / target.name)
    os.replace(pointer, outputs / "current")
    flush(outputs)
    prune(outputs)
    return target


def publish_report(folder: Path, outputs: Path) -> Path:
    """Turn a finished folder into the report of the current release, in one step.

    No file of a release is ever touched again: the report lies in `reports/`, under the hash of
    its files, and a link in the release leads to it. A new release begins without a report.
    """
    for path in (*sorted(folder.rglob("*"), reverse=True), folder):
        flush(path)
    files = list_files(folder)
    target = outputs / "reports" / content_id(files)
    target.parent.mkdir(exist_ok=True)
    if not target.exists() or list_files(target) != files:
        shutil.rmtree(target, ignore_errors=True)
        os.rename(folder, target)
    flush(target.parent)
    release = (outputs / "current").resolve()
    pointer = release / ".report.new"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(Path("..") / ".." / "reports" / target.name)
    os.replace(pointer, release / REPORT)
    flush(release)
    prune(outputs)
    return target


def is_report_whole(release: Path) -> bool:
    """Whether the report of a release is as it was written; so is a release without one."""
    link = release / REPORT
    if not link.is_symlink():
        return not link.exists()
    return content_id(list_files(link.resolve())) == link.resolve().name


def _hashed(folder: Path) -> dict[str, str]:
    """Every file of a release but its manifest, by hash."""
    return {name: sha for name, sha in list_files(folder).items() if name != UNHASHED}


def prune(outputs: Path) -> None:
    """Keep the newest releases, the current one, and the reports of those."""
    current = (outputs / "current").resolve()
    found = sorted(
        (p for p in (outputs / "releases").iterdir() if p.is_dir() and p.name[0] != "."),
        key=lambda p: p.stat().st_mtime,
        reverse=True,
    )
    for old in found[RELEASES_KEPT:]:
        if old.resolve() != current:
            shutil.rmtree(old)
    kept = {(p / REPORT).resolve() for p in (outputs / "releases").iterdir()}
    for report in (outputs / "reports").glob("*"):
        if report.resolve() not in kept:
            shutil.rmtree(report)
