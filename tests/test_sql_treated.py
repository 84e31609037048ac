"""Treated: outliers are pulled in by one rule, held against scipy and a plain reference."""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import duckdb
import numpy as np
import pytest
from hypothesis import assume
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st
from scipy import stats

from pipeline import store
from pipeline.choices.treatment import Treat, TreatIndicator, treat_row
from pipeline.methods.treat import treat as treat_arrays
from tests.conftest import given
from tests.steps import indicators, rows_of, step

Con = duckdb.DuckDBPyConnection
TREATED = step("60_treated")
NEAR = 1e-7  # a moment this near its limit may fall on either side of it


Limits = dict[str, object]


class Column(NamedTuple):
    """What became of one indicator: the treatment, and values and flags in the order given."""

    treatment: str
    values: list[float | None]
    is_treated: list[bool]


def treat(
    con: Con,
    *columns: list[float | None],
    own: list[Limits] | None = None,
    is_entered: bool = True,
    **changed: object,
) -> list[Column]:
    """Run the step once over many columns, one indicator each; limits of all or each may change."""
    names = [f"x{i:03}" for i in range(len(columns))]
    mine = own or [{}] * len(columns)
    indicators(con, *({"indicator": name, **changed, **limits_}
                      for name, limits_ in zip(names, mine, strict=True)))  # fmt: skip
    cells = [(name, f"{p:04}", value) for name, column in zip(names, columns, strict=True)
             for p, value in enumerate(column)]  # fmt: skip
    given(con, "imputed", edition="e", indicator=[c[0] for c in cells],
          province_code=[c[1] for c in cells],
          imputed_value=np.array([c[2] for c in cells], dtype="float64"),
          is_entered=is_entered)  # fmt: skip
    con.execute(TREATED)
    found: dict[str, list[tuple[str, float | None, bool]]] = {name: [] for name in names}
    for name, *rest in rows_of(
        con,
        "select indicator, treatment, treated_value, is_treated from treated "
        "order by indicator, province_code",
    ):
        found[name].append(tuple(rest))
    results = []
    for rows in found.values():
        treatments, values, flags = zip(*rows, strict=True)
        assert len(set(treatments)) == 1
        results.append(Column(treatments[0], list(values), list(flags)))
    return results


def fails(values: list[float], limit: float = 2.0, heavy: float = 3.5) -> bool:
    """Whether skewness and kurtosis are both at their limits or beyond, by scipy."""
    if min(values) == max(values):
        return False
    skewness = float(stats.skew(values, bias=False))
    kurtosis = float(stats.kurtosis(values, bias=False))
    assume(abs(abs(skewness) - limit) > NEAR)
    assume(abs(kurtosis - heavy) > NEAR)
    return abs(skewness) >= limit and kurtosis >= heavy


def treat_plainly(values: list[float], most: int = 5) -> tuple[str, list[float]]:
    """The rule of the design, slowly: treatment and values. A list of three is left alone."""
    if len(values) < 4 or not fails(values):
        return "none", values
    now = list(values)
    while fails(now):
        is_right = stats.skew(now, bias=False) > 0
        edge = max(now) if is_right else min(now)
        inner = [v for v in now if v != edge]
        if not inner:
            break
        target = max(inner) if is_right else min(inner)
        moved = [target if v == edge else v for v in now]
        if sum(a != b for a, b in zip(moved, values, strict=True)) > most:
            break
        if min(moved) == max(moved):
            break  # a column is never made the same everywhere
        now = moved
    if not fails(now):
        return "winsorised", now
    shift = 0.01 * (max(values) - min(values))
    if stats.skew(values, bias=False) > 0:
        logs = [math.log(v - min(values) + shift) for v in values]
    else:
        logs = [-math.log(max(values) - v + shift) for v in values]
    return ("failed", values) if fails(logs) else ("log", logs)


def columns(least: int = 4, most: int = 16) -> st.SearchStrategy[list[list[float]]]:
    """Several columns at once: ties, long tails to either side, and a few extreme values."""
    body = st.integers(-20, 20).map(float)
    tail = st.integers(0, 12).map(lambda k: 2.0**k) | st.integers(0, 12).map(lambda k: -(2.0**k))
    column = st.lists(body | tail | tail, min_size=least, max_size=most)
    return st.lists(column, min_size=4, max_size=4)


SPIKE = [float(v) for v in range(1, 11)]


@over(values=st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=40))
@limits(deadline=None, max_examples=40)
def test_skewness_and_kurtosis_are_those_of_scipy(values: list[float]) -> None:
    assume(np.std(values) > 1e-3)
    con = store.connect()
    con.execute(step("00_moments"))
    found = con.execute("select skewness_of($1), kurtosis_of($1)", [values]).fetchall()[0]
    con.close()
    wanted = (stats.skew(values, bias=False), stats.kurtosis(values, bias=False))
    assert found == pytest.approx(wanted, rel=1e-12, abs=1e-12)


