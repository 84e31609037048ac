"""What moves the ranks: sensitivity of the draws to each factor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pipeline.methods.intervals import MANY_UNITS
from pipeline.methods.sensitivity import Indices, sobol_design, sobol_indices
from pipeline.robustness.cells import Cells
from pipeline.robustness.design import Space
from pipeline.robustness.engine import simulate
from pipeline.robustness.results import Row, Run
from pipeline.robustness.space import draws_of, ways_of

N_BOOT = 200
MEAN_SHIFT = "mean_absolute_shift"


def sensitivity_rows(run: Run, n: int, pairs: list[tuple[str, str]]) -> Iterator[Row]:
    """Sensitivity indices of every edition to every factor.

    Args:
        run: a simulation of the index.
        n: rows of a block of the design, a power of two; (factors + 2) times as many draws.
        pairs: codes of provinces, whose difference of ranks is an output of its own.

    Returns:
        One row per edition, output and factor. Outputs: the mean over the ranked provinces of how
        far a rank is from the published one, the rank of each province (up to `MANY_UNITS`
        provinces), and the differences asked for. An output that does not vary has no indices, and
        none has a province that some draw leaves without a score.
    """
    space = run.declared.space
    design = sobol_design(n, space.groups, run.settings.seed)
    draws = space.place(design.points)
    ways, number = ways_of(run.index, run.declared, draws)
    top = run.index.tree.top
    for one in run.cells:
        block_of = draws_of(run.index, run.declared, draws, one).block
        found = simulate(run.index.tree, ways[one.edition], number, block_of, [top],
                         run.digits, with_scores=False).ranks[top]  # fmt: skip
        published = run.ranks[one.edition][:, 0].astype(np.int64)
        ranked = np.flatnonzero((published > 0) & (found > 0).all(axis=1))
        if ranked.size == 0:
            continue
        place = {one.provinces[p]: p for p in ranked}
        named = list(place) if len(found) <= MANY_UNITS else []
        outputs = [_mean_shift(found, published, ranked)]
        outputs += [found[place[code]].astype(np.float64) for code in named]
        names = [MEAN_SHIFT, *named]
        for a, b in pairs:
            if a in place and b in place:
                outputs.append(found[place[a]].astype(np.float64) - found[place[b]])
                names.append(f"{a}-{b}")
        indices = sobol_indices(
            np.column_stack(outputs), n, N_BOOT, run.settings.level, run.settings.seed
        )
        yield from _index_rows(one, names, space, indices)


def _mean_shift(found: np.ndarray, published: np.ndarray, ranked: np.ndarray) -> np.ndarray:
    """Mean over the ranked provinces of how far each draw puts them, shape (n_draws,)."""
    total = np.zeros(found.shape[1])
    for p in ranked:  # sums of whole numbers: exact in any order
        total += np.abs(found[p].astype(np.float64) - published[p])
    return total / ranked.size


def _index_rows(one: Cells, names: list[str], space: Space, found: Indices) -> Iterator[Row]:
    for j, name in enumerate(names):
        for i, factor in enumerate(space.names):
            yield {"edition": one.edition, "output": name, "factor": factor,
                   "first_order": found.first[i, j], "first_order_low": found.first_low[i, j],
                   "first_order_high": found.first_high[i, j], "total": found.total[i, j],
                   "total_low": found.total_low[i, j], "total_high": found.total_high[i, j],
                   "variance": found.variance[j]}  # fmt: skip
