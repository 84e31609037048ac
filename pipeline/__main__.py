"""The command line: `python -m pipeline`, also installed as `lii`.

Exit codes: 0 done; 1 the input was refused; 2 wrong use of the command; 3 `verify` found a
difference; 70 unexpected fault; 130 and 143 stopped from outside.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from pipeline.language import LANGUAGES, default_language, number, text
from pipeline.project import CODE, Project

PIPE_WIDTH = 500  # a pipe has no right edge
REFUSED, USAGE, DIFFERENT, UNEXPECTED = 1, 2, 3, 70


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = _parser().parse_args(arguments)
    project = Project(_find_root(args.root), args.spec)
    try:
        return int(args.run(project, args) or 0)
    except Ended as ended:
        return ended.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # a reader such as `head` has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ModuleNotFoundError as error:
        print(text("environment_missing", args.lang, name=error.name), file=sys.stderr)
        return UNEXPECTED
    except Exception as error:
        from pipeline.faults import Rejected

        if isinstance(error, Rejected):
            return _refuse(error, project, args)
        if args.debug:
            raise
        print(text("debug_hint", args.lang, error=f"{type(error).__name__}: {error}"),
              file=sys.stderr)  # fmt: skip
        return UNEXPECTED


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

    add("index", _index, "make the index from the raw files and publish it")
    add("check", _check, "validate the raw files and the index, report everything, write nothing")
    add("verify", _verify, "compare the published release with its manifest, inputs and code")
    explain = add("explain", _explain, "trace a published number to the cells it came from")
    explain.add_argument("province", help="name or code")
    explain.add_argument("node", help="index, a sub-index, a pillar or an indicator")
    explain.add_argument("--edition", help="default: the first of the index")
    explain.add_argument("--json", action="store_true", help="print JSON instead of a tree")
    top = add("top", _top, "print the highest scores of an edition")
    top.add_argument("--edition", help="default: the first of the index")
    top.add_argument("-n", type=_positive, default=10, help="how many (default 10)")
    tree = add("coverage", _coverage, "print what is in an edition, what is out and why")
    tree.add_argument("--edition", help="default: the first of the index")
    pii = add("compare-pii", _compare_pii, "rank correlation with the published PII")
    pii.add_argument("--edition", help="default: the first of the index")
    pii.add_argument("--pii", type=int, default=2023, help="PII edition (default 2023)")
    pii.add_argument("--without", action="append", default=[], help="also without this node")
    accept = add("accept", _accept, "accept a changed raw file: renew the sha256 of its card")
    accept.add_argument("file", nargs="+", help="path as in raw/sources.yml")
    build = add("build", _build, "build any index from a table of units and a table of nodes")
    build.add_argument("--data", type=Path, required=True, help="CSV: uCode, uName, Time, codes")
    build.add_argument(
        "--meta", type=Path, required=True, help="CSV: iCode, Parent, Type and so on"
    )
    build.add_argument("--methods", type=Path, help="YAML of choices (default: the usual ones)")
    build.add_argument("--out", type=Path, required=True, help="folder for the tables")
    add("docs", _docs, "write docs/data.md and docs/faults.md again from the cards and rules")
    return parser


def _positive(value: str) -> int:
    given = int(value)
    if given < 1:
        raise argparse.ArgumentTypeError(f"{value} is not above 0")
    return given


def _find_root(given: Path | None) -> Path:
    if given is not None:
        return given
    here = Path.cwd()
    return here if (here / "index.yml").is_file() else CODE.parent


class Progress:
    """Stages on a terminal as one moving line, elsewhere as nothing but a line per stage."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.live = sys.stderr.isatty()
        self.last = ""

    def __call__(self, stage: str, values: dict[str, Any]) -> None:
        line = text(stage, self.lang, **values)
        if self.live:
            sys.stderr.write(f"\r\x1b[K{line} …")
        elif stage != "stage_step":
            sys.stderr.write(f"{line} …\n")
        sys.stderr.flush()

    def close(self) -> None:
        if self.live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _index(project: Project, args: argparse.Namespace) -> int:
    from pipeline.project import damaged_files, fingerprint, input_files, read_manifest

    started = time.perf_counter()
    manifest = read_manifest(project)
    if manifest is not None and manifest["fingerprint"] == fingerprint(input_files(project)):
        bad, extra = damaged_files(project, manifest)
        if not bad and not extra:
            print(
                text(
                    "unchanged",
                    args.lang,
                    release=manifest["release"],
                    out=project.shown("current"),
                )
            )
            return 0
    from pipeline.checker import Checker

    progress = Progress(args.lang)
    try:
        with Checker() as check:  # before the heavy imports: its own run beside them
            from pipeline.run import run_index

            result = run_index(project, progress, check)
    finally:
        progress.close()
    (project.outputs / "errors.json").unlink(missing_ok=True)
    if result.findings:
        print(text("findings_hint", args.lang, warned=len(result.findings)), file=sys.stderr)
    whole = json.loads((result.release / "spec.json").read_text("utf-8"))
    first = whole["index"]["editions"][0]["edition"]
    values = {
        "release": result.manifest["release"],
        "out": project.shown("current"),
        "ranked": _count_ranked(result.release, first),
        "edition": first,
        "warned": len(result.findings),
        "seconds": number(time.perf_counter() - started, args.lang, 1),
    }
    print(text("done_index", args.lang, **values))
    return 0


