"""The report of a release: everything a reader opens, one process per language.

Imports nothing heavy: what draws and writes is imported once, by a server that the processes of
the languages are forked from, while the command reads the release.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.faults import Faults
from pipeline.language import LANGUAGES

if TYPE_CHECKING:
    from pipeline.report.boundaries import Boundaries

Tell = Callable[[str, dict[str, Any]], None]
SHARED = ["pipeline.report.files", "matplotlib.backends.backend_svg", "xlsxwriter", "docx",
          "jinja2", "typst"]  # fmt: skip


def start_early() -> Any:
    """Begin the imports of the processes that write, beside whatever comes next.

    Returns:
        The context that makes them; a second call begins nothing anew.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(SHARED)
    try:
        forkserver.ensure_running()
    except OSError:  # a temporary folder whose path is too long for a socket, or none
        return multiprocessing.get_context("spawn")
    return context


def make_report(
    folder: Path, release: Path, edition: str, reference: Path, tell: Tell,
    boundaries: Boundaries | None = None,
) -> None:  # fmt: skip
    """Write the report of an edition into an empty folder, one folder per language.

    Args:
        folder: where to; it is there and empty.
        release: the release; nothing else is read.
        edition: an edition of it.
        reference: the folder of the reference tables: which provinces merged, where tiles lie.
        tell: called at each stage.
        boundaries: of the provinces, for one map more.

    Raises:
        KeyError: when the release has no such edition.
        Rejected: with OUT-09 when a font lacks letters that may be printed.
    """
    with ProcessPoolExecutor(len(LANGUAGES), start_early(), initializer=_leave_stop) as pool:
        try:
            running = []
            for lang in LANGUAGES:
                tell(f"stage_report_{lang}", {})
                given = (folder, release, edition, reference, lang, boundaries)
                running.append(pool.submit(write_language, *given))
            _check_letters(release)
            for one in running:
                one.result()
        except BaseException:  # stopped or refused: nobody waits for the rest
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def write_language(
    folder: Path, release: Path, edition: str, reference: Path, lang: str,
    boundaries: Boundaries | None = None,
) -> None:  # fmt: skip
    """Write the report in one language; arguments as `make_report`."""
    from pipeline.report.files import write_files

    (folder / lang).mkdir()
    write_files(folder / lang, release, edition, reference, lang, boundaries)


def _leave_stop() -> None:
    """Ctrl-C reaches every process of a terminal; the first one ends the others, who tidy up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


@contextlib.contextmanager
def _stop_later() -> Iterator[None]:
    """Let a stop wait for the end of the block: a library that is being imported may swallow it."""
    stopped: list[int] = []
    before = {number: signal.signal(number, lambda number, _: stopped.append(number))
              for number in (signal.SIGINT, signal.SIGTERM)}  # fmt: skip
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stopped:
        signal.raise_signal(stopped[0])


def _check_letters(release: Path) -> None:
    with _stop_later():
        from pipeline.report.fonts import check_fonts, letters_of

    faults = Faults()
    check_fonts(letters_of(release), faults)
    faults.raise_if_any()
