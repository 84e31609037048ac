"""What a number and a province name mean, said a second time and apart from the pipeline.

The pipeline reads numbers by regular expressions and names by a table of folded spellings. Here a
number is read letter by letter, and names are compared by their letters without tone marks, with
the tones beside them. Nothing is imported from the pipeline.
"""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path

REFERENCE = Path(__file__).parents[1] / "pipeline" / "reference"
DIGITS = "0123456789"
BLANKS = " \u00a0\u202f\u2009"
INVISIBLE = "\u00ad\u200b\ufeff"
DECIMAL_MARK = {"plain": ".", "en": ".", "vi": ",", "space": ",", "digits": ""}
GROUP_MARKS = {"plain": "", "en": ",", "vi": ".", "space": BLANKS, "digits": ""}


def number_of(
    text: str,
    style: str,
    *,
    is_percent: bool = False,
    is_whole: bool = False,
    brackets: bool = False,
    low: float = float("-inf"),
    high: float | None = None,
) -> Fraction | None:
    """The number that a text is in a style, exactly; None when it is none, or not allowed."""
    body = text.strip(BLANKS + INVISIBLE + "\t")
    if body[:1] == "'":
        body = body[1:].strip(BLANKS + INVISIBLE + "\t")
    if is_percent and body[-1:] == "%":
        body = body[:-1].rstrip(BLANKS + INVISIBLE + "\t")
    sign = 1
    inside = body[1:-1]
    if brackets and body[:1] == "(" and body[-1:] == ")" and len(body) > 2:
        if any(c not in DIGITS + ".," + BLANKS for c in inside):
            return None
        sign, body = -1, inside.strip(BLANKS)
    elif body[:1] in ("-", "\u2212"):
        sign, body = -1, body[1:]
    found = _unsigned(body, style)
    if found is None or (is_whole and _is_grouped_elsewhere(body, style)):
        return None
    whole, rest = found
    written = len(whole) + (len(rest) + 1 if rest else 0) + (sign < 0)
    value = sign * Fraction(int(whole + rest), 10 ** len(rest))
    if written > 30 or (is_whole and value.denominator != 1):
        return None
    is_exact = abs(value) <= 2**53 or Fraction(float(value)) == value
    is_bounded = value >= (low if low == float("-inf") else Fraction(str(low))) and (
        high is None or value <= Fraction(str(high))
    )
    return value if is_exact and is_bounded else None


def _unsigned(body: str, style: str) -> tuple[str, str] | None:
    """Digits before and after the decimal mark, groups joined; None when it is no number."""
    mark = DECIMAL_MARK[style]
    before, after = body, None
    if mark and mark in body:
        before, _, after = body.partition(mark)
    if after is not None and (not after or any(c not in DIGITS for c in after)):
        return None
    groups = [""]
    for letter in before:
        if letter in DIGITS:
            groups[-1] += letter
        elif letter in GROUP_MARKS[style]:
            groups.append("")
        else:
            return None
    if not groups[0]:
        return None
    if len(groups) > 1:
        is_first_right = len(groups[0]) <= 3 and groups[0][0] != "0"
        if not is_first_right or any(len(group) != 3 for group in groups[1:]):
            return None
    return "".join(groups), after or ""


def _is_grouped_elsewhere(body: str, style: str) -> bool:
    """Whether a text is a grouped whole number of the other of the two common styles."""
    for other, mark in (("vi", "."), ("en", ",")):
        groups = body.split(mark)
        if other != style and len(groups) > 1 and 1 <= len(groups[0]) <= 3:
            is_digits = all(group and all(c in DIGITS for c in group) for group in groups)
            if is_digits and all(len(group) == 3 for group in groups[1:]):
                return True
    return False


