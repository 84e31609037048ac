"""Description, correlations, reliability and components: by hand, against scipy, and invariant."""

from __future__ import annotations

import doctest
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from pipeline.methods import multivariate, statistics
from tests.conftest import ROOT

NAN = np.nan
METHODS = ("pearson", "spearman", "kendall")
many = settings(max_examples=200, deadline=None)


@st.composite
def panels(draw: st.DrawFn, gaps: bool = True, min_columns: int = 1) -> np.ndarray:
    """Synthetic panels on a grid of thousandths, so that values tie or differ clearly."""
    shape = (draw(st.integers(4, 12)), draw(st.integers(min_columns, 4)))
    x = draw(hnp.arrays(np.int64, shape, elements=st.integers(-5000, 5000))) / 1000
    if gaps:
        x[draw(hnp.arrays(np.bool_, shape))] = NAN
    return x


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, np.newaxis]


def test_the_description_of_five_values_by_hand() -> None:
    found = statistics.describe(column(1, 2, 3, 4, 10, NAN))
    # mean 20/5; deviations -3 -2 -1 0 6, squares 50, cubes 180, fourth powers 1394
    assert {name: values[0] for name, values in found.items() if values.dtype == np.int64} == {
        "n": 5,
        "missing": 1,
        "zeros": 0,
        "unique": 5,
        "largest_tie": 1,
    }
    expected = {
        "availability": 5 / 6,
        "min": 1,
        "max": 10,
        "mean": 4,
        "median": 3,
        "sd": np.sqrt(50 / 4),
        "skewness": np.sqrt(20) / 3 * 36 / 10**1.5,
        "kurtosis": 4 / (3 * 2) * (6 * (278.8 / 100 - 3) + 6),
    }
    for name, value in expected.items():
        assert found[name][0] == pytest.approx(value, abs=1e-12), name


def test_zeros_different_values_and_the_largest_tie_are_counted() -> None:
    found = statistics.describe(column(0, -0.0, 0, 7, 7))
    assert (found["zeros"][0], found["unique"][0], found["largest_tie"][0]) == (3, 2, 3)


@pytest.mark.parametrize(
    ("values", "defined"),
    [
        ([NAN], set()),
        ([5], {"min", "max", "mean", "median"}),
        ([5, 6], {"min", "max", "mean", "median", "sd"}),
        ([5, 6, 8], {"min", "max", "mean", "median", "sd", "skewness"}),
        ([5, 6, 8, 9], {"min", "max", "mean", "median", "sd", "skewness", "kurtosis"}),
        ([0.1, 0.1, 0.1, 0.1], {"min", "max", "mean", "median", "sd"}),
    ],
)
def test_what_too_few_or_equal_values_do_not_define_is_nan(
    values: list[float], defined: set[str]
) -> None:
    found = statistics.describe(column(*values))
    measured = {name for name in statistics.MEASURES if not np.isnan(found[name][0])}
    assert measured == defined | {"availability"}


def test_a_constant_column_is_exactly_constant() -> None:
    found = statistics.describe(column(*[0.1] * 3))
    assert (found["mean"][0], found["sd"][0]) == (0.1, 0.0)  # (0.1 + 0.1 + 0.1) / 3 is above 0.1


def test_values_that_differ_by_rounding_are_constant() -> None:
    noisy = np.column_stack(([0.3, 0.1 + 0.2, 0.3, 0.3], [1.0, 2.0, 3.0, 4.0]))
    assert statistics.describe(noisy)["sd"][0] == 0
    assert np.isnan(statistics.correlate(noisy).r[0]).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-9, 1.0, 1e15, 1e300])
def test_the_shape_of_a_column_does_not_depend_on_its_scale(scale: float) -> None:
    values = np.array([1.0, 2.0, 4.0, 7.0, 30.0])
    found = statistics.describe(column(*values * scale))
    assert found["skewness"][0] == pytest.approx(stats.skew(values, bias=False), abs=1e-12)
    assert found["kurtosis"][0] == pytest.approx(stats.kurtosis(values, bias=False), abs=1e-12)
    assert found["sd"][0] == pytest.approx(scale * np.std(values, ddof=1), rel=1e-12)


@many
@given(panels())
def test_the_description_agrees_with_scipy(x: np.ndarray) -> None:
    found = statistics.describe(x)
    for j, values in enumerate(x.T):
        present = values[~np.isnan(values)]
        assert found["n"][j] == present.size
        if present.size < 4 or np.ptp(present) == 0:
            continue
        expected = {
            "mean": present.mean(),
            "median": np.median(present),
            "sd": present.std(ddof=1),
            "skewness": stats.skew(present, bias=False),
            "kurtosis": stats.kurtosis(present, bias=False),
        }
        for name, value in expected.items():
            assert found[name][j] == pytest.approx(value, rel=1e-10, abs=1e-10), name


