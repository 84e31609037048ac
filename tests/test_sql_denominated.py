"""Denominated: one value per indicator from the newest usable year, worked out by hand."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import store
from tests.conftest import given
from tests.steps import indicators, rows_of, settings, step

Con = duckdb.DuckDBPyConnection
DENOMINATED = step("30_denominated")
RATIO = {"indicator": "i", "kind": "ratio", "numerator": "n", "denominator": "d", "scale": 10.0}
Figure = tuple[str, int | None, float | None]


def denominate(
    con: Con, indicator: dict[str, Any], *figures: Figure, **more: Any
) -> dict[str, Any]:
    """The row of province 01 and the indicator, edition e of 2022.

    Args:
        con: the database.
        indicator: what differs from a plain level.
        figures: (variable, year, value) of province 01 in `harmonised`.
        more: a column of `harmonised` with one entry per figure.
    """
    settings(con)
    given(con, "spec_editions", edition=["e"], reference_year=2022, scheme="63")
    given(con, "ref_provinces", scheme=["63", "34"], province_code=["01", "80"])
    indicators(con, indicator)
    frame = pd.DataFrame(figures, columns=["variable", "year", "value"])
    missing = frame["value"].isna()
    plain: dict[str, Any] = {
        "edition": "e", "province_code": "01", "value_low": None, "value_high": None,
        "obs_status": missing.map({True: "M", False: "A"}),
        "reason": missing.map({True: "part_missing", False: None}),
    }  # fmt: skip
    frame = frame.assign(**(plain | more)).astype({"year": "Int64", "obs_status": "str"})
    floats = ["value", "value_low", "value_high"]
    store.put_table(con, "harmonised", frame.astype(dict.fromkeys(floats, "float64")))
    con.execute(DENOMINATED)
    found = con.sql("select * from denominated")
    rows = found.fetchall()
    assert len(rows) == 1
    return dict(zip(found.columns, rows[0], strict=True))


def test_a_level_is_the_variable_times_its_scale(con: Con) -> None:
    found = denominate(con, {"indicator": "n", "scale": 3.0}, ("n", 2022, 7))
    assert (found["value"], found["data_year"], found["age"]) == (21, 2022, 0)  # 7 * 3
    assert (found["obs_status"], found["reason"], found["unit"]) == ("A", None, "units")


@pytest.mark.parametrize("kind", ["ratio", "per_capita"])
def test_a_ratio_divides_by_the_denominator_and_scales(con: Con, kind: str) -> None:
    found = denominate(con, RATIO | {"kind": kind}, ("n", 2022, 6), ("d", 2022, 4))
    assert found["value"] == 15  # 6 / 4 * 10
    assert (found["numerator"], found["denominator"]) == (6, 4)


def test_bounds_are_denominated_like_the_value(con: Con) -> None:
    figures = [("n", 2022, 6.0), ("d", 2022, 4.0)]
    found = denominate(con, RATIO, *figures, value_low=[5, None], value_high=[8, None])
    assert (found["value_low"], found["value_high"]) == (12.5, 20)  # 5 / 4 * 10, 8 / 4 * 10


def test_growth_is_the_geometric_mean_yearly_rate_in_percent(con: Con) -> None:
    growth = {"indicator": "n", "kind": "growth", "span": 2}
    found = denominate(con, growth, ("n", 2020, 100), ("n", 2021, 500), ("n", 2022, 121))
    assert found["value"] == pytest.approx(10, abs=1e-12)  # 100 * 1.1 * 1.1 = 121
    assert (found["numerator"], found["denominator"]) == (121, 100)


def test_growth_without_its_base_year_is_missing(con: Con) -> None:
    growth = {"indicator": "n", "kind": "growth", "span": 2}
    found = denominate(con, growth, ("n", 2021, 100), ("n", 2022, 121))
    assert (found["value"], found["reason"]) == (None, "denominator_missing")


@pytest.mark.parametrize(("first", "last"), [(-100, 121), (100, -121), (-100, -121)])
def test_growth_from_or_to_a_negative_figure_is_missing(con: Con, first: int, last: int) -> None:
    growth = {"indicator": "n", "kind": "growth", "span": 2}
    found = denominate(con, growth, ("n", 2020, first), ("n", 2022, last))
    assert (found["value"], found["obs_status"], found["reason"]) == (None, "M", "negative_base")


def test_the_newest_usable_year_is_taken(con: Con) -> None:
    level = {"indicator": "n", "max_age": 3}
    found = denominate(con, level, ("n", 2019, 1), ("n", 2021, 3), ("n", 2020, 2))
    assert (found["value"], found["data_year"]) == (3, 2021)


def test_a_newer_year_that_is_missing_gives_way_to_an_older_one(con: Con) -> None:
    level = {"indicator": "n", "max_age": 3}
    found = denominate(con, level, ("n", 2022, None), ("n", 2020, 2))
    assert (found["value"], found["data_year"], found["reason"]) == (2, 2020, None)


def test_an_older_figure_is_carried_with_its_age(con: Con) -> None:
    found = denominate(con, {"indicator": "n", "max_age": 3}, ("n", 2020, 2), obs_status=["E"])
    assert (found["obs_status"], found["age"]) == ("C", 2)  # C wins over E


def test_a_figure_older_than_max_age_is_missing(con: Con) -> None:
    level = {"indicator": "n", "max_age": 2}
    assert denominate(con, level, ("n", 2020, 2))["value"] == 2  # exactly the age allowed
    found = denominate(con, level, ("n", 2019, 2))
    assert (found["value"], found["reason"], found["data_year"]) == (None, "too_old", None)


def test_numerator_and_denominator_are_of_the_same_year(con: Con) -> None:
    figures = [("n", 2022, 6.0), ("n", 2021, 8.0), ("d", 2021, 4.0), ("d", 2020, 1.0)]
    found = denominate(con, RATIO | {"max_age": 2}, *figures)
    assert (found["value"], found["data_year"]) == (20, 2021)  # 8 / 4 * 10, not 6 / 4 * 10


def test_a_missing_denominator_gives_missing_with_its_reason(con: Con) -> None:
    found = denominate(con, RATIO, ("n", 2022, 6))
    assert (found["value"], found["reason"]) == (None, "denominator_missing")
    found = denominate(con, RATIO, ("n", 2022, 6), ("d", 2022, None))
    assert (found["value"], found["reason"]) == (None, "denominator_missing")


@pytest.mark.parametrize("numerator", [6.0, 0.0, -6.0])
def test_a_zero_denominator_gives_missing_and_never_infinity(con: Con, numerator: float) -> None:
    found = denominate(con, RATIO, ("n", 2022, numerator), ("d", 2022, 0))
    assert (found["value"], found["obs_status"]) == (None, "M")
    assert found["reason"] == "denominator_zero"


def test_growth_from_zero_is_missing_and_never_infinity(con: Con) -> None:
    growth = {"indicator": "n", "kind": "growth", "span": 2}
    found = denominate(con, growth, ("n", 2020, 0), ("n", 2022, 5))
    assert (found["value"], found["reason"]) == (None, "denominator_zero")


def test_an_undated_figure_belongs_to_no_year(con: Con) -> None:
    found = denominate(con, {"indicator": "n", "max_age": 9}, ("n", None, 6))
    assert (found["value"], found["reason"]) == (None, "undated")


def test_a_province_without_a_figure_says_no_data(con: Con) -> None:
    found = denominate(con, {"indicator": "n"}, ("other", 2022, 6))
    assert (found["value"], found["obs_status"], found["reason"]) == (None, "M", "no_data")


def test_a_missing_numerator_hands_on_its_reason(con: Con) -> None:
    found = denominate(con, RATIO, ("n", 2022, None), ("d", 2022, 4))
    assert (found["value"], found["reason"]) == (None, "part_missing")


def test_the_reason_given_is_that_of_the_figure_nearest_to_being_used(con: Con) -> None:
    figures = [("n", None, 6.0), ("n", 2010, 6.0), ("n", 2022, None)]
    assert denominate(con, {"indicator": "n"}, *figures)["reason"] == "part_missing"
    assert denominate(con, {"indicator": "n"}, *figures[:2])["reason"] == "too_old"


@pytest.mark.parametrize(
    ("top", "bottom", "status"),
    [("A", "A", "A"), ("P", "A", "P"), ("A", "P", "P"), ("P", "E", "E"), ("E", "A", "E")],
)
def test_a_ratio_is_as_uncertain_as_its_worse_half(
    con: Con, top: str, bottom: str, status: str
) -> None:
    figures = [("n", 2022, 6.0), ("d", 2022, 4.0)]
    assert denominate(con, RATIO, *figures, obs_status=[top, bottom])["obs_status"] == status


@over(
    cells=st.lists(
        st.tuples(
            st.sampled_from(["01", "02", "80"]),
            st.sampled_from(["n", "d", "l"]),
            st.sampled_from([None, 2020, 2021, 2022]),
            st.sampled_from([None, -1.0, 0.0, 2.0]),
        ),
        max_size=12,
        unique_by=lambda cell: cell[:3],
    )
)
@limits(deadline=None, max_examples=15)
def test_the_full_grid_never_loses_or_repeats_a_row(
    cells: list[tuple[str, str, int | None, float | None]],
) -> None:
    con = store.connect()
    settings(con)
    given(con, "spec_editions", edition=["old", "new"], reference_year=2022, scheme=["63", "34"])
    given(con, "ref_provinces", scheme=["63", "63", "34"], province_code=["01", "02", "80"])
    growth = {"indicator": "g", "kind": "growth", "numerator": "l", "span": 1, "max_age": 1}
    indicators(con, RATIO | {"max_age": 1}, {"indicator": "l"}, growth)
    frame = pd.DataFrame(cells, columns=["province_code", "variable", "year", "value"])
    missing = frame["value"].isna()
    frame = frame.assign(
        edition=frame["province_code"].map({"80": "new"}).fillna("old"),
        value_low=None, value_high=None,
        obs_status=missing.map({True: "M", False: "A"}),
        reason=missing.map({True: "published_missing", False: None}),
    ).astype({"year": "Int64", "value": "float64", "value_low": "float64",
              "value_high": "float64", "edition": "str", "province_code": "str"})  # fmt: skip
    store.put_table(con, "harmonised", frame)
    con.execute(DENOMINATED)
    grid = rows_of(con, "select edition, province_code, indicator from denominated")
    assert grid == [
        (edition, code, name)
        for edition, code in (("new", "80"), ("old", "01"), ("old", "02"))
        for name in ("g", "i", "l")
    ]
    bad = "isnan(value) or isinf(value) or (value is null) <> (reason is not null)"
    assert rows_of(con, f"select * from denominated where {bad}") == []
    con.close()
