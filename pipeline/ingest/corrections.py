"""Corrections: a published figure is never edited; an entry with a reason stands beside it."""

from __future__ import annotations

import difflib
from pathlib import Path

from pydantic import Field

from pipeline.faults import Faults, Place
from pipeline.ingest.common import Reading
from pipeline.ingest.numbers import Refused, read_number
from pipeline.limits import DEFAULTS, Limits
from pipeline.sources import Catalogue, Strict
from pipeline.yamlfile import read_yaml, validate

NAME = "raw/corrections.yml"


class Correction(Strict):
    """One cell of a raw file that is known to be wrong, the right figure, and why."""

    source: str
    locator: str
    published: str  # the cell as it stands in the file
    corrected: float | int | None  # None: set aside, no figure is known
    reason: str = Field(min_length=10)
    decided_on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class CorrectionFile(Strict):
    corrections: list[Correction]


def load_corrections(
    root: Path, faults: Faults, limits: Limits = DEFAULTS
) -> list[tuple[Place, Correction]]:
    """Every correction of the project with its place; a second one of the same cell is a fault."""
    if not (root / NAME).exists():
        return []
    file = read_yaml(root / NAME, NAME, faults, limits, root)
    declared = validate(CorrectionFile, file, faults)
    first: dict[tuple[str, str], Place] = {}
    entries = []
    for i, entry in enumerate(declared.corrections if declared is not None else []):
        place, cell = file.place("corrections", i), (entry.source, entry.locator)
        if cell in first:
            faults.add("SCH-06", place, " ".join(cell), first=first[cell].row)
        first.setdefault(cell, place)
        entries.append((place, entry))
    return entries


def apply_corrections(
    entries: list[tuple[Place, Correction]],
    readings: list[Reading],
    catalogue: Catalogue,
    faults: Faults,
) -> None:
    """Replace the corrected cells, with status E (or M) and the raw text kept.

    A correction whose cell does not exist, or holds another text than it says, is a fault; so is
    a figure outside the bounds of its variable. One of a source whose card is refused waits.
    """
    variables = {r.source_id: r.variables for r in readings}
    cells = {(r.source_id, row["locator"]): row for r in readings for row in r.observed}
    for place, entry in entries:
        if entry.source in catalogue.broken:
            continue
        row = cells.get((entry.source, entry.locator))
        if row is None or row["raw"] != entry.published:
            found = row["raw"] if row is not None else _nearest(entry, list(cells))
            faults.add("COR-01", place, entry.published, source=entry.source,
                       locator=entry.locator, found=found)  # fmt: skip
            continue
        variable = variables[entry.source][row["variable"]]
        number = read_number(entry.corrected, "plain", {"": "M"}, variable)
        if isinstance(number, Refused):
            faults.add(number.rule, place, entry.corrected, **number.details)
            continue
        value = number.value
        row.update(value=value, value_low=value, value_high=value, qualifier="exact",
                   obs_status="M" if value is None else "E",
                   correction=f"{entry.decided_on}: {entry.reason}")  # fmt: skip


def _nearest(entry: Correction, cells: list[tuple[str, str]]) -> str:
    """What there is instead of a cell that does not exist: near sources, or near cells of one."""
    sources = sorted({source for source, _ in cells})
    if entry.source not in sources:
        near = difflib.get_close_matches(entry.source, sources, n=3)
        return f"? {entry.source}" + (f" (≈ {', '.join(near)})" if near else "")
    own = [locator for source, locator in cells if source == entry.source]
    alike = [name for name in own if name.endswith(f"!{entry.locator}")]
    return f"? {entry.locator} (≈ {', '.join(alike or own[:3])})"
