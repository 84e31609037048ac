"""Commands that ask the index a question: profile, remove-one, compare, what-if, trends."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from pipeline.commands.common import (
    USAGE,
    Add,
    Ended,
    Progress,
    asked,
    find_province,
    must_be,
    positive,
    the_province,
)
from pipeline.language import text
from pipeline.project import Project


def declare(add: Add) -> None:
    """The commands of this module and their arguments."""
    profiling = add("profile", profile, "print where a province stands and what is missing")
    profiling.add_argument("province", help="name or code")
    profiling.add_argument("--peers", choices=("all", "region"), default="all",
                           help="all provinces (default), or those of its region")  # fmt: skip
    removing = add("remove-one", remove_one, "print what the ranking owes to each part of it")
    removing.add_argument("--level", default="indicator", help="what is left out, one at a time",
                          choices=("indicator", "sub_pillar", "pillar", "sub_index"))  # fmt: skip
    comparing = add("compare", compare, "compare with another specification, or two editions")
    comparing.add_argument("other", nargs="?", help="another index.yml, on the same raw data")
    comparing.add_argument("--editions", nargs=2, metavar=("A", "B"), help="of the release")
    comparing.add_argument("--release", metavar="DIR", help="an earlier release, with today's")
    supposing = add("what-if", what_if, "make the index again with one value or weight changed")
    supposing.add_argument("province", help="name or code")
    supposing.add_argument("indicator", nargs="?", help="code of the indicator")
    supposing.add_argument("value", nargs="?", type=float, help="in its unit, with a decimal point")
    supposing.add_argument("--weight", action="append", default=[], type=_weight, metavar="NODE=W",
                           help="another weight of a node, beside its siblings")  # fmt: skip
    supposing.add_argument("--out", type=Path, help="write the tables too, marked; not in outputs/")
    trending = add("trends", trends, "print the change of a figure between two years")
    trending.add_argument("code", help="an indicator or a variable")
    trending.add_argument("--from", dest="first", type=int, required=True, help="year")
    trending.add_argument("--to", dest="last", type=int, required=True, help="a later year")
    trending.add_argument("--scheme", help="of provinces, 63 or 34; default: the oldest")
    for command in (comparing, supposing, trending):
        command.add_argument("-n", type=positive, help="how many provinces to print")
    for command in (profiling, removing, comparing, supposing, trending):
        command.add_argument("--json", action="store_true", help="print everything as JSON")
    for command in (profiling, removing, supposing):
        command.add_argument("--edition", help="default: the first of the index")


def _weight(given: str) -> tuple[str, float]:
    node, mark, weight = given.partition("=")
    if not mark:
        raise argparse.ArgumentTypeError(f"{given} is not NODE=W")
    return node, float(weight)


def profile(project: Project, args: argparse.Namespace) -> None:
    """Print the profile of a province."""
    from pipeline import store
    from pipeline.analyse.page import show, show_json
    from pipeline.analyse.profile import profile, profile_page
    from pipeline.panel import read_panel

    release, edition = asked(project, args)
    province = the_province(project, release, args, edition)
    con = store.open_release(project.current)
    found = profile(con, release, read_panel(con, edition), province, args.peers)
    con.close()
    if args.json:
        show_json(found)
    else:
        show(profile_page(found, args.lang))


def remove_one(project: Project, args: argparse.Namespace) -> None:
    """Print how ranks shift when each node of a level is left out."""
    from pipeline import store
    from pipeline.analyse.page import show, show_json
    from pipeline.analyse.removal import as_rows, candidates, removal_page, remove_each
    from pipeline.panel import read_panel

    release, edition = asked(project, args)
    con = store.open_release(project.current)
    panel = read_panel(con, edition)
    con.close()
    codes = candidates(panel, args.level)
    if len(codes) < 2:
        _end("removal_few", args, n=len(codes), edition=edition)
    rows = as_rows(panel, release, codes, remove_each(panel, codes))
    if args.json:
        show_json({"edition": edition, "level": args.level, "nodes": rows})
    else:
        show(removal_page(panel, release, args.level, rows, args.lang))


def compare(project: Project, args: argparse.Namespace) -> None:
    """Print how two specifications or two editions agree, and why scores changed."""
    asked_for = [args.other, args.editions, args.release]
    if sum(one is not None for one in asked_for) != 1:
        _end("compare_usage", args)
    if args.editions is not None:
        _compare_editions(project, args)
    else:
        _compare_again(project, args)


def _compare_again(project: Project, args: argparse.Namespace) -> None:
    """With another specification or an earlier release, both made again from the raw data."""
    from pipeline.analyse.comparison import (
        agreement_page,
        change_page,
        compare_release,
        compare_specs,
    )
    from pipeline.analyse.page import show, show_json

    other = args.other if args.release is None else args.release
    run = compare_specs if args.release is None else compare_release
    progress = Progress(args.lang)
    try:
        found = run(project, Path(other), progress)
    finally:
        progress.close()
    if not found:
        _end("compare_none", args, other=other)
    if args.json:
        show_json({"other": other, "editions": found})
        return
    pair = {"ours": project.spec_name, "theirs": other}
    if args.release is not None:
        pair = {"ours": Path(other).name, "theirs": project.spec_name}
    page = agreement_page(found, text("compare_title", args.lang, **pair), args.n or 5, args.lang)
    if args.release is None:
        show([*page, text("compare_method", args.lang)])
        return
    said = text("compare_edition", args.lang, edition=found[0]["edition"])
    show([*page, said, *change_page(found[0]["change"], args.n, args.lang)])


def _compare_editions(project: Project, args: argparse.Namespace) -> None:
    """Two editions of the release."""
    from pipeline import store
    from pipeline.analyse.comparison import (
        agreement_page,
        change_page,
        compare_editions,
        edition_remarks,
    )
    from pipeline.analyse.page import show, show_json
    from pipeline.provinces import load_reference

    args.edition, after = args.editions
    release, before = asked(project, args)
    must_be(after, list(release.editions), "edition", args)
    merger = load_reference(project.reference).merger
    con = store.open_release(project.current)
    found = compare_editions(con, release.editions, before, after, merger)
    con.close()
    if args.json:
        show_json(found)
        return
    title = text("editions_title", args.lang, before=before, after=after)
    page = agreement_page([found], title, args.n or 5, args.lang) if found["n"] else [title]
    remarks = edition_remarks(found, release.spec, args.lang)
    show([*page, *change_page(found["change"], args.n, args.lang), *remarks])


def what_if(project: Project, args: argparse.Namespace) -> None:
    """Print what one other value, or other weights, would do; nothing is published."""
    from pipeline.analyse.page import show, show_json
    from pipeline.analyse.supposed import describe_answer, mark_of, what_if_page
    from pipeline.analyse.what_if import Supposition, check_folder, suppose, write_marked
    from pipeline.provinces import load_reference

    if (args.indicator is None) != (args.value is None):
        _end("what_if_usage", args)
    if args.out is not None:
        check_folder(args.out, project.root)
    release, edition = asked(project, args)
    province, _ = find_province(project, args.province, release.editions[edition]["scheme"])
    supposed = Supposition(edition, province or args.province, args.indicator, args.value,
                           dict(args.weight))  # fmt: skip
    answer = suppose(project.current, load_reference(project.reference).provinces, supposed)
    found = describe_answer(release, supposed, answer)
    written = []
    if args.out is not None:
        names = ", ".join(write_marked(answer.con, args.out, mark_of(found), found))
        written = [text("what_if_written", args.lang, out=args.out, names=names)]
    answer.con.close()
    if args.json:
        show_json(found)
        return
    show([*what_if_page(release, found, args.n or 10, args.lang), *written])


def trends(project: Project, args: argparse.Namespace) -> None:
    """Print how a variable or an indicator changed between two years."""
    from pipeline.analyse.page import show, show_json
    from pipeline.analyse.trend import trend_page, trend_rows
    from pipeline.faults import Faults
    from pipeline.run import load

    if not args.first < args.last:
        _end("trend_years", args, first=args.first, last=args.last)
    progress = Progress(args.lang)
    try:
        loaded = load(project, Faults(), progress)
    finally:
        progress.close()
    known = [item.code for item in loaded.spec.indicators] + list(loaded.catalogue.variables)
    must_be(args.code, known, "series", args)
    schemes = [scheme["scheme"] for scheme in loaded.ref.schemes]
    scheme = schemes[0] if args.scheme is None else args.scheme
    must_be(scheme, schemes, "scheme", args)
    rows = trend_rows(loaded, args.code, args.first, args.last, scheme)
    if args.json:
        show_json({"code": args.code, "first": args.first, "last": args.last,
                   "scheme": scheme, "provinces": rows})  # fmt: skip
        return
    years = (args.first, args.last)
    show(trend_page(loaded, args.code, years, scheme, rows, args.n, args.lang))


def _end(key: str, args: argparse.Namespace, **values: Any) -> None:
    """Say why a command cannot go on, and end it.

    Raises:
        Ended: always.
    """
    print(text(key, args.lang, **values), file=sys.stderr)
    raise Ended(USAGE)
