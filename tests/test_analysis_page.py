"""Every number of docs/analysis.md is what the command or the query beside it prints."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.conftest import ROOT

PAGE = (ROOT / "docs/analysis.md").read_text("utf-8")
COMMANDS = re.findall(r"^`python -m pipeline ([^`]+)` prints:$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_stands_below_a_command_is_what_it_prints(
    command: str,
    shipped: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = (shipped / "index.yml").read_text("utf-8")
    other = words.replace("lower: 0,", "lower: 1,")  # as the page does with sed
    other = other.replace("aggregate: arithmetic", "aggregate: geometric")
    (tmp_path / "geometric.yml").write_text(other, "utf-8")
    monkeypatch.chdir(tmp_path)
    assert main([*shlex.split(command), "--lang", "en", "--root", str(shipped)]) == 0
    printed = capsys.readouterr().out.strip()
    assert f"`python -m pipeline {command}` prints:\n\n{printed}\n" in PAGE


def test_the_page_shows_every_command_of_its_list() -> None:
    listed = re.findall(r"^\| [^|]+\? \| `([a-z-]+)", PAGE, re.MULTILINE)
    assert {command.split()[0] for command in COMMANDS} == set(listed)
    assert len(COMMANDS) >= 8


def test_the_queries_of_the_page_give_what_stands_below_them(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shipped)
    test = doctest.DocTestParser().get_doctest(PAGE, {}, "analysis.md", None, 0)
    assert len(test.examples) >= 6
    assert doctest.DocTestRunner().run(test).failed == 0
