"""The one query of a register: filtered, dated, grouped by the raw name of the province.

Written in the SQL of DuckDB. What a text means is never asked row by row: names are grouped as
they stand, days that are not written yyyy-mm-dd are looked up in a table, and only the distinct
names are resolved afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.provinces import Reference
from pipeline.sources import Card


@dataclass(frozen=True)
class Columns:
    """The columns of a register as SQL expressions of type text, by their use."""

    name: str
    date: str | None
    where: dict[str, str]  # column of the card -> expression
    key: str | None


@dataclass(frozen=True)
class Question:
    """What a card asks of its rows, as SQL expressions.

    `kept` is true, false, or null for a value that the card does not declare; `scheme` is the
    number of the scheme a row's date falls into; `year` is 0 without a date and null for a text
    that is none; `said` is what a row says, for those that need a second look.
    """

    kept: str
    scheme: str
    year: str
    is_keyless: str
    is_no_day: str  # of a grouped row, whether its day needs a second look
    said: dict[str, str]


def quoted(name: str) -> str:
    """A column as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Texts as a list."""
    return ", ".join(map(literal, texts))


def path_literal(path: Path) -> str:
    """The path of a file as a literal that DuckDB takes for no pattern."""
    return literal("".join(f"[{c}]" if c in "[*?" else c for c in str(path)))


def among(column: str, texts: Iterable[str]) -> str:
    """Whether a cell is one of some texts, or null; an empty cell is the empty text."""
    listed = list(texts)
    cell = f"coalesce({column}, '')" if "" in listed else column
    return f"{cell} in ({literals(listed)})" if listed else "false"


def ask(
    card: Card, columns: Columns, ref: Reference, has_other_days: bool, day: str | None = None,
    odd_days: list[str] | None = None, is_filtered: bool = False,
) -> Question:  # fmt: skip
    """The expressions of a card.

    Args:
        card: of a register.
        columns: where its columns are.
        ref: the schemes, each with the day from which it holds.
        has_other_days: whether days are also looked up in a table `day` joined to the rows, with
            columns `year` and `scheme`.
        day: the column of dates as a date, where the rows have it.
        odd_days: every text of the column that the engine would read as a day though it is none
            that counts, and "" for blank ones, where all are known; the rest need no look.
        is_filtered: whether the scan holds only rows that are kept.
    """
    rule, text = card.register_, columns.date
    assert rule is not None
    kept = "true"
    if rule.where and not is_filtered:
        held = " and ".join(among(columns.where[c], keep.keep) for c, keep in rule.where.items())
        out = " or ".join(among(columns.where[c], keep.leave_out)
                          for c, keep in rule.where.items())  # fmt: skip
        kept = f"case when {held} then true when {out} then false end"
    year, scheme, is_no_day = "0", "0", "false"
    if text is not None:
        day = day or f"try_cast({text} as date)"
        blank = f"{text} is null or trim({text}) = ''"
        # Written back a day is the same text: no engine reads more into it than it says.
        year = f"case when cast({day} as varchar) = {text} then year({day}) when {blank} then 0 end"
        is_no_day = f"coalesce(year not between 0 and {card.last_year() or 9999}, true)"
        if odd_days is not None:
            is_no_day = "year is null"
            year = f"year({day})"
            if set(odd_days) - {""}:
                year = f"case when {among(text, odd_days)} then null else {year} end"
            if "" in odd_days:
                year = f"case when {blank} then 0 else {year} end"
        later = [s["valid_from"] for s in ref.schemes[1:]]
        if card.scheme == "by date" and later:
            whens = " ".join(
                f"when {text} >= '{first}' then {i}" for i, first in reversed(
                    [*enumerate(later, 1)]))  # fmt: skip
            scheme = f"case {whens} else 0 end"
        if has_other_days:
            year = f"coalesce({year}, day.year)"
            scheme = f"coalesce(day.scheme, {scheme})"
    is_keyless = f"trim(coalesce({columns.key}, '')) = ''" if columns.key else "false"
    said = {"said_name": columns.name}
    said |= {"said_date": text} if text is not None else {}
    wheres = {f"said_where_{i}": column for i, column in enumerate(columns.where.values())}
    wheres = {} if is_filtered else wheres
    return Question(kept, scheme, year, is_keyless, is_no_day, said | wheres)


def grouped(scan: str, question: Question, name: str, joins: str, row: str) -> str:
    """The query: counts by whether kept, scheme, year and name, and the rows that stand apart.

    Args:
        scan: what the rows come from.
        question: the expressions of the card.
        name: what rows are grouped by: the raw name, or its number in the table of known names;
            null where it is not known to mean something.
        joins: of tables that the expressions read.
        row: number of a row in its part of the file.

    Returns:
        SQL with columns kept, scheme_no, year, name, n (rows), and a list for each thing that rows
        say, with the entries of those rows that are not left out and whose name, date, key or
        filter needs a second look.
    """
    q = question
    doubts = {"said_name": "name is null", "said_date": q.is_no_day}
    doubts |= {use: "kept is null" for use in q.said if use.startswith("said_where")}
    every = dict.fromkeys(doubts[use] for use in q.said)
    doubt = " or ".join([*every, *["is_keyless"] * (q.is_keyless != "false")])
    if doubts.keys() & q.said.keys() and q.kept != "true":
        doubt = f"kept is distinct from false and ({doubt})"
    # Name, year and whether kept are the same in a group: a list is whole, or empty.
    lists = ", ".join(f"list({use}) filter (where is_apart and {doubts[use]}) as {use}_list"
                      for use in q.said)  # fmt: skip
    said = ", ".join(f"{text} as {use}" for use, text in q.said.items())
    return (
        "select kept, scheme_no, year, name, is_keyless, count(*) as n,"
        f" list(said_row) filter (where is_apart) as said_row_list, {lists}"
        f" from (select *, {doubt} as is_apart"
        f" from (select {q.kept} as kept, {q.scheme} as scheme_no, {q.year} as year,"
        f" {name} as name, {q.is_keyless} as is_keyless, {row} as said_row, {said}"
        f" from {scan} {joins})) group by kept, scheme_no, year, name, is_keyless"
    )
