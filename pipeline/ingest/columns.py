"""The cells of a table that are no numbers: one by one, or as a column of another type."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from pipeline.ingest.common import Reading
from pipeline.ingest.grid import Grid
from pipeline.ingest.numbers import Refused
from pipeline.language import Words
from pipeline.words import as_text

MIN_CELLS = 3  # a column of fewer such cells is not of another type
SHOWN_CELLS = 3  # of a column of another type


@dataclass(frozen=True)
class RefusedCell:
    """A cell of a value column that could not be read as a number."""

    i: int
    j: int
    cell: Any
    why: Refused


def report_refused(cells: list[RefusedCell], grid: Grid, reading: Reading) -> None:
    """Add a fault for each refused cell; one for a column that holds another type altogether."""
    n_rows = sum(1 for _ in grid.data_rows())
    by_column: dict[int, list[RefusedCell]] = defaultdict(list)
    for cell in cells:
        by_column[cell.j].append(cell)
    for j, found in by_column.items():
        strange = [(cell, kind) for cell in found if (kind := _type_of(cell)) is not None]
        values = {as_text(cell.cell) for cell, _ in strange}
        is_other_type = len(strange) >= max(MIN_CELLS, n_rows / 2) and len(values) > 1
        if is_other_type:
            (first, kind), *_ = strange
            shown = ", ".join(f"{grid.place(c.i, j).cell} '{as_text(c.cell)[:20]}'"
                              for c, _ in strange[:SHOWN_CELLS])  # fmt: skip
            reading.faults.add("SCH-01", grid.place(first.i, j), as_text(first.cell),
                               expected=Words("type_number"), found=Words(f"type_{kind}"),
                               n=len(strange), cells=shown)  # fmt: skip
        for cell in found:
            if not is_other_type or _type_of(cell) is None:
                reading.faults.add(cell.why.rule, grid.place(cell.i, j), as_text(cell.cell),
                                   **cell.why.details)  # fmt: skip


def _type_of(refused: RefusedCell) -> str | None:
    """The type of a cell that is no number at all, or None: a bad number is still a number."""
    if isinstance(refused.cell, bool):
        return "bool"
    if isinstance(refused.cell, datetime.date) or refused.why.rule == "DAT-04":
        return "date"
    words = sum(c.isalpha() for c in as_text(refused.cell))
    return "text" if refused.why.rule == "NUM-10" and words > 1 else None
