"""The index as data: `index.yml` checked, and as the `spec_*` tables the SQL reads."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, Field, model_validator

from pipeline.choices.aggregation import Method, check_aggregation, rule_of
from pipeline.choices.framework import Framework, check_framework
from pipeline.choices.scales import Normalise, NormaliseIndicator, check_scales, resolved
from pipeline.choices.treatment import Treat
from pipeline.faults import Faults, Place
from pipeline.limits import DEFAULTS, Limits
from pipeline.provinces import Reference
from pipeline.sources import Catalogue, Name, Strict, nearest
from pipeline.yamlfile import YamlFile, read_yaml, validate

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
FRACTION = re.compile(r"-?[0-9]{1,9}(/[0-9]{0,8}[1-9][0-9]{0,8}|\.[0-9]{1,15})?")
LEVELS = ("index", "sub_index", "pillar", "sub_pillar", "indicator")


def _fraction(value: int | float | str) -> float:
    if isinstance(value, str) and not FRACTION.fullmatch(value):  # "1e999999999" would be computed
        raise ValueError(f"'{value}' is not a fraction such as 2/3")
    number = float(Fraction(value))
    if not 0 <= number <= 1:
        raise ValueError(f"{value} is not between 0 and 1")
    return number


Share = Annotated[int | float | str, AfterValidator(_fraction)]


class Edition(Strict):
    edition: str
    reference_year: int
    scheme: Literal["63", "34"]


class Settings(Strict):
    """Thresholds and methods of the whole index."""

    indicator_coverage: Share
    province_coverage: Share
    pillar_coverage: Share
    node_coverage: Share
    impute: Literal["none"]
    treat: Treat
    normalise: Normalise
    aggregate: Method

    def thresholds(self) -> dict[str, Any]:
        """The one row of `spec_settings`; lower and upper are the range that most scores have."""
        common = resolved(self.normalise, None)
        return {
            "indicator_coverage": self.indicator_coverage,
            "province_coverage": self.province_coverage,
            "pillar_coverage": self.pillar_coverage,
            "node_coverage": self.node_coverage,
            "is_treating": self.treat.method != "none",
            "skewness_limit": float(self.treat.skewness),
            "kurtosis_limit": float(self.treat.kurtosis),
            "max_winsorised": self.treat.max_winsorised,
            "lower": common["lower"],
            "upper": common["upper"],
            "is_together": self.normalise.panel == "together",
        }


class Node(Strict):
    """A node above the indicators."""

    code: Code
    level: Literal["index", "sub_index", "pillar", "sub_pillar"]
    parent: str | None = None
    weight: int | float = 1
    aggregate: Method | None = None  # else, like node_coverage, as in the settings
    power: Annotated[int | float, Field(ge=-1000, le=1000)] | None = None
    penalty: Literal[1, -1] | None = None
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
    treat: bool = True
    normalise: NormaliseIndicator | None = None  # where it differs from the settings
    planned: bool = False  # no source holds its variable yet
    unit_vi: Name
    unit_en: Name
    name_vi: Name
    name_en: Name
    description_vi: Name
    description_en: Name

    @model_validator(mode="after")
    def kind_has_what_it_needs(self) -> Indicator:
        if (self.kind in ("ratio", "per_capita")) != (self.denominator is not None):
            raise ValueError("a ratio or per_capita indicator, and no other, names a denominator")
        if (self.kind == "growth") != (self.span is not None):
            raise ValueError("a growth indicator, and no other, has a span in years")
        return self


class Spec(Strict):
    """An index: its editions, its tree and its settings."""

    title_vi: Name
    title_en: Name
    framework: Framework | None = None  # the years the tree was made for
    editions: list[Edition] = Field(min_length=1)
    settings: Settings
    nodes: list[Node] = Field(min_length=1)
    indicators: list[Indicator] = Field(min_length=1)


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
    spec = validate(Spec, file, faults)
    if spec is not None:
        _check_tree(spec, file, faults)
        check_framework(spec, file, faults)
        check_aggregation(spec, node_rows(spec), file, faults)
        check_scales(spec, file, ref, faults)
        if catalogue is not None:
            _check_variables(spec, file, catalogue, faults)
    return spec


def _check_tree(spec: Spec, file: YamlFile, faults: Faults) -> None:
    members = [("nodes", i, node) for i, node in enumerate(spec.nodes)]
    members += [("indicators", i, item) for i, item in enumerate(spec.indicators)]  # type: ignore[misc]
    parents = {item.code: item.parent for _, _, item in members}
    nodes = {node.code for node in spec.nodes}
    seen: dict[str, int | None] = {}
    for kind, i, item in members:
        place = file.place(kind, i, "code")
        if item.code in seen:
            faults.add("SCH-06", place, item.code, first=seen[item.code])
        seen[item.code] = place.row
        if not (math.isfinite(item.weight) and item.weight > 0):
            faults.add("SCH-04", file.place(kind, i, "weight"), item.weight, key=item.code)
        chain = [item.code]
        while chain[-1] in parents and parents[chain[-1]] is not None:
            chain.append(str(parents[chain[-1]]))
            if chain.count(chain[-1]) > 1:
                break
        is_rooted = chain[-1] in nodes and parents[chain[-1]] is None
        if not is_rooted or not nodes.issuperset(chain[1:]):
            faults.add("SCH-08", file.place(kind, i, "parent"), item.code, chain=" → ".join(chain))
    roots = [node.code for node in spec.nodes if node.parent is None]
    if len(roots) != 1:
        faults.add("SCH-08", file.place("nodes"), len(roots), chain=", ".join(roots))
    for i, node in enumerate(spec.nodes):
        if node.code not in parents.values():
            faults.add("SCH-14", file.place("nodes", i, "code"), node.code)


def _check_variables(spec: Spec, file: YamlFile, catalogue: Catalogue, faults: Faults) -> None:
    """Each variable is declared, held by a source, and not one for comparison only."""
    used: dict[str, set[str]] = {}
    for source in catalogue.cards.values():
        for column in source.columns:
            used.setdefault(column.variable, set()).add(source.use)
        if source.register_ is not None:
            used.setdefault(source.register_.variable, set()).add(source.use)
    for i, item in enumerate(spec.indicators):
        for key in ("numerator", "denominator"):
            variable = getattr(item, key)
            if variable is None:
                continue
            place = file.place("indicators", i, key)
            if not catalogue.knows(variable):
                near = nearest(variable, catalogue.variables)
                faults.add("SCH-02", place, variable, nearest=near)
            elif used.get(variable) == {"comparison"}:
                faults.add("SCH-20", place, variable, key=item.code)


def check_sources_of(
    spec: Spec,
    file_name: str,
    observed: pd.DataFrame,
    refused: set[str],
    catalogue: Catalogue,
    faults: Faults,
) -> None:
    """Each indicator not marked `planned` rests on a variable that a source holds.

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
    for item in spec.indicators:
        for variable in filter(None, (item.numerator, item.denominator)):
            if variable in compared:
                faults.add("SCH-20", Place(file_name), variable, key=item.code)
            elif is_told and variable not in held | promised and not item.planned:
                faults.add("SCH-03", Place(file_name), variable)


def node_rows(spec: Spec) -> list[dict[str, Any]]:
    """Every node of the tree, indicators included, with its method and height above them."""
    rows: list[dict[str, Any]] = [
        {"node": n.code, "level": n.level, "parent": n.parent, "weight": float(n.weight),
         **rule_of(n, spec.settings)}
        for n in spec.nodes
    ]  # fmt: skip
    rows += [
        {
            "node": i.code,
            "level": "indicator",
            "parent": i.parent,
            "weight": float(i.weight),
            "method": None,
            **dict.fromkeys(("power", "penalty", "node_coverage"), math.nan),
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
