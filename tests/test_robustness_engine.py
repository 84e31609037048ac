"""Draws computed together are the draws computed one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.methods.aggregate import climb
from pipeline.methods.rank import rank
from pipeline.methods.ranks import rank_block
from pipeline.robustness.engine import score_block, simulate
from pipeline.robustness.tree import Block, Tree, Way

PARENTS = np.array([5, 5, 6, 6, 7, 7, 7, -1])  # leaves 0-4, pillars 5 and 6, index 7
METHODS = st.sampled_from(
    [("arithmetic", {}), ("geometric", {}), ("harmonic", {}), ("generalised", {"power": 2.0}),
     ("generalised", {"power": 9.0}), ("median", {}), ("mpi", {}), ("copeland", {"lower": 1.0})]
)  # fmt: skip


@st.composite
def ways(draw: st.DrawFn, n_units: int = 6) -> Way:
    score = st.one_of(st.just(np.nan), *[st.floats(40, 100)] * 5)
    leaves = np.array(draw(st.lists(score, min_size=5 * n_units, max_size=5 * n_units)))
    chosen = draw(st.lists(METHODS, min_size=3, max_size=3))
    entered = np.array(draw(st.lists(st.booleans(), min_size=5, max_size=5)))
    return Way(
        leaves.reshape(1, n_units, 5),
        entered,
        np.array(draw(st.lists(st.floats(0.1, 10), min_size=8, max_size=8))),
        [name for name, _ in chosen],
        np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 2 / 3]), min_size=3, max_size=3))),
        [parameters for _, parameters in chosen],
    )


def block(multipliers: np.ndarray, is_out: np.ndarray | None = None) -> Block:
    return Block(multipliers, np.zeros(len(multipliers), int), is_out)


def _plain(rows: np.ndarray) -> Block:
    return block(np.ones((rows.size, 8)))


def _climbed(way: Way, multipliers: np.ndarray) -> Any:
    least = np.maximum(way.min_share - 1e-9, 0)
    return climb(way.leaves[0], PARENTS, way.weights * multipliers, list(way.methods), list(least),
                 way.entered, list(way.parameters))  # fmt: skip


@settings(max_examples=200)
@given(ways(), st.integers(0, 1000))
def test_every_draw_is_what_climbing_the_tree_with_its_weights_gives(way: Way, seed: int) -> None:
    free = replace(way, min_share=np.zeros(3))
    multipliers = np.random.default_rng(seed).uniform(0.75, 1.25, (4, 8))
    found = score_block(Tree(PARENTS, 5), free, block(multipliers))
    for d in range(4):
        alone = _climbed(free, multipliers[d]).scores
        for node in (5, 6, 7):
            np.testing.assert_allclose(found[node][:, d], alone[:, node], rtol=0, atol=1e-10)


@settings(max_examples=200)
@given(ways())
def test_a_node_with_too_little_of_its_weight_is_missing_as_in_the_index(way: Way) -> None:
    found = score_block(Tree(PARENTS, 5), way, block(np.ones((1, 8))))
    alone = _climbed(way, np.ones(8)).scores
    for node in (5, 6, 7):
        np.testing.assert_allclose(found[node][:, 0], alone[:, node], rtol=0, atol=1e-10)


@settings(max_examples=200)
@given(st.lists(st.lists(st.sampled_from([np.nan, 1.0, 1 + 1e-12, 2.0, 2 + 1e-9, 3.0]),
                         min_size=7, max_size=7), min_size=1, max_size=5))  # fmt: skip
def test_ranks_of_a_block_are_those_of_the_published_rule(rows: list[list[float]]) -> None:
    scores = np.array(rows).T
    ranks = rank_block(scores)
    for d in range(scores.shape[1]):
        assert ranks[:, d].tolist() == rank(scores[:, d]).tolist()


def test_a_score_that_a_mean_cannot_take_is_refused_and_never_a_nan() -> None:
    leaves = np.array([[0.0, 1, 1, 1, 1], [2, 2, 2, 2, 2]])
    way = Way(leaves[None], np.ones(5, bool), np.ones(8), ["geometric"] * 3, np.zeros(3))
    with pytest.raises(ValueError, match="geometric"):
        score_block(Tree(PARENTS, 5), way, block(np.ones((3, 8))))


def test_draws_keep_their_order_whatever_way_they_take() -> None:
    rng = np.random.default_rng(1)
    two = [
        Way(rng.uniform(1, 100, (1, 6, 5)), np.ones(5, bool), np.ones(8), [method] * 3, np.zeros(3))
        for method in ("arithmetic", "geometric")
    ]
    taken = rng.integers(0, 2, 300)
    multipliers = rng.uniform(0.5, 1.5, (300, 8))
    found = simulate(Tree(PARENTS, 5), two, taken, lambda rows: block(multipliers[rows]))
    for d in (0, 17, 299):
        alone = climb(two[taken[d]].leaves[0], PARENTS, multipliers[d], two[taken[d]].methods[0])
        np.testing.assert_allclose(found.scores[7][:, d], alone.scores[:, 7], atol=1e-10)
        assert found.ranks[7][:, d].tolist() == rank(alone.scores[:, 7]).tolist()


def test_only_the_nodes_asked_for_are_kept() -> None:
    way = Way(np.ones((1, 3, 5)), np.ones(5, bool), np.ones(8), ["arithmetic"] * 3, np.zeros(3))
    found = simulate(Tree(PARENTS, 5), [way], np.zeros(10, int), _plain, nodes=[7])
    assert list(found.scores) == [7]
    assert found.ranks[7].tolist() == [[1] * 10] * 3


def test_who_is_ranked_and_what_is_missing_is_judged_before_the_draw() -> None:
    # Unit 0 lacks leaf 0, half the weight of pillar 5: enough. In draw 1 it weighs three quarters.
    leaves = np.array([[np.nan, 90, 90, 90, 90], [50, 50, 50, 50, 50.0], [40, 40, 40, 40, 40.0]])
    way = Way(leaves[None], np.ones(5, bool), np.ones(8), ["arithmetic"] * 3, np.full(3, 0.5),
              is_ranked=np.array([True, False, True]))  # fmt: skip
    multipliers = np.ones((2, 8))
    multipliers[1, 0] = 3
    tree = Tree(PARENTS, 5)
    found = simulate(tree, [way], np.zeros(2, int), lambda rows: block(multipliers[rows]))
    assert found.scores[5][0].tolist() == [90, 90]
    assert found.ranks[7].tolist() == [[1, 1], [0, 0], [2, 2]]
    assert found.ranks[5].tolist() == [[1, 1], [2, 2], [3, 3]]  # the nodes below rank everybody


def test_scores_beyond_the_memory_set_aside_are_kept_in_single_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pipeline.robustness.engine.MEMORY_FOR_SCORES", 100)
    way = Way(np.ones((1, 3, 5)), np.ones(5, bool), np.ones(8), ["arithmetic"] * 3, np.zeros(3))
    found = simulate(Tree(PARENTS, 5), [way], np.zeros(9, int), _plain)
    assert found.scores[7].dtype == np.float32


def test_a_set_of_values_is_taken_by_the_draws_that_name_it() -> None:
    rng = np.random.default_rng(2)
    leaves = rng.uniform(1, 100, (3, 4, 5))
    leaves[:, 1, 2] = np.nan
    way = Way(leaves, np.ones(5, bool), np.ones(8), ["arithmetic"] * 3, np.zeros(3))
    found = score_block(Tree(PARENTS, 5), way, Block(np.ones((2, 8)), np.array([2, 0])))
    for d, number in enumerate((2, 0)):
        alone = climb(leaves[number], PARENTS, np.ones(8)).scores
        np.testing.assert_allclose(found[7][:, d], alone[:, 7], atol=1e-10)


@pytest.mark.parametrize("method", ["arithmetic", "geometric", "median"])
def test_a_node_left_out_counts_as_one_that_never_entered(method: str) -> None:
    leaves = np.random.default_rng(3).uniform(1, 100, (1, 6, 5))
    way = Way(leaves, np.ones(5, bool), np.arange(1.0, 9), [method] * 3, np.full(3, 0.5))
    is_out = np.zeros((2, 8), bool)
    is_out[0, 3] = True  # a leaf; in the other draw a pillar with all that is under it
    is_out[1, [2, 3, 6]] = True
    found = score_block(Tree(PARENTS, 5), way, block(np.ones((2, 8)), is_out))
    for d in range(2):
        entered = ~is_out[d, :5]
        alone = climb(leaves[0], PARENTS, way.weights, method, entered=entered).scores
        np.testing.assert_allclose(found[7][:, d], alone[:, 7], atol=1e-10)
