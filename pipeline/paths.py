"""Paths that a project declares: inside the project, on this machine, the same on every system."""

from __future__ import annotations

import re
from pathlib import PureWindowsPath
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MOST_BYTES = 255  # of one name, on every common file system
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?!\\)|//")
FORBIDDEN = re.compile(r"[<>:\"'`|?*%$&;!\\]")
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def _check(path: str) -> str:
    """The path as given.

    Raises:
        PydanticCustomError: of a type that `pipeline.yamlfile` turns into its fault.
    """
    if ADDRESS.match(path):
        raise PydanticCustomError("path_remote", "an address")
    parts = path.split("/")
    is_absolute = path.startswith(("/", "\\", "~")) or PureWindowsPath(path).drive
    if is_absolute or ".." in re.split(r"[/\\]", path):
        raise PydanticCustomError("path_outside", "a way out of the project")
    for part in parts:
        if (found := _unsafe(part)) is not None:
            raise PydanticCustomError("path_name", "{found}", {"found": found})
    if parts[0] != "raw" or len(parts) < 2:
        raise PydanticCustomError("path_outside", "not under raw/")
    return path


def _unsafe(part: str) -> str | None:
    """What makes a name unsafe on some system or in some tool; None when nothing does."""
    if not part.isprintable():
        return next(repr(letter) for letter in part if not letter.isprintable())
    if found := FORBIDDEN.search(part):
        return found[0]
    n_bytes = len(part.encode())
    if n_bytes > MOST_BYTES:
        return f"{n_bytes} bytes"
    if RESERVED.fullmatch(part) or part in ("", ".") or part[0] in "- " or part[-1] in ". ":
        return repr(part)
    return None


RawPath = Annotated[str, AfterValidator(_check)]
