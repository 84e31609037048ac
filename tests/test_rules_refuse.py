"""Every refusal leaves inputs and published outputs as they are, and says everything twice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.faults import Rejected, as_json, render, shown
from pipeline.project import Project
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    INDEX,
    LABOUR,
    POPULATION,
    QUOTES,
    REGISTER,
    VARIABLES,
)
from tests.conftest import Toy
from tests.test_contract_of_faults import tree

HANOI = "Hà Nội;2022;400"
SCHEME = '    scheme: "63"\n    rows: one province\n    number_style: plain'
# Rule, file, text and what stands there instead: one break for each refusal of cells and cards.
BREAKS = [
    ("NUM-02", POPULATION, "Hà Nội,990,1000", 'Hà Nội,990,"1.234,56"'),
    ("NUM-04", POPULATION, "Hà Nội,990,1000", "Hà Nội,990,1 000"),
    ("NUM-05", ENTERPRISES, HANOI, "Hà Nội;2022;1.23.4"),
    ("NUM-07", LABOUR, '"50,0",600\n48,"40,0",300\n49,"20,0",300\n92,"30,0",200\n93,"10,0",100\n'
     '94,"20,0"', '"0,5",600\n48,"0,4",300\n49,"0,2",300\n92,"0,3",200\n93,"0,1",100\n94,"0,2"'),
    ("NUM-08", ENTERPRISES, HANOI, "Hà Nội;2022;350 người"),
    ("NUM-10", ENTERPRISES, HANOI, "Hà Nội;2022;không có số liệu"),
    ("NUM-12", ENTERPRISES, HANOI, "Hà Nội;2022;NaN"),
    ("NUM-13", ENTERPRISES, HANOI, "Hà Nội;2022;1e400"),
    ("NUM-14", ENTERPRISES, HANOI, "Hà Nội;2022;-4"),
    ("NUM-15", ENTERPRISES, HANOI, "Hà Nội;2022;(4)"),
    ("NUM-16", ENTERPRISES, HANOI, "Hà Nội;2022;12,5"),
    ("NUM-18", ENTERPRISES, HANOI, "Hà Nội;2022;#DIV/0!"),
    ("NUM-20", ENTERPRISES, HANOI, "Hà Nội;2022;=1+2"),
    ("NUM-22", LABOUR, '"50,0",600', '"140,0",600'),
    ("NUM-23", ENTERPRISES, HANOI, "Hà Nội;2022;9007199254740993"),
    ("DAT-01", REGISTER, "2010-05-01", "03/04/2025"),
    ("DAT-02", REGISTER, "2010-05-01", "31/02/2025"),
    ("DAT-03", REGISTER, "2010-05-01", "45678"),
    ("DAT-04", ENTERPRISES, HANOI, "Hà Nội;2022;3-Apr"),
    ("DAT-05", ENTERPRISES, HANOI, "Hà Nội;22;400"),
    ("DAT-06", ENTERPRISES, HANOI, "Hà Nội;2021;400"),
    ("DAT-07", CARDS, "accessed: never", 'accessed: "2021"'),
    ("DAT-08", ENTERPRISES, HANOI, "Hà Nội;2022 (sơ bộ);400"),
    ("GEO-01", POPULATION, "Hà Nội", "Tỉnh ABC"),
    ("GEO-06", CARDS, SCHEME, SCHEME.replace('    scheme: "63"\n', "")),
    ("GEO-08", CARDS, SCHEME, SCHEME.replace("63", "34")),
    ("GEO-11", VARIABLES, "measure: stock, merge: sum", "measure: score, merge: sum"),
    ("GEO-14", LABOUR, "01,", "1,"),
    ("GEO-15", LABOUR, "01,", "VN-43,"),
    ("GEO-18", POPULATION, "Cả nước,2980,3000", "Tây Nguyên,1,1\nSouth Central Coast and Central "
     "Highlands,1,1"),
    ("GEO-19", ENTERPRISES, HANOI + "\n", ""),
    ("GEO-20", POPULATION, "Hà Nội", "Sông Bé"),
    ("GEO-21", POPULATION, "Hà Nội", "Phường Bến Nghé"),
    ("GEO-22", "reference/merger_2025.csv", "94,92\n", ""),
    ("DUP-01", POPULATION, "Sóc Trăng,398,400", "Sóc Trăng,398,400\nSóc Trăng,1,1"),
    ("DUP-02", POPULATION, "Sóc Trăng,398,400", "Sóc Trăng,398,400\nSóc Trăng,398,400"),
    ("DUP-04", POPULATION, "Sóc Trăng,398,400", "Sóc Trăng,398,400\nSoc Trang,1,1"),
    ("SCH-01", ENTERPRISES, "400\nĐà Nẵng;2022;100\nQuảng Nam;2022;50\nCần Thơ;2022;120",
     "cao\nĐà Nẵng;2022;thấp\nQuảng Nam;2022;cao\nCần Thơ;2022;thấp"),
    ("SCH-02", QUOTES, "63,startups", "63,startup"),
    ("SCH-09", INDEX, "editions:", "framework: {year: 2021, first: 2021, last: 2021}\neditions:"),
    ("SCH-12", CARDS, "735167f1e4418839", ""),
    ("SCH-15", INDEX, "name_en: Trained share", 'name_en: ""'),
]  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy project with a release."""
    toy = Toy(tmp_path_factory.mktemp("published") / "toy")
    toy.index()
    return toy.root


@pytest.mark.parametrize(("rule", "file", "old", "new"), BREAKS, ids=[b[0] for b in BREAKS])
def test_a_refusal_changes_nothing_and_is_told_in_full_in_both_languages(
    rule: str, file: str, old: str, new: str, published: Path, tmp_path: Path
) -> None:
    """C2, C3, C4, C7, C10 and C11 for one break of each rule."""
    toy = Toy.__new__(Toy)
    toy.root = tmp_path / "toy"
    shutil.copytree(published, toy.root, symlinks=True)
    toy.project = Project(toy.root)
    toy.edit(file, old, new)
    before = tree(toy.root)
    with pytest.raises(Rejected) as refused:
        toy.index()
    assert tree(toy.root) == before
    found = [fault for fault in refused.value.faults if fault.rule == rule]
    assert found
    place = found[0].place.file
    assert place in (file, POPULATION)  # a card may break the file it speaks of
    report = json.loads(as_json(found))["faults"][0]
    for lang in ("vi", "en"):
        text = render(found, lang)
        words = report[lang]
        for part in (rule, place, shown(found[0].value), words["why"], words["remedy"]):
            assert part in text
    assert report["vi"]["why"] != report["en"]["why"]
