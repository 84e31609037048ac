"""Read a wide table of units and a table of nodes, in the shape COINr users have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.build.nodes import MISSING, Node, read_nodes
from pipeline.build.textfile import TextTable, read_text
from pipeline.faults import Faults
from pipeline.sources import nearest

NUMBER = r"^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$"
MOST_NAMED = 20  # bad cells of a column named one by one; the rest are counted


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
    nodes = read_nodes(meta, faults)
    table = read_text(data, faults)
    faults.raise_if_any()
    assert table is not None
    needed = ["uCode", *(node.code for node in nodes if node.kind != "Aggregate")]
    for name in needed:
        if name not in table.names:
            faults.add("HDR-01", table.header(), name, found=", ".join(table.names),
                       nearest=nearest(name, table.names))  # fmt: skip
    known = {"uCode", "uName", "Time", *needed}
    for name in table.names:
        if name not in known:
            faults.add("HDR-02", table.header(name), name)
    faults.raise_if_any()
    _check_keys(table, faults)
    indicators = [n for n in nodes if n.kind == "Indicator"]
    numeric = {
        n.code: _numbers(table, n.code, faults)
        for n in nodes
        if n.kind in ("Indicator", "Denominator")
    }
    faults.raise_if_any()
    units = table.texts("uCode")
    return Inputs(
        units=units,
        unit_names=table.texts("uName") if "uName" in table.names else units,
        times=table.texts("Time") if "Time" in table.names else None,
        groups={n.code: table.texts(n.code) for n in nodes if n.kind == "Group"},
        denominators={n.code: numeric[n.code] for n in nodes if n.kind == "Denominator"},
        indicators=indicators,
        nodes=sorted((n for n in nodes if n.kind == "Aggregate"), key=lambda n: n.level),
        x=np.column_stack([numeric[n.code] for n in indicators]),
    )


def _numbers(table: TextTable, name: str, faults: Faults) -> np.ndarray:
    """A column as float64, NaN where a missing marker stands; every other text is a fault."""
    cells = table.trimmed(name)
    missing = pc.is_in(cells, pa.array(MISSING))
    good = pc.or_(missing, pc.match_substring_regex(cells, NUMBER))
    bad = np.flatnonzero(~good.to_numpy(zero_copy_only=False))
    for i in bad[:MOST_NAMED].tolist():
        declared = ", ".join(MISSING[1:])
        faults.add("NUM-10", table.place(i, name), cells[i].as_py(), declared=declared)
    if len(bad) > MOST_NAMED:
        faults.add("BLD-04", table.header(name), len(bad) - MOST_NAMED, name=name)
    if len(bad):
        return np.full(len(cells), np.nan)
    values = pc.if_else(missing, None, cells).cast(pa.float64())
    numbers: np.ndarray = values.to_numpy(zero_copy_only=False)
    for i in np.flatnonzero(np.isinf(numbers))[:MOST_NAMED].tolist():
        faults.add("NUM-13", table.place(i, name), cells[i].as_py(), limit="1.8e308")
    return numbers


def _check_keys(table: TextTable, faults: Faults) -> None:
    """A unit stands once, or once per time; neither cell is empty."""
    names = ["uCode"] + (["Time"] if "Time" in table.names else [])
    seen: dict[tuple[str, ...], int] = {}
    for i, key in enumerate(zip(*(table.texts(name) for name in names), strict=True)):
        for name, cell in zip(names, key, strict=True):
            if not cell:
                faults.add("BLD-03", table.place(i, name), name)
        if key in seen:
            other = table.place(seen[key]).row
            said = " ".join(key)
            faults.add("DUP-01", table.place(i, "uCode"), key[0], key=said, other=other,
                       other_value=key[0])  # fmt: skip
        seen.setdefault(key, i)
