"""Read a file in a process of its own, with bounded memory and time.

A reader in native code that meets a hostile file may run out of memory or never return; it then
takes this process with it, not the run.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import resource
import select
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from pipeline.faults import Faults, Place
from pipeline.limits import Limits

Found = TypeVar("Found")
PANIC, OUT_OF_MEMORY = 3, 4  # how the child ends when it has no answer


def read_apart(
    read: Callable[..., Found], raw: bytes, card: Any, limits: Limits, faults: Faults
) -> Found | None:
    """The result of `read(raw, card, faults)`, made in a child process.

    Faults the child adds are added here; when it runs out of memory or time, or dies, that is the
    fault, and the result None.
    """
    from_child, to_parent = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(from_child)
        _serve(to_parent, read, raw, card, limits)
    os.close(to_parent)
    status = None  # it runs
    try:
        answer = _receive(from_child, limits.reader_seconds)
        if answer is not None:
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    finally:
        os.close(from_child)
        if status is None:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    place = Place(card.file)
    if status == PANIC:
        faults.add("SEC-16", place, "panic", found="?", expected=card.file.rpartition(".")[2])
        return None
    if status != 0 or answer is None:
        setting = "reader_bytes" if answer is not None else "reader_seconds"
        limit = limits.quoted(setting)
        faults.add("SEC-18", place, f"> {limit}", limit=limit, setting=setting)
        return None
    found, added = pickle.loads(answer)  # our own child's words, never the file's
    if isinstance(found, Exception):
        raise found
    for fault in added:
        faults.add(fault.rule, fault.place, fault.value, **fault.details)
    return cast(Found, found)


def _serve(pipe: int, read: Callable[..., Any], raw: bytes, card: Any, limits: Limits) -> None:
    """Read, send the pickled answer, and end without any clean-up that belongs to the parent."""
    status = PANIC  # of a native reader: no exception of Python's
    try:
        _bound_memory(limits.reader_bytes)
        faulthandler.disable()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a native reader that aborts prints a trace
        faults = Faults()
        try:
            found = read(raw, card, faults)
        except MemoryError:
            raise
        except Exception as error:  # the run's affair: an unexpected fault with its trace
            found = error
        with os.fdopen(pipe, "wb") as answer:
            pickle.dump((found, faults.sorted()), answer)
        status = 0
    except MemoryError:
        status = OUT_OF_MEMORY
    finally:
        os._exit(status)


def _bound_memory(allowance: int) -> None:
    """Let the process grow by so many bytes beyond what it has."""
    with contextlib.suppress(OSError):  # a system without /proc has no bound
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        bound = pages * os.sysconf("SC_PAGE_SIZE") + allowance
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (min(bound, hard) if hard > 0 else bound, hard))


def _receive(pipe: int, seconds: float) -> bytes | None:
    """Everything the child sends until it ends; None when it takes longer than allowed."""
    deadline = time.monotonic() + seconds
    pieces: list[bytes] = []
    while True:
        ready, _, _ = select.select([pipe], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return None
        if not (piece := os.read(pipe, 1 << 20)):
            return b"".join(pieces)
        pieces.append(piece)
