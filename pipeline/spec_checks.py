"""The tree of an index, and the variables it names, checked line by line."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pipeline.faults import Faults
from pipeline.sources import Catalogue, nearest
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Spec


def check_tree(spec: Spec, file: YamlFile, faults: Faults) -> None:
    """One root, no circle, no empty node, no code twice, weights above 0."""
    members = [("nodes", i, node) for i, node in enumerate(spec.nodes)]
    members += [("indicators", i, item) for i, item in enumerate(spec.indicators)]  # type: ignore[misc]
    parents = {item.code: item.parent for _, _, item in members}
    nodes = {node.code for node in spec.nodes}
    seen: dict[str, int | None] = {}
    for kind, i, item in members:
        place = file.place(kind, i, "code")
        if item.code in seen:
            faults.add("SCH-06", place, item.code, first=seen[item.code])
        seen[item.code] = place.row
        if not (math.isfinite(item.weight) and item.weight > 0):
            faults.add("SCH-04", file.place(kind, i, "weight"), item.weight, key=item.code)
        chain = [item.code]
        while chain[-1] in parents and parents[chain[-1]] is not None:
            chain.append(str(parents[chain[-1]]))
            if chain.count(chain[-1]) > 1:
                break
        is_rooted = chain[-1] in nodes and parents[chain[-1]] is None
        if not is_rooted or not nodes.issuperset(chain[1:]):
            faults.add("SCH-08", file.place(kind, i, "parent"), item.code, chain=" → ".join(chain))
    roots = [node.code for node in spec.nodes if node.parent is None]
    if len(roots) != 1:
        faults.add("SCH-08", file.place("nodes"), len(roots), chain=", ".join(roots))
    for i, node in enumerate(spec.nodes):
        if node.code not in parents.values():
            faults.add("SCH-14", file.place("nodes", i, "code"), node.code)


def check_overlaps(spec: Spec, file: YamlFile, faults: Faults) -> None:
    codes = {item.code for item in spec.indicators}
    for i, item in enumerate(spec.indicators):
        for k, other in enumerate(item.overlaps):
            if other not in codes - {item.code}:
                near = nearest(other, codes - {item.code})
                faults.add(
                    "SCH-02", file.place("indicators", i, "overlaps", k), other, nearest=near
                )


def check_variables(spec: Spec, file: YamlFile, catalogue: Catalogue, faults: Faults) -> None:
    """Each variable is declared, held by a source, and not one for comparison only."""
    used: dict[str, set[str]] = {}
    for source in catalogue.cards.values():
        for column in source.columns:
            used.setdefault(column.variable, set()).add(source.use)
        if source.register_ is not None:
            used.setdefault(source.register_.variable, set()).add(source.use)
    wanted: list[tuple[tuple[Any, ...], str, str | None]]
    wanted = [(("indicators", i, key), item.code, getattr(item, key))
              for i, item in enumerate(spec.indicators)
              for key in ("numerator", "denominator")]  # fmt: skip
    if spec.settings.peers is not None:
        wanted.append((("settings", "peers", "variable"), "peers", spec.settings.peers.variable))
    for path, code, variable in wanted:
        if variable is None:
            continue
        if not catalogue.knows(variable):
            near = nearest(variable, catalogue.variables)
            faults.add("SCH-02", file.place(*path), variable, nearest=near)
        elif used.get(variable) == {"comparison"}:
            faults.add("SCH-20", file.place(*path), variable, key=code)
