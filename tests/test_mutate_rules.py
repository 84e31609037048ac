"""The script that turns rules off tells a rule that is tested from one that only seems so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import mutate_rules

TESTS = """
from pipeline.faults import Faults, Place

def fires(rule):
    faults = Faults()
    faults.add(rule, Place("x"), 1)
    return bool(faults.sorted())

def test_NUM_12_another_rule(): assert fires("NUM-13")
def test_NUM_12_is_noticed(): assert fires("NUM-12")
def test_NUM_05_is_never_looked_for(): pass
def test_NUM_13_is_red_anyway(): assert not fires("NUM-13"); assert False
"""


def test_a_rule_survives_without_a_test_that_is_red_while_it_is_off_and_green_while_it_is_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    rules = ["NUM-05", "NUM-12", "NUM-13", "NUM-14"]
    assert mutate_rules.main([*rules, "--processes", "1", "--tests", str(tmp_path)]) == 1
    *said, total = capsys.readouterr().out.splitlines()
    words = [line.split()[1] for line in said]
    assert words[0] == words[3] == "SURVIVES:"
    assert words[1].endswith("test_some.py::test_NUM_12_is_noticed")
    assert words[2] == "RED"
    assert total.endswith("3 survive")


def test_a_rule_of_the_catalogue_is_killed_by_the_tests_that_name_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert mutate_rules.main(["SCH-12", "NUM-23", "--processes", "1"]) == 0
    assert "NUM-23  tests/test_rules_number_cells.py::test_NUM_23_" in capsys.readouterr().out


def test_a_rule_that_is_not_in_the_catalogue_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        mutate_rules.main(["NUM-99"])
    assert "NUM-99" in capsys.readouterr().err
