"""Normalised: min-max with the direction, worked out by hand."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import assume
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import store
from pipeline.faults import Faults
from tests.conftest import Toy, given
from tests.steps import indicators, rows_of, settings, step

Con = duckdb.DuckDBPyConnection
NORMALISED = step("70_normalised")


def normalise(
    con: Con,
    columns: dict[str, list[float | None]],
    direction: int = 1,
    out: tuple[str, ...] = (),
    **changed: float,
) -> dict[str, list[float | None]]:
    """Scores of each indicator in the order of its values; its scale may be changed."""
    settings(con)
    row = {"direction": direction, **changed}
    indicators(con, *({"indicator": name, **row} for name in columns))
    cells = [(name, p, v) for name, column in columns.items() for p, v in enumerate(column)]
    given(con, "treated", edition="e", indicator=[c[0] for c in cells],
          province_code=[f"{c[1]:02}" for c in cells],
          treated_value=[c[2] for c in cells],
          is_entered=[c[0] not in out for c in cells])  # fmt: skip
    con.execute("alter table treated alter treated_value type double")
    con.execute(NORMALISED)
    query = "select score from normalised where indicator = '{}' order by province_code"
    return {name: [score for (score,) in rows_of(con, query.format(name))] for name in columns}


@pytest.mark.parametrize(
    ("direction", "scores"), [(1, [0.0, 75.0, 100.0]), (-1, [100.0, 25.0, 0.0])]
)
def test_direction_decides_which_end_scores_100(
    con: Con, direction: int, scores: list[float]
) -> None:
    # by hand: (40 - 10) / (50 - 10) = 75 %
    assert normalise(con, {"x": [10, 40, 50]}, direction) == {"x": scores}


@pytest.mark.parametrize(("direction", "scores"), [(1, [1.0, 7.75, 10.0]), (-1, [10.0, 3.25, 1.0])])
def test_scores_fill_the_declared_range(con: Con, direction: int, scores: list[float]) -> None:
    # by hand: 1 + 0.75 * 9 = 7.75
    found = normalise(con, {"x": [10, 40, 50]}, direction, norm_lower=1.0, norm_upper=10.0)
    assert found == {"x": scores}


def test_negative_values_are_scaled_like_others(con: Con) -> None:
    assert normalise(con, {"x": [-30, 0, 10]}) == {"x": [0, 75, 100]}


def test_a_missing_value_has_no_score_and_moves_nobody_else(con: Con) -> None:
    assert normalise(con, {"x": [10, None, 40, 50]}) == {"x": [0, None, 75, 100]}


def test_an_indicator_that_did_not_enter_has_no_score(con: Con) -> None:
    found = normalise(con, {"x": [10, 40, 50], "y": [1, 2, 3]}, out=("y",))
    assert found == {"x": [0, 75, 100], "y": [None, None, None]}


def test_editions_are_normalised_one_by_one(con: Con) -> None:
    settings(con)
    indicators(con, {"indicator": "x"})
    given(con, "treated", edition=["e", "e", "f", "f", "f"], indicator="x", is_entered=True,
          province_code=["01", "02", "01", "02", "03"],
          treated_value=[0.0, 10.0, 0.0, 10.0, 40.0])  # fmt: skip
    con.execute(NORMALISED)
    found = rows_of(con, "select score from normalised order by edition, province_code")
    assert found == [(0,), (100,), (0,), (25,), (100,)]


def test_a_constant_indicator_is_refused_by_name(toy: Toy) -> None:
    rows = "".join(f'{code},"50,0",600\n' for code in ("01", "48", "49", "92", "93", "94"))
    toy.write("raw/synthetic_labour.csv", "province,share,labour force\n" + rows)
    faults = toy.faults()
    assert {(fault.rule, fault.value) for fault in faults} == {("SEM-07", "trained_share")}
    assert {fault.details["edition"] for fault in faults} == {"2022", "2022-34"}


def test_a_score_that_is_not_a_number_is_refused(con: Con) -> None:
    normalise(con, {"x": [5, 5, 5]})  # 0/0 is NaN here, without an error
    faults = Faults()
    store.refuse_non_finite(store.get_table(con, "normalised"), "normalised", faults)
    assert [fault.rule for fault in faults.rejecting()] == ["SCH-21"]


@over(
    values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20),
    direction=st.sampled_from([1, -1]),
)
@limits(deadline=None, max_examples=40)
def test_a_change_of_unit_leaves_the_scores_unchanged(values: list[float], direction: int) -> None:
    assume(max(values) - min(values) > 1e-3)
    con = store.connect()
    con.execute(step("00_moments"))
    found = normalise(con, {"x": list(values), "y": [1000 * v for v in values]}, direction)
    con.close()
    assert found["y"] == pytest.approx(found["x"], abs=1e-6)


@pytest.mark.parametrize("tail", [[], [100], [2.0**k for k in range(5, 14)]])
def test_a_change_of_unit_goes_through_treatment_unnoticed(con: Con, tail: list[float]) -> None:
    values = [*map(float, range(1, 11)), *tail]  # untreated; winsorised; a logarithm
    settings(con)
    indicators(con, *({"indicator": name, "max_winsorised": 1} for name in "xy"))
    given(con, "imputed", edition="e", is_entered=True,
          indicator=["x"] * len(values) + ["y"] * len(values),
          province_code=[f"{p:02}" for p in range(len(values))] * 2,
          imputed_value=values + [1000 * v for v in values])  # fmt: skip
    con.execute(step("60_treated"))
    con.execute(NORMALISED)
    query = "select score from normalised where indicator = '{}' order by province_code"
    x, y = ([score for (score,) in rows_of(con, query.format(name))] for name in "xy")
    assert y == pytest.approx(x, abs=1e-9)
