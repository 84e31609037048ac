"""Where in the space of choices the draws lie: levels of the choices, and weights."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.robustness.tree import Block


@dataclass(frozen=True)
class Choice:
    """A factor of which one level holds in a draw; level 0 is what the published index does."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True)
class Removal:
    """The choice whose levels leave nodes out: of each level the nodes, in the order of levels."""

    choice: int
    nodes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Spread:
    """How weights vary around those of the way.

    Attributes:
        name: of the factor.
        nodes: the nodes whose weights vary.
        kind: `uniform`: each weight times a number within 1 ± `size`, independently. `dirichlet`:
            the shares of the siblings drawn around theirs, `size` the concentration (large: near).
        size: see `kind`.
    """

    name: str
    nodes: np.ndarray
    kind: str
    size: float


@dataclass(frozen=True)
class Draws:
    """Parameters of every draw.

    Attributes:
        space: the factors.
        points: shape (n_draws, n_coordinates), places in the unit cube.
        levels: shape (n_draws, n_choices), the number of the level of each choice.
        is_published: shape (n_draws,), draws that are the published index, whatever their point.
    """

    space: Space
    points: np.ndarray
    levels: np.ndarray
    is_published: np.ndarray

    def block(self, rows: np.ndarray) -> Block:
        """The parameters of some draws."""
        space = self.space
        sets = np.zeros(len(rows), dtype=np.int64)
        if space.values is not None:
            sets = self.levels[rows, space.values]
        is_out = None
        for removal in space.removals:
            out = np.zeros((len(removal.nodes), space.n_nodes), dtype=bool)
            for level, nodes in enumerate(removal.nodes):
                out[level, list(nodes)] = True
            more = out[self.levels[rows, removal.choice]]
            is_out = more if is_out is None else is_out | more
        return Block(self.multipliers(rows), sets, is_out)

    def multipliers(self, rows: np.ndarray) -> np.ndarray:
        """What the weights of the nodes are multiplied by, shape (n_rows, n_nodes)."""
        found = np.ones((len(rows), self.space.n_nodes))
        start = len(self.space.choices)
        for spread in self.space.spreads:
            u = self.points[rows, start : start + spread.nodes.size]
            start += spread.nodes.size
            found[:, spread.nodes] = _vary(spread, u, self.space.shares[spread.nodes])
        found[self.is_published[rows]] = 1
        return found


@dataclass(frozen=True)
class Space:
    """The factors: choices first, then the weights.

    Attributes:
        choices: the factors with levels.
        spreads: the factors of weights.
        n_nodes: how many nodes the tree has.
        shares: shape (n_nodes,), weight of each node among its siblings.
        removals: the choices that leave nodes out.
        values: the number of the choice of a set of values; None: there is only one.
    """

    choices: tuple[Choice, ...]
    spreads: tuple[Spread, ...]
    n_nodes: int
    shares: np.ndarray
    removals: tuple[Removal, ...] = ()
    values: int | None = None

    @property
    def names(self) -> list[str]:
        """The factors in the order of the sensitivity indices."""
        return [*(c.name for c in self.choices), *(s.name for s in self.spreads)]

    @property
    def groups(self) -> list[int]:
        """The factor of each coordinate of the unit cube."""
        groups = list(range(len(self.choices)))
        for i, spread in enumerate(self.spreads):
            groups += [len(self.choices) + i] * spread.nodes.size
        return groups

    def place(self, points: np.ndarray, is_published: np.ndarray | None = None) -> Draws:
        """Draws at points of the unit cube, shape (n_draws, len(groups)); every level as likely."""
        sizes = np.array([len(choice.levels) for choice in self.choices], dtype=np.float64)
        levels = np.minimum(points[:, : sizes.size] * sizes, sizes - 1).astype(np.int64)
        published = np.zeros(len(points), dtype=bool) if is_published is None else is_published
        levels[published] = 0
        return Draws(self, points, levels, published)

    def sample(self, n_draws: int, seed: int) -> Draws:
        """Draw 0, then quasi-random draws; the same seed gives the same draws.

        Source:
            Owen-scrambled Sobol' points, scipy.stats.qmc.
        """
        from scipy.stats import qmc

        points = np.zeros((n_draws, len(self.groups)))
        if self.groups:
            cube = qmc.Sobol(len(self.groups), scramble=True, rng=np.random.default_rng(seed))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that n_draws is no power of two
                points[1:] = cube.random(n_draws - 1)
        return self.place(points, np.arange(n_draws) == 0)


def _vary(spread: Spread, u: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Multipliers from uniform numbers of shape (n_draws, n_nodes of the spread)."""
    if spread.kind == "uniform":
        scaled = u * (2 * spread.size)
        scaled += 1 - spread.size
        return scaled
    from scipy.special import gammaincinv

    shape = spread.size * shares  # gamma variates of these shapes, rescaled, are Dirichlet
    inside = np.clip(u, 1e-12, 1 - 1e-12)
    return np.maximum(gammaincinv(shape, inside), 1e-12) / shape


def combinations(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct combinations of levels, and the number of that of each draw.

    Args:
        levels: shape (n_draws, n_choices).

    Returns:
        Shape (n_combinations, n_choices), the published one first if it is drawn, and (n_draws,).
    """
    if levels.shape[1] == 0:
        return np.zeros((1, 0), dtype=np.int64), np.zeros(len(levels), dtype=np.int64)
    sizes = levels.max(axis=0) + 1
    key = np.zeros(len(levels), dtype=np.int64)
    for column, size in zip(levels.T, sizes, strict=True):
        key = key * size + column
    _, first, number = np.unique(key, return_index=True, return_inverse=True)
    return levels[first], number.astype(np.int64)


def level_names(choices: Sequence[Choice], row: np.ndarray) -> dict[str, str]:
    """What each choice is in a draw."""
    return {str(c.name): c.levels[int(k)] for c, k in zip(choices, row, strict=True)}
