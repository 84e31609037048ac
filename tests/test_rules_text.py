"""Every rule about encodings and letters: read without loss, or refused as what it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest

from pipeline.faults import explain_fault
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    POPULATION,
    REGISTER,
    card_keys,
    figures,
    fired,
    lineage,
)
from tests.conftest import Toy
from tests.legacy_texts import as_cp1258, as_tcvn3, as_vni

WORDS = ("why", "remedy")


def _text(toy: Toy, name: str = POPULATION) -> str:
    return (toy.root / name).read_text("utf-8")


def test_ENC_01_a_byte_order_mark_is_no_part_of_the_first_column_name(toy: Toy) -> None:
    before = figures(toy)
    toy.write(POPULATION, b"\xef\xbb\xbf" + _text(toy).encode())
    assert figures(toy) == before
    toy.write(POPULATION, b"\xef\xbb\xbf" + _text(toy).replace("Hà Nội", "Hà Nộ", 1).encode())
    assert fired(toy, "GEO-01", POPULATION, 3, 1, "Hà Nộ").place.column_name == "province"


@pytest.mark.parametrize(
    ("codec", "mark", "found"),
    [
        ("utf-16-le", b"\xff\xfe", "UTF-16 LE"),
        ("utf-16-be", b"\xfe\xff", "UTF-16 BE"),
        ("utf-16-le", b"", "UTF-16 LE, no BOM"),
        ("utf-16-be", b"", "UTF-16 BE, no BOM"),
        ("utf-32-le", b"\xff\xfe\0\0", "UTF-32 LE"),
    ],
)
def test_ENC_02_UTF_16_that_is_not_declared_is_named_with_what_was_expected(
    toy: Toy, codec: str, mark: bytes, found: str
) -> None:
    raw = mark + _text(toy).encode(codec)
    toy.write(POPULATION, raw)
    fault = fired(toy, "ENC-02", POPULATION, None, None, raw[:2].hex())
    for lang in ("vi", "en"):
        why = explain_fault(fault, lang)["why"]
        assert found in why
        assert "UTF-8" in why


@pytest.mark.parametrize(
    ("codec", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")]
)
def test_ENC_02_UTF_16_that_is_declared_is_read(toy: Toy, codec: str, mark: bytes) -> None:
    before = figures(toy)
    card_keys(toy, "population", encoding="utf-16")
    toy.write(POPULATION, mark + _text(toy).encode(codec))
    assert figures(toy) == before


@pytest.mark.parametrize(
    ("declared", "encode", "found"),
    [
        ("utf-16", str.encode, "UTF-8"),
        ("utf-16", as_cp1258, "Windows-1258"),
        ("utf-16", lambda text: text.encode("utf-16-le"), "UTF-16 LE, no BOM"),
        ("cp1258", str.encode, "UTF-8"),
        ("cp1258", as_tcvn3, "TCVN3 (.VnTime)"),
        ("tcvn3", as_vni, "VNI"),
        ("vni", as_cp1258, "Windows-1258"),
    ],
)
def test_ENC_02_another_encoding_than_the_declared_one_is_named_and_not_used(
    toy: Toy, declared: str, encode: Callable[[str], bytes], found: str
) -> None:
    card_keys(toy, "population", encoding=declared)
    raw = encode(_text(toy))
    toy.write(POPULATION, raw)
    fault = fired(toy, "ENC-02", POPULATION, None, None, raw[:2].hex())
    assert fault.details["found"] == found


@pytest.mark.parametrize(
    ("encode", "column", "likely"),
    [(as_cp1258, 1, "Windows-1258"), (as_tcvn3, 1, "TCVN3 (.VnTime)"), (as_vni, 1, "VNI")],
)
def test_ENC_03_the_first_bad_byte_is_named_with_place_offset_and_likely_encoding(
    toy: Toy, encode: Callable[[str], bytes], column: int, likely: str
) -> None:
    raw = encode(_text(toy).replace("Cả nước", "Viet Nam"))
    toy.write(POPULATION, raw)
    offset = next(i for i, byte in enumerate(raw) if byte > 127)
    fault = fired(toy, "ENC-03", POPULATION, 3, column, hex(raw[offset]))
    assert fault.place.column_name == "province"
    for lang in ("vi", "en"):
        why = explain_fault(fault, lang)["why"]
        assert f" {offset} " in why
        assert likely in why


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_ENC_03_the_place_of_a_bad_byte_is_right_under_any_line_end(
    toy: Toy, end: bytes, mark: bytes
) -> None:
    raw = mark + _text(toy).encode().replace("Hà".encode(), b"H\xe0").replace(b"\n", end)
    toy.write(POPULATION, raw)
    fault = fired(toy, "ENC-03", POPULATION, 3, 1, "0xe0")
    assert fault.details["offset"] == raw.index(b"\xe0")
    assert fault.details["n"] == 1


def test_ENC_03_half_a_character_of_UTF_16_is_placed(toy: Toy) -> None:
    card_keys(toy, "population", encoding="utf-16")
    raw = _text(toy).encode("utf-16")
    at = raw.index("Nội".encode("utf-16-le"))
    toy.write(POPULATION, raw[:at] + b"\x00\xdc" + raw[at + 2 :])
    fault = fired(toy, "ENC-03", POPULATION, 3, 1, "0x0")
    assert fault.details["offset"] == at


@pytest.mark.parametrize(("encoding", "byte"), [("cp1258", 0x90), ("tcvn3", 0xC0), ("vni", 0xE4)])
def test_ENC_03_a_byte_that_a_declared_8_bit_encoding_does_not_know_is_refused(
    toy: Toy, encoding: str, byte: int
) -> None:
    encode = {"cp1258": as_cp1258, "tcvn3": as_tcvn3, "vni": as_vni}[encoding]
    card_keys(toy, "population", encoding=encoding)
    raw = encode(_text(toy)).replace(b"495", bytes([byte]), 1)
    toy.write(POPULATION, raw)
    fault = fired(toy, "ENC-03", POPULATION, 4, 2, hex(byte))
    assert raw[fault.details["offset"]] == byte


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Hµ Néi", "TCVN3 (.VnTime)"),
        ("Qu¶ng Nam", "TCVN3 (.VnTime)"),
        ("HËu Giang", "TCVN3 (.VnTime)"),
        ("Haø Noäi", "VNI"),
        ("Ñaø Naüng", "VNI"),
        ("Soùc Traêng", "VNI"),
    ],
)
def test_ENC_04_a_legacy_font_code_is_named_and_matched_to_no_province(
    toy: Toy, name: str, code: str
) -> None:
    toy.edit(POPULATION, "Hà Nội", name)
    fault = fired(toy, "ENC-04", POPULATION, 3, 1, name)
    assert code in explain_fault(fault, "en")["why"]
    assert "legacy font code" in explain_fault(fault, "en")["why"]
    assert code in explain_fault(fault, "vi")["why"]
    assert "mã phông chữ cũ" in explain_fault(fault, "vi")["why"]
    rules = {(f.rule, f.place.row) for f in toy.faults()}
    assert not any(rule.startswith(("DUP", "SEM")) for rule, _ in rules)


def test_ENC_04_a_heading_in_a_legacy_font_code_is_recognised(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Doanh nghiệp mới", "Doanh nghiÖp míi")
    fault = fired(toy, "ENC-04", ENTERPRISES, 1, 3, "Doanh nghiÖp míi")
    assert fault.details["code"] == "TCVN3 (.VnTime)"


def test_ENC_05_a_text_decoded_twice_is_recognised(toy: Toy) -> None:
    twice = "Hà Nội".encode().decode("cp1252")
    toy.edit(POPULATION, "Hà Nội", twice)
    fault = fired(toy, "ENC-05", POPULATION, 3, 1, twice)
    assert "decoded twice" in explain_fault(fault, "en")["why"]
    assert "hai lần" in explain_fault(fault, "vi")["why"]
    assert all("UTF-8" in explain_fault(fault, lang)["remedy"] for lang in ("vi", "en"))


def test_ENC_05_a_heading_decoded_twice_is_recognised(toy: Toy) -> None:
    twice = "Doanh nghiệp mới".encode().decode("cp1252", "ignore")
    toy.edit(ENTERPRISES, "Doanh nghiệp mới", twice)
    fired(toy, "ENC-05", ENTERPRISES, 1, 3, twice)


def test_ENC_06_one_bad_byte_in_row_40_is_placed_and_no_other_row_is_lost(toy: Toy) -> None:
    rows = [f"{100 + i},Hà Nội,2011-01-01" for i in range(60)]
    rows[38 + 12] = "150,Hà Nộ,2011-01-01"  # a fault of its own, twelve rows below
    lines = ["number,province,granted", *rows]
    lines[39] = "138,H\udce0 Nội,2011-01-01"
    raw = "\n".join(lines).encode("utf-8", "surrogateescape")
    toy.write(REGISTER, raw)
    fault = fired(toy, "ENC-03", REGISTER, 40, 2, "0xe0")
    assert (fault.place.column_name, fault.details["offset"]) == ("province", raw.index(b"\xe0"))
    fired(toy, "GEO-01", REGISTER, 52, 2, "Hà Nộ")


def test_ENC_07_a_NUL_byte_is_placed_and_the_cell_is_not_cut_at_it(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "Hà\0Nội")
    fault = fired(toy, "ENC-07", POPULATION, 3, 1, "Hà\0Nội")
    assert (fault.place.column_name, fault.details["position"]) == ("province", 3)
    assert all("Hà\\x00Nội" in explain_fault(fault, lang)["why"] for lang in ("vi", "en"))


DECOMPOSED = unicodedata.normalize("NFD", "Hà Nội")


@pytest.mark.parametrize("name", [DECOMPOSED, "Ha\u0300 No\u0302\u0323i", "Hà Nọ\u0302i"])
def test_ENC_08_a_decomposed_name_is_the_same_province_and_its_raw_text_is_kept(
    toy: Toy, name: str
) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "Hà Nội", name)
    assert figures(toy) == before
    assert lineage(toy, "population", "01") == (name, {"composed"})
    assert lineage(toy, "population", "48") == ("Đà Nẵng", set())


def test_ENC_08_a_decomposed_heading_is_the_declared_column(toy: Toy) -> None:
    before = figures(toy, "enterprises")
    header = "Tỉnh;Năm;Doanh nghiệp mới"
    toy.edit(ENTERPRISES, header, unicodedata.normalize("NFD", header))
    assert figures(toy, "enterprises") == before


@pytest.mark.parametrize("old", ["Hoà Bình", "Khánh Hoà", "Thanh Hoá"])
@pytest.mark.parametrize("is_old_in_file", [True, False])
def test_ENC_09_the_old_and_the_new_place_of_the_tone_mark_are_one_province(
    toy: Toy, old: str, is_old_in_file: bool
) -> None:
    new = old.replace("oà", "òa").replace("oá", "óa")
    before = figures(toy)
    in_reference, in_file = (new, old) if is_old_in_file else (old, new)
    for name in ("reference/provinces.csv", ENTERPRISES, POPULATION, REGISTER):
        toy.edit(name, "Hậu Giang", in_reference if name.startswith("ref") else in_file)
    assert figures(toy) == before
    done = {"tone_mark_moved"} if is_old_in_file else set()
    assert lineage(toy, "population", "93") == (in_file, done)


@pytest.mark.parametrize(
    "name",
    [
        "Hà\u00a0Nội",
        "Hà\u200b Nội",
        "H\u00adà Nội",
        "Hà\tNội",
        "Hà  Nội",
        " Hà Nội ",
        "\ufeffHà Nội",
        "Hà \u2060Nội",
        '"Hà\nNội"',
    ],
)
def test_ENC_10_invisible_characters_of_a_name_are_left_out_and_recorded(
    toy: Toy, name: str
) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "Hà Nội", name)
    assert figures(toy) == before
    assert lineage(toy, "population", "01") == (name.strip('"'), {"invisible_removed"})


@pytest.mark.parametrize(
    "number", ["\u00a0990", "990 ", "9\u200b90", "99\u00ad0", "\t990", "\ufeff990", "990\u2060"]
)
def test_ENC_10_invisible_characters_of_a_number_are_left_out_and_recorded(
    toy: Toy, number: str
) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "Hà Nội,990,", f"Hà Nội,{number},")
    assert figures(toy) == before
    assert lineage(toy, "population", "01") == ("Hà Nội", {"invisible_removed"})


def test_ENC_10_invisible_characters_of_a_heading_are_left_out(toy: Toy) -> None:
    before = figures(toy, "enterprises")
    toy.edit(ENTERPRISES, "Doanh nghiệp mới", "\u200bDoanh\u00a0nghiệp  mới ")
    assert figures(toy, "enterprises") == before


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("Hà Nộ\u0456", "U+0456"),
        ("Hà N\u043eội", "U+043E"),
        ("\uff28à Nội", "U+FF28"),
        ("Hà Nội \uff11", "U+FF11"),
    ],
)
def test_ENC_11_letters_of_two_scripts_are_refused_with_their_code_points(
    toy: Toy, name: str, points: str
) -> None:
    toy.edit(POPULATION, "Hà Nội", name)
    fault = fired(toy, "ENC-11", POPULATION, 3, 1, name)
    assert all(points in explain_fault(fault, lang)["why"] for lang in ("vi", "en"))


def test_ENC_11_full_width_digits_are_no_number(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội,990", "Hà Nội,９９０")
    fired(toy, "NUM-10", POPULATION, 3, 2, "９９０")


def test_ENC_11_the_letter_eth_is_read_as_D_with_a_stroke_and_recorded(toy: Toy) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "Đà Nẵng", "\u00d0à Nẵng")
    assert figures(toy) == before
    assert lineage(toy, "population", "48") == ("\u00d0à Nẵng", {"eth_read_as_d"})


def test_ENC_12_mixed_line_ends_lose_no_row_and_keep_the_numbers_of_the_rows(toy: Toy) -> None:
    before = figures(toy)
    ends = ["\r\n", "\n", "\r", "\r\n", "\r", "\n", "\r\n", ""]  # the last row has none
    lines = _text(toy).splitlines()
    toy.write(POPULATION, "".join(a + b for a, b in zip(lines, ends, strict=True)))
    assert figures(toy) == before
    lines[7] = lines[7].replace("398", "3x8")
    toy.write(POPULATION, "".join(a + b for a, b in zip(lines, ends, strict=True)))
    fired(toy, "NUM-10", POPULATION, 8, 2, "3x8")


def test_ENC_12_a_line_end_inside_a_cell_ends_no_row(toy: Toy) -> None:
    before = figures(toy)
    toy.edit(POPULATION, "Cả nước", '"Cả\nnước"')
    assert figures(toy) == before
    toy.edit(POPULATION, "Sóc Trăng,398", "Sóc Trăng,3x8")
    fired(toy, "NUM-10", POPULATION, 8, 2, "3x8")  # the row a spreadsheet program shows


def test_ENC_13_lost_letters_are_recognised(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội", "H? N?i")
    fired(toy, "ENC-13", POPULATION, 3, 1, "H? N?i")


@pytest.mark.parametrize(
    ("encoding", "encode"), [("cp1258", as_cp1258), ("tcvn3", as_tcvn3), ("vni", as_vni)]
)
def test_a_declared_8_bit_encoding_gives_the_figures_and_composed_names(
    toy: Toy, encoding: str, encode: Callable[[str], bytes]
) -> None:
    before = figures(toy, "enterprises")
    card_keys(toy, "enterprises", encoding=encoding)
    toy.write(ENTERPRISES, encode(_text(toy, ENTERPRISES)))
    assert figures(toy, "enterprises") == before
    assert lineage(toy, "enterprises", "48") == ("Đà Nẵng", set())


def test_a_spreadsheet_is_never_declared_in_an_encoding_of_bytes(toy: Toy) -> None:
    card_keys(toy, "population", file="raw/synthetic_population.xlsx", encoding="cp1258")
    assert ("SCH-17", CARDS) in {(f.rule, f.place.file) for f in toy.faults()}
