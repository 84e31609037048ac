"""Every rule about files, headers and text is broken once, and fires at its place."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from pipeline.faults import Rejected
from tests.breaking import CARDS, ENTERPRISES, INDEX, POPULATION, fired, give_file, the_fault
from tests.conftest import Toy
from tests.hostile import as_anyone


def _bytes(toy: Toy) -> bytes:
    return (toy.root / POPULATION).read_bytes()


def test_ENC_02_a_file_in_another_encoding_than_declared_is_refused(toy: Toy) -> None:
    toy.write(POPULATION, b"\xff\xfe" + _bytes(toy).decode().encode("utf-16-le"))
    fired(toy, "ENC-02", POPULATION, None, None, "fffe")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_ENC_03_the_first_bad_byte_is_named_with_row_and_offset(toy: Toy, mark: bytes) -> None:
    raw = mark + _bytes(toy).replace("Hà".encode(), b"H\xe0")
    toy.write(POPULATION, raw)
    fault = fired(toy, "ENC-03", POPULATION, 3, None, "0xe0")
    assert fault.details["offset"] == raw.index(b"\xe0")


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
def test_ENC_03_the_row_of_a_bad_byte_is_right_under_any_line_end(toy: Toy, end: bytes) -> None:
    raw = _bytes(toy).replace("Hà".encode(), b"H\xe0").replace(b"\n", end)
    toy.write(POPULATION, raw)
    fired(toy, "ENC-03", POPULATION, 3, None, "0xe0")


def test_ENC_04_a_legacy_font_code_is_recognised(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "Hµ Néi")
    fired(toy, "ENC-04", POPULATION, 3, 1, "Hµ Néi")


def test_ENC_05_a_text_decoded_twice_is_recognised(toy: Toy) -> None:
    twice = "Hà Nội".encode().decode("cp1252")
    toy.edit(POPULATION, "Hà Nội", twice)
    fired(toy, "ENC-05", POPULATION, 3, 1, twice)


def test_ENC_07_a_NUL_byte_is_refused_with_its_row(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "Hà\0Nội")
    fired(toy, "ENC-07", POPULATION, 3, None, "\0")


def test_ENC_11_letters_of_two_scripts_are_refused_with_their_code_points(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "Hà Nộ\u0456")
    fault = fired(toy, "ENC-11", POPULATION, 3, 1, "Hà Nộ\u0456")
    assert "U+0456" in fault.details["code_points"]


def test_ENC_13_lost_letters_are_recognised(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "H? N?i")
    fired(toy, "ENC-13", POPULATION, 3, 1, "H? N?i")


def test_HDR_01_a_missing_column_is_named_with_those_found(toy: Toy) -> None:
    toy.edit(POPULATION, "province,2020,2022", "province,2020,2023")
    fault = fired(toy, "HDR-01", POPULATION, 1, None, "2022")
    assert fault.details["found"] == "province, 2020, 2023"


def test_HDR_01_a_blank_header_row_is_a_missing_header(toy: Toy) -> None:
    toy.write(POPULATION, b"\n" + _bytes(toy))
    fired(toy, "HDR-01", POPULATION, 1, None, "province")


def test_HDR_02_an_undeclared_column_is_warned_of_and_not_used(toy: Toy) -> None:
    lines = _bytes(toy).decode().splitlines()
    toy.write(POPULATION, "\n".join([lines[0] + ",area", *(line + ",7" for line in lines[1:])]))
    the_fault(toy.warnings(), "HDR-02", POPULATION, 1, 4, "area")


def test_HDR_03_two_columns_of_one_name_are_refused(toy: Toy) -> None:
    toy.edit(POPULATION, "2020,2022", "2020,2020")
    fault = fired(toy, "HDR-03", POPULATION, 1, 3, "2020")
    assert fault.details["first"] == "B"


def test_HDR_05_a_nameless_column_over_data_is_refused(toy: Toy) -> None:
    lines = _bytes(toy).decode().splitlines()
    toy.write(POPULATION, "\n".join([lines[0] + ",", *(line + ",7" for line in lines[1:])]))
    fired(toy, "HDR-05", POPULATION, 1, 4, "7")


def test_HDR_08_a_wrong_delimiter_is_recognised(toy: Toy) -> None:
    toy.edit(CARDS, 'delimiter: ";"', 'delimiter: ","')
    fault = fired(toy, "HDR-08", ENTERPRISES, 1, None, "Tỉnh;Năm;Doanh nghiệp mới")
    assert fault.details["likely"] == "';'"


def test_HDR_09_a_short_row_is_never_shifted(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội,990,1000", "Hà Nội,990")
    fired(toy, "HDR-09", POPULATION, 3, None, 2)


def test_HDR_10_an_open_quote_is_named_by_the_row_it_opens_in(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", '"Hà Nội')
    fired(toy, "HDR-10", POPULATION, 3, None, "unexpected end of data")


@pytest.mark.parametrize("content", [b"", b"province,2020,2022\n"])
def test_HDR_13_a_file_without_data_rows_is_refused(toy: Toy, content: bytes) -> None:
    toy.write(POPULATION, content)
    fired(toy, "HDR-13", POPULATION)


def _workbook(*sheets: str) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        for name in sheets:
            book.add_worksheet(name).write(0, 0, "province")
    return buffer.getvalue()


def test_HDR_16_one_of_two_sheets_is_never_picked(toy: Toy) -> None:
    name = give_file(toy, "population", ".xlsx", _workbook("Bieu 1", "Bieu 2"))
    fault = fired(toy, "HDR-16", name)
    assert fault.details["found"] == "Bieu 1, Bieu 2"


def test_SEC_12_a_YAML_object_is_refused_and_nothing_is_run(toy: Toy, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    toy.edit(INDEX, "title_en: Synthetic index",
             f"title_en: !!python/object/apply:os.mkdir ['{trap}']")  # fmt: skip
    fired(toy, "SEC-12", INDEX, 2, None, "tag:yaml.org,2002:python/object/apply:os.mkdir")
    assert not trap.exists()


def test_SEC_13_an_alias_in_YAML_is_refused(toy: Toy) -> None:
    toy.edit(INDEX, "title_vi: Chỉ số tổng hợp thử\ntitle_en: Synthetic index",
             "title_vi: &same Chỉ số\ntitle_en: *same")  # fmt: skip
    fired(toy, "SEC-13", INDEX, 2, None, "same")


@pytest.mark.parametrize("suffix", [".xlsx", ".ods", ".xls", ".xlsb"])
def test_SEC_16_a_broken_workbook_is_refused(toy: Toy, suffix: str) -> None:
    start = b"\xd0\xcf\x11\xe0" if suffix == ".xls" else b"PK\x03\x04"
    name = give_file(toy, "population", suffix, start + b"\0" * 600)
    assert [f.place.file for f in toy.faults() if f.rule == "SEC-16"] == [name]


def test_SEC_18_a_cell_over_the_limit_is_refused_with_the_limit(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "H" * 1_000_001)
    found = [fault for fault in toy.faults() if fault.rule == "SEC-18"]
    assert [(f.place.file, f.place.row) for f in found] == [(POPULATION, 3)]
    assert found[0].details["limit"] == "1000000 characters"
    assert found[0].value == "1000001 characters"


def test_SYS_06_a_file_that_may_not_be_read_is_named_with_all_other_faults(toy: Toy) -> None:
    (toy.root / POPULATION).chmod(0)
    toy.edit(ENTERPRISES, "Quảng Nam", "Quảng Nma")
    with as_anyone():
        found = toy.faults()
        the_fault(found, "SYS-06", POPULATION, None, None, "Permission denied")
        assert "GEO-01" in {fault.rule for fault in found}
        with pytest.raises(Rejected):
            toy.index()


@pytest.mark.parametrize("kept", [0, 4, 0.5, -1])
def test_SYS_09_a_truncated_Parquet_file_is_refused(toy: Toy, kept: float) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"province": ["Hà Nội"], "2020": [1.0], "2022": [1.0]}), buffer)
    whole = buffer.getvalue()
    end = int(len(whole) * kept) if kept == 0.5 else int(kept)
    name = give_file(toy, "population", ".parquet", whole[:end])
    assert [f.place.file for f in toy.faults() if f.rule == "SYS-09"] == [name]


def test_a_second_card_on_a_refused_file_is_refused_too_and_the_run_goes_on(toy: Toy) -> None:
    toy.edit(POPULATION, "province,2020,2022", "province,2020,2023")
    text = (toy.root / CARDS).read_text("utf-8")
    card = text[text.index("  population:") : text.index("  enterprises:")]
    toy.write(CARDS, text + card.replace("  population:", "  population_again:", 1))
    rules = {fault.rule for fault in toy.faults()}
    assert {"DUP-05", "HDR-01"} <= rules
