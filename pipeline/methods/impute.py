"""Fill missing values, and say of every cell whether it was filled and, if not, why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.methods import _donors as donors
from pipeline.methods._common import Bools, Floats, Rows, as_panel, rows_of_groups

REASONS = ("", "not_asked", "no_donor", "too_few_donors")
NO_LINKS: Rows = np.empty((0, 3), dtype=np.intp)
METHODS = ("none", "mean", "median", "carried", "linear", "knn", "iterative")


@dataclass(frozen=True)
class Imputed:
    """A panel with its gaps filled, shape (n_units, n_columns) each.

    `reason` is '' for a cell that has a value; else 'not_asked' (method none), 'no_donor' (nothing
    the value could be taken from) or 'too_few_donors' (the column would be imputed to more
    than `max_share`). `draws`, shape (n_draws, n_units, n_columns), are equally plausible panels:
    the observed values are the same in each. `is_converged` is False if the iterations of
    method iterative ended before the values settled.
    """

    values: Floats
    is_imputed: Bools
    cause: NDArray[np.int8]  # number of the reason in `REASONS`
    draws: Floats
    is_converged: bool
    is_used: Bools
    links: Rows

    @property
    def reason(self) -> NDArray[np.str_]:
        """Why each cell is still missing, shape (n_units, n_columns)."""
        return np.array(REASONS)[self.cause]


def impute(
    x: ArrayLike,
    method: str = "none",
    *,
    groups: Iterable[object] | None = None,
    units: Iterable[object] | None = None,
    time: ArrayLike | None = None,
    from_future: bool = False,
    n_neighbours: int = 5,
    max_iterations: int = 20,
    within_observed: bool = True,
    n_draws: int = 0,
    seed: int = 0,
    max_share: float = 0.5,
    names: Sequence[str] | None = None,
) -> Imputed:
    """Fill the missing values of a panel; known values are never changed.

    Args:
        x: shape (n_units, n_columns), NaN = missing, any unit.
        method: 'none'; 'mean' or 'median' of the column (within `groups`); 'carried' (the unit's
            last earlier value); 'linear' in time (inside the span the unit has observed);
            'knn' (mean of the nearest units, distances on standardised columns); 'iterative'
            (Bayesian ridge regression of each column on the others, in turn).
        groups: mean, median: one label per row; donors are the rows of the same label.
        units: carried, linear: one label per row; rows of the same label are one unit over time.
        time: carried, linear: shape (n_units,), e.g. years; once per unit.
        from_future: carried: where there is no earlier value, take the next later one.
        n_neighbours: knn: at most so many donors, fewer if fewer have the value.
        max_iterations: iterative: rounds over all columns.
        within_observed: iterative: no imputed value lies outside the column's observed range.
        n_draws: iterative: number of panels drawn from the predictive distribution.
        seed: iterative: seed of the draws; the same seed gives the same numbers.
        max_share: a column is imputed only if at most this share of the values it would then
            have is imputed; in [0, 1].
        names: one per column, for messages only.

    Returns:
        `Imputed`.

    Raises:
        ValueError: for an infinite value, an unknown method, labels or times that are missing,
            do not fit or repeat within a unit, draws from a method that has none, or a
            number outside its range.

    Source:
        OECD/JRC Handbook (2008), step on missing data, doi:10.1787/9789264043466-en; Troyanskaya
        et al. (2001), doi:10.1093/bioinformatics/17.6.520 (nearest neighbours); van Buuren &
        Groothuis-Oudshoorn (2011), doi:10.18637/jss.v045.i03 (chained equations)
    """
    panel = as_panel(x, names)
    _refuse_numbers(method, n_neighbours, max_iterations, n_draws, max_share)
    missing = np.isnan(panel)
    draws, is_converged, links = np.empty((0, *panel.shape)), True, NO_LINKS
    is_used = np.zeros(panel.shape[1], dtype=np.bool_)
    if method in ("knn", "iterative"):
        is_known = ~missing.all(axis=0)
        is_refused = _share(missing, missing & is_known) > max_share
        is_used = is_known & ~is_refused
        if method == "knn":
            filled, links = donors.nearest(panel, is_used, n_neighbours)
        else:
            filled, draws, is_converged = donors.iterative(
                panel, is_used, max_iterations, within_observed, n_draws, seed
            )
        could_be = missing & (is_refused | ~np.isnan(filled))
    else:
        filled, links = _by_rule(panel, method, groups, units, time, from_future)
        could_be = missing & ~np.isnan(filled)
        is_refused = _share(missing, could_be) > max_share
    is_imputed = could_be & ~is_refused
    cause = np.where(missing, np.int8(1 if method == "none" else 2), np.int8(0))
    cause[could_be] = 3
    cause[is_imputed] = 0
    values = np.where(is_imputed, filled, panel)
    drawn = np.where(is_imputed, draws, panel)
    links = links[is_imputed[links[:, 0], links[:, 1]]]
    return Imputed(values, is_imputed, cause, drawn, is_converged, is_used, links)


def _by_rule(
    panel: Floats,
    method: str,
    groups: Iterable[object] | None,
    units: Iterable[object] | None,
    time: ArrayLike | None,
    from_future: bool,
) -> tuple[Floats, Rows]:
    """The panel filled by a method that takes each value from its own column only, and links."""
    if method in ("mean", "median"):
        rows_of = rows_of_groups(groups, len(panel))
        return donors.centre(panel, rows_of, method == "median"), NO_LINKS
    if method == "carried":
        return donors.carried(panel, _unit_rows(units, time, len(panel))[0], from_future)
    if method == "linear":
        return donors.linear(panel, *_unit_rows(units, time, len(panel)))
    return panel, NO_LINKS


def _refuse_numbers(
    method: str, n_neighbours: int, max_iterations: int, n_draws: int, max_share: float
) -> None:
    """Refuse an unknown method and numbers outside their range."""
    if method not in METHODS:
        raise ValueError(f"method '{method}' is unknown; it may be {', '.join(METHODS)}")
    if n_neighbours < 1:
        raise ValueError(f"n_neighbours must be at least 1, not {n_neighbours}")
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, not {max_iterations}")
    if n_draws < 0 or (n_draws > 0 and method != "iterative"):
        raise ValueError(f"method '{method}' has no {n_draws} draws; only 'iterative' has draws")
    if not 0 <= max_share <= 1:
        raise ValueError(f"max_share must be between 0 and 1, not {max_share}")


def _unit_rows(
    units: Iterable[object] | None, time: ArrayLike | None, n_rows: int
) -> tuple[list[Rows], Floats]:
    """The rows of each unit in the order of time, and the times."""
    if units is None or time is None:
        raise ValueError("imputation over time needs `units` and `time`, one per row")
    times = np.asarray(time, dtype=np.float64)
    if times.shape != (n_rows,) or not np.isfinite(times).all():
        raise ValueError(f"time must be one finite number for each of {n_rows} rows")
    found = []
    for unit, rows in rows_of_groups(units, n_rows).items():
        in_order = rows[np.argsort(times[rows], kind="stable")]
        if (np.diff(times[in_order]) == 0).any():
            raise ValueError(f"unit {unit!r} has the same time twice")
        found.append(in_order)
    return found, times


def _share(missing: Bools, is_filled: Bools) -> Floats:
    """Share of imputed among the values each column would have, shape (n_columns,)."""
    n_imputed = is_filled.sum(axis=0)
    return np.asarray(n_imputed / np.maximum(n_imputed + (~missing).sum(axis=0), 1))
