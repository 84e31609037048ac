"""Reader of aggregated tables: one row per province (and year), one column per figure."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from pipeline.faults import Place
from pipeline.ingest.common import Figure, Reading, prepare_figure, resolve_province, strongest
from pipeline.ingest.grid import Grid
from pipeline.ingest.numbers import Number, Refused, read_number
from pipeline.sources import ValueColumn
from pipeline.words import as_text

LARGEST = 3  # provinces named beside a sum that misses the national figure


def read_table(grid: Grid, reading: Reading) -> None:
    """Add the observations of an aggregated table to `reading`.

    Rows that name a region or the whole country are listed as excluded; the national figure is
    compared with the sum of the provinces, once every cell could be read.
    """
    card = reading.card
    refused_before = reading.faults.n_rejecting()
    national: dict[tuple[str, int], tuple[float, Place]] = {}
    stated: dict[tuple[str, int], set[str]] = defaultdict(set)  # provinces with a cell, good or bad
    columns = [column for column in card.columns if column.column in grid.positions]
    for i, cells in grid.data_rows():
        row = resolve_province(grid, i, cells, card.scheme, reading)
        if row is None:
            continue
        year = _row_year(grid, i, cells, reading)
        for column in columns:
            j = grid.positions[column.column]
            cell_year = column.year or year
            if cell_year is None:
                continue
            code = row.found.code
            if code is not None:
                stated[column.variable, cell_year].add(code)
            figure = prepare_figure(grid, i, j, cells[j], card)
            number = _read_cell(grid, i, j, figure, cells[j], column, reading)
            if number is None:
                continue
            if code is None:
                reading.exclude(grid.locator(i, j), as_text(cells[j]), row.found.kind)
                if row.found.kind == "national" and number.value is not None:
                    national[column.variable, cell_year] = (number.value, grid.place(i, j))
                continue
            status = number.status or strongest(column.status, row.status, figure.status)
            if status == "A" and cell_year in card.provisional_years:
                status = "P"
            period, as_of = card.time_of(column)
            reading.observe(
                code=code, scheme=card.scheme, variable=column.variable, year=cell_year,
                period=period or as_of or str(cell_year), number=number.value, status=status,
                locator=grid.locator(i, j), raw=as_text(cells[j]), place=grid.place(i, j),
                name=row.raw, handling=[*row.handling, *figure.handling],
            )  # fmt: skip
    if reading.faults.n_rejecting() == refused_before and not reading.has_refused_rows:
        _check_sums(national, reading)
    _check_complete(grid, stated, reading)


def _row_year(grid: Grid, i: int, cells: list[Any], reading: Reading) -> int | None:
    year = reading.card.year
    if year.column is None:
        return year.value
    j = grid.positions[year.column]
    text = as_text(cells[j])
    if not (text.isdigit() and len(text) == 4):
        reading.faults.add("DAT-05", grid.place(i, j), text)
        reading.has_refused_rows = True
        return None
    first, last = year.first or 0, year.last or 9999
    if not first <= int(text) <= last:
        reading.faults.add("DAT-06", grid.place(i, j), text, declared=f"{first}-{last}")
        reading.has_refused_rows = True
        return None
    return int(text)


def _read_cell(
    grid: Grid, i: int, j: int, figure: Figure, cell: Any, column: ValueColumn, reading: Reading
) -> Number | None:
    variable = reading.variables[column.variable]
    number = read_number(figure.cell, reading.card.number_style, reading.card.missing, variable)
    if isinstance(number, Refused):
        if reading.corrected.get(grid.locator(i, j)) == as_text(cell):
            return Number(None, "M")  # until `apply_corrections` puts the right figure here
        reading.faults.add(number.rule, grid.place(i, j), as_text(cell), **number.details)
        reading.has_refused_rows = True
        return None
    return number


def _check_sums(national: dict[tuple[str, int], tuple[float, Place]], reading: Reading) -> None:
    """Warn when the provinces of a table do not add to the national figure printed in it."""
    card, ref = reading.card, reading.ref
    for (variable, year), (stated, place) in national.items():
        if reading.variables[variable].merge != "sum":
            continue
        values = {
            r["province_code"]: r["value"]
            for r in reading.observed
            if r["variable"] == variable and r["year"] == year and r["value"] is not None
        }
        total = math.fsum(values.values())
        if abs(total - stated) > card.sum_tolerance * abs(stated):
            largest = sorted(values, key=lambda code: (-values[code], code))[:LARGEST]
            named = ", ".join(f"{ref.name(card.scheme, c)} {values[c]:g}" for c in largest)
            reading.faults.add("SEM-04", place, stated, total=f"{total:g}",
                               difference=f"{total - stated:+g}", largest=named,
                               tolerance=f"{card.sum_tolerance:.1%}")  # fmt: skip


def _check_complete(grid: Grid, stated: dict[tuple[str, int], set[str]], reading: Reading) -> None:
    """A file declared complete has every province of its scheme in each variable and year."""
    card, ref = reading.card, reading.ref
    if not card.complete:
        return
    expected = set(ref.codes(card.scheme))
    absent = {c for c in expected if ref.name(card.scheme, c) in card.absent}
    for (variable, year), codes in sorted(stated.items()):
        lost = sorted(expected - absent - codes)
        if lost and not reading.has_refused_rows:
            names = ", ".join(f"{ref.name(card.scheme, c)} ({c})" for c in lost)
            place = Place(card.file, grid.sheet)
            reading.faults.add("GEO-19", place, len(lost), variable=f"{variable} {year}",
                               missing=names)  # fmt: skip
