"""Ingest: every raw file through the reader its card names, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.faults import Faults, Place
from pipeline.ingest.checks import check_duplicates, check_registers
from pipeline.ingest.common import OBSERVED_COLUMNS, Reading, name_ambiguous
from pipeline.ingest.content import EXPECTED
from pipeline.ingest.corrections import apply_corrections, load_corrections
from pipeline.ingest.grid import read_grid
from pipeline.ingest.header import lay_out
from pipeline.ingest.quotes import read_quotes
from pipeline.ingest.register import read_register
from pipeline.ingest.table import read_table
from pipeline.ingest.units import check_units
from pipeline.limits import DEFAULTS, Limits
from pipeline.provinces import Reference
from pipeline.sources import Catalogue

READERS = {"table": read_table, "quotes": read_quotes, "register": read_register}


@dataclass
class Ingested:
    """What the raw files hold, as frames: figures, cells left out, records of several provinces."""

    observed: pd.DataFrame
    excluded: pd.DataFrame
    shared: pd.DataFrame
    refused: set[str]  # sources that could not be read whole


def ingest(
    root: Path, catalogue: Catalogue, ref: Reference, faults: Faults, limits: Limits = DEFAULTS
) -> Ingested:
    """Read all sources. Faults are collected over all files; the caller raises.

    Args:
        root: the project; files are `root / card.file`.
        catalogue: cards and variables.
        ref: reference tables of the provinces.
        faults: where every finding goes.
        limits: how much is read.

    Returns:
        Frames with a fresh index: `observed` in the columns of `OBSERVED_COLUMNS`, one row per
        scheme, province, variable, year and source cell; `excluded`; `shared`.
    """
    readings = []
    _name_forgotten_files(root, catalogue, faults)
    corrections = load_corrections(root, faults, limits)
    for source_id, card in catalogue.cards.items():
        reading = Reading(source_id, card, catalogue.variables, ref, faults)
        reading.corrected = {
            e.locator: e.published for _, e in corrections if e.source == source_id
        }
        readings.append(reading)
        if not _columns_are_declared(reading):
            continue
        before = faults.n_rejecting()
        grid = read_grid(root, card, faults, limits)
        if grid is not None and lay_out(grid, card, ref, faults):
            reading.has_refused_rows = faults.n_rejecting() > before
            reader = READERS[card.kind] if card.scheme else name_ambiguous
            reader(grid, reading)
            reading.resolver.close(is_one_table=card.kind != "quotes")
        reading.is_whole = faults.n_rejecting() == before
    apply_corrections(corrections, readings, catalogue, faults)
    check_duplicates(readings, faults)
    check_registers(readings, faults)
    check_units(readings, catalogue.variables, faults)
    shared_columns = ["variable", "year", "scheme", "record", "province_code"]
    observed = pd.DataFrame([r for reading in readings for r in reading.observed],
                            columns=OBSERVED_COLUMNS)  # fmt: skip
    excluded = pd.DataFrame([r for reading in readings for r in reading.excluded],
                            columns=["source_id", "locator", "raw", "reason"])  # fmt: skip
    shared = pd.DataFrame([r for reading in readings for r in reading.shared],
                          columns=shared_columns)  # fmt: skip
    for column in ("value", "value_low", "value_high"):
        observed[column] = observed[column].astype("float64")
    observed["year"] = observed["year"].astype("Int64")
    shared["year"] = shared["year"].astype("Int64")
    refused = {reading.source_id for reading in readings if not reading.is_whole}
    return Ingested(observed, excluded, shared, refused)


def _columns_are_declared(reading: Reading) -> bool:
    """Whether each variable of the card exists; the fault was added with the card's line."""
    names = [column.variable for column in reading.card.columns]
    if reading.card.register_ is not None:
        names.append(reading.card.register_.variable)
    return all(name in reading.variables for name in names)


def _name_forgotten_files(root: Path, catalogue: Catalogue, faults: Faults) -> None:
    """Warn of a data file under raw/ that has no card: forgetting it is the likeliest slip."""
    known = {card.file for card in catalogue.cards.values()} | set(catalogue.broken.values())
    for path in sorted((root / "raw").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix.lower() in (*EXPECTED, ".xlsb", ".xlsm") and name not in known:
            faults.add("SCH-22", Place(name), name)
