"""Registers that cannot be read as their cards say: one test breaks each rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.limits import Limits
from pipeline.registers.files import common_hash, find_files, is_grouped
from tests.breaking import the_fault
from tests.registers import (
    HEADER,
    WHERE,
    Rows,
    card,
    figures,
    read,
    rows_of,
    write_csv,
    write_parquet,
)


def refused(root: Path, own: Any) -> list[Any]:
    reading, _ = read(root, own)
    return reading.faults.sorted()


def test_REG_01_unusable_rows_above_the_tolerance_refuse_the_run_and_the_first_of_each_is_told(
    tmp_path: Path,
) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""]] * 8
    rows += [["2", "Nowhere", "2020-01-01", ""], ["3", "Nowhere", "2020-01-01", ""],
             ["4", "Cà Mau", "2021-02-30", ""]]  # fmt: skip
    write_csv(tmp_path / "raw/s.csv", rows)
    own = card("raw/s.csv", register={"tolerance": 0.2})
    found = refused(tmp_path, own)
    assert the_fault(found, "REG-01", "raw/s.csv", value=3).kind == "reject"
    the_fault(found, "GEO-01", "raw/s.csv", 10, value="Nowhere")
    the_fault(found, "DAT-02", "raw/s.csv", 12, value="2021-02-30")
    assert len(found) == 3


def test_REG_02_unusable_rows_within_the_tolerance_are_a_warning(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""]] * 8 + [["2", "Nowhere", "2020-01-01", ""]]
    write_csv(tmp_path / "raw/s.csv", rows)
    (found,) = refused(tmp_path, card("raw/s.csv", register={"tolerance": "1/9"}))
    assert the_fault([found], "REG-02", "raw/s.csv", value=1).kind == "warn"


def test_REG_03_a_grouped_register_is_csv_or_parquet_and_nothing_else(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/s.csv", rows_of(1, 5))
    (found,) = refused(tmp_path, card("raw/s.csv", encoding="cp1258"))
    the_fault([found], "REG-03", "raw/s.csv", value="encoding")
    (found,) = refused(tmp_path, card("raw/s.csv", province={"numbered": True}))
    the_fault([found], "REG-03", "raw/s.csv", value="province: numbered")
    (tmp_path / "raw/s.xlsx").write_bytes(b"PK")
    (found,) = refused(tmp_path, card("raw/s.xlsx"))
    the_fault([found], "REG-03", "raw/s.xlsx", value=".xlsx")


def test_REG_04_a_line_that_is_no_row_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/s.csv").write_text(",".join(HEADER) + "\n1,Hà Nội,2020-01-01,x\n2,a\n")
    found = refused(tmp_path, card("raw/s.csv", register={"tolerance": 0}))
    the_fault(found, "REG-04", "raw/s.csv", 3, value="missing columns: 2,a")


def test_a_quote_that_is_not_closed_is_never_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "raw/s.csv"
    write_csv(path, [["1", "Hà Nội", "2020-01-01", "x"]] * 50)
    path.write_bytes(path.read_bytes() + b'2,"open,2020-01-01,x\n3,b,2020-01-01,x\n')
    (found, *_) = refused(tmp_path, card("raw/s.csv"))
    assert (found.rule, found.kind) == ("REG-01", "reject")


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"PK\x03\x04\n\n", "SEC-16"),
        (b"\xff\xfei\x00d\x00", "REG-04"),
        (b"id,province,granted,status", "HDR-13"),
        (b"id,province,granted,status\r1,a,2020-01-01,x\r", "HDR-13"),
        (b"id,province,granted,status\n1,a,2020,x\n2,a,2020,x\r\n3,a,2020,x\n", "REG-04"),
        (b"id;province;granted;status\n1;a;2020;x\n", "HDR-08"),
    ],
)
def test_a_file_that_is_no_table_of_the_card_is_refused(
    tmp_path: Path, raw: bytes, rule: str
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/s.csv").write_bytes(raw)
    assert rule in {f.rule for f in refused(tmp_path, card("raw/s.csv")) if f.kind == "reject"}


def test_REG_05_a_value_that_the_filter_does_not_know_is_refused(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", "pending"], ["2", "Hà Nội", "2020-01-01", "lapsed"]]
    for file, write in (("raw/s.csv", write_csv), ("raw/s.parquet", write_parquet)):
        write(tmp_path / file, rows)
        found = refused(tmp_path, card(file, register={"where": WHERE, "tolerance": 0}))
        the_fault(found, "REG-05", file, 2, value="pending")


def test_REG_06_a_record_without_its_key_is_refused(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""], [" ", "Hà Nội", "2020-01-01", ""]]
    write_csv(tmp_path / "raw/s.csv", rows)
    found = refused(tmp_path, card("raw/s.csv", register={"key": "id", "tolerance": 0}))
    the_fault(found, "REG-06", "raw/s.csv", 3, value="")


def test_REG_07_records_of_one_key_that_differ_are_refused_and_none_counts(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""], ["1", "ha noi", "2020-01-01", ""],
                  ["2", "Hà Nội", "2020-01-01", ""], ["2", "Cà Mau", "2020-01-01", ""]]  # fmt: skip
    write_csv(tmp_path / "raw/s.csv", rows)
    own = card("raw/s.csv", register={"key": "id", "tolerance": 0})
    the_fault(refused(tmp_path, own), "REG-07", "raw/s.csv", 4, value="2")
    reading, counts = read(tmp_path, own)
    assert counts is not None
    assert figures(reading)["01", 2022] == 1
    assert counts.files["raw/s.csv"].filtered == {"duplicate": 1}


def test_a_header_that_the_card_does_not_know_is_refused_in_every_file(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/reg/a.csv", rows_of(1, 5))
    write_csv(tmp_path / "raw/reg/b.csv", rows_of(1, 5), header=["id", "provinz", *HEADER[2:]])
    (tmp_path / "raw/reg/c.csv").write_bytes(b"")
    found = refused(tmp_path, card("raw/reg"))
    assert {f.place.file for f in found} == {"raw/reg/b.csv", "raw/reg/c.csv"}


def test_a_changed_folder_is_not_trusted(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/reg/a.csv", rows_of(1, 5))
    own = card("raw/reg")
    files = find_files(tmp_path, own, read(tmp_path, own)[0].faults)
    assert files is not None
    kept = card("raw/reg", sha256=common_hash(tmp_path, own, files))
    assert not any(f.rule == "SCH-11" for f in refused(tmp_path, kept))
    (tmp_path / "raw/reg/a.csv").rename(tmp_path / "raw/reg/b.csv")
    assert [f.rule for f in refused(tmp_path, kept) if f.kind == "reject"] == ["SCH-11"]


def test_small_registers_name_their_records_and_large_ones_are_grouped(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/s.csv", rows_of(1, 50))
    own = card("raw/s.csv", register={"tolerance": None})
    assert not is_grouped(tmp_path, own, Limits())
    assert is_grouped(tmp_path, own, Limits(record_bytes=100))
    assert is_grouped(tmp_path, card("raw/s.csv", register={"key": "id"}), Limits())
