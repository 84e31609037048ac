"""Words and numbers in Vietnamese and English, from one catalogue."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.escape import visible

CATALOGUE = Path(__file__).with_name("messages.yml")
LANGUAGES = ("vi", "en")


@cache
def catalogue() -> dict[str, Any]:
    """The message catalogue: rules, ui, reasons, statuses and handlings, in both languages."""
    loaded: dict[str, Any] = yaml.load(CATALOGUE.read_text("utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def text(key: str, lang: str, **values: Any) -> str:
    """A text of the user interface in `lang` (`vi` or `en`); values from outside are one line."""
    shown = {name: visible(v) if isinstance(v, str) else v for name, v in values.items()}
    return str(catalogue()["ui"][key][lang]).format(**shown)


def reason(code: str, lang: str) -> str:
    """Why something is missing, in words."""
    return str(catalogue()["reasons"][code][lang])


def status(code: str, lang: str) -> str:
    """What an observation status means."""
    return str(catalogue()["statuses"][code][lang])


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
