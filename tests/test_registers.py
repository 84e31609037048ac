"""Registers of any size: the query against a reading row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline import store
from pipeline.registers import parts as cutting
from tests.registers import (
    WHERE,
    Oracle,
    Rows,
    card,
    figures,
    read,
    rows_of,
    write_csv,
    write_parquet,
)


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
