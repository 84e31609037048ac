"""Normalise: the scale of every indicator resolved, and equal ones computed together."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.build.choices import Normalise
from pipeline.build.inputs import Inputs
from pipeline.build.nodes import Node
from pipeline.choices.scales import resolved
from pipeline.methods.normalise import normalise


def scale(x: np.ndarray, entered: np.ndarray, inputs: Inputs, choices: Normalise) -> np.ndarray:
    """Scores of the entered indicators, each set of equal settings in one call."""
    reversed_nodes = set(choices.reversed_nodes)
    parents = {n.code: n.parent for n in (*inputs.indicators, *inputs.nodes)}
    alike: dict[str, tuple[dict[str, Any], list[int]]] = {}
    for j, node in enumerate(inputs.indicators):
        if entered[j]:
            chosen = resolved(choices, choices.indicators.get(node.code))
            alike.setdefault(repr(chosen), (chosen, []))[1].append(j)
    scores = np.full_like(x, np.nan)
    for chosen, columns in alike.values():
        members = [inputs.indicators[j] for j in columns]
        directions = [n.direction * _turns(n.code, parents, reversed_nodes) for n in members]
        is_all = len(columns) == x.shape[1]
        found = normalise(
            x if is_all else x[:, columns], direction=directions, names=[n.code for n in members],
            groups=inputs.times if choices.panel == "edition" else None,
            **_parameters(chosen, members, inputs, choices),
        )  # fmt: skip
        if is_all:
            return found
        scores[:, columns] = found
    return scores


def _turns(code: str, parents: dict[str, str | None], reversed_nodes: set[str]) -> int:
    """-1 when an odd number of the nodes above are reversed, else 1."""
    sign, above = 1, parents[code]
    while above is not None:
        sign *= -1 if above in reversed_nodes else 1
        above = parents.get(above)
    return sign


def _parameters(
    chosen: dict[str, Any], members: list[Node], inputs: Inputs, choices: Normalise
) -> dict[str, Any]:
    """What `normalise` takes for some indicators of one scale."""
    given = {key: value for key, value in chosen.items() if value is not None}
    if "bounds" in given:
        given["bounds"] = [given["bounds"]] * len(members)
    if given["method"] == "distance_to_target" and "target" not in given:
        given["target"] = [n.target for n in members]
    if "reference" in given:
        given["reference"] = _rows_of(given["reference"], inputs, choices)
    if given.get("points"):
        del given["lower"], given["upper"]  # points are a scale of their own
    return given


def _rows_of(unit: str, inputs: Inputs, choices: Normalise) -> dict[str, int] | int:
    """The row of a unit, or of each edition."""
    rows = [i for i, code in enumerate(inputs.units) if code == unit]
    if inputs.times is None or choices.panel == "together":
        return rows[0]
    return {inputs.times[i]: i for i in rows}
