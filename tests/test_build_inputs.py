"""The two tables of `build`: what is wrong with them is named with its cell and the way out."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.faults import Fault, Place, explain_fault
from pipeline.language import catalogue
from tests.building import DATA, META, Example
from tests.conftest import ROOT


def said(fault: Fault, lang: str = "en") -> str:
    """All that a message says."""
    return " ".join(explain_fault(fault, lang).values())


@pytest.mark.parametrize(
    ("old", "new", "rule", "row"),
    [
        ("20,5,20", "20,x,20", "NUM-10", 3),
        ("20,5,20", "20,1e999,20", "NUM-13", 3),
        ("VN-HP,", "VN-HN,", "DUP-01", 3),
        ("uCode,uName,a,", "uCode,uName,q,", "HDR-01", 1),
        ("uCode,uName,a,b", "uCode,uName,a,a", "HDR-03", 1),
        (DATA, "uCode,uName,a,b,c,d,e,region\n", "HDR-13", None),
        ("10,5,10,10,2,north\n", "10,5,10,10\n", "HDR-09", 2),
    ],
)
def test_a_broken_table_of_units_is_refused_with_its_place(
    old: str, new: str, rule: str, row: int | None, example: Example
) -> None:
    example.data.write_text(DATA.replace(old, new), "utf-8")
    found = {(fault.rule, fault.place.row) for fault in example.faults()}
    assert (rule, row) in found


@pytest.mark.parametrize(
    ("old", "new", "rule", "row"),
    [
        ("a,First,1,P-1", "a,First,1,P-9", "SCH-02", 2),
        ("a,First,1,P-1,1,1", "a,First,1,P-1,2,1", "SCH-13", 2),
        ("a,First,1,P-1,1,1", "a,First,1,P-1,1,-1", "SCH-04", 2),
        ("a,First,1,P-1,1,1", "a,First,1,P-1,1,one", "NUM-10", 2),
        ("a,First,1,P-1,1,1,Indicator", "a,First,1,P-1,1,1,Indicater", "SCH-13", 2),
        ("b,Second", "a,Second", "SCH-06", 3),
        ("P-1,Pillar one,2", "P-1,Pillar one,3", "SCH-08", 6),
        ("P-2,Pillar two,2,chỉ số", "P-2,Pillar two,2,", "SCH-08", 7),
        (",,,d\n", ",,,dd\n", "SCH-02", 4),
        ("Parent,", "Above,", "HDR-01", 1),
    ],
)
def test_a_broken_table_of_nodes_is_refused_with_its_place(
    old: str, new: str, rule: str, row: int | None, example: Example
) -> None:
    example.meta.write_text(META.replace(old, new), "utf-8")
    found = {(fault.rule, fault.place.row) for fault in example.faults()}
    assert (rule, row) in found


def test_a_missing_file_is_named(example: Example) -> None:
    example.data.unlink()
    assert [(f.rule, f.place.file) for f in example.faults()] == [("SCH-10", "iData.csv")]


@pytest.mark.parametrize(
    ("old", "new", "cell", "value"),
    [
        ("a,First,1,P-1", "a,First,1,P1", "D2", "P1"),
        ("c,Third,1,P-2,1,2,Indicator,,,d", "c,Third,1,P-2,1,2,Indicator,,,e", "J4", "e"),
        ("a,First,1,P-1", "a,First,1,b", "D2", "a"),
        ("b,Second,1,P-1,-1,1", "b,Second,1,P-1,-1,-1", "F3", "-1"),
        ("b,Second,1,P-1,-1,1", "b,Second,1,P-1,down,1", "E3", "down"),
        ("b,Second,1", "b,Second,1.5", "C3", "1.5"),
        ("a,First,1,P-1,1,1,Indicator,,50", "a,First,1,P-1,1,1,Indicator,,fifty", "I2", "fifty"),
        ("b,Second", ",Second", "A3", "iCode"),
    ],
)
def test_a_fault_of_the_table_of_nodes_stands_in_the_cell_it_is_in(
    old: str, new: str, cell: str, value: str, example: Example
) -> None:
    assert old in META
    example.meta.write_text(META.replace(old, new), "utf-8")
    found = {(fault.place.cell, fault.value) for fault in example.faults()}
    assert (cell, value) in found


def test_SCH_02_a_misspelt_parent_is_refused_in_its_cell_with_the_nearest(example: Example) -> None:
    example.meta.write_text(META.replace("a,First,1,P-1", "a,First,1,P1"), "utf-8")
    (fault,) = example.faults()
    assert fault.place == Place("iMeta.csv", row=2, column=4, column_name="Parent")
    assert fault.details["nearest"] == "P-1"


def test_rows_are_counted_as_a_spreadsheet_shows_them(example: Example) -> None:
    head, *lines = DATA.splitlines()
    lines[0] = lines[0].replace("Hà Nội", '"Hà Nội,\nthủ đô"')
    lines[3] = lines[3].replace("40", "4O", 1)
    example.data.write_text("\n".join([head, "", *lines]) + "\n", "utf-8")
    (fault,) = example.faults()
    assert (fault.place.cell, fault.value) == ("C6", "4O")  # a blank row and a cell of two lines


@pytest.mark.parametrize(
    ("mark", "name"), [(";", "';'"), ("\t", "Tab"), ("|", "'|'")], ids=["semicolon", "tab", "bar"]
)
def test_HDR_08_another_separator_is_named_with_the_way_to_save(
    mark: str, name: str, example: Example
) -> None:
    example.data.write_text(DATA.replace(",", mark).replace(".", ","), "utf-8")
    (fault,) = example.faults()
    assert (fault.rule, fault.place.row) == ("HDR-08", 1)
    assert f"separated by {name}, not by commas" in said(fault)
    assert "CSV UTF-8 (comma delimited)" in said(fault)
    assert "phân cách bằng dấu phẩy" in said(fault, "vi")


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04", "Excel (.xlsx)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel (.xls)"),
        (
            b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            "OpenDocument (.ods)",
        ),
        (b"PAR1", "Parquet"),
        (b"<html>", "HTML"),
    ],
)
def test_SEC_16_a_spreadsheet_is_named_with_the_way_to_save(
    start: bytes, kind: str, example: Example
) -> None:
    example.data.write_bytes(start + b"\x00" * 40)
    (fault,) = example.faults()
    assert (fault.rule, fault.details["found"]) == ("SEC-16", kind)
    assert "save the sheet as 'CSV UTF-8 (comma delimited)'" in said(fault)


@pytest.mark.parametrize(
    ("content", "rule", "row"),
    [
        (DATA.encode("utf-16"), "ENC-02", None),
        (DATA.encode() + b"\xff,,,,,,,\n", "ENC-03", 8),
        (DATA.replace("Hải", '"Hải').encode(), "HDR-10", 3),
        (DATA.replace("Hải", "H\0i").encode(), "ENC-07", 3),
        (b"", "HDR-13", None),
        (b"\n\n", "HDR-13", None),
        (DATA.replace("VN-HP", "").encode(), "BLD-03", 3),
    ],
    ids=["utf-16", "byte", "quote", "nul", "empty", "blank", "no code"],
)
def test_a_file_that_is_no_table_of_text_is_named(
    content: bytes, rule: str, row: int | None, example: Example
) -> None:
    example.data.write_bytes(content)
    assert [(f.rule, f.place.row) for f in example.faults()] == [(rule, row)]


def test_every_row_of_another_length_is_named(example: Example) -> None:
    broken = DATA.replace("5,20,10,NA,north", "5,20,10,NA").replace(",8,south", ",8,south,,")
    example.data.write_text(broken, "utf-8")
    found = [(f.rule, f.place.row, f.value, f.details["expected"]) for f in example.faults()]
    assert found == [("HDR-09", 3, 7, 8), ("HDR-09", 6, 10, 8)]


def test_BLD_03_an_empty_code_is_refused_in_its_cell(example: Example) -> None:
    example.data.write_text(DATA.replace("uName", "Time"), "utf-8")
    example.data.write_text(example.data.read_text("utf-8").replace("Hải Phòng", ""), "utf-8")
    (fault,) = example.faults()
    assert (fault.rule, fault.place.cell, fault.value) == ("BLD-03", "B3", "Time")


def test_BLD_04_bad_cells_are_named_one_by_one_and_the_rest_counted(example: Example) -> None:
    rows = [f"u{i},u,x{i},{i},1,1,1,north" for i in range(30)]
    example.data.write_text("\n".join([DATA.splitlines()[0], *rows]) + "\n", "utf-8")
    found = example.faults()
    assert [fault.rule for fault in found].count("NUM-10") == 20
    assert [(f.value, f.place.cell) for f in found if f.rule == "BLD-04"] == [(10, "C1")]


def test_codes_are_the_same_however_their_letters_are_composed(example: Example) -> None:
    example.meta.write_text(META.replace("P-1,Pillar one,2,chỉ số",
        "P-1,Pillar one,2," + unicodedata.normalize("NFD", "chỉ số")), "utf-8")  # fmt: skip
    example.run()
    example.data.write_text(
        DATA.replace("Đà-Nẵng", unicodedata.normalize("NFD", "Đà-Nẵng")), "utf-8"
    )
    example.run()
    assert example.table("units")["uCode"][2] == "Đà-Nẵng"


def test_a_column_nobody_declared_is_named_and_the_build_goes_on(
    example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    example.meta.write_text(META.replace("region,Region,,,,,Group,,,\n", ""), "utf-8")
    assert main(example.command("--lang", "en")) == 0
    told = capsys.readouterr().err
    assert "[HDR-02] iData.csv, row 1, column H" in told
    assert "table of nodes" in told


def test_BLD_02_a_file_in_place_of_the_folder_is_refused_before_anything_is_read(
    example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    example.out.write_text("mine", "utf-8")
    assert main(example.command("--lang", "en")) == 1
    assert "'out' is a file; --out names a folder." in capsys.readouterr().err
    assert example.out.read_text("utf-8") == "mine"
    example.out = example.out / "below"
    assert main(example.command("--lang", "vi")) == 1
    assert "--out cần tên một thư mục" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused_with_exit_code_1(
    example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    example.out = Path("/proc/nowhere")
    assert main(example.command("--lang", "en")) == 1
    assert "[SYS-05]" in capsys.readouterr().err


def test_no_message_of_a_build_speaks_of_cards_or_of_the_files_of_the_index() -> None:
    code = "".join(
        (ROOT / "pipeline" / name).read_text("utf-8")
        for name in (
            "yamlfile.py",
            *(f"build/{p.name}" for p in (ROOT / "pipeline/build").glob("*.py")),
        )
    )
    rules = set(re.findall(r'"([A-Z]{3}-\d{2})"', code))
    assert len(rules) > 20
    for rule in rules:
        entry = catalogue()["rules"][rule]
        there = entry | entry.get("build", {})
        for key in ("vi", "en", "remedy_vi", "remedy_en"):
            for word in ("card", "raw/", "index.yml", "thẻ nguồn", "header_row", "corrections"):
                assert word not in there[key], (rule, key)
