"""What a spreadsheet says beside its values: errors, hidden parts, merged cells, shown figures.

calamine hands over an error, and a formula that was never computed, as an empty cell, and the
stored figure of a cell that shows a rounded one. Each format has a module that reads the rest from
the file itself: `sheet_xlsx`, `sheet_ods`, `sheet_xls`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

Cell = tuple[int, int]  # row and column, counted from 0
# Number formats without a text of their own in XLSX and XLS: decimals shown, and if in percent.
BUILT_IN = {1: (0, False), 2: (2, False), 3: (0, False), 4: (2, False), 9: (0, True),
            10: (2, True), 37: (0, False), 38: (0, False), 39: (2, False),
            40: (2, False)}  # fmt: skip
NOT_OF_THE_NUMBER = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
FIXED = re.compile(r"[#0,]*[#0](?:\.([0#?]+))?(%?)")
MAX_SHOWN = 1e15  # beyond it no double has decimals


@dataclass
class Extras:
    """What one sheet says beside its values; rows and columns are counted from 0."""

    unread: dict[Cell, str] = field(default_factory=dict)  # error, or formula with no stored result
    shown: dict[Cell, str] = field(default_factory=dict)  # what a cell shows, if less than it holds
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[Cell, Cell]] = field(default_factory=list)  # first and last cell


def decimals_of(code: str | None) -> tuple[int, bool] | None:
    """Decimals that a number format shows, and whether in percent; None when it is not a fixed one.

    >>> decimals_of('#,##0.0" tỷ"'), decimals_of("0%"), decimals_of("General")
    ((1, False), (0, True), None)
    """
    first = NOT_OF_THE_NUMBER.sub("", (code or "").split(";")[0]).strip()
    match = FIXED.fullmatch(first)
    return (len(match[1] or ""), bool(match[2])) if match else None


def shown_as(value: float, form: tuple[int, bool] | None) -> str | None:
    """What a cell shows, when that is less than it holds; None when nothing is hidden."""
    if form is None or not abs(value) < MAX_SHOWN:
        return None
    decimals, is_percent = form
    number = Decimal(repr(value)) * (100 if is_percent else 1)
    rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return None if rounded == number else f"{rounded}{'%' if is_percent else ''}"
