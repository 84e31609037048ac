"""Statistics of a sample and of bootstrap samples of it at once, from how often each unit is drawn.

Throughout, `w` has shape (n_samples, n_units): how often each unit is in each sample. Units that
lack a value are left out of the statistic. A statistic that is not defined in a sample is NaN.
"""

from __future__ import annotations

import numpy as np


def draw_counts(n_units: int, n_samples: int, seed: int | list[int] = 0) -> np.ndarray:
    """The sample itself, then bootstrap samples of it.

    Args:
        n_units: units of the sample.
        n_samples: bootstrap samples.
        seed: of the draws.

    Returns:
        Shape (1 + n_samples, n_units); the first row is 1 throughout.

    Source:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 6
    """
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=n_samples)
    return np.vstack([np.ones((1, n_units)), drawn])


def percentile_interval(values: np.ndarray, level: float = 0.9) -> tuple[float, float]:
    """The ends between which the middle share `level` of the bootstrap values lies.

    Args:
        values: shape (1 + n_samples,), the statistic as the functions below give it; the first is
            of the sample itself and is left out, as are samples in which it is not defined.
        level: in (0, 1).

    Returns:
        Lower and upper end; NaN where it is defined in no sample.
    """
    drawn = values[1:][~np.isnan(values[1:])]
    if drawn.size == 0:
        return np.nan, np.nan
    low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def _mean(values: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Mean of each column of (n_units, …) in each sample."""
    size = w.sum(axis=1)
    flat = values.reshape(len(values), -1)
    found = (w @ flat) / np.where(size > 0, size, np.nan)[:, None]
    return np.asarray(found.reshape(len(w), *values.shape[1:]))


def _scaled(x: np.ndarray) -> np.ndarray:
    """Columns without gaps, centred, the largest absolute value 1: no sum overflows."""
    centred = x - x.mean(axis=0)
    return np.asarray(centred / np.maximum(np.abs(centred).max(axis=0), np.finfo(float).tiny))


def share_of(is_so: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Share of the units of which something is so.

    Args:
        is_so: shape (n_units,), bool.
        w: shape (n_samples, n_units).

    Returns:
        Shape (n_samples,), in [0, 1].
    """
    return _mean(is_so.astype(np.float64), w)


def correlation_matrix(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Pearson's r of every pair of columns over the units that have all of them.

    Args:
        x: shape (n_units, n_columns), any units.
        w: shape (n_samples, n_units).

    Returns:
        Shape (n_samples, n_columns, n_columns); NaN for a column that is constant in a sample.
    """
    kept = ~np.isnan(x).any(axis=1)
    if not kept.any():
        return np.full((len(w), x.shape[1], x.shape[1]), np.nan)
    z, counts = _scaled(x[kept]), w[:, kept]
    mean = _mean(z, counts)
    products = _mean(z[:, :, None] * z[:, None, :], counts)
    covariance = products - mean[:, :, None] * mean[:, None, :]
    variance = np.einsum("sii->si", covariance)
    squares = np.einsum("sii->si", products)
    sd = np.sqrt(np.where(variance > 1e-12 * squares, variance, np.nan))
    return np.asarray(np.clip(covariance / (sd[:, :, None] * sd[:, None, :]), -1, 1))


def correlation(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Pearson's r of two columns, shape (n_units,) each, in every sample: shape (n_samples,)."""
    return np.asarray(correlation_matrix(np.column_stack([x, y]), w)[:, 0, 1])


def alpha(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Cronbach's alpha of a group of columns.

    Args:
        x: shape (n_units, n_columns), on one scale and direction, two columns or more.
        w: shape (n_samples, n_units).

    Returns:
        Shape (n_samples,); NaN where the sum of the columns does not vary.

    Source:
        Cronbach (1951), doi:10.1007/BF02310555
    """
    kept, k = ~np.isnan(x).any(axis=1), x.shape[1]
    if not kept.any():
        return np.full(len(w), np.nan)
    centred, counts = x[kept] - x[kept].mean(axis=0), w[:, kept]
    parts = np.column_stack([centred, centred.sum(axis=1)])
    variance = _mean(parts**2, counts) - _mean(parts, counts) ** 2
    own, whole = variance[:, :k].sum(axis=1), variance[:, k]
    return np.asarray(
        k / (k - 1) * (1 - own / np.where(whole > 1e-12 * np.abs(own), whole, np.nan))
    )


def eigenvalues(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Eigenvalues of the correlation matrix of a group of columns, falling.

    Args:
        x: shape (n_units, n_columns).
        w: shape (n_samples, n_units).

    Returns:
        Shape (n_samples, n_columns), rows adding to n_columns; NaN where a column is constant.

    Source:
        Jolliffe (2002), Principal Component Analysis, doi:10.1007/b98835
    """
    r = correlation_matrix(x, w)
    found = np.full(r.shape[:2], np.nan)
    whole = ~np.isnan(r).any(axis=(1, 2))
    found[whole] = np.linalg.eigvalsh(r[whole])[:, ::-1]
    return found


def correlation_ratio(x: np.ndarray, y: np.ndarray, w: np.ndarray, degree: int = 3) -> np.ndarray:
    """Share of the variance of y that goes if x is known: the first-order effect of x.

    The conditional mean of y is taken as a polynomial of x; the share is corrected for the terms
    of the polynomial, which small samples flatter (adjusted R²), and is 0 at least.

    Args:
        x, y: shape (n_units,).
        w: shape (n_samples, n_units).
        degree: of the polynomial.

    Returns:
        Shape (n_samples,), in [0, 1]; NaN with `degree` + 2 different values or fewer.

    Source:
        Paruolo, Saisana & Saltelli (2013), doi:10.1111/j.1467-985X.2012.01059.x
    """
    kept = ~(np.isnan(x) | np.isnan(y))
    found = np.full(len(w), np.nan)
    if kept.sum() <= degree + 2:
        return found
    terms = np.polynomial.legendre.legvander(_scaled(x[kept]), degree)
    z, counts = _scaled(y[kept]), w[:, kept]
    gram = _mean(terms[:, :, None] * terms[:, None, :], counts)
    right = _mean(terms * z[:, None], counts)
    n_different = (counts > 0).sum(axis=1)
    mean, square = right[:, 0], _mean(z**2, counts)
    variance = square - mean**2
    fit = np.linalg.matrix_rank(gram) == degree + 1
    fit &= (n_different > degree + 2) & (variance > 1e-12 * square)
    solved = np.linalg.solve(gram[fit], right[fit][:, :, None])[:, :, 0]
    explained = (solved * right[fit]).sum(axis=1) - mean[fit] ** 2
    size = counts[fit].sum(axis=1)
    left = (1 - explained / variance[fit]) * (size - 1) / (size - degree - 1)
    found[fit] = np.clip(1 - left, 0, 1)
    return found


def shape_of(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Skewness G1 and excess kurtosis G2 of a column, as `pipeline.methods.treat` has them.

    Args:
        x: shape (n_units,).
        w: shape (n_samples, n_units).

    Returns:
        Two arrays of shape (n_samples,); NaN below 4 units and where nothing varies.

    Source:
        Joanes & Gill (1998), doi:10.1111/1467-9884.00122
    """
    kept = ~np.isnan(x)
    none = np.full(len(w), np.nan)
    if kept.sum() < 4:
        return none, none
    counts = w[:, kept]
    z = _scaled(x[kept])
    first, second, third, fourth = (_mean(z**k, counts) for k in (1, 2, 3, 4))
    m2 = second - first**2
    m3 = third - 3 * first * second + 2 * first**3
    m4 = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    n = counts.sum(axis=1)
    m2 = np.where((m2 > 1e-12 * second) & (n > 3), m2, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = np.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5
        excess = (n + 1) * (m4 / m2**2 - 3) + 6
        return skewness, (n - 1) / ((n - 2) * (n - 3)) * excess
