"""The tables that say what was observed, imputed and missing, and how much hangs on it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from pipeline.build.chain import Built
from pipeline.build.columns import cells, keys, wide
from pipeline.methods.impute import REASONS

INTERVAL = (0.05, 0.95)  # of the draws


def flag_tables(built: Built) -> dict[str, pa.Table]:
    """Status of every value, shares of every node's weight, each imputed cell, and draws if any."""
    every = [node.code for node in built.nodes]
    found = {
        "obs_status": _statuses(built),
        "coverage": wide(built, every, built.coverage),
        "imputed_share": wide(built, every, built.imputed_share),
        "imputation_log": _imputation_log(built),
        "units": _units(built),
    }
    return found | ({"imputation_draws": _draws(built)} if len(built.draw_scores) else {})


def _statuses(built: Built) -> pa.Table:
    """A observed, I imputed, C carried from another time of the unit, M missing."""
    imputed = "C" if built.carried else "I"
    present = np.where(built.imputation.is_imputed, imputed, "A")
    letters = np.where(np.isnan(built.imputation.values), "M", present)
    codes = [node.code for node in built.inputs.indicators]
    texts = (pa.array(column, pa.string()) for column in letters.T)
    return pa.table(keys(built) | dict(zip(codes, texts, strict=True)))


def _imputation_log(built: Built) -> pa.Table:
    """Per missing cell: the value it was given, or why it is still missing."""
    found = built.imputation
    rows, columns = np.nonzero(np.isnan(built.denominated))
    reasons = np.array(REASONS)[found.cause[rows, columns]]
    table = cells(built, rows, columns)
    table["value"] = pa.array(found.values[rows, columns], from_pandas=True)
    table["is_imputed"] = pa.array(found.is_imputed[rows, columns])
    table["reason"] = pa.array([reason or None for reason in reasons.tolist()], pa.string())
    return pa.table(table)


def _units(built: Built) -> pa.Table:
    """Per row of the data: what the index of the unit rests on, score, rank, and their spread."""
    top = built.top
    table = keys(built) | {
        "coverage": pa.array(built.coverage[:, top]),
        "imputed_share": pa.array(built.imputed_share[:, top]),
        "is_ranked": pa.array(built.is_ranked),
        "score": pa.array(built.scores[:, top], from_pandas=True),
        "rank": _ranks(built.ranks[:, top], built.is_ranked),
    }
    if not len(built.draw_scores):
        return pa.table(table)
    for j, name in enumerate(("low", "high")):
        edge = np.quantile(built.draw_scores, INTERVAL[j], axis=0)
        table[f"score_{name}"] = pa.array(edge, from_pandas=True)
    for j, (name, outer) in enumerate((("low", "lower"), ("high", "higher"))):
        edge = np.quantile(built.draw_ranks, INTERVAL[j], axis=0, method=outer)  # type: ignore[call-overload]
        table[f"rank_{name}"] = _ranks(edge, built.is_ranked)
    return pa.table(table)


def _ranks(found: np.ndarray, is_ranked: np.ndarray) -> pa.Array:
    return pa.array(found, mask=~(is_ranked & (found > 0))).cast(pa.int64())


def _draws(built: Built) -> pa.Table:
    """Per draw and imputed cell: the row of the data, counted from 1, and the value drawn."""
    rows, columns = np.nonzero(built.imputation.is_imputed)
    n = len(built.draw_scores)
    table = cells(built, np.tile(rows, n), np.tile(columns, n))
    table["row"] = pa.array(np.tile(rows + 1, n))
    table["draw"] = pa.array(np.repeat(np.arange(1, n + 1), rows.size))
    table["value"] = pa.array(built.imputation.draws[:, rows, columns].ravel())
    return pa.table(table)
