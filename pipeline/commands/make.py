"""Commands that make, check and mend: index, check, report, verify, accept, build, docs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.commands.common import (
    DIFFERENT,
    USAGE,
    Add,
    Progress,
    asked,
    refuse_foreign_format,
)
from pipeline.commands.repair import suggest
from pipeline.language import handling, number, text
from pipeline.project import Project
from pipeline.registers.engine import declare as declare_engine
from pipeline.registers.engine import engine_of


def declare(add: Add) -> None:
    """The commands of this module and their arguments."""
    indexing = add("index", index, "make the index from the raw files and publish it")
    checking = add(
        "check", check, "validate the raw files and the index, report all, write nothing"
    )
    for command in (indexing, checking):
        command.add_argument("--strict", action="store_true",
                             help="refuse libraries that are missing or not as locked")  # fmt: skip
    indexing.add_argument("--no-cache", action="store_true",
                          help="make everything anew, also where nothing has changed")  # fmt: skip
    for command in (indexing, checking):
        declare_engine(command)
    checking.add_argument("--suggest", action="store_true",
                          help="print candidate aliases and draft cards to decide on")  # fmt: skip
    reporting = add("report", report, "write what people read: tables, profiles, charts, pages")
    reporting.add_argument("--edition", help="default: the first of the index")
    reporting.add_argument("--boundaries", type=Path, help="GeoJSON of the provinces, for a map")
    reporting.add_argument("--name-key", help="its property that names the province")
    add("verify", verify, "compare the published release with its manifest, inputs and code")
    accepting = add("accept", accept, "accept a changed raw file: renew the sha256 of its card")
    accepting.add_argument("file", nargs="+", help="path as in raw/sources.yml")
    building = add("build", build, "build any index from a table of units and a table of nodes")
    building.add_argument("--data", type=Path, required=True, help="CSV: uCode, uName, Time, codes")
    building.add_argument("--meta", type=Path, required=True, help="CSV: iCode, Parent, Type, …")
    building.add_argument("--methods", type=Path, help="YAML of choices (default: the usual ones)")
    building.add_argument("--out", type=Path, required=True, help="folder for the tables")
    add("docs", docs, "write docs/data.md and docs/faults.md again from the cards and rules")


def index(project: Project, args: argparse.Namespace) -> int:
    """Make the index and publish it; nothing is done where nothing has changed."""
    from pipeline.project import damaged_files, fingerprint, input_files, read_manifest

    started = time.perf_counter()
    progress = Progress(args.lang)
    refuse_foreign_format(project)
    manifest = read_manifest(project)
    manifest = None if args.no_cache else manifest
    if manifest is not None and manifest["fingerprint"] == fingerprint(input_files(project)):
        bad, extra = damaged_files(project, manifest)
        if not bad and not extra:
            _tidy(project, progress)
            out = project.shown("current")
            print(text("unchanged", args.lang, release=manifest["release"], out=out))
            return 0
    _look_at_machine(args)
    from pipeline.checker import Checker
    from pipeline.memory import bounded

    try:
        with bounded(project.root), Checker() as check:  # before the heavy imports: beside them
            from pipeline.run import run_index

            result = run_index(project, progress, check, is_cached=not args.no_cache,
                               engine=engine_of(args))  # fmt: skip
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


def _tidy(project: Project, progress: Progress) -> None:
    """Remove what a killed run left, when nothing else is to be done."""
    from pipeline.faults import Faults
    from pipeline.lock import is_littered, one_writer

    if is_littered(project.outputs):
        with one_writer(project.outputs, Faults(), progress):
            progress.close()


def _look_at_machine(args: argparse.Namespace) -> None:
    """Say which libraries are missing or not as locked; with `--strict`, refuse to run on them."""
    from pipeline.environment import check_environment
    from pipeline.faults import Faults, render

    faults = Faults()
    check_environment(faults)
    if args.strict:
        faults.refuse_warnings()
        faults.raise_if_any()
    if faults.warnings():
        print(render(faults.warnings(), args.lang), file=sys.stderr)


def _count_ranked(release: Path, edition: str) -> int:
    from pipeline import store

    con = store.open_release(release)
    (count,) = con.sql(
        "select count(*) from scores where level = 'index' and is_ranked and edition = $edition",
        params={"edition": edition},
    ).fetchall()[0]
    return int(count)


def check(project: Project, args: argparse.Namespace) -> int:
    """Read, validate and compute everything, and write nothing."""
    _look_at_machine(args)
    from pipeline.faults import Faults, render
    from pipeline.memory import bounded
    from pipeline.registers.work import reading_work
    from pipeline.run import compute, load

    faults = Faults()
    progress = Progress(args.lang)
    try:
        with bounded(project.root):
            work = replace(reading_work(project, progress), engine=engine_of(args))
            loaded = load(project, faults, progress, work)
            compute(loaded, faults, progress, is_held=False).close()
    finally:
        progress.close()
        if args.suggest:
            suggest(project, faults.sorted(), args.lang)
    if faults.warnings():
        print(render(faults.warnings(), args.lang), file=sys.stderr)
    cells = loaded.ingested.observed["handling"].dropna()
    codes = Counter(code for done in cells for code in done.split(", "))
    if codes:
        notes = ", ".join(f"{handling(code, args.lang)} {n}" for code, n in sorted(codes.items()))
        print(text("handled_cells", args.lang, notes=notes))
    print(text("check_ok", args.lang, n=len(loaded.catalogue.cards),
               rows=len(loaded.ingested.observed)))  # fmt: skip
    return 0


def report(project: Project, args: argparse.Namespace) -> None:
    """Write the report of the current release, in both languages, and put it there whole."""
    from pipeline.report.make import make_report, start_early

    started = time.perf_counter()
    start_early()
    from pipeline import store
    from pipeline.faults import Faults, Place
    from pipeline.project import read_manifest, stale_inputs

    release, edition = asked(project, args)
    faults = Faults()
    boundaries = _boundaries(project, args, release.editions[edition]["scheme"], faults)
    manifest = read_manifest(project)
    for name in stale_inputs(project, manifest) if manifest is not None else []:
        faults.add("OUT-08", Place(project.shown("current")), name)
    faults.raise_if_any()
    progress = Progress(args.lang)
    try:
        with store.staging(project.outputs, faults, progress) as folder:
            make_report(folder, project.current, edition, project.reference, progress,
                        boundaries)  # fmt: skip
            made = store.publish_report(folder, project.outputs)
    finally:
        progress.close()
    n = sum(path.is_file() for path in made.rglob("*"))
    print(text("done_report", args.lang, n=n, out=project.shown("current/report"), edition=edition,
               seconds=number(time.perf_counter() - started, args.lang, 1)))  # fmt: skip


def _boundaries(project: Project, args: argparse.Namespace, scheme: str, faults: Any) -> Any:
    """The shapes of the file given, None without one or with a fault."""
    if args.boundaries is None:
        return None
    from pipeline.provinces import load_reference
    from pipeline.report.boundaries import load_boundaries
    from pipeline.yamlfile import load_limits

    limits, ref = load_limits(project.root, faults), load_reference(project.reference)
    return load_boundaries(args.boundaries, args.name_key, ref, scheme, limits, faults)


def verify(project: Project, args: argparse.Namespace) -> int:
    """Compare the published release with its manifest, its inputs and the code."""
    from pipeline.project import damaged_files, read_manifest, stale_inputs
    from pipeline.store import is_report_whole

    refuse_foreign_format(project)
    manifest = read_manifest(project)
    if manifest is None:
        damaged = [text("verify_damaged", args.lang, file="manifest.json"),
                   text("verify_remedy", args.lang)]  # fmt: skip
        is_there = project.current.is_dir()
        words = "\n".join(damaged) if is_there else text("verify_none", args.lang)
        print(words, file=sys.stderr)
        return DIFFERENT
    bad, extra = damaged_files(project, manifest)
    lines = [text("verify_damaged", args.lang, file=name) for name in bad]
    lines += [text("verify_extra", args.lang, file=name) for name in extra]
    changed = stale_inputs(project, manifest)
    lines += [text("verify_stale", args.lang, file=name) for name in changed]
    if not is_report_whole(project.current):
        print(text("verify_report", args.lang, out=project.shown("current/report")),
              file=sys.stderr)  # fmt: skip
        if not lines:
            return DIFFERENT
    if lines:
        lines.append(text("verify_remedy", args.lang))
        print("\n".join(lines), file=sys.stderr)
        return DIFFERENT
    print(text("verify_ok", args.lang, n=len(manifest["files"]), release=manifest["release"]))
    return 0


def accept(project: Project, args: argparse.Namespace) -> int:
    """Renew the sha256 in the card of each file."""
    from pipeline.cards import renew_hash

    code = 0
    for file in args.file:
        message, good = renew_hash(project.root, file, args.lang)
        print(message, file=sys.stdout if good else sys.stderr)
        code = code if good else USAGE
    return code


def build(_: Project, args: argparse.Namespace) -> None:
    """Build any index from two tables."""
    from pipeline.build.run import build
    from pipeline.faults import Faults, render

    faults = Faults(room="build")
    built = build(args.data, args.meta, args.methods, args.out, faults)
    if faults.warnings():
        print(render(faults.warnings(), args.lang), file=sys.stderr)
    n_units = len(set(built.inputs.units))
    print(text("build_done", args.lang, units=n_units, indicators=int(built.entered.sum()),
               ranked=int(built.is_ranked.sum()), out=args.out))  # fmt: skip


def docs(project: Project, _: argparse.Namespace) -> None:
    """Write the generated pages again."""
    from pipeline.pages import write_pages

    for name in write_pages(project):
        print(name)
