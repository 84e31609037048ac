"""Every screen of meaning sees its oddity, at its cell with its figures, and changes nothing."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from pipeline.choices.screens import Screens
from pipeline.explain import Release, as_tree, explain
from pipeline.faults import Fault, Faults, explain_fault
from pipeline.run import compute, load
from pipeline.screens.results import check_directions
from pipeline.spec import Spec
from tests.breaking import (
    CARDS,
    ENTERPRISES,
    INDEX,
    LABOUR,
    POPULATION,
    QUOTES,
    VARIABLES,
    fired,
    the_fault,
)
from tests.conftest import Toy, silent

PROOF = "raw/proofs/bien_ban.pdf"


def found_by(toy: Toy, rule: str) -> list[Fault]:
    """The warnings of one rule in a whole run."""
    return [fault for fault in toy.warnings() if fault.rule == rule]


def seen_by(toy: Toy, rule: str) -> list[Fault]:
    """The warnings of one rule on the figures as read, before any step."""
    faults = Faults()
    load(toy.project, faults, silent)
    return [fault for fault in faults.warnings() if fault.rule == rule]


def why_missing(toy: Toy, province: str, indicator: str) -> tuple[float | None, str | None]:
    """Value and reason of an indicator in edition 2022."""
    con = toy.compute()
    (row,) = con.sql(
        "select value, reason from indicators where edition = '2022' "
        "and province_code = $province and indicator = $indicator",
        params={"province": province, "indicator": indicator},
    ).fetchall()
    con.close()
    return (row[0], row[1])


def set_screens(toy: Toy, settings: str) -> None:
    """Change thresholds of the toy index."""
    toy.edit(
        INDEX, "  aggregate: arithmetic", f"  aggregate: arithmetic\n  screens: {{{settings}}}"
    )


def add_last_year(toy: Toy, column: dict[str, int]) -> None:
    """Give the enterprises of 2021, in a column of years: province -> figure."""
    rows = "".join(f"{name};2021;{figure}\n" for name, figure in column.items())
    toy.edit(CARDS, "year: {column: Năm, first: 2022, last: 2022}",
             "year: {column: Năm, first: 2021, last: 2022}")  # fmt: skip
    path = toy.root / ENTERPRISES
    toy.write(ENTERPRISES, path.read_text("utf-8") + rows)


def test_the_toy_itself_has_nothing_odd(toy: Toy) -> None:
    assert {fault.rule for fault in toy.warnings()} <= {"GEO-12"}  # one office's quotation


def test_SEM_01_a_denominator_of_zero_shows_its_cell_and_makes_no_infinity(toy: Toy) -> None:
    toy.edit(POPULATION, "Hậu Giang,199,200", "Hậu Giang,199,0")
    fault = the_fault(toy.warnings(), "SEM-01", POPULATION, 7, 3, "0")
    assert fault.place.column_name == "2022"
    assert fault.details["province"] == "Hậu Giang (93)"
    assert "new_per_10000" in fault.details["indicators"]
    assert why_missing(toy, "93", "new_per_10000") == (None, "denominator_zero")


def test_SEM_02_a_missing_denominator_is_listed_with_its_provinces(toy: Toy) -> None:
    toy.edit(POPULATION, "Hậu Giang,199,200", "Hậu Giang,199,-")
    toy.edit(CARDS, "number_style: plain", 'number_style: plain\n    missing: {"-": M}')
    fault = next(f for f in found_by(toy, "SEM-02")
                 if (f.value, f.details["edition"]) == ("new_per_10000", "2022"))  # fmt: skip
    assert (fault.details["n"], fault.details["provinces"]) == (1, "Hậu Giang")
    assert why_missing(toy, "93", "new_per_10000") == (None, "denominator_missing")


def _declare_part(toy: Toy) -> None:
    toy.edit(VARIABLES, "integer: true}\n  trained", "integer: true, part_of: startups}\n  trained")
    toy.edit(VARIABLES, "unit: enterprises", "unit: startups")


def test_SEM_03_a_part_above_its_whole_is_refused_with_both_cells(toy: Toy) -> None:
    toy.edit(QUOTES, "60,60,,at_least,startups,,2022-12-31", "99,,,exact,startups,,2022-12-31")
    _declare_part(toy)
    fault = fired(toy, "SEM-03", ENTERPRISES, 5, 3, "120")
    assert fault.details["other_value"] == "99"
    assert fault.details["other"] == f"{QUOTES} D2"
    assert fault.details["province"] == "Cần Thơ (92)"


@pytest.mark.parametrize(
    "quote",
    [
        "60,60,,at_least,startups,,2022-12-31",  # more than 60 may well be 120
        "60,,,exact,startups,,2022-06-30",  # of another day
        "120,,,exact,startups,,2022-12-31",  # equal: all of it
    ],
)
def test_SEM_03_a_part_that_may_be_within_its_whole_is_not_refused(toy: Toy, quote: str) -> None:
    toy.edit(QUOTES, "60,60,,at_least,startups,,2022-12-31", quote)
    _declare_part(toy)
    assert seen_by(toy, "SEM-03") == []


def test_a_part_and_its_whole_are_in_the_same_unit_and_declared(toy: Toy) -> None:
    toy.edit(VARIABLES, "integer: true}\n  trained", "integer: true, part_of: startups}\n  trained")
    fault = fired(toy, "SCH-17", VARIABLES, 3, None, "part_of")
    assert "startups" in str(fault.details["problem"])
    toy.edit(VARIABLES, "part_of: startups", "part_of: startup")
    assert fired(toy, "SCH-02", VARIABLES, 3, None, "startup").details["nearest"] == "startups"


def test_SEM_05_a_jump_against_last_year_shows_old_new_and_factor(toy: Toy) -> None:
    add_last_year(toy, {"Hà Nội": 100, "Đà Nẵng": 300, "Quảng Nam": 150, "Cần Thơ": 41,
                        "Hậu Giang": 1, "Sóc Trăng": 9})  # fmt: skip
    odd = {f.place.row: f for f in seen_by(toy, "SEM-05")}
    assert sorted(odd) == [2, 6]  # 400/100 = 4 and 10/1; 100/300 is 3, and 0 of 9 are small counts
    fault = the_fault(list(odd.values()), "SEM-05", ENTERPRISES, 2, 3, "400")
    assert (fault.details["old"], fault.details["factor"], fault.details["limit"]) == (
        "100", "4", "3")  # fmt: skip
    assert fault.details["old_cell"] == f"{ENTERPRISES} C8"
    set_screens(toy, "jump_factor: 2.9, jump_minimum: 0")
    odd = {f.place.row: f for f in seen_by(toy, "SEM-05")}
    assert sorted(odd) == [2, 3, 4, 5, 6] + ([7] if 7 in odd else [])
    assert odd[7].details["factor"] == "inf"  # 9, then 0


def test_SEM_06_a_province_that_repeats_last_year_in_all_columns_is_named(toy: Toy) -> None:
    toy.edit(POPULATION, "province,2020,2022", "province,2021,2022")
    toy.edit(CARDS, 'column: "2020", variable: population_thousand, year: 2020',
             'column: "2021", variable: population_thousand, year: 2021')  # fmt: skip
    toy.edit(POPULATION, "Hà Nội,990,1000", "Hà Nội,1000,1000")
    add_last_year(toy, {"Hà Nội": 400, "Đà Nẵng": 100, "Quảng Nam": 49, "Cần Thơ": 121,
                        "Hậu Giang": 9, "Sóc Trăng": 8})  # fmt: skip
    one_file = seen_by(toy, "SEM-06")
    assert one_file == []  # each file has one column only
    set_screens(toy, "copied_columns: 1")
    named = {(f.place.file, str(f.value)) for f in seen_by(toy, "SEM-06")}
    assert named == {(POPULATION, "Hà Nội (01)"), (POPULATION, "Quảng Nam (49)"),
                     (ENTERPRISES, "Hà Nội (01)"), (ENTERPRISES, "Đà Nẵng (48)")}  # fmt: skip
    fault = next(f for f in seen_by(toy, "SEM-06") if f.place.file == ENTERPRISES)
    assert (fault.details["n"], fault.details["year"], fault.details["limit"]) == (1, 2022, 1)


def test_SEM_06_a_copy_is_seen_across_two_files_of_one_producer(toy: Toy) -> None:
    row = "{},63,{},{},,,exact,{},,{},A,synthetic,x\n"
    old = row.format("Hậu Giang", "startups", 7, "startups", "2020-12-31")
    old += row.format("Hậu Giang", "new_enterprises", 5, "enterprises", "2020-12-31")
    new = old.replace("2020", "2021")
    other = "raw/synthetic_more.csv"
    cards = (toy.root / CARDS).read_text("utf-8")
    card = cards[cards.index("  quotes:") :].replace("quotes:", "more:", 1)
    card = card.replace("synthetic_quotes", "synthetic_more").replace("fe9f21", "000000")
    (toy.root / CARDS).write_text(cards + card, "utf-8")
    header = (toy.root / QUOTES).read_text("utf-8").splitlines()[0] + "\n"
    toy.write(other, header + new)
    toy.write(QUOTES, (toy.root / QUOTES).read_text("utf-8") + old)
    (fault,) = seen_by(toy, "SEM-06")
    the_fault([fault], "SEM-06", other, 2, 4, "Hậu Giang (93)")
    assert fault.details["n"] == 2


def test_SEM_08_an_indicator_against_the_rest_of_its_node_is_flagged_and_not_turned(
    toy: Toy,
) -> None:
    toy.edit(INDEX, "direction: 1", "direction: -1")  # of the trained share: 50 is now the worst
    faults = Faults()
    con = compute(load(toy.project, faults, silent), faults, silent)
    rows = con.sql("select province_code, score from indicators where edition = '2022' "
                   "and indicator = 'trained_share' order by all").fetchall()  # fmt: skip
    assert rows[0] == ("01", 0.0)  # as declared
    assert [f for f in faults.warnings() if f.rule == "SEM-08"] == []  # six provinces are too few
    looks = Faults()
    check_directions(con, with_screens(toy, sample=4), INDEX, looks)
    fault = the_fault(looks.sorted(), "SEM-08", INDEX, None, None, "trained_share")
    assert fault.details["node"] == "index"  # alone in its pillar and its sub-index
    assert float(fault.details["correlation"]) < -0.4
    assert fault.details["n"] == 6
    looks = Faults()
    check_directions(con, with_screens(toy, sample=4, direction_correlation=-0.99), INDEX, looks)
    assert looks.sorted() == []
    con.close()


def with_screens(toy: Toy, **thresholds: float) -> Spec:
    """The toy index with other thresholds."""
    spec = toy.load().spec
    settings = spec.settings.model_copy(update={"screens": Screens(**thresholds)})
    return spec.model_copy(update={"settings": settings})


def test_SEM_10_a_figure_far_from_the_central_source_shows_both_and_which_counts(toy: Toy) -> None:
    toy.edit(VARIABLES, "merge: sum, min: 0, integer: true}\n",
             "merge: sum, min: 0, integer: true, central: startups}\n")  # fmt: skip
    toy.edit(VARIABLES, "unit: enterprises", "unit: startups")
    toy.edit(QUOTES, "60,60,,at_least,startups,,2022-12-31", "110,,,exact,startups,,2022-12-31")
    fault = the_fault(seen_by(toy, "SEM-10"), "SEM-10", ENTERPRISES, 5, 3, "120")
    assert (fault.details["held"], fault.details["difference"]) == ("110", "9.1%")
    assert (fault.details["central"], fault.details["tolerance"]) == ("startups", "5.0%")
    assert "startups" in explain_fault(fault, "vi")["why"]
    set_screens(toy, "source_tolerance: 0.1")
    assert seen_by(toy, "SEM-10") == []


def _name_proof(toy: Toy, card: str) -> None:
    toy.edit(CARDS, f"title: Synthetic {card}", f"title: Synthetic {card}\n    proof: {PROOF}")


def test_SEM_11_a_missing_or_empty_proof_leaves_the_figures_unproven(toy: Toy) -> None:
    _name_proof(toy, "new enterprises")
    the_fault(seen_by(toy, "SEM-11"), "SEM-11", PROOF, None, None, "enterprises")
    (toy.root / PROOF).parent.mkdir()
    (toy.root / PROOF).write_bytes(b"")
    fault = the_fault(seen_by(toy, "SEM-11"), "SEM-11", PROOF, None, None, "enterprises")
    assert fault.details["found"] == "0 bytes"
    release = Release(toy.index().release)
    entry = explain(release, "92", "new_per_10000", "2022")
    assert [item["cells"][0]["proof_status"] for item in entry["inputs"]] == ["unproven", None]
    from rich.console import Console

    with (console := Console(width=200)).capture() as shown:
        console.print(as_tree(entry, "vi"))
    assert "chưa được chứng minh" in shown.get()


def test_SEM_11_one_paper_for_two_claims_proves_neither_and_one_for_one_does(toy: Toy) -> None:
    _name_proof(toy, "new enterprises")
    (toy.root / PROOF).parent.mkdir()
    (toy.root / PROOF).write_bytes(b"%PDF signed")
    assert seen_by(toy, "SEM-11") == []
    assert toy.load().proofs == {"enterprises": "proven"}
    toy.edit(CARDS, "title: Synthetic register", f"title: R\n    proof: {PROOF[:-4]}_2.pdf")
    (toy.root / f"{PROOF[:-4]}_2.pdf").write_bytes(b"%PDF signed")  # a copy under another name
    found = seen_by(toy, "SEM-11")
    assert {str(f.value) for f in found} == {"enterprises", "register"}
    assert {f.details["found"] for f in found} == {"enterprises, register"}


def test_a_proof_lies_inside_the_project(toy: Toy) -> None:
    (toy.root.parent / "outside.pdf").write_bytes(b"%PDF")
    (toy.root / "raw/proofs").mkdir()
    (toy.root / PROOF).symlink_to(toy.root.parent / "outside.pdf")
    _name_proof(toy, "new enterprises")
    fired(toy, "SEC-08", CARDS, None, None, PROOF)


def test_SEM_12_a_past_year_that_changed_is_reported_and_stands_in_the_revisions(toy: Toy) -> None:
    first = toy.index()
    assert pq.read_table(first.release / "revisions.parquet").num_rows == 0
    toy.edit(ENTERPRISES, "Cần Thơ;2022;120", "Cần Thơ;2022;130")
    toy.edit(ENTERPRISES, "Hậu Giang;2022;10", "Hậu Giang;2022;12")
    again = toy.index()
    fault = the_fault(again.findings, "SEM-12", ENTERPRISES, 5, 3, "130")
    assert (fault.details["old"], fault.details["n"]) == ("120", 2)
    assert fault.details["province"] == "Cần Thơ (92)"
    assert fault.details["release"] == first.manifest["release"]
    rows = pq.read_table(again.release / "revisions.parquet").to_pylist()
    told = [(r["province_code"], r["old_value"], r["new_value"], r["locator"]) for r in rows]
    assert told == [("92", 120.0, 130.0, "C5"), ("93", 10.0, 12.0, "C6")]
    # what changed since the last release is no part of what the inputs say
    findings = pq.read_table(again.release / "findings.parquet").to_pylist()
    assert "SEM-12" not in {row["rule"] for row in findings}
    # a change of method alone keeps the last revisions in sight
    toy.edit(INDEX, "max_winsorised: 5", "max_winsorised: 4")
    last = toy.index()
    assert pq.read_table(last.release / "revisions.parquet").to_pylist() == rows


def test_SEM_12_a_figure_that_is_gone_is_a_revision_and_a_new_one_is_none(toy: Toy) -> None:
    toy.edit(QUOTES, "60,60,,at_least,startups,,2022", "60,60,,at_least,startups,,2021")
    toy.index()
    toy.edit(QUOTES, "60,60,,at_least,startups,,2021", "60,60,,at_least,startups,,2022")
    rows = pq.read_table(toy.index().release / "revisions.parquet").to_pylist()
    assert [(r["year"], r["old_value"], r["new_value"], r["new_status"]) for r in rows] == [
        (2021, 60.0, None, "M")
    ]


def test_SEM_13_a_treated_outlier_is_published_with_both_values_and_the_rule(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", "Hà Nội;2022;40000")
    con = toy.compute()
    rows = con.sql(
        "select i.province_code, i.value, i.treated_value, i.is_treated, r.treatment "
        "from indicators as i inner join ranked as r on i.edition = r.edition "
        "and i.province_code = r.province_code and i.indicator = r.node "
        "where i.edition = '2022' and i.indicator = 'new_per_10000' order by all"
    ).fetchall()
    # per 10,000: 400 2 1 3 0.5 0; Hà Nội is brought to the next, Cần Thơ's 3
    assert rows == [
        ("01", 400.0, 3.0, True, "winsorised"),
        ("48", 2.0, 2.0, False, "winsorised"),
        ("49", 1.0, 1.0, False, "winsorised"),
        ("92", 3.0, 3.0, False, "winsorised"),
        ("93", 0.5, 0.5, False, "winsorised"),
        ("94", 0.0, 0.0, False, "winsorised"),
    ]


def test_SEM_14_a_province_under_the_coverage_floor_has_no_rank_and_a_reason(toy: Toy) -> None:
    toy.edit(LABOUR, '93,"10,0",100', '93,"-",100')
    toy.edit(CARDS, 'delimiter: ";"', 'delimiter: ";"\n    missing: {}')
    cards = (toy.root / CARDS).read_text("utf-8")
    toy.write(
        CARDS, cards.replace("year: {value: 2020}", 'year: {value: 2020}\n    missing: {"-": M}')
    )
    fault = the_fault(toy.warnings(), "SEM-14", INDEX, None, None, "Hậu Giang (93)")
    assert (fault.details["coverage"], fault.details["limit"]) == ("50.0%", "66.7%")
    con = toy.compute()
    (row,) = con.sql("select score, rank, reason from scores where edition = '2022' "
                     "and province_code = '93' and node = 'index'").fetchall()  # fmt: skip
    assert row == (None, None, "below_province_coverage")


def test_SEM_19_an_edition_that_ranks_nobody_says_so_once(toy: Toy) -> None:
    toy.edit(INDEX, 'pillar_coverage: "2/3"', "pillar_coverage: 1")
    toy.edit(INDEX, "reference_year: 2022, scheme", "reference_year: 2021, scheme")
    (fault,) = found_by(toy, "SEM-19")
    the_fault([fault], "SEM-19", INDEX, None, None, "2022")
    assert (fault.details["coverage"], fault.details["limit"]) == ("50.0%", "100.0%")  # input alone


def test_SEM_15_two_indicators_that_are_one_series_are_both_named(toy: Toy) -> None:
    toy.edit(INDEX, "numerator: startups\n", "numerator: new_enterprises\n")
    set_screens(toy, "sample: 4")
    fault = the_fault(toy.warnings(), "SEM-15", INDEX, None, None, "new_per_10000")
    assert fault.details["other"] == "startups_per_million"
    assert (fault.details["correlation"], fault.details["n"]) == ("1", 6)


def test_SEM_15_a_column_pasted_under_another_name_or_year_is_seen(toy: Toy) -> None:
    add_last_year(toy, {"Hà Nội": 400, "Đà Nẵng": 100, "Quảng Nam": 50, "Cần Thơ": 120,
                        "Hậu Giang": 10, "Sóc Trăng": 0})  # fmt: skip
    assert seen_by(toy, "SEM-15") == []  # six provinces are too few
    set_screens(toy, "sample: 6")
    fault = the_fault(seen_by(toy, "SEM-15"), "SEM-15", ENTERPRISES, 2, 3, "new_enterprises 2022")
    assert fault.details["other"] == "new_enterprises 2021"
    assert fault.details["where"] == f"{ENTERPRISES} C8"


def test_SEM_16_declared_double_counting_is_listed_with_its_editions(toy: Toy) -> None:
    toy.edit(
        INDEX,
        "numerator: new_enterprises",
        "overlaps: [gi_per_million]\n    numerator: new_enterprises",
    )
    fault = the_fault(toy.warnings(), "SEM-16", INDEX, None, None, "new_per_10000")
    assert (fault.details["other"], fault.details["editions"]) == (
        "gi_per_million",
        "2022, 2022-34",
    )
    toy.edit(INDEX, "overlaps: [gi_per_million]", "overlaps: [gi_per_milion]")
    fault = fired(toy, "SCH-02", INDEX, 41, None, "gi_per_milion")
    assert fault.details["nearest"].startswith("gi_per_million")
