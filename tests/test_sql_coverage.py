"""Coverage: what is in, what is out and how far it was from in, worked out by hand."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.conftest import Toy
from tests.steps import Tree, climb, indicators, step

Con = duckdb.DuckDBPyConnection
NODES: Tree = {
    "index": (None, "index", 1),
    "p": ("index", "pillar", 1),
    "q": ("index", "pillar", 1),
    "a": ("p", "indicator", 1),
    "b": ("p", "indicator", 3),
    "c": ("q", "indicator", 1),
}
FULL: dict[str, float | None] = {"a": 1.0, "b": 2.0, "c": 3.0}


def declare(con: Con, nodes: Tree = NODES, **own: dict[str, Any]) -> None:
    """`spec_indicators` of a tree; `own` are columns that differ, by indicator."""
    leaves = [name for name, (_, level, _) in nodes.items() if level == "indicator"]
    indicators(con, *({"indicator": name, **own.get(name, {})} for name in leaves))


def cover(
    con: Con,
    panel: dict[str, dict[str, float | None]],
    out: tuple[str, ...] = (),
    nodes: Tree = NODES,
    **changed: Any,
) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of `coverage` by kind and code."""
    climb(con, nodes, panel, out, **changed)
    declare(con, nodes)
    con.execute(step("93_coverage"))
    found = con.sql("select * from coverage")
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    return {(row["kind"], row["code"]): row for row in rows}


def test_every_indicator_pillar_and_province_is_listed_once(con: Con) -> None:
    found = cover(con, {"01": FULL, "02": FULL})
    assert list(found) == [("indicator", "a"), ("indicator", "b"), ("indicator", "c"),
                           ("pillar", "p"), ("pillar", "q"),
                           ("province", "01"), ("province", "02")]  # fmt: skip
    assert all(row["is_in"] and row["shortfall"] == 0 for row in found.values())
    assert {row["reason"] for row in found.values()} == {None}


def test_an_indicator_that_is_out_says_how_far_it_was_from_in(con: Con) -> None:
    panel = {"01": FULL, "02": FULL | {"a": None}, "03": FULL | {"a": None}}
    row = cover(con, panel, out=("a",))["indicator", "a"]
    assert (row["n_observed"], row["n_expected"], row["is_in"]) == (1, 3, False)
    assert row["coverage"] == pytest.approx(1 / 3, abs=1e-15)
    assert row["shortfall"] == pytest.approx(1 / 3, abs=1e-15)  # 2/3 - 1/3
    assert row["reason"] == "no_data"


def test_an_indicator_is_measured_by_its_own_threshold(con: Con) -> None:
    panel = {"01": FULL, "02": FULL | {"a": None}}
    climb(con, NODES, panel, out=("a",))
    declare(con, a={"indicator_coverage": 0.75})
    con.execute(step("93_coverage"))
    query = "select code, threshold, shortfall from coverage where kind = 'indicator' order by code"
    rows = con.sql(query).fetchall()
    assert rows[0] == ("a", 0.75, 0.25)
    assert rows[1] == ("b", pytest.approx(2 / 3), 0)


def test_a_pillar_counts_the_declared_weight_of_its_entered_indicators(con: Con) -> None:
    found = cover(con, {"01": FULL, "02": FULL}, out=("a",))
    row = found["pillar", "p"]
    assert (row["n_observed"], row["n_expected"], row["coverage"]) == (1, 2, 0.75)  # b is 3 of 4
    assert (row["is_in"], row["reason"]) == (True, None)


def test_a_pillar_with_nothing_in_it_is_out(con: Con) -> None:
    row = cover(con, {"01": FULL, "02": FULL}, out=("a", "b"))["pillar", "p"]
    assert (row["n_observed"], row["coverage"], row["is_in"]) == (0, 0, False)
    assert row["reason"] == "no_indicator_entered"


def test_a_province_counts_the_entered_weight_it_has(con: Con) -> None:
    found = cover(con, {"01": FULL, "02": FULL | {"b": None}}, province_coverage=0.75)
    row = found["province", "02"]
    assert (row["n_observed"], row["n_expected"]) == (2, 3)
    assert row["coverage"] == 0.625  # (1/4 + 1) / 2
    assert row["shortfall"] == 0.125  # 0.75 - 0.625
    assert (row["is_in"], row["reason"]) == (False, "below_province_coverage")
    assert found["province", "01"]["is_in"]


def test_an_imputed_value_is_not_observed_and_is_counted_beside(con: Con) -> None:
    panel = {"01": FULL, "02": FULL, "03": FULL | {"c": None}}
    found = cover(con, panel, imputed=(("02", "b"),), province_coverage=0.75)
    counts = {key: (row["n_observed"], row["n_expected"], row["n_imputed"])
              for key, row in found.items()}  # fmt: skip
    assert counts == {
        ("indicator", "a"): (3, 3, 0), ("indicator", "b"): (2, 3, 1), ("indicator", "c"): (2, 3, 0),
        ("pillar", "p"): (2, 2, 1), ("pillar", "q"): (1, 1, 0),
        ("province", "01"): (3, 3, 0), ("province", "02"): (2, 3, 1), ("province", "03"): (2, 3, 0),
    }  # fmt: skip
    row = found["province", "02"]
    assert row["coverage"] == 0.625  # (1/4 + 1) / 2: b, imputed, is 3 of 4 of its pillar
    assert (row["is_in"], row["reason"]) == (False, "below_province_coverage")


def test_a_province_of_an_edition_without_pillars_says_so_and_lacks_nothing_itself(
    con: Con,
) -> None:
    row = cover(con, {"01": FULL, "02": FULL}, out=("a", "b"))["province", "01"]
    assert (row["is_in"], row["shortfall"]) == (False, 0)
    assert row["reason"] == "edition_rests_on_too_few_pillars"


def test_the_reason_of_an_indicator_is_the_most_frequent_one(con: Con) -> None:
    panel = {f"{p:02}": FULL | {"a": None} for p in range(1, 4)}
    climb(con, NODES, panel, out=("a",))
    declare(con)
    con.execute("update ranked set value_reason = 'too_old' "
                "where node = 'a' and province_code <> '01'")  # fmt: skip
    con.execute(step("93_coverage"))
    assert con.sql("select reason from coverage where code = 'a'").fetchall() == [("too_old",)]


def test_the_toy_names_what_is_in_and_what_is_out(toy: Toy) -> None:
    rows = toy.compute().sql(
        "select kind, code, n_observed, n_expected, is_in from coverage where edition = '2022' "
        "and kind <> 'province'"
    )
    assert rows.fetchall() == [
        ("indicator", "gi_per_million", 6, 6, True),
        ("indicator", "new_per_10000", 6, 6, True),
        ("indicator", "startups_per_million", 1, 6, False),  # Cần Thơ alone has a dated figure
        ("indicator", "trained_share", 6, 6, True),
        ("pillar", "firms", 1, 2, True),
        ("pillar", "people", 1, 1, True),
        ("pillar", "property", 1, 1, True),
    ]
