"""The query of a register in words that every engine understands, and what its answer means.

The expressions are those of `query.ask`. Rows are grouped by everything that decides what they
mean, so that an engine sends back counts and no rows: whether kept, scheme, year, name, and where
it needs a second look the text of the date or of the filtered columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.registers.judging import RESULT, judge
from pipeline.registers.meanings import Meanings
from pipeline.registers.parts import read_header
from pipeline.registers.query import Columns, Question, ask, path_literal
from pipeline.registers.scan import Scan

DAMAGED = "\ufffd"  # what an engine puts where bytes are no UTF-8
LOOKED_AT = 1 << 16  # bytes after the header that are looked at
KEYS = ("kept", "is_keyless", "scheme_no", "year", "name", "odd_date", "odd_where")
# Types of Parquet columns that every engine writes as the same text, and what Spark calls them.
PLAIN = {"VARCHAR": "string", "DATE": "date", "BOOLEAN": "boolean", "TINYINT": "tinyint",
         "SMALLINT": "smallint", "INTEGER": "int", "BIGINT": "bigint",
         "TIMESTAMP": "timestamp_ntz"}  # fmt: skip
# What the groups of one file come to; groups whose rule is broken are `bad`.
COUNTED = """
select 'count' as kind, j.name, j.scheme_no, j.year, sum(g.n) as n, null as row, null as date,
    null as value, null as rule
