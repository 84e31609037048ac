"""Dates and years: read in declared forms only, and never later than the file can know."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.dates import Dated, read_date, read_year
from pipeline.ingest.numbers import Refused
from pipeline.language import Words
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    INDEX,
    QUOTES,
    REGISTER,
    cell_of,
    declare,
    fired,
    give_file,
    line_of,
    redefine,
    the_fault,
)
from tests.conftest import Toy
from tests.sheets import xlsx
from tests.steps import rows_of

DAYS = st.dates(datetime.date(1930, 1, 1), datetime.date(2100, 12, 31))


def _register(toy: Toy, granted: Any, **more: Any) -> str:
    """A register of one dated record in a workbook; the province is Sóc Trăng (94)."""
    rows = [["number", "province", "granted"], [1, "Sóc Trăng", granted]]
    return give_file(toy, "register", ".xlsx", xlsx(rows, **more))


def _held(toy: Toy, year: int) -> tuple[Any, str | None]:
    """How many records Sóc Trăng held at the end of a year, and how that was read."""
    frame = toy.load().ingested.observed
    rows = frame[(frame["variable"] == "gi") & (frame["province_code"] == "94")]
    rows = rows[(rows["year"] == year) & (rows["scheme"] == "63")]
    (row,) = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return row["value"], row["handling"]


def test_DAT_01_a_day_and_month_of_undeclared_order_are_refused(toy: Toy) -> None:
    toy.edit(REGISTER, "2010-05-01", "03/04/2025")
    fault = fired(toy, "DAT-01", REGISTER, 2, 3, "03/04/2025")
    assert fault.details["readings"] == "2025-04-03 / 2025-03-04"


@pytest.mark.parametrize("text", ["31/12/2010", "12/31/2010", "05/2010"])
def test_DAT_01_an_order_that_could_be_worked_out_must_be_declared_too(toy: Toy, text: str) -> None:
    toy.edit(REGISTER, "2010-05-01", text)
    fired(toy, "DAT-01", REGISTER, 2, 3, text)


@pytest.mark.parametrize(
    ("order", "text", "held"),
    [("dmy", "31/12/2020", (1, 1)), ("dmy", "01/02/2021", (0, 1)), ("mdy", "12.31.2020", (1, 1)),
     ("dmy", "12-2020", (1, 1)), ("mdy", "01-2021", (0, 1))],
)  # fmt: skip
def test_DAT_01_a_declared_order_is_read_and_recorded(
    toy: Toy, order: str, text: str, held: tuple[int, int]
) -> None:
    declare(toy, "register", f"date_order: {order}")
    _register(toy, text)
    found = [_held(toy, 2020), _held(toy, 2021)]
    assert tuple(count for count, _ in found) == held
    assert found[1][1] == f"date_order_{order}"


@settings(max_examples=300, deadline=None)
@given(day=DAYS, mark=st.sampled_from("/.-"))
def test_DAT_01_every_day_is_read_in_its_declared_order_and_in_no_other(
    day: datetime.date, mark: str
) -> None:
    text = f"{day:%d}{mark}{day:%m}{mark}{day:%Y}"
    assert read_date(text, "dmy") == Dated(day.isoformat(), ("date_order_dmy",))
    assert isinstance(read_date(text), Refused)
    turned = read_date(text, "mdy")
    if day.day > 12:
        assert turned == Refused("DAT-02", {})
    else:
        assert turned == Dated(f"{day:%Y-%d-%m}", ("date_order_mdy",))


NO_DAYS = ["31/02/2025", "2025-13-01", "00/05/2010", "5/2010/1", "20100501", "02408", "1-2.1903"]


@pytest.mark.parametrize("text", NO_DAYS)
@pytest.mark.parametrize("order", ["date_order: dmy", "note: none"])
def test_DAT_02_a_day_that_does_not_exist_is_refused(toy: Toy, text: str, order: str) -> None:
    declare(toy, "register", order)
    toy.edit(REGISTER, "2010-05-01", text)
    fired(toy, "DAT-02", REGISTER, 2, 3, text)


@pytest.mark.parametrize(
    ("date_1904", "before", "handling"),
    [(False, 2024, "date_system_1900"), (True, 2028, "date_system_1904")],
)
def test_DAT_03_a_day_number_is_the_right_day_under_both_systems(
    toy: Toy, date_1904: bool, before: int, handling: str
) -> None:
    # 45678 days: 21 January 2025 counted from 1900, 22 January 2029 counted from 1904
    toy.edit(CARDS, "first_year: 2020, last_year: 2025", "first_year: 2020, last_year: 2030")
    toy.edit("reference/schemes.csv", "2025-06-30", "2035-06-30")
    toy.edit("reference/schemes.csv", "2025-07-01", "2035-07-01")
    _register(toy, 45678, date_1904=date_1904)
    assert [_held(toy, year)[0] for year in (before, before + 1)] == [0, 1]
    assert _held(toy, before + 1)[1] == handling


@pytest.mark.parametrize("date_1904", [False, True])
@pytest.mark.parametrize(("day", "held"), [((2020, 12, 31), 1), ((2021, 1, 1), 0)])
def test_DAT_03_a_date_cell_is_the_day_it_shows_under_both_systems(
    toy: Toy, date_1904: bool, day: tuple[int, int, int], held: int
) -> None:
    _register(toy, datetime.datetime(*day), date_1904=date_1904)
    assert _held(toy, 2020)[0] == held


@settings(max_examples=300, deadline=None)
@given(day=DAYS)
def test_DAT_03_every_day_number_is_its_day(day: datetime.date) -> None:
    for system, first in (
        ("1900", datetime.date(1899, 12, 30)),
        ("1904", datetime.date(1904, 1, 1)),
    ):
        number = (day - first).days
        if number >= 10_000:
            wanted = Dated(day.isoformat(), (f"date_system_{system}",))
            assert read_date(number, None, system) == wanted
            assert read_date(number + 0.75, None, system) == wanted  # a quarter to midnight
            assert read_date(str(number), None, system) == wanted


def test_DAT_03_a_day_number_of_a_CSV_needs_a_declared_system(toy: Toy) -> None:
    toy.edit(REGISTER, "2010-05-01", "45678")
    fault = fired(toy, "DAT-03", REGISTER, 2, 3, "45678")
    assert fault.details["readings"] == "2025-01-21 / 2029-01-22"
    declare(toy, "register", 'date_system: "1900"')
    toy.load()


@pytest.mark.parametrize("text", ["3-Apr", "03-Thg4", "Apr-26", "2026-04-03", "3/4/2026",
                                  "2026-04-03 00:00:00"])  # fmt: skip
def test_DAT_04_a_number_that_a_spreadsheet_turned_into_a_date_is_refused(
    toy: Toy, text: str
) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", f"Hà Nội;2022;{text}")
    fired(toy, "DAT-04", ENTERPRISES, 2, 3, text)


def test_DAT_04_a_date_cell_among_numbers_is_named_with_its_type(toy: Toy) -> None:
    rows = [["province", "2020", "2022"], ["Hà Nội", 990, datetime.datetime(2026, 4, 3)]]
    name = give_file(toy, "population", ".xlsx", xlsx(rows))
    fault = fired(toy, "NUM-19", name, 2, 3, "2026-04-03")
    assert (fault.details["type"], fault.place.cell) == (Words("type_date"), "C2")


@pytest.mark.parametrize("text", ["25", "2025.0", "Năm 2025", "2o25", "２０２２", ""])
def test_DAT_05_only_declared_forms_of_a_year_are_read(toy: Toy, text: str) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022", f"Hà Nội;{text}")
    fired(toy, "DAT-05", ENTERPRISES, 2, 2, text)


@pytest.mark.parametrize(
    ("form", "text"), [("Năm yyyy", "Năm 2022"), ("yyyy.0", "2022.0"), ("năm:yyyy.", "năm:2022.")]
)
def test_DAT_05_a_declared_form_of_a_year_is_read(toy: Toy, form: str, text: str) -> None:
    toy.edit(CARDS, "{column: Năm, first", f'{{column: Năm, forms: ["{form}"], first')
    toy.edit(ENTERPRISES, "Hà Nội;2022", f"Hà Nội;{text}")
    row = cell_of(toy, "enterprises", "C2")
    assert (row["year"], row["obs_status"]) == (2022, "A")


@pytest.mark.parametrize("form", ["yy", "yyyy-yyyy", "Năm", "yyyyy"])
def test_DAT_05_a_form_holds_one_year_of_four_digits(toy: Toy, form: str) -> None:
    toy.edit(CARDS, "{column: Năm, first", f'{{column: Năm, forms: ["{form}"], first')
    fired(toy, "SCH-07", CARDS, line_of(toy, CARDS, "forms"), None, form)


@settings(max_examples=200, deadline=None)
@given(text=st.text("0123456789 ./*(sơbộ)Năm", max_size=12))
def test_DAT_05_a_text_is_read_as_the_year_it_shows_or_not_at_all(text: str) -> None:
    read = read_year(text, ["Năm yyyy"], ["yyyy (sơ bộ)"])
    if read is not None:
        year, status = read
        shown = f"{year:04}"
        rest = " ".join(text.split()).replace(shown, "", 1)
        assert rest == {"A": "", "P": " (sơ bộ)"}[status] or (status == "A" and rest == "Năm ")


def test_DAT_06_a_year_other_than_the_declared_one_is_never_relabelled(toy: Toy) -> None:
    toy.edit(CARDS, "{column: Năm, first: 2022, last: 2022}", "{column: Năm, value: 2022}")
    toy.load()
    toy.edit(ENTERPRISES, "Hà Nội;2022", "Hà Nội;2021")
    fault = fired(toy, "DAT-06", ENTERPRISES, 2, 2, "2021")
    assert fault.details["declared"] == "2022-2022"


def _accessed(toy: Toy, source: str, day: str) -> None:
    text = (toy.root / CARDS).read_text("utf-8")
    start = text.index(f"  {source}:\n")
    toy.write(
        CARDS, text[:start] + text[start:].replace("accessed: never", f'accessed: "{day}"', 1)
    )


def test_DAT_07_a_year_after_the_file_was_obtained_is_refused_at_its_cell(toy: Toy) -> None:
    _accessed(toy, "enterprises", "2022-06-30")
    toy.load()
    toy.edit(CARDS, "last: 2022}", "last: 2030}")
    toy.edit(ENTERPRISES, "Hà Nội;2022", "Hà Nội;2023")
    fault = fired(toy, "DAT-07", ENTERPRISES, 2, 2, "2023")
    assert fault.details["limit"] == 2022


def test_DAT_07_a_declared_year_after_the_file_was_obtained_is_refused_at_its_line(
    toy: Toy,
) -> None:
    _accessed(toy, "population", "2021")
    row = line_of(toy, CARDS, "year: 2022, status: P")
    assert fired(toy, "DAT-07", CARDS, row, None, 2022).details["limit"] == 2021
    redefine(toy, "population_thousand", "measure: average", "measure: target")
    toy.load()  # a plan speaks of years to come


def test_DAT_07_a_record_and_a_quotation_of_a_later_year_are_refused(toy: Toy) -> None:
    _accessed(toy, "register", "2022-12-31")
    toy.edit(CARDS, "last_year: 2025", "last_year: 2022")
    _accessed(toy, "quotes", "2021-12-31")
    found = toy.faults()
    assert the_fault(found, "DAT-07", REGISTER, 7, 3, "2023-01-01").details["limit"] == 2022
    assert the_fault(found, "DAT-07", QUOTES, 2, 10, "2022-12-31").details["limit"] == 2021


def test_DAT_07_a_figure_after_the_reference_year_waits_for_a_later_edition(toy: Toy) -> None:
    toy.edit(
        INDEX, 'edition: "2022", reference_year: 2022', 'edition: "2021", reference_year: 2021'
    )
    used = rows_of(toy.compute(), "select max(data_year) from denominated where edition = '2021'")
    assert used == [(2020,)]  # the trained share; nothing of 2022 is taken


@pytest.mark.parametrize("text", ["2022 (sơ bộ)", "ước 2022", "2022*", "Sơ bộ 2022"])
def test_DAT_08_an_undeclared_preliminary_mark_is_refused(toy: Toy, text: str) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022", f"Hà Nội;{text}")
    fired(toy, "DAT-08", ENTERPRISES, 2, 2, text)


@pytest.mark.parametrize(
    ("form", "text"),
    [("yyyy (sơ bộ)", "2022 (sơ bộ)"), ("ước yyyy", "ước 2022"), ("yyyy*", "2022*")],
)
def test_DAT_08_a_declared_preliminary_mark_makes_the_figures_provisional(
    toy: Toy, form: str, text: str
) -> None:
    toy.edit(CARDS, "{column: Năm, first", f'{{column: Năm, provisional_forms: ["{form}"], first')
    toy.edit(ENTERPRISES, "Hà Nội;2022", f"Hà Nội;{text}")
    row = cell_of(toy, "enterprises", "C2")
    assert (row["year"], row["obs_status"]) == (2022, "P")
    assert row["handling"] == "provisional_mark"
    assert cell_of(toy, "enterprises", "C3")["obs_status"] == "A"


def _two_years(toy: Toy, year: int) -> None:
    toy.edit(CARDS, "first: 2022, last: 2022", "first: 2015, last: 2022")
    toy.edit(
        CARDS, '    complete: true\n    sha256: "0fbc', '    complete: false\n    sha256: "0fbc'
    )
    toy.edit(ENTERPRISES, "Hà Nội;2022", f"Hà Nội;{year}")
    ratio = ("kind: ratio\n    numerator: new_enterprises\n    denominator: population_thousand\n"
             "    scale: 10\n    max_age: 0")  # fmt: skip
    toy.edit(INDEX, ratio, "kind: level\n    numerator: new_enterprises\n    max_age: 1")


def test_DAT_09_two_years_in_one_column_are_kept_by_cell(toy: Toy) -> None:
    _two_years(toy, 2021)
    assert cell_of(toy, "enterprises", "C2")["year"] == 2021
    assert cell_of(toy, "enterprises", "C3")["year"] == 2022
    found = rows_of(toy.compute(), "select province_code, data_year, obs_status from denominated "
                    "where edition = '2022' and indicator = 'new_per_10000' "
                    "and province_code in ('01', '48') order by province_code")  # fmt: skip
    assert found == [("01", 2021, "C"), ("48", 2022, "A")]
    assert "DAT-09" not in {fault.rule for fault in toy.warnings()}


def test_DAT_09_a_year_older_than_the_limit_is_warned_of_and_not_used(toy: Toy) -> None:
    _two_years(toy, 2019)
    fault = the_fault(toy.warnings(), "DAT-09", INDEX, None, None, "new_per_10000")
    named = ("edition", "n", "oldest", "newest", "year", "limit", "provinces")
    assert [fault.details[key] for key in named] == ["2022", 1, 2019, 2022, 2022, 1, "Hà Nội"]
    found = rows_of(toy.compute(), "select value, reason from denominated where edition = '2022' "
                    "and indicator = 'new_per_10000' and province_code = '01'")  # fmt: skip
    assert found == [(None, "too_old")]
    listed = rows_of(toy.compute(), "select rule from findings where rule = 'DAT-09'")
    assert listed == [("DAT-09",)]


def test_DAT_09_a_column_of_one_old_year_is_no_mixture(toy: Toy) -> None:
    toy.edit(INDEX, "max_age: 2", "max_age: 0")  # the trained share, of 2020 in every province
    assert "DAT-09" not in {fault.rule for fault in toy.warnings()}
