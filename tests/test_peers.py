"""Groups of like provinces: cut by hand, tied, missing, and carried to the published tables."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from pipeline import store
from pipeline.choices.peers import Peers, peers_row
from tests.breaking import CARDS, INDEX, fired, line_of
from tests.conftest import Toy, given
from tests.steps import indicators, rows_of, settings, step

Con = duckdb.DuckDBPyConnection
Figure = tuple[str, int | None, float | None]  # province, year, value of the variable `size`


def groups(
    con: Con, figures: list[Figure], parts: int = 3, max_age: int = 0
) -> dict[str, int | None]:
    """The group of each province that has a figure, in edition e of 2022."""
    codes = sorted({code for code, _, _ in figures})
    given(con, "spec_editions", edition=["e"], reference_year=2022, scheme="63")
    given(con, "ref_provinces", scheme="63", province_code=codes)
    settings(con, **peers_row(Peers(variable="size", parts=parts, max_age=max_age)))
    indicators(con, {"indicator": "n"}, {"indicator": "m"})
    frame = pd.DataFrame(figures, columns=["province_code", "year", "value"]).assign(
        edition="e", variable="size", obs_status="A", reason=None, value_low=None, value_high=None
    )
    kinds = {"year": "Int64", "reason": "str"} | dict.fromkeys(
        ("value", "value_low", "value_high"), "float64"
    )
    store.put_table(con, "harmonised", frame.astype(kinds))
    con.execute(step("30_denominated"))
    found = rows_of(con, "select distinct province_code, peer_group from denominated")
    assert len(found) == len(codes)  # one group, whatever the indicator
    return dict(found)


def sizes(*values: float | None) -> list[Figure]:
    return [(f"{i:02}", 2022, value) for i, value in enumerate(values, 1)]


def test_provinces_are_cut_into_groups_of_like_size_and_1_is_the_lowest(con: Con) -> None:
    found = groups(con, sizes(50, 10, 30, 60, 20, 40))
    assert found == {"02": 1, "05": 1, "03": 2, "06": 2, "01": 3, "04": 3}
    assert list(groups(con, sizes(1, 2, 3, 4, 5, 6, 7)).values()).count(1) == 3  # 3, 2 and 2


def test_equal_provinces_are_in_one_group(con: Con) -> None:
    assert groups(con, sizes(1, 2, 2, 2, 2, 3)) == {
        "01": 1, "02": 1, "03": 1, "04": 1, "05": 1, "06": 3,
    }  # fmt: skip
    assert set(groups(con, sizes(5, 5, 5)).values()) == {1}


def test_a_province_without_a_figure_is_in_no_group_and_counts_in_none(con: Con) -> None:
    found = groups(con, sizes(1, None, 2, 3), parts=3)
    assert found == {"01": 1, "02": None, "03": 2, "04": 3}


def test_the_newest_figure_counts_that_is_not_too_old_nor_to_come(con: Con) -> None:
    figures: list[Figure] = [
        ("01", 2021, 9), ("01", 2020, 1), ("02", 2022, 5), ("03", 2019, 7), ("04", None, 3),
        ("05", 2023, 2),
    ]  # fmt: skip
    found = groups(con, figures, parts=2, max_age=2)
    assert found == {"01": 2, "02": 1, "03": None, "04": None, "05": None}
    assert groups(con, figures, parts=2)["01"] is None  # by default of the year itself


def test_without_peers_no_province_has_a_group(toy: Toy) -> None:
    assert rows_of(toy.compute(), "select distinct peer_group from ranked") == [(None,)]


def test_groups_stand_beside_every_score_and_indicator(toy: Toy) -> None:
    toy.edit(INDEX, "  impute: none", "  impute: none\n  peers: {variable: population_thousand}")
    con = toy.compute()
    # 200 Hậu Giang, 400 400 Cần Thơ and Sóc Trăng, 500 500 Đà Nẵng and Quảng Nam, 1000 Hà Nội;
    # the three merged provinces have 1000 each.
    expected = {"93": 1, "92": 1, "94": 1, "48": 2, "49": 2, "01": 3}
    for table in ("denominated", "ranked", "scores", "indicators"):
        query = f"select distinct province_code, peer_group from {table} where edition = "
        assert dict(rows_of(con, query + "'2022'")) == expected, table
        assert dict(rows_of(con, query + "'2022-34'")) == {"01": 1, "48": 1, "92": 1}, table


def test_SCH_02_an_undeclared_variable_of_the_peers_is_refused(toy: Toy) -> None:
    toy.edit(INDEX, "  impute: none", "  impute: none\n  peers: {variable: population}")
    fault = fired(toy, "SCH-02", INDEX, line_of(toy, INDEX, "peers:"), None, "population")
    assert fault.details["nearest"] == "population_thousand"


def test_SCH_03_a_variable_of_the_peers_that_no_source_holds_is_refused(toy: Toy) -> None:
    toy.edit("raw/variables.yml", "variables:\n", "variables:\n  unheld: {name_vi: a, name_en: a,"
             " unit: a, measure: flow, merge: sum, min: 0}\n")  # fmt: skip
    toy.edit(INDEX, "  impute: none", "  impute: none\n  peers: {variable: unheld}")
    fired(toy, "SCH-03", INDEX, None, None, "unheld")


def test_SCH_20_peers_by_a_variable_for_comparison_only_are_refused(toy: Toy) -> None:
    toy.edit(INDEX, "  impute: none", "  impute: none\n  peers: {variable: gi}")
    head, register = (toy.root / CARDS).read_text("utf-8").split("  register:\n", 1)
    register = register.replace("use: index", "use: comparison", 1)
    toy.write(CARDS, head + "  register:\n" + register)
    fault = fired(toy, "SCH-20", INDEX, line_of(toy, INDEX, "peers:"), None, "gi")
    assert fault.details["key"] == "peers"


@pytest.mark.parametrize(
    ("peers", "rule"),
    [
        ("{variable: gi, parts: 1}", "SCH-07"),
        ("{variable: gi, parts: many}", "SCH-07"),
        ("{variable: gi, max_age: -1}", "SCH-07"),
        ("{variable: gi, part: 3}", "SCH-05"),
        ("{parts: 3}", "SCH-16"),
        ("gi", "SCH-07"),
    ],
)
def test_peers_that_cannot_be_cut_are_refused_on_their_line(
    toy: Toy, peers: str, rule: str
) -> None:
    toy.edit(INDEX, "  impute: none", f"  impute: none\n  peers: {peers}")
    (fault,) = toy.faults()
    assert (fault.rule, fault.place.row) == (rule, line_of(toy, INDEX, "peers:"))
