"""Means of the children of a node, one row per unit; `aggregate` deals with what is missing.

Every function takes `values`, shape (n_units, n_columns) without NaN, and `shares` of that shape:
relative weights, each row adding to 1, 0 where a child is missing. There the value is one that the
unit has in another column, so that it neither counts nor spoils a logarithm or a maximum.
"""

from __future__ import annotations

import numpy as np

from pipeline.methods._common import Names, refuse_columns

TOLERANCE = 1e-12  # of the weight: shares that differ by less are the same share


def _within(values: np.ndarray, means: np.ndarray) -> np.ndarray:
    """A mean lies between its lowest and highest child, rounding or not."""
    return np.clip(means, values.min(axis=1), values.max(axis=1))


def _refuse(values: np.ndarray, method: str, names: Names, zero_too: bool) -> None:
    """Raise for the columns with a value at or below the end of the method's scale."""
    at_fault = values <= 0 if zero_too else values < 0
    need = "above 0" if zero_too else "of 0 or more"
    refuse_columns(
        at_fault.any(axis=0), names, f"has values that {method} cannot take: it needs values {need}"
    )


def arithmetic(values: np.ndarray, shares: np.ndarray, names: Names = None) -> np.ndarray:  # noqa: ARG001
    """Σ s x: full compensation, a weak child can be made up for by a strong one."""
    return _within(values, np.einsum("ij,ij->i", values, shares))


def geometric(values: np.ndarray, shares: np.ndarray, names: Names = None) -> np.ndarray:
    """Π x^s: partial compensation; refused at or below 0."""
    _refuse(values, "a geometric mean", names, zero_too=True)
    return _within(values, np.exp(np.einsum("ij,ij->i", np.log(values), shares)))


def harmonic(values: np.ndarray, shares: np.ndarray, names: Names = None) -> np.ndarray:
    """1 / Σ(s / x): little compensation; refused at or below 0."""
    _refuse(values, "a harmonic mean", names, zero_too=True)
    lowest = values.min(axis=1)  # relative to it no quotient overflows
    return _within(values, lowest / np.einsum("ij,ij->i", lowest[:, None] / values, shares))


def generalised(
    values: np.ndarray, shares: np.ndarray, names: Names = None, power: float | None = None
) -> np.ndarray:
    """(Σ s x^power)^(1/power): 1 arithmetic, 0 geometric, -1 harmonic, large: near the maximum."""
    if power is None or not np.isfinite(power):
        raise ValueError(f"a generalised mean needs a finite 'power', not {power}")
    if power == 1:
        return arithmetic(values, shares)
    if abs(power) < np.finfo(np.float64).tiny:  # below it a power has too few digits left
        return geometric(values, shares, names)
    _refuse(values, f"a generalised mean of power {power}", names, zero_too=power < 0)
    # Relative to the child that leads the sum: no power overflows, and none near 0 loses digits.
    leading = values.max(axis=1) if power > 0 else values.min(axis=1)
    with np.errstate(divide="ignore"):
        logs = np.log(values / np.where(leading > 0, leading, 1)[:, None])
        excess = np.einsum("ij,ij->i", np.expm1(power * logs), shares)
        means = leading * np.exp(np.log1p(np.maximum(excess, -1)) / power)
    return _within(values, means)


def median(values: np.ndarray, shares: np.ndarray, names: Names = None) -> np.ndarray:  # noqa: ARG001
    """Value with half the weight on either side; exactly between two values, their midpoint."""
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    below = np.cumsum(np.take_along_axis(shares, order, axis=1), axis=1)
    lower = np.argmax(below >= 0.5 - TOLERANCE, axis=1)[:, None]
    upper = np.argmax(below > 0.5 + TOLERANCE, axis=1)[:, None]
    pair = np.take_along_axis(ordered, np.hstack([lower, upper]), axis=1)
    return pair[:, 0] / 2 + pair[:, 1] / 2


def mazziotta_pareto(
    values: np.ndarray, shares: np.ndarray, names: Names = None, penalty: int = -1
) -> np.ndarray:
    """M + penalty · S² / M: the mean, less (-1) or plus (+1) a penalty for unbalanced children."""
    if penalty not in (-1, 1):
        raise ValueError(f"'penalty' is -1 (more is better) or 1 (more is worse), not {penalty}")
    _refuse(values, "a Mazziotta-Pareto index", names, zero_too=False)
    means = arithmetic(values, shares)
    variance = np.einsum("ij,ij->i", (values - means[:, None]) ** 2, shares)
    # A mean of 0 has children of 0 only, hence no variance and no penalty.
    return means + penalty * variance / np.where(means > 0, means, 1)
