"""Functions of Python that a SQL step may call, where SQL cannot say the arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

CHILDREN = "struct(node varchar, score double, weight double)[]"


def register(con: Any) -> None:
    """Make the functions known to a database."""
    con.create_function(
        "benefit_of_the_doubt_of",
        benefit_of_the_doubt_of,
        [CHILDREN, f"{CHILDREN}[]", "double", "double", "double"],
        "double",
        type="arrow",
    )


def benefit_of_the_doubt_of(
    children: Any, peers: Any, pie_low: Any, pie_high: Any, best: Any
) -> pa.Array:
    """Score of each unit under the weights that flatter it most.

    Args:
        children: per unit the children that it has: `node`, `score`, `weight`.
        peers: per unit the children of every unit of its edition and node, itself among them.
        pie_low, pie_high: bounds on the part of a score that a child brings; where fewer children
            entered than were declared, the upper one is raised until they can make a score.
        best: score of a unit that none beats under its own weights.

    Returns:
        One score per unit. The units that are compared with each other are solved once.

    Source:
        `pipeline.methods.relative.benefit_of_the_doubt`.
    """
    solved: dict[tuple[bytes, float, float, float], dict[bytes, float]] = {}
    scores = []
    rows = zip(children, peers, pie_low.to_pylist(), pie_high.to_pylist(), best.to_pylist(),
               strict=True)  # fmt: skip
    for own, others, low, high, top in rows:
        table, codes = _table(others.values)
        key = (table.tobytes(), low, high, top)
        if key not in solved:
            solved[key] = _solve(table, low, high, top)
        row = np.full(len(codes), np.nan)
        row[np.searchsorted(codes, _texts(own.values))] = own.values.field("score")
        scores.append(solved[key][row.tobytes()])
    return pa.array(scores, pa.float64())


def _texts(structs: Any) -> np.ndarray:
    found: np.ndarray = structs.field("node").to_numpy(zero_copy_only=False)
    return found.astype(str)


def _table(units: Any) -> tuple[np.ndarray, np.ndarray]:
    """Scores of units by children, shape (n_units, n_children), NaN is missing; the children."""
    cells = units.flatten()
    codes, columns = np.unique(_texts(cells), return_inverse=True)
    table = np.full((len(units), len(codes)), np.nan)
    rows = np.repeat(np.arange(len(units)), units.value_lengths())
    table[rows, columns] = cells.field("score")
    return table, codes


def _solve(table: np.ndarray, low: float, high: float, top: float) -> dict[bytes, float]:
    """The score of each row."""
    from pipeline.methods.relative import benefit_of_the_doubt

    scores = benefit_of_the_doubt(table, low, max(high, 1 / table.shape[1]), top)[0]
    return {row.tobytes(): score for row, score in zip(table, scores.tolist(), strict=True)}
