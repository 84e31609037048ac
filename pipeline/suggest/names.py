"""Which cells name a province, in which scheme; and what an unknown name may have meant."""

from __future__ import annotations

import difflib
import re

from pipeline.faults import Fault, shown
from pipeline.ingest.common import NUMBERING
from pipeline.language import text
from pipeline.provinces import REFERENCE, Reference, fold, strip_marks

ALIASES = "pipeline/reference/aliases.csv"
CANDIDATES = 3  # near names offered for an unknown one
MARK = re.compile(r"\s*([*†‡]|\([0-9a-z]{1,2}\))$")
CUTOFF = 0.6  # likeness below which a name is not offered


class Names:
    """Looks names up in the reference tables, without faults and without nearness."""

    def __init__(self, ref: Reference) -> None:
        self.ref = ref
        self.schemes = [scheme["scheme"] for scheme in ref.schemes]

    def codes(self, name: str) -> dict[str, str]:
        """The code of a name in each scheme that has it."""
        key = fold(name)
        found = {}
        for scheme in self.schemes:
            code = self.ref.names[scheme].get(key)
            same = self.ref.unmarked[scheme].get(key, set()) if key == strip_marks(key) else set()
            if code is None and len(same) == 1:
                code = next(iter(same))
            if code is not None:
                found[scheme] = code
        return found

    def is_other(self, name: str) -> bool:
        """Whether a name is a region, a total or a heading."""
        return fold(name) in self.ref.others

    def is_known(self, name: str) -> bool:
        """Whether a name, with or without footnote marks behind it, is one of either kind."""
        bare = unmarked(name)[0]
        return bool(bare) and (self.is_other(bare) or bool(self.codes(bare)))

    def near(self, name: str, scheme: str) -> list[dict[str, str]]:
        """The provinces of a scheme whose names are most like one: candidates, never used."""
        known = {fold(p["name_vi"]): p for p in self.ref.provinces if p["scheme"] == scheme}
        found = difflib.get_close_matches(fold(name), list(known), n=CANDIDATES, cutoff=CUTOFF)
        return [known[key] for key in found]


def unnumbered(name: str) -> str:
    """A name without the number that stands before it: `2) Hà Nội`."""
    match = NUMBERING.match(name)
    return name[match.end() :] if match is not None else name


def unmarked(name: str) -> tuple[str, list[str]]:
    """A name without the footnote marks behind it, and those marks: `Hà Nội(1)*`."""
    marks: list[str] = []
    while (match := MARK.search(name)) is not None and match.start() > 0:
        marks.insert(0, match[1])
        name = name[: match.start()]
    return name, marks


def alias_lines(faults: list[Fault], ref: Reference, lang: str) -> list[str]:
    """For every unknown province name the lines that would make it an alias, to choose from.

    Args:
        faults: of a run; those of rule GEO-01 name a province nobody knows.
        ref: the reference tables.
        lang: of the remarks.

    Returns:
        Lines: a remark with the name and its places, then one candidate per near name, in the form
        of the table of aliases, each behind a `#` that a person takes away or leaves.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for fault in faults:
        if fault.rule == "GEO-01":
            cell = f"{fault.place.file} {fault.place.cell or ''}".strip()
            unknown = (str(fault.details.get("scheme", "")), str(fault.value))
            places.setdefault(unknown, []).append(cell)
    lines, names = [], Names(ref)
    aliases = ALIASES if ref.folder == REFERENCE else "reference/aliases.csv"
    for (scheme, name), cells in sorted(places.items()):
        near = names.near(name, scheme)
        key = "suggest_name" if near else "suggest_no_name"
        lines.append(text(key, lang, name=shown(name), places=", ".join(cells), aliases=aliases))
        alias = shown(f'"{name}"' if "," in name else name)
        lines += [f"#{scheme},{alias},{p['province_code']}    {p['name_vi']}" for p in near]
    return lines