def _count_ranked(release: Path, edition: str) -> int:
    from pipeline import store

    con = store.open_release(release)
    (count,) = con.sql(
        "select count(*) from scores where level = 'index' and is_ranked and edition = $edition",
        params={"edition": edition},
    ).fetchall()[0]
    return int(count)


def _check(project: Project, args: argparse.Namespace) -> int:
    from pipeline.faults import Faults, render
    from pipeline.run import compute, load

    faults = Faults()
    progress = Progress(args.lang)
    try:
        loaded = load(project, faults, progress)
        compute(loaded, faults, progress).close()
    finally:
        progress.close()
    if faults.warnings():
        print(render(faults.warnings(), args.lang), file=sys.stderr)
    print(text("check_ok", args.lang, n=len(loaded.catalogue.cards),
               rows=len(loaded.ingested.observed)))  # fmt: skip
    return 0


def _refuse(error: Any, project: Project, args: argparse.Namespace) -> int:
    from pipeline.faults import as_json, render

    print(render(error.faults, args.lang, only="reject"), file=sys.stderr)
    if args.run is _index:
        report = project.outputs / "errors.json"
        with contextlib.suppress(OSError):
            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text(as_json(error.faults), "utf-8")
            print(text("rejected", args.lang, file=project.shown("errors.json")), file=sys.stderr)
    return REFUSED


def _verify(project: Project, args: argparse.Namespace) -> int:
    from pipeline.project import damaged_files, fingerprint, input_files, read_manifest

    manifest = read_manifest(project)
    if manifest is None:
        print(text("verify_none", args.lang), file=sys.stderr)
        return DIFFERENT
    bad, extra = damaged_files(project, manifest)
    lines = [text("verify_damaged", args.lang, file=name) for name in bad]
    lines += [text("verify_extra", args.lang, file=name) for name in extra]
    inputs = input_files(project)
    before = manifest["inputs"]
    changed = [n for n in sorted({*inputs, *before}) if inputs.get(n) != before.get(n)]
    if not changed and manifest["fingerprint"] != fingerprint(inputs):
        changed = ["requirements.lock"]
    lines += [text("verify_stale", args.lang, file=name) for name in changed]
    if lines:
        lines.append(text("verify_remedy", args.lang))
        print("\n".join(lines), file=sys.stderr)
        return DIFFERENT
    print(text("verify_ok", args.lang, n=len(manifest["files"]), release=manifest["release"]))
    return 0


