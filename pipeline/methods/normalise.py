"""Bring indicators onto one scale; the only place where a direction is applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pipeline.methods import _scales as scales
from pipeline.methods._common import Floats, as_panel, per_column, refuse_columns, rows_of_groups

# Each method with the parameters it takes besides the output range, and their defaults.
PARAMETERS: dict[str, dict[str, Any]] = {
    "minmax": {},
    "goalposts": {"bounds": None, "clip": True},
    "zscore": {"mean": None, "sd": None},
    "rank": {"ties": "better", "points": False},
    "borda": {"ties": "average", "points": False},
    "percentile_rank": {"ties": "average"},
    "distance_to_best": {},
    "distance_to_target": {"target": None, "capped": False},
    "distance_to_reference": {"reference": None, "capped": False},
    "fraction_of_best": {},
    "mazziotta_pareto": {"variant": "mpi", "bounds": None, "centre": None},
}
NEEDED = {
    "goalposts": "bounds",
    "distance_to_target": "target",
    "distance_to_reference": "reference",
}
RANGES = {"mazziotta_pareto": (70.0, 130.0)}  # every other method: 0 to 100
PER_COLUMN = ("target", "centre")


def normalise(
    x: ArrayLike,
    method: str = "minmax",
    direction: ArrayLike = 1,
    lower: float | None = None,
    upper: float | None = None,
    *,
    groups: Iterable[object] | None = None,
    names: Sequence[str] | None = None,
    **parameters: Any,
) -> Floats:
    """Scores of every value on one output range, more always being better.

    Args:
        x: shape (n_units, n_columns), NaN = missing, any unit.
        method: a key of `PARAMETERS`: minmax, goalposts, zscore, rank, borda, percentile_rank,
            distance_to_best, distance_to_target, distance_to_reference, fraction_of_best,
            mazziotta_pareto.
        direction: +1 (more is better) or -1, one for all or one per column. To turn a whole pillar,
            hand over the product of the two directions.
        lower, upper: the output range; default 0 to 100, and 70 to 130 for mazziotta_pareto.
            It is met exactly by minmax, distance_to_best and the ranks; goalposts keep it when
            clipped; the others may leave it.
        groups: one label per row, e.g. the edition: each group is normalised by itself.
            Default: all rows together (panel normalisation).
        names: one per column, for messages only.
        parameters: those of the method; defaults in `PARAMETERS`.
            bounds: shape (n_columns, 2), the fixed lower and upper end in the unit of the column.
            clip: goalposts: values outside the bounds take the score of the bound.
            mean, sd: zscore: mean and standard deviation of the scores (divisor n - 1);
                default the middle and a tenth of the range.
            ties: 'average', 'better' or 'worse': which position tied values share.
            points: rank: positions 1 (worst) to n, borda: 0 to n - 1, instead of the range.
            target: per column, in its unit; it scores `upper`.
            reference: row of the unit that scores `upper`, or {group label: row}; a single row
                serves all groups.
            capped: scores beyond the target or the reference are brought back to `upper`.
            variant: 'mpi' (mean and spread: middle and a sixth of the range, divisor n) or
                'ampi' (range laid around `centre`, default the mean of the group).

    Returns:
        Shape (n_units, n_columns), float64; missing stays missing.

    Raises:
        ValueError: for an infinite value, a column that is the same everywhere in a group (bounds
            given by hand excepted), a direction that is not +1 or -1, an empty range, an
            unknown method or parameter, a target or reference no better than the worst
            value, a fraction of a value that has none; columns are named.

    Source:
        OECD/JRC Handbook (2008), step on normalisation, doi:10.1787/9789264043466-en; Mazziotta &
        Pareto (2016), doi:10.1007/s11205-015-0998-2; Becker et al. (2022), COINr,
        doi:10.21105/joss.04567
    """
    panel = as_panel(x, names)
    turned = per_column(direction, panel.shape[1], "direction")
    refuse_columns(abs(turned) != 1, names, "has a direction that is neither +1 nor -1")
    chosen = _checked(method, parameters, panel, names)
    if chosen.get("points") and not (lower is None and upper is None):
        raise ValueError("points are a scale of their own: give no lower and upper beside them")
    bottom, top = _output_range(method, lower, upper)
    y = panel * turned
    scores = np.empty_like(y)
    rows_of = rows_of_groups(groups, len(panel))
    if method == "distance_to_reference":
        goals = _goals(y, chosen["reference"], rows_of)
    for label, rows in rows_of.items():
        where = "" if groups is None else f" in group {label!r}"
        own = chosen
        if method == "distance_to_reference":
            own = chosen | {"reference": goals[label]}
        part = y if groups is None else y[rows]
        found = _score(method, scales.Turned(part, turned, names, where), bottom, top, own)
        if groups is None:
            return found
        scores[rows] = found
    return scores


def _checked(
    method: str, parameters: Mapping[str, Any], panel: Floats, names: Sequence[str] | None
) -> dict[str, Any]:
    """The parameters of a method with its defaults, each of the right kind."""
    if method not in PARAMETERS:
        raise ValueError(f"method '{method}' is unknown; it may be {', '.join(PARAMETERS)}")
    if unknown := sorted(set(parameters) - set(PARAMETERS[method])):
        allowed = ", ".join(PARAMETERS[method]) or "none"
        raise ValueError(
            f"'{unknown[0]}' is no parameter of method '{method}'; its parameters: {allowed}"
        )
    chosen = {**PARAMETERS[method], **parameters}
    if method in NEEDED and chosen[NEEDED[method]] is None:
        raise ValueError(f"method '{method}' needs the parameter '{NEEDED[method]}'")
    n_columns = panel.shape[1]
    for key in PER_COLUMN:
        if chosen.get(key) is not None:
            chosen[key] = per_column(chosen[key], n_columns, key)
    if chosen.get("bounds") is not None:
        bounds = np.asarray(chosen["bounds"], dtype=np.float64)
        if bounds.shape != (n_columns, 2) or not np.isfinite(bounds).all():
            raise ValueError(f"bounds must be two finite numbers for each of {n_columns} columns")
        refuse_columns(bounds[:, 0] >= bounds[:, 1], names, "has bounds in the wrong order")
        chosen["bounds"] = bounds
    if chosen.get("ties", "average") not in scales.TIES:
        raise ValueError(f"ties '{chosen['ties']}' is unknown; it may be {', '.join(scales.TIES)}")
    if chosen.get("variant", "mpi") not in ("mpi", "ampi"):
        raise ValueError(f"variant '{chosen['variant']}' is unknown; it may be mpi, ampi")
    for key, least in (("mean", -np.inf), ("sd", 0)):
        if chosen.get(key) is not None and not least < chosen[key] < np.inf:
            raise ValueError(f"{key} must be finite, and sd above 0, not {chosen[key]}")
    return chosen


def _output_range(method: str, lower: float | None, upper: float | None) -> tuple[float, float]:
    """The output range, by default that of the method."""
    own = RANGES.get(method, (0.0, 100.0))
    bottom, top = (own[0] if lower is None else lower), (own[1] if upper is None else upper)
    if not (np.isfinite([bottom, top]).all() and bottom < top):
        raise ValueError(f"lower must be below upper, both finite, not {bottom} and {top}")
    return float(bottom), float(top)


def _goals(
    y: Floats, reference: int | Mapping[object, int], rows_of: Mapping[object, Any]
) -> dict[object, Floats]:
    """The values, turned, of the reference row of each group."""
    given = reference if isinstance(reference, Mapping) else dict.fromkeys(rows_of, reference)
    goals = {}
    for label in rows_of:
        if label not in given:
            raise ValueError(f"no reference row was given for group {label!r}")
        row = given[label]
        if not 0 <= row < len(y):
            raise ValueError(f"reference row {row} is not among the {len(y)} rows")
        goals[label] = y[row]
    return goals


def _score(
    method: str, t: scales.Turned, lower: float, upper: float, chosen: Mapping[str, Any]
) -> Floats:
    """The scores of one group of rows."""
    span, middle = upper - lower, (lower + upper) / 2
    if method == "zscore":
        mean = middle if chosen["mean"] is None else chosen["mean"]
        sd = span / 10 if chosen["sd"] is None else chosen["sd"]
        return np.asarray(scales.standard(t, 1) * sd + mean)
    if method == "mazziotta_pareto" and chosen["variant"] == "mpi":
        return np.asarray(scales.standard(t, 0) * (span / 6) + middle)
    if method in ("rank", "borda") and chosen["points"]:
        return scales.positions(t, chosen["ties"])[0] - (method == "borda")
    share = _share(method, t, chosen)  # an array of its own: it can be stretched where it stands
    share *= span
    share += lower
    return share


def _share(method: str, t: scales.Turned, chosen: Mapping[str, Any]) -> Floats:
    """The share of the output range that each value of one group of rows has reached."""
    match method:
        case "goalposts":
            return scales.goalposts(t, chosen["bounds"], chosen["clip"])
        case "rank" | "borda" | "percentile_rank":
            return scales.ranked(t, chosen["ties"])
        case "distance_to_target":
            return scales.distance_to(t, t.turn(chosen["target"]), chosen["capped"], "a target")
        case "distance_to_reference":
            return scales.distance_to(t, chosen["reference"], chosen["capped"], "a reference")
        case "fraction_of_best":
            return scales.fraction_of_best(t)
        case "mazziotta_pareto":
            return scales.centred(t, chosen["bounds"], chosen["centre"])
        case _:  # distance_to_best = 1 - (best - x) / (best - worst): min-max by another name
            return scales.minmax(t)
