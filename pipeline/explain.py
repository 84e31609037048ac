"""Explain a published number: from the score down to file, sheet, row, column, hash and address."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline import store
from pipeline.escape import visible
from pipeline.explain_imputed import givers, imputed_words
from pipeline.faults import shown
from pipeline.language import figure, handling, number, reason, status, text


class Release:
    """A published release, read once: the tables that an explanation walks through."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        whole = json.loads((folder / "spec.json").read_text("utf-8"))
        self.spec: dict[str, Any] = whole["index"]
        self.variables: dict[str, Any] = whole["variables"]
        con = store.open_release(folder)
        self.ranked = _rows(con, "ranked", "edition", "province_code", "node")
        self.harmonised = _rows(con, "harmonised", "edition", "province_code", "variable", "year")
        self.parts: dict[tuple[str, str, str], set[str]] = {}
        for (edition, province, variable, _), row in self.harmonised.items():
            self.parts.setdefault((edition, province, variable), set()).add(row["parts"])
        self.merged = {edition for (edition, *_), parts in self.parts.items()
                       if any("+" in text for text in parts)}  # fmt: skip
        self.sources = _rows(con, "sources", "source_id")
        self.names = _rows(con, "scores", "edition", "province_code", "node")
        self.observed: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in con.sql("select * from observed").to_arrow_table().to_pylist():
            key = (row["scheme"], row["province_code"], row["variable"])
            self.observed.setdefault(key, []).append(row)
        con.close()
        self.editions = {e["edition"]: e for e in self.spec["editions"]}
        self.nodes = {n["code"]: n for n in self.spec["nodes"] + self.spec["indicators"]}
        self.root = next(n["code"] for n in self.spec["nodes"] if n["parent"] is None)
        self.ranks: dict[tuple[str, str], int] = {}
        for (edition, _, node), row in self.ranked.items():
            self.ranks[edition, node] = self.ranks.get((edition, node), 0) + row["is_ranked"]

    def formers(self, scheme: str) -> list[str]:
        """The scheme whose units were merged into those of `scheme`; none if nothing was."""
        if not any(self.editions[edition]["scheme"] == scheme for edition in self.merged):
            return []
        return sorted({own for own, _, _ in self.observed} - {scheme})


