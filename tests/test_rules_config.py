"""Every rule about cards, corrections, reference tables and the index is broken once, and fires."""

from __future__ import annotations

import hashlib

import pandas as pd
import pytest

import schemas
from pipeline import contract
from pipeline.faults import Rejected, explain_fault
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    INDEX,
    LABOUR,
    POPULATION,
    QUOTES,
    VARIABLES,
    fired,
    line_of,
    the_fault,
)
from tests.conftest import Toy
from tests.steps import rows_of

CORRECTIONS = "raw/corrections.yml"
CORRECTION = """corrections:
  - source: population
    locator: C3
    published: "{published}"
    corrected: {corrected}
    reason: "the print says so on page 9"
    decided_on: "2026-01-01"
"""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (INDEX, "numerator: new_enterprises", "numerator: new_enterprise"),
        (CARDS, "variable: new_enterprises", "variable: new_enterprise"),
        (CARDS, "{variable: gi,", "{variable: new_enterprise,"),
        (VARIABLES, "merge_weight: labour_force_thousand", "merge_weight: new_enterprise"),
    ],
)
def test_SCH_02_an_undeclared_variable_is_refused(toy: Toy, file: str, old: str, new: str) -> None:
    toy.edit(file, old, new)
    fault = fired(toy, "SCH-02", file, line_of(toy, file, new), None, "new_enterprise")
    assert fault.details["nearest"] == "new_enterprises"


def test_SCH_02_an_undeclared_variable_of_a_quotation_is_refused(toy: Toy) -> None:
    toy.edit(QUOTES, "63,startups,60", "63,startup,60")
    fired(toy, "SCH-02", QUOTES, 2, 3, "startup")


def test_SCH_03_an_indicator_without_a_source_is_refused(toy: Toy) -> None:
    toy.edit(VARIABLES, "variables:\n", "variables:\n  unheld: {name_vi: a, name_en: a, unit: a,"
             " measure: flow, merge: sum, min: 0}\n")  # fmt: skip
    toy.edit(INDEX, "numerator: startups", "numerator: unheld")
    fired(toy, "SCH-03", INDEX, None, None, "unheld")


@pytest.mark.parametrize("weight", [-1, 0, -0.5])
def test_SCH_04_a_weight_that_is_not_above_zero_is_refused(toy: Toy, weight: float) -> None:
    toy.edit(INDEX, "weight: 0.5", f"weight: {weight}")
    fault = fired(toy, "SCH-04", INDEX, line_of(toy, INDEX, f"weight: {weight}"), None, weight)
    assert fault.details["key"] == "property"


def test_SCH_04_a_weight_that_is_not_a_number_is_refused(toy: Toy) -> None:
    toy.edit(INDEX, "weight: 0.5", "weight: .nan")
    fired(toy, "SCH-07", INDEX, line_of(toy, INDEX, "weight: .nan"), None, ".nan")


def test_SCH_05_an_unknown_key_is_refused_with_the_nearest(toy: Toy) -> None:
    toy.edit(INDEX, "    weight: 1", "    wieght: 1")
    row = line_of(toy, INDEX, "wieght")
    fault = fired(toy, "SCH-05", INDEX, row, None, "wieght")
    assert fault.details["nearest"] == "weight"


def test_SCH_06_a_repeated_key_is_refused_with_both_lines(toy: Toy) -> None:
    toy.edit(INDEX, "title_en: Synthetic index", "title_vi: again")
    fault = fired(toy, "SCH-06", INDEX, 2, None, "title_vi")
    assert fault.details["first"] == 1


def test_SCH_06_a_repeated_code_is_refused_with_both_lines(toy: Toy) -> None:
    toy.edit(INDEX, "code: gi_per_million", "code: trained_share")
    (fault,) = [f for f in toy.faults() if f.rule == "SCH-06"]
    assert fault.place.row == line_of(toy, INDEX, "numerator: gi") - 5
    assert fault.details["first"] == line_of(toy, INDEX, "code: trained_share")


