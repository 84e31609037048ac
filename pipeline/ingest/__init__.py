"""Ingest: every raw file through the reader its card names, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass, field
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
from pipeline.ingest.register import count_records, read_register
from pipeline.ingest.table import read_table
from pipeline.ingest.units import check_units
from pipeline.limits import DEFAULTS, Limits
from pipeline.provinces import Reference
from pipeline.registers.counts import RegisterCounts
from pipeline.registers.files import file_names, is_grouped
from pipeline.registers.work import Work
from pipeline.sources import Catalogue

READERS = {"table": read_table, "quotes": read_quotes, "register": read_register}


@dataclass
class Ingested:
    """What the raw files hold, as frames: figures, cells left out, records of several provinces."""

    observed: pd.DataFrame
    excluded: pd.DataFrame
    shared: pd.DataFrame
    places: list[Place]  # of each row of `observed`
    refused: set[str]  # sources that could not be read whole
    registers: dict[str, RegisterCounts] = field(default_factory=dict)  # what became of their rows


def ingest(
    root: Path, catalogue: Catalogue, ref: Reference, faults: Faults, limits: Limits = DEFAULTS,
    work: Work | None = None,
) -> Ingested:  # fmt: skip
    """Read all sources. Faults are collected over all files; the caller raises.

    Args:
        root: the project; files are `root / card.file`.
        catalogue: cards and variables.
        ref: reference tables of the provinces.
        faults: where every finding goes.
        limits: how much is read.
        work: how large registers are read; by default here, with nothing kept.

    Returns:
        Frames with a fresh index: `observed` in the columns of `OBSERVED_COLUMNS`, one row per
        scheme, province, variable, year and source cell; `excluded`; `shared`.
    """
    readings = []
    registers: dict[str, RegisterCounts] = {}
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
        if is_grouped(root, card, limits) and card.scheme:
            from pipeline.registers.grouped import read_grouped  # most projects need none

            counts = read_grouped(root, reading, limits, work or Work())
            if counts is not None:
                registers[source_id] = counts
                count_records(reading)
        else:
            _read_cells(root, reading, limits, before)
        reading.is_whole = faults.n_rejecting() == before
    apply_corrections(corrections, readings, catalogue, faults)
    check_duplicates(readings, faults)
    check_registers(readings, faults)
    check_units(readings, catalogue.variables, faults)
    observed, excluded, shared = _frames(readings)
    places = [place for reading in readings for place in reading.places]
    refused = {reading.source_id for reading in readings if not reading.is_whole}
    return Ingested(observed, excluded, shared, places, refused, registers)


def _frames(readings: list[Reading]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Figures, cells left out and records of several provinces of all files."""
    shared_columns = ["variable", "year", "scheme", "n", "record", "province_code"]
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
    shared["n"] = shared["n"].astype("int64")
    return observed, excluded, shared


def _read_cells(root: Path, reading: Reading, limits: Limits, before: int) -> None:
    """Read a file cell by cell; `before` counts the refusals of the files before it."""
    card, faults = reading.card, reading.faults
    grid = read_grid(root, card, faults, limits)
    if grid is not None and lay_out(grid, card, reading.ref, faults):
        reading.has_refused_rows = faults.n_rejecting() > before
        reader = READERS[card.kind] if card.scheme else name_ambiguous
        reader(grid, reading)
        reading.resolver.close(is_one_table=card.kind != "quotes")


def _columns_are_declared(reading: Reading) -> bool:
    """Whether each variable of the card exists; the fault was added with the card's line."""
    names = [column.variable for column in reading.card.columns]
    if reading.card.register_ is not None:
        names.append(reading.card.register_.variable)
    return all(name in reading.variables for name in names)


def _name_forgotten_files(root: Path, catalogue: Catalogue, faults: Faults) -> None:
    """Warn of a data file under raw/ that has no card: forgetting it is the likeliest slip."""
    for name in forgotten_files(root, catalogue):
        faults.add("SCH-22", Place(name), name)


def forgotten_files(root: Path, catalogue: Catalogue) -> list[str]:
    """The data files under raw/ of which no card speaks, neither as its file nor as its proof."""
    known = {name for card in catalogue.cards.values() for name in file_names(root, card)}
    known |= set(catalogue.broken.values())
    known |= {card.proof for card in catalogue.cards.values() if card.proof is not None}
    paths = sorted((root / "raw").rglob("*"))
    names = [
        p.relative_to(root).as_posix()
        for p in paths
        if p.suffix.lower() in (*EXPECTED, ".xlsb", ".xlsm")
    ]
    return [name for name in names if name not in known]