def _rows(con: Any, table: str, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = con.sql(f"select * from {table}").to_arrow_table().to_pylist()
    return {tuple(row[name] for name in key): row for row in rows}


def explain(release: Release, province: str, node: str, edition: str) -> dict[str, Any]:
    """The tree under a node, down to the cells of the raw files.

    Args:
        release: the published release.
        province: a province code of the edition's scheme.
        node: a node or an indicator.
        edition: an edition of the release.

    Returns:
        A dict with the score, rank, weight and contribution of the node and, under `children`,
        the same for each node below; an indicator has `value`, `data_year`, `obs_status` and, under
        `inputs`, each figure it was made of with `file`, `locator`, `sha256` and `url`.

    Raises:
        KeyError: when the release has no such edition, province or node.
    """
    row = release.ranked[edition, province, node]
    declared = release.nodes[node]
    names = release.names[edition, province, release.root]
    entry: dict[str, Any] = {
        "edition": edition,
        "province_code": province,
        "province_name_vi": names["province_name_vi"],
        "province_name_en": names["province_name_en"],
        "node": node,
        "level": row["level"],
        "name_vi": declared["name_vi"],
        "name_en": declared["name_en"],
        "unit_vi": declared.get("unit_vi"),
        "unit_en": declared.get("unit_en"),
        "score": row["score"],
        "rank": row["rank"],
        "n_ranked": release.ranks[edition, node],
        "coverage": row["coverage"],
        "imputed_share": row["imputed_share"],
        "weight_in_parent": row["weight_in_parent"],
        "reason": row["reason"],
    }
    if row["level"] == "indicator":
        return entry | _leaf(release, row, declared, edition)
    children = [code for code, item in release.nodes.items() if item.get("parent") == node]
    entry["children"] = [explain(release, province, child, edition) for child in children]
    return entry


def _leaf(
    release: Release, row: dict[str, Any], declared: dict[str, Any], edition: str
) -> dict[str, Any]:
    kept = [
        "value", "data_year", "age", "obs_status", "is_imputed", "imputed_value", "impute_method",
        "impute_note", "treated_value", "is_treated", "treatment", "is_entered", "contribution",
        "implied_score", "value_reason",
    ]  # fmt: skip
    entry = {name: row[name] for name in kept}
    entry["indicator_coverage"] = row["indicator_coverage"]
    entry["imputed_from"] = givers(release, row)
    roles = [("numerator", declared["numerator"], row["data_year"])]
    if declared["denominator"] is not None:
        roles.append(("denominator", declared["denominator"], row["data_year"]))
    if declared["kind"] == "growth" and row["data_year"] is not None:
        roles.append(("base", declared["numerator"], row["data_year"] - declared["span"]))
    entry["inputs"] = []
    for role, variable, year in roles:
        found = _input(release, role, variable, year, row["province_code"], edition)
        entry["inputs"].append(found)
        weight = release.variables[variable]["merge_weight"]
        if found["merge_rule"] == "weighted_mean" and weight is not None:
            entry["inputs"].append(
                _input(release, "weight", weight, year, row["province_code"], edition)
            )
    return entry


def _input(
    release: Release, role: str, variable: str, year: int | None, province: str, edition: str
) -> dict[str, Any]:
    """One variable behind an indicator: its harmonised value and the cells it came from."""
    scheme = release.editions[edition]["scheme"]
    limit = release.editions[edition]["reference_year"]
    harmonised = release.harmonised.get((edition, province, variable, year))
    entry: dict[str, Any] = {"role": role, "variable": variable, "year": year}
    found: list[dict[str, Any]] = []
    if harmonised is not None:
        entry |= {k: harmonised[k] for k in ("value", "merge_rule", "parts", "obs_status")}
        found = list(_cells(release, scheme, province, harmonised["parts"], variable, year))
    else:  # nothing usable: show what there is, so that the reason can be checked
        entry |= {"value": None, "merge_rule": "none", "parts": province, "obs_status": "M"}
        for part in sorted(release.parts.get((edition, province, variable), {province})):
            cells = _cells(release, scheme, province, part, variable, None, any_year=True)
            found += _newest(c for c in cells if c["year"] is None or c["year"] <= limit)
    entry["cells"] = found
    return entry


def _newest(cells: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The newest dated cell of each province, and every undated one."""
    kept: list[dict[str, Any]] = []
    newest: dict[str, dict[str, Any]] = {}
    for cell in cells:
        if cell["year"] is None:
            kept.append(cell)
        elif cell["year"] >= newest.get(cell["province_code"], cell)["year"]:
            newest[cell["province_code"]] = cell
    return [*newest.values(), *kept]


def _cells(
    release: Release, scheme: str, province: str, parts: str, variable: str, year: int | None,
    any_year: bool = False,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """The raw cells of a variable: of the province itself, else of the parts it was made of."""
    own = [row for row in release.observed.get((scheme, province, variable), ())
           if any_year or row["year"] == year]  # fmt: skip
    keys = [(scheme, province, variable)]
    if not own:
        keys = [(former, code, variable) for former in release.formers(scheme)
                for code in parts.split("+")]  # fmt: skip
    for key in keys:
        for row in release.observed.get(key, ()):
            if not any_year and row["year"] != year:
                continue
            (card,) = [release.sources[(row["source_id"],)]]
            yield {
                "province_code": row["province_code"],
                "scheme": row["scheme"],
                "year": row["year"],
                "value": row["value"],
                "raw": row["raw"],
                "correction": row["correction"],
                "name_raw": row["name_raw"],
                "handling": row["handling"],
                "qualifier": row["qualifier"],
                "obs_status": row["obs_status"],
                "source_id": row["source_id"],
                "file": card["file"],
                "locator": row["locator"],
                "sha256": card["sha256"],
                "title": card["title"],
                "url": row["origin"] or card["url"],
                "proof_status": card["proof_status"],
            }


def as_tree(entry: dict[str, Any], lang: str) -> Any:
    """An explanation as a `rich` tree for the terminal."""
    from rich.tree import Tree

    tree = Tree(_headline(entry, lang), guide_style="dim")
    _grow(tree, entry, lang)
    return tree


def _grow(tree: Any, entry: dict[str, Any], lang: str) -> None:
    for child in entry.get("children", ()):
        _grow(tree.add(_headline(child, lang)), child, lang)
    for item in entry.get("inputs", ()):
        year = "" if item["year"] is None else f" {item['year']}"
        value = "–" if item["value"] is None else figure(item["value"], lang)
        merged = f"  = {item['parts']}" if item["merge_rule"] != "none" else ""
        branch = tree.add(_plain(f"{item['variable']}{year} = {value}{merged}"))
        for cell in item["cells"]:
            when = "" if item["year"] is not None or cell["year"] is None else f" ({cell['year']})"
            branch.add(_plain(*_cell_words(cell, when, lang)))
        if not item["cells"]:
            branch.add(_plain(text("no_source_row", lang)))


def _cell_words(cell: dict[str, Any], when: str, lang: str) -> list[str]:
    """A raw cell: where it is, what it says, how it was corrected, whose file it is."""
    lines = [f"{cell['file']}  {cell['locator']}  «{cell['raw']}»{when}"]
    if cell["correction"] is not None:
        value = "–" if cell["value"] is None else figure(cell["value"], lang)
        lines.append(text("corrected_to", lang, value=value, why=cell["correction"]))
    if cell["proof_status"] == "unproven":
        lines.append(text("unproven", lang))
    if cell["handling"] is not None:
        words = handling(cell["handling"], lang)
        lines.append(text("handled", lang, name=shown(cell["name_raw"]), what=words))
    return [*lines, cell["title"], f"sha256 {cell['sha256'][:16]}…  {cell['url']}"]


def _headline(entry: dict[str, Any], lang: str) -> Any:
    parts = [entry[f"name_{lang}"]]
    if entry["level"] == "index":
        parts.append(f"{entry[f'province_name_{lang}']}, {entry['edition']}")
    if entry["score"] is not None:
        parts.append(text("score", lang, score=number(entry["score"], lang)))
        if entry["rank"] is not None:
            parts.append(text("rank_of", lang, rank=entry["rank"], n=entry["n_ranked"]))
    elif entry["reason"] is not None:
        parts.append(text("not_ranked", lang, reason=reason(entry["reason"], lang)))
    if entry["level"] == "indicator":
        parts += _leaf_words(entry, lang)
    elif entry["imputed_share"] > 0:
        share = number(entry["imputed_share"] * 100, lang, 1)
        parts.append(text("imputed_share", lang, share=share))
    return _plain(" · ".join(parts))


def _leaf_words(entry: dict[str, Any], lang: str) -> list[str]:
    words = []
    if entry["is_imputed"]:
        words.append(imputed_words(entry, lang))
    elif entry["value"] is None:
        words.append(text("missing_because", lang, reason=reason(entry["value_reason"], lang)))
        if entry["impute_note"] is not None:
            words.append(text("not_imputed", lang, reason=reason(entry["impute_note"], lang)))
        return words
    else:
        value = figure(entry["value"], lang)
        words.append(f"{value} {entry[f'unit_{lang}']} ({entry['data_year']})")
        if entry["obs_status"] != "A":
            words.append(status(entry["obs_status"], lang))
    if entry["is_treated"]:
        before, after = (figure(entry[k], lang) for k in ("imputed_value", "treated_value"))
        words.append(text("treated_from", lang, how=entry["treatment"], before=before, after=after))
    if entry["contribution"] is not None:
        words.append(text("contribution", lang, points=number(entry["contribution"], lang)))
    return words


def _plain(*lines: str) -> Any:
    """Lines that are never read as markup or control: names and raw cells come from outside."""
    from rich.text import Text

    return Text("\n".join(map(visible, lines)))
