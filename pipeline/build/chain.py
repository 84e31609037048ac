"""The chain of steps on arrays: from the table of units to ranks, each step kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.build.checks import OVER_TIME
from pipeline.build.choices import Methods
from pipeline.build.inputs import Inputs, Node
from pipeline.build.scaling import scale
from pipeline.build.weighing import weigh
from pipeline.methods.aggregate import Climbed, climb
from pipeline.methods.impute import Imputed, impute
from pipeline.methods.rank import rank
from pipeline.methods.treat import Treated, treat

THREADS = 2
TOLERANCE = 1e-9  # of the weight: a threshold that is met in all but the last bits is met
RELATIVE = {"copeland", "benefit_of_the_doubt"}  # compare the units of one edition


@dataclass
class Scored:
    """What comes of a panel without asking where its values are from. Missing is NaN.

    `treated` and `normalised` have a column per indicator; `scores`, `coverage` and `ranks` one per
    node, indicators first, in the order of `nodes`. Coverage is the share of a node's weight that
    was observed: an imputed value does not count.
    """

    treatment: Treated
    normalised: np.ndarray
    scores: np.ndarray
    coverage: np.ndarray
    is_ranked: np.ndarray
    ranks: np.ndarray
    weights: np.ndarray  # relative to the siblings
    origins: list[str]  # where each weight comes from
    remarks: list[str]  # what its method says of itself


@dataclass
class Built(Scored):
    """Every step of a build. Tables have one row per row of the data."""

    inputs: Inputs
    nodes: list[Node]
    parents: np.ndarray
    top: int  # the number of the index among the nodes
    entered: np.ndarray
    denominated: np.ndarray
    imputation: Imputed
    carried: bool  # imputed values are the unit's own, of another time
    imputed_share: np.ndarray  # of the weight, as coverage
    draw_scores: np.ndarray  # of the index, shape (n_draws, n_rows): under panels as likely as this
    draw_ranks: np.ndarray


def run_chain(inputs: Inputs, methods: Methods) -> Built:
    """Run every step.

    Raises:
        ValueError: naming the indicator or node that a step cannot take, e.g. a constant one.
    """
    denominated = _denominate(inputs, methods)
    share = np.mean(np.isfinite(denominated), axis=0)
    entered = (share > 0) & (share >= methods.screen.indicator_coverage)
    imputation = _impute(denominated, inputs, methods)
    nodes, parents = _number(inputs)
    tree = Tree(inputs, nodes, parents, entered, methods)
    scored = _score(imputation.values, denominated, tree)
    shares = leaf_shares(parents, scored.weights, entered)
    draws = [_score(panel, denominated, tree) for panel in imputation.draws]
    return Built(
        **vars(scored),
        inputs=inputs,
        nodes=nodes,
        parents=parents,
        top=tree.top,
        entered=entered,
        denominated=denominated,
        imputation=imputation,
        carried=methods.impute.method == "carried",
        imputed_share=_share_of_weight(imputation.is_imputed, shares),
        draw_scores=np.array([one.scores[:, tree.top] for one in draws]),
        draw_ranks=np.array([one.ranks[:, tree.top] for one in draws]),
    )


def _score(panel: np.ndarray, observed: np.ndarray, tree: Tree) -> Scored:
    """Treat, normalise, weigh, aggregate and rank a panel, of which `observed` was observed."""
    inputs, methods, entered = tree.inputs, tree.methods, tree.entered
    treatment = _treat(panel, entered, inputs, methods)
    normalised = scale(treatment.values, entered, inputs, methods.normalise)
    weights, origins, remarks = weigh(
        tree.nodes, tree.parents, methods.weight, lambda w: tree.climb(normalised, w)
    )
    scores = tree.climb(normalised, weights).scores
    shares = leaf_shares(tree.parents, weights, entered)
    coverage = _share_of_weight(~np.isnan(observed), shares)
    zero = (observed == 0) @ shares[:, tree.top]
    is_ranked, ranks = _rank(scores, coverage[:, tree.top], zero, tree)
    return Scored(
        treatment, normalised, scores, coverage, is_ranked, ranks, weights, origins, remarks
    )


def leaf_shares(parents: np.ndarray, weights: np.ndarray, entered: np.ndarray) -> np.ndarray:
    """What each indicator weighs in each node, if only those that entered are counted.

    Args:
        parents: shape (n_nodes,), indicators first, a node after all below it; -1 at the top.
        weights: shape (n_nodes,), relative to the siblings.
        entered: shape (n_indicators,), bool.

    Returns:
        Shape (n_indicators, n_nodes), columns adding to 1, or to 0 where nothing entered.
    """
    shares = np.zeros((entered.size, parents.size))
    shares[:, : entered.size] = np.diag(entered.astype(np.float64))
    for node in range(entered.size, parents.size):
        kids = np.flatnonzero(parents == node)
        kids = kids[shares[:, kids].any(axis=0)]
        if weights[kids].any():
            shares[:, node] = shares[:, kids] @ weights[kids] / weights[kids].sum()
    return shares


def _share_of_weight(flags: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The share of each node's weight that is flagged, shape (n_rows, n_nodes)."""
    found = np.zeros((len(flags), shares.shape[1]))
    if flags.any():
        n = len(shares)
        found[:, :n] = flags & (shares.diagonal() > 0)
        np.matmul(found[:, :n], shares[:, n:], out=found[:, n:])
    return found


