"""What a spreadsheet says beside its values is read alike from XLSX, XLS and ODS."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from decimal import Decimal

import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest import sheet_ods, sheet_xls, sheet_xlsx
from pipeline.ingest.sheets import Extras, decimals_of, shown_as
from tests.breaking import POPULATION, card_keys, figures, fired, give_file, lineage
from tests.conftest import Toy
from tests.legacy_texts import encoded

SHEET = "Biểu 1"
XLS_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
              0x24: "#NUM!", 0x2A: "#N/A"}  # fmt: skip
OFFICE = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)


def ods(rows: str, columns: str = "") -> bytes:
    """An ODS whose one sheet has these rows, as LibreOffice writes them."""
    body = f'<table:table table:name="{SHEET}">{columns}{rows}</table:table>'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {OFFICE} '
        'office:version="1.3"><office:body><office:spreadsheet>'
        f"{body}</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/>'
        "</manifest:manifest>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("content.xml", content)
        book.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def cell(value: str = "", shown: str = "", kind: str = "float", more: str = "") -> str:
    """A cell of an ODS."""
    held = f'office:value="{value}"' if kind == "float" else ""
    text = f"<text:p>{shown or value}</text:p>"
    return f'<table:table-cell office:value-type="{kind}" {held} {more}>{text}</table:table-cell>'


def row(*cells: str, more: str = "") -> str:
    return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"


ERROR_CELL = (
    '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value="" '
    'calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
)
OLD_ERROR_CELL = (
    '<table:table-cell table:formula="of:=[.X1]" office:value-type="float" office:value="0">'
    "<text:p>Err:502</text:p></table:table-cell>"
)
UNCOMPUTED_CELL = '<table:table-cell table:formula="of:=[.B3]*2"/>'


def _xls(fill: Callable[[xlwt.Workbook, xlwt.Worksheet], None]) -> bytes:
    book, buffer = xlwt.Workbook(), io.BytesIO()
    fill(book, book.add_sheet(SHEET))
    book.save(buffer)
    return buffer.getvalue()


def _population_xls(toy: Toy, change: Callable[[xlwt.Worksheet], None]) -> bytes:
    def fill(_: xlwt.Workbook, sheet: xlwt.Worksheet) -> None:
        sheet._cell_overwrite_ok = True
        for i, line in enumerate((toy.root / POPULATION).read_text("utf-8").splitlines()):
            for j, text in enumerate(line.split(",")):
                sheet.write(i, j, int(text) if i and j else text)
        change(sheet)

    return _xls(fill)


def _population_ods(toy: Toy, **replaced: str) -> bytes:
    lines = (toy.root / POPULATION).read_text("utf-8").splitlines()
    rows = [row(*(cell(text, kind="string") for text in lines[0].split(",")))]
    for i, line in enumerate(lines[1:], start=2):
        name, *numbers = line.split(",")
        cells = [replaced.get(f"{'BC'[j]}{i}", cell(n)) for j, n in enumerate(numbers)]
        rows.append(row(cell(name, kind="string"), *cells))
    return ods("".join(rows))


@pytest.mark.parametrize(("code", "error"), XLS_ERRORS.items())
def test_NUM_18_an_error_cell_of_an_XLS_is_never_empty(toy: Toy, code: int, error: str) -> None:
    raw = _population_xls(toy, lambda sheet: sheet.row(2).set_cell_error(1, code))
    name = give_file(toy, "population", ".xls", raw)
    card_keys(toy, "population", missing='{"": M}')
    rule = "NUM-10" if error == "#N/A" else "NUM-18"  # a marker for missing that is not declared
    assert fired(toy, rule, name, 3, 2, error).place.sheet == SHEET


@pytest.mark.parametrize(("kind", "shown"), [(ERROR_CELL, "#DIV/0!"), (OLD_ERROR_CELL, "Err:502")])
def test_NUM_18_an_error_cell_of_an_ODS_is_never_empty_or_zero(
    toy: Toy, kind: str, shown: str
) -> None:
    name = give_file(toy, "population", ".ods", _population_ods(toy, B3=kind))
    card_keys(toy, "population", missing='{"": M}')
    found = [(f.rule, f.place.cell, f.value) for f in toy.faults()]
    assert found == [("NUM-18", "B3", shown)]
    assert name.endswith(".ods")


def test_a_formula_that_was_never_computed_is_refused_in_an_XLS(toy: Toy) -> None:
    raw = _population_xls(toy, lambda sheet: sheet.write(2, 1, xlwt.Formula("C3*2")))
    give_file(toy, "population", ".xls", raw)
    card_keys(toy, "population", missing='{"": M}')
    assert [(f.place.cell, f.value) for f in toy.faults()] == [("B3", "=?")]


def test_a_formula_that_was_never_computed_is_refused_in_an_ODS(toy: Toy) -> None:
    give_file(toy, "population", ".ods", _population_ods(toy, B3=UNCOMPUTED_CELL))
    card_keys(toy, "population", missing='{"": M}')
    assert [(f.place.cell, f.value) for f in toy.faults()] == [("B3", "=[.B3]*2")]


def test_an_XLS_says_what_is_hidden_rounded_and_wrong() -> None:
    def fill(_: xlwt.Workbook, sheet: xlwt.Worksheet) -> None:
        one = xlwt.easyxf(num_format_str="#,##0.0")
        for i in range(5):
            sheet.write(i, 0, f"r{i}")
        sheet.write(0, 1, 12.3456789, one)  # a double
        sheet.write(1, 1, 12.34, one)  # a short form, in hundredths
        sheet.write(2, 1, -7, one)
        sheet.write(3, 1, 12.3456789)
        sheet.write(4, 1, 0.125, xlwt.easyxf(num_format_str="0%"))
        sheet.write_merge(6, 6, 0, 2, "x")
        sheet.row(2).hidden = True
        sheet.col(3).hidden = True

    found = sheet_xls.extras(_xls(fill), SHEET)
    assert found == Extras(
        shown={(0, 1): "12.3", (1, 1): "12.3", (4, 1): "13%"},
        percent={(4, 1)},
        hidden_rows={2},
        hidden_columns={3},
        date_system="1900",
    )


def test_DAT_03_an_XLS_says_from_which_year_it_counts_days() -> None:
    for from_1904, system in ((0, "1900"), (1, "1904")):

        def fill(book: xlwt.Workbook, _: xlwt.Worksheet, counted: int = from_1904) -> None:
            book.dates_1904 = counted

        assert sheet_xls.extras(_xls(fill), SHEET).date_system == system


def test_NUM_06_a_percentage_of_an_ODS_is_a_hundred_times_what_it_stores() -> None:
    cell = '<table:table-cell office:value-type="percentage" office:value="0.125">'
    raw = ods(f"<table:table-row>{cell}<text:p>12.5%</text:p></table:table-cell></table:table-row>")
    assert sheet_ods.extras(raw, SHEET).percent == {(0, 0)}


def test_an_XLSX_says_what_is_hidden_rounded_and_wrong() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet(SHEET)
        sheet.write(0, 1, 12.3456789, book.add_format({"num_format": "#,##0.0"}))
        sheet.write(1, 1, 12.5, book.add_format({"num_format": "#,##0.0"}))
        sheet.write(2, 1, 0.12512, book.add_format({"num_format": 10}))
        sheet.write(3, 1, 12.3456789)
        sheet.write_formula(4, 1, "=1/0", None, "#DIV/0!")
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column("D:E", None, None, {"hidden": True})
    found = sheet_xlsx.extras(buffer.getvalue(), SHEET)
    assert found == Extras(
        unread={(4, 1): "#DIV/0!"},
        shown={(0, 1): "12.3", (2, 1): "12.51%"},
        percent={(2, 1)},
        date_system="1900",
        hidden_rows={2},
        hidden_columns={3, 4},
    )


def test_an_ODS_says_what_is_hidden_merged_rounded_and_wrong() -> None:
    rows = [
        row(
            cell("x", kind="string", more='table:number-columns-spanned="2"'),
            "<table:covered-table-cell/>",
        ),
        row('<table:table-cell table:number-columns-repeated="2"/>', cell("12.3456789", "12,3")),
        row(cell("1234.5", "1.234,5"), ERROR_CELL, more='table:number-rows-repeated="2"'),
        "<table:table-row-group><table:table-header-rows>",
        row(cell("0.125", "12,5%", more=""), more='table:visibility="filter"'),
        "</table:table-header-rows></table:table-row-group>",
        row("<table:table-cell/>", more='table:number-rows-repeated="1048570"'),
    ]
    columns = (
        '<table:table-column table:number-columns-repeated="3"/>'
        '<table:table-column table:visibility="collapse"/>'
    )
    assert sheet_ods.extras(ods("".join(rows), columns), SHEET) == Extras(
        unread={(2, 1): "#DIV/0!", (3, 1): "#DIV/0!"},
        shown={(1, 2): "12,3"},
        hidden_rows={4},
        hidden_columns={3},
        merged=[((0, 0), (0, 1))],
    )


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("0", (0, False)),
        ("#,##0", (0, False)),
        ("#,###", (0, False)),
        ("0.00", (2, False)),
        ("0.0#", (2, False)),
        ('#,##0.0" tỷ"', (1, False)),
        ("#,##0.00_);[Red](#,##0.00)", (2, False)),
        ("0%", (0, True)),
        ("0.0%", (1, True)),
        ("General", None),
        ("@", None),
        ("d/m/yyyy", None),
        ("0.00E+00", None),
        ("#,##0,", None),
        ("# ?/?", None),
        (None, None),
    ],
)
def test_a_number_format_tells_its_decimals(
    code: str | None, form: tuple[int, bool] | None
) -> None:
    assert decimals_of(code) == form


@settings(max_examples=200)
@given(value=st.floats(-1e12, 1e12), decimals=st.integers(0, 6))
def test_a_figure_is_shown_short_exactly_when_it_holds_more(value: float, decimals: int) -> None:
    text, held = shown_as(value, (decimals, False)), Decimal(repr(value))
    if text is None:
        assert held == round(held, decimals)
    else:
        assert 0 < abs(Decimal(text) - held) <= Decimal(5).scaleb(-decimals - 1)


def test_NUM_17_a_number_stored_as_text_is_read_by_the_same_rules_and_recorded(toy: Toy) -> None:
    before = figures(toy)

    def change(sheet: xlwt.Worksheet) -> None:
        sheet.write(2, 1, "990")
        sheet.write(3, 2, "'500")

    give_file(toy, "population", ".xls", _population_xls(toy, change))
    assert figures(toy) == before
    assert lineage(toy, "population", "01") == ("Hà Nội", {"number_as_text"})
    assert lineage(toy, "population", "48") == ("Đà Nẵng", {"number_as_text", "apostrophe"})
    assert lineage(toy, "population", "49") == ("Quảng Nam", set())


def test_NUM_17_a_text_of_another_style_is_refused_in_a_spreadsheet_too(toy: Toy) -> None:
    raw = _population_xls(toy, lambda sheet: sheet.write(2, 1, "1.234,5"))
    name = give_file(toy, "population", ".xls", raw)
    fired(toy, "NUM-02", name, 3, 2, "1.234,5")


def test_NUM_21_the_stored_figure_is_used_where_a_rounded_one_is_shown(toy: Toy) -> None:
    def change(sheet: xlwt.Worksheet) -> None:
        sheet.write(2, 1, 990.3456789, xlwt.easyxf(num_format_str="0.0"))

    give_file(toy, "population", ".xls", _population_xls(toy, change))
    assert figures(toy)["01", "population_thousand", 2020] == 990.3456789
    assert lineage(toy, "population", "01") == ("Hà Nội", {"rounded_display"})


@pytest.mark.parametrize("end", [0, 8, 100, 600, 2000, 4000])
def test_a_truncated_XLS_is_refused_and_never_hangs(end: int) -> None:
    whole = _xls(lambda _, sheet: sheet.write(0, 0, "x"))
    with pytest.raises((KeyError, ValueError)):
        sheet_xls.extras(whole[:end], SHEET)


@settings(max_examples=200)
@given(at=st.integers(8, 5600), byte=st.integers(0, 255))
def test_a_damaged_XLS_is_read_or_refused_and_never_hangs(at: int, byte: int) -> None:
    whole = bytearray(_xls(lambda _, sheet: sheet.write(0, 0, "x")))
    whole[at % len(whole)] = byte
    with contextlib.suppress(KeyError, ValueError):
        sheet_xls.extras(bytes(whole), SHEET)


@pytest.mark.parametrize(
    ("name", "letter", "likely"), [("Hà Nội", "ộ", "Unicode"), ("H\u00c0 Néi", "\u00c0", "?")]
)
def test_ENC_03_a_cell_that_is_not_in_the_declared_font_code_is_refused(
    toy: Toy, name: str, letter: str, likely: str
) -> None:
    def change(sheet: xlwt.Worksheet) -> None:
        for i, line in enumerate((toy.root / POPULATION).read_text("utf-8").splitlines()):
            sheet.write(i, 0, encoded(line.split(",")[0], "tcvn3"))
        sheet.write(2, 0, name)
        sheet.write(7, 1, "3x8")

    file = give_file(toy, "population", ".xls", _population_xls(toy, change))
    card_keys(toy, "population", encoding="tcvn3")
    fault = fired(toy, "ENC-03", file, 3, 1, letter)
    assert (fault.details["likely"], fault.details["offset"]) == (likely, name.index(letter))
    fired(toy, "NUM-10", file, 8, 2, "3x8")  # the other rows are still read
