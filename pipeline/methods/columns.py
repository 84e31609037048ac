"""What every method asks of the columns and weights it is given, and how it names them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

Names = Sequence[str] | None


def label(names: Names, j: int, kind: str = "column") -> str:
    """How a message calls column `j`: by its name, or by its index when there are no names."""
    return f"{kind} {j}" if names is None else f"{kind} '{names[j]}'"


def refuse_columns(at_fault: ArrayLike, names: Names, problem: str) -> None:
    """Raise if a column is at fault, one line for each.

    Args:
        at_fault: shape (n_columns,), bool.
        names: what messages call the columns.
        problem: the rest of the sentence.

    Raises:
        ValueError: as said.
    """
    lines = [f"{label(names, int(j))} {problem}" for j in np.flatnonzero(at_fault)]
    if lines:
        raise ValueError("\n".join(lines))


def checked_table(x: np.ndarray, names: Names = None) -> np.ndarray:
    """`x` as a float64 table of shape (n_units, n_columns); NaN is missing.

    Raises:
        ValueError: if it is not a table, `names` does not fit, or a column holds an infinite value.
    """
    table = np.asarray(x, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"expected a table of units by columns, got shape {table.shape}")
    if names is not None and len(names) != table.shape[1]:
        raise ValueError(f"{len(names)} names for {table.shape[1]} columns")
    refuse_columns(np.isinf(table).any(axis=0), names, "holds an infinite value")
    return table


def checked_weights(w: np.ndarray, names: Names = None) -> np.ndarray:
    """`w` as finite, non-negative float64 weights of shape (n,), not all zero.

    Raises:
        ValueError: otherwise, naming the weights at fault.
    """
    weights = np.asarray(w, dtype=np.float64)
    if weights.ndim != 1 or weights.size == 0:
        raise ValueError(f"expected one weight per column, got shape {weights.shape}")
    if names is not None and len(names) != weights.size:
        raise ValueError(f"{len(names)} names for {weights.size} weights")
    refuse_columns(~np.isfinite(weights), names, "has a weight that is not a finite number")
    refuse_columns(weights < 0, names, "has a negative weight")
    if not weights.any():
        raise ValueError("all weights are zero")
    return weights


def checked_variation(x: np.ndarray, names: Names = None) -> np.ndarray:
    """A table in which every column has two different observed values at least.

    Raises:
        ValueError: naming the columns that are empty or constant; as `checked_table`.
    """
    table = checked_table(x, names)
    lowest = np.fmin.reduce(table, axis=0, initial=np.nan)
    highest = np.fmax.reduce(table, axis=0, initial=np.nan)
    refuse_columns(np.isnan(lowest), names, "has no observed value")
    refuse_columns(lowest == highest, names, "is constant: it tells no unit from another")
    return table
