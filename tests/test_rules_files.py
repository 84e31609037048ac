"""Every rule about files that are not what they should be is broken once, and fires."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.faults import Rejected
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    INDEX,
    POPULATION,
    fired,
    give_file,
    line_of,
    the_fault,
)
from tests.conftest import Toy
from tests.hostile import as_anyone


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


LEVELS = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 10))
MERGES = "".join(f"m{i}: &m{i}\n  <<: [{', '.join([f'*m{i - 1}'] * 9)}]\n" for i in range(1, 10))


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    ("bomb", "row", "value", "limit"),
    [
        ("l0: &l0 [lol]\n" + LEVELS, 2, "l0", "no alias"),
        ("m0: &m0 {a: b}\n" + MERGES, 3, "m0", "no alias"),
        ("a: " + "[" * 500_000, 1, 21, "20 levels, yaml_depth"),
        ("#" * 1_000_001, None, "1000001 bytes", "1000000 bytes, yaml_bytes"),
    ],
)
def test_SEC_13_a_YAML_bomb_is_refused_in_two_seconds_with_its_limit(
    toy: Toy, bomb: str, row: int | None, value: object, limit: str
) -> None:
    toy.write(INDEX, bomb)
    started = time.perf_counter()
    assert str(fired(toy, "SEC-13", INDEX, row, None, value).details["limit"]) == limit
    assert time.perf_counter() - started < 2


def test_SEC_13_the_limits_are_settings_of_the_project(toy: Toy) -> None:
    toy.write("limits.yml", "yaml_bytes: 200\nyaml_depth: 2\n")
    found = {fault.place.file: fault for fault in toy.faults()}
    assert found[INDEX].details["limit"] == "200 bytes, yaml_bytes"
    assert found[CARDS].details["limit"] == "200 bytes, yaml_bytes"
    toy.write("limits.yml", "yaml_depth: 2\n")
    fired(toy, "SEC-13", CARDS, line_of(toy, CARDS, "file:"), None, 3)


@pytest.mark.parametrize(
    ("written", "rule"),
    [("rows: 0", "SCH-07"), ("rwos: 5", "SCH-05"), ("rows: 1e9", "SCH-07"), ("rows: [5]", "SCH-07"),
     ("yaml_depth: 1000", "SCH-07"), ("rows: 5\nrows: 6", "SCH-06")],
)  # fmt: skip
def test_a_broken_limit_is_refused_on_its_line(toy: Toy, written: str, rule: str) -> None:
    toy.write("limits.yml", f"columns: 20\n{written}\n")
    (fault,) = [f for f in toy.faults() if f.place.file == "limits.yml"]
    assert (fault.rule, fault.place.row) == (rule, 2 + written.count("\n"))


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
