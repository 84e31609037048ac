"""Aggregation: numbers worked out by hand, properties of means, and the same as the SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.methods import relative
from pipeline.methods.aggregate import PARAMETERS, aggregate, climb
from pipeline.methods.rank import rank
from pipeline.methods.relative import benefit_of_the_doubt
from tests.conftest import ROOT, given
from tests.steps import run

EXAMPLES = settings(max_examples=200, deadline=None)
NAN = np.nan
DEFAULTS: dict[str, dict[str, Any]] = {"generalised": {"power": 2}}
MEANS = [
    ("arithmetic", {}),
    ("geometric", {}),
    ("harmonic", {}),
    ("median", {}),
    *(("generalised", {"power": p}) for p in (-300, -1, -0.5, -1e-12, 0, 1e-12, 0.5, 1, 3, 300)),
]
METHODS = [(m, DEFAULTS.get(m, {})) for m in PARAMETERS]


@st.composite
def panels(draw: st.DrawFn, units: int = 8, lowest: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """A table with gaps and ties, and weights that add exactly."""
    n, m = draw(st.integers(1, units)), draw(st.integers(1, 6))
    cells = st.one_of(
        st.just(NAN), st.sampled_from([lowest, 5.1, 5.1000000000000005]), st.floats(lowest, 100)
    )
    x = draw(hnp.arrays(float, (n, m), elements=cells))
    return x, np.array(draw(st.lists(st.integers(1, 5), min_size=m, max_size=m)), dtype=float)


@pytest.mark.parametrize(
    ("method", "parameters", "score"),
    [
        ("arithmetic", {}, (1 + 2 * 4) / 3),
        ("geometric", {}, (1 * 4 * 4) ** (1 / 3)),
        ("harmonic", {}, 3 / (1 + 2 / 4)),
        ("generalised", {"power": 2}, ((1 + 2 * 16) / 3) ** 0.5),
        ("generalised", {"power": -2}, ((1 + 2 / 16) / 3) ** -0.5),
        ("generalised", {"power": 1}, 3),
        ("generalised", {"power": 0}, 16 ** (1 / 3)),
        ("median", {}, 4),  # a third of the weight at 1, two thirds at 4
        ("mpi", {}, 3 - (4 + 2 * 1) / 3 / 3),  # mean 3, deviations 2 and 1 twice, variance 2
        ("mpi", {"penalty": 1}, 3 + 2 / 3),
        ("copeland", {}, NAN),  # nobody to compare with
        ("benefit_of_the_doubt", {}, 100),  # alone at the frontier
    ],
)
def test_two_children_of_weight_one_and_two(method: str, parameters: dict, score: float) -> None:
    found = aggregate(np.array([[1, 4.0]]), np.array([1, 2]), method, **parameters)
    assert found == pytest.approx([score], abs=1e-12, nan_ok=True)


def test_the_median_between_two_halves_of_the_weight_is_their_midpoint() -> None:
    x = np.array([[1, 2, 3, 10.0], [1, 2, NAN, 10]])
    assert aggregate(x, np.ones(4), "median").tolist() == [2.5, 2]
    assert aggregate(x, np.array([3, 1, 1, 1]), "median").tolist() == [1.5, 1]


@pytest.mark.parametrize(("method", "parameters"), METHODS)
def test_a_missing_child_is_skipped_the_same_way_by_every_method(
    method: str, parameters: dict
) -> None:
    # The first unit's score is what it would be without the second column at all.
    x = np.array([[20, NAN, 60, 40], [30, NAN, 10, 50], [90, NAN, 20, 10.0]])
    w = np.array([1, 1, 2, 1.0])
    with_gap = aggregate(x, w, method, **parameters)
    without = aggregate(x[:, [0, 2, 3]], w[[0, 2, 3]], method, **parameters)
    np.testing.assert_allclose(with_gap, without, rtol=1e-12)
    assert not np.isnan(with_gap).any()


@pytest.mark.parametrize(("method", "parameters"), METHODS)
def test_below_its_share_of_weight_a_unit_has_no_score(method: str, parameters: dict) -> None:
    # present weights: 2/4, 1/4, 3/4, 0, 4/4; the threshold itself is enough
    x = np.array(
        [[9, NAN, NAN], [NAN, 8, NAN], [7, 3, NAN], [NAN, NAN, NAN], [1, 2, 3.0]]
    )  # fmt: skip
    w = np.array([2, 1, 1.0])

    def scored(share: float) -> list[bool]:
        found = aggregate(x, w, method, share, **parameters)
        return (~np.isnan(found)).tolist()

    assert scored(0.5) == [True, False, True, False, True]
    assert scored(0) == [True, True, True, False, True]
    assert scored(1) == ([False] * 5 if method == "copeland" else [*[False] * 4, True])


def test_the_threshold_does_not_hang_on_how_weights_add() -> None:
    # 0.1 + 0.2 + 0.3 is 0.6000000000000001 in that order and 0.6 in the other
    x = np.array([[NAN, NAN, 1.0]])
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        w = np.array([0.1, 0.2, 0.3])[order]
        assert aggregate(x[:, order], w, min_share=0.5).tolist() == [1]


def test_a_unit_without_a_score_is_no_peer_of_the_others() -> None:
    x = np.array([[1, 1, 1], [2, 2, 2], [NAN, NAN, 9.0]])
    assert aggregate(x, np.ones(3), "copeland") == pytest.approx([0, 100, NAN], nan_ok=True)
    found = aggregate(x, np.ones(3), "benefit_of_the_doubt")
    assert found == pytest.approx([50, 100, NAN], nan_ok=True)


def test_a_child_of_weight_zero_does_not_count() -> None:
    x = np.array([[1, 4, -5], [2, 2, NAN], [3, 3, 0.0]])
    for method, parameters in METHODS:
        found = aggregate(x, np.array([1, 2, 0.0]), method, **parameters)
        without = aggregate(x[:, :2], np.array([1, 2.0]), method, **parameters)
        np.testing.assert_array_equal(found, without)


@pytest.mark.parametrize(
    ("method", "parameters", "value", "message"),
    [
        ("geometric", {}, 0, "column 'b' has values that a geometric mean cannot take"),
        ("harmonic", {}, -1, "column 'b' has values that a harmonic mean cannot take"),
        ("generalised", {"power": 0}, 0, "column 'b' has values that a geometric mean"),
        ("generalised", {"power": -2}, 0, "column 'b' .* power -2 .* needs values above 0"),
        ("generalised", {"power": 2}, -1, "column 'b' .* power 2 .* needs values of 0 or more"),
        ("mpi", {}, -1, "column 'b' has values that a Mazziotta-Pareto index cannot take"),
        ("benefit_of_the_doubt", {}, -1, "column 'b' .* needs values of 0 or more"),
        ("benefit_of_the_doubt", {"upper": 0.9}, 0, "column 'b' .* above 0 when pie shares are"),
        ("benefit_of_the_doubt", {"lower": 0.1}, 0, "column 'b' .* above 0 when pie shares are"),
        ("arithmetic", {}, np.inf, "column 'b' holds an infinite value"),
    ],
)
def test_a_value_outside_the_scale_of_a_method_is_refused_by_name(
    method: str, parameters: dict, value: float, message: str
) -> None:
    x = np.array([[1, 2], [1, value]])
    with pytest.raises(ValueError, match=message):
        aggregate(x, np.ones(2), method, names=["a", "b"], **parameters)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: aggregate(x, np.ones(2), "mean"), "no aggregation method 'mean'; choose from"),
        (lambda x: aggregate(x, np.ones(2), power=2), "'arithmetic' has no parameter 'power'"),
        (lambda x: aggregate(x, np.ones(2), "mpi", power=2), "it takes: penalty"),
        (lambda x: aggregate(x, np.ones(2), "mpi", penalty=0), "'penalty' is -1 .* not 0"),
        (lambda x: aggregate(x, np.ones(2), "generalised"), "needs a finite 'power', not None"),
        (lambda x: aggregate(x, np.ones(3)), "3 weights for 2 columns"),
        (lambda x: aggregate(x, np.ones(2), min_share=1.1), "between 0 and 1, not 1.1"),
        (lambda x: aggregate(x, np.ones(2), "copeland", lower=1, upper=1), "must be below"),
        (lambda x: benefit_of_the_doubt(x, lower=0.6, upper=0.5), "0 <= lower <= upper <= 1"),
        (lambda x: benefit_of_the_doubt(x, lower=0.6), "lower ones add to 1.2"),
        (lambda x: benefit_of_the_doubt(x, upper=0.4), "upper ones to 0.8"),
    ],
)
def test_what_cannot_be_aggregated_is_refused(call: Callable, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.array([[1, 2], [3, 4.0]]))


@EXAMPLES
@drawn(panels(), st.sampled_from(MEANS), st.data())
def test_a_mean_lies_between_its_children_and_rises_with_them(
    panel: tuple[np.ndarray, np.ndarray], method: tuple[str, dict], data: st.DataObject
) -> None:
    x, w = panel
    before = x.copy()
    found = aggregate(x, w, method[0], 0, **method[1])
    np.testing.assert_array_equal(x, before)
    seen = ~np.isnan(x).all(axis=1)
    assert (np.isnan(found) == ~seen).all()
    assert (found[seen] >= np.nanmin(x[seen], axis=1)).all()
    assert (found[seen] <= np.nanmax(x[seen], axis=1)).all()
    j = data.draw(st.integers(0, x.shape[1] - 1))
    higher = x.copy()
    higher[:, j] += 7
    raised = aggregate(higher, w, method[0], 0, **method[1])
    assert (raised[seen] >= found[seen] * (1 - 1e-12)).all()


@EXAMPLES
@drawn(panels(units=6), st.sampled_from(METHODS), st.data())
def test_the_order_of_rows_and_columns_changes_no_score(
    panel: tuple[np.ndarray, np.ndarray], method: tuple[str, dict], data: st.DataObject
) -> None:
    x, w = panel
    rows = np.array(data.draw(st.permutations(range(x.shape[0]))))
    columns = np.array(data.draw(st.permutations(range(x.shape[1]))))
    found = aggregate(x, w, method[0], 0.4, **method[1])
    turned = aggregate(x[rows][:, columns], w[columns], method[0], 0.4, **method[1])
    np.testing.assert_allclose(found[rows], turned, rtol=1e-9)


@EXAMPLES
@drawn(panels(), st.sampled_from(METHODS), st.floats(1e-3, 1e3))
def test_weights_are_relative_in_every_method(
    panel: tuple[np.ndarray, np.ndarray], method: tuple[str, dict], factor: float
) -> None:
    x, w = panel
    found = aggregate(x, w, method[0], 0.45, **method[1])
    np.testing.assert_allclose(
        found, aggregate(x, w * factor, method[0], 0.45, **method[1]), rtol=1e-12
    )


@EXAMPLES
@drawn(panels(), st.floats(-30, 30))
def test_generalised_means_rise_with_their_power(
    panel: tuple[np.ndarray, np.ndarray], power: float
) -> None:
    x, w = panel
    seen = ~np.isnan(x).all(axis=1)
    lower = aggregate(x, w, "generalised", 0, power=power)[seen]
    higher = aggregate(x, w, "generalised", 0, power=power + 0.5)[seen]
    assert (lower <= higher * (1 + 1e-9)).all()


def test_a_power_too_small_for_its_digits_is_the_geometric_mean() -> None:
    x, w = np.array([[0.5, 1.0]]), np.ones(2)
    for power in (5e-324, -5e-324, 0.0):
        assert aggregate(x, w, "generalised", power=power) == pytest.approx([0.5**0.5])


def test_the_page_of_the_step_lists_every_method_and_parameter() -> None:
    lines = (ROOT / "docs/methods/aggregate.md").read_text("utf-8").splitlines()
    for method, parameters in PARAMETERS.items():
        row = next(line for line in lines if line.startswith(f"| `{method}`"))
        assert all(f"`{name}`" in row for name in parameters)


@pytest.mark.parametrize("scale", [1e-300, 1, 1e300])
@pytest.mark.parametrize(("method", "parameters"), MEANS)
def test_huge_and_tiny_scales_lose_nothing(method: str, parameters: dict, scale: float) -> None:
    x, w = np.array([[1, 4, 2.5], [7, NAN, 7]]), np.array([1, 2, 4.0])
    straight = aggregate(x, w, method, **parameters)
    np.testing.assert_allclose(
        aggregate(x * scale, w, method, **parameters) / scale, straight, rtol=1e-11
    )
    assert straight[1] == 7


def test_a_generalised_mean_of_zeros_is_zero() -> None:
    x = np.array([[0, 0], [0, 8.0]])
    found = aggregate(x, np.ones(2), "generalised", power=3)
    assert found == pytest.approx([0, (8**3 / 2) ** (1 / 3)])
    assert aggregate(np.zeros((1, 2)), np.ones(2), "mpi").tolist() == [0]


def test_copeland_counts_comparisons_over_the_columns_both_have() -> None:
    # weights 2 1 1. a-b: 2 for a, 2 for b, a tie. a-c: over y and z only, both for a.
    # b-c: y for c, z for b, a tie. Wins (ties half): a 1.5 of 2, b 1 of 2, c 0.5 of 2.
    x = np.array([[9, 5, 5], [1, 6, 6], [NAN, 4, 1.0]])
    x[2, 1] = 7
    # a-c: y for c, z for a: a tie as well; b-c: y for c, z for b, a tie. So all at 50.
    assert aggregate(x, np.array([2, 1, 1]), "copeland").tolist() == [50, 50, 50]
    x[2, 1] = 4  # now a and b beat c in y and in z
    found = aggregate(x, np.array([2, 1, 1]), "copeland")
    assert found.tolist() == [75, 75, 0]
    net = aggregate(x, np.array([2, 1, 1]), "copeland", lower=-2, upper=2)
    assert net.tolist() == [1, 1, -2]  # wins minus losses


def test_copeland_takes_values_equal_to_ten_decimals_for_equal() -> None:
    x = np.array([[5.1], [5.1000000000000005], [5.2]])
    assert aggregate(x, np.ones(1), "copeland").tolist() == [25, 25, 100]


def test_copeland_with_missing_values_does_not_depend_on_the_order_of_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = np.random.default_rng(7)
    x = generator.integers(0, 9, size=(40, 6)).astype(float)
    x[generator.random(x.shape) < 0.3] = NAN
    w = np.array([0.1, 0.2, 0.3, 0.4, 0.1, 0.7])
    straight = aggregate(x, w, "copeland", 0)
    monkeypatch.setattr(relative, "BLOCK_CELLS", 130)  # three rows at a time
    for _ in range(10):
        order = generator.permutation(40)
        np.testing.assert_array_equal(straight[order], aggregate(x[order], w, "copeland", 0))


@EXAMPLES
@drawn(panels(units=6), st.sampled_from(["copeland", "benefit_of_the_doubt"]), st.data())
def test_a_better_child_never_costs_a_unit_anything(
    panel: tuple[np.ndarray, np.ndarray], method: str, data: st.DataObject
) -> None:
    x, w = panel
    i, j = (data.draw(st.integers(0, size - 1)) for size in x.shape)
    higher = x.copy()
    higher[i, j] += 7
    found, raised = aggregate(x, w, method, 0), aggregate(higher, w, method, 0)
    assert np.isnan(found[i]) == np.isnan(raised[i])
    assert np.isnan(found[i]) or raised[i] >= found[i] - 1e-9


def test_units_that_share_nothing_are_not_compared() -> None:
    x = np.array([[1, NAN], [2, NAN], [NAN, 3.0]])
    found = aggregate(x, np.ones(2), "copeland", 0)
    assert found == pytest.approx([0, 100, NAN], nan_ok=True)


def test_the_benefit_of_the_doubt_is_the_best_ratio_to_a_frontier() -> None:
    # One column: the share of the highest. Two columns: (4, 1) and (1, 4) are the frontier
    # v x <= 1 with v = (1/5, 1/5) between them: (2, 2) scores 4/5, (1, 1) 2/5.
    one = aggregate(np.array([[2], [8], [0.0]]), np.ones(1), "benefit_of_the_doubt")
    assert one == pytest.approx([25, 100, 0], abs=1e-12)
    x = np.array([[4, 1], [1, 4], [2, 2], [1, 1.0]])
    scores, shares = benefit_of_the_doubt(x)
    assert scores == pytest.approx([100, 100, 80, 40], abs=1e-9)
    assert shares[2:] == pytest.approx(np.full((2, 2), 0.5), abs=1e-9)
    assert benefit_of_the_doubt(x, scale=1)[0] == pytest.approx([1, 1, 0.8, 0.4], abs=1e-9)


def test_pie_shares_keep_their_bounds() -> None:
    # (4, 1) with half of its score from each column: 4 a = b, at most 1 for (1, 4):
    # a + 16 a <= 1, a = 1/17, score 8/17.
    x = np.array([[4, 1], [1, 4.0]])
    scores, shares = benefit_of_the_doubt(x, lower=0.5)
    assert scores == pytest.approx([800 / 17] * 2, abs=1e-9)
    assert shares == pytest.approx(np.full((2, 2), 0.5), abs=1e-9)
    scores, shares = benefit_of_the_doubt(x, lower=np.array([0.2, 0.3]), upper=0.75)
    assert (shares >= [0.2 - 1e-7, 0.3 - 1e-7]).all()
    assert (shares <= 0.75 + 1e-7).all()


def test_upper_bounds_are_raised_where_a_value_is_missing() -> None:
    x = np.array([[4, 1, NAN], [1, 4, 2.0]])
    scores, shares = benefit_of_the_doubt(x, upper=0.4)
    assert shares[0] == pytest.approx([0.5, 0.5, NAN], nan_ok=True, abs=1e-9)
    assert scores[0] == pytest.approx(800 / 17, abs=1e-6)


def test_a_unit_without_values_has_no_benefit_of_the_doubt() -> None:
    scores, shares = benefit_of_the_doubt(np.array([[NAN, NAN], [1, 2.0]]))
    assert scores == pytest.approx([NAN, 100], nan_ok=True)
    assert np.isnan(shares[0]).all()


def test_a_solver_that_gives_up_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class GaveUp:
        success, message = False, "time limit"

    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, **__: GaveUp())
    with pytest.raises(ValueError, match="no weights found for unit 0: time limit"):
        benefit_of_the_doubt(np.array([[1, 2.0]]))


def test_a_unit_on_the_frontier_scores_the_top_to_the_last_bit() -> None:
    x = np.array([[4, 4, 2], [2, 8, 8], [5, 8, 4], [8, 1, 5.0]])  # the third unit is on it
    assert (benefit_of_the_doubt(x)[0] <= 100).all()


@EXAMPLES
@drawn(panels(units=6), st.sampled_from([1e-3, 1, 1e3]))
def test_the_benefit_of_the_doubt_stays_below_the_frontier_in_any_unit(
    panel: tuple[np.ndarray, np.ndarray], unit: float
) -> None:
    scores, shares = benefit_of_the_doubt(panel[0])
    seen = ~np.isnan(scores)
    assert (scores[seen] <= 100).all()
    assert (scores[seen] > 0).all()
    np.testing.assert_allclose(np.nansum(shares[seen], axis=1), 1, rtol=1e-12)
    units = np.ones(panel[0].shape[1])
    units[0] = unit
    np.testing.assert_allclose(benefit_of_the_doubt(panel[0] * units)[0], scores, rtol=1e-7)


# A tree of three leaves a b c and nodes 3 (a, b) and 4 (3, c), the top.
PARENTS = [3, 3, 4, 4, -1]


def test_a_ragged_tree_is_climbed_by_hand() -> None:
    # first unit: node 3 = (1*10 + 3*30) / 4 = 25, top = (25 + 60) / 2. Second: b missing, weight
    # 3 of 4, so node 3 is missing; the top is c, half of the weight; observed 1/4 of a half + 1/2.
    x = np.array([[10, 30, 60], [10, NAN, 60.0]])
    found = climb(x, PARENTS, np.array([1, 3, 1, 1, 1]))
    assert found.scores[:, 3:] == pytest.approx(np.array([[25, 42.5], [NAN, 60]]), nan_ok=True)
    assert found.coverage[:, 3:].tolist() == [[1, 1], [0.25, 0.625]]
    np.testing.assert_array_equal(found.scores[:, :3], x)


def test_each_node_has_its_own_method_threshold_and_parameters() -> None:
    x = np.array([[10, 40, 60], [10, NAN, 60.0]])
    found = climb(
        x,
        PARENTS,
        np.ones(5),
        ["geometric", "generalised"],
        min_share=[0.75, 0],
        parameters=[{}, {"power": 2}],
    )
    # sqrt(10 * 40) = 20; sqrt((400 + 3600) / 2); b missing: half is less than three quarters
    expected = np.array([[20, np.sqrt(2000)], [NAN, 60]])
    assert found.scores[:, 3:] == pytest.approx(expected, nan_ok=True)


def test_several_methods_serve_inside_one_level() -> None:
    x = np.array([[1, 4, 2, 8.0]])
    found = climb(x, [4, 4, 5, 5, 6, 6, -1], np.ones(7), ["harmonic", "geometric", "arithmetic"])
    assert found.scores[0, 4:] == pytest.approx([1.6, 4, 2.8])


def test_a_leaf_that_did_not_enter_is_outside_the_entered_weight() -> None:
    x = np.array([[10, 99, 60.0]])
    found = climb(x, PARENTS, np.ones(5), entered=np.array([True, False, True]))
    assert found.scores[0].tolist() == pytest.approx([10, NAN, 60, 10, 35], nan_ok=True)
    assert found.coverage[0, 3:].tolist() == [1, 1]
    assert found.coverage_declared[0, 3:].tolist() == [0.5, 0.75]
    none = climb(x, PARENTS, np.ones(5), entered=np.array([False, False, True]))
    assert none.is_entered.tolist() == [False, False, True, False, True]
    assert none.scores[0, 3:].tolist() == pytest.approx([NAN, 60], nan_ok=True)
    assert none.coverage[0, 3:].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("parents", "options", "message"),
    [
        ([3, 3, 4, 4, 9], {}, "node 'top' has parent 9, which is not an inner node"),
        ([3, 0, 4, 4, -1], {}, "node 'b' has parent 0, which is not an inner node"),
        ([3, 3, 3, -1, -1], {}, "node 'top' has no children"),
        ([3, 3, 4, 4, 4], {}, "node 'top' is above itself"),
        ([3, 3, 4, 4], {}, "4 parents, 5 weights, 3 leaves"),
        (PARENTS, {"methods": ["arithmetic"]}, "1 methods, 2 parameters for 2 nodes"),
        (PARENTS, {"methods": "geometric"}, "column 'c' has values that a geometric mean"),
    ],
)
def test_a_tree_that_is_none_is_refused_by_name(
    parents: list[int], options: dict, message: str
) -> None:
    names = ["a", "b", "c", "people", "top"]
    with pytest.raises(ValueError, match=message):
        climb(np.array([[1, 2, 0.0]]), parents, np.ones(5), names=names, **options)
    with pytest.raises(
        ValueError, match=message.replace("'top'", "4").replace("'b'", "1").replace("'c'", "'2'")
    ):
        climb(np.array([[1, 2, 0.0]]), parents, np.ones(5), **options)


@st.composite
def forests(draw: st.DrawFn) -> dict[str, Any]:
    """A synthetic ragged tree with a panel on its leaves: gaps, ties, leaves that did not enter."""
    n_inner = draw(st.integers(1, 4))
    n_leaves = draw(st.integers(n_inner, 7))
    inner = list(range(n_leaves, n_leaves + n_inner))
    # Each inner node but the last, the top, hangs on a later one; leaf k feeds node k.
    parents = [inner[k] if k < n_inner else draw(st.sampled_from(inner)) for k in range(n_leaves)]
    parents += [draw(st.sampled_from(inner[k + 1 :])) for k in range(n_inner - 1)] + [-1]
    n = draw(st.integers(1, 6))
    cells = st.one_of(
        st.just(NAN),
        st.sampled_from([0.0, 5.1, 5.1000000000000005, 50.0, -3.0]),
        st.floats(-1e3, 1e3),
    )
    return {
        "parents": np.array(parents),
        "weights": np.array(
            draw(st.lists(st.integers(1, 6), min_size=len(parents), max_size=len(parents))),
            dtype=float,
        ),
        "entered": np.array(
            draw(
                st.lists(st.sampled_from([True, True, False]), min_size=n_leaves, max_size=n_leaves)
            )
        ),
        "x": draw(hnp.arrays(float, (n, n_leaves), elements=cells)),
        "min_share": draw(st.sampled_from([0.0, 0.25, 0.5, 0.625, 1.0])),
    }


def put_forests(con: duckdb.DuckDBPyConnection, forests: list[dict[str, Any]]) -> None:
    """The tables that the SQL of the last steps reads: each forest an edition with its own tree."""
    nodes, cells = [], []
    for e, forest in enumerate(forests):
        parents, x = forest["parents"], forest["x"]
        n_leaves = x.shape[1]
        height = np.zeros(parents.size, dtype=int)
        for _ in parents:
            for node, parent in enumerate(parents[:-1]):
                height[parent] = max(height[parent], height[node] + 1)
        inner = ["pillar"] * (parents.size - n_leaves - 1)
        nodes.append(
            pd.DataFrame(
                {
                    "node": [f"{e}n{k}" for k in range(parents.size)],
                    "parent": [None if p < 0 else f"{e}n{p}" for p in parents],
                    "weight": forest["weights"],
                    "level": ["indicator"] * n_leaves + inner + ["index"],
                    "height": height,
                    "node_coverage": forest["min_share"],
                }
            )
        )
        scores = np.where(forest["entered"], x, NAN).ravel()
        cells.append(
            pd.DataFrame(
                {
                    "edition": f"{e}",
                    "province_code": [f"{i:02}" for i in range(len(x)) for _ in range(n_leaves)],
                    "indicator": [f"{e}n{j}" for _ in x for j in range(n_leaves)],
                    "score": scores,
                    "reason": np.where(np.isnan(scores), "no_value", None),
                    "is_entered": np.tile(forest["entered"], len(x)),
                }
            )
        )
    columns = pd.concat(nodes, ignore_index=True).to_dict("list")
    given(con, "spec_nodes", **columns, ordinal=range(len(columns["node"])), method="arithmetic",
          power=1.0, penalty=NAN, pie_low=NAN, pie_high=NAN, weigh="{}")  # fmt: skip
    thresholds = {"province_coverage": 0.0, "lower": 0.0, "upper": 100.0, "rank_digits": 10}
    given(con, "spec_settings", pillar_coverage=[0.0], **thresholds)
    carried = dict.fromkeys(
        ("data_year", "age", "value", "value_low", "value_high", "unit", "obs_status",
         "imputed_value", "treated_value", "is_treated", "treatment", "n_observed", "n_provinces",
         "indicator_coverage", "peer_group")
    )  # fmt: skip
    columns = pd.concat(cells, ignore_index=True).to_dict("list")
    given(con, "normalised", **columns, is_imputed=False, **carried)


def test_the_arrays_give_the_scores_coverage_and_ranks_of_the_sql(
    con: duckdb.DuckDBPyConnection,
) -> None:
    drawn_forests: list[dict[str, Any]] = []

    @EXAMPLES
    @drawn(forest=forests())
    def draw(forest: dict[str, Any]) -> None:
        drawn_forests.append(forest)

    draw()
    assert len(drawn_forests) >= 200
    for k in range(0, len(drawn_forests), 20):  # planning a step takes longer than running it
        batch = drawn_forests[k : k + 20]
        put_forests(con, batch)
        run(con, "75_weighted", "80_aggregated", "90_ranked")
        for e, forest in enumerate(batch):
            agrees_with_sql(con, f"{e}", forest)


def agrees_with_sql(con: duckdb.DuckDBPyConnection, edition: str, forest: dict[str, Any]) -> None:
    rows = con.execute(
        "select aggregated.score, aggregated.coverage, aggregated.coverage_declared, "
        "coalesce(rank, 0) from aggregated inner join ranked using (edition, province_code, node) "
        "inner join spec_nodes using (node) "
        "where edition = $1 and starts_with(node, $1 || 'n') order by province_code, ordinal",
        [edition],
    ).fetchall()
    table = np.array(rows, dtype=float).reshape(len(forest["x"]), -1, 4)
    found = climb(
        forest["x"],
        forest["parents"],
        forest["weights"],
        min_share=forest["min_share"],
        entered=forest["entered"],
    )
    np.testing.assert_allclose(found.scores, table[..., 0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.coverage, table[..., 1], rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.coverage_declared, table[..., 2], rtol=0, atol=1e-10)
    ranks = np.column_stack([rank(column) for column in found.scores.T])
    np.testing.assert_array_equal(ranks, table[..., 3])
