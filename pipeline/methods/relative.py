"""Aggregation of units by comparison with each other: Copeland and the benefit of the doubt."""

from __future__ import annotations

import numpy as np

from pipeline.methods._common import Names, as_table, checked_weights, refuse_columns
from pipeline.methods.means import TOLERANCE
from pipeline.methods.rank import round_half_away

BLOCK_CELLS = 100_000  # pairs of units held at a time: few enough for the processor's cache
DIGITS = 10  # decimals at which two values tie, as in `rank`


def copeland(
    x: np.ndarray,
    weights: np.ndarray,
    names: Names = None,
    lower: float = 0,
    upper: float = 100,
) -> np.ndarray:
    """Share of pairwise comparisons each unit wins, a tie counting half.

    Two units are compared over the columns both have. The one that is higher on the larger part
    of the weight of those columns wins; values equal to ten decimals favour nobody. The order of
    rows and columns plays no part. Time n² m, memory bounded.

    Args:
        x: shape (n_units, n_columns), higher is better, NaN is missing.
        weights: shape (n_columns,), relative.
        names: what messages call the columns.
        lower, upper: score of a unit that loses, or wins, every comparison. With -(n - 1) and
            n - 1 the score is wins minus losses, if every pair can be compared.

    Returns:
        Shape (n_units,); NaN for a unit that shares no column with another.

    Raises:
        ValueError: if a value is infinite, weights are not usable, or `lower` is not below `upper`.

    Source:
        Copeland (1951); Munda & Nardo (2009), doi:10.1080/00036840601019364 (outranking matrix).
    """
    x, weights = as_table(x, names), checked_weights(weights, names)
    if not lower < upper:
        raise ValueError(f"'lower' ({lower}) must be below 'upper' ({upper})")
    values = np.ascontiguousarray(round_half_away(x, DIGITS).T[weights > 0])
    relative = weights[weights > 0] / weights.max()
    is_present = (~np.isnan(values)).astype(np.float32)
    n = x.shape[0]
    balance, met = np.zeros(n), np.zeros(n)
    block = max(1, BLOCK_CELLS // max(n, 1))
    for start in range(0, n, block):
        rows = slice(start, start + block)
        margin = np.zeros((len(balance[rows]), n))
        for column, weight in zip(values, relative, strict=True):
            # A comparison with NaN is false both ways.
            margin += weight * (column[rows, None] > column)
            margin -= weight * (column[rows, None] < column)
        shares_any = is_present[:, rows].T @ is_present > 0
        won = np.sign(np.where(np.abs(margin) > TOLERANCE * relative.sum(), margin, 0))
        balance[rows] = won.sum(axis=1)
        met[rows] = shares_any.sum(axis=1) - shares_any.diagonal(start)  # not with itself
    with np.errstate(invalid="ignore", divide="ignore"):
        won_share = (1 + balance / met) / 2
    return lower + (upper - lower) * np.where(met > 0, won_share, np.nan)


def benefit_of_the_doubt(
    x: np.ndarray,
    lower: float | np.ndarray = 0.0,
    upper: float | np.ndarray = 1.0,
    scale: float = 100.0,
    names: Names = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Each unit under the weights that flatter it most, no unit scoring above 1 under them.

    One linear program per unit. A missing value takes no part: its weight is 0 for the unit that
    lacks it, and it adds nothing to a peer that lacks it. The order of rows and columns plays no
    part, to the last bit: the solver sees them in an order of their own.

    Args:
        x: shape (n_units, n_columns), 0 or more, higher is better, NaN is missing.
        lower, upper: bounds on the pie shares (the part of a unit's score that a column brings),
            one for all or shape (n_columns,), in [0, 1]. Where the upper bounds of the columns a
            unit has add to less than 1, they are raised in proportion until they do.
        scale: score of a unit on the frontier.
        names: what messages call the columns.

    Returns:
        Scores, shape (n_units,), in [0, scale], NaN for a unit without a value; and pie shares,
        shape (n_units, n_columns), rows adding to 1, NaN where the value is missing or the score 0.

    Raises:
        ValueError: if a value is negative or infinite, bounds cannot be met, or a value is 0 while
            shares are bounded (0 can take no share).

    Source:
        Cherchye, Moesen, Rogge & Van Puyenbroeck (2007), doi:10.1007/s11205-006-9029-7; missing
        outputs as zeros: Kuosmanen (2009), doi:10.1057/jors.2008.132.
    """
    x = as_table(x, names)
    low = np.broadcast_to(np.asarray(lower, dtype=np.float64), x.shape[1:])
    high = np.broadcast_to(np.asarray(upper, dtype=np.float64), x.shape[1:])
    _check_bounds(x, low, high, names)
    is_present = ~np.isnan(x)
    filled = np.where(is_present, x, 0)
    peaks = filled.max(axis=0, initial=0)
    outputs = filled / np.where(peaks > 0, peaks, 1)
    columns = np.lexsort((high, low, *np.sort(outputs, axis=0)))
    scores = np.where(is_present.any(axis=1), 0.0, np.nan)
    shares = np.full(x.shape, np.nan)
    for i in np.flatnonzero(outputs.any(axis=1)):
        own = columns[is_present[i, columns]]
        top = high[own] / min(1.0, high[own].sum())
        peers = np.unique(outputs[:, own], axis=0)
        weights = _best_weights(int(i), outputs[i, own], peers, low[own], top)
        pie = weights * outputs[i, own]
        # The solver keeps within a tolerance; the peer at the frontier stands at 1 exactly. The two
        # sums may differ in their last bit.
        scores[i] = scale * min(pie.sum() / (peers @ weights).max(), 1.0)
        shares[i, own] = pie / pie.sum()
    return scores, shares


def _check_bounds(x: np.ndarray, low: np.ndarray, high: np.ndarray, names: Names) -> None:
    if not ((low >= 0) & (low <= high) & (high <= 1)).all():
        raise ValueError("bounds on pie shares must satisfy 0 <= lower <= upper <= 1")
    if low.sum() > 1 + TOLERANCE or high.sum() < 1 - TOLERANCE:
        raise ValueError(
            "bounds on pie shares cannot be met: lower ones add to "
            f"{low.sum():g} (at most 1), upper ones to {high.sum():g} (at least 1)"
        )
    is_bounded = bool(low.any() or (high < 1).any())
    at_fault = x <= 0 if is_bounded else x < 0
    need = "above 0 when pie shares are bounded" if is_bounded else "of 0 or more"
    problem = f"has values that the benefit of the doubt cannot take: it needs values {need}"
    refuse_columns(at_fault.any(axis=0), names, problem)


def _best_weights(
    i: int, own: np.ndarray, peers: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Weights of unit i's program: maximise its output, no output above 1, shares in bounds."""
    from scipy.optimize import linprog

    if own.size == 1:  # one column brings the whole score, whatever the bounds
        return 1 / peers.max(axis=0)
    pies = np.diag(own)
    upper_rows = (pies - high[:, None] * own)[high < 1]
    lower_rows = (low[:, None] * own - pies)[low > 0]
    rows = np.vstack([peers, upper_rows, lower_rows])
    limits = np.concatenate([np.ones(len(peers)), np.zeros(len(upper_rows) + len(lower_rows))])
    found = linprog(-own, A_ub=rows, b_ub=limits, bounds=(0, None), method="highs")
    if not found.success:
        raise ValueError(f"no weights found for unit {i}: {found.message}")
    return np.maximum(found.x, 0)
