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

# Publishes `new` over `old` in a forked child that is killed at its k-th system step, for every k.
KILL_LOOP = """
    import os, pathlib, signal, sys
    from pipeline import store
    from pipeline.faults import Faults

    outputs = pathlib.Path(sys.argv[1])
    STEPS = ["fsync", "rename", "replace", "symlink", "mkdir", "unlink", "rmdir"]

    def make(text, kill_at=None):
        count = 0
        real = {name: getattr(os, name) for name in STEPS}

        def wrap(name):
            def step(*args, **kwargs):
                nonlocal count
                for moment in ("before", "after"):
                    if moment == "after":
                        result = real[name](*args, **kwargs)
                    count += 1
                    if count == kill_at:
                        os.kill(os.getpid(), signal.SIGKILL)
                return result
            return step

        for name in STEPS:
            setattr(os, name, wrap(name))
        with store.staging(outputs, Faults()) as folder:
            (folder / "steps").mkdir()
            for name in ("a.txt", "steps/b.txt", "manifest.json"):
                (folder / name).write_text(text)
            files = store.list_files(folder)
            store.publish(folder, outputs, store.content_id(files))
        return count

    def whole():
        texts = {p.read_text() for p in (outputs / "current").rglob("*") if p.is_file()}
        names = sorted(p.name for p in (outputs / "current").rglob("*") if p.is_file())
        assert names == ["a.txt", "b.txt", "manifest.json"], names
        assert len(texts) == 1, texts
        return texts.pop()

    def forked(text, kill_at=None):
        pid = os.fork()
        if pid == 0:
            try:
                make(text, kill_at)
                os._exit(0)
            except BaseException as error:
                print(error, flush=True)
                os._exit(1)
        return os.waitpid(pid, 0)[1]

    assert forked("old") == 0
    seen, k = set(), 1
    while True:
        before = whole()
        status = forked(f"new {k}", k)
        after = whole()
        assert after in (before, f"new {k}"), (k, after)
        seen.add(after == before)
        if status == 0:
            break
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (k, status)
        assert forked(f"clean {k}") == 0, k  # the next run is clean
        assert whole() == f"clean {k}", k
        leftovers = [p.name for p in (outputs / "releases").iterdir() if p.name[0] == "."]
        assert not leftovers and not (outputs / ".current.new").is_symlink(), (k, leftovers)
        k += 1
    assert seen == {True, False}
    print("points", k - 1)
"""


def test_a_kill_at_any_step_of_publishing_leaves_one_complete_release(tmp_path: Path) -> None:
    script = textwrap.dedent(KILL_LOOP)
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "outputs")],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    points = int(done.stdout.split()[-1])
    assert points >= 30


def test_kill_9_in_a_real_run_leaves_the_old_release_and_the_next_run_is_clean(toy: Toy) -> None:
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


def test_a_damaged_release_is_found_and_rebuilt_beside_it(toy: Toy) -> None:
    first = toy.index()
    path = first.release / "scores.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    manifest = read_manifest(toy.project)
    assert manifest is not None
    assert damaged_files(toy.project, manifest) == (["scores.parquet"], [])
    again = toy.index()
    assert again.release != first.release
    assert damaged_files(toy.project, again.manifest) == ([], [])


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


def test_two_runs_at_once_never_interleave(tmp_path: Path) -> None:
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
