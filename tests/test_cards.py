"""`accept` changes the hash of one card, and nothing else of the file."""

from __future__ import annotations

import hashlib

import pytest

from pipeline.__main__ import main
from pipeline.cards import CARDS, renew_hash
from tests.breaking import ENTERPRISES, POPULATION
from tests.conftest import Toy


def test_accept_renews_the_hash_of_one_card_and_nothing_else(toy: Toy) -> None:
    before = (toy.root / CARDS).read_text("utf-8").splitlines()
    path = toy.root / ENTERPRISES
    path.write_bytes(path.read_bytes().replace(b"400", b"401"))
    message, is_right = renew_hash(toy.root, ENTERPRISES, "en")
    after = (toy.root / CARDS).read_text("utf-8").splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert is_right
    assert digest[:12] in message
    assert changed == [(changed[0][0], f'    sha256: "{digest}"')]
    assert toy.load().catalogue.cards["enterprises"].sha256 == digest
    assert [p.name for p in (toy.root / "raw").glob("*.new")] == []


def test_accepting_an_unchanged_file_changes_nothing(toy: Toy) -> None:
    before = (toy.root / CARDS).read_bytes()
    assert renew_hash(toy.root, POPULATION, "vi")[1]
    assert (toy.root / CARDS).read_bytes() == before


@pytest.mark.parametrize("damaged", ["", '    sha256: "735167"\n', "    sha256:\n"])
def test_a_card_without_a_whole_hash_is_given_its_own_and_the_next_keeps_its(
    toy: Toy, damaged: str
) -> None:
    before = toy.load().catalogue.cards
    lines = (toy.root / CARDS).read_text("utf-8").splitlines(keepends=True)
    (first,) = [i for i, line in enumerate(lines) if "735167f1" in line]
    lines[first] = damaged
    (toy.root / CARDS).write_text("".join(lines), "utf-8")
    assert renew_hash(toy.root, POPULATION, "en")[1]
    assert toy.load().catalogue.cards == before


@pytest.mark.parametrize("file", ["raw/none.csv", "raw/synthetic", "../raw/x.csv", ""])
def test_a_file_no_card_speaks_of_is_not_accepted(toy: Toy, file: str) -> None:
    before = (toy.root / CARDS).read_bytes()
    assert not renew_hash(toy.root, file, "en")[1]
    assert (toy.root / CARDS).read_bytes() == before


def test_the_command_says_which_file_it_did_not_accept(
    toy: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["accept", "--root", str(toy.root), "--lang", "en", POPULATION, "raw/none.csv"]
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert POPULATION in captured.out
    assert "raw/none.csv" in captured.err
