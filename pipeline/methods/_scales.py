"""The scales behind `normalise`, each for one group of rows already turned so that more is better.

Every function takes values of shape (n_rows, n_columns), NaN = missing, and gives the share of the
output range that each value has reached: 0 at its lower end, 1 at its upper end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.methods._common import Bools, Floats, extremes, refuse_columns

TIES = ("average", "better", "worse")


@dataclass(frozen=True)
class Turned:
    """What a scale works on.

    `y` holds the values times the direction, `direction` is one +1 or -1 per column; `names`
    and `where` (the group, if there is one) are for messages.
    """

    y: Floats
    direction: Floats
    names: Sequence[str] | None
    where: str

    def refuse(self, faulty: Bools, what: str) -> None:
        """Raise for every faulty column, by name."""
        refuse_columns(faulty, self.names, what, self.where)

    def turn(self, given: Floats) -> Floats:
        """Numbers in the unit of the column, turned as the values are."""
        return np.asarray(given * self.direction)

    def worst_and_best(self) -> tuple[Floats, Floats]:
        """The extremes of each column; a constant column is refused."""
        worst, best = extremes(self.y)
        self.refuse(worst == best, "has only one value, so nothing can be told apart")
        return worst, best


def minmax(t: Turned) -> Floats:
    """Worst observed value 0, best 1."""
    worst, best = t.worst_and_best()
    share = np.asarray(t.y - worst)
    share /= best - worst
    return share


def goalposts(t: Turned, bounds: Floats, clip: bool) -> Floats:
    """Worse bound 0, better bound 1; clipped to both if asked."""
    worse, better = np.sort(bounds * t.direction[:, None], axis=1).T
    share = (t.y - worse) / (better - worse)
    return np.asarray(share.clip(0, 1) if clip else share)


def standard(t: Turned, ddof: int) -> Floats:
    """Standard deviations from the mean (not a share: the caller sets mean and spread)."""
    t.worst_and_best()
    present = ~np.isnan(t.y)
    count = np.maximum(present.sum(axis=0), 1)
    deviation = t.y - np.where(present, t.y, 0).sum(axis=0) / count
    square = np.where(present, deviation, 0) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(deviation / np.sqrt(square.sum(axis=0) / (count - ddof)))


def positions(t: Turned, ties: str) -> tuple[Floats, Floats]:
    """Position of each value, 1 the worst, and the number of values of each column."""
    from scipy.stats import rankdata

    method = {"average": "average", "better": "max", "worse": "min"}[ties]
    t.worst_and_best()
    found = rankdata(t.y, method=method, axis=0, nan_policy="omit")
    return np.where(np.isnan(t.y), np.nan, found), (~np.isnan(t.y)).sum(axis=0).astype(np.float64)


def ranked(t: Turned, ties: str) -> Floats:
    """Share of the other rows that a row leaves behind, by its position."""
    found, count = positions(t, ties)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((found - 1) / (count - 1))


def distance_to(t: Turned, goal: Floats, capped: bool, what: str) -> Floats:
    """Worst observed value 0, the goal 1; beyond the goal more than 1 unless capped."""
    worst, _ = t.worst_and_best()
    t.refuse(np.isnan(goal) & ~np.isnan(worst), f"has {what} that is missing")
    t.refuse(goal <= worst, f"has {what} that is no better than its worst value")
    share = (t.y - worst) / (goal - worst)
    return np.asarray(np.minimum(share, 1) if capped else share)


def fraction_of_best(t: Turned) -> Floats:
    """Value / highest value where more is better, lowest value / value where less is better."""
    worst, best = t.worst_and_best()
    is_more = t.direction > 0
    t.refuse(is_more & (worst < 0), "has a negative value, of which no fraction can be taken")
    t.refuse(~is_more & (best >= 0), "has a value at or below 0, and less is better: no fraction")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(is_more, t.y / best, best / t.y))


def centred(t: Turned, bounds: Floats | None, centre: Floats | None) -> Floats:
    """AMPI: the range is laid so that the centre (default: the mean) comes to its middle."""
    if bounds is None:
        lowest, highest = t.worst_and_best()
    else:
        lowest, highest = np.sort(bounds * t.direction[:, None], axis=1).T
    if centre is None:
        present = ~np.isnan(t.y)
        middle = np.where(present, t.y, 0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    else:
        middle = t.turn(centre)
    return np.asarray(0.5 + (t.y - middle) / (highest - lowest))
