"""What the three readers share: the reading of one file, and the province of a row."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.faults import Faults, Place
from pipeline.ingest.grid import Grid
from pipeline.provinces import INVISIBLE, Reference, Resolved, Resolver
from pipeline.sources import Card, Variable
from pipeline.words import as_text, handling_of_name

DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
OBSERVED_COLUMNS = [
    "scheme", "province_code", "variable", "year", "period", "value", "value_low", "value_high",
    "qualifier", "unit", "obs_status", "source_id", "locator", "raw", "origin",
    "correction", "name_raw", "handling",
]  # fmt: skip
NUMBERING = re.compile(r"([IVXLC]+|[0-9]{1,3}|[A-Za-zĐđ])\s*[.):/-]\s*|[0-9]{1,3}\s+")
STRENGTH = ("A", "P", "E", "M")  # of two statuses the later one stands


@dataclass
class Reading:
    """Everything one file gives: observations, rows left out, records of several provinces."""

    source_id: str
    card: Card
    variables: dict[str, Variable]
    ref: Reference
    faults: Faults
    observed: list[dict[str, Any]] = field(default_factory=list)
    excluded: list[dict[str, Any]] = field(default_factory=list)
    shared: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)  # of a register, one per province
    stated: list[dict[str, Any]] = field(default_factory=list)  # dated totals to check against
    places: list[Place] = field(default_factory=list)  # beside `observed`
    corrected: dict[str, str] = field(default_factory=dict)  # locator -> text a correction names
    has_refused_rows: bool = False
    is_whole: bool = False  # nothing of the file was refused

    def __post_init__(self) -> None:
        self.resolver = Resolver(self.ref, self.faults, self.card.not_provinces)

    def observe(
        self, *, code: str, scheme: str, variable: str, year: int | None, number: float | None,
        status: str, locator: str, raw: str, place: Place, period: str | None = None,
        low: float | None = None, high: float | None = None, qualifier: str = "exact",
        origin: str | None = None, name: str | None = None, handling: Iterable[str] = (),
    ) -> None:  # fmt: skip
        """Add one observation; an exact figure is its own lower and upper bound.

        `name` is the text of the province in the file; `handling` what was done to read the cells.
        """
        exact = qualifier == "exact" and low is None and high is None
        self.observed.append(
            {
                "scheme": scheme,
                "province_code": code,
                "variable": variable,
                "year": year,
                "period": period,
                "value": number,
                "value_low": number if exact else low,
                "value_high": number if exact else high,
                "qualifier": qualifier,
                "unit": self.variables[variable].unit,
                "obs_status": status if number is not None else "M",
                "source_id": self.source_id,
                "locator": locator,
                "raw": raw,
                "origin": origin or None,
                "correction": None,
                "name_raw": name,
                "handling": ", ".join(dict.fromkeys(handling)) or None,
            }
        )
        self.places.append(place)

    def exclude(self, locator: str, raw: str, reason: str) -> None:
        """List a cell that was read and is not an observation of a province."""
        self.excluded.append(
            {"source_id": self.source_id, "locator": locator, "raw": raw, "reason": reason}
        )


def is_date(text: str) -> bool:
    """Whether a text is a day, month or year of the calendar: `yyyy-mm-dd`, `yyyy-mm`, `yyyy`."""
    if not DATE.fullmatch(text):
        return False
    try:
        datetime.date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Row:
    """What the province cell of a row says."""

    found: Resolved
    raw: str  # as it stands in the file
    status: str  # of the row's figures, by the footnote marks of the name
    handling: list[str]


@dataclass(frozen=True)
class Figure:
    """A cell of figures without what is declared to stand around a number."""

    cell: Any
    status: str
    handling: list[str]


def strongest(*statuses: str) -> str:
    """The status of a figure that several things speak about."""
    return max(statuses, key=STRENGTH.index)


def resolve_province(
    grid: Grid, i: int, cells: list[Any], scheme: str, reading: Reading
) -> Row | None:
    """The province of row `i`, a row that is not a province, or None with a fault."""
    column = reading.card.province
    j = grid.positions[column.column]
    raw = "" if cells[j] is None else str(cells[j])
    name, status, handling = _without_marks(as_text(cells[j]), reading.card)
    if column.numbered and (match := NUMBERING.match(name)):
        name = name[match.end() :]
        handling.append("number_removed")
    if column.by == "code":
        found = reading.resolver.by_code(name, scheme, grid.place(i, j))
    else:
        found = reading.resolver.by_name(name, scheme, grid.place(i, j))
        handling = [*handling_of_name(raw), *handling]
    reading.has_refused_rows |= found is None
    return None if found is None else Row(found, raw, status, handling)


def prepare_figure(grid: Grid, i: int, j: int, cell: Any, card: Card) -> Figure:
    """A figure without footnote marks, invisible characters and apostrophes, and the record of it.

    A number that stands as text in a spreadsheet is recorded, and so is one that shows less than
    it holds; the stored number is used.
    """
    if not isinstance(cell, str):
        return Figure(cell, "A", ["rounded_display"] if (i, j) in grid.extras.shown else [])
    visible = cell.translate(INVISIBLE).strip()
    handling = ["invisible_removed"] if visible != cell else []
    text, status, marked = (visible, "A", []) if visible in card.missing else _without_marks(
        visible, card)  # fmt: skip
    if grid.sheet is not None and text not in card.missing:
        text = text.removeprefix("'")
        handling.append("number_as_text")
    return Figure(text, status, handling + marked)


def _without_marks(text: str, card: Card) -> tuple[str, str, list[str]]:
    """A text without the declared footnote marks at its end, their status and the record of it."""
    statuses = ["A"]
    while mark := next((m for m in card.marks if text.endswith(m) and text != m), None):
        text = text.removesuffix(mark).rstrip()
        statuses.append(card.marks[mark])
    return text, strongest(*statuses), ["mark_removed"] if len(statuses) > 1 else []
