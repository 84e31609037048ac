"""The toy index, worked out by hand in these comments, comes out exactly."""

from __future__ import annotations

import pytest

from tests.conftest import Toy

# trained share 50 40 20 30 10 20, range 10-50        -> 100 75 25 50 0 25
# new per 10,000: 4 2 1 3 0.5 0, range 0-4             -> 100 50 25 75 12.5 0
# records at the end of 2022 per million: 1 2 4 0 0 5  -> 20 40 80 0 0 100
# output = (2 * firms + property) / 3; index = (input + output) / 2
INDEX_63 = {
    "01": (100 + 220 / 3) / 2,
    "48": (75 + 140 / 3) / 2,
    "49": (25 + 130 / 3) / 2,
    "92": (50 + 150 / 3) / 2,
    "93": (0 + 25 / 3) / 2,
    "94": (25 + 100 / 3) / 2,
}
RANKS_63 = {"01": 1, "48": 2, "92": 3, "49": 4, "94": 5, "93": 6}
# Merged: population 1000 each. New: 4, 1.5, 1.3. Share, weighted by labour force: 50,
# (40*300 + 20*300)/600 = 30, (30*200 + 10*100 + 20*200)/500 = 22. Records: 1, 2, 2; the one that
# Đà Nẵng and Quảng Nam share counts once.
FIRMS_34 = {"01": 100, "48": 0.2 / 2.7 * 100, "92": 0}
PEOPLE_34 = {"01": 100, "48": 8 / 28 * 100, "92": 0}
PROPERTY_34 = {"01": 0, "48": 100, "92": 100}
INDEX_34 = {c: (PEOPLE_34[c] + (2 * FIRMS_34[c] + PROPERTY_34[c]) / 3) / 2 for c in FIRMS_34}


def _scores(con: object, edition: str, node: str) -> dict[str, float]:
    rows = con.sql(  # type: ignore[attr-defined]
        "select province_code, score from scores where edition = $edition and node = $node",
        params={"edition": edition, "node": node},
    ).fetchall()
    return dict(rows)


def test_the_toy_index_of_six_provinces_is_what_was_worked_out_by_hand(toy: Toy) -> None:
    con = toy.compute()
    assert _scores(con, "2022", "index") == pytest.approx(INDEX_63, abs=1e-12)
    ranks = con.sql(
        "select province_code, rank from scores where edition = '2022' and node = 'index'"
    )
    assert dict(ranks.fetchall()) == RANKS_63


def test_the_toy_index_of_three_merged_provinces_is_what_was_worked_out_by_hand(toy: Toy) -> None:
    con = toy.compute()
    assert _scores(con, "2022-34", "people") == pytest.approx(PEOPLE_34, abs=1e-12)
    assert _scores(con, "2022-34", "firms") == pytest.approx(FIRMS_34, abs=1e-12)
    assert _scores(con, "2022-34", "property") == pytest.approx(PROPERTY_34, abs=1e-12)
    assert _scores(con, "2022-34", "index") == pytest.approx(INDEX_34, abs=1e-12)


def test_contributions_of_the_indicators_add_up_to_the_index(toy: Toy) -> None:
    con = toy.compute()
    rows = con.sql(
        "select province_code, sum(contribution) from indicators where edition = '2022' "
        "group by all"
    ).fetchall()
    assert dict(rows) == pytest.approx(INDEX_63, abs=1e-12)
