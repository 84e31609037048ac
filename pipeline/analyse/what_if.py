"""What if: one value or some weights changed, the index made again in memory, nothing published."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline import store
from pipeline.faults import Faults, Place
from pipeline.panel import declare_spec
from pipeline.run import run_steps
from pipeline.sources import nearest

SLACK = 1e-9  # of a bound: what is printed of it can be typed
MARKED = ("scores", "indicators")  # what --out writes, each row marked
Row = dict[str, Any]


@dataclass(frozen=True)
class Supposition:
    """What is supposed: a value of one indicator of one province, and weights of nodes."""

    edition: str
    province: str
    indicator: str | None = None
    value: float | None = None
    weights: dict[str, float] = field(default_factory=dict)


@dataclass
class Answer:
    """Both sides: rows of `ranked` of the edition by province and node, and the database after."""

    before: dict[tuple[str, str], Row]
    after: dict[tuple[str, str], Row]
    old_value: float | None
    con: Any


def suppose(folder: Path, provinces: list[dict[str, str]], supposed: Supposition) -> Answer:
    """Make the index of a release again with what is supposed, all else as published.

    Args:
        folder: the release; it is read only.
        provinces: the reference table of provinces.
        supposed: the change; none at all, or to what is there already, gives the same twice.

    Returns:
        Before, made by the same steps from the same values, and after. Everything that follows
        from the change follows here: screening, treatment, scales, ranks of all provinces.

    Raises:
        Rejected: OUT-06 for what cannot be supposed, with what can; or the fault of a step.
    """
    source = store.open_release(folder)
    spec = json.loads((folder / "spec.json").read_text("utf-8"))
    faults = Faults()
    check_supposition(source, spec, supposed, faults)
    faults.raise_if_any()
    old_value = check_value(source, spec, supposed, faults)
    faults.raise_if_any()
    con = store.connect()
    declare_spec(source)
    for name in ("spec_editions", "spec_nodes", "spec_indicators", "spec_settings", "denominated"):
        con.register("incoming", store.get_table(source, name))
        con.execute(f"create table {name} as select * from incoming")
        con.unregister("incoming")
    source.close()
    store.put_table(con, "ref_provinces", pd.DataFrame(provinces))
    before = _ranked(con, supposed.edition, faults)
    _change(con, supposed)
    return Answer(before, _ranked(con, supposed.edition, faults), old_value, con)


def _ranked(con: Any, edition: str, faults: Faults) -> dict[tuple[str, str], Row]:
    run_steps(con, faults, lambda *_: None, "screened", "indicators", is_held=False)
    rows = con.sql(
        "select * from ranked where edition = $edition", params={"edition": edition}
    ).to_arrow_table()
    return {(row["province_code"], row["node"]): row for row in rows.to_pylist()}


def _change(con: Any, supposed: Supposition) -> None:
    """Put what is supposed into the tables that the steps start from."""
    if supposed.value is not None:
        con.execute(
            "update denominated set value = $value, value_low = null, value_high = null, "
            "numerator = null, obs_status = 'E', reason = null, age = 0, data_year = "
            "(select reference_year from spec_editions where edition = $edition) "
            "where edition = $edition and province_code = $province and indicator = $indicator "
            "and value is distinct from $value",
            {"value": supposed.value, "edition": supposed.edition,
             "province": supposed.province, "indicator": supposed.indicator},
        )  # fmt: skip
    for node, weight in supposed.weights.items():
        con.execute("update spec_nodes set weight = $weight where node = $node",
                    {"weight": weight, "node": node})  # fmt: skip


def check_supposition(source: Any, spec: Row, supposed: Supposition, faults: Faults) -> None:
    """Add OUT-06 for the province, the indicator, and every weight that cannot be supposed."""
    place = Place("what-if")
    names = dict(source.sql(
        "select province_name_vi, province_code from scores "
        "where level = 'index' and edition = $edition",
        params={"edition": supposed.edition},
    ).fetchall())  # fmt: skip
    items = [item["code"] for item in spec["index"]["indicators"]]
    parents = {n["code"]: n["parent"] for n in spec["index"]["nodes"] + spec["index"]["indicators"]}
    known = [code for code, parent in parents.items() if parent is not None]
    if supposed.province not in names.values():
        faults.add("OUT-06", place, supposed.province, what="PROVINCE",
                   allowed=_near(supposed.province, names))  # fmt: skip
    if supposed.indicator is not None and supposed.indicator not in items:
        faults.add("OUT-06", place, supposed.indicator, what="INDICATOR",
                   allowed=_near(supposed.indicator, items))  # fmt: skip
    for node, weight in supposed.weights.items():
        if node not in known:
            faults.add("OUT-06", place, node, what="--weight", allowed=_near(node, known))
        elif not (math.isfinite(weight) and weight > 0):
            faults.add("OUT-06", place, weight, what=f"--weight {node}", allowed="> 0")


def check_value(source: Any, spec: Row, supposed: Supposition, faults: Faults) -> float | None:
    """Add OUT-06 for a value outside its range; returns the value that is there now."""
    if supposed.indicator is None or supposed.value is None:
        return None
    item = next(i for i in spec["index"]["indicators"] if i["code"] == supposed.indicator)
    key = {"edition": supposed.edition, "province": supposed.province}
    ((old, below),) = source.sql(
        "select value, denominator from denominated where edition = $edition "
        "and province_code = $province and indicator = $indicator",
        params=key | {"indicator": supposed.indicator},
    ).fetchall()
    if supposed.value == old:
        return float(old)
    if below is None and item["denominator"] is not None:
        newest = source.sql(
            "select value from harmonised where edition = $edition and province_code = $province "
            "and variable = $variable and value is not null order by year desc nulls last limit 1",
            params=key | {"variable": item["denominator"]},
        ).fetchall()
        below = newest[0][0] if newest else None
    low, high = plausible_range(item, spec["variables"], below)
    if not low - SLACK * abs(low) <= supposed.value <= high + SLACK * abs(high):
        shown = f"{low:.10g} – {high:.10g}" if math.isfinite(high) else f"≥ {low:.10g}"
        place = Place("what-if")
        faults.add("OUT-06", place, supposed.value, what=supposed.indicator, allowed=shown)
    return None if old is None else float(old)


def _near(said: str, known: Iterable[str]) -> str:
    """What is near, else all there is."""
    names = list(known)
    found = nearest(said, names)
    return found if found != "–" else ", ".join(names)


def plausible_range(item: Row, variables: Row, below: float | None) -> tuple[float, float]:
    """The lowest and highest value an indicator can have, in its own unit.

    Args:
        item: the indicator as declared.
        variables: bounds of the variables, `min` and `max`, by code.
        below: denominator of the province, for growth its base; None when it has none.

    Returns:
        Both ends; the upper one is infinite where no bound is declared.
    """
    variable = variables[item["numerator"]]
    ends = [variable["min"], math.inf if variable["max"] is None else variable["max"]]
    if item["kind"] == "growth":
        if not below or below < 0:
            return -100.0, math.inf
        low, high = ((max(end, 0) / below) ** (1 / item["span"]) * 100 - 100 for end in ends)
        return low, high
    if item["kind"] != "level":
        other = variables[item["denominator"]]
        belows = (
            [below] if below else [other["min"], math.inf if other["max"] is None else other["max"]]
        )
        ends = [_over(end, bound) for end in ends for bound in belows]
    scaled = [end * item["scale"] for end in ends]
    return min(scaled), max(scaled)


def _over(end: float, bound: float) -> float:
    if bound == 0 or math.isinf(end):
        return math.copysign(math.inf, end) if end else 0.0
    return end / bound


def check_folder(folder: Path, root: Path) -> None:
    """Refuse a folder in which releases are published.

    Raises:
        Rejected: OUT-07.
    """
    target = folder.resolve()
    near = [target, *target.parents]
    if (root / "outputs").resolve() in near or any((p / "views.sql").exists() for p in near):
        faults = Faults()
        faults.add("OUT-07", Place("--out"), str(folder))
        faults.raise_if_any()


def write_marked(con: Any, folder: Path, mark: str, summary: Row) -> list[str]:
    """Write the supposed tables, each row saying that it is supposed; returns the names.

    Raises:
        Rejected: SYS-05, when the folder cannot be written.
    """
    names = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in MARKED:
            table = store.get_table(con, name)
            marks = pa.array([mark] * len(table), pa.string())
            names.append(f"what_if_{name}.parquet")
            marked = table.add_column(0, "what_if", marks)
            store.write_parquet(folder / names[-1], marked, {"": {"what_if": mark}})
        names.append("what_if.json")
        words = json.dumps({"what_if": mark} | summary, ensure_ascii=False, indent=1)
        (folder / names[-1]).write_text(words + "\n", "utf-8")
    except OSError as error:
        faults = Faults()
        faults.add("SYS-05", Place(str(folder)), error.strerror)
        faults.raise_if_any()
    return names
