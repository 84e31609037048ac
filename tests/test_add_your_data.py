"""The page for newcomers is walked through with its own texts, from office file to index."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
import yaml

from pipeline.__main__ import main
from pipeline.blanks import BLANK
from tests.breaking import CARDS, INDEX, VARIABLES
from tests.conftest import ROOT, Toy

PAGES = ["docs/add-your-data.md", "docs/add-your-data.vi.md"]
CODES = [0, 0, 1, 1, 1, 0, 0, 0, 0, 0]  # of the commands of the page: blanks, then an unknown name
ALIASES = "pipeline/reference/aliases.csv"
CARD = "hop_dong_2022"


def blocks_of(page: str) -> Iterator[tuple[str, str, str]]:
    """Language, file and text of each block of code of a page, in order."""
    text = (ROOT / page).read_text("utf-8")
    yield from re.findall(r"```(\w+)(?: (\S+))?\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def project(toy: Toy) -> Toy:
    """A toy project whose pillar and denominator have the names of the shipped index."""
    for name in (INDEX, VARIABLES, CARDS):
        toy.edit(name, "population_thousand", "population_avg_thousand", count=99)
    toy.edit(INDEX, "firms", "organisations", count=99)
    return toy


def fill_in(toy: Toy, body: str) -> None:
    """Put the lines of the page in place of the blanks of the draft, each under its key."""
    text = (toy.root / CARDS).read_text("utf-8")
    head, columns = body.split("    columns:\n")
    for line in head.splitlines():
        key = line.split(":")[0]
        text, n = re.subn(rf'^{key}: "\?\?\?".*$', line, text, flags=re.MULTILINE)
        assert n == 1, key
    for line in columns.splitlines():
        heading = re.match(r'      - \{column: "([^"]+)"', line)
        assert heading is not None
        text, n = re.subn(rf'^      - \{{column: "{re.escape(heading[1])}".*$', line, text,
                          flags=re.MULTILINE)  # fmt: skip
        assert n == 1, line
    assert BLANK not in text
    (toy.root / CARDS).write_text(text, "utf-8")


def apply(toy: Toy, kind: str, file: str, body: str) -> list[int]:
    """Do what a block of the page says; the exit codes of its commands."""
    path = toy.root / file
    if kind == "sh":
        commands = [shlex.split(line.removeprefix("python -m pipeline "))
                    for line in body.splitlines()]  # fmt: skip
        return [main([*command, "--root", str(toy.root)]) for command in commands]
    if file == CARDS:
        fill_in(toy, body)
    elif file == ALIASES:  # the toy has tables of its own
        path = toy.root / "reference/aliases.csv"
        path.write_text(path.read_text("utf-8") + body, "utf-8")
    elif path.exists():
        path.write_text(path.read_text("utf-8").rstrip("\n") + "\n" + body, "utf-8")
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, "utf-8")
    return []


class Passing:
    """A publication suite that finds nothing: the real one is tested by itself."""

    def __enter__(self) -> Passing:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def __call__(self, *_: object) -> list[dict[str, object]]:
        return []


def test_the_page_leads_from_an_office_file_to_an_explained_indicator(
    project: Toy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.checker.Checker", Passing)
    codes, shown = [], ""
    for kind, file, body in blocks_of(PAGES[0]):
        codes += apply(project, kind, file, body)
        shown += "".join(capsys.readouterr())
    assert codes == CODES
    assert "#63,Quảng Nm,49    Quảng Nam" in shown
    for words in ("SCH-23", "GEO-01", "6/6", "raw/so_khcn/hop_dong_2022.csv  C8  «188»"):
        assert words in shown
    card = yaml.safe_load((project.root / CARDS).read_text("utf-8"))["sources"][CARD]
    assert (card["header_row"], card["number_style"], card["delimiter"]) == (4, "vi", ";")
    assert (card["ends_at"], card["missing"]) == (["Ghi chú:"], {"-": "M"})


def test_both_pages_hold_the_same_blocks_but_for_remarks() -> None:
    english, vietnamese = (
        [(kind, file, re.sub(r"\s+#.*", "", body)) for kind, file, body in blocks_of(page)]
        for page in PAGES
    )
    assert english == vietnamese
