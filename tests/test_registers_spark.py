"""Registers counted over Spark Connect, by Sail with workers of its own, are those counted here."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pipeline.faults import Faults
from pipeline.ingest.common import Reading
from pipeline.ingest.register import count_records
from pipeline.limits import DEFAULTS
from pipeline.provinces import load_reference
from pipeline.registers import engine as engines
from pipeline.registers import spark
from pipeline.registers.counts import RegisterCounts
from pipeline.registers.grouped import read_grouped
from pipeline.registers.spark import SparkEngine
from pipeline.registers.work import Work
from pipeline.sources import Card, Variable

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
NAMES = ["Hà Nội", "TP. Hồ Chí Minh", "  Đà Nẵng", "da nang", "HÀ NỘI", "Thừa Thiên - Huế",
         "Quảng Nam", "Nơi không có thật", "", "Bình Dương", "Huế ", 'Hà "Nội"', "Hà, Nội",
         "Hà\nNội"]  # fmt: skip
DAYS = ["2020-01-31", "2024-12-31", "2025-07-01", "2026-02-03", "31/12/2021", "05/06/2019",
        "30/02/2020", "", " ", "không rõ", "2021-02-30", "0000-01-01", " 999-01-01", "-015-02-15",
        "12345-01-01", "2031-01-01", "2020-1-05", "2020-01-05 "]  # fmt: skip
STATUS = ["granted", "lapsed", "", "granted"]
COLUMNS = ("id", "province", "granted on", "status", "note")
CARD = {"kind": "register", "use": "index", "producer": "synthetic", "title": "t", "url": "u",
        "licence": "l", "published": "2026", "accessed": "2026-11-22", "rows": "r",
        "number_style": "plain", "scheme": "63", "date_order": "dmy",
        "ignore": ["id", "granted on", "status", "note"]}  # fmt: skip
RULE = {"variable": "x", "no_record": "E", "first_year": 2015, "last_year": 2025, "tolerance": 1,
        "date": "granted on"}  # fmt: skip
WHERE = {"where": {"status": {"keep": ["granted"], "leave_out": ["lapsed"]}}}
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "dated": ({}, {}),
    "by_date": ({"scheme": "by date"}, {}),
    "undated": ({}, {"date": None}),
    "filtered": ({}, WHERE),
    "keyed": ({}, {"key": "id"}),
    "all": ({"scheme": "by date"}, {"key": "id", "undated": "counted",
            "where": {"status": {"keep": ["granted", ""], "leave_out": []}}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Iterator[SparkEngine]:
    pytest.importorskip("pysail", reason="needs the extra `scale`")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAIL_MODE", "local-cluster")
        patch.setenv("SAIL_CLUSTER__WORKER_INITIAL_COUNT", "2")
        patch.setenv("RUST_LOG", "off")
        # A worker of xdist has a main module without a file, which pyspark takes for its doctests.
        patch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
        from pysail.spark import SparkConnectServer

        server = SparkConnectServer("127.0.0.1", 0)
        server.start()
        made = SparkEngine(f"sc://127.0.0.1:{server.listening_address[1]}")
        yield made
        made.close()
        server.stop()


def _rows(n: int, seed: int) -> dict[str, list[str]]:
    """Rows of every kind; some share a key, of which some contradict each other."""
    pick = random.Random(seed)
    rows = [
        (f"S{pick.randrange(n)}" if pick.random() > 0.01 else "", pick.choice(NAMES),
         pick.choice(DAYS), pick.choice(STATUS),
         pick.choice(["a", 'b "quoted", c', "two\nlines", ""]))
        for _ in range(n)
    ]  # fmt: skip
    return dict(zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True))


def _write(root: Path, form: str, n_files: int = 3, n: int = 400) -> None:
    folder = root / "raw" / "synthetic"
    folder.mkdir(parents=True)
    for i in range(n_files):
        table = pa.table(_rows(n, i))
        if form == "csv":
            pa.csv.write_csv(table, folder / f"part {i} é%.csv")
        else:
            pq.write_table(table, folder / f"part {i} é%.parquet")


def _reading(root: Path, shape: str) -> Reading:
    card, rule = SHAPES[shape]
    given = CARD | card | {"file": "raw/synthetic", "register": RULE | rule}
    used = {
        given["register"].get("date"),
        given["register"].get("key"),
        *given["register"].get("where", {}),
    }
    given["ignore"] = [column for column in given["ignore"] if column not in used]
    made = Card.model_validate(given)
    ref, faults = load_reference(), Faults()
    variable = Variable(
        name_vi="x", name_en="x", unit="records", measure="stock", merge="sum", min=0
    )
    return Reading("synthetic", made, {"x": variable}, ref, faults)


def _read(
    root: Path, shape: str, engine: SparkEngine | None
) -> tuple[Reading, RegisterCounts | None]:
    reading = _reading(root, shape)
    counts = read_grouped(root, reading, DEFAULTS, Work(engine=engine))
    if counts is not None:
        count_records(reading)
    return reading, counts


def _rules(reading: Reading) -> list[tuple[str, str | None, str]]:
    faults = [*reading.faults.rejecting(), *reading.faults.warnings()]
    return [(fault.rule, fault.place.file, str(fault.value)) for fault in faults]


def _assert_same(root: Path, shape: str, engine: SparkEngine) -> RegisterCounts:
    here, counts = _read(root, shape, None)
    there, answer = _read(root, shape, engine)
    assert counts is not None, _rules(here)
    assert answer is not None, _rules(there)
    assert there.observed == here.observed
    assert answer.as_dict() == counts.as_dict()
    assert answer.quarantine.equals(counts.quarantine)
    assert _rules(there) == _rules(here)
    assert counts.rows > 0
    assert all(c.adds_up for c in answer.files.values())
    return answer


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_register_counted_on_many_machines_is_the_one_counted_here(
    tmp_path: Path, engine: SparkEngine, form: str, shape: str
) -> None:
    _write(tmp_path, form)
    before = engine.n_here
    counts = _assert_same(tmp_path, shape, engine)
    assert engine.n_here == before  # the engine read every file
    assert counts.quarantine.num_rows > 0


def test_columns_of_parquet_that_are_no_text_are_read_as_the_text_they_stand_for(
    tmp_path: Path, engine: SparkEngine
) -> None:
    folder = tmp_path / "raw" / "synthetic"
    folder.mkdir(parents=True)
    days = pa.array([18_000 + k for k in range(300)], pa.int32()).cast(pa.date32())
    names = pa.array(([*NAMES[:3], None] * 75)[:300])
    keys = pa.array([None if k == 7 else k // 2 for k in range(300)], pa.int64())
    typed = {"id": keys, "province": names, "status": pa.array(["granted"] * 300),
             "note": pa.array([None] * 300, pa.string())}  # fmt: skip
    for name, column in {
        "a": days,
        "b": days.cast(pa.timestamp("us")),
        "c": days.cast(pa.string()),
    }.items():
        pq.write_table(pa.table({**typed, "granted on": column}), folder / f"{name}.parquet")
    before = engine.n_here
    _assert_same(tmp_path, "all", engine)
    assert engine.n_here == before


def test_what_an_engine_may_read_otherwise_is_read_here(
    tmp_path: Path, engine: SparkEngine
) -> None:
    _write(tmp_path, "csv", n_files=1)
    folder = tmp_path / "raw" / "synthetic"
    (whole,) = folder.glob("*.csv")
    lines = whole.read_bytes()
    odd = {
        "short row.csv": lines + b"S1,Hue\n",
        "no letters.csv": lines + b"S1,H\xe0 N\xf4i,2020-01-31,granted,a\n",
        "no letters in a note.csv": lines + b"S1,Hu\xe1\xba\xbf,2020-01-31,granted,\xe0\n",
        "[x].csv": lines,
        "_hidden.csv": lines,
        "crlf.csv": lines.replace(b"two\nlines", b"two lines").replace(b"\n", b"\r\n"),
        "header only.csv": b"id,province,granted on,status,note\n",
    }
    same = {"crlf.csv", "no letters in a note.csv"}  # these engines read as we do
    for name, content in odd.items():
        (folder / name).write_bytes(content)
    times = pa.array([0] * 4, pa.timestamp("us", "Asia/Ho_Chi_Minh"))
    table = pa.table(_rows(4, 9)).set_column(2, "granted on", times)
    pq.write_table(table, folder / "zoned.parquet")
    before = engine.n_here
    _assert_same(tmp_path, "dated", engine)
    assert engine.n_here == before + len(odd) + 1 - len(same)


def test_more_files_than_a_query_takes_are_counted_in_several(
    tmp_path: Path, engine: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "BATCH", 2)
    _write(tmp_path, "csv", n_files=5, n=60)
    before = engine.n_here
    _assert_same(tmp_path, "by_date", engine)
    assert engine.n_here == before


def test_REG_08_an_engine_that_nobody_runs_stops_the_run(tmp_path: Path) -> None:
    _write(tmp_path, "csv", n_files=2, n=10)
    for address, is_master in (("sc://127.0.0.1:1", False), ("spark://127.0.0.1:1", True)):
        reading, counts = _read(tmp_path, "dated", SparkEngine(address, is_master))
        assert counts is None
        (fault,) = reading.faults.rejecting()
        assert (fault.rule, fault.place.file) == ("REG-08", "raw/synthetic")
        assert address in str(fault.value)


def test_REG_08_a_cluster_that_does_not_see_the_files_stops_the_run(
    tmp_path: Path, engine: SparkEngine
) -> None:
    _write(tmp_path, "csv", n_files=1, n=10)
    far = SparkEngine(engine.address, files_at=str(tmp_path / "elsewhere"))
    reading, counts = _read(tmp_path, "dated", far)
    assert counts is None
    assert [fault.rule for fault in reading.faults.rejecting()] == ["REG-08"]
    near = SparkEngine(engine.address, files_at=f"{tmp_path}/")
    assert _read(tmp_path, "dated", near)[1] is not None


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ([], None),
        (["--engine", "spark"], ("sc://localhost", False, None)),
        (["--engine", "spark", "--remote", "sc://a:1"], ("sc://a:1", False, None)),
        (["--engine", "spark", "--master", "spark://a:1", "--files-at", "s3a://b"],
         ("spark://a:1", True, "s3a://b")),
    ],
)  # fmt: skip
def test_the_options_say_which_engine(options: list[str], wanted: tuple[Any, ...] | None) -> None:
    parser = argparse.ArgumentParser()
    engines.declare(parser)
    made = engines.engine_of(parser.parse_args(options))
    assert wanted == (None if made is None else (made.address, made.is_master, made.files_at))
