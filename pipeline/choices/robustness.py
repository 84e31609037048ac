"""What a rank may rest on: the factors of `index.yml` that the draws vary."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from pipeline.choices.aggregation import check_aggregation
from pipeline.choices.imputation import check_imputation
from pipeline.choices.scales import check_scales
from pipeline.choices.treatment import check_treatment
from pipeline.choices.weighting import check_weighting
from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.sources import Strict, nearest
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.provinces import Reference
    from pipeline.spec import Settings, Spec

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Level = Literal["sub_index", "pillar", "sub_pillar", "indicator"]
Part = Annotated[int | float, Field(ge=0, lt=1)]
Patch = dict[str, Any]
MOST_COMBINATIONS = 1000  # of alternatives: each is checked before the run
HERE = ("robustness", "factors")
PUBLISHED = "published"
VARIABLE = ("impute", "treat", "normalise", "weigh", "aggregate", "node_coverage")


class WeightSpread(Strict):
    """How far weights go from those of the index."""

    size: Annotated[int | float, Field(gt=0)]
    kind: Literal["uniform", "dirichlet"] = "uniform"
    levels: list[Level] = Field(
        default=["sub_index", "pillar", "sub_pillar", "indicator"], min_length=1
    )

    @model_validator(mode="after")
    def weights_stay_above_zero(self) -> WeightSpread:
        if self.kind == "uniform" and self.size >= 1:
            raise ValueError(Words("size_below_1"))
        return self


class ValueSpread(Strict):
    """How far a value may be from the figure, where its source says no more than that."""

    sets: int = Field(default=20, ge=1, le=1000)  # sets of values drawn before the run
    at_least: Part = 0.25  # up to so much more than a figure that is a lower bound
    about: Part = 0.05  # either way, for a figure that is rounded
    carried: Part = 0.05  # either way and per year of age
    provisional: Part = 0.05  # either way
    # share of its records that a register lacks at most, by indicator
    incomplete: dict[str, Part] = Field(default_factory=dict)


class Factor(Strict):
    """One thing that varies: settings, weights, an indicator left out, or the values."""

    name: Name
    alternatives: list[Patch] | None = Field(default=None, min_length=1)
    weights: WeightSpread | None = None
    leave_out: Level | None = None
    values: ValueSpread | None = None

    @model_validator(mode="after")
    def varies_one_thing(self) -> Factor:
        kinds = ("alternatives", "weights", "leave_out", "values")
        if sum(getattr(self, kind) is not None for kind in kinds) != 1:
            raise ValueError(Words("factor_has_one", {"kinds": ", ".join(kinds)}))
        return self


class Robustness(Strict):
    """How the intervals are made."""

    draws: int = Field(default=10_000, ge=2, le=1_000_000)
    seed: int = Field(default=0, ge=0)
    level: Annotated[float, Field(gt=0, lt=1)] = 0.9
    factors: list[Factor] = Field(min_length=1)


def merged(base: Patch, patch: Patch) -> Patch:
    """A mapping with another laid over it, mappings inside likewise."""
    found = dict(base)
    for key, value in patch.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found


def patched(spec: Spec, patches: list[Patch]) -> Spec:
    """The index under other settings.

    Raises:
        ValidationError: when there are no such settings.
    """
    given = spec.settings.model_dump(exclude_none=True)
    for patch in patches:
        given = merged(given, patch)
    kind: type[Settings] = type(spec.settings)
    return spec.model_copy(update={"settings": kind.model_validate(given)})


def label_of(patch: Patch) -> str:
    """An alternative in one line."""
    return json.dumps(patch, ensure_ascii=False).translate(str.maketrans("", "", '{}"'))


def check_robustness(
    spec: Spec, rows_of: Any, file: YamlFile, ref: Reference | None, faults: Faults
) -> None:
    """Refuse factors that do not exist or cannot go together, before anything is computed.

    Args:
        spec: the index.
        rows_of: `pipeline.spec.node_rows`.
        file: where it was read, for the lines.
        ref: the provinces, if they could be read.
        faults: SCH-02 for an indicator that is none, SCH-06 for a name used twice, else SCH-17
            with the alternatives at fault.
    """
    if spec.robustness is None:
        return
    factors = spec.robustness.factors
    for i, factor in enumerate(factors):
        first = next(k for k, other in enumerate(factors) if other.name == factor.name)
        if first < i:
            line = file.place(*HERE, first, "name").row
            faults.add("SCH-06", file.place(*HERE, i, "name"), factor.name, first=line)
        for key, problem in (*_twice(factors, i), *_no_such_level(spec, factor)):
            faults.add("SCH-17", file.place(*HERE, i, key), factor.name, problem=problem)
        for k, patch in enumerate(factor.alternatives or ()):
            for problem in _unknown(spec, patch):
                place = file.place(*HERE, i, "alternatives", k)
                faults.add("SCH-17", place, factor.name, problem=problem)
        codes = {item.code for item in spec.indicators}
        for code in factor.values.incomplete if factor.values is not None else ():
            if code not in codes:
                place = file.place(*HERE, i, "values", "incomplete", code)
                faults.add("SCH-02", place, code, nearest=nearest(code, codes))
    n = math.prod(1 + len(factor.alternatives or ()) for factor in factors)
    if n > MOST_COMBINATIONS:
        problem = Words("too_many_combinations", {"n": n, "most": MOST_COMBINATIONS})
        faults.add("SCH-17", file.place(*HERE), "factors", problem=problem)
    if not faults.n_rejecting():
        _check_combinations(spec, rows_of, file, ref, faults)


def _check_combinations(
    spec: Spec, rows_of: Any, file: YamlFile, ref: Reference | None, faults: Faults
) -> None:
    """Refuse each smallest set of alternatives that cannot go together."""
    assert spec.robustness is not None
    factors = spec.robustness.factors
    refused: list[set[tuple[int, int]]] = []
    for chosen in sorted(_combinations(factors), key=len):
        if not chosen or any(smaller <= set(chosen) for smaller in refused):
            continue
        patches = [(factors[i].alternatives or [])[k] for i, k in chosen]
        other = patched(spec, patches)
        found = Faults()
        check_aggregation(other, rows_of(other), file, found)
        check_scales(other, file, ref, found)
        check_imputation(other, file, found)
        check_treatment(other, file, found)
        check_weighting(other, rows_of(other), file, found)
        if found.rejecting():
            refused.append(set(chosen))
            i, k = chosen[-1]
            problem = Words("do_not_go_together", {
                "alternatives": "; ".join(map(label_of, patches)),
                "problem": found.rejecting()[0].details["problem"],
            })  # fmt: skip
            place = file.place(*HERE, i, "alternatives", k)
            faults.add("SCH-17", place, factors[i].name, problem=problem)


def _twice(factors: list[Factor], i: int) -> Iterator[tuple[str, Words]]:
    """What factor `i` varies although one before it does: draws could not tell them apart."""
    for key in ("leave_out", "values"):
        if any(getattr(one, key) and getattr(factors[i], key) for one in factors[:i]):
            yield key, Words("varies_twice", {"what": key})
    levels = Counter(
        level for one in factors[:i] if one.weights is not None for level in one.weights.levels
    )
    own = factors[i].weights
    for level in own.levels if own is not None else ():
        if levels[level]:
            yield "weights", Words("varies_twice", {"what": level})


def _no_such_level(spec: Spec, factor: Factor) -> Iterator[tuple[str, Words]]:
    """Levels of a factor that the tree does not have."""
    present = {"indicator", *(node.level for node in spec.nodes)}
    if factor.leave_out is not None and factor.leave_out not in present:
        yield "leave_out", Words("no_such_level", {"level": factor.leave_out})
    if factor.weights is not None and not present.intersection(factor.weights.levels):
        yield "weights", Words("no_such_level", {"level": ", ".join(factor.weights.levels)})


def _unknown(spec: Spec, patch: Patch) -> Iterator[Words]:
    """What an alternative names that is no setting, or not one that draws can vary."""
    for key in patch:
        if key not in VARIABLE:
            yield Words("does_not_vary", {"key": key, "varies": ", ".join(VARIABLE)})
            return
    if "panel" in (patch.get("normalise") or {}):
        yield Words("does_not_vary", {"key": "panel", "varies": ", ".join(VARIABLE)})
        return
    try:
        patched(spec, [patch])
    except ValidationError as error:
        for one in error.errors():
            values = {"key": ".".join(map(str, one["loc"])), "problem": one["msg"]}
            yield Words("cannot_be_set", values)


def _combinations(factors: list[Factor]) -> Iterator[list[tuple[int, int]]]:
    """Every combination of alternatives: pairs of factor and alternative."""
    options: list[list[tuple[int, int] | None]] = [
        [None, *((i, k) for k in range(len(factor.alternatives)))]
        for i, factor in enumerate(factors)
        if factor.alternatives is not None
    ]
    for chosen in product(*options):
        yield [pair for pair in chosen if pair is not None]
