"""The commands robustness and audit: what they print, what they refuse."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from pipeline import store
from pipeline.__main__ import main
from tests.conftest import Toy
from tests.drawing import declare


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A toy with factors and a release."""
    toy = Toy(tmp_path_factory.mktemp("varied") / "toy")
    declare(toy)
    toy.index()
    return toy


def run(toy: Toy, *words: str) -> int:
    return main([*words, "--lang", "en", "--root", str(toy.root)])


def test_the_page_says_what_the_tables_say(varied: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(varied, "robustness") == 0
    page = capsys.readouterr().out
    con = store.open_release(varied.project.current)
    ranked = con.sql("select province_code, province_name_en, rank, rank_low, rank_high "
                     "from scores where edition = '2022' and level = 'index' "
                     "order by rank, province_code").fetchall()  # fmt: skip
    told = dict(con.sql("select province_code || other_code, is_told_apart from pairs "
                        "where edition = '2022'").fetchall())  # fmt: skip
    con.close()
    codes = [row[0] for row in ranked]
    alike = sum(not told[a + b] for a, b in pairwise(codes))
    assert f"{alike} of {len(codes) - 1} adjacent ranks cannot be told apart." in page
    widths = sorted(high - low for *_, low, high in ranked)
    median = (widths[2] + widths[3]) / 2
    assert f"is {median:.0f} places" in page
    for _, name, rank, low, high in ranked:
        assert any(line.startswith(f"| {rank} | {name} |") and f"| {low}–{high} |" in line
                   for line in page.splitlines())  # fmt: skip


def test_a_pair_is_the_same_whichever_comes_first(
    varied: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(varied, "robustness", "--pair", "Đà Nẵng", "94", "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert run(varied, "robustness", "--pair", "94", "48", "--json") == 0
    assert json.loads(capsys.readouterr().out) == first
    assert {first["first"], first["second"]} == {"48", "94"}
    assert run(varied, "robustness", "--pair", "48", "94") == 0
    page = capsys.readouterr().out
    assert f"{first['share_above'] * 100:.1f} % of the draws" in page
    said = "can be told apart" if first["is_told_apart"] else "cannot be told apart"
    assert said in page


def test_one_province_twice_is_no_pair(varied: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(varied, "robustness", "--pair", "48", "48") == 2
    assert "one province" in capsys.readouterr().err


def test_without_factors_the_command_says_so(
    released: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(released, "robustness") == 2
    assert "no section robustness" in capsys.readouterr().err


def test_the_audit_prints_every_check_of_the_edition(
    varied: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(varied, "audit", "--edition", "2022-34", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["edition"] for row in rows} == {"2022-34"}
    assert run(varied, "audit", "--edition", "2022-34") == 0
    page = capsys.readouterr().out
    lines = [line for line in page.splitlines() if line.startswith("| ") and "---" not in line]
    headings = page.count("| Node | Beside |")
    assert len(lines) - headings == len(rows)


def test_json_holds_every_interval(varied: Toy, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(varied, "robustness", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["n_draws"] == 200
    assert len(found["intervals"]) == 6
