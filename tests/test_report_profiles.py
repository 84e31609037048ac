"""The charts of a profile, and the names of producers: what is drawn and said is what was found."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.explain import Release
from pipeline.language import number
from pipeline.provinces import load_reference
from pipeline.report.evidence import sources
from pipeline.report.model import Chart
from pipeline.report.pdf import write_pdf
from pipeline.report.profiles import Profiles
from pipeline.report.reader import Reader
from pipeline.report.vector import LEFT, RADIUS, RIGHT, Series, bars, radar
from pipeline.report.web import page_html
from tests.conftest import ROOT, Toy

SVG = "{http://www.w3.org/2000/svg}"
MERGER = load_reference(ROOT / "pipeline/reference").merger


def shipped_reader(shipped: Path, lang: str) -> Reader:
    """The release of the shipped index."""
    return Reader(Release(shipped / "outputs/current"), "2022", lang, MERGER)


def test_a_bar_is_as_long_as_its_score_and_a_missing_one_has_none() -> None:
    marks = [Series("Best <1>", "|", "red", [100.0, None])]
    root = ElementTree.fromstring(bars("T & t", "note", "points", ["a", "b"], [25.0, None], marks))
    drawn = [one for one in root.iter(f"{SVG}rect") if one.get("x")]
    assert [float(one.attrib["width"]) for one in drawn] == [(RIGHT - LEFT) / 4]
    said = [one.text for one in root.iter(f"{SVG}text")]
    assert {"T & t", "note", "points", "a", "b", "Best <1>"} <= set(said)


@pytest.mark.parametrize(("values", "n_lines"), [([50.0] * 4, 4), ([50.0, None, 50.0, 50.0], 2)])
def test_a_radar_is_closed_unless_a_score_is_missing(
    values: list[float | None], n_lines: int
) -> None:
    drawn = radar("t", "n", ["a", "b", "c", "d"], [Series("own", "o", "#123456", values)])
    root = ElementTree.fromstring(drawn)
    lines = [one for one in root.iter(f"{SVG}polyline") if one.get("stroke") == "#123456"]
    assert len(lines) == n_lines
    marks = list(root.iter(f"{SVG}circle"))[1:]  # the first is the legend
    x, y = (float(marks[0].attrib[key]) for key in ("cx", "cy"))
    assert x == 252  # the first axis goes up from the middle
    (top,) = re.findall(rb'points="252\.00,([0-9.]+) 252\.00,([0-9.]+)"', drawn)[:1]
    assert y == pytest.approx(float(top[0]) - RADIUS / 2, abs=0.01)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_page_with_three_pillars_or_more_has_a_radar_as_its_second_view(
    shipped: Path, tmp_path: Path, lang: str
) -> None:
    reader = shipped_reader(shipped, lang)
    maker = Profiles(reader)
    page = maker.page("48")
    first, second = [block for block in page.blocks if isinstance(block, Chart)]
    assert (first.is_folded, second.is_folded) == (False, True)
    for node in maker.axes:
        score = number(maker.scores["48", node]["score"], lang)
        assert f"{reader.node(node)}: {score}" in second.alt
    text = page_html(page, reader)
    assert text.index("profile-48") < text.index("<details>") < text.index("radar-48")
    write_pdf(tmp_path / "one.pdf", tmp_path, [page], reader)
    assert not list(tmp_path.glob("radar*"))  # paper has the bars


def test_a_page_with_fewer_than_three_axes_has_no_radar(released: Toy) -> None:
    reader = Reader(Release(released.project.current), "2022", "en", {})
    reader.spec["nodes"] = [one for one in reader.spec["nodes"] if one["level"] == "index"]
    maker = Profiles(reader)
    assert maker.axes == []
    assert "<details>" not in page_html(maker.page("92"), reader)


def test_vietnamese_pages_name_producers_in_vietnamese(shipped: Path) -> None:
    found = {lang: sources(shipped_reader(shipped, lang)).rows for lang in ("vi", "en")}
    of = {lang: {str(row[0]): str(row[1]) for row in rows} for lang, rows in found.items()}
    assert of["vi"]["nso_e02_01"].startswith("Tổng cục Thống kê")
    assert of["en"]["nso_e02_01"].startswith("General Statistics Office")
    english = re.compile(r"\b(the|and|of|named|Office|Ministry|Newspapers)\b")
    assert [name for name in of["vi"].values() if english.search(name)] == []
    producers = Profiles(shipped_reader(shipped, "vi")).producers
    assert not english.search("; ".join(name for names in producers.values() for name in names))


def test_a_producer_without_a_vietnamese_name_keeps_its_own(released: Toy) -> None:
    reader = Reader(Release(released.project.current), "2022", "vi", {})
    assert {row[1] for row in sources(reader).rows} == {"nobody"}
