"""Build any index from two tables and a file of choices."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow as pa

from pipeline import store
from pipeline.build import tables
from pipeline.build.chain import Built, run_chain
from pipeline.build.choices import read_methods
from pipeline.build.inputs import read_inputs
from pipeline.faults import Faults, Place
from pipeline.spreadsheet import write_csv


def build(data: Path, meta: Path, methods: Path | None, out: Path) -> Built:
    """Read, compute and write every table as Parquet and CSV into `out`.

    Args:
        data: CSV of units: uCode, uName and Time (both optional), one column per code.
        meta: CSV of nodes: iCode, iName, Level, Parent, Direction, Weight, Type, and optionally
            Unit, Target, Denominator.
        methods: YAML of choices; None takes the defaults.
        out: folder for the tables; what was there under the same names is replaced, whole.

    Returns:
        Every step on arrays.

    Raises:
        Rejected: with every fault of the inputs, or the indicator a step could not take; nothing
            is written then.
    """
    faults = Faults()
    inputs = read_inputs(data, meta, faults)
    choices = read_methods(methods, inputs, faults)
    try:
        built = run_chain(inputs, choices)
    except ValueError as error:
        faults.add("BLD-01", Place(data.name), str(error))
        faults.raise_if_any()
        raise
    found = tables.step_tables(built) | {
        "units": tables.unit_table(built),
        "imputation_log": tables.imputation_log(built),
        "treatment_log": tables.treatment_log(built),
        "weights": tables.weights_table(built),
    }
    _write(found | tables.statistics_tables(built), out)
    return built


def _write(found: dict[str, pa.Table], out: Path) -> None:
    """Write beside, then move each finished file into its place."""
    out.mkdir(parents=True, exist_ok=True)
    staging = out / f".staging-{os.getpid()}"
    staging.mkdir()
    try:
        for name, table in found.items():
            store.write_parquet(staging / f"{name}.parquet", table, {})
            with (staging / f"{name}.csv").open("wb") as file:
                write_csv(table, file)
        for path in sorted(staging.iterdir()):
            path.replace(out / path.name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
