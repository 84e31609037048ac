"""Where the weights of a node's children come from: the choices, checked, and what they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from pipeline.choices.aggregation import Rows, score_ranges
from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.methods.weights import budget, equal, hierarchy, rescale
from pipeline.methods.weights_data import critic, entropy, pca
from pipeline.methods.weights_target import target_correlation
from pipeline.sources import Strict, nearest
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Node, Settings, Spec

Real = int | float
Where = tuple[str | int, ...]
FROM_DATA = {"pca", "entropy", "critic", "target_correlation"}
TAKES = {
    "pca": {"components"},
    "target_correlation": {"targets", "is_relative"},
    "hierarchy": {"matrix"},
    "budget": {"points", "points_file"},
}
NEEDED = {"target_correlation": "targets", "hierarchy": "matrix", "budget": "points"}


class WeighAll(Strict):
    """Where weights come from under every node that says nothing else."""

    method: Literal["given", "equal", "pca", "entropy", "critic"] = "given"
    components: Literal["rotated", "first"] | None = None


class Weigh(Strict):
    """Where the weights of one node's children come from; None is the default of the method."""

    method: Literal[
        "given", "equal", "pca", "entropy", "critic", "target_correlation", "hierarchy", "budget"
    ] = "given"
    components: Literal["rotated", "first"] | None = None
    targets: dict[str, Real] | None = None
    is_relative: bool | None = None
    matrix: dict[str, dict[str, Real]] | None = None  # how many times as important as
    points: dict[str, dict[str, Real]] | None = None  # expert -> child -> points
    points_file: str | None = None  # a CSV file of the project that `points` are read from


class Found(NamedTuple):
    """Weights of the children of one node.

    Attributes:
        weights: shape (n_children,), relative to each other, 0 or more.
        remark: what the method says of them, a code of `weight_remarks` in the catalogue; or "".
        value: the figure that goes with the remark; NaN if none does.
    """

    weights: np.ndarray
    remark: str = ""
    value: float = float("nan")


def choice_of(node: Node, settings: Settings) -> Weigh:
    """The choice for the children of a node: its own, else that of the index.

    Under the benefit of the doubt each province has its own weights; those that are given count
    for coverage only.
    """
    if (node.aggregate or settings.aggregate) == "benefit_of_the_doubt":
        return Weigh()
    return node.weigh or Weigh(**settings.weigh.model_dump())


def weigh_children(
    choice: Weigh,
    codes: list[str],
    given: np.ndarray,
    is_entered: np.ndarray,
    scores: np.ndarray | None = None,
) -> Found:
    """Weights of one node's children.

    Weights from data are of the children that entered, which share out their part of the given
    weights; a child that did not enter keeps its given part.

    Args:
        choice: the method and what it takes.
        codes: the children.
        given: shape (n_children,), their own weights.
        is_entered: shape (n_children,), whether a child entered the edition.
        scores: of the children that entered, shape (n_provinces, n_entered), NaN is missing; for
            methods `FROM_DATA` only.

    Returns:
        A `Found`, in the order of `codes`.

    Raises:
        ValueError: when no weights can be found, naming the child at fault.
    """
    if choice.method == "equal":
        return Found(equal(len(codes)))
    if choice.method in ("hierarchy", "budget"):
        found = _from_people(choice, codes)
        if is_entered.any() and not found.weights[is_entered].any():
            raise ValueError("all weight is on children that did not enter")
        return found
    weights = rescale(given, codes)
    if choice.method == "given" or not is_entered.any():
        return Found(given)
    assert scores is not None
    known = [code for code, is_in in zip(codes, is_entered, strict=True) if is_in]
    found = _from_data(choice, known, np.ascontiguousarray(scores))
    weights[is_entered] = found.weights * (weights[is_entered].sum() or 1)
    return found._replace(weights=weights)


def _from_people(choice: Weigh, codes: list[str]) -> Found:
    if choice.method == "budget":
        points = choice.points or {}
        table = [[float(row.get(code, 0)) for code in codes] for row in points.values()]
        return Found(budget(np.array(table), codes, list(points)).weights, "experts", len(table))
    cells = choice.matrix or {}
    unsaid = [f"{a} – {b}" for i, a in enumerate(codes) for b in codes[i + 1 :]
              if b not in cells.get(a, {}) and a not in cells.get(b, {})]  # fmt: skip
    if unsaid:
        raise ValueError(Words("not_compared", {"pairs": ", ".join(unsaid)}))
    judged = hierarchy(np.array([[_compared(cells, a, b) for b in codes] for a in codes]), codes)
    verdict = "consistent" if judged.is_consistent else "inconsistent"
    return Found(judged.weights, verdict, judged.consistency_ratio)


def _compared(cells: Mapping[str, Mapping[str, Real]], first: str, second: str) -> float:
    """How many times as important the first is as the second; the inverse cell serves as well."""
    if second in cells.get(first, {}):
        return float(cells[first][second])
    return 1.0 if first == second else 1 / float(cells[second][first])


