"""Publish a whole release over an old one, killed at one step of the system after the other.

    python -m tests.kill_loop FOLDER WORDS SHARD OF

Every call that changes the disk is a point before and after it, a write also one in its middle,
with half of its bytes on the disk. WORDS `new` publish another release, `old` the same one again.
Prints how many points there are. Run by `test_publication`.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pipeline import derived, packaging, run, store
from pipeline.faults import Faults
from pipeline.project import Project
from pipeline.whole import write_bytes
from tests.conftest import Toy, silent

CALLS = ["write", "fsync", "rename", "replace", "symlink", "mkdir", "unlink", "rmdir"]
CLEAN_EVERY = 10  # at every point the leftovers go; at every tenth a whole run follows


def cached(toy: Toy) -> None:
    """Load, compute and encode once: only the writing is in question here."""
    loaded = toy.load()
    con = run.compute(loaded, Faults(), silent)
    derived.analyse(con, Faults())
    derived.simulate(con, loaded.spec, Faults())
    derived.audit(con, Faults())
    pages = derived.audit_texts(con, loaded.spec)
    made = {}
    for name in packaging.TABLES:
        path = toy.root / f"{name}.parquet"
        store.write_parquet(path, store.get_table(con, name), packaging.column_meta(name))
        made[path.name] = path.read_bytes()
    con.close()
    store.get_table = lambda *_: ()
    store.write_parquet = lambda path, *_: write_bytes(path, made[path.name])
    for name in ("spec_json", "codebook_csv", "datapackage_json"):
        text = getattr(packaging, name)(loaded.spec, loaded.catalogue)
        setattr(packaging, name, lambda *_, text=text: text)
    packaging.column_meta = packaging.commit_of = lambda _: None
    packaging.versions = lambda: {}
    run.load = lambda *_: loaded
    run.compute = lambda *_: SimpleNamespace(close=lambda: None)
    derived.analyse = derived.simulate = derived.audit = lambda *_: None
    derived.audit_texts = lambda *_: pages
    run.input_files = lambda _: {}
    run.fingerprint = lambda _: ""


def publish(root: Path, words: str, kill_at: int | None = None) -> int:
    """Publish a release that holds these words; returns how many points were passed."""
    count = 0

    def point() -> None:
        nonlocal count
        count += 1
        if count == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            point()
            if name == "write":
                handle, content = args
                half = real(handle, content[: len(content) // 2])
                point()
                result = half + real(handle, content[half:])
            else:
                result = (
                    None if name == "fsync" else real(*args, **kwargs)
                )  # slow, and tested apart
            point()
            return result

        return call

    real = {name: getattr(os, name) for name in CALLS}
    for name in CALLS:
        setattr(os, name, wrap(name, real[name]))
    packaging.views_sql = lambda: f"-- {words}\n"

    def check(folder: Path, _: object) -> list[dict[str, Any]]:
        (folder / "data_docs").mkdir()
        (folder / "data_docs/index.html").write_text(words)
        return []

    run.run_index(Project(root), silent, check)
    for name in CALLS:
        setattr(os, name, real[name])
    return count


def forked(work: Callable[[], object]) -> int:
    """Exit status of a child that does this work."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def whole(root: Path) -> str:
    """The words of the current release, every file of which is as its manifest says."""
    current = root / "outputs/current"
    manifest = json.loads((current / "manifest.json").read_text("utf-8"))
    found = store.list_files(current.resolve())
    assert found.pop("manifest.json")
    assert found == manifest["files"]
    words = (current / "views.sql").read_text("utf-8").strip("-\n ")
    assert (current / "data_docs/index.html").read_text("utf-8") == words
    return words


def recover(root: Path) -> None:
    """What the next run does before anything else, even with nothing to publish."""
    with store.staging(root / "outputs", Faults()):
        pass


def tidy(root: Path) -> bool:
    """Whether nothing temporary is left, and the lock is free of words."""
    outputs = root / "outputs"
    names = [p.name for p in outputs.rglob("*") if p.name.startswith(".") and p.name != ".run.lock"]
    return not names and not (outputs / ".run.lock").read_bytes()


def _link(old: str, new: str) -> None:
    """A copy that costs nothing of a file that is never written again."""
    (shutil.copy if old.endswith(".run.lock") else os.link)(old, new)


def main(folder: Path, words: str, shard: int, of: int) -> None:
    toy = Toy(folder / "toy")
    cached(toy)
    for before in ("first", "second", "third", "old"):  # the next one prunes a release
        assert forked(lambda before=before: publish(toy.root, before)) == 0
    (toy.root / "outputs/releases/.staging-1").mkdir()  # and sweeps these
    (toy.root / "outputs/releases/.staging-1/half").write_text("")
    (toy.root / "outputs/.current.new").symlink_to("nowhere")
    seen, root = set(), folder / "copy"
    for k in itertools.count(shard + 1, of):
        shutil.copytree(toy.root / "outputs", root / "outputs", symlinks=True, copy_function=_link)
        status = forked(lambda k=k: publish(root, words, k))
        after = whole(root)
        assert after in ("old", words), (k, after)
        seen.add(after)
        if status == 0:
            break
        assert status == -signal.SIGKILL, (k, status)
        if k // of % CLEAN_EVERY == 0:
            assert forked(lambda: publish(root, "clean")) == 0, k
            assert whole(root) == "clean", k
        else:
            recover(root)
            assert whole(root) == after, k
        assert tidy(root), k
        shutil.rmtree(root)
    assert seen == {"old", words}
    print("points", publish(root, words))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
