"""What the three readers share: the reading of one file, and the province of a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.faults import Faults, Place
from pipeline.ingest.grid import Grid, as_text
from pipeline.ingest.numbers import Number, Refused, read_number
from pipeline.provinces import Reference, Resolved, Resolver
from pipeline.sources import Card, Variable

OBSERVED_COLUMNS = [
    "scheme", "province_code", "variable", "year", "period", "value", "value_low", "value_high",
    "qualifier", "unit", "obs_status", "source_id", "locator", "raw", "origin",
    "correction", "name_raw", "handling",
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
        origin: str | None = None, name_raw: str = "", notes: Iterable[str | None] = (),
    ) -> None:  # fmt: skip
        """Add one observation; an exact figure is its own lower and upper bound.

        `notes` are keys of the catalogue's `handlings`: what was done to read the cells.
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
                "name_raw": name_raw or None,
                "handling": ", ".join(sorted(set(filter(None, notes)))) or None,
            }
        )
        self.places.append(place)

    def exclude(self, locator: str, raw: str, reason: str) -> None:
        """List a cell that was read and is not an observation of a province."""
        self.excluded.append(
            {"source_id": self.source_id, "locator": locator, "raw": raw, "reason": reason}
        )


def resolve_province(
    grid: Grid, i: int, cells: list[Any], scheme: str, reading: Reading
) -> Resolved | None:
    """The province of row `i`, a row that is not a province, or None with a fault."""
    column = reading.card.province
    j = grid.positions[column.column]
    found = resolve_text(as_text(cells[j]), scheme, column.by, grid.place(i, j), reading)
    if found is not None and found.code is not None and column.also is not None:
        k = grid.positions[column.also]
        by = "name" if column.by == "code" else "code"
        other = resolve_text(as_text(cells[k]), scheme, by, grid.place(i, k), reading)
        if other is not None and other.code != found.code:
            reading.faults.add("GEO-16", grid.place(i, j), as_text(cells[j]), code=found.code,
                               other=as_text(cells[k]), other_code=other.code or "–")  # fmt: skip
            other = None
        found = found if other is not None else None
    reading.has_refused_rows |= found is None
    return found


def resolve_text(raw: str, scheme: str, by: str, place: Place, reading: Reading) -> Resolved | None:
    """The province that a text names, by name or by code."""
    if by == "name":
        return reading.resolver.by_name(raw, scheme, place)
    return reading.resolver.by_code(raw, scheme, place, reading.card.province.numeric_codes)


def read_cell(grid: Grid, i: int, j: int, cells: list[Any], variable: Variable, card: Card,
              missing: Mapping[str, str] | None = None) -> Number | Refused:  # fmt: skip
    """The number of a cell under the rules of its card, with what was done to read it."""
    cell = cells[j]
    number = read_number(
        cell, card.number_style, card.missing if missing is None else missing, variable,
        zero=card.zero, brackets=card.brackets == "negative", form=grid.formats.get((i, j)),
    )  # fmt: skip
    if isinstance(number, Number) and number.value is not None and grid.is_typed:
        notes = ("number_as_text",) * isinstance(cell, str) + number.notes
        return replace(number, notes=notes)
    return number


def name_ambiguous(grid: Grid, reading: Reading) -> None:
    """Say which names of a file with no scheme mean two territories; nothing else is read."""
    j = grid.positions[reading.card.province.column]
    for i, cells in grid.data_rows():
        reading.resolver.without_scheme(as_text(cells[j]), grid.place(i, j))


def raw_text(cell: Any) -> str:
    """A cell as the file has it: `as_text`, but a text unchanged."""
    return cell if isinstance(cell, str) else as_text(cell)
