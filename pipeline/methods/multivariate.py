"""Groups of columns: does a group measure one thing, and along how many directions does it vary?

Throughout, `x` has shape (n_units, n_columns), NaN is missing, and inputs are never changed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.methods.statistics import CONSTANT, as_matrix, is_constant, pearson


class Reliability(NamedTuple):
    """Cronbach's alpha; alpha without each column and its correlation with the others' sum."""

    alpha: float
    alpha_if_deleted: np.ndarray
    item_rest: np.ndarray
    n: int


class Components(NamedTuple):
    """Principal components, largest first; `loadings` has shape (n_columns, n_components)."""

    eigenvalues: np.ndarray
    share: np.ndarray
    loadings: np.ndarray
    n_above_one: int
    n: int


def cronbach_alpha(x: np.ndarray) -> Reliability:
    """Do the columns of a group measure one thing?

    alpha = k / (k - 1) * (1 - sum of variances / variance of the sum).

    Args:
        x: shape (n_units, n_columns), normalised to one scale and direction; units with a gap are
            left out (listwise: a sum needs all of its parts).

    Returns:
        `alpha`; `alpha_if_deleted` and `item_rest`, each (n_columns,); `n`, the units used. NaN
        below 3 units, below 2 columns (3 for `alpha_if_deleted`), or where a sum does not vary.

    Raises:
        ValueError: if `x` is not a finite matrix.

    Source:
        Cronbach (1951), doi:10.1007/BF02310555
    """
    values = as_matrix(x)
    items = values[~np.isnan(values).any(axis=1)]
    n, k = items.shape
    if n < 3 or k < 2:
        return Reliability(np.nan, np.full(k, np.nan), np.full(k, np.nan), n)
    flat = [is_constant(column) for column in items.T]
    centred = np.where(flat, 0.0, items - items.mean(axis=0))
    scaled = centred / (np.abs(centred).max() or 1.0)
    rests = scaled.sum(axis=1, keepdims=True) - scaled
    variances = scaled.var(axis=0, ddof=1)
    without = [_alpha(k - 1, variances.sum() - variances[j], rests[:, j]) for j in range(k)]
    item_rest = [_item_rest(scaled[:, j], rests[:, j]) for j in range(k)]
    alpha = _alpha(k, variances.sum(), scaled.sum(axis=1))
    return Reliability(alpha, np.array(without), np.array(item_rest), n)


def _alpha(k: int, parts: float, sums: np.ndarray) -> float:
    """Alpha of k columns, from the sum of their variances and their row sums."""
    whole = sums.var(ddof=1)
    if k < 2 or whole <= CONSTANT**2 * parts:
        return np.nan
    return float(k / (k - 1) * (1 - parts / whole))


def _item_rest(item: np.ndarray, rest: np.ndarray) -> float:
    """Correlation of two centred columns on a scale of 1; NaN if one is flat on that scale."""
    if min(np.ptp(item), np.ptp(rest)) <= CONSTANT:
        return np.nan
    return pearson(item, rest)


def principal_components(x: np.ndarray) -> Components:
    """Principal components of the correlation matrix, from the standardised complete rows.

    Args:
        x: shape (n_units, n_columns), any units; rows with a gap are left out.

    Returns:
        `eigenvalues` and `share` (of the total, which is n_columns), shape (n_columns,), falling;
        `loadings`, the correlation of column and component, whose largest absolute value in each
        component is positive (the first of equals); `n_above_one`, components that explain more
        than one column does (Kaiser); `n`, the rows used. Components with equal eigenvalues are
        determined only together.

    Raises:
        ValueError: if `x` is not a finite matrix, has fewer than 3 complete rows, or a column is
            constant over them.

    Source:
        Jolliffe (2002), Principal Component Analysis, doi:10.1007/b98835
    """
    values = as_matrix(x)
    rows = values[~np.isnan(values).any(axis=1)]
    n, k = rows.shape
    if n < 3:
        raise ValueError(f"principal components need 3 complete rows, there are {n}")
    constant = [j for j in range(k) if is_constant(rows[:, j])]
    if constant:
        raise ValueError(f"columns {constant} (counted from 0) are constant over {n} complete rows")
    scaled = rows / np.abs(rows).max(axis=0)
    centred = scaled - scaled.mean(axis=0)
    _, singular, vectors = np.linalg.svd(
        centred / np.linalg.norm(centred, axis=0), full_matrices=n < k
    )
    eigenvalues = np.zeros(k)
    eigenvalues[: singular.size] = singular**2
    loadings = vectors.T * np.sqrt(eigenvalues)
    return Components(
        eigenvalues,
        eigenvalues / k,
        loadings * _signs(loadings),
        int(np.count_nonzero(eigenvalues > 1 + 1e-9)),
        n,
    )


def _signs(loadings: np.ndarray) -> np.ndarray:
    """Sign of the first loading within 1e-9 of the largest absolute one, per component."""
    size = np.abs(loadings)
    first = np.argmax(size >= size.max(axis=0) - 1e-9, axis=0)
    return np.where(np.take_along_axis(loadings, first[np.newaxis], axis=0)[0] < 0, -1.0, 1.0)
