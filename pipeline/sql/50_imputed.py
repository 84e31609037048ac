"""50_imputed: fill the gaps of the indicators that entered, where the index asks for it.
Grain   one row per edition, province and indicator
Reads   screened, spec_indicators, spec_editions, ref_provinces
Method  the impute_method of the indicator (docs/methods/impute.md; by default none). mean, median,
        knn and iterative take from the provinces of one edition, carried and linear from the
        editions of one scheme, in which a province is one unit and time is the reference year.
        A known value is never changed. An imputed cell has status I and keeps the reason why it
        was not observed; a gap that could not be filled says why in impute_note.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from pipeline.methods.impute import Imputed, impute

CELLS = """
    select
        screened.edition,
        screened.province_code,
        screened.indicator,
        screened.value,
        screened.is_entered,
        screened.peer_group as peers,
        spec_editions.scheme,
        spec_editions.reference_year,
        ref_provinces.region_vi as region
    from screened
    inner join spec_editions on screened.edition = spec_editions.edition
    inner join ref_provinces
        on
            spec_editions.scheme = ref_provinces.scheme
            and screened.province_code = ref_provinces.province_code
"""
CHOICES = """
    select
        impute_method as method,
        impute_group as grouping,
        impute_from_future as from_future,
        impute_n_neighbours as n_neighbours,
        impute_max_iterations as max_iterations,
        impute_seed as seed,
        impute_max_share as max_share,
        list(indicator order by indicator) as indicators
    from spec_indicators
    where impute_method <> 'none'
    group by all
    order by all
"""
IMPUTED = """
    create or replace table imputed as
    select
        screened.* replace (
            case when made.value is null then screened.obs_status else 'I' end as obs_status
        ),
        coalesce(screened.value, made.value) as imputed_value,
        made.value is not null as is_imputed,
        made.method as impute_method,
        made.givers as imputed_from,
        made.note as impute_note
    from screened
    left join made
        on
            screened.edition = made.edition
            and screened.province_code = made.province_code
            and screened.indicator = made.indicator
    order by screened.edition, screened.province_code, screened.indicator
"""
TEXTS = ("edition", "province_code", "indicator", "method", "givers", "note")
MADE = pa.schema([*((name, pa.string()) for name in TEXTS), ("value", pa.float64())])
OVER_TIME = ("carried", "linear")
Row = dict[str, Any]
Givers = dict[tuple[int, int], list[str]]  # of a cell: provinces, editions or indicators


def make(con: Any) -> None:
    """Make the table `imputed`.

    Args:
        con: the database, with the tables that the step reads.
    """
    found = con.sql(CHOICES)
    choices = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    cells: Any = con.sql(CELLS).df() if choices else None
    made: list[Row] = []
    for choice in choices:
        if choice["method"] in OVER_TIME:
            own = cells[cells["indicator"].isin(choice["indicators"])]
            for _, part in own.groupby("scheme"):
                made += _over_time(part, choice)
        else:
            for _, part in cells[cells["is_entered"]].groupby("edition"):
                made += _within(part, choice)
    con.register("made", pa.Table.from_pylist(made, MADE))
    con.execute(IMPUTED)
    con.unregister("made")


def _within(cells: pd.DataFrame, choice: Row) -> Iterator[Row]:
    """The gaps of one edition. A province without a group is alone in its own."""
    table = cells.pivot(index=["edition", "province_code"], columns="indicator", values="value")
    codes = np.array(table.index.get_level_values("province_code"))
    groups = np.array(["all"] * len(codes), dtype=object)
    if choice["grouping"] is not None:
        group = cells.groupby("province_code")[choice["grouping"]].first().loc[codes]
        groups = np.where(group.isna(), "alone: " + codes, "group: " + group.astype(str))
    found = impute(
        table.to_numpy(),
        choice["method"],
        groups=groups,
        n_neighbours=choice["n_neighbours"],
        max_iterations=choice["max_iterations"],
        seed=choice["seed"],
        max_share=choice["max_share"],
        names=list(table.columns),
    )
    givers = _linked(found, codes)
    for row, column in np.argwhere(found.is_imputed).tolist():
        if choice["method"] == "iterative":
            is_other = np.arange(table.shape[1]) != column
            givers[row, column] = list(table.columns[found.is_used & is_other])
        elif choice["method"] != "knn":
            is_known = table.iloc[:, column].notna().to_numpy()
            givers[row, column] = list(codes[is_known & (groups == groups[row])])
    is_asked = np.isin(table.columns, choice["indicators"])
    note = None if found.is_converged else "not_settled"
    yield from _rows(table, is_asked, found.values, found.reason, givers, choice["method"], note)


def _over_time(cells: pd.DataFrame, choice: Row) -> Iterator[Row]:
    """The gaps of the editions of one scheme, where the indicator entered.

    An edition that an indicator did not enter gives what it has. Each edition bears the share of
    imputed values that the index allows.
    """
    index = ["reference_year", "edition", "province_code"]
    table = cells.pivot(index=index, columns="indicator", values="value")
    is_asked = cells.pivot(index=index, columns="indicator", values="is_entered").to_numpy(bool)
    editions = np.array(table.index.get_level_values("edition"))
    found = impute(
        table.to_numpy(),
        choice["method"],
        units=table.index.get_level_values("province_code"),
        time=table.index.get_level_values("reference_year"),
        from_future=choice["from_future"],
        max_share=1,
        names=list(table.columns),
    )
    values, reasons = found.values.copy(), found.reason.copy()
    for edition in np.unique(editions):
        rows = editions == edition
        n_held = (~np.isnan(found.values[rows])).sum(axis=0)
        share = found.is_imputed[rows].sum(axis=0) / np.maximum(n_held, 1)
        is_refused = found.is_imputed & rows[:, None] & (share > choice["max_share"])
        values[is_refused], reasons[is_refused] = np.nan, "too_few_donors"
    givers = _linked(found, editions)
    yield from _rows(table, is_asked, values, reasons, givers, choice["method"], None)


def _linked(found: Imputed, labels: Any) -> Givers:
    """The labels of the rows that gave to each cell, in the order of the rows."""
    givers: Givers = defaultdict(list)
    for row, column, giver in sorted(found.links.tolist()):
        givers[row, column].append(labels[giver])
    return givers


def _rows(
    table: pd.DataFrame, is_asked: Any, values: Any, reasons: Any, givers: Givers, method: str,
    note: str | None,
) -> Iterator[Row]:  # fmt: skip
    """One row for each gap that is to be filled: its value, or why there is none."""
    for row, column in np.argwhere(table.isna().to_numpy() & is_asked).tolist():
        edition, province_code = table.index[row][-2:]
        cell = {"edition": edition, "province_code": province_code,
                "indicator": table.columns[column]}  # fmt: skip
        if np.isnan(values[row, column]):
            yield cell | {"note": str(reasons[row, column])}
        else:
            given = "+".join(givers[row, column])
            value = float(values[row, column])
            yield cell | {"method": method, "givers": given, "note": note, "value": value}
