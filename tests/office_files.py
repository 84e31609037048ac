"""A dozen files as offices send them: synthetic, seeded, each with its card and what it holds.

A file is made from rows of cells by the library that writes its format, or from bytes. Figures come
from one seeded generator, so that what is expected is what was written, and no reader is trusted.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableColumnProperties
from odf.table import CoveredTableCell, Table, TableCell, TableColumn, TableRow
from odf.text import P

from tests.legacy_texts import as_cp1258, as_tcvn3, as_vni, encoded

PROVINCES = {"01": "Hà Nội", "48": "Đà Nẵng", "49": "Quảng Nam", "92": "Cần Thơ",
             "93": "Hậu Giang", "94": "Sóc Trăng"}  # fmt: skip
VARIABLES = """
  office_count: {name_vi: Số đơn vị, name_en: Count, unit: units, measure: flow, merge: sum,
    min: 0, integer: true}
  office_half: {name_vi: Số 6 tháng, name_en: Count of a half-year, unit: units, measure: flow,
    covers: half_year, merge: sum, min: 0, integer: true}
  office_stock: {name_vi: Số cuối kỳ, name_en: Stock, unit: units, measure: stock, merge: sum,
    min: 0, integer: true}
  office_money: {name_vi: Chi, name_en: Spending, unit: billion dong, measure: flow, merge: sum,
    min: 0}
  office_share: {name_vi: Tỷ lệ, name_en: Share, unit: percent, measure: ratio, merge: none,
    min: 0, max: 100}
"""
Rows = list[list[Any]]
Span = tuple[int, int, int, int]  # first row and column, last row and column, counted from 0
Expected = tuple[str, str, int, str, float, str]  # code, variable, year, period, value, status


@dataclass(frozen=True)
class OfficeFile:
    """A file, its card less the keys that every card has, and what the ingest must make of it."""

    name: str
    suffix: str
    content: bytes
    card: str
    expected: list[Expected]
    warnings: list[tuple[str, int | None]] = field(default_factory=list)  # rule, row
    handling: dict[str, set[str]] = field(default_factory=dict)  # by province code
    excluded: set[str] = field(default_factory=set)  # what rows that are no province are


def numbers(seed: int, low: int = 100, high: int = 90_000) -> dict[str, int]:
    """A synthetic count per province."""
    draw = random.Random(seed)
    return {code: draw.randint(low, high) for code in PROVINCES}


def decimals(seed: int, low: float = 1, high: float = 9_999, places: int = 1) -> dict[str, float]:
    """A synthetic decimal figure per province."""
    draw = random.Random(seed)
    return {code: round(draw.uniform(low, high), places) for code in PROVINCES}


def expect(variable: str, year: int, values: dict[str, Any], status: str = "A",
           period: str | None = None) -> list[Expected]:  # fmt: skip
    """Observations of one column."""
    return [(code, variable, year, period or str(year), float(v), status)
            for code, v in values.items()]  # fmt: skip


def vietnamese(value: float) -> str:
    """1234.5 as 1.234,5."""
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def xlsx(rows: Rows, spans: tuple[Span, ...] = (), sheet: str = "Biểu", finish: Callable[
    [Any, Any], None] | None = None) -> bytes:  # fmt: skip
    """An XLSX of one sheet; `finish` gets the workbook and the sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet(sheet)
        plain = book.add_format()
        for i, cells in enumerate(rows):
            for j, cell in enumerate(cells):
                if cell is not None:
                    page.write(i, j, cell)
        for r0, c0, r1, c1 in spans:
            page.merge_range(r0, c0, r1, c1, rows[r0][c0], plain)
        if finish is not None:
            finish(book, page)
    return buffer.getvalue()


