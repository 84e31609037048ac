"""Change over time: between the two years asked for, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.methods.statistics import as_matrix


class Trends(NamedTuple):
    """Change between two years, in percent, and why a number is missing; each shape (n_units,)."""

    percent_change: np.ndarray
    cagr: np.ndarray
    reason: np.ndarray


def trends(values: np.ndarray, years: Sequence[int], first: int, last: int) -> Trends:
    """Percent change and compound annual growth rate between two years.

    Args:
        values: shape (n_units, n_years), one unit of measurement, NaN missing.
        years: the year of each column, each once, in any order.
        first: the base year.
        last: a later year. Years between them do not matter.

    Returns:
        `percent_change` = (last / first - 1) * 100. `cagr` = ((last / first) ** (1 / years) - 1) *
        100, percent a year. `reason` is empty, or one of: `missing_first`, `missing_last`,
        `base_zero`, `base_negative`, `not_finite` (the quotient is beyond a float64): both numbers
        are NaN; `last_negative`: the growth rate alone is NaN.

    Raises:
        ValueError: if `values` is not a finite matrix, its years do not fit or repeat, a year asked
            for is not among them, or `first` is not before `last`.
    """
    table = as_matrix(values)
    known = list(years)
    if len(known) != table.shape[1] or len(set(known)) != len(known):
        raise ValueError(f"{table.shape[1]} columns need as many different years, not {known}")
    unknown = [year for year in (first, last) if year not in known]
    if unknown:
        raise ValueError(f"no values of {unknown}; there are years {sorted(known)}")
    if first >= last:
        raise ValueError(f"the first year ({first}) must be before the last ({last})")
    base, end = table[:, known.index(first)], table[:, known.index(last)]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio, change = end / base, (end - base) / base * 100
    checks = [
        (np.isnan(base), "missing_first"),
        (np.isnan(end), "missing_last"),
        (base == 0, "base_zero"),
        (base < 0, "base_negative"),
        (~(np.isfinite(ratio) & np.isfinite(change)), "not_finite"),
        (end < 0, "last_negative"),
    ]
    reason = np.select([found for found, _ in checks], [name for _, name in checks], default="")
    growing = np.where(reason == "", ratio, np.nan)
    return Trends(
        percent_change=np.where(np.isin(reason, ["", "last_negative"]), change, np.nan),
        cagr=(growing ** (1 / (last - first)) - 1) * 100,
        reason=reason,
    )
