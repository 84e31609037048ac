"""How the registers of a run are read: what is kept, where rows may spill to, who is told."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.project import Project

CACHE = Path("outputs", "cache", "registers")
REFUSED = Path("outputs", "quarantine")  # the rows because of which a run was refused


@dataclass
class Work:
    """How registers are read; as it stands, here and with nothing written."""

    report: Callable[[str, dict[str, Any]], None] = lambda *_: None
    cache: Path | None = None  # what each file gave, by its content
    is_kept: bool = False  # whether the cache and the list of refused rows may be written
    spill: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    refused: Path | None = None
    engine: Any = None  # of many machines, in place of this one
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    used: set[Path] = field(default_factory=set)  # results of the cache that this run asked for

    def close(self) -> None:
        """Remove what no register of a finished run asked for."""
        if self.is_kept and self.cache is not None and self.cache.is_dir():
            for path in self.cache.glob("*.parquet"):
                if path not in self.used:
                    path.unlink(missing_ok=True)
        if self.is_kept and self.refused is not None:
            shutil.rmtree(self.refused, ignore_errors=True)


def reading_work(project: Project, report: Callable[[str, dict[str, Any]], None]) -> Work:
    """For a command that publishes nothing: it reads what an earlier run kept."""
    return Work(report, project.root / CACHE)


def making_work(
    project: Project, report: Callable[[str, dict[str, Any]], None], is_cached: bool, engine: Any
) -> Work:
    """For the run that publishes.

    Args:
        project: the project folder.
        report: called with each part of a register that is read.
        is_cached: whether files that did not change are taken from what an earlier run kept.
        engine: what reads registers on many machines, or None.
    """
    cache = project.root / CACHE if is_cached else None
    return Work(report, cache, True, project.root / CACHE.parent / "spill",
                project.root / REFUSED, engine)  # fmt: skip
