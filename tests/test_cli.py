"""The command line as a user meets it: what it prints, where, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import language
from pipeline.__main__ import main
from tests.conftest import ROOT, Toy

Captured = pytest.CaptureFixture[str]


def run(toy: Toy, *arguments: str) -> int:
    return main([*arguments, "--root", str(toy.root)])


def test_index_publishes_once_and_has_nothing_to_do_the_second_time(
    toy: Toy, capsys: Captured
) -> None:
    assert run(toy, "index", "--lang", "en") == 0
    first = capsys.readouterr()
    assert "6 provinces ranked in edition 2022" in first.out
    state = {p: p.lstat().st_mtime_ns for p in toy.root.rglob("*")}
    assert run(toy, "index", "--lang", "en") == 0
    assert "Nothing has changed" in capsys.readouterr().out
    assert {p: p.lstat().st_mtime_ns for p in toy.root.rglob("*")} == state
    assert run(toy, "verify", "--lang", "en") == 0


def test_a_refused_index_lists_the_faults_and_writes_errors_json(
    toy: Toy, capsys: Captured
) -> None:
    toy.edit("raw/synthetic_enterprises.csv", "Quảng Nam", "Quảng Nma")
    assert run(toy, "index", "--lang", "vi") == 1
    shown = capsys.readouterr().err
    assert "dòng 4, cột A (Tỉnh)" in shown
    assert "Quảng Nam" in shown
    report = json.loads((toy.root / "outputs/errors.json").read_text("utf-8"))
    assert [f["rule"] for f in report["faults"]] == ["GEO-01"]
    assert not (toy.root / "outputs/current").exists()


def test_check_writes_nothing_and_says_how_much_it_read(toy: Toy, capsys: Captured) -> None:
    before = sorted(p for p in toy.root.rglob("*"))
    assert run(toy, "check", "--lang", "en") == 0
    assert "5 files" in capsys.readouterr().out
    assert sorted(p for p in toy.root.rglob("*")) == before
    toy.edit("raw/synthetic_labour.csv", "province,share", "province,extra,share")
    toy.edit("raw/synthetic_labour.csv", "\n01,", "\n01,9,")
    assert run(toy, "check", "--lang", "en") == 1
    assert "HDR-09" in capsys.readouterr().err


def test_verify_names_what_is_damaged_foreign_or_stale(toy: Toy, capsys: Captured) -> None:
    assert run(toy, "verify", "--lang", "en") == 3
    assert "make index" in capsys.readouterr().err
    release = toy.index().release
    (release / "scores.parquet").write_bytes(b"PAR1")
    (release / "stranger.txt").write_text("?")
    toy.edit("index.yml", "Synthetic index", "Synthetic index again")
    assert run(toy, "verify", "--lang", "en") == 3
    shown = capsys.readouterr().err
    for words in (
        "missing file: scores.parquet",
        "release: stranger.txt",
        "publication: index.yml",
    ):
        assert words in shown


def test_explain_prints_a_tree_or_json_and_knows_names_and_codes(
    toy: Toy, capsys: Captured
) -> None:
    assert run(toy, "explain", "Cần Thơ", "index", "--lang", "en") == 3
    toy.index()
    capsys.readouterr()
    assert run(toy, "explain", "cần thơ", "index", "--lang", "vi") == 0
    tree = capsys.readouterr().out
    assert "raw/synthetic_enterprises.csv  C5  «120»" in tree
    assert "điểm 50,00 · hạng 3/6" in tree
    assert run(toy, "explain", "92", "people", "--edition", "2022-34", "--json") == 0
    entry = json.loads(capsys.readouterr().out)
    assert entry["score"] == 0
    assert entry["children"][0]["inputs"][0]["parts"] == "92+93+94"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Cần Tho", "index"], "Cần Thơ"),
        (["Cả nước", "index"], "There is no province"),
        (["Cần Thơ", "indx"], "Nearest: index"),
        (["Cần Thơ", "index", "--edition", "2021"], "There is no edition '2021'"),
        (["99", "index"], "99"),
    ],
)
def test_a_question_about_nothing_is_answered_with_what_there_is(
    arguments: list[str], words: str, toy: Toy, capsys: Captured
) -> None:
    toy.index()
    assert run(toy, "explain", *arguments, "--lang", "en") == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", ["top", "coverage", "compare-pii"])
def test_a_table_needs_a_release_and_a_known_edition(
    command: str, toy: Toy, capsys: Captured
) -> None:
    assert run(toy, command, "--lang", "en") == 3
    toy.index()
    assert run(toy, command, "--edition", "1999", "--lang", "en") == 2
    assert "1999" in capsys.readouterr().err


def test_top_and_coverage_print_markdown_in_both_languages(toy: Toy, capsys: Captured) -> None:
    toy.index()
    assert run(toy, "top", "-n", "2", "--lang", "vi") == 0
    assert "| 1 | Hà Nội | 86,67 | 100,00 | 73,33 |" in capsys.readouterr().out
    assert run(toy, "coverage", "--lang", "en") == 0
    table = capsys.readouterr().out
    assert "| Firms | New enterprises per 10,000 inhabitants | 6/6 | 33.3 % |  |" in table
    assert "| Firms | Start-ups per million inhabitants | 1/6 | – | No source has" in table


def test_a_comparison_without_published_ranks_says_so(toy: Toy, capsys: Captured) -> None:
    toy.index()
    assert run(toy, "compare-pii", "--lang", "en") == 2
    assert "There is no PII 2023 rank" in capsys.readouterr().err
    assert run(toy, "compare-pii", "--without", "nothing", "--lang", "en") == 2


def test_accept_renews_the_hash_of_the_card_and_of_no_other(toy: Toy, capsys: Captured) -> None:
    name = "raw/synthetic_labour.csv"
    path = toy.root / name
    path.write_text(path.read_text("utf-8").replace("600", "601"), "utf-8")
    assert run(toy, "check", "--lang", "en") == 1
    assert "SCH-11" in capsys.readouterr().err
    before = (toy.root / "raw/sources.yml").read_text("utf-8")
    assert run(toy, "accept", name, "--lang", "en") == 0
    after = (toy.root / "raw/sources.yml").read_text("utf-8")
    changed = [a for a, b in zip(after.splitlines(), before.splitlines(), strict=True) if a != b]
    assert len(changed) == 1
    assert run(toy, "check") == 0
    assert run(toy, "accept", name, "--lang", "en") == 0
    assert "right already" in capsys.readouterr().out
    assert run(toy, "accept", "raw/nothing.csv", "--lang", "en") == 2


def test_docs_writes_the_generated_pages(toy: Toy, capsys: Captured) -> None:
    assert run(toy, "docs") == 0
    assert capsys.readouterr().out.split() == ["docs/data.md", "docs/faults.md"]
    page = (toy.root / "docs/data.md").read_text("utf-8")
    assert "Synthetic population" in page
    assert "weighted mean by `labour_force_thousand`" in page


def test_an_unexpected_fault_is_a_message_and_a_trace_only_on_request(
    toy: Toy, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.index()
    monkeypatch.setattr("pipeline.tables.top_scores", lambda *_: 1 / 0)
    assert run(toy, "top", "--lang", "en") == 70
    shown = capsys.readouterr().err
    assert "ZeroDivisionError" in shown
    assert "Traceback" not in shown
    with pytest.raises(ZeroDivisionError):
        run(toy, "top", "--debug")


def test_SYS_04_ctrl_c_ends_with_130(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipeline.run.load", stop)
    assert run(toy, "check") == 130


def test_SYS_21_a_pipe_that_closes_early_is_no_fault_and_output_to_a_pipe_has_no_colour(
    toy: Toy,
) -> None:
    toy.index()
    command = [sys.executable, "-m", "pipeline", "explain", "Cần Thơ", "index", "--root", toy.root]
    shell = " ".join(f"'{part}'" for part in command) + " | head -n 1; echo ${PIPESTATUS[0]}"
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout


def test_without_a_root_the_project_here_is_taken(
    toy: Toy, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(toy.root)
    assert main(["check", "--lang", "en"]) == 0
    assert "5 files" in capsys.readouterr().out


def test_help_lists_every_command(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    for name in ("index", "check", "explain", "verify", "accept"):
        assert re.search(rf"^\s+{name}\s", shown, re.MULTILINE)


def test_the_language_is_asked_for_or_taken_from_the_locale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LII_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    assert language.default_language() == "en"
    monkeypatch.setenv("LANG", "vi_VN.UTF-8")
    assert language.default_language() == "vi"
    monkeypatch.setenv("LII_LANG", "en")
    assert language.default_language() == "en"


def test_numbers_are_written_as_each_language_writes_them() -> None:
    assert language.number(1234.5, "vi") == "1.234,50"
    assert language.number(1234.5, "en") == "1,234.50"
    assert language.number(None, "vi") == ""


def test_every_text_and_reason_stands_in_both_languages() -> None:
    for part in ("ui", "reasons", "statuses"):
        for key, words in language.catalogue()[part].items():
            assert set(words) == {"vi", "en"}, key
            assert re.findall(r"{(\w+)", words["vi"]) or not re.findall(r"{(\w+)", words["en"])
            assert set(re.findall(r"{(\w+)", words["vi"])) == set(
                re.findall(r"{(\w+)", words["en"])
            ), key


def test_a_suite_that_cannot_run_blocks_publication(tmp_path: Path) -> None:
    from pipeline.checker import Checker

    with Checker() as check, pytest.raises(RuntimeError, match="could not run"):
        check(tmp_path, [])
