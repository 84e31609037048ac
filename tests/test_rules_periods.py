"""A figure of half a year, or of one day, is what its card says and never stands for a year."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.faults import explain_fault
from pipeline.periods import covers_of, covers_of_span, fits
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    INDEX,
    QUOTES,
    VARIABLES,
    card_keys,
    fired,
    ingested,
    line_of,
)
from tests.conftest import Toy

HALF = (
    "  new_enterprises_h1: {name_vi: Doanh nghiệp mới 6 tháng, name_en: New enterprises in a half, "
    "unit: enterprises, measure: flow, covers: half_year, merge: sum, min: 0, integer: true}\n"
)
OLD = "column: Doanh nghiệp mới, variable: new_enterprises"


def _periods(toy: Toy, source: str) -> set[tuple[str, int, str]]:
    frame = ingested(toy).observed
    rows = frame[frame["source_id"] == source]
    return set(zip(rows["variable"], rows["year"], rows["period"], strict=True))


def _with_half(toy: Toy, keys: str) -> None:
    """The enterprises as figures of the first half of 2022, in a variable of their own."""
    text = (toy.root / VARIABLES).read_text("utf-8")
    toy.write(VARIABLES, text + HALF)
    toy.edit(CARDS, OLD, f"{OLD}_h1, {keys}")
    card_keys(toy, "enterprises", year="{value: 2022}", ignore="[Năm]")


def test_DAT_12_half_a_year_never_enters_a_variable_of_a_year(toy: Toy) -> None:
    card_keys(toy, "enterprises", year="{value: 2022}", ignore="[Năm]", period="2022-H1")
    line = line_of(toy, CARDS, OLD)
    fault = fired(toy, "DAT-12", CARDS, line, None, "2022-H1")
    for lang in ("vi", "en"):
        assert "new_enterprises" in explain_fault(fault, lang)["why"]
        assert "covers" in explain_fault(fault, lang)["remedy"]


def test_DAT_12_a_year_never_enters_a_variable_of_half_a_year(toy: Toy) -> None:
    _with_half(toy, "year: 2022")
    fired(toy, "DAT-12", CARDS, line_of(toy, CARDS, OLD), None, "2022")


def test_DAT_12_a_flow_is_not_counted_on_a_day(toy: Toy) -> None:
    toy.edit(CARDS, OLD, f"{OLD}, year: 2022, as_of: 2022-12-31")
    fired(toy, "DAT-12", CARDS, line_of(toy, CARDS, OLD), None, "2022-12-31")


@pytest.mark.parametrize(
    ("start", "end"), [("2022-01-01", "2022-06-30"), ("2022-01", "2022-03"), ("2022", "2022-10")]
)
def test_DAT_12_a_quoted_figure_of_a_part_of_a_year_is_refused_in_a_variable_of_a_year(
    toy: Toy, start: str, end: str
) -> None:
    quoted = "Cần Thơ,34,new_enterprises,60,60,,at_least,enterprises"
    toy.edit(QUOTES, "Cần Thơ,63,startups,60,60,,at_least,startups,,2022-12-31",
             f"{quoted},{start},{end}")  # fmt: skip
    fired(toy, "DAT-12", QUOTES, 2, 10, f"{start}/{end}")


def test_half_a_year_in_a_variable_of_its_own_is_read_and_leaves_the_index_alone(toy: Toy) -> None:
    before = toy.compute().sql("select * from scores order by all").fetchall()
    text = (toy.root / CARDS).read_text("utf-8")
    _with_half(toy, "period: 2022-H1")
    half = (toy.root / CARDS).read_text("utf-8")
    card = half[half.index("  enterprises:") : half.index("  labour:")]
    toy.write(CARDS, text + card.replace("  enterprises:", "  halves:").replace(
        "synthetic_enterprises", "synthetic_halves"))  # fmt: skip
    content = (toy.root / ENTERPRISES).read_text("utf-8").replace("400", "201")
    toy.write("raw/synthetic_halves.csv", content)
    assert _periods(toy, "halves") == {("new_enterprises_h1", 2022, "2022-H1")}
    assert toy.compute().sql("select * from scores order by all").fetchall() == before


def test_half_a_year_enters_an_indicator_that_is_declared_on_it(toy: Toy) -> None:
    _with_half(toy, "period: 2022-H1")
    toy.edit(INDEX, "numerator: new_enterprises", "numerator: new_enterprises_h1")
    con = toy.compute()
    rows = con.sql("select distinct numerator from denominated where indicator = 'new_per_10000'")
    assert 400.0 in {value for (value,) in rows.fetchall()}


@pytest.mark.parametrize("keys", ["year: 2021, period: 2022-H1", "year: 2020, as_of: 2022-06-30"])
def test_the_year_a_period_stands_for_is_its_own(toy: Toy, keys: str) -> None:
    toy.edit(CARDS, OLD, f"{OLD}, {keys}")
    assert "SCH-17" in {f.rule for f in toy.faults()}


@pytest.mark.parametrize("keys", ["period: 2022-H1", "as_of: 2022-12-31"])
def test_the_year_a_period_stands_for_has_to_be_declared(toy: Toy, keys: str) -> None:
    toy.edit(CARDS, OLD, f"{OLD}, {keys}")
    assert "SCH-17" in {f.rule for f in toy.faults()}


@pytest.mark.parametrize(
    "keys",
    ["period: 2022-H3", "period: 2022-13", "period: 2022", "as_of: 31/12/2022",
     "as_of: 2022-02-30, year: 2022", "period: 2022-H1, as_of: 2022-06-30, year: 2022"],
)  # fmt: skip
def test_a_period_that_is_none_is_refused_on_its_line(toy: Toy, keys: str) -> None:
    toy.edit(CARDS, OLD, f"{OLD}, {keys}")
    found = {(f.rule, f.place.file) for f in toy.faults()}
    assert found & {("SCH-07", CARDS), ("SCH-17", CARDS)}


def test_a_stock_of_the_first_of_January_may_stand_for_the_year_before(toy: Toy) -> None:
    toy.edit(CARDS, 'variable: population_thousand, year: 2022, status: P',
             'variable: population_thousand, year: 2022, as_of: 2023-01-01')  # fmt: skip
    assert ("population_thousand", 2022, "2023-01-01") in _periods(toy, "population")


@pytest.mark.parametrize(
    ("period", "covers"),
    [
        ("2022-H1", "half_year"),
        ("2022-Q4", "quarter"),
        ("2022-02", "month"),
        ("2022-01/2022-06", "half_year"),
        ("2021-07/2022-06", "year"),
        ("2022-01/2022-10", "part"),
    ],
)
def test_a_declared_period_covers_what_it_says(period: str, covers: str) -> None:
    assert covers_of(period) == covers


@settings(max_examples=200)
@given(
    first=st.dates(datetime.date(2000, 1, 1), datetime.date(2030, 12, 31)),
    days=st.integers(0, 800),
)
def test_a_span_of_eleven_months_is_a_year_and_a_shorter_one_is_none(
    first: datetime.date, days: int
) -> None:
    last = first + datetime.timedelta(days)
    covers = covers_of_span(first.isoformat(), last.isoformat())
    assert (covers == "year") == (days + 1 >= 330)
    assert fits("part", covers)
    assert fits("year", covers) == (covers == "year")
