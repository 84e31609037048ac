"""Charts of what the ranking rests on: what is missing, the editions before."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap

from pipeline.language import catalogue, number
from pipeline.report.charts import (
    LINE,
    NAMED,
    input_output,
    pillar_heat,
    ranked_rows,
    ranking_dots,
    region_boxes,
)
from pipeline.report.charts_of_draws import convergence, driver_bars, rank_strip
from pipeline.report.drawing import (
    BLUE,
    GREEN,
    ORANGE,
    PALE,
    PURPLE,
    SKY,
    VERMILION,
    Drawn,
    canvas,
    wrapped,
)
from pipeline.report.reader import Reader

STATUS_COLOURS = {"A": BLUE, "P": SKY, "E": GREEN, "C": ORANGE, "I": PURPLE, "M": "#e9ecef"}
LINES = [BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY]


def missing_map(reader: Reader) -> Drawn:
    """What each province has of every declared indicator: the status of its figure as a colour."""
    codes = [item["code"] for item in reader.spec["indicators"]]
    kinds = list(STATUS_COLOURS)
    held: dict[tuple[str, str], str] = {}
    for row in reader.rows("select * from indicators where edition = $edition"):
        status = "I" if row["is_imputed"] else row["obs_status"]
        held[row["province_code"], row["indicator"]] = status
    names = reader.names
    grid = np.array([[kinds.index(held[code, item]) for item in codes] for code in names])
    figure, axes = canvas(7, LINE * len(names) + 3.4)
    colours = ListedColormap(list(STATUS_COLOURS.values()))
    norm = BoundaryNorm(np.arange(len(kinds) + 1) - 0.5, len(kinds))
    axes.pcolormesh(grid, cmap=colours, norm=norm, edgecolors="white", linewidth=0.6)
    axes.set_yticks(np.arange(len(names)) + 0.5, list(names.values()), fontsize=7)
    axes.invert_yaxis()
    axes.set_xticks(np.arange(len(codes)) + 0.5, [wrapped(reader.node(c), 30) for c in codes],
                    fontsize=6, rotation=90)  # fmt: skip
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    seen = [k for k in range(len(kinds)) if (grid == k).any()]
    words = catalogue()["statuses"]
    for k in seen:
        axes.scatter([], [], marker="s", s=40, color=STATUS_COLOURS[kinds[k]],
                     label=f"{kinds[k]}: {words[kinds[k]][reader.lang]}")  # fmt: skip
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.005), ncols=3, frameon=False)
    empty = int((grid == kinds.index("M")).sum())
    share = number(100 * empty / grid.size, reader.lang, 0)
    none = sum(bool((grid[:, j] == kinds.index("M")).all()) for j in range(len(codes)))
    title = reader.say("chart_missing_title", share=share, none=none, of=len(codes))
    data = {reader.say("province"): list(names.values())}
    data |= {reader.node(c): [kinds[k] for k in grid[:, j]] for j, c in enumerate(codes)}
    return Drawn("missing", title, reader.say("chart_missing_alt"), figure, data, ("indicators",),
                 len(names))  # fmt: skip


def bump(reader: Reader) -> Drawn | None:
    """Ranks over the editions of the same provinces; None where there is only one."""
    editions = sorted((e for e in reader.spec["editions"] if e["scheme"] == reader.scheme),
                      key=lambda e: e["reference_year"])  # fmt: skip
    names = [edition["edition"] for edition in editions]
    ranks: dict[str, dict[str, int]] = {code: {} for code in reader.names}
    for row in reader.rows("select * from scores where level = 'index' and scheme = $scheme "
                           "and rank is not null", scheme=reader.scheme):  # fmt: skip
        if row["edition"] in names:
            ranks[row["province_code"]][row["edition"]] = row["rank"]
    names = [name for name in names if any(name in held for held in ranks.values())]
    if len(names) < 2:
        return None
    last = names[-1]
    leading = sorted((code for code in ranks if last in ranks[code]),
                     key=lambda code: ranks[code][last])[:NAMED]  # fmt: skip
    figure, axes = canvas(7, LINE * len(ranks) * 0.75 + 2)
    for code, held in ranks.items():
        known = [(i, held[name]) for i, name in enumerate(names) if name in held]
        if code not in leading:
            axes.plot(*zip(*known, strict=True), color=PALE, marker="o", markersize=2, zorder=1,
                      linewidth=0.8)  # fmt: skip
            continue
        turn, k = divmod(leading.index(code), len(LINES))
        axes.plot(*zip(*known, strict=True), color=LINES[k], marker="o", markersize=4, zorder=3,
                  linewidth=1.8, linestyle="--" if turn else "-")  # fmt: skip
        if last in held:
            axes.annotate(f"{held[last]}  {reader.names[code]}", (len(names) - 1, held[last]),
                          xytext=(7, 0), textcoords="offset points", va="center",
                          fontsize=7)  # fmt: skip
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.2, len(names) - 0.2 + 0.9)
    axes.invert_yaxis()
    axes.set_yticks([1, *range(10, len(ranks) + 1, 10)])
    axes.set_ylabel(reader.say("rank"))
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    first, before = leading[0], names[-2]
    move = max((abs(held[last] - held[before]), code) for code, held in ranks.items()
               if last in held and before in held)  # fmt: skip
    title = reader.say("chart_bump_title", name=reader.names[move[1]], edition=last, before=before,
                       was=ranks[move[1]][before], rank=ranks[move[1]][last],
                       first=reader.names[first])  # fmt: skip
    data: dict[str, list[Any]] = {reader.say("province"): list(reader.names.values())}
    data |= {name: [ranks[code].get(name) for code in reader.names] for name in names}
    return Drawn("bump", title, reader.say("chart_bump_alt", n=len(leading)), figure, data,
                 ("scores",), len(ranks), 0, _entered_differ(reader, names))  # fmt: skip


def _entered_differ(reader: Reader, names: list[str]) -> str:
    """A remark where the editions rest on different indicators."""
    sets: dict[str, set[str]] = {name: set() for name in names}
    for row in reader.rows("select edition, indicator from indicators where is_entered "
                           "group by edition, indicator"):  # fmt: skip
        if row["edition"] in sets:
            sets[row["edition"]].add(row["indicator"])
    differ = any(sets[a] != sets[b] for a, b in pairwise(names))
    return reader.say("chart_bump_differ") if differ else ""


def all_charts(reader: Reader) -> list[Drawn]:
    """Every chart that the release has the numbers for."""
    if not ranked_rows(reader):
        return [missing_map(reader)]
    found = [ranking_dots(reader), pillar_heat(reader), input_output(reader),
             region_boxes(reader), rank_strip(reader), driver_bars(reader),
             convergence(reader), bump(reader), missing_map(reader)]  # fmt: skip
    return [drawn for drawn in found if drawn is not None]
