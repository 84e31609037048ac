"""Two indices side by side: how far their ranks agree, who moves, and why the scores changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline import store
from pipeline.analyse.change import (
    PARTS,
    Editions,
    Walk,
    find_edition,
    index_rows,
    index_scores,
    refuse_schemes,
    split_change,
    twin_of,
    walk_editions,
)
from pipeline.analyse.page import Page, cell, table
from pipeline.faults import Faults
from pipeline.language import text
from pipeline.methods.analysis import compare
from pipeline.panel import published_spec
from pipeline.project import Project
from pipeline.run import Loaded, Report, compute, load
from pipeline.spec import Spec, check_sources_of, load_spec

Row = dict[str, Any]


def agreement(names: dict[str, Row], codes: list[str], a: np.ndarray, b: np.ndarray) -> Row:
    """How two sets of scores of the same provinces rank them.

    Args:
        names: `province_name_vi` and `province_name_en` by code.
        codes: the provinces.
        a, b: their scores, shape (n_provinces,), NaN without one.

    Returns:
        `n`, `spearman`, `kendall`, `mean_absolute_shift` (places), and `movers`: everyone who
        moved, the furthest first, with both ranks among the `n`.
    """
    found = compare(a, b, top=len(codes))
    movers = [
        {"province_code": codes[i], "name_vi": names[codes[i]]["province_name_vi"],
         "name_en": names[codes[i]]["province_name_en"], "rank_before": int(found.ranks_a[i]),
         "rank_after": int(found.ranks_b[i])}
        for i in found.largest_movers
        if i >= 0
    ]  # fmt: skip
    return {"n": found.n, "spearman": found.spearman, "kendall": found.kendall,
            "mean_absolute_shift": found.mean_absolute_shift, "movers": movers}  # fmt: skip


def change_rows(walk: Walk, before: dict[str, Row], after: dict[str, Row]) -> list[Row]:
    """One dict per row of a walk: scores before and after, the change and its parts.

    Args:
        walk: the way from one index to the other.
        before, after: names by code of the provinces at either end.
    """
    found = {"before": walk.before} | split_change(walk.before, walk.steps)
    rows = []
    for i, (old, new) in enumerate(zip(walk.codes_before, walk.codes_after, strict=True)):
        row: Row = {"code_before": old, "code_after": new}
        for lang in ("vi", "en"):
            ends = [before[old][f"province_name_{lang}"], after[new][f"province_name_{lang}"]]
            row[f"name_{lang}"] = " → ".join(dict.fromkeys(ends))
        rows.append(row | {key: values[i].item() for key, values in found.items()})
    return rows


class Side(NamedTuple):
    """An index to compare: a database with `scores`, and its editions by name."""

    con: Any
    editions: Editions


def compare_sides(before: Side, middle: Side, after: Side) -> list[Row]:
    """Two indices, for every edition both have: the same reference year and scheme.

    Args:
        before: one index.
        middle: its method on the data of the other.
        after: the other index.

    Returns:
        One dict per edition: `edition`, what `agreement` finds, and `change`, per province.

    Raises:
        Rejected: GEO-13, when editions of one name are on different provinces.
    """
    found = []
    for name, edition in before.editions.items():
        twin = find_edition(after.editions, edition["reference_year"], edition["scheme"])
        if twin is None:
            if after.editions.get(name, edition)["scheme"] != edition["scheme"]:
                refuse_schemes(before.editions, name, after.editions, name)
            continue
        ours, theirs = index_rows(before.con, name), index_rows(after.con, twin)
        codes = list(ours)
        a, b = index_scores(before.con, name, codes), index_scores(after.con, twin, codes)
        steps = [("revision", index_scores(middle.con, name, codes)), ("method", b)]
        walk = Walk(codes, codes, a, steps)
        row = {"edition": name} | agreement(ours, codes, a, b)
        found.append(row | {"change": change_rows(walk, ours, theirs)})
    return found


def compare_specs(project: Project, other: Path, report: Report) -> list[Row]:
    """The index of a project and another specification, on the same raw data.

    Args:
        project: the project.
        other: the other specification; relative to the project, or else to here.
        report: called at each stage.

    Returns:
        As `compare_sides`; all change is method.

    Raises:
        Rejected: with every fault of the raw data or of either specification.
    """
    faults = Faults()
    loaded = load(project, faults, report)
    path = _found(project, other)
    spec = load_spec(path, path.name, loaded.catalogue, faults, loaded.ref)
    if spec is not None:
        check_sources_of(spec, path.name, loaded.ingested.observed, loaded.ingested.refused,
                         loaded.catalogue, faults)  # fmt: skip
    faults.raise_if_any()
    assert spec is not None
    ours = _side(loaded, faults, report)
    theirs = _side(replace(loaded, spec=spec), faults, report)
    found = compare_sides(ours, ours, theirs)
    ours.con.close()
    theirs.con.close()
    return found


def compare_release(project: Project, folder: Path, report: Report) -> list[Row]:
    """An earlier release and the index as it is today.

    Between them stands the earlier specification on today's raw data, so that what the data did
    is told from what the method did.

    Args:
        project: the project.
        folder: the release, such as one kept in `outputs/releases/`; relative as above.
        report: called at each stage.

    Raises:
        Rejected: with every fault of the raw data or of today's specification.
    """
    con = store.open_release(_found(project, folder))
    spec = published_spec(con)
    faults = Faults()
    loaded = load(project, faults, report)
    middle, today = (_side(one, faults, report) for one in (replace(loaded, spec=spec), loaded))
    found = compare_sides(Side(con, editions_of(spec)), middle, today)
    for side in (con, middle.con, today.con):
        side.close()
    return found


def _found(project: Project, path: Path) -> Path:
    return project.root / path if (project.root / path).exists() else path


def _side(loaded: Loaded, faults: Faults, report: Report) -> Side:
    return Side(compute(loaded, faults, report, is_held=False), editions_of(loaded.spec))


def editions_of(spec: Spec) -> Editions:
    """The editions of a specification, by name."""
    return {one.edition: one.model_dump() for one in spec.editions}


def compare_editions(
    con: Any, editions: Editions, before: str, after: str, merger: dict[str, str]
) -> Row:
    """Two editions of one release; see `walk_editions`.

    Returns:
        `before`, `after`, and as `compare_sides`; between two schemes the ranks are compared on
        the provinces of today, and not at all (`n` is 0) when the two are of one year.
        `only_before`, `only_after`: indicators that entered one of the editions alone.
    """
    walk = walk_editions(con, editions, before, after, merger)
    ours, theirs = index_rows(con, before), index_rows(con, after)
    twin = str(twin_of(editions, before, after, set(ours) == set(merger)))
    meets_after = editions[twin]["scheme"] == editions[after]["scheme"]
    first, last = (twin, after) if meets_after else (before, twin)
    row: Row = {"edition": f"{before} → {after}", "before": before, "after": after, "n": 0}
    if first != last or before == after:
        codes = list(index_rows(con, last))
        scores = [index_scores(con, name, codes) for name in (first, last)]
        row |= agreement(index_rows(con, last), codes, *scores)
    return row | {
        "only_before": _entered_only(con, before, after),
        "only_after": _entered_only(con, after, before),
        "change": change_rows(walk, ours, theirs),
    }


def _entered_only(con: Any, edition: str, other: str) -> list[str]:
    """Indicators that entered an edition and not the other."""
    found = con.sql(
        "select distinct node from ranked where level = 'indicator' and is_entered "
        "and edition = $edition except select distinct node from ranked "
        "where level = 'indicator' and is_entered and edition = $other order by node",
        params={"edition": edition, "other": other},
    ).fetchall()
    return [node for (node,) in found]


def agreement_page(found: list[Row], title: str, n: int, lang: str) -> Page:
    """One row per edition: the coefficients, the mean shift, and the `n` largest movers."""
    rows = [
        [one["edition"], str(one["n"]), cell(one["spearman"], lang, 3),
         cell(one["kendall"], lang, 3), cell(one["mean_absolute_shift"], lang),
         movers_cell(one["movers"], n, lang)]
        for one in found
    ]  # fmt: skip
    return [title, table(lang, "edition n spearman kendall mean_shift movers", rows, (1, 2, 3, 4))]


def movers_cell(movers: list[Row], n: int, lang: str) -> str:
    """The largest movers with both ranks."""
    listed = (f"{m[f'name_{lang}']} {m['rank_before']} → {m['rank_after']}" for m in movers[:n])
    return ", ".join(listed) or text("nobody", lang)


def change_page(rows: list[Row], n: int | None, lang: str) -> Page:
    """The change of every province, the largest first, and what each part means."""
    order = sorted(rows, key=lambda row: -abs(np.nan_to_num(row["change"])))
    cells = [
        [row[f"name_{lang}"], cell(row["before"], lang), cell(row["after"], lang),
         *(cell(row[key], lang, signed=True) for key in ("change", *PARTS))]
        for row in order[:n]
    ]  # fmt: skip
    heads = "province before after change territory revision method performance"
    return [table(lang, heads, cells, range(1, 8)), text("change_rule", lang)]


def edition_remarks(found: Row, spec: Row, lang: str) -> list[str]:
    """What a reader of two editions must know: they may rest on other indicators or scales."""
    names = {item["code"]: item[f"name_{lang}"] for item in spec["indicators"]}
    remarks = []
    for key, edition in (("only_before", found["before"]), ("only_after", found["after"])):
        if found[key]:
            listed = "; ".join(names[code] for code in found[key])
            remarks.append(text("editions_differ", lang, edition=edition, listed=listed))
    if spec["settings"]["normalise"]["panel"] == "edition":
        remarks.append(text("editions_apart", lang))
    return remarks
