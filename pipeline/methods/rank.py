"""Competition ranks from unrounded scores, with a stated tolerance for ties."""

from __future__ import annotations

import numpy as np


def round_half_away(values: np.ndarray, digits: int) -> np.ndarray:
    """Round as SQL does: halves away from zero, values too large to scale left as they are.

    Args:
        values: any shape; NaN stays NaN.
        digits: decimals kept, 0 to 300.

    Returns:
        Same shape, float64.
    """
    factor = 10.0**digits
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.asarray(values, dtype=np.float64) * factor
        whole = np.trunc(scaled)
        whole += np.copysign(np.abs(scaled - whole) >= 0.5, scaled)
        rounded = whole / factor
    return np.where(np.isfinite(scaled), rounded, values)


def rank(scores: np.ndarray, digits: int = 10, groups: np.ndarray | None = None) -> np.ndarray:
    """Ranks of units, 1 for the highest score.

    Args:
        scores: shape (n_units,), any unit, higher is better; NaN is missing.
        digits: scores that are equal after rounding to so many decimals share the better rank
            (5.1 and 5.1000000000000005 are one score), 0 to 300. Nothing else is rounded.
        groups: shape (n_units,), labels that can be sorted, such as editions; units are ranked
            within their group. None: all units are one group.

    Returns:
        Shape (n_units,), int64. After a tie of k units the next rank is k further on (1, 1, 3).
        A missing score has rank 0 and takes no place.

    Raises:
        ValueError: if a score is infinite, `digits` is out of range, or shapes do not fit.

    Source:
        Standard competition ranking; OECD/JRC Handbook on Constructing Composite Indicators
        (2008), step 10.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 1:
        raise ValueError(f"expected one score per unit, got shape {scores.shape}")
    if np.isinf(scores).any():
        raise ValueError(
            f"the score of unit {int(np.flatnonzero(np.isinf(scores))[0])} is infinite"
        )
    if not 0 <= digits <= 300:
        raise ValueError(f"digits must be between 0 and 300, not {digits}")
    if groups is not None and np.shape(groups) != scores.shape:
        raise ValueError(f"{np.size(groups)} groups for {scores.size} scores")
    ranks = np.zeros(scores.size, dtype=np.int64)
    scored = np.flatnonzero(~np.isnan(scores))
    if scored.size == 0:
        return ranks
    rounded = round_half_away(scores[scored], digits)
    if groups is None:
        order = np.argsort(-rounded)
        ranks[scored[order]] = _first_alike(rounded[order]) + 1
        return ranks
    group = np.unique(np.asarray(groups)[scored], return_inverse=True)[1]
    order = np.lexsort((-rounded, group))
    opens_group = _first_alike(group[order])
    first_of_tie = np.maximum(_first_alike(rounded[order]), opens_group)
    ranks[scored[order]] = first_of_tie - opens_group + 1
    return ranks


def _first_alike(ordered: np.ndarray) -> np.ndarray:
    """For each place of an ordered column, the first place of the run of equal values it is in."""
    opens = np.empty(ordered.size, dtype=bool)
    opens[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=opens[1:])
    return np.asarray(np.maximum.accumulate(np.where(opens, np.arange(ordered.size), 0)))