def test_a_constant_or_short_list_has_no_skewness_and_no_kurtosis(con: Con) -> None:
    found = rows_of(
        con, "select skewness_of([7e0, 7, 7, 7]), kurtosis_of([7e0, 7, 7, 7]), "
        "skewness_of([1e0, 9]), kurtosis_of([1e0, 2, 9])"
    )  # fmt: skip
    assert found == [(0, 0, 0, 0)]


@over(values=st.lists(st.floats(-1e9, 1e9), max_size=12), seed=st.randoms(use_true_random=False))
@limits(deadline=None, max_examples=40)
def test_a_sum_is_that_of_fsum_whatever_the_order(values: list[float], seed: object) -> None:
    con = store.connect()
    con.execute(step("00_moments"))
    shuffled = list(values)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    query = "select sum_of($1::double[]), sum_of($2::double[])"
    first, second = con.execute(query, [values, [*shuffled, None]]).fetchall()[0]
    con.close()
    assert first == second
    assert first == pytest.approx(math.fsum(values), rel=1e-15, abs=1e-300)


def test_a_column_without_outliers_stays_as_it_is(con: Con) -> None:
    (found,) = treat(con, [*SPIKE, None])
    assert found == Column("none", [*SPIKE, None], [False] * 11)


def test_one_outlier_is_moved_to_the_next_value(con: Con) -> None:
    (found,) = treat(con, [100.0, *SPIKE])  # G1 about 3.2 and G2 about 10.4, then 1..10 and 10
    assert found == Column("winsorised", [10.0, *SPIKE], [True] + [False] * 10)


def test_left_skew_is_mirrored(con: Con) -> None:
    (found,) = treat(con, [-100.0, *(-v for v in SPIKE)])
    assert found == Column("winsorised", [-10.0, *(-v for v in SPIKE)], [True] + [False] * 10)


def test_values_are_moved_one_at_a_time_until_the_column_passes(con: Con) -> None:
    # 1000 comes to 500 and both are far out still; both come to 10.
    (found,) = treat(con, [1000.0, 500.0, *SPIKE, *SPIKE])
    assert found.treatment == "winsorised"
    assert found.values == [10.0, 10.0, *SPIKE, *SPIKE]
    assert sum(found.is_treated) == 2


def test_ties_that_move_together_count_each(con: Con) -> None:
    tied = [100.0, 100.0, *SPIKE * 3]
    assert treat(con, tied, max_winsorised=2)[0].values == [10.0, 10.0, *SPIKE * 3]
    assert treat(con, tied, max_winsorised=1)[0].treatment == "log"  # two may not move


def test_more_outliers_than_may_be_moved_give_the_logarithm_of_the_originals(con: Con) -> None:
    powers = [2.0**k for k in range(1, 13)]
    (found,) = treat(con, powers, max_winsorised=0)
    shift = 0.01 * (4096 - 2)  # a hundredth of the range keeps the lowest value positive
    assert found.treatment == "log"
    assert found.values == pytest.approx([math.log(v - 2 + shift) for v in powers], abs=1e-9)
    assert all(found.is_treated)


def test_the_logarithm_of_a_left_skew_is_mirrored_and_handles_negatives(con: Con) -> None:
    powers = [-(2.0**k) for k in range(1, 13)]
    (found,) = treat(con, powers, max_winsorised=0)
    shift = 0.01 * (4096 - 2)
    expected = [-math.log(-2 - v + shift) for v in powers]
    assert found.treatment == "log"
    assert found.values == pytest.approx(expected, abs=1e-9)


def test_when_the_logarithm_fails_too_the_originals_stay_and_it_says_so(con: Con) -> None:
    column = [*[0.0] * 40, 1.0]  # one value apart: the logarithm leaves it just as far out
    (found,) = treat(con, column, max_winsorised=0)
    assert found == Column("failed", column, [False] * 41)


def test_no_value_moves_so_far_that_the_column_becomes_constant(con: Con) -> None:
    column = [*[0.0] * 40, 1.0]  # moving the one would leave a constant
    assert treat(con, column, max_winsorised=5)[0] == Column("failed", column, [False] * 41)


def test_an_indicator_declared_treat_false_is_left_alone(con: Con) -> None:
    column = [100.0, *SPIKE]
    assert treat(con, column, treat=False) == [Column("none", column, [False] * 11)]


def test_the_method_none_treats_nothing(con: Con) -> None:
    column = [100.0, *SPIKE]
    row = treat_row(Treat(method="none"), own=True)
    assert treat(con, column, **row) == [Column("none", column, [False] * 11)]


def test_an_indicator_that_did_not_enter_is_left_alone(con: Con) -> None:
    column = [100.0, *SPIKE]
    assert treat(con, column, is_entered=False) == [Column("none", column, [False] * 11)]


def test_fewer_than_four_values_are_left_alone(con: Con) -> None:
    # three values have a skewness of at most 1.73, so the limits are lowered to let it be seen
    limits_ = {"skewness_limit": 0.1, "kurtosis_limit": -9.0}
    assert treat(con, [0.0, 1.0, 99.0, None], **limits_)[0].treatment == "none"
    assert treat(con, [0.0, 1.0, 2.0, 99.0], **limits_)[0].treatment != "none"


