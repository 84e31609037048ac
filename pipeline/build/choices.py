"""The methods of a build: every choice has a default, and an impossible one is refused."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from pipeline.build.checks import check_choices
from pipeline.build.inputs import Inputs
from pipeline.choices import scales
from pipeline.choices.points import with_points
from pipeline.choices.weighting import Weigh as WeighNode
from pipeline.choices.weighting import check_choice
from pipeline.faults import Faults
from pipeline.limits import DEFAULTS
from pipeline.sources import Strict
from pipeline.spec import Share
from pipeline.yamlfile import YamlFile, read_yaml, validate

Real = int | float
Mean = Literal[
    "arithmetic", "geometric", "harmonic", "generalised", "median", "mpi", "copeland",
    "benefit_of_the_doubt",
]  # fmt: skip


class Denominate(Strict):
    """Ratios: the indicator over its denominator, times `scale`."""

    scale: Real = Field(default=1, gt=0)


class Screen(Strict):
    """What must be there for an indicator to enter and a unit to be ranked."""

    indicator_coverage: Share = 0
    unit_coverage: Share = 2 / 3
    nonzero_coverage: Share = 0  # of the weight a unit has, how much must not be 0


class Impute(Strict):
    """How missing values are filled in."""

    method: Literal["none", "mean", "median", "carried", "linear", "knn", "iterative"] = "none"
    groups: str | None = None  # a group column of the data
    from_future: bool = False
    n_neighbours: int = Field(default=5, ge=1)
    max_iterations: int = Field(default=30, ge=1)
    within_observed: bool = True
    n_draws: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)
    max_share: Share = 0.5


class TreatIndicator(Strict):
    """What one indicator's treatment sets apart; the rest keeps its default."""

    enabled: bool | None = None
    skewness_limit: Real | None = Field(default=None, ge=0)
    kurtosis_limit: Real | None = None
    max_winsorised: int | None = Field(default=None, ge=0)
    transform: Literal["log", "boxcox", "none"] | None = None


class Treat(Strict):
    """How outliers are brought in."""

    enabled: bool = True
    skewness_limit: Real = Field(default=2, ge=0)
    kurtosis_limit: Real = 3.5
    max_winsorised: int = Field(default=5, ge=0)
    transform: Literal["log", "boxcox", "none"] = "log"
    indicators: dict[str, TreatIndicator] = Field(default={})


class NormaliseIndicator(scales.NormaliseIndicator):
    """The scale of one indicator; what is not named is the common one's.

    `reference` is a uCode; a `target` is that of the table of nodes unless it is named here.
    """

    points: bool | None = None  # rank, borda: positions instead of a range


class Normalise(NormaliseIndicator):
    """The common scale of the scores."""

    method: scales.Method = "minmax"
    panel: Literal["together", "edition"] = "together"
    indicators: dict[str, NormaliseIndicator] = Field(default={})
    reversed_nodes: list[str] = Field(default=[])  # pillars in which less is better


class Weigh(WeighNode):
    """Where weights come from."""

    nodes: dict[str, WeighNode] = Field(default={})


# One number, or one for each child that is named.
Bound = Annotated[
    Annotated[Real, Tag("number")] | Annotated[dict[str, Real], Tag("children")],
    Discriminator(lambda value: "children" if isinstance(value, dict) else "number"),
]


class AggregateNode(Strict):
    """How one node is made of its children."""

    method: Mean = "arithmetic"
    power: Real | None = None
    penalty: Literal[1, -1] | None = None
    lower: Bound | None = None  # copeland: of the scores; benefit of the doubt: of pie shares
    upper: Bound | None = None
    min_share: Share | None = None

    def parameters(self, children: list[str]) -> dict[str, Any]:
        """The parameters of the method that are set; bounds of each child in their order."""
        found = self.model_dump(include={"power", "penalty", "lower", "upper"}, exclude_none=True)
        for key, unbounded in (("lower", 0.0), ("upper", 1.0)):
            if isinstance(found.get(key), dict):
                found[key] = [float(found[key].get(code, unbounded)) for code in children]
        return found


