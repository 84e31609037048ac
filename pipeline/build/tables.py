"""The tables of a build: every step, and the statistics that judge the tree."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.build.chain import Built
from pipeline.build.columns import cells, wide
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
from pipeline.methods.statistics import COUNTS, MEASURES


def step_tables(built: Built) -> dict[str, pa.Table]:
    """One wide table per step: a row per row of the data, a column per code."""
    codes = [node.code for node in built.inputs.indicators]
    every = [node.code for node in built.nodes]
    ranks = np.where(built.ranks > 0, built.ranks.astype(np.float64), np.nan)
    return {
        "denominated": wide(built, codes, built.denominated),
        "screened": _screened(built),
        "imputed": wide(built, codes, built.imputation.values),
        "treated": wide(built, codes, built.treatment.values),
        "normalised": wide(built, codes, built.normalised),
        "aggregated": wide(built, every, built.scores),
        "ranked": wide(built, every, ranks, whole=True),
    }


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


def treatment_log(built: Built) -> pa.Table:
    """Per treated cell: both values, and what was done to its indicator."""
    found = built.treatment
    before, after = built.imputation.values, found.values
    rows, columns = np.nonzero(np.isfinite(before) & (before != after))
    table = cells(built, rows, columns) | {
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
