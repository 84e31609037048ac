"""The scores on the boundaries that a user brings, in an equal-area projection."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from pipeline.report.boundaries import ISLANDS, Boundaries, Ring
from pipeline.report.drawing import INK, QUIET, SCALE, Drawn, canvas
from pipeline.report.reader import Reader
from pipeline.report.tiles import map_words

# Of each group of islands: its name, the degrees it lies in (west, south, east, north) and where
# the square stands that marks it where a file leaves it out.
PLACES = {
    "hoang sa": ("Hoàng Sa", (110.8, 15.4, 113.2, 17.4), (112.0, 16.4)),
    "truong sa": ("Trường Sa", (111.0, 6.2, 117.9, 12.2), (114.0, 9.6)),
}
WIDE, HIGH = 7.0, 8.6  # inches at most
SQUARE = 0.014  # the side of a square that marks islands, in radians
DRAWN = 1 / 3  # points: what lies closer together is one corner
FEW = 6  # corners of what is too small to have a shape


def project(degrees: np.ndarray, middle: float) -> np.ndarray:
    """Lambert's cylindrical equal-area projection.

    Args:
        degrees: shape (n, 2), longitude and latitude.
        middle: the latitude, in degrees, on which shapes are true.

    Returns:
        Shape (n, 2), radians of the sphere: equal areas stay equal.

    Source:
        Snyder (1987), Map Projections: A Working Manual, doi:10.3133/pp1395, p. 76
    """
    across, up = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    true = np.cos(np.radians(middle))
    return np.column_stack([across * true, np.sin(up) / true])


def choropleth(reader: Reader, boundaries: Boundaries | None) -> Drawn | None:
    """The scores of the index on the boundaries; None without boundaries or a ranked province."""
    if boundaries is None or reader.index[0]["rank"] is None:
        return None
    of = {row["province_code"]: row for row in reader.index}
    rings = np.concatenate([r for shape in boundaries.polygons.values() for p in shape for r in p])
    middle = float((rings[:, 1].min() + rings[:, 1].max()) / 2)
    lacking = [key for key, code in ISLANDS.items()
               if code in of and not _draws(boundaries.polygons[code], key)]  # fmt: skip
    spots = np.array([PLACES[key][2] for key in lacking]).reshape(-1, 2)
    corners = project(np.concatenate([rings, spots + 1, spots - 1]), middle)
    low, high = corners.min(axis=0), corners.max(axis=0)
    tall = min(HIGH, WIDE * 0.85 * float((high - low)[1] / (high - low)[0]))
    figure, axes = canvas(WIDE, tall + 1.2)
    step = float((high - low)[1]) / (tall * 72) * DRAWN
    scale, colours = mpl.colors.Normalize(0, 100), mpl.colormaps[SCALE]
    for code in sorted(of):
        look = _look(of[code]["score"], colours, scale)
        axes.add_patch(PathPatch(_outline(boundaries.polygons[code], middle, step), **look))
    for key, spot in zip(lacking, project(spots, middle), strict=True):
        look = _look(of[ISLANDS[key]]["score"], colours, scale)
        _mark_islands(axes, PLACES[key][0], reader.province(of[ISLANDS[key]]), spot, look)
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.axis("off")
    bar = mpl.cm.ScalarMappable(scale, colours)
    figure.colorbar(bar, ax=axes, label=reader.say("points"), shrink=0.25, aspect=25, anchor=(0, 1))
    title, data, n = map_words(reader)
    return Drawn("choropleth", title, reader.say("chart_choropleth_alt"), figure, data, ("scores",),
                 n, len(of) - n, _remark(reader, boundaries, lacking))  # fmt: skip


def _remark(reader: Reader, boundaries: Boundaries, lacking: list[str]) -> str:
    """Whose boundaries these are, and which islands they leave out."""
    said = reader.say("chart_choropleth_remark", file=boundaries.file, sha=boundaries.sha)
    if not lacking:
        return said
    names = ", ".join(PLACES[key][0] for key in lacking)
    return f"{said} {reader.say('chart_choropleth_marked', islands=names)}"


def _draws(polygons: list[list[Ring]], key: str) -> bool:
    """Whether a province has a corner where the islands lie."""
    west, south, east, north = PLACES[key][1]
    return any(bool(((ring >= (west, south)) & (ring <= (east, north))).all(axis=1).any())
               for polygon in polygons for ring in polygon)  # fmt: skip


def _look(score: float | None, colours: Any, scale: Any) -> dict[str, Any]:
    """Colour of a score as on the tile map; hatched without one."""
    if score is None:
        return {"facecolor": "white", "edgecolor": QUIET, "hatch": "////", "linewidth": 0.4}
    return {"facecolor": colours(scale(score)), "edgecolor": "white", "linewidth": 0.4}


def _outline(polygons: list[list[Ring]], middle: float, step: float) -> Outline:
    """The polygons as one path: outer rings turn one way, holes the other, so that holes are open.

    Corners nearer than `step` to the one before are left out; a tiny ring keeps a few.
    """
    points, codes = [], []
    for polygon in polygons:
        for k, ring in enumerate(polygon):
            flat = project(ring, middle)
            cells = np.round(flat / step)
            keep = np.append(True, (cells[1:] != cells[:-1]).any(axis=1))
            if keep.sum() <= FEW:
                keep = np.arange(len(flat)) % max(1, len(flat) // FEW) == 0
            keep[-1] = True
            flat = flat[keep]
            if (_area(flat) > 0) == (k > 0):
                flat = flat[::-1]
            points.append(flat)
            codes.append([Outline.MOVETO, *[Outline.LINETO] * (len(flat) - 2), Outline.CLOSEPOLY])
    return Outline(np.concatenate(points), np.concatenate(codes))


def _area(ring: np.ndarray) -> float:
    """Twice the area that a ring holds, above 0 where it turns left."""
    x, y = ring[:, 0], ring[:, 1]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))


def _mark_islands(
    axes: Any, name: str, province: str, spot: np.ndarray, look: dict[str, Any]
) -> None:
    """A dashed square with the names of the islands and of their province under it."""
    x, y = spot
    marked = {**look, "edgecolor": QUIET, "linestyle": "--", "linewidth": 1}
    axes.add_patch(Rectangle((x - SQUARE / 2, y - SQUARE / 2), SQUARE, SQUARE, **marked))
    axes.text(x, y - SQUARE, f"{name}\n({province})", ha="center", va="top", fontsize=6.5,
              color=INK)  # fmt: skip