@pytest.mark.parametrize("value", ["NO", "012", "1:30", "2026-01-01", "'1'", "1.0e999", "9" * 5000])
def test_SCH_07_a_YAML_surprise_stays_text_and_is_refused_once(toy: Toy, value: str) -> None:
    toy.edit(INDEX, "    weight: 1", f"    weight: {value}")
    row = line_of(toy, INDEX, f"    weight: {value}")
    fault = fired(toy, "SCH-07", INDEX, row, None, value.strip("'"))
    assert fault.details["key"] == "weight"
    assert [f.rule for f in toy.faults()] == ["SCH-07"]


def test_SCH_07_a_header_row_before_the_first_is_refused(toy: Toy) -> None:
    toy.edit(CARDS, "    number_style: plain", "    header_row: 0\n    number_style: plain")
    fired(toy, "SCH-07", CARDS, line_of(toy, CARDS, "header_row"), None, 0)


def test_SCH_07_a_bad_name_over_what_is_no_mapping_is_two_faults(toy: Toy) -> None:
    toy.edit(VARIABLES, "variables:\n", "variables:\n  Số đơn: q63\n")
    (name, entry) = [f for f in toy.faults() if f.rule == "SCH-07"]
    the_fault([name], "SCH-07", VARIABLES, 2, None, "Số đơn")
    the_fault([entry], "SCH-07", VARIABLES, 2, None, "q63")
    assert "[a-z]" in str(name.details["problem"])
    assert "name_vi" in str(entry.details["problem"])


@pytest.mark.parametrize("parent", ["nowhere", "people", "new_per_10000"])
def test_SCH_08_a_node_under_nothing_itself_or_an_indicator_is_refused(
    toy: Toy, parent: str
) -> None:
    toy.edit(INDEX, "{code: people, level: pillar, parent: input",
             f"{{code: people, level: pillar, parent: {parent}")  # fmt: skip
    fault = fired(toy, "SCH-08", INDEX, line_of(toy, INDEX, "{code: people"), None, "people")
    assert fault.details["chain"].startswith(f"people → {parent}")


def test_SCH_10_a_missing_file_is_named_with_its_supplier_beside_other_faults(toy: Toy) -> None:
    (toy.root / POPULATION).unlink()
    toy.edit(ENTERPRISES, "Hà Nội", "Hà Nộy")
    fault = fired(toy, "SCH-10", POPULATION, None, None, POPULATION)
    assert fault.details["supplier"] == "nobody, none"
    fired(toy, "GEO-01", ENTERPRISES, 2, 1, "Hà Nộy")


