"""One province: where it stands among its peers, what it owes that to, and what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.analyse.page import Page, cell, rank_cell, table
from pipeline.explain import Release
from pipeline.language import reason, text
from pipeline.methods.analysis import strengths_weaknesses, unit_summary
from pipeline.panel import Panel, published_scores

PEERS = ("all", "region")
TOP = 5  # strengths, and as many weaknesses


def profile(con: Any, release: Release, panel: Panel, province: str, peers: str) -> dict[str, Any]:
    """Where a province stands in every node and indicator of an edition.

    Args:
        con: the release, opened.
        release: the same release, for names and reasons.
        panel: the edition.
        province: a code of the edition.
        peers: `all` provinces of the edition, or those of its `region`; the province is among them.

    Returns:
        `nodes`: score, rank among the peers, their mean and the difference from it, from the index
        down to the entered indicators. `not_ranked`: why the index has no score. `strengths` and
        `weaknesses`: the indicators furthest above and below the mean of the peers, at most `TOP`
        each, never one in both. `contributions`: points of the index that each indicator gives,
        empty where nodes are no arithmetic means. `missing`: every indicator without a score, with
        the reason.
    """
    unit = panel.provinces.index(province)
    region = {code: release.names[panel.edition, code, release.root]["region_vi"]
              for code in panel.provinces}  # fmt: skip
    field = np.array([peers == "all" or region[code] == region[province]
                      for code in panel.provinces])  # fmt: skip
    scores = published_scores(con, panel)
    found = unit_summary(scores, unit, field)
    rows = {code: release.ranked[panel.edition, province, code] for code in panel.nodes}
    n_leaves = panel.leaves.shape[1]
    alive = np.flatnonzero(panel.entered)
    down = [*range(n_leaves, len(panel.nodes)), *alive.tolist()]
    place = {code: i for i, code in enumerate(release.nodes)}
    down.sort(key=lambda k: place[panel.nodes[k]])
    keys = ("score", "rank", "ranked", "mean", "difference")
    nodes = [
        _named(release, panel.nodes[k]) | {key: found[key][k].item() for key in keys} for k in down
    ]
    names = release.names[panel.edition, province, release.root]
    kept = ("province_name_vi", "province_name_en", "region_vi", "region_en")
    return {
        "edition": panel.edition,
        "province_code": province,
        **{key: names[key] for key in kept},
        "peers": peers,
        "n_peers": int(field.sum()),
        "not_ranked": rows[release.root]["reason"],
        "nodes": nodes,
        **_marked(release, panel, scores[:, alive], unit, field),
        "contributions": _contributions(release, rows),
        "missing": [
            _named(release, code) | {"reason": row["value_reason"] or row["reason"]}
            for code, row in rows.items()
            if row["level"] == "indicator" and row["score"] is None
        ],
    }


def _named(release: Release, code: str) -> dict[str, Any]:
    node = release.nodes[code]
    level = node.get("level", "indicator")
    return {"node": code, "level": level, "name_vi": node["name_vi"], "name_en": node["name_en"]}


def _marked(
    release: Release, panel: Panel, scores: np.ndarray, unit: int, field: np.ndarray
) -> dict[str, Any]:
    """Strengths and weaknesses among the entered indicators."""
    codes = [panel.nodes[k] for k in np.flatnonzero(panel.entered)]
    if not codes:
        return {"strengths": [], "weaknesses": []}
    found = strengths_weaknesses(scores, field, TOP)
    return {
        name: [
            _named(release, codes[j]) | {"difference": found.margin[unit, j].item()}
            for j in listed[unit]
            if j >= 0
        ]
        for name, listed in (("strengths", found.strengths), ("weaknesses", found.weaknesses))
    }


def _contributions(release: Release, rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Of the largest first; equal ones in the declared order."""
    found = [
        _named(release, code)
        | {"score": row["score"], "weight": row["weight_in_index"], "points": row["contribution"]}
        for code, row in rows.items()
        if row["contribution"] is not None
    ]
    return sorted(found, key=lambda row: -row["points"])


def profile_page(found: dict[str, Any], lang: str) -> Page:
    """The profile as sentences and tables."""
    name, region = found[f"province_name_{lang}"], found[f"region_{lang}"]
    title = text("profile_title", lang, province=name, edition=found["edition"])
    key = "profile_all" if found["peers"] == "all" else "profile_region"
    page: Page = [f"{title} {text(key, lang, n=found['n_peers'], region=region)}"]
    if found["not_ranked"] is not None:
        words = text("not_ranked", lang, reason=reason(found["not_ranked"], lang))
        page.append(words[0].upper() + words[1:])
    rows = [
        [row[f"name_{lang}"], text(f"level_{row['level']}", lang), cell(row["score"], lang),
         rank_cell(row["rank"], row["ranked"]), cell(row["mean"], lang),
         cell(row["difference"], lang, signed=True)]
        for row in found["nodes"]
    ]  # fmt: skip
    page.append(table(lang, "node level score rank mean difference", rows, (2, 3, 4, 5)))
    for kind in ("strengths", "weaknesses"):
        listed = "; ".join(
            f"{row[f'name_{lang}']} ({cell(row['difference'], lang, signed=True)})"
            for row in found[kind]
        )
        page.append(text(kind, lang, listed=listed or text("none", lang)))
    page.append(text("profile_rule", lang, top=TOP))
    if found["contributions"]:
        points = [
            [row[f"name_{lang}"], cell(row["score"], lang), cell(row["weight"] * 100, lang, 1),
             cell(row["points"], lang)]
            for row in found["contributions"]
        ]  # fmt: skip
        total = sum(row["points"] for row in found["contributions"])
        points.append([text("sum", lang), "", "", cell(total, lang)])
        page.append(table(lang, "indicator score weight points", points, (1, 2, 3)))
    else:
        page.append(text("no_contributions", lang))
    missing = [[row[f"name_{lang}"], reason(row["reason"], lang)] for row in found["missing"]]
    page.append(table(lang, "missing reason", missing) if missing else text("all_there", lang))
    return page
