"""Imputation: by hand, by property, and what it must never do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline.methods.impute import METHODS, Imputed, impute

NAN = np.nan


def filled(x: Any, method: str, **options: Any) -> list[float | None]:
    """The first column after imputation; what stayed missing as None."""
    found = impute(x, method, **options).values[:, 0]
    return [None if np.isnan(value) else float(value) for value in found]


def one(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


# ---------------------------------------------------------------------------- by hand


def test_by_default_nothing_is_imputed() -> None:
    found = impute(one(1, NAN))
    assert np.array_equal(found.values, one(1, NAN), equal_nan=True)
    assert found.reason[:, 0].tolist() == ["", "not_asked"]
    assert not found.is_imputed.any()
    assert found.draws.shape == (0, 2, 1)


def test_mean_and_median_of_all() -> None:
    assert filled(one(1, 2, 9, NAN), "mean") == [1, 2, 9, 4]  # (1 + 2 + 9) / 3
    assert filled(one(1, 2, 9, NAN), "median") == [1, 2, 9, 2]


def test_mean_and_median_of_the_group() -> None:
    x, regions = one(1, 3, NAN, 10, NAN, NAN), ["north"] * 3 + ["south"] * 2 + ["west"]
    found = impute(x, "mean", groups=regions)
    assert found.values[:5, 0].tolist() == [1, 3, 2, 10, 10]
    assert found.reason[:, 0].tolist() == ["", "", "", "", "", "no_donor"]  # nobody in the west
    assert found.is_imputed[:, 0].tolist() == [False, False, True, False, True, False]
    assert filled(x, "median", groups=regions) == [1, 3, 2, 10, 10, None]


YEARS = {"units": ["HN"] * 5 + ["DN"] * 3, "time": [2018, 2019, 2020, 2021, 2024, 2018, 2019, 2020]}
PANEL = one(NAN, 4, NAN, NAN, 8, NAN, NAN, 5)


def test_carried_takes_the_last_earlier_value_of_the_same_unit() -> None:
    found = impute(PANEL, "carried", max_share=1, **YEARS)
    assert found.values[1:5, 0].tolist() == [4, 4, 4, 8]
    assert np.isnan(found.values[[0, 5, 6], 0]).all()  # nothing earlier, and none from next door
    assert found.reason[:, 0].tolist() == ["no_donor"] + [""] * 4 + ["no_donor"] * 2 + [""]


def test_carried_comes_from_the_future_only_if_asked() -> None:
    found = filled(PANEL, "carried", max_share=1, from_future=True, **YEARS)
    assert found == [4, 4, 4, 4, 8, 5, 5, 5]


def test_linear_stays_inside_the_observed_span() -> None:
    # 4 in 2019 to 8 in 2024: 0.8 a year
    found = filled(PANEL, "linear", max_share=1, **YEARS)
    assert found == [None, 4, pytest.approx(4.8), pytest.approx(5.6), 8, None, None, 5]


def test_time_counts_and_not_the_order_of_rows() -> None:
    turned = {"units": YEARS["units"][::-1], "time": YEARS["time"][::-1]}
    for method in ("carried", "linear"):
        straight = impute(PANEL, method, max_share=1, **YEARS).values
        backwards = impute(PANEL[::-1], method, max_share=1, **turned).values[::-1]
        assert np.array_equal(straight, backwards, equal_nan=True)


def test_the_nearest_units_are_donors() -> None:
    # sizes 1 2 3 100 101 and one gap beside 2.1: the two nearest are sizes 2 and 3, (20 + 30) / 2
    x = np.array([[10.0, 1], [20, 2], [30, 3], [900, 100], [910, 101], [NAN, 2.4]])
    assert filled(x, "knn", n_neighbours=2) == [10, 20, 30, 900, 910, pytest.approx(25)]
    assert filled(x, "knn", n_neighbours=9)[-1] == pytest.approx(374)  # all five


def test_a_row_that_shares_nothing_with_the_others_has_no_donor() -> None:
    x = np.array([[1.0, 5, NAN], [2, 6, NAN], [NAN, NAN, 1], [NAN, NAN, 2], [3, 7, 3], [NAN] * 3])
    found = impute(x, "knn", max_share=0.6)
    assert found.reason[5].tolist() == ["no_donor"] * 3
    lonely = np.array([[1.0, NAN], [2, NAN], [NAN, 3], [NAN, 4]])
    assert set(impute(lonely, "knn").reason[np.isnan(lonely)]) == {"no_donor"}


def test_regression_finds_a_straight_line() -> None:
    x = np.array([[1.0, 2], [2, 4], [3, 6], [4, 8], [5, 10], [6, NAN]])
    found = impute(x, "iterative", within_observed=False)
    assert found.values[5, 1] == pytest.approx(12, abs=1e-3)
    assert found.is_converged
    assert impute(x, "iterative").values[5, 1] == 10  # never beyond what was observed


def test_regression_needs_another_column_and_something_in_the_row() -> None:
    assert impute(one(1, 2, NAN), "iterative").reason[2, 0] == "no_donor"
    x = np.array([[1.0, 2], [2, 4], [3, 7], [NAN, NAN], [5, NAN]])
    found = impute(x, "iterative", n_draws=3)
    assert found.reason[3].tolist() == ["no_donor", "no_donor"]
    assert np.isnan(found.draws[:, 3]).all()
    assert found.is_imputed[4, 1]


def test_draws_repeat_with_the_seed_and_differ_in_imputed_cells_only() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(30, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.5], [0, 0, 1e6]])
    x[rng.random(x.shape) < 0.2] = NAN

    def run(n_draws: int, seed: int) -> Imputed:
        return impute(x, "iterative", n_draws=n_draws, seed=seed, max_iterations=4)

    first, again, other = (run(4, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.draws, again.draws, equal_nan=True)
    assert np.array_equal(first.values, other.values, equal_nan=True)  # expected, not drawn
    assert not np.array_equal(first.draws, other.draws, equal_nan=True)
    spread = first.draws.std(axis=0)
    assert (spread[first.is_imputed] > 0).all()
    known = ~np.isnan(x)
    assert (first.draws[:, known] == x[known]).all()
    lowest, highest = np.nanmin(x, axis=0), np.nanmax(x, axis=0)
    assert ((first.draws >= lowest) & (first.draws <= highest))[:, first.is_imputed].all()
    shorter = run(2, 1)
    assert np.array_equal(shorter.draws, first.draws[:2], equal_nan=True)


def test_regression_that_does_not_settle_says_so() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(20, 4))
    x[rng.random(x.shape) < 0.3] = NAN
    assert not impute(x, "iterative", max_iterations=1).is_converged


@pytest.mark.parametrize("method", ["mean", "median", "knn", "iterative"])
def test_a_constant_column_is_imputed_to_its_constant(method: str) -> None:
    x = np.array([[0.1, 1], [0.1, 2], [0.1, 3], [NAN, 4], [0.1, 6]])
    assert impute(x, method).values[3, 0] == 0.1


def test_a_link_names_the_row_that_gave() -> None:
    x = np.array([[10.0, 1], [20, 2], [30, 3], [900, 100], [910, 101], [NAN, 2.4]])
    found = impute(x, "knn", n_neighbours=2)
    assert found.links.tolist() == [[5, 0, 1], [5, 0, 2]]
    assert found.is_used.tolist() == [True, True]
    assert impute(PANEL, "carried", max_share=1, **YEARS).links.tolist() == [[2, 0, 1], [3, 0, 1]]
    line = impute(PANEL, "linear", max_share=1, **YEARS).links.tolist()
    assert sorted(line) == [[2, 0, 1], [2, 0, 4], [3, 0, 1], [3, 0, 4]]
    assert len(impute(PANEL, "carried", max_share=0.1, **YEARS).links) == 0  # nothing is imputed
    assert len(impute(x, "mean").links) == 0


def test_of_equally_near_rows_the_upper_ones_give() -> None:
    x = np.array([[10.0, 1], [20, 3], [30, 1], [40, 3], [NAN, 2]])
    found = impute(x, "knn", n_neighbours=3)
    assert found.links[:, 2].tolist() == [0, 1, 2]
    assert found.values[4, 0] == 20


# ---------------------------------------------------------------------------- too few donors


@pytest.mark.parametrize("method", ["mean", "median", "knn", "iterative", "carried", "linear"])
def test_a_column_that_would_be_imputed_more_than_observed_stays_missing(method: str) -> None:
    x = np.c_[[1.0, NAN, NAN, NAN, 5], [1, 2, 3, 4, 5], [2, NAN, NAN, 4, 6]]
    options = {"units": ["a"] * 5, "time": range(5)} if method in ("carried", "linear") else {}
    found = impute(x, method, **options)
    assert found.reason[:, 0].tolist() == ["", *["too_few_donors"] * 3, ""]  # 3 of 5
    assert np.array_equal(found.values[:, 0], x[:, 0], equal_nan=True)
    assert found.is_imputed[2].tolist() == [False, False, True]  # 2 of 5
    assert impute(x, method, max_share=0.6, **options).is_imputed[2, 0]


def test_only_what_would_be_imputed_counts_towards_the_share() -> None:
    x = one(NAN, NAN, NAN, 4, NAN)  # carried would fill one cell: 1 of 2 values
    found = impute(x, "carried", units=["a"] * 5, time=range(5))
    assert found.reason[:, 0].tolist() == [*["no_donor"] * 3, "", ""]
    found = impute(x, "carried", units=["a"] * 5, time=range(5), max_share=0.4)
    assert found.reason[:, 0].tolist() == [*["no_donor"] * 3, "", "too_few_donors"]


@pytest.mark.parametrize("method", METHODS[1:])
def test_an_empty_column_has_no_donor(method: str) -> None:
    x = np.array([[1.0, NAN], [2, NAN], [4, NAN], [NAN, NAN]])
    found = impute(x, method, units=list("abcd"), time=[1, 1, 1, 1])
    assert set(found.reason[:, 1]) == {"no_donor"}
    assert impute(x[:, 1:], method, units=list("abcd"), time=[1, 1, 1, 1]).values.shape == (4, 1)


@pytest.mark.parametrize("method", METHODS)
def test_an_empty_panel_stays_empty(method: str) -> None:
    options: dict[str, Any] = {"units": [], "time": []}
    assert impute(np.empty((0, 2)), method, **options).values.shape == (0, 2)


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "hotdeck"}, "method 'hotdeck' is unknown; it may be none, mean, median"),
        ({"method": "knn", "n_neighbours": 0}, "n_neighbours must be at least 1"),
        ({"method": "iterative", "max_iterations": 0}, "max_iterations must be at least 1"),
        ({"method": "mean", "n_draws": 3}, "method 'mean' has no 3 draws"),
        ({"method": "iterative", "n_draws": -1}, "has no -1 draws"),
        ({"method": "mean", "max_share": 1.1}, "max_share must be between 0 and 1"),
        ({"method": "mean", "groups": ["a"]}, "1 labels were given for 2 rows"),
        ({"method": "carried"}, "imputation over time needs `units` and `time`"),
        ({"method": "linear", "units": ["a", "b"]}, "imputation over time needs"),
        ({"method": "linear", "units": [1, 1], "time": [1]}, "time must be one finite number"),
        ({"method": "linear", "units": [1, 1], "time": [1, NAN]}, "time must be one finite"),
        ({"method": "linear", "units": [1, 1], "time": [3, 3]}, "unit 1 has the same time twice"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        impute(one(1, NAN), **options)


def test_an_infinite_value_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="column 'rd' holds an infinite value"):
        impute(one(1, np.inf), "mean", names=["rd"])


# ---------------------------------------------------------------------------- properties

VALUES = st.one_of(st.integers(-400, 400).map(lambda i: i / 4), st.just(NAN))
PANELS = arrays(np.float64, st.tuples(st.integers(1, 12), st.integers(1, 4)), elements=VALUES)
RULES = ["mean", "median", "carried", "linear"]


def options_of(method: str, n: int) -> dict[str, Any]:
    """Three units over the years, in three groups, as the method needs."""
    if method in ("carried", "linear"):
        return {"units": [i % 3 for i in range(n)], "time": [2020 + i // 3 for i in range(n)]}
    return {"groups": [i % 3 for i in range(n)]} if method in ("mean", "median") else {}


def check_promises(x: np.ndarray, method: str, max_share: float) -> None:
    """What holds for every method."""
    kept = x.copy()
    found = impute(x, method, max_share=max_share, **options_of(method, len(x)))
    known = ~np.isnan(x)
    assert x.tobytes() == kept.tobytes()  # the input is never changed
    assert found.values[known].tobytes() == x[known].tobytes()  # bit for bit
    assert not (found.is_imputed & known).any()
    assert np.array_equal(~np.isnan(found.values), known | found.is_imputed)
    assert np.array_equal(found.reason == "", known | found.is_imputed)
    for j in range(x.shape[1]):
        imputed = found.values[found.is_imputed[:, j], j]
        if len(imputed):
            assert np.nanmin(x[:, j]) <= imputed.min() <= imputed.max() <= np.nanmax(x[:, j])
        assert len(imputed) <= max_share * (len(imputed) + known[:, j].sum()) + 1e-9
        if not known[:, j].any():
            assert set(found.reason[:, j]) == {"no_donor"}


@settings(max_examples=200, deadline=None)
@given(PANELS, st.sampled_from(RULES), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_rules_keep_what_is_known_and_say_what_they_did(
    x: np.ndarray, method: str, max_share: float
) -> None:
    check_promises(x, method, max_share)


@settings(max_examples=200, deadline=None)
@given(PANELS, st.sampled_from(["knn", "iterative"]), st.sampled_from([0.3, 0.5, 1.0]))
def test_models_keep_what_is_known_and_say_what_they_did(
    x: np.ndarray, method: str, max_share: float
) -> None:
    check_promises(x, method, max_share)


@settings(max_examples=200, deadline=None)
@given(PANELS, st.integers(1, 6), st.sampled_from([0.3, 1.0]))
def test_a_neighbourly_value_is_the_mean_of_the_rows_that_it_links_to(
    x: np.ndarray, n_neighbours: int, max_share: float
) -> None:
    found = impute(x, "knn", n_neighbours=n_neighbours, max_share=max_share)
    for i, j in np.argwhere(found.is_imputed):
        donors = found.links[(found.links[:, 0] == i) & (found.links[:, 1] == j), 2]
        assert 1 <= len(donors) <= n_neighbours
        assert found.values[i, j] == pytest.approx(x[donors, j].mean(), abs=1e-12)
    cells = {(i, j) for i, j, _ in found.links.tolist()}
    assert cells == {(i, j) for i, j in np.argwhere(found.is_imputed).tolist()}


@settings(max_examples=200, deadline=None)
@given(PANELS, st.sampled_from(RULES), st.data())
def test_the_order_of_rows_and_columns_changes_nothing(
    x: np.ndarray, method: str, data: st.DataObject
) -> None:
    rows = np.array(data.draw(st.permutations(range(x.shape[0]))))
    columns = np.array(data.draw(st.permutations(range(x.shape[1]))))
    options = options_of(method, len(x))
    before = impute(x, method, **options)
    moved = {key: [labels[row] for row in rows] for key, labels in options.items()}
    after = impute(x[np.ix_(rows, columns)], method, **moved)
    place = np.ix_(rows, columns)
    assert np.allclose(after.values, before.values[place], rtol=1e-12, equal_nan=True)
    assert np.array_equal(after.reason, before.reason[place])


@settings(max_examples=200, deadline=None)
@given(PANELS, st.sampled_from([*RULES, "knn"]), st.integers(-40, 40))
def test_another_unit_changes_the_unit_only(x: np.ndarray, method: str, power: int) -> None:
    options = options_of(method, len(x))
    before, after = impute(x, method, **options), impute(x * 2.0**power, method, **options)
    expected = before.values * 2.0**power
    assert np.allclose(after.values, expected, rtol=1e-9, atol=0, equal_nan=True)
    assert np.array_equal(after.reason, before.reason)


@settings(max_examples=200, deadline=None)
@given(PANELS)
def test_linear_lies_between_its_neighbours_and_carried_never_looks_ahead(x: np.ndarray) -> None:
    time = np.arange(len(x))
    options = {"units": ["a"] * len(x), "time": time, "max_share": 1.0}
    line, carried = impute(x, "linear", **options), impute(x, "carried", **options)
    for i, j in np.argwhere(np.isnan(x)):
        earlier = x[:i, j][~np.isnan(x[:i, j])]
        later = x[i:, j][~np.isnan(x[i:, j])]
        assert carried.is_imputed[i, j] == bool(len(earlier))
        assert line.is_imputed[i, j] == bool(len(earlier) and len(later))
        if len(earlier):
            assert carried.values[i, j] == earlier[-1]
        if len(earlier) and len(later):
            between = sorted([earlier[-1], later[0]])
            assert between[0] <= line.values[i, j] <= between[1]
