"""Screened: which indicators enter and what they weigh, worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import duckdb
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import store
from tests.conftest import given
from tests.steps import Tree, indicators, rows_of, step, tree

Con = duckdb.DuckDBPyConnection
SCREENED = step("40_screened")
NODES: Tree = {
    "index": (None, "index", 1),
    "input": ("index", "sub_index", 1),
    "output": ("index", "sub_index", 1),
    "people": ("input", "pillar", 1),
    "firms": ("output", "pillar", 1),
    "property": ("output", "pillar", 0.5),
    "a": ("people", "indicator", 1),
    "b": ("firms", "indicator", 1),
    "c": ("firms", "indicator", 3),
    "d": ("property", "indicator", 1),
}


def screen(
    con: Con,
    observed: dict[str, int],
    provinces: int = 3,
    nodes: Tree = NODES,
    own: dict[str, float] | None = None,
    **changed: float,
) -> dict[str, tuple[bool, float, float]]:
    """By indicator: is it in, its weight, its declared weight.

    Args:
        con: the database.
        observed: for each indicator, how many provinces have it.
        provinces: how many there are.
        nodes: the tree.
        own: indicator_coverage of some indicators.
        changed: what is other than the default of every indicator.
    """
    least = {name: {"indicator_coverage": share} for name, share in (own or {}).items()}
    indicators(con, *({"indicator": n, **changed, **least.get(n, {})} for n in observed))
    tree(con, nodes)
    cells = [(name, p, p < n) for name, n in observed.items() for p in range(provinces)]
    given(con, "denominated", edition="e", indicator=[name for name, _, _ in cells],
          province_code=[f"{p:02}" for _, p, _ in cells],
          value=[float(p) if has else None for _, p, has in cells])  # fmt: skip
    con.execute(SCREENED)
    found = rows_of(
        con, "select distinct indicator, is_entered, weight, weight_declared from screened"
    )
    assert len(found) == len(observed)
    return {row[0]: row[1:] for row in found}


ALL = {"a": 3, "b": 3, "c": 3, "d": 3}


@pytest.mark.parametrize(("n_observed", "is_in"), [(42, True), (41, False), (63, True), (0, False)])
def test_an_indicator_enters_when_two_thirds_of_63_provinces_have_it(
    con: Con, n_observed: int, is_in: bool
) -> None:
    found = screen(con, {"a": n_observed, "b": 63, "c": 63, "d": 63}, 63)
    assert found["a"][0] is is_in  # 2/3 of 63 is 42 exactly
    counts = rows_of(
        con,
        "select distinct n_observed, n_provinces, indicator_coverage from screened "
        "where indicator = 'a'",
    )
    assert counts == [(n_observed, 63, pytest.approx(n_observed / 63, abs=1e-15))]


def test_a_threshold_that_is_exactly_met_lets_an_indicator_in_whatever_the_fraction(
    con: Con,
) -> None:
    wrong = []
    for provinces in (5, 34):
        for n in range(1, provinces + 1):
            threshold = float(Fraction(n, provinces))
            nodes: Tree = {"index": (None, "index", 1), "a": ("index", "indicator", 1)}
            found = screen(con, {"a": n}, provinces, nodes, indicator_coverage=threshold)
            wrong += [] if found["a"][0] else [(n, provinces)]
    assert wrong == []


def test_an_indicator_may_have_a_threshold_of_its_own(con: Con) -> None:
    found = screen(con, {"a": 1, "b": 1, "c": 2, "d": 3}, own={"b": 1 / 3, "d": 1})
    assert {name: row[0] for name, row in found.items()} == {
        "a": False, "b": True, "c": True, "d": True,
    }  # fmt: skip
    assert not screen(con, ALL | {"d": 2}, own={"d": 1})["d"][0]


def test_an_indicator_without_any_value_is_out_at_any_threshold(con: Con) -> None:
    assert screen(con, ALL | {"a": 0}, own={"a": 0})["a"] == (False, 0, 1 / 2)


def test_declared_weights_are_the_products_along_the_path(con: Con) -> None:
    found = screen(con, {"a": 3, "b": 0, "c": 0, "d": 0})
    declared = {name: row[2] for name, row in found.items()}
    # input 1/2 * people 1; output 1/2 * firms 2/3 * (b 1/4, c 3/4); output 1/2 * property 1/3
    assert declared == pytest.approx({"a": 1 / 2, "b": 1 / 12, "c": 1 / 4, "d": 1 / 6}, abs=1e-15)


def test_when_all_enter_the_effective_weights_are_the_declared_ones(con: Con) -> None:
    found = screen(con, ALL)
    assert all(row[1] == row[2] for row in found.values())


def test_an_indicator_that_is_out_gives_its_weight_to_its_siblings(con: Con) -> None:
    found = screen(con, ALL | {"c": 1})
    weights = {name: row[1] for name, row in found.items()}
    # firms keeps 1/2 * 2/3, all of it on b
    assert weights == pytest.approx({"a": 1 / 2, "b": 1 / 3, "c": 0, "d": 1 / 6}, abs=1e-15)


def test_a_pillar_with_no_entered_indicator_gives_its_weight_to_its_siblings(con: Con) -> None:
    found = screen(con, ALL | {"b": 1, "c": 1})
    weights = {name: row[1] for name, row in found.items()}
    assert weights == {"a": 0.5, "b": 0, "c": 0, "d": 0.5}  # property has all of output


def test_a_sub_index_with_no_entered_indicator_leaves_the_index_to_the_other(con: Con) -> None:
    found = screen(con, ALL | {"a": 0})
    weights = {name: row[1] for name, row in found.items()}
    # firms 2/3 * (1/4, 3/4), property 1/3
    assert weights == pytest.approx({"a": 0, "b": 1 / 6, "c": 1 / 2, "d": 1 / 3}, abs=1e-15)


def test_no_row_of_an_edition_is_lost_when_nothing_enters(con: Con) -> None:
    found = screen(con, dict.fromkeys("abcd", 0))
    assert [row[:2] for row in found.values()] == [(False, 0)] * 4
    assert rows_of(con, "select count(*) from screened") == [(12,)]


def test_editions_are_screened_one_by_one(con: Con) -> None:
    indicators(con, {"indicator": "a"})
    tree(con, {"index": (None, "index", 1), "a": ("index", "indicator", 1)})
    given(con, "denominated", edition=["e", "e", "f", "f"], indicator="a",
          province_code=["01", "02"] * 2, value=[1.0, 2.0, 1.0, None])  # fmt: skip
    con.execute(SCREENED)
    found = rows_of(con, "select distinct edition, is_entered, weight from screened order by 1")
    assert found == [("e", True, 1), ("f", False, 0)]


@over(
    weights=st.lists(st.floats(0.01, 100), min_size=9, max_size=9),
    observed=st.lists(st.integers(0, 3), min_size=4, max_size=4),
)
@limits(deadline=None, max_examples=15)
def test_effective_weights_of_the_entered_tree_add_to_one(
    weights: list[float], observed: list[int]
) -> None:
    con = store.connect()
    con.execute(step("00_moments"))
    names = list(NODES)[1:]
    nodes = {"index": NODES["index"]} | {
        name: (*NODES[name][:2], weight) for name, weight in zip(names, weights, strict=True)
    }
    found = screen(con, dict(zip("abcd", observed, strict=True)), nodes=nodes)  # type: ignore[arg-type]
    assert sum(row[1] for row in found.values()) == pytest.approx(
        1 if any(row[0] for row in found.values()) else 0, abs=1e-12
    )
    assert sum(row[2] for row in found.values()) == pytest.approx(1, abs=1e-12)
    assert all((row[1] > 0) == row[0] for row in found.values())
    con.close()
