"""The report: every number read back from its files is the published one, and nothing is hidden."""

from __future__ import annotations

import contextlib
import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import docx
import pandas as pd
import pyarrow.parquet as pq
import pypdf
import pytest
from python_calamine import CalamineWorkbook

from pipeline import store
from pipeline.__main__ import main
from pipeline.explain import Release
from pipeline.panel import read_panel
from pipeline.project import Project
from pipeline.provinces import load_reference
from pipeline.report.contents import further_tables, main_tables
from pipeline.report.evidence import gaps
from pipeline.report.findings import findings
from pipeline.report.make import write_language
from pipeline.report.model import Column, Page, Table, rounded, shown
from pipeline.report.pdf import write_pdf
from pipeline.report.profiles import Profiles
from pipeline.report.reader import Reader, by_rank
from pipeline.report.steps import RAISE, next_steps
from pipeline.report.tiles import load_tiles
from pipeline.report.web import page_html
from pipeline.report.workbook import HEAD, write_workbook
from tests.conftest import ROOT, Toy, heed_interrupts

REFERENCE = ROOT / "pipeline/reference"


class Tables(HTMLParser):
    """The tables of a page by address, as lists of rows of texts; and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.name, self.is_open = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        self.tags.append(tag)
        self.addresses += [v for k, v in held.items() if k in ("src", "href") and v]
        if tag == "section":
            self.name = str(held["id"]).removeprefix("table-")
            self.tables[self.name] = []
        elif tag == "tr":
            self.tables[self.name].append([])
        elif tag in ("td", "th"):
            self.tables[self.name][-1].append("")
            self.is_open = True

    def handle_endtag(self, tag: str) -> None:
        self.is_open = self.is_open and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_open:
            self.tables[self.name][-1][-1] += data


def reader_of(root: Path, lang: str, edition: str = "2022") -> Reader:
    """A release of a project as the report reads it."""
    own = root / "reference"
    merger = load_reference(own if own.is_dir() else REFERENCE).merger
    return Reader(Release(root / "outputs/current"), edition, lang, merger)


@pytest.fixture(scope="module")
def reported(released: Toy, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A toy with a release and its report in both languages, made by the command."""
    root = tmp_path_factory.mktemp("reported") / "toy"
    shutil.copytree(released.root, root, symlinks=True)
    files = store.list_files(root / "outputs/current")
    assert main(["report", "--root", str(root)]) == 0
    assert store.list_files(root / "outputs/current") == files  # the release is as it was
    return Project(root)


@pytest.fixture(scope="module")
def told(reported: Project) -> Path:
    """The folder of that report."""
    return reported.current / "report"


def number_of(text: str, lang: str) -> float | None:
    """A printed number read back."""
    if text == "–":
        return None
    return float(text.replace(".", "").replace(",", ".") if lang == "vi" else text.replace(",", ""))


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in book.sheet_names}  # fmt: skip


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_number_in_workbook_page_and_word_is_that_of_the_parquet(
    told: Path, released: Toy, lang: str
) -> None:
    release = released.project.current
    scores = pq.read_table(release / "scores.parquet").to_pandas()
    scores = scores[(scores["edition"] == "2022") & (scores["level"] == "index")]
    expected = {row[f"province_name_{lang}"]: row for _, row in scores.iterrows()}
    sheet = sheets_of(told / lang / "annual_tables.xlsx")["ranking"][HEAD + 1 :]
    page = Tables((told / lang / "report.html").read_text("utf-8")).tables["ranking"][1:]
    document = docx.Document(str(told / lang / "annual_tables.docx"))
    word = [[cell.text for cell in row.cells] for row in document.tables[0].rows][1:]
    assert len(page) == len(word) == len(expected)
    for i, printed in enumerate(page):
        row = expected[printed[1]]
        assert sheet[i][1] == word[i][1] == printed[1]
        for j, key in ((0, "rank"), (3, "score")):
            wanted = None if pd.isna(row[key]) else round(float(row[key]), 2)
            for found in (number_of(printed[j], lang), number_of(word[i][j], lang),
                          None if sheet[i][j] == "–" else sheet[i][j]):  # fmt: skip
                assert found == wanted


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_table_says_the_same_in_every_file(told: Path, released: Toy, lang: str) -> None:
    reader = reader_of(released.root, lang)
    main_ones = main_tables(reader)
    sheets = sheets_of(told / lang / "annual_tables.xlsx")
    page = Tables((told / lang / "report.html").read_text("utf-8")).tables
    word = iter(docx.Document(str(told / lang / "annual_tables.docx")).tables)
    for table in [*main_ones, *further_tables(reader)]:
        rows = sheets[table.name][HEAD : HEAD + 1 + len(table.rows)]
        assert [str(c) for c in rows[0]][: len(table.columns)] == [c.title for c in table.columns]
        for cells, row in zip(rows[1:], table.rows, strict=True):
            for found, cell, column in zip(cells, row, table.columns, strict=False):
                if isinstance(cell, str):
                    assert str(found) == cell
                else:
                    assert found == ("–" if cell is None else rounded(cell, column))
        if table in main_ones and table.rows:
            assert page[table.name][1:] == table.shown(lang)
            assert [[c.text for c in row.cells] for row in next(word).rows][1:] == table.shown(lang)


