"""Vietnamese as legacy programs wrote it, made from the tables and from nothing else."""

from __future__ import annotations

import unicodedata

from pipeline.legacy import table

TONES = "\u0300\u0301\u0303\u0309\u0323"


def encoded(text: str, code: str) -> str:
    """A Unicode text as a spreadsheet shows it without the font of its code, `tcvn3` or `vni`.

    A capital with a tone, which TCVN3 lacks, is written as the small letter: the font shows it.
    """
    codes: dict[str, str] = {}
    for sequence, letter in table(code).items():
        codes.setdefault(letter, sequence)
    return "".join(
        codes.get(c, codes.get(c.lower(), c)) for c in unicodedata.normalize("NFC", text)
    )


def as_tcvn3(text: str) -> bytes:
    """The bytes that a program with a TCVN3 font saved."""
    return encoded(text, "tcvn3").encode("latin-1")


def as_vni(text: str) -> bytes:
    """The bytes that a program with a VNI font saved."""
    return encoded(text, "vni").encode("latin-1")


def as_cp1258(text: str) -> bytes:
    """Windows-1258: a letter with its shape, then its tone as a mark of its own."""
    written = ""
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(c for c in parts if c in TONES)
        shape = unicodedata.normalize("NFC", "".join(c for c in parts if c not in TONES))
        written += shape + tones if len(shape) == 1 and tones else letter
    return written.encode("cp1258")
