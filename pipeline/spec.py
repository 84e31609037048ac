"""The index as data: `index.yml` checked, and as the `spec_*` tables the SQL reads."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import Field, model_validator

from pipeline.choices.aggregation import RULE, Method, check_aggregation, rule_of
from pipeline.choices.framework import Framework, check_framework
from pipeline.choices.imputation import Impute, ImputeIndicator, check_imputation
from pipeline.choices.peers import Peers, peers_row
from pipeline.choices.points import read_points
from pipeline.choices.robustness import Robustness, check_robustness
from pipeline.choices.scales import Normalise, NormaliseIndicator, check_scales, resolved
from pipeline.choices.screens import Screens
from pipeline.choices.treatment import Treat, TreatOne, check_treatment
from pipeline.choices.weighting import Weigh, WeighAll, check_weighting, choice_of
from pipeline.faults import Faults, Place
from pipeline.language import Words
from pipeline.limits import DEFAULTS, Limits
from pipeline.provinces import Reference
from pipeline.schemes import scheme_or
from pipeline.sources import Catalogue, Name, Share, Strict
from pipeline.spec_checks import check_overlaps, check_tree, check_variables
from pipeline.yamlfile import read_yaml, validate

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
LEVELS = ("index", "sub_index", "pillar", "sub_pillar", "indicator")


class Edition(Strict):
    edition: str
    reference_year: int
    scheme: Annotated[str, scheme_or()]


class Rank(Strict):
    """Scores equal to so many decimals share the better rank."""

    digits: int = Field(default=10, ge=0, le=300)


class Settings(Strict):
    """Thresholds and methods of the whole index."""

    indicator_coverage: Share
    province_coverage: Share
    pillar_coverage: Share
    node_coverage: Share
    impute: Impute
    peers: Peers | None = None
    treat: Treat
    normalise: Normalise
    weigh: WeighAll = WeighAll()
    aggregate: Method
    rank: Rank = Rank()
    min_provinces: int = Field(default=3, ge=3)  # fewer are not ranked among themselves
    screens: Screens = Screens()

    def scale(self) -> tuple[float, float]:
        """The range that most scores have."""
        common = resolved(self.normalise, None)
        return common["lower"], common["upper"]

    def thresholds(self) -> dict[str, Any]:
        """The one row of `spec_settings`; lower and upper are the range that most scores have."""
        lower, upper = self.scale()
        return {
            "province_coverage": self.province_coverage,
            "pillar_coverage": self.pillar_coverage,
            "node_coverage": self.node_coverage,
            "lower": lower,
            "upper": upper,
            "is_together": self.normalise.panel == "together",
            "rank_digits": self.rank.digits,
            **peers_row(self.peers),
        }


class Node(Strict):
    """A node above the indicators."""

    code: Code
    level: Literal["index", "sub_index", "pillar", "sub_pillar"]
    parent: str | None = None
    weight: int | float = 1
    weigh: Weigh | None = None  # where the weights of its children come from
    aggregate: Method | None = None  # else, like node_coverage, as in the settings
    power: Annotated[int | float, Field(ge=-1000, le=1000)] | None = None
    penalty: Literal[1, -1] | None = None
    pie_shares: Annotated[list[Share], Field(min_length=2, max_length=2)] | None = None
    node_coverage: Share | None = None
    direction: Literal[1, -1] = 1  # -1 turns every indicator under it
    name_vi: Name
    name_en: Name
    description_vi: Name
    description_en: Name


class Indicator(Strict):
    """One indicator: a kind and variables, never a formula."""

    code: Code
    parent: str
    weight: int | float
    direction: Literal[1, -1]
    kind: Literal["level", "ratio", "per_capita", "growth"]
    numerator: str
    denominator: str | None = None
    scale: int | float = 1
    span: int | None = Field(default=None, ge=1)
    max_age: int = Field(ge=0)
    indicator_coverage: Share | None = None  # else as in the settings
    impute: ImputeIndicator | None = None  # where it differs from the settings
    treat: TreatOne = True
    normalise: NormaliseIndicator | None = None  # where it differs from the settings
    planned: bool = False  # no source holds its variable yet
    overlaps: list[str] = Field(default_factory=list)  # indicators that this one already contains
    unit_vi: Name
    unit_en: Name
    name_vi: Name
    name_en: Name
    description_vi: Name
    description_en: Name

    @model_validator(mode="after")
    def kind_has_what_it_needs(self) -> Indicator:
        if (self.kind in ("ratio", "per_capita")) != (self.denominator is not None):
            raise ValueError(Words("denominator_goes_with"))
        if (self.kind == "growth") != (self.span is not None):
            raise ValueError(Words("span_goes_with"))
        return self


class Spec(Strict):
    """An index: its editions, its tree and its settings."""

    title_vi: Name
    title_en: Name
    framework: Framework | None = None  # the years the tree was made for
    editions: list[Edition] = Field(min_length=1)
    settings: Settings
    robustness: Robustness | None = None  # what the intervals rest on; without it there are none
    nodes: list[Node] = Field(min_length=1)
    indicators: list[Indicator] = Field(min_length=1)

    def children(self) -> dict[str, list[str]]:
        """The codes under each node, nodes first, in their order."""
        found: dict[str, list[str]] = {}
        for code, parent in [(n.code, n.parent) for n in self.nodes] + [
            (i.code, i.parent) for i in self.indicators
        ]:
            if parent is not None:
                found.setdefault(parent, []).append(code)
        return found


def load_spec(
    path: Path,
    name: str,
    catalogue: Catalogue | None,
    faults: Faults,
    ref: Reference | None = None,
    limits: Limits = DEFAULTS,
) -> Spec | None:
    """Read and check an index; None when it cannot be used. Every fault is added with its line.

    Without a catalogue (its files are refused) everything but the variables is checked, without
    reference tables everything but the provinces.
    """
    file = read_yaml(path, name, faults, limits)
    file.schemes = None if ref is None else [scheme["scheme"] for scheme in ref.schemes]
    spec = validate(Spec, file, faults)
    if spec is not None:
        spec = read_points(spec, path.parent, file, limits, faults)
        check_tree(spec, file, faults)
        check_framework(spec, file, faults)
        check_overlaps(spec, file, faults)
        check_aggregation(spec, node_rows(spec), file, faults)
        check_imputation(spec, file, faults)
        check_treatment(spec, file, faults)
        check_scales(spec, file, ref, faults)
        check_weighting(spec, node_rows(spec), file, faults)
        check_robustness(spec, node_rows, file, ref, faults)
        if catalogue is not None:
            check_variables(spec, file, catalogue, faults)
    return spec


def check_sources_of(
    spec: Spec,
    file_name: str,
    observed: pd.DataFrame,
    refused: set[str],
    catalogue: Catalogue,
    faults: Faults,
) -> None:
    """Each indicator not marked `planned`, and the peers, rest on a variable a source holds.

    What a refused source would hold is told by its card; while a card or a file of quotations is
    refused, nobody can tell.
    """
    cards = [catalogue.cards[source] for source in refused]
    promised = {column.variable for card in cards for column in card.columns}
    promised |= {card.register_.variable for card in cards if card.register_ is not None}
    is_told = not catalogue.broken and all(card.kind != "quotes" for card in cards)
    comparison = {s for s, card in catalogue.cards.items() if card.use == "comparison"}
    is_comparison = observed["source_id"].isin(sorted(comparison))
    held = set(observed.loc[~is_comparison, "variable"])
    compared = set(observed.loc[is_comparison, "variable"]) - held
    wanted = [(item.code, variable, item.planned)
              for item in spec.indicators
              for variable in filter(None, (item.numerator, item.denominator))]  # fmt: skip
    if spec.settings.peers is not None:
        wanted.append(("peers", spec.settings.peers.variable, False))
    for code, variable, is_planned in wanted:
        if variable in compared:
            faults.add("SCH-20", Place(file_name), variable, key=code)
        elif is_told and variable not in held | promised and not is_planned:
            faults.add("SCH-03", Place(file_name), variable)


def node_rows(spec: Spec) -> list[dict[str, Any]]:
    """Every node of the tree, indicators included, with its method and height above them."""
    rows: list[dict[str, Any]] = [
        {"node": n.code, "level": n.level, "parent": n.parent, "weight": float(n.weight),
         **rule_of(n, spec.settings),
         "weigh": choice_of(n, spec.settings).model_dump_json(exclude_none=True)}
        for n in spec.nodes
    ]  # fmt: skip
    rows += [
        {
            "node": i.code,
            "level": "indicator",
            "parent": i.parent,
            "weight": float(i.weight),
            "method": None,
            **dict.fromkeys(RULE, math.nan),
            "weigh": None,
        }
        for i in spec.indicators
    ]
    height = {row["node"]: 0 for row in rows}
    for _ in LEVELS:
        for row in rows:
            if row["parent"] in height:
                height[row["parent"]] = max(height[row["parent"]], height[row["node"]] + 1)
    for ordinal, row in enumerate(rows):
        row.update(height=height[row["node"]], ordinal=ordinal)
    return rows
