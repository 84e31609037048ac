"""What a cell of figures may hold and how it is read, row by row of what bad input gets."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.__main__ import main
from pipeline.ingest.numbers import Number, Refused, read_number
from pipeline.language import Words
from pipeline.sources import Variable
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    LABOUR,
    POPULATION,
    cell_of,
    declare,
    fired,
    give_file,
    redefine,
)
from tests.conftest import Toy
from tests.sheets import xlsx

ANY = Variable(name_vi="a", name_en="a", unit="people", measure="flow", merge="sum", min=-1e30)
NUMBERS = st.decimals(-(10**9), 10**9, places=4).map(lambda d: d.normalize() + 0)
WHOLE = st.integers(1000, 10**15)
POPULATIONS = {"Hà Nội": 1000.0, "Đà Nẵng": 500, "Quảng Nam": 500, "Cần Thơ": 400,
               "Hậu Giang": 200, "Sóc Trăng": 400}  # fmt: skip


def _sheet(toy: Toy, column: list[Any] | None = None, **more: Any) -> str:
    """Let the population stand in a workbook; `column` takes the place of the figures of 2022."""
    values = column or list(POPULATIONS.values())
    rows = [["province", "2020", "2022"],
            *([n, 990, v] for n, v in zip(POPULATIONS, values, strict=True))]  # fmt: skip
    return give_file(toy, "population", ".xlsx", xlsx(rows, **more))


def test_NUM_01_a_decimal_comma_is_read_where_it_is_declared(toy: Toy) -> None:
    toy.edit(LABOUR, '01,"50,0",600', '01,"50,0","1.234,56"')
    row = cell_of(toy, "labour", "C2")
    assert (row["value"], row["raw"], row["obs_status"]) == (1234.56, "1.234,56", "A")


@settings(max_examples=300, deadline=None)
@given(number=NUMBERS)
def test_NUM_01_every_number_written_with_a_decimal_comma_is_read_back(number: Decimal) -> None:
    text = f"{number:,f}".translate(str.maketrans(",.", ".,"))
    assert read_number(text, "vi", {}, ANY) == Number(float(number))


@settings(max_examples=300, deadline=None)
@given(whole=WHOLE, rest=st.integers(1, 999_999))
def test_NUM_02_a_grouped_decimal_comma_is_never_read_with_a_point(whole: int, rest: int) -> None:
    text = f"{whole:,}".replace(",", ".") + f",{rest}"
    for style in ("plain", "en"):
        found = read_number(text, style, {}, ANY)
        assert isinstance(found, Refused)
        assert found.rule == "NUM-02"
        assert found.details["readings"].startswith(f"{style} = –, ")
        assert f"vi = {whole}.{rest}" in found.details["readings"]


@pytest.mark.parametrize("text", ["1.234", "1,234"])
def test_NUM_03_an_ambiguous_separator_shows_both_readings(toy: Toy, text: str) -> None:
    toy.edit(CARDS, "number_style: plain", "number_style: digits")
    toy.edit(POPULATION, "Hà Nội,990,1000", f'Hà Nội,990,"{text}"')
    fault = fired(toy, "NUM-03", POPULATION, 3, 3, text)
    readings = fault.details["readings"].split(", ")
    assert {r.split(" = ")[1] for r in readings} == {"1.234", "1234"}


@settings(max_examples=200, deadline=None)
@given(whole=WHOLE, mark=st.sampled_from(".,"))
def test_NUM_03_no_separator_is_ever_guessed(whole: int, mark: str) -> None:
    text = f"{whole:,}".replace(",", mark)
    found = read_number(text, "digits", {}, ANY)
    assert isinstance(found, Refused)
    assert found.rule == "NUM-03"
    assert read_number(str(whole), "digits", {}, ANY) == Number(float(whole))


@pytest.mark.parametrize("space", [" ", "\u00a0", "\u202f", "\u2009"])
def test_NUM_04_groups_of_spaces_are_read_where_they_are_declared(toy: Toy, space: str) -> None:
    toy.edit(CARDS, "number_style: plain", "number_style: space")
    toy.edit(POPULATION, "Hà Nội,990,1000", f"Hà Nội,990,1{space}234")
    toy.edit(POPULATION, "Cả nước,2980,3000", "Cả nước,2980,3234")
    assert cell_of(toy, "population", "C3")["value"] == 1234


@settings(max_examples=200, deadline=None)
@given(whole=WHOLE, space=st.sampled_from(" \u00a0\u202f\u2009"))
def test_NUM_04_a_space_groups_only_where_it_is_declared(whole: int, space: str) -> None:
    text = f"{whole:,}".replace(",", space)
    assert read_number(text, "space", {}, ANY) == Number(float(whole))
    for style in ("plain", "en", "vi"):
        found = read_number(text, style, {}, ANY)
        assert isinstance(found, Refused)
        assert found.rule == "NUM-04"


@settings(max_examples=300, deadline=None)
@given(groups=st.lists(st.integers(0, 9999).map(str), min_size=3, max_size=5),
       style=st.sampled_from(["vi", "en"]))  # fmt: skip
def test_NUM_05_groups_of_another_size_than_three_are_refused(
    groups: list[str], style: str
) -> None:
    mark = "." if style == "vi" else ","
    found = read_number(mark.join(groups), style, {}, ANY)
    is_right = len(groups[0]) <= 3 and groups[0] != "0" and all(len(g) == 3 for g in groups[1:])
    if is_right:
        assert found == Number(float("".join(groups)))
    else:
        assert isinstance(found, Refused)
        assert found.rule == "NUM-05"


def test_NUM_06_a_percent_sign_is_read_where_percent_is_declared(toy: Toy) -> None:
    toy.edit(LABOUR, '01,"50,0",600', '01,"12,5%",600')
    row = cell_of(toy, "labour", "B2")
    assert (row["value"], row["raw"], row["handling"]) == (12.5, "12,5%", "percent_sign")


def test_NUM_06_a_cell_shown_in_percent_is_a_hundred_times_what_it_stores(toy: Toy) -> None:
    rows = [["province", "share", "labour force"], ["01", 0.125, 600]]
    rows += [[code, value, 300] for code, value in (("48", 40), ("49", 20), ("92", 30), ("93", 10),
                                                    ("94", 20))]  # fmt: skip
    give_file(toy, "labour", ".xlsx", xlsx(rows, {"B2": "0.0%"}))
    row = cell_of(toy, "labour", "Biểu 1!B2")
    assert (row["value"], row["raw"], row["handling"]) == (12.5, "0.125", "percent_format")


def test_NUM_06_a_percent_format_over_a_count_is_refused(toy: Toy) -> None:
    name = _sheet(toy, formats={"C2": "0%"})
    fired(toy, "NUM-08", name, 2, 3, "1000")


def _shares(toy: Toy, *shares: str) -> None:
    rows = [f'{code},"{share}",600' for code, share in
            zip(("01", "48", "49", "92", "93", "94"), shares, strict=True)]  # fmt: skip
    toy.write(LABOUR, "\n".join(["province,share,labour force", *rows]) + "\n")


def test_NUM_07_a_whole_column_in_0_to_1_is_refused_where_percent_is_declared(toy: Toy) -> None:
    _shares(toy, "0,5", "0,4", "0,2", "0,3", "0,125", "0,2")
    fault = fired(toy, "NUM-07", LABOUR, None, 2, "0.125 – 0.5")
    assert (fault.details["bounds"], fault.details["last"]) == ("0 – 100", "–")
    assert fault.place.column_name == "share"


def test_NUM_07_shares_that_are_truly_small_pass(toy: Toy) -> None:
    _shares(toy, "0,5", "0,4", "0,2", "0,3", "0,125", "0,2")
    redefine(toy, "trained_share_pct", "max: 100", "max: 20")
    assert cell_of(toy, "labour", "B2")["value"] == 0.5


def _next_year(toy: Toy, source: str, year: int, replaced: dict[str, str]) -> str:
    """A second card on a copy of a file, a year later, with other figures."""
    text = (toy.root / CARDS).read_text("utf-8")
    start = text.index(f"  {source}:\n")
    end = text.index("    sha256:", start)
    card = text[start:end].replace(f"  {source}:", f"  {source}_next:", 1)
    old = f"raw/synthetic_{source}.csv"
    new = f"raw/synthetic_{source}_next.csv"
    content = (toy.root / old).read_text("utf-8")
    for a, b in replaced.items():
        assert a in content
        content = content.replace(a, b)
    card = (
        card.replace(old, new).replace("2020}", f"{year}}}").replace("year: 2020", f"year: {year}")
    )
    (toy.root / new).write_text(content, "utf-8")
    toy.write(CARDS, f'{text}{card}    sha256: "{"0" * 64}"\n')
    toy.renew(new)
    return new


@pytest.mark.parametrize(("factor", "is_refused"), [(0.01, True), (1, False), (0.5, False)])
def test_NUM_07_last_year_decides_where_there_is_one(
    toy: Toy, factor: float, is_refused: bool
) -> None:
    changed = {f'"{n},0"': f'"{n * factor:g}"'.replace(".", ",") for n in (50, 40, 20, 30, 10)}
    new = _next_year(toy, "labour", 2021, changed)
    if not is_refused:
        toy.load()
        return
    fault = fired(toy, "NUM-07", new, None, 2, "0.1 – 0.5")
    assert fault.details["last"] == "10 – 50"


def test_NUM_07_small_shares_pass_when_they_were_as_small_last_year(toy: Toy) -> None:
    redefine(toy, "trained_share_pct", ", max: 100", "")
    _shares(toy, "0,5", "0,4", "0,2", "0,3", "0,125", "0,2")
    _next_year(toy, "labour", 2021, {"0,125": "0,126"})
    toy.load()


@pytest.mark.parametrize("factor", [1000, 0.001])
def test_NUM_09_a_column_a_thousand_times_last_year_is_flagged_as_a_whole(
    toy: Toy, factor: float
) -> None:
    lines = (toy.root / POPULATION).read_text("utf-8").splitlines()[2:]
    slipped = [f"{name},{a},{int(b) * factor:.10g}" for name, a, b in (x.split(",") for x in lines)]
    toy.write(POPULATION, "\n".join(["province,2020,2022", *slipped]) + "\n")
    redefine(toy, "population_thousand", ", max: 10000", "")
    span = {1000: "200000 – 1000000", 0.001: "0.2 – 1"}[factor]
    fault = fired(toy, "NUM-09", POPULATION, None, 3, span)
    assert (fault.details["n"], float(fault.details["ratio"])) == (
        6,
        pytest.approx(factor, rel=0.1),
    )
    assert fault.details["other"] == f"{POPULATION} (2020)"
    assert [f.rule for f in toy.faults()] == ["NUM-09"]


def test_NUM_09_ordinary_growth_is_no_slip(toy: Toy) -> None:
    redefine(toy, "population_thousand", ", max: 10000", "")
    lines = (toy.root / POPULATION).read_text("utf-8").splitlines()[2:]
    grown = [f"{name},{a},{int(b) * 400}" for name, a, b in (x.split(",") for x in lines)]
    toy.write(POPULATION, "\n".join(["province,2020,2022", *grown]) + "\n")
    toy.load()


MARKERS = ["", "-", "–", "..", "...", "NA", "N/A", "n/a", "null", "None", "#N/A", "x",
           "không có số liệu"]  # fmt: skip


@pytest.mark.parametrize("text", MARKERS)
def test_NUM_10_only_a_declared_marker_is_missing(toy: Toy, text: str) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", f"Hà Nội;2022;{text}")
    fired(toy, "NUM-10", ENTERPRISES, 2, 3, text)
    declare(toy, "enterprises", f'missing: {{"{text}": M}}')
    row = cell_of(toy, "enterprises", "C2")
    assert (row["obs_status"], row["raw"], row["handling"]) == ("M", text, None)
    assert row["value"] is None


@pytest.mark.parametrize(("status", "handling"), [("L", "not_collected"), ("Q", "withheld")])
def test_NUM_10_each_marker_keeps_its_own_status(toy: Toy, status: str, handling: str) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", "Hà Nội;2022;x")
    declare(toy, "enterprises", f'missing: {{"-": M, "x": {status}}}')
    row = cell_of(toy, "enterprises", "C2")
    assert (row["obs_status"], row["handling"]) == ("M", handling)


def test_NUM_11_each_source_follows_its_own_rule_for_a_dash(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", "Hà Nội;2022;-")
    toy.edit(LABOUR, '01,"50,0",600', '01,"50,0",-')
    declare(toy, "enterprises", 'zero: ["-"]')
    declare(toy, "labour", 'missing: {"-": M}')
    zero, missing = cell_of(toy, "enterprises", "C2"), cell_of(toy, "labour", "C2")
    assert (zero["value"], zero["obs_status"], zero["handling"]) == (0, "A", "zero_marker")
    assert (zero["raw"], missing["raw"], missing["obs_status"]) == ("-", "-", "M")
    assert missing["value"] is None


def test_NUM_11_one_marker_is_not_both_zero_and_missing(toy: Toy) -> None:
    declare(toy, "enterprises", 'zero: ["-"]')
    declare(toy, "enterprises", 'missing: {"-": M}')
    assert "SCH-17" in {fault.rule for fault in toy.faults()}


@pytest.mark.parametrize("value", [1e308, -1e31])
def test_NUM_13_a_typed_number_beyond_all_measure_is_refused(toy: Toy, value: float) -> None:
    redefine(toy, "population_thousand", "min: 0, max: 10000", "min: -1000")
    name = _sheet(toy, [value, 500, 500, 400, 200, 400])
    assert [(f.place.file, f.place.cell) for f in toy.faults() if f.rule == "NUM-13"] == [
        (name, "C2")]  # fmt: skip


@pytest.mark.parametrize(("text", "handling"), [("−5,2", "minus_sign"), ("-5,2", None)])
def test_NUM_15_a_long_minus_is_a_minus_where_negative_is_allowed(
    toy: Toy, text: str, handling: str | None
) -> None:
    redefine(toy, "labour_force_thousand", "min: 0", "min: -100")
    toy.edit(LABOUR, '01,"50,0",600', f'01,"50,0","{text}"')
    row = cell_of(toy, "labour", "C2")
    assert (row["value"], row["handling"]) == (-5.2, handling)


def test_NUM_15_brackets_are_a_minus_only_where_they_are_declared(toy: Toy) -> None:
    redefine(toy, "labour_force_thousand", "min: 0", "min: -100")
    toy.edit(LABOUR, '01,"50,0",600', '01,"50,0","(5,2)"')
    fired(toy, "NUM-15", LABOUR, 2, 3, "(5,2)")
    declare(toy, "labour", "brackets: negative")
    row = cell_of(toy, "labour", "C2")
    assert (row["value"], row["raw"], row["handling"]) == (-5.2, "(5,2)", "brackets")


def test_NUM_16_decimals_are_read_where_the_definition_allows_them(toy: Toy) -> None:
    redefine(toy, "new_enterprises", ", integer: true", "")
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", "Hà Nội;2022;12,5")
    assert cell_of(toy, "enterprises", "C2")["value"] == 12.5


@pytest.mark.parametrize(
    ("text", "handling"),
    [("1000", "number_as_text"), ("'1000", "number_as_text, apostrophe"),
     (" 1000\u00a0", "invisible_removed, number_as_text")],
)  # fmt: skip
def test_NUM_17_a_number_stored_as_text_is_read_as_text_and_recorded(
    toy: Toy, text: str, handling: str
) -> None:
    _sheet(toy, [text, 500, 500, 400, 200, 400])
    row = cell_of(toy, "population", "Biểu 1!C2")
    assert (row["value"], row["handling"]) == (1000, handling)
    assert cell_of(toy, "population", "Biểu 1!C3")["handling"] is None


def test_NUM_17_a_number_stored_as_text_follows_the_number_style(toy: Toy) -> None:
    name = _sheet(toy, ["1.000,5", 500, 500, 400, 200, 400])
    fired(toy, "NUM-02", name, 2, 3, "1.000,5")


@pytest.mark.parametrize(
    ("cell", "type_"),
    [(True, "type_bool"), (datetime.date(2026, 4, 3), "type_date"),
     (datetime.datetime(2026, 4, 3, 1), "type_datetime")],
)  # fmt: skip
def test_NUM_19_a_typed_cell_that_is_no_number_is_named_with_its_type(
    toy: Toy, cell: Any, type_: str
) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"province": ["Hà Nội"], "2020": [990.0], "2022": [cell]}), buffer)
    name = give_file(toy, "population", ".parquet", buffer.getvalue())
    assert fired(toy, "NUM-19", name, 2, 3, str(cell)).details["type"] == Words(type_)


@pytest.mark.parametrize("stored", ["", None])
def test_NUM_20_a_formula_with_no_stored_result_is_neither_zero_nor_missing(
    toy: Toy, stored: str | None
) -> None:
    declare(toy, "population", 'missing: {"": M}')
    name = _sheet(toy, formulas={"C2": ("=500+500", stored)})
    fired(toy, "NUM-20", name, 2, 3, "=500+500")


def test_NUM_20_a_formula_with_its_result_is_read(toy: Toy) -> None:
    _sheet(toy, formulas={"C2": ("=500+500", 1000)})
    assert cell_of(toy, "population", "Biểu 1!C2")["value"] == 1000


def test_NUM_21_the_stored_value_is_used_and_the_check_says_so(
    toy: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    _sheet(toy, [12.3456789, 500, 500, 400, 200, 400], formats={"C2": "0.0", "C3": "#,##0"})
    row = cell_of(toy, "population", "Biểu 1!C2")
    assert (row["value"], row["handling"]) == (12.3456789, "rounded_display")
    assert cell_of(toy, "population", "Biểu 1!C3")["handling"] is None
    assert main(["check", "--lang", "en", "--root", str(toy.root)]) == 0
    assert "the stored one was used 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "value"),
    [("9007199254740992", 2.0**53), ("9007199254740994", 2.0**53 + 2), (2**53, 2.0**53)],
)
def test_NUM_23_a_big_integer_is_exact(cell: Any, value: float) -> None:
    assert read_number(cell, "plain", {}, ANY) == Number(value)


@pytest.mark.parametrize("cell", ["9007199254740993", 2**53 + 1, Decimal(2**53 + 1)])
def test_NUM_23_a_big_integer_that_would_be_rounded_is_refused(cell: Any) -> None:
    found = read_number(cell, "plain", {}, ANY)
    assert found == Refused("NUM-23", {"limit": 2**53})


def test_NUM_23_a_big_integer_in_a_file_is_refused_at_its_cell(toy: Toy) -> None:
    toy.edit(POPULATION, "Cần Thơ,398,400", "Cần Thơ,398,9007199254740993")
    fired(toy, "NUM-23", POPULATION, 6, 3, "9007199254740993")


def test_NUM_23_an_identifier_is_a_text_and_keeps_its_zeros(toy: Toy) -> None:
    toy.edit(LABOUR, "01,", "00101,")
    fired(toy, "GEO-01", LABOUR, 2, 1, "00101")  # never the number 101, nor the code 01