from judged as j inner join groups as g on j.row = g.id where j.rule is null and g.file_no = $1
group by j.name, j.scheme_no, j.year
union all
select 'left_out', null, null, null, sum(n), null, null, null, null
from groups where not kept and file_no = $1 having sum(n) > 0
order by kind, name, scheme_no, year
"""
BAD = """
create or replace temp table bad as
select g.*, j.year as year_of_row, j.date as date_of_row, j.rule, j.value
from judged as j inner join groups as g on j.row = g.id
where j.rule is not null and g.file_no = $1
"""
APART = """
create temp table apart as
select id as row, scheme_no, kept, is_keyless, year, name, odd_date as date, odd_where as where_text
from groups where kept is distinct from false
"""


@dataclass(frozen=True)
class Cells:
    """The cells that a card asks for under names of our own, each with its use."""

    of: dict[str, str]  # name of ours -> expression on the columns of a file, alias r
    columns: Columns  # the same as the columns of a scan, alias r


def cells_of(scan: Scan) -> Cells:
    """The cells of a scan; every scan of a register has the same names."""
    found = scan.columns()
    named = {"cell_name": found.name}
    if found.date is not None:
        named["cell_date"] = found.date
    named |= {f"cell_where_{i}": text for i, text in enumerate(found.where.values())}
    if found.key is not None:
        named["cell_key"] = found.key
    own = Columns(
        "r.cell_name", "r.cell_date" if found.date is not None else None,
        {column: f"r.cell_where_{i}" for i, column in enumerate(found.where)},
        "r.cell_key" if found.key is not None else None,
    )  # fmt: skip
    return Cells(named, own)


def question_of(scan: Scan, cells: Cells, meanings: Meanings, has_days: bool) -> Question:
    """The expressions of the card on cells; a text is a day only where all engines say so."""
    text = cells.columns.date
    day = f"case when length({text}) = 10 and {text} >= '0001' then try_cast({text} as date) end"
    return ask(scan.card, cells.columns, meanings.ref, has_days, None if text is None else day)


def keyed(source: str, cells: Cells, question: Question, has_days: bool, own: str) -> str:
    """Every row with the keys that decide what it means.

    Args:
        source: a table with the columns of `cells`.
        cells: of the register.
        question: the expressions of the card.
        has_days: whether a table `day` is joined.
        own: another column of the source that is kept.

    Returns:
        SQL with that column, those of `KEYS`, and `is_damaged`.
    """
    q = question
    date = "coalesce(said_date, '')" if "said_date" in q.said else "''"
    wheres = [f"coalesce({use}, '')" for use in q.said if use.startswith("said_where")]
    where = f"concat_ws(' | ', {', '.join(wheres)})" if wheres else "''"
    said = ", ".join(f"{text} as {use}" for use, text in q.said.items())
    damaged = " or ".join(f"coalesce(r.{cell}, '') like '%{DAMAGED}%'" for cell in cells.of)
    join = f"left join day on day.text = {cells.columns.date}" if has_days else ""
    is_kept = "kept is distinct from false"
    return (
        f"select {own}, kept, is_keyless, scheme_no,"
        f" case when not ({q.is_no_day}) then year end as year,"
        f" case when {is_kept} then coalesce(said_name, '') else '' end as name,"
        f" case when {is_kept} and ({q.is_no_day}) then {date} else '' end as odd_date,"
        f" case when kept is null then {where} else '' end as odd_where, is_damaged"
        f" from (select r.{own}, {q.kept} as kept, {q.scheme} as scheme_no, {q.year} as year,"
        f" {q.is_keyless} as is_keyless, {said}, {damaged} as is_damaged"
        f" from {source} as r {join}) as k"
    )


def counted(source: str, cells: Cells, question: Question, has_days: bool) -> str:
    """The query that an engine answers: how many rows each file has of every key."""
    keys = ", ".join(KEYS)
    rows = keyed(source, cells, question, has_days, "file_no")
    return (
        f"select file_no, {keys}, count(*) as n, count(*) filter (where is_damaged) as n_damaged"
        f" from ({rows}) as g group by file_no, {keys}"
    )


def in_spark(sql: str) -> str:
    """A query or an expression of DuckDB in the words of Spark.

    Raises:
        sqlglot.errors.UnsupportedError: when there are none.
    """
    import sqlglot

    return sqlglot.transpile(
        sql, read="duckdb", write="spark", identify=True, unsupported_level=sqlglot.ErrorLevel.RAISE
    )[0]


def values_of(days: pa.Table) -> str:
    """Known days as a table written out in the words of Spark, which so knows its size."""
    rows = [f"({_literal(d['text'])}, {d['year']}, {d['scheme']})" for d in days.to_pylist()]
    return f"select * from values {', '.join(rows)} as day(text, year, scheme)"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def spark_type(kind: str) -> str | None:
    """The type of a Parquet column in Spark; None where engines would not write the same text."""
    return kind.lower() if re.fullmatch(r"DECIMAL\(\d+,\d+\)", kind) else PLAIN.get(kind)


def is_portable(scan: Scan, path: str) -> bool:
    """Whether engines see the file and read its cells as this machine does."""
    name = Path(path).name
    if re.search(r"[\[\]{}*?\\]", path) or name.startswith(("_", ".")):
        return False  # patterns, and what engines take for files of their own
    types = [scan.types[scan.names.index(n)] for n in scan.used()] if scan.types else []
    return all(spark_type(kind) is not None for kind in types)


def totals(answers: list[pa.Table]) -> tuple[dict[int, int], dict[int, int]]:
    """Rows of each file, and those with letters that are none."""
    n: dict[int, int] = {}
    damaged: dict[int, int] = {}
    for table in answers:
        sums = table.group_by("file_no").aggregate([("n", "sum"), ("n_damaged", "sum")])
        for row in sums.to_pylist():
            n[row["file_no"]] = row["n_sum"]
            damaged[row["file_no"]] = row["n_damaged_sum"]
    return n, damaged


def rows_of_parquet(scan: Scan, otherwise: int, con: duckdb.DuckDBPyConnection) -> int:
    """How many rows a Parquet file says it has; of another file what is given."""
    if not scan.file.is_parquet:
        return otherwise
    sql = f"select num_rows from parquet_file_metadata({path_literal(scan.file.path)})"
    return int(con.execute(sql).fetchall()[0][0])


def has_rows(scan: Scan, con: duckdb.DuckDBPyConnection) -> bool:
    """Whether a file has rows, by a look at its beginning or at what it says."""
    if scan.file.is_parquet:
        return rows_of_parquet(scan, 0, con) > 0
    _, first = read_header(scan.file.path, scan.card.delimiter)
    with scan.file.path.open("rb") as handle:
        handle.seek(first)
        return bool(handle.read(LOOKED_AT).strip())


def put_groups(con: duckdb.DuckDBPyConnection, answers: list[pa.Table], meanings: Meanings) -> None:
    """Tables `groups`, the answers one after the other, and `judged`, what each group means."""
    con.register("answers", pa.concat_tables(answers, promote_options="permissive"))
    con.execute(
        "create temp table groups as"
        " select row_number() over () as id, cast(file_no as integer) as file_no, kept, is_keyless,"
        " cast(scheme_no as integer) as scheme_no, cast(year as integer) as year, name, odd_date,"
        " odd_where, cast(n as bigint) as n from answers"
    )
    con.execute(APART)
    judge(con, meanings)


def result_of(
    con: duckdb.DuckDBPyConnection, file_no: int, scan: Scan, meanings: Meanings
) -> tuple[pa.Table, int] | None:
    """What the groups of a file come to, as the reading on one machine gives it.

    Rows that cannot be used are found in the file, which is read once more for them.

    Returns:
        A table of schema `RESULT` and the number of rows; None when the file has not as many such
        rows as the engine counted.
    """
    found = con.sql(COUNTED, params=[file_no]).to_arrow_table().select(RESULT.names).cast(RESULT)
    con.execute(BAD, [file_no])
    n, n_bad = con.execute(
        "select (select sum(n) from groups where file_no = $1), (select sum(n) from bad)", [file_no]
    ).fetchall()[0]
    if n_bad is None:
        return found, int(n)
    rows = con.sql(_found_rows(scan, meanings)).to_arrow_table()
    if len(rows) != n_bad:
        return None
    return pa.concat_tables([found, rows.select(RESULT.names).cast(RESULT)]), int(n)


def _found_rows(scan: Scan, meanings: Meanings) -> str:
    """The rows of a file whose keys are in table `bad`."""
    cells = cells_of(scan)
    has_days = cells.columns.date is not None
    question = question_of(scan, cells, meanings, has_days)
    source, row = scan.whole_source()
    named = ", ".join(f"{text} as {name}" for name, text in cells.of.items())
    rows = keyed(f"(select {row} as row_no, {named} from {source} as r)", cells, question, has_days,
                 "row_no")  # fmt: skip
    same = " and ".join(f"k.{key} is not distinct from b.{key}" for key in KEYS)
    return (
        "select 'row' as kind, b.name, null as scheme_no, b.year_of_row as year, 1 as n,"
        " k.row_no as row, b.date_of_row as date, b.value, b.rule"
        f" from ({rows}) as k inner join bad as b on {same} order by k.row_no"
    )
