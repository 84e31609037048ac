"""Imputed: what fills a gap, what does not, and what the cell says of it, worked out by hand."""

from __future__ import annotations

import random
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipeline import store
from pipeline.choices.imputation import Impute, ImputeIndicator, impute_row
from pipeline.methods.impute import impute
from tests.conftest import given
from tests.steps import indicators

Con = duckdb.DuckDBPyConnection
Columns = dict[str, list[float | None]]  # edition -> value of each of its provinces, in order
CODES = ["01", "02", "03", "04", "05", "06"]
STEP = store.SQL_FOLDER / "50_imputed.py"


def run(
    con: Con,
    values: dict[str, Columns],
    choices: dict[str, dict[str, Any]] | dict[str, Any],
    editions: dict[str, tuple[str, int]] | None = None,
    regions: list[str] | None = None,
    peers: list[int | None] | None = None,
    out: tuple[tuple[str, str], ...] = (),
    shuffled: int = 0,
) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Run the step; the rows of `imputed` by edition, province and indicator.

    Args:
        con: the database.
        values: for each indicator, for each edition, the values of its provinces.
        choices: the `impute` of each indicator, or of all.
        editions: scheme and reference year of each edition; by default one, e, of 2022.
        regions: of the provinces, in order; by default they are all of one.
        peers: groups of the provinces, in order.
        out: indicator and edition where it did not enter.
        shuffled: seed of the order in which the rows come.
    """
    editions = editions or {"e": ("63", 2022)}
    plain = {"value": None, "obs_status": "M", "reason": "no_data"}
    rows = [
        {"edition": edition, "province_code": code, "indicator": name, "data_year": pd.NA,
         "is_entered": (name, edition) not in out, "peer_group": (peers or [None] * 6)[i],
         **(plain if value is None else {"value": value, "obs_status": "A", "reason": None})}
        for name, columns in values.items()
        for edition, column in columns.items()
        for i, (code, value) in enumerate(zip(CODES, column, strict=False))
    ]  # fmt: skip
    random.Random(shuffled).shuffle(rows)
    frame = pd.DataFrame(rows).astype(
        {"value": "float64", "peer_group": "Int64", "data_year": "Int64", "reason": "str"}
    )
    store.put_table(con, "screened", frame)
    given(con, "spec_editions", edition=list(editions),
          scheme=[scheme for scheme, _ in editions.values()],
          reference_year=[year for _, year in editions.values()])  # fmt: skip
    given(con, "ref_provinces", scheme=["63"] * 6 + ["34"] * 6, province_code=CODES * 2,
          region_vi=(regions or ["R"] * 6) * 2)  # fmt: skip
    own = {name: choices if "method" in choices else choices[name] for name in values}
    common = Impute(method="none")
    indicators(con, *({"indicator": name, **impute_row(common, ImputeIndicator(**choice))}
                      for name, choice in own.items()))  # fmt: skip
    store.run_step(con, STEP)
    found = con.sql("select * from imputed")
    made = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert len(made) == len(rows)
    return {(row["edition"], row["province_code"], row["indicator"]): row for row in made}


def column(found: dict[tuple[str, str, str], dict[str, Any]], key: str, **where: str) -> list[Any]:
    """One column of the result for an edition (e) and an indicator (x), by province."""
    edition, name = where.get("edition", "e"), where.get("name", "x")
    return [row[key] for (e, _, i), row in sorted(found.items()) if (e, i) == (edition, name)]


def filled(con: Con, values: list[float | None], **choice: Any) -> list[Any]:
    """The values of one indicator in one edition after imputation."""
    return column(run(con, {"x": {"e": values}}, choice), "imputed_value")


# ---------------------------------------------------------------------------- one edition

GAPS: list[float | None] = [1, 2, 9, None]


def test_with_the_method_none_every_cell_is_as_it_was(con: Con) -> None:
    found = run(con, {"x": {"e": GAPS}}, {"method": "none"})
    assert column(found, "imputed_value") == GAPS
    assert column(found, "obs_status") == ["A", "A", "A", "M"]
    for key in ("impute_method", "imputed_from", "impute_note"):
        assert column(found, key) == [None] * 4
    assert not any(column(found, "is_imputed"))


@pytest.mark.parametrize(("method", "value"), [("mean", 4), ("median", 2)])  # 1, 2 and 9
def test_mean_and_median_of_the_provinces_of_the_edition(
    con: Con, method: str, value: float
) -> None:
    found = run(con, {"x": {"e": GAPS}}, {"method": method})
    assert column(found, "imputed_value") == [1, 2, 9, value]
    assert column(found, "is_imputed") == [False, False, False, True]
    row = found["e", "04", "x"]
    assert (row["impute_method"], row["imputed_from"]) == (method, "01+02+03")


def test_an_imputed_cell_has_status_i_and_keeps_what_is_known_of_the_observation(con: Con) -> None:
    row = run(con, {"x": {"e": GAPS}}, {"method": "mean"})["e", "04", "x"]
    assert (row["value"], row["obs_status"], row["reason"]) == (None, "I", "no_data")
    assert (row["data_year"], row["impute_note"]) == (None, None)


def test_a_region_gives_to_its_own_and_a_region_without_values_has_no_donor(con: Con) -> None:
    regions = ["north"] * 3 + ["south"] * 2 + ["west"]
    values = {"x": {"e": [1.0, 3, None, 10, None, None]}}
    found = run(con, values, {"method": "mean", "group": "region"}, regions=regions)
    assert column(found, "imputed_value") == [1, 3, 2, 10, 10, None]
    assert column(found, "imputed_from") == [None, None, "01+02", None, "04", None]
    assert column(found, "impute_note") == [None] * 5 + ["no_donor"]
    assert column(found, "obs_status") == ["A", "A", "I", "A", "I", "M"]


def test_peers_give_to_peers_and_a_province_without_a_group_neither_gives_nor_takes(
    con: Con,
) -> None:
    values = {"x": {"e": [1.0, 3, None, 50, None, 7]}}
    found = run(con, values, {"method": "median", "group": "peers"}, peers=[1, 1, 1, 2, None, None])
    assert column(found, "imputed_value") == [1, 3, 2, 50, None, 7]
    assert column(found, "impute_note")[4] == "no_donor"  # 06 has a value, and no group either


def test_editions_do_not_give_to_each_other_within_an_edition_method(con: Con) -> None:
    values = {"x": {"e": [1.0, 3, None], "f": [10.0, 30, None]}}
    found = run(con, values, {"method": "mean"}, {"e": ("63", 2021), "f": ("63", 2022)})
    assert column(found, "imputed_value") == [1, 3, 2]
    assert column(found, "imputed_value", edition="f") == [10, 30, 20]


def test_the_nearest_provinces_are_named_as_donors(con: Con) -> None:
    # Sizes 1 2 3 100 101 and one gap beside 2.4: the two nearest are 2 and 3, (20 + 30) / 2.
    values = {"x": {"e": [10.0, 20, 30, 900, 910, None]}, "y": {"e": [1, 2, 3, 100, 101, 2.4]}}
    found = run(con, values, {"method": "knn", "n_neighbours": 2})
    assert column(found, "imputed_value") == [10, 20, 30, 900, 910, 25]
    assert found["e", "06", "x"]["imputed_from"] == "02+03"


def test_of_equally_near_provinces_the_first_codes_give(con: Con) -> None:
    values = {"x": {"e": [10.0, 20, 30, 40, None]}, "y": {"e": [1.0, 3, 1, 3, 2]}}
    for seed in range(4):
        found = run(con, values, {"method": "knn", "n_neighbours": 3}, shuffled=seed)
        assert found["e", "05", "x"]["imputed_from"] == "01+02+03"
        assert found["e", "05", "x"]["imputed_value"] == 20


def test_regression_finds_a_straight_line_and_names_the_other_indicators(con: Con) -> None:
    values = {"x": {"e": [2.0, 4, None, 8, 10, 12]}, "y": {"e": [1.0, 2, 3, 4, 5, 6]}}
    row = run(con, values, {"method": "iterative"})["e", "03", "x"]
    assert row["imputed_value"] == pytest.approx(6, abs=1e-3)  # twice 3
    assert (row["imputed_from"], row["impute_note"]) == ("y", None)


def test_regression_that_has_not_settled_says_so(con: Con) -> None:
    values: dict[str, Columns] = {
        "i0": {"e": [None, 1.0, 4.0, -3.0, None, 2.0]},
        "i1": {"e": [9.0, None, 4.5, -2.0, None, 2.0]},
        "i2": {"e": [-3.0, 1.0, None, -3.0, 7.0, 2.5]},
    }
    found = run(con, values, {"method": "iterative", "max_iterations": 1})
    notes = {row["impute_note"] for row in found.values() if row["is_imputed"]}
    assert notes == {"not_settled"}


def test_all_entered_indicators_inform_but_only_those_of_the_method_receive(con: Con) -> None:
    values: dict[str, Columns] = {
        "x": {"e": [10.0, 20, 30, 900, 910, None]},
        "y": {"e": [1, None, 3, 100, 101, 2.9]},  # nearest to 03
        "z": {"e": [1.0, 2, 2, 2, 2, 1]},  # would make 01 the nearest
    }
    knn, none = {"method": "knn", "n_neighbours": 1}, {"method": "none"}
    found = run(con, values, {"x": knn, "y": none, "z": none}, out=(("z", "e"),))
    assert found["e", "06", "x"]["imputed_from"] == "03"
    assert column(found, "imputed_value", name="y")[1] is None
    assert column(found, "impute_note", name="y") == [None] * 6


def test_an_indicator_that_did_not_enter_is_not_imputed_and_says_nothing(con: Con) -> None:
    found = run(con, {"x": {"e": GAPS}}, {"method": "mean"}, out=(("x", "e"),))
    assert column(found, "imputed_value") == GAPS
    assert column(found, "impute_note") == [None] * 4


@pytest.mark.parametrize("method", ["mean", "median", "knn", "iterative"])
def test_too_large_a_share_of_imputed_values_is_refused_and_said(con: Con, method: str) -> None:
    values: dict[str, Columns] = {
        "x": {"e": [1.0, None, None, None, 5]},
        "y": {"e": [1.0, 2, 3, 4, 6]},
        "z": {"e": [2.0, 4, 3, 3, 6]},
    }
    found = run(con, values, {"method": method})
    assert column(found, "impute_note") == [None, *["too_few_donors"] * 3, None]  # 3 of 5 values
    assert column(found, "imputed_value") == values["x"]["e"]
    found = run(con, values, {"method": method, "max_share": "3/5"})
    assert column(found, "impute_note").count("too_few_donors") == 0


def test_each_indicator_has_its_own_choice(con: Con) -> None:
    values: dict[str, Columns] = {name: {"e": GAPS} for name in "xyz"}
    choices = {"x": {"method": "mean"}, "y": {"method": "median"}, "z": {"method": "none"}}
    found = run(con, values, choices)
    assert [found["e", "04", name]["imputed_value"] for name in "xyz"] == [4, 2, None]


# ---------------------------------------------------------------------------- over time

YEARS = {f"{year}": ("63", year) for year in (2018, 2019, 2020, 2021, 2024)}


def over_years(*columns: list[float | None]) -> dict[str, Columns]:
    """Indicator x in the five editions: one column per province."""
    return {"x": {edition: [one[i] for one in columns] for i, edition in enumerate(YEARS)}}


HISTORY = over_years([None, 4, None, None, 8], [1, 1, 1, 1, 1], [2, 2, 2, 2, None])


def history_of(con: Con, method: str, **more: Any) -> list[Any]:
    found = run(con, HISTORY, {"method": method, **more}, YEARS)
    return [found[edition, "01", "x"]["imputed_value"] for edition in YEARS]


def test_carried_is_the_last_earlier_value_and_never_one_to_come(con: Con) -> None:
    assert history_of(con, "carried") == [None, 4, 4, 4, 8]
    found = run(con, HISTORY, {"method": "carried"}, YEARS)
    assert found["2018", "01", "x"]["impute_note"] == "no_donor"
    assert found["2021", "01", "x"]["imputed_from"] == "2019"  # of 2020 there is none
    assert found["2024", "03", "x"]["imputed_from"] == "2021"


def test_carried_takes_from_the_future_only_where_asked_and_nothing_is_earlier(con: Con) -> None:
    assert history_of(con, "carried", from_future=True) == [4, 4, 4, 4, 8]
    found = run(con, HISTORY, {"method": "carried", "from_future": True}, YEARS)
    assert found["2018", "01", "x"]["imputed_from"] == "2019"


def test_linear_stays_inside_the_observed_span(con: Con) -> None:
    # From 4 in 2019 to 8 in 2024 it is 0.8 a year; the year counts, not the number of editions.
    assert history_of(con, "linear") == [None, 4, pytest.approx(4.8), pytest.approx(5.6), 8]
    found = run(con, HISTORY, {"method": "linear"}, YEARS)
    assert found["2020", "01", "x"]["imputed_from"] == "2019+2024"
    assert found["2024", "03", "x"]["impute_note"] == "no_donor"  # it has no later value


@pytest.mark.parametrize("method", ["carried", "linear"])
def test_the_histories_of_63_and_34_never_mix(con: Con, method: str) -> None:
    editions = {"a": ("63", 2020), "b": ("34", 2021), "c": ("63", 2022), "d": ("34", 2023)}
    values = {"x": {"a": [1.0, 5], "b": [None, 7.0], "c": [3.0, 5], "d": [9.0, 7]}}
    found = run(con, values, {"method": method}, editions)
    assert found["b", "01", "x"]["imputed_value"] is None  # 01 of the 63 is another territory
    assert found["b", "01", "x"]["impute_note"] == "no_donor"


def test_an_edition_in_which_an_indicator_did_not_enter_gives_and_is_given_nothing(
    con: Con,
) -> None:
    editions = {"a": ("63", 2020), "b": ("63", 2021)}
    values: dict[str, Columns] = {"x": {"a": [1.0, None], "b": [None, 4.0]}}
    found = run(
        con, values, {"method": "carried", "from_future": True}, editions, out=(("x", "a"),)
    )
    assert found["b", "01", "x"]["imputed_value"] == 1
    assert found["a", "02", "x"]["imputed_value"] is None


def test_each_edition_bears_its_own_share_of_values_carried_to_it(con: Con) -> None:
    editions = {"a": ("63", 2020), "b": ("63", 2021), "c": ("63", 2022)}
    values: dict[str, Columns] = {
        "x": {"a": [1.0, 2, 3, 4], "b": [None, None, None, 8], "c": [None, None, 7, 8]}
    }
    found = run(con, values, {"method": "carried"}, editions)
    assert column(found, "impute_note", edition="b") == ["too_few_donors"] * 3 + [None]  # 3 of 4
    assert column(found, "imputed_value", edition="c") == [1, 2, 7, 8]  # 2 of 4


# ---------------------------------------------------------------------------- properties

CHOICES: list[dict[str, Any]] = [
    {"method": "mean"}, {"method": "median"}, {"method": "mean", "group": "region"},
    {"method": "median", "group": "region"}, {"method": "carried"}, {"method": "linear"},
    {"method": "carried", "from_future": True}, {"method": "knn"},
    {"method": "knn", "n_neighbours": 2}, {"method": "iterative", "max_iterations": 2},
]  # fmt: skip
THREE = {"a": ("63", 2020), "b": ("63", 2021), "c": ("63", 2023)}
REGIONS = ["n", "n", "n", "s", "s", "w"]
VALUES = st.one_of(st.integers(-40, 40).map(lambda i: i / 4), st.just(np.nan))
PANELS = arrays(np.float64, (3, 6, len(CHOICES)), elements=VALUES)  # edition, province, indicator


def by_arrays(panel: np.ndarray, j: int, choice: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Values and notes of indicator j by `pipeline.methods`, shape (editions, provinces) each."""
    options = {key: value for key, value in choice.items() if key != "group"}
    if choice["method"] not in ("carried", "linear"):
        groups = REGIONS if "group" in choice else None
        found = [impute(one, groups=groups, **options) for one in panel]
        return np.stack([f.values[:, j] for f in found]), np.stack([f.reason[:, j] for f in found])
    whole = impute(panel[:, :, j].reshape(-1, 1), units=CODES * 3, **options | {"max_share": 1},
                   time=np.repeat([2020, 2021, 2023], 6))  # fmt: skip
    values, notes, is_made = (
        one.reshape(3, 6).copy() for one in (whole.values, whole.reason, whole.is_imputed)
    )
    for e in range(3):
        if is_made[e].sum() > choice["max_share"] * (~np.isnan(values[e])).sum():
            values[e, is_made[e]], notes[e, is_made[e]] = np.nan, "too_few_donors"
    return values, notes


