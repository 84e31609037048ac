"""Types of columns, years of frameworks, hashes and names: declared, or the run is refused."""

from __future__ import annotations

import datetime
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.faults import explain_fault
from pipeline.language import Words
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    INDEX,
    LABOUR,
    POPULATION,
    VARIABLES,
    fired,
    give_file,
    line_of,
    the_fault,
)
from tests.conftest import Toy
from tests.steps import rows_of

NOTHING = Words("word_nothing")
PROVINCES = ["Hà Nội", "Đà Nẵng", "Quảng Nam", "Cần Thơ", "Hậu Giang", "Sóc Trăng"]
FRAMEWORK = "framework: {year: 2022, first: 2020, last: 2022}\n"


def test_SCH_01_a_column_of_texts_is_one_fault_with_types_and_first_cells(toy: Toy) -> None:
    words = ["cao", "thấp", "cao", "vừa", "thấp", "cao"]
    text = (toy.root / ENTERPRISES).read_text("utf-8")
    for number, word in zip(("400", "100", "50", "120", "10", "0"), words, strict=True):
        text = text.replace(f";{number}\n", f";{word}\n")
    toy.write(ENTERPRISES, text)
    fault = fired(toy, "SCH-01", ENTERPRISES, 2, 3, "cao")
    assert fault.details["expected"] == Words("type_number")
    assert fault.details["found"] == Words("type_text")
    assert (fault.details["n"], fault.details["cells"]) == (6, "C2 'cao', C3 'thấp', C4 'cao'")
    assert "numbers" in explain_fault(fault, "en")["why"]
    assert "chữ" in explain_fault(fault, "vi")["why"]
    assert [f.rule for f in toy.faults() if f.place.file == ENTERPRISES] == ["SCH-01"]


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([True, False, True, False, True, True], "type_bool"),
        ([datetime.date(2022, 1, day) for day in range(1, 7)], "type_date"),
        (["một", "hai", "ba", "bốn", "năm", "sáu"], "type_text"),
    ],
)
def test_SCH_01_the_type_found_is_named(toy: Toy, cells: list[Any], found: str) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"province": PROVINCES, "2020": [9.0] * 6, "2022": cells}), buffer)
    name = give_file(toy, "population", ".parquet", buffer.getvalue())
    fault = fired(toy, "SCH-01", name, 2, 3, str(cells[0]))
    assert fault.details["found"] == Words(found)


@pytest.mark.parametrize("words", [("cao", "thấp"), ("cao", "cao")])
def test_SCH_01_single_bad_cells_stay_faults_of_their_own(toy: Toy, words: tuple[str, str]) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", f"Hà Nội;2022;{words[0]}")
    toy.edit(ENTERPRISES, "Đà Nẵng;2022;100", f"Đà Nẵng;2022;{words[1]}")
    assert [(f.rule, f.place.row) for f in toy.faults()] == [("NUM-10", 2), ("NUM-10", 3)]


def test_SCH_09_an_edition_outside_the_framework_is_refused(toy: Toy) -> None:
    toy.edit(INDEX, "editions:\n", FRAMEWORK + "editions:\n")
    toy.load()
    toy.edit(INDEX, "first: 2020, last: 2022", "first: 2020, last: 2021")
    row = line_of(toy, INDEX, '{edition: "2022",')
    fault = fired(toy, "SCH-09", INDEX, row, None, 2022)
    assert (fault.details["framework"], fault.details["span"]) == (2022, "2020–2021")
    assert [f.place.row for f in toy.faults()] == [row, row + 1]


def test_SCH_09_a_mismatch_asked_for_by_name_stands_in_every_output(toy: Toy) -> None:
    toy.edit(INDEX, "editions:\n", FRAMEWORK.replace("2022", "2021") + "editions:\n")
    for edition in ("2022", "2022-34"):
        toy.edit(INDEX, f'edition: "{edition}"', f'edition: "{edition}-framework-2021"')
    con = toy.compute()
    for name in ("harmonised", "denominated", "ranked", "scores", "indicators", "coverage"):
        editions = {edition for (edition,) in rows_of(con, f"select distinct edition from {name}")}
        assert editions == {"2022-framework-2021", "2022-34-framework-2021"}, name


