"""The bulk run of random inputs, in small: `make fuzz` runs a million of them."""

from __future__ import annotations

import random
import time
from fractions import Fraction

import pytest

from tests import fuzz
from tests.fuzz_oracles import Names, day_of, number_of


def test_a_short_run_of_every_target_finds_nothing() -> None:
    tallies = fuzz.run(3000, seed="test", processes=1)
    assert [failure for tally in tallies.values() for failure in tally.failures] == []
    assert all(tally.outcomes.total() > 0 for tally in tallies.values())
    assert tallies["numbers"].outcomes["read"] > 100
    assert tallies["names"].outcomes["province"] > 50
    assert tallies["csv"].outcomes["read"] > 5


def test_a_run_is_the_same_for_the_same_seed() -> None:
    first, second = (fuzz.run(200, seed="again", processes=1, only="numbers") for _ in range(2))
    assert first["numbers"].outcomes == second["numbers"].outcomes


def test_a_crash_a_wrong_reading_and_a_hang_are_each_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def make(draw: random.Random, _: object) -> object:
        def check() -> str:
            kind = draw.randrange(3)
            if kind == 0:
                time.sleep(5)
            assert kind != 1, "a wrong reading"
            raise ValueError("a crash")

        return check

    monkeypatch.setitem(fuzz.TARGETS, "numbers", (1, 0.05, make))
    tally = fuzz.run(12, seed="1", processes=1, only="numbers")["numbers"]
    assert tally.outcomes == {"failed": 12}
    words = " ".join(tally.failures)
    assert all(word in words for word in ("Hang", "a wrong reading", "a crash"))


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [("1.234,56", "vi", Fraction(123456, 100)), ("1.234,56", "en", None), ("12,34,567", "en", None),
     ("1 234", "space", 1234), ("\u22125,2", "vi", Fraction(-52, 10)), ("0.125", "vi", None),
     ("", "plain", None), ("-", "plain", None), ("1.", "plain", None), ("٣", "digits", None)],
)  # fmt: skip
def test_the_oracle_of_numbers_says_what_a_person_would(
    text: str, style: str, value: Fraction | None
) -> None:
    assert number_of(text, style) == value


def test_the_oracle_of_names_and_days_says_what_a_person_would() -> None:
    names = Names()
    assert names.may_be("THANH PHO HA NOI", "63") == set()  # a prefix without marks is no prefix
    assert names.may_be("Thành phố Hà Nội", "63") == {"01"}
    assert names.may_be("Hoa\u0300 Bi\u0300nh", "63") == {"17"}
    assert names.may_be("Quảng Nimh", "63") == set()
    assert day_of("29/02/2024", "dmy") == "2024-02-29"
    assert day_of("29/02/2023", "dmy") is None
    assert day_of("03/04/2025", "mdy") == "2025-03-04"
    assert day_of("03/04/2025", None) is None