def test_SCH_11_a_changed_file_is_refused_until_it_is_accepted(toy: Toy) -> None:
    release = toy.index().release
    path = toy.root / POPULATION
    path.write_bytes(path.read_bytes().replace(b"1000", b"1001"))
    (fault,) = toy.faults()
    assert (fault.rule, fault.place.file) == ("SCH-11", POPULATION)
    said = explain_fault(fault, "en")
    words = said["why"] + said["remedy"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    for part in ("735167f1e441", found, "pipeline accept"):
        assert part in words
    with pytest.raises(Rejected):
        toy.index()
    assert toy.project.current.resolve() == release.resolve()
    toy.renew(POPULATION)
    assert toy.index().release != release


def test_SCH_13_an_unknown_method_is_refused_with_those_there_are(toy: Toy) -> None:
    toy.edit(INDEX, "method: minmax", "method: minmaxx")
    fault = fired(toy, "SCH-13", INDEX, line_of(toy, INDEX, "minmaxx"), None, "minmaxx")
    assert "minmax" in fault.details["allowed"]


def test_SCH_13_a_choice_left_empty_is_shown_as_null(toy: Toy) -> None:
    toy.edit(INDEX, "method: minmax", "method: ~")
    fault = fired(toy, "SCH-13", INDEX, line_of(toy, INDEX, "method: ~"), None, "null")
    assert "minmax" in fault.details["allowed"]


def test_SCH_14_a_node_without_children_is_refused(toy: Toy) -> None:
    toy.edit(INDEX, "parent: property", "parent: firms")
    fired(toy, "SCH-14", INDEX, line_of(toy, INDEX, "{code: property"), None, "property")


def test_SCH_14_a_pillar_whose_members_are_all_out_has_no_mean_over_nothing(toy: Toy) -> None:
    text = (toy.root / INDEX).read_text("utf-8")
    start, end = text.index("  - code: new_per_10000"), text.index("  - code: startups_per")
    toy.write(INDEX, text[:start] + text[end:])
    query = "select distinct score, reason from ranked where node = 'firms' and edition = '2022'"
    assert rows_of(toy.compute(), query) == [(None, "no_indicator_entered")]


def test_SCH_16_a_missing_key_is_named(toy: Toy) -> None:
    toy.edit(INDEX, '  indicator_coverage: "2/3"\n', "")
    fired(toy, "SCH-16", INDEX, line_of(toy, INDEX, "settings:"), None, "indicator_coverage")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (VARIABLES, "merge: weighted_mean", "merge: none"),
        (INDEX, "kind: level", "kind: ratio"),
        (INDEX, "lower: 0, upper: 100", "lower: 100, upper: 100"),
        (INDEX, 'indicator_coverage: "2/3"', 'indicator_coverage: "3/2"'),
        (INDEX, 'indicator_coverage: "2/3"', 'indicator_coverage: "2/0"'),
        (CARDS, "kind: register", "kind: quotes"),
        (CARDS, 'scheme: "63"', "scheme: column"),
        (CARDS, "scheme: by date", 'scheme: "34"'),
        (CARDS, "    year: {value: 2020}\n", ""),
        (CARDS, "first_year: 2020, ", ""),
    ],
)
def test_SCH_17_a_declaration_at_odds_with_itself_is_refused(
    toy: Toy, file: str, old: str, new: str
) -> None:
    toy.edit(file, old, new)
    assert "SCH-17" in {fault.rule for fault in toy.faults() if fault.place.file == file}


@pytest.mark.parametrize(
    ("content", "row", "problem"),
    [
        ("editions: [\n", 2, "did not find expected node content"),
        ("", None, "empty file"),
        ("a: \x01\n", None, "control characters are not allowed"),
        ("? [a]\n: 1\n", 1, "a key is not a text"),
    ],
)
def test_SCH_18_YAML_that_cannot_be_read_is_refused_beside_other_faults(
    toy: Toy, content: str, row: int | None, problem: str
) -> None:
    toy.write(INDEX, content)
    toy.edit(POPULATION, "Hà Nội", "Hà Nộy")
    fired(toy, "SCH-18", INDEX, row, None, problem)
    fired(toy, "GEO-01", POPULATION, 3, 1, "Hà Nộy")


@pytest.mark.parametrize(
    ("old", "new", "column", "value"),
    [
        (",A,synthetic,hơn", ",Z,synthetic,hơn", 11, "Z"),
        ("Cần Thơ,63", "Cần Thơ,62", 2, "62"),
        ("at_least", "atleast", 7, "atleast"),
        ("at_least,startups", "at_least,firms", 8, "firms"),
    ],
)
def test_SCH_19_an_undeclared_word_in_a_quotation_is_refused(
    toy: Toy, old: str, new: str, column: int, value: str
) -> None:
    toy.edit(QUOTES, old, new)
    fired(toy, "SCH-19", QUOTES, 2, column, value)


def test_SCH_20_a_variable_for_comparison_only_is_never_an_input(toy: Toy) -> None:
    head, enterprises = (toy.root / CARDS).read_text("utf-8").split("  enterprises:\n")
    enterprises = enterprises.replace("use: index", "use: comparison", 1)
    toy.write(CARDS, head + "  enterprises:\n" + enterprises)
    row = line_of(toy, INDEX, "numerator: new_enterprises")
    fired(toy, "SCH-20", INDEX, row, None, "new_enterprises")


