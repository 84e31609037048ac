"""A cell is read as the number its style says, or refused: never as another number."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest.numbers import STYLES, Number, Refused, read_number
from pipeline.sources import Variable

MARKS = {"plain": ("", "."), "en": (",", "."), "vi": (".", ","), "space": (" ", ","),
         "digits": ("", "")}  # fmt: skip
NBSP, NARROW, THIN = "\u00a0", "\u202f", "\u2009"


def _variable(unit: str = "people", *, integer: bool = False, low: float = -1e30) -> Variable:
    return Variable(name_vi="a", name_en="a", unit=unit, measure="flow", merge="sum", min=low,
                    integer=integer)  # fmt: skip


ANY = _variable()
PERCENT = _variable("percent")


def _write(number: Decimal, style: str) -> str:
    """A number as a style writes it, with all its groups."""
    groups, mark = MARKS[style]
    return f"{number:,f}".replace(",", "G").replace(".", mark).replace("G", groups)


def _read(text: object, style: str = "plain", variable: Variable = ANY) -> float | str | None:
    """The value, or the rule that refuses the cell."""
    found = read_number(text, style, {}, variable)
    return found.rule if isinstance(found, Refused) else found.value


numbers = st.decimals(-(10**12), 10**12, places=4).map(lambda d: d.normalize() + 0)
integers = st.integers(-(10**15), 10**15).map(Decimal)


@settings(max_examples=300, deadline=None)
@given(number=st.one_of(numbers, integers), style=st.sampled_from(["plain", "en", "vi", "space"]))
def test_a_number_written_in_a_style_is_read_back_exactly(number: Decimal, style: str) -> None:
    assert _read(_write(number, style), style) == float(number)


@settings(max_examples=200, deadline=None)
@given(number=integers)
def test_digits_are_read_back_exactly(number: Decimal) -> None:
    assert _read(str(number), "digits") == float(number)


@settings(max_examples=500, deadline=None)
@given(
    number=st.one_of(numbers, integers, st.decimals(0, 2, places=3)),
    written=st.sampled_from(["plain", "en", "vi", "space"]),
    declared=st.sampled_from(sorted(STYLES)),
)
def test_a_number_of_another_style_is_refused_or_is_the_very_text_of_the_declared_one(
    number: Decimal, written: str, declared: str
) -> None:
    """1.234 under vi is 1234 and nothing can tell; 0.125, 12.5 and 1234.567 are never taken."""
    text = _write(number, written)
    value = _read(text, declared)
    if isinstance(value, float) and value != float(number):
        again = Decimal(repr(value))
        assert text in {_write(Decimal(f"{again:.{n}f}"), declared) for n in range(7)}


@settings(max_examples=300, deadline=None)
@given(text=st.text("0123456789.,- \u00a0\u202f−%eE+()x", max_size=14), style=st.sampled_from(
    sorted(STYLES)))  # fmt: skip
def test_any_text_is_read_or_refused_and_never_an_accident(text: str, style: str) -> None:
    found = read_number(text, style, {}, ANY)
    if isinstance(found, Number):
        assert found.value is not None
        digits = "".join(c for c in text if c.isdigit())
        assert int(digits) == 0 or found.value != 0


@settings(max_examples=200, deadline=None)
@given(value=st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30),
       style=st.sampled_from(sorted(STYLES)))  # fmt: skip
def test_a_typed_cell_has_no_style(value: float, style: str) -> None:
    assert _read(value, style) == value
    written = Decimal(repr(value))
    is_exact = abs(written) <= 2**53 or Decimal(value) == written
    assert _read(written, style) == (value if is_exact else "NUM-23")


@pytest.mark.parametrize(
    ("text", "style", "value"),
    [
        ("4.486", "vi", 4486),
        ("3.359,80", "vi", 3359.8),
        ("0,125", "vi", 0.125),
        ("-5,2", "vi", -5.2),
        ("−5,2", "vi", -5.2),
        ("1234567,5", "vi", 1234567.5),
        ("1,234.5", "en", 1234.5),
        ("0.125", "en", 0.125),
        ("1 234", "space", 1234),
        (f"1{NBSP}234{NBSP}567,5", "space", 1234567.5),
        (f"1{NARROW}234", "space", 1234),
        (f"1{THIN}234", "space", 1234),
        (f"{NBSP}12.5 \t", "plain", 12.5),
        ("007", "digits", 7),
        (12, "vi", 12),
        (12.345, "vi", 12.345),
        (Decimal("1234.567"), "vi", 1234.567),
    ],
)
def test_a_number_is_read_under_its_style(text: object, style: str, value: float) -> None:
    assert _read(text, style) == value


@pytest.mark.parametrize(
    ("text", "style", "rule"),
    [
        ("11.7943", "vi", "NUM-02"),
        ("0.125", "vi", "NUM-02"),
        ("0,123", "en", "NUM-02"),
        ("0 123", "space", "NUM-04"),
        ("1.234,56", "en", "NUM-02"),
        ("1.234,56", "plain", "NUM-02"),
        ("1.23.4", "vi", "NUM-05"),
        ("12,34,567", "en", "NUM-05"),
        ("1,000", "digits", "NUM-03"),
        ("1.5", "digits", "NUM-03"),
        ("1 234", "vi", "NUM-04"),
        (f"1{NBSP}234", "plain", "NUM-04"),
        ("1  234", "space", "NUM-04"),
        ("(5,2)", "vi", "NUM-15"),
        ("350 người", "vi", "NUM-08"),
        ("", "plain", "NUM-10"),
        (None, "plain", "NUM-10"),
        ("१२", "plain", "NUM-10"),
        ("１２", "space", "NUM-10"),
        ("٣", "digits", "NUM-10"),
        (float("nan"), "plain", "NUM-12"),
        (float("-inf"), "plain", "NUM-12"),
        ("nan", "vi", "NUM-12"),
        ("1e5", "plain", "NUM-13"),
        ("9" * 31, "plain", "NUM-13"),
        ("#REF!", "plain", "NUM-18"),
        (True, "plain", "NUM-19"),
        (datetime.date(2026, 4, 3), "plain", "NUM-19"),
        (datetime.datetime(2026, 4, 3), "plain", "NUM-19"),
        (datetime.time(3, 4), "plain", "NUM-19"),
        (datetime.timedelta(3), "plain", "NUM-19"),
    ],
)
def test_what_is_no_number_of_the_style_is_refused(text: object, style: str, rule: str) -> None:
    assert _read(text, style) == rule


def test_a_percent_sign_is_read_only_where_the_unit_is_percent() -> None:
    assert _read("13,31%", "vi", PERCENT) == 13.31
    assert _read(f"13,31{NBSP}%", "vi", _variable("percent of GRDP")) == 13.31
    assert _read("13,31%", "vi", ANY) == "NUM-08"
    assert _read("%", "vi", PERCENT) == "NUM-10"


def test_only_declared_markers_are_missing_each_with_its_status() -> None:
    missing = {"..": "M", "": "M", "(s)": "E"}
    assert read_number(" .. ", "vi", missing, ANY) == Number(None, "M")
    assert read_number(None, "vi", missing, ANY) == Number(None, "M")
    assert read_number("(s)", "vi", missing, ANY) == Number(None, "E")
    assert isinstance(read_number("...", "vi", missing, ANY), Refused)


def test_bounds_are_held_and_nothing_is_clipped() -> None:
    count = _variable(integer=True, low=0)
    assert _read("12", variable=count) == 12
    assert _read("12.0", variable=count) == 12
    assert _read("12.5", variable=count) == "NUM-16"
    assert _read(-1, variable=count) == "NUM-14"
    assert _read("-0.1", variable=_variable(low=0)) == "NUM-14"
    assert _read("1", variable=_variable(low=2)) == "NUM-22"
    assert _read("-3", variable=_variable(low=-2)) == "NUM-22"


@pytest.mark.parametrize(
    ("text", "style", "readings"),
    [
        ("1.000", "plain", "plain = 1.000, vi = 1000"),
        ("9.350", "en", "en = 9.350, vi = 9350"),
        ("9,350", "vi", "vi = 9.350, en = 9350"),
        ("1,000", "space", "space = 1.000, en = 1000"),
    ],
)
def test_a_count_that_looks_like_grouped_thousands_of_another_style_is_refused(
    text: str, style: str, readings: str
) -> None:
    found = read_number(text, style, {}, _variable(integer=True, low=0))
    assert found == Refused("NUM-02", {"style": style, "readings": readings})
    assert isinstance(read_number(text, style, {}, _variable(low=0)), Number)  # 1,000 may be 1.0