def test_numbers_are_written_as_the_language_writes_them() -> None:
    column = Column("x", "", 1)
    assert shown(1234.5, column, "vi") == "1.234,5"
    assert shown(1234.5, column, "en") == "1,234.5"
    assert shown(None, column, "vi") == "–"
    assert shown(-0.04, column, "vi") == "0,0"
    assert rounded(0.125, Column("x", "", 2)) == float(shown(0.125, Column("x", "", 2), "en"))


@pytest.fixture(scope="module")
def gapped(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A toy in which Sóc Trăng lacks half of the weight of the index."""
    toy = Toy(tmp_path_factory.mktemp("gapped") / "toy")
    toy.edit("raw/synthetic_labour.csv", '94,"20,0",200', "94,..,200")
    toy.edit("raw/sources.yml", "province: {column: province, by: code}",
             'province: {column: province, by: code}\n    missing: {"..": M}')  # fmt: skip
    toy.index()
    return toy


def test_an_unranked_province_stands_last_with_its_reason_and_without_a_number(
    gapped: Toy,
) -> None:
    reader = reader_of(gapped.root, "en")
    *ranked, last = main_tables(reader)[0].shown("en")
    name = next(row for row in reader.index if row["province_code"] == "94")["province_name_en"]
    assert last[:2] + last[3:4] == ["–", name, "–"]
    assert last[-1] == "The province has too little data to be ranked"
    assert all(row[0] != "–" and row[-1] == "" for row in ranked)
    assert any(line.startswith("Not ranked (1): ") and name in line for line in findings(reader))


def test_what_a_province_lacks_is_a_dash_a_status_and_a_supplier(gapped: Toy) -> None:
    reader = reader_of(gapped.root, "vi")
    page = Tables(page_html(Profiles(reader).page("94"), reader))
    row = next(r for r in page.tables["indicators"] if r[0] == "Tỷ lệ qua đào tạo")
    assert [row[1], row[4], row[5], row[6]] == ["–", "M", "–", "–"]
    lacking = {r[0]: r[1:] for r in page.tables["missing"][1:]}
    assert lacking["Tỷ lệ qua đào tạo"][1] == "nobody"  # the producer of the others' figures
    assert page.tables["nodes"][1][2:4] == ["–", "–"]
    rows = {row[0]: row for row in gaps(reader).shown("vi")}
    assert rows["Sóc Trăng"][-1] == "Tỷ lệ qua đào tạo"
    assert page.tables["steps"] == []


def test_a_tie_shares_the_better_rank_and_goes_by_the_alphabet(released: Toy) -> None:
    reader = reader_of(released.root, "vi")
    ranked = [dict(row) for row in reader.index if row["rank"] is not None]
    first, second, third = ranked[:3]
    second |= {"rank": 1, "score": first["score"], "province_name_vi": "Đà Nẵng"}
    first["province_name_vi"] = "Đắk Lắk"
    reader.index = sorted([third, first, second], key=by_rank("vi"))
    assert [row[:2] for row in main_tables(reader)[0].shown("vi")] == [
        ["1", "Đà Nẵng"], ["1", "Đắk Lắk"], ["3", third["province_name_vi"]],
    ]  # fmt: skip
    assert findings(reader)[0].startswith("Đà Nẵng, Đắk Lắk cùng đứng đầu 3 tỉnh")


def test_provinces_are_named_in_vietnamese_order(shipped: Path) -> None:
    names = list(reader_of(shipped, "vi").names.values())
    assert names[:3] == ["An Giang", "Bà Rịa - Vũng Tàu", "Bạc Liêu"]
    assert names.index("Cà Mau") < names.index("Đà Nẵng") < names.index("Điện Biên")
    assert names.index("Đồng Tháp") < names.index("Gia Lai") < names.index("Yên Bái")


def test_a_release_without_intervals_says_so(released: Toy, told: Path) -> None:
    reader = reader_of(released.root, "en")
    assert not reader.has_intervals
    assert "no intervals" in (told / "en/report.html").read_text("utf-8")


def test_intervals_of_a_release_are_in_its_tables_and_findings(shipped: Path) -> None:
    reader = reader_of(shipped, "en")
    assert reader.has_intervals
    names = {table.name: table for table in main_tables(reader)}
    intervals = {row["province_code"]: row for row in reader.rows(
        "select * from intervals where edition = $edition and node = 'index'")}  # fmt: skip
    code_of = {name: code for code, name in reader.names.items()}
    for row in names["robustness"].rows:
        one = intervals[code_of[str(row[1])]]
        assert row[2:5] == [one[f"rank_{end}"] for end in ("low", "median", "high")]
    headings = [column.heading for column in names["ranking"].columns]
    low = headings.index("Rank, better end")
    for row, published in zip(names["ranking"].rows, reader.index, strict=True):
        assert row[low : low + 2] == [published["rank_low"], published["rank_high"]]
    assert names["drivers"].rows
    assert names["alone"].rows
    flagged = reader.rows("select * from checks where edition = $edition and is_flagged")
    assert len(names["audit"].rows) == len(flagged)
    assert "places wide" in " ".join(findings(reader))


def test_a_page_needs_no_network_and_runs_no_script(told: Path) -> None:
    pages = [*told.rglob("*.html")]
    assert len(pages) == 2 * (1 + 6)
    for path in pages:
        found = Tables(path.read_text("utf-8"))
        assert not {"script", "iframe", "link", "object"} & set(found.tags)
        for address in found.addresses:
            if address.startswith("profiles/"):
                assert (path.parent / address).is_file()
            else:
                assert address.startswith(("#", "data:image/svg+xml;base64,", "http"))
        assert 'src="http' not in path.read_text("utf-8")


def test_text_of_the_data_is_no_markup_and_no_formula(released: Toy, tmp_path: Path) -> None:
    reader = reader_of(released.root, "en")
    evil = ['=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "#pagebreak() $x$ @y"]
    table = Table("evil", "<b>bold</b>", [Column("=1+1")], [[text] for text in evil], evil)
    page = Page("evil", "en", "evil", [table])
    assert "<script" not in page_html(page, reader)
    write_workbook(tmp_path / "evil.xlsx", reader, [table], ["=cover"])
    with zipfile.ZipFile(tmp_path / "evil.xlsx") as book:
        assert not any(b"<f>" in book.read(n) for n in book.namelist() if "worksheets" in n)
    (tmp_path / "room").mkdir()
    write_pdf(tmp_path / "evil.pdf", tmp_path / "room", [page], reader)
    text = "".join(p.extract_text() for p in pypdf.PdfReader(tmp_path / "evil.pdf").pages)
    assert "#pagebreak() $x$ @y" in text


def test_the_text_of_a_pdf_is_vietnamese(told: Path, released: Toy) -> None:
    text = "\n".join(p.extract_text() for p in pypdf.PdfReader(told / "vi/report.pdf").pages)
    plain = re.sub(r"\s+", " ", text)
    for words in ("Những điểm chính", "Điểm theo trụ cột", "Xếp hạng các tỉnh", "Cần Thơ"):
        assert words in plain
    profiles = pypdf.PdfReader(told / "vi/profiles.pdf")
    assert len(profiles.pages) >= 6


def test_the_workbook_has_a_sheet_per_table_without_merged_cells(told: Path) -> None:
    path = told / "vi/annual_tables.xlsx"
    sheets = sheets_of(path)
    listed = [row[0] for row in sheets["Mục lục"][1:]]
    assert listed == list(sheets)[3:]
    with zipfile.ZipFile(path) as book:
        for name in book.namelist():
            if name.startswith("xl/worksheets/sheet"):
                content = book.read(name)
                assert b"mergeCell" not in content
    for name in listed:
        assert any("Nguồn:" in str(row[0]) for row in sheets[name]), name


def test_the_same_release_gives_the_same_bytes(told: Path, released: Toy, tmp_path: Path) -> None:
    write_language(tmp_path, released.project.current, "2022", released.project.reference, "en")
    before = store.list_files(told / "en")
    assert store.list_files(tmp_path / "en") == before
    assert len(before) > 20


def test_the_data_of_a_chart_lie_beside_it(told: Path, released: Toy) -> None:
    reader = reader_of(released.root, "vi")
    with (told / "vi/charts/ranking.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    ranked = [row for row in reader.index if row["rank"] is not None]
    assert [float(row["Điểm"]) for row in rows] == [row["score"] for row in ranked]
    for path in (told / "vi/charts").glob("*.csv"):
        assert path.with_suffix(".svg").is_file()
        assert path.with_suffix(".png").is_file()


@pytest.mark.parametrize("scheme", ["63", "34"])
def test_every_province_has_one_tile_and_none_covers_another(scheme: str) -> None:
    tiles = load_tiles(REFERENCE, scheme)
    codes = [tile["province_code"] for tile in tiles if not tile["islands"]]
    assert sorted(codes) == sorted(load_reference(REFERENCE).codes(scheme))
    places = [(tile["row"], tile["column"]) for tile in tiles]
    assert len(set(places)) == len(places)
    islands = {tile["islands"]: tile["province_code"] for tile in tiles if tile["islands"]}
    assert islands == {"Hoàng Sa": "48", "Trường Sa": "56"}


def test_a_next_step_is_what_the_steps_of_the_index_make_of_it(released: Toy) -> None:
    reader = reader_of(released.root, "en")
    found = next_steps(reader, read_panel(reader.con, "2022"))
    # weights in the index 1/2, 1/3, 1/6: ten points more of the first are five of the index
    gains = {row["indicator"]: row["gain"] / (row["new_score"] - row["score"])
             for row in found["92"]}  # fmt: skip
    expected = {"trained_share": 1 / 2, "new_per_10000": 1 / 3, "gi_per_million": 1 / 6}
    assert gains == pytest.approx(expected)
    assert all(row["new_score"] - row["score"] <= RAISE + 1e-9 for row in found["92"])


def test_verify_tells_when_a_file_of_the_report_is_touched(
    reported: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    verify = ["verify", "--root", str(reported.root), "--lang", "en"]
    assert main(verify) == 0
    page = reported.current / "report/vi/report.html"
    whole = page.read_text("utf-8")
    page.write_text(whole + " ", "utf-8")
    assert main(verify) == 3
    page.write_text(whole, "utf-8")
    assert "report is not as it was written" in capsys.readouterr().err
    assert main(verify) == 0


def test_a_report_takes_the_place_of_the_one_before_and_goes_with_its_release(
    tmp_path: Path,
) -> None:
    for name in ("releases/one", "first/vi", "second/vi"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/one")
    for name in ("first", "second"):
        (tmp_path / name / "vi/page").write_text(name)
        store.publish_report(tmp_path / name, tmp_path)
        assert (tmp_path / "current/report/vi/page").read_text() == name
        assert len(list((tmp_path / "reports").iterdir())) == 1
    assert store.is_report_whole(tmp_path / "current")
    (tmp_path / "current/report/vi/more").write_text("x")
    assert not store.is_report_whole(tmp_path / "current")


def _alive(session: int) -> list[str]:
    """The processes of a session that run; one that only waits to be counted does not."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            name, _, rest = (process / "stat").read_text().rpartition(")")
            if rest.split()[3] == str(session) and rest.split()[0] != "Z":
                found.append(name)
    return found


@pytest.mark.parametrize("is_terminal", [False, True], ids=["one process", "all of a terminal"])
def test_a_stopped_report_leaves_nothing_and_nobody_behind(
    released: Toy, tmp_path: Path, is_terminal: bool
) -> None:
    root, temporary = tmp_path / "toy", tmp_path / "temporary"
    shutil.copytree(released.root, root, symlinks=True)
    temporary.mkdir()
    running = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "report", "--root", str(root), "--lang", "en"],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"TMPDIR": str(temporary)},
        preexec_fn=heed_interrupts,  # noqa: PLW1509
    )  # fmt: skip
    assert running.stderr is not None
    assert any("English" in line for line in running.stderr)
    time.sleep(1)
    (os.killpg if is_terminal else os.kill)(running.pid, signal.SIGINT)
    assert running.wait(30) == 130
    assert "Traceback" not in running.stderr.read()
    running.stderr.close()
    deadline = time.monotonic() + 10
    while (left := _alive(running.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)  # a process that only waits for the others ends after them
    assert left == []
    assert not (root / "outputs/current/report").exists()
    assert not list((root / "outputs").glob("reports/*"))
    assert not list(temporary.iterdir())
