"""Which choice moves the result: variance-based sensitivity indices of groups of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Design(NamedTuple):
    """Points of the unit cube at which a model has to be run.

    Attributes:
        points: shape ((n_groups + 2) * n, n_columns): the blocks A, B, and A with the columns of
            one group taken from B, group by group.
        n: rows of a block, a power of two.
    """

    points: np.ndarray
    n: int


class Indices(NamedTuple):
    """Sensitivity of each output to each group, shape (n_groups, n_outputs) each.

    Attributes:
        first: share of the variance that goes if the group alone were known.
        total: share that remains if everything but the group were known.
        first_low, first_high, total_low, total_high: bootstrap intervals.
        variance: shape (n_outputs,); where it is 0 every index is NaN.
    """

    first: np.ndarray
    total: np.ndarray
    first_low: np.ndarray
    first_high: np.ndarray
    total_low: np.ndarray
    total_high: np.ndarray
    variance: np.ndarray


def sobol_design(n: int, groups: Sequence[int], seed: int = 0) -> Design:
    """A quasi-random design for `sobol_indices`.

    Args:
        n: rows of a block, a power of two.
        groups: shape (n_columns,), the number of the group of each input, from 0 without gaps.
        seed: of the scrambling.

    Returns:
        A `Design`.

    Raises:
        ValueError: if `n` is no power of two or a group is skipped.

    Source:
        Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; Owen-scrambled Sobol' points.
    """
    from scipy.stats import qmc

    if n < 1 or n & (n - 1):
        raise ValueError(f"a block needs a power of two of rows, not {n}")
    of = np.asarray(groups)
    if set(of.tolist()) != set(range(of.max() + 1)):
        raise ValueError("groups must be numbered from 0 without gaps")
    both = qmc.Sobol(2 * of.size, scramble=True, rng=np.random.default_rng(seed)).random(n)
    a, b = both[:, : of.size], both[:, of.size :]
    mixed = [np.where(of == group, b, a) for group in range(of.max() + 1)]
    return Design(np.vstack([a, b, *mixed]), n)


def sobol_indices(
    outputs: np.ndarray, n: int, n_boot: int = 500, level: float = 0.9, seed: int = 0
) -> Indices:
    """First-order and total indices with bootstrap intervals.

    Args:
        outputs: shape ((n_groups + 2) * n, n_outputs), the model at the points of the design, no
            value missing.
        n: rows of a block.
        n_boot: bootstrap samples of the rows.
        level: of the intervals, in (0, 1): basic bootstrap intervals, estimate ± quantiles of the
            bootstrap differences.
        seed: of the bootstrap.

    Returns:
        An `Indices`. Outputs are centred first, which keeps the first-order estimate from
        depending on their mean.

    Raises:
        ValueError: if shapes do not fit, a value is missing or `level` is outside (0, 1).

    Source:
        First order: Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; total: Jansen (1999),
        doi:10.1016/S0010-4655(98)00154-4
    """
    y = np.asarray(outputs, dtype=np.float64)
    if y.ndim != 2 or len(y) % n or len(y) < 3 * n:
        raise ValueError(f"{y.shape} outputs do not fit blocks of {n} rows")
    if not np.isfinite(y).all():
        raise ValueError("an output is missing or infinite")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    blocks = y.reshape(-1, n, y.shape[1])
    blocks = blocks - blocks[:2].mean(axis=(0, 1))
    a, b, mixed = blocks[0], blocks[1], blocks[2:]
    terms = np.concatenate([b * (mixed - a), (a - mixed) ** 2 / 2])  # (2 groups, n, outputs)
    moments = np.stack([(a + b) / 2, (a**2 + b**2) / 2])

    def estimate(share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """From the share of each row: indices (2 groups, samples, outputs), and the variance."""
        means, squares = share @ moments[0], share @ moments[1]
        variance = squares - means**2
        parts = np.stack([share @ term for term in terms])
        with np.errstate(divide="ignore", invalid="ignore"):
            return parts / np.where(variance > 0, variance, np.nan), variance

    found, variance = estimate(np.full((1, n), 1 / n))
    rng = np.random.default_rng(seed)
    samples = rng.multinomial(n, np.full(n, 1 / n), size=n_boot) / n
    spread = estimate(samples)[0] - found
    low, high = np.quantile(spread, ((1 - level) / 2, (1 + level) / 2), axis=1)
    k = len(mixed)
    point = found[:, 0]
    return Indices(
        point[:k], point[k:],
        point[:k] - high[:k], point[:k] - low[:k],
        point[k:] - high[k:], point[k:] - low[k:],
        variance[0],
    )  # fmt: skip
