"""Rows that stood apart in the query of a register: what they mean after all, or why nothing."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.ingest.dates import Dated
from pipeline.registers.meanings import Meanings
from pipeline.registers.query import Question

# Counts of names (`count`), of rows a filter leaves out (`left_out`), and rows that cannot be used
# (`row`), each with the rule it breaks.
RESULT = pa.schema([
    ("kind", pa.string()), ("name", pa.string()), ("scheme_no", pa.int32()), ("year", pa.int32()),
    ("n", pa.int64()), ("row", pa.int64()), ("date", pa.string()), ("value", pa.string()),
    ("rule", pa.string()),
])  # fmt: skip
EMPTY = RESULT.empty_table()

# Rows that stand apart, judged: a day or a name not met in the sample may well mean something.
JUDGED = """
with dated as (
    select a.*, coalesce(a.year, d.year) as y, d.rule as day_rule,
        case when a.year is null then d.scheme_no else a.scheme_no end as s
    from apart as a left join days as d on a.year is null and a.date = d.date
)
select t.name, case when t.day_rule is null then '' else t.date end as date, t.row, t.y as year,
    t.s as scheme_no,
    case when t.kept is null then 'REG-05' when t.is_keyless then 'REG-06'
        when t.day_rule is not null then t.day_rule else m.rule end as rule,
    case when t.kept is null then t.where_text when t.is_keyless then ''
        when t.day_rule is not null then t.date else t.name end as value
from dated as t left join names as m on t.name = m.name and t.s = m.scheme_no
"""
FOUND = """
select 'count' as kind, name, scheme_no, year, sum(n) as n, null as row, null as date,
    null as value, null as rule
from (
    select name, scheme_no, year, n from clean
    union all select name, scheme_no, year, 1 from judged where rule is null
)
where n > 0 group by all
union all select 'left_out', null, null, null, n, null, null, null, null from left_out where n > 0
union all select 'row', name, null, year, 1, row, date, value, rule from judged
    where rule is not null
"""


def judged(
    con: duckdb.DuckDBPyConnection, meanings: Meanings, question: Question, by_number: bool
) -> pa.Table:
    """The result of the query in table `g`, with every row that stood apart judged."""
    name = "k.name" if by_number else "cast(g.name as varchar)"
    join = "left join known as k on k.id = g.name" if by_number else ""
    said, last_year = question.said, meanings.card.last_year() or 9999
    wheres = ", ".join(f"coalesce({u}, '')" for u in said if u.startswith("said_where")) or "''"
    date = "coalesce(said_date, '')" if "said_date" in said else "''"
    lists = ", ".join(f"unnest({use}_list) as {use}" for use in ("said_row", *said))
    con.execute(
        f"create temp table clean as select coalesce({name}, '') as name, g.scheme_no, g.year,"
        f" g.n - coalesce(len(g.said_row_list), 0) as n from g {join} where g.kept is not false;"
        " create temp table left_out as select sum(n) as n from g where kept is false;"
        " create temp table apart as select scheme_no, kept, said_row as row, is_keyless,"
        f" case when year between 0 and {last_year} then year end as year,"
        f" coalesce(said_name, known_as, '') as name, {date} as date,"
        f" concat_ws(' | ', {wheres}) as where_text"
        f" from (select scheme_no, year, kept, is_keyless, {name} as known_as, {lists}"
        f" from g {join})"
    )
    judge(con, meanings)
    return cast(con.sql(FOUND).to_arrow_table())


def judge(con: duckdb.DuckDBPyConnection, meanings: Meanings) -> None:
    """Table `judged`: the rows of table `apart`, or groups of them, and the rule each breaks."""
    if not con.execute("select count(*) from apart").fetchall()[0][0]:
        con.execute(
            "create temp table judged (name varchar, date varchar, row bigint, year integer,"
            " scheme_no integer, rule varchar, value varchar)"
        )
        return
    _put_meanings(con, meanings)
    con.execute(f"create temp table judged as {JUDGED}")


def _put_meanings(con: duckdb.DuckDBPyConnection, meanings: Meanings) -> None:
    """What the days and names mean that stand in table `apart`: tables `days` and `names`."""
    days = [d for (d,) in con.execute(
        "select distinct date from apart where year is null").fetchall()]  # fmt: skip
    read = [(day, meanings.of_day(day)) for day in days]
    put(con, "days", {
        "date": pa.array(days, pa.string()),
        "year": pa.array([int(d.text[:4]) if isinstance(d, Dated) and d.text else
                          0 if isinstance(d, Dated) else None for _, d in read], pa.int32()),
        "scheme_no": pa.array([meanings.scheme_of(d.text) if isinstance(d, Dated) else None
                               for _, d in read], pa.int32()),
        "rule": pa.array([None if isinstance(d, Dated) else d.rule for _, d in read], pa.string()),
    })  # fmt: skip
    pairs = con.execute(
        "select distinct a.name, case when a.year is null then d.scheme_no else a.scheme_no end"
        " from apart as a left join days as d on a.year is null and a.date = d.date"
        " where d.rule is null"
    ).fetchall()
    faults = [meanings.of_name(raw, k).fault for raw, k in pairs]
    put(con, "names", {
        "name": pa.array([raw for raw, _ in pairs], pa.string()),
        "scheme_no": pa.array([k for _, k in pairs], pa.int32()),
        "rule": pa.array([None if fault is None else fault.rule for fault in faults], pa.string()),
    })  # fmt: skip


def put(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, pa.Array]) -> None:
    con.register("incoming", pa.table(columns))
    con.execute(f"create temp table {name} as select * from incoming")
    con.unregister("incoming")


def cast(table: pa.Table) -> pa.Table:
    return table.select(RESULT.names).cast(RESULT)


def rejected_lines(con: duckdb.DuckDBPyConnection) -> pa.Table:
    """Lines of a part that are no row of the table, as rows of rule REG-04; numbered from 1."""
    tables = {name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()}
    if "reject_errors" not in tables:
        return EMPTY
    return cast(con.sql(
        "select 'row' as kind, null as name, null as scheme_no, null as year, 1 as n, line as row,"
        " null as date, lower(any_value(error_type)) || ': ' || trim(any_value(csv_line), chr(10)"
        " || chr(13)) as value, 'REG-04' as rule from reject_errors group by line order by line"
    ).to_arrow_table())  # fmt: skip


def renumbered(found: pa.Table, rejected: pa.Table, before: int) -> pa.Table:
    """Both as rows of the file: after the header, after what came before, and past each other."""
    lines = rejected["row"].to_numpy()
    rows = found["row"].to_numpy(zero_copy_only=False).astype("float64")
    passed = np.searchsorted(lines - np.arange(len(lines)), rows, side="right")
    shifted = pa.array(rows + passed + before + 1, from_pandas=True).cast(pa.int64())
    at = found.schema.get_field_index("row")
    own = pa.array(lines + before + 1, pa.int64())
    return pa.concat_tables([found.set_column(at, "row", shifted),
                             rejected.set_column(at, "row", own)])  # fmt: skip
