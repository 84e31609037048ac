"""The rule that the weights of siblings add to 1, for the contracts and the publication suite."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

GAP = 1e-9


def check_siblings_sum(frame: pd.DataFrame, column: str, within: Sequence[str] = ()) -> pd.Series:
    """Whether a row and its siblings add to 1, or to 0 where none of them entered the edition.

    Args:
        frame: rows with `edition`, `parent`, `is_entered` and the column.
        column: shares of the parent.
        within: what else the rows are of, beside an edition.
    """
    keys = [frame["edition"], *(frame[name] for name in within), frame["parent"].fillna("")]
    sums = frame[column].groupby(keys).transform("sum")
    is_entered = frame["is_entered"].astype(bool).groupby(keys).transform("any")
    return (sums - is_entered.astype(float)).abs() < GAP
