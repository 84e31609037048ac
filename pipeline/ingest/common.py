"""What the three readers share: the reading of one file, and the province of a row."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Any

from pipeline.faults import Faults, Place
from pipeline.ingest.grid import Grid, as_text
from pipeline.provinces import Reference, Resolved, Resolver
from pipeline.sources import Card, Variable

DATE = re.compile(r"[0-9]{4}(-[0-9]{2}){0,2}")
OBSERVED_COLUMNS = [
    "scheme", "province_code", "variable", "year", "period", "value", "value_low", "value_high",
    "qualifier", "unit", "obs_status", "source_id", "locator", "raw", "origin",
    "correction",
]  # fmt: skip


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

    def __post_init__(self) -> None:
        self.resolver = Resolver(self.ref, self.faults, self.card.not_provinces)

    def observe(
        self, *, code: str, scheme: str, variable: str, year: int | None, number: float | None,
        status: str, locator: str, raw: str, place: Place, period: str | None = None,
        low: float | None = None, high: float | None = None, qualifier: str = "exact",
        origin: str | None = None,
    ) -> None:  # fmt: skip
        """Add one observation; an exact figure is its own lower and upper bound."""
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


def resolve_province(
    grid: Grid, i: int, cells: list[Any], scheme: str, reading: Reading
) -> Resolved | None:
    """The province of row `i`, a row that is not a province, or None with a fault."""
    column = reading.card.province
    j = grid.positions[column.column]
    raw = as_text(cells[j])
    if column.by == "code":
        found = reading.resolver.by_code(raw, scheme, grid.place(i, j))
    else:
        found = reading.resolver.by_name(raw, scheme, grid.place(i, j))
    reading.has_refused_rows |= found is None
    return found
