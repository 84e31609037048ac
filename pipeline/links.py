"""Links that lead out of the project are neither read nor hashed."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path


def leaves(path: Path, root: Path) -> bool:
    """Whether a path leads out of the project: a symbolic link, or a hard link from outside.

    A hard link has no direction: it is from outside unless all its names stand under `raw/`.
    """
    real, top = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    if not real.is_relative_to(top):
        return True
    info = real.stat()
    if not stat.S_ISREG(info.st_mode) or info.st_nlink == 1:
        return False
    here = [
        found
        for folder, _, names in os.walk(top / "raw")
        for found in (Path(folder, name).lstat() for name in names)
        if (found.st_dev, found.st_ino) == (info.st_dev, info.st_ino)
    ]
    return len(here) < info.st_nlink


def hash_of(path: Path, root: Path | None = None) -> str:
    """SHA-256 of a file; a word when it may not be read: the reader of the file tells why."""
    try:
        if not path.is_file():
            return "missing"
        if root is not None and leaves(path, root):
            return "outside"
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return "unreadable"
