"""Commands that read the published release: explain, top, coverage, compare-pii, export."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pipeline.commands.common import (
    PIPE_WIDTH,
    USAGE,
    Add,
    Ended,
    asked,
    must_be,
    positive,
    the_province,
)
from pipeline.language import text
from pipeline.project import Project


def declare(add: Add) -> None:
    """The commands of this module and their arguments."""
    explaining = add("explain", explain, "trace a published number to the cells it came from")
    explaining.add_argument("province", help="name or code")
    explaining.add_argument("node", help="index, a sub-index, a pillar or an indicator")
    explaining.add_argument("--json", action="store_true", help="print JSON instead of a tree")
    topping = add("top", top, "print the highest scores of an edition")
    topping.add_argument("-n", type=positive, default=10, help="how many (default 10)")
    covering = add("coverage", coverage, "print what is in an edition, what is out and why")
    agreeing = add("compare-pii", compare_pii, "rank correlation with the published PII")
    agreeing.add_argument("--pii", type=int, default=2023, help="PII edition (default 2023)")
    agreeing.add_argument("--without", action="append", default=[], help="also without this node")
    exporting = add("export", export, "write the published tables as CSV and as one workbook")
    exporting.add_argument("out", type=Path, help="folder for the files")
    exporting.set_defaults(edition=None)
    for command in (explaining, topping, covering, agreeing):
        command.add_argument("--edition", help="default: the first of the index")


def explain(project: Project, args: argparse.Namespace) -> None:
    """Print where a published number comes from, down to the cells."""
    from pipeline.explain import as_tree, explain

    release, edition = asked(project, args)
    must_be(args.node, list(release.nodes), "node", args)
    province = the_province(project, release, args, edition)
    entry = explain(release, province, args.node, edition)
    if args.json:
        print(json.dumps(entry, ensure_ascii=False, indent=1))
        return
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(width=width, highlight=False).print(as_tree(entry, args.lang))


def top(project: Project, args: argparse.Namespace) -> None:
    """Print the highest scores of an edition."""
    from pipeline.tables import top_scores

    release, edition = asked(project, args)
    print(top_scores(release, edition, args.n, args.lang))


def coverage(project: Project, args: argparse.Namespace) -> None:
    """Print what is in an edition, what is out and why."""
    from pipeline.tables import coverage_table

    release, edition = asked(project, args)
    print(coverage_table(release, edition, args.lang))


def export(project: Project, args: argparse.Namespace) -> None:
    """Write the published tables as CSV and as one workbook."""
    from pipeline.export import export

    asked(project, args)
    for name in export(project.current, args.out):
        print(name)


def compare_pii(project: Project, args: argparse.Namespace) -> None:
    """Print how the ranks agree with those of the published PII."""
    from pipeline.compare import compare_with_pii
    from pipeline.tables import agreement_lines

    release, edition = asked(project, args)
    for node in args.without:
        below = [code for code in release.nodes if code != release.root]
        must_be(node, below, "node", args)
    found = compare_with_pii(project.current, edition, args.pii, args.without)
    if not found:
        print(text("pii_none", args.lang, pii_edition=args.pii, edition=edition), file=sys.stderr)
        raise Ended(USAGE)
    print(agreement_lines(release, found, edition, args.pii, args.lang))
