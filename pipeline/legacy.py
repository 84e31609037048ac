"""Vietnamese that is not Unicode: font codes (TCVN3, VNI), double decoding, lost letters.

A legacy font code puts Vietnamese letters on the code points of Western ones: `Hà Nội` is stored as
`Hµ Néi` (TCVN3, fonts such as .VnTime) or `Haø Noäi` (VNI). The tables are
`reference/legacy_codes.csv`; nothing is decoded unless a card declares it.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("reference") / "legacy_codes.csv"
NAMES = {"tcvn3": "TCVN3 (.VnTime)", "vni": "VNI", "cp1258": "Windows-1258", "utf-8": "UTF-8",
         "utf-16": "UTF-16 LE/BE"}  # fmt: skip
UNDEFINED = (
    0xDC00  # a byte with no letter becomes this plus the byte: no text holds such a character
)
SAMPLE = 100_000  # bytes of a file that are looked at for its likely encoding
WORD = re.compile(r"[^\W\d_]+")
TOKEN = re.compile(r"[^\s\x00-\x40\[-`{-\x7f]+")  # whatever stands between ASCII signs
ONSET = "(?:ngh?|[cgknpt]h|gi|qu|tr|[bcdđghklmnprstvx])?"
OPEN = (
    "iêu yêu oai oao oay oeo uây uôi ươi ươu uya uyu uai uau ai ao au ay âu ây eo êu ia iu oi ôi "
    "ơi ua uê ui uơ ưa ưi ưu"
)
CLOSED = "uyê iê yê oa oă oe oo uâ uê uô ươ uy a ă â e ê i o ô ơ u ư y"  # a consonant may follow
SYLLABLE = re.compile(
    f"{ONSET}(?:(?:{'|'.join(OPEN.split())})|(?:{'|'.join(CLOSED.split())})(?:ch|ng|nh|[cmnptk])?)"
)
QUOTES = "“”‘’«»–—…\u00a0"
TONES = dict.fromkeys(map(ord, "\u0300\u0301\u0303\u0309\u0323"))
# Letters that font codes leave behind inside words, where the whole word gives no evidence.
LEFT_BEHIND = re.compile(r"[µ¸¶·¹¨»¾¼½©®ª¬§¦]|[a-zà-ỹ][ÆÇËÎÏÖÜÞßïñæçëîöüþ]")
MOJIBAKE = re.compile(r"[ÃÂ][\u0080-\u00bf\u2018-\u203a]|á[º»]|Ä[\u0090\u0091‘]|Æ°")
LOST_LETTER = re.compile(r"\w\?|\?\w|\ufffd")


@cache
def table(code: str) -> dict[str, str]:
    """The letter of each sequence of code points of a font code, `tcvn3` or `vni`."""
    with TABLE.open(encoding="utf-8", newline="") as handle:
        return {bytes.fromhex(row["code"]).decode("latin-1"): row["letter"]
                for row in csv.DictReader(handle) if row["encoding"] == code}  # fmt: skip


@cache
def _pattern(code: str) -> re.Pattern[str]:
    """Sequences of the table, longest first; else one Western character, which is undefined."""
    known = sorted(table(code), key=lambda sequence: (-len(sequence), sequence))
    return re.compile("|".join(map(re.escape, known)) + r"|[\u0080-\u009f\u00a1-\u00ff]")


def decode(text: str, code: str) -> str:
    """A text of a font code as Unicode (NFC).

    Args:
        text: bytes read as Latin-1, or the text of a spreadsheet cell.
        code: `tcvn3` or `vni`.

    Returns:
        The text; a code point that the table does not know becomes the lone surrogate
        `UNDEFINED` + code point, so that it can be found and never passes for a letter.
        Punctuation above U+00FF stays, as the fonts show it.
    """
    letters = table(code)
    found = _pattern(code).sub(
        lambda match: letters.get(match[0]) or chr(UNDEFINED + ord(match[0])), text
    )
    return _capitals(found, text) if code == "tcvn3" else found


def _capitals(text: str, coded: str) -> str:
    """Upper-case toned letters of words in capitals.

    TCVN3 has no capitals with tones: they are the small ones shown in a font of capitals, and the
    font is not in the text. A word is in capitals when a plain capital follows its first letter
    and it holds no plain small letter; so is a whole text that has such a word and no plain small
    letter at all.
    """
    if coded == text:
        return text
    plain = [c for c in coded if c.isascii() and c.isalpha()]
    words = [match.span() for match in WORD.finditer(text)]
    raised = [(i, j) for i, j in words if _is_capitals(text[i:j])]
    if raised and all(c.isupper() for c in plain):
        return text.upper()
    for i, j in raised:
        text = text[:i] + text[i:j].upper() + text[j:]
    return text


def _is_capitals(word: str) -> bool:
    return any(c.isascii() and c.isupper() for c in word[1:]) and not any(
        c.isascii() and c.islower() for c in word
    )


def is_syllable(word: str) -> bool:
    """Whether a word is built as a Vietnamese syllable: onset, vowels, coda, one tone, one case."""
    if not (word.islower() or word.isupper() or word.istitle()):
        return False
    parts = unicodedata.normalize("NFD", word.casefold())
    toneless = parts.translate(TONES)
    n_tones = len(parts) - len(toneless)
    return n_tones <= 1 and bool(SYLLABLE.fullmatch(unicodedata.normalize("NFC", toneless)))


def marked_words(text: str) -> list[str]:
    """The words of a text with a character outside ASCII; whatever is no letter spoils a word."""
    words = [word.strip(QUOTES) for word in TOKEN.findall(text)]
    return [word for word in words if not word.isascii()]


def likely_codes(text: str) -> list[str]:
    """The font codes in which a text is Vietnamese though it is none as it stands: suggestions."""
    if all(is_syllable(word) for word in marked_words(text)):
        return []
    found = {code: marked_words(decode(text, code)) for code in ("tcvn3", "vni")}
    return [code for code, words in found.items() if words and all(map(is_syllable, words))]


def likely_encoding(raw: bytes) -> str | None:
    """The encoding in which the bytes of a file are Vietnamese, by evidence; None when unsure.

    At least nine tenths of the words with a letter outside ASCII must be Vietnamese syllables, and
    more than under any other encoding; bytes that are UTF-8 throughout are taken for it.
    """
    if first_undefined(raw, "utf-8") is None:
        return "utf-8"
    shares = []
    for code in ("cp1258", "tcvn3", "vni"):
        words = marked_words(decode_bytes(raw[:SAMPLE], code))
        share = sum(map(is_syllable, words)) / len(words) if words else 0.0
        shares.append((share, code))
    (best, code), (second, _) = sorted(shares, reverse=True)[:2]
    return code if best >= 0.9 and best > second else None


def decode_bytes(raw: bytes, encoding: str) -> str:
    """Bytes as text (NFC where the encoding stores tones apart); undefined ones as surrogates."""
    if encoding in ("tcvn3", "vni"):
        return decode(raw.decode("latin-1"), encoding)
    if encoding == "cp1258":
        return unicodedata.normalize("NFC", raw.decode("cp1258", "surrogateescape"))
    return raw.decode("utf-8-sig", "surrogateescape")


def first_undefined(raw: bytes, encoding: str) -> int | None:
    """Offset of the first byte that an 8-bit encoding or UTF-8 does not define, or None."""
    if encoding not in ("tcvn3", "vni"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError as error:
            return error.start
        return None
    letters = table(encoding)
    matches = _pattern(encoding).finditer(raw.decode("latin-1"))
    return next((match.start() for match in matches if match[0] not in letters), None)


def damage(name: str) -> tuple[str, dict[str, str]] | None:
    """The rule a damaged text breaks, with what its message needs: a code, or code points.

    `ENC-13` lost letters, `ENC-05` double decoding, `ENC-11` letters of several scripts or of full
    width, `ENC-04` a legacy font code. None when the text looks sound.
    """
    if LOST_LETTER.search(name):
        return "ENC-13", {}
    if MOJIBAKE.search(name):
        return "ENC-05", {}
    text = unicodedata.normalize("NFC", name.replace("Ð", "Đ"))
    scripts = {unicodedata.name(c, "?").split()[0] for c in text if c.isalnum()}
    if "FULLWIDTH" in scripts or ("LATIN" in scripts and scripts & {"CYRILLIC", "GREEK"}):
        return "ENC-11", {"code_points": " ".join(f"U+{ord(c):04X}" for c in name if ord(c) > 127)}
    codes = likely_codes(text) or (["tcvn3", "vni"] if LEFT_BEHIND.search(text) else [])
    return ("ENC-04", {"code": " / ".join(NAMES[code] for code in codes)}) if codes else None
