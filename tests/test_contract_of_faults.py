"""The contract behind every rule: all faults at once, with remedy, and nothing changed."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import string
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from pipeline.faults import MAX_RAW, Fault, Place, as_json, column_letters, render, shown
from pipeline.language import catalogue
from tests.breaking import ENTERPRISES, INDEX, POPULATION
from tests.conftest import NO_VALUE, ROOT, Toy

RULES = catalogue()["rules"]
MESSAGES = [(rule, room) for rule in RULES for room in ("", "build")
            if not room or room in RULES[rule]]  # fmt: skip
# Messages that show the value in a detail: a span, the first cells, a unit with its time.
HELD_BY = {("NUM-07", ""): "span", ("SCH-01", ""): "cells", ("DUP-01", "build"): "key"}
PYTHON = [*(ROOT / "pipeline").rglob("*.py")]


def tree(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under a folder; what a link points to stands for the link."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def _break_three_cells(toy: Toy) -> None:
    """A misspelt province and a bad number in one file, a bad number in another."""
    toy.edit(POPULATION, "Quảng Nam,500,500", "Quảng Nma,500,500")
    toy.edit(POPULATION, "Cần Thơ,398,400", "Cần Thơ,398,4x0")
    toy.edit(ENTERPRISES, "Hậu Giang;2022;10", "Hậu Giang;2022;1.23.4")


def _run(toy: Toy, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "index", "--root", str(toy.root), *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_C1_faults_of_all_files_are_reported_in_one_run(toy: Toy) -> None:
    _break_three_cells(toy)
    toy.edit(INDEX, "    weight: 1", "    weight: -1")
    found = [(f.rule, f.place.file, f.place.row, f.place.column) for f in toy.faults()]
    assert found == [
        ("SCH-04", "index.yml", 25, None),
        ("NUM-05", ENTERPRISES, 6, 3),
        ("GEO-01", POPULATION, 5, 1),
        ("NUM-10", POPULATION, 6, 3),
    ]


def test_C1_broken_cards_do_not_hide_a_broken_index(toy: Toy) -> None:
    toy.edit("raw/sources.yml", "kind: register", "kind: registry")
    toy.edit(INDEX, "    weight: 1", "    weight: -1")
    assert [fault.rule for fault in toy.faults()] == ["SCH-04", "SCH-13"]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_refused_run_says_everything_and_changes_nothing(toy: Toy, lang: str) -> None:
    """C2, C3, C4, C6 and C11 through the command line."""
    release = toy.index().release
    _break_three_cells(toy)
    inputs, outputs = tree(toy.root / "raw"), tree(toy.project.outputs)
    done = _run(toy, "--lang", lang)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    report = json.loads((toy.project.outputs / "errors.json").read_text("utf-8"))
    for fault in report["faults"]:
        for part in (fault["rule"], fault["file"], fault["column_name"], fault["value"]):
            assert part in done.stderr
        for part in ("where", "why", "remedy"):
            assert fault[lang][part] in done.stderr
    places = [(f["rule"], f["file"], f["row"], f["column"], f["cell"], f["column_name"], f["value"])
              for f in report["faults"]]  # fmt: skip
    assert places == [
        ("NUM-05", ENTERPRISES, 6, 3, "C6", "Doanh nghiệp mới", "1.23.4"),
        ("GEO-01", POPULATION, 5, 1, "A5", "province", "Quảng Nma"),
        ("NUM-10", POPULATION, 6, 3, "C6", "2022", "4x0"),
    ]
    (toy.project.outputs / "errors.json").unlink()
    assert tree(toy.project.outputs) == outputs
    assert tree(toy.root / "raw") == inputs
    assert toy.project.current.resolve() == release.resolve()


def test_an_unexpected_fault_shows_no_trace_unless_asked(toy: Toy) -> None:
    (toy.root / "reference/schemes.csv").unlink()
    done = _run(toy, "--lang", "en")
    assert done.returncode == 70
    assert "Traceback" not in done.stderr
    assert "Traceback" in _run(toy, "--lang", "en", "--debug").stderr


def test_C7_the_same_inputs_give_the_same_messages_in_the_same_order(toy: Toy) -> None:
    _break_three_cells(toy)
    assert as_json(toy.faults()) == as_json(toy.faults())


def test_C8_control_characters_are_escaped_and_long_values_cut(toy: Toy) -> None:
    toy.edit(POPULATION, "Quảng Nam", "\x1b[31mQuảng\u202e Nam" + "x" * 900_000)
    (fault,) = toy.faults()
    text = render([fault], "vi") + as_json([fault])
    assert len(text) < 2500
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\\x1b[31mQuảng\\u202e Nam" in render([fault], "vi")


def test_a_shown_value_is_never_longer_than_the_limit() -> None:
    assert shown("a" * MAX_RAW) == "a" * MAX_RAW
    assert shown("a" * (MAX_RAW + 1)) == "a" * (MAX_RAW - 1) + "…"
    assert len(shown("\x1b" * MAX_RAW)) == MAX_RAW
    assert shown(None) == ""


def test_columns_are_named_as_a_spreadsheet_does() -> None:
    assert [column_letters(n) for n in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]


def _placeholders(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def _calls() -> list[tuple[Path, str, set[str]]]:
    """File, rule and named details of every place in the code that names a rule outright."""
    found = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            first, name = node.args[0], getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in ("add", "Refused") or not isinstance(first, ast.Constant):
                continue
            if not re.fullmatch(r"[A-Z]{3}-\d\d", str(first.value)):
                continue
            named = {keyword.arg for keyword in node.keywords if keyword.arg}
            if name == "Refused" and isinstance(node.args[1], ast.Dict):
                named = {str(getattr(key, "value", "")) for key in node.args[1].keys}
            found.append((path, str(first.value), named))
    return found


SCHEMA = json.loads((ROOT / "schemas/errors.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("rule", sorted(RULES))
def test_C2_the_error_report_of_any_rule_keeps_to_the_published_schema(rule: str) -> None:
    words = RULES[rule]
    named = _placeholders("".join(words[k] for k in ("vi", "en", "remedy_vi", "remedy_en")))
    details = dict.fromkeys(named - {"value"}, "chi tiết")
    places = [
        Place("raw/x.csv"),
        Place("raw/a\nb\udcff.xlsx", "Bieu 1", 3, 28, "Dân số"),
        Place("index.yml", row=7),
    ]
    faults = [Fault(rule, place, "giá\x1b trị" * 90, details) for place in places]
    report = json.loads(as_json(faults).encode("utf-8", "strict"))
    jsonschema.validate(report, SCHEMA, jsonschema.Draft202012Validator)
    for entry in report["faults"]:
        assert (entry["rule"], entry["kind"]) == (rule, words["kind"])
        for lang in ("vi", "en"):
            assert entry["file"] in entry[lang]["where"]
            assert entry[lang]["why"]
            assert entry[lang]["remedy"]
    assert report["faults"][1]["column_letters"] == "AB"
    assert report["faults"][1]["cell"] == "AB3"
    assert "AB (Dân số)" in report["faults"][1]["vi"]["where"]


def test_C2_a_refused_run_writes_a_report_that_keeps_to_the_published_schema(toy: Toy) -> None:
    _break_three_cells(toy)
    toy.edit(INDEX, "    weight: 1", "    weight: -1")
    report = json.loads(as_json(toy.faults()))
    jsonschema.validate(report, SCHEMA, jsonschema.Draft202012Validator)
    assert len(report["faults"]) == 4


@pytest.mark.parametrize("lang", ["vi", "en"])
@pytest.mark.parametrize(("rule", "room"), MESSAGES)
def test_C2_every_message_says_file_place_value_rule_why_and_remedy(
    rule: str, room: str, lang: str
) -> None:
    """Walk every message of the catalogue in both languages, as a person would read it."""
    words = RULES[rule] | RULES[rule].get(room, {})
    named = _placeholders(words[lang] + words[f"remedy_{lang}"]) - {"value"}
    details = {name: f"<{name}>" for name in named}
    if (rule, room) in HELD_BY:
        details[HELD_BY[rule, room]] = "<giá trị>"
    place = Place("raw/x.csv", "Bieu 1", 1234, 28, "Dân số")
    text = render([Fault(rule, place, "giá trị", details, room)], lang)
    head, why, remedy, count = text.splitlines()
    kind = catalogue()["ui"][f"kind_{words['kind']}"][lang]
    assert head.startswith(f"{kind} [{rule}] raw/x.csv, ")
    for part in ("Bieu 1", "1234", "AB (Dân số)"):
        assert part in head
    assert "giá trị" in why + remedy or rule in NO_VALUE
    for said in details.values():
        assert said in why + remedy
    assert len(why.strip()) > 10
    assert re.fullmatch(r"  → .{10,}", remedy)
    assert not re.search(r"[{}]", text)
    assert count


@pytest.mark.parametrize(("rule", "room"), MESSAGES)
def test_C10_every_rule_says_the_same_in_both_languages_in_words_of_each(
    rule: str, room: str
) -> None:
    words = RULES[rule] | RULES[rule].get(room, {})
    assert set(words) - {"build"} == {"kind", "vi", "en", "remedy_vi", "remedy_en"}
    assert words["kind"] in ("reject", "warn")
    for vi, en in (("vi", "en"), ("remedy_vi", "remedy_en")):
        assert _placeholders(words[vi]) == _placeholders(words[en])
        assert words[vi] != words[en]


def test_C10_every_call_gives_what_the_message_needs() -> None:
    calls = _calls()
    assert len(calls) > 60
    for file, rule, named in calls:
        words = RULES[rule] | (RULES[rule].get("build", {}) if file.parent.name == "build" else {})
        wanted = _placeholders(words["vi"] + words["remedy_vi"]) - {"value"}
        assert wanted <= named, f"{file.name}, {rule}: the message needs {wanted - named}"


SAID = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}")  # words of one language, and not a key or a unit


def _spoken(path: Path) -> list[str]:
    """Phrases outside the catalogue that a file gives to a fault, or a checked model refuses by."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        name = (
            getattr(node.func, "attr", getattr(node.func, "id", ""))
            if isinstance(node, ast.Call)
            else ""
        )
        if name == "add" and re.fullmatch(
            r"[A-Z]{3}-\d\d", str(getattr(node.args[0], "value", ""))
        ):
            given = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
        elif name == "ValueError" and path.name in MODELS:
            given = node.args
        else:
            continue
        texts = [part for one in given if not isinstance(one, ast.Call) for part in ast.walk(one)]
        found += [part.value for part in texts if isinstance(part, ast.Constant)
                  and isinstance(part.value, str) and SAID.search(part.value)]  # fmt: skip
    return found


# Modules of models, whose refusals are told as they are.
MODELS = {"sources.py", "spec.py", "framework.py", "limits.py", "yamlfile.py"}


def test_C10_no_fault_is_given_a_phrase_of_one_language() -> None:
    assert {path.name: said for path in PYTHON if (said := _spoken(path))} == {}


def test_every_rule_of_the_catalogue_is_named_in_the_code() -> None:
    code = "".join(path.read_text("utf-8") for path in PYTHON)
    assert [rule for rule in RULES if f'"{rule}"' not in code] == []


def test_every_rule_of_the_catalogue_has_a_test_that_breaks_it() -> None:
    tests = "".join(p.read_text("utf-8") for p in Path(__file__).parent.glob("test_*.py"))
    assert [rule for rule in RULES if f"def test_{rule.replace('-', '_')}_" not in tests] == []


def test_at_most_five_cases_are_read_otherwise_each_with_its_reason_in_both_languages() -> None:
    cases = catalogue()["otherwise"]
    assert len(cases) <= 5
    assert all(words["vi"] and words["en"] for words in cases.values())
