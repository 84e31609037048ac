"""What many draws say of a rank: intervals and probabilities.

Ranks have shape (n_units, n_draws), 1 is best, 0 is missing in that draw; scores the same shape,
NaN is missing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

THREADS = 2
ENOUGH = 2**18  # scores that are worth a thread
CELLS_AT_ONCE = 2**20  # units times draws of which the ranks that occur are found together
MANY_UNITS = 300  # above it no table has a row and a column per unit


class RankSummary(NamedTuple):
    """Ranks over draws, shape (n_units,) each but `distribution`; NaN or 0 where never ranked.

    Attributes:
        low, median, high: ranks, int64, 0 for a unit that no draw ranks. The interval holds at
            least the share `level` of the draws in which the unit is ranked.
        mean, sd: of the ranks.
        share_ranked: share of the draws in which the unit is ranked.
        distribution: shape (n_units, n_units), share of those draws that give rank 1, 2, …; a
            sparse array (`scipy.sparse.csr_array`) above `MANY_UNITS`.
    """

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    share_ranked: np.ndarray
    distribution: Any

    def share_within(self, k: int) -> np.ndarray:
        """Share of the draws with a rank of `k` or better, shape (n_units,)."""
        # Sums of shares may overshoot.
        return np.asarray(np.minimum(self.distribution[:, :k].sum(axis=1), 1))


class ScoreSummary(NamedTuple):
    """Scores over draws, shape (n_units,) each, NaN for a unit without a score in any draw."""

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    sd: np.ndarray


def tails(level: float) -> tuple[float, float]:
    """The probabilities below and up to which an interval of `level` leaves and reaches.

    Raises:
        ValueError: if `level` is outside (0, 1).
    """
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
    low, high = tails(level)
    summarise = _count_all if len(ranks) <= MANY_UNITS else _count_occurring
    return summarise(ranks, (low, 0.5, high))


def _count_all(ranks: np.ndarray, probabilities: tuple[float, ...]) -> RankSummary:
    """A summary by counting every rank of every unit."""
    n_units, n_draws = ranks.shape
    counts = np.vstack([np.bincount(row, minlength=n_units + 1) for row in ranks])[:, 1:]
    ranked = counts.sum(axis=1)
    safe = np.maximum(ranked, 1)
    distribution = counts / safe[:, None]
    places = np.arange(1, n_units + 1)
    reached = np.cumsum(counts, axis=1)

    def at(probability: float) -> np.ndarray:
        found = np.argmax(reached >= _needed(probability, safe)[:, None], axis=1) + 1
        return np.where(ranked > 0, found, 0)

    mean = distribution @ places
    sd = np.sqrt(np.maximum(distribution @ places**2 - mean**2, 0))
    never = ranked == 0
    low, median, high = map(at, probabilities)
    return RankSummary(
        low, median, high, np.where(never, np.nan, mean), np.where(never, np.nan, sd),
        ranked / n_draws, distribution,
    )  # fmt: skip


def _needed(probability: float, n_draws: np.ndarray) -> np.ndarray:
    """Draws that a quantile needs: a probability met to nine decimals is met."""
    return np.asarray(probability * n_draws - 1e-9 * n_draws)


def _count_occurring(ranks: np.ndarray, probabilities: tuple[float, ...]) -> RankSummary:
    """A summary from the ranks that occur: memory grows with units and draws, not units squared."""
    from scipy.sparse import vstack  # late: indices with few units do without

    step = max(1, CELLS_AT_ONCE // ranks.shape[1])
    blocks = [ranks[start : start + step] for start in range(0, len(ranks), step)]
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(lambda some: _occurring(some, len(ranks), probabilities), blocks))
    *figures, cells = zip(*parts, strict=True)
    return RankSummary(*map(np.concatenate, figures), vstack(cells, format="csr"))


def _occurring(ranks: np.ndarray, n_ranks: int, probabilities: tuple[float, ...]) -> RankSummary:
    """The summary of some of the units."""
    from scipy.sparse import csr_array

    n_units, n_draws = ranks.shape
    ordered = np.sort(ranks, axis=1)  # 0, missing, comes first
    opens = np.ones(ordered.shape, dtype=bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=opens[:, 1:])
    starts = np.flatnonzero(opens)
    lengths, values = np.diff(starts, append=ordered.size), ordered.ravel()[starts]
    occurs = values > 0
    missing = n_draws - np.count_nonzero(ordered, axis=1)
    ranked = n_draws - missing
    safe = np.maximum(ranked, 1)
    unit = starts[occurs] // n_draws
    ends = np.concatenate([[0], np.cumsum(np.bincount(unit, minlength=n_units))])
    cells = (lengths[occurs] / safe[unit], values[occurs] - 1, ends)

    def at(probability: float) -> np.ndarray:
        place = np.maximum(np.ceil(_needed(probability, safe)).astype(np.int64), 1) - 1
        found = ordered[np.arange(n_units), np.minimum(missing + place, n_draws - 1)]
        return np.asarray(found.astype(np.int64))

    mean = ordered.sum(axis=1, dtype=np.int64) / safe
    squares = np.array([np.square(row, dtype=np.int64).sum() for row in ordered]) / safe
    sd = np.sqrt(np.maximum(squares - mean**2, 0))
    never = ranked == 0
    low, median, high = map(at, probabilities)
    return RankSummary(
        low, median, high, np.where(never, np.nan, mean), np.where(never, np.nan, sd),
        ranked / n_draws, csr_array(cells, shape=(n_units, n_ranks)),
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
    low, high = tails(level)
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
