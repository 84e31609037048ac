"""Registers counted on many machines by Apache Spark, or by any engine that speaks Spark Connect.

The engine counts and the driver, which is this program, judges: it reads the headers, resolves the
distinct names and days, and finds the rows that cannot be used. A file that the engine may read
otherwise than this machine does is read here, so that the result is the same in any case.
"""

from __future__ import annotations

import atexit
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from pipeline import store
from pipeline.ingest.dates import Dated
from pipeline.limits import Limits
from pipeline.registers.files import RegisterFile
from pipeline.registers.meanings import Meanings
from pipeline.registers.parts import read_header, sample
from pipeline.registers.portable import (
    Cells,
    cells_of,
    counted,
    has_rows,
    in_spark,
    is_portable,
    put_groups,
    question_of,
    result_of,
    rows_of_parquet,
    spark_type,
    totals,
    values_of,
)
from pipeline.registers.scan import MOST_TEXTS, Scan
from pipeline.registers.work import Work

BATCH = 100  # files in one query: planning more of them takes longer than reading them
PORTS = {"sc": 15002, "spark": 7077}
ANSWERS_IN = 10  # seconds in which a server takes a call
# What the readers of both engines need in order to read a CSV as DuckDB does.
CSV = {"header": True, "quote": '"', "escape": '"', "multiLine": True, "mode": "FAILFAST",
       "enforceSchema": False, "nullValue": "", "emptyValue": "", "ignoreLeadingWhiteSpace": False,
       "ignoreTrailingWhiteSpace": False}  # fmt: skip
Here = Callable[[list[Scan]], list[Any]]  # the reading on this machine


class EngineFailed(Exception):
    """The engine is not installed, not reached, or answers with an error."""


