"""The panel of an edition: the same scores as the table `ranked`, on real and on random trees."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipeline import panel as panels
from pipeline import store
from pipeline.panel import climb_panel, leave_out, published_scores, read_panel, weights_in_index
from tests.conftest import Toy
from tests.steps import Tree, climb, climb_on, indicators, leaf_rows, settings, tree
from tests.test_sql_aggregate_methods import METHODS, rule

Con = duckdb.DuckDBPyConnection
TREE: Tree = {
    "index": (None, "index", 1),
    "input": ("index", "sub_index", 1), "output": ("index", "sub_index", 3),
    "people": ("input", "pillar", 1), "firms": ("output", "pillar", 1),
    "a": ("people", "indicator", 1), "b": ("people", "indicator", 1),
    "c": ("firms", "indicator", 1), "d": ("output", "indicator", 1),
}  # fmt: skip
# a, b -> people; c -> firms; firms, d -> output; index = (input + 3 output) / 4
SCORES: dict[str, dict[str, float | None]] = {
    "01": {"a": 80, "b": 40, "c": 100, "d": 50},  # 60; 100 and 50 -> 75; (60 + 225) / 4 = 71.25
    "02": {"a": 20, "b": None, "c": 0, "d": 20},  # 20; 0 and 20 -> 10; (20 + 30) / 4 = 12.5
    "03": {"a": None, "b": None, "c": 90, "d": None},  # -; 90; 1/4 · 0 + 3/4 · 1/2 < 2/3
}


def made(con: Con, **changed: Any) -> panels.Panel:
    """The panel of the tree above, after 80 and 90."""
    climb(con, TREE, SCORES, **changed)
    indicators(
        con, *({"indicator": code, "direction": -1 if code == "b" else 1} for code in "abcd")
    )
    return read_panel(con, "e")


def test_a_panel_holds_the_edition_as_it_is_declared(con: Con) -> None:
    found = made(con)
    assert found.provinces == ["01", "02", "03"]
    assert found.nodes == [*"abcd", "index", "input", "output", "people", "firms"]
    assert found.parents.tolist() == [7, 7, 8, 6, -1, 4, 4, 5, 6]
    assert found.heights.tolist() == [0, 0, 0, 0, 3, 2, 2, 1, 1]
    assert found.weights.tolist() == [1, 1, 1, 1, 1, 1, 3, 1, 1]
    assert found.directions.tolist() == [1, -1, 1, 1]
    assert found.top == 4
    np.testing.assert_array_equal(found.leaves[1], [20, np.nan, 0, 20])
    assert weights_in_index(found).tolist() == [
        0.125, 0.125, 0.375, 0.375, 1, 0.25, 0.75, 0.25, 0.375,
    ]  # fmt: skip


def test_scores_climb_as_worked_out_by_hand(con: Con) -> None:
    scores = climb_panel(made(con))
    np.testing.assert_allclose(scores[:, 4], [71.25, 12.5, np.nan])
    np.testing.assert_allclose(scores[:, 6], [75, 10, 90])
    np.testing.assert_array_equal(scores, published_scores(con, read_panel(con, "e")))


def test_an_edition_on_too_few_pillars_has_no_index(con: Con) -> None:
    found = made(con, out=("c",))  # people has 1/4 of the weight of the pillars, firms 3/8
    assert np.isnan(climb_panel(found)[:, found.top]).all()
    np.testing.assert_array_equal(climb_panel(found), published_scores(con, found))
    lower = made(con, out=("c",), pillar_coverage=0.4)
    assert climb_panel(lower)[0, lower.top] == pytest.approx((60 + 3 * 50) / 4)


def test_an_unknown_edition_is_a_key_error(con: Con) -> None:
    made(con)
    with pytest.raises(KeyError, match="1999"):
        read_panel(con, "1999")


def random_tree(draw: random.Random) -> tuple[Tree, dict[str, dict[str, Any]]]:
    """A ragged tree with pillars, a method for each node, and weights on no grid."""
    nodes: Tree = {"index": (None, "index", 1)}
    for i in range(draw.randint(1, 4)):
        nodes[f"p{i}"] = ("index", "pillar", draw.uniform(0.05, 9))
    nodes["q"] = ("p0", "sub_pillar", draw.uniform(0.05, 9))
    parents = [
        *(n for n in nodes if n not in ("index", "p0")),
        "p0",
        *draw.choices(list(nodes), k=4),
    ]
    for i, parent in enumerate(parents):
        nodes[f"i{i}"] = (parent, "indicator", draw.uniform(0.05, 9))
    rules = {}
    for code, (_, level, _) in nodes.items():
        method = draw.choice(METHODS)
        more = {"generalised": {"power": draw.choice([-2.0, 0.5, 3.0])}, "mpi": {"penalty": 1.0}}
        if level != "indicator":
            rules[code] = rule(method, **more.get(method, {})) | {
                "node_coverage": draw.choice([0.0, 0.25, 0.5, 1.0])
            }
    return nodes, rules


def test_random_panels_of_every_method_agree_with_the_table_ranked(con: Con) -> None:
    """200 editions of 5 trees, with gaps, ties and indicators that did not enter."""
    draw, n_without_index = random.Random(7), 0
    for _ in range(5):
        nodes, rules = random_tree(draw)
        names = [code for code, (_, level, _) in nodes.items() if level == "indicator"]
        frames = []
        for edition in range(40):
            cells = {
                f"{p:02}": {n: draw.choice([None, 1.0, 50.0, *(draw.uniform(1, 100),) * 5])
                            for n in names}
                for p in range(1, 6)
            }  # fmt: skip
            out = tuple(n for n in names if draw.random() < 0.15)
            frames.append(leaf_rows(cells, out, str(edition)))
        settings(con, lower=1.0)
        tree(con, nodes, rules)
        indicators(con, *({"indicator": name} for name in names))
        store.put_table(con, "normalised", pd.concat(frames, ignore_index=True))
        climb_on(con)
        for edition in range(40):
            found = read_panel(con, str(edition))
            expected = published_scores(con, found)
            np.testing.assert_allclose(climb_panel(found), expected, rtol=0, atol=1e-10)
            n_without_index += np.isnan(expected[:, found.top]).any()
    assert 20 < n_without_index < 180


def test_every_edition_of_the_shipped_index_agrees_with_the_table_ranked(shipped: Path) -> None:
    con = store.open_release(shipped / "outputs/current")
    editions = [row[0] for row in con.sql("select distinct edition from ranked").fetchall()]
    assert len(editions) == 6
    for edition in editions:
        found = read_panel(con, edition)
        np.testing.assert_allclose(
            climb_panel(found), published_scores(con, found), rtol=0, atol=1e-10
        )
        assert np.isfinite(climb_panel(found)[:, found.top]).all()
    con.close()


def test_a_computed_database_and_its_release_give_the_same_panel(toy: Toy) -> None:
    computed, con = toy.compute(), store.open_release(toy.index().release)
    for edition in ("2022", "2022-34"):
        a, b = read_panel(computed, edition), read_panel(con, edition)
        for name in ("provinces", "nodes", "levels", "methods", "parameters", "thresholds"):
            assert getattr(a, name) == getattr(b, name)
        for name in ("parents", "weights", "leaves", "directions", "entered", "node_coverage"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    con.close()
    computed.close()


def test_leaving_a_node_out_takes_all_under_it_and_what_has_nothing_left(con: Con) -> None:
    found = made(con)
    assert leave_out(found, {"c"}).nodes == ["a", "b", "d", "index", "input", "output", "people"]
    assert leave_out(found, {"output"}).nodes == ["a", "b", "index", "input", "people"]
    np.testing.assert_allclose(
        climb_panel(leave_out(found, {"output"}))[:2, 2], [60, np.nan]
    )  # 02 has half
    assert leave_out(found, set()).nodes == found.nodes
    with pytest.raises(ValueError, match="nothing is left"):
        leave_out(found, {"a", "b", "output"})
