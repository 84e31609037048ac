"""Weights that are given or come from people: rescaled, equal, pairwise comparisons, budgets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.methods._common import Names, checked_weights, column_name

# Mean consistency index of random reciprocal matrices of order 1 to 15 (Saaty 1980).
RANDOM_INDEX = (
    (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
)  # fmt: skip
CONSISTENT = 0.1  # Saaty's limit for the consistency ratio
RECIPROCAL = 1e-6  # relative difference of a cell from the inverse of its opposite


class Hierarchy(NamedTuple):
    """Weights from pairwise comparisons.

    Attributes:
        weights: shape (n,), adding to 1.
        consistency_ratio: 0 for a perfectly consistent matrix.
        is_consistent: whether the ratio is at most 0.1; otherwise ask the judges again.
        largest_eigenvalue: n for a perfectly consistent matrix.
    """

    weights: np.ndarray
    consistency_ratio: float
    is_consistent: bool
    largest_eigenvalue: float


class Budget(NamedTuple):
    """Weights from experts who share out points; each shape (n_columns,).

    Attributes:
        weights: mean share over the experts, adding to 1.
        spread: standard deviation of the shares between experts (n - 1); NaN for one expert.
        lowest, highest: the range of the shares.
    """

    weights: np.ndarray
    spread: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def rescale(w: np.ndarray, names: Names = None) -> np.ndarray:
    """Weights as shares.

    Args:
        w: shape (n,), relative weights in any unit.
        names: what messages call them.

    Returns:
        Shape (n,), adding to 1; multiplying `w` by a number changes nothing.

    Raises:
        ValueError: naming the first weight that is negative, missing or infinite; if all are 0.
    """
    weights = checked_weights(w, names)
    relative = weights / weights.max()  # first, so that no sum overflows
    return relative / relative.sum()


def equal(n: int) -> np.ndarray:
    """The weight 1/n for each of n columns.

    Raises:
        ValueError: if n is below 1.
    """
    if n < 1:
        raise ValueError(f"equal weights need one column at least, not {n}")
    return np.full(n, 1 / n)


def hierarchy(matrix: np.ndarray, names: Names = None) -> Hierarchy:
    """Analytic hierarchy process: weights from pairwise comparisons.

    Args:
        matrix: shape (n, n), 1 <= n <= 15; cell (j, k) says how many times as important column j
            is as column k (Saaty's scale 1 to 9 and its inverses), cell (k, j) its inverse.
        names: what messages call the columns.

    Returns:
        A `Hierarchy`: the principal eigenvector and Saaty's consistency ratio
        (largest eigenvalue - n) / (n - 1) / random index; 0 for n <= 2, which cannot contradict.

    Raises:
        ValueError: if the matrix is not square, has a cell that is not positive and finite, or two
            cells that are not each other's inverse, naming the columns.

    Source:
        Saaty (1980), The Analytic Hierarchy Process; random index of the same book.
    """
    a = np.asarray(matrix, dtype=np.float64)
    n = len(a)
    if a.shape != (n, n) or not 1 <= n <= len(RANDOM_INDEX):
        raise ValueError(f"pairwise comparisons need a square table of 1 to 15, got {a.shape}")
    if names is not None and len(names) != n:
        raise ValueError(f"{len(names)} names for {n} columns")
    for j, k in np.argwhere(~(np.isfinite(a) & (a > 0))):
        pair = f"{column_name(names, j)} against {column_name(names, k)}"
        raise ValueError(f"{pair} is {a[j, k]}: a comparison is a number above 0")
    for j, k in np.argwhere(np.abs(a * a.T - 1) > RECIPROCAL):
        pair = f"{column_name(names, j)} against {column_name(names, k)}"
        raise ValueError(
            f"{pair} is {a[j, k]:g} and the other way round {a[k, j]:g}: "
            "each must be 1 divided by the other"
        )
    values, vectors = np.linalg.eig(a)
    first = int(np.argmax(values.real))
    weights = rescale(np.abs(vectors[:, first].real))
    largest = float(values[first].real)
    ratio = max(0.0, (largest - n) / (n - 1) / RANDOM_INDEX[n - 1]) if n > 2 else 0.0
    return Hierarchy(weights, ratio, ratio <= CONSISTENT, largest)


def budget(points: np.ndarray, names: Names = None, experts: Names = None) -> Budget:
    """Budget allocation: the mean of what experts give, each expert counting the same.

    Args:
        points: shape (n_experts, n_columns), 0 or more; each expert's points are rescaled to 1.
        names: what messages call the columns.
        experts: what messages call the rows.

    Returns:
        A `Budget`.

    Raises:
        ValueError: if there is no expert, or naming the expert whose points are negative, missing,
            infinite or all 0.

    Source:
        OECD/JRC Handbook on Constructing Composite Indicators (2008), step 6, budget allocation.
    """
    table = np.asarray(points, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(f"expected a table of experts by columns, got shape {table.shape}")
    shares = np.empty_like(table)
    for i, row in enumerate(table):
        try:
            shares[i] = rescale(row, names)
        except ValueError as error:
            raise ValueError(f"{column_name(experts, i, 'expert')}: {error}") from error
    is_one = len(shares) == 1
    spread = np.full(shares.shape[1], np.nan) if is_one else shares.std(axis=0, ddof=1)
    return Budget(rescale(shares.mean(axis=0)), spread, shares.min(axis=0), shares.max(axis=0))
