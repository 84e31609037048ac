"""Weights that bring each column's correlation with the composite near a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.methods._common import checked_variation
from pipeline.methods.weights import rescale

REACHED = 1e-6  # largest difference from the targets at which they count as reached
EXACT = 1e-9  # gap at which no further start is tried
NOTHING = 1e-9  # of the largest weight: less is 0
INSIDE = 1e-3  # of an equal weight: the search starts a little inside its bounds


class TargetWeights(NamedTuple):
    """Optimised weights and what they achieve, by code.

    Attributes:
        weights: adding to 1, never negative.
        achieved: correlation of each column with the composite under these weights, recomputed
            from the weights as they stand here.
        targets: what was asked for (relative targets: scaled to the achieved level).
        largest_gap: largest absolute difference of the two.
        is_reached: whether that is below 1e-6 and the composite varies; targets often contradict
            each other.
    """

    weights: dict[str, float]
    achieved: dict[str, float]
    targets: dict[str, float]
    largest_gap: float
    is_reached: bool


def target_correlation(
    x: np.ndarray,
    codes: Sequence[str],
    targets: Mapping[str, float],
    is_relative: bool = True,
) -> TargetWeights:
    """Non-negative weights whose weighted mean correlates with each column as asked.

    Args:
        x: shape (n_units, n_columns), normalised, NaN is missing: a unit's mean is over the
            columns it has, a correlation over the units that have the column.
        codes: the n_columns codes of the columns, in their order.
        targets: for each code a number above 0. Relative: only the proportions count, the same
            number for all means equally correlated. Otherwise the correlations themselves, up to 1.
        is_relative: see `targets`.

    Returns:
        A `TargetWeights`, in the order of `codes`. The least sum of squared gaps found from up
        to three fixed starts (no random numbers), never worse than equal weights.

    Raises:
        ValueError: if codes repeat or differ from those of `targets`, a target is out of range,
            or naming a column that is constant, empty or infinite.

    Source:
        Becker, Saisana, Paruolo & Vandecasteele (2017), doi:10.1016/j.ecolind.2017.03.056;
        bounded least squares: Branch, Coleman & Li (1999), doi:10.1137/S1064827595289108.
    """
    table = checked_variation(x, codes)
    wanted = _checked_targets(codes, targets, is_relative)
    _, m = table.shape
    best, least = np.full(m, 1 / m), np.inf
    for start in _starts(table, wanted):
        for w in (start, _descend(table, wanted, is_relative, start)):
            gap = float(np.linalg.norm(_gaps(w, table, wanted, is_relative)[0]))
            if gap < least - 1e-12:
                best, least = w, gap
        if least < EXACT:
            break
    achieved = correlations(best, table)[0]
    level = float(np.linalg.norm(achieved))
    if is_relative:
        wanted = wanted * (level / np.linalg.norm(wanted))
    largest = float(np.abs(achieved - wanted).max())
    is_reached = level > 0 and largest < REACHED

    def by_code(values: np.ndarray) -> dict[str, float]:
        return dict(zip(codes, values.tolist(), strict=True))

    return TargetWeights(by_code(best), by_code(achieved), by_code(wanted), largest, is_reached)


def _checked_targets(
    codes: Sequence[str], targets: Mapping[str, float], is_relative: bool
) -> np.ndarray:
    if len(set(codes)) != len(codes):
        twice = next(code for code in codes if list(codes).count(code) > 1)
        raise ValueError(f"column '{twice}' is there twice")
    for code in [*(c for c in codes if c not in targets), *(c for c in targets if c not in codes)]:
        where = "has no target" if code in codes else "has a target but is no column"
        raise ValueError(f"'{code}' {where}")
    for code, target in targets.items():
        if not 0 < target <= (np.finfo(float).max if is_relative else 1):
            limit = "above 0" if is_relative else "above 0 and at most 1"
            raise ValueError(f"the target of '{code}' must be {limit}, not {target}")
    return np.array([float(targets[code]) for code in codes])


def correlations(weights: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of each column with the weighted mean of the columns, and how weights move it.

    Args:
        weights: shape (n_columns,), non-negative.
        x: shape (n_units, n_columns), NaN is missing.

    Returns:
        Correlations, shape (n_columns,), 0 where the mean does not vary; and their derivatives,
        shape (n_columns, n_columns), row j for the correlation of column j.
    """
    is_present = ~np.isnan(x)
    filled = np.where(is_present, x, 0)
    weight = is_present @ weights
    safe = np.where(weight > 0, weight, 1)
    composite = filled @ weights / safe
    # One unit's mean moves with weight k by (x_k - mean) / weight present.
    moves = np.where(is_present, filled - composite[:, None], 0) / safe[:, None]
    r, slopes = np.zeros(x.shape[1]), np.zeros((x.shape[1], x.shape[1]))
    for j in range(x.shape[1]):
        seen = is_present[:, j] & (weight > 0)
        z = filled[seen, j] - filled[seen, j].mean() if seen.any() else np.zeros(1)
        c = composite[seen] - composite[seen].mean() if seen.any() else np.zeros(1)
        length = np.linalg.norm(z) * np.linalg.norm(c)
        if length == 0:
            continue
        z, unit = z / np.linalg.norm(z), c / np.linalg.norm(c)
        r[j] = z @ unit
        slopes[j] = (z - r[j] * unit) @ moves[seen] / np.linalg.norm(c)
    return r, slopes


def _gaps(
    weights: np.ndarray, x: np.ndarray, wanted: np.ndarray, is_relative: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Gaps to the targets and how weights move them; relative: of lengths brought to 1."""
    r, slopes = correlations(weights, x)
    if not is_relative:
        return r - wanted, slopes
    length = np.linalg.norm(r)
    if length > 0:
        r, slopes = r / length, slopes / length
        slopes = slopes - np.outer(r, r @ slopes)
    return r - wanted / np.linalg.norm(wanted), slopes


def _starts(x: np.ndarray, wanted: np.ndarray) -> list[np.ndarray]:
    """The answer for complete data if it is not negative, equal weights, and the targets."""
    from scipy.optimize import nnls

    m = len(wanted)
    spread = np.nanstd(x, axis=0)
    filled = np.where(np.isnan(x), 0, x - np.nanmean(x, axis=0))
    covariance = filled.T @ filled / len(x)
    solved = nnls(covariance / np.outer(spread, spread), wanted)[0] / spread
    starts = [np.full(m, 1 / m), rescale(wanted)]
    return [rescale(solved), *starts] if solved.any() else starts


def _descend(x: np.ndarray, wanted: np.ndarray, is_relative: bool, start: np.ndarray) -> np.ndarray:
    """Least squares under the bound 0, from one start; the size of the weights plays no part."""
    from scipy.optimize import least_squares

    found = least_squares(
        lambda w: _gaps(w, x, wanted, is_relative)[0],
        np.maximum(start * start.size, INSIDE),
        lambda w: _gaps(w, x, wanted, is_relative)[1],
        bounds=(0, np.inf),
        xtol=1e-10,
        ftol=1e-10,
        gtol=1e-12,
        max_nfev=100,
    )
    return rescale(np.where(found.x < NOTHING * found.x.max(), 0, found.x))
