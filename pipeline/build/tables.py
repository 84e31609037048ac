"""The tables of a build: every step, and the statistics that judge the tree."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from pipeline.build.chain import Built
from pipeline.build.columns import cells, wide
from pipeline.methods.multivariate import cronbach_alpha, principal_components
from pipeline.methods.statistics import CORRELATIONS, correlate, describe, flags, pair_flags


def step_tables(built: Built) -> dict[str, pa.Table]:
    """One wide table per step: a row per row of the data, a column per code."""
    codes = [node.code for node in built.inputs.indicators]
    every = [node.code for node in built.nodes]
    ranks = np.where(built.ranks > 0, built.ranks.astype(np.float64), np.nan)
    return {
        "denominated": wide(built, codes, built.denominated),
        "screened": _screened(built),
        "imputed": wide(built, codes, built.imputation.values),
        "treated": wide(built, codes, built.treatment.values),
        "normalised": wide(built, codes, built.normalised),
        "aggregated": wide(built, every, built.scores),
        "ranked": wide(built, every, ranks, whole=True),
    }


def _screened(built: Built) -> pa.Table:
    """Per indicator: coverage and whether it entered. Units are judged in `units`."""
    share = np.mean(np.isfinite(built.denominated), axis=0)
    return pa.table(
        {
            "iCode": [node.code for node in built.inputs.indicators],
            "coverage": share,
            "is_entered": built.entered,
            "n_imputed": built.imputation.is_imputed.sum(axis=0),
        }
    )


def treatment_log(built: Built) -> pa.Table:
    """Per treated cell: both values, and what was done to its indicator."""
    found = built.treatment
    before, after = built.imputation.values, found.values
    rows, columns = np.nonzero(np.isfinite(before) & (before != after))
    table = cells(built, rows, columns) | {
        "before": pa.array(before[rows, columns]),
        "after": pa.array(after[rows, columns]),
        "method": pa.array(found.method[columns].tolist(), pa.string()),
    }
    return pa.table(table)


def weights_table(built: Built) -> pa.Table:
    """Per node: its weight among its siblings and in the index, and where it comes from."""
    shares = np.ones(len(built.nodes))
    for parent in range(len(built.nodes)):
        children = np.flatnonzero(built.parents == parent)
        if children.size:
            shares[children] = built.weights[children] / built.weights[children].sum()
    in_index = shares.copy()
    for i in range(len(built.nodes)):
        above = built.parents[i]
        while above >= 0:
            in_index[i] *= shares[above]
            above = built.parents[above]
    return pa.table(
        {
            "iCode": [node.code for node in built.nodes],
            "parent": pa.array([node.parent for node in built.nodes], pa.string()),
            "weight": shares,
            "weight_in_index": in_index,
            "method": built.origins,
            "remark": built.remarks,
        }
    )


def statistics_tables(built: Built) -> dict[str, pa.Table]:
    """Description, correlations, reliability and components, per group of siblings."""
    return {
        "statistics": _statistics(built),
        "correlations": _correlations(built),
        "reliability": _reliability(built),
        "pca": _components(built),
    }


def _statistics(built: Built) -> pa.Table:
    found = describe(built.denominated)
    reasons = flags(found)
    codes = [node.code for node in built.inputs.indicators]
    columns = {"iCode": pa.array(codes, pa.string())}
    columns |= {name: pa.array(values, from_pandas=True) for name, values in found.items()}
    columns["treatment"] = pa.array(built.treatment.method.tolist(), pa.string())
    columns["n_winsorised"] = pa.array(built.treatment.n_moved)
    columns["flags"] = pa.array(["; ".join(reason) for reason in reasons], pa.string())
    return pa.table(columns)


def _families(built: Built) -> Iterator[tuple[str, list[str], np.ndarray]]:
    """Each node with children: its code, their codes and their scores, those without left out."""
    for parent, node in enumerate(built.nodes):
        children = np.flatnonzero(built.parents == parent)
        children = children[np.isfinite(built.scores[:, children]).any(axis=0)]
        if children.size > 1:
            codes = [built.nodes[i].code for i in children]
            yield node.code, codes, built.scores[:, children]


def _correlations(built: Built) -> pa.Table:
    rows: list[dict[str, object]] = []
    for parent, codes, scores in _families(built):
        for method in CORRELATIONS:
            found = correlate(scores, method)
            reasons: dict[tuple[int, int], list[str]] = {}
            for flag in pair_flags(found.r, [parent] * len(codes)):
                reasons.setdefault((flag.first, flag.second), []).append(flag.reason)
            for a, b in zip(*np.triu_indices(len(codes), 1), strict=True):
                row: dict[str, object] = {
                    "parent": parent,
                    "first": codes[a],
                    "second": codes[b],
                    "method": method,
                }
                row |= {"r": found.r[a, b], "p": found.p[a, b], "n": int(found.n[a, b])}
                row["flags"] = "; ".join(reasons.get((int(a), int(b)), []))
                rows.append(row)
    names = ["parent", "first", "second", "method", "r", "p", "n", "flags"]
    return _long(rows, names)


def _reliability(built: Built) -> pa.Table:
    rows: list[dict[str, object]] = []
    for parent, codes, scores in _families(built):
        found = cronbach_alpha(scores)
        for j, code in enumerate(codes):
            row = {"parent": parent, "alpha": found.alpha, "item": code, "n": found.n}
            row |= {"alpha_if_deleted": found.alpha_if_deleted[j], "item_rest": found.item_rest[j]}
            rows.append(row)
    return _long(rows, ["parent", "alpha", "item", "alpha_if_deleted", "item_rest", "n"])


def _components(built: Built) -> pa.Table:
    rows: list[dict[str, object]] = []
    for parent, codes, scores in _families(built):
        complete = np.isfinite(scores).all(axis=1)
        if complete.sum() < 3 or (np.ptp(scores[complete], axis=0) == 0).any():
            continue
        found = principal_components(scores)
        for k, (value, share) in enumerate(zip(found.eigenvalues, found.share, strict=True)):
            for j, code in enumerate(codes):
                row = {"parent": parent, "component": k + 1, "eigenvalue": value, "share": share}
                rows.append(row | {"item": code, "loading": found.loadings[j, k], "n": found.n})
    names = ["parent", "component", "eigenvalue", "share", "item", "loading", "n"]
    return _long(rows, names)


TYPES = {"parent": pa.string(), "first": pa.string(), "second": pa.string(), "item": pa.string(),
         "method": pa.string(), "flags": pa.string(), "n": pa.int64(),
         "component": pa.int64()}  # fmt: skip


def _long(rows: list[dict[str, object]], names: list[str]) -> pa.Table:
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], TYPES.get(name, pa.float64()),
                           from_pandas=True)
            for name in names
        }
    )  # fmt: skip
