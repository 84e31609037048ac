"""What is kept of the files of a register, and what a release says of its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.registers import grouped
from pipeline.registers.work import Work
from pipeline.run import run_index
from tests.conftest import Toy, passing, silent
from tests.registers import (
    card,
    read,
    rows_of,
    write_csv,
)


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
