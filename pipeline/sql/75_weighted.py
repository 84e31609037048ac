"""75_weighted: what every node weighs, in its parent and in the index of each edition.

Grain   one row per edition, province and node; indicators keep every column of `normalised`
Reads   normalised, spec_nodes, spec_settings
Method  weight_relative is relative to the siblings: given, equal, from people or, edition by
        edition and from the lowest nodes up, from the scores of the children
        (docs/methods/weight.md). The weight of a node is the product of the shares on its path to
        the index, each relative within its parent: over the entered tree (weight, 0 when it is out)
        and over the declared tree (weight_declared). weight_share is the last of these shares, over
        the entered tree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.choices.aggregation import parameters_of
from pipeline.choices.weighting import FROM_DATA, Weigh, weigh_children
from pipeline.faults import Faults, Place
from pipeline.methods.aggregate import aggregate

SQL = """
create or replace table weighted as

with recursive alive as (
    select distinct
        normalised.edition,
        spec_nodes.node,
        spec_nodes.parent
    from normalised
    inner join spec_nodes on normalised.indicator = spec_nodes.node
    where normalised.is_entered
    union
    select
        alive.edition,
        spec_nodes.node,
        spec_nodes.parent
    from alive
    inner join spec_nodes on alive.parent = spec_nodes.node
),

members as (
    select
        made.edition,
        true as is_entered_tree,
        made.node,
        made.parent,
        made.weight_relative
    from made
    inner join alive on made.edition = alive.edition and made.node = alive.node
    union all
    select
        edition,
        false as is_entered_tree,
        node,
        parent,
        weight_relative
    from made
),

trees as (
    select
        *,
        weight_relative
        / sum_of(list(weight_relative) over (partition by edition, is_entered_tree, parent))
            as share
    from members
),

paths as (
    select
        edition,
        is_entered_tree,
        node,
        share,
        1e0 as weight
    from trees
    where parent is null
    union all
    select
        trees.edition,
        trees.is_entered_tree,
        trees.node,
        trees.share,
        paths.weight * trees.share as weight
    from trees
    inner join paths
        on
            trees.edition = paths.edition
            and trees.is_entered_tree = paths.is_entered_tree
            and trees.parent = paths.node
),

shares as (
    select
        edition,
        node,
        max(share) filter (where is_entered_tree) as weight_share,
        max(weight) filter (where is_entered_tree) as weight,
        max(weight) filter (where not is_entered_tree) as weight_declared
    from paths
    group by edition, node
),

places as (
    select
        edition,
        province_code,
        normalised.peer_group,
        indicator as node
    from normalised
    union all
    select distinct
        normalised.edition,
        normalised.province_code,
        normalised.peer_group,
        spec_nodes.node
    from normalised
    inner join spec_nodes on spec_nodes.level <> 'indicator'
)

select
    places.edition,
    places.province_code,
    made.node,
    spec_nodes.level,
    made.parent,
    normalised.* exclude (edition, province_code, indicator)
    replace (shares.weight is not null as is_entered, places.peer_group as peer_group),
    made.weight_relative,
    coalesce(shares.weight_share, 0e0) as weight_share,
    coalesce(shares.weight, 0e0) as weight,
    shares.weight_declared,
    made.weight_origin,
    made.weight_remark,
    made.weight_remark_value
from places
inner join made on places.edition = made.edition and places.node = made.node
inner join shares on places.edition = shares.edition and places.node = shares.node
inner join spec_nodes on places.node = spec_nodes.node
left join normalised
    on
        places.edition = normalised.edition
        and places.province_code = normalised.province_code
        and places.node = normalised.indicator
