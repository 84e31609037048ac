"""Scores and ranks of a tree under many draws of its weights, and of the ways to score it.

Draws of one way are computed together, block by block, as matrix products; the numbers are those of
`pipeline.methods.aggregate.climb` draw by draw.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from pipeline.methods.aggregate import aggregate
from pipeline.methods.ranks import DIGITS, rank_block, smallest_integer
from pipeline.robustness.tree import Block, Tree, Way

THREADS = 2
CELLS_AT_ONCE = 2**16  # units times draws of a block: what a processor's cache holds
DRAWS_AT_ONCE = 16  # at least, however many units there are
MEMORY_FOR_SCORES = 2**28  # bytes; beyond it scores are kept in single precision
MEMORY_FOR_BATCH = 2**29  # bytes of scores and ranks of nodes that are summarised together
SLACK = 1e-9  # a threshold met to nine decimals is met, as in 80_aggregated
POWERS = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
LARGEST_POWER = 4.0  # beyond it powers overflow, and `aggregate` has the safe way

Floats = np.ndarray


@dataclass(frozen=True)
class Simulated:
    """What the draws gave for the inner nodes asked for.

    Attributes:
        nodes: the numbers of the nodes.
        scores: for each node shape (n_units, n_draws), NaN where missing.
        ranks: for each node the same shape, small integers, 0 where missing.
    """

    nodes: tuple[int, ...]
    scores: dict[int, Floats]
    ranks: dict[int, np.ndarray]


def simulate(
    tree: Tree,
    ways: Sequence[Way],
    way_of_draw: np.ndarray,
    block_of: Callable[[np.ndarray], Block],
    nodes: Sequence[int] | None = None,
    digits: int = DIGITS,
    with_scores: bool = True,
) -> Simulated:
    """Scores and ranks of every unit in every draw.

    Args:
        tree: the nodes.
        ways: the ways to score; all have the same units.
        way_of_draw: shape (n_draws,), the number of the way of each draw.
        block_of: from numbers of draws to their parameters.
        nodes: inner nodes to keep; None keeps all.
        digits: decimals to which scores that share a rank are equal.
        with_scores: False keeps ranks only.

    Returns:
        A `Simulated`; memory is about 9 bytes (beyond 2²⁸ of scores 5) per node, unit and draw.

    Raises:
        ValueError: as `pipeline.methods.aggregate.aggregate`, for scores a method cannot take.
    """
    kept = tuple(tree.order if nodes is None else nodes)
    needed = below(tree, kept)
    n_units, n_draws = ways[0].leaves.shape[1], way_of_draw.size
    size = len(kept) * n_units * n_draws * 8
    real = np.float64 if size <= MEMORY_FOR_SCORES else np.float32
    # A draw is written in one go, so tables have a row per draw until all are there.
    scores = {k: np.empty((n_draws, n_units), real) for k in kept if with_scores}
    ranks = {k: np.empty((n_draws, n_units), smallest_integer(n_units)) for k in kept}
    step = max(DRAWS_AT_ONCE, CELLS_AT_ONCE // max(n_units, 1))
    blocks = [
        (way, rows[start : start + step])
        for way, rows in zip(ways, rows_of_ways(way_of_draw, len(ways)), strict=True)
        for start in range(0, rows.size, step)
    ]

    def run(block: tuple[Way, np.ndarray]) -> None:
        way, rows = block
        found = score_block(tree, way, block_of(rows), needed)
        for k in kept:
            if with_scores:
                scores[k][rows] = found[k].T
            ranks[k][rows] = rank_block(found[k], digits).T

    # Threads of our own over blocks; those of the linear algebra would get in their way.
    with one_blas_thread(), ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, blocks))
    for k in kept:  # one at a time: what was turned round is let go
        ranks[k] = np.ascontiguousarray(ranks[k].T)
        if with_scores:
            scores[k] = np.ascontiguousarray(scores[k].T)
    return Simulated(kept, scores, ranks)


def below(tree: Tree, nodes: Sequence[int]) -> frozenset[int]:
    """Some inner nodes and all inner nodes under them: what they are made of."""
    found = set(nodes)
    for node in reversed(tree.order):
        if node in found:
            found.update(int(kid) for kid in tree.children[node] if kid >= tree.n_leaves)
    return frozenset(found)


def batches(tree: Tree, n_units: int, n_draws: int) -> list[tuple[int, ...]]:
    """The inner nodes in parts whose scores and ranks can be held at once, the index in the last.

    Args:
        tree: the nodes.
        n_units, n_draws: the size of the table of each node.
    """
    each = n_units * n_draws * (4 + smallest_integer(n_units).itemsize)
    n = max(1, MEMORY_FOR_BATCH // max(each, 1))
    return [tree.order[start : start + n] for start in range(0, len(tree.order), n)]


def one_blas_thread() -> AbstractContextManager[Any]:
    """Linear algebra on one thread meanwhile: sums on several differ in their last bits."""
    return _controller().limit(limits=1, user_api="blas")


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def rows_of_ways(way_of_draw: np.ndarray, n_ways: int) -> list[np.ndarray]:
    """The draws of each way, in their order."""
    order = np.argsort(way_of_draw, kind="stable")
    return np.split(order, np.searchsorted(way_of_draw[order], np.arange(1, n_ways)))


def score_block(
    tree: Tree, way: Way, block: Block, nodes: Collection[int] | None = None
) -> dict[int, Floats]:
    """Scores of every inner node in some draws.

    Args:
        tree: the nodes.
        way: how they are scored.
        block: the draws.
        nodes: the inner nodes to score, with all under them; None: all.

    Returns:
        For each inner node shape (n_units, n_draws). Whether a node has enough of its weight, and
        who is ranked, is not drawn: it is judged by the weights of the way.
    """
    w = np.ascontiguousarray((way.weights * block.multipliers).T)
    base = way.weights[:, None]
    if block.is_out is not None:
        w = np.where(block.is_out.T, 0.0, w)
        base = np.where(block.is_out.T, 0.0, base)
    _, n_units, n_leaves = way.leaves.shape
    is_entered = np.zeros(tree.parents.size, dtype=bool)
    is_entered[:n_leaves] = way.entered
    found: dict[int, Floats] = {}
    for node in tree.order:
        kids = tree.children[node][is_entered[tree.children[node]]]
        is_entered[node] = kids.size > 0
        if nodes is not None and node not in nodes:
            continue
        if kids.size == 0:
            found[node] = np.full((n_units, w.shape[1]), np.nan)
            continue
        k = node - n_leaves
        parameters = way.parameters[k] if way.parameters else {}
        below = _Below(way.leaves, block.sets, found, kids[kids < n_leaves],
                       kids[kids >= n_leaves], w, base)  # fmt: skip
        found[node] = _mean(below, way.methods[k], float(way.min_share[k]), parameters)
    if way.is_ranked is not None and tree.top in found:
        found[tree.top][~way.is_ranked] = np.nan
    return found


@dataclass(frozen=True)
class _Below:
    """The children of a node: columns of the leaves, and inner nodes already scored."""

    leaves: Floats  # (n_sets, n_units, n_leaves)
    sets: np.ndarray
    found: dict[int, Floats]
    leaf_kids: np.ndarray
    inner_kids: np.ndarray
    w: Floats  # (n_nodes, n_draws)
    base: Floats  # (n_nodes, 1 or n_draws): before the draw

    def add_up(self, of: Any) -> tuple[Floats, Floats, np.ndarray, Floats, Floats]:
        """Sums over the children that there are, for a mean.

        Returns:
            Weight times `of` the score, shape (n_units, n_draws); the weight of all children,
            (n_draws,); the units that lack a child in some draw; for them the weight present, and
            the share of it before the draw.
        """
        x = self.leaves[:, :, self.leaf_kids]
        seen = ~np.isnan(x[0])
        own = self.w[self.leaf_kids]
        terms = np.where(seen, of(np.where(seen, x, 1.0)), 0.0)
        if len(terms) == 1:
            total = terms[0] @ own
        else:
            total = np.zeros((seen.shape[0], own.shape[1]))
            for column, weight in zip(terms.transpose(2, 1, 0), own, strict=True):
                total += weight * column[:, self.sets]
        entered = own.sum(axis=0)
        lacks = ~seen.all(axis=1)
        there: dict[int, Any] = dict.fromkeys(self.inner_kids, np.True_)
        whole_sum = total.copy() if self.inner_kids.size else total
        for kid in self.inner_kids:
            whole_sum += self.w[kid] * of(self.found[kid])
            entered = entered + self.w[kid]
        if not (self.inner_kids.size and np.isnan(whole_sum).any()):
            total = whole_sum
        else:  # a node below is missing somewhere
            there = {kid: ~np.isnan(self.found[kid]) for kid in self.inner_kids}
            for kid, is_there in there.items():
                x = of(np.where(is_there, self.found[kid], 1.0))
                total += self.w[kid] * np.where(is_there, x, 0.0)
                lacks |= ~is_there.all(axis=1)
        units = np.flatnonzero(lacks)
        shown = seen[units].astype(np.float64)
        present, share = shown @ own, shown @ self.base[self.leaf_kids]
        for kid, is_there in there.items():
            seen_there = is_there[units] if is_there.ndim else is_there
            present = present + self.w[kid] * seen_there
            share = share + self.base[kid] * seen_there
        whole = self.base[[*self.leaf_kids, *self.inner_kids]].sum(axis=0)
        return total, entered, units, present, share / np.where(whole > 0, whole, 1.0)

    def refuse(self, zero_too: bool, method: str) -> None:
        """Raise for a score that the method cannot take: below 0, or 0 itself."""
        tables = [self.leaves[:, :, self.leaf_kids], *(self.found[kid] for kid in self.inner_kids)]
        lowest = min(np.nanmin(table, initial=np.inf) for table in tables)
        if lowest < 0 or (zero_too and lowest == 0):
            raise ValueError(f"a score of {lowest:g} is none that a {method} mean can take")

    def draw(self, d: int, method: str, min_share: float, parameters: Mapping[str, Any]) -> Floats:
        """Scores in one draw, by a method that is no power mean."""
        kids = [*self.leaf_kids, *self.inner_kids]
        inner = [self.found[kid][:, d] for kid in self.inner_kids]
        x = np.column_stack([self.leaves[self.sets[d]][:, self.leaf_kids], *inner])
        w, base = self.w[kids, d], self.base[kids, d if self.base.shape[1] > 1 else 0]
        if not w.any():
            return np.full(len(x), np.nan)
        share = (~np.isnan(x) * base).sum(axis=1) / base.sum()
        x[share < min_share - SLACK] = np.nan
        return aggregate(x, w, method, 0.0, **parameters)


def _mean(below: _Below, method: str, min_share: float, parameters: Mapping[str, Any]) -> Floats:
    """Scores of a node in every draw: power means at once, other methods draw by draw."""
    power = POWERS.get(method, parameters.get("power", np.nan) if method == "generalised" else None)
    if power is None or not abs(power) <= LARGEST_POWER or method == "mpi":
        draws = range(below.w.shape[1])
        return np.column_stack([below.draw(d, method, min_share, parameters) for d in draws])
    there, back = _transform(float(power))
    if power != 1:
        below.refuse(power <= 0, method)
    total, entered, units, present, share = below.add_up(there)
    some = total[units]
    with np.errstate(divide="ignore", invalid="ignore"):  # 0/0 where every child is left out
        total /= entered
    is_met = (present > 0) & (share >= min_share - SLACK)
    total[units] = np.where(is_met, some, np.nan) / np.where(is_met, present, 1.0)
    return np.asarray(back(total))


def _transform(power: float) -> tuple[Any, Any]:
    """A power mean as an arithmetic mean: there and back."""
    if power == 1:
        return (lambda x: x), (lambda x: x)
    if power == 0:
        return np.log, np.exp
    return (lambda x: x**power), (lambda x: x ** (1 / power))
