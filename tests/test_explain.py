"""Every published number can be walked down to the cells of the raw files."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from pipeline.explain import Release, as_tree, explain
from pipeline.project import Project
from pipeline.run import run_index
from tests.conftest import ROOT, Toy, passing, silent


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """A release of the shipped data, in a folder of its own."""
    root = tmp_path_factory.mktemp("real")
    shutil.copytree(ROOT / "raw", root / "raw")
    shutil.copy(ROOT / "index.yml", root)
    return Release(run_index(Project(root), silent, passing).release)


def _leaves(entry: dict[str, Any]) -> list[dict[str, Any]]:
    found = [entry] if "inputs" in entry else []
    for child in entry.get("children", ()):
        found += _leaves(child)
    return found


@cache
def _file(name: str) -> list[list[str]]:
    with (ROOT / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))


def _text_at(name: str, locator: str) -> str:
    match = re.fullmatch(r"([A-Z]+)(\d+)", locator)
    assert match is not None, locator
    column = 0
    for letter in match.group(1):
        column = column * 26 + ord(letter) - 64
    return _file(name)[int(match.group(2)) - 1][column - 1]


def test_every_leaf_of_every_province_reaches_file_row_and_column(real: Release) -> None:
    codes = {(e, p) for e, p, _ in real.ranked}
    reached = 0
    for edition, province in sorted(codes):
        for leaf in _leaves(explain(real, province, real.root, edition)):
            if leaf["value"] is None:
                assert leaf["value_reason"] is not None
                continue
            for item in leaf["inputs"]:
                assert item["cells"], (edition, province, leaf["node"], item["variable"])
                for cell in item["cells"]:
                    assert re.fullmatch(r"[0-9a-f]{64}", cell["sha256"])
                    assert (ROOT / cell["file"]).is_file()
                    assert cell["url"]
                    reached += 1
    assert reached > 63 * 4 * 5


def test_the_cell_an_explanation_names_holds_the_text_it_quotes(real: Release) -> None:
    entry = explain(real, "92", "index", "2022")
    checked = 0
    for leaf in _leaves(entry):
        for item in leaf["inputs"]:
            for cell in item["cells"]:
                if cell["file"].endswith("register.csv") or cell["source_id"] == "universities":
                    continue  # counted from several rows, or from none
                assert _text_at(cell["file"], cell["locator"]) == cell["raw"]
                checked += 1
    assert checked >= 6


def test_can_tho_reaches_its_published_cells(real: Release) -> None:
    leaves = {leaf["node"]: leaf for leaf in _leaves(explain(real, "92", "index", "2022"))}
    new = leaves["new_enterprises_per_10000"]
    (cell,) = new["inputs"][0]["cells"]
    assert cell["file"] == "raw/nso/v05_02_newly_registered_enterprises_2022.csv"
    assert _text_at(cell["file"], "A" + cell["locator"][1:]) == "Cần Thơ"
    value = float(cell["raw"]) / float(new["inputs"][1]["cells"][0]["raw"]) * 10
    assert new["value"] == pytest.approx(value, rel=1e-15)
    certificates = leaves["ip_certificates_per_10000"]
    assert certificates["inputs"][0]["cells"][0]["raw"] == "4486"


def test_a_merged_province_lists_its_parts(real: Release) -> None:
    leaf = explain(real, "92", "new_enterprises_per_10000", "2022-34")
    assert leaf["inputs"][0]["parts"] == "92+93+94"
    assert [c["province_code"] for c in leaf["inputs"][0]["cells"]] == ["92", "93", "94"]
    share = explain(real, "92", "trained_labour_share", "2022-34")
    assert [item["role"] for item in share["inputs"]] == ["numerator", "weight"]


def test_a_missing_leaf_says_why_and_shows_what_there_is(real: Release) -> None:
    leaf = explain(real, "01", "students_per_1000", "2022")
    assert leaf["value_reason"] == "too_old"
    assert [c["year"] for c in leaf["inputs"][0]["cells"]] == [2015]


def test_an_explanation_is_json_and_a_tree_in_both_languages(toy: Toy) -> None:
    release = Release(toy.index().release)
    entry = explain(release, "48", "index", "2022-34")
    assert json.loads(json.dumps(entry)) == entry
    from rich.console import Console

    for lang, word in (("vi", "hạng 2/3"), ("en", "rank 2 of 3")):
        console = Console(width=200, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
        console.print(as_tree(entry, lang))
        text = console.export_text()
        assert word in text
        assert "raw/synthetic_population.csv" in text


def test_an_explanation_says_how_a_cell_was_read_and_from_which_text(toy: Toy) -> None:
    name = "Ha\u0300\u00a0No\u0323\u0302i"
    toy.edit("raw/synthetic_enterprises.csv", "Hà Nội", name)
    release = Release(toy.index().release)
    (leaf,) = _leaves(explain(release, "01", "new_per_10000", "2022"))
    (cell,) = leaf["inputs"][0]["cells"]
    assert (cell["name_raw"], cell["handling"]) == (name, "composed, invisible_removed")
    for lang, words in (("vi", "bỏ ký tự vô hình"), ("en", "invisible characters")):
        console = Console(width=200, record=True, file=io.StringIO())
        console.print(as_tree(explain(release, "01", "new_per_10000", "2022"), lang))
        text = console.export_text()
        assert words in text
        assert "\\xa0" in text