def _from_data(choice: Weigh, codes: list[str], scores: np.ndarray) -> Found:
    if choice.method == "entropy":
        return Found(entropy(scores, codes))
    if choice.method == "critic":
        return Found(critic(scores, codes))
    if choice.method == "pca":
        components = choice.components or "rotated"
        parts = pca(scores, components, codes)
        return Found(parts.weights, f"{components}_components", parts.n_used)
    wanted = choice.targets or {}
    targets = {code: float(wanted[code]) for code in codes if code in wanted}
    best = target_correlation(scores, codes, targets, choice.is_relative is not False)
    verdict = "targets_reached" if best.is_reached else "targets_missed"
    return Found(np.array([best.weights[code] for code in codes]), verdict, best.largest_gap)


def check_weighting(spec: Spec, rows: Rows, file: YamlFile, faults: Faults) -> None:
    """Refuse what cannot be found, on the line of its key, before any arithmetic.

    Args:
        spec: the index, its files of points read.
        rows: `pipeline.spec.node_rows` of it.
        file: where it was read, for the lines.
        faults: SCH-02 for a code that is no child of the node, else SCH-17.
    """
    children, ranges = spec.children(), score_ranges(rows, spec)
    low: dict[Where, dict[str, float]] = {}  # by key: nodes and how low their children may score
    common = spec.settings.weigh
    check_choice(Weigh(**common.model_dump()), {}, ("settings", "weigh"), file, faults)
    for i, node in enumerate(spec.nodes):
        where: Where = ("nodes", i, "weigh") if node.weigh else ("settings", "weigh")
        least = min((ranges[code][0] for code in children.get(node.code, [])), default=0)
        if least < 0 and choice_of(node, spec.settings).method == "entropy":
            low.setdefault(where, {})[node.code] = least
        if node.weigh is None:
            continue
        family = {node.code: children.get(node.code, [])}
        check_choice(node.weigh, family, where, file, faults)
        if node.weigh.method != choice_of(node, spec.settings).method:
            problem = Words("pie_weighs_itself", {"code": node.code})
            faults.add("SCH-17", file.place(*where, "method"), "method", problem=problem)
    for where, nodes in low.items():
        known = {"low": f"{min(nodes.values()):g}", "codes": ", ".join(nodes)}
        faults.add("SCH-17", file.place(*where, "method"), "method",
                   problem=Words("entropy_needs", known))  # fmt: skip


def check_choice(
    choice: Weigh, families: dict[str, list[str]], where: Where, file: YamlFile, faults: Faults,
    others: Iterable[str] = (),
) -> None:  # fmt: skip
    """Refuse one choice that cannot be met.

    Args:
        choice: the method and what it takes.
        families: the children of each node it is for.
        where: the path of its keys in the file.
        file: for the lines.
        faults: SCH-02 for a code that is no child, else SCH-17, one per problem.
        others: codes that may be named although no family has them.
    """

    def refuse(problem: Words, *path: str) -> None:
        faults.add("SCH-17", file.place(*where, *path), path[0], problem=problem)

    told = faults.n_rejecting()
    given = choice.model_dump(include=set(Weigh.model_fields) - {"method"}, exclude_none=True)
    takes = TAKES.get(choice.method, set())
    for key in sorted(set(given) - takes):
        values = {"method": choice.method, "key": key, "takes": ", ".join(sorted(takes)) or "–"}
        refuse(Words("takes_no", values), key)
    needed = NEEDED.get(choice.method)
    if needed is not None and needed not in given:
        if "points_file" not in given:  # if it is, the file was refused already
            values = {"method": choice.method, "needed": needed}
            refuse(Words("method_needs", values), "method")
        return
    known = {*others, *(code for codes in families.values() for code in codes)}
    for path, code, value in _cells(choice):
        if code not in known:
            faults.add("SCH-02", file.place(*where, *path), code, nearest=nearest(code, known))
        elif value is not None and (problem := _unfit(choice, value)):
            refuse(Words("figure_of", {"code": code, "problem": problem, "value": value}), *path)
    if needed is not None and faults.n_rejecting() == told:
        for node, codes in families.items():
            for gap in _gaps(choice, codes):
                refuse(Words("code_has", {"code": node, "problem": gap}), needed)


def _cells(choice: Weigh) -> Iterator[tuple[tuple[str, ...], str, Real | None]]:
    """Every code that a choice names, with its path and the figure that stands there."""
    for code, target in (choice.targets or {}).items():
        yield ("targets", code), code, target
    for first, row in (choice.matrix or {}).items():
        yield ("matrix", first), first, None
        for second, times in row.items():
            yield ("matrix", first, second), second, times
    for expert, points in (choice.points or {}).items():
        for code, value in points.items():
            yield ("points", expert, code), code, value


def _unfit(choice: Weigh, value: Real) -> Words | None:
    """What is wrong with one figure, whatever the others are."""
    if choice.method == "budget":
        return None if value >= 0 else Words("points_from_0")
    if value <= 0:
        return Words("comparison_above_0" if choice.method == "hierarchy" else "target_above_0")
    if choice.method == "target_correlation" and choice.is_relative is False and value > 1:
        return Words("correlation_to_1")
    return None


def _gaps(choice: Weigh, codes: list[str]) -> Iterator[Words | str]:
    """What the figures of one family lack together."""
    if choice.method == "target_correlation":
        lacking = [code for code in codes if code not in (choice.targets or {})]
        if lacking:
            yield Words("no_target_for", {"codes": ", ".join(lacking)})
        return
    try:
        _from_people(choice, codes)
    except ValueError as error:
        yield error.args[0]
