"""Build any index from two tables and a file of choices."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline import store
from pipeline.build import tables
from pipeline.build.chain import Built, run_chain
from pipeline.build.choices import read_methods
from pipeline.build.flags import flag_tables
from pipeline.build.inputs import Inputs, read_inputs
from pipeline.export import save_csv
from pipeline.faults import Faults, Place

OPTIONAL = ("imputation_draws",)  # tables that not every build makes
MIN_UNITS = 3  # fewer are not put on a scale of themselves


def build(
    data: Path, meta: Path, methods: Path | None, out: Path, faults: Faults | None = None
) -> Built:
    """Read, compute and write every table as Parquet and CSV into `out`.

    Args:
        data: CSV of units: uCode, uName and Time (both optional), one column per code.
        meta: CSV of nodes: iCode, iName, Level, Parent, Direction, Weight, Type, and optionally
            Unit, Target, Denominator.
        methods: YAML of choices; None takes the defaults.
        out: folder for the tables; what was there under the same names is replaced, whole.
        faults: gathers the warnings, such as columns that are not used.

    Returns:
        Every step on arrays.

    Raises:
        Rejected: with every fault of the inputs, or the indicator a step could not take; nothing
            is written then.
    """
    faults = Faults(room="build") if faults is None else faults
    _must_be_folder(out, faults)
    inputs = read_inputs(data, meta, faults)
    choices = read_methods(methods, inputs, faults)
    _refuse_too_few(inputs, data.name, faults)
    try:
        built = run_chain(inputs, choices)
    except ValueError as error:
        faults.add("BLD-01", Place(data.name), str(error))
        faults.raise_if_any()
        raise
    if not built.imputation.is_converged:
        assert methods is not None
        faults.add("BLD-05", Place(methods.name), choices.impute.max_iterations)
    found = tables.step_tables(built) | {
        "treatment_log": tables.treatment_log(built),
        "weights": tables.weights_table(built),
    }
    _write(found | flag_tables(built) | tables.statistics_tables(built), out, faults)
    return built


def _must_be_folder(out: Path, faults: Faults) -> None:
    """Refuse a file where the folder should be, before anything is computed."""
    for path in (out, *out.parents):
        if path.exists() and not path.is_dir():
            faults.add("BLD-02", Place(path.name), path.name)
    faults.raise_if_any()


def _refuse_too_few(inputs: Inputs, name: str, faults: Faults) -> None:
    """One or two units of a time cannot be put on a scale of themselves, nor ranked.

    Raises:
        Rejected: naming the times that have fewer units with data.
    """
    times = np.array(inputs.times if inputs.times is not None else ["–"] * len(inputs.units))
    has_data = np.isfinite(inputs.x).any(axis=1)
    for time in dict.fromkeys(times.tolist()):
        n = int((has_data & (times == time)).sum())
        if n < MIN_UNITS:
            faults.add("OUT-03", Place(name), n, edition=time, limit=MIN_UNITS)
    faults.raise_if_any()


def _write(found: dict[str, pa.Table], out: Path, faults: Faults) -> None:
    """Write beside, then move each finished file into its place."""
    staging = out / f".staging-{os.getpid()}"
    try:
        staging.mkdir(parents=True)
        for name, table in found.items():
            store.write_parquet(staging / f"{name}.parquet", table, {})
            save_csv(table, staging / f"{name}.csv")
        for path in sorted(staging.iterdir()):
            path.replace(out / path.name)
        for name in set(OPTIONAL) - set(found):  # of an earlier build, with other choices
            for suffix in (".parquet", ".csv"):
                (out / f"{name}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        faults.add("SYS-05", Place(out.name), error.strerror)
        faults.raise_if_any()
    finally:
        shutil.rmtree(staging, ignore_errors=True)
