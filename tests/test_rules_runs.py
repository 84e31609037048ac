"""Every rule about outputs and the system is broken once in a whole run, and fires."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.faults import Fault, Rejected
from tests.breaking import POPULATION, the_fault
from tests.conftest import ROOT, Toy, passing


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


@pytest.mark.parametrize("limit", [0, 5000])
def test_SYS_01_a_full_disk_is_reported_and_leaves_no_half_release(toy: Toy, limit: int) -> None:
    script = f"""
import resource, sys
from pathlib import Path
from pipeline.faults import Rejected, render
from pipeline.project import Project
from pipeline.run import run_index
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    run_index(Project(Path({str(toy.root)!r})), lambda *_: None, lambda *_: [])
except Rejected as error:
    print(*[(f.rule, f.place.file, f.value) for f in error.faults])
    print(render(error.faults, 'en'))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True,
                          check=False, timeout=60)  # fmt: skip
    assert done.stdout.startswith("('SYS-01', 'outputs', 'File too large')"), done.stderr
    assert "MB free" in done.stdout
    assert not toy.project.current.exists()
    assert not any((toy.project.outputs / "releases").glob(".*"))


def test_SYS_05_an_output_folder_that_cannot_be_written_is_refused(toy: Toy) -> None:
    toy.project.outputs.write_text("a file stands here")
    the_fault(_index_faults(toy), "SYS-05", "outputs", None, None, "File exists")


def test_SYS_07_a_second_run_is_refused_with_the_process_of_the_first(toy: Toy) -> None:
    toy.project.outputs.mkdir()
    with (toy.project.outputs / ".run.lock").open("w") as held:
        held.write(str(os.getpid()))
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        found = _index_faults(toy)
    the_fault(found, "SYS-07", "outputs", None, None, os.getpid())


def test_SYS_11_an_input_replaced_during_the_run_stops_publication(toy: Toy) -> None:
    def replace(_: Path, __: list[dict[str, Any]]) -> list[dict[str, Any]]:
        with (toy.root / POPULATION).open("a") as handle:
            handle.write("\n")
        return []

    the_fault(_index_faults(toy, replace), "SYS-11", "raw", None, None, "raw")
    assert not toy.project.current.exists()
