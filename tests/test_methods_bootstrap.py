"""Statistics of bootstrap samples: each is the plain statistic of the sample written out."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.methods import bootstrap
from pipeline.methods.multivariate import cronbach_alpha, principal_components
from pipeline.methods.treat import kurtosis, skewness

RNG = np.random.default_rng(5)
X = RNG.normal(size=(30, 3)) @ np.array([[1, 0.6, 0.2], [0, 1, 0.4], [0, 0, 1]]) + 50
W = bootstrap.draw_counts(30, 6, 1)
FLAT = np.ones(30)


def written_out(sample: int) -> np.ndarray:
    return np.repeat(X, W[sample].astype(int), axis=0)


def test_the_first_sample_is_the_data_and_every_sample_has_as_many_units() -> None:
    assert W.shape == (7, 30)
    assert (W[0] == 1).all()
    assert (W.sum(axis=1) == 30).all()
    np.testing.assert_array_equal(W, bootstrap.draw_counts(30, 6, 1))
    assert (W[1:] != bootstrap.draw_counts(30, 6, 2)[1:]).any()


@pytest.mark.parametrize("sample", range(7))
def test_a_statistic_of_a_sample_is_that_of_its_units_written_out(sample: int) -> None:
    rows = written_out(sample)
    r = np.corrcoef(rows, rowvar=False)
    np.testing.assert_allclose(bootstrap.correlation_matrix(X, W)[sample], r, atol=1e-12)
    one = bootstrap.correlation(X[:, 0], X[:, 1], W)[sample]
    assert one == pytest.approx(r[0, 1], abs=1e-12)
    assert bootstrap.alpha(X, W)[sample] == pytest.approx(cronbach_alpha(rows).alpha, abs=1e-12)
    values = bootstrap.eigenvalues(X, W)[sample]
    np.testing.assert_allclose(values, principal_components(rows).eigenvalues, atol=1e-12)
    g1, g2 = bootstrap.shape_of(X[:, 0], W)
    assert g1[sample] == pytest.approx(skewness(rows[:, 0]), abs=1e-9)
    assert g2[sample] == pytest.approx(kurtosis(rows[:, 0]), abs=1e-9)
    share = bootstrap.share_of(X[:, 0] > 50, W)[sample]
    assert share == pytest.approx((rows[:, 0] > 50).mean())


@pytest.mark.parametrize("sample", range(7))
def test_the_correlation_ratio_is_the_adjusted_share_of_a_cubic_fit(sample: int) -> None:
    y = X[:, 0] ** 2 + X[:, 1]
    rows, counts = written_out(sample), W[sample].astype(int)
    target = np.repeat(y, counts)
    x = rows[:, 0] - 50
    left = target - np.polyval(np.polyfit(x, target, 3), x)
    adjusted = 1 - left.var() / target.var() * 29 / 26
    found = bootstrap.correlation_ratio(X[:, 0], y, W)[sample]
    assert found == pytest.approx(max(adjusted, 0), abs=1e-9)


def test_the_correlation_ratio_sees_what_a_correlation_does_not() -> None:
    x = np.linspace(-1, 1, 400)
    w = np.ones((1, 400))
    assert bootstrap.correlation(x, x**2, w)[0] == pytest.approx(0, abs=1e-12)
    assert bootstrap.correlation_ratio(x, x**2, w)[0] == pytest.approx(1)
    noise = np.random.default_rng(0).normal(size=400)
    assert bootstrap.correlation_ratio(x, noise, w)[0] < 0.05


def test_units_with_a_gap_are_left_out() -> None:
    holed = X.copy()
    holed[:5, 0] = np.nan
    whole = W[:, 5:]
    np.testing.assert_allclose(
        bootstrap.correlation_matrix(holed, W), bootstrap.correlation_matrix(X[5:], whole)
    )
    np.testing.assert_allclose(bootstrap.alpha(holed, W), bootstrap.alpha(X[5:], whole))
    assert bootstrap.shape_of(holed[:, 0], W)[0][0] == pytest.approx(skewness(X[5:, 0]))
    ratio = bootstrap.correlation_ratio(holed[:, 0], X[:, 1], W)
    np.testing.assert_allclose(ratio, bootstrap.correlation_ratio(X[5:, 0], X[5:, 1], whole))


def test_what_is_not_defined_is_missing_and_never_a_number() -> None:
    nothing = np.full((30, 2), np.nan)
    assert np.isnan(bootstrap.correlation_matrix(nothing, W)).all()
    assert np.isnan(bootstrap.alpha(nothing, W)).all()
    assert np.isnan(bootstrap.eigenvalues(np.column_stack([FLAT, X[:, 0]]), W)).all()
    assert np.isnan(bootstrap.correlation(FLAT, X[:, 0], W)).all()
    assert np.isnan(bootstrap.alpha(np.column_stack([X[:, 0], -X[:, 0]]), W)).all()
    assert np.isnan(bootstrap.correlation_ratio(nothing[:, 0], X[:, 0], W)).all()
    assert np.isnan(bootstrap.correlation_ratio(X[:, 0], FLAT, W)).all()
    assert np.isnan(bootstrap.shape_of(np.where(np.arange(30) < 3, 1.0, np.nan), W)[0]).all()
    assert np.isnan(bootstrap.shape_of(FLAT, W)[0]).all()
    assert np.isnan(bootstrap.percentile_interval(np.full(10, np.nan))).all()


def test_an_interval_leaves_the_sample_itself_out() -> None:
    values = np.concatenate([[1000.0], np.arange(101.0), [np.nan]])
    assert bootstrap.percentile_interval(values, 0.9) == pytest.approx((5, 95))


def test_intervals_of_a_correlation_cover_the_truth() -> None:
    rng = np.random.default_rng(9)
    covered = 0
    for k in range(200):
        x = rng.normal(size=60)
        y = 0.6 * x + 0.8 * rng.normal(size=60)
        w = bootstrap.draw_counts(60, 300, k)
        low, high = bootstrap.percentile_interval(bootstrap.correlation(x, y, w), 0.9)
        covered += low <= 0.6 <= high
    assert 0.83 <= covered / 200 <= 0.96
