"""Reader of aggregated tables: one row per province (and year), one column per figure."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

from pipeline.faults import Place
from pipeline.ingest.columns import RefusedCell, report_refused
from pipeline.ingest.common import Reading, raw_text, read_cell, resolve_province
from pipeline.ingest.dates import looks_provisional, read_year
from pipeline.ingest.grid import Grid, as_text
from pipeline.ingest.numbers import Number, Refused
from pipeline.sources import ValueColumn

SUM_TOLERANCE = 0.005  # share of the printed national figure that the provinces may miss it by


def read_table(grid: Grid, reading: Reading) -> None:
    """Add the observations of an aggregated table to `reading`.

    Rows that name a region or the whole country are listed as excluded; the national figure is
    compared with the sum of the provinces, once every cell could be read.
    """
    card = reading.card
    refused_before = reading.faults.n_rejecting()
    national: dict[tuple[str, int], tuple[float, Place]] = {}
    stated: dict[tuple[str, int], set[str]] = defaultdict(set)  # provinces with a cell, good or bad
    refused: list[RefusedCell] = []
    for i, cells in grid.data_rows():
        found = resolve_province(grid, i, cells, card.scheme, reading)
        if found is None:
            continue
        year, year_status = _row_year(grid, i, cells, reading)
        for column in card.columns:
            j = grid.positions[column.column]
            cell_year = column.year or year
            if cell_year is None:
                continue
            if found.code is not None:
                stated[column.variable, cell_year].add(found.code)
            number = _read_cell(grid, i, j, cells, column, reading)
            if isinstance(number, Refused):
                refused.append(RefusedCell(i, j, cells[j], number))
                continue
            if found.code is None:
                reading.exclude(grid.locator(i, j), as_text(cells[j]), found.kind)
                if found.kind == "national" and number.value is not None:
                    national[column.variable, cell_year] = (number.value, grid.place(i, j))
                continue
            status = number.status or year_status or column.status
            if status == "A" and cell_year in card.provisional_years:
                status = "P"
            reading.observe(
                code=found.code, scheme=card.scheme, variable=column.variable,
                year=cell_year, period=str(cell_year), number=number.value, status=status,
                locator=grid.locator(i, j), raw=as_text(cells[j]), place=grid.place(i, j),
                name_raw=raw_text(cells[grid.positions[card.province.column]]),
                notes=(*number.notes, found.note, "provisional_mark" if year_status else None),
            )  # fmt: skip
    report_refused(refused, grid, reading)
    if reading.faults.n_rejecting() == refused_before:
        _check_sums(national, reading)
    _check_complete(grid, stated, reading)


def _row_year(
    grid: Grid, i: int, cells: list[Any], reading: Reading
) -> tuple[int | None, str | None]:
    """The year of a row, and P where the cell marks it provisional; no year comes with a fault."""
    declared, card = reading.card.year, reading.card
    if declared.column is None:
        return declared.value, None
    j = grid.positions[declared.column]
    place, text = grid.place(i, j), as_text(cells[j])
    read = read_year(cells[j], declared.forms, declared.provisional_forms)
    first, last = declared.span()
    measures = {reading.variables[column.variable].measure for column in card.columns}
    limit = card.last_year() if measures != {"target"} else None
    if read is None:
        rule = "DAT-08" if looks_provisional(cells[j]) else "DAT-05"
        reading.faults.add(rule, place, text)
    elif not first <= read[0] <= last:
        reading.faults.add("DAT-06", place, text, declared=f"{first}-{last}")
    elif limit is not None and read[0] > limit:
        reading.faults.add("DAT-07", place, text, limit=limit)
    else:
        return read
    reading.has_refused_rows = True
    return None, None


def _read_cell(
    grid: Grid, i: int, j: int, cells: list[Any], column: ValueColumn, reading: Reading
) -> Number | Refused:
    number = read_cell(grid, i, j, cells, reading.variables[column.variable], reading.card)
    if isinstance(number, Refused):
        if reading.corrected.get(grid.locator(i, j)) == as_text(cells[j]):
            return Number(None, "M")  # until `apply_corrections` puts the right figure here
        reading.has_refused_rows = True
    return number


def _check_sums(national: dict[tuple[str, int], tuple[float, Place]], reading: Reading) -> None:
    for (variable, year), (stated, place) in national.items():
        if reading.variables[variable].merge != "sum":
            continue
        values = [
            r["value"]
            for r in reading.observed
            if r["variable"] == variable and r["year"] == year and r["value"] is not None
        ]
        total = math.fsum(values)
        if abs(total - stated) > SUM_TOLERANCE * abs(stated):
            reading.faults.add("SEM-04", place, stated, total=f"{total:g}",
                               tolerance=f"{SUM_TOLERANCE:.1%}")  # fmt: skip


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
