"""Count the same synthetic register with DuckDB and with Spark, and hold the results together.

Run by `.ci/spark` against a standalone master with two workers, of which the second is killed while
it counts; by hand against any server:

    python benchmarks/bench_spark.py FOLDER --rows 10000000 --remote sc://localhost:15002

`observed`, what became of every row and the list of rows that were set aside must be equal to the
last cell. Prints what each took, and how many comparisons passed and failed.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.synthetic_registers import Register, write_register
from pipeline.faults import Faults
from pipeline.ingest.common import OBSERVED_COLUMNS, Reading
from pipeline.ingest.register import count_records
from pipeline.limits import DEFAULTS
from pipeline.provinces import load_reference
from pipeline.registers.counts import RegisterCounts
from pipeline.registers.grouped import read_grouped
from pipeline.registers.spark import SparkEngine
from pipeline.registers.work import Work
from pipeline.sources import Card, Variable

KILLED_AFTER = 1  # tasks of a query that are done when the worker is killed
TICK = 0.05  # seconds between two looks
PATIENCE = 240  # seconds until a query that is to be disturbed must have begun
SETTINGS = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1"}  # fmt: skip
CARD: dict[str, Any] = {
    "kind": "register", "use": "index", "producer": "synthetic", "title": "synthetic", "url": "-",
    "licence": "-", "published": "2026", "accessed": "2026-11-22", "rows": "one record",
    "number_style": "plain", "scheme": "63", "date_order": "dmy",
    "province": {"column": "province"},
}  # fmt: skip
RULE: dict[str, Any] = {"variable": "synthetic", "date": "granted", "no_record": "E",
                        "tolerance": 1, "first_year": 2010, "last_year": 2024}  # fmt: skip
# What is asked of a form: of CSV that each record counts once, of Parquet that some do not count.
ASKED: dict[str, dict[str, Any]] = {
    "csv": {"key": "id"},
    "parquet": {"where": {"status": {"keep": ["granted"], "leave_out": ["lapsed", "revoked"]}}},
}


def read(
    root: Path, form: str, engine: SparkEngine | None
) -> tuple[pd.DataFrame, RegisterCounts, float]:
    """The figures of a register, what became of its rows, and the seconds that took."""
    rule = RULE | ASKED[form]
    used = {"province", "granted", rule.get("key"), *rule.get("where", {})}
    ignored = [name for name in ("id", "status", "participants") if name not in used]
    card = Card.model_validate(CARD | {"file": f"raw/{form}", "register": rule, "ignore": ignored})
    variable = Variable(name_vi="-", name_en="-", unit="records", measure="stock", merge="sum",
                        min=0)  # fmt: skip
    faults = Faults()
    reading = Reading("synthetic", card, {"synthetic": variable}, load_reference(), faults)
    started = time.perf_counter()
    counts = read_grouped(root, reading, DEFAULTS, Work(engine=engine))
    if counts is None:
        raise SystemExit(f"refused: {[(f.rule, f.value) for f in faults.rejecting()]}")
    count_records(reading)
    seconds = time.perf_counter() - started
    return pd.DataFrame(reading.observed, columns=OBSERVED_COLUMNS), counts, seconds


def is_same(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether two readings say the same, to the last cell."""
    (figures, counts, _), (other, found, _) = a, b
    return bool(
        figures.to_csv() == other.to_csv()
        and counts.as_dict() == found.as_dict()
        and counts.quarantine.equals(found.quarantine)
    )


def kill_in_the_middle(engine: SparkEngine, worker: int, told: list[str]) -> None:
    """Kill a worker and its executor when some tasks of a query are done and others are not."""
    tracker = engine.session().sparkContext.statusTracker()
    past = set(tracker.getJobIdsForGroup(None))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for job in set(tracker.getJobIdsForGroup(None)) - past:
            info = tracker.getJobInfo(job)
            for stage in info.stageIds if info is not None else ():
                state = tracker.getStageInfo(stage)
                if state and KILLED_AFTER <= state.numCompletedTasks < state.numTasks:
                    victims = [*children_of(worker), worker]
                    for process in victims:
                        os.kill(process, signal.SIGKILL)
                    done = f"{state.numCompletedTasks} of {state.numTasks} tasks"
                    told.append(f"a worker and what it had started killed after {done}")
                    return
        time.sleep(TICK)


def children_of(process: int) -> list[int]:
    """Processes that a process has started."""
    lists = Path(f"/proc/{process}/task").glob("*/children")  # one of each thread
    return [int(child) for listed in lists for child in listed.read_text("ascii").split()]


def compare(
    given: argparse.Namespace, form: str, here: tuple[Any, ...], engine: SparkEngine
) -> bool:
    """Read a register with Spark and print whether DuckDB read the same."""
    before = engine.seconds
    there = read(given.folder, form, engine)
    passed, inside = is_same(here, there), engine.seconds - before
    print(f"{'ok    ' if passed else 'FAILED'} {form} {given.rows:,} rows,"
          f" {len(here[0]):,} figures, {len(here[1].quarantine):,} rows set aside:"
          f" DuckDB {here[2]:.1f} s, Spark {there[2]:.1f} s"
          f" (cluster {inside:.1f} s, driver {there[2] - inside:.1f} s)", flush=True)  # fmt: skip
    return passed


def main() -> int:
    """Write the registers, read each with both engines; 1 when any differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--forms", nargs="+", choices=sorted(ASKED), default=["parquet", "csv"])
    parser.add_argument("--kill", type=int, help="process of a worker to be killed in the middle")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--remote")
    where.add_argument("--master")
    given = parser.parse_args()
    warnings.simplefilter("ignore", FutureWarning)
    logging.getLogger("py4j").setLevel(logging.ERROR)
    engine = SparkEngine(given.master or given.remote, given.master is not None,
                         settings=SETTINGS if given.master else {})  # fmt: skip
    passed = []
    for form in given.forms:
        write_register(given.folder / "raw" / form, Register(
            given.rows, form, given.files, bad=0.01, duplicates=0.01, day_first=0.2))  # fmt: skip
        here = read(given.folder, form, None)
        started = time.perf_counter()
        engine.session()
        print(f"session {time.perf_counter() - started:.1f} s", flush=True)
        passed.append(compare(given, form, here, engine))
    if given.kill is not None:
        told: list[str] = []
        killer = threading.Thread(target=kill_in_the_middle, args=(engine, given.kill, told))
        killer.start()
        done = compare(given, form, here, engine)
        killer.join()
        print(told[0] if told else "FAILED no worker was killed: the query was over")
        passed.append(bool(told) and done)
    passed.append(engine.n_here == 0)  # no file was read on this machine in its place
    engine.close()
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
