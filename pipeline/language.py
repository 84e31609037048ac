"""Words and numbers in Vietnamese and English, from one catalogue."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.escape import visible

CATALOGUE = Path(__file__).with_name("messages.yml")
LANGUAGES = ("vi", "en")


@cache
def catalogue() -> dict[str, Any]:
    """The catalogue: rules, problems, ui, reasons, statuses, handlings, in both languages."""
    loaded: dict[str, Any] = yaml.load(CATALOGUE.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def text(key: str, lang: str, **values: Any) -> str:
    """A text of the user interface in `lang` (`vi` or `en`); values from outside are one line."""
    shown = {name: visible(v) if isinstance(v, str) else v for name, v in values.items()}
    return str(catalogue()["ui"][key][lang]).format(**shown)


@dataclass(frozen=True, repr=False)
class Words:
    """A text of the section `problems` of the catalogue, said when the reader's language is known.

    A message takes it as a value; printed as it is, it speaks English.
    """

    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def say(self, lang: str) -> str:
        """The text in `lang`."""
        values = {k: v.say(lang) if isinstance(v, Words) else v for k, v in self.values.items()}
        return str(catalogue()["problems"][self.key][lang]).format(**values)

    def __repr__(self) -> str:
        return self.say("en")

    def __hash__(self) -> int:
        return hash(str(self))


def reason(code: str, lang: str) -> str:
    """Why something is missing, in words."""
    return str(catalogue()["reasons"][code][lang])


def status(code: str, lang: str) -> str:
    """What an observation status means."""
    return str(catalogue()["statuses"][code][lang])


def weight_remark(code: str, value: float, lang: str) -> str:
    """What the method of a weight says of it, with its figure; an empty text for no remark."""
    if not code:
        return ""
    digits = 0 if value >= 1 else 3
    words = str(catalogue()["weight_remarks"][code][lang])
    return words.format(value=number(value, lang, digits))


def handling(codes: str, lang: str) -> str:
    """What was done to read a cell, in words; `codes` as in the column `handling`."""
    return "; ".join(str(catalogue()["handlings"][code][lang]) for code in codes.split(", "))


def number(value: float | None, lang: str, digits: int = 2) -> str:
    """A number as the language writes it: 1.234,50 or 1,234.50; an empty text when missing."""
    if value is None:
        return ""
    english = f"{value:,.{digits}f}"
    return english.translate(str.maketrans(",.", ".,")) if lang == "vi" else english


def figure(value: float, lang: str) -> str:
    """A figure with at most two decimals beyond its size, none of them an empty zero."""
    digits = 2 if abs(value) >= 10 else 3
    mark = "," if lang == "vi" else "."
    written = number(value, lang, digits)
    return written.rstrip("0").rstrip(mark) if mark in written else written


def default_language() -> str:
    """`LII_LANG` if set, else Vietnamese in a Vietnamese locale, else English."""
    wanted = os.environ.get("LII_LANG", "")
    if wanted in LANGUAGES:
        return wanted
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    return "vi" if (locale or "").startswith("vi") else "en"