def test_SCH_09_the_years_of_a_framework_are_in_order(toy: Toy) -> None:
    toy.edit(INDEX, "editions:\n", FRAMEWORK.replace("2020", "2023") + "editions:\n")
    fired(toy, "SCH-17", INDEX, line_of(toy, INDEX, "framework"), None, "framework")


@pytest.mark.parametrize(
    ("line", "found"),
    [("", NOTHING), ("    sha256:\n", NOTHING), ('    sha256: "735167"\n', "735167"),
     ("    sha256: 12\n", "12"), (f'    sha256: "{"G" * 64}"\n', "G" * 64)],
)  # fmt: skip
def test_SCH_12_a_missing_or_damaged_hash_is_said_and_the_file_not_trusted(
    toy: Toy, line: str, found: str | Words
) -> None:
    text = (toy.root / CARDS).read_text("utf-8")
    (old,) = [x for x in text.splitlines(keepends=True) if "735167f1" in x]
    toy.write(CARDS, text.replace(old, line))
    toy.edit(LABOUR, "01,", "1,")  # another fault is told beside it
    faults = toy.faults()
    row = line_of(toy, CARDS, line or "  population:")
    assert the_fault(faults, "SCH-12", CARDS, row, None, POPULATION).details["found"] == found
    the_fault(faults, "GEO-14", LABOUR, 2, 1, "1")
    assert "SCH-11" not in {fault.rule for fault in faults}


@pytest.mark.parametrize("damage", ["", "   x: [", "sources: 3\n", "\x00"])
def test_SCH_12_a_damaged_or_missing_file_of_cards_is_never_trusted(toy: Toy, damage: str) -> None:
    if damage:
        toy.write(CARDS, damage)
    else:
        (toy.root / CARDS).unlink()
    assert {fault.place.file for fault in toy.faults()} == {CARDS}


def test_SCH_12_accept_mends_a_damaged_hash(toy: Toy) -> None:
    toy.edit(CARDS, "735167f1e4418839", "735167")
    assert main(["accept", POPULATION, "--root", str(toy.root), "--lang", "en"]) == 0
    toy.load()


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "id_", "language"),
    [
        (INDEX, "name_en: Trained share\n", "name_en: ' '\n", "name_en", "trained_share", "en"),
        (INDEX, "    name_vi: Tỷ lệ qua đào tạo\n", "", "name_vi", "trained_share", "vi"),
        (INDEX, "name_vi: Người, ", "", "name_vi", "people", "vi"),
        (INDEX, "title_en: Synthetic index\n", "", "title_en", "–", "en"),
        (INDEX, '    unit_vi: "%"\n', '    unit_vi: ""\n', "unit_vi", "trained_share", "vi"),
        (VARIABLES, "name_en: Start-ups, ", "", "name_en", "startups", "en"),
        (VARIABLES, "name_vi: Dân số", 'name_vi: ""', "name_vi", "population_thousand", "vi"),
    ],
)
def test_SCH_15_a_name_missing_in_one_language_is_named_with_its_id(
    toy: Toy, file: str, old: str, new: str, key: str, id_: str, language: str
) -> None:
    toy.edit(file, old, new)
    (fault,) = [f for f in toy.faults() if f.rule == "SCH-15"]
    assert (fault.place.file, fault.value) == (file, key)
    assert fault.place.row is not None
    assert (fault.details["id"], fault.details["language"]) == (id_, Words(f"language_{language}"))
    assert {"vi": "tiếng Việt", "en": "tiếng Anh"}[language] in explain_fault(fault, "vi")["why"]


def test_SCH_15_a_province_is_named_in_both_languages_too(toy: Toy) -> None:
    toy.edit("reference/provinces.csv", "63,49,Quảng Nam,Quang Nam", "63,49,Quảng Nam,")
    fault = fired(toy, "SCH-15", "reference/provinces.csv", 4, None, "name_en")
    assert fault.details["id"] == "49"
