"""Province cells that are no province of the file's scheme: what they are, and the fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.faults import Faults, Place
from pipeline.language import Words

if TYPE_CHECKING:
    from pipeline.provinces import Reference

NUMERIC_CODE = re.compile(r"([0-9]{1,20})(\.0+)?")  # 01 as spreadsheets leave it: 1, 1.0
# Codes of other systems by their form; vehicle plates also as the bare numbers in use.
OTHER_CODES = {
    "system_iso": re.compile(r"VN-\w{2}"),
    "system_telephone": re.compile(r"(\+?84|0)2[0-9]{1,2}"),
    "system_plate": re.compile(
        r"(1[124-9]|[23][0-9]|4[013789]|[56][0-9]|7[0-9]|8[0-689]|9[02-57-9])(-?[A-Z][0-9]?)?"
    ),
}


@dataclass(frozen=True)
class Stranger:
    """A row with a unit of another scheme, and the unit of the file's scheme in which it lies."""

    rule: str
    raw: str
    scheme: str
    whole: str | None
    place: Place
    details: dict[str, str]


def other_system(raw: str) -> Words | None:
    """The system of codes that a text is of, when it is known by its form."""
    return next((Words(key) for key, form in OTHER_CODES.items() if form.fullmatch(raw)), None)


def report_strangers(
    strangers: list[Stranger], seen: dict[tuple[str, str], Place], ref: Reference, faults: Faults
) -> None:
    """Units of another scheme: refused, with both rows where their territory stands there twice."""
    for stranger in strangers:
        twice = seen.get((stranger.scheme, stranger.whole or ""))
        if twice is None or stranger.whole is None:
            faults.add(stranger.rule, stranger.place, stranger.raw, **stranger.details)
        else:
            faults.add("GEO-08", stranger.place, stranger.raw, row=twice.row,
                       whole=ref.name(stranger.scheme, stranger.whole))  # fmt: skip


def report_regions(regions: list[tuple[str, Place, set[str]]], faults: Faults) -> None:
    """Regions of one file are of one list: each that has no list in common with the first."""
    if not regions or set.intersection(*(lists for _, _, lists in regions)):
        return
    first, place, lists = min(regions, key=lambda region: (len(region[2]), region[1].sort_key()))
    for other, where, its in regions:
        if not lists & its:
            faults.add("GEO-18", where, other, lists=", ".join(sorted(its)), first=first,
                       row=place.row, first_lists=", ".join(sorted(lists)))  # fmt: skip


def report_ambiguous(raw: str, key: str, place: Place, ref: Reference, faults: Faults) -> bool:
    """Whether a name means two territories and no scheme says which: a fault if so."""
    readings, territories = [], []
    for scheme in (entry["scheme"] for entry in ref.schemes):
        code = ref.names[scheme].get(key)
        if code is not None:
            parts = [ref.name(scheme, code)] if ref.is_old(scheme) else sorted(ref.parts(code))
            readings.append(f"{scheme}: {' + '.join(parts)}")
            territories.append(parts)
    if len(territories) < 2 or territories[0] == territories[1]:
        return False
    faults.add("GEO-06", place, raw, readings="; ".join(readings))
    return True
