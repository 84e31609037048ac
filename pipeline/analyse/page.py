"""A page of an analysis: sentences and tables, drawn on a terminal, Markdown anywhere else."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from pipeline.escape import for_markdown
from pipeline.language import number, text

NONE = "–"


class Table(NamedTuple):
    """Headings, rows of cells, and the columns that are aligned right."""

    headings: list[str]
    rows: list[list[str]]
    right: set[int]


Page = list[str | Table]


def table(lang: str, headings: str, rows: list[list[str]], numbers: Sequence[int] = ()) -> Table:
    """A table whose headings are the words `head_*` of the catalogue, in one text with spaces."""
    return Table([text(f"head_{key}", lang) for key in headings.split()], rows, set(numbers))


def cell(value: float | None, lang: str, digits: int = 2, signed: bool = False) -> str:
    """A number as the language writes it; a dash when missing, no sign before a zero."""
    if value is None or math.isnan(value):
        return NONE
    written = number(value, lang, digits)
    if not any(letter in "123456789" for letter in written):
        return number(0.0, lang, digits)
    return f"+{written}" if signed and value > 0 else written


def rank_cell(rank: float | None, n: int | None = None) -> str:
    """A rank, of how many if that is said; a dash when there is none."""
    if rank is None or math.isnan(rank):
        return NONE
    return f"{rank:.0f}" if n is None else f"{rank:.0f}/{n}"


def markdown(headings: list[str], rows: list[list[str]], right: set[int]) -> str:
    """A Markdown table; columns in `right` are aligned right."""
    marks = ["---:" if i in right else "---" for i in range(len(headings))]
    head, *cells = [[for_markdown(part) for part in row] for row in (headings, *rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, marks, *cells])


def show(page: Page) -> None:
    """Print a page: tables with rules on a terminal, plain Markdown elsewhere."""
    if not sys.stdout.isatty():
        parts = [markdown(*part) if isinstance(part, Table) else part for part in page]
        print("\n\n".join(parts))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    console = Console(highlight=False, markup=False)
    for i, part in enumerate(page):
        if i:
            console.print()
        if isinstance(part, str):
            console.print(Text(part))
            continue
        drawn = Drawn(box=box.SIMPLE_HEAD)
        for j, heading in enumerate(part.headings):
            drawn.add_column(Text(heading), justify="right" if j in part.right else "left")
        for row in part.rows:
            drawn.add_row(*map(Text, row))
        console.print(drawn)


def show_json(found: Any) -> None:
    """Print what was found as JSON; what is missing is null."""
    print(json.dumps(_plain(found), ensure_ascii=False, indent=1, allow_nan=False))


def _plain(found: Any) -> Any:
    if isinstance(found, dict):
        return {str(key): _plain(item) for key, item in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(item) for item in found]
    if hasattr(found, "item"):  # a number of numpy
        found = found.item()
    return None if isinstance(found, float) and not math.isfinite(found) else found
