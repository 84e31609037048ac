"""Shared by all tests: an empty database, tables from columns, and toy projects to break."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import settings

from pipeline import store
from pipeline.cards import renew_hash
from pipeline.faults import Fault, Faults, Rejected
from pipeline.project import Project
from pipeline.run import Loaded, Result, compute, load, run_index

# The same examples in every run, so that a red test is red for everybody; another profile explores.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
TOY = Path(__file__).parent / "toy"
ROOT = Path(__file__).parents[1]
os.environ["GX_ANALYTICS_ENABLED"] = "false"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database with the arithmetic that the steps need."""
    database = store.connect()
    database.execute((store.SQL_FOLDER / "00_moments.sql").read_text("utf-8"))
    yield database
    database.close()


def given(con: duckdb.DuckDBPyConnection, table: str, **columns: Any) -> None:
    """Make a table from columns; a scalar fills its column."""
    store.put_table(con, table, pd.DataFrame(columns))


def silent(_: str, __: dict[str, Any]) -> None:
    """A progress report that says nothing."""


def passing(_: Path, __: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A publication suite that finds nothing: the real one is tested by itself."""
    return []


class Toy:
    """A copy of `tests/toy` that a test may break; hashes follow unless told otherwise."""

    def __init__(self, root: Path) -> None:
        shutil.copytree(TOY, root)
        self.root = root
        self.project = Project(root)

    def edit(self, name: str, old: str, new: str, count: int = 1) -> None:
        """Replace text that must be there in a file of the project."""
        path = self.root / name
        text = path.read_text("utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, count), "utf-8")
        self.renew(name)

    def write(self, name: str, content: str | bytes) -> None:
        """Write a whole file of the project."""
        path = self.root / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.renew(name)

    def renew(self, name: str) -> None:
        if name.startswith("raw/") and not name.endswith(".yml"):
            renew_hash(self.root, name, "en")

    def load(self) -> Loaded:
        return load(self.project, Faults(), silent)

    def compute(self) -> Any:
        """The database with every table."""
        return compute(self.load(), Faults(), silent)

    def index(self, check: Callable[..., Any] = passing) -> Result:
        return run_index(self.project, silent, check)

    def faults(self) -> list[Fault]:
        """The faults of a run that must be refused."""
        with pytest.raises(Rejected) as refused:
            compute(load(self.project, found := Faults(), silent), found, silent)
        return refused.value.faults

    def warnings(self) -> list[Fault]:
        """The warnings of a run that goes through."""
        found = Faults()
        compute(load(self.project, found, silent), found, silent)
        return found.warnings()


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    """A fresh toy project."""
    return Toy(tmp_path / "toy")
