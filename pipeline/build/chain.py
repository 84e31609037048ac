"""The chain of steps on arrays: from the table of units to ranks, each step kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.build.choices import Methods, NormaliseIndicator
from pipeline.build.inputs import Inputs, Node
from pipeline.build.weighing import weigh
from pipeline.methods.aggregate import Climbed, climb
from pipeline.methods.impute import Imputed, impute
from pipeline.methods.normalise import normalise
from pipeline.methods.rank import rank
from pipeline.methods.treat import Treated, treat

THREADS = 2
RELATIVE = {"copeland", "benefit_of_the_doubt"}  # compare the units of one edition


@dataclass
class Built:
    """Every step of a build. Tables have one row per row of the data; missing is NaN.

    `denominated`, `treated` and `normalised` have one column per indicator; `scores`,
    `coverage` and `ranks` one per node, indicators first, in the order of `nodes`.
    """

    inputs: Inputs
    nodes: list[Node]
    parents: np.ndarray
    entered: np.ndarray
    denominated: np.ndarray
    imputation: Imputed
    treated: np.ndarray
    treatment: Treated
    normalised: np.ndarray
    scores: np.ndarray
    coverage: np.ndarray
    is_ranked: np.ndarray
    ranks: np.ndarray
    weights: np.ndarray  # relative to the siblings
    origins: list[str]  # where each weight comes from
    remarks: list[str]  # what its method says of itself


def run_chain(inputs: Inputs, methods: Methods) -> Built:
    """Run every step.

    Raises:
        ValueError: naming the indicator or node that a step cannot take, e.g. a constant one.
    """
    names = [n.code for n in inputs.indicators]
    denominated = _denominate(inputs, methods)
    share = np.mean(np.isfinite(denominated), axis=0)
    entered = (share > 0) & (share >= methods.screen.indicator_coverage)
    imputation = _impute(denominated, inputs, methods)
    overrides = {
        names.index(code): own.model_dump(exclude_none=True)
        for code, own in methods.treat.indicators.items()
    }
    treatment = treat(
        imputation.values,
        skewness_limit=methods.treat.skewness_limit,
        kurtosis_limit=methods.treat.kurtosis_limit,
        max_winsorised=methods.treat.max_winsorised,
        transform=methods.treat.transform,
        enabled=entered & methods.treat.enabled,
        settings=overrides,
        names=names,
    )
    normalised = _normalise(treatment.values, entered, inputs, methods)
    nodes, parents = _number(inputs)
    tree = Tree(inputs, nodes, parents, entered, methods)
    weights, origins, remarks = weigh(
        nodes, parents, methods.weight, lambda w: tree.climb(normalised, w)
    )
    climbed = tree.climb(normalised, weights)
    is_ranked, ranks = _rank(climbed, inputs, nodes, methods)
    return Built(
        inputs, nodes, parents, entered, denominated, imputation, treatment.values,
        treatment, normalised, climbed.scores, climbed.coverage, is_ranked, ranks,
        weights, origins, remarks,
    )  # fmt: skip


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
    times = None if inputs.times is None else np.array(inputs.times, dtype=np.float64)
    return impute(
        x,
        own.method,
        groups=None if own.groups is None else inputs.groups[own.groups],
        units=inputs.units if times is not None else None,
        time=times,
        from_future=own.from_future,
        n_neighbours=own.n_neighbours,
        max_iterations=own.max_iterations,
        seed=own.seed,
        max_share=float(own.max_share),
        names=[n.code for n in inputs.indicators],
    )


def _normalise(x: np.ndarray, entered: np.ndarray, inputs: Inputs, methods: Methods) -> np.ndarray:
    """Scores of the entered indicators, each set of equal settings in one call."""
    own = methods.normalise
    reversed_nodes = set(own.reversed_nodes)
    parents = {n.code: n.parent for n in (*inputs.indicators, *inputs.nodes)}
    default = NormaliseIndicator(**own.model_dump(include=set(NormaliseIndicator.model_fields)))
    alike: dict[str, tuple[NormaliseIndicator, list[int]]] = {}
    for j, node in enumerate(inputs.indicators):
        if entered[j]:
            choice = own.indicators.get(node.code, default)
            alike.setdefault(choice.model_dump_json(), (choice, []))[1].append(j)
    scores = np.full_like(x, np.nan)
    for choice, columns in alike.values():
        members = [inputs.indicators[j] for j in columns]
        directions = [n.direction * _turns(n.code, parents, reversed_nodes) for n in members]
        scores[:, columns] = normalise(
            x[:, columns], choice.method, directions, *_range(choice, own),
            groups=inputs.times if own.panel == "edition" else None,
            names=[n.code for n in members], **_parameters(choice, members, inputs),
        )  # fmt: skip
    return scores


def _range(
    choice: NormaliseIndicator, own: NormaliseIndicator
) -> tuple[float | None, float | None]:
    """The output range: the indicator's, else the common one, else the method's; none of points."""
    if choice.points:
        return None, None
    lower = choice.lower if choice.lower is not None else own.lower
    upper = choice.upper if choice.upper is not None else own.upper
    return lower, upper


def _turns(code: str, parents: dict[str, str | None], reversed_nodes: set[str]) -> int:
    """-1 when an odd number of the nodes above are reversed, else 1."""
    sign, above = 1, parents[code]
    while above is not None:
        sign *= -1 if above in reversed_nodes else 1
        above = parents.get(above)
    return sign


def _parameters(choice: NormaliseIndicator, members: list[Node], inputs: Inputs) -> dict[str, Any]:
    given = choice.model_dump(
        exclude_none=True, exclude={"method", "lower", "upper", "reference", "bounds"}
    )
    if choice.bounds is not None:
        given["bounds"] = [choice.bounds] * len(members)
    if choice.method == "distance_to_target":
        given["target"] = [n.target for n in members]
    if choice.reference is not None:
        given["reference"] = inputs.units.index(choice.reference)
    return given


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

    def climb(self, leaves: np.ndarray, weights: np.ndarray) -> Climbed:
        """Scores of every node; methods that compare units do so within an edition."""
        own = self.methods.aggregate
        inner = self.nodes[len(self.inputs.indicators) :]
        choices = [own.nodes.get(node.code, own) for node in inner]
        settings: dict[str, Any] = {
            "methods": [choice.method for choice in choices],
            "min_share": [float(choice.min_share if choice.min_share is not None
                                else own.min_share or 0) for choice in choices],
            "parameters": [choice.parameters() for choice in choices],
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
    climbed: Climbed, inputs: Inputs, nodes: list[Node], methods: Methods
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each row is ranked, and the ranks of every node within an edition; 0 is none.

    A row is ranked if unit_coverage of the entered weight under the index is observed; without it
    the index has no rank, the nodes below keep theirs.
    """
    top = next(i for i, node in enumerate(nodes) if node.parent is None)
    is_ranked = climbed.coverage[:, top] >= float(methods.screen.unit_coverage)
    is_ranked &= np.isfinite(climbed.scores[:, top])
    groups = None if inputs.times is None else np.array(inputs.times)
    scores = climbed.scores.copy(order="F")
    scores[~is_ranked, top] = np.nan
    with ThreadPoolExecutor(THREADS) as pool:  # numpy sorts without the interpreter's lock
        ranks = pool.map(lambda column: rank(column, methods.rank.digits, groups), scores.T)
        return is_ranked, np.column_stack(list(ranks))
