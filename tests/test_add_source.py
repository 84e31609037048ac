"""Drafts of cards: read off a file with evidence; what it cannot say is blank, and refused."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.__main__ import main
from pipeline.blanks import BLANK
from pipeline.faults import Faults
from pipeline.provinces import load_reference
from pipeline.sources import Catalogue
from pipeline.suggest import PROVENANCE
from pipeline.suggest.draft import Draft, draft_card
from pipeline.suggest.writing import as_yaml, evidence_lines
from tests.breaking import CARDS, ENTERPRISES, INDEX, POPULATION, the_fault
from tests.breaking import VARIABLES as VARIABLES_FILE
from tests.conftest import Toy
from tests.office_files import OFFICE_FILES, VARIABLES, OfficeFile

Captured = pytest.CaptureFixture[str]
IDS = [office.name for office in OFFICE_FILES]
FROM = [word for key in PROVENANCE for word in (f"--{key}", "nobody")]
# What a person corrects in a draft, beyond filling in its blanks.
EDITS: dict[str, list[tuple[str, str]]] = {
    "merged_provinces": [  # one of the two columns is not wanted
        ('      - {column: "Năm 2022 / Trong đó: mới", variable: "???", year: 2022}', "      #"),
        ("    complete: true", '    ignore: ["Năm 2022 / Trong đó: mới"]\n    complete: true'),
    ],
}


def add(toy: Toy, *arguments: str) -> int:
    """Run `add-source` on the toy project."""
    return main(["add-source", *arguments, "--root", str(toy.root), "--lang", "en"])


def put(toy: Toy, name: str, content: str | bytes) -> str:
    """A file under raw/ that has no card."""
    path = toy.root / "raw" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return f"raw/{name}"


def drafted(toy: Toy, name: str, content: str | bytes) -> tuple[dict[str, Any], str]:
    """The card drafted of a file, and its evidence as one text."""
    draft = draft_of(toy, put(toy, name, content))
    return draft.card, "\n".join(evidence_lines(draft, "en"))


def draft_of(toy: Toy, file: str) -> Draft:
    faults = Faults()
    ref = load_reference(toy.project.reference)
    draft = draft_card(toy.root, file, Catalogue(cards={}, variables={}), ref, faults)
    assert draft is not None, faults.sorted()
    assert faults.sorted() == []
    return draft


def fill_in(toy: Toy, office: OfficeFile) -> None:
    """Fill in the blanks of the card at the end of the cards, as the office's own card says."""
    path = toy.root / CARDS
    known = yaml.safe_load(office.card)
    variables = {entry["column"]: entry["variable"] for entry in known["columns"]}
    before, name, card = path.read_text("utf-8").partition(f"  synthetic_{office.name}:\n")
    for old, new in EDITS.get(office.name, []):
        assert old in card, f"{old} is not in {card}"
        card = card.replace(old, new)
    for heading, variable in variables.items():
        card = card.replace(f'{{column: "{heading}", variable: "{BLANK}"',
                            f'{{column: "{heading}", variable: {variable}')  # fmt: skip
    card = card.replace(f'year: {{value: "{BLANK}"}}', "year: {value: 2022}")
    for mark, status in known.get("marks", {}).items():
        card = card.replace(f'"{mark}": "{BLANK}"', f'"{mark}": {status}')
    card = re.sub(rf'(not_provinces: {{"[^"]+": )"{re.escape(BLANK)}"', r"\1national", card)
    assert BLANK not in re.sub(r"#[^\n]*", "", card), card
    path.write_text(before + name + card, "utf-8")


def edited(toy: Toy, office: OfficeFile) -> set[str]:
    """Draft and complete the card of an office file; returns the keys changed by hand."""
    file = put(toy, f"synthetic_{office.name}{office.suffix}", office.content)
    path = toy.root / VARIABLES_FILE
    path.write_text(path.read_text("utf-8").rstrip("\n") + "\n" + VARIABLES.lstrip("\n"), "utf-8")
    assert add(toy, file, "--write", *FROM) == 0
    drafted = card_of(toy, office)
    fill_in(toy, office)
    mended = card_of(toy, office)
    return {key for key in drafted | mended if drafted.get(key) != mended.get(key)}


def card_of(toy: Toy, office: OfficeFile) -> dict[str, Any]:
    cards = yaml.safe_load((toy.root / CARDS).read_text("utf-8"))["sources"]
    found: dict[str, Any] = cards[f"synthetic_{office.name}"]
    return found