def _denominate(inputs: Inputs, methods: Methods) -> np.ndarray:
    """Indicators over their denominators; over zero they are missing, never infinite."""
    x = inputs.x.copy()
    for j, node in enumerate(inputs.indicators):
        if node.denominator is not None:
            below = inputs.denominators[node.denominator]
            safe = np.where(below == 0, np.nan, below)
            x[:, j] = x[:, j] / safe * methods.denominate.scale
    return x


def _impute(x: np.ndarray, inputs: Inputs, methods: Methods) -> Imputed:
    own = methods.impute
    is_over_time = own.method in OVER_TIME
    times = np.array(inputs.times, dtype=np.float64) if is_over_time else None
    return impute(
        x,
        own.method,
        groups=None if own.groups is None else inputs.groups[own.groups],
        units=inputs.units if is_over_time else None,
        time=times,
        from_future=own.from_future,
        n_neighbours=own.n_neighbours,
        max_iterations=own.max_iterations,
        within_observed=own.within_observed,
        n_draws=own.n_draws,
        seed=own.seed,
        max_share=float(own.max_share),
        names=[n.code for n in inputs.indicators],
    )


def _treat(panel: np.ndarray, entered: np.ndarray, inputs: Inputs, methods: Methods) -> Treated:
    own, names = methods.treat, [n.code for n in inputs.indicators]
    return treat(
        panel,
        skewness_limit=own.skewness_limit,
        kurtosis_limit=own.kurtosis_limit,
        max_winsorised=own.max_winsorised,
        transform=own.transform,
        enabled=entered & own.enabled,
        settings={names.index(code): one.model_dump(exclude_none=True)
                  for code, one in own.indicators.items()},
        names=names,
    )  # fmt: skip


def _number(inputs: Inputs) -> tuple[list[Node], np.ndarray]:
    """Nodes with the indicators first, and the number of each node's parent (-1 at the top)."""
    nodes = [*inputs.indicators, *inputs.nodes]
    place = {n.code: i for i, n in enumerate(nodes)}
    return nodes, np.array([-1 if n.parent is None else place[n.parent] for n in nodes])


@dataclass(frozen=True)
class Tree:
    """The nodes of an index and how each is made of its children."""

    inputs: Inputs
    nodes: list[Node]
    parents: np.ndarray
    entered: np.ndarray
    methods: Methods

    @property
    def top(self) -> int:
        """The number of the index among the nodes."""
        return int(np.flatnonzero(self.parents == -1)[0])

    @cached_property
    def children(self) -> list[list[str]]:
        """For each aggregate the codes of its children under which an indicator entered."""
        is_in = leaf_shares(self.parents, np.ones(len(self.nodes)), self.entered).any(axis=0)
        inner = range(self.entered.size, len(self.nodes))
        kids = [np.flatnonzero((self.parents == k) & is_in) for k in inner]
        return [[self.nodes[i].code for i in found] for found in kids]

    def climb(self, leaves: np.ndarray, weights: np.ndarray) -> Climbed:
        """Scores of every node; methods that compare units do so within an edition."""
        own = self.methods.aggregate
        inner = self.nodes[self.entered.size :]
        choices = [own.nodes.get(node.code, own) for node in inner]
        settings: dict[str, Any] = {
            "methods": [choice.method for choice in choices],
            "min_share": [float(choice.min_share if choice.min_share is not None
                                else own.min_share or 0) for choice in choices],
            "parameters": [choice.parameters(codes)
                           for choice, codes in zip(choices, self.children, strict=True)],
            "names": [node.code for node in self.nodes],
            "entered": self.entered,
        }  # fmt: skip
        times = self.inputs.times
        if times is None or not any(choice.method in RELATIVE for choice in choices):
            return climb(leaves, self.parents, weights, **settings)
        labels = np.array(times)
        parts = {}
        for label in dict.fromkeys(times):
            rows = np.flatnonzero(labels == label)
            parts[label] = (rows, climb(leaves[rows], self.parents, weights, **settings))
        whole = next(iter(parts.values()))[1]
        tables = [np.empty((len(leaves), len(self.nodes))) for _ in range(3)]
        for rows, part in parts.values():
            for table, values in zip(tables, part[:3], strict=True):
                table[rows] = values
        return Climbed(tables[0], tables[1], tables[2], whole.is_entered)


def _rank(
    scores: np.ndarray, coverage: np.ndarray, zero: np.ndarray, tree: Tree
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each row is ranked, and the ranks of every node within an edition; 0 is none.

    A row is ranked if unit_coverage of the entered weight under the index is observed, and of that
    nonzero_coverage is not 0; else the index has no rank, and the nodes below keep theirs.
    """
    top, own = tree.top, tree.methods.screen
    is_ranked = coverage >= float(own.unit_coverage) - TOLERANCE
    is_ranked &= coverage - zero >= float(own.nonzero_coverage) * coverage - TOLERANCE
    is_ranked &= np.isfinite(scores[:, top])
    groups = None if tree.inputs.times is None else np.array(tree.inputs.times)
    ranks = np.empty(scores.shape, dtype=np.int64, order="F")

    def rank_node(node: int) -> None:
        column = np.where(is_ranked, scores[:, node], np.nan) if node == top else scores[:, node]
        ranks[:, node] = rank(column, tree.methods.rank.digits, groups)

    with ThreadPoolExecutor(THREADS) as pool:  # numpy sorts without the interpreter's lock
        list(pool.map(rank_node, range(scores.shape[1])))
    return is_ranked, ranks
