"""Screened: which indicators enter, worked out by hand."""

from __future__ import annotations

from fractions import Fraction

import duckdb
import pytest

from tests.conftest import given
from tests.steps import indicators, rows_of, step

Con = duckdb.DuckDBPyConnection
SCREENED = step("40_screened")


def screen(
    con: Con,
    observed: dict[str, int],
    provinces: int = 3,
    own: dict[str, float] | None = None,
    **changed: float,
) -> set[str]:
    """The indicators that enter.

    Args:
        con: the database.
        observed: for each indicator, how many provinces have it.
        provinces: how many there are.
        own: indicator_coverage of some indicators.
        changed: what is other than the default of every indicator.
    """
    least = {name: {"indicator_coverage": share} for name, share in (own or {}).items()}
    indicators(con, *({"indicator": n, **changed, **least.get(n, {})} for n in observed))
    cells = [(name, p, p < n) for name, n in observed.items() for p in range(provinces)]
    given(con, "denominated", edition="e", indicator=[name for name, _, _ in cells],
          province_code=[f"{p:02}" for _, p, _ in cells],
          value=[float(p) if has else None for _, p, has in cells])  # fmt: skip
    con.execute(SCREENED)
    found = rows_of(con, "select distinct indicator, is_entered from screened")
    assert len(found) == len(observed)
    return {name for name, is_entered in found if is_entered}


@pytest.mark.parametrize(("n_observed", "is_in"), [(42, True), (41, False), (63, True), (0, False)])
def test_an_indicator_enters_when_two_thirds_of_63_provinces_have_it(
    con: Con, n_observed: int, is_in: bool
) -> None:
    found = screen(con, {"a": n_observed, "b": 63, "c": 63, "d": 63}, 63)
    assert ("a" in found) is is_in  # 2/3 of 63 is 42 exactly
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
            found = screen(con, {"a": n}, provinces, indicator_coverage=threshold)
            wrong += [] if found else [(n, provinces)]
    assert wrong == []


def test_an_indicator_may_have_a_threshold_of_its_own(con: Con) -> None:
    observed = {"a": 1, "b": 1, "c": 2, "d": 3}
    assert screen(con, observed, own={"b": 1 / 3, "d": 1}) == {"b", "c", "d"}
    assert screen(con, observed | {"d": 2}, own={"d": 1}) == {"c"}


def test_an_indicator_without_any_value_is_out_at_any_threshold(con: Con) -> None:
    assert screen(con, {"a": 0, "b": 1}, own={"a": 0, "b": 0}) == {"b"}


def test_no_row_of_an_edition_is_lost_when_nothing_enters(con: Con) -> None:
    assert screen(con, dict.fromkeys("abcd", 0)) == set()
    assert rows_of(con, "select count(*) from screened") == [(12,)]


def test_editions_are_screened_one_by_one(con: Con) -> None:
    indicators(con, {"indicator": "a"})
    given(con, "denominated", edition=["e", "e", "f", "f"], indicator="a",
          province_code=["01", "02"] * 2, value=[1.0, 2.0, 1.0, None])  # fmt: skip
    con.execute(SCREENED)
    found = rows_of(con, "select distinct edition, is_entered from screened order by 1")
    assert found == [("e", True), ("f", False)]
