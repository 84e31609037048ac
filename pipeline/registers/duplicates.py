"""Records that stand in a register more than once: each counts once, a contradiction never."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.ingest.dates import Dated
from pipeline.registers.meanings import Meanings
from pipeline.registers.query import ask
from pipeline.registers.scan import Scan

# Rows of keys that stand more than once, as they are: file, row, key, name, date.
REPEATED = """
create temp table repeated as
with repeats as (select key from every group by key having count(*) > 1)
select e.* from every as e semi join repeats as r on e.key = r.key
"""
# Of rows that mean the same, all but the first; of rows that do not, all.
SURPLUS = """
with usable as (
    select r.file_no, r.row, r.key, r.name, r.date, n.meaning, n.scheme_no, d.day, d.year
    from repeated as r
    inner join days as d on r.date = d.date
    inner join names as n on r.name = n.name and d.scheme_no = n.scheme_no
),
marked as (
    select *, row_number() over (partition by key order by file_no, row) as nth,
        min(meaning) over (partition by key) <> max(meaning) over (partition by key)
        or min(day) over (partition by key) <> max(day) over (partition by key) as is_contradiction
    from usable
)
select file_no, row, key, name, date, scheme_no, year, is_contradiction
from marked where is_contradiction or nth > 1 order by file_no, row
"""


def surplus_rows(
    scans: list[Scan],
    rejected: list[np.ndarray],
    meanings: Meanings,
    con: duckdb.DuckDBPyConnection,
) -> pa.Table:
    """Rows that repeat the key of another row and are not to be counted.

    Args:
        scans: one for each file, as a whole.
        rejected: of each file the rows that are no row of the table, ascending.
        meanings: what names and days mean; a row that means nothing is set aside already.
        con: an empty database.

    Returns:
        Columns file_no, row, key, name, date, scheme_no, year and is_contradiction: whether rows
        of the key differ in province or date, and so none of them counts.
    """
    selects = []
    for i, scan in enumerate(scans):
        columns = scan.columns()
        question = ask(scan.card, columns, meanings.ref, has_other_days=False)
        source, row = scan.whole_source()
        selects.append(
            f"select {i} as file_no, {row} as row, {columns.key} as key,"
            f" coalesce({columns.name}, '') as name, coalesce({columns.date or 'null'}, '') as date"
            f" from {source} as r where {question.kept} and not {question.is_keyless}"
        )
    con.execute("create temp view every as " + " union all ".join(selects))
    con.execute(REPEATED)
    _put_meanings(meanings, con)
    found = con.sql(SURPLUS).to_arrow_table()
    return _shifted(found, rejected)


def _put_meanings(meanings: Meanings, con: duckdb.DuckDBPyConnection) -> None:
    rule = meanings.card.register_
    assert rule is not None
    is_counted = rule.date is None or rule.undated == "counted"
    texts = [d for (d,) in con.execute("select distinct date from repeated").fetchall()]
    read = [(text, found) for text in texts if isinstance(found := meanings.of_day(text), Dated)]
    days = [(text, found, meanings.scheme_of(found.text)) for text, found in read
            if found.text or is_counted]  # fmt: skip
    con.register("days", pa.table({
        "date": pa.array([text for text, _, _ in days], pa.string()),
        "day": pa.array([found.text for _, found, _ in days], pa.string()),
        "year": pa.array([int(found.text[:4] or 0) for _, found, _ in days], pa.int32()),
        "scheme_no": pa.array([k for _, _, k in days], pa.int32()),
    }))  # fmt: skip
    raw = [name for (name,) in con.execute("select distinct name from repeated").fetchall()]
    names = [(name, k, meaning) for name in raw for k in range(len(meanings.schemes))
             if (meaning := meanings.of_name(name, k)).found]  # fmt: skip
    con.register("names", pa.table({
        "name": pa.array([name for name, _, _ in names], pa.string()),
        "scheme_no": pa.array([k for _, k, _ in names], pa.int32()),
        "meaning": pa.array(["+".join(str(r.code) for r in m.found)
                             for _, _, m in names], pa.string()),
    }))  # fmt: skip


def _shifted(found: pa.Table, rejected: list[np.ndarray]) -> pa.Table:
    """With the rows counted past those that were rejected."""
    rows = found["row"].to_numpy().copy()
    files = found["file_no"].to_numpy()
    for i, lines in enumerate(rejected):
        own = files == i
        passed = np.searchsorted(lines - 2 - np.arange(len(lines)), rows[own] - 2, side="right")
        rows[own] += passed
    return found.set_column(found.schema.get_field_index("row"), "row", pa.array(rows))
