"""Workbooks made inside a test: cells, formats, formulas and the date system."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter


def xlsx(
    rows: list[list[Any]],
    formats: dict[str, str] | None = None,
    formulas: dict[str, tuple[str, Any]] | None = None,
    date_1904: bool = False,
) -> bytes:
    """A workbook with one sheet, `Biểu 1`.

    Args:
        rows: the cells; a datetime is stored as a date.
        formats: number format by address, `{"C3": "0.0%"}`.
        formulas: formula and stored result by address; None leaves the result out.
        date_1904: whether days count from 1904.
    """
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"date_1904": date_1904}) as book:
        sheet = book.add_worksheet("Biểu 1")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for i, cells in enumerate(rows):
            for j, cell in enumerate(cells):
                is_date = hasattr(cell, "year")
                sheet.write(i, j, cell, day) if is_date else sheet.write(i, j, cell)
        for address, code in (formats or {}).items():
            i, j = int(address[1:]) - 1, ord(address[0]) - 65
            sheet.write(i, j, rows[i][j], book.add_format({"num_format": code}))
        for address, (formula, value) in (formulas or {}).items():
            if value is None:
                sheet.write_formula(address, formula)  # the writer puts 0, and asks to calculate
            else:
                sheet.write_formula(address, formula, None, value)
    return buffer.getvalue()