@limits(max_examples=20, deadline=None)  # of ten choices each, over three editions
@over(panel=PANELS, max_share=st.sampled_from([0.3, 0.5, 1.0]), seed=st.integers(0, 3))
def test_the_step_gives_what_the_arrays_give(
    panel: np.ndarray, max_share: float, seed: int
) -> None:
    choices = {f"i{j}": choice | {"max_share": max_share} for j, choice in enumerate(CHOICES)}
    cells = [[None if np.isnan(v) else float(v) for v in one] for one in
             panel.transpose(2, 0, 1).reshape(-1, 6)]  # fmt: skip
    values: dict[str, Columns] = {
        name: dict(zip(THREE, cells[3 * j : 3 * j + 3], strict=True))
        for j, name in enumerate(choices)
    }
    con = store.connect()
    found = run(con, values, choices, THREE, REGIONS, shuffled=seed)
    con.close()
    for j, (name, choice) in enumerate(choices.items()):
        expected, notes = by_arrays(panel, j, choice)
        for (e, p), value in np.ndenumerate(expected):
            row, known = found[list(THREE)[e], CODES[p], name], panel[e, p, j]
            got = np.nan if row["imputed_value"] is None else row["imputed_value"]
            assert np.isclose(got, value, rtol=0, atol=1e-10, equal_nan=True), choice
            assert np.isnan(known) or got == known
            is_made = bool(np.isnan(known) and not np.isnan(got))
            assert row["is_imputed"] == is_made
            assert (row["obs_status"] == "I") == is_made
            assert (row["imputed_from"] is not None) == is_made
            assert is_made or (row["impute_note"] or "") == notes[e, p]
