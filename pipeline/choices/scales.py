"""The scales of the scores: what `index.yml` chooses, resolved for every indicator and checked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
from pydantic import Field

from pipeline.faults import Faults, Place
from pipeline.language import Words
from pipeline.methods.normalise import NEEDED, PARAMETERS, RANGES
from pipeline.provinces import Reference
from pipeline.sources import Strict
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Spec

Real = int | float
Method = Literal[
    "minmax", "goalposts", "zscore", "rank", "borda", "percentile_rank", "distance_to_best",
    "distance_to_target", "distance_to_reference", "fraction_of_best", "mazziotta_pareto",
]  # fmt: skip
NUMBERS = (
    "norm_lower", "norm_upper", "norm_mean", "norm_sd", "bound_low", "bound_high", "target",
    "centre",
)  # fmt: skip
PARAMETER_KEYS = {"lower", "upper"} | {key for taken in PARAMETERS.values() for key in taken}
IN_UNIT = {"goalposts", "distance_to_target", "fraction_of_best"}  # no logarithm beside them
# Methods whose scores cannot leave the range, beside those that are told not to: clip, capped.
KEEPING = {"minmax", "distance_to_best", "rank", "borda", "percentile_rank", "fraction_of_best"}


class Scale(Strict):
    """A method and what it takes; None is the default of the method."""

    method: Method | None = None
    lower: Real | None = None
    upper: Real | None = None
    clip: bool | None = None
    mean: Real | None = None
    sd: Real | None = Field(default=None, gt=0)
    ties: Literal["average", "better", "worse"] | None = None
    capped: bool | None = None
    variant: Literal["mpi", "ampi"] | None = None
    reference: str | None = None  # province_code, in the scheme of each edition


class NormaliseIndicator(Scale):
    """The scale of one indicator; what is not named is that of the index."""

    bounds: list[Real] | None = Field(default=None, min_length=2, max_length=2)
    target: Real | None = None
    centre: Real | None = None


class Normalise(Scale):
    """The common scale of the scores."""

    method: Method
    panel: Literal["edition", "together"] = "edition"


Choices = dict[str, Any]
Where = tuple[str | int, ...]


def resolved(common: Scale, own: NormaliseIndicator | None) -> Choices:
    """Everything that decides one scale: the indicator's, else the index's, else the method's."""
    given = common.model_dump(exclude_none=True)
    given |= {} if own is None else own.model_dump(exclude_none=True)
    method = given["method"]
    lower, upper = RANGES.get(method, (0.0, 100.0))
    named = {key: given[key] for key in PARAMETERS[method] if key in given}
    return {
        "method": method,
        "lower": float(given.get("lower", lower)),
        "upper": float(given.get("upper", upper)),
        **PARAMETERS[method],
        **named,
    }


def scale_row(common: Normalise, own: NormaliseIndicator | None) -> dict[str, Any]:
    """The columns of `spec_indicators` that 70_normalised reads, but for the direction."""
    chosen = resolved(common, own)
    low, high = chosen.get("bounds") or (None, None)
    return {
        "norm_method": chosen["method"],
        "norm_lower": chosen["lower"],
        "norm_upper": chosen["upper"],
        "norm_mean": chosen.get("mean"),
        "norm_sd": chosen.get("sd"),
        "bound_low": low,
        "bound_high": high,
        "target": chosen.get("target"),
        "centre": chosen.get("centre"),
        "reference": chosen.get("reference"),
        "ties": chosen.get("ties"),
        "variant": chosen.get("variant"),
        "is_clipped": bool(chosen.get("clip", False)),
        "is_capped": bool(chosen.get("capped", False)),
    }


def turned(spec: Spec) -> dict[str, int]:
    """The direction of each indicator, times that of every node above it."""
    nodes = {node.code: node for node in spec.nodes}
    directions = {}
    for item in spec.indicators:
        sign: int = item.direction
        above: str | None = item.parent
        while above is not None:
            sign *= nodes[above].direction
            above = nodes[above].parent
        directions[item.code] = sign
    return directions


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """`spec_indicators` with its numbers as numbers, also where no indicator has one."""
    return frame.astype(dict.fromkeys(NUMBERS, "float64"))


def score_range(common: Normalise, own: NormaliseIndicator | None) -> tuple[float, float] | None:
    """The range no score of the indicator can leave; None if its method may leave it."""
    return range_of(resolved(common, own))


def range_of(chosen: Choices) -> tuple[float, float] | None:
    """The range no score of a resolved scale can leave; None if its method may leave it."""
    is_kept = chosen["method"] in KEEPING or chosen.get("clip") or chosen.get("capped")
    return (chosen["lower"], chosen["upper"]) if is_kept else None


def check_scales(spec: Spec, file: YamlFile, ref: Reference | None, faults: Faults) -> None:
    """Refuse a scale that cannot be computed, on the line of the key that asks for it."""
    common = spec.settings.normalise
    here = ("settings", "normalise")
    scales = [resolved(common, item.normalise) for item in spec.indicators]
    for key, said in common_problems(common, scales):
        faults.add("SCH-17", file.place(*here, key), key, problem=said)
    for i, (item, chosen) in enumerate(zip(spec.indicators, scales, strict=True)):
        problems = [
            *scale_problems(item.normalise, chosen, common.panel),
            *_references(spec, chosen, ref),
        ]
        for key, problem in problems:
            where = line_of_key(key, common, item.normalise, here, ("indicators", i, "normalise"))
            said = Words("code_has", {"code": item.code, "problem": problem})
            faults.add("SCH-17", file.place(*where), key, problem=said)


