"""Registers of the benchmarks: seeded, as bad as asked, in spellings that are really resolved."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks.synthetic_registers import (
    COLUMNS,
    IMPOSSIBLE,
    SCHEME,
    UNKNOWN,
    Register,
    spellings,
    write_register,
)
from pipeline.faults import Faults, Place
from pipeline.ingest.dates import read_date
from pipeline.ingest.numbers import Refused
from pipeline.provinces import Resolver, load_reference
from tests.conftest import ROOT

REF = load_reference()
N_ROWS = 20_000


def _rows(con: duckdb.DuckDBPyConnection, files: list[Path]) -> list[tuple[str | None, ...]]:
    names = [str(file) for file in files]
    if files[0].suffix == ".parquet":
        return con.read_parquet(names).fetchall()
    return con.read_csv(names, header=True, all_varchar=True).fetchall()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(
    tmp_path: Path, form: str
) -> None:
    asked = Register(N_ROWS, form, n_files=2, duplicates=0.1, day_first=0.2)  # type: ignore[arg-type]
    first, again = (write_register(tmp_path / name, asked) for name in ("a", "b"))
    other = write_register(tmp_path / "c", Register(N_ROWS, form, n_files=2, seed=7))  # type: ignore[arg-type]
    assert [f.read_bytes() for f in first] == [f.read_bytes() for f in again]
    assert [f.read_bytes() for f in first] != [f.read_bytes() for f in other]
    assert all(f.name.startswith("synthetic_register_") for f in first)


def test_the_bytes_hang_on_no_number_of_threads(tmp_path: Path) -> None:
    code = ("import sys; from pathlib import Path; import duckdb; from benchmarks import "
            "synthetic_registers as s; connect = duckdb.connect\n"
            "def threaded(config):\n    return connect(config=config | {'threads': sys.argv[2]})\n"
            "duckdb.connect = threaded\n"
            "s.write_register(Path(sys.argv[1]), s.Register(300_000, 'parquet'))")  # fmt: skip
    found = set()
    for threads in ("1", "4"):
        command = [sys.executable, "-c", code, str(tmp_path / threads), threads]
        subprocess.run(command, check=True, cwd=ROOT)
        found.add((tmp_path / threads / "synthetic_register.parquet").read_bytes())
    assert len(found) == 1


def test_the_register_is_the_same_however_many_files_it_is_cut_into(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    one = write_register(tmp_path / "one", Register(1_001, duplicates=0.1))
    three = write_register(tmp_path / "three", Register(1_001, n_files=3, duplicates=0.1))
    assert _rows(con, one) == _rows(con, three)
    assert [len(_rows(con, [f])) for f in three] == [333, 334, 334]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3])
def test_as_many_rows_are_bad_as_asked(
    tmp_path: Path, con: duckdb.DuckDBPyConnection, share: float
) -> None:
    rows = _rows(con, write_register(tmp_path, Register(N_ROWS, bad=share)))
    kinds = [
        sum(row[1] in UNKNOWN for row in rows),
        sum(row[2] in IMPOSSIBLE for row in rows),
        sum(row[1] is None for row in rows),
        sum(row[2] is None for row in rows),
    ]
    spread = 5 * (share * N_ROWS) ** 0.5  # five standard deviations of a count
    assert abs(sum(kinds) - share * N_ROWS) <= spread
    assert all(abs(kind - share * N_ROWS / 4) <= spread for kind in kinds)
    assert share == 0 or min(kinds) > 0


def test_a_repeated_row_is_the_whole_of_another_row(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    rows = _rows(con, write_register(tmp_path, Register(N_ROWS, duplicates=0.05)))
    distinct = set(rows)
    assert len({row[0] for row in rows}) == len(distinct)
    assert N_ROWS - len(distinct) == pytest.approx(0.05 * N_ROWS, rel=0.2)


def test_days_are_ISO_but_for_the_share_asked(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    rows = _rows(con, write_register(tmp_path, Register(N_ROWS, bad=0, day_first=0.25)))
    day_first = [row[2] for row in rows if row[2] is not None and row[2][2] == "/"]
    assert len(day_first) == pytest.approx(0.25 * N_ROWS, rel=0.2)
    read = {read_date(row[2], "dmy") for row in rows}
    assert not any(isinstance(day, Refused) for day in read)
    assert {"2010", "2024"} <= {day.text[:4] for day in read if not isinstance(day, Refused)}


def test_each_spelling_resolves_and_each_unknown_and_impossible_text_does_not() -> None:
    found = spellings(REF)
    resolver = Resolver(REF, Faults())
    for text, code in found.items():
        resolved = resolver.by_name(text, SCHEME, Place("synthetic"))
        assert resolved is not None
        assert resolved.code == code
    assert set(found.values()) == set(REF.codes(SCHEME))
    assert {"HÀ NỘI", "Ha Noi", "TỈNH LÀO CAI", "TP. Ho Chi Minh", "Lào  Cai"} <= set(found)
    assert {text for text in found if text != text.strip()} != set()
    assert all(resolver.by_name(text, SCHEME, Place("x")) is None for text in UNKNOWN)
    assert all(isinstance(read_date(text), Refused) for text in IMPOSSIBLE)


def test_a_register_written_from_the_command_line_has_the_five_columns(tmp_path: Path) -> None:
    command = [sys.executable, "benchmarks/synthetic_registers.py", str(tmp_path), "--rows", "10"]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    head = (tmp_path / "synthetic_register.csv").read_text("utf-8").splitlines()[0]
    assert head == ",".join(COLUMNS)
    assert done.stdout.startswith("10 rows, ")
