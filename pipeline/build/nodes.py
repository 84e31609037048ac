"""The table of nodes, in the shape COINr users have it, checked as a tree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from pipeline.build.textfile import TextTable, read_text
from pipeline.faults import Faults
from pipeline.sources import nearest

MISSING = ["", "NA", "NaN", "nan", "N/A"]
TYPES = ("Indicator", "Aggregate", "Denominator", "Group", "Other")
META = ["iCode", "iName", "Level", "Parent", "Direction", "Weight", "Type"]


@dataclass(frozen=True)
class Node:
    """One row of the table of nodes."""

    code: str
    name: str
    level: int
    parent: str | None
    direction: int
    weight: float
    kind: str
    unit: str | None
    target: float | None
    denominator: str | None


def read_nodes(path: Path, faults: Faults) -> list[Node]:
    """The rows of the table of nodes, in their order; every fault is added with its cell."""
    table = read_text(path, faults)
    if table is None:
        return []
    for name in META:
        if name not in table.names:
            faults.add("HDR-01", table.header(), name, found=", ".join(table.names),
                       nearest=nearest(name, table.names))  # fmt: skip
    if faults.rejecting():
        return []
    cells = [table.texts(name) for name in table.names]
    rows = [
        {k: None if v in MISSING else v for k, v in zip(table.names, row, strict=True)}
        for row in zip(*cells, strict=True)
    ]
    nodes = [_node(i, row, table, faults) for i, row in enumerate(rows)]
    _check_codes(nodes, table, faults)
    _check_tree(nodes, table, faults)
    return nodes


def _node(i: int, row: dict[str, str | None], table: TextTable, faults: Faults) -> Node:
    """One node; what cannot be read is a fault and takes a harmless value."""

    def number(name: str, default: float) -> float:
        text = row.get(name)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            faults.add("NUM-10", table.place(i, name), text, declared="NA")
            return default
        return value

    kind, code = row["Type"] or "", row["iCode"] or ""
    if kind not in TYPES:
        allowed = ", ".join(TYPES)
        faults.add("SCH-13", table.place(i, "Type"), kind, key="Type", allowed=allowed)
    direction, weight, level = number("Direction", 1), number("Weight", 1), number("Level", 0)
    for name, value, good, allowed in (
        ("Direction", direction, direction in (1, -1), "1, -1"),
        ("Level", level, level == int(level), "1, 2, 3, …"),
    ):
        if not good:
            place = table.place(i, name)
            faults.add("SCH-13", place, row[name] or value, key=name, allowed=allowed)
    if weight < 0:
        faults.add("SCH-04", table.place(i, "Weight"), row["Weight"], key=code)
    return Node(
        code=code, name=row["iName"] or code, level=int(level), parent=row["Parent"],
        direction=int(direction), weight=weight, kind=kind, unit=row.get("Unit"),
        target=number("Target", math.nan) if row.get("Target") else None,
        denominator=row.get("Denominator"),
    )  # fmt: skip


def _check_codes(nodes: list[Node], table: TextTable, faults: Faults) -> None:
    """Every node has a code of its own."""
    first: dict[str, int] = {}
    for i, node in enumerate(nodes):
        if not node.code:
            faults.add("BLD-03", table.place(i, "iCode"), "iCode")
        elif node.code in first:
            other = table.place(first[node.code]).row
            faults.add("SCH-06", table.place(i, "iCode"), node.code, first=other)
        first.setdefault(node.code, i)


def _check_tree(nodes: list[Node], table: TextTable, faults: Faults) -> None:
    """One index on top; parents are aggregates of a higher level; denominators are there."""
    tree = {n.code: n for n in nodes if n.kind in ("Indicator", "Aggregate")}
    aggregates = [n.code for n in nodes if n.kind == "Aggregate"]
    divisors = [n.code for n in nodes if n.kind == "Denominator"]
    roots = [n.code for n in tree.values() if n.parent is None]
    if not roots:
        faults.add("SCH-08", table.header("Parent"), "–", chain="–")
    for i, node in enumerate(nodes):
        if node.code not in tree:
            continue
        if node.parent is None and len(roots) > 1:
            chain = ", ".join(roots)
            faults.add("SCH-08", table.place(i, "Parent"), node.code, chain=chain)
        if node.parent is not None and node.parent not in tree:
            near = nearest(node.parent, aggregates)
            faults.add("SCH-02", table.place(i, "Parent"), node.parent, nearest=near)
        elif node.parent is not None:
            above = tree[node.parent]
            if above.kind != "Aggregate" or above.level <= node.level:
                chain = " → ".join(f"{n.code} ({n.kind}, Level {n.level})" for n in (node, above))
                faults.add("SCH-08", table.place(i, "Parent"), node.code, chain=chain)
        below = node.denominator if node.kind == "Indicator" else None
        if below is not None and below not in divisors:
            near = nearest(below, divisors)
            faults.add("SCH-02", table.place(i, "Denominator"), below, nearest=near)
        if node.kind == "Aggregate" and not any(n.parent == node.code for n in tree.values()):
            faults.add("SCH-14", table.place(i, "iCode"), node.code)
