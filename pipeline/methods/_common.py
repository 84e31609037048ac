"""What the array functions share: the shape of a panel, names in messages, groups of rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.intp]
Names = Sequence[str] | None


def column_name(names: Names, j: int, kind: str = "column") -> str:
    """How a message calls column `j`: by its name, or by its index when there are no names."""
    return f"{kind} {j}" if names is None else f"{kind} '{names[j]}'"


def refuse_columns(
    faulty: ArrayLike, names: Sequence[str] | None, what: str, where: str = ""
) -> None:
    """Raise if any column is faulty, listing every one of them.

    Args:
        faulty: shape (n_columns,).
        names: one per column, or None to number them.
        what: the rest of the sentence, e.g. 'is constant'.
        where: said after the name, e.g. ' in group 2022'.

    Raises:
        ValueError: one line per faulty column.
    """
    lines = [f"{column_name(names, int(j))}{where} {what}" for j in np.flatnonzero(faulty)]
    if lines:
        raise ValueError("\n".join(lines))


def as_table(x: ArrayLike, names: Names = None) -> Floats:
    """`x` as float64 with NaN for missing; the input itself is never changed.

    Args:
        x: shape (n_units, n_columns), NaN = missing.
        names: one per column, for messages only.

    Returns:
        Shape (n_units, n_columns); may share memory with `x`.

    Raises:
        ValueError: if `x` has not two dimensions, the names do not fit, or a value is infinite.
    """
    table = np.asarray(x, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"x must have the shape (n_units, n_columns), not {table.shape}")
    if names is not None and len(names) != table.shape[1]:
        raise ValueError(f"{len(names)} names were given for {table.shape[1]} columns")
    lowest, highest = extremes(table)
    refuse_columns(np.isinf(lowest) | np.isinf(highest), names, "holds an infinite value")
    return table


def as_panel(x: ArrayLike, names: Names = None) -> Floats:
    """A table whose columns can be scaled without overflow; see `as_table`.

    Raises:
        ValueError: also if a column runs over less than 1e-300 or more than 1e300 (change its
            unit).
    """
    panel = as_table(x, names)
    lowest, highest = extremes(panel)
    with np.errstate(over="ignore"):
        spread = highest - lowest
    refuse_columns((spread > 0) & (spread < 1e-300), names, "runs over less than 1e-300")
    refuse_columns(spread > 1e300, names, "runs over more than 1e300")
    return panel


def extremes(panel: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest value of each column, shape (n_columns,) each; NaN where it is empty."""
    lowest = np.fmin.reduce(panel, axis=0, initial=np.nan)
    highest = np.fmax.reduce(panel, axis=0, initial=np.nan)
    return lowest, highest


def per_column(values: ArrayLike, n_columns: int, what: str) -> Floats:
    """One finite number per column, shape (n_columns,); a scalar serves for all.

    Raises:
        ValueError: if the number of values does not fit or one of them is not finite.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim > 1 or (found.ndim == 1 and len(found) != n_columns):
        raise ValueError(f"{what} must be one number or one per column ({n_columns})")
    if not np.isfinite(found).all():
        raise ValueError(f"{what} must be finite")
    return np.broadcast_to(found, (n_columns,))


def rows_of_groups(groups: Iterable[object] | None, n_rows: int) -> dict[object, Rows]:
    """Row numbers of each group, in the order in which the labels first appear.

    Args:
        groups: one label per row; None puts all rows together under the label None.
        n_rows: number of rows of the panel.

    Raises:
        ValueError: if there is not one label per row, or a label is missing (None or NaN).
    """
    if groups is None:
        return {None: np.arange(n_rows)}
    labels = list(groups)
    if len(labels) != n_rows:
        raise ValueError(f"{len(labels)} labels were given for {n_rows} rows")
    found: dict[object, list[int]] = {}
    for row, label in enumerate(labels):
        if label is None or (isinstance(label, float) and isnan(label)):
            raise ValueError(f"row {row} has no label")
        found.setdefault(label, []).append(row)
    return {label: np.array(rows, dtype=np.intp) for label, rows in found.items()}


def checked_weights(w: ArrayLike, names: Names = None) -> Floats:
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


def checked_variation(x: ArrayLike, names: Names = None) -> Floats:
    """A table in which every column has two different observed values at least.

    Raises:
        ValueError: naming the columns that are empty or constant; as `as_table`.
    """
    table = as_table(x, names)
    lowest, highest = extremes(table)
    refuse_columns(np.isnan(lowest), names, "has no observed value")
    refuse_columns(lowest == highest, names, "is constant: it tells no unit from another")
    return table