def line_of_key(key: str, common: Scale, own: Scale | None, here: Where, there: Where) -> Where:
    """The path of the key that decides: the indicator's own, else the common one, if it is set."""
    is_own = own is not None and getattr(own, key) is not None
    is_common = not is_own and getattr(common, key, None) is not None
    return (*(here if is_common else there), key)


def common_problems(common: Scale, scales: list[Choices]) -> Iterator[tuple[str, Words]]:
    """Keys of the common scale that nobody uses, or that are impossible, with what is wrong."""
    taken = {key for chosen in [resolved(common, None), *scales] for key in chosen}
    given = {key for key in common.model_dump(exclude_none=True) if key in PARAMETER_KEYS}
    for key in sorted(given - taken):
        yield key, Words("no_method_takes", {"key": key})
    if not resolved(common, None)["lower"] < resolved(common, None)["upper"]:
        yield "lower" if common.lower is not None else "upper", Words("lower_below_upper")


def scale_problems(
    own_scale: Scale | None, chosen: Choices, panel: str
) -> Iterator[tuple[str, Words]]:
    """Keys of one indicator's scale, each with what is wrong with it."""
    method = chosen["method"]
    own = {} if own_scale is None else own_scale.model_dump(exclude_none=True)
    takes = ", ".join(key for key in chosen if key != "method")
    for key in own:
        if key not in chosen:
            yield key, Words("takes_no", {"method": method, "key": key, "takes": takes})
    needed = NEEDED.get(method)
    if needed is not None and chosen[needed] is None:
        yield "method", Words("method_needs", {"method": method, "needed": needed})
    if {"lower", "upper", "method"} & set(own) and not chosen["lower"] < chosen["upper"]:
        yield ("lower" if "lower" in own else "upper"), Words("lower_below_upper")
    bounds = chosen.get("bounds")
    if bounds is not None and not bounds[0] < bounds[1]:
        yield "bounds", Words("bounds_in_order")
    for key in ("bounds", "centre"):
        if chosen.get(key) is not None and chosen.get("variant") == "mpi":
            yield key, Words("only_ampi", {"key": key})
    if method == "distance_to_reference" and panel == "together":
        yield "method", Words("reference_per_edition")


def _references(spec: Spec, chosen: Choices, ref: Reference | None) -> Iterator[tuple[str, Words]]:
    """A reference must be a province of the scheme of every edition."""
    code = chosen.get("reference")
    if ref is None or code is None:
        return
    for edition in spec.editions:
        if code not in ref.codes(edition.scheme):
            yield "reference", Words("no_province", {"edition": edition.edition, "code": code})


# Of each entered indicator within what is normalised together: what decides whether it can be.
EXTREMES = """
    with turned as (
        select
            treated.indicator, treated.edition, treated.treatment,
            spec_indicators.* exclude (indicator),
            treated.treated_value * spec_indicators.direction as y,
            treated.province_code = spec_indicators.reference as is_reference,
            case when spec_settings.is_together then '' else treated.edition end as panel
        from treated
        inner join spec_indicators on treated.indicator = spec_indicators.indicator
        cross join spec_settings
        where treated.is_entered and treated.treated_value is not null
    )
    select
        indicator, panel, norm_method as method, direction,
        string_agg(distinct edition, ', ' order by edition) as editions,
        min(y) as worst, max(y) as best,
        case norm_method
            when 'distance_to_target' then any_value(target * direction)
            when 'distance_to_reference' then max(y) filter (where is_reference)
        end as goal,
        any_value(bound_low) is not null as has_bounds,
        any_value(centre) is not null as has_centre,
        bool_or(treatment = 'log') as is_logged
    from turned
    group by indicator, panel, norm_method, direction
    order by indicator, panel
"""


def refuse_unscalable(con: Any, faults: Faults) -> None:
    """Refuse by name what cannot be normalised, before 0/0 or a score without meaning is made.

    Args:
        con: the database, with `treated`, `spec_indicators` and `spec_settings`.
        faults: SEM-07 for a constant indicator, SCH-17 for a choice its values do not allow.
    """
    found = con.sql(EXTREMES)
    for row in found.fetchall():
        column = dict(zip(found.columns, row, strict=True))
        if column["worst"] == column["best"] and not column["has_bounds"]:
            faults.add("SEM-07", Place("index.yml"), column["indicator"],
                       edition=column["editions"])  # fmt: skip
            continue
        for problem in _unfit(column):
            said = Words("scale_does_not_fit", {**column, "problem": problem})
            faults.add("SCH-17", Place("index.yml"), column["indicator"], problem=said)


def _unfit(column: dict[str, Any]) -> Iterator[Words]:
    """What the values of one indicator do not allow."""
    method, goal = column["method"], column["goal"]
    if method.startswith("distance_to_") and method != "distance_to_best":
        if goal is None:
            yield Words("reference_missing")
        elif goal <= column["worst"]:
            yield Words("goal_no_better")
    is_less = column["direction"] < 0
    if method == "fraction_of_best" and (column["best"] >= 0 if is_less else column["worst"] < 0):
        yield Words("fraction_of_nothing")
    if column["is_logged"] and (method in IN_UNIT or column["has_bounds"] or column["has_centre"]):
        yield Words("log_has_another_unit")
