"""Whatever the format, the same cells come out, with the places a user would find them at."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from tests.breaking import CARDS, POPULATION, fired, give_file
from tests.conftest import Toy
from tests.legacy_texts import as_cp1258, as_tcvn3, as_vni

HEADER = ["province", "2020", "2022"]
SHEET = "Biểu 1"


def _rows(toy: Toy) -> list[list[Any]]:
    """The population as typed cells, under its header."""
    lines = (toy.root / POPULATION).read_text("utf-8").splitlines()[1:]
    return [HEADER, *([name, int(a), float(b)] for name, a, b in (x.split(",") for x in lines))]


def _xlsx(rows: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet(SHEET)
        for i, cells in enumerate(rows):
            sheet.write_row(i, 0, cells)
    return buffer.getvalue()


def _xls(rows: list[list[Any]]) -> bytes:
    buffer, book = io.BytesIO(), xlwt.Workbook()
    sheet = book.add_sheet(SHEET)
    for i, cells in enumerate(rows):
        for j, cell in enumerate(cells):
            sheet.write(i, j, cell)
    book.save(buffer)
    return buffer.getvalue()


def _ods(rows: list[list[Any]]) -> bytes:
    buffer, book = io.BytesIO(), OpenDocumentSpreadsheet()
    table = Table(name=SHEET)
    for cells in rows:
        row = TableRow()
        for cell in cells:
            if isinstance(cell, str):
                item = TableCell(valuetype="string")
                item.addElement(P(text=cell))
            else:
                item = TableCell(valuetype="float", value=cell)
            row.addElement(item)
        table.addElement(row)
    book.spreadsheet.addElement(table)
    book.save(buffer)
    return buffer.getvalue()


def _parquet(rows: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    columns = zip(*rows[1:], strict=True)
    pq.write_table(pa.table(dict(zip(HEADER, map(list, columns), strict=True))), buffer)
    return buffer.getvalue()


def _population(toy: Toy) -> pd.DataFrame:
    """What was observed, less the cell texts and places."""
    frame = toy.load().ingested.observed
    frame = frame[frame["source_id"] == "population"]
    return frame.reset_index(drop=True)


def _figures(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns=["locator"])


@pytest.mark.parametrize(
    ("suffix", "make", "first"),
    [
        (".xlsx", _xlsx, f"{SHEET}!B3"),
        (".xls", _xls, f"{SHEET}!B3"),
        (".ods", _ods, f"{SHEET}!B3"),
        (".parquet", _parquet, "B3"),
    ],
)
def test_a_format_gives_the_figures_of_the_CSV_and_its_own_places(
    toy: Toy, suffix: str, make: Callable[[list[list[Any]]], bytes], first: str
) -> None:
    before = _population(toy)
    give_file(toy, "population", suffix, make(_rows(toy)))
    after = _population(toy)
    pd.testing.assert_frame_equal(_figures(after), _figures(before))
    assert list(before["locator"])[:3] == ["B3", "C3", "B4"]
    assert after.loc[0, "locator"] == first


@pytest.mark.parametrize(("suffix", "make"), [(".xlsx", _xlsx), (".xls", _xls), (".ods", _ods)])
def test_a_fault_in_a_workbook_is_placed_by_sheet_row_and_column(
    toy: Toy, suffix: str, make: Callable[[list[list[Any]]], bytes]
) -> None:
    rows = _rows(toy)
    rows[3][2] = "5x0"
    name = give_file(toy, "population", suffix, make([[], *rows]))
    toy.edit(CARDS, "    number_style: plain", "    header_row: 2\n    number_style: plain")
    fault = fired(toy, "NUM-10", name, 5, 3, "5x0")
    assert (fault.place.sheet, fault.place.cell, fault.place.column_name) == (SHEET, "C5", "2022")


@pytest.mark.parametrize(
    "write",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("990", '"990"').encode(),
    ],
)
def test_marks_line_ends_and_quotes_of_a_CSV_change_nothing(
    toy: Toy, write: Callable[[str], bytes]
) -> None:
    before = _population(toy)
    toy.write(POPULATION, write((toy.root / POPULATION).read_text("utf-8")))
    pd.testing.assert_frame_equal(_population(toy), before)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("utf-16", lambda text: text.encode("utf-16")),
        ("cp1258", as_cp1258),
        ("tcvn3", as_tcvn3),
        ("vni", as_vni),
    ],
)
def test_a_declared_encoding_is_read(
    toy: Toy, encoding: str, encode: Callable[[str], bytes]
) -> None:
    before = _population(toy)
    text = (toy.root / POPULATION).read_text("utf-8")
    toy.edit(CARDS, "    number_style: plain", f"    encoding: {encoding}\n    number_style: plain")
    toy.write(POPULATION, encode(text))
    pd.testing.assert_frame_equal(_population(toy), before)


def test_another_delimiter_and_title_lines_above_the_header_are_read_as_declared(toy: Toy) -> None:
    before = _population(toy)
    text = (toy.root / POPULATION).read_text("utf-8").replace(",", ";")
    toy.edit(CARDS, "    number_style: plain",
             '    header_row: 3\n    delimiter: ";"\n    number_style: plain')  # fmt: skip
    toy.write(POPULATION, "Biểu 1. Dân số;;\n\n" + text)
    after = _population(toy)
    pd.testing.assert_frame_equal(_figures(after), _figures(before))
    assert list(after["locator"])[:2] == ["B5", "C5"]


def test_one_sheet_of_several_is_read_when_it_is_declared(toy: Toy) -> None:
    before = _population(toy)
    rows, buffer = _rows(toy), io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("Bìa").write(0, 0, "trang bìa")
        sheet = book.add_worksheet(SHEET)
        for i, cells in enumerate(rows):
            sheet.write_row(i, 0, cells)
    toy.edit(CARDS, "    number_style: plain", f"    sheet: {SHEET}\n    number_style: plain")
    give_file(toy, "population", ".xlsx", buffer.getvalue())
    pd.testing.assert_frame_equal(_figures(_population(toy)), _figures(before))


def test_typed_cells_that_are_no_numbers_are_refused_and_never_missing(toy: Toy) -> None:
    rows, buffer = _rows(toy), io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet(SHEET)
        for i, cells in enumerate(rows):
            sheet.write_row(i, 0, cells)
        sheet.write_boolean("B3", True)
        sheet.write_datetime(
            "C3", datetime.datetime(2026, 4, 3), book.add_format({"num_format": "d/m/yyyy"})
        )
        sheet.write_formula("B4", "=1/0", None, "#DIV/0!")
        sheet.write_formula("C4", "=1/0", None, "")
    toy.edit(CARDS, "    number_style: plain", '    missing: {"": M}\n    number_style: plain')
    name = give_file(toy, "population", ".xlsx", buffer.getvalue())
    found = [(f.rule, f.place.file, f.place.cell) for f in toy.faults()]
    assert found == [
        ("NUM-19", name, "B3"),
        ("NUM-19", name, "C3"),
        ("NUM-18", name, "B4"),
        ("NUM-20", name, "C4"),
    ]


def test_a_decimal_of_a_Parquet_file_is_a_number_whatever_the_style(toy: Toy) -> None:
    rows = [[name, a, Decimal(f"{b:.3f}")] for name, a, b in _rows(toy)[1:]]
    before = _population(toy)
    toy.edit(CARDS, "number_style: plain", "number_style: vi")
    give_file(toy, "population", ".parquet", _parquet([HEADER, *rows]))
    assert list(_population(toy)["value"]) == list(before["value"])


def test_a_workbook_in_an_encoding_nobody_knows_is_refused(toy: Toy) -> None:
    buffer, raw = io.BytesIO(), _xlsx(_rows(toy))
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'"UTF-8"', b'"UTx8"'))
    name = give_file(toy, "population", ".xlsx", buffer.getvalue())
    assert [f.place.file for f in toy.faults() if f.rule == "SEC-16"] == [name]
