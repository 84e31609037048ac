"""The tables of `outputs/current/robustness/`; empty where the index declares no factors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.robustness.alone import one_at_a_time_rows
from pipeline.robustness.drivers import sensitivity_rows
from pipeline.robustness.results import (
    Columns,
    Row,
    Run,
    change_rows,
    convergence_rows,
    distribution_columns,
    group_columns,
    pair_columns,
    run_draws,
    shares_above,
)
from pipeline.spec import Spec

DRAWS_PER_ROW = 4  # of the intervals, for each row of a block of the design of sensitivity
REAL, WHOLE, TEXT, FLAG = pa.float64(), pa.int64(), pa.string(), pa.bool_()
INDICES = [f"{index}{end}" for index in ("first_order", "total") for end in ("", "_low", "_high")]
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "intervals": {
        **dict.fromkeys(("edition", "province_code", "node"), TEXT),
        **{f"score_{name}": REAL for name in ("low", "median", "high", "mean", "sd")},
        **{f"rank_{name}": WHOLE for name in ("low", "median", "high")},
        **dict.fromkeys(("rank_mean", "rank_sd", "share_ranked"), REAL),
        **{f"share_top_{top}": REAL for top in (3, 10)},
        **{f"share_quarter_{quarter}": REAL for quarter in (1, 2, 3, 4)},
    },
    "distribution": {"edition": TEXT, "province_code": TEXT, "rank": WHOLE, "share": REAL},
    "pairs": {
        "edition": TEXT, "province_code": TEXT, "other_code": TEXT, "share_above": REAL,
        "is_told_apart": FLAG,
    },
    "groups": {"edition": TEXT, "group": WHOLE, "province_code": TEXT, "rank": WHOLE},
    "changes": {
        **dict.fromkeys(("edition_from", "edition", "province_code"), TEXT),
        **{f"score_change{end}": REAL for end in ("", "_low", "_high")},
        **{f"rank_change{end}": WHOLE for end in ("", "_low", "_high")},
        "share_better": REAL, "is_clear": FLAG,
    },
    "convergence": {"edition": TEXT, "n_draws": WHOLE, "mean_width": REAL, "largest_gap": REAL},
    "draws": {"kind": TEXT, "name": TEXT, "draw": WHOLE, "chosen": TEXT, "multiplier": REAL},
    "one_at_a_time": {
        "edition": TEXT, "factor": TEXT, "change": TEXT, "province_code": TEXT,
        "rank_published": WHOLE, "rank": WHOLE, "shift": WHOLE,
    },
    "sensitivity": {
        "edition": TEXT, "output": TEXT, "factor": TEXT, **dict.fromkeys(INDICES, REAL),
        "variance": REAL,
    },
}  # fmt: skip
KEYS = {
    "intervals": ["edition", "province_code", "node"],
    "distribution": ["edition", "province_code", "rank"],
    "pairs": ["edition", "province_code", "other_code"],
    "groups": ["edition", "group", "province_code"],
    "changes": ["edition_from", "edition", "province_code"],
    "convergence": ["edition", "n_draws"],
    "draws": ["kind", "name", "draw"],
    "one_at_a_time": ["edition", "factor", "change", "province_code"],
    "sensitivity": ["edition", "output", "factor"],
}
OF_SCORES = ["score_low", "score_high", "rank_low", "rank_median", "rank_high"]
INTO_SCORES = f"""
    create or replace table scores as
    select scores.* replace ({", ".join(f"intervals.{name} as {name}" for name in OF_SCORES)})
    from scores
    inner join spec_nodes on scores.node = spec_nodes.node
    left join intervals
        on
            scores.edition = intervals.edition
            and scores.province_code = intervals.province_code
            and scores.node = intervals.node
    order by scores.edition, scores.province_code, spec_nodes.ordinal
"""


def robustness_tables(con: Any, spec: Spec) -> dict[str, pa.Table]:
    """The tables by name, ordered by key; without rows where the index declares no factors.

    Args:
        con: the database, with the tables of the chain up to `ranked`.
        spec: the index.

    Raises:
        Rejected: for a combination of alternatives whose values cannot be scored.
    """
    if spec.robustness is None:
        return {name: _table(name, []) for name in COLUMNS}
    run = run_draws(con, spec)
    above = {one.edition: shares_above(run, one) for one in run.cells}
    pairs = [pair_columns(run, one, above[one.edition]) for one in run.cells]
    groups = [group_columns(run, one, above[one.edition]) for one in run.cells]
    rows: dict[str, Iterable[Row]] = {
        "intervals": run.intervals,
        "changes": change_rows(run),
        "convergence": convergence_rows(run),
        "one_at_a_time": one_at_a_time_rows(run),
        "sensitivity": sensitivity_rows(run, rows_of_block(spec.robustness.draws), []),
    }
    found = {name: _table(name, rows[name]) for name in COLUMNS if name in rows}
    shares = [distribution_columns(run, one) for one in run.cells]
    found["distribution"] = _joined("distribution", shares)
    found |= {"pairs": _joined("pairs", pairs), "groups": _joined("groups", groups)}
    return found | {"draws": _draws(run)}


def rows_of_block(n_draws: int) -> int:
    """Rows of a block of the sensitivity design: a power of two that goes with the draws."""
    return 1 << max(n_draws // DRAWS_PER_ROW, 2).bit_length() - 1


def _table(name: str, rows: Iterable[Row]) -> pa.Table:
    kept = list(rows)
    columns = COLUMNS[name]
    made = {key: pa.array([row[key] for row in kept], kind, from_pandas=True)
            for key, kind in columns.items()}  # fmt: skip
    return pa.table(made).sort_by([(key, "ascending") for key in KEYS[name]])


def _joined(name: str, parts: list[Columns]) -> pa.Table:
    """A table from the columns of each edition; what is not an array fills its column."""
    columns, tables = COLUMNS[name], []
    for part in parts:
        n = max(len(values) for key, values in part.items() if key != "edition")
        filled = part | {"edition": pa.repeat(part["edition"], n)}
        tables.append(pa.table({key: pa.array(filled[key], kind, from_pandas=True)
                                for key, kind in columns.items()}))  # fmt: skip
    return pa.concat_tables(tables).sort_by([(key, "ascending") for key in KEYS[name]])


def _draws(run: Run) -> pa.Table:
    """What every choice was in every draw, and what the weight of each node was times."""
    n = len(run.draws.levels)
    parts = []
    for k, choice in enumerate(run.declared.space.choices):
        chosen = np.array(choice.levels)[run.draws.levels[:, k]]
        parts.append(_part(n, "choice", choice.name, chosen=pa.array(chosen.tolist(), TEXT)))
    multipliers = run.draws.multipliers(np.arange(n))
    for spread in run.declared.space.spreads:
        for node in spread.nodes:
            values = pa.array(multipliers[:, node])
            parts.append(_part(n, "weight", run.index.codes[node], multiplier=values))
    whole = pa.concat_tables(parts)
    return whole.sort_by([(key, "ascending") for key in KEYS["draws"]])


def _part(n: int, kind: str, name: str, **values: pa.Array) -> pa.Table:
    given = {"draw": pa.array(np.arange(n)), "kind": pa.array([kind] * n, TEXT),
             "name": pa.array([name] * n, TEXT), **values}  # fmt: skip
    columns = COLUMNS["draws"]
    return pa.table({key: given.get(key, pa.nulls(n, kind)) for key, kind in columns.items()})
