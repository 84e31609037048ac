"""Read a wide table of units and a table of nodes, in the shape COINr users have them."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipeline.faults import Faults, Place
from pipeline.sources import nearest

MISSING = ["", "NA", "NaN", "nan", "N/A"]
NUMBER = r"^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$"
TYPES = ("Indicator", "Aggregate", "Denominator", "Group", "Other")
META = ["iCode", "iName", "Level", "Parent", "Direction", "Weight", "Type"]
OPTIONAL_META = ["Unit", "Target", "Denominator"]
MOST_NAMED = 20  # bad cells of a column named one by one; the rest are counted


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


@dataclass
class Inputs:
    """The two tables, checked against each other.

    `x` has shape (n_rows, n_indicators): a row is a unit, or a unit at a time; missing is NaN.
    """

    units: list[str]
    unit_names: list[str]
    times: list[str] | None
    groups: dict[str, list[str]]
    denominators: dict[str, np.ndarray]
    indicators: list[Node]
    nodes: list[Node]  # aggregates, from the lowest level to the index
    x: np.ndarray


def read_inputs(data: Path, meta: Path, faults: Faults) -> Inputs:
    """Read and check both tables.

    Raises:
        Rejected: with every fault of both tables.
    """
    nodes = _read_nodes(meta, faults)
    table = _read_text(data, faults)
    faults.raise_if_any()
    assert table is not None
    columns = {node.code: node for node in nodes}
    for code in ("uCode",):
        if code not in table.column_names:
            _miss(code, table.column_names, data, faults)
    for node in nodes:
        if node.kind not in ("Aggregate",) and node.code not in table.column_names:
            _miss(node.code, table.column_names, data, faults)
    known = {"uCode", "uName", "Time", *columns}
    for j, name in enumerate(table.column_names):
        if name not in known:
            faults.add("HDR-02", Place(data.name, row=1, column=j + 1), name)
    faults.raise_if_any()
    _check_keys(table, data, faults)
    indicators = [n for n in nodes if n.kind == "Indicator"]
    numeric = {
        n.code: _numbers(table, n.code, data, faults)
        for n in nodes
        if n.kind in ("Indicator", "Denominator")
    }
    faults.raise_if_any()
    units = _texts(table, "uCode")
    x = np.column_stack([numeric[n.code] for n in indicators])
    return Inputs(
        units=units,
        unit_names=_texts(table, "uName") if "uName" in table.column_names else units,
        times=_texts(table, "Time") if "Time" in table.column_names else None,
        groups={n.code: _texts(table, n.code) for n in nodes if n.kind == "Group"},
        denominators={n.code: numeric[n.code] for n in nodes if n.kind == "Denominator"},
        indicators=indicators,
        nodes=sorted((n for n in nodes if n.kind == "Aggregate"), key=lambda n: n.level),
        x=x,
    )


def _read_text(path: Path, faults: Faults) -> pa.Table | None:
    """A CSV file with every column as text, names and cells as they stand."""
    try:
        with path.open("rb") as handle:
            header = csv.open_csv(handle).schema.names
        if len(set(header)) != len(header):
            for j, name in enumerate(header):
                if header.index(name) != j:
                    place = Place(path.name, row=1, column=j + 1)
                    faults.add("HDR-03", place, name, first=str(header.index(name) + 1))
            return None
        options = csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        )
        return csv.read_csv(path, convert_options=options)
    except OSError as error:
        faults.add("SCH-10", Place(path.name), error.strerror, supplier="–")
    except pa.ArrowInvalid as error:
        faults.add("HDR-09", Place(path.name), str(error), expected="–")
    return None


def _texts(table: pa.Table, name: str) -> list[str]:
    found: list[str] = pc.utf8_trim_whitespace(table.column(name)).to_pylist()
    return found


def _numbers(table: pa.Table, name: str, path: Path, faults: Faults) -> np.ndarray:
    """A column as float64, NaN where a missing marker stands; every other text is a fault."""
    cells = pc.utf8_trim_whitespace(table.column(name)).combine_chunks()
    missing = pc.is_in(cells, pa.array(MISSING))
    good = pc.or_(missing, pc.match_substring_regex(cells, NUMBER))
    column = table.column_names.index(name) + 1
    bad = np.flatnonzero(~good.to_numpy(zero_copy_only=False))
    for i in bad[:MOST_NAMED]:
        place = Place(path.name, row=int(i) + 2, column=column, column_name=name)
        faults.add("NUM-10", place, cells[int(i)].as_py(), declared=", ".join(MISSING[1:]))
    if len(bad):
        return np.full(len(cells), np.nan)
    values = pc.if_else(missing, None, cells).cast(pa.float64())
    numbers: np.ndarray = values.to_numpy(zero_copy_only=False)
    for i in np.flatnonzero(np.isinf(numbers))[:MOST_NAMED]:
        place = Place(path.name, row=int(i) + 2, column=column, column_name=name)
        faults.add("NUM-13", place, cells[int(i)].as_py(), limit="1.8e308")
    return numbers


def _check_keys(table: pa.Table, path: Path, faults: Faults) -> None:
    """A unit stands once, or once per time."""
    names = ["uCode"] + (["Time"] if "Time" in table.column_names else [])
    seen: dict[tuple[str, ...], int] = {}
    for i, key in enumerate(zip(*(_texts(table, name) for name in names), strict=True)):
        if key in seen:
            place = Place(path.name, row=i + 2, column=1, column_name="uCode")
            other = f"row {seen[key]}"
            faults.add("DUP-01", place, key[0], key=" ".join(key), other_value=key[0], other=other)
        seen.setdefault(key, i + 2)
    if not seen:
        faults.add("HDR-13", Place(path.name))


def _miss(name: str, names: list[str], path: Path, faults: Faults) -> None:
    faults.add("HDR-01", Place(path.name, row=1), name, found=", ".join(names),
               nearest=nearest(name, names))  # fmt: skip


def _read_nodes(path: Path, faults: Faults) -> list[Node]:
    table = _read_text(path, faults)
    if table is None:
        return []
    for name in META:
        if name not in table.column_names:
            _miss(name, table.column_names, path, faults)
    if faults.rejecting():
        return []
    rows = [{k: _clean(v) for k, v in row.items()} for row in table.to_pylist()]
    nodes = [_node(i, row, path, faults) for i, row in enumerate(rows)]
    _check_tree(nodes, path, faults)
    return nodes


def _clean(text: str) -> str | None:
    trimmed = text.strip()
    return None if trimmed in MISSING else trimmed


def _node(i: int, row: dict[str, str | None], path: Path, faults: Faults) -> Node:
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
            faults.add("NUM-10", Place(path.name, row=i + 2, column_name=name), text, declared="NA")
            return default
        return value

    kind, code = row["Type"] or "", row["iCode"] or ""
    if kind not in TYPES:
        place = Place(path.name, row=i + 2, column_name="Type")
        faults.add("SCH-13", place, kind, key="Type", allowed=", ".join(TYPES))
    direction, weight = number("Direction", 1), number("Weight", 1)
    if direction not in (1, -1):
        place = Place(path.name, row=i + 2, column_name="Direction")
        faults.add("SCH-13", place, row["Direction"], key="Direction", allowed="1, -1")
    if weight < 0:
        faults.add("SCH-04", Place(path.name, row=i + 2, column_name="Weight"), weight, key=code)
    return Node(
        code=code, name=row["iName"] or code, level=int(number("Level", 0)), parent=row["Parent"],
        direction=int(direction), weight=weight, kind=kind, unit=row.get("Unit"),
        target=number("Target", math.nan) if row.get("Target") else None,
        denominator=row.get("Denominator"),
    )  # fmt: skip


def _check_tree(nodes: list[Node], path: Path, faults: Faults) -> None:
    by_code: dict[str, Node] = {}
    for i, node in enumerate(nodes):
        place: Any = Place(path.name, row=i + 2, column=1, column_name="iCode")
        if node.code in by_code or not node.code:
            faults.add("SCH-06", place, node.code, first=list(by_code).index(node.code) + 2
                       if node.code else "–")  # fmt: skip
        by_code.setdefault(node.code, node)
    tree = [n for n in nodes if n.kind in ("Indicator", "Aggregate")]
    roots = [n.code for n in tree if n.parent is None]
    if len(roots) != 1:
        faults.add("SCH-08", Place(path.name), len(roots), chain=", ".join(roots))
    for i, node in enumerate(nodes):
        place = Place(path.name, row=i + 2, column=1, column_name="iCode")
        below = node.denominator if node.kind == "Indicator" else None
        for code in (node.parent if node in tree else None, below):
            if code is not None and code not in by_code:
                near = difflib.get_close_matches(code, list(by_code), n=3)
                faults.add("SCH-02", place, code, nearest=", ".join(near) or "–")
        parent = by_code.get(node.parent or "")
        if parent is not None and node in tree and parent.level <= node.level:
            chain = f"{node.code} (level {node.level}) → {parent.code} (level {parent.level})"
            faults.add("SCH-08", place, node.code, chain=chain)
        if node.kind == "Aggregate" and not any(n.parent == node.code for n in tree):
            faults.add("SCH-14", place, node.code)
