"""Where imputed values come from: each function gives the panel with its gaps filled.

`panel` has the shape (n_rows, n_columns), NaN = missing; a gap without donor stays NaN. What stands
in the place of an observed value is of no account: `impute` keeps the observed one.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.methods._common import Bools, Floats, Rows, extremes

ROWS_AT_ONCE = 1000  # bounds the memory of the search for donors


def centre(panel: Floats, rows_of: Mapping[object, Rows], is_median: bool) -> Floats:
    """Mean or median of the group's observed values."""
    filled = np.full_like(panel, np.nan)
    for rows in rows_of.values():
        group = panel[rows]
        has_donor = ~np.isnan(group).all(axis=0)
        found = (np.nanmedian if is_median else np.nanmean)(group[:, has_donor], axis=0)
        filled[np.ix_(rows, has_donor)] = np.clip(found, *extremes(group[:, has_donor]))
    return filled


def carried(panel: Floats, units: Sequence[Rows], from_future: bool) -> Floats:
    """The unit's last earlier value; with `from_future`, else its next later one."""
    order, before, after = _seen(panel, units)
    history = panel[order]
    place = np.where((before < 0) & from_future, after, before)
    filled = np.empty_like(panel)
    filled[order] = np.where(place < 0, np.nan, np.take_along_axis(history, place, axis=0))
    return filled


def linear(panel: Floats, units: Sequence[Rows], time: Floats) -> Floats:
    """On the straight line between the unit's neighbouring observed values, never beyond them."""
    order, before, after = _seen(panel, units)
    history, when = panel[order], time[order]
    first, last = (np.take_along_axis(history, place, axis=0) for place in (before, after))
    is_inside = (before >= 0) & (before < after)
    span = np.where(is_inside, when[after] - when[before], 1)
    line = first + (when[:, None] - when[before]) / span * (last - first)
    line = np.clip(line, np.minimum(first, last), np.maximum(first, last))
    filled = panel.copy()
    filled[order] = np.where(is_inside, line, history)
    return filled


def _seen(panel: Floats, units: Sequence[Rows]) -> tuple[Rows, Rows, Rows]:
    """Rows by unit and time and, per cell, where the unit last and next has a value (-1: nowhere).

    Places count in the order of the first array, (n_rows,); the others are (n_rows, n_columns).
    """
    order = np.concatenate([*units, np.empty(0, dtype=np.intp)])
    n = len(order)
    lengths = np.array([len(rows) for rows in units], dtype=np.intp)
    last = np.repeat(np.cumsum(lengths), lengths)[:, None] - 1
    first = last - np.repeat(lengths, lengths)[:, None] + 1
    missing, here = np.isnan(panel[order]), np.arange(n)[:, None]
    before = np.maximum.accumulate(np.where(missing, -1, here), axis=0)
    after = np.minimum.accumulate(np.where(missing, n, here)[::-1], axis=0)[::-1]
    return order, np.where(before < first, -1, before), np.where(after > last, -1, after)


def _standardised(panel: Floats) -> tuple[Floats, Floats, Floats]:
    """Columns in standard deviations from their mean, with mean and deviation (0 if constant)."""
    mean, (lowest, highest) = np.nanmean(panel, axis=0), extremes(panel)
    sd = np.where(lowest < highest, np.nanstd(panel, axis=0), 0)
    return (panel - mean) / np.where(sd > 0, sd, 1), mean, sd


def nearest(panel: Floats, usable: Bools, n_neighbours: int) -> Floats:
    """Mean of the nearest rows that have the value; rows with nothing in common are no donors.

    `usable`, shape (n_columns,): the columns that are filled and measured by; none may be empty.
    """
    from sklearn.impute import KNNImputer

    filled = panel.copy()
    if usable.any():
        z, mean, sd = _standardised(panel[:, usable])
        found = KNNImputer(n_neighbors=n_neighbours).fit_transform(z) * sd + mean
        inside = np.clip(found, *extremes(panel[:, usable]))
        filled[:, usable] = np.where(_has_donor(z), inside, np.nan)
    return filled


def _has_donor(z: Floats) -> Bools:
    """Whether another row has the value and shares an observed column with the row."""
    seen = (~np.isnan(z)).astype(np.float32)
    found = np.zeros(z.shape, dtype=np.bool_)
    for start in range(0, len(z), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        is_near = (seen[part] @ seen.T > 0).astype(np.float32)
        found[part] = is_near @ seen > 0
    return found


def iterative(
    panel: Floats,
    usable: Bools,
    max_iterations: int,
    within_observed: bool,
    n_draws: int,
    seed: int,
) -> tuple[Floats, Floats, bool]:
    """Each column regressed on the others in turn: expected values, draws, whether they settled.

    A row with nothing observed, and a column with no other beside it, have no donor. `usable` as in
    `nearest`.
    """
    filled, draws, is_converged = panel.copy(), np.repeat(panel[None], n_draws, axis=0), True
    if usable.sum() > 1 and np.isnan(panel[:, usable]).any():
        z, mean, sd = _standardised(panel[:, usable])
        lowest, highest = extremes(panel[:, usable] if within_observed else panel[:0, usable])
        limits = tuple((end - mean) / np.where(sd > 0, sd, np.nan) for end in (lowest, highest))
        rows = ~np.isnan(z).all(axis=1)
        place = np.ix_(rows, usable)

        def restored(found: Floats) -> Floats:
            return np.fmax(lowest, np.fmin(highest, found * sd + mean))

        found, is_converged = _regressed(z[rows], max_iterations, limits, None)
        filled[place] = restored(found)
        for draw, state in enumerate(np.random.SeedSequence(seed).generate_state(n_draws)):
            found, _ = _regressed(z[rows], max_iterations, limits, int(state))
            draws[draw][place] = restored(found)
    return filled, draws, is_converged


def _regressed(
    z: Floats, max_iterations: int, limits: tuple[Floats, ...], seed: int | None
) -> tuple[Floats, bool]:
    """One run of the chained regressions; with a seed, values are drawn and not expected."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    imputer = IterativeImputer(
        sample_posterior=seed is not None,
        max_iter=max_iterations,
        min_value=np.nan_to_num(limits[0], nan=-np.inf),
        max_value=np.nan_to_num(limits[1], nan=np.inf),
        random_state=0 if seed is None else seed,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        found = imputer.fit_transform(z)
    return found, not any(issubclass(w.category, ConvergenceWarning) for w in caught)