def index_of(toy: Toy, variables: set[str]) -> dict[str, str]:
    """Make variables indicators of the toy's index; returns the variable of each."""
    made = {f"from_{variable}": variable for variable in sorted(variables)}
    entries = yaml.safe_load((toy.root / INDEX).read_text("utf-8"))
    (plain,) = [one for one in entries["indicators"] if one["code"] == "trained_share"]
    entries["indicators"] += [plain | {"code": code, "numerator": variable, "max_age": 0}
                              for code, variable in made.items()]  # fmt: skip
    toy.write(INDEX, yaml.safe_dump(entries, allow_unicode=True, sort_keys=False))
    return made


@pytest.mark.parametrize("office", OFFICE_FILES, ids=IDS)
def test_a_draft_needs_at_most_three_edits_and_the_next_run_takes_its_figures_into_the_index(
    toy: Toy, office: OfficeFile
) -> None:
    """An edit is a key of the card: its columns, its year, a mark, a row that is no province."""
    assert len(edited(toy, office)) <= 3
    made = index_of(toy, {variable for _, variable, *_ in office.expected})
    release = toy.index().release
    observed = pd.read_parquet(release / "observed.parquet")
    rows = observed[observed["source_id"] == f"synthetic_{office.name}"]
    columns = ["province_code", "variable", "year", "period", "value", "obs_status"]
    found = sorted(rows[columns].itertuples(index=False, name=None))
    assert found == sorted(office.expected)
    edition = "2022-34" if card_of(toy, office)["scheme"] == "34" else "2022"
    figures = pd.read_parquet(release / "indicators.parquet")
    figures = figures[(figures["edition"] == edition) & figures["indicator"].isin([*made])]
    assert figures["is_entered"].all()
    assert (figures["weight"] > 0).all()
    entered = zip(figures["province_code"], figures["indicator"].map(made), figures["value"],
                  strict=True)  # fmt: skip
    assert sorted(entered) == sorted((code, variable, value)
                                     for code, variable, year, _, value, _ in office.expected
                                     if year == 2022)  # fmt: skip
    file = toy.root / f"raw/synthetic_{office.name}{office.suffix}"
    assert file.read_bytes() == office.content


def test_without_write_the_card_is_printed_and_nothing_changes(toy: Toy, capsys: Captured) -> None:
    file = put(toy, "so_lieu.csv", "Tỉnh,Số đơn 2022\nHà Nội,12\nQuảng Nam,3\n")
    before = {p: p.read_bytes() for p in toy.root.rglob("*") if p.is_file()}
    assert add(toy, file) == 0
    shown = capsys.readouterr()
    card = yaml.safe_load("sources:\n" + shown.out)["sources"]["so_lieu"]
    assert card["file"] == file
    assert card["sha256"] == hashlib.sha256((toy.root / file).read_bytes()).hexdigest()
    assert card["columns"] == [{"column": "Số đơn 2022", "variable": BLANK, "year": 2022}]
    assert [card[key] for key in PROVENANCE] == [BLANK] * 6
    assert "Scheme 63: 1 names only it has: Quảng Nam" in shown.err
    assert {p: p.read_bytes() for p in toy.root.rglob("*") if p.is_file()} == before


def test_write_appends_in_the_style_of_the_file_and_keeps_what_is_there(
    toy: Toy, capsys: Captured
) -> None:
    path = toy.root / CARDS
    wide = re.sub(r"^( +)", r"\1\1", path.read_text("utf-8"), flags=re.MULTILINE)
    path.write_text("# cards of the project\n" + wide, "utf-8")
    before = path.read_text("utf-8")
    file = put(toy, "a b.csv", "Tỉnh;Số\nHà Nội;1,5\nQuảng Nam;2\n")
    assert add(toy, file, "--write") == 0
    after = path.read_text("utf-8")
    assert after.startswith(before.rstrip("\n") + "\n\n    a_b:\n        file: ")
    assert yaml.safe_load(after)["sources"]["a_b"]["delimiter"] == ";"
    capsys.readouterr()
    assert add(toy, file) == 2
    assert "has a card" in capsys.readouterr().err


def test_a_second_file_of_the_same_name_gets_a_name_of_its_own(toy: Toy, capsys: Captured) -> None:
    table = "Tỉnh,Số\nHà Nội,1\nQuảng Nam,2\n"
    assert add(toy, put(toy, "a/quotes.csv", table), "--write") == 0
    assert "quotes_2:" in capsys.readouterr().out
    assert add(toy, put(toy, "a/2022.csv", table + "Cần Thơ,3\n")) == 0
    assert "source_2022:" in capsys.readouterr().out


