"""Fuzz targets of single cells: numbers, names and codes of provinces."""

from __future__ import annotations

import datetime
import math
import random
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from pipeline.faults import Fault, Faults, Place, explain_fault
from pipeline.ingest.dates import read_date
from pipeline.ingest.numbers import STYLES, Number, Refused, read_number
from pipeline.provinces import Resolver, load_reference
from pipeline.sources import Variable
from tests.fuzz_oracles import Names, day_of, number_of

HERE = Place("raw/x.csv", None, 2, 3, "value")
LETTERS = "0123456789.,- \u00a0\u202f\u2009\u2212%()'+eE/#x\t\u200b٣१½²０\u0301…–NaN"
WORDS = ["", "-", "–", "..", "NaN", "-inf", "Infinity", "1e308", "1e400", "#DIV/0!", "#N/A", "TRUE",
         "350 người", "1,2 tỷ đồng", "(5,2)", "=1+1", "3-Apr", "2026-04-03", "x", "null",
         "9" * 400, "0" * 40, "9007199254740993", "1" + "0" * 29, "0,5", "00123"]  # fmt: skip
MISSING = {"..": "M", "x": "Q", "": "M"}
ZERO = ["–"]


def told(faults: Faults) -> None:
    """Every fault has its words in both languages, and the value or no row to take one from."""
    for fault in faults.sorted():
        assert fault.value is not None or fault.rule == "HDR-13", f"{fault.rule} shows no value"
        for lang in ("vi", "en"):
            for words in explain_fault(fault, lang).values():
                assert words, f"{fault.rule} says nothing"


def numbers(draw: random.Random, _: Path) -> Callable[[], str]:
    """One cell and one way to read it, against the reading of the oracle."""
    variables = [
        Variable(
            name_vi="a",
            name_en="a",
            unit=unit,
            measure="flow",
            merge="sum",
            min=low,
            max=high,
            integer=whole,
        )
        for unit in ("people", "percent", "percent of GRDP")
        for low, high in ((0, None), (-1e30, None), (0, 100), (-100.5, 1e6))
        for whole in (False, True)
    ]
    styles = sorted(STYLES)

    def check() -> str:
        variable, style = draw.choice(variables), draw.choice(styles)
        brackets, markers = draw.random() < 0.3, draw.random() < 0.3
        if draw.random() < 0.05:
            return _typed(_typed_cell(draw), variable, style)
        text = _number_text(draw)
        missing, zero = (MISSING, ZERO) if markers else ({}, [])
        found = read_number(text, style, missing, variable, zero=zero, brackets=brackets)
        wanted = number_of(text, style, is_percent=variable.unit.startswith("percent"),
                           is_whole=variable.integer, brackets=brackets, low=variable.min,
                           high=variable.max)  # fmt: skip
        marker = text.strip(" \u00a0\u202f\u2009\t\u200b\ufeff\u00ad")
        if marker in missing:
            assert found.value is None, f"{text!r} {style} {found}"  # type: ignore[union-attr]
            return "missing"
        if marker in zero:
            wanted = Fraction(0) if variable.min <= 0 else None
        said = f"{text!r} {style} {variable.unit} {variable.integer} {brackets}: {found}"
        if isinstance(found, Refused):
            assert wanted is None, f"refused a number {said}, it is {wanted}"
            if draw.random() < 0.02:
                told_refusal(found, text)
            return found.rule
        assert wanted is not None, f"took what is no number {said}"
        assert found.value == float(wanted), f"{said}, it is {wanted}"
        return "read"

    return check


def told_refusal(found: Refused, text: Any) -> None:
    """A refusal has its words in both languages."""
    fault = Fault(found.rule, HERE, text, found.details)
    for lang in ("vi", "en"):
        assert all(explain_fault(fault, lang).values()), found.rule


def _typed(cell: Any, variable: Variable, style: str) -> str:
    found = read_number(cell, style, {}, variable)
    is_number = isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)
    if isinstance(found, Number):
        assert is_number, f"{cell!r} is no number"
        assert found.value == float(cell), f"{cell!r} is not {found.value}"
        assert math.isfinite(found.value)
        assert variable.min <= cell <= (math.inf if variable.max is None else variable.max)
        assert not variable.integer or cell == int(cell)
        assert abs(cell) <= 2**53 or Decimal(found.value) == cell or isinstance(cell, float)
        return "read typed"
    told_refusal(found, cell)
    return found.rule


