"""How each node is made of its children: the choices of `index.yml`, resolved and checked."""

from __future__ import annotations

import math
import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

from pipeline.choices.scales import score_range
from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Node, Settings, Spec

Method = Literal[
    "arithmetic", "geometric", "harmonic", "generalised", "median", "mpi", "copeland",
    "benefit_of_the_doubt",
]  # fmt: skip
RULE = ("power", "penalty", "node_coverage", "pie_low", "pie_high")  # numbers of a rule
OF = {"power": "generalised", "penalty": "mpi", "pie_shares": "benefit_of_the_doubt"}
POWERS = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
ANY_SCORE = (-math.inf, math.inf)
Rows = list[dict[str, Any]]


def rule_of(node: Node, settings: Settings) -> dict[str, Any]:
    """The columns of `spec_nodes` that say how a node is made; NaN where a method has no such.

    A generalised mean of power 1 is the arithmetic mean, and is treated as that in all respects.
    """
    method = node.aggregate or settings.aggregate
    power = POWERS.get(method, math.nan)
    if method == "generalised" and node.power is not None:
        # Below the smallest normal double a power has too few digits left: it is 0.
        power = float(node.power) if abs(node.power) >= sys.float_info.min else 0.0
        method = "arithmetic" if power == 1 else method
    penalty = math.nan if method != "mpi" else float(node.penalty or -1)
    own = node.node_coverage
    coverage = float(settings.node_coverage if own is None else own)
    low, high = _pie_bounds(node) if method == "benefit_of_the_doubt" else (math.nan, math.nan)
    return {"method": method, "power": power, "penalty": penalty, "node_coverage": coverage,
            "pie_low": low, "pie_high": high}  # fmt: skip


def _pie_bounds(node: Node) -> tuple[float, float]:
    low, high = node.pie_shares or (0, 1)
    return float(low), float(high)


def parameters_of(
    rule: dict[str, Any], scale: tuple[float, float], n_children: int
) -> dict[str, Any]:
    """A row of `spec_nodes` as what `pipeline.methods.aggregate` takes, to the same scores.

    Args:
        rule: the row.
        scale: `lower` and `upper` of `spec_settings`.
        n_children: how many children entered the edition.
    """
    method = rule["method"]
    found: dict[str, Any] = {"method": method, "min_share": max(rule["node_coverage"] - 1e-9, 0)}
    if method == "generalised":
        return found | {"power": rule["power"]}
    if method == "mpi":
        return found | {"penalty": rule["penalty"]}
    if method == "copeland":
        return found | {"lower": scale[0], "upper": scale[1]}
    if method == "benefit_of_the_doubt":
        high = max(rule["pie_high"], 1 / n_children)  # fewer children than declared share it out
        return found | {"lower": rule["pie_low"], "upper": high, "scale": scale[1]}
    return found


def check_aggregation(spec: Spec, rows: Rows, file: YamlFile, faults: Faults) -> None:
    """Refuse parameters without their method, and methods that cannot take the scores below.

    Args:
        spec: the index.
        rows: `pipeline.spec.node_rows` of it.
        file: where it was read, for the lines.
        faults: one SCH-17 is added per line and problem, naming the nodes.
    """
    found: dict[tuple[tuple[Any, ...], Words], list[str]] = defaultdict(list)
    ranges = score_ranges(rows, spec)
    rules = {row["node"]: row for row in rows}
    for i, node in enumerate(spec.nodes):
        method = node.aggregate or spec.settings.aggregate
        where = ("nodes", i, "aggregate") if node.aggregate else ("settings", "aggregate")
        for key, of in OF.items():
            if getattr(node, key) is not None and method != of:
                said = {"key": key, "methods": f"'aggregate: {of}'", "method": method}
                found[("nodes", i, key), Words("goes_with", said)].append(node.code)
        if method == "generalised" and node.power is None:
            said = {"method": "generalised", "needed": "'power'"}
            found[where, Words("method_needs", said)].append(node.code)
            continue
        below = [ranges[row["node"]][0] for row in rows if row["parent"] == node.code]
        unmet = _unmet(node, len(below))
        if unmet is not None:
            found[("nodes", i, "pie_shares"), unmet].append(node.code)
            continue
        if method == "benefit_of_the_doubt" and not spec.settings.scale()[1] > 0:
            found[where, Words("needs_upper", {"method": method})].append(node.code)
        if below and (lacking := lacking_scores(method, rules[node.code], min(below))):
            found[where, lacking].append(node.code)
    for (path, problem), codes in found.items():
        whole = Words("of_codes", {"problem": problem, "codes": ", ".join(codes)})
        faults.add("SCH-17", file.place(*path), path[-1], problem=whole)


