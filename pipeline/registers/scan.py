"""A file of a register read once: counts by name and year, and the rows that stand apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from pipeline.ingest.dates import Dated
from pipeline.registers.files import RegisterFile
from pipeline.registers.judging import RESULT, judged, put
from pipeline.registers.meanings import Meanings
from pipeline.registers.parts import Part, PartSystem
from pipeline.registers.query import (
    Columns,
    among,
    ask,
    grouped,
    literal,
    literals,
    path_literal,
    quoted,
)
from pipeline.sources import Card
from pipeline.words import clean

MOST_TEXTS = 100_000  # distinct names or days of a Parquet file that are looked at before its rows
MOST_ODD = 1_000  # days not written yyyy-mm-dd that are listed in the query


@dataclass(frozen=True)
class Scan:
    """What one query reads: a part of a CSV, or a Parquet file; `names` are its columns."""

    card: Card
    file: RegisterFile
    names: list[str]
    types: list[str]  # of a Parquet file
    part: Part | None = None
    is_crlf: bool = False

    def of(self, part: Part) -> Scan:
        """The same of a part of the file."""
        return replace(self, part=part)

    def own(self, name: str) -> str:
        """A column of the card as the file calls it: composed otherwise, or by another heading."""
        known = {clean(self.card.aliases.get(clean(own), own)): own for own in self.names}
        return known[clean(name)]

    def columns(self) -> Columns:
        """The columns that the card names, as text."""
        card, rule = self.card, self.card.register_
        assert rule is not None
        return Columns(
            self._text(card.province.column), self._text(rule.date) if rule.date else None,
            {name: self._text(name) for name in rule.where},
            self._text(rule.key) if rule.key else None,
        )  # fmt: skip

    def _text(self, name: str) -> str:
        name = self.own(name)
        column = f"r.{quoted(name)}"
        if not self.file.is_parquet:
            return column
        kind = self.types[self.names.index(name)]
        if kind.startswith("TIMESTAMP"):
            return f"cast(cast({column} as date) as varchar)"
        return column if kind == "VARCHAR" else f"cast({column} as varchar)"

    def source(self) -> tuple[str, str]:
        """The rows as SQL, with a number for each, and the expression of that number."""
        if self.part is None:
            path = path_literal(self.file.path)
            return f"read_parquet({path}, file_row_number = true)", "r.file_row_number + 1"
        read = self._read_csv(literal(self.part.url), "header = false, store_rejects = true")
        inner = ", ".join(quoted(name) for name in self.used())
        rule = self.card.register_
        assert rule is not None
        if rule.date is not None:
            inner += f", try_cast({quoted(self.own(rule.date))} as date) as as_day"
        return f"(select row_number() over () as row_no, {inner} from {read})", "r.row_no"

    def whole_source(self) -> tuple[str, str]:
        """The rows of the whole file as SQL, and the expression of the row as a reader counts."""
        if self.file.is_parquet:
            source, row = self.source()
            return source, f"{row} + 1"
        read = self._read_csv(path_literal(self.file.path), "header = true, ignore_errors = true")
        return f"(select row_number() over () as row_no, * from {read})", "r.row_no + 1"

    def _read_csv(self, place: str, how: str) -> str:
        types = ", ".join(f"{literal(name)}: 'varchar'" for name in self.names)
        line = r"\r\n" if self.is_crlf else r"\n"
        return (
            f"read_csv({place}, {how}, auto_detect = false, columns = {{{types}}},"
            f" delim = {literal(self.card.delimiter)}, quote = '\"', escape = '\"',"
            f" new_line = '{line}')"
        )

    def used(self) -> list[str]:
        """The columns of the file that the card names."""
        rule = self.card.register_
        assert rule is not None
        wanted = [self.card.province.column, rule.date, rule.key, *rule.where]
        return list(dict.fromkeys(self.own(name) for name in wanted if name))


@dataclass(frozen=True)
class Known:
    """Texts met in a sample of a file, with what they mean."""

    names: list[tuple[str, tuple[bool, ...]]]  # a raw name, and whether it means something, each
    days: list[tuple[str, int, int]]  # a day not written yyyy-mm-dd, its year and scheme
    is_all: bool = False  # whether the file has no other names
    odd_days: list[str] | None = None  # where all days are known, those not written yyyy-mm-dd


def known_of(names: list[str], days: list[str], meanings: Meanings) -> Known:
    """What the texts of a sample mean."""
    schemes = range(len(meanings.schemes))
    found = [(name, tuple(meanings.of_name(name, k).fault is None for k in schemes))
             for name in names]  # fmt: skip
    dated = [(day, meanings.of_day(day)) for day in days if day.strip()]
    return Known(
        found,
        [(day, int(d.text[:4]), meanings.scheme_of(d.text))
         for day, d in dated if isinstance(d, Dated) and d.text and d.text != day],
    )  # fmt: skip


def read_scan(
    scan: Scan, known: Known, meanings: Meanings, con: duckdb.DuckDBPyConnection
) -> tuple[pa.Table, int]:
    """Run the query of a scan.

    Returns:
        A table of schema `RESULT`, whose rows are numbered from 1 in the part or the file, and the
        number of rows that were read.

    Raises:
        duckdb.Error: when the file cannot be read at all.
    """
    columns = scan.columns()
    if scan.part is not None:
        con.register_filesystem(PartSystem(scan.part))
    source, row = scan.source()
    if scan.part is None:
        known = _peeked(scan, columns, meanings, con)
    day = "r.as_day" if scan.part is not None and columns.date is not None else None
    source, is_filtered = _filtered(scan, columns, source, con)
    question = ask(scan.card, columns, meanings.ref, bool(known.days), day, known.odd_days,
                   is_filtered)  # fmt: skip
    name, join = _naming(known, columns, question.scheme, meanings, con)
    joins = _put_days(known, columns, con) + join
    query = grouped(f"{source} as r", question, name, joins, row)
    con.execute(f"create temp table g as {query}")
    found = judged(con, meanings, question, by_number=bool(join))
    (n,) = con.execute("select coalesce(sum(n), 0) from g").fetchall()[0]
    if is_filtered:
        (whole,) = con.execute(f"select count(*) from {scan.source()[0]}").fetchall()[0]
        out = {name: [None] for name in RESULT.names} | {"kind": ["left_out"], "n": [whole - n]}
        return pa.concat_tables([found, pa.table(out, schema=RESULT)]), int(whole)
    return found, int(n)


def _filtered(
    scan: Scan, columns: Columns, source: str, con: duckdb.DuckDBPyConnection
) -> tuple[str, bool]:
    """The rows that count, where the values of a Parquet file are all declared."""
    rule = scan.card.register_
    assert rule is not None
    if scan.part is not None or not rule.where:
        return source, False
    for name, column in columns.where.items():
        values = con.execute(f"select distinct coalesce({column}, '') from {source} as r"
                             f" limit {MOST_TEXTS + 1}").fetchall()  # fmt: skip
        if {value for (value,) in values} - {*rule.where[name].keep, *rule.where[name].leave_out}:
            return source, False
    held = " and ".join(among(column, rule.where[n].keep) for n, column in columns.where.items())
    return f"(select * from {source} as r where {held})", True


def _naming(
    known: Known, columns: Columns, scheme: str, meanings: Meanings,
    con: duckdb.DuckDBPyConnection,
) -> tuple[str, str]:  # fmt: skip
    """What rows are grouped by, null for a strange name, and the join that this needs.

    Where all names of a file are known, as those of a Parquet file are, they become a type of
    their own, so that its dictionary is never undone; else known names are joined, by number.
    """
    numbers = range(1 if scheme == "0" else len(meanings.schemes))
    names = [(name, ok) for name, ok in known.names if any(ok)]
    if known.is_all and len(numbers) == 1 and names:
        texts = literals(name for name, _ in names)
        con.execute(f"create type known_name as enum ({texts})")
        cell = f"coalesce({columns.name}, '')" if "" in dict(names) else columns.name
        return f"try_cast({cell} as known_name)", ""
    flags = {f"in_{k}": pa.array([ok[k] for _, ok in names], pa.bool_()) for k in numbers}
    texts = pa.array([name for name, _ in names], pa.string())
    put(con, "known", {"name": texts, "id": pa.array(range(len(names)), pa.uint32()), **flags})
    name = "known.id"
    if len(numbers) > 1:
        whens = " ".join(f"when {k} then known.in_{k}" for k in numbers)
        name = f"case when case {scheme} {whens} end then known.id end"
    join = f" left join known on known.name = coalesce({columns.name}, '')"
    return name, join


def _put_days(known: Known, columns: Columns, con: duckdb.DuckDBPyConnection) -> str:
    if not known.days:
        return ""
    text, year, scheme = zip(*known.days, strict=True)
    put(con, "day", {"text": pa.array(text, pa.string()), "year": pa.array(year, pa.int32()),
                     "scheme": pa.array(scheme, pa.int32())})  # fmt: skip
    return f" left join day on day.text = {columns.date}"


def _peeked(
    scan: Scan, columns: Columns, meanings: Meanings, con: duckdb.DuckDBPyConnection
) -> Known:
    """The names and days of a Parquet file: its dictionaries are read in no time."""
    source, _ = scan.source()

    def texts(column: str) -> list[str]:
        found = con.execute(
            f"select distinct coalesce({column}, '') from {source} as r limit {MOST_TEXTS + 1}"
        ).fetchall()
        return sorted(text for (text,) in found)

    names, days = texts(columns.name), texts(columns.date) if columns.date is not None else [""]
    known = replace(known_of(names, days, meanings), is_all=len(names) <= MOST_TEXTS)
    other = [day for day in days if not _is_plain_day(day, meanings)]
    put(con, "other_days", {"text": pa.array(other, pa.string())})
    odd = [text for (text,) in con.execute(
        "select text from other_days where trim(text) = '' or try_cast(text as date) is not null"
    ).fetchall()]  # fmt: skip
    is_listed = len(days) <= MOST_TEXTS and len(odd) <= MOST_ODD
    return replace(known, odd_days=odd if is_listed else None)


def _is_plain_day(text: str, meanings: Meanings) -> bool:
    found = meanings.of_day(text)
    return isinstance(found, Dated) and found.text == text and len(text) == 10


def describe(con: duckdb.DuckDBPyConnection, file: RegisterFile) -> tuple[list[str], list[str]]:
    """Columns of a Parquet file and their types."""
    read = f"read_parquet({path_literal(file.path)})"
    rows = con.execute(f"describe select * from {read}").fetchall()
    return [row[0] for row in rows], [row[1] for row in rows]