def xls(rows: Rows, spans: tuple[Span, ...] = (), styles: dict[int, str] | None = None) -> bytes:
    """An XLS of one sheet; `styles` gives the number format of a column."""
    buffer, book = io.BytesIO(), xlwt.Workbook()
    page = book.add_sheet("Biểu", cell_overwrite_ok=True)
    formats = {j: xlwt.easyxf(num_format_str=code) for j, code in (styles or {}).items()}
    for i, cells in enumerate(rows):
        for j, cell in enumerate(cells):
            if cell is not None:
                page.write(i, j, cell, formats.get(j, xlwt.Style.default_style))
    for r0, c0, r1, c1 in spans:
        page.write_merge(r0, r1, c0, c1, rows[r0][c0])
    book.save(buffer)
    return buffer.getvalue()


def ods(rows: Rows, spans: tuple[Span, ...] = (), shown: dict[tuple[int, int], str] | None = None,
        hidden: int | None = None) -> bytes:  # fmt: skip
    """An ODS of one sheet; `shown` is the text of a number that shows less than it holds."""
    buffer, book = io.BytesIO(), OpenDocumentSpreadsheet()
    table = Table(name="Biểu")
    style = Style(name="wide", family="table-column")
    style.addElement(TableColumnProperties(columnwidth="3cm"))
    book.automaticstyles.addElement(style)
    table.addElement(TableColumn(stylename=style, numbercolumnsrepeated=len(rows[0])))
    starts = {(r0, c0): (r1 - r0 + 1, c1 - c0 + 1) for r0, c0, r1, c1 in spans}
    covered = {(r, c) for r0, c0, r1, c1 in spans for r in range(r0, r1 + 1)
               for c in range(c0, c1 + 1)} - set(starts)  # fmt: skip
    for i, cells in enumerate(rows):
        row = TableRow(visibility="collapse") if i == hidden else TableRow()
        for j, cell in enumerate(cells):
            if (i, j) in covered:
                row.addElement(CoveredTableCell())
                continue
            height, width = starts.get((i, j), (1, 1))
            more = {} if (i, j) not in starts else {
                "numberrowsspanned": height, "numbercolumnsspanned": width}  # fmt: skip
            if isinstance(cell, int | float):
                item = TableCell(valuetype="float", value=cell, **more)
                item.addElement(P(text=(shown or {}).get((i, j), str(cell))))
            elif cell is None:
                item = TableCell(**more)
            else:
                item = TableCell(valuetype="string", **more)
                item.addElement(P(text=cell))
            row.addElement(item)
        table.addElement(row)
    book.spreadsheet.addElement(table)
    book.save(buffer)
    return buffer.getvalue()


def text(rows: Rows, delimiter: str) -> str:
    """Rows as delimited text with the line ends of Windows."""
    return "".join(delimiter.join("" if c is None else str(c) for c in r) + "\r\n" for r in rows)


