"""YAML is read as plain data with line numbers; what is not plain is refused, quickly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.faults import Faults
from pipeline.limits import DEFAULTS
from pipeline.yamlfile import YamlFile, read_yaml


def _read(folder: Path, content: str | bytes) -> tuple[YamlFile, list[tuple[str, int | None]]]:
    path = folder / "x.yml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    faults = Faults()
    found = read_yaml(path, "x.yml", faults)
    return found, [(fault.rule, fault.place.row) for fault in faults.sorted()]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1", 1), ("-1", -1), ("1.5", 1.5), ("1.5e3", 1500.0), ("true", True), ("null", None),
        ("~", None), ("", None), ("NO", "NO"), ("on", "on"), ("True", "True"), ("012", "012"),
        ("0x1f", "0x1f"), ("1_000", "1_000"), ("1:30", "1:30"), ("2026-01-01", "2026-01-01"),
        (".inf", ".inf"), (".nan", ".nan"), ("1.0e999", "1.0e999"), ("'1'", "1"),
        ('"true"', "true"),
        ("9" * 18, int("9" * 18)), ("9" * 5000, "9" * 5000), ("=", "="),
    ],
)  # fmt: skip
def test_only_what_is_plainly_typed_is_typed(tmp_path: Path, written: str, meant: Any) -> None:
    found, faults = _read(tmp_path, f"key: {written}\n")
    assert faults == []
    assert found.data == {"key": meant}
    assert type(found.data["key"]) is type(meant)


def test_every_key_has_its_line_and_a_missing_one_that_of_its_parent(tmp_path: Path) -> None:
    found, _ = _read(tmp_path, "a:\n  - b: 1\n    c: 2\n  - d: 3\n")
    assert found.place("a", 0, "c").row == 3
    assert found.place("a", 1).row == 4
    assert found.place("a", 0, "nothing", "here").row == 2


def test_a_byte_order_mark_and_Vietnamese_are_read(tmp_path: Path) -> None:
    found, faults = _read(tmp_path, b"\xef\xbb\xbf" + "tên: Hà Nội\r\n".encode())
    assert (found.data, faults) == ({"tên": "Hà Nội"}, [])


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("content", "rule", "row"),
    [
        ("", "SCH-18", None),
        ("# nothing\n", "SCH-18", None),
        ("null\n", "SCH-18", None),
        ("a: [1\n", "SCH-18", 2),
        ("a: 1\n---\nb: 2\n", "SCH-18", 2),
        ("a: \x01\n", "SCH-18", None),
        ("? [a]\n: 1\n", "SCH-18", 1),
        ("a: 1\nb: 2\na: 3\n", "SCH-06", 3),
        ("a: !!python/name:os.system\n", "SEC-12", 1),
        ("a: 1\nb: !!binary aGk=\n", "SEC-12", 2),
        ("a: &x [1]\nb: [*x, *x]\n", "SEC-13", 2),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "SEC-13", 3),
        ("[" * 400_000, "SEC-13", 1),
        ("- " * 200_000, "SEC-13", 1),
        ("a: " + "{a: " * 100_000, "SEC-13", 1),
        (" " * (DEFAULTS.yaml_bytes + 1), "SEC-13", None),
        (b"a: 1\r\nb: \xff\n", "ENC-03", 2),
    ],
)
def test_what_is_not_plain_data_is_refused(
    tmp_path: Path, content: str | bytes, rule: str, row: int | None
) -> None:
    _, faults = _read(tmp_path, content)
    assert faults == [(rule, row)]


def test_nesting_up_to_the_limit_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path, "[" * DEFAULTS.yaml_depth + "]" * DEFAULTS.yaml_depth)[1] == []
    assert _read(tmp_path, "[" * (DEFAULTS.yaml_depth + 1) + "]" * (DEFAULTS.yaml_depth + 1))[
        1
    ] == [("SEC-13", 1)]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    faults = Faults()
    assert read_yaml(tmp_path / "none.yml", "none.yml", faults).data is None
    assert [fault.rule for fault in faults.sorted()] == ["SCH-10"]
