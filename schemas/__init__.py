"""Contracts of every table: one module per table, checked at every door of the pipeline."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pandas as pd


@cache
def contracts() -> dict[str, Any]:
    """The pandera model of each table, by table name. Imported late: pandera takes a second."""
    from schemas.aggregated import Aggregated
    from schemas.checks import Checks
    from schemas.components import Components
    from schemas.correlations import Correlations
    from schemas.coverage import Coverage
    from schemas.denominated import Denominated
    from schemas.excluded import Excluded, Findings, Revisions
    from schemas.harmonised import Harmonised
    from schemas.imputed import Imputed
    from schemas.indicators import Indicators
    from schemas.normalised import Normalised
    from schemas.observed import Observed
    from schemas.ranked import Ranked
    from schemas.reliability import Reliability
    from schemas.robustness import (
        Changes,
        Convergence,
        Distribution,
        Draws,
        Groups,
        Intervals,
        OneAtATime,
        Pairs,
        Sensitivity,
    )
    from schemas.scores import Scores
    from schemas.screened import Screened
    from schemas.sources import Sources
    from schemas.statistics import Statistics
    from schemas.treated import Treated
    from schemas.weighted import Weighted
    from schemas.weights import Weights

    models = (
        Observed, Harmonised, Denominated, Screened, Imputed, Treated, Normalised, Weighted,
        Aggregated, Ranked, Scores, Indicators, Coverage, Weights, Excluded, Findings, Revisions,
        Sources, Statistics, Correlations, Reliability, Components, Intervals, Distribution, Pairs,
        Groups, Convergence, Draws, OneAtATime, Sensitivity, Checks, Changes,
    )  # fmt: skip
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower(): model for model in models}


def check_contract(table: str, frame: pd.DataFrame, limit: int = 5) -> list[str]:
    """What breaks the contract of `table`, as sentences; empty when it holds.

    Args:
        table: a name of `contracts()`.
        frame: its rows, with a fresh 0..n index.
        limit: rows quoted per broken rule.
    """
    from pandera.errors import SchemaErrors

    try:
        contracts()[table].validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        problems = []
        for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=True):
            rows = [int(i) for i in group["index"].dropna().unique()[:limit]]
            quoted = "; ".join(_quote(frame, row) for row in rows)
            problems.append(
                f"{column}: {check} ({len(group)} cells{', ' if quoted else ''}{quoted})"
            )
        return problems
    return []


def _quote(frame: pd.DataFrame, row: int) -> str:
    keys = [name for name in frame.columns[:4] if name in frame.columns]
    return "/".join(str(frame.at[row, name]) for name in keys)
