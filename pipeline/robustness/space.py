"""The space of choices that `index.yml` declares, and the ways its draws take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from pipeline.choices.robustness import PUBLISHED, Patch, Robustness, ValueSpread, label_of, patched
from pipeline.faults import Faults, Place
from pipeline.language import Words
from pipeline.robustness.cells import Cells, draw_values
from pipeline.robustness.design import Choice, Draws, Removal, Space, Spread, combinations
from pipeline.robustness.scenario import (
    Index,
    Pulled,
    cells_under,
    normalised_under,
    treated_under,
    way_of,
)
from pipeline.robustness.tree import Tree, Way
from pipeline.spec import Spec


@dataclass(frozen=True)
class Declared:
    """The factors of an index.

    Attributes:
        space: where draws are placed.
        patches: of each choice of the space, the settings that each level lays over the index;
            None for a choice that does not change settings.
        left_out: of each choice that leaves nodes out, the node of each level but the published.
        values: how values vary; None: not at all.
        seed: of the sets of values.
    """

    space: Space
    patches: tuple[tuple[Patch, ...] | None, ...]
    left_out: dict[int, tuple[int, ...]]
    values: ValueSpread | None
    seed: int


def declare(index: Index, cells: list[Cells]) -> Declared:
    """The space of the index's own factors."""
    given = index.spec.robustness
    assert given is not None
    return declare_factors(index, cells, given)


def declare_factors(index: Index, cells: list[Cells], given: Robustness) -> Declared:
    """The space of some factors.

    Args:
        index: the index.
        cells: its editions: only nodes that entered one of them are left out or weighed anew.
        given: the factors.

    Raises:
        Rejected: with SCH-17 where leaving a node out leaves nothing of an edition.
    """
    choices: list[Choice] = []
    patches: list[tuple[Patch, ...] | None] = []
    spreads: list[Spread] = []
    left_out: dict[int, tuple[int, ...]] = {}
    values, spread = None, None
    for factor in given.factors:
        if factor.weights is not None:
            nodes = [k for level in factor.weights.levels for k in removable(index, cells, level)]
            size, kind = float(factor.weights.size), factor.weights.kind
            spreads.append(Spread(factor.name, np.array(sorted(nodes), dtype=int), kind, size))
            continue
        names: list[str]
        own: tuple[Patch, ...] | None = None
        if factor.alternatives is not None:
            own = ({}, *factor.alternatives)
            names = [label_of(patch) for patch in factor.alternatives]
        elif factor.leave_out is not None:
            left = tuple(removable(index, cells, factor.leave_out))
            names = [index.codes[k] for k in left]
            left_out[len(choices)] = left
        else:
            assert factor.values is not None
            values, spread = len(choices), factor.values
            names = [f"set {k + 1}" for k in range(factor.values.sets)]
        choices.append(Choice(factor.name, (PUBLISHED, *names)))
        patches.append(own)
    _refuse_emptying(index, cells, [node for left in left_out.values() for node in left])
    space = Space(tuple(choices), tuple(spreads), len(index.codes), shares_of(index), (), values)
    return Declared(space, tuple(patches), left_out, spread, given.seed)


def _refuse_emptying(index: Index, cells: list[Cells], nodes: list[int]) -> None:
    """Raise if an edition has nothing left without a node: its draws could not be scored."""
    faults = Faults()
    for one in cells:
        for node in nodes:
            if index.tree.top in emptied(index.tree, one.entered, node):
                values = {"node": index.codes[node], "edition": one.edition}
                problem = Words("nothing_left", values)
                faults.add("SCH-17", Place("index.yml"), "leave_out", problem=problem)
    faults.raise_if_any()


def levels_of(index: Index) -> list[str]:
    """The level of each node."""
    level: dict[str, str] = {node.code: node.level for node in index.spec.nodes}
    return [level.get(code, "indicator") for code in index.codes]


def shares_of(index: Index) -> np.ndarray:
    """The declared weight of each node among its siblings, shape (n_nodes,)."""
    weight = {item.code: float(item.weight) for item in index.spec.nodes}
    weight |= {item.code: float(item.weight) for item in index.spec.indicators}
    given = np.array([weight[code] for code in index.codes])
    shares = np.ones_like(given)
    for kids in index.tree.children.values():
        shares[kids] = given[kids] / given[kids].sum()
    return shares


def removable(index: Index, cells: list[Cells], level: str) -> Iterator[int]:
    """Nodes of a level under which something entered some edition."""
    entered = np.any([one.entered for one in cells], axis=0)
    for k, name in enumerate(levels_of(index)):
        if name == level and entered[leaves_under(index.tree, k)].any():
            yield k


def leaves_under(tree: Tree, node: int) -> list[int]:
    """The indicators under a node."""
    if node < tree.n_leaves:
        return [node]
    return [leaf for kid in tree.children[node] for leaf in leaves_under(tree, int(kid))]


