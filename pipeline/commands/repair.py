"""Commands that help to mend what is refused: they suggest, and a person decides."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.commands.common import REFUSED, USAGE, Add
from pipeline.language import text
from pipeline.project import Project
from pipeline.suggest import PROVENANCE

if TYPE_CHECKING:
    from pipeline.faults import Fault


def declare(add: Add) -> None:
    """The commands of this module and their arguments."""
    adding = add("add-source", add_source, "draft the card of a raw file from what it shows")
    adding.add_argument("file", type=Path, help="a file under raw/")
    adding.add_argument("--write", action="store_true", help="append it to raw/sources.yml")
    for key in PROVENANCE:
        adding.add_argument(f"--{key}", metavar="TEXT", help=f"what the card says as {key}")


def add_source(project: Project, args: argparse.Namespace) -> int:
    """Print the draft of a card with its evidence, or append it to the cards."""
    from pipeline.cards import append_card
    from pipeline.catalogue import load_catalogue
    from pipeline.faults import Faults, render
    from pipeline.provinces import load_reference
    from pipeline.suggest.draft import draft_card
    from pipeline.suggest.writing import as_yaml, evidence_lines

    file = _inside(project, args.file)
    if file is None:
        print(text("source_outside", args.lang, file=args.file), file=sys.stderr)
        return USAGE
    faults = Faults()
    catalogue = load_catalogue(project.root, Faults())  # other cards may be broken: that is told
    if catalogue is None:  # by `check`, but there must be cards to add one to
        load_catalogue(project.root, faults)
        print(render(faults.sorted(), args.lang, only="reject"), file=sys.stderr)
        return REFUSED
    if file in [card.file for card in catalogue.cards.values()] + list(catalogue.broken.values()):
        print(text("source_known", args.lang, file=file), file=sys.stderr)
        return USAGE
    draft = draft_card(project.root, file, catalogue, load_reference(project.reference), faults)
    if draft is None:
        print(render(faults.sorted(), args.lang), file=sys.stderr)
        return REFUSED
    told = {key: getattr(args, key) for key in PROVENANCE if getattr(args, key) is not None}
    draft.card.update(told)
    for line in evidence_lines(draft, args.lang):
        print(line, file=sys.stderr)
    card = as_yaml(draft, args.lang)
    if args.write:
        append_card(project.root, card)
        print(text("source_written", args.lang, name=draft.source_id), file=sys.stderr)
    print(card, end="")
    return 0


def suggest(project: Project, faults: list[Fault], lang: str) -> None:
    """Print candidate aliases for unknown names, and a draft for each file without a card."""
    from pipeline.catalogue import load_catalogue
    from pipeline.faults import Faults, explain_fault, shown
    from pipeline.provinces import load_reference
    from pipeline.suggest.draft import draft_card
    from pipeline.suggest.names import alias_lines
    from pipeline.suggest.writing import as_yaml, evidence_lines

    ref = load_reference(project.reference)
    for line in alias_lines(faults, ref, lang):
        print(line)
    catalogue = load_catalogue(project.root, Faults())
    for name in [str(fault.value) for fault in faults if fault.rule == "SCH-22"]:
        found = Faults()
        draft = draft_card(project.root, name, catalogue, ref, found) if catalogue else None
        print(f"# {shown(name)}")
        if draft is not None:
            print("\n".join(evidence_lines(draft, lang)))
            print(as_yaml(draft, lang), end="")
        for fault in found.rejecting():
            print(f"# {explain_fault(fault, lang)['why']}")


def _inside(project: Project, given: Path) -> str | None:
    """The path of a file as a card names it; None when it does not lie under the project's raw/."""
    root = project.root.resolve()
    for base in (Path.cwd(), root):
        path = Path(base, given)
        if path.is_file() and path.absolute().is_relative_to(root / "raw"):
            return path.absolute().relative_to(root).as_posix()
    return None
