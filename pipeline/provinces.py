"""Provinces: (scheme, name or code) to a code, by a table and never by likeness."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.faults import Faults, Place
from pipeline.legacy import damage

REFERENCE = Path(__file__).with_name("reference")
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
PREFIX = re.compile(r"^(tỉnh|thành phố|thủ đô|tp\.|tp|t\.)[ .]*(?=\w)")
PREFIX_SPACED = re.compile(r"^(tỉnh|thành phố|thủ đô|tp|t)[ .]+(?=\w)")
# The tone mark of oa, oe and uy may stand on either letter when no letter follows: Hoà, Hòa.
TONES = {
    "oà": "òa", "oá": "óa", "oả": "ỏa", "oã": "õa", "oạ": "ọa",
    "oè": "òe", "oé": "óe", "oẻ": "ỏe", "oẽ": "õe", "oẹ": "ọe",
    "uỳ": "ùy", "uý": "úy", "uỷ": "ủy", "uỹ": "ũy", "uỵ": "ụy",
}  # fmt: skip
TONE = re.compile("(" + "|".join(TONES) + r")(?![^\W\d_])")


def fold(name: str) -> str:
    """A name as it is compared: composed, lower case, one tone style, no prefix, single spaces."""
    text = unicodedata.normalize("NFC", name.translate(INVISIBLE).replace("Ð", "Đ"))
    text = text.casefold().translate(DASHES).replace("ð", "đ")
    text = TONE.sub(lambda match: TONES[match.group()], text)
    text = re.sub(r"\s*-\s*", "-", re.sub(r"\s+", " ", text).strip())
    return PREFIX_SPACED.sub("", PREFIX.sub("", text))


def strip_marks(text: str) -> str:
    """Letters without Vietnamese marks: `đắk lắk` becomes `dak lak`."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c))


@dataclass(frozen=True)
class Resolved:
    """What a cell of a province column means: a province, or a row that is not one."""

    code: str | None
    kind: str  # province | national | region | heading | organisation | foreign


@dataclass
class Reference:
    """The reference tables: schemes, provinces, aliases, the merger map."""

    folder: Path
    schemes: list[dict[str, str]] = field(default_factory=list)
    provinces: list[dict[str, str]] = field(default_factory=list)
    merger: dict[str, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)  # scheme -> folded -> code
    unmarked: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    ambiguous: list[tuple[str, str]] = field(default_factory=list)  # spellings of two provinces
    others: dict[str, str] = field(default_factory=dict)  # folded -> national, region, heading
    historical: dict[str, dict[str, str]] = field(default_factory=dict)

    def codes(self, scheme: str) -> list[str]:
        return sorted(p["province_code"] for p in self.provinces if p["scheme"] == scheme)

    def name(self, scheme: str, code: str) -> str:
        return next(
            p["name_vi"]
            for p in self.provinces
            if p["scheme"] == scheme and p["province_code"] == code
        )

    def scheme_on(self, date: str) -> str:
        """The scheme in force on a date given as `yyyy`, `yyyy-mm` or `yyyy-mm-dd`."""
        day = (date + "-01-01")[:10] if len(date) == 4 else (date + "-01")[:10]
        for scheme in self.schemes:
            if scheme["valid_from"] <= day <= (scheme["valid_to"] or "9999"):
                return scheme["scheme"]
        return self.schemes[0]["scheme"]


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def load_reference(folder: Path = REFERENCE) -> Reference:
    """Read the reference tables of `folder`. They are checked by `check_reference`."""
    ref = Reference(folder)
    ref.schemes = read_rows(folder / "schemes.csv")
    ref.provinces = read_rows(folder / "provinces.csv")
    ref.merger = {r["from_code"]: r["to_code"] for r in read_rows(folder / "merger_2025.csv")}
    ref.names = {scheme["scheme"]: {} for scheme in ref.schemes}
    ref.unmarked = {scheme["scheme"]: defaultdict(set) for scheme in ref.schemes}
    spellings = [(p["scheme"], p["name_vi"], p["province_code"]) for p in ref.provinces]
    spellings += [(p["scheme"], p["name_en"], p["province_code"]) for p in ref.provinces]
    aliases = read_rows(folder / "aliases.csv")
    spellings += [(a["scheme"], a["alias"], a["province_code"]) for a in aliases]
    for scheme, spelling, code in spellings:
        key = fold(spelling)
        if ref.names[scheme].setdefault(key, code) != code:
            ref.ambiguous.append((scheme, spelling))
        ref.unmarked[scheme][strip_marks(key)].add(code)
    ref.others = {fold(r["name"]): r["kind"] for r in read_rows(folder / "not_provinces.csv")}
    ref.historical = {fold(r["name"]): r for r in read_rows(folder / "historical_units.csv")}
    return ref


