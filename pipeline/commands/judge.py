"""Commands that judge the index: robustness, audit."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pipeline.commands.common import (
    USAGE,
    Add,
    Ended,
    asked,
    positive,
    the_province,
)
from pipeline.language import text
from pipeline.project import Project


def declare(add: Add) -> None:
    """The commands of this module and their arguments."""
    drawing = add("robustness", robustness, "print how sure the ranks are, and what they hang on")
    drawing.add_argument("--pair", nargs=2, metavar=("A", "B"), help="two provinces, name or code")
    drawing.add_argument("-n", type=positive, help="how many provinces to print")
    auditing = add("audit", audit, "print every check of the statistical audit of an edition")
    for command in (drawing, auditing):
        command.add_argument("--json", action="store_true", help="print everything as JSON")
        command.add_argument("--edition", help="default: the first of the index")


def robustness(project: Project, args: argparse.Namespace) -> None:
    """Print the intervals of the ranks, or how two provinces compare."""
    from pipeline import store
    from pipeline.analyse.page import show, show_json
    from pipeline.robustness.page import find_robustness, robustness_page

    release, edition = asked(project, args)
    con = store.open_release(project.current)
    found = find_robustness(con, edition)
    if found is None:
        print(text("robust_none", args.lang, edition=edition), file=sys.stderr)
        raise Ended(USAGE)
    if args.pair is not None:
        _pair(project, args, con, release, edition)
    elif args.json:
        show_json(found)
    else:
        level = release.spec["robustness"]["level"]
        show(robustness_page(found, level, args.n, args.lang))
    con.close()


def _pair(project: Project, args: argparse.Namespace, con: Any, release: Any, edition: str) -> None:
    import pandas as pd

    from pipeline import store
    from pipeline.analyse.page import show, show_json
    from pipeline.provinces import load_reference
    from pipeline.robustness.page import find_pair, pair_page

    codes = []
    for said in args.pair:
        given = argparse.Namespace(**vars(args) | {"province": said})
        codes.append(the_province(project, release, given, edition))
    store.put_table(con, "ref_provinces", pd.DataFrame(load_reference(project.reference).provinces))
    found = find_pair(con, edition, (codes[0], codes[1]))
    if found is None:
        print(text("pair_none", args.lang, edition=edition), file=sys.stderr)
        raise Ended(USAGE)
    if args.json:
        show_json(found)
        return
    names = {code: release.names[edition, code, release.root][f"province_name_{args.lang}"]
             for code in codes}  # fmt: skip
    show(pair_page(found, names, args.lang))


def audit(project: Project, args: argparse.Namespace) -> None:
    """Print the statistical audit of an edition."""
    from pipeline import store
    from pipeline.analyse.page import show, show_json
    from pipeline.audit.page import edition_page
    from pipeline.robustness.page import read_rows

    release, edition = asked(project, args)
    con = store.open_release(project.current)
    rows = read_rows(con, "select * from checks where edition = $1", edition)
    con.close()
    if args.json:
        show_json(rows)
    else:
        show(edition_page(rows, release.nodes, args.lang, is_whole=True))
