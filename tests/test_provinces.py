"""The real tables of provinces, and names that come to a code by them and by nothing else."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.faults import Faults, Place
from pipeline.provinces import (
    Resolver,
    check_reference,
    fold,
    load_reference,
    read_rows,
    strip_marks,
)

REF = load_reference()
ALIASES = read_rows(REF.folder / "aliases.csv")
SPELLINGS = [(p["scheme"], p[name], p["province_code"]) for p in REF.provinces
             for name in ("name_vi", "name_en")]  # fmt: skip
SPELLINGS += [(a["scheme"], a["alias"], a["province_code"]) for a in ALIASES]
OFFICIAL = [(p["scheme"], p["name_vi"], p["province_code"]) for p in REF.provinces]


def _code(name: str, scheme: str = "63") -> str | None:
    """The code of a name, or None when it is refused or is no province."""
    found = Resolver(REF, Faults()).by_name(name, scheme, Place("x"))
    return found.code if found is not None else None


def _rule(name: str, scheme: str = "63") -> str:
    faults = Faults()
    resolver = Resolver(REF, faults)
    assert resolver.by_name(name, scheme, Place("x")) is None
    resolver.close()
    (fault,) = faults.sorted()
    return fault.rule


def test_the_reference_tables_hold_together() -> None:
    faults = Faults()
    check_reference(REF, faults)
    assert faults.sorted() == []
    assert (len(REF.codes("63")), len(REF.codes("34"))) == (63, 34)


def test_the_merger_takes_each_of_63_to_one_of_34_and_reaches_all() -> None:
    rows = read_rows(REF.folder / "merger_2025.csv")
    assert sorted(row["from_code"] for row in rows) == REF.codes("63")
    assert sorted({row["to_code"] for row in rows}) == REF.codes("34")
    alone = [new for new in REF.codes("34") if list(REF.merger.values()).count(new) == 1]
    assert len(alone) == 11  # provinces and cities the merger left as they were


def test_ISO_codes_are_unique_where_present() -> None:
    for scheme in ("63", "34"):
        codes = [p["iso_3166_2"] for p in REF.provinces if p["scheme"] == scheme]
        present = [code for code in codes if code]
        assert len(present) == len(set(present))
        assert all(code.startswith("VN-") for code in present)
    assert all(p["iso_3166_2"] for p in REF.provinces if p["scheme"] == "63")


@pytest.mark.parametrize("scheme", ["63", "34"])
def test_every_name_and_alias_resolves_to_its_own_code(scheme: str) -> None:
    wrong = [(name, code) for s, name, code in SPELLINGS
             if s == scheme and _code(name, scheme) != code]  # fmt: skip
    assert wrong == []


def test_no_spelling_folds_to_two_provinces_of_a_scheme_nor_to_a_region() -> None:
    codes: dict[tuple[str, str], set[str]] = {}
    for scheme, name, code in SPELLINGS:
        codes.setdefault((scheme, fold(name)), set()).add(code)
    assert [key for key, found in codes.items() if len(found) > 1] == []
    assert [name for _, name, _ in SPELLINGS if fold(name) in REF.others] == []


@pytest.mark.parametrize("scheme", ["63", "34"])
def test_official_names_without_marks_are_unique(scheme: str) -> None:
    plain = [strip_marks(fold(name)) for s, name, _ in OFFICIAL if s == scheme]
    assert len(plain) == len(set(plain))
    assert all(_code(strip_marks(name), s) == code for s, name, code in OFFICIAL)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Ha\u0300 No\u0323\u0302i", "01"),
        ("Ha\u0300 No\u0302\u0323i", "01"),
        ("Hoà Bình", "17"),
        ("Hòa Bình", "17"),
        ("Khánh Hoà", "56"),
        ("Thanh Hoá", "38"),
        ("Ðà Nẵng", "48"),
        ("ÐẮK LẮK", "66"),
        ("đắk lắk", "66"),
        ("THÀNH PHỐ HÀ NỘI", "01"),
        ("tỉnh Nghệ An", "40"),
        ("T. Nghệ An", "40"),
        ("TP.HCM", "79"),
        ("Tp Hồ Chí Minh", "79"),
        ("Thừa Thiên – Huế", "46"),
        ("Thừa Thiên—Huế", "46"),
        ("Bà Rịa-Vũng  Tàu", "77"),
        ("Hà\u00a0Nội", "01"),
        ("Hà\u200b Nội\u00ad", "01"),
        (" \tHà   Nội ", "01"),
        ("Ha Noi", "01"),
        ("Quang Nam", "49"),
    ],
)
def test_every_form_of_a_name_is_the_same_province(name: str, code: str) -> None:
    assert _code(name) == code


@pytest.mark.parametrize(
    "name",
    ["Quảng Nimh", "Quảng Nma", "Quảng", "Hà Nô", "Hà Nộii", "Bình Dịnh", "Binh Duongg", "Nam",
     "Tỉnh ABC", "Hà", "", "Quảng Nam Quảng Ngãi", "ſơn La", "TỉnhNghệ An", "T. Tỉnh Nghệ An"],
)  # fmt: skip
def test_a_near_name_is_never_matched(name: str) -> None:
    assert _rule(name) == "GEO-01"


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Hµ Néi", "ENC-04"),
        ("HÃ\xa0 Ná»™i", "ENC-05"),
        ("Hà Nаm", "ENC-11"),
        ("H? Nội", "ENC-13"),
        ("H\ufffd Nội", "ENC-13"),
        ("Hà Tây", "GEO-20"),
        ("Huyện Củ Chi", "GEO-21"),
    ],
)
def test_a_damaged_or_former_name_is_refused_as_what_it_is(name: str, rule: str) -> None:
    assert _rule(name) == rule


@pytest.mark.parametrize(("name", "kind"), [("Cả nước", "national"), ("TÂY NGUYÊN", "region")])
def test_a_total_or_a_region_is_no_province(name: str, kind: str) -> None:
    found = Resolver(REF, Faults()).by_name(name, "63", Place("x"))
    assert found is not None
    assert (found.code, found.kind) == (None, kind)


def test_one_code_means_two_territories() -> None:
    assert REF.name("63", "15") == "Yên Bái"
    assert REF.name("34", "15") == "Lào Cai"
    assert (_code("Lào Cai", "63"), _code("Lào Cai", "34")) == ("10", "15")


def test_names_of_the_old_scheme_are_refused_in_the_new_one() -> None:
    gone = {name for s, name, _ in OFFICIAL if s == "63"} - {
        name for s, name, _ in OFFICIAL if s == "34"
    }
    known = {fold(name) for s, name, _ in SPELLINGS if s == "34"}
    refused = {name: _rule(name, "34") for name in gone if fold(name) not in known}
    assert len(refused) >= 28
    assert set(refused.values()) == {"GEO-07"}


@pytest.mark.parametrize(
    ("code", "scheme", "rule"),
    [
        ("1", "63", "GEO-14"),
        ("VN-43", "63", "GEO-15"),
        ("02", "34", "GEO-17"),
        ("00", "63", "GEO-01"),
        ("1.0", "63", "GEO-14"),
        ("", "63", "GEO-01"),
        ("²", "63", "GEO-01"),
    ],
)
def test_a_code_is_two_digits_of_its_scheme_or_refused(code: str, scheme: str, rule: str) -> None:
    faults = Faults()
    resolver = Resolver(REF, faults)
    assert resolver.by_code(code, scheme, Place("x")) is None
    resolver.close()
    assert [fault.rule for fault in faults.sorted()] == [rule]


@settings(max_examples=300, deadline=None)
@given(entry=st.sampled_from(SPELLINGS), seed=st.integers(0, 10**6))
def test_case_composition_and_spaces_never_change_the_province(
    entry: tuple[str, str, str], seed: int
) -> None:
    scheme, name, code = entry
    draw = random.Random(seed)
    noisy = "".join(c.upper() if draw.random() < 0.5 else c.lower() for c in name)
    noisy = unicodedata.normalize(draw.choice(["NFC", "NFD"]), noisy)
    noisy = noisy.replace(" ", draw.choice([" ", "  ", "\u00a0", " \u200b"]))
    noisy = draw.choice(["", " ", "\t"]) + noisy + draw.choice(["", "  ", "\u00a0"])
    assert _code(noisy, scheme) == code


@settings(max_examples=300, deadline=None)
@given(entry=st.sampled_from(OFFICIAL), place=st.integers(0, 30), letter=st.sampled_from("bghkxy"))
def test_one_more_letter_is_never_resolved_to_another_province(
    entry: tuple[str, str, str], place: int, letter: str
) -> None:
    scheme, name, code = entry
    at = min(place, len(name))
    assert _code(name[:at] + letter + name[at:], scheme) in (None, code)