def test_both_moments_must_be_out_for_a_column_to_be_treated(con: Con) -> None:
    column = [100.0, *SPIKE]
    assert treat(con, column, kurtosis_limit=99.0)[0].treatment == "none"
    assert treat(con, column, skewness_limit=99.0)[0].treatment == "none"


def test_a_symmetric_column_ends_even_when_every_skewness_is_out(con: Con) -> None:
    column = [-100.0, *[0.0] * 20, 100.0]
    found = treat(con, column, skewness_limit=0.0)[0]
    assert found.values == column


def test_a_column_is_never_made_the_same_everywhere(con: Con) -> None:
    found = treat(con, [0.0, 0.0, 0.0, 0.0, 1.0])[0]
    assert (found.treatment, found.values) == ("failed", [0.0, 0.0, 0.0, 0.0, 1.0])


@over(batch=columns())
@limits(deadline=None, max_examples=100)
def test_the_sql_agrees_with_a_plain_reading_of_the_rule(batch: list[list[float]]) -> None:
    wanted = [treat_plainly(column, 5) for column in batch]
    con = store.connect()
    con.execute(step("00_moments"))
    found = treat(con, *batch)
    con.close()
    for column, result, (treatment, values) in zip(batch, found, wanted, strict=True):
        assert result.treatment == treatment, column
        assert result.values == pytest.approx(values, rel=1e-12, abs=1e-12), column


@cache
def database() -> Con:
    """One database for the many examples of a test: making it takes longer than the step."""
    con = store.connect()
    con.execute(step("00_moments"))
    return con


def limits_of_one() -> st.SearchStrategy[Limits]:
    """What one indicator may say of its treatment; what it leaves out is the settings'."""
    return st.fixed_dictionaries(
        {},
        optional={
            "skewness": st.sampled_from([0.5, 1, 1.5, 2, 3]),
            "kurtosis": st.sampled_from([-1, 0.5, 2, 3.5, 9]),
            "max_winsorised": st.integers(0, 6),
            "transform": st.sampled_from(["log", "none"]),
        },
    )


@over(batch=columns(), said=st.lists(limits_of_one() | st.booleans(), min_size=4, max_size=4))
@limits(deadline=None, max_examples=200)
def test_each_indicator_is_treated_by_its_own_limits_in_sql_as_on_arrays(
    batch: list[list[float]], said: list[Limits | bool]
) -> None:
    common = Treat(method="winsorise_then_log", skewness=1, kurtosis=2, max_winsorised=3)
    chosen = [one if isinstance(one, bool) else TreatIndicator(**one) for one in said]  # type: ignore[arg-type]
    rows = [treat_row(common, one) for one in chosen]
    for column, row in zip(batch, rows, strict=True):
        fails(column, row["skewness_limit"], row["kurtosis_limit"])  # not too near a limit
    found = treat(database(), *batch, own=rows)
    for column, row, result in zip(batch, rows, found, strict=True):
        own = {"enabled" if key == "treat" else key: value for key, value in row.items()}
        wanted = treat_arrays(np.array(column)[:, None], settings={0: own})
        assert result.treatment == wanted.method[0], (column, row)
        assert result.values == pytest.approx(wanted.values[:, 0].tolist(), abs=1e-10), column


def test_what_an_indicator_does_not_name_is_that_of_the_settings() -> None:
    common = Treat(method="winsorise_then_log", skewness=1, max_winsorised=3, transform="none")
    own = TreatIndicator(kurtosis=9, transform="log")
    assert treat_row(common, own) == {
        "treat": True, "skewness_limit": 1.0, "kurtosis_limit": 9.0, "max_winsorised": 3,
        "transform": "log",
    }  # fmt: skip
    assert treat_row(common, own=True)["transform"] == "none"
    assert treat_row(common, own=False)["treat"] is False


def test_without_a_transform_a_column_that_still_fails_keeps_its_values(con: Con) -> None:
    powers = [2.0**k for k in range(1, 13)]
    (found,) = treat(con, powers, max_winsorised=0, transform="none")
    assert found == Column("failed", powers, [False] * 12)


def test_two_indicators_of_one_run_have_limits_of_their_own(con: Con) -> None:
    column = [100.0, *SPIKE]
    first, second = treat(con, column, column, own=[{}, {"max_winsorised": 0, "transform": "none"}])
    assert (first.treatment, second.treatment) == ("winsorised", "failed")


@over(batch=columns(), most=st.integers(0, 5))
@limits(deadline=None, max_examples=25)
def test_treatment_never_reverses_an_order(batch: list[list[float]], most: int) -> None:
    con = store.connect()
    con.execute(step("00_moments"))
    found = treat(con, *batch, max_winsorised=most)
    con.close()
    for column, result in zip(batch, found, strict=True):
        pairs = sorted(zip(column, result.values, strict=True), key=lambda pair: pair[0])
        for (low, low_treated), (high, high_treated) in pairwise(pairs):
            assert low_treated is not None
            assert high_treated is not None
            assert low_treated <= high_treated, (low, high)
            assert (low == high) <= (low_treated == high_treated)
