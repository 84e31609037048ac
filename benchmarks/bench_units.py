"""Time the chain and the draws on provinces, districts and communes, with peak memory.

Run by `make bench`. Synthetic indices of 50 indicators in three levels. Build: every step of the
chain as `python -m pipeline build` runs it, medians in the gaps. Draws: 1,000, with everything that
`bench_uncertainty` varies, from the values to intervals of every node, pairs (all of few units, of
many those near in rank) and the groups that cannot be told apart. Beside them a plain loop takes
one draw after the other, scores and ranks only; it must give the same ranks before a ratio, to the
seconds that scores and ranks take here, is printed. Each size runs in a process of its own, whose
memory is what is printed.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bench_uncertainty import CHOICES, tree_of, ways_of
from benchmarks.synthetic import SEED, synthetic_inputs
from pipeline.build.chain import run_chain
from pipeline.build.choices import Impute, Methods
from pipeline.build.inputs import Inputs
from pipeline.methods.intervals import MANY_UNITS, summarise_ranks, summarise_scores
from pipeline.methods.pairs import groups_alike, groups_of_draws, share_above, share_near
from pipeline.robustness.design import Draws, Space, Spread, combinations
from pipeline.robustness.engine import batches, simulate
from pipeline.robustness.results import NEAR
from pipeline.robustness.tree import Way

N_INDICATORS, N_DRAWS = 50, 1_000
UNITS = (63, 3_000, 10_000)
BUILD_BOUND, DRAWS_BOUND, MEMORY_BOUND = 2.0, 30.0, 2_000  # seconds, seconds, MB at the most units
RUNS = 3  # of a build
LOOPED = 20  # draws of the plain loop
METHODS = Methods(impute=Impute(method="median"))


class Found(NamedTuple):
    """Seconds and MB of one size."""

    build: float
    draws: float
    simulated: float  # of which scores and ranks
    per_looped: float  # draw of the plain loop
    peak: float


def draw_all(inputs: Inputs, n_draws: int) -> tuple[Draws, list[Way], np.ndarray, float]:
    """From the values to intervals, pairs and groups; the ranks of the index, and seconds of all
    scores and ranks alone.
    """
    tree = tree_of(inputs)
    n_nodes, n_units = tree.parents.size, len(inputs.units)
    spread = Spread("weights", np.arange(n_nodes - 1), "uniform", 0.25)
    space = Space(CHOICES, (spread,), n_nodes, np.full(n_nodes, 0.1))
    draws = space.sample(n_draws, SEED)
    combined, way_of_draw = combinations(draws.levels)
    ways = list(ways_of(inputs, tree, combined))
    simulated = 0.0
    for nodes in batches(tree, n_units, n_draws):
        started = time.perf_counter()
        found = simulate(tree, ways, way_of_draw, draws.block, nodes)
        simulated += time.perf_counter() - started
        for node in nodes:
            summarise_ranks(found.ranks[node])
            summarise_scores(found.scores[node])
    ranks = found.ranks[tree.top]
    order = np.argsort(ranks[:, 0], kind="stable")
    if n_units <= MANY_UNITS:
        groups_alike(share_above(ranks), order)
    else:
        share_near(ranks, order, NEAR)
        groups_of_draws(ranks, order)
    return draws, ways, ranks, simulated


def loop(inputs: Inputs, draws: Draws, ways: list[Way], n_draws: int) -> np.ndarray:
    """The same ranks as an analyst would write it: one draw, then one node after the other."""
    tree = tree_of(inputs)
    way_of_draw = combinations(draws.levels)[1]
    ranks = np.empty((len(inputs.units), n_draws), dtype=int)
    for d in range(n_draws):
        way = ways[way_of_draw[d]]
        w = way.weights * draws.multipliers(np.array([d]))[0]
        scores = np.full((len(ranks), w.size), np.nan)
        scores[:, : tree.n_leaves] = way.leaves[0]
        for node in tree.order:
            kids = tree.children[node]
            x = scores[:, kids]
            there = ~np.isnan(x)
            shares = there * w[kids]
            x = np.where(there, x, 1.0)
            is_log = way.methods[0] == "geometric"
            mean = ((np.log(x) if is_log else x) * shares).sum(axis=1) / shares.sum(axis=1)
            mean = np.exp(mean) if is_log else mean
            scores[:, node] = np.where(there.mean(axis=1) >= 0.5, mean, np.nan)
            own = np.round(scores[:, node], 10)
            ordered = np.sort(own[~np.isnan(own)])
            ranks[:, d] = 1 + ordered.size - np.searchsorted(ordered, own, side="right")
    return ranks


def measured(n_units: int) -> Found:
    """One size, in this process."""
    inputs = synthetic_inputs(n_units, N_INDICATORS)
    builds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        run_chain(inputs, METHODS)
        builds.append(time.perf_counter() - started)
    draw_all(synthetic_inputs(63, N_INDICATORS), 100)  # imports
    started = time.perf_counter()
    draws, ways, ranks, simulated = draw_all(inputs, N_DRAWS)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    same = loop(inputs, draws, ways, LOOPED)
    per_looped = (time.perf_counter() - started) / LOOPED
    assert (same == ranks[:, :LOOPED]).all(), "the loop gives other ranks"
    return Found(min(builds), seconds, simulated, per_looped, peak)


def main() -> None:
    """Print one line per size."""
    print(
        f"{N_INDICATORS} synthetic indicators, {N_DRAWS:,} draws; above {MANY_UNITS} units pairs "
        f"with the next {NEAR} in rank\nplain loop: the same ranks in {LOOPED} draws\n"
    )
    print(f"{'':26}{'of which':>9}{'':>9}{'times':>9}")
    print(f"{'units':>8}{'build s':>9}{'draws s':>9}{'ranks s':>9}{'loop/s':>9}{'the loop':>9}"
          f"{'peak MB':>9}")  # fmt: skip
    for n_units in UNITS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measured, (n_units,))
        ratio = found.per_looped * N_DRAWS / found.simulated
        print(f"{n_units:>8,}{found.build:>9.3f}{found.draws:>9.2f}{found.simulated:>9.2f}"
              f"{1 / found.per_looped:>9,.0f}{ratio:>9.1f}{found.peak:>9,.0f}")  # fmt: skip
    bounds = ((found.build, BUILD_BOUND), (found.draws, DRAWS_BOUND), (found.peak, MEMORY_BOUND))
    verdict = "kept" if all(value <= bound for value, bound in bounds) else "NOT kept !"
    print(f"bounds at {UNITS[-1]:,} units: build {BUILD_BOUND:g} s, draws {DRAWS_BOUND:g} s, "
          f"{MEMORY_BOUND:,} MB: {verdict}")  # fmt: skip


if __name__ == "__main__":
    main()
