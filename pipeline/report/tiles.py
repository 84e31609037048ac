"""A map of tiles, one of equal size for each province, roughly where it lies.

The islands of Hoàng Sa and Trường Sa stand as marked tiles in the colour of the province they
belong to. No boundary data is needed, and a small province is seen as well as a large one.
"""

from __future__ import annotations

import csv
import textwrap
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.patches import Rectangle

from pipeline.language import number
from pipeline.report.charts import ranked_rows
from pipeline.report.drawing import PALE, QUIET, SCALE, Drawn, canvas, contrast_with
from pipeline.report.reader import Reader, Row

WIDE, HIGH = 1.0, 0.56  # inches of a tile


def load_tiles(folder: Path, scheme: str) -> list[Row]:
    """The tiles of a scheme.

    Args:
        folder: the reference tables, with `tiles.csv`.
        scheme: `63` or `34`.

    Returns:
        Dicts with `province_code`, `islands` (their name, empty for the province itself), `row`
        and `column` from the north-west corner; empty without the file.
    """
    path = folder / "tiles.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["scheme"] == scheme]
    return [row | {"row": int(row["row"]), "column": int(row["column"])} for row in rows]


def tile_map(reader: Reader, tiles: list[Row]) -> Drawn | None:
    """The scores of the index on tiles; None when a province of the edition has no tile."""
    of = {row["province_code"]: row for row in reader.index}
    drawn = [tile for tile in tiles if tile["province_code"] in of]
    if not of.keys() <= {tile["province_code"] for tile in drawn if not tile["islands"]}:
        return None
    n_rows = max(tile["row"] for tile in drawn) + 1
    n_columns = max(tile["column"] for tile in drawn) + 1
    figure, axes = canvas(max(6.4, WIDE * n_columns), HIGH * n_rows + 1.6)
    colours = mpl.colormaps[SCALE]
    scale = mpl.colors.Normalize(0, 100)
    for tile in drawn:
        _draw_tile(axes, reader, tile, of[tile["province_code"]], colours, scale)
    axes.set_xlim(-0.05, n_columns + 0.05)
    axes.set_ylim(n_rows + 0.05, -0.05)
    axes.axis("off")
    bar = mpl.cm.ScalarMappable(scale, colours)
    figure.colorbar(bar, ax=axes, label=reader.say("points"), shrink=0.25, aspect=25, anchor=(0, 1))
    title, data, n = map_words(reader)
    return Drawn("map", title, reader.say("chart_map_alt"), figure, data, ("scores",), n,
                 len(reader.index) - n, reader.say("chart_map_remark"))  # fmt: skip


def map_words(reader: Reader) -> tuple[str, dict[str, list[Any]], int]:
    """What every map of the index says: its title, its numbers, how many provinces have a score."""
    rows = ranked_rows(reader)
    third = [row for row in rows if row["rank"] * 3 <= len(rows)] or rows[:1]
    regions = [row[f"region_{reader.lang}"] for row in third]
    most = max(dict.fromkeys(regions), key=regions.count)
    title = reader.say("chart_map_title", region=most, n=regions.count(most), of=len(third))
    data = {reader.say("province"): [reader.province(row) for row in reader.index],
            reader.say("score"): [row["score"] for row in reader.index],
            reader.say("rank"): [row["rank"] for row in reader.index]}  # fmt: skip
    return title, data, len(rows)


def _draw_tile(axes: Any, reader: Reader, tile: Row, row: Row, colours: Any, scale: Any) -> None:
    """A tile with name and score; hatched where the province has no score."""
    x, y, islands = tile["column"], tile["row"], tile["islands"]
    score = row["score"]
    face = "white" if score is None else colours(scale(score))
    axes.add_patch(Rectangle((x + 0.02, y + 0.03), 0.96, 0.94, facecolor=face,
                             edgecolor=QUIET if score is None or islands else "white",
                             hatch="////" if score is None else None,
                             linestyle="--" if islands else "-",
                             linewidth=1 if islands else 0.5))  # fmt: skip
    ink = "black" if score is None else contrast_with(face)
    name = reader.province(row)
    lines = textwrap.wrap(name, 13)
    if islands:
        lines = [islands, f"({name})"]
    else:
        lines.append("–" if score is None else number(score, reader.lang, 1))
    box = {"facecolor": "white", "edgecolor": PALE, "pad": 1} if score is None else None
    axes.text(x + 0.5, y + 0.5, "\n".join(lines), ha="center", va="center", color=ink,
              fontsize=6.5, linespacing=1.15, bbox=box)  # fmt: skip
