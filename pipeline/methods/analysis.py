"""Reading results: who is strong where, what moves a rank, and what changed.

Scores have shape (n_units,) or (n_units, n_columns), higher is better, NaN is missing, and inputs
are never changed. Rank 1 is best; scores equal to `DECIMALS` decimals are one score and share the
better rank, as in the step `ranked`. -1 in an array of positions means that there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.methods.rank import rank, round_half_away
from pipeline.methods.statistics import as_matrix, correlate, describe

DECIMALS = 10
REFERENCES = ("difference", "rank")


class Profile(NamedTuple):
    """Columns of each unit, shape (n_units, top), best and worst first; and what decided."""

    strengths: np.ndarray
    weaknesses: np.ndarray
    margin: np.ndarray


class Removal(NamedTuple):
    """Results with all columns, and one row per column left out."""

    scores: np.ndarray
    ranks: np.ndarray
    shifts: np.ndarray
    mean_absolute_shift: np.ndarray
    base_scores: np.ndarray
    base_ranks: np.ndarray


class Comparison(NamedTuple):
    """Two sets of scores of the same units: per unit, then over the `n` units that have both."""

    score_difference: np.ndarray
    ranks_a: np.ndarray
    ranks_b: np.ndarray
    rank_difference: np.ndarray
    largest_movers: np.ndarray
    n: int
    spearman: float
    kendall: float
    mean_absolute_shift: float


class Contributions(NamedTuple):
    """Parts of a weighted mean, the share of weight each part had, and the mean itself."""

    contribution: np.ndarray
    effective_weight: np.ndarray
    score: np.ndarray


def strengths_weaknesses(
    scores: np.ndarray, peers: np.ndarray | None = None, top: int = 5, by: str = "difference"
) -> Profile:
    """The columns in which each unit is furthest above and below its peers.

    Args:
        scores: shape (n_units, n_columns), on one scale and turned so that higher is better.
        peers: which units to compare with: shape (n_units,) for one group for all, or
            (n_units, n_units), row p the peers of unit p; None for all units.
        top: at most so many strengths, and as many weaknesses.
        by: `difference` from the mean of the peers that have a score, or `rank`: (peers below -
            peers above) / peers with a score, other than the unit itself, in [-1, 1].

    Returns:
        Column numbers, filled up with -1, and the margin, shape (n_units, n_columns), NaN where
        the unit or all peers are missing. A strength has a margin above 0 and a weakness one below
        0, so no column is both; equal margins go by column number.

    Raises:
        ValueError: if `scores` is not a finite matrix, `peers` has another shape or is not boolean,
            `top` is below 1, or `by` is unknown.
    """
    values = as_matrix(scores)
    n_units, n_columns = values.shape
    if by not in REFERENCES:
        raise ValueError(f"unknown reference '{by}'; choose from {', '.join(REFERENCES)}")
    if top < 1:
        raise ValueError(f"top must be at least 1, not {top}")
    compare_with = np.asarray(True if peers is None else peers)
    if compare_with.dtype != bool or compare_with.shape not in ((), (n_units,), (n_units, n_units)):
        raise ValueError(f"peers must be true or false, by unit or unit by unit ({n_units} units)")
    if compare_with.ndim == 2:
        fields = [(slice(unit, unit + 1), group) for unit, group in enumerate(compare_with)]
    else:
        fields = [(slice(None), np.broadcast_to(compare_with, n_units))]
    measure = _above_mean if by == "difference" else _above_peers
    margin = np.vstack([measure(values, units, group) for units, group in fields])
    width = min(top, n_columns)
    listed = []
    for gain in (_settle(margin), -_settle(margin)):
        key = np.where(gain > 0, -gain, np.inf)
        order = np.argsort(key, axis=1, kind="stable")[:, :width]
        chosen = np.where(np.take_along_axis(key, order, axis=1) < np.inf, order, -1)
        listed.append(np.pad(chosen, ((0, 0), (0, top - width)), constant_values=-1))
    return Profile(listed[0], listed[1], margin)


def _above_mean(values: np.ndarray, units: slice, group: np.ndarray) -> np.ndarray:
    return values[units] - _mean(values[group])


def _above_peers(values: np.ndarray, units: slice, group: np.ndarray) -> np.ndarray:
    """Peers below minus peers above, over the peers with a score, of the units asked for."""
    columns = []
    for column in _settle(values).T:
        field = np.sort(column[group & ~np.isnan(column)])
        below = np.searchsorted(field, column[units], side="left")
        above = field.size - np.searchsorted(field, column[units], side="right")
        others = field.size - group[units]
        usable = (others > 0) & ~np.isnan(column[units])
        columns.append(np.where(usable, (below - above) / np.maximum(others, 1), np.nan))
    return np.column_stack(columns)


def _mean(values: np.ndarray) -> np.ndarray:
    """Column means of what is there; NaN where nothing is."""
    n = np.count_nonzero(~np.isnan(values), axis=0)
    return np.where(n > 0, np.nansum(values, axis=0) / np.maximum(n, 1), np.nan)


def _settle(values: np.ndarray) -> np.ndarray:
    """Values as `rank` compares them; -0 becomes 0."""
    return round_half_away(values, DECIMALS) + 0.0


def _rank(scores: np.ndarray) -> np.ndarray:
    """Rank of each score, shape (n,), as float64; NaN for a missing one."""
    ranks = rank(scores, DECIMALS)
    return np.where(ranks > 0, ranks, np.nan)


def remove_one(make: Callable[[np.ndarray], np.ndarray], n_columns: int) -> Removal:
    """What the ranking owes to each column: rank again without it.

    Args:
        make: takes a mask of shape (n_columns,), true for the columns (indicators, or nodes of any
            level) that stay, and returns scores of shape (n_units,), NaN for a unit not scored.
        n_columns: how many columns there are to leave out, at least 2.

    Returns:
        `scores`, `ranks` and `shifts` of shape (n_columns, n_units), row j without column j; `base`
        for all columns. A shift is the rank without minus the rank with, both among the units
        scored in both runs: a unit that drops out moves nobody. Its absolute mean is over those
        units, NaN if there are none.

    Raises:
        ValueError: if there is only one column, or `make` returns another number of units.

    Source:
        Paruolo, Saisana & Saltelli (2013), doi:10.1111/j.1467-985X.2012.01059.x
    """
    if n_columns < 2:
        raise ValueError("leaving one column out needs at least 2 columns")
    base = _as_scores(make(np.ones(n_columns, dtype=bool)))
    runs = [_as_scores(make(np.arange(n_columns) != column)) for column in range(n_columns)]
    against = [compare(base, run) for run in runs]
    return Removal(
        scores=np.vstack(runs),
        ranks=np.vstack([_rank(run) for run in runs]),
        shifts=np.vstack([found.rank_difference for found in against]),
        mean_absolute_shift=np.array([found.mean_absolute_shift for found in against]),
        base_scores=base,
        base_ranks=_rank(base),
    )


def _as_scores(scores: np.ndarray) -> np.ndarray:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 1 or np.isinf(values).any():
        raise ValueError(f"expected one finite score per unit, not shape {values.shape}")
    return values


def compare(a: np.ndarray, b: np.ndarray, top: int = 5) -> Comparison:
    """Two specifications of one index, or two indices of the same units.

    Args:
        a: scores, shape (n_units,).
        b: scores of the same units in the same order.
        top: how many of the largest movers to name.

    Returns:
        Differences are b minus a, so a negative rank difference is a climb. Ranks, correlations
        (Spearman, Kendall tau-b) and the mean absolute rank shift are among the `n` units with both
        scores, NaN for the others. `largest_movers`: positions of at most `top` units by absolute
        rank difference, then by position; filled up with -1; nobody who stayed.

    Raises:
        ValueError: if `a` or `b` is not a finite vector, lengths differ, or `top` is below 0.
    """
    first, second = _as_scores(a), _as_scores(b)
    if first.shape != second.shape:
        raise ValueError(f"{first.size} scores cannot be compared with {second.size}")
    if top < 0:
        raise ValueError(f"top must not be negative, it is {top}")
    difference = second - first
    both = ~np.isnan(difference)
    ranks_a, ranks_b = _rank(np.where(both, first, np.nan)), _rank(np.where(both, second, np.nan))
    moved = ranks_b - ranks_a
    size = np.nan_to_num(np.abs(moved))
    order = np.argsort(-size, kind="stable")[:top]
    movers = np.full(top, -1)
    movers[: order.size] = np.where(size[order] > 0, order, -1)
    settled = _settle(np.column_stack((first, second))[both])
    rho, tau = (
        correlate(settled, method).r[0, 1] if len(settled) else np.nan
        for method in ("spearman", "kendall")
    )
    n = int(both.sum())
    mean_shift = float(size[both].mean()) if n else np.nan
    return Comparison(
        difference, ranks_a, ranks_b, moved, movers, n, float(rho), float(tau), mean_shift
    )


def contributions(x: np.ndarray, weights: np.ndarray) -> Contributions:
    """What each column adds to a weighted mean.

    Args:
        x: shape (n_units, n_columns), normalised scores.
        weights: shape (n_columns,), not negative; relative, any sum above 0.

    Returns:
        `effective_weight`: the weight over the sum of the weights of what the unit has, NaN where
        a value is missing. `contribution`: effective weight times value, in points of the score.
        `score`: the sum of the contributions; NaN if the unit has no value with weight.

    Raises:
        ValueError: if `x` is not a finite matrix, or the weights have another length, are
            negative, not finite or all 0.
    """
    values = as_matrix(x)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (values.shape[1],):
        raise ValueError(f"{values.shape[1]} columns need as many weights, not {given.shape}")
    if not (np.isfinite(given).all() and (given >= 0).all() and given.sum() > 0):
        raise ValueError("weights must be finite and not negative, and one at least above 0")
    present = np.where(np.isnan(values), np.nan, given)
    total = np.nansum(present, axis=1, keepdims=True)
    effective = present / np.where(total > 0, total, np.nan)
    parts = effective * values
    score = np.where(total[:, 0] > 0, np.nansum(parts, axis=1), np.nan)
    return Contributions(parts, effective, score)


def unit_summary(
    scores: np.ndarray, unit: int, peers: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Where one unit stands in every column: the table of a profile page.

    Args:
        scores: shape (n_units, n_columns), indicators or nodes, higher is better.
        unit: position of the unit.
        peers: boolean mask of shape (n_units,), the field to rank in, the unit included whatever
            the mask says; None for all units.

    Returns:
        Arrays of shape (n_columns,): `score`; `rank` among the field and `ranked`, how many have a
        score there; `mean`, `median`, `min` and `max` of the field; `difference` from its mean.
        NaN where the unit or, for the field's numbers, everyone is missing.

    Raises:
        ValueError: if `scores` is not a finite matrix, there is no such unit, or the mask does not
            fit.
    """
    values = as_matrix(scores)
    n_units = len(values)
    if not 0 <= unit < n_units:
        raise ValueError(f"there is no unit {unit} among {n_units} (counted from 0)")
    member = np.ones(n_units, dtype=bool) if peers is None else np.array(peers)
    if member.dtype != bool or member.shape != (n_units,):
        raise ValueError(f"peers must be {n_units} values true or false")
    member[unit] = True
    field = describe(values[member])
    ranks = np.column_stack([_rank(np.where(member, column, np.nan)) for column in values.T])
    found = {"score": values[unit].copy(), "rank": ranks[unit], "ranked": field["n"]}
    found |= {name: field[name] for name in ("mean", "median", "min", "max")}
    return found | {"difference": values[unit] - field["mean"]}
