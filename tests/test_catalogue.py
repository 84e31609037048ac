"""A broken card or variable is reported and left out; all else is still read and reported."""

from __future__ import annotations

from tests.breaking import CARDS, ENTERPRISES, INDEX, POPULATION, QUOTES, REGISTER, VARIABLES
from tests.conftest import Toy

CORRECTION = """corrections:
  - source: register
    locator: B2
    published: x
    corrected: 1
    reason: a reason long enough
    decided_on: "2026-11-22"
"""


def _found(toy: Toy) -> list[tuple[str, str]]:
    return [(fault.rule, fault.place.file) for fault in toy.faults()]


def _break_three_files(toy: Toy) -> list[tuple[str, str]]:
    toy.edit(POPULATION, "Quảng Nam,500,500", "Quảng Nma,500,500")
    toy.edit(ENTERPRISES, "Hậu Giang;2022;10", "Hậu Giang;2022;1.23.4")
    toy.edit(QUOTES, "60,60,,at_least", "60,6x0,,at_least")
    return [("NUM-05", ENTERPRISES), ("GEO-01", POPULATION), ("NUM-10", QUOTES)]


def test_a_broken_card_hides_no_fault_of_another_file(toy: Toy) -> None:
    expected = _break_three_files(toy)
    toy.edit(CARDS, "kind: register", "kind: registry")
    assert _found(toy) == [("SCH-13", CARDS), *expected]


def test_every_broken_card_is_reported(toy: Toy) -> None:
    expected = _break_three_files(toy)
    toy.edit(CARDS, "kind: register", "kind: registry")
    toy.edit(CARDS, "    accessed: never\n", "", count=2)
    toy.edit(CARDS, "  labour:", "  Labour force:")
    found = _found(toy)
    told = [rule for rule, file in found if file == CARDS]
    assert sorted(told) == ["SCH-07", "SCH-13", "SCH-16", "SCH-16"]
    assert set(found) - {(rule, CARDS) for rule in told} == {expected[2]}


def test_a_broken_variable_hides_no_fault_of_another_file(toy: Toy) -> None:
    expected = _break_three_files(toy)
    toy.edit(VARIABLES, "measure: stock, merge: sum, min: 0", "measure: stok, merge: sum, min: 0")
    assert _found(toy) == [*expected[:2], expected[2], ("SCH-13", VARIABLES)]


def test_what_a_broken_card_would_hold_is_not_said_to_be_missing(toy: Toy) -> None:
    """No indicator without a source, no forgotten file, no correction of nothing."""
    toy.edit(CARDS, "kind: register", "kind: registry")
    toy.write("raw/corrections.yml", CORRECTION)
    assert _found(toy) == [("SCH-13", CARDS)]


def test_what_a_refused_file_would_hold_is_not_said_to_be_missing(toy: Toy) -> None:
    (toy.root / REGISTER).unlink()
    toy.edit(QUOTES, "province,scheme", "Tỉnh,scheme")
    assert _found(toy) == [("HDR-01", QUOTES), ("HDR-02", QUOTES), ("SCH-10", REGISTER)]


def test_an_indicator_that_no_card_speaks_of_is_named_beside_a_refused_file(toy: Toy) -> None:
    text = (toy.root / VARIABLES).read_text("utf-8")
    toy.write(VARIABLES, text + text.splitlines()[-1].replace("startups:", "unheld:") + "\n")
    toy.edit(INDEX, "numerator: startups", "numerator: unheld")
    (toy.root / REGISTER).unlink()
    assert _found(toy) == [("SCH-03", INDEX), ("SCH-10", REGISTER)]


def test_a_file_of_cards_with_another_key_is_refused_as_a_whole(toy: Toy) -> None:
    toy.write(CARDS, "cards: {}\n" + (toy.root / CARDS).read_text("utf-8"))
    assert _found(toy) == [("SCH-05", CARDS)]
