"""Weights read off the data: principal components, entropy, CRITIC."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.methods._common import Names, as_table, checked_variation, column_name, refuse_columns
from pipeline.methods.weights import rescale

SWEEPS = 1000  # of rotation; a few are enough unless two components are nearly alike
ANGLE = 1e-12  # radians: a rotation smaller than this is none
NOISE = 1e-12  # below it a sum of loadings or of 1 - r is 0


class Components(NamedTuple):
    """Weights from principal components, with what they rest on.

    Attributes:
        weights: shape (n_columns,), adding to 1, never negative.
        loadings: shape (n_columns, n_components): correlation of each column with each component
            used, after rotation, by falling share of variance, signs fixed.
        eigenvalues: shape (n_columns,), falling; they add to n_columns.
        explained: shape (n_components,), share of the total variance per component used.
        n_used: units without a missing value; the others are left out.
    """

    weights: np.ndarray
    loadings: np.ndarray
    eigenvalues: np.ndarray
    explained: np.ndarray
    n_used: int


def pca(x: np.ndarray, components: str = "rotated", names: Names = None) -> Components:
    """Weights from the principal components of the correlation matrix.

    `rotated`: components with an eigenvalue above 1 (the first at least) are rotated by varimax
    with Kaiser's normalisation. A column belongs to the component on which it loads most; its
    weight is that squared loading (its part of the component's variance, times the component's part
    of the total). `first`: the squared loading on the first component.

    Args:
        x: shape (n_units, n_columns), any unit, NaN is missing (the unit is left out).
        components: `rotated` or `first`.
        names: what messages call the columns.

    Returns:
        A `Components`. Weights do not depend on the unit, the direction or the order of columns
        or rows. Each component points to where most columns load positively; a column with a
        negative loading runs against the rest: look at it before using its weight.

    Raises:
        ValueError: if fewer than 3 units are complete, or a column is constant over them, or
            infinite; if `components` is unknown.

    Source:
        Nicoletti, Scarpetta & Boylaud (2000), doi:10.1787/215182844604; OECD/JRC Handbook (2008),
        step 6; Kaiser (1958), doi:10.1007/BF02289233 (varimax).
    """
    if components not in ("rotated", "first"):
        raise ValueError(f"'components' is rotated or first, not '{components}'")
    table = as_table(x, names)
    complete = table[~np.isnan(table).any(axis=1)]
    if len(complete) < 3:
        raise ValueError(f"{len(complete)} units have every column; components need 3 at least")
    checked_variation(complete, names)
    correlations = np.atleast_2d(np.corrcoef(complete, rowvar=False))
    values, vectors = np.linalg.eigh(correlations)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    n_kept = 1 if components == "first" else max(1, int((values > 1 + NOISE).sum()))
    loadings = rotate_varimax(vectors[:, :n_kept] * np.sqrt(values[:n_kept]))
    variance = (loadings**2).sum(axis=0)
    falling = np.argsort(-variance, kind="stable")
    loadings, explained = loadings[:, falling], variance[falling] / len(values)
    weights = rescale((loadings**2).max(axis=1), names)
    return Components(weights, _fix_signs(loadings), values, explained, len(complete))


def rotate_varimax(loadings: np.ndarray) -> np.ndarray:
    """Turn components so that each column loads on few of them.

    Args:
        loadings: shape (n_columns, n_components).

    Returns:
        Same shape; the sum of squares of each row stays.

    Source:
        Kaiser (1958), doi:10.1007/BF02289233: planar rotations, rows normalised to length 1.
    """
    lengths = np.linalg.norm(loadings, axis=1, keepdims=True)
    turned = loadings / np.where(lengths > 0, lengths, 1)
    n_columns, n_components = turned.shape
    for _ in range(SWEEPS):
        widest = 0.0
        for a in range(n_components):
            for b in range(a + 1, n_components):
                u = turned[:, a] ** 2 - turned[:, b] ** 2
                v = 2 * turned[:, a] * turned[:, b]
                across = 2 * (u @ v - u.sum() * v.sum() / n_columns)
                along = u @ u - v @ v - (u.sum() ** 2 - v.sum() ** 2) / n_columns
                angle = np.arctan2(across, along) / 4
                cos, sin = np.cos(angle), np.sin(angle)
                turned[:, [a, b]] = turned[:, [a, b]] @ np.array([[cos, -sin], [sin, cos]])
                widest = max(widest, abs(float(angle)))
        if widest < ANGLE:
            break
    return turned * lengths


def _fix_signs(loadings: np.ndarray) -> np.ndarray:
    """Each component points where its loadings add up; if they cancel, where the first one does."""
    sums = loadings.sum(axis=0)
    return loadings * np.where(np.where(np.abs(sums) > NOISE, sums, loadings[0]) < 0, -1, 1)


def entropy(x: np.ndarray, names: Names = None) -> np.ndarray:
    """Weights that grow with how unevenly a column is spread over the units.

    With q = x / mean(x) over the n observed units, the entropy is 1 - mean(q ln q) / ln n, and the
    weight is proportional to 1 minus the entropy.

    Args:
        x: shape (n_units, n_columns), 0 or more, NaN is missing and left out of its column.
        names: what messages call the columns.

    Returns:
        Shape (n_columns,), adding to 1; the unit of a column plays no part, its zero point does.

    Raises:
        ValueError: naming a column that is constant, empty, infinite or has a negative value.

    Source:
        Shannon (1948); Zeleny (1982), Multiple Criteria Decision Making, chapter 7.
    """
    table = checked_variation(x, names)
    refuse_columns((table < 0).any(axis=0), names, "has negative values: entropy needs 0 or more")
    divergence = np.empty(table.shape[1])
    for j, column in enumerate(table.T):
        seen = column[~np.isnan(column)]
        q = seen / seen.max()
        q = q / q.mean()
        # q ln q - q + 1 has the mean of q ln q, and no term of it is below 0.
        terms = q * np.log(np.where(q > 0, q, 1)) - q + 1
        divergence[j] = np.maximum(terms, 0).mean() / np.log(seen.size)
    return rescale(divergence, names)


def critic(x: np.ndarray, names: Names = None) -> np.ndarray:
    """Weights that grow with a column's contrast and with its conflict with the others.

    The standard deviation of the column brought to 0-1, times the sum over the other columns of
    1 minus the correlation (over the units that both have).

    Args:
        x: shape (n_units, n_columns), any unit, all directions turned already, NaN is missing.
        names: what messages call the columns.

    Returns:
        Shape (n_columns,), adding to 1. One column alone weighs 1.

    Raises:
        ValueError: naming a column that is constant, empty or infinite, or two that are not both
            observed and varying in 3 units at least; if all columns agree perfectly.

    Source:
        Diakoulaki, Mavrotas & Papayannakis (1995), doi:10.1016/0305-0548(94)00059-H.
    """
    table = checked_variation(x, names)
    lowest, highest = np.nanmin(table, axis=0), np.nanmax(table, axis=0)
    spread = np.nanstd((table - lowest) / (highest - lowest), axis=0)
    m = table.shape[1]
    if m == 1:
        return np.ones(1)
    conflict = np.zeros((m, m))
    for j in range(m):
        for k in range(j + 1, m):
            both = table[:, [j, k]][~np.isnan(table[:, [j, k]]).any(axis=1)]
            if len(both) < 3 or (np.ptp(both, axis=0) == 0).any():
                pair = f"{column_name(names, j)} and {column_name(names, k)}"
                raise ValueError(f"{pair} do not vary together in 3 units: no correlation")
            conflict[j, k] = conflict[k, j] = 1 - np.asarray(np.corrcoef(both, rowvar=False))[0, 1]
    total = conflict.sum(axis=1)
    if (total < NOISE).all():
        raise ValueError("all columns agree perfectly: CRITIC has no conflict to weigh")
    return rescale(spread * np.maximum(total, 0), names)
