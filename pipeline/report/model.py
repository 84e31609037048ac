"""What a page is made of, before anything is written: headings, sentences, tables, charts.

A table is made once; the writers of workbook, page, Word and PDF only lay it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.analyse.page import NONE
from pipeline.language import number

WRAP, MOST = 28, 20  # letters after which a text goes to the next line; of a word, at most
PADDING = 3  # letters of room around a cell
Cell = str | float | None  # a number keeps its type; None is missing


@dataclass(frozen=True)
class Column:
    """A column: its heading, unit, and the decimals of its numbers; without them it is text."""

    heading: str
    unit: str = ""
    digits: int | None = None

    @property
    def title(self) -> str:
        """The heading with the unit."""
        return f"{self.heading} ({self.unit})" if self.unit else self.heading

    @property
    def is_number(self) -> bool:
        return self.digits is not None


@dataclass(frozen=True)
class Table:
    """A table with all that is printed around it; `name` is its sheet and its address."""

    name: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    notes: list[str] = field(default_factory=list)

    @cached_property
    def widths(self) -> list[int]:
        """How much room each column asks for, in letters: long texts wrap."""
        found = []
        for j, column in enumerate(self.columns):
            cells = [shown(row[j], column, "en") for row in self.rows]
            words = [len(word) for text in (column.title, *cells) for word in text.split()]
            longest = max((len(text) for text in cells), default=0)
            room = longest if column.is_number else min(longest, WRAP)
            found.append(PADDING + max(5, min(max(words, default=0), MOST), room))
        return found

    def shown(self, lang: str) -> list[list[str]]:
        """Every cell as it is printed."""
        return [
            [shown(cell, column, lang) for cell, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 (the page), 2 or 3, with the address it can be found under."""

    level: int
    text: str
    name: str = ""


@dataclass(frozen=True)
class Words:
    """Sentences: one paragraph, or a list of points."""

    lines: list[str]
    is_list: bool = False


@dataclass(frozen=True)
class Links:
    """A list of other pages: what is read, and where it leads."""

    entries: list[tuple[str, str]]


@dataclass(frozen=True)
class Chart:
    """A drawn chart; title, finding and note stand in the drawing, and in `alt` for the ear.

    One that `is_folded` is a second view: a page shows it when asked, paper does not.
    """

    name: str
    title: str
    alt: str
    svg: bytes
    is_folded: bool = False


Block = Heading | Words | Links | Table | Chart


@dataclass(frozen=True)
class Page:
    """A page in one language; `name` is its file, `table_level` the level of table titles."""

    name: str
    lang: str
    title: str
    blocks: Sequence[Block]
    table_level: int = 3


def rounded(cell: float, column: Column) -> float | int:
    """A number as printed, still a number: every output rounds here and nowhere else."""
    digits = column.digits or 0
    near = float(f"{cell:.{digits}f}") + 0.0  # no -0
    return near if digits else int(near)


def shown(cell: Cell, column: Column, lang: str) -> str:
    """A cell as the language writes it; a dash when missing."""
    if cell is None:
        return NONE
    if isinstance(cell, str):
        return cell
    return number(rounded(cell, column), lang, column.digits or 0)