def test_SCH_23_a_blank_is_refused_on_its_line_until_it_is_filled_in(toy: Toy) -> None:
    assert add(toy, put(toy, "new.csv", "Tỉnh,Số\nHà Nội,1\nQuảng Nam,2\n"), "--write") == 0
    found = [f for f in toy.faults() if f.rule == "SCH-23"]
    assert [f.rule for f in toy.faults()] == ["SCH-23"] * len(found)
    lines = (toy.root / CARDS).read_text("utf-8").splitlines()
    blank = [i for i, line in enumerate(lines, 1) if BLANK in line]
    assert sorted({f.place.row for f in found}) == blank
    names = {"producer", "title", "url", "licence", "published", "accessed", "year.value",
             "columns.0.variable"}  # fmt: skip
    assert {str(f.value) for f in found} == names
    the_fault(found, "SCH-23", CARDS, blank[0], None, "producer")
    toy.edit(CARDS, f'producer: "{BLANK}"', "producer: Sở")
    assert len(toy.faults()) == len(found) - 1


def test_SCH_23_a_blank_unit_of_a_variable_is_refused_and_its_cards_are_not_blamed(
    toy: Toy,
) -> None:
    toy.edit(VARIABLES_FILE, "unit: enterprises", f'unit: "{BLANK}"')
    (fault,) = toy.faults()
    the_fault([fault], "SCH-23", VARIABLES_FILE, 3, None, "unit")


