"""Faults of the machine: what was published stays whole, and the next normal run succeeds."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline import environment, run, store
from pipeline.__main__ import main
from pipeline.faults import Fault, Faults, Rejected
from pipeline.links import hash_of
from pipeline.lock import is_littered
from pipeline.memory import bounded
from pipeline.project import damaged_files, read_manifest
from tests.breaking import ENTERPRISES, POPULATION, the_fault
from tests.conftest import ROOT, Toy, heed_interrupts, passing, silent
from tests.hostile import MB, as_anyone, at_most, faults_of

pytestmark = pytest.mark.timeout(60)
Captured = pytest.CaptureFixture[str]


def tree(folder: Path) -> dict[str, str]:
    """What stands in a folder: the hash of each file, the target of each link."""
    return {
        path.relative_to(folder).as_posix(): str(path.readlink())
        if path.is_symlink()
        else hash_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def command(toy: Toy, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline", *arguments, "--root", str(toy.root), "--lang", "en"]


def refused(toy: Toy, check: Any = passing) -> list[Fault]:
    """The faults of a whole run that is refused and leaves the outputs as they are."""
    before = tree(toy.project.outputs) if toy.project.outputs.is_dir() else {}
    with pytest.raises(Rejected) as error:
        toy.index(check)
    after = tree(toy.project.outputs) if toy.project.outputs.is_dir() else {}
    assert {**after, ".run.lock": ""} == {**before, ".run.lock": ""}
    return error.value.faults


def change(toy: Toy, to: int = 121) -> None:
    """Give the next run something new to publish."""
    toy.edit(ENTERPRISES, "2022;120", f"2022;{to}")


def is_whole(toy: Toy) -> bool:
    manifest = read_manifest(toy.project)
    return manifest is not None and damaged_files(toy.project, manifest) == ([], [])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A toy with a release, to be read only."""
    toy = Toy(tmp_path_factory.mktemp("published") / "toy")
    toy.index()
    return toy


LIMITED = """
import resource, sys
from pathlib import Path
from pipeline.faults import Rejected, render
from pipeline.project import Project
from pipeline.run import run_index
limit = int(sys.argv[2])
if limit >= 0:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    run_index(Project(Path(sys.argv[1])), lambda *_: None, lambda *_: [])
except Rejected as error:
    print(*[(f.rule, f.place.file, f.value) for f in error.faults])
    print(render(error.faults, 'en'))
"""


