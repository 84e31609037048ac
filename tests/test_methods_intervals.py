"""What many draws say of a rank, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.methods import intervals
from pipeline.methods.intervals import convergence, summarise_ranks, summarise_scores
from pipeline.methods.pairs import groups_alike, groups_of_draws, share_above, share_near

RANKS = np.array([[1] * 8 + [2] * 2, [2] * 8 + [1] * 2, [3] * 10])


def test_the_interval_of_a_rank_holds_the_share_of_draws_asked_for() -> None:
    found = summarise_ranks(RANKS, 0.6)  # tails of 20 %: two of ten draws
    assert found.low.tolist() == [1, 1, 3]
    assert found.high.tolist() == [1, 2, 3]
    assert found.median.tolist() == [1, 2, 3]
    assert summarise_ranks(RANKS, 0.9).high.tolist() == [2, 2, 3]


def test_mean_spread_and_distribution_of_ranks_are_those_of_the_draws() -> None:
    found = summarise_ranks(RANKS)
    assert found.mean.tolist() == pytest.approx([1.2, 1.8, 3])
    assert found.sd.tolist() == pytest.approx([0.4, 0.4, 0])
    assert found.distribution.tolist() == [[0.8, 0.2, 0], [0.2, 0.8, 0], [0, 0, 1]]
    assert found.share_within(1).tolist() == [0.8, 0.2, 0]
    assert found.share_within(2).tolist() == pytest.approx([1, 1, 0])


def test_a_unit_that_no_draw_ranks_has_no_interval() -> None:
    found = summarise_ranks(np.array([[1, 1, 1, 1], [0, 0, 0, 0], [0, 2, 2, 0]]))
    assert found.low.tolist() == [1, 0, 2]
    assert found.share_ranked.tolist() == [1, 0, 0.5]
    assert np.isnan(found.mean[1])


def test_scores_are_summarised_over_the_draws_that_have_one() -> None:
    found = summarise_scores(np.array([[1.0, 2, 3, 4, 5], [np.nan, 10, 20, 30, np.nan],
                                       [np.nan] * 5]), 0.5)  # fmt: skip
    assert found.low[:2].tolist() == [2, 15]
    assert found.median[:2].tolist() == [3, 20]
    assert found.high[:2].tolist() == [4, 25]
    assert found.mean[:2].tolist() == [3, 20]
    assert found.sd[0] == pytest.approx(np.sqrt(2))
    assert np.isnan(found.low[2])


def test_being_ahead_counts_a_tie_half_and_only_the_draws_that_rank_both() -> None:
    above = share_above(np.array([[1, 1, 2, 0], [2, 1, 1, 1], [0, 0, 0, 0]]))
    assert above[0, 1] == 0.5  # (1 + 1/2) of three draws
    assert above[1, 0] == 0.5
    assert np.isnan(above[0, 2])
    assert np.isnan(above[0, 0])
    assert share_above(RANKS)[0, 1] == 0.8


@settings(max_examples=200)
@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 10**6))
def test_the_two_halves_of_a_pair_add_to_one_and_intervals_hold_the_median(
    n_units: int, n_draws: int, seed: int
) -> None:
    draws = np.random.default_rng(seed).random((n_draws, n_units))
    ranks = draws.argsort(axis=1).argsort(axis=1).T + 1
    above = share_above(ranks)
    off = ~np.eye(n_units, dtype=bool)
    assert np.allclose((above + above.T)[off], 1)
    found = summarise_ranks(ranks)
    assert (found.low <= found.median).all()
    assert (found.median <= found.high).all()
    for unit in range(n_units):
        held = (ranks[unit] >= found.low[unit]) & (ranks[unit] <= found.high[unit])
        assert held.mean() >= 0.9 - 1e-9


def test_groups_are_the_longest_runs_in_which_nobody_can_be_told_apart() -> None:
    above = np.array([
        [np.nan, 0.7, 0.97, 1.0],
        [0.3, np.nan, 0.8, 0.99],
        [0.03, 0.2, np.nan, 0.9],
        [0.0, 0.01, 0.1, np.nan],
    ])  # fmt: skip
    assert groups_alike(above, np.arange(4)).tolist() == [[0, 1], [1, 2], [2, 3]]
    assert groups_alike(above, np.arange(4), 0.998).tolist() == [[0, 2], [1, 3]]
    assert groups_alike(above, np.arange(4), 0.1).tolist() == []
    assert groups_alike(above, np.arange(0)).shape == (0, 2)


def _ranks(n_units: int, n_draws: int, seed: int) -> np.ndarray:
    """Ranks with ties, and units that some draws do not rank."""
    rng = np.random.default_rng(seed)
    near = np.arange(n_units)[:, None] + rng.integers(0, 4, (n_units, n_draws))
    ranks = 1 + (near[:, None] > near[None]).sum(axis=1)
    missing = rng.random((n_units, n_draws)) < rng.choice([0, 0.3])
    return np.where(missing, 0, np.minimum(ranks, n_units)).astype(np.uint16)


def _share_by_hand(first: np.ndarray, second: np.ndarray) -> float:
    both = (first > 0) & (second > 0)
    a, b = first[both], second[both]
    return float(((a < b).sum() + (a == b).sum() / 2) / a.size) if a.size else np.nan


@settings(max_examples=200)
@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 10**6))
def test_pairs_and_runs_without_a_table_of_all_pairs_are_those_of_the_table(
    n_units: int, n_draws: int, seed: int
) -> None:
    ranks = _ranks(n_units, n_draws, seed)
    above = share_above(ranks)
    for a in range(n_units):
        for b in range(a + 1, n_units):
            np.testing.assert_array_equal(above[a, b], _share_by_hand(ranks[a], ranks[b]))
    order = np.random.default_rng(seed).permutation(n_units)
    near = share_near(ranks, order, 3)
    for i, a in enumerate(order):
        for j in range(3):
            own = above[a, order[i + 1 + j]] if i + 1 + j < n_units else np.nan
            assert near[i, j] == pytest.approx(own, abs=1e-15, nan_ok=True)
    for level in (0.1, 0.5, 0.9):
        runs = groups_alike(above, order, level)
        assert runs.tolist() == groups_of_draws(ranks, order, level).tolist()
        assert runs.tolist() == _runs_by_hand(above, order, level)


def _runs_by_hand(above: np.ndarray, order: np.ndarray, level: float) -> list[list[int]]:
    """Every run in which no pair is apart and that is inside no other."""
    limit, n = (1 + level) / 2, len(order)

    def is_alike(first: int, last: int) -> bool:
        units = order[first : last + 1]
        return not any(above[a, b] > limit for a in units for b in units)

    every = [(i, j) for i in range(n) for j in range(i + 1, n) if is_alike(i, j)]
    return [[i, j] for i, j in every
            if not any((a, b) != (i, j) and a <= i and j <= b for a, b in every)]  # fmt: skip


@settings(max_examples=200)
@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 10**6),
       st.sampled_from([0.01, 0.5, 0.6, 0.8, 0.9, 0.99]))  # fmt: skip
def test_many_units_are_summarised_from_the_ranks_that_occur_as_few_are(
    n_units: int, n_draws: int, seed: int, level: float
) -> None:
    ranks = _ranks(n_units, n_draws, seed)
    few = summarise_ranks(ranks, level)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "MANY_UNITS", 0)
        many = summarise_ranks(ranks, level)
    for name in ("low", "median", "high", "share_ranked"):
        assert getattr(few, name).tolist() == getattr(many, name).tolist()
    for ours, theirs in zip(many.cells(), few.cells(), strict=True):
        assert ours.tolist() == theirs.tolist()
    np.testing.assert_allclose(many.mean, few.mean, rtol=1e-12)
    np.testing.assert_allclose(many.sd, few.sd, atol=1e-6)  # a square root of what cancels
    for k in (1, 3):
        assert many.share_within(k) == pytest.approx(few.share_within(k))
        assert many.share_between(k, n_units) == pytest.approx(few.share_between(k, n_units))


def test_convergence_ends_at_the_interval_of_all_draws() -> None:
    widths, gaps = convergence(RANKS, np.array([5, 10]))
    assert widths.tolist() == pytest.approx([0, 2 / 3])
    assert gaps.tolist() == [1, 0]
    nobody = convergence(np.zeros((2, 4), int), np.array([4]))
    assert np.isnan(nobody[0][0])


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, float("nan")])
def test_a_level_outside_zero_to_one_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        summarise_ranks(RANKS, level)
