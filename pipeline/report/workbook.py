"""Tables as a workbook: one per sheet, real numbers, no merged cell, no text that is a formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.export import MOST_CHARACTERS, NO_DAY
from pipeline.report.model import NONE, Column, Table, rounded
from pipeline.report.reader import Reader

FONT = {"font_name": "Times New Roman", "font_size": 11}
LINE = 15  # points of a row
HEAD = 2  # the row of the headings, from 0: the title stands above


def write_workbook(path: Path, reader: Reader, tables: list[Table], cover: list[str]) -> None:
    """Write a cover, the contents, the notes, and a sheet per table.

    Args:
        path: the file.
        reader: for its language.
        tables: their names are those of the sheets.
        cover: lines of the first sheet.
    """
    from xlsxwriter import Workbook

    with Workbook(path, {"in_memory": True}) as book:  # a stopped run leaves no parts of it
        book.set_properties({"created": NO_DAY, "title": cover[0]})
        book.formats[0].set_font_name(FONT["font_name"])
        styles = _styles(book, tables)
        names = [(table.name, reader.say("table_number", n=n, title=table.title))
                 for n, table in enumerate(tables, start=1)]  # fmt: skip
        _write_lines(book, styles, reader.say("cover"), cover)
        _write_contents(book, styles, reader, names)
        noted = [(name, note) for (name, _), table in zip(names, tables, strict=True)
                 for note in table.notes]  # fmt: skip
        _write_notes(book, styles, reader, noted)
        for (_, title), table in zip(names, tables, strict=True):
            _write_table(book, styles, table, title)


def _styles(book: Any, tables: list[Table]) -> dict[Any, Any]:
    head = {**FONT, "bold": True, "text_wrap": True, "bottom": 1, "valign": "bottom", "indent": 1,
            "bg_color": "#E8EEF4"}  # fmt: skip
    found: dict[Any, Any] = {
        "title": book.add_format({**FONT, "bold": True, "font_size": 14}),
        "head": book.add_format(head),
        "head_number": book.add_format({**head, "indent": 0, "align": "right"}),
        "text": book.add_format({**FONT, "valign": "top"}),
        "wrapped": book.add_format({**FONT, "text_wrap": True, "valign": "top", "indent": 1}),
        "none": book.add_format({**FONT, "align": "right", "valign": "top"}),
        "link": book.add_format({**FONT, "font_color": "#1A4F8B", "underline": 1}),
    }  # fmt: skip
    digits = {column.digits for table in tables for column in table.columns}
    for n in sorted(d for d in digits if d is not None):
        pattern = "#,##0" + ("." + "0" * n if n else "")
        found[n] = book.add_format({**FONT, "num_format": pattern, "valign": "top"})
    return found


def _write_lines(book: Any, styles: dict[Any, Any], name: str, lines: list[str]) -> None:
    sheet = book.add_worksheet(name)
    sheet.set_column(0, 0, 100)
    sheet.hide_gridlines(2)
    for i, line in enumerate(lines):
        sheet.write_string(i, 0, line, styles["title" if i == 0 else "wrapped"])


def _write_contents(
    book: Any, styles: dict[Any, Any], reader: Reader, names: list[tuple[str, str]]
) -> None:
    sheet = _listing(book, styles, reader, "contents", {"sheet": 18, "table_title": 90})
    for i, (name, title) in enumerate(names, start=1):
        sheet.write_url(i, 0, f"internal:'{name}'!A1", styles["link"], name)
        sheet.write_string(i, 1, title, styles["text"])


def _write_notes(
    book: Any, styles: dict[Any, Any], reader: Reader, noted: list[tuple[str, str]]
) -> None:
    sheet = _listing(book, styles, reader, "notes", {"sheet": 18, "notes": 120})
    for i, (name, note) in enumerate(noted, start=1):
        sheet.write_string(i, 0, name, styles["text"])
        sheet.write_string(i, 1, note, styles["wrapped"])
        sheet.set_row(i, LINE * -(-len(note) // 115))


def _listing(
    book: Any, styles: dict[Any, Any], reader: Reader, name: str, widths: dict[str, int]
) -> Any:
    """A sheet of its own with these headings and widths of columns."""
    sheet = book.add_worksheet(reader.say(name))
    for j, (key, width) in enumerate(widths.items()):
        sheet.set_column(j, j, width, styles["text"])
        sheet.write_string(0, j, reader.say(key), styles["head"])
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    return sheet


def _write_table(book: Any, styles: dict[Any, Any], table: Table, title: str) -> None:
    """Title, headings with units, the rows, and the notes under them."""
    sheet = book.add_worksheet(table.name)
    sheet.write_string(0, 0, title, styles["title"])
    for j, (column, width) in enumerate(zip(table.columns, table.widths, strict=True)):
        sheet.set_column(j, j, width)
        sheet.write_string(HEAD, j, column.title,
                           styles["head_number" if column.is_number else "head"])  # fmt: skip
    for i, row in enumerate(table.rows, start=HEAD + 1):
        lines = [-(-len(cell) // (width - 3)) for cell, width in zip(row, table.widths, strict=True)
                 if isinstance(cell, str)]  # fmt: skip
        if max(lines, default=1) > 1:  # not every program finds the height of wrapped text itself
            sheet.set_row(i, LINE * max(lines))
        for j, (cell, column) in enumerate(zip(row, table.columns, strict=True)):
            _write_cell(sheet, styles, (i, j), cell, column)
    for i, note in enumerate(table.notes, start=HEAD + 2 + len(table.rows)):
        sheet.write_string(i, 0, note, styles["text"])
    lines = [-(-len(column.title) // (width - 1))
             for column, width in zip(table.columns, table.widths, strict=True)]  # fmt: skip
    sheet.set_row(HEAD, LINE * (max(lines) + 0.5))
    sheet.freeze_panes(HEAD + 1, 2 if len(table.columns) > 6 else 0)
    sheet.repeat_rows(HEAD)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def _write_cell(
    sheet: Any, styles: dict[Any, Any], at: tuple[int, int], cell: Any, column: Column
) -> None:
    if cell is None:
        sheet.write_string(*at, NONE, styles["none"])
    elif isinstance(cell, str):
        short = cell if len(cell) <= MOST_CHARACTERS else cell[: MOST_CHARACTERS - 1] + "…"
        sheet.write_string(*at, short, styles["wrapped"])
    else:
        sheet.write_number(*at, rounded(cell, column), styles[column.digits])
