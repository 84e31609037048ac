"""Where imputed values come from: each function gives the panel with its gaps filled.

`panel` has the shape (n_rows, n_columns), NaN = missing; a gap without donor stays NaN. What stands
in the place of an observed value is of no account: `impute` keeps the observed one. Links, shape
(n_links, 3), say which row gave to which cell: row, column, donor row.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.methods._common import Bools, Floats, Rows, extremes

ROWS_AT_ONCE = 250  # bounds the memory of the search for donors


def centre(panel: Floats, rows_of: Mapping[object, Rows], is_median: bool) -> Floats:
    """Mean or median of the group's observed values."""
    filled = np.full_like(panel, np.nan)
    for rows in rows_of.values():
        group = panel[rows]
        has_donor = ~np.isnan(group).all(axis=0)
        found = (np.nanmedian if is_median else np.nanmean)(group[:, has_donor], axis=0)
        filled[np.ix_(rows, has_donor)] = np.clip(found, *extremes(group[:, has_donor]))
    return filled


def carried(panel: Floats, units: Sequence[Rows], from_future: bool) -> tuple[Floats, Rows]:
    """The unit's last earlier value; with `from_future`, else its next later one. Also links."""
    order, before, after = _seen(panel, units)
    history = panel[order]
    place = np.where((before < 0) & from_future, after, before)
    filled = np.empty_like(panel)
    filled[order] = np.where(place < 0, np.nan, np.take_along_axis(history, place, axis=0))
    return filled, _links(order, np.isnan(history) & (place >= 0), place)


def linear(panel: Floats, units: Sequence[Rows], time: Floats) -> tuple[Floats, Rows]:
    """On the line between the unit's neighbouring observed values, never beyond. Also links."""
    order, before, after = _seen(panel, units)
    history, when = panel[order], time[order]
    first, last = (np.take_along_axis(history, place, axis=0) for place in (before, after))
    is_inside = (before >= 0) & (before < after)
    span = np.where(is_inside, when[after] - when[before], 1)
    line = first + (when[:, None] - when[before]) / span * (last - first)
    line = np.clip(line, np.minimum(first, last), np.maximum(first, last))
    filled = panel.copy()
    filled[order] = np.where(is_inside, line, history)
    return filled, _links(order, is_inside, before, after)


def _links(order: Rows, is_filled: Bools, *places: Rows) -> Rows:
    """The links of cells in the order of units and time to the places they were filled out of."""
    rows, columns = np.nonzero(is_filled)
    found = [np.column_stack((order[rows], columns, order[p[rows, columns]])) for p in places]
    return np.concatenate(found)


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


def nearest(panel: Floats, usable: Bools, n_neighbours: int) -> tuple[Floats, Rows]:
    """Mean of the nearest rows that have the value; rows with nothing in common are no donors.

    Distances equal to ten decimals are equal; of equals the upper rows are taken. `usable`, shape
    (n_columns,): the columns that are filled and measured by; none may be empty. Also links.
    """
    from sklearn.metrics.pairwise import nan_euclidean_distances

    filled, links = panel.copy(), [np.empty((0, 3), dtype=np.intp)]
    columns = np.flatnonzero(usable)
    if not len(columns):
        return filled, links[0]
    z = _standardised(panel[:, columns])[0]
    lowest, highest = extremes(panel)
    missing = np.isnan(panel)
    for start in range(0, len(panel), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        distances = np.round(nan_euclidean_distances(z[part], z), 10)
        for column in columns[missing[part][:, columns].any(axis=0)]:
            rows = np.flatnonzero(missing[part, column])
            donors = np.flatnonzero(~missing[:, column])
            is_donor = _lowest(distances[np.ix_(rows, donors)], n_neighbours)
            n_given = is_donor.sum(axis=1)
            total = np.where(is_donor, panel[donors, column], 0).sum(axis=1)
            mean = total / np.where(n_given, n_given, np.nan)
            filled[start + rows, column] = np.clip(mean, lowest[column], highest[column])
            taker, giver = np.nonzero(is_donor)
            cells = (start + rows[taker], np.full_like(taker, column), donors[giver])
            links.append(np.column_stack(cells))
    return filled, np.concatenate(links)


def _lowest(distances: Floats, n: int) -> Bools:
    """Marks the n lowest of each row, fewer if fewer are not NaN; of equals the first."""
    n = min(n, distances.shape[1])
    last = np.partition(distances, n - 1, axis=1)[:, n - 1 : n]
    last = np.where(np.isnan(last), np.inf, last)
    is_less, is_last = distances < last, distances == last
    still = n - is_less.sum(axis=1, keepdims=True)
    return is_less | (is_last & (is_last.cumsum(axis=1) <= still))


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
    `nearest`. On one thread, for the last bit of a sum may change with their number.
    """
    from threadpoolctl import threadpool_limits

    filled, draws, is_converged = panel.copy(), np.repeat(panel[None], n_draws, axis=0), True
    if usable.sum() > 1 and np.isnan(panel[:, usable]).any():
        z, mean, sd = _standardised(panel[:, usable])
        lowest, highest = extremes(panel[:, usable] if within_observed else panel[:0, usable])
        limits = tuple((end - mean) / np.where(sd > 0, sd, np.nan) for end in (lowest, highest))
        rows = ~np.isnan(z).all(axis=1)
        place = np.ix_(rows, usable)

        def restored(found: Floats) -> Floats:
            return np.fmax(lowest, np.fmin(highest, found * sd + mean))

        with threadpool_limits(1):
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