class Ended(Exception):
    """A command that cannot go on; the message is out, the exit code is `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _asked(project: Project, args: argparse.Namespace) -> tuple[Any, str]:
    """The current release and the edition asked for, by default the first.

    Raises:
        Ended: when nothing is published yet, or there is no such edition.
    """
    from pipeline.explain import Release

    if not (project.current / "spec.json").is_file():
        print(text("verify_none", args.lang), file=sys.stderr)
        raise Ended(DIFFERENT)
    release = Release(project.current)
    edition = args.edition or release.spec["editions"][0]["edition"]
    _must_be(edition, list(release.editions), "edition", args)
    return release, edition


def _must_be(value: str, known: list[str], what: str, args: argparse.Namespace) -> None:
    """End with the nearest known names unless `value` is one of them."""
    if value not in known:
        near = ", ".join(difflib.get_close_matches(value, known, n=3)) or ", ".join(known)
        word = text(f"word_{what}", args.lang)
        message = text("explain_unknown", args.lang, what=word, value=value, nearest=near)
        print(message, file=sys.stderr)
        raise Ended(USAGE)


def _explain(project: Project, args: argparse.Namespace) -> None:
    from pipeline.explain import as_tree, explain
    from pipeline.faults import Faults, Place, explain_fault
    from pipeline.provinces import Resolver, load_reference

    release, edition = _asked(project, args)
    _must_be(args.node, list(release.nodes), "node", args)
    scheme, faults = release.editions[edition]["scheme"], Faults()
    resolver = Resolver(load_reference(project.reference), faults)
    read = resolver.by_code if args.province.isdigit() else resolver.by_name
    found = read(args.province, scheme, Place(text("word_province", args.lang)))
    for fault in faults.sorted():
        print(explain_fault(fault, args.lang)["why"], file=sys.stderr)
    if found is None:
        raise Ended(USAGE)
    if found.code is None:  # a region or the whole country
        names = sorted({row["province_name_vi"] for row in release.names.values()})
        _must_be(args.province, names, "province", args)
    entry = explain(release, str(found.code), args.node, edition)
    if args.json:
        print(json.dumps(entry, ensure_ascii=False, indent=1))
        return
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False).print(as_tree(entry, args.lang))


def _top(project: Project, args: argparse.Namespace) -> None:
    from pipeline.tables import top_scores

    release, edition = _asked(project, args)
    print(top_scores(release, edition, args.n, args.lang))


def _coverage(project: Project, args: argparse.Namespace) -> None:
    from pipeline.tables import coverage_table

    release, edition = _asked(project, args)
    print(coverage_table(release, edition, args.lang))


def _compare_pii(project: Project, args: argparse.Namespace) -> None:
    from pipeline.compare import compare_with_pii
    from pipeline.tables import agreement_lines

    release, edition = _asked(project, args)
    for node in args.without:
        below = [code for code in release.nodes if code != release.root]
        _must_be(node, below, "node", args)
    found = compare_with_pii(project.current, edition, args.pii, args.without)
    if not found:
        print(text("pii_none", args.lang, pii_edition=args.pii, edition=edition), file=sys.stderr)
        raise Ended(USAGE)
    print(agreement_lines(release, found, edition, args.pii, args.lang))


def _accept(project: Project, args: argparse.Namespace) -> int:
    from pipeline.cards import renew_hash

    code = 0
    for file in args.file:
        message, good = renew_hash(project.root, file, args.lang)
        print(message, file=sys.stdout if good else sys.stderr)
        code = code if good else USAGE
    return code


def _build(_: Project, args: argparse.Namespace) -> None:
    from pipeline.build.run import build

    built = build(args.data, args.meta, args.methods, args.out)
    n_units = len(set(built.inputs.units))
    print(text("build_done", args.lang, units=n_units, indicators=int(built.entered.sum()),
               ranked=int(built.is_ranked.sum()), out=args.out))  # fmt: skip


def _docs(project: Project, _: argparse.Namespace) -> None:
    from pipeline.pages import write_pages

    for name in write_pages(project):
        print(name)


if __name__ == "__main__":
    sys.exit(main())
