"""Screens of whole columns: one series under two names, or two years."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pipeline.faults import Faults, Place
from pipeline.screens.common import Figures, said


def check_series(figures: Figures) -> None:
    """SEM-15: two columns with the same figure for every province, in one year or in two.

    A column counts when it has `sample` provinces and as many different figures: small counts and
    stocks that stand still are often the same.
    """
    key = ["variable", "year", "scheme"]
    columns = figures.table.sort_values([*key, "province_code"])
    groups = columns.groupby(key).ngroup().to_numpy()
    provinces, values = columns["province_code"].to_numpy(), columns["value"].to_numpy()
    seen: dict[tuple[Any, ...], pd.Series] = {}
    for group in np.flatnonzero(np.bincount(groups) >= figures.settings.sample):
        own = slice(*np.searchsorted(groups, [group, group + 1]))
        if len(np.unique(values[own])) < figures.settings.sample:
            continue
        head = columns.iloc[own.start]
        before = seen.setdefault((head["scheme"], *provinces[own], *values[own]), head)
        if before is not head:
            figures.faults.add(
                "SEM-15", figures.places[head["at"]], f"{head['variable']} {head['year']}",
                other=f"{before['variable']} {before['year']}", where=figures.where(before["at"]),
                correlation=said(1), n=own.stop - own.start,
                limit=said(figures.settings.same_series),
            )  # fmt: skip


def check_alike(
    denominated: pd.DataFrame, limit: float, sample: int, file: str, faults: Faults
) -> None:
    """SEM-15: two indicators of the index that move as one.

    Args:
        denominated: edition, province_code, indicator and value.
        limit: the correlation from which two are one.
        sample: provinces that must have both.
        file: the index.
        faults: where the findings go, one per pair with the edition where it is strongest.
    """
    found: dict[tuple[str, str], tuple[float, int, str]] = {}
    for edition, rows in denominated.dropna(subset="value").groupby("edition", sort=True):
        wide = rows.pivot(index="province_code", columns="indicator", values="value")
        names = [name for name in wide if wide[name].nunique() > 1]
        r = wide[names].corr(min_periods=sample).to_numpy()
        for i, j in zip(*np.nonzero(np.triu(np.abs(r) >= limit, 1)), strict=True):
            pair = (str(names[i]), str(names[j]))
            n = int(wide[[names[i], names[j]]].notna().all(axis=1).sum())
            if abs(r[i, j]) > abs(found.get(pair, (0.0, 0, ""))[0]):
                found[pair] = (float(r[i, j]), n, str(edition))
    for (first, second), (r_most, n, edition) in sorted(found.items()):
        faults.add("SEM-15", Place(file), first, other=second, where=edition,
                   correlation=said(r_most), n=n, limit=said(limit))  # fmt: skip