def test_SCH_21_a_table_that_breaks_its_contract_is_refused(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_ranked(name: str, frame: pd.DataFrame) -> list[str]:
        frame = frame.assign(rank=-1) if name == "ranked" else frame
        return schemas.check_contract(name, frame)

    monkeypatch.setattr(contract, "check_contract", break_ranked)
    fired(toy, "SCH-21", "steps/ranked", None, None, "ranked")


def test_SEM_07_a_constant_indicator_is_refused_by_name(toy: Toy) -> None:
    rows = [f'{code},"50,0",600\n' for code in ("01", "48", "49", "92", "93", "94")]
    toy.write(LABOUR, "province,share,labour force\n" + "".join(rows))
    fired(toy, "SEM-07", INDEX, None, None, "trained_share")
    assert [fault.details["edition"] for fault in toy.faults()] == ["2022", "2022-34"]


@pytest.mark.parametrize(
    ("file", "old", "new", "value"),
    [
        ("merger_2025.csv", "94,92\n", "", "94"),
        ("merger_2025.csv", "94,92\n", "94,92\n94,48\n", "94"),
        ("merger_2025.csv", "94,92\n", "94,99\n", "99"),
        ("merger_2025.csv", "94,92\n", "94,94\n", "94"),
        ("merger_2025.csv", "94,92\n", "94,93\n93,94\n", "93"),
        ("provinces.csv", "63,94,", "63,93,", "6"),
        ("aliases.csv", "63,Thủ đô,01\n", "63,Thủ đô,01\n63,THỦ ĐÔ,48\n", "THỦ ĐÔ"),
    ],
)
def test_GEO_22_a_broken_reference_table_is_refused_before_any_data(
    toy: Toy, file: str, old: str, new: str, value: str
) -> None:
    toy.edit(f"reference/{file}", old, new)
    (toy.root / POPULATION).unlink()
    fired(toy, "GEO-22", f"reference/{file}", None, None, value)
    assert "SCH-10" not in {fault.rule for fault in toy.faults()}


@pytest.mark.parametrize(("n", "declared"), [(6, "63"), (3, "34")])
def test_GEO_22_another_number_of_provinces_than_the_scheme_declares_is_refused(
    toy: Toy, n: int, declared: str
) -> None:
    toy.edit("reference/schemes.csv", f"the merger,{n},", f"the merger,{declared},")
    (toy.root / POPULATION).unlink()
    fault = fired(toy, "GEO-22", "reference/provinces.csv", None, None, n)
    assert declared in str(fault.details["problem"])
    assert "SCH-10" not in {fault.rule for fault in toy.faults()}


def test_SCH_22_a_file_without_a_card_is_named(toy: Toy) -> None:
    (toy.root / "raw/forgotten.csv").write_text("province,2022\n", "utf-8")
    the_fault(toy.warnings(), "SCH-22", "raw/forgotten.csv", None, None, "raw/forgotten.csv")


def test_DUP_05_two_cards_of_one_content_are_refused(toy: Toy) -> None:
    cards = (toy.root / CARDS).read_text("utf-8")
    quotes = cards[cards.index("  quotes:") :].replace("  quotes:", "  quotes_again:")
    copy = "raw/synthetic_copy.csv"
    (toy.root / copy).write_bytes((toy.root / QUOTES).read_bytes())
    toy.write(CARDS, cards + quotes.replace(QUOTES, copy))
    row = len((toy.root / CARDS).read_text("utf-8").splitlines())
    fault = fired(toy, "DUP-05", CARDS, row, None, copy)
    assert fault.details["other"] == QUOTES


@pytest.mark.parametrize(("locator", "found"), [("C3", "1000"), ("Z9", "? Z9 (≈ B3, C3, B4)")])
def test_COR_01_a_correction_of_another_text_or_no_cell_is_refused(
    toy: Toy, locator: str, found: str
) -> None:
    entry = CORRECTION.format(published="10 00", corrected=1000).replace("C3", locator)
    toy.write(CORRECTIONS, entry)
    fault = fired(toy, "COR-01", CORRECTIONS, 2, None, "10 00")
    assert fault.details["found"] == found
