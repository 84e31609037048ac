"""Texts as they are compared, and what had to be done to a text for that."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from pipeline.provinces import INVISIBLE, TONE

SPACE = re.compile(r"\s+")
EDGES = " \t\u00a0\ufeff\u200b"


def as_text(cell: Any) -> str:
    """A cell as text: NFC, no byte-order mark, whole numbers of spreadsheets without `.0`."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return unicodedata.normalize("NFC", str(cell)).strip(EDGES)


def clean(text: str) -> str:
    """A text composed, without invisible characters, with single spaces; `fold` goes further."""
    return SPACE.sub(" ", unicodedata.normalize("NFC", text.translate(INVISIBLE))).strip()


def handling_of_name(raw: str) -> list[str]:
    """What makes a name match that does not read as it stands: codes of `handlings`."""
    composed = unicodedata.normalize("NFC", raw)
    found = {
        "composed": composed != raw,
        "invisible_removed": SPACE.sub(" ", raw.translate(INVISIBLE)).strip() != raw,
        "eth_read_as_d": "Ð" in raw or "ð" in raw,
        "tone_mark_moved": TONE.search(composed.casefold()) is not None,
    }
    return [code for code, is_so in found.items() if is_so]
