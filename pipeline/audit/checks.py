"""Every check of the statistical audit, after that of the JRC, each with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.diagnostics import families
from pipeline.methods import bootstrap
from pipeline.methods.rank import rank
from pipeline.methods.relative import benefit_of_the_doubt
from pipeline.panel import Panel, published_scores, read_panel, read_values, weights_in_index

Row = dict[str, Any]
N_BOOT = 500
LEVEL = 0.9
WEAK, REDUNDANT = 0.3, 0.92  # correlations of siblings
ALPHA = 0.7
KAISER = 1.0  # an eigenvalue above it explains more than one column does
SKEWNESS, KURTOSIS = 2.0, 3.5
FRONTIER = 0.8  # rank correlation of the index with the frontier
APART = 10 / 127  # "ten places" of the 127 economies that the rule was made for
MANY_APART = 1 / 3  # share of the provinces that a node must place otherwise to add something
MATERIAL = 0.1  # share by which an effective weight must differ from the nominal one
WHOLE_PILLAR = 0.5  # share of its declared weight that a node should rest on
COLUMNS = {
    "edition": pa.string(), "check": pa.string(), "item": pa.string(), "other": pa.string(),
    "n": pa.int64(), "value": pa.float64(), "low": pa.float64(), "high": pa.float64(),
    "limit": pa.float64(), "is_flagged": pa.bool_(), "reason": pa.string(),
}  # fmt: skip
KEY = ["edition", "check", "item", "other"]


class Edition(NamedTuple):
    """One edition to audit.

    Attributes:
        con: the database.
        panel: its arrays.
        scores: shape (n_provinces, n_nodes), as published.
        w: shape (1 + N_BOOT, n_provinces), how often a province is in each sample.
    """

    con: Any
    panel: Panel
    scores: np.ndarray
    w: np.ndarray


def audit_table(con: Any) -> pa.Table:
    """The table `checks`, ordered by key.

    Args:
        con: the database of `run.compute`, or a release.
    """
    rows: list[Row] = []
    for (edition,) in con.sql("select distinct edition from ranked").fetchall():
        panel = read_panel(con, edition)
        w = bootstrap.draw_counts(len(panel.provinces), N_BOOT, [*edition.encode()])
        one = Edition(con, panel, published_scores(con, panel), w)
        for name, check in CHECKS.items():
            rows += [{"edition": edition, "check": name, **row} for row in check(one)]
    rows.sort(key=lambda row: [row[key] or "" for key in KEY])
    return pa.table(
        {name: pa.array([row[name] for row in rows], kind, from_pandas=True)
         for name, kind in COLUMNS.items()}
    )  # fmt: skip


def _row(
    item: str, values: np.ndarray, limit: float | None, reason: str | None, n: int,
    other: str | None = None,
) -> Row:  # fmt: skip
    """One row from a statistic in the sample and in the bootstrap samples."""
    low, high = bootstrap.percentile_interval(values, LEVEL)
    return {"item": item, "other": other, "n": n, "value": values[0], "low": low, "high": high,
            "limit": limit, "is_flagged": reason is not None, "reason": reason}  # fmt: skip


def _coverage(one: Edition) -> Iterator[Row]:
    """Share of the provinces with an indicator; of its declared weight that a node rests on."""
    panel, n = one.panel, len(one.panel.provinces)
    codes = panel.nodes[: panel.leaves.shape[1]]
    values = read_values(one.con, "denominated", "value", panel.edition, panel.provinces, codes)
    least = dict(
        one.con.sql("select indicator, indicator_coverage from spec_indicators").fetchall()
    )
    for j, code in enumerate(codes):
        shares = bootstrap.share_of(~np.isnan(values[:, j]), one.w)
        reason = None if panel.entered[j] else "not_entered"
        yield _row(code, shares, least[code], reason, n)
    whole = weights_in_index(panel)
    leaves = np.arange(len(codes))
    for k in range(len(codes), len(panel.nodes)):
        under = leaves[[k in _above(panel, int(leaf)) for leaf in leaves]]
        share = whole[under[panel.entered[under]]].sum() / whole[under].sum()
        reason = "rests_on_little" if share < WHOLE_PILLAR else None
        yield _row(panel.nodes[k], np.array([min(share, 1.0)]), WHOLE_PILLAR, reason, under.size)


def _above(panel: Panel, node: int) -> list[int]:
    """The nodes above a node, the nearest first."""
    found = []
    while panel.parents[node] >= 0:
        node = int(panel.parents[node])
        found.append(node)
    return found


def _outliers(one: Edition) -> Iterator[Row]:
    """Skewness of every indicator that entered, after treatment."""
    panel = one.panel
    codes = panel.nodes[: panel.leaves.shape[1]]
    values = read_values(one.con, "treated", "treated_value", panel.edition, panel.provinces, codes)
    for j in np.flatnonzero(panel.entered):
        skewness, kurtosis = bootstrap.shape_of(values[:, j], one.w)
        is_out = abs(skewness[0]) >= SKEWNESS and kurtosis[0] >= KURTOSIS
        reason = "outliers_left" if is_out else None
        yield _row(codes[j], skewness, SKEWNESS, reason, int((~np.isnan(values[:, j])).sum()))


def _pairs(one: Edition) -> Iterator[Row]:
    """Correlation of siblings, and of nodes of one level that are redundant."""
    panel, alive = one.panel, _alive(one)
    for i, j in combinations(alive, 2):
        is_sibling = panel.parents[i] == panel.parents[j]
        if not is_sibling and panel.levels[i] != panel.levels[j]:
            continue
        r = bootstrap.correlation(one.scores[:, i], one.scores[:, j], one.w)
        reason = None
        if r[0] > REDUNDANT:
            reason = "redundant"
        elif is_sibling and r[0] < WEAK:
            reason = "negative" if r[0] < 0 else "weak"
        if is_sibling or reason is not None:
            limit = REDUNDANT if reason == "redundant" else WEAK
            yield _row(panel.nodes[i], r, limit, reason, _n(one, i, j), panel.nodes[j])


def _alive(one: Edition) -> list[int]:
    """Nodes with scores."""
    return np.flatnonzero(np.isfinite(one.scores).any(axis=0)).tolist()


def _n(one: Edition, *nodes: int) -> int:
    """Provinces that have a score of every one of these nodes."""
    return int(np.isfinite(one.scores[:, list(nodes)]).all(axis=1).sum())


def _own_groups(one: Edition) -> Iterator[Row]:
    """How much more a node correlates with its own parent than with the nearest other one."""
    panel, alive = one.panel, _alive(one)
    for k in alive:
        parent = int(panel.parents[k])
        others = [m for m in alive if m != parent and panel.levels[m] == panel.levels[parent]]
        if parent < 0 or not others:
            continue
        own = bootstrap.correlation(one.scores[:, k], one.scores[:, parent], one.w)
        rest = np.array([bootstrap.correlation(one.scores[:, k], one.scores[:, m], one.w)
                         for m in others])  # fmt: skip
        if np.isnan(rest[:, 0]).all() or np.isnan(own[0]):
            continue
        nearest = int(np.nanargmax(rest[:, 0]))
        lead = own - rest[nearest]
        reason = "other_group" if lead[0] < 0 else None
        yield _row(panel.nodes[k], lead, 0.0, reason, _n(one, k, parent, others[nearest]),
                   panel.nodes[others[nearest]])  # fmt: skip


def _families(one: Edition) -> Iterator[tuple[str, list[str], np.ndarray]]:
    return families(one.panel.nodes, one.panel.parents, one.scores)


def _reliability(one: Edition) -> Iterator[Row]:
    """Cronbach's alpha of the children of a node."""
    for parent, _, scores in _families(one):
        found = bootstrap.alpha(scores, one.w)
        reason = "unreliable" if found[0] < ALPHA else None
        yield _row(parent, found, ALPHA, reason, int(np.isfinite(scores).all(axis=1).sum()))


