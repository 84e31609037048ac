"""Shared by all tests: an empty database, tables from columns, and toy projects to break."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import settings

from pipeline import contract, store
from pipeline.cards import renew_hash
from pipeline.escape import visible
from pipeline.faults import Fault, Faults, Place, Rejected, explain_fault, shown
from pipeline.language import LANGUAGES, Words
from pipeline.project import Project
from pipeline.run import Loaded, Result, compute, load, run_index
from tests.building import Example

# The same examples in every run, so that a red test is red for everybody; another profile explores.
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))
TOY = Path(__file__).parent / "toy"
ROOT = Path(__file__).parents[1]
os.environ["GX_ANALYTICS_ENABLED"] = "false"


LACKING: list[str] = []  # faults of the running test that do not say all they should
NO_VALUE = {"HDR-13", "HDR-16"}  # no row is there, no sheet is declared: the words say so
add_fault = Faults.add


def add_and_hold(self: Faults, rule: str, place: Place, value: Any = None, **details: Any) -> None:
    """Add a fault, and hold what it says to the contract: file, place, value, reason, remedy."""
    add_fault(self, rule, place, value, **details)
    fault = Fault(rule, place, value, details, self._room)
    if value is None and rule not in NO_VALUE:
        LACKING.append(f"{rule} at {place}: no value")
    words = {lang: explain_fault(fault, lang) for lang in LANGUAGES}
    for lang, said in words.items():
        LACKING.extend(f"{rule} at {place}: no {name} in {lang}" for name in said if not said[name])
        if visible(place.file) not in said["where"] and shown(place.file) not in said["where"]:
            LACKING.append(f"{rule} at {place}: the file is not named in {lang}")
        own = value.say(lang) if isinstance(value, Words) else value
        if shown(own) not in said["why"] + said["remedy"]:
            LACKING.append(f"{rule} at {place}: the value is not shown in {lang}")
    LACKING.extend(f"{rule}: one {name} for both" for name in ("why", "remedy")
                   if words["vi"][name] == words["en"][name])  # fmt: skip


Faults.add = add_and_hold  # type: ignore[method-assign]

check_afresh = contract.check_contract
VERDICTS: dict[tuple[str, bytes], list[str]] = {}


def check_once(table: str, frame: pd.DataFrame, limit: int = 5) -> list[str]:
    """The contract of a table, checked once for a frame: most toys differ in a few tables."""
    key = (table, hashlib.sha256(pickle.dumps((frame, limit), protocol=5)).digest())
    if key not in VERDICTS:
        VERDICTS[key] = check_afresh(table, frame, limit)
    return VERDICTS[key]


contract.check_contract = check_once


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Every fault that any test meets says what, where and what to do, in both languages."""
    LACKING.clear()
    result = yield
    assert not LACKING, LACKING
    return result


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database with the arithmetic that the steps need."""
    database = store.connect()
    database.execute((store.SQL_FOLDER / "00_moments.sql").read_text("utf-8"))
    yield database
    database.close()


def heed_interrupts() -> None:
    """In a child: a job in the background of a shell is started deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture
def example(tmp_path: Path) -> Example:
    """The two tables of a small build, fresh."""
    return Example(tmp_path)


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A toy project with a release, to be read and not broken."""
    toy = Toy(tmp_path_factory.mktemp("released") / "toy")
    toy.index()
    return toy


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a release of the shipped data; nobody changes it."""
    root = tmp_path_factory.mktemp("shipped")
    shutil.copytree(ROOT / "raw", root / "raw")
    shutil.copy(ROOT / "index.yml", root)
    run_index(Project(root), silent, passing)
    return root
