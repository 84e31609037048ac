"""Kendall's tau-b and its p-value, without the second that importing scipy.stats takes."""

from __future__ import annotations

import math

import numpy as np

SMALL = 33  # up to so many units, without ties, p is exact


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1 for the lowest; equal values share the mean of their places. Shape (n,)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: np.ndarray = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def kendall(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """tau-b and the two-sided p of two columns of shape (n,), n >= 3, neither constant.

    p is exact in small samples without ties and where at most one pair is out of order, else
    from the normal distribution with the variance that ties leave.

    Source:
        Kendall & Gibbons (1990), Rank Correlation Methods, 5th ed., chapters 3 to 5.
    """
    n = first.size
    x, y = (np.unique(column, return_inverse=True)[1] for column in (first, second))
    discordant = _inversions(y[np.lexsort((y, x))])
    ties = [np.unique(column, return_counts=True)[1] for column in (x, y, x * n + y)]
    tied_x, tied_y, tied_both = (int((t * (t - 1)).sum()) // 2 for t in ties)
    pairs = n * (n - 1) // 2
    balance = pairs - tied_x - tied_y + tied_both - 2 * discordant
    tau = balance / math.sqrt(pairs - tied_x) / math.sqrt(pairs - tied_y)
    tau = min(1.0, max(-1.0, tau))
    fewest = min(discordant, pairs - discordant)
    if tied_x == tied_y == 0 and (n <= SMALL or fewest <= 1):
        return tau, _p_exact(n, fewest)
    (v_x, w_x), (v_y, w_y) = (
        (float((t * (t - 1) * (2 * t + 5)).sum()), float((t * (t - 1) * (t - 2)).sum()))
        for t in (ties[0].astype(np.float64), ties[1].astype(np.float64))
    )
    m = n * (n - 1.0)
    variance = (m * (2 * n + 5) - v_x - v_y) / 18 + 2 * tied_x * tied_y / m
    variance += w_x * w_y / (9 * m * (n - 2))
    return tau, math.erfc(abs(balance) / math.sqrt(2 * variance))


def _inversions(places: np.ndarray) -> int:
    """Pairs of which the earlier is larger: at the highest bit in which the two differ."""
    total, found = 0, places
    for bit in reversed(range(int(found.max()).bit_length())):
        is_one = (found >> bit) & 1
        before = np.cumsum(is_one) - is_one
        group = found >> (bit + 1)
        opens = np.flatnonzero(np.diff(group, prepend=-1))
        within = before - np.repeat(before[opens], np.diff(np.append(opens, group.size)))
        total += int(within[is_one == 0].sum())
        found = found[np.argsort(found >> bit, kind="stable")]
    return total


def _p_exact(n: int, fewest: int) -> float:
    """Twice the share of the orders of n values that have at most `fewest` pairs out of order."""
    if fewest <= 1:  # one order has none, n - 1 have one
        return min(1.0, 2 * (n if fewest else 1) / math.factorial(n))
    orders = np.zeros(fewest + 1)
    orders[0] = 1
    for k in range(2, n + 1):  # the k-th value may stand before 0 to k - 1 of the others
        orders = np.cumsum(orders)
        orders[k:] -= orders[:-k]
    return min(1.0, float(2 * orders.sum() / math.factorial(n)))
