"""Numbers as text: read by the number style a card declares, never by guessing."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

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
EXCEL_ERROR = re.compile(r"#[A-Z0-9/!?]+|Err:[0-9]+")
LIKE_A_NUMBER = re.compile(rf"[-−+]?[0-9.,{SPACES}]+")
WITH_UNIT = re.compile(r"[-−+]?[0-9.,\s]*[0-9][0-9.,]*\s*[^0-9]+")
MAX_DIGITS = 30
EDGES = SPACES + "\t\u200b\ufeff\u00ad"


@dataclass(frozen=True)
class Number:
    """A cell read as a number: a finite value, or None with the status of its missing marker."""

    value: float | None
    status: str | None = None  # set when the cell holds a declared missing marker


@dataclass(frozen=True)
class Refused:
    """Why a cell is not a number: the rule it breaks and what its message needs."""

    rule: str
    details: dict[str, Any]


def read_number(
    cell: Any, style: str, missing: Mapping[str, str], variable: Variable
) -> Number | Refused:
    """Read one cell under `style` and the bounds of `variable`.

    Args:
        cell: text, or a typed spreadsheet cell; a number stored as a number has no style.
        style: plain 1234.5, en 1,234.5, vi 1.234,5, space 1 234,5, or digits (no separator).
        missing: markers that mean missing, each with its status; the empty cell is the marker "".
        variable: its unit, bounds and whether decimals are allowed.

    Returns:
        `Number` in the unit of the variable, or `Refused`; nothing is clipped or filled in.
    """
    if isinstance(cell, bool | datetime.date | datetime.time | datetime.timedelta):
        return Refused("NUM-19", {"type": type(cell).__name__})
    if isinstance(cell, int | float | Decimal):
        return _bounded(Decimal(str(cell)), variable) if _finite(cell) else Refused("NUM-12", {})
    text = ("" if cell is None else str(cell)).strip(EDGES)
    if text in missing:
        return Number(None, missing[text])
    if text.endswith("%") and variable.unit.startswith("percent"):
        text = text[:-1].rstrip(EDGES)
    text = text.replace("−", "-")
    pattern, groups, mark = STYLES[style]
    if not pattern.fullmatch(text) or (not text.isascii() and style != "space"):
        return _refuse(text, style, missing)
    others = [name for name, whole in GROUPED.items() if name != style and whole.fullmatch(text)]
    if variable.integer and others:  # a count with three decimals is a grouped whole number
        return Refused("NUM-02", {"style": style, "readings": ", ".join(others)})
    digits = text.translate({ord(c): None for c in groups}).replace(mark or "\0", ".")
    if len(digits) > MAX_DIGITS:
        return Refused("NUM-13", {"limit": MAX_DIGITS})
    return _bounded(Decimal(digits), variable)


def _finite(cell: float | Decimal) -> bool:
    return math.isfinite(cell)


def _refuse(text: str, style: str, missing: Mapping[str, str]) -> Refused:
    """Name the rule that a cell breaks, from the most to the least particular."""
    if NOT_FINITE.fullmatch(text):
        return Refused("NUM-12", {})
    if EXPONENT.fullmatch(text):
        return Refused("NUM-13", {"limit": MAX_DIGITS})
    if EXCEL_ERROR.fullmatch(text):
        return Refused("NUM-18", {})
    if LIKE_A_NUMBER.fullmatch(text) and any(c.isdigit() for c in text):
        readings = {
            name: pattern
            for name, (pattern, _, _) in STYLES.items()
            if name != style and pattern.fullmatch(text)
        }
        if style == "digits":
            return Refused("NUM-03", {})
        if any(space in text for space in SPACES):
            return Refused("NUM-04", {"style": style})
        if readings:
            return Refused("NUM-02", {"style": style, "readings": ", ".join(sorted(readings))})
        return Refused("NUM-05", {"style": style})
    if WITH_UNIT.fullmatch(text):
        return Refused("NUM-08", {})
    declared = ", ".join(repr(marker) for marker in missing) or "–"
    return Refused("NUM-10", {"declared": declared})


def _bounded(number: Decimal, variable: Variable) -> Number | Refused:
    low, high = variable.min, variable.max
    if number < 0 <= low:
        return Refused("NUM-14", {"unit": variable.unit})
    if variable.integer and number != number.to_integral_value():
        return Refused("NUM-16", {"unit": variable.unit})
    value = float(number)
    if not _finite(value):
        return Refused("NUM-13", {"limit": MAX_DIGITS})
    if number < Decimal(repr(low)) or (high is not None and number > Decimal(repr(high))):
        bounds = f"{low} – {'∞' if high is None else high} {variable.unit}"
        return Refused("NUM-22", {"bounds": bounds})
    return Number(value)
