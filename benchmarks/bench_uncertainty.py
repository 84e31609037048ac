"""Time rank intervals and sensitivity under many draws, beside a plain loop over draws.

Run by `make bench`. First a synthetic index: 63 provinces, 52 indicators, three levels; weights
within 25 % of theirs, two scales, two means, five rules for outliers, 5 % of the cells missing.
Everything counts: treating and scaling, drawing, scores and ranks of every node, intervals and
pairs. The loop takes one draw after the other with NumPy; it must give the same ranks before a
ratio is printed. Then the sensitivity of the shipped index to every declared factor, with bootstrap
intervals.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.synthetic import SEED, synthetic_inputs
from pipeline.build.inputs import Inputs
from pipeline.methods.intervals import summarise_ranks, summarise_scores
from pipeline.methods.normalise import normalise
from pipeline.methods.pairs import share_above
from pipeline.methods.treat import treat
from pipeline.robustness.design import Choice, Draws, Space, Spread, combinations
from pipeline.robustness.engine import Simulated, one_blas_thread, simulate
from pipeline.robustness.tree import Tree, Way

N_UNITS, N_INDICATORS = 63, 52
DRAWS = (1_000, 10_000, 100_000)
RUNS = 3
BOUNDS = {(1_000, False): 0.1, (10_000, False): 0.5, (100_000, False): 4.0, (100_000, True): 0.5}
MOST_MEGABYTES = 500
BLOCK = 16_384  # rows of a block of the sensitivity design
LOOPED = 500  # draws the loop computes; its rate is what is compared
TREATMENTS = (
    {"max_winsorised": 5}, {"max_winsorised": 3}, {"max_winsorised": 1},
    {"skewness_limit": 1.5}, {"max_winsorised": 0, "transform": "none"},
)  # fmt: skip
SCALES, MEANS = ("minmax", "zscore"), ("arithmetic", "geometric")
CHOICES = (
    Choice("treat", tuple(map(str, TREATMENTS))), Choice("normalise", SCALES),
    Choice("aggregate", MEANS),
)  # fmt: skip


def tree_of(inputs: Inputs) -> Tree:
    """Three levels: indicators, pillars, the index."""
    pillars = [node.code for node in inputs.nodes if node.level == 2]
    n = len(inputs.indicators)
    parents = [n + pillars.index(str(node.parent)) for node in inputs.indicators]
    return Tree(np.array([*parents, *[n + len(pillars)] * len(pillars), -1]), n)


def ways_of(inputs: Inputs, tree: Tree, combined: np.ndarray) -> Iterator[Way]:
    """Treat and normalise once per pair of rules."""
    directions = [node.direction for node in inputs.indicators]
    n_nodes = tree.parents.size
    n_inner = n_nodes - tree.n_leaves
    leaves = {}
    for t, s, mean in combined:
        if (t, s) not in leaves:
            x = treat(inputs.x, **TREATMENTS[t]).values  # type: ignore[arg-type]
            scaled = normalise(x, SCALES[s], directions, 0, 100)
            lowest = np.nanmin(scaled)
            leaves[t, s] = scaled if lowest > 0 else scaled + (1 - lowest)
        yield Way(leaves[t, s][None], np.ones(tree.n_leaves, bool), np.ones(n_nodes),
                  [MEANS[mean]] * n_inner, np.full(n_inner, 0.5))  # fmt: skip


def run(inputs: Inputs, n_draws: int, is_weights_only: bool) -> tuple[Draws, list[Way], Simulated]:
    """All of it, from the denominated values to intervals and pairs."""
    tree = tree_of(inputs)
    n_nodes = tree.parents.size
    spread = Spread("weights", np.arange(n_nodes - 1), "uniform", 0.25)
    space = Space(() if is_weights_only else CHOICES, (spread,), n_nodes, np.full(n_nodes, 0.1))
    draws = space.sample(n_draws, SEED)
    combined, way_of_draw = combinations(draws.levels)
    if is_weights_only:
        combined = np.zeros((1, 3), dtype=int)
    ways = list(ways_of(inputs, tree, combined))
    nodes = [tree.top] if is_weights_only else None
    found = simulate(tree, ways, way_of_draw, draws.block, nodes)
    for node in found.nodes:
        summarise_ranks(found.ranks[node])
        summarise_scores(found.scores[node])
    share_above(found.ranks[tree.top])
    return draws, ways, found


def loop(inputs: Inputs, draws: Draws, ways: list[Way], n_draws: int) -> np.ndarray:
    """The same ranks of the index as an analyst would write it: one draw after the other."""
    tree = tree_of(inputs)
    way_of_draw = combinations(draws.levels)[1]
    children = {k: np.flatnonzero(tree.parents == k) for k in range(tree.n_leaves, tree.top + 1)}
    ranks = np.empty((N_UNITS, n_draws), dtype=int)
    for d in range(n_draws):
        way = ways[way_of_draw[d]]
        w = way.weights * draws.multipliers(np.array([d]))[0]
        scores = np.full((N_UNITS, w.size), np.nan)
        scores[:, : tree.n_leaves] = way.leaves[0]
        for node, kids in children.items():
            x = scores[:, kids]
            there = ~np.isnan(x)
            shares = there * w[kids]
            present = shares.sum(axis=1)
            x = np.where(there, x, 1.0)
            is_log = way.methods[0] == "geometric"
            mean = ((np.log(x) if is_log else x) * shares).sum(axis=1) / present
            mean = np.exp(mean) if is_log else mean
            scores[:, node] = np.where(present >= 0.5 * w[kids].sum(), mean, np.nan)
        top = np.round(scores[:, tree.top], 10)
        ranks[:, d] = 1 + (top[:, None] < top).sum(axis=1)
    return ranks


def measure(n_draws: int, is_weights_only: bool) -> tuple[float, float]:
    """Best time and peak memory in MB, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (n_draws, is_weights_only))


