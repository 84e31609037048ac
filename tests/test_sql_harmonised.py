"""Harmonised: the merger of provinces, worked out by hand and on the real figures."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import duckdb
import pandas as pd
import pytest

from pipeline import store
from pipeline.faults import Faults
from pipeline.project import Project
from pipeline.run import compute, load
from tests.conftest import ROOT, Toy, given, silent
from tests.steps import indicators, rows_of, settings, step

Con = duckdb.DuckDBPyConnection
# A whole W (scheme 34) of parts 11, 12, 13, and L (code 20) that stayed as it was.
PARTS = {"11": "80", "12": "80", "13": "80", "20": "20"}
HARMONISED = step("20_harmonised")


def figure(code: str, value: float | None, **more: Any) -> dict[str, Any]:
    """One row of `observed`."""
    plain = {
        "scheme": "63", "province_code": code, "variable": "x", "year": 2022, "value": value,
        "value_low": None, "value_high": None, "obs_status": "M" if value is None else "A",
        "source_id": "index_source",
    }  # fmt: skip
    return plain | more


def harmonise(
    con: Con,
    figures: list[dict[str, Any]],
    merge: str = "sum",
    shared: list[tuple[str, int | None, str]] | None = None,
    parts: dict[str, str] = PARTS,
) -> dict[tuple[str, int | None], tuple[Any, ...]]:
    """Run the step; variable x is merged by `merge`, w is its weight.

    Args:
        con: the database.
        figures: rows of `observed`.
        merge: sum, weighted_mean or none.
        shared: (record, year, part) of records that several parts counted.
        parts: part to whole.

    Returns:
        For edition `new` and variable x, by province and year: value, status, rule, parts, reason.
    """
    frame = pd.DataFrame(figures)
    frame["year"] = frame["year"].astype("Int64")
    floats = ["value", "value_low", "value_high"]
    store.put_table(con, "observed", frame.astype(dict.fromkeys(floats, "float64")))
    given(con, "spec_sources", source_id=["index_source", "press"],
          use=["index", "comparison"])  # fmt: skip
    given(con, "spec_editions", edition=["old", "new"], reference_year=2022, scheme=["63", "34"])
    settings(con)
    indicators(con, {"indicator": "x"})
    weight = "w" if merge == "weighted_mean" else None
    given(con, "spec_variables", variable=["x", "w"], merge=[merge, "sum"],
          merge_weight=[weight, None])  # fmt: skip
    given(con, "ref_merger", from_scheme="63", from_code=list(parts), to_scheme="34",
          to_code=list(parts.values()))  # fmt: skip
    records = pd.DataFrame(shared or [], columns=["record", "year", "province_code"], dtype=object)
    records = records.assign(scheme="63", variable="x", n=1).astype({"year": "Int64"})
    records = records.astype({"record": "str", "province_code": "str"})
    store.put_table(con, "ref_shared_records", records)
    con.execute(HARMONISED)
    found = rows_of(
        con,
        "select province_code, year, value, obs_status, merge_rule, parts, reason from harmonised "
        "where edition = 'new' and variable = 'x'",
    )
    return {(row[0], row[1]): row[2:] for row in found}


def test_a_merged_province_sums_the_counts_of_its_parts(con: Con) -> None:
    found = harmonise(con, [figure("11", 4), figure("12", 5), figure("13", 6)])
    assert found[("80", 2022)] == (15, "A", "sum", "11+12+13", None)  # 4 + 5 + 6


def test_a_merged_province_sums_counts_before_ratios(toy: Toy) -> None:
    # New enterprises per 10,000 of the parts: 120/400*10 = 3, 10/200*10 = 0.5, 0/400 = 0, mean
    # 1.1667. Of the whole: (120 + 10 + 0) / (400 + 200 + 400) * 10 = 1.3.
    found = rows_of(
        toy.compute(),
        "select value from denominated where edition = '2022-34' and province_code = '92' "
        "and indicator = 'new_per_10000'",
    )
    assert found == [(pytest.approx(1.3, abs=1e-15),)]


def test_bounds_of_the_parts_are_summed_when_every_part_has_them(con: Con) -> None:
    bounds = {"value_low": 1, "value_high": 9}
    harmonise(
        con, [figure("11", 4, **bounds), figure("12", 5, **bounds), figure("13", 6, **bounds)]
    )
    query = "select value_low, value_high from harmonised where province_code = '80'"
    assert rows_of(con, query) == [(3, 27)]  # 1 + 1 + 1, 9 + 9 + 9
    harmonise(con, [figure("11", 4, **bounds), figure("12", 5), figure("13", 6, **bounds)])
    assert rows_of(con, query) == [(None, None)]


def test_a_weighted_mean_weighs_each_part_by_the_named_variable(con: Con) -> None:
    weights = [figure(c, w, variable="w") for c, w in (("11", 1), ("12", 2), ("13", 7))]
    shares = [figure("11", 50), figure("12", 20), figure("13", 10)]
    found = harmonise(con, shares + weights, "weighted_mean")
    # (50*1 + 20*2 + 10*7) / 10 = 160/10; a mean by weight is an estimate
    assert found[("80", 2022)] == (16, "E", "weighted_mean", "11+12+13", None)


def test_a_weight_of_another_year_is_not_taken(con: Con) -> None:
    weights = [figure(c, 1, variable="w", year=2021) for c in ("11", "12", "13")]
    shares = [figure(c, 50) for c in ("11", "12", "13")]
    found = harmonise(con, shares + weights, "weighted_mean")
    assert found[("80", 2022)] == (None, "M", "weighted_mean", "11+12+13", "weight_missing")


def test_a_missing_weight_of_one_part_makes_the_mean_missing(con: Con) -> None:
    weights = [figure(c, 1, variable="w") for c in ("11", "12")]
    shares = [figure(c, 50) for c in ("11", "12", "13")]
    found = harmonise(con, shares + weights, "weighted_mean")
    assert found[("80", 2022)][-1] == "weight_missing"


def test_weights_that_add_to_zero_make_the_mean_missing_with_its_reason(con: Con) -> None:
    weights = [figure(c, 0, variable="w") for c in ("11", "12", "13")]
    shares = [figure(c, 50) for c in ("11", "12", "13")]
    found = harmonise(con, shares + weights, "weighted_mean")
    assert found[("80", 2022)] == (None, "M", "weighted_mean", "11+12+13", "weight_missing")


@pytest.mark.parametrize("absent", [[], [figure("13", None)]])
def test_one_part_missing_makes_the_whole_missing(con: Con, absent: list[dict[str, Any]]) -> None:
    found = harmonise(con, [figure("11", 4), figure("12", 5), *absent])
    assert found[("80", 2022)] == (None, "M", "sum", "11+12+13", "part_missing")


def test_a_value_that_cannot_be_added_is_missing_with_its_reason(con: Con) -> None:
    figures = [figure("11", 4), figure("12", 5), figure("13", 6), figure("20", 7)]
    found = harmonise(con, figures, "none")
    assert found[("80", 2022)] == (None, "M", "none", "11+12+13", "not_additive")
    assert found[("20", 2022)] == (7, "A", "none", "20", None)  # nothing to add


@pytest.mark.parametrize("merge", ["sum", "weighted_mean", "none"])
@pytest.mark.parametrize("status", ["A", "E", "P"])
def test_an_unmerged_province_passes_through_with_its_status(
    con: Con, merge: str, status: str
) -> None:
    found = harmonise(con, [figure("20", 7, obs_status=status)], merge)
    assert found[("20", 2022)] == (7, status, "none", "20", None)


def test_an_unmerged_province_that_published_nothing_says_so(con: Con) -> None:
    found = harmonise(con, [figure("20", None)])
    assert found[("20", 2022)] == (None, "M", "none", "20", "published_missing")


@pytest.mark.parametrize(
    ("statuses", "whole"), [("AAA", "A"), ("APA", "P"), ("PEA", "E"), ("EAP", "E"), ("PPP", "P")]
)
def test_a_sum_is_as_uncertain_as_its_most_uncertain_part(
    con: Con, statuses: str, whole: str
) -> None:
    codes = ("11", "12", "13")
    figures = [figure(c, 1, obs_status=s) for c, s in zip(codes, statuses, strict=True)]
    assert harmonise(con, figures)[("80", 2022)][1] == whole  # E over P over A


def test_a_record_shared_by_two_parts_counts_once(con: Con) -> None:
    figures = [figure("11", 4), figure("12", 5), figure("13", 6), figure("20", 3)]
    shared = [("r1", 2022, "11"), ("r1", 2022, "12"), ("r2", 2022, "13"), ("r2", 2022, "20")]
    found = harmonise(con, figures, shared=shared)
    assert found[("80", 2022)][0] == 14  # 15 less one for r1; r2 lies in two wholes
    assert found[("20", 2022)][0] == 3


def test_a_record_shared_by_three_parts_counts_once(con: Con) -> None:
    figures = [figure("11", 4), figure("12", 5), figure("13", 6)]
    shared = [("r1", 2022, code) for code in ("11", "12", "13")]
    shared += [("r2", 2022, "11"), ("r2", 2022, "13"), ("r3", 2021, "11"), ("r3", 2021, "12")]
    found = harmonise(con, figures, shared=shared)
    assert found[("80", 2022)][0] == 12  # 15 - 2 for r1 - 1 for r2; r3 is of another year


def test_undated_figures_stay_undated(con: Con) -> None:
    figures = [figure(c, 1, year=None) for c in ("11", "12", "13")]
    figures += [figure(c, 2) for c in ("11", "12", "13")]
    found = harmonise(con, figures)
    assert (found[("80", None)][0], found[("80", 2022)][0]) == (3, 6)


def test_figures_after_the_reference_year_are_left_out(con: Con) -> None:
    figures = [figure(c, 1, year=y) for c in PARTS for y in (2022, 2023)]
    figures.append(figure("80", 9, scheme="34", year=2023))
    harmonise(con, figures)
    assert rows_of(con, "select distinct year from harmonised") == [(2022,)]


def test_a_figure_of_the_editions_own_scheme_wins_over_a_merged_one(con: Con) -> None:
    figures = [figure(c, 1) for c in PARTS] + [figure("80", 9, scheme="34")]
    found = harmonise(con, figures)
    assert found[("80", 2022)] == (9, "A", "none", "80", None)  # not 1 + 1 + 1
    assert found[("20", 2022)][0] == 1


def test_a_province_before_the_merger_is_never_made_of_figures_after_it(con: Con) -> None:
    harmonise(con, [figure("80", 9, scheme="34")])
    assert rows_of(con, "select edition, province_code from harmonised") == [("new", "80")]


def test_a_figure_for_comparison_never_enters_the_index(con: Con) -> None:
    figures = [figure("20", 7), figure("20", 900, source_id="press")]
    assert harmonise(con, figures)[("20", 2022)][0] == 7


@pytest.fixture(scope="module")
def real() -> Con:
    """The real index, computed once."""
    loaded = load(Project(ROOT), Faults(), silent)
    return compute(loaded, Faults(), silent)


def _by_scheme(real: Con) -> dict[str, dict[tuple[str, int | None], dict[str, float | None]]]:
    """Edition -> (variable, year) -> province -> value, of the two editions of 2022."""
    found: dict[str, Any] = {"2022": defaultdict(dict), "2022-34": defaultdict(dict)}
    for edition, variable, year, code, value in rows_of(
        real,
        "select edition, variable, year, province_code, value from harmonised "
        "where edition in ('2022', '2022-34')",
    ):
        found[edition][variable, year][code] = value
    return found


def _surplus(real: Con, whole: str) -> dict[tuple[str, int | None], int]:
    """How often a record was counted once too many among the parts of `whole`."""
    surplus: dict[tuple[str, int | None], int] = defaultdict(int)
    for variable, year, times in rows_of(
        real,
        "select variable, year, count(*) from ref_shared_records join ref_merger "
        f"on province_code = from_code where to_code = '{whole}' and scheme = '63' "
        "group by variable, year, record",
    ):
        surplus[variable, year] += times - 1
    return surplus


def _additive(real: Con) -> set[str]:
    return {v for (v,) in rows_of(real, "select variable from spec_variables where merge = 'sum'")}


def _check_whole(real: Con, whole: str, parts: list[str]) -> int:
    """Compare a whole with the sum of its parts in each variable and year; how many were."""
    values, additive, surplus = _by_scheme(real), _additive(real), _surplus(real, whole)
    own = set(rows_of(real, "select variable, year from observed where scheme = '34'"))
    checked = 0
    for (variable, year), merged in values["2022-34"].items():
        if variable not in additive or (variable, year) in own:
            continue
        figures = [values["2022"][variable, year].get(code) for code in parts]
        if None in figures:
            assert merged[whole] is None, (variable, year)
        else:
            expected = math.fsum(v for v in figures if v is not None) - surplus[variable, year]
            assert merged[whole] == expected, (variable, year)
            checked += 1
    return checked


def test_the_new_can_tho_is_the_sum_of_its_three_parts_in_every_variable_and_year(
    real: Con,
) -> None:
    names = rows_of(
        real, "select name_vi from ref_provinces where scheme = '63' "
        "and province_code in ('92', '93', '94') order by province_code"
    )  # fmt: skip
    assert [name for (name,) in names] == ["Cần Thơ", "Hậu Giang", "Sóc Trăng"]
    population = _by_scheme(real)["2022-34"]["population_avg_thousand", 2022]
    assert population["92"] == 3179.638  # 1252.348 + 729.467 + 1197.823
    assert _check_whole(real, "92", ["92", "93", "94"]) >= 40


def test_every_merged_province_is_the_sum_of_its_parts(real: Con) -> None:
    parts: dict[str, list[str]] = defaultdict(list)
    for part, whole in rows_of(real, "select from_code, to_code from ref_merger"):
        parts[whole].append(part)
    merged = {whole: codes for whole, codes in parts.items() if len(codes) > 1}
    assert len(merged) == 23  # 34 less the 11 that stayed
    assert sum(map(len, parts.values())) == 63
    for whole, codes in merged.items():
        assert _check_whole(real, whole, codes) >= 30, whole


def test_ratios_of_the_34_provinces_are_made_again_from_the_sums(real: Con) -> None:
    wrong = rows_of(
        real,
        """
        select denominated.indicator, denominated.province_code
        from denominated
        inner join spec_indicators on denominated.indicator = spec_indicators.indicator
        left join harmonised as top
            on denominated.edition = top.edition
            and denominated.province_code = top.province_code
            and denominated.data_year = top.year and spec_indicators.numerator = top.variable
        left join harmonised as bottom
            on denominated.edition = bottom.edition
            and denominated.province_code = bottom.province_code
            and denominated.data_year = bottom.year
            and spec_indicators.denominator = bottom.variable
        where denominated.edition = '2022-34' and spec_indicators.kind = 'ratio'
            and denominated.value is not null
            and denominated.value is distinct from top.value / bottom.value * spec_indicators.scale
        """,
    )
    assert wrong == []
    made = rows_of(
        real, "select count(*) from denominated join spec_indicators using (indicator) "
        "where edition = '2022-34' and kind = 'ratio' and value is not null"
    )  # fmt: skip
    assert made[0][0] >= 100
