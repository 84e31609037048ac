"""Blanks that a draft leaves for a person: a declaration that still holds one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.faults import Faults
from pipeline.yamlfile import YamlFile

BLANK = "???"


def refuse_blanks(file: YamlFile, key: str, faults: Faults) -> dict[str, Any]:
    """Take the entries that hold a blank out of a file, with a fault for each blank.

    Args:
        file: as read; its data are changed.
        key: the one map of the file, `sources` or `variables`.
        faults: SCH-23 on the line of each blank.

    Returns:
        The entries taken out, by name.
    """
    entries = file.data.get(key) if isinstance(file.data, dict) else None
    if not isinstance(entries, dict):
        return {}
    blank = {}
    for name, entry in list(entries.items()):
        for path in _blanks_in(entry, ()):
            shown = ".".join(str(part) for part in path)
            faults.add("SCH-23", file.place(key, name, *path), shown, name=name, blank=BLANK)
            blank[name] = entry
    file.data = {**file.data, key: {n: e for n, e in entries.items() if n not in blank}}
    return blank


def _blanks_in(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _blanks_in(item, (*path, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _blanks_in(item, (*path, i))
    elif isinstance(value, str) and BLANK in value:
        yield path
