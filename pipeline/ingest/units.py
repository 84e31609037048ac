"""Slips of unit that only a whole column shows: shares in 0-1, millions taken for billions."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from pipeline.faults import Faults, Place
from pipeline.ingest.common import Reading
from pipeline.sources import Variable

MIN_PROVINCES = 5  # a column of fewer provinces is not judged
SLIPS = (1e3, 1e6, 1e9)  # thousand, million and billion taken for one another
SHARE_SLIP = 100.0  # percent and parts of one taken for one another
BAND = 2.0  # how far, as a factor, a ratio may lie from a slip


@dataclass
class Column:
    """The figures of one variable and year in the tables of one scheme."""

    place: Place
    values: dict[str, float] = field(default_factory=dict)

    def span(self) -> str:
        return f"{min(self.values.values()):.10g} – {max(self.values.values()):.10g}"


def check_units(
    readings: Iterable[Reading], variables: dict[str, Variable], faults: Faults
) -> None:
    """Refuse a column whose provinces all seem to be in another unit than declared.

    The measure is the newest earlier year of the same variable with `MIN_PROVINCES` in common: the
    median ratio to it is then near a thousand (a million, a billion), for a share near a hundred,
    or one over that. A share with no such year is refused where no figure is above one while the
    largest allowed is a hundred times the largest there.
    """
    series: dict[tuple[str, str], dict[int, Column]] = defaultdict(dict)
    for reading in (r for r in readings if r.card.kind == "table"):
        for row, place in zip(reading.observed, reading.places, strict=True):
            if row["value"] is not None:
                of_year = series[row["scheme"], row["variable"]]
                column = of_year.setdefault(row["year"], Column(replace(place, row=None)))
                column.values.setdefault(row["province_code"], row["value"])
    for (_, name), columns in series.items():
        for year, column in columns.items():
            before = _newest_before(year, columns)
            if len(column.values) >= MIN_PROVINCES:
                _check_column(column, before, variables[name], faults)


def _newest_before(year: int, columns: dict[int, Column]) -> tuple[Column, float] | None:
    """The newest earlier column that shares enough provinces, with the median ratio to it."""
    for earlier in sorted((y for y in columns if y < year), reverse=True):
        old, new = columns[earlier].values, columns[year].values
        ratios = [new[code] / old[code] for code in new if old.get(code) and new[code]]
        if len(ratios) >= MIN_PROVINCES:
            return columns[earlier], statistics.median(ratios)
    return None


def _check_column(
    column: Column, before: tuple[Column, float] | None, variable: Variable, faults: Faults
) -> None:
    is_share = variable.unit.startswith("percent")
    span, last = column.span(), before[0].span() if before is not None else "–"
    largest = max(map(abs, column.values.values()))
    if before is None:
        is_slip = is_share and 0 < largest <= 1 and largest * SHARE_SLIP <= (variable.max or 0)
    else:
        is_slip = is_share and _is_near(before[1], SHARE_SLIP)
    if is_slip:
        bounds = f"{variable.min} – {'∞' if variable.max is None else variable.max}"
        faults.add("NUM-07", column.place, span, span=span, bounds=bounds, last=last)
    elif before is not None and any(_is_near(before[1], slip) for slip in SLIPS):
        earlier, ratio = before
        faults.add("NUM-09", column.place, span, n=len(column.values), ratio=f"{ratio:.4g}",
                   limit=f"{BAND:g}", last=last, unit=variable.unit,
                   other=f"{earlier.place.file} ({earlier.place.column_name})")  # fmt: skip


def _is_near(ratio: float, slip: float) -> bool:
    """Whether a ratio is a slip or one over it, within the band."""
    return any(target / BAND <= abs(ratio) <= target * BAND for target in (slip, 1 / slip))
