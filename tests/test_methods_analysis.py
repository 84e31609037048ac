"""Strengths, removals, comparisons, contributions, summaries and trends: by hand and invariant."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from pipeline.methods import analysis
from pipeline.methods.trends import trends
from tests.conftest import ROOT

NAN = np.nan
many = settings(max_examples=200, deadline=None)


@st.composite
def panels(draw: st.DrawFn) -> np.ndarray:
    """Synthetic scores 0-100 on a grid of tenths, with ties and gaps."""
    shape = (draw(st.integers(2, 10)), draw(st.integers(2, 5)))
    x = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 1000))) / 10
    x[draw(hnp.arrays(np.bool_, shape))] = NAN
    return x


SCORES = np.array(
    [
        [90.0, 40.0, 50.0, NAN],
        [60.0, 40.0, 20.0, 10.0],
        [30.0, 70.0, 50.0, 30.0],
    ]
)  # means 60, 50, 40, 20


def test_strengths_are_above_the_mean_and_weaknesses_below_it() -> None:
    found = analysis.strengths_weaknesses(SCORES, top=2)
    np.testing.assert_allclose(
        found.margin, [[30, -10, 10, NAN], [0, -10, -20, -10], [-30, 20, 10, 10]]
    )
    assert found.strengths.tolist() == [[0, 2], [-1, -1], [1, 2]]
    assert found.weaknesses.tolist() == [[1, -1], [2, 1], [0, -1]]  # -10 twice: the first column


def test_one_group_of_peers_serves_all_units() -> None:
    found = analysis.strengths_weaknesses(SCORES, np.array([False, True, True]), top=1)
    np.testing.assert_allclose(found.margin[0], [45, -15, 15, NAN])  # means 45, 55, 35, 20
    assert found.strengths.tolist() == [[0], [0], [1]]


def test_each_unit_may_have_its_own_peers_and_missing_peers_say_nothing() -> None:
    peers = np.array([[0, 1, 0], [1, 0, 0], [1, 1, 0]], dtype=bool)
    found = analysis.strengths_weaknesses(SCORES, peers, top=4)
    np.testing.assert_allclose(found.margin[0], [30, 0, 30, NAN])
    np.testing.assert_allclose(found.margin[1], [-30, 0, -30, NAN])  # its one peer lacks column 3
    assert found.strengths[0].tolist() == [0, 2, -1, -1]
    assert found.weaknesses[1].tolist() == [0, 2, -1, -1]


def test_by_rank_a_shared_lowest_value_is_never_a_strength() -> None:
    # half of the units share 0: the better rank of the tie looks good, the balance does not
    scores = np.array([[0.0, 1], [0, 2], [0, 3], [5, 4], [6, 5]])
    found = analysis.strengths_weaknesses(scores, by="rank", top=1)
    np.testing.assert_allclose(found.margin[:, 0], [-0.5, -0.5, -0.5, 0.5, 1])
    np.testing.assert_allclose(found.margin[:, 1], [-1, -0.5, 0, 0.5, 1])
    assert found.strengths[:3].tolist() == [[-1], [-1], [-1]]


def test_by_rank_counts_peers_with_a_score_and_not_the_unit_itself() -> None:
    found = analysis.strengths_weaknesses(SCORES, np.array([True, True, False]), by="rank")
    # unit 2 has two peers in column 0, both above; in column 3 one, below
    np.testing.assert_allclose(found.margin, [[1, 0, 1, NAN], [-1, 0, -1, NAN], [-1, 1, 0.5, 1]])


def test_more_columns_asked_for_than_there_are_is_filled_up() -> None:
    assert analysis.strengths_weaknesses(SCORES, top=6).strengths.shape == (3, 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "median"}, "'median'; choose from difference, rank"),
        ({"top": 0}, "top must be at least 1, not 0"),
        ({"peers": np.array([True])}, r"unit by unit \(3 units\)"),
        ({"peers": np.array([0, 1, 1])}, "peers must be true or false"),
    ],
)
def test_impossible_profiles_are_refused(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        analysis.strengths_weaknesses(SCORES, **options)


@many
@given(panels(), st.sampled_from(analysis.REFERENCES), st.randoms(use_true_random=False))
def test_no_column_is_both_and_the_order_of_units_does_not_matter(
    x: np.ndarray, by: str, random
) -> None:
    found = analysis.strengths_weaknesses(x, by=by, top=3)
    for strong, weak in zip(found.strengths, found.weaknesses, strict=True):
        assert not (set(strong.tolist()) & set(weak.tolist()) - {-1})
    order = random.sample(range(len(x)), len(x))
    again = analysis.strengths_weaknesses(x[order], by=by, top=3)
    np.testing.assert_array_equal(again.strengths, found.strengths[order])
    np.testing.assert_array_equal(again.weaknesses, found.weaknesses[order])


@many
@given(panels(), st.sampled_from(analysis.REFERENCES))
def test_turning_all_scores_round_swaps_strengths_and_weaknesses(x: np.ndarray, by: str) -> None:
    found, turned = (analysis.strengths_weaknesses(s, by=by) for s in (x, 100 - x))
    np.testing.assert_array_equal(turned.strengths, found.weaknesses)
    np.testing.assert_array_equal(turned.weaknesses, found.strengths)


def mean_of(x: np.ndarray):
    return lambda keep: analysis.contributions(x[:, keep], np.ones(keep.sum())).score


def test_leaving_one_column_out_by_hand() -> None:
    x = np.array([[9.0, 0.0, 6.0], [6.0, 6.0, 0.0], [0.0, 9.0, 3.0]])  # sums 15, 12, 12
    found = analysis.remove_one(mean_of(x), 3)
    np.testing.assert_allclose(found.base_scores, [5, 4, 4])
    assert found.base_ranks.tolist() == [1, 2, 2]
    np.testing.assert_allclose(found.scores, [[3, 3, 6], [7.5, 3, 1.5], [4.5, 6, 4.5]])
    assert found.ranks.tolist() == [[2, 2, 1], [1, 2, 3], [2, 1, 2]]
    assert found.shifts.tolist() == [[1, 0, -1], [0, 0, 1], [1, -1, 0]]
    np.testing.assert_allclose(found.mean_absolute_shift, [2 / 3, 1 / 3, 2 / 3])


def test_a_unit_that_drops_out_with_a_column_moves_nobody() -> None:
    x = np.array([[9.0, NAN], [5.0, 5.0], [1.0, 1.0]])
    found = analysis.remove_one(mean_of(x), 2)
    assert np.isnan(found.scores[0, 0])
    assert found.ranks[0, 1:].tolist() == [1, 2]  # without column 0 there are two units
    assert found.shifts[0, 1:].tolist() == [0, 0]
    assert found.mean_absolute_shift.tolist() == [0, 0]


def test_a_removal_that_leaves_nobody_has_no_shift() -> None:
    found = analysis.remove_one(mean_of(np.array([[1.0, NAN], [2.0, NAN]])), 2)
    assert np.isnan(found.mean_absolute_shift[0])
    assert found.mean_absolute_shift[1] == 0


def test_impossible_removals_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 columns"):
        analysis.remove_one(mean_of(SCORES), 1)
    with pytest.raises(ValueError, match="3 scores cannot be compared with 2"):
        analysis.remove_one(lambda keep: np.arange(3.0) if keep.all() else np.arange(2.0), 2)
    with pytest.raises(ValueError, match=r"one finite score per unit, not shape \(3, 4\)"):
        analysis.remove_one(lambda keep: SCORES[:, keep], 4)


def test_two_sets_of_scores_are_compared_over_the_units_of_both() -> None:
    a = np.array([50.0, 40.0, 30.0, 20.0, 99.0])
    b = np.array([45.0, 41.0, 47.0, 10.0, NAN])
    found = analysis.compare(a, b, top=2)
    np.testing.assert_allclose(found.score_difference, [-5, 1, 17, -10, NAN])
    np.testing.assert_array_equal(found.ranks_a, [1, 2, 3, 4, NAN])
    np.testing.assert_array_equal(found.ranks_b, [2, 3, 1, 4, NAN])
    np.testing.assert_array_equal(found.rank_difference, [1, 1, -2, 0, NAN])
    assert found.largest_movers.tolist() == [2, 0]
    # rho = 1 - 6 (1 + 1 + 4) / (4 * 15) = 0.4; tau: of 6 pairs 2 turn round
    assert (found.n, found.mean_absolute_shift) == (4, 1.0)
    assert (found.spearman, found.kendall) == pytest.approx((0.4, 2 / 6))
    assert analysis.compare(a, b, top=6).largest_movers.tolist() == [2, 0, 1, -1, -1, -1]


def test_scores_that_differ_by_rounding_share_a_rank() -> None:
    scores = np.array([5.1, 5.1000000000000005, 2.0])
    found = analysis.compare(scores, scores, top=0)
    assert found.ranks_a.tolist() == [1, 1, 3]
    assert found.kendall == pytest.approx(1)


def test_scores_beyond_ten_decimals_of_a_float_are_ranked_as_they_are() -> None:
    assert analysis.compare(*[np.array([1e300, 2e300, -1e300])] * 2).ranks_a.tolist() == [2, 1, 3]


def test_nobody_in_common_has_no_comparison() -> None:
    found = analysis.compare(np.array([1.0, NAN]), np.array([NAN, 1.0]))
    assert found.n == 0
    assert np.isnan([found.spearman, found.kendall, found.mean_absolute_shift]).all()


@pytest.mark.parametrize(
    ("a", "b", "top", "message"),
    [
        ([1, 2], [1, 2, 3], 5, "2 scores cannot be compared with 3"),
        ([1, 2], [1, 2], -1, "top must not be negative, it is -1"),
        ([1, np.inf], [1, 2], 5, "one finite score per unit"),
    ],
)
def test_impossible_comparisons_are_refused(a: list, b: list, top: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        analysis.compare(np.array(a), np.array(b), top=top)


@many
@given(panels(), st.sampled_from([0.5, 3.0]), st.randoms(use_true_random=False))
def test_a_comparison_agrees_with_scipy_in_any_order_and_unit(
    x: np.ndarray, factor: float, random
) -> None:
    a, b = x[:, 0], x[:, 1]
    found = analysis.compare(a, b)
    both = ~np.isnan(a + b)
    assert found.n == both.sum()
    expected = stats.rankdata(-a[both], method="min")
    np.testing.assert_array_equal(found.ranks_a[both], expected)
    if found.n >= 3 and np.ptp(a[both]) > 0 and np.ptp(b[both]) > 0:
        assert found.spearman == pytest.approx(stats.spearmanr(a[both], b[both])[0], abs=1e-10)
        assert found.kendall == pytest.approx(stats.kendalltau(a[both], b[both])[0], abs=1e-10)
    order = random.sample(range(len(x)), len(x))
    again = analysis.compare(a[order] * factor, b[order] * factor + 1)
    np.testing.assert_array_equal(again.rank_difference, found.rank_difference[order])
    back = analysis.compare(b, a)
    np.testing.assert_array_equal(back.rank_difference, -found.rank_difference)


def test_contributions_by_hand_add_up_with_a_gap() -> None:
    found = analysis.contributions(np.array([[80.0, 40.0, 20.0], [NAN, 40.0, 20.0]]), [2, 1, 1])
    np.testing.assert_allclose(found.contribution, [[40, 10, 5], [NAN, 20, 10]])
    np.testing.assert_allclose(found.effective_weight, [[0.5, 0.25, 0.25], [NAN, 0.5, 0.5]])
    np.testing.assert_allclose(found.score, [55, 30])


def test_a_unit_without_weighted_values_has_no_score() -> None:
    found = analysis.contributions(np.array([[NAN, NAN], [NAN, 3.0], [4.0, 3.0]]), [1, 0])
    np.testing.assert_array_equal(found.score, [NAN, NAN, 4.0])
    np.testing.assert_array_equal(found.contribution[2], [4.0, 0.0])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"4 columns need as many weights, not \(2,\)"),
        ([1, 1, 1, -1], "not negative"),
        ([0, 0, 0, 0], "one at least above 0"),
        ([1, 1, 1, NAN], "must be finite"),
    ],
)
def test_impossible_weights_are_refused(weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        analysis.contributions(SCORES, np.array(weights))


@many
@given(panels(), st.data())
def test_contributions_sum_to_the_mean_and_weights_are_relative(x: np.ndarray, data) -> None:
    weights = np.array(data.draw(st.lists(st.integers(1, 9), min_size=5, max_size=5)))
    weights = weights[: x.shape[1]]
    found = analysis.contributions(x, weights)
    again = analysis.contributions(x, weights * 17.0)
    for row, values in enumerate(x):
        has = ~np.isnan(values)
        if has.any():
            expected = np.average(values[has], weights=weights[has])
            assert found.score[row] == pytest.approx(expected, abs=1e-10)
            assert np.nansum(found.contribution[row]) == pytest.approx(expected, abs=1e-10)
    np.testing.assert_allclose(again.contribution, found.contribution, atol=1e-10)


def test_the_summary_of_one_unit_by_hand() -> None:
    found = analysis.unit_summary(SCORES, 0)
    expected = {
        "score": [90, 40, 50, NAN],
        "rank": [1, 2, 1, NAN],
        "ranked": [3, 3, 3, 2],
        "mean": [60, 50, 40, 20],
        "median": [60, 40, 50, 20],
        "min": [30, 40, 20, 10],
        "max": [90, 70, 50, 30],
        "difference": [30, -10, 10, NAN],
    }
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, err_msg=name)


def test_a_unit_is_always_in_its_own_field() -> None:
    found = analysis.unit_summary(SCORES, 0, np.array([False, False, True]))
    assert found["rank"].tolist()[:3] == [1, 2, 1]
    assert found["ranked"].tolist() == [2, 2, 2, 1]


def test_impossible_summaries_are_refused() -> None:
    with pytest.raises(ValueError, match="no unit 3 among 3"):
        analysis.unit_summary(SCORES, 3)
    with pytest.raises(ValueError, match="3 values true or false"):
        analysis.unit_summary(SCORES, 0, np.array([1, 0, 1]))


YEARS = [2019, 2021, 2020]


def test_a_trend_uses_the_years_asked_for_and_no_others() -> None:
    values = np.array([[100.0, 121.0, 500.0]])  # 2020 stands last, and does not matter
    found = trends(values, YEARS, 2019, 2021)
    assert found.percent_change[0] == pytest.approx(21)
    assert found.cagr[0] == pytest.approx(10)  # 1.1 * 1.1 = 1.21
    assert trends(values, YEARS, 2019, 2020).percent_change[0] == pytest.approx(400)


@pytest.mark.parametrize(
    ("first", "last", "change", "cagr", "reason"),
    [
        (50, 50, 0, 0, ""),
        (50, 0, -100, -100, ""),
        (NAN, 5, NAN, NAN, "missing_first"),
        (5, NAN, NAN, NAN, "missing_last"),
        (0, 5, NAN, NAN, "base_zero"),
        (0, 0, NAN, NAN, "base_zero"),
        (-5, 5, NAN, NAN, "base_negative"),
        (5, -5, -200, NAN, "last_negative"),
        (1e-300, 1e300, NAN, NAN, "not_finite"),
    ],
)
def test_a_trend_that_is_not_defined_says_why(
    first: float, last: float, change: float, cagr: float, reason: str
) -> None:
    found = trends(np.array([[first, last, 7.0]]), YEARS, 2019, 2021)
    assert found.percent_change[0] == pytest.approx(change, nan_ok=True)
    assert found.cagr[0] == pytest.approx(cagr, nan_ok=True)
    assert found.reason.tolist() == [reason]


@pytest.mark.parametrize(
    ("years", "first", "last", "message"),
    [
        ([2019, 2020], 2019, 2020, "3 columns need as many different years"),
        ([2019, 2020, 2020], 2019, 2020, "3 columns need as many different years"),
        (YEARS, 2018, 2022, r"no values of \[2018, 2022\]; there are years \[2019, 2020, 2021\]"),
        (YEARS, 2021, 2019, r"first year \(2021\) must be before the last \(2019\)"),
    ],
)
def test_impossible_years_are_refused(years: list, first: int, last: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trends(np.ones((1, 3)), years, first, last)


@many
@given(panels(), st.sampled_from([0.01, 1000.0]), st.randoms(use_true_random=False))
def test_a_trend_ignores_units_of_measurement_and_the_order_of_years(
    x: np.ndarray, factor: float, random
) -> None:
    years = list(range(2010, 2010 + x.shape[1]))
    found = trends(x, years, 2010, years[-1])
    order = random.sample(range(len(years)), len(years))
    again = trends(x[:, order] * factor, [years[i] for i in order], 2010, years[-1])
    np.testing.assert_allclose(again.percent_change, found.percent_change, atol=1e-8)
    np.testing.assert_allclose(again.cagr, found.cagr, atol=1e-8)
    assert again.reason.tolist() == found.reason.tolist()
    defined = found.reason == ""
    grown = x[:, 0] * (1 + found.cagr / 100) ** (years[-1] - 2010)
    np.testing.assert_allclose(grown[defined], x[defined, -1], rtol=1e-9, atol=1e-9)


def test_nothing_is_changed_in_place() -> None:
    before = SCORES.copy()
    peers = np.array([False, True, True])
    analysis.strengths_weaknesses(SCORES, peers)
    analysis.unit_summary(SCORES, 0, peers)
    analysis.contributions(SCORES, np.ones(4))
    analysis.compare(SCORES[:, 0], SCORES[:, 1])
    trends(SCORES[:, :3], YEARS, 2019, 2020)
    np.testing.assert_array_equal(SCORES, before)
    assert peers.tolist() == [False, True, True]


def test_the_worked_examples_of_the_page_hold() -> None:
    page = doctest.testfile(str(ROOT / "docs/methods/analysis.md"), module_relative=False)
    assert page.failed == 0
    assert page.attempted > 0


def test_one_unit_alone_is_neither_strong_nor_weak_and_first() -> None:
    for by, margin in (("difference", 0.0), ("rank", NAN)):
        found = analysis.strengths_weaknesses(np.array([[5.0]]), by=by, top=1)
        np.testing.assert_array_equal(found.margin, [[margin]])
        assert (found.strengths.tolist(), found.weaknesses.tolist()) == ([[-1]], [[-1]])
    assert analysis.unit_summary(np.array([[5.0]]), 0)["rank"].tolist() == [1]
