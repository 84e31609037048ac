"""What many draws say of a rank: intervals, probabilities, and who cannot be told from whom.

Ranks have shape (n_units, n_draws), 1 is best, 0 is missing in that draw; scores the same shape,
NaN is missing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

THREADS = 2
ENOUGH = 2**18  # scores that are worth a thread


class RankSummary(NamedTuple):
    """Ranks over draws, shape (n_units,) each but `distribution`; NaN or 0 where never ranked.

    Attributes:
        low, median, high: ranks, int64, 0 for a unit that no draw ranks. The interval holds at
            least the share `level` of the draws in which the unit is ranked.
        mean, sd: of the ranks.
        share_ranked: share of the draws in which the unit is ranked.
        distribution: shape (n_units, n_units), share of those draws that give rank 1, 2, ….
    """

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    share_ranked: np.ndarray
    distribution: np.ndarray

    def share_within(self, k: int) -> np.ndarray:
        """Share of the draws with a rank of `k` or better, shape (n_units,)."""
        return np.minimum(self.distribution[:, :k].sum(axis=1), 1)  # sums of shares may overshoot


class ScoreSummary(NamedTuple):
    """Scores over draws, shape (n_units,) each, NaN for a unit without a score in any draw."""

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def _tails(level: float) -> tuple[float, float]:
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    return (1 - level) / 2, (1 + level) / 2


def summarise_ranks(ranks: np.ndarray, level: float = 0.9) -> RankSummary:
    """Rank intervals from the distribution of ranks, counted exactly.

    Args:
        ranks: shape (n_units, n_draws), integers, 0 is missing.
        level: share of the draws that the interval holds, in (0, 1).

    Returns:
        A `RankSummary`. Quantiles are ranks that occur: the least whose share of draws, it and
        better ones, reaches the probability.

    Raises:
        ValueError: if `level` is outside (0, 1).

    Source:
        Saisana, Saltelli & Tarantola (2005), doi:10.1111/j.1467-985X.2005.00350.x
    """
    low, high = _tails(level)
    n_units, n_draws = ranks.shape
    counts = np.vstack([np.bincount(row, minlength=n_units + 1) for row in ranks])[:, 1:]
    ranked = counts.sum(axis=1)
    safe = np.maximum(ranked, 1)
    distribution = counts / safe[:, None]
    places = np.arange(1, n_units + 1)
    reached = np.cumsum(counts, axis=1)

    def at(probability: float) -> np.ndarray:
        # A probability met to nine decimals is met, whatever the last bit says.
        found = np.argmax(reached >= (probability * safe - 1e-9 * safe)[:, None], axis=1) + 1
        return np.where(ranked > 0, found, 0)

    mean = distribution @ places
    sd = np.sqrt(np.maximum(distribution @ places**2 - mean**2, 0))
    never = ranked == 0
    return RankSummary(
        at(low), at(0.5), at(high), np.where(never, np.nan, mean), np.where(never, np.nan, sd),
        ranked / n_draws, distribution,
    )  # fmt: skip


def summarise_scores(scores: np.ndarray, level: float = 0.9) -> ScoreSummary:
    """Quantiles, mean and standard deviation of the scores of each unit.

    Args:
        scores: shape (n_units, n_draws), NaN is missing and left out.
        level: share of the draws between `low` and `high`, in (0, 1).

    Returns:
        A `ScoreSummary`; quantiles interpolate between draws.

    Raises:
        ValueError: if `level` is outside (0, 1).
    """
    low, high = _tails(level)
    table = np.full((len(scores), 5), np.nan)

    def describe(first: int) -> None:
        for i in range(first, len(scores), THREADS):
            table[i] = _describe(scores[i], low, high)

    if scores.size < ENOUGH:
        for first in range(THREADS):
            describe(first)
    else:
        with ThreadPoolExecutor(THREADS) as pool:  # numpy sorts without the interpreter's lock
            list(pool.map(describe, range(THREADS)))
    return ScoreSummary(*table.T)


def _describe(row: np.ndarray, low: float, high: float) -> np.ndarray:
    """Low, median, high, mean and standard deviation of one unit."""
    ordered = np.sort(row[~np.isnan(row)])  # faster than selecting some places
    if ordered.size == 0:
        return np.full(5, np.nan)
    places = np.array([low, 0.5, high]) * (ordered.size - 1)
    before = places.astype(np.int64)
    after = np.minimum(before + 1, ordered.size - 1)
    quantiles = ordered[before] + (places - before) * (ordered[after] - ordered[before])
    first = float(ordered[0])
    above = ordered.astype(np.float64) - first  # a score that never changes has no spread at all
    mean = above.mean()
    sd = np.sqrt(max(np.square(above).mean() - mean**2, 0.0))
    return np.array([*quantiles, first + mean, sd])


def share_above(ranks: np.ndarray) -> np.ndarray:
    """How often each unit is ahead of each other.

    Args:
        ranks: shape (n_units, n_draws), integers, 0 is missing.

    Returns:
        Shape (n_units, n_units): among the draws that rank both, the share in which the unit of
        the row has the better rank, a tie counting half; NaN on the diagonal and for pairs never
        ranked together. The two halves add to 1.
    """
    n_units, n_draws = ranks.shape
    is_complete = bool((ranks > 0).all())
    above = np.full((n_units, n_units), np.nan)
    for a in range(n_units):
        for b in range(a + 1, n_units):
            first, second = ranks[a], ranks[b]
            if not is_complete:
                both = (first > 0) & (second > 0)
                first, second = first[both], second[both]
            n = first.size if not is_complete else n_draws
            if n == 0:
                continue
            won = np.count_nonzero(first < second)
            tied = np.count_nonzero(first == second)
            above[a, b] = (won + tied / 2) / n
            above[b, a] = 1 - above[a, b]
    return above


def groups_alike(above: np.ndarray, order: np.ndarray, level: float = 0.9) -> np.ndarray:
    """For each unit the run of the ranking in which nobody can be told apart.

    Two units can be told apart if one is ahead of the other in more than (1 + level) / 2 of the
    draws. From each unit the run goes down the ranking as long as no pair in it can be told apart;
    runs inside another run are left out.

    Args:
        above: shape (n_units, n_units), from `share_above`.
        order: shape (n_ranked,), units by their published rank, best first.
        level: in (0, 1).

    Returns:
        Shape (n_groups, 2): first and last position in `order` (counted from 0) of each run of two
        or more.

    Raises:
        ValueError: if `level` is outside (0, 1).
    """
    limit = _tails(level)[1]
    table = above[np.ix_(order, order)]
    # A pair never ranked together cannot be told apart.
    is_apart = np.nan_to_num(np.maximum(table, table.T), nan=0.0) > limit
    runs: list[tuple[int, int]] = []
    last = 0
    for first in range(len(order)):
        last = max(last, first)
        while last + 1 < len(order) and not is_apart[first : last + 1, last + 1].any():
            last += 1
        if last > first and (not runs or last > runs[-1][1]):
            runs.append((first, last))
    return np.array(runs, dtype=np.int64).reshape(-1, 2)


def convergence(
    ranks: np.ndarray, sizes: np.ndarray, level: float = 0.9
) -> tuple[np.ndarray, np.ndarray]:
    """How the intervals settle as draws are added, in the order of the draws.

    Args:
        ranks: shape (n_units, n_draws).
        sizes: numbers of draws to stop at, ascending, at most n_draws.
        level: in (0, 1).

    Returns:
        For each size the mean width of the intervals (high - low), and the largest difference of
        any end from that with all draws; NaN if nobody is ranked.
    """
    whole = summarise_ranks(ranks, level)
    is_ranked = whole.low > 0
    widths, gaps = np.full(len(sizes), np.nan), np.full(len(sizes), np.nan)
    for i, size in enumerate(sizes):
        part = summarise_ranks(ranks[:, :size], level)
        if is_ranked.any():
            widths[i] = (part.high - part.low)[is_ranked].mean()
            moved = np.maximum(abs(part.low - whole.low), abs(part.high - whole.high))
            gaps[i] = moved[is_ranked].max()
    return widths, gaps