@many
@given(panels(), st.randoms(use_true_random=False))
def test_the_order_of_units_changes_no_bit_of_the_description(x: np.ndarray, random) -> None:
    order = random.sample(range(len(x)), len(x))
    before, after = statistics.describe(x), statistics.describe(x[order])
    for name, values in before.items():
        np.testing.assert_array_equal(values, after[name])


@many
@given(panels(), st.sampled_from([0.001, 7.0, 1e6]), st.sampled_from([-40.0, 0.0, 3.0]))
def test_a_change_of_unit_keeps_the_shape_and_a_change_of_sign_turns_the_skew(
    x: np.ndarray, factor: float, shift: float
) -> None:
    before, after = statistics.describe(x), statistics.describe(-(x * factor + shift * factor))
    np.testing.assert_allclose(after["sd"], before["sd"] * factor, rtol=1e-9, atol=1e-12 * factor)
    np.testing.assert_allclose(after["skewness"], -before["skewness"], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(after["kurtosis"], before["kurtosis"], rtol=1e-7, atol=1e-7)


def test_every_reason_to_look_at_a_column_is_named() -> None:
    x = np.column_stack(
        (
            [1, 2, 3, 4, 5, 6, 7, 8],  # nothing
            [1, 2, 3, NAN, NAN, NAN, NAN, NAN],  # 3/8 of the units
            [1, 2, 3, 4, 5, 6, 7, 99],  # one value far out
            [5, 5, 5, 5, 5, 5, 5, 5],
            [0, 0, 0, 0, 0, 1, 2, 3],  # 5/8 zeros, 4/8 different
            [1, 1, 1, 2, 2, 2, 3, 3],  # 3/8 different
            [NAN] * 8,
        )
    )
    assert statistics.flags(statistics.describe(x)) == [
        (),
        ("low_availability",),
        ("outliers",),
        ("constant", "few_unique"),
        ("many_zeros",),
        ("few_unique",),
        ("low_availability",),
    ]


def test_flags_use_the_thresholds_they_are_given() -> None:
    table = statistics.describe(column(0, 1, 1, 2, NAN, NAN))
    assert statistics.flags(table) == [()]  # 4/6 is not below 2/3
    strict = statistics.flags(table, availability=0.7, zeros=0.2, unique=0.8)
    assert strict == [("low_availability", "many_zeros", "few_unique")]
    loose = statistics.describe(column(1, 2, 3, 4, 10))
    assert statistics.flags(loose, skewness=1.5, kurtosis=3) == [("outliers",)]  # 1.70 and 3.15


def test_a_correlation_by_hand_uses_the_units_that_have_both() -> None:
    x = np.array([[1, 1, NAN], [2, 3, NAN], [3, 2, 1], [4, 4, 2], [NAN, 9, 3]])
    found = statistics.correlate(x)
    assert found.n.tolist() == [[4, 4, 2], [4, 5, 3], [2, 3, 3]]
    # columns 0 and 1: deviations (-1.5 -.5 .5 1.5) and (-1.5 .5 -.5 1.5): 4 / 5
    assert found.r[0, 1] == pytest.approx(0.8)
    # t = .8 sqrt(2 / .36) with 2 degrees of freedom: p = 1 - r = .2 exactly for n = 4
    assert found.p[0, 1] == pytest.approx(0.2)
    assert np.isnan(found.r[0, 2])  # two units in common
    assert np.isnan(found.p[0, 2])
    assert np.diag(found.r).tolist() == [1, 1, 1]
    assert np.diag(found.p).tolist() == [0, 0, 0]


def test_a_column_constant_where_both_are_known_has_no_correlation() -> None:
    x = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [NAN, 6.0]])
    found = statistics.correlate(x, "spearman")
    assert np.isnan(found.r[0, 1])
    assert found.r[1, 1] == 1


def test_kendall_by_hand_counts_pairs_in_order() -> None:
    # 1 2 3 4 against 1 3 2 4: of 6 pairs 5 agree and 1 does not
    found = statistics.correlate(np.array([[1, 1], [2, 3], [3, 2], [4, 4]]), "kendall")
    assert found.r[0, 1] == pytest.approx(4 / 6)


ORACLES = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}


