"""The figures in the README are what the commands beside them print."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.__main__ import main
from tests.conftest import ROOT

COMMANDS = [
    ["top"],
    ["coverage"],
    ["compare-pii", "--without", "intellectual_property"],
    ["robustness", "-n", "5"],
]
PAGES = {"en": "README.md", "vi": "README.vi.md"}


@pytest.mark.parametrize("lang", PAGES)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_a_table_of_the_readme_is_what_its_command_prints(
    command: list[str], lang: str, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--lang", lang, "--root", str(shipped)]) == 0
    printed = capsys.readouterr().out.strip()
    assert len(printed.splitlines()) >= 5
    assert printed in (ROOT / PAGES[lang]).read_text("utf-8")


def test_the_table_of_the_34_provinces_is_what_its_command_prints(
    shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["top", "--edition", "2022-34", "-n", "5", "--lang", "en", "--root", str(shipped)]
    assert main(command) == 0
    assert capsys.readouterr().out.strip() in (ROOT / "README.md").read_text("utf-8")


def test_the_shipped_release_has_63_and_34_provinces_ranked_or_explained_and_each_pillar(
    shipped: Path,
) -> None:
    from pipeline import store

    con = store.open_release(shipped / "outputs/current")
    for edition, n in (("2022", 63), ("2022-34", 34)):
        rows = con.sql(
            "select count(*), count(*) filter (where is_ranked or reason is not null) from scores "
            "where level = 'index' and edition = $edition",
            params={"edition": edition},
        ).fetchall()
        assert rows == [(n, n)]
        pillars = con.sql(
            "select node, count(score) from scores where level = 'pillar' and edition = $edition "
            "group by node",
            params={"edition": edition},
        ).fetchall()
        assert dict(pillars) == dict.fromkeys(
            ["trained_people", "organisations", "start_ups", "intellectual_property"], n
        )
    con.close()
