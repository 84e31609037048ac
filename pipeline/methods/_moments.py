"""Skewness and kurtosis of many columns, and of one column whose ends are being moved inwards."""

from __future__ import annotations

import numpy as np

from pipeline.methods._common import Floats

LEAST_VARIANCE = 1e-150  # in units of the squared range; its square still fits a double


def sorted_rows(panel: Floats) -> Floats:
    """The columns as rows in rising order, missing last: sums no longer depend on row order."""
    return np.sort(np.ascontiguousarray(panel.T), axis=1)


def moments(rows: Floats) -> tuple[Floats, Floats]:
    """G1 and G2 of each row, NaN left out; shape (n_rows,) each."""
    lowest, highest = (f.reduce(rows, axis=1, initial=np.nan) for f in (np.fmin, np.fmax))
    spread = highest - lowest
    count = (~np.isnan(rows)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = (rows - lowest[:, None]) / spread[:, None]
        np.nan_to_num(z, copy=False)
        mean = z.sum(axis=1) / count
        z -= mean[:, None]
        z[np.isnan(rows)] = 0
        square = z * z
        second = square.sum(axis=1) / count
        third = np.einsum("ij,ij->i", square, z) / count
        fourth = np.einsum("ij,ij->i", square, square) / count
    parts = zip(count.tolist(), second.tolist(), third.tolist(), fourth.tolist(), strict=True)
    found = np.array([adjusted(*part) for part in parts], dtype=np.float64).reshape(-1, 2)
    return found[:, 0].copy(), found[:, 1].copy()


def adjusted(n: int, second: float, third: float, fourth: float) -> tuple[float, float]:
    """G1 and G2 from the number of values and their central moments; 0 where undefined."""
    if n < 3 or not second > LEAST_VARIANCE:
        return 0.0, 0.0
    skewness = (n * (n - 1)) ** 0.5 / (n - 2) * third / second**1.5
    if n < 4:
        return skewness, 0.0
    peak = (n + 1) * (fourth / (second * second) - 3) + 6
    return skewness, (n - 1) / ((n - 2) * (n - 3)) * peak


class CoreSums:
    """Power sums of the values that cannot move, so that each step only adds up the ends.

    Of n values in order at most k at either end can be moved by winsorising k values. The sums of
    the others are taken once, about their own mean; a step costs k, not n, and nothing is ever
    subtracted from a sum, so that an outlier leaves no rounding error behind.
    """

    def __init__(self, xs: Floats, k: int) -> None:
        self.unit = xs[-1] - xs[0]
        self.centre = xs[len(xs) // 2]
        k = min(k, (len(xs) + 1) // 2)
        core = (xs[k : len(xs) - k] - self.centre) / self.unit
        self.ends = np.concatenate([xs[:k], xs[len(xs) - k :]]) if len(core) else xs
        self.count = len(core)
        self.mean = float(core.mean()) if len(core) else 0.0
        deviation = core - self.mean
        square = deviation * deviation
        self.second = float(square.sum())
        self.third = float((square * deviation).sum())
        self.fourth = float((square * square).sum())

    def moments(self, lowest: float, highest: float) -> tuple[float, float]:
        """G1 and G2 of the column with every value brought between two limits."""
        ends = (self.ends.clip(lowest, highest) - self.centre) / self.unit
        n = self.count + len(ends)
        mean = (self.count * self.mean + float(ends.sum())) / n
        d, t = self.mean - mean, ends - mean
        d2, t2 = d * d, t * t
        second = self.second + self.count * d2 + float(t2.sum())
        third = self.third + 3 * d * self.second + self.count * d2 * d + float(t2 @ t)
        fourth = self.fourth + 4 * d * self.third + 6 * d2 * self.second
        fourth += self.count * d2 * d2 + float(t2 @ t2)
        return adjusted(n, second / n, third / n, fourth / n)
