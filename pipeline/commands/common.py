"""What the commands share: progress, the way a command ends, the release it reads."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import sys
from collections.abc import Callable
from typing import Any

from pipeline.language import text
from pipeline.project import FORMAT, Project, foreign_format, read_manifest, stale_inputs

ERASE = "\r\x1b[K"  # a line of a terminal
PIPE_WIDTH = 500  # a pipe has no right edge
REFUSED, USAGE, DIFFERENT, UNEXPECTED = 1, 2, 3, 70
Add = Callable[[str, Any, str], argparse.ArgumentParser]  # name, function, words


def positive(value: str) -> int:
    """A whole number above 0, for `argparse`."""
    given = int(value)
    if given < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return given


class Progress:
    """Stages on a terminal as one moving line, elsewhere as nothing but a line per stage."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.live = sys.stderr.isatty()
        self.last = ""

    def __call__(self, stage: str, values: dict[str, Any]) -> None:
        line = text(stage, self.lang, **values)
        if not stage.startswith("stage_"):  # a note, which stays
            self._write(f"{ERASE if self.live else ''}{line}\n")
        elif self.live:
            self._write(f"{ERASE}{line} …")
        elif stage not in ("stage_step", "stage_register"):
            self._write(f"{line} …\n")

    def close(self) -> None:
        if self.live:
            self._write(ERASE)

    def _write(self, words: str) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: the run goes on
            sys.stderr.write(words)
            sys.stderr.flush()


class Ended(Exception):
    """A command that cannot go on; the message is out, the exit code is `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def asked(project: Project, args: argparse.Namespace) -> tuple[Any, str]:
    """The current release and the edition asked for, by default the first.

    A release that is older than its inputs is still read, and says so on stderr.

    Raises:
        Ended: when nothing is published yet, or there is no such edition.
    """
    from pipeline.explain import Release

    refuse_foreign_format(project)
    if not (project.current / "spec.json").is_file():
        print(text("verify_none", args.lang), file=sys.stderr)
        raise Ended(DIFFERENT)
    release = Release(project.current)
    _tell_if_stale(project, args)
    edition = args.edition or release.spec["editions"][0]["edition"]
    must_be(edition, list(release.editions), "edition", args)
    return release, edition


def _tell_if_stale(project: Project, args: argparse.Namespace) -> None:
    manifest = read_manifest(project)
    changed = stale_inputs(project, manifest) if manifest is not None else []
    if changed:
        more = f" (+{len(changed) - 1})" if len(changed) > 1 else ""
        print(text("verify_stale", args.lang, file=changed[0] + more), file=sys.stderr)
        print(text("verify_remedy", args.lang), file=sys.stderr)


def refuse_foreign_format(project: Project) -> None:
    """Raises:
    Rejected: when the outputs are of another format than this program's.
    """
    from pipeline.faults import Faults, Place

    if (found := foreign_format(project)) is not None:
        faults = Faults()
        faults.add("SYS-22", Place(project.shown("current")), found, wanted=FORMAT)
        faults.raise_if_any()


def must_be(value: str, known: list[str], what: str, args: argparse.Namespace) -> None:
    """End with the nearest known names unless `value` is one of them."""
    if value not in known:
        near = ", ".join(difflib.get_close_matches(value, known, n=3)) or ", ".join(known)
        word = text(f"word_{what}", args.lang)
        message = text("explain_unknown", args.lang, what=word, value=value, nearest=near)
        print(message, file=sys.stderr)
        raise Ended(USAGE)


def the_province(project: Project, release: Any, args: argparse.Namespace, edition: str) -> str:
    """The code of the province named or coded in `args.province`, in the scheme of an edition.

    Raises:
        Ended: when there is none, with what is near.
    """
    from pipeline.alphabet import alphabetical
    from pipeline.faults import explain_fault

    found, faults = find_province(project, args.province, release.editions[edition]["scheme"])
    for fault in faults:
        print(explain_fault(fault, args.lang)["why"], file=sys.stderr)
    if faults:
        raise Ended(USAGE)
    if found is None:  # a region or the whole country
        names = alphabetical({row["province_name_vi"] for row in release.names.values()})
        must_be(args.province, names, "province", args)
    return str(found)


def find_province(project: Project, said: str, scheme: str) -> tuple[str | None, list[Any]]:
    """The code of a province by name or code; None with the faults, or for a row that is none."""
    from pipeline.faults import Faults, Place
    from pipeline.provinces import Resolver, load_reference

    faults = Faults()
    resolver = Resolver(load_reference(project.reference), faults)
    read = resolver.by_code if said.isdigit() else resolver.by_name
    found = read(said, scheme, Place(said))
    resolver.close(is_one_table=False)
    return None if found is None else found.code, faults.sorted()
