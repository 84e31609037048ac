"""The publication suite in a process of its own, warmed up while the index is computed.

Great Expectations takes longer to import than the index to compute; on two cores the import
costs nothing when it starts first.
"""

from __future__ import annotations

import multiprocessing
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.lock import FULL


class Checker:
    """Runs `schemas.publish.check_published` in a child process.

    Use as a context manager; the child ends with the block, also when the run is refused.
    """

    def __enter__(self) -> Checker:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._child = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._child.start()
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._child.kill()
        self._child.join()

    def __call__(self, release: Path, editions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The results of the suite on a release folder, as `check_published` returns them.

        Raises:
            RuntimeError: when the suite itself could not run; nothing may be published then.
            OSError, MemoryError: when it met a full disk or the limit of memory.
        """
        try:
            self._pipe.send((release, editions))
            results, problem = self._pipe.recv()
        except (EOFError, BrokenPipeError) as error:
            raise RuntimeError("the publication suite ended without an answer") from error
        if isinstance(problem, Exception):
            raise problem
        if problem is not None:
            raise RuntimeError(f"the publication suite could not run: {problem}")
        found: list[dict[str, Any]] = results
        return found


def _serve(pipe: Connection) -> None:
    """Import, wait for one release, answer. Ends silently when the parent is gone."""
    # Great Expectations loads Spark where it finds it, and ends where that is only the client.
    sys.modules["pyspark"] = None  # type: ignore[assignment]
    try:
        import great_expectations  # noqa: F401

        from schemas.publish import check_published

        release, editions = pipe.recv()
        try:
            answer: tuple[Any, Any] = (check_published(release, editions), None)
        except Exception as error:  # any failure of the suite must block publication
            is_short = isinstance(error, MemoryError) or getattr(error, "errno", None) in FULL
            answer = (None, error if is_short else f"{type(error).__name__}: {error}")
        pipe.send(answer)
    except (EOFError, OSError, KeyboardInterrupt):
        sys.exit(0)
