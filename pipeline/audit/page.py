"""The audit as a page in either language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.analyse.page import Page, Table, cell, markdown, table
from pipeline.audit.checks import CHECKS, N_BOOT
from pipeline.language import catalogue, text

Row = dict[str, Any]


def audit_page(rows: Sequence[Row], names: Mapping[str, Any], lang: str) -> str:
    """Every edition with its flags, as Markdown.

    Args:
        rows: the table `checks`.
        names: nodes and indicators by code, with `name_vi` and `name_en`.
        lang: `vi` or `en`.
    """
    page: Page = [f"# {text('audit_title', lang)}", text("audit_intro", lang, n=N_BOOT)]
    editions = list(dict.fromkeys(row["edition"] for row in rows))
    page.append(_summary(rows, editions, lang))
    for edition in editions:
        page.append(f"## {edition}")
        page += edition_page([row for row in rows if row["edition"] == edition], names, lang)
    parts = [markdown(*part) if isinstance(part, Table) else part for part in page]
    return "\n\n".join(parts) + "\n"


def edition_page(
    rows: Sequence[Row], names: Mapping[str, Any], lang: str, is_whole: bool = False
) -> Page:
    """How many figures of an edition are flagged, and a table per check; `is_whole` shows all."""
    flagged = sum(row["is_flagged"] for row in rows)
    edition = rows[0]["edition"] if rows else ""
    page: Page = [text("audit_flagged", lang, edition=edition, flagged=flagged, n=len(rows))]
    for check in CHECKS:
        own = [row for row in rows if row["check"] == check and (is_whole or row["is_flagged"])]
        if own:
            page += [f"**{catalogue()['audit_checks'][check][lang]}**", _table(own, names, lang)]
    return page


def _summary(rows: Sequence[Row], editions: list[str], lang: str) -> Table:
    """Flagged of all, per check and edition."""
    lines = []
    for check in CHECKS:
        cells = [catalogue()["audit_checks"][check][lang].partition(":")[0]]
        for edition in editions:
            own = [r["is_flagged"] for r in rows if r["edition"] == edition and r["check"] == check]
            cells.append(f"{sum(own)}/{len(own)}")
        lines.append(cells)
    columns = set(range(1, len(editions) + 1))
    return Table([text("head_check", lang), *editions], lines, columns)


def _table(rows: Sequence[Row], names: Mapping[str, Any], lang: str) -> Table:
    lines = []
    for row in rows:
        other = "" if row["other"] is None else _name(names, row["other"], lang)
        ends = [cell(row[key], lang) for key in ("low", "high")]
        why = row["reason"]
        verdict = text("audit_pass", lang)
        if why is not None:
            verdict = catalogue()["audit_reasons"][why][lang]
        lines.append([_name(names, row["item"], lang), other, cell(row["value"], lang),
                      "; ".join(ends), cell(row["limit"], lang), verdict])  # fmt: skip
    return table(lang, "item other value interval limit verdict", lines, (2, 3, 4))


def _name(names: Mapping[str, Any], code: str, lang: str) -> str:
    node = names[code]
    return str(node[f"name_{lang}"] if isinstance(node, dict) else getattr(node, f"name_{lang}"))
