"""Every rule about results and their use: ties, gaps, scales, stale releases, downloads, order."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from python_calamine import CalamineWorkbook

from pipeline import store
from pipeline.__main__ import main
from pipeline.alphabet import alphabet_key, alphabetical
from pipeline.explain import Release, explain
from pipeline.faults import Faults, Rejected, explain_fault
from pipeline.methods.impute import impute
from pipeline.methods.normalise import normalise
from pipeline.provinces import load_reference
from pipeline.report import drawing, pdf
from pipeline.report.fonts import check_fonts, letters_of
from pipeline.report.make import make_report
from tests.breaking import CARDS, ENTERPRISES, INDEX, LABOUR, POPULATION, fired, the_fault
from tests.conftest import Toy, silent
from tests.test_build import Example
from tests.test_rules_meaning import found_by

Captured = pytest.CaptureFixture[str]
NAMES = [row["name_vi"] for row in load_reference().provinces]
SCALE_FREE = ("minmax", "zscore", "rank", "borda", "percentile_rank", "distance_to_best",
              "fraction_of_best")  # fmt: skip
WITHOUT_34 = '  - {edition: "2022-34", reference_year: 2022, scheme: "34"}\n'


@pytest.fixture
def example(tmp_path: Path) -> Example:
    return Example(tmp_path)


def scores(toy: Toy) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Score, rank and reason of each province and node of edition 2022."""
    con = toy.compute()
    rows = con.sql(
        "select province_code, node, score, rank, reason from scores where edition = '2022'"
    ).fetchall()
    con.close()
    return {(row[0], row[1]): row[2:] for row in rows}


