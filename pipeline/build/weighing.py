"""Weights of every node: given, from the data below, or from people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.build.choices import Weigh, WeighNode
from pipeline.build.inputs import Node
from pipeline.methods.weights import budget, equal, hierarchy, rescale
from pipeline.methods.weights_data import critic, entropy, pca
from pipeline.methods.weights_target import target_correlation

FROM_DATA = {"pca", "entropy", "critic", "target_correlation"}


def weigh(
    nodes: list[Node],
    parents: np.ndarray,
    choices: Weigh,
    scores_under: Callable[[np.ndarray], np.ndarray],
) -> tuple[np.ndarray, list[str], list[str]]:
    """Weights relative to the siblings, where each comes from, and what its method says of it.

    Args:
        nodes: indicators first, then aggregates from the lowest level up.
        parents: shape (n_nodes,), number of the parent, -1 at the top.
        choices: the method of each node's children.
        scores_under: scores of all nodes, shape (n_rows, n_nodes), from a set of weights. Weights
            from data are found from the lowest level up, each from the scores of its children.

    Returns:
        Shape (n_nodes,), adding to 1 among siblings; methods and remarks, one per node.

    Raises:
        ValueError: naming the node whose weights cannot be found.
    """
    weights = np.array([node.weight for node in nodes], dtype=np.float64)
    origins, remarks = ["given"] * len(nodes), [""] * len(nodes)
    for k, node in enumerate(nodes):
        children = np.flatnonzero(parents == k)
        if children.size == 0:
            continue
        choice = choices.nodes.get(node.code, choices)
        codes = [nodes[i].code for i in children]
        below = scores_under(weights)[:, children] if choice.method in FROM_DATA else None
        try:
            weights[children], remark = _weights_of(choice, codes, weights[children], below)
        except ValueError as error:
            raise ValueError(f"weights under '{node.code}': {error}") from error
        for i in children:
            origins[i], remarks[i] = choice.method, remark
    return weights, origins, remarks


def _weights_of(
    choice: WeighNode, codes: list[str], given: np.ndarray, below: np.ndarray | None
) -> tuple[np.ndarray, str]:
    """Weights of one node's children in the order of `codes`, and a remark on them."""
    if choice.method == "equal":
        return equal(len(codes)), ""
    if choice.method == "hierarchy":
        table = choice.matrix or {}
        matrix = [[1.0 if a == b else _compared(table, a, b) for b in codes] for a in codes]
        judged = hierarchy(np.array(matrix), codes)
        verdict = "consistent" if judged.is_consistent else "inconsistent: ask the judges again"
        return judged.weights, f"consistency ratio {judged.consistency_ratio:.3f}, {verdict}"
    if choice.method == "budget":
        experts = choice.points or {}
        points = [[float(row.get(code, 0)) for code in codes] for row in experts.values()]
        return budget(np.array(points), codes, list(experts)).weights, f"{len(experts)} experts"
    if below is None:
        return rescale(given, codes), ""
    if choice.method == "pca":
        return pca(below, choice.components, codes).weights, choice.components
    if choice.method == "entropy":
        return entropy(below, codes), ""
    if choice.method == "critic":
        return critic(below, codes), ""
    wanted = choice.targets or {}
    targets = {code: float(wanted[code]) for code in codes if code in wanted}
    found = target_correlation(below, codes, targets)
    verdict = "reached" if found.is_reached else f"missed by up to {found.largest_gap:.3g}"
    return np.array([found.weights[code] for code in codes]), f"targets {verdict}"


def _compared(table: dict[str, dict[str, int | float]], first: str, second: str) -> float:
    """How many times as important the first is as the second; the inverse cell serves as well."""
    if second in table.get(first, {}):
        return float(table[first][second])
    if first in table.get(second, {}):
        return 1 / float(table[second][first])
    raise ValueError(f"'{first}' and '{second}' are not compared")
