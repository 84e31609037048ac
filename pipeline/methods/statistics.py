"""Statistics of columns and of pairs of columns: what the data look like before they are an index.

Throughout, `x` has shape (n_units, n_columns), NaN is missing, and inputs are never changed. A
column is constant if its range is at most `CONSTANT` times its largest absolute value: what differs
by rounding alone has no shape and no correlation.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations, combinations_with_replacement
from typing import Any, NamedTuple

import numpy as np

from pipeline.methods._common import as_table
from pipeline.methods._kendall import average_ranks, kendall

CONSTANT = 1e-13
COUNTS = ("n", "missing", "zeros", "unique", "largest_tie")
MEASURES = ("availability", "min", "max", "mean", "median", "sd", "skewness", "kurtosis")
CORRELATIONS = ("pearson", "spearman", "kendall")


class Correlations(NamedTuple):
    """Coefficients, p-values and numbers of shared units; each shape (n_columns, n_columns)."""

    r: np.ndarray
    p: np.ndarray
    n: np.ndarray


class PairFlag(NamedTuple):
    """A pair of columns that asks for a look: `redundant`, `weak` or `negative`."""

    first: int
    second: int
    reason: str


def as_matrix(x: np.ndarray) -> np.ndarray:
    """The input as float64 of shape (n_units, n_columns).

    Raises:
        ValueError: if it is not two-dimensional, is empty, or holds an infinite number.
    """
    values = as_table(x)
    if 0 in values.shape:
        raise ValueError(f"expected units by columns, at least one of each, not {values.shape}")
    return values


def describe(x: np.ndarray) -> dict[str, np.ndarray]:
    """The description table: one entry per statistic, one number per column.

    Args:
        x: shape (n_units, n_columns), any unit, NaN missing.

    Returns:
        Arrays of shape (n_columns,). Counts: `n`, `missing`, `zeros`, `unique` (different values),
        `largest_tie` (units that share the commonest value). `availability` is n / n_units. In the
        column's unit: `min`, `max`, `mean`, `median`, `sd` (divisor n - 1). Without unit:
        `skewness` (adjusted Fisher-Pearson G1) and `kurtosis` (excess G2). NaN where a statistic
        is not defined: sd below 2 values, skewness below 3, kurtosis below 4, both when constant.

    Raises:
        ValueError: if `x` is not a finite matrix.

    Source:
        Joanes & Gill (1998), doi:10.1111/1467-9884.00122
    """
    columns = [_describe_column(column) for column in as_matrix(x).T]
    return {
        name: np.array([column[name] for column in columns], dtype=kind)
        for names, kind in ((COUNTS, np.int64), (MEASURES, np.float64))
        for name in names
    }


def _describe_column(column: np.ndarray) -> dict[str, float]:
    """Sorted first, so that the order of the units cannot change a bit of the result."""
    present = np.sort(column[~np.isnan(column)])
    n = present.size
    ties = np.unique(present, return_counts=True)[1]
    found: dict[str, float] = dict.fromkeys(MEASURES, np.nan) | {
        "n": n,
        "missing": column.size - n,
        "availability": n / column.size,
        "zeros": np.count_nonzero(present == 0),
        "unique": ties.size,
        "largest_tie": ties.max(initial=0),
    }
    if n == 0:
        return found
    _, power = np.frexp(np.abs(present).max())  # a power of two: sums neither overflow nor round
    scaled = np.ldexp(present, -power)
    inside = np.clip([scaled.mean(), np.median(scaled)], scaled[0], scaled[-1])
    sd, skewness, kurtosis = _spread(scaled)
    found["min"], found["max"] = present[0], present[-1]
    found["mean"], found["median"], found["sd"] = np.ldexp([*inside, sd], power)
    found["skewness"], found["kurtosis"] = skewness, kurtosis
    return found


def is_constant(present: np.ndarray) -> bool:
    """Whether values without gaps, shape (n,) with n >= 1, differ by rounding at most."""
    largest = np.abs(present).max()
    return bool(largest == 0 or np.ptp(present / largest) <= CONSTANT)


def _spread(present: np.ndarray) -> tuple[float, float, float]:
    """Standard deviation, G1 and G2 of values without gaps."""
    n = present.size
    if n < 2:
        return np.nan, np.nan, np.nan
    if is_constant(present):
        return 0.0, np.nan, np.nan
    centred = present - present.mean()
    scale = np.abs(centred).max()
    m2, m3, m4 = (np.mean((centred / scale) ** k) for k in (2, 3, 4))
    sd = scale * np.sqrt(m2 * n / (n - 1))
    skewness = np.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5 if n >= 3 else np.nan
    excess = (n + 1) * (m4 / m2**2 - 3) + 6
    kurtosis = (n - 1) / ((n - 2) * (n - 3)) * excess if n >= 4 else np.nan
    return float(sd), float(skewness), float(kurtosis)


def flags(
    description: dict[str, np.ndarray],
    availability: float = 2 / 3,
    skewness: float = 2.0,
    kurtosis: float = 3.5,
    zeros: float = 0.5,
    unique: float = 0.5,
) -> list[tuple[str, ...]]:
    """Why a column asks for a look, if it does.

    Args:
        description: the table that `describe` gives.
        availability: `low_availability` below this share of units.
        skewness: `outliers` if |skewness| is at least this …
        kurtosis: … and kurtosis at least this: the same test as outlier treatment.
        zeros: `many_zeros` above this share of the values.
        unique: `few_unique` below this share of different values.

    Returns:
        One tuple of reasons per column, in the order above, `constant` after `outliers`; empty if
        there is none. A column without values has `low_availability` only.
    """
    n = np.maximum(description["n"], 1)
    filled = description["n"] > 0
    skewed = np.abs(description["skewness"]) >= skewness
    checks = {
        "low_availability": description["availability"] < availability,
        "outliers": skewed & (description["kurtosis"] >= kurtosis),
        "constant": filled & (description["n"] > 1) & (description["sd"] == 0),
        "many_zeros": description["zeros"] / n > zeros,
        "few_unique": filled & (description["unique"] / n < unique),
    }
    return [
        tuple(reason for reason, found in checks.items() if found[column])
        for column in range(n.size)
    ]


def correlate(x: np.ndarray, method: str = "pearson") -> Correlations:
    """Correlation of every pair of columns over the units that have both.

    Args:
        x: shape (n_units, n_columns), any units, NaN missing.
        method: `pearson`, `spearman` (average ranks, ranked anew within each pair) or `kendall`
            (tau-b).

    Returns:
        `r`, two-sided `p` and `n`, each (n_columns, n_columns) and symmetric. `p` stands beside `r`
        and never hides it. Both are NaN where fewer than 3 units have both or one of the two is
        constant there; the diagonal is r = 1, p = 0. p is from Student's t for Pearson and
        Spearman; for Kendall exact in small samples without ties, else normal.

    Raises:
        ValueError: if `x` is not a finite matrix or the method is unknown.

    Source:
        Kendall & Gibbons (1990), Rank Correlation Methods, 5th ed.
    """
    values = as_matrix(x)
    if method not in CORRELATIONS:
        raise ValueError(f"unknown correlation '{method}'; choose from {', '.join(CORRELATIONS)}")
    size = (values.shape[1], values.shape[1])
    found = Correlations(np.full(size, np.nan), np.full(size, np.nan), np.zeros(size, np.int64))
    present = ~np.isnan(values)
    for i, j in combinations_with_replacement(range(values.shape[1]), 2):
        both = present[:, i] & present[:, j]
        first, second = values[both, i], values[both, j]
        found.n[[i, j], [j, i]] = first.size
        if first.size < 3 or is_constant(first) or is_constant(second):
            continue
        pair = (1.0, 0.0) if i == j else _correlate_pair(first, second, method)
        found.r[[i, j], [j, i]], found.p[[i, j], [j, i]] = pair
    return found


def _correlate_pair(first: np.ndarray, second: np.ndarray, method: str) -> tuple[float, float]:
    from scipy.special import betainc

    if method == "kendall":
        return kendall(first, second)
    if method == "spearman":
        first, second = average_ranks(first), average_ranks(second)
    r = pearson(first, second)
    return r, float(betainc(first.size / 2 - 1, 0.5, (1 - r) * (1 + r)))


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's r of two columns of shape (n,), without gaps and not constant."""
    unit = []
    for values in (first, second):
        scaled = values / np.abs(values).max()
        centred = scaled - scaled.mean()
        unit.append(centred / np.sqrt((centred**2).sum()))
    return float(np.clip((unit[0] * unit[1]).sum(), -1, 1))


