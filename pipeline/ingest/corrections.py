"""Corrections: a published figure is never edited; an entry with a reason stands beside it."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from pipeline.faults import Faults
from pipeline.ingest.common import Reading
from pipeline.sources import Strict
from pipeline.yamlfile import read_yaml, validate

NAME = "raw/corrections.yml"


class Correction(Strict):
    """One cell of a raw file that is known to be wrong, the right figure, and why."""

    source: str
    locator: str
    published: str  # the cell as it stands in the file
    corrected: float | int | None  # None: set aside, no figure is known
    reason: str = Field(min_length=10)
    decided_on: str


class CorrectionFile(Strict):
    corrections: list[Correction]


def apply_corrections(root: Path, readings: list[Reading], faults: Faults) -> None:
    """Replace the corrected cells, with status E (or M) and the raw text kept.

    A correction whose cell does not exist, or holds another text than it says, is a fault.
    """
    if not (root / NAME).exists():
        return
    file = read_yaml(root / NAME, NAME, faults)
    entries = validate(CorrectionFile, file, faults)
    if entries is None:
        return
    cells = {(r.source_id, row["locator"]): row for r in readings for row in r.observed}
    for i, entry in enumerate(entries.corrections):
        row = cells.get((entry.source, entry.locator))
        if row is None or row["raw"] != entry.published:
            found = "–" if row is None else row["raw"]
            place = file.place("corrections", i)
            faults.add("COR-01", place, entry.published, source=entry.source,
                       locator=entry.locator, found=found)  # fmt: skip
            continue
        value = None if entry.corrected is None else float(entry.corrected)
        row.update(value=value, value_low=value, value_high=value, qualifier="exact",
                   obs_status="M" if value is None else "E")  # fmt: skip
