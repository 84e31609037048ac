"""Aggregated: from indicators up to the index, by hand and on PII's published scores."""

from __future__ import annotations

import csv
from collections import defaultdict
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import store
from tests.conftest import ROOT
from tests.steps import Tree, climb, leaves, rows_of, run, settings, step, tree, trees

Con = duckdb.DuckDBPyConnection
Scores = dict[str, dict[str, float | None]]
NODES: Tree = {
    "index": (None, "index", 1),
    "input": ("index", "sub_index", 1),
    "output": ("index", "sub_index", 1),
    "people": ("input", "pillar", 1),
    "firms": ("output", "pillar", 1),
    "a": ("people", "indicator", 1),
    "b": ("people", "indicator", 3),
    "c": ("firms", "indicator", 1),
    "d": ("output", "indicator", 1),  # directly under a sub-index, beside a pillar
}
INPUT = ("institutions", "human_capital_rd", "infrastructure", "market", "business")
OUTPUT = ("knowledge_technology", "impact")


def aggregate(
    con: Con, row: dict[str, float | None], out: tuple[str, ...] = (), nodes: Tree = NODES,
    **changed: float,
) -> dict[str, dict[str, object]]:  # fmt: skip
    """The nodes of one province."""
    settings(con, **changed)
    tree(con, nodes, **changed)
    leaves(con, {"01": row}, out)
    run(con, "75_weighted", "80_aggregated")
    found = con.sql("select * from aggregated")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert len(rows) == len(nodes)
    return {str(row["node"]): row for row in rows}


def scores_of(found: dict[str, dict[str, object]]) -> dict[str, object]:
    return {node: row["score"] for node, row in found.items()}


def test_weights_are_relative_within_the_parent_and_the_tree_may_be_ragged(con: Con) -> None:
    found = aggregate(con, {"a": 20, "b": 60, "c": 30, "d": 70})
    # people (20*1 + 60*3)/4 = 50; output (30 + 70)/2 = 50; index = 50
    assert scores_of(found) == {
        "index": 50, "input": 50, "output": 50, "people": 50, "firms": 30,
        "a": 20, "b": 60, "c": 30, "d": 70,
    }  # fmt: skip
    shares = {node: row["weight_in_parent"] for node, row in found.items()}
    assert shares == {"index": 1, "input": 0.5, "output": 0.5, "people": 1, "firms": 0.5,
                      "a": 0.25, "b": 0.75, "c": 1, "d": 0.5}  # fmt: skip


def test_weights_that_differ_by_a_factor_give_the_same_scores(con: Con) -> None:
    row = {"a": 20.0, "b": 60.0, "c": 30.0, "d": 70.0}
    tenfold = NODES | {n: (*NODES[n][:2], 10 * NODES[n][2]) for n in ("a", "b", "c", "d", "firms")}
    assert scores_of(aggregate(con, row)) == scores_of(aggregate(con, row, nodes=tenfold))  # type: ignore[arg-type]


def test_a_missing_child_is_left_out_and_the_weights_are_rescaled(con: Con) -> None:
    found = aggregate(con, {"a": None, "b": 60, "c": 30, "d": 70})
    assert found["people"]["score"] == 60  # b alone: 3 of the weight of 4 is there
    assert (found["b"]["weight_in_parent"], found["a"]["weight_in_parent"]) == (1, None)
    assert found["people"]["coverage"] == 0.75
    assert found["input"]["coverage"] == 0.75
    assert found["index"]["coverage"] == 0.875  # (0.75 + 1) / 2
    assert found["a"]["reason"] == "no_data"


def test_below_the_node_coverage_a_node_is_missing(con: Con) -> None:
    found = aggregate(con, {"a": 20, "b": None, "c": 30, "d": 70})  # a holds 1 of 4, below 1/2
    assert (found["people"]["score"], found["people"]["reason"]) == (None, "below_node_coverage")
    assert found["people"]["coverage"] == 0.25  # what is observed is counted all the same
    assert (found["input"]["score"], found["input"]["reason"]) == (None, "below_node_coverage")
    assert found["index"]["score"] == 50  # output alone: half of the weight is enough
    assert found["index"]["coverage"] == 0.625  # (0.25 + 1) / 2


def test_a_node_coverage_exactly_met_gives_a_score(con: Con) -> None:
    found = aggregate(con, {"a": 20, "b": None, "c": 30, "d": 70}, node_coverage=0.25)
    assert found["people"]["score"] == 20


@pytest.mark.parametrize(("present", "total"), [(2, 3), (3, 5), (55, 100), (57, 100)])
def test_a_fraction_of_equal_weights_meets_itself_as_node_coverage(
    con: Con, present: int, total: int
) -> None:
    # in doubles 0.55 * 100 is 55.00000000000001, which 55 would not reach
    nodes: Tree = {"index": (None, "index", 1)}
    nodes |= {f"i{i:03}": ("index", "indicator", 1) for i in range(total)}
    row = {name: 1.0 if i < present else None for i, name in enumerate(list(nodes)[1:])}
    found = aggregate(con, row, nodes=nodes, node_coverage=present / total)
    assert found["index"]["score"] == 1


def test_an_indicator_that_did_not_enter_counts_in_the_declared_coverage_only(con: Con) -> None:
    found = aggregate(con, {"a": 20, "b": 60, "c": 30, "d": 70}, out=("b",))
    assert found["people"]["score"] == 20
    assert (found["people"]["coverage"], found["people"]["coverage_declared"]) == (1, 0.25)
    assert (found["index"]["coverage"], found["index"]["coverage_declared"]) == (1, 0.625)
    assert found["b"]["reason"] == "indicator_not_entered"


