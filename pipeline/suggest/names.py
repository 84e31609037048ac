"""Which cells name a province, in which scheme; and what an unknown name may have meant."""

from __future__ import annotations

import difflib

from pipeline.faults import Fault, shown
from pipeline.ingest.common import NUMBERING
from pipeline.language import text
from pipeline.provinces import Reference, fold, strip_marks

ALIASES = "pipeline/reference/aliases.csv"
CANDIDATES = 3  # near names offered for an unknown one
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
        return bool(name) and (self.is_other(name) or bool(self.codes(name)))


def unnumbered(name: str) -> str:
    """A name without the number that stands before it: `2) Hà Nội`."""
    match = NUMBERING.match(name)
    return name[match.end() :] if match is not None else name


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
    lines = []
    for (scheme, name), cells in sorted(places.items()):
        names = {fold(p["name_vi"]): p for p in ref.provinces if p["scheme"] == scheme}
        near = difflib.get_close_matches(fold(name), list(names), n=CANDIDATES, cutoff=CUTOFF)
        key = "suggest_name" if near else "suggest_no_name"
        lines.append(text(key, lang, name=shown(name), places=", ".join(cells), aliases=ALIASES))
        for each in near:
            alias = f'"{name}"' if "," in name else name
            lines.append(f"#{scheme},{shown(alias)},{names[each]['province_code']}"
                         f"    {names[each]['name_vi']}")  # fmt: skip
    return lines
