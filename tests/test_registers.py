"""Registers of any size: the query against a reading row by row, and what becomes of every row."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline import store
from pipeline.limits import Limits
from pipeline.registers import grouped
from pipeline.registers import parts as cutting
from pipeline.registers.files import common_hash, find_files, is_grouped
from pipeline.registers.work import Work
from pipeline.run import run_index
from tests.breaking import the_fault
from tests.conftest import Toy, passing, silent
from tests.registers import (
    HEADER,
    Oracle,
    Rows,
    card,
    figures,
    read,
    write_csv,
    write_parquet,
)

NAMES = ["Hà Nội", "HÀ NỘI", "ha noi", "Tỉnh Cà Mau", "Ca Mau", "Đắk Lắk ", " Nghệ An", "Cả nước",
         "Nowhere", "Hà  Giang", "Bình Dương", "Vĩnh Phúc", ""]  # fmt: skip
DAYS = ["2019-05-01", "2020-12-31", "2021-01-01", "2022-06-15", "2022-06-15", "2021-02-30",
        "2021-2-3", "2023-01-01", "", "2030-01-01", " 2020-01-01 ", "2020", "2020-07", "0021-01-05",
        "2021-01-05 (BC)", "12021-01-05", "2021/01/05", "infinity", "-015-02-15", " 999-01-01",
        "31/12/2020", "05/06/2021", "2020-02-02 00:00:00"]  # fmt: skip
STATUSES = ["in force", "in force", "in force", "lapsed", "pending", ""]
WHERE = {"status": {"keep": ["in force"], "leave_out": ["lapsed", ""]}}


def rows_of(seed: int, n: int = 600, odd: float = 0.3) -> Rows:
    """Seeded rows: mostly plain ones, some with every oddity."""
    rng = random.Random(seed)
    rows: Rows = []
    for _ in range(n):
        wild = rng.random() < odd
        name = rng.choice(NAMES if wild else NAMES[:7])
        day = rng.choice(DAYS if wild else DAYS[:5])
        rows.append([f"k{rng.randrange(n)}" if rng.random() < 0.9 else "", name, day,
                     rng.choice(STATUSES)])  # fmt: skip
    return rows


def agrees(root: Path, own: Any, files: dict[str, Rows], measure: str = "stock") -> None:
    """The reading of a card is that of the oracle: figures, reasons, and rows set aside."""
    reading, counts = read(root, own, measure)
    oracle = Oracle(own, files)
    assert counts is not None
    assert figures(reading) == oracle.figures(measure == "stock")
    apart = [(r["file"], r["row"], r["rule"]) for r in counts.quarantine.to_pylist()]
    assert apart == sorted(oracle.apart, key=lambda r: (list(files).index(r[0]), r[1]))
    filtered = sum((c.filtered for c in counts.files.values()), start=type(oracle.filtered)())
    assert filtered == oracle.filtered
    assert sum(c.used for c in counts.files.values()) == len(oracle.used)
    assert all(c.adds_up for c in counts.files.values())
    n_rows = {name: c.rows for name, c in counts.files.items()}
    assert n_rows == {name: len(rows) for name, rows in files.items()}


CARDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "undated counted": {"register": {"undated": "counted"}},
    "filtered": {"register": {"where": WHERE}},
    "by key": {"register": {"key": "id"}},
    "all of it": {"register": {"where": WHERE, "key": "id", "undated": "counted"},
                  "date_order": "dmy", "province": {"column": "province", "blank": "foreign"}},
    "day first": {"date_order": "dmy"},
    "no date": {"register": {"date": None, "first_year": None, "last_year": None}},
}  # fmt: skip


@pytest.mark.parametrize("form", ["csv", "crlf", "parquet"])
@pytest.mark.parametrize("name", [name for name in CARDS if name != "no date"])
def test_a_register_is_read_as_row_by_row(tmp_path: Path, name: str, form: str) -> None:
    for seed in range(3):
        rows = rows_of(seed)
        file = f"raw/synthetic_{seed}.{'parquet' if form == 'parquet' else 'csv'}"
        if form == "parquet":
            write_parquet(tmp_path / file, rows)
        else:
            write_csv(tmp_path / file, rows, "\r\n" if form == "crlf" else "\n")
        agrees(tmp_path, card(file, **CARDS[name]), {file: rows})


def test_a_flow_holds_the_records_of_each_year_alone(tmp_path: Path) -> None:
    rows = rows_of(1)
    write_csv(tmp_path / "raw/synthetic.csv", rows)
    agrees(tmp_path, card("raw/synthetic.csv"), {"raw/synthetic.csv": rows}, "flow")


def test_a_register_without_dates_counts_every_record_once(tmp_path: Path) -> None:
    rows = [[str(i), name, "", ""] for i, name in enumerate(["Hà Nội", "ha noi", "Cà Mau"])]
    write_csv(tmp_path / "raw/synthetic.csv", rows)
    reading, _ = read(tmp_path, card("raw/synthetic.csv", **CARDS["no date"]))
    assert figures(reading) == {("01", None): 2, ("96", None): 1}


def test_names_are_those_of_the_scheme_in_force_on_the_date(tmp_path: Path) -> None:
    days = ["2024-12-31", "2025-06-30", "2025-07-01", "2025-12-01", ""]
    names = ["Bình Dương", "Thành phố Hồ Chí Minh", "Vĩnh Phúc", "Hà Nội"]
    rows: Rows = [["", name, day, ""] for name in names for day in days]
    write_csv(tmp_path / "raw/s.csv", rows)
    write_parquet(tmp_path / "raw/s.parquet", rows)
    found = []
    for file in ("raw/s.csv", "raw/s.parquet"):
        own = card(file, "by date", accessed="2026-01-01",
                   register={"last_year": 2025, "undated": "counted"})  # fmt: skip
        reading, counts = read(tmp_path, own)
        assert counts is not None
        # Two names are no province any more from July 2025 on: two days each.
        assert [r["rule"] for r in counts.quarantine.to_pylist()] == ["GEO-07"] * 4
        found.append(figures(reading))
    assert found[0] == found[1]
    assert found[0]["79", 2025] == 5 + 3  # with the records of Bình Dương before July 2025
    assert found[0]["74", 2024] == 2


def test_a_record_of_several_provinces_counts_in_each_and_once_where_they_merge(
    tmp_path: Path,
) -> None:
    rows: Rows = [["", "Quảng Nam | Đà Nẵng", "2020-01-01", ""]] * 5
    rows.append(["", "Đà Nẵng", "2020-01-01", ""])
    write_csv(tmp_path / "raw/s.csv", rows)
    own = card("raw/s.csv", province={"column": "province", "separator": " | "})
    reading, _ = read(tmp_path, own)
    assert figures(reading)["48", 2022] == 6
    assert figures(reading)["49", 2022] == 5
    shared = [s for s in reading.shared if s["year"] == 2022]
    assert {(s["province_code"], s["n"]) for s in shared} == {("48", 5), ("49", 5)}
    assert len({s["record"] for s in shared}) == 1


def test_a_folder_is_read_file_by_file_and_its_pattern_says_which(tmp_path: Path) -> None:
    files = {f"raw/reg/synthetic_{k}.csv": rows_of(k, 50) for k in range(5)}
    for name, rows in files.items():
        write_csv(tmp_path / name, rows)
    write_parquet(tmp_path / "raw/reg/other.parquet", rows_of(9, 50))
    agrees(tmp_path, card("raw/reg", register={"files": "*.csv", "key": "id"}), files)
    mixed = {"raw/reg/other.parquet": rows_of(9, 50)} | files
    agrees(tmp_path, card("raw/reg", register={"key": "id"}), mixed)


def test_quoted_cells_may_hold_delimiters_quotes_and_line_ends(tmp_path: Path) -> None:
    rows: Rows = [["a\nb", "Hà Nội", "2020-01-01", 'say "yes", or\r\nno']] * 3
    rows += [["c", "No\nwhere", "2020-01-01", ","], ["", "Cà Mau", "2020-01-01", '"']]
    write_csv(tmp_path / "raw/s.csv", rows)
    agrees(tmp_path, card("raw/s.csv"), {"raw/s.csv": rows})


def test_a_file_is_cut_between_rows_wherever_the_cuts_fall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[cell and cell + "\n,\"" * (j == 0 and i % 3 == 0) for j, cell in enumerate(row)]
            for i, row in enumerate(rows_of(4, 400))]  # fmt: skip
    write_csv(tmp_path / "raw/s.csv", rows)
    own = card("raw/s.csv")
    for size in (64, 200, 1_000):
        monkeypatch.setattr(cutting, "PART_BYTES", size)
        monkeypatch.setattr(cutting, "SAMPLE_BYTES", 48)
        _, first = cutting.read_header(tmp_path / "raw/s.csv", ",")
        found = cutting.cut(tmp_path / "raw/s.csv", first, 2)
        assert len(found) > 3
        assert found[0].start == first
        assert [p.end for p in found[:-1]] == [p.start for p in found[1:]]
        agrees(tmp_path, own, {"raw/s.csv": rows})


def test_lines_that_are_no_rows_are_set_aside_and_the_rows_after_them_keep_their_numbers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "raw/s.csv"
    write_csv(path, [["1", "Hà Nội", "2020-01-01", "x"]])
    with path.open("ab") as handle:
        handle.write(b"2,H\xc3\xa0 N\xe1\xbb\x99i\n3,Nowhere,2020-01-01,x\n4,a,b,c,d,e\n")
        handle.write(b"5,Nowhere,2020-01-01,x\n6,\xff\xfe,2020-01-01,x\n7,Nowhere,2020-01-01,x\n")
    _, counts = read(tmp_path, card("raw/s.csv"))
    assert counts is not None
    found = [(r["row"], r["rule"]) for r in counts.quarantine.to_pylist()]
    assert found == [(3, "REG-04"), (4, "GEO-01"), (5, "REG-04"), (6, "GEO-01"), (7, "REG-04"),
                     (8, "GEO-01")]  # fmt: skip
    own = counts.files["raw/s.csv"]
    assert (own.rows, own.used, dict(own.filtered)) == (7, 1, {})
    assert own.quarantined == {"GEO-01": 3, "REG-04": 3}


def test_typed_columns_of_parquet_are_read_as_their_text(tmp_path: Path) -> None:
    con = store.connect()
    (tmp_path / "raw").mkdir()
    for kind in ("date", "timestamp", "varchar"):
        con.execute(
            f"copy (select i as id, 'Hà Nội' as province, cast(date '2019-06-01' + cast(i * 100 as"
            f" integer) as {kind}) as granted, i % 2 as status from range(10) as t(i))"
            f" to '{tmp_path}/raw/{kind}.parquet' (format parquet)"
        )
    con.close()
    where = {"status": {"keep": ["0"], "leave_out": ["1"]}}
    found = [figures(read(tmp_path, card(f"raw/{kind}.parquet", register={"where": where}))[0])
             for kind in ("date", "timestamp", "varchar")]  # fmt: skip
    by_year = {2019: 2, 2020: 3, 2021: 5, 2022: 5}
    assert found == [{("01", year): n for year, n in by_year.items()}] * 3


def test_the_locator_is_the_filter_that_finds_the_records(tmp_path: Path) -> None:
    rows: Rows = [["", "Hà Nội", "2020-01-01", ""], ["", "HÀ NỘI", "2021-01-01", ""]]
    write_csv(tmp_path / "raw/s.csv", rows)
    reading, _ = read(tmp_path, card("raw/s.csv"))
    (found,) = [r for r in reading.observed if r["province_code"] == "01" and r["year"] == 2021]
    assert found["locator"] == '"province" in ["HÀ NỘI", "Hà Nội"] and "granted" <= 2021'
    assert found["raw"] == "2 records"
    assert {r["locator"] for r in reading.observed if not r["value"]} == {"no record"}


# What is kept of an earlier run.


def observed_of(root: Path, own: Any, work: Work) -> tuple[list[dict[str, Any]], Any]:
    reading, counts = read(root, own, work=work)
    assert counts is not None
    return reading.observed, counts.quarantine.to_pylist()


def test_one_changed_file_of_many_is_the_only_one_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k in range(6):
        write_csv(tmp_path / f"raw/reg/{k}.csv", rows_of(k, 40))
    own, cache = card("raw/reg"), tmp_path / "cache"
    first = observed_of(tmp_path, own, Work(cache=cache, is_kept=True))
    names = []
    opened = grouped._opened

    def noted(file: Any, *rest: Any) -> Any:
        names.append(file.name)
        return opened(file, *rest)

    monkeypatch.setattr(grouped, "_opened", noted)
    assert observed_of(tmp_path, own, Work(cache=cache, is_kept=True)) == first
    assert names == []
    write_csv(tmp_path / "raw/reg/3.csv", rows_of(33, 40))
    changed = observed_of(tmp_path, own, Work(cache=cache, is_kept=True))
    assert names == ["raw/reg/3.csv"]
    assert changed == observed_of(tmp_path, own, Work())
    names.clear()
    other = card("raw/reg", register={"undated": "counted"})
    observed_of(tmp_path, other, Work(cache=cache, is_kept=True))
    assert len(names) == 6  # another card is another question


def test_a_damaged_result_is_found_and_made_again(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/s.csv", rows_of(1, 40))
    own, cache = card("raw/s.csv"), tmp_path / "cache"
    first = observed_of(tmp_path, own, Work(cache=cache, is_kept=True))
    (kept,) = cache.iterdir()
    whole = kept.read_bytes()
    for damage in (whole[:-1], b"", bytes([whole[0] ^ 1]) + whole[1:]):
        kept.write_bytes(damage)
        assert observed_of(tmp_path, own, Work(cache=cache)) == first  # read only: left as it is
        assert kept.read_bytes() == damage
        assert observed_of(tmp_path, own, Work(cache=cache, is_kept=True)) == first
        assert kept.read_bytes() != damage


def test_a_finished_run_forgets_what_no_register_asked_for(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/s.csv", rows_of(1, 40))
    for seed in (1, 2):
        write_csv(tmp_path / "raw/s.csv", rows_of(seed, 40))
        work = Work(cache=tmp_path / "cache", is_kept=True)
        observed_of(tmp_path, card("raw/s.csv"), work)
    assert len(list((tmp_path / "cache").iterdir())) == 2
    work.close()
    assert list((tmp_path / "cache").iterdir()) == list(work.used)


# Rules.


def refused(root: Path, own: Any) -> list[Any]:
    reading, _ = read(root, own)
    return reading.faults.sorted()


def test_REG_01_unusable_rows_above_the_tolerance_refuse_the_run_and_the_first_of_each_is_told(
    tmp_path: Path,
) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""]] * 8
    rows += [["2", "Nowhere", "2020-01-01", ""], ["3", "Nowhere", "2020-01-01", ""],
             ["4", "Cà Mau", "2021-02-30", ""]]  # fmt: skip
    write_csv(tmp_path / "raw/s.csv", rows)
    own = card("raw/s.csv", register={"tolerance": 0.2})
    found = refused(tmp_path, own)
    assert the_fault(found, "REG-01", "raw/s.csv", value=3).kind == "reject"
    the_fault(found, "GEO-01", "raw/s.csv", 10, value="Nowhere")
    the_fault(found, "DAT-02", "raw/s.csv", 12, value="2021-02-30")
    assert len(found) == 3


def test_REG_02_unusable_rows_within_the_tolerance_are_a_warning(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""]] * 8 + [["2", "Nowhere", "2020-01-01", ""]]
    write_csv(tmp_path / "raw/s.csv", rows)
    (found,) = refused(tmp_path, card("raw/s.csv", register={"tolerance": "1/9"}))
    assert the_fault([found], "REG-02", "raw/s.csv", value=1).kind == "warn"


def test_REG_03_a_grouped_register_is_csv_or_parquet_and_nothing_else(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/s.csv", rows_of(1, 5))
    (found,) = refused(tmp_path, card("raw/s.csv", encoding="cp1258"))
    the_fault([found], "REG-03", "raw/s.csv", value="encoding")
    (tmp_path / "raw/s.xlsx").write_bytes(b"PK")
    (found,) = refused(tmp_path, card("raw/s.xlsx"))
    the_fault([found], "REG-03", "raw/s.xlsx", value=".xlsx")


def test_REG_04_a_line_that_is_no_row_is_told_with_its_number(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/s.csv").write_text(",".join(HEADER) + "\n1,Hà Nội,2020-01-01,x\n2,a\n")
    found = refused(tmp_path, card("raw/s.csv", register={"tolerance": 0}))
    the_fault(found, "REG-04", "raw/s.csv", 3, value="missing columns: 2,a")


def test_a_quote_that_is_not_closed_is_never_tolerated(tmp_path: Path) -> None:
    path = tmp_path / "raw/s.csv"
    write_csv(path, [["1", "Hà Nội", "2020-01-01", "x"]] * 50)
    path.write_bytes(path.read_bytes() + b'2,"open,2020-01-01,x\n3,b,2020-01-01,x\n')
    (found, *_) = refused(tmp_path, card("raw/s.csv"))
    assert (found.rule, found.kind) == ("REG-01", "reject")


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"PK\x03\x04\n\n", "SEC-16"),
        (b"\xff\xfei\x00d\x00", "REG-04"),
        (b"id,province,granted,status", "HDR-13"),
        (b"id,province,granted,status\r1,a,2020-01-01,x\r", "HDR-13"),
        (b"id,province,granted,status\n1,a,2020,x\n2,a,2020,x\r\n3,a,2020,x\n", "REG-04"),
        (b"id;province;granted;status\n1;a;2020;x\n", "HDR-08"),
    ],
)
def test_a_file_that_is_no_table_of_the_card_is_refused(
    tmp_path: Path, raw: bytes, rule: str
) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/s.csv").write_bytes(raw)
    assert rule in {f.rule for f in refused(tmp_path, card("raw/s.csv")) if f.kind == "reject"}


def test_REG_05_a_value_that_the_filter_does_not_know_is_refused(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", "pending"], ["2", "Hà Nội", "2020-01-01", "lapsed"]]
    for file, write in (("raw/s.csv", write_csv), ("raw/s.parquet", write_parquet)):
        write(tmp_path / file, rows)
        found = refused(tmp_path, card(file, register={"where": WHERE, "tolerance": 0}))
        the_fault(found, "REG-05", file, 2, value="pending")


def test_REG_06_a_record_without_its_key_is_refused(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""], [" ", "Hà Nội", "2020-01-01", ""]]
    write_csv(tmp_path / "raw/s.csv", rows)
    found = refused(tmp_path, card("raw/s.csv", register={"key": "id", "tolerance": 0}))
    the_fault(found, "REG-06", "raw/s.csv", 3, value="")


def test_REG_07_records_of_one_key_that_differ_are_refused_and_none_counts(tmp_path: Path) -> None:
    rows: Rows = [["1", "Hà Nội", "2020-01-01", ""], ["1", "ha noi", "2020-01-01", ""],
                  ["2", "Hà Nội", "2020-01-01", ""], ["2", "Cà Mau", "2020-01-01", ""]]  # fmt: skip
    write_csv(tmp_path / "raw/s.csv", rows)
    own = card("raw/s.csv", register={"key": "id", "tolerance": 0})
    the_fault(refused(tmp_path, own), "REG-07", "raw/s.csv", 4, value="2")
    reading, counts = read(tmp_path, own)
    assert counts is not None
    assert figures(reading)["01", 2022] == 1
    assert counts.files["raw/s.csv"].filtered == {"duplicate": 1}


def test_a_header_that_the_card_does_not_know_is_refused_in_every_file(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/reg/a.csv", rows_of(1, 5))
    write_csv(tmp_path / "raw/reg/b.csv", rows_of(1, 5), header=["id", "provinz", *HEADER[2:]])
    (tmp_path / "raw/reg/c.csv").write_bytes(b"")
    found = refused(tmp_path, card("raw/reg"))
    assert {f.place.file for f in found} == {"raw/reg/b.csv", "raw/reg/c.csv"}


def test_a_changed_folder_is_not_trusted(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/reg/a.csv", rows_of(1, 5))
    own = card("raw/reg")
    files = find_files(tmp_path, own, read(tmp_path, own)[0].faults)
    assert files is not None
    kept = card("raw/reg", sha256=common_hash(tmp_path, own, files))
    assert not any(f.rule == "SCH-11" for f in refused(tmp_path, kept))
    (tmp_path / "raw/reg/a.csv").rename(tmp_path / "raw/reg/b.csv")
    assert [f.rule for f in refused(tmp_path, kept) if f.kind == "reject"] == ["SCH-11"]


def test_small_registers_name_their_records_and_large_ones_are_grouped(tmp_path: Path) -> None:
    write_csv(tmp_path / "raw/s.csv", rows_of(1, 50))
    own = card("raw/s.csv", register={"tolerance": None})
    assert not is_grouped(tmp_path, own, Limits())
    assert is_grouped(tmp_path, own, Limits(record_bytes=100))
    assert is_grouped(tmp_path, card("raw/s.csv", register={"key": "id"}), Limits())


# The whole run.


def grouped_toy(toy: Toy) -> Toy:
    """A toy project whose register is a folder of CSV and Parquet, with a bad row in each."""
    toy.edit("raw/sources.yml", "file: raw/synthetic_register.csv", "file: raw/synthetic_register")
    toy.edit("raw/sources.yml", "no_record: E}", "no_record: E, tolerance: 0.3, key: number}")
    toy.edit("raw/sources.yml", "    ignore: [number]\n", "")
    scheme = "\n    scheme: by date"
    toy.edit("raw/sources.yml", f"accessed: never{scheme}", f"accessed: 2026-01-01{scheme}")
    old = (toy.root / "raw/synthetic_register.csv").read_text("utf-8")
    (toy.root / "raw/synthetic_register.csv").unlink()
    (toy.root / "raw/synthetic_register").mkdir()
    (toy.root / "raw/synthetic_register/a.csv").write_text(old + "8,Nowhere,2020-01-01\n", "utf-8")
    (toy.root / "raw/synthetic_register/b.csv").write_text(
        "number,province,granted\n1,ha noi,2010-05-01\n9,Hà Nội,2021-13-01\n", "utf-8")  # fmt: skip
    toy.renew("raw/synthetic_register")
    return toy


def test_a_release_holds_the_rows_set_aside_and_its_manifest_every_count(
    toy: Toy, released: Toy
) -> None:
    result = grouped_toy(toy).index()
    assert result.manifest["registers"]["register"] == {
        "raw/synthetic_register/a.csv": {
            "rows": 8, "used": 6, "filtered": {"foreign": 1}, "quarantined": {"GEO-01": 1}},
        "raw/synthetic_register/b.csv": {
            "rows": 2, "used": 0, "filtered": {"duplicate": 1}, "quarantined": {"DAT-02": 1}},
    }  # fmt: skip
    apart = pq.read_table(result.release / "quarantine/register.parquet").to_pylist()
    assert [(r["file"][-5:], r["row"], r["rule"], r["value"]) for r in apart] == [
        ("a.csv", 9, "GEO-01", "Nowhere"), ("b.csv", 3, "DAT-02", "2021-13-01")]  # fmt: skip
    kept = pq.read_table(released.project.current / "observed.parquet").to_pylist()
    found = pq.read_table(result.release / "observed.parquet").to_pylist()
    keys = ["scheme", "province_code", "variable", "year", "value", "value_low", "obs_status"]
    assert [[r[k] for k in keys] for r in found] == [[r[k] for k in keys] for r in kept]
    releases = (result.release, released.project.current)
    scores = [pq.read_table(release / "scores.parquet").to_pylist() for release in releases]
    assert scores[0] == scores[1]


def test_a_run_without_the_cache_publishes_the_same_bytes(toy: Toy) -> None:
    first = grouped_toy(toy).index()
    again = toy.index()
    fresh = run_index(toy.project, silent, passing, is_cached=False)
    assert first.manifest["files"] == again.manifest["files"] == fresh.manifest["files"]


def test_the_rows_that_refuse_a_run_are_listed_beside_its_errors(toy: Toy) -> None:
    grouped_toy(toy).edit("raw/sources.yml", "tolerance: 0.3", "tolerance: 0.1")
    toy.faults()
    assert not (toy.root / "outputs/quarantine").exists()  # checking writes nothing
    with pytest.raises(Exception, match="findings"):
        toy.index()
    listed = pq.read_table(toy.root / "outputs/quarantine/register.parquet")
    assert listed["row"].to_pylist() == [9, 3]
    toy.edit("raw/sources.yml", "tolerance: 0.1", "tolerance: 0.3")
    toy.index()
    assert not (toy.root / "outputs/quarantine").exists()