def _yearbook(code: Callable[[str], str] = str) -> tuple[Rows, tuple[Span, ...], list[Expected]]:
    """Title, header of two rows in two languages, column numbers, regions, sums, notes below."""
    old, new, share = numbers(1), numbers(2), decimals(3, 1, 99)
    rows: Rows = [
        ["12. Số đơn vị phân theo địa phương (synthetic)", None, None, None],
        ["Number of units by province (synthetic)", None, None, None],
        [None, None, None, None],
        ["Tỉnh, thành phố\nProvince", "Số đơn vị\nNumber of units", None, "Tỷ lệ (%)\nShare (%)"],
        [None, "2021", "Sơ bộ\nPrel. 2022", None],
        ["A", "1", "2", "3 = 2 / 1"],
        ["CẢ NƯỚC - WHOLE COUNTRY", sum(old.values()), sum(new.values()), 50],
    ]
    regions = {"I. Đồng bằng sông Hồng": ["01"], "II. Trung du và miền núi phía Bắc": [],
               "III. Bắc Trung Bộ và duyên hải miền Trung": ["48", "49"],
               "IV. Đồng bằng sông Cửu Long": ["92", "93", "94"]}  # fmt: skip
    for region, codes in regions.items():
        rows.append([region, sum(old[c] for c in codes), sum(new[c] for c in codes), 50])
        rows += [[f"{i}. {PROVINCES[c]}", old[c], new[c], share[c]] for i, c in enumerate(codes, 1)]
    rows += [
        [None] * 4,
        ["Nguồn: không có thật (synthetic).", None, None, None],
        [None, None, "Người lập biểu", "Giám đốc"],
    ]
    rows = [[code(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    expected = (expect("office_count", 2021, old) + expect("office_count", 2022, new, "P")
                + expect("office_share", 2022, share))  # fmt: skip
    return rows, ((0, 0, 0, 3), (3, 0, 4, 0), (3, 1, 3, 2), (3, 3, 4, 3)), expected


YEARBOOK = """
    header_row: 4
    header_rows: 2
    column_numbers: true
    ends_at: ["Nguồn:"]
    province: {column: "Tỉnh, thành phố Province", numbered: true}
    not_provinces: {CẢ NƯỚC - WHOLE COUNTRY: national}
    columns:
      - {column: Số đơn vị Number of units / 2021, variable: office_count, year: 2021}
      - column: Số đơn vị Number of units / Sơ bộ Prel. 2022
        variable: office_count
        year: 2022
        status: P
      - {column: Tỷ lệ (%) Share (%), variable: office_share, year: 2022}
    complete: true
"""


def _yearbook_file(name: str, suffix: str, make: Callable[..., bytes], **more: Any) -> OfficeFile:
    rows, spans, expected = _yearbook(more.get("code", str))
    return OfficeFile(
        name, suffix, make(rows, spans), YEARBOOK + more.get("card", ""), expected,
        [("HDR-12", 19)], {code: {"number_removed"} for code in PROVINCES}, {"national", "region"},
    )  # fmt: skip


def _font_code_file() -> OfficeFile:
    """A sheet typed with TCVN3 fonts: capitals with tones, title lines, figures as texts."""
    count = numbers(4)
    rows: Rows = [["BÁO CÁO SỐ LIỆU (synthetic)"], [], ["TT", "ĐỊA PHƯƠNG", "Tổng số (đơn vị)"]]
    rows += [[i, name.upper(), str(count[code])]
             for i, (code, name) in enumerate(PROVINCES.items(), 1)]  # fmt: skip
    rows += [["", "Tổng cộng", sum(count.values())], ["", "Ghi chú: số liệu giả lập", ""]]
    legacy = [[encoded(c, "tcvn3") if isinstance(c, str) else c for c in row] for row in rows]
    card = """
    encoding: tcvn3
    header_row: 3
    ends_at: [Ghi chú]
    province: {column: ĐỊA PHƯƠNG}
    not_provinces: {Tổng cộng: national}
    year: {value: 2022}
    columns: [{column: Tổng số (đơn vị), variable: office_count}]
    ignore: [TT]
    complete: true
"""
    handling = {code: {"number_as_text"} for code in PROVINCES}
    return OfficeFile("tcvn3_sheet", ".xls", xls(legacy), card, expect("office_count", 2022, count),
                      [("HDR-12", 11)], handling, {"national"})  # fmt: skip


def _semicolon_file(name: str, encoding: str, encode: Callable[[str], bytes]) -> OfficeFile:
    """Semicolons, decimal commas, a legacy encoding, a signature under the table."""
    money = decimals(len(name))
    rows: Rows = [["Đơn vị", "Chi (tỷ đồng)", "Ghi chú"]]
    rows += [[name, vietnamese(money[code]), ""] for code, name in PROVINCES.items()]
    rows += [
        ["Cả nước", vietnamese(round(sum(money.values()), 1)), ""],
        ["", "", "Giám đốc (đã ký)"],
    ]
    card = f"""
    encoding: {encoding}
    number_style: vi
    delimiter: ";"
    ends_at: [Giám đốc]
    province: {{column: Đơn vị}}
    year: {{value: 2022}}
    columns: [{{column: Chi (tỷ đồng), variable: office_money}}]
    ignore: [Ghi chú]
    complete: true
"""
    return OfficeFile(name, ".csv", encode(text(rows, ";")), card,
                      expect("office_money", 2022, money), [("HDR-12", 9)],
                      excluded={"national"})  # fmt: skip


def _unicode_text_file() -> OfficeFile:
    """What a spreadsheet program saves as Unicode text: UTF-16 with tabs, groups of spaces."""
    count = numbers(20, 1_000)
    rows: Rows = [["STT", "Tỉnh", "Số lượng 31/12/2022"]]
    rows += [[i, name, f"{count[code]:,}".replace(",", "\u00a0")]
             for i, (code, name) in enumerate(PROVINCES.items(), 1)]  # fmt: skip
    card = """
    encoding: utf-16
    number_style: space
    delimiter: "\\t"
    province: {column: Tỉnh}
    year: {value: 2022}
    as_of: 2022-12-31
    columns: [{column: Số lượng 31/12/2022, variable: office_stock}]
    ignore: [STT]
"""
    return OfficeFile("unicode_text", ".txt", text(rows, "\t").encode("utf-16"), card,
                      expect("office_stock", 2022, count, period="2022-12-31"))  # fmt: skip


def _footnotes_file() -> OfficeFile:
    """Footnote marks on names and figures, numbers as texts beside numbers, rounded ones."""
    money = {code: value + 0.0456 for code, value in decimals(30).items()}
    rows: Rows = [["Địa phương", "Giá trị"], *([PROVINCES[c], v] for c, v in money.items())]
    rows[1][0], rows[2][0], rows[4][0] = "Hà Nội(1)", "Đà Nẵng *", "Cần Thơ(1)*"
    rows[3][1] = vietnamese(money["49"])
    rows[5][1] = vietnamese(money["93"]) + "*"
    rows += [["(1) Chưa đầy đủ (synthetic)", None], ["* Số liệu sơ bộ", None]]
    card = """
    number_style: vi
    ends_at: ["(1)"]
    marks: {"(1)": A, "*": P}
    province: {column: Địa phương}
    year: {value: 2022}
    columns: [{column: Giá trị, variable: office_money}]
    complete: true
"""
    provisional = {"48", "92", "93"}
    expected = [(c, "office_money", 2022, "2022", v, "P" if c in provisional else "A")
                for c, v in money.items()]  # fmt: skip
    shown = {(i, 1): vietnamese(round(row[1], 1)) for i, row in enumerate(rows)
             if isinstance(row[1], float)}  # fmt: skip
    rounded = "rounded_display"
    handling = {"01": {"mark_removed", rounded}, "48": {"mark_removed", rounded},
                "49": {"number_as_text"}, "92": {"mark_removed", rounded},
                "93": {"number_as_text", "mark_removed"}, "94": {rounded}}  # fmt: skip
    return OfficeFile("footnotes", ".ods", ods(rows, shown=shown), card, expected,
                      [("HDR-12", 8)], handling)  # fmt: skip


def _hidden_file() -> OfficeFile:
    """Filtered rows, a hidden column of figures, a hidden sheet beside a cover."""
    count, share = numbers(40), decimals(41, 1, 99)
    rows: Rows = [["Tỉnh", "Số đơn vị", "Tỷ lệ"]]
    rows += [[name, count[code], share[code]] for code, name in PROVINCES.items()]

    def finish(book: Any, page: Any) -> None:
        page.autofilter(0, 0, len(rows) - 1, 2)
        for row in (2, 3, 5):
            page.set_row(row, None, None, {"hidden": True})
        page.set_column(2, 2, None, None, {"hidden": True})
        cover = book.add_worksheet("Bìa")
        cover.write(0, 0, "Báo cáo (synthetic)")
        cover.activate()
        cover.set_first_sheet()
        page.hide()

    card = """
    sheet: Biểu
    province: {column: Tỉnh}
    year: {value: 2022}
    columns:
      - {column: Số đơn vị, variable: office_count}
      - {column: Tỷ lệ, variable: office_share}
    complete: true
"""
    warnings = [("HDR-15", None), ("HDR-15", None), ("HDR-15", 3), ("HDR-15", 6)]
    return OfficeFile("hidden_parts", ".xlsx", xlsx(rows, finish=finish), card,
                      expect("office_count", 2022, count) + expect("office_share", 2022, share),
                      warnings)  # fmt: skip


def _half_year_file() -> OfficeFile:
    """Half a year, a stock of one day and a year to come, side by side."""
    half, stock, whole = numbers(50), numbers(51), numbers(52)
    rows: Rows = [["Tỉnh", "6 tháng đầu năm 2022", "Tại 01/01/2023", "Cả năm 2022 (ước)"]]
    rows += [[name, half[c], stock[c], whole[c]] for c, name in PROVINCES.items()]
    card = """
    province: {column: Tỉnh}
    columns:
      - {column: 6 tháng đầu năm 2022, variable: office_half, year: 2022, period: 2022-H1}
      - {column: Tại 01/01/2023, variable: office_stock, year: 2022, as_of: 2023-01-01}
      - {column: Cả năm 2022 (ước), variable: office_count, year: 2022, status: P}
    complete: true
"""
    expected = expect("office_half", 2022, half, period="2022-H1")
    expected += expect("office_stock", 2022, stock, period="2023-01-01")
    expected += expect("office_count", 2022, whole, "P")
    return OfficeFile("half_year", ".xlsx", xlsx(rows), card, expected)


def _sum_file() -> OfficeFile:
    """A printed total that the provinces miss by more than the declared tolerance."""
    count = numbers(60)
    rows: Rows = [["Mã", "Tên", "Số"], ["", "Tổng số", int(sum(count.values()) * 1.05)]]
    rows += [[code, name, count[code]] for code, name in PROVINCES.items()]
    card = """
    province: {column: Tên}
    year: {value: 2022}
    sum_tolerance: 0.01
    columns: [{column: Số, variable: office_count}]
    ignore: [Mã]
    complete: true
"""
    return OfficeFile("sum_off", ".xls", xls(rows, styles={2: "#,##0"}), card,
                      expect("office_count", 2022, count), [("SEM-04", 2)],
                      excluded={"national"})  # fmt: skip


def _merged_provinces_file() -> OfficeFile:
    """The provinces of today, in a sheet with a hidden row and two header rows of ODS."""
    values = {"01": 120, "48": 340, "92": 560}
    rows: Rows = [
        ["Đơn vị hành chính", "Năm 2022", None],
        [None, "Tổng số", "Trong đó: mới"],
        ["(A)", "(1)", "(2)"],
        *([PROVINCES[code], value, value // 10] for code, value in values.items()),
    ]
    card = """
    scheme: "34"
    header_rows: 2
    column_numbers: true
    province: {column: Đơn vị hành chính}
    year: {value: 2022}
    columns: [{column: Năm 2022 / Tổng số, variable: office_count}]
    ignore: ["Năm 2022 / Trong đó: mới"]
    complete: true
"""
    spans = ((0, 0, 1, 0), (0, 1, 0, 2))
    return OfficeFile("merged_provinces", ".ods", ods(rows, spans, hidden=4), card,
                      expect("office_count", 2022, values), [("HDR-15", 5)])  # fmt: skip


OFFICE_FILES = [
    _yearbook_file("yearbook_xlsx", ".xlsx", xlsx),
    _yearbook_file("yearbook_xls", ".xls", xls),
    _yearbook_file("yearbook_ods", ".ods", ods),
    _yearbook_file("yearbook_vni", ".xlsx", xlsx, code=lambda cell: encoded(cell, "vni"),
                   card="    encoding: vni\n"),
    _font_code_file(),
    _semicolon_file("vni_csv", "vni", as_vni),
    _semicolon_file("tcvn3_csv", "tcvn3", as_tcvn3),
    _semicolon_file("cp1258_csv", "cp1258", as_cp1258),
    _unicode_text_file(),
    _footnotes_file(),
    _hidden_file(),
    _half_year_file(),
    _sum_file(),
    _merged_provinces_file(),
]  # fmt: skip
