"""Reader of figures quoted in documents: one row per figure, with its qualifier and period."""

from __future__ import annotations

import difflib
from typing import Any

from pipeline.ingest.common import Reading, read_figure, resolve_province, strongest
from pipeline.ingest.dates import read_date
from pipeline.ingest.grid import Grid
from pipeline.ingest.numbers import Number, Refused
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
        is_dated = _dates(grid, i, cells, row, reading)
        if province is None or figures is None or not is_dated:
            continue
        found, (value, low, high, mark_status, notes) = province.found, figures
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
            year=_year(row), period=_period(row), number=value, low=low, high=high,
            qualifier=row["qualifier"], locator=locator, raw=raw, place=place,
            status=strongest(row["status"], province.status, mark_status), origin=row["source"],
            name=province.raw, handling=[*province.handling, *notes],
        )  # fmt: skip


def _figures(
    grid: Grid, i: int, cells: list[Any], row: dict[str, str], reading: Reading
) -> tuple[float, float | None, float | None, str, list[str]] | None:
    """Value, bounds, status by footnote marks and what was done; or None with a fault."""
    read = [_number(grid, i, name, cells, reading) for name in FIGURES]
    numbers = [number for number, _ in read if isinstance(number, Number)]
    if len(numbers) < len(FIGURES):
        return None
    value, low, high = (number.value for number in numbers)
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
    notes = [note for number in numbers for note in number.notes]
    return value, low, high, strongest(*(status for _, status in read)), notes


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
    if not row["scheme"]:
        province = grid.positions[reading.card.province.column]
        text = as_text(grid.rows[i][province])
        if reading.resolver.without_scheme(text, grid.place(i, province)):
            return False
    for name, values in allowed.items():
        if row[name] not in values and (name != "unit" or variable is not None):
            place = grid.place(i, grid.positions[name])
            nearest = ", ".join(difflib.get_close_matches(row[name], values, n=3)) or "–"
            rule = "SCH-02" if name == "variable" else "SCH-19"
            reading.faults.add(rule, place, row[name], name=name, nearest=nearest)
            good = False
    return good


def _number(
    grid: Grid, i: int, name: str, cells: list[Any], reading: Reading
) -> tuple[Number | Refused, str]:
    """One of the three figures of a row; an empty one is None, not a missing value."""
    variable = reading.variables[as_text(cells[grid.positions["variable"]])]
    j, card = grid.positions[name], reading.card
    number, status = read_figure(grid, i, j, variable, card, {"": "M", **card.missing})
    if isinstance(number, Refused):
        reading.faults.add(number.rule, grid.place(i, j), as_text(cells[j]), **number.details)
    return number, status


def _dates(grid: Grid, i: int, cells: list[Any], row: dict[str, str], reading: Reading) -> bool:
    """Bring the period of a row into the form yyyy-mm-dd; whether both ends are dates."""
    card, good = reading.card, True
    target = reading.variables[row["variable"]].measure == "target"
    for name in ("period_start", "period_end"):
        place = grid.place(i, grid.positions[name])
        system = grid.extras.date_system or card.date_system
        dated = read_date(cells[grid.positions[name]], card.date_order, system)
        limit = 9999 if target else card.last_year() or 9999
        if isinstance(dated, Refused):
            reading.faults.add(dated.rule, place, row[name], **dated.details)
            good = False
        elif dated.text and int(dated.text[:4]) > limit:
            reading.faults.add("DAT-07", place, row[name], limit=limit)
            good = False
        else:
            row[name] = dated.text
    return good and _covers(grid, i, row, reading)


def _covers(grid: Grid, i: int, row: dict[str, str], reading: Reading) -> bool:
    """Whether the period of a row is as long as its variable speaks of."""
    start, end = row["period_start"], row["period_end"]
    variable = reading.variables[row["variable"]]
    is_span = start and end and start != end and variable.measure != "stock"
    if not is_span or fits(variable.covers, covers_of_span(start, end)):
        return True
    reading.faults.add("DAT-12", grid.place(i, grid.positions["period_end"]), f"{start}/{end}",
                       variable=row["variable"], covers=variable.covers)  # fmt: skip
    return False


def _year(row: dict[str, str]) -> int | None:
    """The year in which the stated period ends, or None when no period is stated."""
    end = row["period_end"] or row["period_start"]
    return int(end[:4]) if end else None


def _period(row: dict[str, str]) -> str | None:
    """The period as stated: `2015/2019`, `2022-12-31`, or None."""
    start, end = row["period_start"], row["period_end"]
    if not start or not end or start == end:
        return start or end or None
    return f"{start}/{end}"
