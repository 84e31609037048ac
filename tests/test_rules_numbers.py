"""Every rule about numbers, dates, provinces and keys is broken once, and fires at its place."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.breaking import (
    CARDS,
    ENTERPRISES,
    LABOUR,
    POPULATION,
    QUOTES,
    REGISTER,
    fired,
    give_file,
    the_fault,
)
from tests.conftest import Toy


def _enterprises(toy: Toy, text: str) -> None:
    """Put a text into C2 of the enterprises: a count, Vietnamese style, no missing marker."""
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", f"Hà Nội;2022;{text}")


def _population(toy: Toy, text: str) -> None:
    """Put a text into C3 of the population: plain style, from 0 to 10000."""
    toy.edit(POPULATION, "Hà Nội,990,1000", f'Hà Nội,990,"{text}"')


def test_NUM_02_a_number_in_another_style_is_refused_with_its_readings(toy: Toy) -> None:
    _population(toy, "1.234,5")
    fault = fired(toy, "NUM-02", POPULATION, 3, 3, "1.234,5")
    assert fault.details["readings"] == "plain = –, vi = 1234.5"
    assert fault.place.column_name == "2022"


def test_NUM_03_a_separator_is_refused_where_none_is_declared(toy: Toy) -> None:
    toy.edit(CARDS, "number_style: plain", "number_style: digits")
    _population(toy, "1.000")
    fired(toy, "NUM-03", POPULATION, 3, 3, "1.000")


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f", "\u2009"])
def test_NUM_04_a_space_is_refused_where_the_style_has_none(toy: Toy, space: str) -> None:
    _population(toy, f"1{space}000")
    fired(toy, "NUM-04", POPULATION, 3, 3, f"1{space}000")


@pytest.mark.parametrize("text", ["1.23.4", "12.34.567", "1.1.7943"])
def test_NUM_05_bad_grouping_is_refused(toy: Toy, text: str) -> None:
    _enterprises(toy, text)
    fired(toy, "NUM-05", ENTERPRISES, 2, 3, text)


@pytest.mark.parametrize("text", ["350 người", "1,2 tỷ đồng", "35%"])
def test_NUM_08_a_unit_in_the_cell_is_refused(toy: Toy, text: str) -> None:
    _enterprises(toy, text)
    fired(toy, "NUM-08", ENTERPRISES, 2, 3, text)


@pytest.mark.parametrize("text", ["", "-", "–", "..", "...", "NA", "N/A", "null", "x", "None"])
def test_NUM_10_an_undeclared_missing_marker_is_refused(toy: Toy, text: str) -> None:
    _enterprises(toy, text)
    fired(toy, "NUM-10", ENTERPRISES, 2, 3, text)


@pytest.mark.parametrize("text", ["NaN", "inf", "-inf", "Infinity"])
def test_NUM_12_a_number_that_is_not_finite_is_refused(toy: Toy, text: str) -> None:
    _enterprises(toy, text)
    fired(toy, "NUM-12", ENTERPRISES, 2, 3, text)


@pytest.mark.parametrize("text", ["1e400", "1E308", "9" * 400])
def test_NUM_13_an_exponent_or_endless_digits_are_refused(toy: Toy, text: str) -> None:
    _enterprises(toy, text)
    fault = fired(toy, "NUM-13", ENTERPRISES, 2, 3, text)
    assert fault.details["limit"] == 30


@pytest.mark.parametrize("text", ["-5", "−5", "-1.000"])
def test_NUM_14_a_negative_count_is_refused(toy: Toy, text: str) -> None:
    _enterprises(toy, text)
    fired(toy, "NUM-14", ENTERPRISES, 2, 3, text)


def test_NUM_16_a_count_with_decimals_is_refused(toy: Toy) -> None:
    _enterprises(toy, "12,5")
    fired(toy, "NUM-16", ENTERPRISES, 2, 3, "12,5")


@pytest.mark.parametrize("text", ["#DIV/0!", "#REF!", "#VALUE!", "#NAME?"])
def test_NUM_18_a_spreadsheet_error_is_refused(toy: Toy, text: str) -> None:
    _enterprises(toy, text)
    fired(toy, "NUM-18", ENTERPRISES, 2, 3, text)


def test_NUM_19_a_boolean_is_not_a_number(toy: Toy) -> None:
    buffer = io.BytesIO()
    table = pa.table({"province": ["Hà Nội"], "2020": [990.0], "2022": [True]})
    pq.write_table(table, buffer)
    name = give_file(toy, "population", ".parquet", buffer.getvalue())
    fired(toy, "NUM-19", name, 2, 3, "True")


def test_NUM_22_a_value_outside_the_plausible_range_is_refused(toy: Toy) -> None:
    _population(toy, "20000")
    fault = fired(toy, "NUM-22", POPULATION, 3, 3, "20000")
    assert fault.details["bounds"] == "0 – 10000 thousand persons"


@pytest.mark.parametrize(
    "bounds", ["60,70,,at_least", "60,,50,about", ",10,,range", "12,10,20,range", ",,,exact"]
)
def test_NUM_24_a_value_that_does_not_fit_its_bounds_is_refused(toy: Toy, bounds: str) -> None:
    toy.edit(QUOTES, "60,60,,at_least", bounds)
    value, low, high, _ = bounds.split(",")
    fired(toy, "NUM-24", QUOTES, 2, 4, f"{low} ≤ {value} ≤ {high}")


@pytest.mark.parametrize("text", ["2010-13-01", "2010-02-30", "31/02/2010", "May 2010"])
def test_DAT_02_a_text_that_is_no_date_is_refused(toy: Toy, text: str) -> None:
    toy.edit(REGISTER, "2010-05-01", text)
    fired(toy, "DAT-02", REGISTER, 2, 3, text)


@pytest.mark.parametrize("text", ["2010-13-01", "2023-02-31"])
def test_DAT_02_a_period_that_is_no_date_is_refused(toy: Toy, text: str) -> None:
    toy.edit(QUOTES, "2022-12-31", text)
    fired(toy, "DAT-02", QUOTES, 2, 10, text)


@pytest.mark.parametrize("text", ["22", "2022.0", "Năm 2022", "20222"])
def test_DAT_05_a_year_that_is_not_four_digits_is_refused(toy: Toy, text: str) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022", f"Hà Nội;{text}")
    fired(toy, "DAT-05", ENTERPRISES, 2, 2, text)


def test_DAT_06_a_year_outside_the_declared_span_is_refused(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022", "Hà Nội;2021")
    fault = fired(toy, "DAT-06", ENTERPRISES, 2, 2, "2021")
    assert fault.details["declared"] == "2022-2022"


def test_GEO_01_an_unknown_name_is_refused_with_the_nearest_and_none_is_used(toy: Toy) -> None:
    toy.edit(POPULATION, "Quảng Nam", "Quảng Nma")
    fault = fired(toy, "GEO-01", POPULATION, 5, 1, "Quảng Nma")
    assert fault.details["nearest"] == "Quảng Nam"


def test_GEO_07_an_old_name_in_a_file_of_the_new_scheme_is_refused(toy: Toy) -> None:
    toy.edit(CARDS, 'scheme: "63"', 'scheme: "34"')
    toy.edit(POPULATION, "Đà Nẵng,495,500\n", "")  # the row of the whole would make it GEO-08
    fault = fired(toy, "GEO-07", POPULATION, 4, 1, "Quảng Nam")
    assert fault.details["belongs"] == "Đà Nẵng"


def test_GEO_14_a_code_without_its_leading_zero_is_refused(toy: Toy) -> None:
    toy.edit(LABOUR, "01,", "1,")
    fault = fired(toy, "GEO-14", LABOUR, 2, 1, "1")
    assert fault.details["code"] == "01"


def test_GEO_15_a_code_of_another_system_is_named(toy: Toy) -> None:
    toy.edit(LABOUR, "01,", "VN-HN,")
    fired(toy, "GEO-15", LABOUR, 2, 1, "VN-HN")


def test_GEO_17_a_code_of_another_period_is_refused(toy: Toy) -> None:
    cards = (toy.root / CARDS).read_text("utf-8")
    head, labour = cards.split("  labour:\n")
    toy.write(CARDS, head + "  labour:\n" + labour.replace('scheme: "63"', 'scheme: "34"', 1))
    toy.edit(LABOUR, '48,"40,0",300\n', "")  # the row of the whole would make it GEO-08
    fault = fired(toy, "GEO-17", LABOUR, 3, 1, "49")
    assert fault.details["other"] == "63"
    assert fault.details["valid"] == "2008-08-01 – 2025-06-30"


def test_GEO_19_a_province_absent_from_a_complete_file_is_listed(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Hậu Giang;2022;10\n", "")
    fault = fired(toy, "GEO-19", ENTERPRISES, None, None, 1)
    assert fault.details["missing"] == "Hậu Giang (93)"


def test_GEO_20_a_former_unit_is_not_mapped_by_itself(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "Hà Tây")
    fault = fired(toy, "GEO-20", POPULATION, 3, 1, "Hà Tây")
    assert fault.details == {"ended": "2008-08-01", "successors": "Hà Nội"}


@pytest.mark.parametrize("name", ["Huyện Ba Vì", "Quận 1", "Phường Bến Nghé", "Thị xã Sơn Tây"])
def test_GEO_21_a_district_or_ward_is_no_province(toy: Toy, name: str) -> None:
    toy.edit(POPULATION, "Hà Nội", name)
    fired(toy, "GEO-21", POPULATION, 3, 1, name)


def test_DUP_01_two_values_of_one_key_are_both_shown(toy: Toy) -> None:
    toy.edit(POPULATION, "Sóc Trăng,", "Hà Nội,990,1001\nSóc Trăng,")
    fault = fired(toy, "DUP-01", POPULATION, 8, 3, "1001")
    assert (fault.details["other_value"], fault.details["other"]) == ("1000", f"{POPULATION} C3")


def test_DUP_02_the_same_figure_twice_is_refused_too(toy: Toy) -> None:
    toy.edit(POPULATION, "Sóc Trăng,", "Hà Nội,990,1001\nSóc Trăng,")
    fault = fired(toy, "DUP-02", POPULATION, 8, 2, "990")
    assert fault.details["other"] == f"{POPULATION} B3"


def test_DUP_03_one_key_in_two_files_is_refused(toy: Toy) -> None:
    toy.edit(QUOTES, "60,60,,at_least,startups,", "600,,,exact,enterprises,")
    toy.edit(QUOTES, "Cần Thơ,63,startups", "Cần Thơ,63,new_enterprises")
    fault = fired(toy, "DUP-03", QUOTES, 2, 4, "600")
    assert fault.details["other"] == f"{ENTERPRISES} C5"


def test_SEM_04_a_sum_that_misses_the_national_figure_is_warned_of(toy: Toy) -> None:
    toy.edit(POPULATION, "Cả nước,2980,3000", "Cả nước,2980,3500")
    fault = the_fault(toy.warnings(), "SEM-04", POPULATION, 2, 3, 3500.0)
    assert fault.details["total"] == "3000"


def test_SEM_17_a_register_with_fewer_records_than_a_source_states_is_warned_of(toy: Toy) -> None:
    toy.edit(CARDS, "{variable: gi,", "{variable: gi, check_against: startups,")
    fault = the_fault(toy.warnings(), "SEM-17", QUOTES, 2, 4, "60")
    assert (fault.details["as_of"], fault.details["held"]) == ("2022-12-31", 0)
