"""Rules on the range of published scores, as far as the methods of the index keep one.

An edition may say in `score_ranges` what range the scores of each indicator cannot leave, or None
where the method may leave it, and in `node_range` the lowest and highest score that a node can
have; without them every score is between 0 and 100.
"""

from __future__ import annotations

import math
from typing import Any

from schemas.data_docs import Rule, within

Range = tuple[float, float]
DEFAULT: Range = (0, 100)
SLACK = 1e-9  # of the range: 0.1 + (0.7 - 0.1) * 1 is not 0.7 to the last bit; 0-100 has none


def indicator_ranges(editions: list[dict[str, Any]]) -> list[Rule]:
    """Indicators stay in their range: one rule if all have the same, else one per indicator."""
    ranges = _ranges(editions)
    if len(set(ranges.values())) == 1:
        return [_rule(found, "Normalised scores") for found in ranges.values() if found][:1]
    rules = []
    for code, found in sorted(ranges.items()):
        if found is not None:
            rule = _rule(found, f"Scores of {code}")
            rules.append(Rule(rule.kind, rule.says, rule.args, (("indicator", code),)))
    return rules


def node_ranges(editions: list[dict[str, Any]]) -> list[Rule]:
    """Nodes stay in the range that their methods allow; no rule if that has no end."""
    ranges = [declared.get("node_range", DEFAULT) for declared in editions] or [DEFAULT]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return [] if math.isinf(high - low) else [_rule((low, high), "Scores")]


def _ranges(editions: list[dict[str, Any]]) -> dict[str, Range | None]:
    """The range of each indicator; one of no name where nothing is said."""
    ranges: dict[str, Range | None] = {}
    for declared in editions:
        ranges |= declared.get("score_ranges", {"": DEFAULT})
    return ranges


def _rule(found: Range, what: str) -> Rule:
    low, high = found
    slack = 0.0 if found == DEFAULT else SLACK * (high - low)
    says = f"{what} are between {low:g} and {high:g}"
    return within("score", low - slack, high + slack, says)
