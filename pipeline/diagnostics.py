"""What judges the tree: description, correlations, reliability and components, never a verdict.

Rows are dicts; `table_of` makes tables of them. The index publishes them under `analysis/`, a build
writes them beside its steps. Nothing here changes a number; a flag is a reason to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.methods.multivariate import cronbach_alpha, principal_components
from pipeline.methods.statistics import (
    CORRELATIONS,
    COUNTS,
    correlate,
    describe,
    flags,
    is_constant,
    pair_flags,
)
from pipeline.panel import Panel, published_scores, read_panel, read_values

DECIMALS = 10  # of components: the last bits of a decomposition differ between processors
Row = dict[str, Any]
Family = tuple[str, list[str], np.ndarray]  # a node, its children, their scores
WHOLE = {*COUNTS, "n_missing", "n_zeros", "n_unique", "component", "n_winsorised"}
TEXTS = {
    "edition", "node", "iCode", "level", "basis", "unit", "treatment", "flags", "relation",
    "parent", "first", "second", "method", "item",
}  # fmt: skip
STATISTICS = [
    "edition", "node", "basis", "level", "unit", "n", "n_missing", "n_zeros", "n_unique",
    "largest_tie", "availability", "min", "max", "mean", "median", "sd", "skewness", "kurtosis",
    "flags",
]  # fmt: skip
PAIRS = ["first", "second", "method", "r", "p", "n", "flags"]
ITEMS = ["parent", "item", "n", "alpha", "alpha_if_deleted", "item_rest"]
LOADINGS = ["parent", "component", "item", "n", "eigenvalue", "share", "loading"]
TABLES = {
    "statistics": STATISTICS,
    "correlations": ["edition", *PAIRS[:3], "relation", *PAIRS[3:]],
    "reliability": ["edition", *ITEMS],
    "components": ["edition", *LOADINGS],
}
KEYS = {
    "statistics": ["edition", "node", "basis"],
    "correlations": ["edition", "first", "second", "method"],
    "reliability": ["edition", "parent", "item"],
    "components": ["edition", "parent", "component", "item"],
}


def analysis_tables(con: Any) -> dict[str, pa.Table]:
    """The tables of `analysis/` for every edition, ordered by key.

    Args:
        con: the database of `run.compute`, or a release.
    """
    editions = con.sql("select distinct edition from ranked order by edition").fetchall()
    rows: dict[str, list[Row]] = {name: [] for name in TABLES}
    for (edition,) in editions:
        panel = read_panel(con, edition)
        scores = published_scores(con, panel)
        found = {
            "statistics": _statistics(con, panel, scores),
            "correlations": _pairs_of_nodes(panel, scores),
            "reliability": by_family(panel.nodes, panel.parents, scores, reliability),
            "components": by_family(panel.nodes, panel.parents, scores, components),
        }
        for name, more in found.items():
            rows[name] += [{"edition": edition} | row for row in more]
    return {name: table_of(sorted(rows[name], key=itemgetter(*KEYS[name])), names)
            for name, names in TABLES.items()}  # fmt: skip


def _statistics(con: Any, panel: Panel, scores: np.ndarray) -> Iterator[Row]:
    """Every indicator by its values as denominated, every node by its scores."""
    leaves = panel.nodes[: panel.leaves.shape[1]]
    values = read_values(con, "denominated", "value", panel.edition, panel.provinces, leaves)
    units = dict(con.sql("select distinct indicator, unit from denominated").fetchall())
    for basis, codes, x in (("value", leaves, values), ("score", panel.nodes, scores)):
        for code, level, row in zip(codes, panel.levels, describe_columns(x), strict=False):
            row |= {f"n_{name}": row.pop(name) for name in ("missing", "zeros", "unique")}
            unit = units[code] if basis == "value" else "points"
            yield {"node": code, "level": level, "basis": basis, "unit": unit} | row


def describe_columns(x: np.ndarray) -> list[Row]:
    """One row per column: what `describe` finds, and the flags."""
    found = describe(x)
    reasons = flags(found)
    return [
        {name: values[j].item() for name, values in found.items()} | {"flags": joined(reasons[j])}
        for j in range(x.shape[1])
    ]


def joined(reasons: Sequence[str]) -> str | None:
    """Flags as one text; None when there is none."""
    return "; ".join(reasons) or None


def _pairs_of_nodes(panel: Panel, scores: np.ndarray) -> Iterator[Row]:
    """Every pair of nodes that have scores, the lower one first."""
    alive = sorted(
        np.flatnonzero(np.isfinite(scores).any(axis=0)).tolist(),
        key=lambda k: (panel.heights[k], panel.nodes[k]),
    )

    def relate(i: int, j: int) -> str:
        low, high = alive[i], alive[j]
        if panel.parents[low] == panel.parents[high]:
            return "siblings"
        while low >= 0 and low != high:
            low = int(panel.parents[low])
        return "above" if low == high else "apart"

    return correlations([panel.nodes[k] for k in alive], scores[:, alive], relate)


def families(nodes: Sequence[str], parents: np.ndarray, scores: np.ndarray) -> Iterator[Family]:
    """Each node with two children or more that have scores.

    Args:
        nodes: codes, n_nodes of them.
        parents: shape (n_nodes,), number of the parent.
        scores: shape (n_units, n_nodes).
    """
    for parent, code in enumerate(nodes):
        children = np.flatnonzero(parents == parent)
        children = children[np.isfinite(scores[:, children]).any(axis=0)]
        if children.size > 1:
            yield code, [nodes[k] for k in children], scores[:, children]


def by_family(
    nodes: Sequence[str],
    parents: np.ndarray,
    scores: np.ndarray,
    make: Callable[[str, list[str], np.ndarray], Iterator[Row]],
) -> list[Row]:
    """The rows that `make(parent, codes, scores)` gives of every family."""
    return [row for family in families(nodes, parents, scores) for row in make(*family)]


def correlations(
    codes: list[str], scores: np.ndarray, relate: Callable[[int, int], str]
) -> Iterator[Row]:
    """Each pair of columns by three coefficients, with p and n beside, and reasons to look.

    Args:
        codes: what the columns are called.
        scores: shape (n_units, n_columns).
        relate: takes the numbers of two columns: `siblings`, `above` (the second is above the
            first) or `apart`. `redundant` is said of siblings and of nodes apart, `weak` and
            `negative` of siblings and of a node and one above it.
    """
    pairs = [(i, j, relate(i, j)) for i, j in combinations(range(len(codes)), 2)]
    for method in CORRELATIONS if pairs else ():
        found = correlate(scores, method)
        reasons: dict[tuple[int, int], list[str]] = {}
        for flag in pair_flags(found.r, [0] * len(codes)):
            reasons.setdefault((flag.first, flag.second), []).append(flag.reason)
        for i, j, relation in pairs:
            unsaid = {"above": {"redundant"}, "apart": {"weak", "negative"}}.get(relation, set())
            said = [reason for reason in reasons.get((i, j), ()) if reason not in unsaid]
            yield {"first": codes[i], "second": codes[j], "method": method, "relation": relation,
                   "r": found.r[i, j].item(), "p": found.p[i, j].item(), "n": int(found.n[i, j]),
                   "flags": joined(said)}  # fmt: skip


def siblings(parent: str, codes: list[str], scores: np.ndarray) -> Iterator[Row]:
    """The correlations of a family."""
    for row in correlations(codes, scores, lambda *_: "siblings"):
        yield {"parent": parent} | row


def reliability(parent: str, codes: list[str], scores: np.ndarray) -> Iterator[Row]:
    """Cronbach's alpha of a family, and without each child."""
    found = cronbach_alpha(scores)
    for j, code in enumerate(codes):
        yield {"parent": parent, "item": code, "n": found.n, "alpha": found.alpha,
               "alpha_if_deleted": found.alpha_if_deleted[j].item(),
               "item_rest": found.item_rest[j].item()}  # fmt: skip


def components(parent: str, codes: list[str], scores: np.ndarray) -> Iterator[Row]:
    """Principal components of a family; none where they are not defined."""
    complete = np.isfinite(scores).all(axis=1)
    if complete.sum() < 3 or any(is_constant(column) for column in scores[complete].T):
        return
    found = principal_components(scores)
    eigenvalues, shares, loadings = (
        np.round(part, DECIMALS) + 0.0 for part in (found.eigenvalues, found.share, found.loadings)
    )
    for k in range(len(codes)):
        for j, code in enumerate(codes):
            yield {"parent": parent, "component": k + 1, "item": code, "n": found.n,
                   "eigenvalue": eigenvalues[k].item(), "share": shares[k].item(),
                   "loading": loadings[j, k].item()}  # fmt: skip


def table_of(rows: list[Row], names: list[str]) -> pa.Table:
    """Rows as a table with these columns; NaN becomes null."""
    kinds = {name: pa.string() if name in TEXTS else pa.int64() if name in WHOLE else pa.float64()
             for name in names}  # fmt: skip
    return pa.table(
        {name: pa.array([row[name] for row in rows], kinds[name], from_pandas=True)
         for name in names}
    )  # fmt: skip
