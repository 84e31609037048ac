"""Ranks: ties by a stated tolerance, missing scores, groups, and the same as the SQL."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from pipeline import store
from pipeline.methods.rank import rank, round_half_away
from tests.conftest import given

EXAMPLES = settings(max_examples=200, deadline=None)
SCORES = st.lists(
    st.one_of(
        st.just(float("nan")),
        st.sampled_from([5.1, 5.1000000000000005, 0.0, -0.0, 100.0, 2**-11, 0.0004882813]),
        st.floats(-1e6, 1e6),
    ),
    min_size=1,
    max_size=30,
)


def test_equal_scores_share_the_better_rank_and_the_next_place_is_skipped() -> None:
    # 90 first; the two 80s second; the one below them fourth
    assert rank(np.array([80, 90, 70, 80.0])).tolist() == [2, 1, 4, 2]


def test_scores_apart_by_less_than_ten_decimals_tie_and_by_more_do_not() -> None:
    assert rank(np.array([5.1, 5.1000000000000005])).tolist() == [1, 1]
    assert rank(np.array([5.1, 5.1000000002])).tolist() == [2, 1]
    assert rank(np.array([5.1, 5.14]), digits=1).tolist() == [1, 1]
    assert rank(np.array([5.1, 5.1000000000000005]), digits=300).tolist() == [2, 1]


def test_a_missing_score_has_rank_0_and_takes_no_place() -> None:
    assert rank(np.array([np.nan, 3, np.nan, 4])).tolist() == [0, 2, 0, 1]
    assert rank(np.array([np.nan])).tolist() == [0]
    assert rank(np.array([])).tolist() == []


def test_units_are_ranked_within_their_edition() -> None:
    scores = np.array([1, 2, 3, 4, np.nan, 3.0])
    editions = np.array(["2021", "2021", "2022", "2022", "2022", "2022"])
    assert rank(scores, groups=editions).tolist() == [2, 1, 2, 1, 0, 2]


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([1.0, np.inf], {}, "the score of unit 1 is infinite"),
        ([1.0], {"digits": -1}, "digits must be between 0 and 300, not -1"),
        ([1.0], {"groups": ["a", "b"]}, "2 groups for 1 scores"),
        ([[1.0]], {}, r"expected one score per unit, got shape \(1, 1\)"),
    ],
)
def test_what_cannot_be_ranked_is_refused(scores: list, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rank(np.array(scores), **options)


@EXAMPLES
@drawn(SCORES, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_rank(scores: list[float], random: object) -> None:
    order = np.arange(len(scores))
    random.shuffle(order)  # type: ignore[attr-defined]
    values = np.array(scores)
    assert rank(values)[order].tolist() == rank(values[order]).tolist()


@EXAMPLES
@drawn(SCORES)
def test_ranking_ranks_changes_nothing(scores: list[float]) -> None:
    once = rank(np.array(scores))
    again = rank(np.where(once > 0, -once.astype(float), np.nan))
    assert again.tolist() == once.tolist()


@EXAMPLES
@drawn(SCORES, st.data())
def test_a_group_is_ranked_as_if_it_were_alone(scores: list[float], data: st.DataObject) -> None:
    values = np.array(scores)
    labels = st.sampled_from(["a", "b", "c"])
    groups = np.array(data.draw(st.lists(labels, min_size=len(scores), max_size=len(scores))))
    together = rank(values, groups=groups)
    for group in set(groups):
        assert together[groups == group].tolist() == rank(values[groups == group]).tolist()


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@drawn(scores=SCORES, digits=st.integers(0, 12))
def test_rounding_and_ranks_are_those_of_the_sql(
    con: duckdb.DuckDBPyConnection, scores: list[float], digits: int
) -> None:
    given(con, "scored", unit=range(len(scores)), score=np.array(scores))
    rows = con.sql(
        f"select round(score, {digits}), case when score is not null then "
        f"rank() over (partition by score is null order by round(score, {digits}) desc) "
        "else 0 end from scored order by unit"
    ).fetchall()
    values = np.array(scores)
    expected = np.array([np.nan if r is None else r for r, _ in rows])
    np.testing.assert_array_equal(round_half_away(values, digits), expected)
    assert rank(values, digits).tolist() == [r for _, r in rows]


def test_a_number_too_large_to_scale_is_not_rounded() -> None:
    with store.connect() as con:
        row = con.sql("select round(1.7e308::double, 10), round(-2.5::double, 0)").fetchall()
    assert round_half_away(np.array([1.7e308, -2.5]), 10).tolist() == [1.7e308, -2.5]
    assert row == [(1.7e308, -3.0)]
    assert round_half_away(np.array([-2.5, np.nan]), 0)[0] == -3.0
