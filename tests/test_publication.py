"""A release is published whole or not at all, whatever happens in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pipeline import store
from pipeline.faults import Faults, Rejected
from pipeline.project import damaged_files, read_manifest
from tests.conftest import ROOT, Toy


@pytest.mark.parametrize(("words", "shard", "of"), [("new", 0, 2), ("new", 1, 2), ("old", 0, 4)])
def test_SYS_02_a_kill_at_any_of_200_points_leaves_one_complete_release_and_a_clean_next_run(
    tmp_path: Path, words: str, shard: int, of: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.kill_loop", str(tmp_path), words, str(shard), str(of)],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) >= 200


def test_SYS_02_kill_9_in_a_real_run_leaves_the_old_release_and_a_clean_next_run(
    toy: Toy,
) -> None:
    before = toy.index().release
    toy.edit("raw/synthetic_enterprises.csv", "2022;120", "2022;121")
    script = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from pipeline.project import Project
        from pipeline.run import run_index
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        run_index(Project(Path(sys.argv[1])), lambda *_: None, lambda *_: [])
    """)
    killed = subprocess.run([sys.executable, "-c", script, str(toy.root)], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert toy.project.current.resolve() == before.resolve()
    manifest = read_manifest(toy.project)
    assert manifest is not None
    assert damaged_files(toy.project, manifest) == ([], [])
    after = toy.index().release
    assert after.resolve() != before.resolve()
    assert toy.project.current.resolve() == after.resolve()
    assert not list((toy.project.outputs / "releases").glob(".staging*"))


def test_the_same_inputs_give_the_same_release_and_the_same_bytes(toy: Toy, tmp_path: Path) -> None:
    first = toy.index()
    other = Toy(tmp_path / "Đường dẫn khác").index()
    assert first.manifest["release"] == other.manifest["release"]
    assert first.manifest["files"] == other.manifest["files"]


def test_a_change_of_code_alone_renews_the_manifest_of_the_same_release(toy: Toy) -> None:
    first = toy.index()
    toy.edit("index.yml", "title_en: Synthetic index", "title_en: Synthetic index # a remark")
    again = toy.index()
    assert again.release == first.release
    assert again.manifest["fingerprint"] != first.manifest["fingerprint"]
    assert read_manifest(toy.project) == again.manifest


def test_only_the_newest_releases_are_kept(toy: Toy) -> None:
    for count in range(5):
        toy.edit("raw/synthetic_enterprises.csv", f"2022;{400 + count}", f"2022;{401 + count}")
        last = toy.index().release
    kept = [p for p in (toy.project.outputs / "releases").iterdir() if p.name[0] != "."]
    assert len(kept) == store.RELEASES_KEPT
    assert last in kept


def test_SYS_07_two_runs_at_once_never_interleave(tmp_path: Path) -> None:
    with (
        store.staging(tmp_path, Faults()),
        pytest.raises(Rejected) as refused,
        store.staging(tmp_path, Faults()),
    ):
        pass
    (fault,) = refused.value.faults
    assert (fault.rule, fault.value) == ("SYS-07", str(os.getpid()))


def test_the_manifest_names_every_input_by_its_hash_and_no_host_or_path(toy: Toy) -> None:
    manifest = toy.index().manifest
    assert set(manifest) >= {"commit", "versions", "counts", "timings_s", "inputs", "files"}
    for name in ("index.yml", "raw/sources.yml", "raw/synthetic_quotes.csv", "pipeline/run.py"):
        assert len(manifest["inputs"][name]) == 64
    text = json.dumps(manifest)
    assert str(toy.root) not in text
    assert os.uname().nodename not in text