def emptied(tree: Tree, entered: np.ndarray, node: int) -> tuple[int, ...]:
    """A node, all under it, and the nodes above that have nothing left in the edition."""
    out = set(leaves_under(tree, node))
    for above in tree.order:
        under = [leaf for leaf in leaves_under(tree, above) if entered[leaf]]
        if under and out.issuperset(under):
            out.add(above)
    return tuple(sorted(out))


def draws_of(index: Index, declared: Declared, draws: Draws, cells: Cells) -> Draws:
    """The draws as one edition takes them: what is left out empties the nodes above it there."""
    removals = tuple(
        Removal(choice, ((), *(emptied(index.tree, cells.entered, node) for node in nodes)))
        for choice, nodes in declared.left_out.items()
    )
    return replace(draws, space=replace(draws.space, removals=removals))


def ways_of(
    index: Index, declared: Declared, draws: Draws
) -> tuple[dict[str, list[Way]], np.ndarray]:
    """The ways of every edition, and the number of the way that each draw takes.

    Raises:
        Rejected: with SCH-17 for a combination whose values cannot be scored; no draw is dropped.
    """
    of_settings = [k for k, patches in enumerate(declared.patches) if patches is not None]
    levels, number = combinations(draws.levels[:, of_settings])
    bench = Bench(index, declared)
    ways: dict[str, list[Way]] = {}
    places: dict[str, int] = {}
    way_of_row = []
    for row in levels:
        pairs = zip(of_settings, row, strict=True)
        chosen = [(declared.patches[k] or ())[level] for k, level in pairs]
        key = bench.key_of(chosen)
        if key not in places:  # nothing to impute: one way, however it would be done
            places[key] = len(places)
            for edition, way in bench.score(chosen).items():
                ways.setdefault(edition, []).append(way)
        way_of_row.append(places[key])
    bench.faults.raise_if_any()
    return ways, np.array(way_of_row)[number]


class Bench:
    """Scores combinations of alternatives, treating and scaling once per distinct choice."""

    def __init__(self, index: Index, declared: Declared) -> None:
        self.index = index
        self.declared = declared
        self.faults = Faults()
        self._cells: dict[str, tuple[str, list[Cells]]] = {}  # with the key of equal cells
        self._treated: dict[tuple[str, str], dict[str, Pulled]] = {}
        self._scored: dict[tuple[str, str, str], dict[str, np.ndarray]] = {}

    def key_of(self, chosen: list[Patch]) -> str:
        """A text that is the same for combinations that score every edition alike."""
        spec = patched(self.index.spec, chosen)
        return self._cells_of(spec)[0] + spec.settings.model_dump_json(exclude={"impute"})

    def score(self, chosen: list[Patch]) -> dict[str, Way]:
        """The way of every edition under some alternatives; none, and a fault, if impossible."""
        spec = patched(self.index.spec, chosen)
        try:
            scored, cells = self._leaves(spec)
            return {
                one.edition: way_of(self.index, spec, one, scored[one.edition]) for one in cells
            }
        except ValueError as error:
            values = {"alternatives": "; ".join(map(label_of, filter(None, chosen))),
                      "problem": error.args[0]}  # fmt: skip
            problem = Words("cannot_be_scored", values)
            self.faults.add("SCH-17", Place("index.yml"), "robustness", problem=problem)
            return {}

    def _leaves(self, spec: Spec) -> tuple[dict[str, np.ndarray], list[Cells]]:
        key, cells = self._cells_of(spec)
        treat, scale = (getattr(spec.settings, name).model_dump_json()
                        for name in ("treat", "normalise"))  # fmt: skip
        if (key, treat) not in self._treated:
            self._treated[key, treat] = {
                one.edition: treated_under(spec, self._sets(one), one.entered) for one in cells
            }
        if (key, treat, scale) not in self._scored:
            treated = self._treated[key, treat]
            self._scored[key, treat, scale] = normalised_under(spec, treated, cells)
        return self._scored[key, treat, scale], cells

    def _cells_of(self, spec: Spec) -> tuple[str, list[Cells]]:
        key = spec.settings.impute.model_dump_json()
        if key not in self._cells:
            found = cells_under(self.index, spec)
            for own, known in self._cells.values():
                pairs = zip(known, found, strict=True)
                if all(np.array_equal(a.values, b.values, equal_nan=True) for a, b in pairs):
                    self._cells[key] = own, known  # nothing was missing, or filled alike
                    break
            else:
                self._cells[key] = key, found
        return self._cells[key]

    def _sets(self, cells: Cells) -> np.ndarray:
        if self.declared.values is None:
            return cells.values[None]
        return draw_values(cells, self.declared.values, self.declared.seed, self.index.indicators)
