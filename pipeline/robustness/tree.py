"""The tree of an index, the ways to score it, and blocks of draws.

A way is everything that a combination of choices fixes before weights are drawn: the scores of the
indicators and how nodes are made of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pipeline.methods.aggregate import walk

Floats = np.ndarray


@dataclass(frozen=True)
class Tree:
    """The nodes: `n_leaves` indicators first, then the inner nodes; `parents` has -1 at the top."""

    parents: np.ndarray
    n_leaves: int
    order: tuple[int, ...] = field(init=False)
    children: dict[int, np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        order, children = walk(self.parents, self.n_leaves, self.parents.size, None)
        object.__setattr__(self, "order", tuple(order))
        object.__setattr__(self, "children", children)

    @property
    def top(self) -> int:
        """The number of the index itself."""
        return int(np.flatnonzero(self.parents == -1)[0])


@dataclass(frozen=True)
class Way:
    """One way of scoring the units of an edition.

    Attributes:
        leaves: shape (n_sets, n_units, n_leaves), normalised scores under each set of values, NaN
            is missing; what is missing is so in every set.
        entered: shape (n_leaves,), whether the indicator is in the edition.
        weights: shape (n_nodes,), relative among siblings: what the draws multiply.
        methods: how each inner node is made of its children, and with which `parameters`.
        min_share: shape (n_inner,), share of the entered weight a node must have.
        is_ranked: shape (n_units,), who has a score of the index; None: all.
    """

    leaves: Floats
    entered: np.ndarray
    weights: Floats
    methods: Sequence[str]
    min_share: Floats
    parameters: Sequence[Mapping[str, Any]] = ()
    is_ranked: np.ndarray | None = None


class Block(NamedTuple):
    """Some draws of one way.

    Attributes:
        multipliers: shape (n_draws, n_nodes): weights of a draw are those of its way times these.
        sets: shape (n_draws,), the set of values of each draw.
        is_out: shape (n_draws, n_nodes), nodes left out in a draw, with all above them that have
            nothing left; None: none.
    """

    multipliers: Floats
    sets: np.ndarray
    is_out: np.ndarray | None = None