class Aggregate(AggregateNode):
    """How nodes are made."""

    min_share: Share = 0.5
    nodes: dict[str, AggregateNode] = Field(default={})


class Rank(Strict):
    """Scores equal to so many decimals share the better rank."""

    digits: int = Field(default=10, ge=0, le=300)


class Methods(Strict):
    """Every choice of a build."""

    denominate: Denominate = Denominate()
    screen: Screen = Screen()
    impute: Impute = Impute()
    treat: Treat = Treat()
    normalise: Normalise = Normalise()
    weight: Weigh = Weigh()
    aggregate: Aggregate = Aggregate()
    rank: Rank = Rank()


def read_methods(path: Path | None, inputs: Inputs, faults: Faults) -> Methods:
    """The choices of a file, or the defaults when there is none.

    Raises:
        Rejected: with the line of every key that is unknown, of the wrong type, or impossible with
            these inputs; before any arithmetic.
    """
    if path is None:
        return Methods()
    file = read_yaml(path, path.name, faults)
    methods = validate(Methods, file, faults)
    faults.raise_if_any()
    assert methods is not None
    _check_codes(methods, file, inputs, faults)
    check_choices(methods, file, inputs, faults)
    weights = _read_weights(methods.weight, path.parent, file, inputs, faults)
    faults.raise_if_any()
    return methods.model_copy(update={"weight": weights})


def _read_weights(own: Weigh, root: Path, file: YamlFile, inputs: Inputs, faults: Faults) -> Weigh:
    """The choices of weights with their files in them; what cannot be met is refused."""
    families: dict[str, list[str]] = {}
    for node in (*inputs.indicators, *inputs.nodes):
        families.setdefault(node.parent or "", []).append(node.code)
    del families[""]
    common = {code: below for code, below in families.items() if code not in own.nodes}
    nodes = {}
    for code, choice in own.nodes.items():
        where, below = ("weight", "nodes", code), families.get(code, [])
        nodes[code] = with_points(choice, below, root, where, file, DEFAULTS, faults)
        check_choice(nodes[code], {code: below}, where, file, faults)
    everyone = [code for below in common.values() for code in below]
    read = with_points(own, everyone, root, ("weight",), file, DEFAULTS, faults)
    others = [code for below in families.values() for code in below]
    check_choice(read, common, ("weight",), file, faults, others)
    return read.model_copy(update={"nodes": nodes})


def _check_codes(methods: Methods, file: YamlFile, inputs: Inputs, faults: Faults) -> None:
    """Every code the choices name exists."""
    indicators = {n.code for n in inputs.indicators}
    nodes = {n.code for n in inputs.nodes}

    def must_exist(codes: Iterable[str], known: set[str], *where: str) -> None:
        for code in codes:
            if code not in known:
                near = ", ".join(difflib.get_close_matches(code, sorted(known), n=3)) or "–"
                faults.add("SCH-02", file.place(*where, code), code, nearest=near)

    must_exist(methods.treat.indicators, indicators, "treat", "indicators")
    must_exist(methods.normalise.indicators, indicators, "normalise", "indicators")
    must_exist(methods.normalise.reversed_nodes, nodes, "normalise", "reversed_nodes")
    must_exist(methods.weight.nodes, nodes, "weight", "nodes")
    must_exist(methods.aggregate.nodes, nodes, "aggregate", "nodes")
    for code, mean in methods.aggregate.nodes.items():
        below = {n.code for n in (*inputs.indicators, *inputs.nodes) if n.parent == code}
        for key in ("lower", "upper"):
            if isinstance(bounds := getattr(mean, key), dict):
                must_exist(bounds, below, "aggregate", "nodes", code, key)
    if methods.impute.groups is not None:
        must_exist([methods.impute.groups], set(inputs.groups), "impute", "groups")