def check_reference(ref: Reference, faults: Faults) -> None:
    """Refuse a broken map before any data is read: wrong counts, a part with no or two wholes."""
    place = Place("reference/merger_2025.csv")
    for scheme in ref.schemes:
        codes = [p["province_code"] for p in ref.provinces if p["scheme"] == scheme["scheme"]]
        if len(set(codes)) != int(scheme["n_provinces"]) or len(codes) != len(set(codes)):
            declared = scheme["n_provinces"]
            faults.add("GEO-22", Place("reference/provinces.csv"), len(codes),
                       problem=f"scheme {scheme['scheme']}: {declared} declared")  # fmt: skip
    for scheme_code, spelling in ref.ambiguous:
        faults.add("GEO-22", Place("reference/aliases.csv"), spelling,
                   problem=f"scheme {scheme_code}: two provinces")  # fmt: skip
    if len(ref.schemes) < 2:
        return
    rows = read_rows(ref.folder / "merger_2025.csv")
    parts = [r["from_code"] for r in rows]
    for code in sorted({c for c in parts if parts.count(c) > 1}):
        faults.add("GEO-22", place, code, problem="two successors")
    old, new = ref.schemes[0]["scheme"], ref.schemes[1]["scheme"]
    for code in sorted(set(ref.codes(old)) ^ set(parts)):
        faults.add("GEO-22", place, code, problem="no successor, or no such province")
    for code in sorted(set(ref.codes(new)) ^ set(ref.merger.values())):
        faults.add("GEO-22", place, code, problem="no part, or no such province")


class Resolver:
    """Resolves the province cells of one file and adds a fault for each it cannot."""

    def __init__(self, ref: Reference, faults: Faults, extra: dict[str, str] | None = None) -> None:
        self.ref = ref
        self.faults = faults
        self.extra = {fold(name): kind for name, kind in (extra or {}).items()}

    def by_name(self, raw: str, scheme: str, place: Place) -> Resolved | None:
        """The province called `raw` in `scheme`, a row that is not one, or None with a fault."""
        key = fold(raw)
        code = self.ref.names[scheme].get(key)
        if code is not None:
            return Resolved(code, "province")
        kind = self.extra.get(key) or self.ref.others.get(key)
        if kind is not None:
            return Resolved(None, kind)
        if key == strip_marks(key):  # written with no marks at all: unique, or refused
            codes = self.ref.unmarked[scheme].get(key, set())
            if len(codes) == 1:
                return Resolved(next(iter(codes)), "province")
        damaged = damage(raw)
        if damaged is not None:
            rule, details = damaged
            self.faults.add(rule, place, raw, **details)
            return None
        self._unknown(raw, key, scheme, place)
        return None

    def by_code(self, raw: str, scheme: str, place: Place) -> Resolved | None:
        """The province with the two-digit code `raw` in `scheme`, or None with a fault."""
        if raw in self.ref.codes(scheme):
            return Resolved(raw, "province")
        if raw.isdigit() and raw.zfill(2) in self.ref.codes(scheme):
            self.faults.add("GEO-14", place, raw, code=raw.zfill(2))
        elif re.fullmatch(r"VN-\w{2}", raw):
            self.faults.add("GEO-15", place, raw, system="ISO 3166-2")
        else:
            others = [s["scheme"] for s in self.ref.schemes if raw in self.ref.codes(s["scheme"])]
            if others:
                self.faults.add("GEO-17", place, raw, scheme=scheme, other=", ".join(others))
            else:
                self.faults.add("GEO-01", place, raw, scheme=scheme, nearest="–")
        return None

    def _unknown(self, raw: str, key: str, scheme: str, place: Place) -> None:
        for other in self.ref.schemes:
            code = self.ref.names[other["scheme"]].get(key)
            if code is not None and other["scheme"] != scheme:
                now = self.ref.merger.get(code)
                belongs = self.ref.name(scheme, now) if now and scheme != "63" else "–"
                self.faults.add("GEO-07", place, raw, scheme=scheme, belongs=belongs)
                return
        if key in self.ref.historical:
            unit = self.ref.historical[key]
            self.faults.add("GEO-20", place, raw, ended=unit["ended_on"],
                            successors=unit["successors"])  # fmt: skip
            return
        if re.match(r"(huyện|quận|thị xã|phường|xã|thị trấn) ", key):
            self.faults.add("GEO-21", place, raw)
            return
        known = {fold(self.ref.name(scheme, c)): self.ref.name(scheme, c)
                 for c in self.ref.codes(scheme)}  # fmt: skip
        near = [known[k] for k in difflib.get_close_matches(key, list(known), n=3, cutoff=0.6)]
        self.faults.add("GEO-01", place, raw, scheme=scheme, nearest=", ".join(near) or "–")
