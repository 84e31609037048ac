"""Font codes are decoded by their tables, and recognised by evidence, never by a guess."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.legacy import (
    damage,
    decode,
    decode_bytes,
    first_undefined,
    is_syllable,
    likely_codes,
    likely_encoding,
    table,
)
from pipeline.provinces import REFERENCE, read_rows
from tests.legacy_texts import as_cp1258, as_tcvn3, as_vni, encoded

SHAPES = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
SMALL = [unicodedata.normalize("NFC", shape + tone) for shape in SHAPES for tone in TONES] + ["đ"]
MARKED = [letter for letter in SMALL if not letter.isascii()]
NAMES = sorted({row["name_vi"] for row in read_rows(REFERENCE / "provinces.csv")})
SENTENCE = st.text(st.sampled_from([*SMALL, *"bcdghklmnpqrstvx 0123456789,.-()"]), max_size=60)


def test_the_tables_hold_every_letter_of_Vietnamese_once() -> None:
    small = {letter for letter in table("tcvn3").values() if letter.islower()}
    assert small == set(MARKED)
    assert {letter for letter in table("tcvn3").values() if letter.isupper()} == set("ĂÂÊÔƠƯĐ")
    assert len(table("tcvn3")) == len(MARKED) + 7 == 74
    assert {letter.lower() for letter in table("vni").values()} == set(MARKED)
    assert {letter for letter in table("vni").values() if letter.isupper()} == {
        letter.upper() for letter in MARKED
    }


@pytest.mark.parametrize(
    ("text", "code", "vietnamese"),
    [
        ("Hµ Néi", "tcvn3", "Hà Nội"),
        ("Thµnh phè Hå ChÝ Minh", "tcvn3", "Thành phố Hồ Chí Minh"),
        ("B×nh Ph­íc", "tcvn3", "Bình Phước"),
        ("§¾k L¾k", "tcvn3", "Đắk Lắk"),
        ("Haø Noäi", "vni", "Hà Nội"),
        ("Ñaø Naüng", "vni", "Đà Nẵng"),
        ("THÖØA THIEÂN HUEÁ", "vni", "THỪA THIÊN HUẾ"),
        ("Öôùc 2022", "vni", "Ước 2022"),
        ("2020–2022", "tcvn3", "2020–2022"),
    ],
)
def test_a_font_code_is_decoded(text: str, code: str, vietnamese: str) -> None:
    assert decode(text, code) == vietnamese


@pytest.mark.parametrize(
    ("text", "vietnamese"),
    [
        ("Hµ NéI", "HÀ NỘI"),
        ("HËU GIANG", "HẬU GIANG"),
        ("TØNH Hµ NéI", "TỈNH HÀ NỘI"),
        ("Tæng sè (NG¦êI)", "Tổng số (NGƯỜI)"),
        ("Hµ Néi", "Hà Nội"),
        ("D©n sè TP. HCM", "Dân số TP. HCM"),
    ],
)
def test_capitals_of_TCVN3_are_told_by_the_plain_letters_beside_them(
    text: str, vietnamese: str
) -> None:
    assert decode(text, "tcvn3") == vietnamese


@settings(max_examples=300)
@given(text=SENTENCE)
def test_what_is_written_in_a_code_is_read_back(text: str) -> None:
    assert decode_bytes(as_tcvn3(text), "tcvn3") == text
    assert decode_bytes(as_vni(text), "vni") == text
    assert decode_bytes(as_vni(text.upper()), "vni") == text.upper()
    assert decode_bytes(as_cp1258(text), "cp1258") == unicodedata.normalize("NFC", text)


@settings(max_examples=300)
@given(raw=st.binary(max_size=40))
def test_any_bytes_are_letters_or_marked_as_undefined(raw: bytes) -> None:
    for code in ("tcvn3", "vni", "cp1258", "utf-8"):
        text = decode_bytes(raw, code)
        undefined = [c for c in text if 0xDC80 <= ord(c) <= 0xDCFF]
        assert bool(undefined) == (first_undefined(raw, code) is not None)
        if undefined:
            assert raw[first_undefined(raw, code)] == ord(undefined[0]) - 0xDC00


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_Unicode_is_never_taken_for_a_legacy_code(name: str) -> None:
    for text in (name, name.upper(), name.lower()):
        assert likely_codes(text) == []
        assert damage(text) is None


@pytest.mark.parametrize(
    "text",
    ["Année", "São Paulo", "Área", "été", "à la carte", "Südost", "GRDP (tỷ đồng)", "m²", "± 5 %",
     "2020–2022", "Hoà", "€", "Số lượng – người", "“Nguồn”"],
)  # fmt: skip
def test_another_language_is_no_legacy_code(text: str) -> None:
    assert likely_codes(text) == []


@pytest.mark.parametrize("code", ["tcvn3", "vni"])
def test_names_in_a_font_code_are_recognised_unless_they_read_as_Vietnamese(code: str) -> None:
    """Hoà Chí Minh is Hồ Chí Minh in VNI, and a name that could be typed: not told from it."""
    legacy = {encoded(name, code): name for name in NAMES if not name.isascii()}
    unseen = [name for text, name in legacy.items() if code not in likely_codes(text)]
    readable = [name for text, name in legacy.items()
                if all(is_syllable(word) for word in text.split())]  # fmt: skip
    assert set(unseen) <= set(readable)
    assert len(unseen) <= 4


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("\n".join(NAMES).encode(), "utf-8"),
        (as_tcvn3("\n".join(NAMES)), "tcvn3"),
        (as_vni("\n".join(NAMES)), "vni"),
        (as_cp1258("\n".join(NAMES)), "cp1258"),
        ("Zürich, Genève".encode("latin-1"), None),
        (b"H\xe0 " + "Nội, Đà Nẵng, Cần Thơ".encode(), None),
        (b"province,2020", "utf-8"),
    ],
)
def test_an_encoding_is_named_by_evidence_or_not_at_all(raw: bytes, encoding: str | None) -> None:
    assert likely_encoding(raw) == encoding


@pytest.mark.parametrize("word", ["Nội", "Nghệ", "Quảng", "Thuở", "khuya", "ĐẮK", "giếng", "yêu"])
def test_a_syllable_is_known_by_its_build(word: str) -> None:
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["Néi", "HuÕ", "Haứ", "Annộe", "×", "Noäi", "été", "ngheọt"])
def test_what_is_not_built_so_is_no_syllable(word: str) -> None:
    assert not is_syllable(word)
