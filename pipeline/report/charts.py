"""Charts of the scores: the ranking, pillars, sub-indices and regions."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.alphabet import alphabet_key
from pipeline.report.drawing import (
    BLUE,
    PALE,
    QUIET,
    SCALE,
    SKY,
    VERMILION,
    Drawn,
    canvas,
    place_labels,
    wrapped,
)
from pipeline.report.findings import points
from pipeline.report.ranking import interval_note, score_column
from pipeline.report.reader import Reader, Row

LINE = 0.165  # inches that a province needs in a list
NAMED = 10  # provinces named in a chart of all


def ranked_rows(reader: Reader) -> list[Row]:
    """The ranked provinces, best first."""
    return [row for row in reader.index if row["rank"] is not None]


def n_unranked(reader: Reader) -> int:
    """How many provinces have no rank."""
    return len(reader.index) - len(ranked_rows(reader))


def ranking_dots(reader: Reader) -> Drawn:
    """Every ranked province as a dot on the scale of the score, with its interval if there is."""
    rows = ranked_rows(reader)
    names = [f"{reader.province(row)}  {row['rank']}" for row in rows]
    scores = [row["score"] for row in rows]
    at = range(len(rows))
    figure, axes = canvas(7, LINE * len(rows) + 1.4)
    data: dict[str, list[Any]] = {
        reader.say("rank"): [row["rank"] for row in rows],
        reader.say("province"): [reader.province(row) for row in rows],
        reader.say("score"): scores,
    }
    if reader.has_intervals:
        ends = [[row[key] for row in rows] for key in ("score_low", "score_high")]
        axes.hlines(at, *ends, color=SKY, linewidth=2.5)
        data |= {reader.say("score_low"): ends[0], reader.say("score_high"): ends[1]}
    else:
        axes.hlines(at, 0, scores, color=PALE, linewidth=0.8)
    axes.scatter(scores, at, color=BLUE, s=16, zorder=3)
    middle = float(np.median(scores))
    axes.axvline(middle, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    label = reader.say("chart_median", median=points(reader, middle))
    axes.text(middle, -1.2, label, ha="center", va="bottom", fontsize=7, color=QUIET)
    axes.set_yticks(at, names, fontsize=7)
    axes.set_ylim(len(rows) - 0.4, -1.4)
    axes.set_xlabel(score_column(reader).title)
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    first = [reader.province(row) for row in rows if row["rank"] == 1]
    title = reader.say("chart_ranking_title", names=", ".join(first),
                       score=points(reader, scores[0]), middle=points(reader, middle))  # fmt: skip
    alt = reader.say("chart_ranking_alt", n=len(rows))
    return Drawn("ranking", title, alt, figure, data, ("scores",), len(rows), n_unranked(reader),
                 interval_note(reader))  # fmt: skip


def pillar_heat(reader: Reader) -> Drawn:
    """Scores of every node above the indicators as colours, provinces in the order of rank."""
    codes = [code for code in reader.levels if _has_scores(reader, code)]
    rows = reader.index
    grid = score_grid(reader, codes)
    figure, axes = canvas(7, LINE * len(rows) + 2.2)
    axes.set_facecolor("#ffffff")
    mesh = axes.pcolormesh(grid, cmap=SCALE, vmin=0, vmax=100, edgecolors="white", linewidth=0.4)
    axes.set_yticks(np.arange(len(rows)) + 0.5, [reader.province(row) for row in rows], fontsize=7)
    axes.invert_yaxis()
    axes.set_xticks(np.arange(len(codes)) + 0.5, [wrapped(reader.node(c), 14) for c in codes],
                    fontsize=7)  # fmt: skip
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    figure.colorbar(mesh, ax=axes, label=reader.say("points"), shrink=0.3, aspect=30)
    found = {code: _highest(reader, code) for code in codes[1:]}
    wins = [name for names in found.values() if len(names) == 1 for name in names]
    best = max(dict.fromkeys(wins), key=wins.count, default="")
    key = "chart_pillars_title" if best else "chart_pillars_title_shared"
    title = reader.say(key, name=best, n=wins.count(best), of=len(found))
    data: dict[str, list[Any]] = {reader.say("province"): [reader.province(row) for row in rows]}
    data |= {reader.node(code): _listed(grid[:, j]) for j, code in enumerate(codes)}
    return Drawn("pillars", title, reader.say("chart_pillars_alt"), figure, data, ("scores",),
                 len(rows), int(np.isnan(grid).any(axis=1).sum()))  # fmt: skip


def score_grid(reader: Reader, codes: list[str]) -> np.ndarray:
    """Scores, shape (n_provinces, n_codes), in the order of the index, NaN where missing."""
    found = {(row["province_code"], row["node"]): row["score"] for row in reader.rows(
        "select * from scores where edition = $edition and score is not null")}  # fmt: skip
    return np.array([[found.get((row["province_code"], code), np.nan) for code in codes]
                     for row in reader.index], dtype=float)  # fmt: skip


def _listed(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]


def _has_scores(reader: Reader, code: str) -> bool:
    ((n,),) = reader.con.execute(
        "select count(score) from scores where edition = $1 and node = $2", [reader.edition, code]
    ).fetchall()
    return bool(n)


def _highest(reader: Reader, code: str) -> list[str]:
    rows = reader.rows("select * from scores where edition = $edition and node = $node "
                       "and rank = 1", node=code)  # fmt: skip
    return [reader.province(row) for row in rows]


def input_output(reader: Reader) -> Drawn | None:
    """The first two sub-indices against each other; None where the tree has no two."""
    codes = [code for code in reader.levels
             if reader.release.nodes[code]["level"] == "sub_index"][:2]  # fmt: skip
    if len(codes) < 2:
        return None
    grid = score_grid(reader, codes)
    both = np.isfinite(grid).all(axis=1)
    if not both.any():
        return None
    figure, axes = canvas(7, 6.4)
    axes.axline((0, 0), slope=1, color=QUIET, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.scatter(grid[both, 0], grid[both, 1], color=BLUE, s=22, alpha=0.85, linewidth=0)
    order = np.flatnonzero(both)
    away = np.abs(grid[order, 0] - grid[order, 1])
    named = {*order[:NAMED].tolist(), *order[np.argsort(-away, kind="stable")[:6]].tolist()}
    place_labels(axes, [(float(grid[i, 0]), float(grid[i, 1])) for i in sorted(named)],
                 [reader.province(reader.index[i]) for i in sorted(named)])  # fmt: skip
    for set_label, code in ((axes.set_xlabel, codes[0]), (axes.set_ylabel, codes[1])):
        set_label(f"{reader.node(code)} ({reader.say('points')})")
    axes.set_xlim(-2, 102)
    axes.set_ylim(-2, 102)
    axes.grid(color=PALE, linewidth=0.5)
    above = int((grid[both, 1] > grid[both, 0]).sum())
    title = reader.say("chart_scatter_title", n=above, of=int(both.sum()),
                       first=reader.node(codes[0]), second=reader.node(codes[1]))  # fmt: skip
    data: dict[str, list[Any]] = {
        reader.say("province"): [reader.province(row) for row in reader.index]
    }
    data |= {reader.node(code): _listed(grid[:, j]) for j, code in enumerate(codes)}
    return Drawn("scatter", title, reader.say("chart_scatter_alt"), figure, data, ("scores",),
                 int(both.sum()), int((~both).sum()))  # fmt: skip


def region_boxes(reader: Reader) -> Drawn:
    """The scores of each region as a box, every province as a dot on it."""
    rows = ranked_rows(reader)
    groups: dict[str, list[float]] = {}
    for row in rows:
        groups.setdefault(row[f"region_{reader.lang}"], []).append(row["score"])
    order = sorted(groups, key=lambda name: (-np.median(groups[name]), alphabet_key(name)))
    figure, axes = canvas(7, 0.55 * len(order) + 1.6)
    axes.boxplot([groups[name] for name in order], orientation="horizontal", widths=0.5,
                 showfliers=False, medianprops={"color": VERMILION, "linewidth": 1.6},
                 boxprops={"color": QUIET}, whiskerprops={"color": QUIET},
                 capprops={"color": QUIET})  # fmt: skip
    for i, name in enumerate(order, start=1):
        axes.scatter(groups[name], [i] * len(groups[name]), color=BLUE, s=12, alpha=0.7, zorder=3)
    labels = [f"{wrapped(name, 24)}\n(n = {len(groups[name])})" for name in order]
    axes.set_yticks(range(1, len(order) + 1), labels)
    axes.invert_yaxis()
    axes.set_xlabel(score_column(reader).title)
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    title = reader.say("chart_regions_title", best=order[0], worst=order[-1],
                       high=points(reader, float(np.median(groups[order[0]]))),
                       low=points(reader, float(np.median(groups[order[-1]]))))  # fmt: skip
    data = {reader.say("region"): [row[f"region_{reader.lang}"] for row in rows],
            reader.say("province"): [reader.province(row) for row in rows],
            reader.say("score"): [row["score"] for row in rows]}  # fmt: skip
    return Drawn("regions", title, reader.say("chart_regions_alt"), figure, data, ("scores",),
                 len(rows), n_unranked(reader))  # fmt: skip