def test_OUT_01_equal_scores_share_the_better_rank_in_the_order_of_codes(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Quảng Nam;2022;50", "Quảng Nam;2022;100")
    con = toy.compute()
    rows = con.sql("select province_code, rank from scores where edition = '2022' "
                   "and node = 'firms' order by rank, province_code").fetchall()  # fmt: skip
    assert rows == [("01", 1), ("92", 2), ("48", 3), ("49", 3), ("93", 5), ("94", 6)]


def _silence(toy: Toy) -> None:
    """Take every figure of Đà Nẵng away; its values were in the middle of every column."""
    toy.edit(INDEX, WITHOUT_34, "")
    toy.edit(ENTERPRISES, "Đà Nẵng;2022;100", "Đà Nẵng;2022;-")
    toy.edit(LABOUR, '48,"40,0",300', "48,-,-")
    toy.edit(POPULATION, "Đà Nẵng,495,500", "Đà Nẵng,-,-")
    toy.edit(CARDS, "number_style: ", 'missing: {"-": M}\n    number_style: ', count=3)


def test_OUT_02_a_province_with_no_figure_is_listed_and_the_others_are_unchanged(toy: Toy) -> None:
    before = scores(toy)
    _silence(toy)
    fault = the_fault(toy.warnings(), "OUT-02", INDEX, None, None, "Đà Nẵng (48)")
    assert fault.details["edition"] == "2022"
    after = scores(toy)
    assert after["48", "index"] == (None, None, "below_node_coverage")
    others = {key for key in before if key[0] != "48"}
    assert {key: after[key][0] for key in others} == {key: before[key][0] for key in others}


def test_OUT_03_an_edition_of_one_or_two_provinces_is_refused(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Quảng Nam;2022;50", "Quảng Nam;2022;-")
    toy.edit(LABOUR, '49,"20,0",300', "49,-,-")
    toy.edit(POPULATION, "Quảng Nam,500,500", "Quảng Nam,-,-")
    toy.edit(CARDS, "number_style: ", 'missing: {"-": M}\n    number_style: ', count=3)
    fault = fired(toy, "OUT-03", INDEX, None, None, 2)  # Đà Nẵng of 2025 lacks one of its parts
    assert (fault.details["edition"], fault.details["limit"]) == ("2022-34", 3)
    toy.edit(INDEX, WITHOUT_34, "")
    assert scores(toy)["01", "index"][1] == 1


@pytest.mark.parametrize("rows", [1, 2])
def test_OUT_03_a_build_of_one_or_two_units_is_refused(example: Example, rows: int) -> None:
    lines = example.data.read_text("utf-8").splitlines(keepends=True)
    example.data.write_text("".join(lines[: rows + 1]), "utf-8")
    fault = the_fault(example.faults(), "OUT-03", "iData.csv", None, None, rows)
    assert fault.details["limit"] == 3


def test_OUT_03_the_minimum_cannot_be_set_below_three(toy: Toy) -> None:
    toy.edit(INDEX, "  impute: none", "  impute: none\n  min_provinces: 2")
    fault = fired(toy, "SCH-07", INDEX, 12, None, 2)
    assert "at least 3" in explain_fault(fault, "en")["why"]


@pytest.mark.parametrize("method", ["mean", "median", "carried", "linear", "knn", "iterative"])
def test_OUT_04_without_a_donor_or_mostly_imputed_a_cell_stays_missing(method: str) -> None:
    nan = np.nan
    panel = np.array([[1.0, nan, 7.0], [2.0, nan, nan], [3.0, nan, nan], [4.0, nan, nan]])
    found = impute(panel, method, units=["u"] * 4, time=[2019, 2020, 2021, 2022])
    assert np.isnan(found.values[:, 1]).all()
    assert set(found.reason[:, 1]) == {"no_donor"}
    assert np.isnan(found.values[:, 2]).sum() == 3  # one of four is observed: below half
    assert set(found.reason[:, 2]) <= {"", "no_donor", "too_few_donors"}
    assert not found.is_imputed.any()


def test_OUT_04_a_build_logs_each_cell_that_could_not_be_imputed(example: Example) -> None:
    text = example.data.read_text("utf-8")
    for cell in ("30,10,4", "40,10,6", "50,10,8"):
        text = text.replace(cell, cell.rsplit(",", 1)[0] + ",NA")
    example.data.write_text(text, "utf-8")
    example.run("impute: {method: mean}\n")
    log = example.table("imputation_log")
    assert log["iCode"] == ["e"] * 4
    assert log["reason"] == ["too_few_donors"] * 4
    assert log["value"] == [None] * 4
    assert [v is None for v in example.table("imputed")["e"]] == [False, *[True] * 4, False]


def test_OUT_05_a_geometric_mean_on_a_scale_from_zero_is_refused(
    toy: Toy, example: Example
) -> None:
    toy.edit(INDEX, "aggregate: arithmetic", "aggregate: geometric")
    ours = fired(toy, "SCH-17", INDEX, 14, None, "aggregate")
    (theirs,) = example.faults("aggregate: {method: geometric}\n")
    for fault in (ours, theirs):
        assert "above 0" in explain_fault(fault, "en")["why"]


def test_OUT_05_on_the_documented_scale_above_zero_it_gives_finite_scores(toy: Toy) -> None:
    toy.edit(INDEX, "aggregate: arithmetic", "aggregate: geometric")
    toy.edit(INDEX, "lower: 0, upper: 100", "lower: 1, upper: 100")
    found = [row[0] for row in scores(toy).values()]
    assert all(np.isfinite(found))
    assert min(found) >= 1


def test_OUT_08_verify_names_what_is_newer_and_readers_of_the_release_say_so(
    toy: Toy, capsys: Captured
) -> None:
    toy.index()
    at = ["--root", str(toy.root), "--lang", "en"]
    assert main(["top", *at]) == 0
    assert capsys.readouterr().err == ""
    toy.edit(ENTERPRISES, "Cần Thơ;2022;120", "Cần Thơ;2022;121")
    assert main(["verify", *at]) == 3
    told = capsys.readouterr().err
    assert f"Changed since publication: {ENTERPRISES}" in told
    assert "Changed since publication: raw/sources.yml" in told
    for command in (["top"], ["coverage"], ["explain", "Cần Thơ", "index"]):
        assert main([*command, *at]) == 0
        told = capsys.readouterr().err
        assert "Changed since publication: raw/sources.yml (+1)" in told
        assert "make index" in told


def test_OUT_08_no_report_is_built_on_a_release_older_than_its_inputs(
    toy: Toy, capsys: Captured
) -> None:
    toy.index()
    toy.edit(ENTERPRISES, "Cần Thơ;2022;120", "Cần Thơ;2022;121")
    assert main(["report", "--root", str(toy.root), "--lang", "en"]) == 1
    told = capsys.readouterr().err
    assert "[OUT-08]" in told
    assert f"'{ENTERPRISES}' has changed since publication" in told
    assert not (toy.project.current / "report").exists()


@pytest.mark.parametrize(
    ("room", "font", "letters", "lacking"),
    [
        (drawing, "STIXSizeOneSym", {"a", "ế"}, "a ế"),
        (pdf, "Libertinus Serif", {"ế", "漢"}, "漢"),
        (pdf, "DejaVu Sans Mono", {"ợ", "Ẵ"}, ""),
    ],
    ids=["charts", "PDF", "PDF in another font"],
)
def test_OUT_09_letters_that_a_font_lacks_are_named_and_no_box_is_printed(
    room: Any, font: str, letters: set[str], lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "FONT", font)
    faults = Faults()
    check_fonts(letters, faults)
    told = {fault.details["font"]: fault.value for fault in faults.rejecting()}
    assert told.get(font, "") == lacking


def test_OUT_09_every_letter_of_the_alphabet_has_a_shape_in_both_fonts(toy: Toy) -> None:
    letters = letters_of(toy.index().release)
    assert {*"ăâđêôơưĂÂĐÊÔƠƯẵẫỗỡữỵẴẪỖỠỮỴ"} <= letters
    faults = Faults()
    check_fonts(letters, faults)
    assert faults.sorted() == []


def test_OUT_09_a_report_in_a_font_without_vietnamese_is_refused(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = toy.index().release
    monkeypatch.setattr(drawing, "FONT", "STIXSizeOneSym")
    with pytest.raises(Rejected) as refused:
        make_report(toy.root, release, "2022", toy.project.reference, silent)
    assert "OUT-09" in {fault.rule for fault in refused.value.faults}


def test_OUT_10_a_download_opens_in_a_spreadsheet_program_and_reads_back_the_same(
    toy: Toy, tmp_path: Path, capsys: Captured
) -> None:
    toy.edit(INDEX, "name_en: People", 'name_en: "=1+1"')
    release, out = toy.index().release, tmp_path / "tải về"
    assert main(["export", str(out), "--root", str(toy.root)]) == 0
    assert "tables.xlsx" in capsys.readouterr().out.split()
    for name in ("scores", "indicators", "observed"):
        table = pq.read_table(release / f"{name}.parquet")
        raw = (out / f"{name}.csv").read_bytes()
        assert raw.startswith(b"\xef\xbb\xbf")
        header, *rows = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
        assert header == table.column_names
        for column, values in zip(header, zip(*rows, strict=True), strict=True):
            assert _read_back(values, table.column(column)) == table.column(column).to_pylist()
    sheet = CalamineWorkbook.from_path(str(out / "tables.xlsx")).get_sheet_by_name("scores")
    header, *rows = sheet.to_python()
    table = pq.read_table(release / "scores.parquet")
    codes = [row[header.index("province_code")] for row in rows]
    assert codes == table.column("province_code").to_pylist()
    assert codes[0] == "01"
    found = [row[header.index("score")] for row in rows]
    rounded = [x or 0 for x in found]  # a workbook holds 16 digits
    assert rounded == pytest.approx([x or 0 for x in table.column("score").to_pylist()], rel=1e-15)


def _read_back(texts: tuple[str, ...], column: pa.ChunkedArray) -> list[Any]:
    kinds: dict[str, Any] = {"double": float, "int64": int, "bool": lambda x: x == "true"}
    read = kinds.get(str(column.type), str)
    return [None if text == "" else read(text) for text in texts]


def test_OUT_10_the_same_release_exports_the_same_bytes(toy: Toy, tmp_path: Path) -> None:
    from pipeline.export import export

    release = toy.index().release
    for name in ("a", "b"):
        export(release, tmp_path / name)
    assert store.list_files(tmp_path / "a") == store.list_files(tmp_path / "b")
    assert sorted(p.suffix for p in (tmp_path / "a").iterdir()).count(".csv") >= 7


def test_OUT_10_a_build_marks_its_tables_as_UTF_8(example: Example) -> None:
    example.run()
    raw = (example.out / "units.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert "Đà Nẵng" in raw.decode("utf-8-sig")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_OUT_11_a_number_that_is_not_finite_fails_the_build_with_column_and_key(
    bad: float,
) -> None:
    columns = {"edition": ["2022"] * 2, "province_code": ["01", "92"], "indicator": ["a", "b"]}
    table = pa.table(columns | {"value": [1.0, bad], "score": [None, 2.0]})
    faults = Faults()
    store.refuse_non_finite(table, "indicators", faults)
    fault = the_fault(faults.sorted(), "SCH-21", "steps/indicators", None, None, "indicators")
    assert fault.details["problem"].startswith("value: 1 cells")
    assert fault.details["problem"].endswith("2022/92/b")


def test_OUT_11_nothing_is_published_when_a_step_makes_one(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = store.run_step

    def spoilt(con: Any, step: Path) -> None:
        ran(con, step)
        if step.stem == "92_indicators":
            con.execute("update indicators set contribution = 'nan' where province_code = '92'")

    monkeypatch.setattr(store, "run_step", spoilt)
    with pytest.raises(Rejected) as refused:
        toy.index()
    fault = the_fault(refused.value.faults, "SCH-21", "steps/indicators", None, None, "indicators")
    assert "contribution" in fault.details["problem"]
    assert "2022/92" in fault.details["problem"]
    assert not toy.project.current.exists()


@settings(max_examples=200)
@given(st.data())
def test_OUT_13_a_scale_free_column_times_a_thousand_has_the_same_scores(data: Any) -> None:
    n = data.draw(st.integers(3, 12))
    whole = st.integers(-10_000, 10_000).map(float)
    column = data.draw(arrays(float, n, elements=whole).filter(lambda x: np.ptp(x) > 0))
    method = data.draw(st.sampled_from(SCALE_FREE))
    if method == "fraction_of_best":
        column = np.abs(column) + 1
    direction = [data.draw(st.sampled_from([1, -1]))]
    if np.ptp(column) == 0:
        return
    small = normalise(column[:, None], method, direction, 0, 100)
    large = normalise(column[:, None] * 1000, method, direction, 0, 100)
    np.testing.assert_allclose(small, large, rtol=1e-9, atol=1e-9)


def test_OUT_13_a_variable_in_another_unit_gives_the_same_index(toy: Toy) -> None:
    before = scores(toy)
    for line in ("Cả nước,2980,3000", "Hà Nội,990,1000", "Đà Nẵng,495,500", "Quảng Nam,500,500",
                 "Cần Thơ,398,400", "Hậu Giang,199,200", "Sóc Trăng,398,400"):  # fmt: skip
        toy.edit(POPULATION, line, line.replace(",", "000,").replace("000,", ",", 1) + "000")
    toy.edit("raw/variables.yml", "unit: thousand persons, measure: average, merge: sum, min: 0, "
             "max: 10000", "unit: persons, measure: average, merge: sum, min: 0")  # fmt: skip
    after = scores(toy)
    assert after.keys() == before.keys()
    for key, row in before.items():
        assert after[key][0] == pytest.approx(row[0], abs=1e-9)
        assert after[key][1:] == row[1:]


def test_OUT_16_names_are_in_vietnamese_order() -> None:
    assert alphabetical(["Đồng Nai", "Điện Biên", "Ea", "Dak", "Đà Nẵng", "Cà Mau"]) == [
        "Cà Mau", "Dak", "Đà Nẵng", "Điện Biên", "Đồng Nai", "Ea"]  # fmt: skip
    assert alphabetical(["mạ", "má", "mã", "mả", "mà", "ma"]) == [
        "ma",
        "mà",
        "mả",
        "mã",
        "má",
        "mạ",
    ]
    assert alphabetical(["Bến Tre", "Bắc Ninh", "Bạc Liêu", "Bà Rịa"]) == [
        "Bà Rịa", "Bạc Liêu", "Bắc Ninh", "Bến Tre"]  # fmt: skip
    decomposed = "Đa\u0300 Nẵng"
    assert alphabet_key(decomposed)[:2] == alphabet_key("Đà Nẵng")[:2]


def test_OUT_16_provinces_stand_as_the_collation_of_the_database_has_them() -> None:
    con = duckdb.connect()
    con.register("names", pa.table({"name": NAMES[::-1]}))
    rows = con.sql("select distinct name from names order by name collate vi").fetchall()
    con.close()
    assert alphabetical(set(NAMES)) == [name for (name,) in rows]


@settings(max_examples=200)
@given(st.permutations(NAMES))
def test_OUT_16_the_order_does_not_depend_on_what_came_first(names: list[str]) -> None:
    assert alphabetical(names) == alphabetical(NAMES)


def _cells(entry: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(c["file"], c["locator"], c["raw"]) for i in entry["inputs"] for c in i["cells"]]


def test_OUT_17_an_explanation_of_a_missing_cell_gives_the_reason_and_what_there_is(
    toy: Toy,
) -> None:
    toy.edit(POPULATION, "Hậu Giang,199,200", "Hậu Giang,199,0")
    entry = explain(Release(toy.index().release), "93", "new_per_10000", "2022")
    assert (entry["value"], entry["value_reason"]) == (None, "denominator_zero")
    assert (ENTERPRISES, "C6", "10") in _cells(entry)
    assert (POPULATION, "C7", "0") in _cells(entry)


def test_OUT_17_an_explanation_of_a_merged_and_treated_cell_gives_every_input(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", "Hà Nội;2022;40000")
    release = Release(toy.index().release)
    merged = explain(release, "92", "new_per_10000", "2022-34")
    assert [item["parts"] for item in merged["inputs"]] == ["92+93+94"] * 2
    assert _cells(merged) == [
        (ENTERPRISES, "C5", "120"), (ENTERPRISES, "C6", "10"), (ENTERPRISES, "C7", "0"),
        (POPULATION, "C6", "400"), (POPULATION, "C7", "200"), (POPULATION, "C8", "400"),
    ]  # fmt: skip
    treated = explain(release, "01", "new_per_10000", "2022")
    assert (treated["value"], treated["treated_value"]) == (400.0, 3.0)
    assert (treated["is_treated"], treated["treatment"]) == (True, "winsorised")
    hashes = {c["sha256"] for e in (merged, treated) for i in e["inputs"] for c in i["cells"]}
    cards = (toy.root / CARDS).read_text("utf-8")
    assert all(f'sha256: "{one}"' in cards for one in hashes)
    assert json.loads(json.dumps(merged)) == merged


def test_OUT_02_and_SEM_14_warnings_stand_in_the_findings_of_the_release(toy: Toy) -> None:
    _silence(toy)
    result = toy.index()
    rows = pq.read_table(result.release / "findings.parquet").to_pylist()
    assert "OUT-02" in {row["rule"] for row in rows}
    assert len(rows) == len([f for f in result.findings if f.rule != "SEM-12"])
    assert found_by(toy, "OUT-02")
