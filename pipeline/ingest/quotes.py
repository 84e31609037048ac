"""Reader of figures quoted in documents: one row per figure, with its qualifier and period."""

from __future__ import annotations

import difflib
from typing import Any

from pipeline.ingest.common import Reading, is_date, resolve_province, strongest
from pipeline.ingest.grid import Grid
from pipeline.ingest.numbers import Number, Refused, read_number
from pipeline.periods import covers_of_span, fits
from pipeline.words import as_text

QUALIFIERS = ("exact", "at_least", "about", "range")
FIGURES = ("value", "value_low", "value_high")
STATUSES = ("A", "E", "P")


def read_quotes(grid: Grid, reading: Reading) -> None:
    """Add the figures of a file of quotations to `reading`.

    A range has no single figure; its value is the midpoint and its bounds are kept. A lower
    bound ("more than 60") keeps its lower bound and has no upper one. A figure with no stated
    period keeps an empty year and never enters an edition.
    """
    for i, cells in grid.data_rows():
        row = {name: as_text(cells[j]) for name, j in grid.positions.items()}
        if not _row_is_declared(grid, i, row, reading):
            continue
        province = resolve_province(grid, i, cells, row["scheme"], reading)
        figures = _figures(grid, i, cells, row, reading)
        if province is None or figures is None:
            continue
        found, (value, low, high) = province.found, figures
        column = grid.positions["value"]
        locator, place = grid.locator(i, column), grid.place(i, column)
        raw = row["value"] or f"{row['value_low']}-{row['value_high']}"
        if found.kind in ("province", "national"):
            reading.stated.append({"code": found.code, "variable": row["variable"], "value": value,
                                   "period": row["period_end"], "place": place})  # fmt: skip
        if found.code is None:
            reading.exclude(locator, raw, found.kind)
            continue
        reading.observe(
            code=found.code, scheme=row["scheme"], variable=row["variable"],
            year=_year(grid, i, row, reading), period=_period(row), number=value, low=low,
            high=high, qualifier=row["qualifier"], locator=locator, raw=raw, place=place,
            status=strongest(row["status"], province.status), origin=row["source"],
            name=province.raw, handling=province.handling,
        )  # fmt: skip


def _figures(
    grid: Grid, i: int, cells: list[Any], row: dict[str, str], reading: Reading
) -> tuple[float, float | None, float | None] | None:
    """Value and bounds of a row, or None with a fault."""
    numbers = [_number(grid, i, name, cells, reading) for name in FIGURES]
    if any(isinstance(number, Refused) for number in numbers):
        return None
    value, low, high = (n.value if isinstance(n, Number) else None for n in numbers)
    if row["qualifier"] == "range":
        stated, value = value, None
        if stated is None and low is not None and high is not None:
            value = (low + high) / 2
    below = low is not None and value is not None and low > value
    above = high is not None and value is not None and high < value
    if value is None or below or above:
        claim = f"{row['value_low']} ≤ {row['value']} ≤ {row['value_high']}"
        reading.faults.add("NUM-24", grid.place(i, grid.positions["value"]), claim)
        return None
    return value, low, high


def _row_is_declared(grid: Grid, i: int, row: dict[str, str], reading: Reading) -> bool:
    """Scheme, variable, unit, qualifier and status are among the declared ones."""
    schemes = [scheme["scheme"] for scheme in reading.ref.schemes]
    variable = reading.variables.get(row["variable"])
    units = [variable.unit] if variable is not None else []
    allowed = {
        "scheme": schemes,
        "variable": list(reading.variables),
        "qualifier": list(QUALIFIERS),
        "status": list(STATUSES),
        "unit": units,
    }
    good = True
    for name, values in allowed.items():
        if row[name] not in values and (name != "unit" or variable is not None):
            place = grid.place(i, grid.positions[name])
            nearest = ", ".join(difflib.get_close_matches(row[name], values, n=3)) or "–"
            rule = "SCH-02" if name == "variable" else "SCH-19"
            reading.faults.add(rule, place, row[name], name=name, nearest=nearest)
            good = False
    return good


def _number(grid: Grid, i: int, name: str, cells: list[Any], reading: Reading) -> Number | Refused:
    """One of the three figures of a row; an empty one is None, not a missing value."""
    variable = reading.variables[as_text(cells[grid.positions["variable"]])]
    cell, style = cells[grid.positions[name]], reading.card.number_style
    number = read_number(cell, style, {"": "M", **reading.card.missing}, variable)
    if isinstance(number, Refused):
        place = grid.place(i, grid.positions[name])
        reading.faults.add(number.rule, place, as_text(cell), **number.details)
    return number


def _year(grid: Grid, i: int, row: dict[str, str], reading: Reading) -> int | None:
    """The year in which the stated period ends, or None when no period is stated."""
    for name in ("period_start", "period_end"):
        if row[name] and not is_date(row[name]):
            reading.faults.add("DAT-02", grid.place(i, grid.positions[name]), row[name])
            return None
    start, end = row["period_start"], row["period_end"]
    variable = reading.variables[row["variable"]]
    is_span = start and end and start != end and variable.measure != "stock"
    if is_span and not fits(variable.covers, covers_of_span(start, end)):
        reading.faults.add("DAT-12", grid.place(i, grid.positions["period_end"]),
                               f"{start}/{end}", variable=row["variable"],
                               covers=variable.covers)  # fmt: skip
    return int((end or start)[:4]) if end or start else None


def _period(row: dict[str, str]) -> str | None:
    """The period as stated: `2015/2019`, `2022-12-31`, or None."""
    start, end = row["period_start"], row["period_end"]
    if not start or not end or start == end:
        return start or end or None
    return f"{start}/{end}"