def test_SCH_24_a_file_without_provinces_gets_no_card(toy: Toy, capsys: Captured) -> None:
    file = put(toy, "notes.csv", "Ghi chú,Số\nmột,1\nhai,2\n")
    before = (toy.root / CARDS).read_bytes()
    assert add(toy, file, "--write") == 1
    shown = capsys.readouterr()
    assert "SCH-24" in shown.err
    assert "3 rows" in shown.err
    assert shown.out == ""
    assert (toy.root / CARDS).read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("page.xlsx", b"<html><body>Tinh</body></html>", "SEC-16"),
        ("book.xlsx", b"PK\x03\x04 not a zip", "SEC-16"),
        ("paper.csv", b"%PDF-1.7", "SEC-16"),
        ("cut.parquet", b"PAR1 cut", "SYS-09"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_refused_as_a_run_would(
    name: str, content: bytes, rule: str, toy: Toy, capsys: Captured
) -> None:
    assert add(toy, put(toy, name, content)) == 1
    assert rule in capsys.readouterr().err


def test_a_file_outside_raw_is_not_drafted(toy: Toy, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "x.csv").write_text("Tỉnh,Số\nHà Nội,1\n", "utf-8")
    assert add(toy, str(tmp_path / "x.csv")) == 2
    assert "not under raw/" in capsys.readouterr().err
    assert add(toy, "raw/nothing.csv") == 2


@pytest.mark.parametrize(
    ("cells", "style", "word"),
    [
        (["1.234,5", "12"], "vi", "B2 '1.234,5'"),
        (["1,234.5", "12"], "en", "B2 '1,234.5'"),
        (["1 234", "12,5"], "space", "B2 '1 234'"),
        (["12.5", "3"], "plain", "B2 '12.5'"),
        (["12,5", "3"], "vi", "B2 '12,5'"),
        (["12", "345"], "digits", "without any separator"),
        (["1.234", "5.678"], BLANK, "not decided, B2 '1.234'"),
        (["1,234", "5"], BLANK, "not decided, B2 '1,234'"),
        (["1.234,5", "1,234.5"], BLANK, "not decided"),
    ],
)
def test_a_number_style_is_named_only_where_the_cells_decide_it(
    cells: list[str], style: str, word: str, toy: Toy
) -> None:
    card, evidence = drafted(toy, "x.csv", f"Tỉnh;Số\nHà Nội;{cells[0]}\nQuảng Nam;{cells[1]}\n")
    assert card["number_style"] == style
    assert word in evidence


def test_a_scheme_is_named_only_where_the_names_decide_it(toy: Toy) -> None:
    table = "Tỉnh,Số\nHà Nội,1\nĐà Nẵng,2\n"
    card, evidence = drafted(toy, "both.csv", table)
    assert card["scheme"] == BLANK
    assert "Scheme: not decided" in evidence
    card, evidence = drafted(toy, "whole.csv", table + "Cần Thơ,3\n")
    assert card["scheme"] == "34"
    assert "all the provinces of it" in evidence
    card, evidence = drafted(toy, "old.csv", table + "Hậu Giang,3\n")
    assert card["scheme"] == "63"
    assert "complete" not in card


def test_missing_markers_are_listed_and_unknown_texts_are_not_declared(toy: Toy) -> None:
    rows = "Hà Nội,12\nQuảng Nam,-\nCần Thơ,…\nHậu Giang,\nSóc Trăng,bí mật\nĐà Nẵng,5\n"
    card, evidence = drafted(toy, "x.csv", "Tỉnh,Số\n" + rows)
    assert card["missing"] == {"": "M", "-": "M", "…": "M"}
    assert "'bí mật', 1 cells" in evidence


def test_years_stand_in_a_column_in_the_headings_or_over_the_table(toy: Toy) -> None:
    card, _ = drafted(toy, "a.csv", "Tỉnh,Năm,Số\nHà Nội,2021,1\nHà Nội,2022,2\nQuảng Nam,2022,3\n")
    assert card["year"] == {"column": "Năm", "first": 2021, "last": 2022}
    assert card["rows"] == "one province and year"
    card, _ = drafted(toy, "b.csv", "Tỉnh,2021,Ước 2022\nHà Nội,1,2\nQuảng Nam,2,3\n")
    assert [(c["year"], c.get("status")) for c in card["columns"]] == [(2021, None), (2022, "P")]
    card, evidence = drafted(toy, "c.csv", "Biểu 5 năm 2022,\nTỉnh,Số\nHà Nội,1\nQuảng Nam,2\n")
    assert card["year"] == {"value": 2022}
    assert "from the line 'Biểu 5 năm 2022'" in evidence
    card, _ = drafted(toy, "d.csv", "Giai đoạn 2021-2025,\nTỉnh,Số\nHà Nội,1\nQuảng Nam,2\n")
    assert card["year"] == {"value": BLANK}


def test_parts_of_a_year_and_days_are_read_from_headings(toy: Toy) -> None:
    head = "Tỉnh,6 tháng đầu năm 2022,Quý III năm 2022,9 tháng 2022,31/12/2022,01/01/2023"
    card, _ = drafted(toy, "a.csv", f"{head}\nHà Nội,1,2,3,4,5\nQuảng Nam,1,2,3,4,5\n")
    times = [(c.get("year"), c.get("period"), c.get("as_of")) for c in card["columns"]]
    assert times == [(2022, "2022-H1", None), (2022, "2022-Q3", None),
                     (2022, "2022-01/2022-09", None), (2022, None, "2022-12-31"),
                     (None, None, "2023-01-01")]  # fmt: skip


def test_a_stated_unit_is_shown_with_its_cell(toy: Toy) -> None:
    text = "Số đơn năm 2022,\n,Đơn vị tính: nghìn đơn\nTỉnh,Số\nHà Nội,1\nQuảng Nam,2\n"
    card, evidence = drafted(toy, "a.csv", text)
    assert "'nghìn đơn' (cell B2)" in evidence
    assert card["header_row"] == 3


def test_codes_registers_and_quotes_are_recognised(toy: Toy) -> None:
    card, _ = drafted(toy, "codes.csv", "Mã,Số\n01,5\n48,6\n49,7\n92,8\n93,9\n94,1\n")
    assert card["province"] == {"column": "Mã", "by": "code"}
    assert card["complete"] is True
    card, _ = drafted(toy, "list.csv", "Số văn bằng,Tỉnh,Ngày cấp\nA1,Hà Nội,2020-05-01\n"
                      "A2,Hà Nội,2021-01-02\nA3,Quảng Nam,2021-03-04\n")  # fmt: skip
    assert card["kind"] == "register"
    assert card["register"] == {"variable": BLANK, "date": "Ngày cấp", "no_record": BLANK}
    assert card["ignore"] == ["Số văn bằng"]
    quotes = (toy.root / "raw/synthetic_quotes.csv").read_text("utf-8")
    card, _ = drafted(toy, "quoted.csv", quotes)
    assert (card["kind"], card["scheme"], "columns" in card) == ("quotes", "column", False)


def test_of_several_sheets_the_one_with_the_provinces_is_taken(toy: Toy) -> None:
    import io

    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("Bìa").write(0, 0, "Báo cáo")
        page = book.add_worksheet("Số liệu")
        for i, row in enumerate([["Tỉnh", "Số"], ["Hà Nội", 1.5], ["Quảng Nam", 2]]):
            page.write_row(i, 0, row)
    card, evidence = drafted(toy, "x.xlsx", buffer.getvalue())
    assert (card["sheet"], card["number_style"]) == ("Số liệu", "plain")
    assert "Sheets: 'Bìa', 'Số liệu'" in evidence
    assert "stored as a number" in evidence


def test_check_suggest_offers_aliases_to_choose_from_and_uses_none(
    toy: Toy, capsys: Captured
) -> None:
    toy.edit(ENTERPRISES, "Quảng Nam", "Quảng Nma")
    toy.edit(POPULATION, "Hậu Giang", "Hậu Gianh")
    toy.edit(POPULATION, "Cần Thơ", "Xyzzy")
    before = {p: p.read_bytes() for p in toy.root.rglob("*") if p.is_file()}
    assert main(["check", "--suggest", "--root", str(toy.root), "--lang", "en"]) == 1
    out = capsys.readouterr().out
    assert f"# 'Quảng Nma' ({ENTERPRISES} A4): if it is one of" in out
    assert "#63,Quảng Nma,49    Quảng Nam" in out.splitlines()
    assert "#63,Hậu Gianh,93    Hậu Giang" in out.splitlines()
    assert f"# 'Xyzzy' ({POPULATION} A6): no name is near" in out
    assert {p: p.read_bytes() for p in toy.root.rglob("*") if p.is_file()} == before
    # the line without its # makes the run go through
    for line in ("63,Quảng Nma,49", "63,Hậu Gianh,93", "63,Xyzzy,92"):
        path = toy.root / "reference/aliases.csv"
        path.write_text(path.read_text("utf-8") + line + "\n", "utf-8")
    assert main(["check", "--suggest", "--root", str(toy.root)]) == 0
    assert capsys.readouterr().out.count("#") == 0


def test_check_suggest_drafts_a_card_for_each_file_without_one(toy: Toy, capsys: Captured) -> None:
    put(toy, "new.csv", "Tỉnh,Số\nHà Nội,1\nQuảng Nam,2\n")
    put(toy, "words.csv", "một,hai\n1,2\n")
    assert main(["check", "--suggest", "--root", str(toy.root), "--lang", "vi"]) == 0
    out = capsys.readouterr().out
    assert "# raw/new.csv" in out
    assert '    file: "raw/new.csv"' in out
    assert "# raw/words.csv\n# Không cột nào" in out


CELLS = st.sampled_from([
    "", "Hà Nội", "Quảng Nam", "2022", "1.234,5", "12", "-", "Tỉnh", "STT", "(1)", "a",
    "I. Cần Thơ", "Hậu Giang*", "Nguồn:", '"', "\x00", "\x85",
    "=1+1", "Cả nước", "9" * 50, "01", "\u0300",
])  # fmt: skip
TABLES = st.lists(st.lists(CELLS, max_size=5), max_size=8)
BYTES = TABLES.map(lambda rows: "\n".join(";".join(row) for row in rows).encode())


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.binary(max_size=300), BYTES),
    st.sampled_from([".csv", ".txt", ".xlsx", ".xls", ".ods", ".parquet"]),
)
def test_whatever_a_file_holds_it_is_drafted_or_refused_and_a_draft_is_yaml(
    toy: Toy, content: bytes, suffix: str
) -> None:
    file, faults = put(toy, f"any{suffix}", content), Faults()
    ref = load_reference(toy.project.reference)
    draft = draft_card(toy.root, file, Catalogue(cards={}, variables={}), ref, faults)
    (toy.root / file).unlink()
    if draft is None:
        assert faults.rejecting()
        return
    card = yaml.safe_load("sources:\n" + as_yaml(draft, "vi"))["sources"]["any"]
    assert card == draft.card
    assert all("\n" not in line for line in evidence_lines(draft, "en"))


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_word_of_a_draft_stands_in_both_languages(toy: Toy, lang: str) -> None:
    for office in OFFICE_FILES:
        file = put(toy, f"synthetic_{office.name}{office.suffix}", office.content)
        for line in evidence_lines(draft_of(toy, file), lang):
            assert "{" not in line
            assert "\n" not in line
