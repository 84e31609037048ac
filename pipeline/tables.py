"""Tables for the terminal and the README, as Markdown; the numbers come from the release alone."""

from __future__ import annotations

from typing import Any

from pipeline.compare import Agreement
from pipeline.escape import for_markdown
from pipeline.explain import Release
from pipeline.language import number, reason, text

HEADINGS = {
    "top": {
        "vi": ["Hạng", "Tỉnh", "Điểm", "Đầu vào", "Đầu ra"],
        "en": ["Rank", "Province", "Score", "Input", "Output"],
    },
    "coverage": {
        "vi": ["Trụ cột", "Chỉ tiêu", "Tỉnh có số liệu", "Trọng số", "Vì sao thiếu"],
        "en": ["Pillar", "Indicator", "Provinces with data", "Weight", "Why the rest is missing"],
    },
    "difference": {
        "vi": ["Tỉnh", "PII", "Chỉ số này"],
        "en": ["Province", "PII", "This index"],
    },
}


def markdown(headings: list[str], rows: list[list[str]], right: set[int]) -> str:
    """A Markdown table; columns in `right` are aligned right."""
    marks = ["---:" if i in right else "---" for i in range(len(headings))]
    lines = [[for_markdown(cell) for cell in row] for row in (headings, *rows)]
    lines.insert(1, marks)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def top_scores(release: Release, edition: str, n: int, lang: str) -> str:
    """The best `n` provinces of an edition, with the nodes under the index."""
    below = [code for code, item in release.nodes.items() if item["parent"] == release.root]
    headings = HEADINGS["top"][lang][:3] + [release.nodes[code][f"name_{lang}"] for code in below]
    found = [
        (row["rank"], key[1], row["score"])
        for key, row in release.ranked.items()
        if key[0] == edition and key[2] == release.root and row["rank"] is not None
    ]
    rows = []
    for rank, code, score in sorted(found)[:n]:
        name = release.names[edition, code, release.root][f"province_name_{lang}"]
        parts = [release.ranked[edition, code, node]["score"] for node in below]
        rows.append([str(rank), name, number(score, lang), *(number(s, lang) for s in parts)])
    return markdown(headings, rows, {0, 2, 3, 4})


def coverage_table(release: Release, edition: str, lang: str) -> str:
    """Every declared indicator of an edition: coverage, weight, and why it is out."""
    rows = []
    for item in release.spec["indicators"]:
        entries = [row for key, row in release.ranked.items()
                   if key[0] == edition and key[2] == item["code"]]  # fmt: skip
        first = entries[0]
        why = "" if first["is_entered"] else _commonest_reason(entries, lang)
        weight = number(first["weight"] * 100, lang, 1) + " %" if first["is_entered"] else "–"
        rows.append([release.nodes[item["parent"]][f"name_{lang}"], item[f"name_{lang}"],
                     f"{first['n_observed']}/{first['n_provinces']}", weight, why])  # fmt: skip
    return markdown(HEADINGS["coverage"][lang], rows, {2, 3})


def _commonest_reason(entries: list[dict[str, Any]], lang: str) -> str:
    codes = [row["value_reason"] for row in entries if row["value_reason"] is not None]
    return reason(max(sorted(set(codes)), key=codes.count), lang)


def agreement_lines(
    release: Release, found: list[Agreement], edition: str, pii: int, lang: str
) -> str:
    """The rank correlations, the provinces compared and the largest differences."""
    whole = found[0]
    lines = [text("pii_title", lang, pii_edition=pii, edition=edition, n=whole.n), ""]
    for entry in found:
        what = text("pii_whole", lang)
        if entry is not whole:
            what = text("pii_without", lang, node=release.nodes[entry.what][f"name_{lang}"])
        rho = number(entry.rho, lang, 3)
        lines.append("- " + text("pii_line", lang, what=what, rho=rho, n=entry.n))
    far = whole.table.reindex(whole.table["difference"].abs().sort_values(ascending=False).index)
    rows = [
        [row["province_name_vi"], number(row["pii_rank"], lang, 0), number(row["rank"], lang, 0)]
        for _, row in far.head(5).iterrows()
    ]
    lines += ["", text("pii_differences", lang, n=whole.n), ""]
    lines.append(markdown(HEADINGS["difference"][lang], rows, {1, 2}))
    names = ", ".join(for_markdown(name) for name in whole.table["province_name_vi"])
    return "\n".join([*lines, "", text("pii_provinces", lang, names=names)])
