"""Where a table stands in a sheet: its provinces, its header, its first and last row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pipeline.faults import column_letters
from pipeline.ingest.grid import Grid
from pipeline.ingest.header import COLUMN_NUMBER, joined_names
from pipeline.ingest.numbers import LIKE_A_NUMBER
from pipeline.suggest.names import Names, unnumbered
from pipeline.suggest.opening import Evidence
from pipeline.words import as_text, clean

YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
MOST_HEADER_ROWS = 5
LONGEST_GAP = 5  # rows without a province inside a table


@dataclass
class Shape:
    """A table as it stands in a grid; rows and columns are counted from 0."""

    grid: Grid
    province: int  # column
    by: str  # name or code
    is_numbered: bool
    first: int  # row of data
    last: int
    header: int  # first row of the header
    header_rows: int
    column_numbers: bool
    names: list[str] = field(default_factory=list)  # of the columns, as the reader joins them
    evidence: Evidence = field(default_factory=list)

    def cells(self, column: int) -> list[tuple[int, Any]]:
        """Row and cell of a column of the data, blank ones too."""
        rows = enumerate(self.grid.rows[self.first : self.last + 1], start=self.first)
        return [(i, row[column]) for i, row in rows
                if column < len(row) and any(as_text(c) for c in row)]  # fmt: skip

    def address(self, row: int, column: int) -> str:
        return f"{column_letters(column + 1)}{row + 1}"


def find_shape(grid: Grid, names: Names) -> Shape | None:
    """The table of a sheet, found by its column of provinces; None when there is no such column."""
    column, hits, by, is_numbered = _province_column(grid, names)
    hits = _largest_block([i for i in hits if _has_more(grid, i, column)])
    if not hits:
        return None
    first, last = hits[0], hits[-1]
    while first > 0 and _is_row(grid, first - 1, column):
        first -= 1
    while last + 1 < len(grid.rows) and _is_row(grid, last + 1, column):
        last += 1
    top, bottom, has_numbers = _header_over(grid, first, column)
    shape = Shape(grid, column, by, is_numbered, first, last, top, bottom - top + 1, has_numbers)
    shape.names = joined_names(grid, top, bottom + 1)
    shape.evidence.append(("seen_province_column", {
        "column": column_letters(column + 1), "n": len(hits), "by": by,
        "first": first + 1, "last": last + 1}))  # fmt: skip
    key = "seen_header" if shape.header_rows == 1 else "seen_header_rows"
    shape.evidence.append((key, {"row": top + 1, "last": bottom + 1,
                                 "names": " | ".join(filter(None, shape.names))}))  # fmt: skip
    if is_numbered:
        example = next(as_text(grid.rows[i][column]) for i in hits
                       if not names.is_known(as_text(grid.rows[i][column])))  # fmt: skip
        shape.evidence.append(("seen_numbered", {"example": example}))
    return shape


def _province_column(grid: Grid, names: Names) -> tuple[int, list[int], str, bool]:
    """The column with most names of provinces (else codes), and the rows in which they stand."""
    width = max((len(row) for row in grid.rows), default=0)
    texts = [[as_text(row[j]) if j < len(row) else "" for row in grid.rows] for j in range(width)]
    known = [[i for i, text in enumerate(column) if names.is_known(text)] for column in texts]
    bare = [[i for i, text in enumerate(column) if names.is_known(unnumbered(text))]
            for column in texts]  # fmt: skip
    codes = {code for scheme in names.schemes for code in names.ref.codes(scheme)}
    by_code = [[i for i, text in enumerate(column) if text in codes] for column in texts]
    for found, by, is_numbered in ((known, "name", False), (bare, "name", True)):
        most = max(range(width), key=lambda j: (len(found[j]), -j), default=0)
        if width and found[most] and (is_numbered or 2 * len(found[most]) > len(bare[most])):
            return most, found[most], by, is_numbered
    share = [len(by_code[j]) / max(1, sum(map(bool, texts[j]))) for j in range(width)]
    most = max(range(width), key=lambda j: (share[j] > 0.5, len(by_code[j]), -j), default=0)
    return most, by_code[most] if width and share[most] > 0.5 else [], "code", False


def _has_more(grid: Grid, row: int, column: int) -> bool:
    """Whether something stands beside the name: a title has nothing."""
    return any(as_text(c) for j, c in enumerate(grid.rows[row]) if j != column)


def _is_row(grid: Grid, row: int, column: int) -> bool:
    """Whether a row beside the known ones is of the table: a total, or a name nobody knows."""
    texts = [as_text(cell) for cell in grid.rows[row]]
    if column >= len(texts) or not texts[column] or _are_column_numbers(texts):
        return False
    others = [text for j, text in enumerate(texts) if j != column and text]
    return any(LIKE_A_NUMBER.fullmatch(text) and not YEAR.fullmatch(text) for text in others)


def _largest_block(rows: list[int]) -> list[int]:
    """The longest run of rows with no gap above `LONGEST_GAP`."""
    blocks: list[list[int]] = []
    for row in rows:
        if blocks and row - blocks[-1][-1] <= LONGEST_GAP:
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return max(blocks, key=len, default=[])


def _header_over(grid: Grid, first: int, province: int) -> tuple[int, int, bool]:
    """First and last row of the header over the data, and whether a row numbers its columns."""
    bottom = first - 1
    while bottom > 0 and not any(as_text(c) for c in grid.rows[bottom]):
        bottom -= 1
    texts = [as_text(cell) for cell in grid.rows[max(bottom, 0)]]
    has_numbers = bottom > 0 and _are_column_numbers(texts)
    bottom -= has_numbers
    top = max(bottom, 0)
    while top > 0 and bottom - top + 1 < MOST_HEADER_ROWS and _goes_on(grid, top, bottom, province):
        top -= 1
    return top, max(bottom, 0), has_numbers


def _are_column_numbers(texts: list[str]) -> bool:
    """A row such as `(1) (2) (3) = (2) / (1)`, or `A 1 2 3`, and no row of years."""
    filled = [text for text in map(clean, texts) if text]
    numbers = [text.strip("()") for text in filled]
    are_small = all(not number.isdigit() or int(number) <= len(texts) for number in numbers)
    return len(filled) > 1 and are_small and all(COLUMN_NUMBER.fullmatch(text) for text in filled)


def _goes_on(grid: Grid, top: int, bottom: int, province: int) -> bool:
    """Whether the row above belongs to the header: it names what the rows below leave open."""
    if not any(as_text(cell) for cell in grid.rows[top - 1]):
        return False
    if any(r0 < top <= r1 for (r0, _), (r1, _) in grid.extras.merged):
        return True
    now, then = (joined_names(grid, row, bottom + 1) for row in (top, top - 1))
    if province >= len(now) or not now[province]:
        return True
    return _n_unclear(then) < _n_unclear(now)


def _n_unclear(names: list[str]) -> int:
    """How many columns share their name with one before them."""
    filled = [name for name in names if name]
    return len(filled) - len(set(filled))
