"""Aggregate the children of a node, and climb a whole tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.methods import means, relative
from pipeline.methods._common import Names, as_table, checked_weights

MEANS: dict[str, Callable[..., np.ndarray]] = {
    "arithmetic": means.arithmetic,
    "geometric": means.geometric,
    "harmonic": means.harmonic,
    "generalised": means.generalised,
    "median": means.median,
    "mpi": means.mazziotta_pareto,
}
PARAMETERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("arithmetic", "geometric", "harmonic", "median"), frozenset()),
    "generalised": frozenset({"power"}),
    "mpi": frozenset({"penalty"}),
    "copeland": frozenset({"lower", "upper"}),
    "benefit_of_the_doubt": frozenset({"lower", "upper", "scale"}),
}


class Climbed(NamedTuple):
    """A whole tree, leaves first.

    Attributes:
        scores: shape (n_units, n_nodes), NaN where missing.
        coverage: same shape, share of the weight of entered leaves that is observed, in [0, 1].
        coverage_declared: same shape, share of the weight of all leaves that is observed.
        is_entered: shape (n_nodes,), whether a leaf under the node entered.
    """

    scores: np.ndarray
    coverage: np.ndarray
    coverage_declared: np.ndarray
    is_entered: np.ndarray


def aggregate(
    x: np.ndarray,
    weights: np.ndarray,
    method: str = "arithmetic",
    min_share: float = 0.5,
    names: Names = None,
    **parameters: Any,
) -> np.ndarray:
    """Scores of one node from the scores of its children.

    Every method skips a missing child the same way: the weights of the children present are
    rescaled to 1, and a unit whose present children hold less than `min_share` of the weight has
    no score (and, in `copeland` and `benefit_of_the_doubt`, is no peer of the others).

    Args:
        x: shape (n_units, n_columns), scores of the children, higher is better; NaN is missing.
        weights: shape (n_columns,), relative, not negative; a child of weight 0 does not count.
        method: a key of `PARAMETERS`.
        min_share: share of the weight that must be present, in [0, 1].
        names: what messages call the columns.
        **parameters: `generalised`: power. `mpi`: penalty (-1 or 1). `copeland`: lower, upper
            (range of the scores). `benefit_of_the_doubt`: lower, upper (bounds on pie shares),
            scale. The median is the weighted one: with equal weights the plain median.

    Returns:
        Shape (n_units,), in the unit of `x` (`copeland` and `benefit_of_the_doubt`: their own
        scale); NaN where missing.

    Raises:
        ValueError: if the method or a parameter is unknown, weights are not usable, a value is
            infinite or, naming the column, outside what the method can take.

    Source:
        OECD/JRC Handbook on Constructing Composite Indicators (2008), step 6; Mazziotta & Pareto
        (2016), doi:10.1007/s11205-015-0998-2; others at their functions.
    """
    check_method(method, parameters)
    x, weights = as_table(x, names), checked_weights(weights, names)
    if weights.size != x.shape[1]:
        raise ValueError(f"{weights.size} weights for {x.shape[1]} columns")
    if not 0 <= min_share <= 1:
        raise ValueError(f"min_share must be between 0 and 1, not {min_share}")
    weights = np.ldexp(weights, -np.frexp(weights.max())[1])  # no sum overflows, no digit is lost
    is_present = ~np.isnan(x) & (weights > 0)
    if method in MEANS and is_present.all():  # most nodes of most panels: nothing to weigh anew
        total = _add_exactly(weights, np.ones((1, weights.size), dtype=bool))[0]
        return MEANS[method](x, np.broadcast_to(weights / total, x.shape), names, **parameters)
    present = _add_exactly(weights, is_present)
    total = _add_exactly(weights, np.ones((1, weights.size), dtype=bool))[0]
    kept = (present > 0) & (present >= min_share * total)
    scores = np.full(x.shape[0], np.nan)
    if not kept.any():
        return scores
    cells = np.where(is_present, x, np.nan)[kept]
    if method == "copeland":
        scores[kept] = relative.copeland(cells, weights, names, **parameters)
    elif method == "benefit_of_the_doubt":
        scores[kept] = relative.benefit_of_the_doubt(cells, names=names, **parameters)[0]
    else:
        shares = weights * is_present[kept] / present[kept, None]
        own_highest = np.fmax.reduce(cells, axis=1)
        filled = np.where(is_present[kept], cells, own_highest[:, None])
        scores[kept] = MEANS[method](filled, shares, names, **parameters)
    return scores


def check_method(method: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a method or a parameter that does not exist, with what does.

    Raises:
        ValueError: naming the choices.
    """
    if method not in PARAMETERS:
        raise ValueError(f"no aggregation method '{method}'; choose from {', '.join(PARAMETERS)}")
    unknown = sorted(set(parameters) - PARAMETERS[method])
    if unknown:
        allowed = ", ".join(sorted(PARAMETERS[method])) or "none"
        raise ValueError(f"'{method}' has no parameter '{unknown[0]}'; it takes: {allowed}")