def _typed_cell(draw: random.Random) -> Any:
    return draw.choice([
        draw.uniform(-1e3, 1e3), draw.randrange(-(10**6), 10**6), draw.randrange(10**40),
        draw.uniform(-1, 1) * 10.0 ** draw.randrange(-300, 300), math.nan, math.inf, -math.inf,
        Decimal(draw.randrange(10**38)).scaleb(-draw.randrange(20)), True, False,
        datetime.date(2026, 4, 3), datetime.datetime(2026, 4, 3, 1), datetime.time(3),
        datetime.timedelta(1), 2**53 + draw.randrange(5), -0.0, 0,
    ])  # fmt: skip


def _number_text(draw: random.Random) -> str:
    """A number in some style, whole or damaged, or a text of letters that numbers have."""
    kind = draw.random()
    if kind < 0.05:
        return draw.choice(WORDS)
    if kind < 0.2:
        return "".join(draw.choices(LETTERS, k=draw.randrange(12)))
    group, mark = draw.choice([("", "."), (",", "."), (".", ","), ("", ","),
                               (draw.choice(" \u00a0\u202f\u2009"), ",")])  # fmt: skip
    size = draw.choice((10, 1000, 10**6, 10**9, 10**17, 10**31))
    text = f"{draw.randrange(size):,}".replace(",", group)
    if draw.random() < 0.4:
        text += mark + "".join(draw.choices("0123456789", k=draw.randrange(1, 8)))
    if draw.random() < 0.2:
        text = draw.choice("-\u2212+'(") + text
    if draw.random() < 0.15:
        text += draw.choice(["%", " %", ")", "%%", " người", "*", "e5"])
    if draw.random() < 0.1:
        text = draw.choice(["", " ", "\u00a0", "\t"]) + text + draw.choice(["", " ", "\u200b"])
    return damaged(draw, text, LETTERS) if draw.random() < 0.3 else text


def damaged(draw: random.Random, text: str, letters: str) -> str:
    """A text with one to three letters left out, put in, changed or swapped."""
    for _ in range(draw.randrange(1, 4)):
        at = draw.randrange(len(text) + 1)
        kind = draw.randrange(4)
        if kind == 0:
            text = text[:at] + text[at + 1 :]
        elif kind == 1:
            text = text[:at] + draw.choice(letters) + text[at:]
        elif kind == 2:
            text = text[:at] + draw.choice(letters) + text[at + 1 :]
        else:
            text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return text


def dates(draw: random.Random, _: Path) -> Callable[[], str]:
    """A text in a date column, or a day number, against a calendar counted apart."""

    def check() -> str:
        order, system = draw.choice((None, "dmy", "mdy")), draw.choice((None, "1900", "1904"))
        if draw.random() < 0.1:
            return _day_number(draw, order, system)
        mark, form = draw.choice("/.-"), draw.choice(("y-m-d", "y-m", "y", "dxmxy", "mxy"))
        parts = {"y": f"{draw.randrange(1900, 2030)}", "x": mark, "-": "-",
                 "m": f"{draw.randrange(14):02}", "d": f"{draw.randrange(33):02}"}  # fmt: skip
        text = "".join(parts[letter] for letter in form)
        if draw.random() < 0.2:
            text = draw.choice([damaged(draw, text, "0123456789/.- T:"), f"{text} 00:00:00",
                                text.replace("0", "", 1), f" {text}\u00a0"])  # fmt: skip
        found, wanted = read_date(text, order), day_of(text, order)
        if isinstance(found, Refused):
            assert wanted is None, f"refused {text!r} {order}, it is {wanted}"
            if draw.random() < 0.05:
                told_refusal(found, text)
            return found.rule
        assert found.text == (wanted or ""), f"{text!r} {order}: {found.text}, it is {wanted}"
        return "date" if wanted else "empty"

    return check


def _day_number(draw: random.Random, order: str | None, system: str | None) -> str:
    number = draw.randrange(10_000, 100_000)
    found = read_date(draw.choice([number, number + 0.5, str(number)]), order, system)
    if system is None:
        assert isinstance(found, Refused)
        return found.rule
    first = datetime.date(1904, 1, 1) if system == "1904" else datetime.date(1899, 12, 30)
    assert not isinstance(found, Refused)
    assert (datetime.date.fromisoformat(found.text) - first).days == number
    return "day number"


