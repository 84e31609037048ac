"""Treat outliers: winsorise one value at a time, then transform, else say that it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.methods._common import Bools, Floats, as_panel, column_name
from pipeline.methods._moments import CoreSums, moments, sorted_rows

TRANSFORMS = ("log", "boxcox", "none")
LOG_SHIFT = 0.01  # share of the column's range added before the logarithm
DIGITS = 6  # decimals of the exponent of Box-Cox: the search for it ends at about so many


@dataclass(frozen=True)
class Settings:
    """How one column is treated."""

    enabled: bool = True
    skewness_limit: float = 2.0
    kurtosis_limit: float = 3.5
    max_winsorised: int = 5
    transform: str = "log"

    def fault(self) -> str | None:
        """What is wrong with the settings, if anything."""
        if not (isfinite(self.skewness_limit) and self.skewness_limit >= 0):
            return f"skewness_limit must be 0 or more, not {self.skewness_limit}"
        if not isfinite(self.kurtosis_limit):
            return f"kurtosis_limit must be finite, not {self.kurtosis_limit}"
        if int(self.max_winsorised) != self.max_winsorised or self.max_winsorised < 0:
            return f"max_winsorised must be a whole number from 0, not {self.max_winsorised}"
        if self.transform not in TRANSFORMS:
            return f"transform '{self.transform}' is unknown; it may be {', '.join(TRANSFORMS)}"
        return None

    def passes(self, skewness: float, kurtosis: float) -> bool:
        """Whether a column of these moments needs no (further) treatment."""
        return abs(skewness) < self.skewness_limit or kurtosis < self.kurtosis_limit


@dataclass(frozen=True)
class Treated:
    """The treated panel and, per column, what was done (shape (n_columns,) each).

    `method` is 'none', 'winsorised', 'log', 'boxcox' or 'failed' (nothing passed: the original
    values stay). `n_moved` counts the values moved by winsorising, `lowest` and `highest` are the
    limits they were moved to (the column's own extremes otherwise, NaN for an empty column),
    `exponent` is the lambda of Box-Cox (NaN otherwise). Moments are G1 and G2.
    """

    values: Floats
    method: NDArray[np.str_]
    n_moved: NDArray[np.int64]
    lowest: Floats
    highest: Floats
    exponent: Floats
    skewness_before: Floats
    skewness_after: Floats
    kurtosis_before: Floats
    kurtosis_after: Floats


@dataclass(frozen=True)
class _Column:
    """What becomes of one column."""

    method: str
    n_moved: int
    lowest: float
    highest: float
    exponent: float
    skewness: float
    kurtosis: float


def skewness(column: ArrayLike) -> float:
    """Adjusted Fisher-Pearson skewness G1, as in spreadsheets.

    Args:
        column: shape (n_units,), NaN = missing and left out.

    Returns:
        G1, without unit; 0 for a constant column and for fewer than 3 values.

    Raises:
        ValueError: if a value is infinite.

    Source:
        Joanes & Gill (1998), doi:10.1111/1467-9884.00122
    """
    return float(moments(sorted_rows(as_panel(np.asarray(column)[:, None])))[0][0])


def kurtosis(column: ArrayLike) -> float:
    """Excess kurtosis G2, as in spreadsheets.

    Args:
        column: shape (n_units,), NaN = missing and left out.

    Returns:
        G2, without unit; 0 for a constant column and for fewer than 4 values.

    Raises:
        ValueError: if a value is infinite.

    Source:
        Joanes & Gill (1998), doi:10.1111/1467-9884.00122
    """
    return float(moments(sorted_rows(as_panel(np.asarray(column)[:, None])))[1][0])


def treat(
    x: ArrayLike,
    *,
    skewness_limit: float = 2.0,
    kurtosis_limit: float = 3.5,
    max_winsorised: int = 5,
    transform: str = "log",
    enabled: Sequence[bool] | Bools | None = None,
    settings: Mapping[int, Mapping[str, object]] | None = None,
    names: Sequence[str] | None = None,
) -> Treated:
    """Bring outliers in, column by column, by the rule of `60_treated.sql`.

    A column passes if |G1| < skewness_limit or G2 < kurtosis_limit (or it has fewer than 4 values).
    Else one value at a time moves to the next distinct value on the side of the skew, ties that
    move together counting each, while it fails and at most max_winsorised values have moved;
    if it still fails, the original values are transformed; if that fails too, they stay.

    Args:
        x: shape (n_units, n_columns), NaN = missing.
        skewness_limit: 0 or more; at 0 the kurtosis alone decides, and a symmetrical column,
            which has no side to move, goes straight to the transform.
        kurtosis_limit: any finite number.
        max_winsorised: number of values that may be moved; 0 goes straight to the transform.
        transform: 'log' (shifted to be positive, mirrored for left skew), 'boxcox' (positive
            columns only; others fail) or 'none'.
        enabled: one flag per column; False leaves the column as it is. None treats all.
        settings: per column number, the settings that differ from the ones above; any of
            skewness_limit, kurtosis_limit, max_winsorised, transform, enabled.
        names: one per column, for messages only.

    Returns:
        `Treated`. Missing stays missing; no value passes another.

    Raises:
        ValueError: for an infinite value or an impossible setting, naming the column.

    Source:
        OECD/JRC Handbook (2008), step on data treatment, doi:10.1787/9789264043466-en;
        Becker et al. (2022), COINr, doi:10.21105/joss.04567
    """
    panel = as_panel(x, names)
    defaults = Settings(True, skewness_limit, kurtosis_limit, max_winsorised, transform)
    chosen = _settings_per_column(panel.shape[1], defaults, enabled, settings, names)
    rows = sorted_rows(panel)
    before = moments(rows)
    counts = np.isfinite(rows).sum(axis=1)
    values = panel.copy()
    found = []
    for j, own in enumerate(chosen):
        xs = rows[j, : counts[j]]
        column = _decide(xs, own, float(before[0][j]), float(before[1][j]))
        found.append(column)
        values[:, j] = _apply(panel[:, j], xs, column, float(before[0][j]))
    return Treated(
        values,
        np.array([c.method for c in found], dtype="U10"),
        np.array([c.n_moved for c in found], dtype=np.int64),
        np.array([c.lowest for c in found], dtype=np.float64),
        np.array([c.highest for c in found], dtype=np.float64),
        np.array([c.exponent for c in found], dtype=np.float64),
        before[0],
        np.array([c.skewness for c in found], dtype=np.float64),
        before[1],
        np.array([c.kurtosis for c in found], dtype=np.float64),
    )


def _settings_per_column(
    n_columns: int,
    defaults: Settings,
    enabled: Sequence[bool] | Bools | None,
    settings: Mapping[int, Mapping[str, object]] | None,
    names: Sequence[str] | None,
) -> list[Settings]:
    """The settings of each column: what it names itself, the defaults for the rest."""
    chosen = [defaults] * n_columns
    if enabled is not None:
        if len(enabled) != n_columns:
            raise ValueError(f"{len(enabled)} flags `enabled` were given for {n_columns} columns")
        chosen = [replace(defaults, enabled=bool(flag)) for flag in enabled]
    allowed = [field.name for field in fields(Settings)]
    for j, own in (settings or {}).items():
        if not 0 <= j < n_columns:
            raise ValueError(f"settings name column {j}, but there are {n_columns} columns")
        if unknown := sorted(set(own) - set(allowed)):
            raise ValueError(
                f"{column_name(names, j)}: setting '{unknown[0]}' is unknown; "
                f"it may be {', '.join(allowed)}"
            )
        chosen[j] = replace(chosen[j], **own)  # type: ignore[arg-type]
    for j, column in enumerate(chosen):
        if fault := column.fault():
            raise ValueError(f"{column_name(names, j)}: {fault}")
    return chosen


def _decide(xs: Floats, own: Settings, skew: float, kurt: float) -> _Column:
    """What becomes of one column, given its values in order and their moments."""
    if len(xs) == 0:
        return _Column("none", 0, np.nan, np.nan, np.nan, skew, kurt)
    as_it_is = _Column("none", 0, xs[0], xs[-1], np.nan, skew, kurt)
    if not own.enabled or len(xs) < 4 or own.passes(skew, kurt):
        return as_it_is
    winsorised = _winsorise(xs, own, as_it_is)
    if own.passes(winsorised.skewness, winsorised.kurtosis):
        return winsorised
    exponent = _boxcox_exponent(xs) if own.transform == "boxcox" else np.nan
    if own.transform == "log" or isfinite(exponent):
        tried = replace(as_it_is, method=own.transform, exponent=exponent)
        transformed = _apply(xs, xs, tried, skew)
        if np.isfinite(transformed).all():
            found = moments(transformed[None, :])
            after = float(found[0][0]), float(found[1][0])
            if own.passes(*after):
                return replace(tried, skewness=after[0], kurtosis=after[1])
    return replace(as_it_is, method="failed")


def _winsorise(xs: Floats, own: Settings, start: _Column) -> _Column:
    """Move the limits inwards while the column fails and not too many values have moved."""
    sums = CoreSums(xs, int(own.max_winsorised))
    state = replace(start, method="winsorised")
    while state.skewness != 0 and not own.passes(state.skewness, state.kurtosis):
        lowest, highest = state.lowest, state.highest
        if state.skewness > 0:
            highest = xs[np.searchsorted(xs, highest, "left") - 1]
        else:
            lowest = xs[np.searchsorted(xs, lowest, "right")]
        n_below = int(np.searchsorted(xs, lowest, "left"))
        n_above = len(xs) - int(np.searchsorted(xs, highest, "right"))
        if lowest >= highest or n_below + n_above > own.max_winsorised:
            break
        skew, kurt = sums.moments(lowest, highest)
        state = _Column("winsorised", n_below + n_above, lowest, highest, np.nan, skew, kurt)
    return state


def _apply(values: Floats, xs: Floats, column: _Column, skew: float) -> Floats:
    """The treated values: of the whole column, or of its values in order."""
    if column.method == "winsorised":
        return np.clip(values, column.lowest, column.highest)
    if column.method == "log":
        shift = LOG_SHIFT * (xs[-1] - xs[0])
        logs = np.log(values - xs[0] + shift) if skew > 0 else -np.log(xs[-1] - values + shift)
        return np.asarray(logs)
    if column.method == "boxcox":
        from scipy.special import boxcox

        return np.asarray(boxcox(values, column.exponent))
    return values


def _boxcox_exponent(xs: Floats) -> float:
    """The lambda that makes a column most nearly normal; NaN if a value is not positive."""
    from scipy.stats import boxcox_normmax

    return round(float(boxcox_normmax(xs, method="mle")), DIGITS) if xs[0] > 0 else np.nan