def test_a_pillar_resting_on_one_of_five_indicators_says_so(con: Con) -> None:
    nodes: Tree = {"index": (None, "index", 1), "p": ("index", "pillar", 1)}
    nodes |= dict.fromkeys("abcde", ("p", "indicator", 1))
    row: dict[str, float | None] = dict.fromkeys("abcde", 40.0)
    found = aggregate(con, row, out=("b", "c", "d", "e"), nodes=nodes)
    assert (found["p"]["score"], found["p"]["coverage"]) == (40, 1)
    assert found["p"]["coverage_declared"] == 0.2


def test_a_node_with_no_entered_indicator_is_out_and_weighs_nothing(con: Con) -> None:
    found = aggregate(con, {"a": 20, "b": 60, "c": 30, "d": 70}, out=("a", "b"))
    assert (found["input"]["is_entered"], found["input"]["score"]) == (False, None)
    assert found["input"]["reason"] == "no_indicator_entered"
    assert (found["index"]["score"], found["index"]["coverage"]) == (50, 1)  # output alone
    assert found["index"]["coverage_declared"] == 0.5


def test_a_province_with_nothing_has_no_score_and_no_coverage(con: Con) -> None:
    found = aggregate(con, dict.fromkeys("abcd"))
    assert {row["score"] for row in found.values()} == {None}
    assert {row["coverage"] for row in found.values()} == {0}


def plain_score(nodes: Tree, row: dict[str, float | None], node: str) -> Fraction | None:
    """The score of a node by the rule, in exact fractions; half the weight must be there."""
    if nodes[node][1] == "indicator":
        return None if row[node] is None else Fraction(row[node])
    below = [
        (Fraction(w), plain_score(nodes, row, n)) for n, (p, _, w) in nodes.items() if p == node
    ]
    there = sum(w for w, score in below if score is not None)
    if there * 2 < sum(w for w, _ in below):
        return None
    return sum((w * score for w, score in below if score is not None), Fraction(0)) / there


@over(nodes=trees(st.integers(1, 9).map(float)), data=st.data())
@limits(deadline=None, max_examples=30)
def test_any_tree_agrees_with_the_rule_in_exact_fractions(nodes: Tree, data: st.DataObject) -> None:
    names = [n for n, (_, level, _) in nodes.items() if level == "indicator"]
    cell = st.one_of(st.none(), st.integers(0, 100).map(float), st.floats(0, 100))
    panel: Scores = {f"{p:02}": {n: data.draw(cell) for n in names} for p in range(3)}
    con = store.connect()
    con.execute(step("00_moments"))
    settings(con)
    tree(con, nodes)
    leaves(con, panel)
    run(con, "75_weighted", "80_aggregated")
    for code, node, score in rows_of(con, "select province_code, node, score from aggregated"):
        wanted = plain_score(nodes, panel[code], node)
        expected = None if wanted is None else pytest.approx(float(wanted), abs=1e-10)
        assert score == expected, (code, node)
    con.close()


def published() -> dict[tuple[str, str], dict[str, float]]:
    """PII's published scores by province and year, as far as the press quotes them."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    path = ROOT / "raw/most/pii_published.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            name = row["variable"].removeprefix("pii_")
            if name.endswith("_score"):
                key = (row["province"], row["period_end"])
                found[key][name.removesuffix("_score")] = float(row["value"])
    return found


@pytest.mark.parametrize(
    ("below", "above", "provinces"),
    [
        (INPUT, "input", {("Bắc Ninh", "2025")}),
        (OUTPUT, "output", {("Bắc Ninh", "2025")}),
        ((*INPUT, *OUTPUT), "index", {("Bắc Ninh", "2025")}),
        (
            ("input", "output"),
            "index",
            {
                ("Hải Phòng", "2023"), ("Hà Tĩnh", "2023"), ("Huế", "2025"),
                ("Bắc Ninh", "2025"), ("Khánh Hòa", "2025"),
            },
        ),
    ],
)  # fmt: skip
def test_the_published_scores_of_pii_give_its_published_sub_indices_and_index(
    con: Con, below: tuple[str, ...], above: str, provinces: set[tuple[str, str]]
) -> None:
    # By hand, Bắc Ninh 2025: input (59.17 + 39.99 + 62.30 + 47.43 + 56.40) / 5 = 53.058, stated
    # as 53.06; output (28.74 + 60.20) / 2 = 44.47; index (53.058 + 44.47) / 2 = 48.764, as 48.76.
    nodes: Tree = {"index": (None, "index", 1)}
    if below != ("input", "output"):
        nodes |= {"input": ("index", "sub_index", 1), "output": ("index", "sub_index", 1)}
        nodes |= dict.fromkeys(INPUT, ("input", "indicator", 1))
        nodes |= dict.fromkeys(OUTPUT, ("output", "indicator", 1))
    else:
        nodes |= dict.fromkeys(below, ("index", "indicator", 1))
    names = [n for n, (_, level, _) in nodes.items() if level == "indicator"]
    known = {key: row for key, row in published().items() if {*below, above} <= set(row)}
    assert provinces <= set(known)
    codes = {f"{i:02}": key for i, key in enumerate(sorted(known), 1)}
    panel = {code: {name: known[key].get(name) for name in names} for code, key in codes.items()}
    found = climb(con, nodes, panel, node_coverage=0.0, province_coverage=0.0)
    levels = 2 if len(below) == 7 else 1
    for code, key in codes.items():
        assert found[code, above]["score"] == pytest.approx(
            known[key][above], abs=0.005 * levels + 1e-9
        ), key