def _add_exactly(weights: np.ndarray, is_present: np.ndarray) -> np.ndarray:
    """Weight present per row, correctly rounded: the threshold must not hang on the order."""
    total = np.zeros(is_present.shape[0])
    lost = np.zeros_like(total)
    for weight, cells in zip(weights, is_present.T, strict=True):
        term = weight * cells
        added = total + term
        back = added - total
        lost += (total - (added - back)) + (term - back)  # what rounding took (Knuth's two-sum)
        total = added
    return total + lost


def climb(
    leaf_scores: np.ndarray,
    parents: Sequence[int] | np.ndarray,
    weights: np.ndarray,
    methods: str | Sequence[str] = "arithmetic",
    min_share: float | Sequence[float] = 0.5,
    entered: np.ndarray | None = None,
    parameters: Sequence[Mapping[str, Any]] | None = None,
    names: Names = None,
) -> Climbed:
    """Scores and coverage of every node of a tree, from the leaves to the top.

    Nodes are numbered: the n_leaves columns of `leaf_scores` first, then the inner nodes in any
    order. A node may have leaves and inner nodes as children, at any height. The arithmetic mean
    is what `pipeline/sql/80_aggregated.sql` computes. `copeland` and `benefit_of_the_doubt`
    compare the units given: call once per edition.

    Args:
        leaf_scores: shape (n_units, n_leaves); NaN is missing.
        parents: shape (n_nodes,), the number of each node's parent, -1 at the top.
        weights: shape (n_nodes,), relative among the children of one parent.
        methods: one for all inner nodes, or one for each of them in their order.
        min_share: likewise, see `aggregate`.
        entered: shape (n_leaves,), bool: whether the leaf entered the edition. A leaf that did not
            counts as missing and outside the entered weight. None: all entered.
        parameters: for each inner node the parameters of its method; None: no node has any.
        names: what messages call the nodes, n_nodes of them.

    Returns:
        A `Climbed`.

    Raises:
        ValueError: if the tree is none (a parent that is a leaf or does not exist, a cycle, an
            inner node without children), or as `aggregate`.
    """
    leaves = np.asarray(leaf_scores, dtype=np.float64)
    n_units, n_leaves = leaves.shape
    w = checked_weights(weights, names)
    order, children = walk(np.asarray(parents), n_leaves, w.size, names)
    n_inner = w.size - n_leaves
    chosen = [methods] * n_inner if isinstance(methods, str) else list(methods)
    least = np.broadcast_to(np.asarray(min_share, dtype=np.float64), (n_inner,))
    extra = [{}] * n_inner if parameters is None else list(parameters)
    if len(chosen) != n_inner or len(extra) != n_inner:
        raise ValueError(f"{len(chosen)} methods, {len(extra)} parameters for {n_inner} nodes")
    is_entered = np.zeros(w.size, dtype=bool)
    is_entered[:n_leaves] = True if entered is None else entered
    scores = np.empty((n_units, w.size), order="F")  # by columns: a node is read from its children
    scores[:, :n_leaves] = leaves
    scores[:, ~is_entered] = np.nan
    coverage = np.zeros_like(scores)
    coverage[:, :n_leaves] = ~np.isnan(scores[:, :n_leaves])
    declared = coverage.copy(order="F")
    for node in order:
        kids = children[node]
        declared[:, node] = declared[:, kids] @ w[kids] / w[kids].sum()
        kids = kids[is_entered[kids]]
        is_entered[node] = kids.size > 0
        if kids.size == 0:
            continue
        coverage[:, node] = coverage[:, kids] @ w[kids] / w[kids].sum()
        k = node - n_leaves
        called = [str(kid) if names is None else names[kid] for kid in kids]
        scores[:, node] = aggregate(
            scores[:, kids], w[kids], chosen[k], least[k], called, **extra[k]
        )
    for shares in (coverage, declared):
        np.minimum(shares, 1, out=shares)  # sums of weights may overshoot in the last digit
    return Climbed(scores, coverage, declared, is_entered)


def walk(
    parents: np.ndarray, n_leaves: int, n_nodes: int, names: Names
) -> tuple[list[int], dict[int, np.ndarray]]:
    """Inner nodes in an order that meets children before their parent, and each one's children."""
    if parents.shape != (n_nodes,) or n_nodes < n_leaves:
        raise ValueError(f"{parents.size} parents, {n_nodes} weights, {n_leaves} leaves")

    def called(node: int) -> str:
        return f"node {node}" if names is None else f"node '{names[node]}'"

    for node, parent in enumerate(parents):
        if parent != -1 and not n_leaves <= parent < n_nodes:
            raise ValueError(f"{called(node)} has parent {parent}, which is not an inner node")
    children = {k: np.flatnonzero(parents == k) for k in range(n_leaves, n_nodes)}
    for node, kids in children.items():
        if kids.size == 0:
            raise ValueError(f"{called(node)} has no children")
    done = set(range(n_leaves))
    order: list[int] = []
    while len(order) < n_nodes - n_leaves:
        ready = [k for k, kids in children.items() if k not in done and done.issuperset(kids)]
        if not ready:
            stuck = min(set(children) - done)
            raise ValueError(f"{called(stuck)} is above itself")
        order += ready
        done.update(ready)
    return order, children
