"""One writer at a time, and what a writer that was killed leaves behind.

Imports nothing heavy: an unchanged rerun ends here.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

from pipeline.faults import Faults, Place

NAME = ".run.lock"
POINTER = ".current.new"
STAGING = ".staging-"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
Report = Callable[[str, dict[str, Any]], None]


@contextlib.contextmanager
def one_writer(outputs: Path, faults: Faults, report: Report) -> Iterator[None]:
    """Hold the lock of a folder of outputs and remove what a killed run left there.

    The system frees the lock when its process ends; the words in it, process and start, are wiped
    at an orderly end, so that words in a free lock tell of a run that was killed.

    Raises:
        Rejected: when another run holds the lock (SYS-07), or the folder cannot be written
            (SYS-05).
    """
    with _told_if_unwritable(outputs, faults):
        outputs.mkdir(parents=True, exist_ok=True)
        (outputs / "releases").mkdir(exist_ok=True)
        handle = (outputs / NAME).open("ab+", buffering=0)  # a full disk speaks at once
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid, since = _words_in(handle)
            faults.add("SYS-07", Place(outputs.name), pid, since=since)
            faults.raise_if_any()
        pid, since = _words_in(handle)
        if pid:
            report("stale_lock", {"pid": pid, "since": since})
        with _told_if_unwritable(outputs, faults):
            sweep(outputs)
            for folder in (outputs, outputs / "releases"):
                probe = folder / POINTER
                probe.symlink_to("nowhere")
                probe.unlink()
        handle.truncate(0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            handle.write(f"{os.getpid()} {now}".encode())
            yield
        finally:
            handle.truncate(0)


def _words_in(handle: FileIO) -> tuple[str, str]:
    """Process and start of the run that wrote into the lock."""
    handle.seek(0)
    pid, _, since = handle.read().decode("utf-8", "replace").partition(" ")
    return pid, since


@contextlib.contextmanager
def _told_if_unwritable(outputs: Path, faults: Faults) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise
        faults.add("SYS-05", Place(outputs.name), error.strerror)
        faults.raise_if_any()


def is_littered(outputs: Path) -> bool:
    """Whether a killed run left something behind."""
    lock = outputs / NAME
    return (lock.is_file() and lock.stat().st_size > 0) or any(_leftovers(outputs))


def sweep(outputs: Path) -> None:
    """Remove half-written folders, files and pointers; only whoever holds the lock may."""
    for path in _leftovers(outputs):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _leftovers(outputs: Path) -> list[Path]:
    found = [outputs / POINTER, outputs / "releases" / POINTER, outputs / ".errors.json.new"]
    found += (outputs / "releases").glob(f"{STAGING}*")
    return [path for path in found if os.path.lexists(path)]
