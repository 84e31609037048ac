"""Provinces, schemes and the merger, row by row of what bad input gets."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import store
from pipeline.faults import Faults, Place
from pipeline.language import Words
from pipeline.provinces import REFERENCE, Resolver, load_reference
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    LABOUR,
    POPULATION,
    QUOTES,
    REGISTER,
    VARIABLES,
    cell_of,
    declare,
    fired,
    line_of,
    redefine,
    the_fault,
)
from tests.conftest import Toy
from tests.conftest import given as table
from tests.steps import indicators, rows_of, step
from tests.steps import settings as settings_of

REF = load_reference()
TOTAL = "Cả nước,2980,3000"


def _found(name: str, scheme: str = "63") -> tuple[str | None, str | None]:
    """Code of a real name and how it was found; no code when it is refused."""
    resolved = Resolver(REF, Faults()).by_name(name, scheme, Place("x"))
    return (resolved.code, resolved.note) if resolved is not None else (None, None)


def _whole_of_34(toy: Toy, *rows: str) -> None:
    """The population as a file of the new scheme with these rows."""
    toy.write(POPULATION, "\n".join(["province,2020,2022", *rows]) + "\n")
    toy.edit(CARDS, 'scheme: "63"', 'scheme: "34"')


@pytest.mark.parametrize(
    ("name", "code", "note"),
    [
        ("TP.HCM", "79", "alias"), ("TPHCM", "79", "alias"), ("Tp Hồ Chí Minh", "79", None),
        ("Sài Gòn", "79", "alias"), ("Thừa Thiên - Huế", "46", "alias"),
        ("Thừa Thiên–Huế", "46", "alias"), ("BR-VT", "77", "alias"), ("Đăk Lăk", "66", "alias"),
        ("Đắc Lắc", "66", "alias"), ("Bắc Cạn", "06", "alias"), ("Bắc Kạn", "06", None),
    ],
)  # fmt: skip
def test_GEO_02_an_alias_is_matched_by_the_table_and_recorded(
    name: str, code: str, note: str | None
) -> None:
    assert _found(name) == (code, note)


def test_GEO_02_an_alias_out_of_the_table_is_unknown(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội,990", "Thủ đô,990")
    row = cell_of(toy, "population", "C3")
    assert (row["province_code"], row["name_raw"], row["handling"]) == ("01", "Thủ đô", "alias")
    toy.edit("reference/aliases.csv", "63,Thủ đô,01\n", "")
    fired(toy, "GEO-01", POPULATION, 3, 1, "Thủ đô")


@pytest.mark.parametrize(
    ("name", "code"),
    [("THÀNH PHỐ HÀ NỘI", "01"), ("tỉnh Nghệ An", "40"), ("T. Nghệ An", "40"),
     ("TỈNH NGHỆ AN", "40"), ("Thành  phố Hà Nội", "01"), ("TP. Hà Nội", "01"),
     ("tp.hà nội", "01"), ("Thủ đô Hà Nội", "01")],
)  # fmt: skip
def test_GEO_03_case_and_prefixes_do_not_change_the_province(name: str, code: str) -> None:
    assert _found(name)[0] == code


def test_GEO_03_the_raw_name_is_kept(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội,990", "THÀNH PHỐ HÀ NỘI,990")
    row = cell_of(toy, "population", "C3")
    assert (row["province_code"], row["name_raw"]) == ("01", "THÀNH PHỐ HÀ NỘI")


@pytest.mark.parametrize(
    ("name", "code"),
    [("Ha Noi", "01"), ("Dak Lak", "66"), ("Quang Nam", "49"), ("BA RIA - VUNG TAU", "77")],
)
def test_GEO_04_a_name_without_marks_is_matched_where_it_is_unique(name: str, code: str) -> None:
    assert _found(name)[0] == code


def test_GEO_04_a_name_without_marks_is_recorded_or_refused_with_all_it_may_be(toy: Toy) -> None:
    toy.edit(POPULATION, "Hà Nội,990", "Thu do,990")
    assert cell_of(toy, "population", "C3")["handling"] == "unmarked_name"
    toy.edit("reference/aliases.csv", "63,Thủ đô,01\n", "63,Thủ đô,01\n63,Thu dơ,94\n")
    fault = fired(toy, "GEO-04", POPULATION, 3, 1, "Thu do")
    assert fault.details["provinces"] == "Hà Nội (01), Sóc Trăng (94)"


NEAR = ["Quảng Nam", "Quảng Ninh", "Quảng Ngãi", "Hà Nam", "Hà Nội", "Bình Định", "Bình Dương"]


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("Quảng Nimh", "Quảng Ninh"), ("Quảng Nma", "Quảng Nam"), ("Hà Nôi", "Hà Nội"),
     ("Hà Nan", "Hà Nam"), ("Bình Địnhh", "Bình Định"), ("Bình Dươn", "Bình Dương"),
     ("Quảng Ng", "Quảng Ngãi"), ("Bình", "Hòa Bình")],
)  # fmt: skip
def test_GEO_05_a_typo_is_refused_and_only_a_suggestion_comes(typo: str, meant: str) -> None:
    faults = Faults()
    assert Resolver(REF, faults).by_name(typo, "63", Place("x")) is None
    (fault,) = faults.sorted()
    assert fault.rule == "GEO-01"
    assert meant in fault.details["nearest"].split(", ")
    assert len({_found(name)[0] for name in NEAR}) == len(NEAR)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(NEAR), at=st.integers(0, 9), letter=st.sampled_from("aăâbdđeghinôơưxy"))
def test_GEO_05_one_wrong_letter_never_gives_another_province(
    name: str, at: int, letter: str
) -> None:
    typo = name[: at % len(name)] + letter + name[at % len(name) + 1 :]
    assert _found(typo)[0] in (None, _found(name)[0])


def test_GEO_06_a_name_of_two_territories_needs_a_declared_scheme(toy: Toy) -> None:
    toy.edit(CARDS, '    scheme: "63"\n', "")
    found = toy.faults()
    fault = the_fault(found, "GEO-06", POPULATION, 6, 1, "Cần Thơ")
    assert fault.details["readings"] == "63: Cần Thơ; 34: Cần Thơ + Hậu Giang + Sóc Trăng"
    the_fault(found, "GEO-06", POPULATION, 4, 1, "Đà Nẵng")
    assert sum(f.rule == "GEO-06" for f in found) == 2  # Hà Nội is the same in both
    the_fault(found, "SCH-16", CARDS, line_of(toy, CARDS, "population:"), None, "scheme")


def test_GEO_06_a_quotation_without_a_scheme_is_ambiguous_too(toy: Toy) -> None:
    toy.edit(QUOTES, "Cần Thơ,63", "Cần Thơ,")
    fired(toy, "GEO-06", QUOTES, 2, 1, "Cần Thơ")
    toy.edit(QUOTES, "Hà Nội,63", "Hà Nội,")
    the_fault(toy.faults(), "SCH-19", QUOTES, 4, 2, "")


@pytest.mark.parametrize("name", ["Gia Lai", "Cần Thơ", "Đà Nẵng", "TP.HCM"])
def test_GEO_06_the_real_names_of_two_territories_are_known(name: str) -> None:
    faults = Faults()
    assert Resolver(REF, faults).without_scheme(name, Place("x"))
    (fault,) = faults.sorted()
    assert fault.rule == "GEO-06"
    assert not Resolver(REF, faults).without_scheme("Hà Nội", Place("x"))


def test_GEO_08_old_and_new_units_in_one_file_are_an_overlap_with_both_rows(toy: Toy) -> None:
    _whole_of_34(toy, "Hà Nội,990,1000", "Đà Nẵng,995,1000", "Cần Thơ,990,1000",
                 "Hậu Giang,199,200")  # fmt: skip
    fault = fired(toy, "GEO-08", POPULATION, 5, 1, "Hậu Giang")
    assert (fault.details["row"], fault.details["whole"]) == (4, "Cần Thơ")
    assert "GEO-07" not in {f.rule for f in toy.faults()}


def test_GEO_08_an_overlap_is_found_by_code_and_whatever_the_order(toy: Toy) -> None:
    rows = ["49,1,1", "01,1,1", "48,1,1", "92,1,1"]
    _whole_of_34(toy, *rows)
    declare(toy, "population", "province: {column: province, by: code}")
    fault = fired(toy, "GEO-08", POPULATION, 2, 1, "49")
    assert (fault.details["row"], fault.details["whole"]) == (4, "Đà Nẵng")


def test_GEO_08_the_real_case_of_gia_lai_and_binh_dinh() -> None:
    faults = Faults()
    resolver = Resolver(REF, faults)
    assert resolver.by_name("Gia Lai", "34", Place("x", None, 7, 1)) is not None
    assert resolver.by_name("Bình Định", "34", Place("x", None, 9, 1)) is None
    resolver.close()
    (fault,) = faults.sorted()
    assert (fault.rule, fault.place.row, fault.details["row"]) == ("GEO-08", 9, 7)


Case = tuple[dict[str, str], dict[str, float], dict[str, float]]  # part: whole; two counts by part


@st.composite
def mergers(draw: st.DrawFn) -> Case:
    """Eight old provinces in three new ones, with two counts each, of which some are missing."""
    codes = [f"{code}" for code in range(10, 18)]
    parts = {code: draw(st.sampled_from(["80", "81", "82"])) for code in codes}
    counts = st.fixed_dictionaries(dict.fromkeys(codes, st.integers(1, 10**9).map(lambda n: n / 8)))
    top, bottom = draw(counts), draw(counts)
    for code in draw(st.lists(st.sampled_from(codes), max_size=3, unique=True)):
        del draw(st.sampled_from([top, bottom]))[code]
    return parts, top, bottom


def _harmonise(con: Any, cases: list[Case]) -> None:
    """Run the steps to `denominated`, each case as schemes and an edition of its own.

    Variables t and b are counts; the ratio r is t / b * 100.
    """
    figures, merger, wholes = [], [], []
    for i, (parts, *counts) in enumerate(cases):
        figures += [(f"old{i}", code, variable, value)
                    for variable, values in zip("tb", counts, strict=True)
                    for code, value in values.items()]  # fmt: skip
        merger += [(f"old{i}", part, f"new{i}", whole) for part, whole in parts.items()]
        wholes += [(f"new{i}", whole) for whole in sorted(set(parts.values()))]
    names = ["scheme", "province_code", "variable", "value"]
    frame = pd.DataFrame(figures, columns=names).assign(year=2022, obs_status="A", source_id="s")
    frame = frame.assign(value_low=frame["value"], value_high=frame["value"])
    store.put_table(con, "observed", frame.astype({"year": "Int64"}))
    table(con, "spec_sources", source_id=["s"], use=["index"])
    n = range(len(cases))
    table(con, "spec_editions", edition=[f"{i}" for i in n], reference_year=2022,
          scheme=[f"new{i}" for i in n])  # fmt: skip
    ratio = {"kind": "ratio", "numerator": "t", "denominator": "b", "scale": 100.0}
    indicators(con, {"indicator": "r", **ratio})
    settings_of(con)
    table(con, "spec_variables", variable=["t", "b"], merge=["sum", "sum"],
          merge_weight=pd.Series([None, None], dtype="str"))  # fmt: skip
    columns = ["from_scheme", "from_code", "to_scheme", "to_code"]
    store.put_table(con, "ref_merger", pd.DataFrame(merger, columns=columns))
    store.put_table(con, "ref_provinces", pd.DataFrame(wholes, columns=["scheme", "province_code"]))
    kinds = dict.fromkeys(("variable", "scheme", "record", "province_code"), "str")
    kinds |= {"year": "Int64", "n": "int64"}
    empty = {name: pd.Series(dtype=kind) for name, kind in kinds.items()}
    store.put_table(con, "ref_shared_records", pd.DataFrame(empty))
    con.execute(step("20_harmonised"))
    con.execute(step("30_denominated"))


def test_GEO_09_counts_are_summed_and_ratios_made_again_over_any_merger(con: Any) -> None:
    cases: list[Case] = []

    @settings(max_examples=250, deadline=None)
    @given(case=mergers())
    def draw(case: Case) -> None:
        cases.append(case)

    draw()  # one run of the steps for all the examples
    _harmonise(con, cases)
    query = "select edition, variable, province_code, value, merge_rule, parts from harmonised"
    harmonised = {row[:3]: row[3:] for row in rows_of(con, query)}
    query = "select edition, province_code, value, reason from denominated"
    ratios = {row[:2]: row[2:] for row in rows_of(con, query)}
    assert len(cases) >= 200
    for i, (parts, *counts) in enumerate(cases):
        members: dict[str, list[str]] = defaultdict(list)
        for part, whole in parts.items():
            members[whole].append(part)
        for whole, codes in members.items():
            sums = [math.fsum(v[c] for c in codes) if {*codes} <= {*v} else None for v in counts]
            rule = "none" if len(codes) == 1 else "sum"
            for variable, total in zip("tb", sums, strict=True):
                if len(codes) > 1 or total is not None:
                    assert harmonised[f"{i}", variable, whole] == (total, rule, "+".join(codes))
            value, reason = ratios[f"{i}", whole]
            assert (value is None) == (None in sums) == (reason is not None)
            if value is not None:
                assert value == sums[0] / sums[1] * 100  # of the sums, never a mean of ratios


def test_GEO_10_a_ratio_without_the_denominator_of_a_part_is_missing_with_its_reason(
    toy: Toy,
) -> None:
    lines = (toy.root / POPULATION).read_text("utf-8").replace("Sóc Trăng,398,400\n", "")
    toy.write(POPULATION, lines.replace(TOTAL + "\n", ""))
    toy.edit(CARDS, "    complete: true\n", "", count=1)
    query = ("select value, obs_status, reason from denominated where edition = '2022-34' "
             "and province_code = '92' and indicator = 'new_per_10000'")  # fmt: skip
    found = rows_of(toy.compute(), query)
    assert found == [(None, "M", "denominator_missing")]
    fault = the_fault(toy.warnings(), "GEO-12", POPULATION, None, None, "new_per_10000")
    assert fault.details["provinces"] == "Cần Thơ 2022 (2/3, – Sóc Trăng)"


def test_GEO_10_a_published_ratio_without_its_weight_is_missing_not_averaged(toy: Toy) -> None:
    text = (toy.root / LABOUR).read_text("utf-8").replace('94,"20,0",200', '94,"20,0",-')
    toy.write(LABOUR, text)
    declare(toy, "labour", 'missing: {"-": M}')
    found = rows_of(toy.compute(), "select value, reason from denominated where edition = '2022-34'"
                    " and province_code = '92' and indicator = 'trained_share'")  # fmt: skip
    assert found == [(None, "weight_missing")]


@pytest.mark.parametrize("measure", ["ratio", "score"])
def test_GEO_11_a_value_that_cannot_be_added_is_never_declared_a_sum(
    toy: Toy, measure: str
) -> None:
    redefine(toy, "gi", "measure: stock", f"measure: {measure}")
    fault = fired(toy, "GEO-11", VARIABLES, line_of(toy, VARIABLES, "  gi:"), None, "gi")
    assert fault.details["measure"] == Words(f"measure_{measure}")
    redefine(toy, "gi", "merge: sum", "merge: none")
    toy.load()


def test_GEO_11_a_score_follows_its_declared_rule_after_the_merger(toy: Toy) -> None:
    redefine(toy, "trained_share_pct", "merge: weighted_mean, merge_weight: labour_force_thousand",
             "merge: none")  # fmt: skip
    query = ("select value, reason from denominated where edition = '2022-34' "
             "and indicator = 'trained_share' and province_code = '92'")  # fmt: skip
    assert rows_of(toy.compute(), query) == [(None, "not_additive")]
    rule = "merge: weighted_mean, merge_weight: labour_force_thousand"
    redefine(toy, "trained_share_pct", "merge: none", rule)
    # shares 30, 10, 20 with the labour force 200, 100, 200: (6000 + 1000 + 4000) / 500 = 22
    assert rows_of(toy.compute(), query) == [(22, None)]


def test_GEO_12_one_missing_part_makes_the_whole_missing_with_its_coverage_in_the_findings(
    toy: Toy,
) -> None:
    toy.edit(ENTERPRISES, "Hậu Giang;2022;10", "Hậu Giang;2022;..")
    declare(toy, "enterprises", 'missing: {"..": M}')
    con = toy.compute()
    found = rows_of(con, "select value, reason, parts from harmonised where edition = '2022-34' "
                    "and variable = 'new_enterprises' and province_code = '92'")  # fmt: skip
    assert found == [(None, "part_missing", "92+93+94")]
    fault = the_fault(toy.warnings(), "GEO-12", ENTERPRISES, None, None, "new_per_10000")
    assert (fault.details["edition"], fault.details["n"]) == ("2022-34", 1)
    assert fault.details["provinces"] == "Cần Thơ 2022 (2/3, – Hậu Giang)"
    listed = rows_of(con, "select value from findings where rule = 'GEO-12'")
    assert listed == [("new_per_10000",)]
    shown = rows_of(con, "select n_observed, n_expected, is_in from coverage where edition = "
                    "'2022-34' and code = 'new_per_10000'")  # fmt: skip
    assert shown == [(2, 3, True)]


@pytest.mark.parametrize("code", ["1", "1.0"])
def test_GEO_14_a_code_stored_as_a_number_is_read_only_where_it_is_declared(
    toy: Toy, code: str
) -> None:
    toy.edit(LABOUR, "01,", f"{code},")
    fault = fired(toy, "GEO-14", LABOUR, 2, 1, code)
    assert fault.details["code"] == "01"
    toy.edit(
        CARDS, "{column: province, by: code}", "{column: province, by: code, numeric_codes: true}"
    )
    row = cell_of(toy, "labour", "B2")
    assert (row["province_code"], row["name_raw"], row["handling"]) == ("01", code, "numeric_code")


def test_GEO_14_spaces_around_a_code_are_left_out_and_kept_in_the_record(toy: Toy) -> None:
    toy.edit(LABOUR, "01,", " 01\u00a0,")
    row = cell_of(toy, "labour", "B2")
    assert (row["province_code"], row["name_raw"]) == ("01", " 01\u00a0")


@pytest.mark.parametrize(
    ("code", "system"),
    [("VN-43", "system_iso"), ("VN-HN", "system_iso"), ("024", "system_telephone"),
     ("0236", "system_telephone"), ("+8424", "system_telephone"), ("43", "system_plate"),
     ("29A", "system_plate"), ("51-F1", "system_plate")],
)  # fmt: skip
def test_GEO_15_the_system_of_a_foreign_code_is_named(toy: Toy, code: str, system: str) -> None:
    toy.edit(LABOUR, "01,", f"{code},")
    assert fired(toy, "GEO-15", LABOUR, 2, 1, code).details["system"] == Words(system)


def test_GEO_15_no_code_of_a_province_is_taken_for_another_system() -> None:
    for scheme in ("63", "34"):
        for code in REF.codes(scheme):
            found = Resolver(REF, Faults()).by_code(code, scheme, Place("x"))
            assert found is not None
            assert found.code == code


def _with_names(toy: Toy, first: str = "Hà Nội") -> None:
    """The labour file with a second column that names the provinces of its codes."""
    names = ["name", first, "Đà Nẵng", "Quảng Nam", "Cần Thơ", "Hậu Giang", "Sóc Trăng"]
    lines = (toy.root / LABOUR).read_text("utf-8").splitlines()
    toy.write(LABOUR, "".join(f"{a},{b}\n" for a, b in zip(lines, names, strict=True)))
    toy.edit(CARDS, "{column: province, by: code}", "{column: province, by: code, also: name}")


@pytest.mark.parametrize("name", ["Đà Nẵng", "Đồng bằng sông Hồng"])
def test_GEO_16_code_and_name_that_disagree_are_both_shown_and_neither_wins(
    toy: Toy, name: str
) -> None:
    _with_names(toy)
    toy.load()
    toy.edit(LABOUR, "Hà Nội", name)
    fault = fired(toy, "GEO-16", LABOUR, 2, 1, "01")
    assert (fault.details["code"], fault.details["other"]) == ("01", name)


def test_GEO_16_a_second_column_that_is_no_province_is_refused_for_itself(toy: Toy) -> None:
    _with_names(toy, "Hà Nộy")
    fired(toy, "GEO-01", LABOUR, 2, 4, "Hà Nộy")


def test_GEO_16_names_may_be_checked_by_codes(toy: Toy) -> None:
    lines = (toy.root / POPULATION).read_text("utf-8").splitlines()
    codes = ["code", "", "01", "48", "49", "92", "93", "48"]
    toy.write(POPULATION, "".join(f"{a},{b}\n" for a, b in zip(lines, codes, strict=True)))
    declare(toy, "population", "province: {column: province, also: code}")
    fault = fired(toy, "GEO-16", POPULATION, 8, 1, "Sóc Trăng")
    assert (fault.details["code"], fault.details["other"]) == ("94", "48")
    assert [f.rule for f in toy.faults()] == ["GEO-16"]  # the total has no code, and needs none


def test_GEO_17_a_code_of_another_period_is_refused_with_its_dates(toy: Toy) -> None:
    _whole_of_34(toy, "01,990,1000", "49,500,500")
    declare(toy, "population", "province: {column: province, by: code}")
    fault = fired(toy, "GEO-17", POPULATION, 3, 1, "49")
    assert (fault.details["other"], fault.details["valid"]) == ("63", "2008-08-01 – 2025-06-30")


def test_GEO_18_region_rows_are_listed_and_never_ranked(toy: Toy) -> None:
    toy.edit(POPULATION, TOTAL, f"{TOTAL}\nĐồng bằng sông Hồng,990,1000")
    excluded = toy.load().ingested.excluded
    rows = excluded[excluded["reason"] == "region"]
    assert list(rows["locator"])[:2] == ["B3", "C3"]
    assert rows_of(toy.compute(), "select count(distinct province_code) from ranked "
                   "where edition = '2022'") == [(6,)]  # fmt: skip


def test_GEO_18_two_lists_of_regions_are_never_mixed(toy: Toy) -> None:
    toy.edit(POPULATION, TOTAL, f"{TOTAL}\nTây Nguyên,990,1000\nĐông Nam Bộ,1,1")
    toy.load()
    toy.edit(POPULATION, TOTAL, f"{TOTAL}\nDuyên hải Nam Trung Bộ và Tây Nguyên,990,1000")
    fault = fired(toy, "GEO-18", POPULATION, 4, 1, "Tây Nguyên")
    assert (fault.details["first_lists"], fault.details["row"]) == ("2025", 3)
    assert fault.details["lists"] == "2006, until-2006"


def test_GEO_18_every_region_of_the_reference_says_of_which_lists_it_is() -> None:
    with (REFERENCE / "not_provinces.csv").open(encoding="utf-8", newline="") as handle:
        regions = [row for row in csv.DictReader(handle) if row["kind"] == "region"]
    assert all(set(row["lists"].split()) & {"until-2006", "2006", "2025"} for row in regions)
    named = {p["region_vi"] for p in REF.provinces if p["scheme"] == "34"}
    listed = {row["name"] for row in regions if "2025" in row["lists"]}
    assert named <= listed
    former = {p["region_vi"] for p in REF.provinces if p["scheme"] == "63"}
    assert former <= {row["name"] for row in regions if "2006" in row["lists"].split()}


def test_GEO_20_the_real_former_units_name_their_successors() -> None:
    for name, successors in (("Hà Tây", "Hà Nội"), ("Sông Bé", "Bình Dương; Bình Phước")):
        faults = Faults()
        assert Resolver(REF, faults).by_name(name, "63", Place("x")) is None
        (fault,) = faults.sorted()
        assert (fault.rule, fault.details["successors"]) == ("GEO-20", successors)


@pytest.mark.parametrize("name", ["Hòa Bình", "Ho\u0300a Bi\u0300nh", "Hoà Bình", " Hoà  Bình"])
def test_DUP_04_two_spellings_of_one_province_are_a_duplicate_with_both_texts(
    toy: Toy, name: str
) -> None:
    toy.edit("reference/provinces.csv", "63,94,Sóc Trăng,Soc Trang", "63,94,Hòa Bình,Hoa Binh")
    toy.edit(POPULATION, "Sóc Trăng,398,400", f"Hoa Binh,398,400\n{name},398,401")
    for path in (ENTERPRISES, REGISTER):
        text = (toy.root / path).read_text("utf-8")
        toy.write(path, text.replace("Sóc Trăng", "Hòa Bình"))
    fault = fired(toy, "DUP-04", POPULATION, 9, 3, "401")
    assert fault.details["other_value"] == "400"
    assert (fault.details["name"], fault.details["other_name"]) == (name, "Hoa Binh")
    assert fault.details["other"] == f"{POPULATION} C8"
