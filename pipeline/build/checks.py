"""Choices of a build that cannot be computed with these tables, found before any arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.build.inputs import Inputs
from pipeline.choices.aggregation import ANY_SCORE, POWERS, lacking_scores, ranges_of
from pipeline.choices.scales import (
    Choices,
    common_problems,
    line_of_key,
    range_of,
    resolved,
    scale_problems,
)
from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.methods.aggregate import PARAMETERS
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.build.choices import AggregateNode, Methods, Normalise

OVER_TIME = ("carried", "linear")
# Keys of imputation that not every method takes, with those that do.
IMPUTE_KEYS = {
    "groups": ("mean", "median"),
    "from_future": ("carried",),
    "n_neighbours": ("knn",),
    **dict.fromkeys(("max_iterations", "within_observed", "n_draws", "seed"), ("iterative",)),
}
UPWARDS = ("distance_to_target", "distance_to_reference")  # the worst value scores lower
Path = tuple[str, ...]


def check_choices(methods: Methods, file: YamlFile, inputs: Inputs, faults: Faults) -> None:
    """Refuse what cannot be computed, on the line of the key that asks for it.

    Args:
        methods: the choices, each possible by itself.
        file: where they were read, for the lines.
        inputs: the two tables.
        faults: one SCH-17 is added per key and problem, naming the indicators or nodes.
    """
    for path, problem in _imputation(methods, inputs):
        faults.add("SCH-17", file.place(*path), path[-1], problem=problem)
    own = methods.normalise
    scales = {n.code: resolved(own, own.indicators.get(n.code)) for n in inputs.indicators}
    for key, problem in common_problems(own, list(scales.values())):
        faults.add("SCH-17", file.place("normalise", key), key, problem=problem)
    together: dict[tuple[Path, str], tuple[Words, list[str]]] = {}
    for path, problem, code in (*_scales(own, scales, inputs), *_means(methods, scales, inputs)):
        together.setdefault((path, str(problem)), (problem, []))[1].append(code)
    for (path, _), (problem, codes) in together.items():
        said = Words("of_codes", {"problem": problem, "codes": ", ".join(codes)})
        faults.add("SCH-17", file.place(*path), path[-1], problem=said)


def _imputation(methods: Methods, inputs: Inputs) -> Iterator[tuple[Path, Words]]:
    own = methods.impute
    for key, takers in IMPUTE_KEYS.items():
        if key in own.model_fields_set and own.method not in takers:
            values = {"key": key, "methods": ", ".join(takers), "method": own.method}
            yield ("impute", key), Words("goes_with", values)
    if own.method not in OVER_TIME:
        return
    if inputs.times is None:
        yield ("impute", "method"), Words("needs_time", {"method": own.method})
    for time in dict.fromkeys(inputs.times or ()):
        if not _is_number(time):
            values = {"method": own.method, "value": time}
            yield ("impute", "method"), Words("time_is_no_number", values)
            return


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _scales(
    common: Normalise, scales: dict[str, Choices], inputs: Inputs
) -> Iterator[tuple[Path, Words, str]]:
    """Each key of a scale that cannot be, what is wrong, and the indicator."""
    panel = "edition" if inputs.times is None else common.panel
    for node in inputs.indicators:
        own, chosen = common.indicators.get(node.code), scales[node.code]
        if chosen["method"] == "distance_to_target" and chosen["target"] is None:
            chosen = {**chosen, "target": node.target}
        problems = [*scale_problems(own, chosen, panel), *_references(chosen, common, inputs)]
        for key, problem in problems:
            there = ("normalise", "indicators", node.code)
            where = line_of_key(key, common, own, ("normalise",), there)
            lacks_target = problem.values.get("needed") == "target"
            said = Words("no_target") if lacks_target else problem
            yield tuple(map(str, where)), said, node.code


def _references(chosen: Choices, common: Normalise, inputs: Inputs) -> Iterator[tuple[str, Words]]:
    """A reference must be a unit, of every edition."""
    code = chosen.get("reference")
    if code is None:
        return
    if code not in inputs.units:
        yield "reference", Words("no_unit", {"code": code})
    elif inputs.times is not None and common.panel == "edition":
        has = {t for u, t in zip(inputs.units, inputs.times, strict=True) if u == code}
        for time in dict.fromkeys(inputs.times):
            if time not in has:
                yield "reference", Words("no_unit_in", {"code": code, "edition": f"Time {time}"})


def _means(
    methods: Methods, scales: dict[str, Choices], inputs: Inputs
) -> Iterator[tuple[Path, Words, str]]:
    """Each key of an aggregation that cannot be, what is wrong, and the node."""
    common = methods.aggregate
    rows = _rows(methods, inputs)
    leaves = {code: _lowest_and_highest(chosen) for code, chosen in scales.items()}
    ranges = ranges_of(rows, leaves, (0.0, 100.0))
    for row in rows:
        node = row["node"]
        if node in leaves:
            continue
        choice = common.nodes.get(node, common)
        where = ("aggregate",) if choice is common else ("aggregate", "nodes", node)
        below = [one["node"] for one in rows if one["parent"] == node]
        problems = list(_parameters(choice, below))
        for key, problem in problems:
            yield (*where, key), problem, node
        low = min((ranges[code][0] for code in below), default=1.0)
        if not problems and (lacking := lacking_scores(choice.method, row, low)):
            yield (*where, "method"), lacking, node


def _parameters(choice: AggregateNode, children: list[str]) -> Iterator[tuple[str, Words]]:
    """What is wrong with the parameters of one mean."""
    method = choice.method
    for key in ("power", "penalty", "lower", "upper"):
        value = getattr(choice, key)
        if value is not None and key not in PARAMETERS[method]:
            takers = ", ".join(one for one, keys in PARAMETERS.items() if key in keys)
            yield key, Words("goes_with", {"key": key, "methods": takers, "method": method})
            return
        if isinstance(value, dict) and method == "copeland":
            yield key, Words("one_number", {"key": key})
            return
    if method == "generalised" and choice.power is None:
        yield "method", Words("method_needs", {"method": method, "needed": "power"})
    if method in ("copeland", "benefit_of_the_doubt"):
        key = "lower" if choice.lower is not None else "upper"
        problem = _bounds(choice, children)
        yield from () if problem is None else ((key, problem),)


def _bounds(choice: AggregateNode, children: list[str]) -> Words | None:
    """Why the bounds of a mean cannot be met."""
    given, top = choice.parameters(children), 1 if choice.method != "copeland" else 100
    low, high = (_each(given.get(key, edge), len(children))
                 for key, edge in (("lower", 0), ("upper", top)))  # fmt: skip
    if choice.method == "copeland":
        return None if low[0] < high[0] else Words("lower_below_upper")
    if not all(0 <= a <= b <= 1 for a, b in zip(low, high, strict=True)):
        return Words("shares_of_pie")
    if sum(low) > 1 + 1e-12 or sum(high) < 1 - 1e-12:
        said = {"n": len(children), "low": f"{sum(low):g}", "high": f"{sum(high):g}"}
        return Words("shares_unmet", said)
    return None


def _each(bound: Any, n: int) -> list[float]:
    return bound if isinstance(bound, list) else [float(bound)] * n


def _rows(methods: Methods, inputs: Inputs) -> list[dict[str, Any]]:
    """The tree as `ranges_of` takes it: every node with its parent, height and rule."""
    own = methods.aggregate
    rows: list[dict[str, Any]] = []
    for height, node in enumerate((*inputs.indicators, *inputs.nodes)):
        choice = own.nodes.get(node.code, own) if node.kind == "Aggregate" else None
        row = {"node": node.code, "parent": node.parent, "height": height}
        rows.append(row | ({"method": None} if choice is None else _rule(choice)))
    return rows


def _rule(choice: AggregateNode) -> dict[str, Any]:
    """How a node is made, as far as it decides what scores it needs and has."""
    power = POWERS.get(choice.method, math.nan) if choice.power is None else float(choice.power)
    edges = [(choice.lower, 0), (choice.upper, 1)]
    is_free = all(given is None or given == edge for given, edge in edges)
    span = [100 * edge if given is None or isinstance(given, dict) else given
            for given, edge in edges]  # fmt: skip
    method = "arithmetic" if power == 1 else choice.method
    return {"method": method, "power": power, "penalty": choice.penalty or -1,
            "pie_low": 0, "pie_high": 1 if is_free else 0.5, "range": tuple(span)}  # fmt: skip


def _lowest_and_highest(chosen: Choices) -> tuple[float, float]:
    """The scores an indicator can have."""
    if chosen.get("points"):
        return (1.0 if chosen["method"] == "rank" else 0.0), math.inf
    if chosen["method"] in UPWARDS:
        return chosen["lower"], chosen["upper"] if chosen["capped"] else math.inf
    return range_of(chosen) or ANY_SCORE
