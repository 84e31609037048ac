"""What the ranking owes to each part: every indicator, pillar or sub-index left out in turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.analyse.page import Page, cell, table
from pipeline.explain import Release
from pipeline.language import text
from pipeline.methods.analysis import Removal, remove_one
from pipeline.panel import Panel, climb_panel, leave_out

LEVELS = ("indicator", "sub_pillar", "pillar", "sub_index")
MOVERS = 3


def candidates(panel: Panel, level: str) -> list[str]:
    """The nodes of a level with scores: those that can be left out."""
    alive = np.isfinite(climb_panel(panel)).any(axis=0)
    return [
        code
        for code, own, there in zip(panel.nodes, panel.levels, alive, strict=True)
        if own == level and there
    ]


def remove_each(panel: Panel, codes: list[str]) -> Removal:
    """The index of an edition without each of some nodes, the weights of the rest rescaled.

    Args:
        panel: the edition.
        codes: nodes to leave out in turn, two at least.

    Returns:
        Rows in the order of `codes`, units in the order of `panel.provinces`.
    """

    def make(keep: np.ndarray) -> np.ndarray:
        out = {code for code, stays in zip(codes, keep, strict=True) if not stays}
        return index_without(panel, out)

    return remove_one(make, len(codes))


def index_without(panel: Panel, codes: set[str]) -> np.ndarray:
    """Index scores without some nodes and all under them; shape (n_provinces,), NaN unranked."""
    try:
        rest = leave_out(panel, codes)
    except ValueError:  # nothing is left
        return np.full(len(panel.provinces), np.nan)
    scores: np.ndarray = climb_panel(rest)[:, rest.top]
    return scores


def as_rows(panel: Panel, release: Release, codes: list[str], found: Removal) -> list[Any]:
    """One dict per node left out, that with the largest mean shift first, with every shift."""
    rows = []
    for code, mean, shifts in zip(codes, found.mean_absolute_shift, found.shifts, strict=True):
        by_province = {
            p: None if np.isnan(shift) else int(shift)
            for p, shift in zip(panel.provinces, shifts, strict=True)
        }
        node = release.nodes[code]
        names = {"name_vi": node["name_vi"], "name_en": node["name_en"]}
        rows.append({"node": code, **names, "mean_absolute_shift": mean, "shifts": by_province})
    return sorted(rows, key=lambda row: -row["mean_absolute_shift"])


def removal_page(panel: Panel, release: Release, level: str, rows: list[Any], lang: str) -> Page:
    """The table of nodes left out, and how a shift is to be read."""

    def moved(shifts: dict[str, int | None]) -> str:
        far = sorted(shifts, key=lambda code: (-abs(shifts[code] or 0), code))[:MOVERS]
        return ", ".join(
            f"{release.names[panel.edition, code, release.root][f'province_name_{lang}']} "
            f"{shifts[code]:+d}"
            for code in far
            if shifts[code]
        )

    n = sum(shift is not None for shift in rows[0]["shifts"].values())
    title = text("removal_title", lang, edition=panel.edition, n=n,
                 level=text(f"level_{level}", lang).lower())  # fmt: skip
    cells = [
        [row[f"name_{lang}"], cell(row["mean_absolute_shift"], lang), moved(row["shifts"]) or "–"]
        for row in rows
    ]
    return [
        title,
        table(lang, "left_out mean_shift movers", cells, (1,)),
        text("removal_rule", lang),
    ]