@many
@given(panels(min_columns=2), st.sampled_from(METHODS))
def test_correlations_and_p_values_agree_with_scipy(x: np.ndarray, method: str) -> None:
    found = statistics.correlate(x, method)
    np.testing.assert_array_equal(found.r, found.r.T)
    for i in range(x.shape[1]):
        for j in range(i):
            a, b = x[~np.isnan(x[:, i] + x[:, j])][:, [i, j]].T
            assert found.n[i, j] == a.size
            if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
                assert np.isnan(found.r[i, j])
                assert np.isnan(found.p[i, j])
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = ORACLES[method](a, b)
            assert found.r[i, j] == pytest.approx(expected.statistic, abs=1e-10)
            # at |r| = 1 the last bit of r decides between p = 0 and p = 1e-8
            assert found.p[i, j] == pytest.approx(expected.pvalue, abs=1e-7)


@many
@given(panels(), st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_correlations_ignore_the_order_of_units_and_the_unit_and_turn_with_the_sign(
    x: np.ndarray, method: str, random
) -> None:
    before = statistics.correlate(x, method)
    turned = x[random.sample(range(len(x)), len(x))] * 250 + 3
    turned[:, 0] *= -1
    after = statistics.correlate(turned, method)
    sign = np.ones_like(before.r)
    sign[0, 1:] = sign[1:, 0] = -1
    np.testing.assert_allclose(after.r, before.r * sign, atol=1e-9)
    np.testing.assert_array_equal(after.n, before.n)


def test_an_unknown_correlation_is_refused_with_the_choice() -> None:
    with pytest.raises(ValueError, match="'distance'; choose from pearson, spearman, kendall"):
        statistics.correlate(np.eye(3), "distance")


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones(3), r"must have the shape"),
        (np.ones((0, 2)), r"not \(0, 2\)"),
        (np.array([[1.0, np.inf], [2.0, 3.0]]), "column 1 holds an infinite value"),
    ],
)
def test_what_is_not_a_finite_matrix_is_refused(x: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        statistics.describe(x)


def test_pairs_are_flagged_within_groups_and_copies_everywhere() -> None:
    r = np.array(
        [
            [1, 0.95, 0.1, -0.5],
            [0.95, 1, 0.2, 0.92],
            [0.1, 0.2, 1, NAN],
            [-0.5, 0.92, NAN, 1],
        ]
    )
    assert statistics.pair_flags(r, ["a", "a", "a", "b"]) == [
        (0, 1, "redundant"),
        (0, 2, "weak"),
        (1, 2, "weak"),
        (1, 3, "redundant"),  # in two groups, and still the same thing twice
    ]
    assert (0, 3, "negative") in statistics.pair_flags(r, ["a"] * 4)
    mirror = statistics.pair_flags(np.array([[1, -0.99], [-0.99, 1]]), [1, 1])
    assert [flag.reason for flag in mirror] == ["redundant", "negative"]


def test_pair_flags_refuse_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"3 group labels for correlations of shape \(2, 2\)"):
        statistics.pair_flags(np.eye(2), ["a", "b", "c"])
    with pytest.raises(ValueError, match="-1 <= negative <= weak <= redundant <= 1"):
        statistics.pair_flags(np.eye(2), ["a", "b"], weak=0.95)


ITEMS = np.array([[1, 2, 3], [2, 1, 2], [3, 4, 5], [4, 5, 4], [9, NAN, 9]])


def test_alpha_by_hand_leaves_out_units_with_a_gap() -> None:
    found = multivariate.cronbach_alpha(ITEMS)
    # variances 5/3, 10/3, 5/3; sums 6 5 12 13, mean 9, squares 9+16+9+16 = 50, variance 50/3
    assert found.n == 4
    assert found.alpha == pytest.approx(3 / 2 * (1 - (20 / 3) / (50 / 3)))  # 0.9
    # without column 1: sums 4 4 8 8, variance 16/3; 2 (1 - (10/3) / (16/3)) = 0.75
    assert found.alpha_if_deleted[1] == pytest.approx(0.75)
    # column 1 (-1 -2 1 2) against the rest (-2 -2 2 2): 12 / sqrt(10 * 16)
    assert found.item_rest[1] == pytest.approx(12 / np.sqrt(160))


@pytest.mark.parametrize(
    "x",
    [ITEMS[:2], ITEMS[:, :1], np.ones((4, 3)), np.array([[1, -1], [2, -2], [4, -4]])],
    ids=["two units", "one column", "constant", "columns that cancel out"],
)
def test_alpha_of_what_cannot_vary_together_is_nan(x: np.ndarray) -> None:
    assert np.isnan(multivariate.cronbach_alpha(x).alpha)


def test_alpha_without_one_of_two_columns_is_not_defined() -> None:
    found = multivariate.cronbach_alpha(ITEMS[:, :2])
    assert np.isnan(found.alpha_if_deleted).all()
    assert found.item_rest[0] == pytest.approx(found.item_rest[1])