@pytest.mark.parametrize("limit", [0, 5000])
def test_SYS_01_a_full_disk_is_reported_and_leaves_the_old_release_whole(
    toy: Toy, limit: int
) -> None:
    toy.index()
    change(toy)
    before = tree(toy.project.outputs)
    done = subprocess.run([sys.executable, "-c", LIMITED, str(toy.root), str(limit)], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert done.stdout.startswith("('SYS-01', 'outputs', 'File too large')"), done.stderr
    assert "MB free" in done.stdout
    after = tree(toy.project.outputs)
    assert {**after, ".run.lock": ""} == {**before, ".run.lock": ""}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_SYS_01_no_space_at_the_last_step_is_told_with_what_is_free(toy: Toy, number: int) -> None:
    def check(*_: object) -> list[dict[str, Any]]:
        raise OSError(number, os.strerror(number))

    toy.index()
    change(toy)
    fault = the_fault(refused(toy, check), "SYS-01", "outputs", None, None, os.strerror(number))
    assert re.fullmatch(r"\d+ MB", fault.details["free"])
    assert not is_littered(toy.project.outputs)


def test_SYS_01_a_small_disk_that_fills_up_leaves_the_old_release_whole(
    toy: Toy, tmp_path: Path
) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("no small disk may be mounted here; a limit of file size is tested above")
    toy.index()
    change(toy)
    before = tree(toy.project.outputs)
    script = """
        cp -a "$1/outputs" "$4/before"
        mount -t tmpfs -o size=40m none "$1/outputs" || exit 77
        cp -a "$4/before/." "$1/outputs"
        used=$(du -sk "$1/outputs" | cut -f1)
        mount -o remount,size=$((used + used / 3))k "$1/outputs"
        "$2" -c "$3" "$1" -1
        cp -a "$1/outputs" "$4/after"
    """
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", toy.root, sys.executable, LIMITED, tmp_path],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr or done.returncode == 77:
        pytest.skip("no small disk may be mounted here; a limit of file size is tested above")
    first, head, why, *_ = done.stdout.splitlines()
    assert first.startswith("('SYS-01', 'outputs', 'No space left on device')"), done.stderr
    assert "[SYS-01] outputs" in head
    assert "0 MB free" in why
    assert {**tree(tmp_path / "after"), ".run.lock": ""} == {**before, ".run.lock": ""}


def test_SYS_03_everything_is_on_the_disk_before_the_pointer_moves(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[tuple[str, str]] = []

    def log(name: str) -> None:
        real = getattr(os, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            is_handle = isinstance(args[0], int)
            path = str(Path(f"/proc/self/fd/{args[0]}").readlink()) if is_handle else str(args[-1])
            events.append((name, path))
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    for name in ("write", "fsync", "rename", "replace"):
        log(name)

    def check(folder: Path, _: object) -> list[dict[str, Any]]:
        (folder / "data_docs").mkdir()
        (folder / "data_docs/page.html").write_text("written by somebody else")
        return []

    release = toy.index(check).release
    outputs = str(toy.project.outputs)
    pointer = events.index(("replace", f"{outputs}/current"))
    renamed = events.index(("rename", str(release)))
    staged = next(path for name, path in events if name == "write" and ".staging-" in path)
    staging = staged[: staged.index("/", staged.index(".staging-"))]
    for path in [*release.rglob("*"), release]:
        there = (staging + str(path)[len(str(release)) :]).rstrip("/")
        synced = max(i for i, event in enumerate(events) if event == ("fsync", there))
        written = max((i for i, event in enumerate(events) if event == ("write", there)), default=0)
        assert written < synced < renamed, there
    for folder in (str(release), f"{outputs}/releases"):
        assert ("fsync", folder) in events[renamed:pointer]
    assert ("fsync", outputs) in events[pointer:]


@pytest.mark.parametrize(
    ("number", "stage", "code"),
    [
        (signal.SIGINT, "Reading 5 raw", 130),
        (signal.SIGTERM, "Writing", 143),
        (signal.SIGTERM, "Checking", 143),
    ],
)
def test_SYS_04_a_stop_from_outside_ends_in_five_seconds_and_leaves_nothing(
    toy: Toy, tmp_path: Path, number: int, stage: str, code: int
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    running = subprocess.Popen(command(toy, "index"), cwd=ROOT, stderr=subprocess.PIPE, text=True,
                               env=os.environ | {"TMPDIR": str(temporary)},
                               preexec_fn=heed_interrupts)  # fmt: skip  # noqa: PLW1509
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith(stage):
            break
    running.send_signal(number)
    started = time.perf_counter()
    assert running.wait(timeout=30) == code
    assert time.perf_counter() - started < 5
    assert "Traceback" not in running.stderr.read()
    running.stderr.close()
    assert not toy.project.current.exists()
    assert not is_littered(toy.project.outputs)
    assert list((toy.project.outputs / "releases").iterdir()) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_SYS_04_a_stop_that_a_library_takes_for_its_own_fault_is_still_a_stop(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    def stopped(*_: object) -> None:
        try:
            signal.raise_signal(number)
        except (KeyboardInterrupt, SystemExit):
            raise RuntimeError("interrupted in a callback") from None

    monkeypatch.setattr(run, "load", stopped)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["index", "--root", str(toy.root)]) == code
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert not toy.project.current.exists()


def never(*_: object) -> None:
    raise AssertionError("computed before the outputs were looked at")


def test_SYS_05_a_file_in_place_of_the_outputs_is_found_before_computing(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "load", never)
    toy.project.outputs.write_text("a file stands here")
    the_fault(refused(toy), "SYS-05", "outputs", None, None, "File exists")


@pytest.mark.parametrize("folder", ["outputs", "outputs/releases", "."])
def test_SYS_05_outputs_that_may_not_be_written_are_found_before_computing(
    toy: Toy, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if folder != ".":
        toy.index()
    (toy.root / folder).chmod(0o555)
    monkeypatch.setattr(run, "load", never)
    with as_anyone():
        the_fault(refused(toy), "SYS-05", "outputs", None, None, "Permission denied")
    (toy.root / folder).chmod(0o755)


def test_SYS_07_a_second_run_is_refused_with_the_process_and_start_of_the_first(
    toy: Toy, capsys: Captured
) -> None:
    found: list[Fault] = []

    def meanwhile(_: Path, __: object) -> list[dict[str, Any]]:
        found.extend(refused(toy))
        return []

    toy.index(meanwhile)
    fault = the_fault(found, "SYS-07", "outputs", None, None, os.getpid())
    started = datetime.fromisoformat(fault.details["since"])
    assert abs((datetime.now(UTC) - started).total_seconds()) < 60
    with (toy.project.outputs / ".run.lock").open("w") as held:
        held.write("1234 2026-01-01T00:00:00+00:00")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        change(toy)
        assert main(command(toy, "index")[3:]) == 1
    shown = capsys.readouterr().err
    assert "1234" in shown
    assert "2026-01-01T00:00:00+00:00" in shown


def test_SYS_08_a_stale_lock_is_noted_and_removed(toy: Toy) -> None:
    toy.index()
    change(toy)
    script = LIMITED.replace("lambda *_: []", "lambda *_: __import__('os')._exit(9)")
    done = subprocess.run([sys.executable, "-c", script, str(toy.root), "-1"], cwd=ROOT,
                          check=False)  # fmt: skip
    assert done.returncode == 9
    lock = toy.project.outputs / ".run.lock"
    pid, since = lock.read_text().split()
    assert is_littered(toy.project.outputs)
    notes: list[tuple[str, dict[str, Any]]] = []
    run.run_index(toy.project, lambda *said: notes.append(said), passing)
    assert ("stale_lock", {"pid": pid, "since": since}) in notes
    assert not is_littered(toy.project.outputs)
    assert is_whole(toy)


def test_SYS_08_also_a_run_with_nothing_to_do_notes_and_removes_what_was_left(
    toy: Toy, capsys: Captured
) -> None:
    toy.index()
    (toy.project.outputs / ".run.lock").write_text("1234 2026-01-01T00:00:00+00:00")
    (toy.project.outputs / "releases/.staging-1234").mkdir()
    capsys.readouterr()
    assert main(command(toy, "index")[3:]) == 0
    shown = capsys.readouterr()
    assert "[SYS-08]" in shown.err
    assert "1234" in shown.err
    assert "Nothing has changed" in shown.out
    assert not is_littered(toy.project.outputs)


def test_SYS_09_truncated_tables_of_a_release_are_named_and_rebuilt(
    toy: Toy, capsys: Captured
) -> None:
    first = toy.index()
    tables = ["scores", "observed", "steps/treated", "steps/ranked"]
    for name, kept in zip(tables, (0, 4, 0.5, -1), strict=True):
        path = first.release / f"{name}.parquet"
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * kept) if kept == 0.5 else int(kept)])
    assert main(command(toy, "verify")[3:]) == 3
    shown = capsys.readouterr().err
    assert all(f"{name}.parquet" in shown for name in tables)
    again = toy.index()
    assert again.release != first.release
    assert again.manifest["files"] == first.manifest["files"]
    assert main(command(toy, "verify")[3:]) == 0


def test_SYS_10_one_flipped_bit_in_any_published_file_is_named_and_mended(
    toy: Toy, capsys: Captured
) -> None:
    first = toy.index()
    rng = random.Random(1)
    for path in sorted(p for p in first.release.rglob("*") if p.is_file()):
        whole = path.read_bytes()
        for _ in range(3):
            flipped = bytearray(whole)
            flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
            path.write_bytes(bytes(flipped))
            capsys.readouterr()
            assert main(command(toy, "verify")[3:]) == 3, path
            assert path.name in capsys.readouterr().err
        path.write_bytes(whole)
    assert is_whole(toy)
    for name in ("scores.parquet", "manifest.json"):
        content = bytearray((toy.project.current / name).read_bytes())
        content[len(content) // 2] ^= 1
        (toy.project.current / name).write_bytes(bytes(content))
        toy.index()
        assert is_whole(toy)


def test_SYS_12_the_temporary_folder_may_be_anywhere_or_nowhere(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[tuple[str, str]] = []
    for name in ("rename", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda a, b, real=real: (moved.append((str(a), str(b))), real(a, b))[1]
        )
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    toy.index()
    assert moved
    assert all(str(toy.project.outputs) in path for pair in moved for path in pair)


def test_SYS_12_data_docs_are_carried_over_from_another_file_system(tmp_path: Path) -> None:
    from schemas.data_docs import publish_docs

    other = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path
    site = other / f"site-{os.getpid()}"
    try:
        (site / "validations").mkdir(parents=True)
        (site / "index.html").write_text("<html><head></head></html>")
        publish_docs(site, tmp_path / "docs")
    finally:
        shutil.rmtree(site)
    assert (tmp_path / "docs/index.html").is_file()


@pytest.mark.parametrize("year", [1970, 2099])
def test_SYS_13_a_wrong_clock_changes_no_published_byte(
    toy: Toy, tmp_path: Path, year: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = Toy(tmp_path / "right").index().manifest["files"]
    then = datetime(year, 3, 29, 1, 30, tzinfo=UTC)  # in the hour a clock is put forward

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return then.astimezone(tz)

    for path in toy.root.rglob("*"):
        os.utime(path, (then.timestamp(), then.timestamp()))
    monkeypatch.setattr(run, "datetime", Wrong)
    monkeypatch.setattr("pipeline.lock.datetime", Wrong)
    monkeypatch.setattr(time, "time", then.timestamp)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        result = toy.index()
    finally:
        monkeypatch.undo()
        time.tzset()
    assert result.manifest["made_at"].startswith(str(year))
    assert result.manifest["files"] == expected
    change(toy)
    again = toy.index().release
    assert again.is_dir()
    assert again == toy.project.current.resolve()


def test_SYS_15_the_real_files_are_read_and_computed_within_one_gigabyte(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "raw", tmp_path / "raw")
    shutil.copy(ROOT / "index.yml", tmp_path)
    (tmp_path / "limits.yml").write_text(f"memory_bytes: {1000 * MB}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "check", "--root", str(tmp_path), "--lang", "en"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no fault" in done.stdout


def test_SYS_15_too_little_memory_is_a_message_with_limit_and_measure(toy: Toy) -> None:
    toy.index()
    before = tree(toy.project.outputs)
    toy.write("limits.yml", f"memory_bytes: {500 * MB}\n")
    row = b"12345678," * 16_000 + b"1\n"
    toy.write(POPULATION, row * 700)
    done = subprocess.run(command(toy, "index"), cwd=ROOT, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "[SYS-15] limits.yml" in done.stderr
    assert f"limit {500 * MB} bytes (setting memory_bytes)" in done.stderr
    assert "Traceback" not in done.stderr
    (toy.project.outputs / "errors.json").unlink()
    assert tree(toy.project.outputs) == before


def test_SYS_15_memory_that_runs_out_is_a_fault_of_the_limit_and_the_old_limit_returns(
    toy: Toy,
) -> None:
    toy.write("limits.yml", f"memory_bytes: {7000 * MB}\n")
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limits = []

    def run_out() -> None:
        with bounded(toy.root):
            limits.append(resource.getrlimit(resource.RLIMIT_DATA)[0])
            raise MemoryError

    with pytest.raises(Rejected) as refused:
        run_out()
    assert limits == [7000 * MB]
    (fault,) = refused.value.faults
    assert (fault.rule, fault.place.file) == ("SYS-15", "limits.yml")
    assert fault.details == {"limit": f"{7000 * MB} bytes", "setting": "memory_bytes"}
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_SYS_16_ten_million_rows_are_refused_in_bounded_memory(toy: Toy) -> None:
    content = b"1,2,3\n" * 10_000_000
    started = time.perf_counter()
    (fault,) = faults_of(toy, content, ".csv", most=2 * len(content) + 50 * MB)
    assert time.perf_counter() - started < 5
    assert (fault.rule, fault.details["setting"]) == ("SEC-18", "rows")
    assert fault.value == "10000000 rows"


def test_SYS_16_a_file_of_two_gigabytes_is_refused_unread_and_hashed_in_pieces(toy: Toy) -> None:
    with (toy.root / POPULATION).open("wb") as handle:
        handle.truncate(2000 * MB)
    with at_most(50 * MB):
        found = [fault for fault in toy.faults() if fault.rule == "SEC-18"]
    assert [(fault.place.file, fault.value) for fault in found] == [
        (POPULATION, f"{2000 * MB} bytes")
    ]
    with (toy.root / POPULATION).open("wb") as handle:
        handle.truncate(200 * MB)
    with at_most(50 * MB):
        assert len(hash_of(toy.root / POPULATION)) == 64


def test_SYS_17_a_missing_optional_library_is_named_and_strict_refuses(
    toy: Toy, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "OPTIONAL", {"library-that-is-not": "maps"})
    faults = Faults()
    environment.check_environment(faults)
    the_fault(faults.warnings(), "SYS-17", "pyproject.toml", None, None, "library-that-is-not")
    assert main([*command(toy, "index")[3:], "--strict"]) == 1
    assert not toy.project.current.exists()
    assert "[SYS-17]" in capsys.readouterr().err
    assert main(command(toy, "check")[3:]) == 0
    shown = capsys.readouterr()
    assert "library-that-is-not" in shown.err
    assert "maps" in shown.err


def test_SYS_18_a_version_that_is_not_locked_is_named_and_strict_refuses(
    toy: Toy, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("duckdb==0.0.1 \\\n    --hash=sha256:0\npandas==1.0 ; python_version < '3'\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    faults = Faults()
    environment.check_environment(faults)
    import duckdb
    import pandas as pd

    found = faults.warnings()
    assert the_fault(found, "SYS-18", lock.name, 1, None, f"duckdb {duckdb.__version__}")
    fault = the_fault(found, "SYS-18", lock.name, 3, None, f"pandas {pd.__version__}")
    assert fault.details["locked"] == "1.0"
    assert main([*command(toy, "check")[3:], "--strict"]) == 1
    assert "FAULT [SYS-18] requirements.lock, row 1" in capsys.readouterr().err
    assert main(command(toy, "check")[3:]) == 0
    assert "WARNING [SYS-18] requirements.lock, row 1" in capsys.readouterr().err


def test_SYS_18_the_versions_here_are_those_of_the_lock() -> None:
    faults = Faults()
    environment.check_environment(faults)
    assert faults.sorted() == []


NO_NETWORK = """
import sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        sys.stderr.write(f"NETWORK {event} {args}\\n")
        raise OSError("there is no network")
sys.addaudithook(refuse)
"""


def test_SYS_19_a_full_build_with_its_checks_asks_nothing_of_the_network(
    toy: Toy, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_NETWORK)
    done = subprocess.run(
        command(toy, "index"), cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr
    assert (toy.project.current / "data_docs/index.html").is_file()


@pytest.mark.parametrize(
    "name",
    [
        "có dấu cách và chữ Việt",
        "nháy ' và \" và , và ; và [a-z] và {x} và 100%s và * và ?",
        "/".join(["rất dài" * 10] * 4),
        "xuống\ndòng",
    ],
)
def test_SYS_20_the_project_may_lie_under_any_path(
    tmp_path: Path, name: str, capsys: Captured
) -> None:
    toy = Toy(tmp_path / name / "dự án")
    release = toy.index().release
    for arguments in (["verify"], ["top"], ["explain", "Cần Thơ", "index"]):
        assert main(command(toy, *arguments)[3:]) == 0, arguments
    assert "Index · Can Tho, 2022" in capsys.readouterr().out
    for path in (release / "views.sql", release / "datapackage.json", release / "manifest.json"):
        assert "\\\\" not in path.read_text("utf-8")
        assert str(tmp_path) not in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("shell", "code"),
    [
        ("{top} | head -n 0", 0),
        ("{top} >&-", 0),
        ("{top} 2>&-", 0),
        ("{top} >&- 2>&- <&-", 0),
        ("{check} 2>&1 >/dev/null | head -n 1 >/dev/null", 0),
        ("{broken} 2>&1 | head -n 0", 1),
        ("{broken} 2>&-", 1),
        ("{top} > /dev/full", 70),
    ],
)
def test_SYS_21_closed_or_full_streams_are_no_crash_and_the_exit_code_is_right(
    published: Toy, tmp_path: Path, shell: str, code: int
) -> None:
    toy = published
    broken = Toy(tmp_path / "broken")
    broken.edit(ENTERPRISES, "Quảng Nam", "Quảng Nma")
    commands = {"top": command(toy, "top"), "check": command(toy, "check"),
                "broken": command(broken, "index")}  # fmt: skip
    line = shell.format(**{k: " ".join(f"'{p}'" for p in v) for k, v in commands.items()})
    done = subprocess.run(
        ["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == str(code), done.stdout + done.stderr
    for word in ("Traceback", "BrokenPipe", "Exception ignored"):
        assert word not in done.stderr
    if "broken" in shell:
        report = json.loads((broken.project.outputs / "errors.json").read_text("utf-8"))
        assert [fault["rule"] for fault in report["faults"]] == ["GEO-01"]


def test_SYS_21_output_that_is_no_terminal_holds_no_colour(toy: Toy) -> None:
    done = subprocess.run(command(toy, "check"), capture_output=True, text=True, cwd=ROOT,
                          env=os.environ | {"TERM": "xterm-256color"}, check=True)  # fmt: skip
    assert "Reading" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def _older(toy: Toy) -> None:
    manifest = toy.project.current / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"format": 1', '"format": 0'), "utf-8")


def _newer(toy: Toy) -> None:
    manifest = toy.project.current / "manifest.json"
    manifest.write_text(manifest.read_text("utf-8").replace('"format": 1', '"format": 2'), "utf-8")


def _a_folder(toy: Toy) -> None:
    release = toy.project.current.resolve()
    toy.project.current.unlink()
    release.rename(toy.project.current)


@pytest.mark.parametrize(("spoil", "found"), [(_older, "0"), (_newer, "2"), (_a_folder, "0")])
def test_SYS_22_outputs_of_another_format_are_recognised_and_never_mixed_in(
    toy: Toy, spoil: Callable[[Toy], None], found: str, capsys: Captured
) -> None:
    toy.index()
    spoil(toy)
    before = tree(toy.project.outputs)
    for arguments in (["index"], ["verify"], ["top"], ["explain", "Cần Thơ", "index"]):
        capsys.readouterr()
        assert main(command(toy, *arguments)[3:]) == 1
        shown = capsys.readouterr().err
        assert "[SYS-22] outputs/current" in shown
        assert f"format {found};" in shown
        assert "Move the folder away" in shown
        (toy.project.outputs / "errors.json").unlink(missing_ok=True)
        assert tree(toy.project.outputs) == before
    toy.project.outputs.rename(toy.root / "outputs-old")
    assert main(command(toy, "verify")[3:]) == 3


def test_errors_json_is_replaced_whole_or_said_to_be_old(
    toy: Toy, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy.edit(ENTERPRISES, "Quảng Nam", "Quảng Nma")
    assert main(command(toy, "index")[3:]) == 1
    report = toy.project.outputs / "errors.json"
    before = report.read_bytes()
    real = os.write

    def full(handle: int, content: memoryview) -> int:
        if "errors.json" in Path(f"/proc/self/fd/{handle}").readlink().name:
            real(handle, content[:10])
            raise OSError(28, "No space left on device")
        return real(handle, content)

    monkeypatch.setattr(os, "write", full)
    capsys.readouterr()
    assert main(command(toy, "index")[3:]) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert report.read_bytes() == before
    assert sorted(p.name for p in toy.project.outputs.iterdir()) == [
        ".run.lock", "errors.json", "releases",
    ]  # fmt: skip


def test_a_run_held_by_the_lock_leaves_no_words_in_it(toy: Toy) -> None:
    with store.staging(toy.project.outputs, Faults(), silent):
        pid, _ = (toy.project.outputs / ".run.lock").read_text().split()
        assert pid == str(os.getpid())
    assert (toy.project.outputs / ".run.lock").read_bytes() == b""
