"""The tables of a build: every step, and the statistics that judge the tree."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.build.chain import Built
from pipeline.diagnostics import (
    ITEMS,
    LOADINGS,
    PAIRS,
    by_family,
    components,
    describe_columns,
    reliability,
    siblings,
    table_of,
)
from pipeline.methods.impute import REASONS
from pipeline.methods.statistics import COUNTS, MEASURES


def step_tables(built: Built) -> dict[str, pa.Table]:
    """One wide table per step: a row per row of the data, a column per code."""
    codes = [node.code for node in built.inputs.indicators]
    every = [node.code for node in built.nodes]
    ranks = np.where(built.ranks > 0, built.ranks.astype(np.float64), np.nan)
    return {
        "denominated": _wide(built, codes, built.denominated),
        "screened": _screened(built),
        "imputed": _wide(built, codes, built.imputation.values),
        "treated": _wide(built, codes, built.treated),
        "normalised": _wide(built, codes, built.normalised),
        "aggregated": _wide(built, every, built.scores),
        "ranked": _wide(built, every, ranks, whole=True),
    }


def _wide(built: Built, codes: list[str], values: np.ndarray, whole: bool = False) -> pa.Table:
    inputs = built.inputs
    columns: dict[str, pa.Array] = {
        "uCode": pa.array(inputs.units, pa.string()),
        "uName": pa.array(inputs.unit_names, pa.string()),
    }
    if inputs.times is not None:
        columns["Time"] = pa.array(inputs.times, pa.string())
    for j, code in enumerate(codes):
        column = pa.array(values[:, j], from_pandas=True)
        columns[code] = column.cast(pa.int64()) if whole else column
    return pa.table(columns)


def _screened(built: Built) -> pa.Table:
    """Per indicator: coverage and whether it entered. Units are judged in `units`."""
    share = np.mean(np.isfinite(built.denominated), axis=0)
    return pa.table(
        {
            "iCode": [node.code for node in built.inputs.indicators],
            "coverage": share,
            "is_entered": built.entered,
            "n_imputed": built.imputation.is_imputed.sum(axis=0),
        }
    )


def unit_table(built: Built) -> pa.Table:
    """Per row of the data: coverage of the index, whether it is ranked, score and rank."""
    top = next(i for i, node in enumerate(built.nodes) if node.parent is None)
    ranks = np.where(built.is_ranked, built.ranks[:, top].astype(np.float64), np.nan)
    table = _wide(built, [], np.empty((len(built.inputs.units), 0)))
    return (
        table.append_column("coverage", pa.array(built.coverage[:, top]))
        .append_column("is_ranked", pa.array(built.is_ranked))
        .append_column("score", pa.array(built.scores[:, top], from_pandas=True))
        .append_column("rank", pa.array(ranks, from_pandas=True).cast(pa.int64()))
    )


def _cells(built: Built, rows: np.ndarray, columns: np.ndarray) -> dict[str, pa.Array]:
    """The first columns of a table with one row per cell: indicator, unit, time."""
    inputs = built.inputs
    table = {
        "iCode": pa.array([inputs.indicators[j].code for j in columns], pa.string()),
        "uCode": pa.array([inputs.units[i] for i in rows], pa.string()),
    }
    if inputs.times is not None:
        table["Time"] = pa.array([inputs.times[i] for i in rows], pa.string())
    return table


def imputation_log(built: Built) -> pa.Table:
    """Per missing cell: the value it was given, or why it is still missing."""
    found = built.imputation
    rows, columns = np.nonzero(np.isnan(built.denominated))
    reasons = np.array(REASONS)[found.cause[rows, columns]]
    table = _cells(built, rows, columns)
    table["value"] = pa.array(found.values[rows, columns], from_pandas=True)
    table["is_imputed"] = pa.array(found.is_imputed[rows, columns])
    table["reason"] = pa.array([reason or None for reason in reasons.tolist()], pa.string())
    return pa.table(table)


def treatment_log(built: Built) -> pa.Table:
    """Per treated cell: both values, and what was done to its indicator."""
    found = built.treatment
    before, after = built.imputation.values, built.treated
    rows, columns = np.nonzero(np.isfinite(before) & (before != after))
    table = _cells(built, rows, columns) | {
        "before": pa.array(before[rows, columns]),
        "after": pa.array(after[rows, columns]),
        "method": pa.array(found.method[columns].tolist(), pa.string()),
    }
    return pa.table(table)


def weights_table(built: Built) -> pa.Table:
    """Per node: its weight among its siblings and in the index, and where it comes from."""
    shares = np.ones(len(built.nodes))
    for parent in range(len(built.nodes)):
        children = np.flatnonzero(built.parents == parent)
        if children.size:
            shares[children] = built.weights[children] / built.weights[children].sum()
    in_index = shares.copy()
    for i in range(len(built.nodes)):
        above = built.parents[i]
        while above >= 0:
            in_index[i] *= shares[above]
            above = built.parents[above]
    return pa.table(
        {
            "iCode": [node.code for node in built.nodes],
            "parent": pa.array([node.parent for node in built.nodes], pa.string()),
            "weight": shares,
            "weight_in_index": in_index,
            "method": built.origins,
            "remark": built.remarks,
        }
    )


def statistics_tables(built: Built) -> dict[str, pa.Table]:
    """Description, correlations, reliability and components, per group of siblings."""
    family = ([node.code for node in built.nodes], built.parents, built.scores)
    return {
        "statistics": _statistics(built),
        "correlations": table_of(by_family(*family, siblings), ["parent", *PAIRS]),
        "reliability": table_of(by_family(*family, reliability), ITEMS),
        "pca": table_of(by_family(*family, components), LOADINGS),
    }


def _statistics(built: Built) -> pa.Table:
    rows = describe_columns(built.denominated)
    for j, row in enumerate(rows):
        row["iCode"] = built.inputs.indicators[j].code
        row["treatment"] = str(built.treatment.method[j])
        row["n_winsorised"] = int(built.treatment.n_moved[j])
    names = ["iCode", *COUNTS, *MEASURES, "treatment", "n_winsorised", "flags"]
    return table_of(rows, names)
