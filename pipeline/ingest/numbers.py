"""Numbers as text: read by the number style a card declares, never by guessing."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipeline.language import Words
from pipeline.sources import Variable

SPACES = " \u00a0\u202f\u2009"
GROUPS = f"[{SPACES}]"
# Groups never start with 0: under vi, 0.125 is a decimal in another style and not 125.
STYLES = {
    "plain": (re.compile(r"-?[0-9]+(\.[0-9]+)?"), "", "."),
    "en": (re.compile(r"-?([1-9][0-9]{0,2}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?"), ",", "."),
    "vi": (re.compile(r"-?([1-9][0-9]{0,2}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?"), ".", ","),
    "space": (
        re.compile(rf"-?([1-9][0-9]{{0,2}}({GROUPS}[0-9]{{3}})+|[0-9]+)(,[0-9]+)?"),
        SPACES,
        ",",
    ),
    "digits": (re.compile(r"-?[0-9]+"), "", ""),
}
GROUPED = {"vi": re.compile(r"-?\d{1,3}(\.\d{3})+"), "en": re.compile(r"-?\d{1,3}(,\d{3})+")}
NOT_FINITE = re.compile(r"[-+]?(nan|inf|infinity)", re.IGNORECASE)
EXPONENT = re.compile(r"[-+]?[0-9.,]+[eE][-+]?[0-9]+")
# #N/A is a marker for missing, declared or not.
EXCEL_ERROR = re.compile(r"#(?!N/A)[A-Z0-9/!?]+|Err:[0-9]+")
LIKE_A_NUMBER = re.compile(rf"[-−+]?[0-9.,{SPACES}]+")
IN_BRACKETS = re.compile(rf"\(([0-9.,{SPACES}]+)\)")
MONTH = "thg ?[0-9]{1,2}|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
# What a spreadsheet makes of 3-4: 3-Apr, 03-Thg4, 2026-04-03 00:00:00.
LIKE_A_DATE = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9:.]+)?|[0-9]{1,2}[/-][0-9]{1,2}[/-]([0-9]{2}){1,2}"
    rf"|[0-9]{{1,2}}-({MONTH})(-([0-9]{{2}}){{1,2}})?|({MONTH})-([0-9]{{2}}){{1,2}}",
    re.IGNORECASE | re.ASCII,
)
WITH_UNIT = re.compile(r"[-−+]?[0-9.,\s]*[0-9][0-9.,]*\s*[^0-9]+")
MAX_DIGITS = 30
LARGEST = Decimal(10) ** MAX_DIGITS
EXACT = 2**53  # every whole number up to it is a double
EDGES = SPACES + "\t\u200b\ufeff\u00ad"
MARKERS = {"L": ("not_collected",), "Q": ("withheld",)}  # what a missing marker's status adds to M


@dataclass(frozen=True)
class Number:
    """A cell read as a number: a finite value, or None with the status of its missing marker."""

    value: float | None
    status: str | None = None  # set when the cell holds a declared missing marker
    notes: tuple[str, ...] = ()  # what was done beyond reading digits: keys of `handlings`


@dataclass(frozen=True)
class Refused:
    """Why a cell is not a number: the rule it breaks and what its message needs."""

    rule: str
    details: dict[str, Any]


def read_number(
    cell: Any,
    style: str,
    missing: Mapping[str, str],
    variable: Variable,
    *,
    zero: Collection[str] = (),
    brackets: bool = False,
    is_percent: bool = False,
) -> Number | Refused:
    """Read one cell under `style` and the bounds of `variable`.

    Args:
        cell: text, or a typed spreadsheet cell; a number stored as a number has no style.
        style: plain 1234.5, en 1,234.5, vi 1.234,5, space 1 234,5, or digits (no separator).
        missing: markers that mean missing, each with its status; the empty cell is the marker "".
        variable: its unit, bounds and whether decimals are allowed.
        zero: markers that mean zero.
        brackets: whether (5,2) means -5,2.
        is_percent: whether the spreadsheet shows a typed number in percent: 0.125 as 12.5%.

    Returns:
        `Number` in the unit of the variable, or `Refused`; nothing is clipped or filled in.
    """
    if isinstance(cell, bool | datetime.date | datetime.time | datetime.timedelta):
        return Refused("NUM-19", {"type": Words(f"type_{type(cell).__name__}")})
    if isinstance(cell, int | float | Decimal):
        return _read_typed(cell, variable, is_percent)
    text = ("" if cell is None else str(cell)).strip(EDGES)
    if text in missing:
        return Number(None, missing[text], MARKERS.get(missing[text], ()))
    if text in zero:
        return _bounded(Decimal(0), variable, ("zero_marker",))
    bare, notes = _undressed(text, variable, brackets)
    pattern, _, _ = STYLES[style]
    if not pattern.fullmatch(bare) or (not bare.isascii() and style != "space"):
        return _refuse(bare, style, missing)
    others = [name for name, whole in GROUPED.items() if name != style and whole.fullmatch(bare)]
    if variable.integer and others:  # a count with three decimals is a grouped whole number
        return Refused("NUM-02", {"style": style, "readings": _readings(bare, [style, *others])})
    if len(digits := _digits(bare, style)) > MAX_DIGITS:
        return Refused("NUM-13", {"limit": MAX_DIGITS})
    return _bounded(Decimal(digits), variable, notes)


def _read_typed(cell: Any, variable: Variable, is_percent: bool) -> Number | Refused:
    """A number stored as a number; one shown in percent is 100 times what is stored."""
    if not math.isfinite(cell):
        return Refused("NUM-12", {})
    number = Decimal(str(cell))
    if abs(number) > LARGEST:
        return Refused("NUM-13", {"limit": MAX_DIGITS})
    if not is_percent:
        return _bounded(number, variable, (), is_double=isinstance(cell, float))
    if not variable.unit.startswith("percent"):
        return Refused("NUM-08", {})
    return _bounded(number * 100, variable, ("percent_format",))


def _undressed(text: str, variable: Variable, brackets: bool) -> tuple[str, tuple[str, ...]]:
    """The text without apostrophe, percent sign, brackets and long minus, where each is allowed."""
    notes = []
    if text.startswith("'"):
        text = text[1:].strip(EDGES)
        notes.append("apostrophe")
    if text.endswith("%") and variable.unit.startswith("percent"):
        text = text[:-1].rstrip(EDGES)
        notes.append("percent_sign")
    if brackets and (inside := IN_BRACKETS.fullmatch(text)):
        text = f"-{inside[1].strip(EDGES)}"
        notes.append("brackets")
    if text.startswith("−"):
        text = "-" + text[1:]
        notes.append("minus_sign")
    return text, tuple(notes)


def _digits(text: str, style: str) -> str:
    """A text that matches its style as Python writes it: no groups, a point."""
    _, groups, mark = STYLES[style]
    return text.translate({ord(c): None for c in groups}).replace(mark or "\0", ".")


def _readings(text: str, styles: list[str]) -> str:
    """What a text is in each of the styles: `plain = –, vi = 1234.5`."""
    found = []
    for style in styles:
        fits = STYLES[style][0].fullmatch(text)
        found.append(f"{style} = {_digits(text, style) if fits else '–'}")
    return ", ".join(found)


def _refuse(text: str, style: str, missing: Mapping[str, str]) -> Refused:
    """Name the rule that a cell breaks, from the most to the least particular."""
    if text.startswith("="):
        return Refused("NUM-20", {})
    if NOT_FINITE.fullmatch(text):
        return Refused("NUM-12", {})
    if EXPONENT.fullmatch(text):
        return Refused("NUM-13", {"limit": MAX_DIGITS})
    if EXCEL_ERROR.fullmatch(text):
        return Refused("NUM-18", {})
    if IN_BRACKETS.fullmatch(text):
        return Refused("NUM-15", {})
    if LIKE_A_NUMBER.fullmatch(text) and any(c.isdigit() for c in text):
        others = sorted(name for name, (pattern, _, _) in STYLES.items()
                        if name not in (style, "digits") and pattern.fullmatch(text))  # fmt: skip
        if style == "digits":
            return Refused("NUM-03", {"readings": _readings(text, others) or "–"})
        if any(space in text for space in SPACES):
            return Refused("NUM-04", {"style": style})
        if others:
            readings = _readings(text, [style, *others])
            return Refused("NUM-02", {"style": style, "readings": readings})
        return Refused("NUM-05", {"style": style})
    if LIKE_A_DATE.fullmatch(text):
        return Refused("DAT-04", {})
    if WITH_UNIT.fullmatch(text):
        return Refused("NUM-08", {})
    declared = ", ".join(repr(marker) for marker in missing) or "–"
    return Refused("NUM-10", {"declared": declared})


def _bounded(
    number: Decimal, variable: Variable, notes: tuple[str, ...], is_double: bool = False
) -> Number | Refused:
    low, high = variable.min, variable.max
    if number < 0 <= low:
        return Refused("NUM-14", {"unit": variable.unit})
    if variable.integer and number != number.to_integral_value():
        return Refused("NUM-16", {"unit": variable.unit})
    value = float(number)
    if not is_double and abs(number) > EXACT and Decimal(value) != number:
        return Refused("NUM-23", {"limit": EXACT})
    if number < Decimal(repr(low)) or (high is not None and number > Decimal(repr(high))):
        bounds = f"{low} – {'∞' if high is None else high} {variable.unit}"
        return Refused("NUM-22", {"bounds": bounds})
    return Number(value, notes=notes)