def test_a_constant_column_has_no_item_rest_correlation() -> None:
    found = multivariate.cronbach_alpha(np.column_stack((ITEMS[:4, :2], np.full(4, 7))))
    assert np.isnan(found.item_rest[2])
    assert not np.isnan(found.item_rest[:2]).any()


@many
@given(panels(min_columns=2), st.randoms(use_true_random=False))
def test_alpha_ignores_the_order_of_units_shifts_and_a_common_unit(x: np.ndarray, random) -> None:
    before = multivariate.cronbach_alpha(x)
    order = random.sample(range(len(x)), len(x))
    shifts = np.arange(x.shape[1]) * 5
    after = multivariate.cronbach_alpha(-(x[order] * 8 + shifts))
    assert after.n == before.n
    for first, second in zip(before[:3], after[:3], strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-6, atol=1e-6)


def test_the_components_of_two_columns_by_hand() -> None:
    # r = 0.8 as above: eigenvalues 1 + r and 1 - r, loadings sqrt(eigenvalue / 2)
    found = multivariate.principal_components(np.array([[1, 1], [2, 3], [3, 2], [4, 4], [5, NAN]]))
    assert found.eigenvalues == pytest.approx([1.8, 0.2])
    assert found.share == pytest.approx([0.9, 0.1])
    assert found.loadings == pytest.approx(np.sqrt([[0.9, 0.1], [0.9, 0.1]]) * [[1, 1], [1, -1]])
    assert (found.n_above_one, found.n) == (1, 4)


def test_more_columns_than_rows_leave_components_of_nothing() -> None:
    found = multivariate.principal_components(np.array([[1, 2, 3, 9], [2, 1, 5, 1], [4, 4, 4, 2]]))
    assert found.loadings.shape == (4, 4)
    assert found.eigenvalues[2:] == pytest.approx([0, 0], abs=1e-12)
    assert found.eigenvalues.sum() == pytest.approx(4)


def test_columns_without_correlation_have_no_component_above_one() -> None:
    crossed = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    assert multivariate.principal_components(crossed).n_above_one == 0


def test_components_refuse_too_few_rows_and_name_constant_columns() -> None:
    with pytest.raises(ValueError, match="need 3 complete rows, there are 2"):
        multivariate.principal_components(np.array([[1, 2], [2, 3], [NAN, 4]]))
    with pytest.raises(ValueError, match=r"columns \[1\] .* constant over 3 complete rows"):
        multivariate.principal_components(np.array([[1, 5], [2, 5], [3, 5], [NAN, 6]]))


@many
@given(panels(gaps=False, min_columns=2), st.randoms(use_true_random=False))
def test_components_are_those_of_the_correlation_matrix_in_any_order_unit_and_row_sign(
    x: np.ndarray, random
) -> None:
    if (np.ptp(x, axis=0) == 0).any():
        return
    found = multivariate.principal_components(x)
    r = statistics.correlate(x).r
    expected = np.linalg.eigvalsh(r)[::-1]
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-9)
    np.testing.assert_allclose(found.loadings @ found.loadings.T, r, atol=1e-9)
    largest = np.abs(found.loadings).max(axis=0)
    assert (found.loadings.max(axis=0) >= largest - 2e-9).all()  # the largest is positive
    again = multivariate.principal_components(x[random.sample(range(len(x)), len(x))] * 60 - 7)
    np.testing.assert_allclose(again.eigenvalues, found.eigenvalues, atol=1e-9)


def test_nothing_is_changed_in_place() -> None:
    x = ITEMS.copy()
    statistics.describe(x)
    for method in METHODS:
        statistics.correlate(x, method)
    multivariate.cronbach_alpha(x)
    multivariate.principal_components(x)
    np.testing.assert_array_equal(x, ITEMS)


def test_the_worked_examples_of_the_page_hold() -> None:
    page = doctest.testfile(str(ROOT / "docs/methods/statistics.md"), module_relative=False)
    assert page.failed == 0
    assert page.attempted > 0


@many
@given(panels(gaps=False, min_columns=2))
def test_alpha_agrees_with_the_covariance_matrix(x: np.ndarray) -> None:
    found = multivariate.cronbach_alpha(x)
    for alpha, kept in [(found.alpha, x), (found.alpha_if_deleted[0], x[:, 1:])]:
        k = kept.shape[1]
        covariance = np.atleast_2d(np.cov(kept, rowvar=False))
        if k < 2 or covariance.sum() < 1e-9:
            continue
        expected = k / (k - 1) * (1 - np.trace(covariance) / covariance.sum())
        assert alpha == pytest.approx(expected, rel=1e-7, abs=1e-9)
