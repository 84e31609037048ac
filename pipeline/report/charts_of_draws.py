"""Charts of the draws: how often each rank, what drives the ranks, whether the draws suffice."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import PowerNorm

from pipeline.language import number
from pipeline.report.charts import LINE, n_unranked, ranked_rows
from pipeline.report.drawing import BLUE, INK, PALE, SCALE, SKY, Drawn, canvas
from pipeline.report.ranking import interval_note
from pipeline.report.reader import Reader
from pipeline.report.robust import drivers


def rank_strip(reader: Reader) -> Drawn | None:
    """How often each province took each rank in the draws; None without draws."""
    if not reader.has_intervals or not reader.has("distribution"):
        return None
    rows = ranked_rows(reader)
    place = {row["province_code"]: i for i, row in enumerate(rows)}
    shares = np.zeros((len(rows), len(rows)))
    for row in reader.rows("select * from distribution where edition = $edition"):
        if row["province_code"] in place and row["rank"] <= len(rows):
            shares[place[row["province_code"]], row["rank"] - 1] = row["share"] * 100
    figure, axes = canvas(7, LINE * len(rows) + 2)
    shown = np.where(shares > 0, shares, np.nan)
    mesh = axes.pcolormesh(shown, cmap=SCALE, norm=PowerNorm(0.5, vmin=0))
    axes.set_yticks(np.arange(len(rows)) + 0.5, [reader.province(row) for row in rows], fontsize=7)
    axes.invert_yaxis()
    ticks = np.arange(0, len(rows), max(1, len(rows) // 12))
    axes.set_xticks(ticks + 0.5, [str(tick + 1) for tick in ticks])
    axes.set_xlabel(reader.say("rank"))
    figure.colorbar(mesh, ax=axes, label=reader.say("chart_share"), shrink=0.3, aspect=30)
    first = shares.argmax(axis=0)[0]
    title = reader.say("chart_draws_title", name=reader.province(rows[int(first)]),
                       share=number(float(shares[first, 0]), reader.lang, 0))  # fmt: skip
    data: dict[str, list[Any]] = {reader.say("province"): [reader.province(row) for row in rows]}
    data |= {str(k + 1): shares[:, k].tolist() for k in range(len(rows))}
    return Drawn("draws", title, reader.say("chart_draws_alt"), figure, data, ("distribution",),
                 len(rows), n_unranked(reader), interval_note(reader))  # fmt: skip


def driver_bars(reader: Reader) -> Drawn | None:
    """First-order and total index of each factor, with their intervals; None without draws."""
    table = drivers(reader)
    if table is None or not table.rows:
        return None
    names = [str(row[0]) for row in table.rows]
    first, total = (np.array([row[k : k + 3] for row in table.rows], float) for k in (1, 4))
    figure, axes = canvas(7, 0.45 * len(names) + 1.6)
    places = np.arange(len(names))
    for shift, found, key, colour in (
        (-0.2, total, "total", BLUE),
        (0.2, first, "first_order", SKY),
    ):
        around = np.abs(found[:, 1:].T - found[:, 0])
        axes.barh(places + shift, found[:, 0], 0.38, color=colour, label=reader.say(key),
                  xerr=around, error_kw={"ecolor": INK, "elinewidth": 0.8})  # fmt: skip
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.6)
    axes.xaxis.set_major_formatter(lambda share, _: number(share, reader.lang, 1))
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    axes.legend(frameon=False, loc="lower right")
    title = reader.say("chart_drivers_title", factor=names[0],
                       share=number(100 * float(total[0, 0]), reader.lang, 0))  # fmt: skip
    data: dict[str, list[Any]] = {column.title: [row[k] for row in table.rows]
                                  for k, column in enumerate(table.columns)}  # fmt: skip
    return Drawn("drivers", title, reader.say("chart_drivers_alt"), figure, data, ("sensitivity",),
                 len(ranked_rows(reader)), n_unranked(reader))  # fmt: skip


def convergence(reader: Reader) -> Drawn | None:
    """Mean width of the intervals against the number of draws; None without draws."""
    if not reader.has_intervals or not reader.has("convergence"):
        return None
    rows = reader.rows("select * from convergence where edition = $edition order by n_draws")
    draws = [row["n_draws"] for row in rows]
    widths = [row["mean_width"] for row in rows]
    figure, axes = canvas(7, 2.8)
    axes.plot(draws, widths, color=BLUE, marker="o", markersize=3.5)
    axes.set_xscale("log")
    axes.set_xticks(draws, [number(n, reader.lang, 0) for n in draws], rotation=30)
    axes.minorticks_off()
    axes.set_ylim(0, max(widths) * 1.15)
    axes.set_xlabel(reader.say("chart_n_draws"))
    axes.set_ylabel(reader.say("chart_mean_width"))
    axes.grid(axis="y", color=PALE, linewidth=0.5)
    title = reader.say("chart_convergence_title", n=number(draws[-1], reader.lang, 0),
                       width=number(widths[-1], reader.lang, 1))  # fmt: skip
    data: dict[str, list[Any]] = {reader.say("chart_n_draws"): draws,
                                  reader.say("chart_mean_width"): widths,
                                  reader.say("chart_largest_gap"):
                                  [row["largest_gap"] for row in rows]}  # fmt: skip
    return Drawn("convergence", title, reader.say("chart_convergence_alt"), figure, data,
                 ("convergence",), len(ranked_rows(reader)), n_unranked(reader))  # fmt: skip