def _unmet(node: Node, n_children: int) -> Words | None:
    """Why the bounds on the pie shares of a node cannot be met."""
    if node.pie_shares is None or n_children == 0:
        return None
    low, high = _pie_bounds(node)
    if not low <= high:
        return Words("pie_in_order")
    if n_children * low > 1 + 1e-9 or n_children * high < 1 - 1e-9:
        return Words("pie_unmet", {"n": n_children, "low": f"{low:g}", "high": f"{high:g}"})
    return None


def lacking_scores(method: str, rule: dict[str, Any], low: float) -> Words | None:
    """What is wrong with children whose scores go down to `low`, for the method of a node."""
    need = scores_needed(rule)
    if need is None or low > 0 or (low == 0 and need == "from_0"):
        return None
    said = {"method": method, "need": Words(need), "low": f"{low:g}"}
    return Words("needs_scores" if math.isfinite(low) else "needs_own_scores", said)


def scores_needed(rule: dict[str, Any]) -> str | None:
    """What the scores of the children must be, as a key of `problems`; None: any."""
    if rule["method"] in ("geometric", "harmonic", "generalised") and not rule["power"] > 0:
        return "above_0"
    if rule["method"] == "benefit_of_the_doubt":
        return "from_0" if (rule["pie_low"], rule["pie_high"]) == (0, 1) else "above_0"
    return "from_0" if rule["method"] in ("generalised", "mpi") else None


def score_ranges(rows: Rows, spec: Spec) -> dict[str, tuple[float, float]]:
    """Lowest and highest score that each node of an index can have; see `ranges_of`."""
    leaves = {item.code: score_range(spec.settings.normalise, item.normalise) or ANY_SCORE
              for item in spec.indicators}  # fmt: skip
    return ranges_of(rows, leaves, spec.settings.scale())


def ranges_of(
    rows: Rows, leaves: dict[str, tuple[float, float]], scale: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """Lowest and highest score that each node can have, from the scales of the indicators.

    Every method stays between its lowest and highest child, but for Copeland, which runs over the
    whole scale, and the Mazziotta-Pareto index, which falls below its lowest child: with mean M of
    children between l and h the variance is at most (M - l)(h - M), so M - S²/M is at least
    2M + lh/M - (l + h), which is least at M = √(lh/2), or at l if that is less. The benefit of
    the doubt gives a unit with children from l to h at least the share l/h of the best score: that
    is what it has under weights that give it any pie shares.

    Args:
        rows: every node with `node`, `parent`, `height`, `method` and its parameters.
        leaves: the range of each indicator.
        scale: the range that most scores have; a node's `range` goes before it.
    """
    found: dict[str, tuple[float, float]] = {}
    for row in sorted(rows, key=lambda one: one["height"]):
        below = [found.get(one["node"], ANY_SCORE) for one in rows if one["parent"] == row["node"]]
        if not below or row["method"] == "copeland":
            found[row["node"]] = leaves.get(row["node"], row.get("range") or scale)
            continue
        low, high = min(lowest for lowest, _ in below), max(highest for _, highest in below)
        if row["method"] == "benefit_of_the_doubt":
            parts = [max(lowest, 0) / highest for lowest, highest in below if highest > 0]
            found[row["node"]] = (scale[1] * min(parts, default=0), scale[1])
            continue
        if row["method"] == "mpi" and math.isinf(high - low):
            low, high = ANY_SCORE
        elif row["method"] == "mpi" and row["penalty"] < 0 <= low:
            mean = max(low, math.sqrt(low * high / 2))
            low = 2 * mean + low * high / mean - (low + high) if mean > 0 else -high
        found[row["node"]] = (low, high)
    return found