@dataclass
class SparkEngine:
    """Spark at an address; the session is opened when the first register is read."""

    address: str  # sc://host:port of a Connect server, or the URL of a master
    is_master: bool = False
    files_at: str | None = None  # where the cluster sees the project's folder
    settings: dict[str, str] = field(default_factory=dict)
    n_here: int = 0  # files that were read on this machine after all
    seconds: float = 0  # spent waiting for the cluster
    _session: Any = None
    _refused: dict[int, str] = field(default_factory=dict)  # files of a register, and why

    def read(
        self, scans: list[Scan], meanings: Meanings, limits: Limits, work: Work, here: Here
    ) -> list[Any]:  # fmt: skip
        """The result of each scan of a whole file, as the reading on one machine gives it.

        Args:
            scans: of one register, headers checked.
            meanings: what names and days mean.
            limits: how much memory the driver may take.
            work: threads and folder of the driver.
            here: what reads files that the engine may read otherwise.

        Returns:
            For each scan, in order, a table of schema `RESULT` and the number of rows, or an error.

        Raises:
            EngineFailed: when the engine cannot be reached or fails.
        """
        sent = [i for i, scan in enumerate(scans) if is_portable(scan, self._path(scan.file))]
        found: dict[int, Any] = {}
        self._refused = {}
        if sent:
            con = store.connect_apart(work.threads, limits.register_bytes, work.spill)
            try:
                found = self._counted(sent, scans, meanings, con)
            finally:
                con.close()
        rest = [i for i in range(len(scans)) if i not in found]
        self.n_here += len(rest)
        if rest:
            why = self._refused.get(rest[0], "")
            note = {"n": len(rest), "file": scans[rest[0]].file.name, "value": why}
            work.report("register_here", note)
            found |= dict(zip(rest, here([scans[i] for i in rest]), strict=True))
        return [found[i] for i in range(len(scans))]

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.stop()
            self._session = None

    def _counted(
        self, sent: list[int], scans: list[Scan], meanings: Meanings, con: duckdb.DuckDBPyConnection
    ) -> dict[int, Any]:
        """Results of the files that the engine reads as this machine does."""
        batches = [sent[k : k + BATCH] for k in range(0, len(sent), BATCH)]
        cells = cells_of(scans[sent[0]])
        started = time.perf_counter()
        try:
            days = self._known_days(batches, scans, cells, meanings)
            con.register("day", days)
            has_days = len(days) > 0
            if has_days:
                self.session().sql(values_of(days)).createOrReplaceTempView("day")
            question = question_of(scans[sent[0]], cells, meanings, has_days)
            sql = in_spark(counted("scanned", cells, question, has_days))
            answers = [a for batch in batches for a in self._asked(batch, scans, sql)]
            self.seconds += time.perf_counter() - started
        except EngineFailed:
            raise
        except Exception as error:  # of the engine, its client or the network: there is no list
            raise EngineFailed(_first_line(error)) from error
        n, damaged = totals(answers)
        for i in set(sent) - n.keys() - self._refused.keys():
            if has_rows(scans[i], con):
                raise EngineFailed(f"{self._path(scans[i].file)}: 0 rows")
        whole = [i for i in sent if n.get(i) and not damaged[i]
                 and n[i] == rows_of_parquet(scans[i], n[i], con)]  # fmt: skip
        if not whole:
            return {}
        put_groups(con, answers, meanings)
        results = {i: result_of(con, i, scans[i], meanings) for i in whole}
        return {i: result for i, result in results.items() if result is not None}

    def _known_days(
        self, batches: list[list[int]], scans: list[Scan], cells: Cells, meanings: Meanings
    ) -> pa.Table:
        """Days not written yyyy-mm-dd: of a CSV those met in a sample, of Parquet all."""
        texts: set[str] = set()
        rule = meanings.card.register_
        column = rule.date if rule is not None else None
        for batch in batches if column is not None else ():
            asked = []
            for scan in (scans[i] for i in batch):
                assert column is not None
                at = scan.names.index(scan.own(column))
                if not scan.file.is_parquet:
                    _, first = read_header(scan.file.path, scan.card.delimiter)
                    texts |= {*sample(scan.file.path, first, scan.card.delimiter, [at])[0]}
                elif scan.types[at] == "VARCHAR":
                    asked.append(scan)
            if asked:
                self._put(list(enumerate(asked)))
                sql = f"select distinct {cells.columns.date} as day from scanned as r"
                found = self.session().sql(f"{sql} limit {MOST_TEXTS}").toArrow()
                texts |= {text for text in found["day"].to_pylist() if text is not None}
        schema = pa.schema([("text", pa.string()), ("year", pa.int32()), ("scheme", pa.int32())])
        days = [
            {"text": text, "year": int(day.text[:4]), "scheme": meanings.scheme_of(day.text)}
            for text in sorted(texts)
            if isinstance(day := meanings.of_day(text), Dated) and day.text and day.text != text
        ]
        return pa.Table.from_pylist(days, schema)

    def _asked(self, batch: list[int], scans: list[Scan], sql: str) -> list[pa.Table]:
        """The answers for some files; those that the engine refuses are left out."""
        spark = self.session()
        try:
            self._put([(i, scans[i]) for i in batch])
            return [spark.sql(sql).toArrow()]
        except Exception as error:
            spark.sql("select 1").toArrow()  # the engine is there: it is a file that it refuses
            if "PATH_NOT_FOUND" in str(error):
                raise
            if len(batch) == 1:
                self._refused[batch[0]] = _first_line(error)
                return []
        half = len(batch) // 2
        return self._asked(batch[:half], scans, sql) + self._asked(batch[half:], scans, sql)

    def _put(self, scans: list[tuple[int, Scan]]) -> None:
        """The view `scanned`: the cells of files, each with the number of its file."""
        frames = [self._frame(i, scan) for i, scan in scans]
        while len(frames) > 1:  # a tree: engines give up on a long chain
            pairs = [a.unionAll(b) for a, b in zip(frames[::2], frames[1::2], strict=False)]
            frames = pairs + frames[len(frames) // 2 * 2 :]
        frames[0].createOrReplaceTempView("scanned")

    def _frame(self, i: int, scan: Scan) -> Any:
        from pyspark.sql.types import StringType, StructField, StructType

        path, reader = self._path(scan.file), self.session().read
        if scan.file.is_parquet:
            types = [(n, spark_type(scan.types[scan.names.index(n)])) for n in scan.used()]
            frame = reader.schema(", ".join(f"`{n.replace('`', '``')}` {t}" for n, t in types))
            frame = frame.parquet(path)
        else:
            columns = StructType([StructField(name, StringType()) for name in scan.names])
            frame = reader.options(sep=scan.card.delimiter, **CSV).schema(columns).csv(path)
        own = [f"{in_spark(text)} as {name}" for name, text in cells_of(scan).of.items()]
        return frame.alias("r").selectExpr(f"{i} as file_no", *own)

    def _path(self, file: RegisterFile) -> str:
        """A file as the cluster calls it."""
        if self.files_at is not None:
            return f"{self.files_at.rstrip('/')}/{file.name}"
        return str(file.path.resolve())

    def session(self) -> Any:
        """The session."""
        if self._session is None:
            _call(self.address)
            try:
                from pyspark.sql import SparkSession

                build = SparkSession.builder.appName("local-innovation-index")
                build = build.master(self.address) if self.is_master else build.remote(self.address)
                for key, value in self.settings.items():
                    build = build.config(key, value)
                self._session = build.getOrCreate()
                self._session.conf.set("spark.sql.session.timeZone", "UTC")
            except Exception as error:  # of the client or the network: there is no list of them
                raise EngineFailed(_first_line(error)) from error
            atexit.register(self.close)
        return self._session


def _call(address: str) -> None:
    """See that somebody listens, for clients try for minutes.

    Raises:
        EngineFailed: when nobody does.
    """
    match = re.match(r"(sc|spark)://([^/:;,]+)(?::(\d+))?", address)
    if match is None:
        return
    place = (match[2], int(match[3] or PORTS[match[1]]))
    try:
        socket.create_connection(place, ANSWERS_IN).close()
    except OSError as error:
        raise EngineFailed(f"{address}: {error}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
