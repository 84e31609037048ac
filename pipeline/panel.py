"""One edition as arrays: what an analysis reads instead of SQL, and its scores again to 1e-10.

Nodes are numbered: the indicators first, then the nodes above them, both in the declared order.
Missing is NaN. A `Panel` is never changed; `dataclasses.replace` gives another one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pipeline import store
from pipeline.methods.aggregate import Climbed, climb
from pipeline.spec import Spec
from pipeline.spec_tables import index_tables

SLACK = 1e-9  # a threshold met to nine decimals is met, as in 80_aggregated and 90_ranked
THRESHOLDS = ("province_coverage", "pillar_coverage")
PARAMETERS = {"generalised": ("power",), "mpi": ("penalty",), "copeland": ("lower", "upper")}


@dataclass(frozen=True)
class Panel:
    """One edition of an index; n_nodes = n_indicators + n_inner.

    Attributes:
        edition: its name.
        provinces: codes, in order; the rows.
        nodes: codes, indicators first; the columns.
        levels: level of each node, such as `pillar`.
        parents: shape (n_nodes,), number of each node's parent, -1 at the index.
        heights: shape (n_nodes,), steps above the indicators.
        weights: shape (n_nodes,), relative among the children of one parent, any sum.
        leaves: shape (n_provinces, n_indicators), normalised scores, higher is better.
        directions: shape (n_indicators,), 1 or -1, as already applied in `leaves`.
        entered: shape (n_indicators,), whether the indicator entered the edition.
        methods: how each inner node is made.
        parameters: what the method of each inner node takes.
        node_coverage: shape (n_inner,), share of entered weight that a node needs.
        thresholds: the shares named in `THRESHOLDS`.
    """

    edition: str
    provinces: list[str]
    nodes: list[str]
    levels: list[str]
    parents: np.ndarray
    heights: np.ndarray
    weights: np.ndarray
    leaves: np.ndarray
    directions: np.ndarray
    entered: np.ndarray
    methods: list[str]
    parameters: list[dict[str, float]]
    node_coverage: np.ndarray
    thresholds: dict[str, float]

    @property
    def top(self) -> int:
        """Number of the index."""
        return int(np.flatnonzero(self.parents == -1)[0])


def read_panel(con: Any, edition: str) -> Panel:
    """The arrays of one edition.

    Args:
        con: the database of `run.compute`, or a release opened by `store.open_release`.
        edition: an edition of it.

    Raises:
        KeyError: when the database has no such edition.
    """
    declare_spec(con)
    rows = _rows(con, "select * from spec_nodes order by level <> 'indicator', ordinal")
    codes = [row["node"] for row in rows]
    inner = [row for row in rows if row["level"] != "indicator"]
    leaves = codes[: len(codes) - len(inner)]
    (settings,) = _rows(con, "select * from spec_settings")
    directions = dict(con.sql("select indicator, direction from spec_indicators").fetchall())
    cells = con.sql(
        "select distinct province_code, indicator, is_entered from normalised "
        "where edition = $edition order by province_code",
        params={"edition": edition},
    ).fetchall()
    if not cells:
        raise KeyError(edition)
    provinces = list(dict.fromkeys(province for province, _, _ in cells))
    entered = {indicator for _, indicator, is_entered in cells if is_entered}
    weights = _weights(con, edition)
    return Panel(
        edition=edition,
        provinces=provinces,
        nodes=codes,
        levels=[row["level"] for row in rows],
        parents=np.array([codes.index(r["parent"]) if r["parent"] else -1 for r in rows]),
        heights=np.array([row["height"] for row in rows]),
        weights=np.array([weights[code] for code in codes]),
        leaves=read_values(con, "normalised", "score", edition, provinces, leaves),
        directions=np.array([directions[code] for code in leaves]),
        entered=np.array([code in entered for code in leaves]),
        methods=[row["method"] for row in inner],
        parameters=[
            {key: (row | settings)[key] for key in PARAMETERS.get(row["method"], ())}
            for row in inner
        ],
        node_coverage=np.array([row["node_coverage"] for row in inner]),
        thresholds={key: settings[key] for key in THRESHOLDS},
    )


def _rows(con: Any, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = con.sql(query).to_arrow_table().to_pylist()
    return rows


def _weights(con: Any, edition: str) -> dict[str, float]:
    """Weight of each node among its siblings, as the edition found it."""
    rows = con.execute(
        "select distinct node, weight_relative from weighted where edition = $1", [edition]
    )
    return dict(rows.fetchall())


def declare_spec(con: Any) -> None:
    """Give a release, which holds its specification as a text, the `spec_*` tables of the steps."""
    if not con.sql("from duckdb_tables() where table_name = 'spec_nodes'").fetchall():
        for name, frame in index_tables(published_spec(con)).items():
            store.put_table(con, name, frame)


def published_spec(con: Any) -> Spec:
    """The specification of a release opened by `store.open_release`."""
    ((text,),) = con.sql("select content from release_spec").fetchall()
    return Spec.model_validate(json.loads(text)["index"])


def climb_panel(panel: Panel) -> np.ndarray:
    """Scores of every node, as in the table `ranked` to 1e-10.

    Returns:
        Shape (n_provinces, n_nodes), in the order of `panel.nodes`; NaN where missing, and in the
        index where a province or the edition rests on too little.

    Raises:
        ValueError: naming the node whose method cannot take its scores.
    """
    climbed = climb(
        panel.leaves,
        panel.parents,
        panel.weights,
        panel.methods,
        [max(share - SLACK, 0) for share in panel.node_coverage.tolist()],
        panel.entered,
        panel.parameters,
        panel.nodes,
    )
    scores = climbed.scores
    too_little = climbed.coverage[:, panel.top] < panel.thresholds["province_coverage"] - SLACK
    if _pillar_coverage(panel, climbed) < panel.thresholds["pillar_coverage"] - SLACK:
        too_little[:] = True
    scores[too_little, panel.top] = np.nan
    return scores


def _pillar_coverage(panel: Panel, climbed: Climbed) -> float:
    """Share of the declared weight of the pillars that has an indicator in the edition."""
    pillars = [i for i, level in enumerate(panel.levels) if level == "pillar"]
    weights = weights_in_index(panel)[pillars]
    return float(weights[climbed.is_entered[pillars]].sum() / weights.sum()) if pillars else 1.0


def weights_in_index(panel: Panel) -> np.ndarray:
    """Weight of each node in the declared tree, shape (n_nodes,): 1 for the index."""
    found = np.ones(len(panel.nodes))
    for k in np.argsort(-panel.heights, kind="stable"):
        children = np.flatnonzero(panel.parents == k)
        found[children] = found[k] * panel.weights[children] / panel.weights[children].sum()
    return found


def published_scores(con: Any, panel: Panel) -> np.ndarray:
    """Scores of every node from the table `ranked`; shape and order as `climb_panel`."""
    return read_values(con, "ranked", "score", panel.edition, panel.provinces, panel.nodes)


def read_values(
    con: Any, table: str, column: str, edition: str, provinces: list[str], codes: list[str]
) -> np.ndarray:
    """A column of a step table as an array of one edition, NaN where missing.

    Returns:
        Shape (n_provinces, n_codes): the provinces and the nodes or indicators asked for.
    """
    key = "node" if table in ("aggregated", "ranked") else "indicator"
    found = np.full((len(provinces), len(codes)), np.nan)
    place = {code: j for j, code in enumerate(codes)}
    row = {code: i for i, code in enumerate(provinces)}
    for province, code, value in con.sql(
        f"select province_code, {key}, {column} from {table} "
        f"where edition = $edition and {column} is not null",
        params={"edition": edition},
    ).fetchall():
        if code in place:
            found[row[province], place[code]] = value
    return found


def leave_out(panel: Panel, codes: set[str]) -> Panel:
    """The panel without some nodes, all under them, and nodes that have nothing left under them.

    Raises:
        ValueError: when nothing is left.
    """
    out = np.array([code in codes for code in panel.nodes])
    for k in np.argsort(-panel.heights, kind="stable"):
        out[panel.parents == k] |= out[k]
    n_leaves = panel.leaves.shape[1]
    for k in np.argsort(panel.heights, kind="stable"):
        if k >= n_leaves:
            out[k] |= out[panel.parents == k].all()
    if out[panel.top]:
        raise ValueError("nothing is left of the index")
    kept = np.flatnonzero(~out)
    number = {int(old): new for new, old in enumerate(kept)} | {-1: -1}
    leaves, inner = kept[kept < n_leaves], kept[kept >= n_leaves] - n_leaves
    return replace(
        panel,
        nodes=[panel.nodes[i] for i in kept],
        levels=[panel.levels[i] for i in kept],
        parents=np.array([number[int(panel.parents[i])] for i in kept]),
        heights=panel.heights[kept],
        weights=panel.weights[kept],
        leaves=panel.leaves[:, leaves],
        directions=panel.directions[leaves],
        entered=panel.entered[leaves],
        methods=[panel.methods[i] for i in inner],
        parameters=[panel.parameters[i] for i in inner],
        node_coverage=panel.node_coverage[inner],
    )
