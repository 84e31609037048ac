"""The first columns of the tables of a build, and the shape most of them have."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.build.chain import Built


def keys(built: Built) -> dict[str, pa.Array]:
    """The columns that every table with a row per row of the data begins with."""
    inputs = built.inputs
    columns = {
        "uCode": pa.array(inputs.units, pa.string()),
        "uName": pa.array(inputs.unit_names, pa.string()),
    }
    if inputs.times is not None:
        columns["Time"] = pa.array(inputs.times, pa.string())
    return columns


def wide(built: Built, codes: list[str], values: np.ndarray, whole: bool = False) -> pa.Table:
    """A row per row of the data, a column per code; NaN is missing."""
    columns = keys(built)
    for j, code in enumerate(codes):
        column = pa.array(values[:, j], from_pandas=True)
        columns[code] = column.cast(pa.int64()) if whole else column
    return pa.table(columns)


def cells(built: Built, rows: np.ndarray, columns: np.ndarray) -> dict[str, pa.Array]:
    """The first columns of a table with one row per cell: indicator, unit, time."""
    inputs = built.inputs
    table = {
        "iCode": pa.array([inputs.indicators[j].code for j in columns], pa.string()),
        "uCode": pa.array([inputs.units[i] for i in rows], pa.string()),
    }
    if inputs.times is not None:
        table["Time"] = pa.array([inputs.times[i] for i in rows], pa.string())
    return table
