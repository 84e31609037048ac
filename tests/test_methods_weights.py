"""Weights: given, from people and from data, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.methods.weights import budget, equal, hierarchy, rescale
from pipeline.methods.weights_data import critic, entropy, pca, rotate_varimax
from pipeline.methods.weights_target import correlations, target_correlation

EXAMPLES = settings(max_examples=200, deadline=None)
NAN = np.nan
DATA_DRIVEN = [entropy, critic, lambda x: pca(x).weights, lambda x: pca(x, "first").weights]
IDS = ["entropy", "critic", "pca", "first component"]


def panel(seed: int, units: int = 30, columns: int = 6) -> np.ndarray:
    """Two synthetic factors behind three columns each, 0 to 100."""
    generator = np.random.default_rng(seed)
    factors = generator.normal(size=(units, 2))
    belongs = np.arange(columns) % 2
    noise = generator.normal(size=(units, columns)) * generator.uniform(0.3, 0.9, columns)
    x = factors[:, belongs] + noise
    return (x - x.min(axis=0)) / np.ptp(x, axis=0) * 100


def test_weights_are_shares_of_their_sum() -> None:
    assert rescale(np.array([1, 2, 5])).tolist() == [0.125, 0.25, 0.625]
    assert rescale(np.array([1e308, 1e308])).tolist() == [0.5, 0.5]
    assert equal(4).tolist() == [0.25] * 4


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, -1], "column 'b' has a negative weight"),
        ([NAN, 1], "column 'a' has a weight that is not a finite number"),
        ([1, np.inf], "column 'b' has a weight that is not a finite number"),
        ([0, 0], "all weights are zero"),
        ([], "expected one weight per column"),
        ([1, 2, 3], "2 names for 3 weights"),
    ],
)
def test_a_weight_that_is_none_is_refused_by_name(weights: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rescale(np.array(weights, dtype=float), ["a", "b"])


def test_no_columns_have_no_equal_weights() -> None:
    with pytest.raises(ValueError, match="one column at least, not 0"):
        equal(0)


@EXAMPLES
@drawn(
    hnp.arrays(float, st.integers(1, 12), elements=st.just(0.0) | st.floats(1e-290, 1e6)),
    st.floats(1e-6, 1e6),
)
def test_weights_are_relative(weights: np.ndarray, factor: float) -> None:
    assume(weights.max() > 1e-200)
    np.testing.assert_allclose(rescale(weights), rescale(weights * factor), rtol=1e-12, atol=1e-300)
    assert rescale(weights).sum() == pytest.approx(1, abs=1e-12)


def test_a_consistent_hierarchy_gives_its_ratios_back() -> None:
    # a is twice b and six times c, b three times c: weights 6 3 1 of 10, no contradiction
    found = hierarchy(np.array([[1, 2, 6], [1 / 2, 1, 3], [1 / 6, 1 / 3, 1]]))
    assert found.weights == pytest.approx([0.6, 0.3, 0.1], abs=1e-12)
    assert found.consistency_ratio == pytest.approx(0, abs=1e-12)
    assert found.is_consistent
    assert found.largest_eigenvalue == pytest.approx(3, abs=1e-12)


def test_a_contradictory_hierarchy_is_flagged() -> None:
    # A cycle, each 4 times the next. Row sums are all 1 + 4 + 1/4 = 5.25: that is the eigenvalue
    # of equal weights. Ratio (5.25 - 3) / 2 / 0.58.
    found = hierarchy(np.array([[1, 4, 1 / 4], [1 / 4, 1, 4], [4, 1 / 4, 1]]))
    assert found.weights == pytest.approx([1 / 3] * 3, abs=1e-12)
    assert found.consistency_ratio == pytest.approx(2.25 / 2 / 0.58, abs=1e-12)
    assert not found.is_consistent


def test_two_columns_cannot_contradict_each_other() -> None:
    assert hierarchy(np.array([[1, 3], [1 / 3, 1]])).weights == pytest.approx([0.75, 0.25])
    assert hierarchy(np.array([[1.0]])).weights.tolist() == [1.0]
    assert hierarchy(np.array([[1, 3], [1 / 3, 1]])).consistency_ratio == 0


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 3], [0.33, 1]], "column 'a' against column 'b' is 3 and the other way round 0.33"),
        ([[2, 1], [1, 1]], "column 'a' against column 'a' is 2"),
        ([[1, -3], [-1 / 3, 1]], "column 'a' against column 'b' is -3.0: a comparison is a number"),
        ([[1, NAN], [1, 1]], "column 'a' against column 'b' is nan"),
        ([[1, 2]], "a square table of 1 to 15"),
        ([[1.0]], "2 names for 1 columns"),
    ],
)
def test_comparisons_that_are_no_hierarchy_are_refused(matrix: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hierarchy(np.array(matrix), ["a", "b"])


@EXAMPLES
@drawn(hnp.arrays(float, st.integers(2, 9), elements=st.floats(0.1, 9)), st.data())
def test_a_hierarchy_does_not_depend_on_the_order_of_columns(
    weights: np.ndarray, data: st.DataObject
) -> None:
    noise = data.draw(hnp.arrays(float, (weights.size,) * 2, elements=st.floats(0.8, 1.25)))
    upper = np.triu(weights[:, None] / weights * noise, 1)
    matrix = upper + np.eye(weights.size)
    matrix = np.where(upper.T > 0, 1 / np.where(upper.T > 0, upper.T, 1), matrix)
    order = np.array(data.draw(st.permutations(range(weights.size))))
    found, turned = hierarchy(matrix), hierarchy(matrix[np.ix_(order, order)])
    np.testing.assert_allclose(found.weights[order], turned.weights, atol=1e-9)
    assert found.consistency_ratio == pytest.approx(turned.consistency_ratio, abs=1e-9)


def test_each_expert_counts_the_same_however_many_points_were_given() -> None:
    # shares 0.5 0.5, then 0.1 0.9: mean 0.3 0.7, each 0.2 off, variance 2 * 0.04 / (2 - 1)
    found = budget(np.array([[50, 50], [1, 9]]))
    assert found.weights == pytest.approx([0.3, 0.7], abs=1e-15)
    assert found.spread == pytest.approx([np.sqrt(0.08)] * 2, abs=1e-15)
    assert found.lowest == pytest.approx([0.1, 0.5])
    assert found.highest == pytest.approx([0.5, 0.9])
    assert np.isnan(budget(np.array([[1, 3]])).spread).all()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[1, 1], [1, -1]], "expert 'Lan': column 'b' has a negative weight"),
        ([[1, 1], [NAN, 1]], "expert 'Lan': column 'a' has a weight that is not a finite number"),
        ([[0, 0], [1, 1]], "expert 'An': all weights are zero"),
        ([1, 2], "a table of experts by columns"),
    ],
)
def test_points_that_are_none_are_refused_with_the_expert(points: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        budget(np.array(points, dtype=float), ["a", "b"], ["An", "Lan"])


def test_entropy_weighs_uneven_columns_more() -> None:
    # a: shares 1/2 1/2 0 0, entropy ln 2 / ln 4 = 1/2, left 1/2.
    # b: shares 1 0 0 0, entropy 0, left 1. Weights 1/3 and 2/3; the unit plays no part.
    x = np.array([[5, 7000], [5, 0], [0, 0], [0, 0]])
    assert entropy(x) == pytest.approx([1 / 3, 2 / 3], abs=1e-15)


def test_entropy_leaves_out_what_is_missing() -> None:
    # b has two observed units: shares 1 0 of two, entropy 0; a as above
    x = np.array([[5, 3], [5, NAN], [0, 0], [0, NAN]])
    assert entropy(x) == pytest.approx([1 / 3, 2 / 3], abs=1e-15)


def test_critic_weighs_contrast_and_conflict() -> None:
    # On 0-1: a and b 0 1/2 1, c 1 0 1/2. All deviate by sqrt(1/6). r(a,b) = 1,
    # r(a,c) = r(b,c) = -1/2. Conflict a 1.5, b 1.5, c 3: weights 1/4 1/4 1/2.
    x = np.array([[0, 10, 2], [1, 20, 0], [2, 30, 1.0]])
    assert critic(x) == pytest.approx([0.25, 0.25, 0.5], abs=1e-12)
    assert critic(x[:, :1]).tolist() == [1.0]


def test_critic_correlates_over_the_units_that_both_have() -> None:
    x = np.array([[0, 10, 2], [1, 20, 0], [2, 30, 1], [1, NAN, NAN]])
    # a now has 0 1/2 1 1/2: deviation sqrt(1/8); conflicts stay
    parts = np.array([1.5 * np.sqrt(1 / 8), 1.5 * np.sqrt(1 / 6), 3 * np.sqrt(1 / 6)])
    assert critic(x) == pytest.approx(parts / parts.sum(), abs=1e-12)


def test_columns_that_agree_or_never_meet_have_no_critic_weights() -> None:
    with pytest.raises(ValueError, match="agree perfectly"):
        critic(np.array([[0, 1], [1, 2], [2, 3.0]]))
    with pytest.raises(ValueError, match="column 'a' and column 'b' do not vary together"):
        critic(np.array([[0, NAN], [1, 2], [NAN, 3], [2, 5]]), ["a", "b"])


def test_the_first_component_of_two_columns_weighs_them_equally() -> None:
    # Correlation r: eigenvalues 1 + r and 1 - r, both loadings sqrt((1 + r) / 2)
    x = np.array([[0, 0], [1, 2], [2, 1], [3, 3.0]])  # r = 0.8
    found = pca(x, "first")
    assert found.weights == pytest.approx([0.5, 0.5], abs=1e-12)
    assert found.eigenvalues == pytest.approx([1.8, 0.2], abs=1e-12)
    assert found.loadings[:, 0] == pytest.approx([np.sqrt(0.9)] * 2, abs=1e-12)
    assert found.explained == pytest.approx([0.9], abs=1e-12)


def test_each_column_is_weighed_on_the_component_it_belongs_to() -> None:
    # a and b are one column, c and d another, uncorrelated with the first: after rotation each
    # loads 1 on its own component. Unrotated, every loading would be sqrt(1/2).
    x = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [-1, -1, 1, 1], [-1, -1, -1, -1.0]])
    found = pca(x)
    assert found.weights == pytest.approx([0.25] * 4, abs=1e-12)
    assert found.eigenvalues == pytest.approx([2, 2, 0, 0], abs=1e-12)
    assert np.sort(found.loadings, axis=1) == pytest.approx(np.array([[0, 1]] * 4), abs=1e-9)
    assert found.explained == pytest.approx([0.5, 0.5], abs=1e-12)


def test_rotation_finds_the_simple_structure_that_was_turned_away() -> None:
    simple = np.array([[0.9, 0], [0.8, 0], [0, 0.7], [0, 0.6]])
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    assert np.abs(rotate_varimax(simple @ turn)) == pytest.approx(simple, abs=1e-9)


def test_components_that_cancel_point_where_the_first_column_does() -> None:
    found = pca(np.array([[0, 3], [1, 2], [2, 1], [3, 0.0]]), "first")
    assert found.loadings[:, 0] == pytest.approx([1, -1], abs=1e-12)


def test_components_leave_out_units_with_a_gap_and_say_how_many_they_used() -> None:
    x = panel(1)
    holed = np.vstack([x, [[NAN, *x[0, 1:]]]])
    assert pca(holed).n_used == 30
    np.testing.assert_array_equal(pca(holed).weights, pca(x).weights)


@EXAMPLES
@drawn(st.integers(0, 2**32), st.data())
def test_component_weights_have_one_sign_whatever_the_direction_or_order(
    seed: int, data: st.DataObject
) -> None:
    x = panel(seed)
    rows = np.array(data.draw(st.permutations(range(x.shape[0]))))
    columns = np.array(data.draw(st.permutations(range(x.shape[1]))))
    signs = np.array(data.draw(st.lists(st.sampled_from([-1, 1]), min_size=6, max_size=6)))
    for kind in ("rotated", "first"):
        straight = pca(x, kind)
        turned = pca((x * signs)[rows][:, columns] * 7, kind)
        assert (straight.weights >= 0).all()
        np.testing.assert_allclose(straight.weights[columns], turned.weights, atol=1e-8)
        assert (straight.loadings.sum(axis=0) > 0).all()


@EXAMPLES
@drawn(st.integers(0, 2**32), st.data())
def test_entropy_and_critic_do_not_depend_on_order_or_unit(seed: int, data: st.DataObject) -> None:
    x = panel(seed, units=12, columns=4)
    rows = np.array(data.draw(st.permutations(range(12))))
    columns = np.array(data.draw(st.permutations(range(4))))
    units = np.array([1, 1e-6, 1e6, 3])
    for method in (entropy, critic):
        straight, turned = method(x), method((x * units)[rows][:, columns])
        np.testing.assert_allclose(straight[columns], turned, atol=1e-12)
        assert straight.sum() == pytest.approx(1)
        assert (straight >= 0).all()


@pytest.mark.parametrize("method", DATA_DRIVEN, ids=IDS)
@pytest.mark.parametrize(
    ("second", "message"),
    [
        ([4, 4, 4, 4], "column 1 is constant"),
        ([1, 2, np.inf, 4], "column 1 holds an infinite value"),
        ([NAN] * 4, "column 1 has no observed value|0 units have every column"),
    ],
)
def test_a_column_that_says_nothing_is_refused(
    method: Callable, second: list[float], message: str
) -> None:
    x = np.column_stack([[1, 2, 3, 5], second]).astype(float)
    before = x.copy()
    with pytest.raises(ValueError, match=message):
        method(x)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entropy(np.array([[1, -1], [2, 3]]), ["a", "b"]), "column 'b' has negative"),
        (lambda: pca(np.ones((5, 2)), "third"), "rotated or first, not 'third'"),
        (lambda: pca(np.ones(5)), "must have the shape"),
        (lambda: pca(np.ones((5, 2)), names=["a"]), "1 names were given for 2 columns"),
        (lambda: pca(np.ones((5, 2)), names=["a", "b"]), "column 'a' is constant.*\ncolumn 'b' is"),
    ],
)
def test_what_data_driven_weights_cannot_use_is_refused(call: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def correlation_by_hand(x: np.ndarray, weights: np.ndarray, j: int) -> float:
    composite = x @ weights / weights.sum()
    return float(np.corrcoef(x[:, j], composite)[0, 1])


def test_two_columns_are_equally_correlated_under_weights_inverse_to_their_spread() -> None:
    # cov(a, wa + vb) / sd(a) = w sd(a) + v r sd(b): equal for both if w sd(a) = v sd(b)
    x = np.array([[0, 0], [2, 1], [4, 6], [6, 5.0]])
    found = target_correlation(x, ["a", "b"], {"b": 1, "a": 1})
    spread = x.std(axis=0)
    assert found.weights["a"] / found.weights["b"] == pytest.approx(spread[1] / spread[0])
    assert found.achieved["a"] == pytest.approx(found.achieved["b"], abs=1e-9)
    assert found.is_reached
    assert found.targets == pytest.approx(found.achieved)


@settings(max_examples=200, deadline=None)
@drawn(st.integers(0, 2**32), st.permutations(["VN-HN", "Đà", "c", "d"]), st.booleans())
def test_optimised_weights_are_not_negative_and_belong_to_their_codes(
    seed: int, order: list[str], is_relative: bool
) -> None:
    codes = ["VN-HN", "Đà", "c", "d"]
    x = panel(seed, units=15, columns=4)
    targets = {"VN-HN": 0.9, "Đà": 0.3, "c": 0.5, "d": 0.6}
    found = target_correlation(x, codes, targets, is_relative)
    assert min(found.weights.values()) >= 0
    assert sum(found.weights.values()) == pytest.approx(1)
    weights = np.array([found.weights[c] for c in codes])
    for j, code in enumerate(codes):
        assert found.achieved[code] == pytest.approx(correlation_by_hand(x, weights, j), abs=1e-9)
    turned = target_correlation(x[:, [codes.index(c) for c in order]], order, targets, is_relative)
    assert turned.weights == pytest.approx(found.weights, abs=1e-4)


def test_correlation_targets_that_can_be_met_are_met() -> None:
    x = panel(3, columns=4)
    aim = np.array([0.1, 0.2, 0.3, 0.4])
    codes = list("abcd")
    wanted = {c: correlation_by_hand(x, aim, j) for j, c in enumerate(codes)}
    found = target_correlation(x, codes, wanted, is_relative=False)
    assert found.is_reached
    assert [found.weights[c] for c in codes] == pytest.approx(aim.tolist(), abs=1e-6)


def test_targets_out_of_reach_are_said_to_be() -> None:
    opposite = np.array([[0, 4], [1, 3], [2, 2], [3, 1], [4, 0.0]])
    found = target_correlation(opposite, ["a", "b"], {"a": 1, "b": 1})
    assert not found.is_reached


def test_a_target_weight_with_gaps_uses_what_each_unit_has() -> None:
    x = panel(8, columns=3)
    x[::5, 0] = NAN
    x[0, :] = NAN
    found = target_correlation(x, list("abc"), dict.fromkeys("abc", 1.0))
    assert found.is_reached
    r, _ = correlations(np.array(list(found.weights.values())), x)
    assert r.tolist() == pytest.approx(list(found.achieved.values()))


def test_how_weights_move_the_correlations_is_right() -> None:
    x = panel(5, columns=3)
    x[2, 1] = NAN
    w, step = np.array([0.2, 0.5, 0.3]), 1e-6
    for k in range(3):
        shift = np.eye(3)[k] * step
        numeric = (correlations(w + shift, x)[0] - correlations(w - shift, x)[0]) / (2 * step)
        np.testing.assert_allclose(correlations(w, x)[1][:, k], numeric, atol=1e-8)
    # without weight on the only column a unit has, no unit has a mean beside column 0's
    apart = np.array([[1, NAN], [2, NAN], [NAN, 1], [NAN, 2.0]])
    assert correlations(np.array([1.0, 0.0]), apart)[0].tolist() == pytest.approx([1, 0])


@pytest.mark.parametrize(
    ("codes", "targets", "is_relative", "message"),
    [
        (["a", "a"], {"a": 1}, True, "column 'a' is there twice"),
        (["a", "b"], {"a": 1}, True, "'b' has no target"),
        (["a", "b"], {"a": 1, "b": 1, "c": 1}, True, "'c' has a target but is no column"),
        (["a", "b"], {"a": 1, "b": 0}, True, "the target of 'b' must be above 0, not 0"),
        (["a", "b"], {"a": 1, "b": NAN}, True, "the target of 'b' must be above 0, not nan"),
        (["a", "b"], {"a": 1, "b": 1.1}, False, "'b' must be above 0 and at most 1, not 1.1"),
    ],
)
def test_targets_that_do_not_fit_are_refused(
    codes: list[str], targets: dict[str, float], is_relative: bool, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        target_correlation(panel(1, columns=2), codes, targets, is_relative)
