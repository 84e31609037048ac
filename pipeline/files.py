"""Files from outside: opened only when regular, inside the project and within their limit."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pipeline.faults import Faults, Place
from pipeline.limits import Limits, OverLimit
from pipeline.links import leaves


def read_file(
    path: Path, place: Place, setting: str, limits: Limits, faults: Faults,
    *, root: Path | None = None, supplier: str = "–",
) -> bytes | None:  # fmt: skip
    """The bytes of a file; None, with a fault, when it may not or cannot be read.

    A pipe, a device or a link that leaves `root` is never opened; a larger file than the limit
    `setting` allows is never read.
    """
    try:
        if root is not None and leaves(path, root):
            faults.add("SEC-08", place, place.file)
            return None
        if not stat.S_ISREG(path.stat().st_mode):
            faults.add("SEC-09", place, place.file)
            return None
        return _read_regular(path, setting, limits)
    except (FileNotFoundError, NotADirectoryError):
        faults.add("SCH-10", place, place.file, supplier=supplier)
    except OverLimit as over:
        limit = limits.quoted(setting)
        if setting == "yaml_bytes":
            faults.add("SEC-13", place, over.measured, limit=f"{limit}, yaml_bytes")
        else:
            faults.add("SEC-18", place, over.measured, limit=limit, setting=setting)
    except OSError as error:
        faults.add("SYS-06", place, error.strerror or str(error))
    return None


def _read_regular(path: Path, setting: str, limits: Limits) -> bytes:
    """What a file holds; the size is asked of the open file, so that a swap gains nothing."""
    most: int = getattr(limits, setting)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as opened:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode):
            raise OSError(f"{path.name} is no regular file any more")
        if info.st_size > most:
            raise OverLimit(setting, info.st_size)
        return opened.read(most)
