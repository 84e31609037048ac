"""Ranked: ties, who is ranked, contributions and what a missing indicator amounts to."""

from __future__ import annotations

from fractions import Fraction

import duckdb
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import store
from tests.steps import (
    Tree,
    climb,
    climb_on,
    indicators,
    leaves,
    panels,
    settings,
    step,
    tree,
    trees,
)

Con = duckdb.DuckDBPyConnection
Panel = dict[str, dict[str, float | None]]
FLAT: Tree = {"index": (None, "index", 1), "a": ("index", "indicator", 1)}
PILLARS: Tree = {
    "index": (None, "index", 1),
    "p": ("index", "pillar", 1),
    "q": ("index", "pillar", 1),
    "r": ("index", "pillar", 1),
    "a": ("p", "indicator", 1),
    "b": ("p", "indicator", 3),
    "c": ("q", "indicator", 1),
    "d": ("r", "indicator", 1),
}


def database() -> Con:
    """A database with the moments, for tests that run many examples."""
    con = store.connect()
    con.execute(step("00_moments"))
    return con


def leaf_names(nodes: Tree) -> list[str]:
    return [name for name, (_, level, _) in nodes.items() if level == "indicator"]


def test_equal_scores_share_the_better_rank(con: Con) -> None:
    panel: Panel = {c: {"a": s} for c, s in (("01", 5.0), ("02", 9.0), ("03", 5.0), ("04", 1.0))}
    found = climb(con, FLAT, panel)
    assert [found[c, "index"]["rank"] for c in panel] == [2, 1, 2, 4]  # two second, none third


@pytest.mark.parametrize(("digits", "ranks"), [(10, [2, 1]), (2, [2, 1]), (1, [1, 1]), (0, [1, 1])])
def test_the_settings_say_to_how_many_decimals_scores_are_equal(
    con: Con, digits: int, ranks: list[int]
) -> None:
    panel: Panel = {"01": {"a": 5.26}, "02": {"a": 5.33}}  # 5.3 both, to one decimal
    found = climb(con, FLAT, panel, rank_digits=digits)
    assert [found[c, "index"]["rank"] for c in panel] == ranks


def test_within_a_tie_the_order_is_by_code(con: Con) -> None:
    panel: Panel = {c: {"a": 5.0} for c in ("79", "01", "48")}
    found = climb(con, FLAT, panel)
    assert [code for code, node in found if node == "index"] == ["01", "48", "79"]
    assert {row["rank"] for row in found.values()} == {1}


def test_scores_equal_to_ten_decimals_tie(con: Con) -> None:
    panel: Panel = {c: {"a": 50 + d} for c, d in (("01", 0), ("02", 1e-12), ("03", 1e-9))}
    found = climb(con, FLAT, panel)
    assert [found[c, "index"]["rank"] for c in panel] == [2, 2, 1]


def test_ranks_are_of_unrounded_scores(con: Con) -> None:
    panel: Panel = {"01": {"a": 50.001}, "02": {"a": 50.002}}  # both 50.00 on paper
    found = climb(con, FLAT, panel)
    assert [found[c, "index"]["rank"] for c in panel] == [2, 1]


def test_a_province_below_coverage_has_no_score_no_rank_and_a_reason(con: Con) -> None:
    full: dict[str, float | None] = {"a": 10.0, "b": 10.0, "c": 10.0, "d": 10.0}
    # 02 has p and q, 2/3 of the weight exactly; 03 has q and 3/4 of p, (1 + 3/4) / 3 = 0.583
    panel: Panel = {"01": full, "02": full | {"d": None}, "03": full | {"d": None, "a": None}}
    found = climb(con, PILLARS, panel)
    index = {code: found[code, "index"] for code in panel}
    assert [row["is_ranked"] for row in index.values()] == [True, True, False]
    assert (index["03"]["score"], index["03"]["rank"]) == (None, None)
    assert index["03"]["reason"] == "below_province_coverage"
    assert index["03"]["coverage"] == pytest.approx(1.75 / 3, abs=1e-15)
    assert found["03", "q"]["rank"] == 1  # its pillars keep their scores and ranks
    assert found["03", "c"]["contribution"] is None  # there is nothing to contribute to


def test_a_province_that_is_not_ranked_leaves_no_gap(con: Con) -> None:
    panel: Panel = {"01": {"a": 1.0}, "02": {"a": None}, "03": {"a": 5.0}}
    found = climb(con, FLAT, panel, node_coverage=0.0)
    assert [found[c, "index"]["rank"] for c in panel] == [2, None, 1]


def test_an_edition_that_rests_on_too_few_pillars_ranks_nobody(con: Con) -> None:
    panel: Panel = {"01": {"a": 1.0, "b": 1.0, "c": 2.0, "d": 3.0}}
    two = climb(con, PILLARS, panel, out=("d",))["01", "index"]
    assert (two["pillar_coverage"], two["is_ranked"]) == (pytest.approx(2 / 3, abs=1e-15), True)
    one = climb(con, PILLARS, panel, out=("c", "d"))["01", "index"]
    assert one["pillar_coverage"] == pytest.approx(1 / 3, abs=1e-15)
    assert (one["score"], one["rank"]) == (None, None)
    assert one["reason"] == "edition_rests_on_too_few_pillars"


