"""Every rule about outputs and the system is broken once in a whole run, and fires."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.faults import Fault, Rejected
from tests.breaking import POPULATION, the_fault
from tests.conftest import Toy, passing


def _index_faults(toy: Toy, check: Any = passing) -> list[Fault]:
    """The faults of a whole run that must be refused."""
    with pytest.raises(Rejected) as refused:
        toy.index(check)
    return refused.value.faults


def test_OUT_01_a_failed_check_of_the_whole_stops_publication(toy: Toy) -> None:
    def fail(_: Path, __: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"success": False, "severity": "error", "table": "scores", "rule": "a rule",
                 "expectation": "an expectation", "detail": "3 rows"}]  # fmt: skip

    fault = the_fault(_index_faults(toy, fail), "OUT-01", "outputs/scores", None, None, "a rule")
    assert fault.details["problem"] == "an expectation: 3 rows"
    assert not toy.project.current.exists()
    assert list((toy.project.outputs / "releases").iterdir()) == []


def test_SYS_11_an_input_replaced_during_the_run_stops_publication(toy: Toy) -> None:
    def replace(_: Path, __: list[dict[str, Any]]) -> list[dict[str, Any]]:
        with (toy.root / POPULATION).open("a") as handle:
            handle.write("\n")
        return []

    the_fault(_index_faults(toy, replace), "SYS-11", "raw", None, None, "raw")
    assert not toy.project.current.exists()
