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
from pipeline.language import Words
from pipeline.legacy import damage
from pipeline.unresolved import (
    NUMERIC_CODE,
    Stranger,
    other_system,
    report_ambiguous,
    report_regions,
    report_strangers,
)

REFERENCE = Path(__file__).with_name("reference")
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-")
PREFIX = re.compile(r"^(tỉnh|thành phố|thủ đô|tp|t)[ .]+(?=\w)")
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
    text = text.lower().translate(DASHES).replace("ð", "đ")
    text = TONE.sub(lambda match: TONES[match.group()], text)
    text = re.sub(r"\s*-\s*", "-", re.sub(r"\s+", " ", text).strip())
    return PREFIX.sub("", text)


def strip_marks(text: str) -> str:
    """Letters without Vietnamese marks: `đắk lắk` becomes `dak lak`."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c))


@dataclass(frozen=True)
class Resolved:
    """What a cell of a province column means: a province, or a row that is not one."""

    code: str | None
    kind: str  # province | national | region | heading | organisation | foreign
    note: str | None = None  # alias, unmarked_name or numeric_code: how a province was found


@dataclass
class Reference:
    """The reference tables: schemes, provinces, aliases, the merger map."""

    folder: Path
    schemes: list[dict[str, str]] = field(default_factory=list)
    provinces: list[dict[str, str]] = field(default_factory=list)
    merger: dict[str, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)  # scheme -> folded -> code
    vietnamese: dict[str, dict[str, str]] = field(default_factory=dict)  # scheme -> folded -> name
    official: set[tuple[str, str]] = field(default_factory=set)  # (scheme, folded), no aliases
    unmarked: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    ambiguous: list[tuple[str, str]] = field(default_factory=list)  # spellings of two provinces
    others: dict[str, str] = field(default_factory=dict)  # folded -> national, region, heading
    region_lists: dict[str, set[str]] = field(default_factory=dict)  # folded -> lists that hold it
    historical: dict[str, dict[str, str]] = field(default_factory=dict)
    official_names: dict[tuple[str, str], str] = field(default_factory=dict)  # (scheme, code)

    def codes(self, scheme: str) -> list[str]:
        return sorted(p["province_code"] for p in self.provinces if p["scheme"] == scheme)

    def name(self, scheme: str, code: str) -> str:
        return self.official_names[scheme, code]

    def scheme_on(self, date: str) -> str:
        """The scheme in force on a date given as `yyyy`, `yyyy-mm` or `yyyy-mm-dd`."""
        day = (date + "-01-01")[:10] if len(date) == 4 else (date + "-01")[:10]
        for scheme in self.schemes:
            if scheme["valid_from"] <= day <= (scheme["valid_to"] or "9999"):
                return scheme["scheme"]
        return self.schemes[0]["scheme"]

    def is_old(self, scheme: str) -> bool:
        """Whether a scheme is the one before the merger."""
        return scheme == self.schemes[0]["scheme"]

    def parts(self, code: str) -> list[str]:
        """Names of the former provinces that make up a province of the new scheme."""
        old = self.schemes[0]["scheme"]
        return [self.name(old, part) for part, whole in self.merger.items() if whole == code]


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def scheme_names(folder: Path) -> list[str]:
    """The schemes of `folder`, the oldest first."""
    return [row["scheme"] for row in read_rows(folder / "schemes.csv")]


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
    ref.vietnamese = {scheme: {} for scheme in ref.names}
    for province in ref.provinces:
        unit = province["scheme"], province["province_code"]
        ref.official_names.setdefault(unit, province["name_vi"])
        ref.vietnamese[province["scheme"]][fold(province["name_vi"])] = province["name_vi"]
    ref.official = {(scheme, fold(spelling)) for scheme, spelling, _ in spellings}
    aliases = read_rows(folder / "aliases.csv")
    spellings += [(a["scheme"], a["alias"], a["province_code"]) for a in aliases]
    for scheme, spelling, code in spellings:
        key = fold(spelling)
        if ref.names[scheme].setdefault(key, code) != code:
            ref.ambiguous.append((scheme, spelling))
        ref.unmarked[scheme][strip_marks(key)].add(code)
    others = read_rows(folder / "not_provinces.csv")
    ref.others = {fold(r["name"]): r["kind"] for r in others}
    ref.region_lists = {fold(r["name"]): set(r["lists"].split()) for r in others}
    ref.historical = {fold(r["name"]): r for r in read_rows(folder / "historical_units.csv")}
    return ref


def check_reference(ref: Reference, faults: Faults) -> None:
    """Refuse a broken map before any data is read: wrong counts, a part with no or two wholes."""
    place = Place("reference/merger_2025.csv")
    for scheme in ref.schemes:
        codes = [p["province_code"] for p in ref.provinces if p["scheme"] == scheme["scheme"]]
        if len(set(codes)) != int(scheme["n_provinces"]) or len(codes) != len(set(codes)):
            declared = {"scheme": scheme["scheme"], "n": scheme["n_provinces"]}
            faults.add("GEO-22", Place("reference/provinces.csv"), len(codes),
                       problem=Words("n_declared", declared))  # fmt: skip
    for i, province in enumerate(ref.provinces):
        for key, lang in (("name_vi", "vi"), ("name_en", "en")):
            if not province[key].strip():
                faults.add("SCH-15", Place("reference/provinces.csv", row=i + 2), key,
                           id=province["province_code"],
                           language=Words(f"language_{lang}"))  # fmt: skip
    for scheme_code, spelling in ref.ambiguous:
        faults.add("GEO-22", Place("reference/aliases.csv"), spelling,
                   problem=Words("two_provinces", {"scheme": scheme_code}))  # fmt: skip
    if len(ref.schemes) < 2:
        return
    rows = read_rows(ref.folder / "merger_2025.csv")
    parts = [r["from_code"] for r in rows]
    for code in sorted({c for c in parts if parts.count(c) > 1}):
        faults.add("GEO-22", place, code, problem=Words("two_successors"))
    old, new = ref.schemes[0]["scheme"], ref.schemes[1]["scheme"]
    for code in sorted(set(ref.codes(old)) ^ set(parts)):
        faults.add("GEO-22", place, code, problem=Words("no_successor"))
    for code in sorted(set(ref.codes(new)) ^ set(ref.merger.values())):
        faults.add("GEO-22", place, code, problem=Words("no_part"))


class Resolver:
    """Resolves the province cells of one file and adds a fault for each it cannot.

    `close` adds those that only the whole file shows: territory that stands in it twice, and
    regions of two lists.
    """

    def __init__(self, ref: Reference, faults: Faults, extra: dict[str, str] | None = None) -> None:
        self.ref = ref
        self.faults = faults
        self.codes = {s["scheme"]: frozenset(ref.codes(s["scheme"])) for s in ref.schemes}
        self.extra = {fold(name): kind for name, kind in (extra or {}).items()}
        self.seen: dict[tuple[str, str], Place] = {}  # (scheme, code) -> first row
        self.strangers: list[Stranger] = []
        self.regions: list[tuple[str, Place, set[str]]] = []
        self.suggests = True  # whether near names are looked for: each costs a millisecond

    def by_name(self, raw: str, scheme: str, place: Place) -> Resolved | None:
        """The province called `raw` in `scheme`, a row that is not one, or None with a fault."""
        key = fold(raw)
        code = self.ref.names[scheme].get(key)
        if code is not None:
            is_alias = (scheme, key) not in self.ref.official
            return self._found(code, scheme, place, "alias" if is_alias else None)
        kind = self.extra.get(key) or self.ref.others.get(key)
        if kind is not None:
            if key not in self.extra and self.ref.region_lists[key]:
                self.regions.append((raw, place, self.ref.region_lists[key]))
            return Resolved(None, kind)
        if key == strip_marks(key):  # written with no marks at all: unique, or refused
            codes = self.ref.unmarked[scheme].get(key, set())
            if len(codes) == 1:
                return self._found(next(iter(codes)), scheme, place, "unmarked_name")
            if codes:
                names = ", ".join(f"{self.ref.name(scheme, c)} ({c})" for c in sorted(codes))
                self.faults.add("GEO-04", place, raw, scheme=scheme, provinces=names)
                return None
        damaged = damage(raw)
        if damaged is not None:
            rule, details = damaged
            self.faults.add(rule, place, raw, **details)
            return None
        self._unknown(raw, key, scheme, place)
        return None

    def by_code(
        self, raw: str, scheme: str, place: Place, is_numeric: bool = False
    ) -> Resolved | None:
        """The province with the code `raw` in `scheme`, or None with a fault.

        Where the source declares numeric codes, 1 and 1.0 are 01 (001 where codes have three
        digits).
        """
        codes = self.codes[scheme]
        if raw in codes:
            return self._found(raw, scheme, place, None)
        number = NUMERIC_CODE.fullmatch(raw)
        width = max(map(len, codes), default=0)
        if number is not None and (code := number[1].zfill(width)) in codes:
            if is_numeric:
                return self._found(code, scheme, place, "numeric_code")
            self.faults.add("GEO-14", place, raw, code=code)
            return None
        others = [s for s in self.ref.schemes if raw in self.codes[s["scheme"]]]
        if others:
            self._stranger(raw, raw, others[0], scheme, place, is_code=True)
        elif (system := other_system(raw)) is not None:
            self.faults.add("GEO-15", place, raw, system=system)
        else:
            self.faults.add("GEO-01", place, raw, scheme=scheme, nearest="–")
        return None

    def close(self, is_one_table: bool = True) -> None:
        """Add the faults that need every row of the file; to be called once, after the last.

        Rows that do not belong to one table are judged one by one.
        """
        seen = self.seen if is_one_table else {}
        report_strangers(self.strangers, seen, self.ref, self.faults)
        report_regions(self.regions if is_one_table else [], self.faults)

    def without_scheme(self, raw: str, place: Place) -> bool:
        """Whether a name means two territories where no scheme is declared: a fault if so."""
        return report_ambiguous(raw, fold(raw), place, self.ref, self.faults)

    def _found(self, code: str, scheme: str, place: Place, note: str | None) -> Resolved:
        self.seen.setdefault((scheme, code), place)
        return Resolved(code, "province", note)

    def _stranger(
        self, raw: str, code: str, of: dict[str, str], scheme: str, place: Place, is_code: bool
    ) -> None:
        """Keep a unit of another scheme for `close`, with the unit of `scheme` it lies in."""
        whole = self.ref.merger.get(code) if self.ref.is_old(of["scheme"]) else None
        belongs = self.ref.name(scheme, whole) if whole is not None else "–"
        details = {"scheme": scheme, "belongs": belongs, "other": of["scheme"],
                   "valid": f"{of['valid_from']} – {of['valid_to'] or '…'}"}  # fmt: skip
        rule = "GEO-17" if is_code else "GEO-07"
        self.strangers.append(Stranger(rule, raw, scheme, whole, place, details))

    def _unknown(self, raw: str, key: str, scheme: str, place: Place) -> None:
        for other in self.ref.schemes:
            code = self.ref.names[other["scheme"]].get(key)
            if code is not None and other["scheme"] != scheme:
                self._stranger(raw, code, other, scheme, place, is_code=False)
                return
        if key in self.ref.historical:
            unit = self.ref.historical[key]
            self.faults.add("GEO-20", place, raw, ended=unit["ended_on"],
                            successors=unit["successors"])  # fmt: skip
            return
        if re.match(r"(huyện|quận|thị xã|phường|xã|thị trấn) ", key):
            self.faults.add("GEO-21", place, raw)
            return
        known = self.ref.vietnamese[scheme] if self.suggests else {}
        near = [known[k] for k in difflib.get_close_matches(key, list(known), n=3, cutoff=0.6)]
        self.faults.add("GEO-01", place, raw, scheme=scheme, nearest=", ".join(near) or "–")