def day_of(text: str, order: str | None) -> str | None:
    """A day, month or year written with digits as an ISO date; None when there is none such.

    Args:
        text: with `-` in the order of ISO, or with `/`, `.` or `-` in the declared order.
        order: dmy, mdy, or None where only ISO is read.
    """
    body = text.strip(BLANKS + INVISIBLE + "\t")
    for tail in (" 00:00:00", "T00:00:00"):
        body = body.removesuffix(tail)
    for mark in "/.-":
        parts = body.split(mark)
        if not all(part and all(c in DIGITS for c in part) for part in parts):
            continue
        sizes = [len(part) for part in parts]
        if mark == "-" and sizes[0] == 4 and sizes[1:] in ([], [2], [2, 2]):
            return _calendar([int(part) for part in parts])
        if order and sizes[-1] == 4 and len(parts) in (2, 3) and max(sizes[:-1]) <= 2:
            *front, year = (int(part) for part in parts)
            return _calendar([year, *(front if order == "mdy" else reversed(front))])
    return None


def _calendar(parts: list[int]) -> str | None:
    """Year, month and day as text when the calendar has them: leap years by their rule."""
    year, month, day = [*parts, 1, 1][:3]
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = (31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        return None
    return "-".join([f"{year:04}", f"{month:02}", f"{day:02}"][: len(parts)])


TONES = {"\u0300": "1", "\u0301": "2", "\u0303": "3", "\u0309": "4", "\u0323": "5"}
DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
SHAPES = {"\u0302": "^", "\u0306": "(", "\u031b": "'"}
Key = tuple[str, ...]


def syllables(name: str) -> Key:
    """A name as its syllables: letters with their shape, then the tones, whatever letter bore them.

    Any order of combining marks, either place of a tone, any case, dash and space give the same.
    """
    text = unicodedata.normalize("NFD", name).lower().replace("\u00f0", "đ")
    found: list[str] = []
    letters, tones = "", ""
    for letter in [*text, " "]:
        if letter in TONES:
            tones += TONES[letter]
        elif letter in SHAPES:
            letters += SHAPES[letter]
        elif letter.isalpha():
            letters += letter
        elif letter in INVISIBLE + "\u200c\u200d\u2060":
            continue
        else:
            if letters or tones:
                found.append(letters + tones)
            if not (letter.isspace() or letter in DASHES + "."):
                found.append(letter)
            letters, tones = "", ""
    return tuple(found)


def bare(key: Key) -> Key:
    """Syllables without shapes and tones."""
    return tuple("".join(c for c in part if c.isalpha()).replace("đ", "d") for part in key)


class Names:
    """Every spelling of the reference tables, by scheme."""

    def __init__(self, folder: Path = REFERENCE) -> None:
        self.keys: dict[str, dict[Key, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.bare: dict[str, dict[Key, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.codes: dict[str, set[str]] = defaultdict(set)
        self.spellings: list[tuple[str, str, str]] = []
        for row in _rows(folder / "provinces.csv"):
            self.codes[row["scheme"]].add(row["province_code"])
            for name in (row["name_vi"], row["name_en"]):
                self.spellings.append((row["scheme"], name, row["province_code"]))
        for row in _rows(folder / "aliases.csv"):
            self.spellings.append((row["scheme"], row["alias"], row["province_code"]))
        for scheme, name, code in self.spellings:
            for key in _with_and_without_prefix(syllables(name)):
                self.keys[scheme][key].add(code)
                self.bare[scheme][bare(key)].add(code)

    def may_be(self, name: str, scheme: str) -> set[str]:
        """The provinces that a name may stand for: one, or none."""
        for key in _with_and_without_prefix(syllables(name)):
            if found := self.keys[scheme].get(key):
                return found
            if key == bare(key) and (found := self.bare[scheme].get(key)):
                return found
        return set()


def _with_and_without_prefix(key: Key) -> Collection[Key]:
    """A name, and what stays of it without `tỉnh`, `thành phố`, `thủ đô`, `TP` or `T`."""
    prefixes = ({("tinh4",), ("t",), ("tp",)}, {("thanh1", "pho^2"), ("thu4", "đo^")})
    for length, known in enumerate(prefixes, start=1):
        if key[:length] in known and len(key) > length:
            return [key, key[length:]]
    return [key]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))
