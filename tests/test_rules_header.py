"""Every rule about the header and the shape of a table is broken once, and fires at its place."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import xlsxwriter

from pipeline.faults import Fault, explain_fault
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    POPULATION,
    card_keys,
    figures,
    fired,
    give_file,
    ingested,
    the_fault,
    warned,
)
from tests.conftest import Toy

SHEET = "Biểu 1"


def _text(toy: Toy, name: str = POPULATION) -> str:
    return (toy.root / name).read_text("utf-8")


def _says(fault: Fault, *parts: str) -> None:
    """Both languages say each of some parts."""
    for lang in ("vi", "en"):
        words = explain_fault(fault, lang)
        for part in parts:
            assert part in words["why"] + words["remedy"], (lang, part)


def _xlsx(fill: Callable[[xlsxwriter.Workbook, xlsxwriter.worksheet.Worksheet], None]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        fill(book, book.add_worksheet(SHEET))
    return buffer.getvalue()


def _fill(toy: Toy, sheet: xlsxwriter.worksheet.Worksheet, first: int = 0) -> None:
    """The population as a table that starts in a row, counted from 0."""
    for i, line in enumerate(_text(toy).splitlines()):
        name, *numbers = line.split(",")
        is_header = name == "province"
        sheet.write_row(first + i, 0, [name, *(n if is_header else int(n) for n in numbers)])


def test_HDR_01_a_missing_column_is_named_with_those_found_and_the_nearest(toy: Toy) -> None:
    toy.edit(POPULATION, "province,2020,2022", "province,2020,2023")
    fault = fired(toy, "HDR-01", POPULATION, 1, None, "2022")
    assert fault.details == {"found": "province, 2020, 2023", "nearest": "2023, 2020"}
    _says(fault, "2022", "province, 2020, 2023", "2023, 2020")


def test_HDR_01_the_other_columns_of_the_file_are_still_read_for_faults(toy: Toy) -> None:
    toy.edit(POPULATION, "province,2020,2022", "province,2020,2023")
    toy.edit(POPULATION, "Cần Thơ,398", "Cần Thơ,3x8")
    toy.edit(POPULATION, "Hậu Giang", "Hậu Gian")
    found = [(f.rule, f.place.row) for f in toy.faults() if f.kind == "reject"]
    assert found == [("HDR-01", 1), ("NUM-10", 6), ("GEO-01", 7)]


def test_HDR_02_an_undeclared_column_is_warned_of_and_not_used(toy: Toy) -> None:
    before = figures(toy)
    lines = _text(toy).splitlines()
    toy.write(POPULATION, "\n".join([lines[0] + ",area", *(line + ",7" for line in lines[1:])]))
    fault = the_fault(toy.warnings(), "HDR-02", POPULATION, 1, 4, "area")
    assert fault.kind == "warn"
    assert figures(toy) == before


def test_HDR_03_of_two_columns_of_one_name_neither_is_picked(toy: Toy) -> None:
    toy.edit(POPULATION, "2020,2022", "2020,2020")
    toy.edit(POPULATION, "Hà Nội,990,1000", "Hà Nội,9x0,10x0")
    fault = fired(toy, "HDR-03", POPULATION, 1, 3, "2020")
    assert (fault.place.cell, fault.details["first"]) == ("C1", "B")
    assert not any(f.rule.startswith("NUM") for f in toy.faults())


def test_HDR_04_the_order_of_the_columns_does_not_matter(toy: Toy) -> None:
    before = figures(toy)
    swapped = [",".join(line.split(",")[::-1]) for line in _text(toy).splitlines()]
    toy.write(POPULATION, "\n".join(swapped))
    assert figures(toy) == before


def test_HDR_04_a_column_renamed_since_last_year_needs_an_alias(toy: Toy) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "province,2020,2022", "Tỉnh/thành phố,2020,Năm 2022")
    missing = {f.value for f in toy.faults() if f.rule == "HDR-01"}
    assert missing == {"province", "2022"}
    card_keys(toy, "population", aliases='{"Tỉnh/thành phố": province, "Năm 2022": "2022"}')
    assert figures(toy) == before


def test_HDR_05_a_nameless_column_over_data_is_refused(toy: Toy) -> None:
    lines = _text(toy).splitlines()
    toy.write(POPULATION, "\n".join([lines[0] + ",", *(line + ",7" for line in lines[1:])]))
    fault = fired(toy, "HDR-05", POPULATION, 1, 4, "7")
    assert fault.place.cell == "D1"


def test_HDR_05_a_nameless_column_over_nothing_is_none(toy: Toy) -> None:
    before = figures(toy)
    toy.write(POPULATION, "\n".join(line + "," for line in _text(toy).splitlines()))
    assert figures(toy) == before


def test_HDR_06_a_header_that_goes_on_in_the_next_row_is_refused_with_both(toy: Toy) -> None:
    toy.edit(POPULATION, "province,2020,2022", "province,Dân số,\n,2020,2022")
    fault = fired(toy, "HDR-06", POPULATION, 1, None, "province | Dân số")
    _says(fault, "2020 | 2022", "header_rows")


@pytest.mark.parametrize("merged", ["A1:A2", "B1:C1"])
def test_HDR_06_merged_cells_of_a_header_are_refused_until_they_are_declared(
    toy: Toy, merged: str
) -> None:
    before = figures(toy)

    def fill(_: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        _fill(toy, sheet, 1)
        sheet.write_row("A1", ["province", "2020", "2022"])
        sheet.write_row("A2", ["", "người\npersons", "người"])
        sheet.merge_range(merged, "province" if merged == "A1:A2" else "2020")

    name = give_file(toy, "population", ".xlsx", _xlsx(fill))
    fault = fired(toy, "HDR-06", name, 1, None, "province | 2020 | 2022")
    assert fault.place.sheet == SHEET
    if merged == "B1:C1":
        return
    names = {"2020": "2020 / người persons", "2022": "2022 / người"}
    for old, new in names.items():
        toy.edit(CARDS, f'column: "{old}"', f'column: "{new}"')
    card_keys(toy, "population", header_rows="2")
    assert figures(toy) == before


def test_HDR_07_a_header_under_title_lines_is_never_shifted_to(toy: Toy) -> None:
    before = figures(toy)
    toy.write(POPULATION, "Biểu 1. Dân số (synthetic),,\n,,\n" + _text(toy))
    fault = fired(toy, "HDR-07", POPULATION, 1, None, "Biểu 1. Dân số (synthetic)")
    assert (fault.details["declared"], fault.details["row"]) == (1, 3)
    _says(fault, "header_row: 3")
    card_keys(toy, "population", header_row="3")
    assert figures(toy) == before


def test_HDR_07_a_header_under_a_blank_row_is_not_where_it_was_declared(toy: Toy) -> None:
    toy.write(POPULATION, "\n" + _text(toy))
    fault = fired(toy, "HDR-07", POPULATION, 1, None, "")
    assert fault.details["row"] == 2


@pytest.mark.parametrize(("delimiter", "likely"), [(";", "';'"), ("\t", r"'\t'")])
def test_HDR_08_a_wrong_delimiter_is_recognised(toy: Toy, delimiter: str, likely: str) -> None:
    header = delimiter.join(["Tỉnh", "Năm", "Doanh nghiệp mới"])
    toy.write(ENTERPRISES, _text(toy, ENTERPRISES).replace(";", delimiter))
    card_keys(toy, "enterprises", delimiter='","')
    fault = fired(toy, "HDR-08", ENTERPRISES, 1, None, header)
    assert fault.details["likely"] == likely
    _says(fault, "1 ", "3", likely)


@pytest.mark.parametrize(
    ("line", "n"), [("Hà Nội,990", 2), ("Hà Nội,990,1000,7", 4), ("Hà Nội", 1)]
)
def test_HDR_09_a_short_or_long_row_is_never_shifted(toy: Toy, line: str, n: int) -> None:
    toy.edit(POPULATION, "Hà Nội,990,1000", line)
    toy.edit(POPULATION, "Sóc Trăng,398", "Sóc Trăng,3x8")
    fault = fired(toy, "HDR-09", POPULATION, 3, None, n)
    assert fault.details["expected"] == 3
    _says(fault, str(n), "3")
    assert [f.rule for f in toy.faults()] == ["HDR-09", "NUM-10"]  # the rest is still read


@pytest.mark.parametrize("row", [3, 8])
def test_HDR_10_an_open_quote_is_named_by_the_row_it_opens_in(toy: Toy, row: int) -> None:
    line = _text(toy).splitlines()[row - 1]
    toy.edit(POPULATION, line, '"' + line)
    fault = fired(toy, "HDR-10", POPULATION, row, None, f'"{line}')
    _says(fault, line)


def test_HDR_10_a_quote_closed_by_that_of_a_later_cell_is_named_where_it_opens(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", '"Hà Nội')
    toy.edit(POPULATION, "Sóc Trăng", '"Sóc Trăng"')
    fired(toy, "HDR-10", POPULATION, 3, None, '"Hà Nội,990,1000')


@pytest.mark.parametrize("name", ["Cả nước", "CẢ NƯỚC", "Tổng số", "Toàn quốc"])
def test_HDR_11_a_total_is_used_in_the_check_and_is_no_province(toy: Toy, name: str) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "Cả nước,2980,3000", f"{name},2980,3100")
    assert figures(toy) == before
    fault = the_fault(warned(toy), "SEM-04", POPULATION, 2, 3, 3100.0)
    assert fault.details == {"total": "3000", "difference": "-100", "tolerance": "0.5%",
                             "largest": "Hà Nội 1000, Đà Nẵng 500, Quảng Nam 500"}  # fmt: skip
    _says(fault, "3000", "-100", "0.5%", "Hà Nội 1000", "sum_tolerance")
    excluded = ingested(toy).excluded
    assert list(excluded.query("reason == 'national'")["locator"]) == ["B2", "C2"]


def test_HDR_11_the_tolerance_of_the_sum_is_declared_by_the_card(toy: Toy) -> None:
    toy.edit(POPULATION, "Cả nước,2980,3000", "Cả nước,2980,3100")
    card_keys(toy, "population", sum_tolerance="0.04")
    assert [f.rule for f in warned(toy)] == []
    card_keys(toy, "population", sum_tolerance="0.03")
    assert [f.rule for f in warned(toy)] == ["SEM-04"]


NOTES = "Nguồn: nobody (synthetic),,\n,,\nNgười lập biểu,,Giám đốc\n"


def test_HDR_12_the_table_ends_where_declared_and_what_is_below_is_reported(toy: Toy) -> None:
    before = figures(toy)
    toy.write(POPULATION, _text(toy) + NOTES)
    assert ("GEO-01", 9) in {(f.rule, f.place.row) for f in toy.faults()}
    card_keys(toy, "population", ends_at="[Ghi chú, 'Nguồn:']")
    assert figures(toy) == before
    fault = the_fault(warned(toy), "HDR-12", POPULATION, 9, None, "Nguồn: nobody (synthetic)")
    assert (fault.details["n"], fault.details["named"]) == (2, "–")
    _says(fault, "2", "Nguồn: nobody")


def test_HDR_12_a_province_named_below_the_end_is_reported_too(toy: Toy) -> None:
    toy.edit(POPULATION, "Hậu Giang", "Nguồn: nobody,,\nHậu Giang")
    card_keys(toy, "population", ends_at="['nguồn']", complete="false")
    fault = the_fault(warned(toy), "HDR-12", POPULATION, 7, None, "Nguồn: nobody")
    assert fault.details["named"] == "Hậu Giang, Sóc Trăng"


@pytest.mark.parametrize("content", ["", "province,2020,2022\n", "province,2020,2022\n,,\n\n,,\n"])
def test_HDR_13_a_file_without_data_rows_is_refused(toy: Toy, content: str) -> None:
    toy.write(POPULATION, content)
    fired(toy, "HDR-13", POPULATION)


def _workbook_of_nothing() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet(SHEET)
    return buffer.getvalue()


def test_HDR_13_a_workbook_without_data_is_refused_with_its_sheet(toy: Toy) -> None:
    name = give_file(toy, "population", ".xlsx", _workbook_of_nothing())
    assert fired(toy, "HDR-13", name).place.sheet == SHEET


def test_HDR_13_a_workbook_of_charts_only_is_refused(toy: Toy) -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        chart = book.add_chart({"type": "bar"})
        chart.add_series({"values": ["Hình", 0, 0, 0, 0]})
        book.add_chartsheet("Hình").set_chart(chart)
    name = give_file(toy, "population", ".xlsx", buffer.getvalue())
    fired(toy, "HDR-13", name)


def test_HDR_14_a_table_on_its_side_is_recognised(toy: Toy) -> None:
    rows = [line.split(",") for line in _text(toy).splitlines()]
    turned = "\n".join(",".join(cells) for cells in zip(*rows, strict=True))
    toy.write(POPULATION, turned)
    fault = fired(toy, "HDR-14", POPULATION, 1, 3, "Hà Nội")
    assert fault.details["n"] == 6
    _says(fault, "6", "Hà Nội")


def _with_hidden(toy: Toy, name: str = SHEET) -> bytes:
    def fill(book: xlsxwriter.Workbook, sheet: xlsxwriter.worksheet.Worksheet) -> None:
        _fill(toy, sheet)
        for row in (3, 4, 6, 700):
            sheet.set_row(row, None, None, {"hidden": True})
        sheet.set_column("B:B", None, None, {"hidden": True})
        sheet.set_column("K:N", None, None, {"hidden": True})
        cover = book.add_worksheet("Bìa")
        cover.activate()
        cover.set_first_sheet()
        sheet.hide()

    return _xlsx(fill)


def test_HDR_15_hidden_data_are_read_like_the_rest_and_listed(toy: Toy) -> None:
    before = figures(toy)
    name = give_file(toy, "population", ".xlsx", _with_hidden(toy))
    card_keys(toy, "population", sheet=SHEET)
    assert figures(toy) == before
    found = [(f.rule, f.place.sheet, f.place.row, f.place.column, f.value) for f in warned(toy)]
    assert found == [
        ("HDR-15", SHEET, None, None, SHEET),
        ("HDR-15", SHEET, None, 2, "B:B"),
        ("HDR-15", SHEET, 4, None, "4:5"),
        ("HDR-15", SHEET, 7, None, "7:7"),
    ]
    _says(the_fault(warned(toy), "HDR-15", name, 4, None, "4:5"), "4:5")


def _workbook(*sheets: str) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name in sheets:
            book.add_worksheet(name).write(0, 0, "province")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("sheets", "declared"),
    [
        (("Bieu 1", "Bieu 2"), None),
        (("Bieu 1", "Bieu 2"), "Bieu 3"),
        (("Bieu 1", "Bieu  1"), "Bieu 1"),
        (("Bieu 1", "bieu1"), "Bieu 1"),
        (("bieu 1",), "Bieu 1"),
    ],
)
def test_HDR_16_one_of_several_sheets_is_never_picked(
    toy: Toy, sheets: tuple[str, ...], declared: str | None
) -> None:
    name = give_file(toy, "population", ".xlsx", _workbook(*sheets))
    if declared is not None:
        card_keys(toy, "population", sheet=declared)
    fault = fired(toy, "HDR-16", name, None, None, declared)
    assert fault.details["found"] == ", ".join(map(repr, sheets))
    _says(fault, *map(repr, sheets))


@pytest.mark.parametrize(
    "numbers", ["A,1,2", "(1),(2),(3)", "1,2,3 = 2 / 1", "A,1,(2)=(1)x100", "I,II,III"]
)
def test_HDR_17_a_row_of_column_numbers_is_no_data_when_it_is_declared(
    toy: Toy, numbers: str
) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "province,2020,2022\n", f"province,2020,2022\n{numbers}\n")
    card_keys(toy, "population", column_numbers="true")
    assert figures(toy) == before


@pytest.mark.parametrize("first", ["Cả nước,2980,3000", "Hà Nội,1,2"])
def test_HDR_17_a_row_of_data_never_passes_for_column_numbers(toy: Toy, first: str) -> None:
    toy.edit(POPULATION, "Cả nước,2980,3000", first)
    card_keys(toy, "population", column_numbers="true")
    fired(toy, "HDR-17", POPULATION, 2, 1, first.split(",", maxsplit=1)[0])
