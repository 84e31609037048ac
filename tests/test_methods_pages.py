"""The pages in docs/methods: every worked example is run, and every option is in a table."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path

import pytest

from pipeline.methods.impute import METHODS, impute
from pipeline.methods.normalise import PARAMETERS, normalise
from pipeline.methods.treat import TRANSFORMS, treat
from tests.conftest import ROOT

PAGES = sorted((ROOT / "docs" / "methods").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_worked_example_gives_the_numbers_on_the_page(page: Path, tmp_path: Path) -> None:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S))
    script = tmp_path / f"{page.stem}.txt"  # a fence would count as expected output
    script.write_text(code, "utf-8")
    found = doctest.testfile(str(script), module_relative=False, encoding="utf-8")
    assert found.failed == 0, "the report is above"
    assert found.attempted == code.count(">>> ")


def keys_in_tables(page: str) -> set[str]:
    """Everything set as code in the first two cells of the tables of a page."""
    text = (ROOT / "docs" / "methods" / f"{page}.md").read_text("utf-8")
    cells = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]
    return {key for pair in cells for cell in pair for key in re.findall(r"`(\w+)`", cell)}


def parameters_of(function: object) -> set[str]:
    return set(inspect.signature(function).parameters) - {"x", "names", "parameters"}  # type: ignore[arg-type]


def test_the_tables_name_every_option() -> None:
    assert parameters_of(treat) <= keys_in_tables("treat")
    assert parameters_of(impute) <= keys_in_tables("impute")
    own = {key for parameters in PARAMETERS.values() for key in parameters}
    assert parameters_of(normalise) | own | set(PARAMETERS) <= keys_in_tables("normalise")


@pytest.mark.parametrize(("page", "names"), [("impute", METHODS), ("treat", TRANSFORMS)])
def test_the_pages_name_every_method(page: str, names: tuple[str, ...]) -> None:
    text = (ROOT / "docs" / "methods" / f"{page}.md").read_text("utf-8")
    assert [name for name in names if f"`{name}`" not in text] == []
