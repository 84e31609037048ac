"""Scans side by side: one engine per scan, each with its share of threads and memory."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import duckdb
import pyarrow as pa

from pipeline import store
from pipeline.limits import Limits
from pipeline.registers.judging import EMPTY, rejected_lines, renumbered
from pipeline.registers.meanings import Meanings
from pipeline.registers.scan import Known, Scan, read_scan
from pipeline.registers.work import Work

TICK = 0.2  # seconds between two looks at what is done, and at a stop signal


def run_all(
    jobs: list[tuple[int, Scan, Known]], n_files: int, meanings: Meanings, limits: Limits,
    work: Work, source: str,
) -> list[Any]:  # fmt: skip
    """The result of each file: a table of schema `RESULT` with its rows as a reader counts them,
    and the number of rows; a `duckdb.Error` for a file that cannot be read.

    Few Parquet files are read one after the other with all threads; everything else side by side
    with a thread each. A stop interrupts every engine.
    """
    work.spill.mkdir(parents=True, exist_ok=True)
    n_parquet = sum(scan.part is None for _, scan, _ in jobs)
    wide = [job for job in jobs if job[1].part is None] if n_parquet < 2 * work.threads else []
    narrow = [job for job in jobs if job not in wide]
    engines: set[duckdb.DuckDBPyConnection] = set()
    guard = threading.Lock()

    def run(job: tuple[int, Scan, Known], threads: int, memory: int) -> Any:
        con = store.connect_apart(threads, memory, work.spill)
        with guard:
            engines.add(con)
        try:
            found, n = read_scan(job[1], job[2], meanings, con)
            return found, n, rejected_lines(con) if job[1].part is not None else EMPTY
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            return error
        finally:
            with guard:
                engines.discard(con)
            con.close()

    answers: list[Any] = []
    for group, threads in ((wide, work.threads), (narrow, 1)):
        n_at_once = max(1, work.threads // threads)
        memory = limits.register_bytes // n_at_once
        pool = ThreadPoolExecutor(n_at_once)
        try:
            futures = [pool.submit(run, job, threads, memory) for job in group]
            _await(futures, work, source, len(jobs))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            with guard:
                for con in engines:
                    con.interrupt()
            raise
        finally:
            pool.shutdown()
        answers += [(job, future.result()) for job, future in zip(group, futures, strict=True)]
    return _joined(answers, n_files)


def _await(futures: list[Future[Any]], work: Work, source: str, total: int) -> None:
    left = set(futures)
    while left:
        done, left = wait(left, TICK)
        if done:
            work.report("stage_register", {"source": source, "done": total - len(left), "n": total})


def _joined(answers: list[Any], n_files: int) -> list[Any]:
    """The parts of each file put together, their rows counted through."""
    results: list[Any] = [([], 0) for _ in range(n_files)]
    for (i, scan, _), answer in answers:
        if isinstance(answer, Exception) or isinstance(results[i], Exception):
            results[i] = answer if isinstance(answer, Exception) else results[i]
            continue
        found, n, rejected = answer
        tables, before = results[i]
        tables.append(renumbered(found, rejected, before if scan.part is not None else 0))
        results[i] = (tables, before + n + len(rejected))
    return [r if isinstance(r, Exception) else (pa.concat_tables(r[0]), r[1]) for r in results]