order by places.edition, places.province_code, spec_nodes.ordinal;
"""
MADE = pa.schema(
    {"edition": pa.string(), "node": pa.string(), "parent": pa.string(),
     "weight_relative": pa.float64(), "weight_origin": pa.string(),
     "weight_remark": pa.string(), "weight_remark_value": pa.float64()}
)  # fmt: skip
OWN = "benefit_of_the_doubt"  # each province has weights of its own


class NoWeights(Exception):
    """The weights under a node cannot be found; the message says why."""


@dataclass
class Tree:
    """One edition: what entered, and scores and weights as far as they are known."""

    nodes: dict[str, dict[str, Any]]  # rows of spec_nodes
    children: dict[str, list[str]]
    scale: tuple[float, float]
    scores: dict[str, np.ndarray] = field(default_factory=dict)  # shape (n_provinces,)
    entered: set[str] = field(default_factory=set)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)  # what each node weighs

    def enter(self, node: str | None) -> None:
        """A node enters, and with it all that is above it."""
        while node is not None and node not in self.entered:
            self.entered.add(node)
            node = self.nodes[node]["parent"]


def make(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table.

    Raises:
        Rejected: with SCH-17 for every node whose weights cannot be found.
    """
    rows: list[dict[str, Any]] = []
    unfound: dict[str, list[str]] = {}  # what is wrong, and in which editions
    for edition, tree in _trees(con).items():
        for node, row in tree.nodes.items():
            if row["parent"] is None:
                tree.made[node] = {"weight_relative": row["weight"], "weight_origin": "given"}
            try:
                _weigh(tree, node)
            except NoWeights as error:
                unfound.setdefault(str(error), []).append(edition)
        rows += [{"edition": edition, "node": node, "parent": tree.nodes[node]["parent"], **found}
                 for node, found in tree.made.items()]  # fmt: skip
    faults = Faults()
    for problem, editions in unfound.items():
        said = f"{problem} ({', '.join(dict.fromkeys(editions))})"
        faults.add("SCH-17", Place("index.yml"), "weigh", problem=said)
    faults.raise_if_any()
    con.register("made", pa.Table.from_pylist(rows, MADE))
    con.execute(SQL)
    con.unregister("made")


def _trees(con: duckdb.DuckDBPyConnection) -> dict[str, Tree]:
    """The tree of each edition with the scores of its indicators."""
    found = con.sql("select * from spec_nodes order by ordinal").to_arrow_table().to_pylist()
    nodes = {row["node"]: row for row in found}
    children: dict[str, list[str]] = {}
    for node, row in nodes.items():
        children.setdefault(row["parent"], []).append(node)
    (scale,) = con.sql("select lower, upper from spec_settings").fetchall()
    trees: dict[str, Tree] = {}
    columns = con.sql("""
        select edition, indicator, bool_or(is_entered), list(score order by province_code)
        from normalised
        group by edition, indicator
        order by edition, indicator
    """)
    for edition, indicator, is_entered, scores in columns.fetchall():
        tree = trees.setdefault(edition, Tree(nodes, children, scale))
        tree.scores[indicator] = np.array(scores, dtype=np.float64)
        if is_entered:
            tree.enter(indicator)
    return trees


def _weigh(tree: Tree, parent: str) -> np.ndarray:
    """Weights of the children of a node, shape (n_children,); found once.

    Raises:
        NoWeights: when they cannot be found, or those below it that they rest on.
    """
    codes = tree.children.get(parent, [])
    if codes and codes[0] not in tree.made:
        choice = Weigh.model_validate_json(tree.nodes[parent]["weigh"])
        is_data = choice.method in FROM_DATA
        given = np.array([tree.nodes[code]["weight"] for code in codes])
        is_in = np.array([code in tree.entered for code in codes])
        below = None
        if is_data and is_in.any():
            below = np.column_stack([_score(tree, code) for code in codes if code in tree.entered])
        try:
            found = weigh_children(choice, codes, given, is_in, below)
        except ValueError as error:
            raise NoWeights(f"{parent}, {choice.method} weights: {error}") from error
        own = tree.nodes[parent]["method"] == OWN
        told = {
            "weight_origin": OWN if own else choice.method,
            "weight_remark": "own_weights" if own else found.remark or None,
            "weight_remark_value": None if np.isnan(found.value) else float(found.value),
        }
        for code, weight, is_entered in zip(codes, found.weights.tolist(), is_in, strict=True):
            why = told if is_entered or not is_data else {"weight_origin": "given"}
            tree.made[code] = {"weight_relative": weight, **why}
    return np.array([tree.made[code]["weight_relative"] for code in codes])


def _score(tree: Tree, node: str) -> np.ndarray:
    """Scores of a node that entered, shape (n_provinces,), to the numbers of 80_aggregated."""
    if node not in tree.scores:
        pairs = zip(tree.children[node], _weigh(tree, node), strict=True)
        known = {code: weight for code, weight in pairs if code in tree.entered}
        how = parameters_of(tree.nodes[node], tree.scale, len(known))
        below = np.column_stack([_score(tree, code) for code in known])
        tree.scores[node] = aggregate(below, np.array([*known.values()]), names=[*known], **how)
    return tree.scores[node]
