"""What the tests of the SQL steps share: the text of a step, settings, trees and tables."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import duckdb
import pandas as pd
from hypothesis import strategies as st

from pipeline import store
from pipeline.choices.scales import Normalise, scale_row, typed
from pipeline.choices.treatment import Treat, treat_row
from tests.conftest import given

Tree = dict[str, tuple[str | None, str, float]]  # node -> (parent, level, weight)
Rules = dict[str, dict[str, Any]]  # node -> columns of spec_nodes
WEIGHT = st.floats(0.05, 20)
SETTINGS: dict[str, Any] = {
    "province_coverage": 2 / 3,
    "pillar_coverage": 2 / 3,
    "node_coverage": 1 / 2,
    "lower": 0.0,
    "upper": 100.0,
    "is_together": False,
    "rank_digits": 10,
}


def step(name: str) -> str:
    """The text of a step, such as `20_harmonised`: the very file that makes the index."""
    return (store.SQL_FOLDER / f"{name}.sql").read_text("utf-8")


def run(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    """Run steps, in SQL or Python, on the tables that are there."""
    for path in store.steps():
        if path.stem in names:
            store.run_step(con, path)


def settings(con: duckdb.DuckDBPyConnection, **changed: Any) -> None:
    """The one row of `spec_settings`: the defaults, some of them changed."""
    given(con, "spec_settings", **{key: [value] for key, value in (SETTINGS | changed).items()})


def indicators(con: duckdb.DuckDBPyConnection, *rows: dict[str, Any]) -> None:
    """`spec_indicators`: a level of its own variable unless a row says otherwise."""
    plain = {
        "kind": "level", "denominator": None, "scale": 1.0, "span": None, "max_age": 0,
        "unit_en": "units", "direction": 1, "indicator_coverage": 2 / 3,
        **treat_row(Treat(method="winsorise_then_log"), True),
        **scale_row(Normalise(method="minmax"), None),
    }  # fmt: skip
    frame = pd.DataFrame([plain | {"numerator": row["indicator"]} | row for row in rows])
    frame["span"] = frame["span"].astype("Int64")
    store.put_table(con, "spec_indicators", typed(frame))


def tree(
    con: duckdb.DuckDBPyConnection,
    nodes: Tree,
    rules: Rules | None = None,
    node_coverage: float = SETTINGS["node_coverage"],
) -> None:
    """`spec_nodes` from parents, levels and weights; heights are counted from the indicators.

    Every node is an arithmetic mean under given weights with the `node_coverage` given unless
    `rules` say otherwise.
    """
    numbers = dict.fromkeys(("power", "penalty", "pie_low", "pie_high"), math.nan)
    plain = {"method": "arithmetic", "weigh": "{}", **numbers}
    made = {n: plain | {"node_coverage": node_coverage} | (rules or {}).get(n, {}) for n in nodes}
    height = dict.fromkeys(nodes, 0)
    for _ in nodes:
        for node, (parent, _level, _weight) in nodes.items():
            if parent is not None:
                height[parent] = max(height[parent], height[node] + 1)
    given(
        con,
        "spec_nodes",
        node=list(nodes),
        level=[level for _, level, _ in nodes.values()],
        parent=[parent for parent, _, _ in nodes.values()],
        weight=[float(weight) for _, _, weight in nodes.values()],
        height=list(height.values()),
        ordinal=list(range(len(nodes))),
        **{key: [made[n][key] for n in nodes] for key in (*plain, "node_coverage")},
    )


def leaves(
    con: duckdb.DuckDBPyConnection,
    scores: dict[str, dict[str, float | None]],
    out: tuple[str, ...] = (),
) -> None:
    """`normalised` from the score of each province on each indicator.

    Args:
        con: the database.
        scores: for each province code the score of each indicator; None is a missing value.
        out: indicators that did not enter the edition.
    """
    observed = Counter(
        name for row in scores.values() for name, score in row.items() if score is not None
    )
    rows = [
        {"edition": "e", "province_code": code, "indicator": name, "is_entered": name not in out,
         "score": None if name in out else score, "data_year": 2022, "age": 0, "value": score,
         "value_low": None, "value_high": None, "unit": "units",
         "obs_status": "M" if score is None else "A", "is_imputed": False, "imputed_value": score,
         "treated_value": score, "is_treated": False, "treatment": "none",
         "n_observed": observed[name],
         "n_provinces": len(scores),
         "indicator_coverage": observed[name] / len(scores),
         "reason": "no_data" if score is None else None}
        for code, columns in scores.items()
        for name, score in columns.items()
    ]  # fmt: skip
    frame = pd.DataFrame(rows).astype(dict.fromkeys(("score", "value", "value_low"), "float64"))
    store.put_table(con, "normalised", frame)


def rows_of(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return con.sql(query).fetchall()


def climb(
    con: duckdb.DuckDBPyConnection,
    nodes: Tree,
    scores: dict[str, dict[str, float | None]],
    out: tuple[str, ...] = (),
    rules: Rules | None = None,
    **changed: Any,
) -> dict[tuple[str, str], dict[str, Any]]:
    """Run 75_weighted to 90_ranked; the rows of `ranked` by province and node.

    Args:
        con: the database, with the moments.
        nodes: the tree.
        scores: for each province code the score of each indicator; None is a missing value.
        out: indicators that did not enter the edition.
        rules: how a node is made, where not by an arithmetic mean.
        changed: settings other than the defaults.
    """
    settings(con, **changed)
    tree(con, nodes, rules, (SETTINGS | changed)["node_coverage"])
    leaves(con, scores, out)
    return climb_on(con)


def climb_on(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, Any]]:
    """Run 75_weighted to 90_ranked on the tables that are there."""
    run(con, "75_weighted", "80_aggregated", "90_ranked")
    found = con.sql("select * from ranked")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    return {(row["province_code"], row["node"]): row for row in rows}


@st.composite
def trees(draw: st.DrawFn, weight: st.SearchStrategy[float] = WEIGHT) -> Tree:
    """A random tree of up to three storeys; indicators may stand beside pillars."""
    storeys = ("index", "sub_index", "pillar", "sub_pillar")
    nodes: Tree = {"index": (None, "index", 1)}
    for i in range(draw(st.integers(0, 4))):
        open_to = [n for n, (_, level, _) in nodes.items() if level != "sub_pillar"]
        parent = draw(st.sampled_from(open_to))
        level = storeys[storeys.index(nodes[parent][1]) + 1]
        nodes[f"n{i}"] = (parent, level, draw(weight))
    parents = [n for n in nodes if n not in {p for p, _, _ in nodes.values()}]
    parents += draw(st.lists(st.sampled_from(list(nodes)), min_size=1, max_size=6))
    for i, parent in enumerate(parents):
        nodes[f"i{i:02}"] = (parent, "indicator", draw(weight))
    return nodes


@st.composite
def panels(draw: st.DrawFn, nodes: Tree, provinces: int = 4) -> dict[str, dict[str, float | None]]:
    """Scores of some provinces on the indicators of a tree, a fifth of them missing."""
    score = st.one_of(st.none(), *[st.floats(0, 100)] * 4)
    names = [n for n, (_, level, _) in nodes.items() if level == "indicator"]
    row = st.fixed_dictionaries(dict.fromkeys(names, score))
    return {f"{p:02}": draw(row) for p in range(1, provinces + 1)}
