"""What every method asks of the columns and weights it is given, and how it names them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Names = Sequence[str] | None


def label(names: Names, j: int, kind: str = "column") -> str:
    """How a message calls column `j`: by its name, or by its index when there are no names."""
    return f"{kind} {j}" if names is None else f"{kind} '{names[j]}'"


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
    infinite = np.flatnonzero(np.isinf(table).any(axis=0))
    if infinite.size:
        raise ValueError(f"{label(names, int(infinite[0]))} holds an infinite value")
    return table


def checked_weights(w: np.ndarray, names: Names = None) -> np.ndarray:
    """`w` as finite, non-negative float64 weights of shape (n,), not all zero.

    Raises:
        ValueError: otherwise, naming the first weight at fault.
    """
    weights = np.asarray(w, dtype=np.float64)
    if weights.ndim != 1 or weights.size == 0:
        raise ValueError(f"expected one weight per column, got shape {weights.shape}")
    if names is not None and len(names) != weights.size:
        raise ValueError(f"{len(names)} names for {weights.size} weights")
    for problem, at_fault in (
        ("is not finite", ~np.isfinite(weights)),
        ("is negative", weights < 0),
    ):
        if at_fault.any():
            j = int(np.flatnonzero(at_fault)[0])
            raise ValueError(f"the weight of {label(names, j)} {problem}: {weights[j]}")
    if not weights.any():
        raise ValueError("all weights are zero")
    return weights


def checked_variation(x: np.ndarray, names: Names = None) -> np.ndarray:
    """A table in which every column has two different observed values at least.

    Raises:
        ValueError: naming the first column that is empty or constant; as `checked_table`.
    """
    table = checked_table(x, names)
    for j, column in enumerate(table.T):
        seen = column[~np.isnan(column)]
        if seen.size == 0:
            raise ValueError(f"{label(names, j)} has no observed value")
        if seen.min() == seen.max():
            raise ValueError(f"{label(names, j)} is constant: it tells no unit from another")
    return table
