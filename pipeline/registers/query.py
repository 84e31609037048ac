"""The one query of a register: filtered, dated, grouped by the raw name of the province.

Written in the SQL of DuckDB. What a text means is never asked row by row: names are grouped as
they stand, days that are not written yyyy-mm-dd are looked up in a table, and only the distinct
names are resolved afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.provinces import Reference
from pipeline.sources import Card

FIRST_YEAR = "1000"  # the calendar of `read_date` begins here for written years


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
    that is none.
    """

    kept: str
    scheme: str
    year: str
    is_keyless: str
    texts: str  # a struct of what a row says, for those that cannot be used


def quoted(name: str) -> str:
    """A column as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Texts as a list for `in`; one that no cell holds when there are none."""
    return ", ".join(map(literal, texts)) or "'\x01'"


def ask(card: Card, columns: Columns, ref: Reference, has_other_days: bool) -> Question:
    """The expressions of a card.

    Args:
        card: of a register.
        columns: where its columns are.
        ref: the schemes, each with the day from which it holds.
        has_other_days: whether days are also looked up in a table `day` joined to the rows, with
            columns `year` and `scheme`.
    """
    rule, text = card.register_, columns.date
    assert rule is not None
    kept = "true"
    if rule.where:
        out = " or ".join(f"coalesce({columns.where[c]}, '') in ({literals(keep.leave_out)})"
                          for c, keep in rule.where.items())  # fmt: skip
        held = " and ".join(f"coalesce({columns.where[c]}, '') in ({literals(keep.keep)})"
                            for c, keep in rule.where.items())  # fmt: skip
        kept = f"case when {out} then false when {held} then true end"
    year, scheme = "0", "0"
    if text is not None:
        limit = card.last_year() or 9999
        day = f"try_cast({text} as date)"
        year = (
            f"case when {text} is null or trim({text}) = '' then 0"
            f" when length({text}) = 10 and {text} >= '{FIRST_YEAR}' and {text} < '{limit + 1:04}'"
            f" and cast({day} as varchar) = {text} then year({day}) end"
        )
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
    wheres = " || ' | ' || ".join(f"coalesce({e}, '')" for e in columns.where.values()) or "''"
    texts = (
        f"'name': coalesce({columns.name}, ''), 'date': coalesce({text or 'null'}, ''),"
        f" 'kept': {wheres}, 'is_keyless': {is_keyless}"
    )
    return Question(kept, scheme, year, is_keyless, texts)


def grouped(scan: str, question: Question, name: str, is_strange: str, joins: str, row: str) -> str:
    """The query: counts by whether kept, scheme, year and name, and the rows that stand apart.

    Args:
        scan: what the rows come from.
        question: the expressions of the card.
        name: what rows are grouped by: the raw name, or its number in the table of known names.
        is_strange: whether a name is not known to mean something in the scheme of the row.
        joins: of tables that the expressions read.
        row: number of a row in its part of the file.

    Returns:
        SQL with columns kept, scheme_no, year, name, n (rows), apart (a list of structs: of every
        row that is not left out and whose name, date, key or filter needs a second look).
    """
    q = question
    doubt = f"({is_strange}) or ({q.year}) is null or ({q.kept}) is null or {q.is_keyless}"
    if q.kept != "true":
        doubt = f"({q.kept}) is distinct from false and ({doubt})"
    return (
        f"select {q.kept} as kept, {q.scheme} as scheme_no, {q.year} as year, {name} as name,"
        f" count(*) as n, list({{'row': {row}, {q.texts}}}) filter (where {doubt}) as apart"
        f" from {scan} {joins} group by 1, 2, 3, 4"
    )
