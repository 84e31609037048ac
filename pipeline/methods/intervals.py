"""What many draws say of a rank: intervals and probabilities.

Ranks have shape (n_units, n_draws), 1 is best, 0 is missing in that draw; scores the same shape,
NaN is missing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

THREADS = 2
ENOUGH = 2**18  # scores that are worth a thread
CELLS_AT_ONCE = 2**18  # units times draws that are described together
MANY_UNITS = 300  # above it no table has a row and a column per unit


class RankSummary(NamedTuple):
    """Ranks over draws, shape (n_units,) each but `distribution`; NaN or 0 where never ranked.

    Attributes:
        low, median, high: ranks, int64, 0 for a unit that no draw ranks. The interval holds at
            least the share `level` of the draws in which the unit is ranked.
        mean, sd: of the ranks.
        share_ranked: share of the draws in which the unit is ranked.
        distribution: shape (n_units, n_units), share of those draws that give rank 1, 2, …; None
            above `MANY_UNITS`.
        ordered: shape (n_units, n_draws), the ranks of each unit from 0 up, in place of it.
    """

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    share_ranked: np.ndarray
    distribution: np.ndarray | None
    ordered: np.ndarray | None = None

    def share_within(self, k: int) -> np.ndarray:
        """Share of the draws with a rank of `k` or better, shape (n_units,)."""
        return self.share_between(1, k)

    def share_between(self, first: int, last: int) -> np.ndarray:
        """Share of the draws with a rank from `first` to `last`, shape (n_units,)."""
        if self.ordered is None:
            assert self.distribution is not None
            share = self.distribution[:, first - 1 : last].sum(axis=1)
            return np.asarray(np.minimum(share, 1))  # sums of shares may overshoot
        found = count_flags((self.ordered >= first) & (self.ordered <= last))
        return found / np.maximum(count_flags(self.ordered > 0), 1)

    def cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit, rank and share of the draws wherever some draw gives the unit the rank."""
        if self.ordered is None:
            assert self.distribution is not None
            units, ranks = np.nonzero(self.distribution > 0)
            return units, ranks + 1, self.distribution[units, ranks]
        n_units, n_draws = self.ordered.shape
        opens = np.ones((n_units, n_draws), dtype=bool)
        np.not_equal(self.ordered[:, 1:], self.ordered[:, :-1], out=opens[:, 1:])
        starts = np.flatnonzero(opens)
        counts, ranks = np.diff(starts, append=opens.size), self.ordered.ravel()[starts]
        is_rank = ranks > 0
        units = starts[is_rank] // n_draws
        ranked = count_flags(self.ordered > 0)
        return units, ranks[is_rank].astype(np.int64), counts[is_rank] / ranked[units]


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


def count_flags(flags: np.ndarray) -> np.ndarray:
    """Flags that are set in each row, shape (n_rows,); several times faster than a sum."""
    bits = np.bitwise_count(np.packbits(flags, axis=1))
    return np.asarray(bits.sum(axis=1, dtype=np.int64))


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
    summarise = _count_all if len(ranks) <= MANY_UNITS else _sort_ranks
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


def _sort_ranks(ranks: np.ndarray, probabilities: tuple[float, ...]) -> RankSummary:
    """A summary from ordered ranks: memory grows with units and draws, not with units squared."""
    n_units, n_draws = ranks.shape
    ordered = np.sort(ranks, axis=1)  # 0, missing, comes first
    ranked = count_flags(ordered > 0)
    safe = np.maximum(ranked, 1)

    def at(probability: float) -> np.ndarray:
        place = np.maximum(np.ceil(_needed(probability, safe)).astype(np.int64), 1) - 1
        found = ordered[np.arange(n_units), np.minimum(n_draws - ranked + place, n_draws - 1)]
        return np.asarray(found.astype(np.int64))

    mean = ordered.sum(axis=1, dtype=np.int64) / safe
    squares = np.einsum("ij,ij->i", ordered, ordered, dtype=np.float64) / safe
    sd = np.sqrt(np.maximum(squares - mean**2, 0))
    never = ranked == 0
    low, median, high = map(at, probabilities)
    return RankSummary(
        low, median, high, np.where(never, np.nan, mean), np.where(never, np.nan, sd),
        ranked / n_draws, None, ordered,
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
    step = max(1, CELLS_AT_ONCE // max(scores.shape[1], 1))

    def describe(start: int) -> None:
        some = scores[start : start + step]
        lacks = np.isnan(some).any(axis=1)
        table[start : start + step][~lacks] = _describe(some[~lacks], low, high)
        for i in np.flatnonzero(lacks):
            table[start + i] = _describe(some[i : i + 1, ~np.isnan(some[i])], low, high)

    starts = range(0, len(scores), step)
    if scores.size < ENOUGH:
        list(map(describe, starts))
    else:
        with ThreadPoolExecutor(THREADS) as pool:  # numpy sorts without the interpreter's lock
            list(pool.map(describe, starts))
    return ScoreSummary(*table.T)


def _describe(scores: np.ndarray, low: float, high: float) -> np.ndarray:
    """Low, median, high, mean and standard deviation of units whose scores are all there."""
    n_units, n_draws = scores.shape
    if scores.size == 0:
        return np.full((n_units, 5), np.nan)
    ordered = np.sort(np.ascontiguousarray(scores), axis=1)  # faster than selecting some places
    places = np.array([low, 0.5, high]) * (n_draws - 1)
    before = places.astype(np.int64)
    after = np.minimum(before + 1, n_draws - 1)
    under = ordered[:, before]
    quantiles = under + (places - before) * (ordered[:, after] - under)
    above = ordered.astype(np.float64)
    first = above[:, :1].copy()
    above -= first  # a score that never changes has no spread at all
    mean = above.mean(axis=1)
    squares = np.square(above, out=above).mean(axis=1)
    # One by one: the square of an array may differ from that of its numbers in the last bit.
    sd = np.array([np.sqrt(max(s - m**2, 0.0)) for s, m in zip(squares, mean, strict=True)])
    return np.column_stack([quantiles, first[:, 0] + mean, sd])


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
