"""Drawings of a profile, written as SVG by hand: two a province cost no time worth counting.

Text stays text, in the fonts of the page around it or, in a PDF, in those that Typst embeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from pipeline.report.drawing import BLUE, INCH, INK, PALE, QUIET, wrapped

FONTS = "'Segoe UI', 'Noto Sans', 'DejaVu Sans', Arial, sans-serif, 'Libertinus Serif'"
WIDTH, EDGE = 504.0, 6.0  # points
LEFT, RIGHT = 146.0, 488.0  # where 0 and 100 points of a bar lie
BAR, STEP = 16.0, 29.0  # of a bar: its height, and the room it has
LEGEND = 7.5  # points of the letters of a legend
RADIUS = 112.0  # of 100 points in a radar
TICKS = (0, 20, 40, 60, 80, 100)
Values = Sequence[float | None]


@dataclass(frozen=True)
class Series:
    """One score per axis, None where there is none, with its mark: `D`, `o`, `s` or `|`."""

    label: str
    mark: str
    colour: str
    values: Values


def bars(title: str, note: str, unit: str, names: list[str], own: Values,
         marks: list[Series]) -> bytes:  # fmt: skip
    """Horizontal bars of scores from 0 to 100 with marks of other scores on them.

    Args:
        title: the finding, above.
        note: below.
        unit: of the scale.
        names: of the axes, from the top.
        own: length of the bars.
        marks: other scores of the same axes; each is told in the legend.
    """
    top, parts = _head(title)
    parts += _legend(top, marks)
    first = top + 16
    last = first + STEP * len(names)
    for tick in TICKS:
        x = _across(tick)
        parts.append(_line([(x, first), (x, last)], PALE, 0.5))
        parts.append(_text(x, last + 11, str(tick), anchor="middle"))
    for i, (name, score) in enumerate(zip(names, own, strict=True)):
        middle = first + STEP * (i + 0.5)
        if score is not None:
            parts.append(f'<rect x="{LEFT:.2f}" y="{middle - BAR / 2:.2f}" height="{BAR:.2f}" '
                         f'width="{_across(score) - LEFT:.2f}" fill="{BLUE}"/>')  # fmt: skip
        lines = wrapped(name, 30).split("\n")
        for k, line in enumerate(lines):
            y = middle + 3 + 9.5 * (k - (len(lines) - 1) / 2)
            parts.append(_text(LEFT - 6, y, line, anchor="end"))
        parts += [_mark(one, _across(value), middle) for one in marks
                  if (value := one.values[i]) is not None]  # fmt: skip
    parts.append(_line([(LEFT, first), (LEFT, last), (RIGHT, last)], QUIET, 0.8))
    parts.append(_text((LEFT + RIGHT) / 2, last + 23, unit, anchor="middle"))
    return _whole(parts, note, last + 36)


def radar(title: str, note: str, names: list[str], series: list[Series]) -> bytes:
    """Scores from 0 to 100 on axes that go out from one point, the first upwards.

    Args:
        title: the finding, above.
        note: below.
        names: of the axes, at least three.
        series: each one line around; it is open where a score is missing.
    """
    top, parts = _head(title)
    parts += _legend(top, series)
    x, y = WIDTH / 2, top + 46 + RADIUS
    turns = [2 * math.pi * i / len(names) for i in range(len(names))]

    def at(turn: float, score: float) -> tuple[float, float]:
        far = RADIUS * score / 100
        return x + far * math.sin(turn), y - far * math.cos(turn)

    for tick in TICKS[1:]:
        ring = [at(turn, tick) for turn in turns]
        parts.append(_line([*ring, ring[0]], PALE, 0.5))
        parts.append(_text(x + 3, y - RADIUS * tick / 100 + 7, str(tick), 6, colour=QUIET))
    for name, turn in zip(names, turns, strict=True):
        parts.append(_line([(x, y), at(turn, 100)], PALE, 0.5))
        parts += _axis_name(name, *at(turn, 108), math.sin(turn), math.cos(turn))
    for one in series:
        spots = [None if score is None else at(turn, score)
                 for turn, score in zip(turns, one.values, strict=True)]  # fmt: skip
        parts += [_line([a, b], one.colour, 1.6)
                  for a, b in pairwise([*spots, spots[0]]) if a and b]  # fmt: skip
        parts += [_mark(one, *spot) for spot in spots if spot]
    return _whole(parts, note, y + RADIUS + 46)


def _axis_name(name: str, x: float, y: float, aside: float, up: float) -> list[str]:
    """The name of an axis beyond its end, on the side that it points to."""
    anchor = "middle" if abs(aside) < 0.2 else "start" if aside > 0 else "end"
    lines = wrapped(name, 26).split("\n")
    y += 3 - 9.5 * (len(lines) - 1) * (1 + up) / 2
    return [_text(x, y + 9.5 * k, line, anchor=anchor) for k, line in enumerate(lines)]


def _across(score: float) -> float:
    return LEFT + (RIGHT - LEFT) * score / 100


def _head(title: str) -> tuple[float, list[str]]:
    """The title; and where what is below it begins."""
    lines = wrapped(title, WIDTH / 72 * INCH * 0.62).split("\n")
    parts = [_text(EDGE, 13 + 13 * k, line, 10.5, weight="bold") for k, line in enumerate(lines)]
    return 13.0 * len(lines) + 12, parts


def _legend(y: float, series: list[Series]) -> list[str]:
    """What the marks are, from the right edge to the left."""
    x, parts = RIGHT, []
    for one in reversed(series):
        x -= 4.6 * len(one.label)
        parts += [_text(x, y + 2.6, one.label, LEGEND), _mark(one, x - 8, y)]
        x -= 24
    return parts


def _mark(one: Series, x: float, y: float) -> str:
    if one.mark == "|":
        return _line([(x, y - 6), (x, y + 6)], one.colour, 2)
    edge = f'fill="{one.colour}" stroke="{INK}" stroke-width="0.8"'
    if one.mark == "D":
        corners = f"{x:.2f},{y - 4:.2f} {x + 4:.2f},{y:.2f} {x:.2f},{y + 4:.2f} {x - 4:.2f},{y:.2f}"
        return f'<polygon points="{corners}" {edge}/>'
    if one.mark == "s":
        return f'<rect x="{x - 3:.2f}" y="{y - 3:.2f}" width="6" height="6" {edge}/>'
    return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3" {edge}/>'


def _line(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    listed = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return f'<polyline points="{listed}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def _text(x: float, y: float, words: str, size: float = 8, anchor: str = "start",
          colour: str = INK, weight: str = "normal") -> str:  # fmt: skip
    return (f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size:g}" text-anchor="{anchor}" '
            f'fill="{colour}" font-weight="{weight}">{escape(words)}</text>')  # fmt: skip


def _whole(parts: list[str], note: str, y: float) -> bytes:
    """The drawing with its note, as tall as it needs to be."""
    lines = wrapped(note, WIDTH / 72 * INCH).split("\n")
    parts += [_text(EDGE, y + 8 + 8.5 * k, line, 6.5, colour=QUIET)
              for k, line in enumerate(lines)]  # fmt: skip
    high = y + 8.5 * len(lines) + 6
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:g}pt" height="{high:g}pt" '
            f'viewBox="0 0 {WIDTH:g} {high:g}" font-family="{FONTS}">')  # fmt: skip
    back = f'<rect width="{WIDTH:g}" height="{high:g}" fill="white"/>'
    return "\n".join([head, back, *parts, "</svg>\n"]).encode()
