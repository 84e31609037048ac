"""The order of the Vietnamese alphabet, the same on every machine whatever its locale."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
TONES = "\u0300\u0309\u0303\u0301\u0323"  # huyền, hỏi, ngã, sắc, nặng; no mark comes first
ALPHABET = "".join(  # every letter, with every tone a vowel takes, small and capital
    unicodedata.normalize("NFC", letter + tone)
    for letter in LETTERS + LETTERS.upper()
    for tone in ("", *(TONES if letter.lower() in "aăâeêioôơuưy" else ""))
)


def alphabetical(names: Iterable[str]) -> list[str]:
    """Names in Vietnamese order: letters first (Đ after D), then tones, then capitals."""
    return sorted(names, key=alphabet_key)


def alphabet_key(name: str) -> tuple[list[int], list[int], str]:
    """What a name is ordered by: its letters, and only among equals its tones, letter by letter.

    Args:
        name: any text; letters of no alphabet follow those of it, spaces and signs come before.
    """
    letters: list[int] = []
    tones: list[int] = []
    for letter in unicodedata.normalize("NFC", name).casefold():
        marks = unicodedata.normalize("NFD", letter)
        shape = unicodedata.normalize("NFC", "".join(c for c in marks if c not in TONES))
        found = LETTERS.find(shape)
        known = found if found >= 0 else len(LETTERS) + ord(shape[0])
        letters.append(known if shape.isalpha() else known - 2**24)
        tones.append(max((TONES.find(c) + 1 for c in marks if c in TONES), default=0))
    return letters, tones, name