def _dimensions(one: Edition) -> Iterator[Row]:
    """Second eigenvalue of the children of a node: do they vary along one direction?"""
    for parent, _, scores in _families(one):
        second = bootstrap.eigenvalues(scores, one.w)[:, 1]
        reason = "several_dimensions" if second[0] > KAISER + 1e-9 else None
        yield _row(parent, second, KAISER, reason, int(np.isfinite(scores).all(axis=1).sum()))


def _effective_weights(one: Edition) -> Iterator[Row]:
    """What part each child has in the variance of its parent, beside its weight."""
    panel = one.panel
    for parent, codes, scores in _families(one):
        kids = [panel.nodes.index(code) for code in codes]
        top = one.scores[:, panel.nodes.index(parent)]
        ratios = np.array([bootstrap.correlation_ratio(x, top, one.w) for x in scores.T])
        total = ratios.sum(axis=0)
        shares = ratios / np.where(total > 0, total, np.nan)
        nominal = panel.weights[kids] / panel.weights[kids].sum()
        for kid, share, weight in zip(kids, shares, nominal, strict=True):
            found = _row(panel.nodes[kid], share, float(weight), None, _n(one, kid), parent)
            is_clear = not found["low"] <= weight <= found["high"]
            if is_clear and abs(share[0] / weight - 1) > MATERIAL:
                reason = "weighs_more" if share[0] > weight else "weighs_less"
                found |= {"is_flagged": True, "reason": reason}
            yield found


def _added_value(one: Edition) -> Iterator[Row]:
    """Share of the provinces that a node places far from where the index does."""
    panel, top = one.panel, one.panel.top
    places = max(1, round(APART * len(panel.provinces)))
    for k in _alive(one):
        if k == top or k < panel.leaves.shape[1]:
            continue
        both = np.isfinite(one.scores[:, [k, top]]).all(axis=1)
        if not both.any():
            continue
        ranks = [rank(np.where(both, one.scores[:, node], np.nan)) for node in (k, top)]
        is_apart = abs(ranks[0] - ranks[1]) >= places
        shares = bootstrap.share_of(is_apart[both], one.w[:, both])
        reason = "adds_little" if shares[0] < MANY_APART else None
        yield _row(panel.nodes[k], shares, MANY_APART, reason, int(both.sum()))


def _frontier(one: Edition) -> Iterator[Row]:
    """Rank correlation of the index with the benefit of the doubt on the nodes under it."""
    panel, top = one.panel, one.panel.top
    kids = [k for k in _alive(one) if panel.levels[k] == "pillar"]
    rows = np.isfinite(one.scores[:, top])
    if len(kids) < 2 or rows.sum() < 3:
        return
    scores = one.scores[np.ix_(rows, kids)]
    if np.nanmin(scores) < 0:  # a frontier needs scores of 0 or more
        return
    best = benefit_of_the_doubt(scores)[0]
    free, own = (rank(found).astype(np.float64) for found in (best, one.scores[rows, top]))
    r = bootstrap.correlation(free, own, one.w[:, rows])
    reason = "frontier_disagrees" if r[0] < FRONTIER else None
    yield _row(panel.nodes[top], r, FRONTIER, reason, int(rows.sum()))


CHECKS = {
    "coverage": _coverage,
    "outliers": _outliers,
    "pairs": _pairs,
    "own_groups": _own_groups,
    "reliability": _reliability,
    "dimensions": _dimensions,
    "effective_weights": _effective_weights,
    "added_value": _added_value,
    "frontier": _frontier,
}
