"""The page of a what-if: the province before and after, who else moves, and what came with it."""

from __future__ import annotations

from typing import Any

from pipeline.analyse.page import Page, cell, rank_cell, table
from pipeline.analyse.what_if import Answer, Supposition
from pipeline.explain import Release
from pipeline.language import figure, text

Row = dict[str, Any]
SIDES = ("before", "after")


def describe_answer(release: Release, supposed: Supposition, answer: Answer) -> Row:
    """What a supposition does, as plain data.

    Returns:
        `nodes`: score and rank of the province before and after, of the index and of every node
        that changes. `movers`: the other provinces whose rank in the index changes, the furthest
        first. `n_scores`: how many provinces have another index score. `treatment`: how the
        outliers of the indicator are treated on both sides and in how many provinces.
        `is_entered`: whether it is part of the edition on both sides.
    """
    sides = {"before": answer.before, "after": answer.after}
    names = release.names[supposed.edition, supposed.province, release.root]
    nodes = [
        {"node": code, "name_vi": node["name_vi"], "name_en": node["name_en"]}
        | _both(sides, supposed.province, code)
        for code, node in release.nodes.items()
        if code == release.root or _differs(sides, supposed.province, code)
    ]
    provinces = [key[1] for key in release.names if key[::2] == (supposed.edition, release.root)]
    return {
        "edition": supposed.edition,
        "province_code": supposed.province,
        "province_name_vi": names["province_name_vi"],
        "province_name_en": names["province_name_en"],
        "indicator": supposed.indicator,
        "value_before": answer.old_value,
        "value_after": supposed.value,
        "weights": supposed.weights,
        "nodes": nodes,
        "movers": _movers(release, sides, supposed, provinces),
        "n_scores": sum(_differs(sides, code, release.root) for code in provinces),
        **_of_indicator(sides, supposed),
    }


def _both(sides: Any, province: str, node: str) -> Row:
    return {f"{key}_{side}": rows[province, node][key]
            for key in ("score", "rank") for side, rows in sides.items()}  # fmt: skip


def _differs(sides: Any, province: str, node: str) -> bool:
    found = _both(sides, province, node)
    return any(found[f"{key}_before"] != found[f"{key}_after"] for key in ("score", "rank"))


def _movers(release: Release, sides: Any, supposed: Supposition, provinces: list[str]) -> list[Row]:
    rows = []
    for code in provinces:
        found = _both(sides, code, release.root)
        if code != supposed.province and found["rank_before"] != found["rank_after"]:
            names = release.names[supposed.edition, code, release.root]
            rows.append({"province_code": code, "name_vi": names["province_name_vi"],
                         "name_en": names["province_name_en"]} | found)  # fmt: skip

    def distance(row: Row) -> int:
        return -abs((row["rank_after"] or 0) - (row["rank_before"] or 0))

    return sorted(rows, key=distance)


def _of_indicator(sides: Any, supposed: Supposition) -> Row:
    """Treatment and entry of the indicator on both sides; empty when none was changed."""
    found: Row = {"treatment": {}, "is_entered": {}}
    if supposed.indicator is None:
        return found
    for side, rows in sides.items():
        column = [row for (_, node), row in rows.items() if node == supposed.indicator]
        n_treated = sum(bool(row["is_treated"]) for row in column)
        found["treatment"][side] = {"method": column[0]["treatment"], "n_treated": n_treated}
        found["is_entered"][side] = column[0]["is_entered"]
    return found


def mark_of(found: Row) -> str:
    """What every row written elsewhere says of itself, in both languages."""
    changes = [f"{node} = {weight:g}" for node, weight in found["weights"].items()]
    if found["indicator"] is not None:
        changes.insert(0, f"{found['indicator']} = {found['value_after']:g}")
    values = {"edition": found["edition"], "changes": ", ".join(changes) or "–"}
    return " / ".join(
        text("what_if_mark", lang, province=found[f"province_name_{lang}"], **values)
        for lang in ("vi", "en")
    )


def what_if_page(release: Release, found: Row, n: int, lang: str) -> Page:
    """The supposition, the province before and after, who else moves, and remarks."""
    page: Page = [_title(release, found, lang)]
    rows = [
        [row[f"name_{lang}"], *(cell(row[f"score_{side}"], lang) for side in SIDES),
         cell(_difference(row), lang, signed=True),
         *(rank_cell(row[f"rank_{side}"]) for side in SIDES)]
        for row in found["nodes"]
    ]  # fmt: skip
    page.append(
        table(lang, "node before after difference rank_before rank_after", rows, range(1, 6))
    )
    movers = found["movers"]
    page.append(text("what_if_movers", lang, n=len(movers), scores=found["n_scores"]))
    if movers:
        moved = [
            [row[f"name_{lang}"], *(rank_cell(row[f"rank_{side}"]) for side in SIDES),
             cell(_difference(row), lang, signed=True)]
            for row in movers[:n]
        ]  # fmt: skip
        page.append(table(lang, "province rank_before rank_after difference", moved, (1, 2, 3)))
    return [*page, *_remarks(release, found, lang), text("what_if_not_published", lang)]


def _difference(row: Row) -> float | None:
    if row["score_before"] is None or row["score_after"] is None:
        return None
    return float(row["score_after"] - row["score_before"])


def _title(release: Release, found: Row, lang: str) -> str:
    changes = []
    if found["indicator"] is not None:
        node = release.nodes[found["indicator"]]
        old = found["value_before"]
        changes.append(text("what_if_value", lang, name=node[f"name_{lang}"],
                            before="–" if old is None else figure(old, lang),
                            after=figure(found["value_after"], lang),
                            unit=node[f"unit_{lang}"]))  # fmt: skip
    for code, weight in found["weights"].items():
        node = release.nodes[code]
        old, new = figure(node["weight"], lang), figure(weight, lang)
        changes.append(text("what_if_weight", lang, name=node[f"name_{lang}"], before=old,
                            after=new))  # fmt: skip
    return text("what_if_title", lang, province=found[f"province_name_{lang}"],
                edition=found["edition"],
                changes="; ".join(changes) or text("what_if_nothing", lang))  # fmt: skip


def _remarks(release: Release, found: Row, lang: str) -> list[str]:
    """What came with the change beside the change itself."""
    if found["indicator"] is None:
        return []
    name = release.nodes[found["indicator"]][f"name_{lang}"]
    before, after = (found["treatment"][side] for side in SIDES)
    was_in, is_in = (found["is_entered"][side] for side in SIDES)
    remarks = []
    if not is_in:
        remarks.append(text("what_if_out", lang, name=name))
    elif not was_in:
        remarks.append(text("what_if_in", lang, name=name))
    if before != after:
        words = [f"{text('treatment_' + side['method'], lang)} ({side['n_treated']})"
                 for side in (before, after)]  # fmt: skip
        remarks.append(text("what_if_treatment", lang, name=name, before=words[0], after=words[1]))
    return remarks
