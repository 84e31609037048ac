"""Normalisation on arrays: by hand, by property, and against the SQL that defines min-max."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline import store
from pipeline.choices.scales import Normalise, scale_row
from pipeline.methods.normalise import PARAMETERS, normalise
from tests.conftest import given as given_table
from tests.steps import indicators
from tests.steps import settings as put_settings
from tests.test_methods_treat import random_panel

NAN = np.nan
SIX = np.array([[10.0], [20], [20], [40], [50], [NAN]])

# Parameters with which every method runs on three columns of small values.
OPTIONS: dict[str, dict[str, Any]] = {method: {} for method in PARAMETERS} | {
    "goalposts": {"bounds": [[0, 4]] * 3},
    "distance_to_target": {"target": 2.5},
    "distance_to_reference": {"reference": 1},
}


def scores(method: str, direction: int = 1, x: Any = SIX, **options: Any) -> list[float]:
    """The first column of scores; a missing score as None."""
    found = normalise(x, method, direction, **options)[:, 0]
    return [None if np.isnan(score) else score for score in found]  # type: ignore[misc]


# ---------------------------------------------------------------------------- by hand


@pytest.mark.parametrize("method", ["minmax", "distance_to_best"])
def test_min_max_runs_from_the_worst_to_the_best(method: str) -> None:
    assert scores(method) == [0, 25, 25, 75, 100, None]  # (20 - 10) / (50 - 10) = 25 %
    assert scores(method, -1) == [100, 75, 75, 25, 0, None]
    assert scores(method, lower=1, upper=5) == [1, 2, 2, 4, 5, None]


def test_goalposts_are_fixed_and_clip_unless_told_otherwise() -> None:
    posts = {"bounds": [[0, 40]]}
    assert scores("goalposts", **posts) == [25, 50, 50, 100, 100, None]  # 50 is beyond 40
    assert scores("goalposts", clip=False, **posts) == [25, 50, 50, 100, 125, None]
    assert scores("goalposts", -1, **posts) == [75, 50, 50, 0, 0, None]
    assert scores("goalposts", x=[[10.0], [10]], **posts) == [25, 25]  # the scale does not need it


def test_z_scores_have_the_mean_and_deviation_asked_for() -> None:
    # 1 2 3: mean 2, sd (n - 1) 1
    x = [[1.0], [2], [3], [NAN]]
    assert scores("zscore", x=x) == [40, 50, 60, None]  # middle and a tenth of 0-100
    assert scores("zscore", x=x, mean=0, sd=1) == [-1, 0, 1, None]
    assert scores("zscore", -1, x=x, lower=0, upper=10) == [6, 5, 4, None]


@pytest.mark.parametrize(
    ("method", "options", "expected"),
    [
        # of 10 20 20 40 50 the two 20 stand at positions 2 and 3
        ("rank", {"points": True}, [1, 3, 3, 4, 5, None]),
        ("rank", {"points": True, "ties": "worse"}, [1, 2, 2, 4, 5, None]),  # COINr's n_rank
        ("rank", {}, [0, 50, 50, 75, 100, None]),
        ("borda", {"points": True}, [0, 1.5, 1.5, 3, 4, None]),
        ("borda", {"points": True, "ties": "worse"}, [0, 1, 1, 3, 4, None]),  # COINr's n_borda
        ("borda", {}, [0, 37.5, 37.5, 75, 100, None]),
        ("percentile_rank", {}, [0, 37.5, 37.5, 75, 100, None]),
        ("percentile_rank", {"upper": 1, "ties": "worse"}, [0, 0.25, 0.25, 0.75, 1, None]),
    ],
)
def test_ranks_count_from_the_worst(
    method: str, options: dict[str, Any], expected: list[float]
) -> None:
    assert scores(method, **options) == expected


def test_ranks_turn_round_with_the_direction() -> None:
    assert scores("rank", -1, points=True) == [5, 4, 4, 2, 1, None]
    assert scores("borda", -1, points=True) == [4, 2.5, 2.5, 1, 0, None]


def test_a_target_scores_the_upper_end() -> None:
    # (20 - 10) / (30 - 10) = 50 %, (50 - 10) / (30 - 10) = 200 %
    assert scores("distance_to_target", target=30) == [0, 50, 50, 150, 200, None]
    assert scores("distance_to_target", target=30, capped=True) == [0, 50, 50, 100, 100, None]
    # less is better: (50 - 40) / (50 - 30) = 50 %
    assert scores("distance_to_target", -1, target=[30]) == [200, 150, 150, 50, 0, None]


def test_a_reference_unit_scores_the_upper_end() -> None:
    expected = [0, 100 / 3, 100 / 3, 100, 400 / 3, None]  # (20 - 10) / (40 - 10)
    assert scores("distance_to_reference", reference=3) == pytest.approx(expected)
    capped = scores("distance_to_reference", -1, reference=3, capped=True)
    assert capped == [100, 100, 100, 100, 0, None]


def test_a_reference_may_differ_by_group_or_serve_all() -> None:
    x, years = [[0.0], [10], [0], [20]], ["2021", "2021", "2022", "2022"]
    each = {"2021": 1, "2022": 3}
    assert scores("distance_to_reference", x=x, groups=years, reference=each) == [0, 100, 0, 100]
    assert scores("distance_to_reference", x=x, groups=years, reference=1) == [0, 100, 0, 200]


def test_a_fraction_of_the_best_respects_the_direction() -> None:
    assert scores("fraction_of_best") == [20, 40, 40, 80, 100, None]  # 10 / 50
    assert scores("fraction_of_best", -1) == [100, 50, 50, 25, 20, None]  # 10 / 20
    assert scores("fraction_of_best", x=[[0.0], [5]]) == [0, 100]


def test_mazziotta_pareto_centres_on_100() -> None:
    # 0 2 4 2: mean 2, sd (n) sqrt(2); z = -sqrt(2), 0, sqrt(2), 0, times 10
    x = [[0.0], [2], [4], [2]]
    assert scores("mazziotta_pareto", x=x) == pytest.approx(
        [100 - 200**0.5, 100, 100 + 200**0.5, 100]
    )
    # AMPI: 70 + 60 * (x - (2 - 2)) / 4, the centre being the mean 2 and half the range 2
    assert scores("mazziotta_pareto", x=x, variant="ampi") == [70, 100, 130, 100]
    assert scores("mazziotta_pareto", -1, x=x, variant="ampi") == [130, 100, 70, 100]


def test_the_adjusted_index_takes_bounds_and_a_centre() -> None:
    x = [[0.0], [2], [4]]
    options = {"variant": "ampi", "bounds": [[0, 8]], "centre": 4}
    assert scores("mazziotta_pareto", x=x, **options) == [70, 85, 100]  # 100 + 60 * (0 - 4) / 8
    assert scores("mazziotta_pareto", -1, x=x, **options) == [130, 115, 100]
    assert scores("mazziotta_pareto", x=x, variant="ampi", lower=0, upper=1) == [0, 0.5, 1]


def test_groups_are_normalised_by_themselves_and_all_together_otherwise() -> None:
    x, years = [[0.0], [10], [0], [20]], [2021, 2021, 2022, 2022]
    assert scores("minmax", x=x, groups=years) == [0, 100, 0, 100]
    assert scores("minmax", x=x) == [0, 50, 0, 100]


def test_each_column_has_its_own_direction_and_a_missing_column_stays_missing() -> None:
    x = np.array([[1.0, 1, NAN], [2, 2, NAN], [3, 3, NAN]])
    found = normalise(x, direction=[1, -1, 1])
    assert found[:, :2].tolist() == [[0, 100], [50, 50], [100, 0]]
    for method, options in OPTIONS.items():
        again = normalise(x, method, [1, -1, 1], **options)
        assert np.array_equal(np.isnan(again), np.isnan(x)), method


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "minimax"}, "method 'minimax' is unknown; it may be minmax, goalposts"),
        ({"clip": True}, "'clip' is no parameter of method 'minmax'; its parameters: none"),
        ({"method": "zscore", "ties": 1}, "its parameters: mean, sd"),
        ({"direction": 0}, "column 'rd' has a direction that is neither"),
        ({"direction": [1, 2]}, "^column 'ip' has a direction"),
        ({"direction": [1]}, "direction must be one number or one per column"),
        ({"direction": NAN}, "direction must be finite"),
        ({"lower": 100}, "lower must be below upper"),
        ({"upper": np.inf}, "lower must be below upper, both finite"),
        ({"method": "goalposts"}, "method 'goalposts' needs the parameter 'bounds'"),
        ({"method": "goalposts", "bounds": [0, 1]}, "bounds must be two finite numbers"),
        ({"method": "goalposts", "bounds": [[0, 1], [0, NAN]]}, "bounds must be two finite"),
        ({"method": "goalposts", "bounds": [[0, 1], [2, 2]]}, "column 'ip' has bounds in the wr"),
        ({"method": "distance_to_target"}, "needs the parameter 'target'"),
        ({"method": "distance_to_target", "target": 1}, "column 'rd' has a target that is no"),
        ({"method": "distance_to_target", "target": [9, NAN]}, "target must be finite"),
        ({"method": "distance_to_reference"}, "needs the parameter 'reference'"),
        ({"method": "distance_to_reference", "reference": 0}, "'rd' has a reference that is no"),
        ({"method": "distance_to_reference", "reference": 2}, "'ip' has a reference that is mis"),
        ({"method": "distance_to_reference", "reference": 3}, "row 3 is not among the 3 rows"),
        ({"method": "distance_to_reference", "reference": {}}, "no reference row was given for"),
        ({"method": "rank", "ties": "dense"}, "ties 'dense' is unknown; it may be average"),
        ({"method": "rank", "points": True, "lower": 0}, "points are a scale of their own"),
        ({"method": "zscore", "sd": 0}, "sd must be finite, and sd above 0"),
        ({"method": "zscore", "mean": np.inf}, "mean must be finite"),
        ({"method": "mazziotta_pareto", "variant": "x"}, "variant 'x' is unknown"),
        ({"groups": [1, 2]}, "2 labels were given for 3 rows"),
        ({"groups": [1, 1, None]}, "row 2 has no label"),
        ({"groups": [1.0, 1.0, NAN]}, "row 2 has no label"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    x = [[1.0, 5], [2, 4], [3, NAN]]
    with pytest.raises(ValueError, match=message):
        normalise(x, names=["rd", "ip"], **options)


@pytest.mark.parametrize("method", sorted(set(PARAMETERS) - {"goalposts"}))
def test_a_constant_column_is_refused_by_name(method: str) -> None:
    x = np.array([[1.0, 7], [2, 7], [3, NAN]])
    options = {"distance_to_target": {"target": 9}, "distance_to_reference": {"reference": 1}}
    with pytest.raises(ValueError, match=r"^column 'ip' has only one value"):
        normalise(x, method, names=["rd", "ip"], **options.get(method, {}))


def test_a_column_that_is_constant_in_one_group_is_refused_with_the_group() -> None:
    x, years = [[1.0], [2], [3], [3]], ["2021", "2021", "2022", "2022"]
    with pytest.raises(ValueError, match="column 0 in group '2022' has only one value"):
        normalise(x, groups=years)


@pytest.mark.parametrize("method", sorted(PARAMETERS))
def test_an_infinite_value_is_refused_by_name(method: str) -> None:
    x = [[1.0, 1, 1], [2, 2, 2], [3, np.inf, 3]]
    with pytest.raises(ValueError, match=r"^column 'b' holds an infinite value$"):
        normalise(x, method, names=["a", "b", "c"], **OPTIONS[method])


def test_a_single_unit_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="column 0 has only one value"):
        normalise([[3.0]])
    assert normalise([[3.0]], "goalposts", bounds=[[0, 4]])[0, 0] == 75


def test_every_faulty_column_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"column 0 has only one value.*\ncolumn 2 has only"):
        normalise([[1.0, 1, 1], [1, 2, 1]])


@pytest.mark.parametrize(
    ("x", "direction", "message"),
    [
        ([[-1.0], [2]], 1, "column 0 has a negative value"),
        ([[0.0], [2]], -1, "column 0 has a value at or below 0, and less is better"),
    ],
)
def test_a_fraction_needs_a_scale_that_has_one(x: Any, direction: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        normalise(x, "fraction_of_best", direction)


# ---------------------------------------------------------------------------- properties

VALUES = st.one_of(st.integers(-400, 400).map(lambda i: i / 4), st.just(NAN))
INNER = arrays(np.float64, st.tuples(st.integers(0, 12), st.just(3)), elements=VALUES)
# The last two rows hold the extremes, so that no column is constant.
PANELS = INNER.map(lambda x: np.vstack([x, np.full((1, 3), -101.0), np.full((1, 3), 102.0)]))
DIRECTIONS = st.lists(st.sampled_from([-1, 1]), min_size=3, max_size=3).map(np.array)
BOUNDS = np.array([[-90.0, 90]] * 3)
UNIT_FREE = ["minmax", "goalposts", "zscore", "rank", "borda", "percentile_rank"]
UNIT_FREE += ["distance_to_best", "distance_to_target", "mazziotta_pareto"]


def options_of(method: str, a: float = 1, b: float = 0) -> dict[str, Any]:
    """Fitting parameters in the unit a * x + b."""
    return {
        "goalposts": {"bounds": np.sort(a * BOUNDS + b, axis=1)},
        "rank": {"ties": "average"},
        "distance_to_target": {"target": a * 3 + b},
        "mazziotta_pareto": {"variant": "ampi"},
    }.get(method, {})


METHODS = st.sampled_from([*UNIT_FREE, "fraction_of_best", "mpi", "distance_to_reference"])
MANY = settings(max_examples=200, deadline=None)


def run(x: np.ndarray, method: str, direction: Any, a: float = 1, b: float = 0) -> np.ndarray:
    """Scores with fitting parameters; a fraction is taken of positive values."""
    if method == "fraction_of_best":
        return normalise(x + 200, method, direction)
    if method == "mpi":
        return normalise(x, "mazziotta_pareto", direction)
    if method == "distance_to_reference":
        x = np.vstack([x, np.full((1, 3), 7.0 * a + b)])
        return normalise(x, method, direction, reference=len(x) - 1)[:-1]
    return normalise(x, method, direction, **options_of(method, a, b))


@MANY
@given(PANELS, METHODS, DIRECTIONS, st.data())
def test_the_order_of_rows_and_columns_changes_nothing(
    x: np.ndarray, method: str, direction: np.ndarray, data: st.DataObject
) -> None:
    rows = np.array(data.draw(st.permutations(range(x.shape[0]))))
    columns = np.array(data.draw(st.permutations(range(3))))
    kept = x.copy()
    before = run(x, method, direction)
    after = run(x[np.ix_(rows, columns)], method, direction[columns])
    assert np.allclose(after, before[np.ix_(rows, columns)], rtol=0, atol=1e-10, equal_nan=True)
    assert np.array_equal(x, kept, equal_nan=True)  # the input is never changed


@MANY
@given(PANELS, METHODS, DIRECTIONS)
def test_a_better_value_never_scores_less(
    x: np.ndarray, method: str, direction: np.ndarray
) -> None:
    found = run(x, method, direction)
    assert np.array_equal(np.isnan(found), np.isnan(x))
    for j in range(3):
        order = np.argsort(x[:, j] * direction[j])[: np.isfinite(x[:, j]).sum()]
        assert (np.diff(found[order, j]) >= -1e-12).all()


@MANY
@given(
    PANELS,
    st.sampled_from(UNIT_FREE),
    DIRECTIONS,
    st.floats(1e-6, 1e6),
    st.floats(-100, 100),
    st.sampled_from([-1, 1]),
)
def test_another_unit_gives_the_same_scores(
    x: np.ndarray, method: str, direction: np.ndarray, a: float, b: float, sign: int
) -> None:
    a, b = a * sign, a * b  # a negative factor turns the unit round, and the direction with it
    before = run(x, method, direction)
    after = run(a * x + b, method, direction * sign, a, b)
    if method in ("rank", "borda", "percentile_rank"):
        after = run(a * x, method, direction * sign)  # a shift may round two values into one
    assert np.allclose(after, before, rtol=0, atol=1e-8, equal_nan=True)


@MANY
@given(PANELS, st.floats(1e-6, 1e6), DIRECTIONS)
def test_a_fraction_is_free_of_the_unit(x: np.ndarray, a: float, direction: np.ndarray) -> None:
    before = normalise(x + 200, "fraction_of_best", direction)
    after = normalise(a * (x + 200), "fraction_of_best", direction)
    assert np.allclose(after, before, rtol=0, atol=1e-10, equal_nan=True)


REVERSIBLE = ["minmax", "zscore", "borda", "percentile_rank", "distance_to_best", "mpi"]


@MANY
@given(PANELS, st.sampled_from([*REVERSIBLE, "goalposts", "mazziotta_pareto"]), DIRECTIONS)
def test_the_other_direction_mirrors_the_scores(
    x: np.ndarray, method: str, direction: np.ndarray
) -> None:
    both = run(x, method, direction) + run(x, method, -direction)
    middle = 100 if method in ("mpi", "mazziotta_pareto") else 50
    assert np.allclose(both[~np.isnan(both)], 2 * middle, rtol=0, atol=1e-9)


IN_RANGE = ["minmax", "goalposts", "rank", "borda", "percentile_rank", "distance_to_best"]


@MANY
@given(
    PANELS,
    st.sampled_from(IN_RANGE),
    DIRECTIONS,
    st.integers(-50, 50),
    st.integers(1, 200),
)
def test_scores_fill_the_output_range(
    x: np.ndarray, method: str, direction: np.ndarray, lower: int, span: int
) -> None:
    options = options_of(method)
    found = normalise(x, method, direction, lower, lower + span, **options)
    assert np.nanmin(found, axis=0).tolist() == [lower] * 3
    assert np.nanmax(found, axis=0).tolist() == [lower + span] * 3


@MANY
@given(PANELS, PANELS, st.sampled_from(UNIT_FREE), DIRECTIONS)
def test_a_group_is_normalised_as_if_it_stood_alone(
    x: np.ndarray, other: np.ndarray, method: str, direction: np.ndarray
) -> None:
    labels = ["a"] * len(x) + ["b"] * len(other)
    options = options_of(method)
    found = normalise(np.vstack([x, other]), method, direction, groups=labels, **options)
    alone = normalise(x, method, direction, **options)
    assert np.array_equal(found[: len(x)], alone, equal_nan=True)


# ---------------------------------------------------------------------------- the SQL


@pytest.mark.parametrize("n_units", [2, 3, 5, 34, 63, 200])
@pytest.mark.parametrize(("lower", "upper"), [(0.0, 100.0), (-1.0, 1.0), (1.0, 7.0)])
def test_arrays_and_sql_agree(
    con: duckdb.DuckDBPyConnection, n_units: int, lower: float, upper: float
) -> None:
    x = random_panel(n_units, seed=n_units)
    lowest, highest = np.fmin.reduce(x), np.fmax.reduce(x)
    x = x[:, ~(lowest == highest)]
    n, m = x.shape
    direction = np.where(np.arange(m) % 3 == 0, -1, 1)
    names = [f"i{j:03d}" for j in range(m)]
    given_table(
        con,
        "treated",
        edition="e",
        province_code=np.repeat([f"{i:05d}" for i in range(n)], m),
        indicator=np.tile(names, n),
        treated_value=x.ravel(),
        is_entered=True,
    )
    scale = scale_row(Normalise(method="minmax", lower=lower, upper=upper), None)
    indicators(con, *({"indicator": name, "direction": int(way), **scale}
                      for name, way in zip(names, direction, strict=True)))  # fmt: skip
    put_settings(con, lower=lower, upper=upper)
    con.execute((store.SQL_FOLDER / "70_normalised.sql").read_text("utf-8"))
    frame = con.sql("select score from normalised order by province_code, indicator").df()
    by_sql = frame["score"].to_numpy(dtype=float, na_value=NAN).reshape(n, m)
    found = normalise(x, "minmax", direction, lower, upper)
    assert np.allclose(found, by_sql, rtol=1e-10, atol=1e-12, equal_nan=True)
