"""What a combination of choices fixes: the scores of the indicators, and the rules of the nodes.

Treating and scaling are done once per distinct combination, for every edition and set of values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline import store
from pipeline.choices.aggregation import parameters_of
from pipeline.choices.imputation import impute_row
from pipeline.choices.scales import IN_UNIT, resolved, turned
from pipeline.choices.treatment import treat_row
from pipeline.choices.weighting import FROM_DATA, Weigh, choice_of, weigh_children
from pipeline.language import Words
from pipeline.methods.normalise import normalise
from pipeline.methods.treat import treat
from pipeline.robustness.cells import Cells, read_cells
from pipeline.robustness.engine import score_block
from pipeline.robustness.tree import Block, Tree, Way
from pipeline.spec import Spec, node_rows

LIMITS = ("skewness_limit", "kurtosis_limit", "max_winsorised", "transform")


@dataclass(frozen=True)
class Index:
    """The index and its cells; what all scenarios share.

    Attributes:
        spec: as declared.
        codes: of the nodes, indicators first.
        tree: the same, numbered.
        con: the database of the chain.
    """

    spec: Spec
    codes: list[str]
    tree: Tree
    con: Any

    @property
    def indicators(self) -> list[str]:
        """Codes of the indicators, in the order of the columns."""
        return self.codes[: self.tree.n_leaves]


def read_index(con: Any, spec: Spec) -> Index:
    """The tree of an index."""
    rows = sorted(node_rows(spec), key=lambda row: row["level"] != "indicator")
    codes = [str(row["node"]) for row in rows]
    parents = [codes.index(row["parent"]) if row["parent"] else -1 for row in rows]
    n_leaves = sum(row["level"] == "indicator" for row in rows)
    return Index(spec, codes, Tree(np.array(parents), n_leaves), con)


def cells_under(index: Index, spec: Spec) -> list[Cells]:
    """The cells of every edition under the imputation of `spec`, by the step of the chain."""
    if spec.settings.impute == index.spec.settings.impute:
        return read_cells(index.con, index.indicators, index.con)
    con = store.connect()
    names = ["screened", "spec_indicators", "spec_settings", "spec_editions", "ref_provinces"]
    for name in names:
        frame = index.con.sql(f'select * from "{name}"').df()
        if name == "spec_indicators":
            own = [impute_row(spec.settings.impute, item.impute) for item in spec.indicators]
            frame = frame.assign(**{key: [row[key] for row in own] for key in own[0]})
        store.put_table(con, name, frame)
    (step,) = [path for path in store.steps() if store.table_of(path) == "imputed"]
    store.run_step(con, step)
    found = read_cells(con, index.indicators, index.con)
    con.close()
    return found


class Pulled(NamedTuple):
    """Sets of values with outliers pulled in.

    Attributes:
        values: shape (n_sets, n_provinces, n_indicators).
        is_logged: shape (n_indicators,), whether the logarithm was taken in some set.
    """

    values: np.ndarray
    is_logged: np.ndarray


def treated_under(spec: Spec, sets: np.ndarray, entered: np.ndarray) -> Pulled:
    """Sets of values with outliers pulled in by the rule of `spec`.

    Args:
        spec: the index.
        sets: shape (n_sets, n_provinces, n_indicators).
        entered: shape (n_indicators,); what did not enter is left alone.
    """
    rows = [treat_row(spec.settings.treat, item.treat) for item in spec.indicators]
    values, is_logged = sets.copy(), np.zeros(len(rows), dtype=bool)
    for j in np.flatnonzero(entered & [row["treat"] for row in rows]):
        is_same = (sets[:, :, j] == sets[:1, :, j]) | np.isnan(sets[:, :, j])
        columns = sets[:1, :, j] if is_same.all() else sets[:, :, j]
        found = treat(columns.T, **{key: rows[j][key] for key in LIMITS})
        values[:, :, j] = found.values.T
        is_logged[j] = (found.method == "log").any()
    return Pulled(values, is_logged)


def normalised_under(
    spec: Spec, treated: Mapping[str, Pulled], cells: list[Cells]
) -> dict[str, np.ndarray]:
    """Scores of the indicators on the scales of `spec`.

    Args:
        spec: the index.
        treated: of each edition.
        cells: the editions.

    Returns:
        Of each edition shape (n_sets, n_provinces, n_indicators), NaN where missing or not entered.

    Raises:
        ValueError: naming an indicator that cannot be scaled, such as a constant one.
    """
    common = spec.settings.normalise
    directions = turned(spec)
    panels = [cells] if common.panel == "together" else [[one] for one in cells]
    found = {one.edition: np.full_like(treated[one.edition].values, np.nan) for one in cells}
    for panel in panels:
        for j, item in enumerate(spec.indicators):
            members = [one for one in panel if one.entered[j]]
            if not members:
                continue
            parts = [treated[one.edition].values[:, :, j].T for one in members]
            provinces = [code for one in members for code in one.provinces]
            chosen, direction = resolved(common, item.normalise), directions[item.code]
            if any(treated[one.edition].is_logged[j] for one in members):
                _refuse_logged(item.code, chosen)
            scored = _scale(item, chosen, direction, np.concatenate(parts), provinces)
            start = 0
            for one in members:
                end = start + len(one.provinces)
                found[one.edition][:, :, j] = scored[start:end].T
                start = end
    return found


def _refuse_logged(code: str, chosen: dict[str, Any]) -> None:
    """Raise where a logarithm was taken of what the scale takes in its own unit."""
    fixed = any(chosen.get(key) is not None for key in ("bounds", "centre"))
    if fixed or chosen["method"] in IN_UNIT:
        raise ValueError(
            Words("code_has", {"code": code, "problem": Words("log_has_another_unit")})
        )


def _scale(
    item: Any, chosen: dict[str, Any], direction: int, x: np.ndarray, provinces: list[str]
) -> np.ndarray:
    """One indicator, a column per set of values."""
    n_sets = x.shape[1]
    given = {key: value for key, value in chosen.items()
             if key not in ("method", "lower", "upper") and value is not None}  # fmt: skip
    for key in ("bounds", "target", "centre"):
        if key in given:
            given[key] = [given[key]] * n_sets
    if "reference" in given:
        given["reference"] = provinces.index(given["reference"])
    return normalise(x, chosen["method"], [direction] * n_sets, chosen["lower"], chosen["upper"],
                     names=[item.code] * n_sets, **given)  # fmt: skip


def way_of(index: Index, spec: Spec, cells: Cells, leaves: np.ndarray) -> Way:
    """How one edition is scored under `spec` from the scores of its indicators."""
    rows = {row["node"]: row for row in node_rows(spec)}
    tree, settings = index.tree, spec.settings
    inner = [rows[code] for code in index.codes[tree.n_leaves :]]
    entered = np.zeros(len(index.codes), dtype=bool)
    entered[: tree.n_leaves] = cells.entered
    for node in tree.order:
        entered[node] = entered[tree.children[node]].any()
    methods, parameters, shares = [], [], []
    for k, row in enumerate(inner):
        n_children = int(entered[tree.children[tree.n_leaves + k]].sum())
        taken = parameters_of(row, settings.scale(), max(n_children, 1))
        methods.append(taken.pop("method"))
        taken.pop("min_share")
        shares.append(row["node_coverage"])
        parameters.append(taken)
    way = Way(
        leaves=leaves,
        entered=cells.entered,
        weights=np.array([rows[code]["weight"] for code in index.codes], dtype=np.float64),
        methods=methods,
        min_share=np.array(shares),
        parameters=parameters,
        is_ranked=cells.is_ranked,
    )
    return _weighed(index, spec, way, entered)


def _weighed(index: Index, spec: Spec, way: Way, entered: np.ndarray) -> Way:
    """The way with the weights that `spec` finds, from the lowest nodes up."""
    nodes = {node.code: node for node in spec.nodes}
    tree = index.tree
    for node in tree.order:
        choice = choice_of(nodes[index.codes[node]], spec.settings)
        if choice == Weigh():
            continue
        kids = tree.children[node]
        below = None
        if choice.method in FROM_DATA:
            one = Block(np.ones((1, len(index.codes))), np.zeros(1, dtype=np.int64))
            scores = score_block(tree, way, one)
            alive = kids[entered[kids]]
            columns = [way.leaves[0][:, k] if k < tree.n_leaves else scores[k][:, 0] for k in alive]
            below = np.column_stack(columns) if columns else None
        found = weigh_children(
            choice, [index.codes[k] for k in kids], way.weights[kids], entered[kids], below
        )
        way.weights[kids] = found.weights
    return way
