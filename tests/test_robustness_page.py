"""Every number of docs/robustness.md is what the command beside it prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.conftest import ROOT

PAGE = (ROOT / "docs/robustness.md").read_text("utf-8")
COMMANDS = re.findall(r"^`python -m pipeline ([^`]+)` prints:$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_stands_below_a_command_is_what_it_prints(
    command: str, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*shlex.split(command), "--lang", "en", "--root", str(shipped)]) == 0
    printed = capsys.readouterr().out.strip()
    assert f"`python -m pipeline {command}` prints:\n\n{printed}\n" in PAGE


def test_the_page_shows_the_ranks_of_both_schemes_and_the_audit() -> None:
    assert [command.split()[0] for command in COMMANDS] == ["robustness", "robustness", "audit"]
