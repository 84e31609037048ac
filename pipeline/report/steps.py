"""The next step: which indicator, raised by how much, would move a province by how many places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pipeline.methods.ranks import rank_block
from pipeline.panel import Panel, climb_panel, read_values
from pipeline.report.reader import Reader

RAISE = 10.0  # points of the indicator's score
RELATIVE = {"copeland", "benefit_of_the_doubt"}  # methods in which others' scores move too
Row = dict[str, Any]


def next_steps(reader: Reader, panel: Panel) -> dict[str, list[Row]]:
    """For every ranked province what one indicator more would do, everyone else as they are.

    Args:
        reader: the edition.
        panel: its arrays.

    Returns:
        By province, the largest climb first: `indicator`, `value` and `score` now, `new_value` and
        `new_score` with `RAISE` points more (at most the best score there is), `gain` in points of
        the index, `rank` now, `new_rank`, `places`. The new value is read off the values of the
        provinces with scores near it. Nothing for methods that rank provinces against each other.
    """
    if RELATIVE & set(panel.methods):
        return {}
    leaves, codes = panel.leaves, panel.nodes[: panel.leaves.shape[1]]
    values = read_values(reader.con, "treated", "treated_value", panel.edition, panel.provinces,
                         codes)  # fmt: skip
    now = climb_panel(panel)[:, panel.top]
    found: dict[str, list[Row]] = {code: [] for code in panel.provinces}
    for j in np.flatnonzero(panel.entered[: len(codes)]):
        raised = leaves.copy()
        raised[:, j] = np.fmin(leaves[:, j] + RAISE, np.nanmax(leaves[:, j]))
        then = climb_panel(replace(panel, leaves=raised))[:, panel.top]
        known = np.isfinite(leaves[:, j]) & np.isfinite(values[:, j])
        at, first = np.unique(leaves[known, j], return_index=True)
        scale = values[known, j][first]
        for i in np.flatnonzero(np.isfinite(now) & known & (raised[:, j] > leaves[:, j])):
            found[panel.provinces[i]].append({
                "indicator": codes[j], "value": values[i, j], "score": leaves[i, j],
                "new_value": np.interp(raised[i, j], at, scale), "new_score": raised[i, j],
                "gain": then[i] - now[i], **_ranks(now, int(i), float(then[i])),
            })  # fmt: skip
    for rows in found.values():
        rows.sort(key=lambda row: (-row["places"], -row["gain"]))
    return found


def _ranks(now: np.ndarray, unit: int, score: float) -> Row:
    """The rank of a province now and with another score of its own."""
    then = now.copy()
    then[unit] = score
    before, after = (int(rank_block(x[:, None])[unit, 0]) for x in (now, then))
    return {"rank": before, "new_rank": after, "places": before - after}
