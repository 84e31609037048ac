"""Treatment on arrays: by hand, by property, and against the SQL that defines it."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline import store
from pipeline.methods.treat import kurtosis, skewness, treat
from tests.conftest import given as given_table

NAN = np.nan
ONE_OUTLIER = [*range(1, 10), 100]


def column(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


# ---------------------------------------------------------------------------- moments


def test_moments_are_those_of_spreadsheets() -> None:
    published = [3, 4, 5, 2, 3, 4, 5, 6, 4, 7]  # the example in the help of SKEW and KURT
    assert skewness(published) == pytest.approx(0.359543071406797, abs=1e-14)
    assert kurtosis(published) == pytest.approx(-0.151799637208416, abs=1e-14)


def test_moments_by_hand() -> None:
    # 0 0 0 4: mean 1, deviations -1 -1 -1 3, m2 = 12/4 = 3, m3 = 24/4 = 6, m4 = 84/4 = 21
    # G1 = sqrt(4*3)/2 * 6/3^1.5 = 2;  G2 = 3/(2*1) * (5 * (21/9 - 3) + 6) = 4
    assert skewness([0, 0, 0, 4]) == pytest.approx(2, abs=1e-14)
    assert kurtosis([0, 0, 0, 4]) == pytest.approx(4, abs=1e-14)
    assert skewness([0, NAN, 0, 0, 4]) == pytest.approx(2, abs=1e-14)


@pytest.mark.parametrize("values", [[], [NAN], [7], [0.1] * 9, [1, 5]])
def test_moments_of_a_constant_or_too_short_column_are_zero(values: list[float]) -> None:
    assert (skewness(values), kurtosis(values)) == (0, 0)


def test_three_values_have_a_skewness_and_no_kurtosis() -> None:
    # 0 0 3: mean 1, m2 = 6/3 = 2, m3 = 6/3 = 2; G1 = sqrt(3*2)/1 * 2/2^1.5 = sqrt(3)
    assert skewness([0, 0, 3]) == pytest.approx(3**0.5)
    assert kurtosis([0, 0, 3]) == 0


# ---------------------------------------------------------------------------- by hand


def test_an_outlier_moves_to_the_next_value() -> None:
    found = treat(column(ONE_OUTLIER))
    assert found.method.tolist() == ["winsorised"]
    assert found.values[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    assert (found.n_moved[0], found.lowest[0], found.highest[0]) == (1, 1, 9)
    assert found.skewness_before[0] == pytest.approx(skewness(ONE_OUTLIER))
    assert found.skewness_after[0] == pytest.approx(skewness([*range(1, 10), 9]))
    assert found.kurtosis_after[0] == pytest.approx(kurtosis([*range(1, 10), 9]))


def test_a_low_outlier_moves_up() -> None:
    found = treat(column([-100, *range(1, 10)]))
    assert found.values[:, 0].tolist() == [1, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert (found.lowest[0], found.highest[0]) == (1, 9)


TIED = [*range(1, 21), 300, 300]


def test_values_tied_at_the_end_move_together_and_count_each() -> None:
    found = treat(column(TIED), max_winsorised=2)
    assert (found.method[0], found.n_moved[0], found.highest[0]) == ("winsorised", 2, 20)
    found = treat(column(TIED), max_winsorised=1)  # both or none: straight to the logarithm
    assert (found.method[0], found.n_moved[0], found.highest[0]) == ("log", 0, 300)


def test_no_winsorising_goes_straight_to_the_logarithm() -> None:
    found = treat(column(ONE_OUTLIER), max_winsorised=0, skewness_limit=2.9)
    # shift 1 % of 100 - 1: ln(1 - 1 + 0.99) = ln 0.99, ln(2 - 1 + 0.99) = ln 1.99, ...
    assert found.method.tolist() == ["log"]
    by_hand = np.log([0.99, 1.99, 2.99, 3.99, 4.99, 5.99, 6.99, 7.99, 8.99, 99.99])
    assert found.values[:, 0] == pytest.approx(by_hand)
    assert found.kurtosis_after[0] == pytest.approx(kurtosis(by_hand))


def test_the_logarithm_is_mirrored_for_left_skew() -> None:
    right = treat(column(ONE_OUTLIER), max_winsorised=0, skewness_limit=2.9)
    left = treat(-column(ONE_OUTLIER), max_winsorised=0, skewness_limit=2.9)
    assert left.method.tolist() == ["log"]
    assert np.array_equal(left.values, -right.values)


def test_what_no_step_can_help_keeps_its_values_and_says_failed() -> None:
    # nine 0 and one 1: winsorising would leave a constant, a transform keeps two values;
    # one among n gives G1 = sqrt(n) and G2 = n
    found = treat(column([0] * 9 + [1]))
    assert found.method.tolist() == ["failed"]
    assert found.values[:, 0].tolist() == [0] * 9 + [1]
    assert found.skewness_after[0] == pytest.approx(10**0.5)
    assert found.kurtosis_after[0] == pytest.approx(10)


def test_without_a_transform_a_column_that_cannot_be_winsorised_failed() -> None:
    found = treat(column(TIED), max_winsorised=1, transform="none")
    assert found.method.tolist() == ["failed"]
    assert found.values[:, 0].tolist() == TIED


def test_box_cox_is_for_positive_columns_only() -> None:
    growing = 2.0 ** np.arange(12)  # its logarithms are evenly spaced
    found = treat(np.c_[growing, growing - 1], max_winsorised=0, transform="boxcox")
    assert found.method.tolist() == ["boxcox", "failed"]
    power = found.exponent[0]
    assert found.values[:, 0] == pytest.approx((growing**power - 1) / power)
    assert abs(found.skewness_after[0]) < 2
    assert np.isnan(found.exponent[1])


def test_a_transform_that_overflows_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scipy.stats.boxcox_normmax", lambda *_, **__: 1e5)
    found = treat(column(ONE_OUTLIER), max_winsorised=0, transform="boxcox")
    assert found.method.tolist() == ["failed"]
    assert found.values[:, 0].tolist() == ONE_OUTLIER


def test_switching_treatment_off_treats_nothing() -> None:
    x = np.c_[ONE_OUTLIER, ONE_OUTLIER].astype(float)
    found = treat(x, enabled=[False, True])
    assert found.method.tolist() == ["none", "winsorised"]
    assert np.array_equal(found.values[:, 0], x[:, 0])
    assert found.skewness_after[0] == found.skewness_before[0] > 3


def test_part_of_a_columns_settings_keeps_the_other_defaults() -> None:
    x = np.c_[TIED, TIED, TIED, TIED].astype(float)
    own = {1: {"max_winsorised": 1}, 2: {"transform": "none"}, 3: {"enabled": False}}
    found = treat(x, max_winsorised=2, settings=own)
    assert found.method.tolist() == ["winsorised", "log", "winsorised", "none"]
    found = treat(x, max_winsorised=1, transform="none", settings={0: {"max_winsorised": 2}})
    assert found.method.tolist() == ["winsorised", "failed", "failed", "failed"]


def test_a_symmetrical_column_has_no_side_to_move() -> None:
    x = column([-9, 0, 0, 0, 0, 0, 9])
    assert treat(x, skewness_limit=0, kurtosis_limit=1).method.tolist() == ["failed"]


def test_fewer_than_four_values_are_never_treated() -> None:
    assert treat(column([0, 0, 3]), skewness_limit=0.1, kurtosis_limit=-9).method[0] == "none"


def test_an_empty_column_and_an_empty_panel_stay_empty() -> None:
    found = treat(np.full((5, 1), NAN))
    assert found.method.tolist() == ["none"]
    assert np.isnan(found.values).all()
    assert np.isnan([found.lowest[0], found.highest[0]]).all()
    assert treat(np.empty((0, 2))).method.tolist() == ["none", "none"]
    assert treat(np.empty((3, 0))).values.shape == (3, 0)


def test_a_spread_beyond_the_reach_of_doubles_does_not_stop_the_run() -> None:
    x = column([*range(10), 1e90, 1e100, 1e150])
    assert treat(x, max_winsorised=1).method[0] in {"none", "winsorised", "log", "failed"}


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        ([[1.0, 2], [np.inf, 3]], {}, "column 'rd' holds an infinite value"),
        ([[0.0, 0], [1e-301, 3]], {}, "column 'rd' runs over less than 1e-300"),
        ([[-1e308, 0], [1e308, 3]], {}, "column 'rd' runs over more than 1e300"),
        ([1.0, 2], {}, "x must have the shape"),
        ([[1.0, 2, 3]], {}, "2 names were given for 3 columns"),
        ([[1.0, 2]], {"skewness_limit": -1}, "column 'rd': skewness_limit must be 0 or more"),
        ([[1.0, 2]], {"kurtosis_limit": NAN}, "kurtosis_limit must be finite"),
        ([[1.0, 2]], {"max_winsorised": 1.5}, "max_winsorised must be a whole number from 0"),
        ([[1.0, 2]], {"max_winsorised": -1}, "max_winsorised must be a whole number from 0"),
        ([[1.0, 2]], {"transform": "sqrt"}, "transform 'sqrt' is unknown; it may be log, boxcox"),
        ([[1.0, 2]], {"enabled": [True]}, "1 flags `enabled` were given for 2 columns"),
        ([[1.0, 2]], {"settings": {2: {}}}, "settings name column 2, but there are 2"),
        ([[1.0, 2]], {"settings": {1: {"limit": 3}}}, "column 'ip': setting 'limit' is unknown"),
        ([[1.0, 2]], {"settings": {1: {"max_winsorised": -1}}}, "column 'ip': max_winsorised"),
    ],
)
def test_what_cannot_be_is_refused_by_name(x: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        treat(np.array(x), names=["rd", "ip"], **options)


def test_a_column_without_name_is_called_by_its_number() -> None:
    with pytest.raises(ValueError, match="column 1 holds an infinite value"):
        treat([[1.0, -np.inf]])


# ---------------------------------------------------------------------------- properties

VALUES = st.one_of(
    st.integers(-40, 40).map(lambda i: i / 4),
    st.integers(-4000, 4000).map(float),
    st.just(NAN),
)
PANELS = arrays(np.float64, st.tuples(st.integers(1, 14), st.integers(1, 4)), elements=VALUES)
LIMITS = st.sampled_from([0.3, 0.71, 1.13, 2.0])


@settings(max_examples=200, deadline=None)
@given(PANELS, st.integers(0, 6), LIMITS, st.data())
def test_the_order_of_rows_and_columns_changes_nothing(
    x: np.ndarray, most: int, limit: float, data: st.DataObject
) -> None:
    rows = np.array(data.draw(st.permutations(range(x.shape[0]))))
    columns = np.array(data.draw(st.permutations(range(x.shape[1]))))
    options = {"max_winsorised": most, "skewness_limit": limit, "kurtosis_limit": 0.0}
    before, kept = treat(x, **options), x.copy()
    after = treat(x[np.ix_(rows, columns)], **options)
    assert np.array_equal(after.values, before.values[np.ix_(rows, columns)], equal_nan=True)
    for name in ("method", "n_moved", "skewness_after"):
        assert np.array_equal(getattr(after, name), getattr(before, name)[columns])
    assert np.array_equal(x, kept, equal_nan=True)  # the input is never changed


@settings(max_examples=200, deadline=None)
@given(PANELS, st.integers(0, 6), LIMITS)
def test_no_value_passes_another_and_missing_stays_missing(
    x: np.ndarray, most: int, limit: float
) -> None:
    found = treat(x, max_winsorised=most, skewness_limit=limit, kurtosis_limit=0.0)
    assert np.array_equal(np.isnan(found.values), np.isnan(x))
    for j, method in enumerate(found.method):
        before, after = x[:, j], found.values[:, j]
        order = np.argsort(before)[: np.isfinite(before).sum()]
        assert (np.diff(after[order]) >= 0).all()
        moved = int((before[order] != after[order]).sum())
        if method in ("none", "failed"):
            assert moved == 0
        if method == "winsorised":
            assert 1 <= moved == found.n_moved[j] <= most
            assert set(after[order]) <= set(before[order])
        if method in ("winsorised", "log"):
            assert abs(found.skewness_after[j]) < limit or found.kurtosis_after[j] < 0
            assert found.skewness_after[j] == pytest.approx(skewness(after), abs=1e-9)
            assert found.kurtosis_after[j] == pytest.approx(kurtosis(after), abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(PANELS, st.integers(0, 6), LIMITS, st.integers(-60, 60))
def test_another_unit_changes_the_unit_only(
    x: np.ndarray, most: int, limit: float, power: int
) -> None:
    options = {"max_winsorised": most, "skewness_limit": limit, "kurtosis_limit": 0.0}
    before, after = treat(x, **options), treat(x * 2.0**power, **options)
    assert before.method.tolist() == after.method.tolist()
    for j, method in enumerate(before.method):
        if method == "log":
            sign = 1 if before.skewness_before[j] > 0 else -1
            expected = before.values[:, j] + sign * power * np.log(2)
            assert np.allclose(after.values[:, j], expected, atol=1e-9, equal_nan=True)
        else:
            expected = before.values[:, j] * 2.0**power
            assert np.array_equal(after.values[:, j], expected, equal_nan=True)


@settings(max_examples=200, deadline=None)
@given(PANELS, st.integers(0, 6), LIMITS)
def test_a_mirrored_column_is_treated_in_mirror_image(
    x: np.ndarray, most: int, limit: float
) -> None:
    options = {"max_winsorised": most, "skewness_limit": limit, "kurtosis_limit": 0.0}
    before, after = treat(x, **options), treat(-x, **options)
    assume(np.abs(np.abs(before.skewness_before) - limit).min() > 1e-9)
    assume((np.abs(before.skewness_before) > 1e-9).all())  # a symmetrical column has no side
    same = before.method == after.method
    assert np.array_equal(after.values[:, same], -before.values[:, same], equal_nan=True)
    assert same.all()


# ---------------------------------------------------------------------------- the SQL


def random_panel(n_units: int, seed: int) -> np.ndarray:
    """A synthetic panel of many kinds of columns: skewed, tied, negative, huge, tiny, with gaps."""
    rng = np.random.default_rng(seed)
    kinds = [
        rng.normal(size=(n_units, 8)),
        np.exp(rng.normal(size=(n_units, 12)) * rng.uniform(0.3, 3, 12)),
        -np.exp(rng.normal(size=(n_units, 12)) * rng.uniform(0.3, 3, 12)),
        rng.poisson(1.5, size=(n_units, 8)).astype(float),
        rng.integers(-3, 3, size=(n_units, 6)) * 0.1,
        rng.standard_t(1.2, size=(n_units, 12)),
        rng.standard_t(1.2, size=(n_units, 8)) * 1e12,
        np.exp(rng.normal(size=(n_units, 8)) * 2) * 1e-9,
        (rng.random((n_units, 6)) < 0.04).astype(float),
        rng.standard_t(1.5, size=(n_units, 6)) + 1e4,
        np.full((n_units, 2), 0.1),
    ]
    x = np.hstack(kinds)
    share = rng.choice([0, 0.1, 0.5], size=x.shape[1])
    return np.where(rng.random(x.shape) < share, NAN, x)


def treated_by_sql(con: duckdb.DuckDBPyConnection, x: np.ndarray, **options: Any) -> Any:
    n, m = x.shape
    codes, names = [f"{i:05d}" for i in range(n)], [f"i{j:03d}" for j in range(m)]
    given_table(
        con,
        "imputed",
        edition="e",
        province_code=np.repeat(codes, m),
        indicator=np.tile(names, n),
        imputed_value=x.ravel(),
        is_entered=True,
    )
    given_table(con, "spec_indicators", indicator=names, treat=True, transform="log", **options)
    con.execute((store.SQL_FOLDER / "60_treated.sql").read_text("utf-8"))
    frame = con.sql(
        "select treatment, treated_value from treated order by province_code, indicator"
    ).df()
    values = frame["treated_value"].to_numpy(dtype=float, na_value=NAN).reshape(n, m)
    return values, frame["treatment"].to_numpy(dtype=str).reshape(n, m)[0]


@pytest.mark.parametrize("n_units", [1, 2, 3, 4, 5, 8, 34, 63, 150])
@pytest.mark.parametrize(
    ("skewness_limit", "kurtosis_limit", "max_winsorised"),
    [(2.0, 3.5, 5), (0.7, 0.4, 3), (2.0, 3.5, 0), (1.0, 1.0, 12)],
)
def test_arrays_and_sql_agree(
    con: duckdb.DuckDBPyConnection,
    n_units: int,
    skewness_limit: float,
    kurtosis_limit: float,
    max_winsorised: int,
) -> None:
    options = {
        "skewness_limit": skewness_limit,
        "kurtosis_limit": kurtosis_limit,
        "max_winsorised": max_winsorised,
    }
    x = random_panel(n_units, seed=n_units)
    on_the_limit = [abs(abs(skewness(xs)) - skewness_limit) < 1e-9 for xs in x.T]
    x = x[:, ~np.array(on_the_limit)]  # 0 0 0 1 has G1 = 2: the last bit decides
    by_sql, methods = treated_by_sql(con, x, **options)
    found = treat(x, **options)
    assert found.method.tolist() == methods.tolist()
    assert np.array_equal(np.isnan(found.values), np.isnan(by_sql))
    assert np.allclose(found.values, by_sql, rtol=1e-10, atol=0, equal_nan=True)
    if n_units >= 34:  # the panels try every branch
        expected = {"none", "failed"} | ({"winsorised"} if max_winsorised else {"log"})
        assert expected <= set(methods)


def test_the_moments_agree_with_the_sql(con: duckdb.DuckDBPyConnection) -> None:
    x = random_panel(40, seed=7)
    for j in range(x.shape[1] - 2):  # the last two are constant: rounding noise in SQL
        xs = np.sort(x[:, j])[: np.isfinite(x[:, j]).sum()].tolist()
        row = con.execute("select skewness_of($1), kurtosis_of($1)", [xs]).fetchone()
        assert row == pytest.approx((skewness(x[:, j]), kurtosis(x[:, j])), rel=1e-10, abs=1e-10)


def test_a_missing_value_stays_missing_where_the_sql_winsorises(
    con: duckdb.DuckDBPyConnection,
) -> None:
    x = column([*ONE_OUTLIER, NAN])
    by_sql, methods = treated_by_sql(
        con, x, skewness_limit=2.0, kurtosis_limit=3.5, max_winsorised=5
    )
    assert methods.tolist() == ["winsorised"]
    assert np.array_equal(by_sql[:, 0], [*range(1, 10), 9, NAN], equal_nan=True)
