"""How every chart looks and is written: the same bytes for the same numbers, no font needed."""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl
import pyarrow as pa
from matplotlib.figure import Figure

from pipeline.export import MARK
from pipeline.report.model import Chart
from pipeline.report.reader import Reader
from pipeline.spreadsheet import write_csv

# Okabe and Ito's colours, told apart by the colour-blind; cividis for what runs from low to high.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7",
)  # fmt: skip
INK, QUIET, PALE = "#1b2733", "#5b6873", "#d5dbe0"
SCALE = "cividis"
FONT = "DejaVu Sans"
STYLE: dict[Any, Any] = {
    "font.family": FONT, "font.size": 8, "axes.spines.top": False,
    "axes.spines.right": False, "axes.edgecolor": QUIET, "axes.labelcolor": INK,
    "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.axisbelow": True,
    "svg.fonttype": "path", "svg.hashsalt": "local innovation index",
}  # fmt: skip
DOTS = 110  # per inch of a PNG
PICTURES = "#set page(width: auto, height: auto, margin: 0pt, fill: white)\n"
INCH = 17.5  # letters of a title in an inch


@dataclass
class Drawn:
    """A figure before it is written.

    Attributes:
        name: of its files.
        title: what it found, in a sentence.
        alt: what it shows, for whoever cannot see it.
        figure: the drawing, without title and note.
        data: columns of the numbers drawn, by heading.
        tables: where they were read.
        n: how many provinces it shows; `n_missing` it cannot show.
    """

    name: str
    title: str
    alt: str
    figure: Figure
    data: dict[str, list[Any]]
    tables: tuple[str, ...]
    n: int
    n_missing: int = 0
    remark: str = field(default="")


def canvas(width: float, height: float) -> tuple[Figure, Any]:
    """An empty figure with one pair of axes; inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def finish(drawn: Drawn, reader: Reader, number: int = 1) -> Chart:
    """Put title and note on a figure, and draw it.

    Args:
        drawn: the figure, not yet finished.
        reader: for the note: year, release, edition.
        number: of the figure on its page.
    """
    note = note_of(reader, drawn.tables, drawn.n, drawn.n_missing, drawn.remark)
    width = drawn.figure.get_figwidth()
    drawn.figure.suptitle(wrapped(drawn.title, width * INCH * 0.62), x=0.01, ha="left",
                          fontsize=10.5, fontweight="bold")  # fmt: skip
    drawn.figure.supxlabel(wrapped(note, width * INCH), x=0.01, ha="left", fontsize=6.5,
                           color=QUIET)  # fmt: skip
    layout = drawn.figure.get_layout_engine()
    assert layout is not None
    layout.execute(drawn.figure)  # left to savefig, everything would be drawn twice
    drawn.figure.set_layout_engine(None)
    sink = io.BytesIO()
    drawn.figure.savefig(sink, format="svg", metadata={"Date": None})
    alt = f"{drawn.title} {drawn.alt} {note}"
    name = reader.say(f"chart_{drawn.name}_name")
    title = reader.say("chart_number", n=number, title=name)
    return Chart(drawn.name, title, alt, sink.getvalue())


def note_of(
    reader: Reader, tables: tuple[str, ...], n: int, n_missing: int = 0, remark: str = ""
) -> str:
    """The line under a chart: year, how many provinces it shows and cannot show, its source."""
    missing = reader.say("chart_complete")
    if n_missing:
        missing = reader.say("chart_missing", n=n_missing)
    about = reader.say("chart_note", year=reader.year, n=n, missing=missing)
    return " ".join(filter(None, [about, remark, reader.source(*tables)]))


def save_charts(drawn: list[Drawn], charts: list[Chart], folder: Path) -> None:
    """Write finished charts as SVG and PNG, and the numbers drawn as CSV.

    Typst makes the pictures from the drawings, several times faster than drawing them again.
    """
    import typst

    for one, chart in zip(drawn, charts, strict=True):
        (folder / f"{one.name}.svg").write_bytes(chart.svg)
        with (folder / f"{one.name}.csv").open("wb") as file:
            file.write(MARK)
            write_csv(pa.table(one.data), file)
    with TemporaryDirectory() as scratch:
        room = Path(scratch)
        for chart in charts:
            (room / f"{chart.name}.svg").write_bytes(chart.svg)
        images = "#pagebreak()\n".join(f'#image("{chart.name}.svg")\n' for chart in charts)
        (room / "charts.typ").write_text(PICTURES + images, "utf-8")
        made: Any = typst.compile(room / "charts.typ", root=room, ignore_system_fonts=True,
                                  format="png", ppi=DOTS)  # fmt: skip
    pictures = [made] if isinstance(made, bytes) else made  # of one page it hands over no list
    for chart, picture in zip(charts, pictures, strict=True):
        (folder / f"{chart.name}.png").write_bytes(picture)


def wrapped(text: str, letters: float) -> str:
    """A text in lines of at most so many letters."""
    return "\n".join(textwrap.wrap(text, int(letters)))


def contrast_with(face: Any) -> str:
    """Black or white, whichever is easier to read on a colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in face[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.179 else "white"  # where both contrasts are the same


def place_labels(axes: Any, at: list[tuple[float, float]], names: list[str]) -> None:
    """Write names beside points of axes from 0 to 100; one that finds no free room is left out."""
    taken: list[tuple[float, float, float, float]] = [(x - 1, y - 1, x + 1, y + 1) for x, y in at]
    for (x, y), name in zip(at, names, strict=True):
        long = 1.05 * len(name) + 1
        for dx, dy in (
            (1.3, 0),
            (-1.3 - long, 0),
            (1, 2.4),
            (1, -2.4),
            (-long, 2.4),
            (-long, -2.4),
        ):
            box = (x + dx, y + dy - 1, x + dx + long, y + dy + 1)
            if box[2] < 102 and box[0] > -2 and not any(_overlap(box, other) for other in taken):
                axes.text(x + dx, y + dy, name, fontsize=7, va="center")
                taken.append(box)
                break


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def style() -> Any:
    """The look, while a figure is made and written."""
    return mpl.rc_context(STYLE)
