"""What the texts of a register mean: names to provinces, days to years. Each text is asked once."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.faults import Fault, Faults, Place
from pipeline.ingest.dates import Dated, read_date
from pipeline.ingest.numbers import Refused
from pipeline.provinces import Reference, Resolved, Resolver
from pipeline.sources import Card
from pipeline.words import as_text

SUGGESTED = 200  # unknown names for which near ones are looked for


@dataclass(frozen=True)
class Meaning:
    """What a name means in one scheme: provinces, a row that is none (`kind`), or a refusal."""

    found: tuple[Resolved, ...] = ()
    kind: str | None = None  # why its rows are left out: foreign, national, region …
    fault: Fault | None = None


@dataclass
class Meanings:
    """Answers for one card; the same text gets the same answer without being read again."""

    card: Card
    ref: Reference
    _names: dict[tuple[str, int], Meaning] = field(default_factory=dict)
    _days: dict[str, Dated | Refused] = field(default_factory=dict)
    _refused: int = 0

    @property
    def schemes(self) -> list[str]:
        """The schemes that rows may fall into, in the order of their numbers."""
        if self.card.scheme == "by date":
            return [scheme["scheme"] for scheme in self.ref.schemes]
        return [self.card.scheme]

    def of_name(self, raw: str, number: int) -> Meaning:
        """The meaning of a province cell in the scheme of that number."""
        key = (raw, number)
        if key not in self._names:
            self._names[key] = self._resolve(raw, self.schemes[number])
        return self._names[key]

    def of_day(self, raw: str) -> Dated | Refused:
        """A date cell as `read_date` reads it; a year after the file was obtained is refused."""
        if raw not in self._days:
            found = read_date(raw, self.card.date_order, self.card.date_system)
            limit = self.card.last_year() or 9999
            if isinstance(found, Dated) and found.text and int(found.text[:4]) > limit:
                found = Refused("DAT-07", {"limit": limit})
            self._days[raw] = found
        return self._days[raw]

    def scheme_of(self, day: str) -> int:
        """The number of the scheme in force on a date; of a row without one the first."""
        if self.card.scheme != "by date" or not day:
            return 0
        return self.schemes.index(self.ref.scheme_on(day))

    def _resolve(self, raw: str, scheme: str) -> Meaning:
        column, faults = self.card.province, Faults()
        if not as_text(raw) and column.blank is not None:
            return Meaning(kind=column.blank)
        resolver = Resolver(self.ref, faults, self.card.not_provinces)
        resolver.suggests = self._refused < SUGGESTED
        place, found = Place(self.card.file), []
        for name in raw.split(column.separator) if column.separator else [raw]:
            text = as_text(name)
            if column.by == "name":
                found.append(resolver.by_name(text, scheme, place))
            else:
                found.append(resolver.by_code(text, scheme, place, column.numeric_codes))
        resolver.close(is_one_table=False)
        if faults.rejecting():
            self._refused += 1
            return Meaning(fault=faults.rejecting()[0])
        provinces = tuple(r for r in found if r is not None and r.code is not None)
        if not provinces:
            return Meaning(kind=next(r.kind for r in found if r is not None))
        return Meaning(provinces)
