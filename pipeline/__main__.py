"""The command line: `python -m pipeline`, also installed as `lii`.

Exit codes: 0 done; 1 the input was refused; 2 wrong use of the command; 3 `verify` found a
difference; 70 unexpected fault; 130 and 143 stopped from outside.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pipeline.commands import analyse, judge, make, read, repair
from pipeline.commands.common import REFUSED, UNEXPECTED, Ended
from pipeline.language import LANGUAGES, default_language, text
from pipeline.project import CODE, Project

_stopped_by: list[int] = []


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    _hold_streams()
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    _stopped_by.clear()
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not deaf in a background
        signal.signal(signal.SIGINT, _stop)
    args = _parser().parse_args(arguments)
    project = Project(_find_root(args.root), args.spec)
    try:
        code = _run(project, args)
    except BrokenPipeError:  # a reader such as `head` has what it wanted
        code = 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            if not isinstance(error, BrokenPipeError):  # what was to be said is lost
                code = code or UNEXPECTED
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _stop(number: int, _: object) -> None:
    """End the run; a library that is called just then may make another error of it."""
    _stopped_by.append(number)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _run(project: Project, args: argparse.Namespace) -> int:
    """The command, with every way it can end as an exit code."""
    try:
        return int(args.run(project, args) or 0)
    except Ended as ended:
        return ended.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        raise
    except ModuleNotFoundError as error:
        print(text("environment_missing", args.lang, name=error.name), file=sys.stderr)
        return UNEXPECTED
    except Exception as error:
        from pipeline.faults import Rejected

        if _stopped_by:
            return 128 + _stopped_by[0]
        if isinstance(error, Rejected):
            return _refuse(error, project, args)
        if args.debug:
            raise
        print(text("debug_hint", args.lang, error=f"{type(error).__name__}: {error}"),
              file=sys.stderr)  # fmt: skip
        return UNEXPECTED


def _hold_streams() -> None:
    """Let no file of ours take the number of a standard stream that was closed."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=LANGUAGES, default=default_language(),
                        help="messages in (default: LII_LANG, or the locale)")  # fmt: skip
    common.add_argument("--root", type=Path, help="the project (default: here, else this code's)")
    common.add_argument("--spec", default="index.yml", help="the index (default: index.yml)")
    common.add_argument("--debug", action="store_true", help="show the trace of a fault")
    parser = argparse.ArgumentParser(prog="python -m pipeline", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Any, words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[common], help=words, description=words)
        command.set_defaults(run=run)
        return command

    make.declare(add)
    read.declare(add)
    analyse.declare(add)
    judge.declare(add)
    repair.declare(add)
    return parser


def _find_root(given: Path | None) -> Path:
    if given is not None:
        return given
    here = Path.cwd()
    return here if (here / "index.yml").is_file() else CODE.parent


def _refuse(error: Any, project: Project, args: argparse.Namespace) -> int:
    from pipeline.faults import as_json, render
    from pipeline.whole import replace_text

    said = [render(error.faults, args.lang, only="reject")]
    if args.run is make.index:
        report, shown = project.outputs / "errors.json", project.shown("errors.json")
        try:
            report.parent.mkdir(parents=True, exist_ok=True)
            replace_text(report, as_json(error.faults))
            said.append(text("rejected", args.lang, file=shown))
        except OSError as problem:
            said.append(text("rejected_only", args.lang, file=shown, problem=problem.strerror))
    with contextlib.suppress(BrokenPipeError):
        print("\n".join(said), file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main())