def pair_flags(
    r: np.ndarray,
    groups: Sequence[Hashable],
    redundant: float = 0.92,
    weak: float = 0.3,
    negative: float = -0.4,
) -> list[PairFlag]:
    """Pairs of columns whose correlation asks for a look.

    Args:
        r: shape (n_columns, n_columns), as `correlate` gives; the upper triangle is read.
        groups: label of each column's parent, length n_columns.
        redundant: |r| at least this, within a group or across groups: counted twice.
        weak: r below this, and above `negative`, within a group: little in common.
        negative: r at most this within a group: the two cancel out in a mean.

    Returns:
        Flags ordered by columns; a pair may have two. A pair with r = NaN has none.

    Raises:
        ValueError: if shapes disagree or not -1 <= negative <= weak <= redundant <= 1.

    Source:
        OECD & JRC (2008), Handbook on Constructing Composite Indicators, step 4
    """
    r = np.asarray(r, dtype=np.float64)
    if r.shape != (len(groups), len(groups)):
        raise ValueError(f"{len(groups)} group labels for correlations of shape {r.shape}")
    if not -1 <= negative <= weak <= redundant <= 1:
        raise ValueError("thresholds must satisfy -1 <= negative <= weak <= redundant <= 1")
    found = []
    for i, j in combinations(range(len(groups)), 2):
        together = groups[i] == groups[j]
        checks: dict[str, Any] = {
            "redundant": np.abs(r[i, j]) >= redundant,
            "weak": together and negative < r[i, j] < weak,
            "negative": together and r[i, j] <= negative,
        }
        found += [PairFlag(i, j, reason) for reason, is_so in checks.items() if is_so]
    return found
