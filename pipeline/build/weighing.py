"""Weights of every node: given, from the data below, or from people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.build.choices import Weigh
from pipeline.build.inputs import Node
from pipeline.choices.weighting import FROM_DATA, weigh_children
from pipeline.language import weight_remark
from pipeline.methods.aggregate import Climbed


def weigh(
    nodes: list[Node],
    parents: np.ndarray,
    choices: Weigh,
    climb_with: Callable[[np.ndarray], Climbed],
) -> tuple[np.ndarray, list[str], list[str]]:
    """Weights relative to the siblings, where each comes from, and what its method says of it.

    Args:
        nodes: indicators first, then aggregates from the lowest level up.
        parents: shape (n_nodes,), number of the parent, -1 at the top.
        choices: the method of each node's children.
        climb_with: the whole tree under a set of weights. Weights from data are found from the
            lowest level up, each from the scores of its children.

    Returns:
        Shape (n_nodes,), relative among siblings; methods and remarks, one per node.

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
        is_entered, below = np.ones(children.size, dtype=bool), None
        if choice.method in FROM_DATA:
            climbed = climb_with(weights)
            is_entered = climbed.is_entered[children]
            below = climbed.scores[:, children[is_entered]]
        try:
            found = weigh_children(choice, codes, weights[children], is_entered, below)
        except ValueError as error:
            raise ValueError(f"weights under '{node.code}': {error}") from error
        weights[children] = found.weights
        for i, is_in in zip(children, is_entered, strict=True):
            if is_in:
                origins[i] = choice.method
                remarks[i] = weight_remark(found.remark, found.value, "en")
    return weights, origins, remarks
