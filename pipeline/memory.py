"""The memory of a run, held to the limit of the project; the reason when it was not enough."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

from pipeline.faults import Faults, Place, Rejected
from pipeline.project import LIMITS
from pipeline.yamlfile import load_limits


@contextlib.contextmanager
def bounded(root: Path) -> Iterator[None]:
    """Hold this process, and every process it starts, to `memory_bytes`; the old limit returns.

    Raises:
        Rejected: with SYS-15 when the limit was reached.
    """
    limits = load_limits(root, Faults())  # its faults are told with those of the run
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    known = [n for n in (soft, hard, limits.memory_bytes) if n != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(known), hard))
    try:
        yield
    except Exception as error:  # DuckDB's own kind has no class that can be named without it
        if not isinstance(error, MemoryError) and type(error).__name__ != "OutOfMemoryException":
            raise
        faults = Faults()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        faults.add("SYS-15", Place(LIMITS), f"{peak} bytes", limit=f"{min(known)} bytes",
                   setting="memory_bytes")  # fmt: skip
        raise Rejected(faults.sorted()) from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