def _measured(n_draws: int, is_weights_only: bool) -> tuple[float, float]:
    inputs = synthetic_inputs(N_UNITS, N_INDICATORS)
    run(inputs, 100, is_weights_only)  # imports
    best = float("inf")
    for _ in range(RUNS):
        started = time.perf_counter()
        run(inputs, n_draws, is_weights_only)
        best = min(best, time.perf_counter() - started)
    return best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the table."""
    inputs = synthetic_inputs(N_UNITS, N_INDICATORS)
    draws, ways, found = run(inputs, LOOPED, is_weights_only=False)
    started = time.perf_counter()
    ranks = loop(inputs, draws, ways, LOOPED)
    per_draw = (time.perf_counter() - started) / LOOPED
    same = found.ranks[max(found.nodes)]
    assert (ranks == same).all(), "the loop gives other ranks"
    print(f"{N_UNITS} synthetic provinces x {N_INDICATORS} indicators, {len(ways)} ways of scoring")
    print(f"plain loop: {per_draw * 1e3:.2f} ms a draw, the same ranks in {LOOPED} draws\n")
    heads = f"{'seconds':>8}  {'bound':>8}  {'times the loop':>14}  {'peak MB':>8}"
    print(f"{'draws':>8}  {'varied':12}  {heads}")
    cases = [*product(DRAWS, [False]), (DRAWS[-1], True)]
    for n_draws, is_weights_only in cases:
        seconds, peak = measure(n_draws, is_weights_only)
        varied = "weights only" if is_weights_only else "everything"
        ratio, bound = per_draw * n_draws / seconds, BOUNDS[n_draws, is_weights_only]
        print(
            f"{n_draws:8,}  {varied:12}  {seconds:8.3f}  {bound:8.1f}  {ratio:14,.0f}  {peak:8.0f}"
        )
    print(f"peak memory is bound to {MOST_MEGABYTES} MB\n")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(sensitivity_of_shipped))


def sensitivity_of_shipped() -> str:
    """Time the indices of every factor of `index.yml` for the first edition, the largest first."""
    from pipeline.faults import Faults  # late: the draws above are weighed without the chain
    from pipeline.project import Project
    from pipeline.robustness.drivers import sensitivity_rows
    from pipeline.robustness.results import run_draws
    from pipeline.run import compute, load

    root = Path(__file__).parents[1]
    loaded = load(Project(root), Faults(), lambda *_: None)
    con = compute(loaded, Faults(), lambda *_: None, is_held=False)
    assert loaded.spec.robustness is not None
    few = loaded.spec.robustness.model_copy(update={"draws": 2})
    whole = run_draws(con, loaded.spec.model_copy(update={"robustness": few}))
    one = replace(whole, cells=whole.cells[:1])
    best, rows = float("inf"), []
    for _ in range(RUNS):
        started = time.perf_counter()
        with one_blas_thread():
            rows = list(sensitivity_rows(one, BLOCK, []))
        best = min(best, time.perf_counter() - started)
    factors = one.declared.space.names
    shifts = sorted(rows[: len(factors)], key=lambda row: -row["total"])
    told = "\n".join(f"  {row['factor']:20} {row['first_order']:6.3f} "
                     f"({row['first_order_low']:.3f} to {row['first_order_high']:.3f})  "
                     f"{row['total']:6.3f} ({row['total_low']:.3f} to {row['total_high']:.3f})"
                     for row in shifts)  # fmt: skip
    n = BLOCK * (len(factors) + 2)
    n_outputs = len(rows) // len(factors)
    return (
        f"sensitivity of the shipped index, edition {one.cells[0].edition}: {n:,} evaluations, "
        f"{len(factors)} factors, {n_outputs} outputs in {best:.2f} s (bound 5 s for 100,000)\n"
        f"  factor               first (interval)         total (interval)\n{told}"
    )


if __name__ == "__main__":
    main()
