"""Who cannot be told from whom: how often a unit is ahead of another, and runs of units alike.

Ranks have shape (n_units, n_draws), 1 is best, 0 is missing in that draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from pipeline.methods.intervals import count_flags, tails

CELLS_AT_ONCE = 2**22  # pairs times draws that are compared together


class Compared(NamedTuple):
    """Pairs over the draws that rank both, shape (n_pairs,) each."""

    ahead: np.ndarray  # draws in which the first has the better rank
    tied: np.ndarray
    both: np.ndarray  # draws that rank both

    def share(self) -> np.ndarray:
        """Share of the draws with the first ahead, a tie counting half; NaN: never both ranked."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.ahead + self.tied / 2) / self.both)


def compare(first: np.ndarray, others: np.ndarray) -> Compared:
    """Count how two tables of ranks compare row by row, of which the first may be a single row.

    Args:
        first: shape (n_draws,) or (n_pairs, n_draws), integers, 0 is missing.
        others: shape (n_pairs, n_draws).
    """
    n_pairs, n_draws = others.shape
    found = np.empty((3, n_pairs), dtype=np.int64)
    step = max(1, CELLS_AT_ONCE // max(n_draws, 1))
    for start in range(0, n_pairs, step):
        rows = slice(start, start + step)
        a, b = first if first.ndim == 1 else first[rows], others[rows]
        there = a > 0  # a missing rank is 0, which is ahead of nobody that has one
        found[0, rows] = count_flags((a < b) & there)
        found[1, rows] = count_flags((a == b) & there)
        found[2, rows] = count_flags((b > 0) & there)
    return Compared(*found)


def share_above(ranks: np.ndarray) -> np.ndarray:
    """How often each unit is ahead of each other.

    Args:
        ranks: shape (n_units, n_draws), integers, 0 is missing.

    Returns:
        Shape (n_units, n_units): among the draws that rank both, the share in which the unit of
        the row has the better rank, a tie counting half; NaN on the diagonal and for pairs never
        ranked together. The two halves add to 1.
    """
    above = np.full((len(ranks), len(ranks)), np.nan)
    for a in range(len(ranks)):
        above[a, a + 1 :] = compare(ranks[a], ranks[a + 1 :]).share()
        above[a + 1 :, a] = 1 - above[a, a + 1 :]
    return above


def share_near(ranks: np.ndarray, order: np.ndarray, k: int) -> np.ndarray:
    """How often each unit is ahead of the `k` that follow it in a ranking; memory grows as n k.

    Args:
        ranks: shape (n_units, n_draws), integers, 0 is missing.
        order: shape (n_ranked,), units by their published rank, best first.
        k: how many follow.

    Returns:
        Shape (n_ranked, k): row i, column j the share for the units at places i and i + 1 + j of
        `order`, as `share_above`; NaN beyond the end of the ranking.
    """
    ordered = ranks[order]
    near = np.full((len(order), k), np.nan)
    for j in range(min(k, len(order) - 1)):
        near[: -j - 1, j] = compare(ordered[: -j - 1], ordered[j + 1 :]).share()
    return near


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
    limit = tails(level)[1]
    table = above[np.ix_(order, order)]
    # A pair never ranked together cannot be told apart.
    is_apart = np.nan_to_num(np.maximum(table, table.T), nan=0.0) > limit
    return _runs(len(order), lambda first, last: is_apart[first:last, last])


def groups_of_draws(ranks: np.ndarray, order: np.ndarray, level: float = 0.9) -> np.ndarray:
    """The runs of `groups_alike` without a table of all pairs: those compared stand in one run.

    Args:
        ranks: shape (n_units, n_draws), integers, 0 is missing.
        order: shape (n_ranked,), units by their published rank, best first.
        level: in (0, 1).

    Returns:
        As `groups_alike`.

    Raises:
        ValueError: if `level` is outside (0, 1).
    """
    limit = tails(level)[1]
    ordered = ranks[order]

    def apart(first: int, last: int) -> np.ndarray:
        ahead, tied, both = compare(ordered[last], ordered[first:last])
        # Of two units the share of the first by number, as in a table of all pairs.
        ahead = np.where(order[first:last] < order[last], both - ahead - tied, ahead)
        share = Compared(ahead, tied, both).share()
        return np.asarray(np.nan_to_num(np.maximum(share, 1 - share), nan=0.0) > limit)

    return _runs(len(order), apart)


def _runs(n: int, apart: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """Longest runs of places in which no pair is apart, each of two or more.

    Args:
        n: how many places.
        apart: from places `first` and `last` whether each of first, …, last - 1 is apart from last.
    """
    runs: list[tuple[int, int]] = []
    first = 0
    for last in range(1, n + 1):
        flagged = np.flatnonzero(apart(first, last)) if last < n else np.array([n])
        if flagged.size:
            if last - 1 > first:
                runs.append((first, last - 1))
            first = min(first + int(flagged[-1]) + 1, n)
    return np.array(runs, dtype=np.int64).reshape(-1, 2)