@over(
    weights=st.lists(st.integers(1, 9), min_size=2, max_size=9),
    data=st.data(),
)
@limits(deadline=None, max_examples=15)
def test_a_threshold_that_is_exactly_met_ranks_the_province_and_the_edition(
    weights: list[int], data: st.DataObject
) -> None:
    names = [f"{i}" for i in range(len(weights))]
    nodes: Tree = {"index": (None, "index", 1)}
    half = len(weights) // 2
    nodes |= {"m": ("index", "sub_index", 0.1), "n": ("index", "sub_index", 0.2)}
    for i, weight in enumerate(weights):
        nodes[f"p{i}"] = ("m" if i < half else "n", "pillar", weight / 10)
        nodes[f"i{i}"] = (f"p{i}", "indicator", 1)
    there = data.draw(st.sets(st.sampled_from(names), min_size=1))
    share = Fraction(0)
    for part, members in ((Fraction(1, 3), range(half)), (Fraction(2, 3), range(half, len(names)))):
        inside = sum(weights[i] for i in members if str(i) in there)
        share += part * Fraction(inside, sum(weights[i] for i in members))
    full: dict[str, float | None] = {f"i{i}": 5.0 for i in range(len(names))}
    absent = [f"i{name}" for name in names if name not in there]
    con = database()
    exact = {"node_coverage": 0.0, "province_coverage": float(share), "pillar_coverage": 0.0}
    row = climb(con, nodes, {"01": full | dict.fromkeys(absent)}, **exact)["01", "index"]
    assert row["coverage"] == pytest.approx(float(share), abs=1e-12)
    assert row["is_ranked"], (row["coverage"], share)
    exact = {"node_coverage": 0.0, "pillar_coverage": float(share)}
    row = climb(con, nodes, {"01": full}, out=tuple(absent), **exact)["01", "index"]
    assert row["is_ranked"], (row["pillar_coverage"], share)
    con.close()


def test_contributions_are_scores_times_the_weights_in_use(con: Con) -> None:
    panel: Panel = {"01": {"a": 20.0, "b": 60.0, "c": None, "d": 90.0}}
    found = climb(con, PILLARS, panel)
    # c is missing, so q is: p and r weigh 1/2 each; a has 1/4 of p, b 3/4
    assert found["01", "index"]["score"] == 70  # (50 + 90) / 2
    parts = {name: found["01", name]["contribution"] for name in "abcd"}
    assert parts == {"a": 2.5, "b": 22.5, "c": None, "d": 45}
    assert found["01", "p"]["weight_in_index"] == 0.5
    assert found["01", "p"]["contribution"] is None  # only indicators contribute


def test_a_missing_indicator_shows_the_score_of_its_parent(con: Con) -> None:
    panel: Panel = {"01": {"a": None, "b": 60.0, "c": 40.0, "d": 90.0}}
    found = climb(con, PILLARS, panel, out=("d",))
    assert found["01", "a"]["implied_score"] == 60  # b stands in for it
    assert found["01", "b"]["implied_score"] is None  # observed
    assert found["01", "d"]["implied_score"] is None  # did not enter: nothing is implied
    filled: Panel = {"01": {"a": 60.0, "b": 60.0, "c": 40.0, "d": 90.0}}
    same = climb(con, PILLARS, filled, out=("d",))
    assert same["01", "index"]["score"] == found["01", "index"]["score"]


def test_no_row_is_lost(con: Con) -> None:
    panel: Panel = {c: dict.fromkeys("abcd") for c in ("01", "02")}
    found = climb(con, PILLARS, panel, out=("a",))
    assert len(found) == 2 * len(PILLARS)
    assert not any(row["is_ranked"] for row in found.values())


@over(nodes=trees(), data=st.data())
@limits(deadline=None, max_examples=15)
def test_contributions_of_any_tree_add_up_to_the_index(nodes: Tree, data: st.DataObject) -> None:
    panel = data.draw(panels(nodes))
    names = leaf_names(nodes)
    out = tuple(data.draw(st.sets(st.sampled_from(names), max_size=len(names) - 1)))
    con = database()
    found = climb(con, nodes, panel, out, province_coverage=0.0, pillar_coverage=0.0)
    con.close()
    for code in panel:
        index = found[code, "index"]
        parts = [found[code, name]["contribution"] for name in names]
        known = [part for part in parts if part is not None]
        if index["score"] is None:
            assert known == []
        else:
            assert sum(known) == pytest.approx(index["score"], abs=1e-9)


def index_of(con: Con, nodes: Tree, values: Panel, directions: dict[str, int], code: str) -> float:
    """The index of a province, from values through 70, 80 and 90."""
    settings(con, province_coverage=0.0, pillar_coverage=0.0, node_coverage=0.0)
    tree(con, nodes, node_coverage=0.0)
    indicators(con, *({"indicator": n, "direction": d} for n, d in directions.items()))
    leaves(con, values)
    con.execute("create or replace table treated as select * exclude (score) from normalised")
    con.execute(step("70_normalised"))
    score: float = climb_on(con)[code, "index"]["score"]
    return score


@over(nodes=trees(), data=st.data(), gain=st.integers(1, 80))
@limits(deadline=None, max_examples=12)
def test_a_province_that_improves_one_indicator_never_falls(
    nodes: Tree, data: st.DataObject, gain: int
) -> None:
    names = leaf_names(nodes)
    panel = data.draw(panels(nodes))  # 04 and 05 keep every indicator from being constant
    panel |= {"04": dict.fromkeys(names, 40.0), "05": dict.fromkeys(names, 60.0)}
    known = [(c, n) for c in ("01", "02", "03", "04") for n in names if panel[c][n] is not None]
    code, name = data.draw(st.sampled_from(known))
    directions = {n: data.draw(st.sampled_from([1, -1])) for n in names}
    better = {c: dict(row) for c, row in panel.items()}
    better[code][name] += directions[name] * gain  # type: ignore[operator]
    if code == "04":  # never onto 05
        better[code][name] += 0.5  # type: ignore[operator]
    con = database()
    before = index_of(con, nodes, panel, directions, code)
    after = index_of(con, nodes, better, directions, code)
    con.close()
    assert after >= before - 1e-9