VIETNAMESE = (
    "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấầẩẫậắằẳẵặéèẻẽẹíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụýỳỷỹỵÐðа-–.ſ?�µ"
)
OTHERS = ["Cả nước", "Đồng bằng sông Hồng", "Hà Tây", "Sông Bé", "Quận 1", "Tỉnh ABC", "Hµ Néi",
          "HÃ  Ná»™i", "H? N?i", "", " ", "Quảng Nam - Đà Nẵng", "01", "VN-43", "<script>",
          "Thành phố Thủ Đức", "Ha", "T.", "TP", "Tỉnh", "Thành phố", "thủ đô"]  # fmt: skip


def names(draw: random.Random, _: Path) -> Callable[[], str]:
    """A name in some dress, or damaged, against all the spellings there are."""
    ref, oracle = load_reference(), Names()
    resolver, faults = Resolver(ref, Faults()), Faults()

    def check() -> str:
        nonlocal faults
        scheme = draw.choice(("63", "34"))
        own, name, code = draw.choice(oracle.spellings)
        is_dressed = draw.random() < 0.35
        text = _dressed(draw, name)
        if not is_dressed:
            text = draw.choice(OTHERS) if draw.random() < 0.05 else damaged(draw, text, VIETNAMESE)
        faults = Faults()
        resolver.faults, resolver.strangers, resolver.regions, resolver.seen = faults, [], [], {}
        found = resolver.by_name(text, scheme, HERE)
        resolver.close()
        if found is None:
            assert faults.n_rejecting() == 1, f"{text!r}: {len(faults.sorted())} faults"
            assert not (is_dressed and own == scheme), f"{text!r} is {name!r} ({code}) in {scheme}"
            if draw.random() < 0.02:
                told(faults)
            return faults.sorted()[0].rule
        assert not faults.sorted()
        if found.code is None:
            return found.kind
        allowed = oracle.may_be(text, scheme)
        assert allowed == {found.code}, f"{text!r} in {scheme} gave {found}, may be {allowed}"
        return "province" if found.note is None else found.note

    return check


def _dressed(draw: random.Random, name: str) -> str:
    """A name as somebody else may write it: case, composition, spaces, dashes, a prefix."""
    has_own = name.startswith(("TP", "T.", "Thủ"))
    if draw.random() < 0.3 and not has_own:
        name = draw.choice(["Tỉnh ", "tỉnh ", "Thành phố ", "TP ", "TP. ", "T. "]) + name
    case = draw.random()
    if case < 0.4:
        name = draw.choice([name.upper(), name.lower(), name.title(), name.swapcase()])
    name = unicodedata.normalize(draw.choice(["NFC", "NFD"]), name)
    if draw.random() < 0.3:
        name = name.replace(" ", draw.choice(["  ", "\u00a0", " \u200b", "\t"]))
    if draw.random() < 0.2:
        name = name.replace("-", draw.choice(["–", " - ", "—", "\u2011"]))
    if draw.random() < 0.2:
        name = draw.choice([" ", "\u00a0", "\u200b"]) + name + draw.choice(["", " ", "\u00ad"])
    return name.replace("Đ", "Ð") if draw.random() < 0.1 else name


def codes(draw: random.Random, _: Path) -> Callable[[], str]:
    """A text in a column of codes: two digits of the scheme, or a number where that is declared."""
    oracle = Names()
    resolver = Resolver(load_reference(), Faults())

    def check() -> str:
        scheme, is_numeric = draw.choice(("63", "34")), draw.random() < 0.5
        two = f"{draw.randrange(100):02}"
        one = two.lstrip("0")
        text = draw.choice([two, two, one, f"{one}.0", f"VN-{two}", f"0{two}",
                            damaged(draw, two, "0123456789 .-A²١")])  # fmt: skip
        faults = Faults()
        resolver.faults, resolver.strangers, resolver.seen = faults, [], {}
        found = resolver.by_code(text, scheme, HERE, is_numeric)
        resolver.close()
        if found is None:
            assert faults.n_rejecting() == 1
            told(faults)
            assert text not in oracle.codes[scheme]
            return faults.sorted()[0].rule
        whole = text.removesuffix(".0")
        wanted = text if text in oracle.codes[scheme] else whole.rjust(2, "0")
        assert found.code == wanted, f"{text!r}: {found}"
        assert found.code in oracle.codes[scheme]
        assert text == wanted or is_numeric, f"{text!r} was taken for {wanted}"
        return "province" if found.note is None else found.note

    return check
