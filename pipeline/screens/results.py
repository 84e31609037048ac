"""Screens of what the steps made: denominators, directions, overlaps, and who is not ranked."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd

from pipeline.alphabet import alphabetical
from pipeline.faults import Faults, Place
from pipeline.provinces import Reference
from pipeline.screens.common import Figures, said
from pipeline.screens.series import check_alike
from pipeline.spec import Spec


def check_results(con: Any, spec: Spec, ref: Reference, file: str, faults: Faults) -> None:
    """Look at the tables of the steps; every finding is a warning and changes nothing.

    Args:
        con: the database with `denominated`, `normalised` and `ranked`.
        spec: the index.
        ref: names of the provinces.
        file: the index as a message names it.
        faults: where the findings go.
    """
    screens = spec.settings.screens
    denominated = con.sql(
        "select edition, province_code, indicator, value, reason from denominated"
    ).df()
    check_alike(denominated, screens.same_series, screens.sample, file, faults)
    _check_missing_denominators(denominated, spec, ref, file, faults)
    check_directions(con, spec, file, faults)
    _check_overlaps(con, spec, file, faults)
    _check_not_ranked(con, spec, ref, file, faults)


def check_denominators(figures: Figures, spec: Spec) -> None:
    """SEM-01: a denominator of zero, by its cell; the indicator is missing there, not infinite."""
    used = defaultdict(list)
    for item in spec.indicators:
        variable = item.numerator if item.kind == "growth" else item.denominator
        if variable is not None:
            used[variable].append(item.code)
    for row in figures.of(*used).query("value == 0").to_dict("records"):
        figures.faults.add(
            "SEM-01", figures.places[row["at"]], row["raw"], variable=row["variable"],
            province=figures.province(row["scheme"], row["province_code"]), year=row["year"],
            indicators=", ".join(used[row["variable"]]),
        )  # fmt: skip


def refuse_too_few(con: Any, spec: Spec, file: str, faults: Faults) -> None:
    """OUT-03: one or two provinces cannot be put on a scale of themselves, nor ranked.

    Args:
        con: the database with `treated`.
        spec: the index with its `min_provinces`.
        file: the index as a message names it.
        faults: one per edition that has some provinces with data, and too few.
    """
    limit = spec.settings.min_provinces
    rows = con.sql(
        "select edition, count(distinct province_code) as n from treated "
        "where is_entered and treated_value is not null group by edition order by edition"
    ).fetchall()
    for edition, n in rows:
        if n < limit:
            faults.add("OUT-03", Place(file), n, edition=edition, limit=limit)


def check_directions(con: Any, spec: Spec, file: str, faults: Faults) -> None:
    """SEM-08: an indicator whose score falls where the rest of its node rises.

    It is held against the mean of the others under the nearest node that has two of them (of the
    whole index, one), because of two that oppose each other nobody knows which one is wrong.
    """
    screens = spec.settings.screens
    scores = con.sql(
        "select edition, province_code, node as indicator, score, weight from weighted "
        "where level = 'indicator' and is_entered and score is not null"
    ).df()
    above = {node.code: node.parent for node in spec.nodes}
    above |= {item.code: item.parent for item in spec.indicators}
    worst: dict[str, tuple[float, int, str, str]] = {}
    for edition, rows in scores.groupby("edition", sort=True):
        wide = rows.pivot(index="province_code", columns="indicator", values="score")
        names, table = [str(name) for name in wide], wide.to_numpy()
        weights = rows.groupby("indicator")["weight"].first()[names].to_numpy()
        for j, code in enumerate(names):
            node, others = _siblings(code, names, above)
            if not others:
                continue
            r, n = _against_rest(table, weights, j, [names.index(other) for other in others])
            if n >= screens.sample and r < worst.get(code, (screens.direction_correlation,))[0]:
                worst[code] = (r, n, node, str(edition))
    for code, (r, n, node, edition) in sorted(worst.items()):
        faults.add("SEM-08", Place(file), code, node=node, correlation=f"{r:.2f}", n=n,
                   edition=edition, limit=said(screens.direction_correlation))  # fmt: skip


def _against_rest(
    scores: np.ndarray, weights: np.ndarray, own: int, others: list[int]
) -> tuple[float, int]:
    """Correlation of a column with the weighted mean of others, and the rows that have both."""
    rest, is_there = scores[:, others], np.isfinite(scores[:, others])
    total = (is_there * weights[others]).sum(axis=1)
    use = (total > 0) & np.isfinite(scores[:, own])
    mean = (np.where(is_there, rest, 0) * weights[others]).sum(axis=1)[use] / total[use]
    pair = np.stack([scores[use, own], mean])
    if not use.any() or (np.ptp(pair, axis=1) == 0).any():
        return 0.0, int(use.sum())
    return float(np.corrcoef(pair)[0, 1]), int(use.sum())


def _siblings(code: str, entered: list[str], above: dict[str, str | None]) -> tuple[str, list[str]]:
    """The nearest node over an indicator that has enough others under it, and those others."""
    node = above[code]
    while node is not None:
        others = [other for other in entered if other != code and _is_under(other, node, above)]
        if len(others) >= (2 if above[node] is not None else 1):
            return node, others
        node = above[node]
    return "", []


def _is_under(code: str, node: str, above: dict[str, str | None]) -> bool:
    parent = above[code]
    while parent is not None and parent != node:
        parent = above[parent]
    return parent == node


def _check_missing_denominators(
    denominated: pd.DataFrame, spec: Spec, ref: Reference, file: str, faults: Faults
) -> None:
    """SEM-02: figures that are there and cannot be used, because nothing stands under them."""
    schemes = {edition.edition: edition.scheme for edition in spec.editions}
    below = {item.code: item.denominator or item.numerator for item in spec.indicators}
    missing = denominated[denominated["reason"] == "denominator_missing"]
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in missing.to_dict("records"):
        name = ref.name(schemes[row["edition"]], row["province_code"])
        found[row["indicator"], row["edition"]].append(name)
    for (indicator, edition), names in sorted(found.items()):
        faults.add("SEM-02", Place(file), indicator, edition=edition, n=len(names),
                   provinces=", ".join(alphabetical(names)),
                   denominator=below[indicator])  # fmt: skip


def _check_overlaps(con: Any, spec: Spec, file: str, faults: Faults) -> None:
    """SEM-16: declared double counting, with the editions in which both are counted."""
    rows = con.sql("select distinct edition, indicator from normalised where is_entered").fetchall()
    entered = set(rows)
    for item in spec.indicators:
        for other in item.overlaps:
            both = [e.edition for e in spec.editions
                    if {(e.edition, item.code), (e.edition, other)} <= entered]  # fmt: skip
            faults.add("SEM-16", Place(file), item.code, other=other,
                       editions=", ".join(both) or "–")  # fmt: skip


def _check_not_ranked(con: Any, spec: Spec, ref: Reference, file: str, faults: Faults) -> None:
    """SEM-14, SEM-19 and OUT-02: provinces with no rank, and editions in which nobody has one."""
    schemes = {edition.edition: edition.scheme for edition in spec.editions}
    floors = {
        "below_province_coverage": spec.settings.province_coverage,
        "below_node_coverage": spec.settings.node_coverage,
    }
    rows = con.sql(
        "select edition, province_code, coverage, pillar_coverage, reason from ranked "
        "where level = 'index' and not is_ranked order by edition, province_code"
    ).fetchall()
    for edition, code, coverage, pillars, reason in rows:
        name = f"{ref.name(schemes[edition], code)} ({code})"
        if reason in ("edition_rests_on_too_few_pillars", "no_indicator_entered"):
            faults.add("SEM-19", Place(file), edition, coverage=f"{pillars:.1%}",
                       limit=f"{spec.settings.pillar_coverage:.1%}")  # fmt: skip
        elif coverage == 0:
            faults.add("OUT-02", Place(file), name, edition=edition)
        elif reason in floors:
            faults.add("SEM-14", Place(file), name, edition=edition, coverage=f"{coverage:.1%}",
                       limit=f"{floors[reason]:.1%}")  # fmt: skip
