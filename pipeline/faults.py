"""Faults: collected over a whole run, shown together, in Vietnamese or English."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.escape import visible
from pipeline.language import Words, catalogue, text

MAX_RAW = 80  # characters of a raw value that a message shows
MAX_DETAIL = 400  # of what the message says beside it, such as every allowed choice
LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Place:
    """Where a fault is, as a user sees it: rows and columns count from 1."""

    file: str
    sheet: str | None = None
    row: int | None = None
    column: int | None = None
    column_name: str | None = None

    @property
    def cell(self) -> str | None:
        """Address in spreadsheet form, `F47`, or None when it is not one cell."""
        if self.row is None or self.column is None:
            return None
        return f"{column_letters(self.column)}{self.row}"

    def sort_key(self) -> tuple[Any, ...]:
        return (self.file, self.sheet or "", self.row or 0, self.column or 0)


@dataclass(frozen=True)
class Fault:
    """One finding: a rule of the catalogue, a place, the raw value and what the message needs.

    `room` is where it was found; a rule may speak of it there in other words.
    """

    rule: str
    place: Place
    value: Any = None
    details: dict[str, Any] = field(default_factory=dict)
    room: str = ""
    is_strict: bool = False  # a warning that refuses all the same

    @property
    def kind(self) -> str:
        return "reject" if self.is_strict else str(catalogue()["rules"][self.rule]["kind"])


class Faults:
    """The faults of one run. Nothing is raised until the run has looked at everything."""

    def __init__(self, room: str = "") -> None:
        self._found: list[Fault] = []
        self._room = room

    def add(self, rule: str, place: Place, value: Any = None, **details: Any) -> None:
        if rule not in catalogue()["rules"]:
            raise KeyError(f"rule {rule} is not in the message catalogue")
        self._found.append(Fault(rule, place, value, details, self._room))

    def take(self, found: list[Fault]) -> None:
        """Add what a part of the run found by itself."""
        self._found += found

    def sorted(self) -> list[Fault]:
        """All findings, once each, in an order that does not depend on how they were met."""
        unique = {(f.rule, f.place, shown(f.value), repr(sorted(f.details.items()))): f
                  for f in self._found}  # fmt: skip
        return [unique[k] for k in sorted(unique, key=lambda k: (*k[1].sort_key(), k[0], *k[2:]))]

    def rejecting(self) -> list[Fault]:
        return [fault for fault in self.sorted() if fault.kind == "reject"]

    def warnings(self) -> list[Fault]:
        return [fault for fault in self.sorted() if fault.kind == "warn"]

    def refuse_warnings(self) -> None:
        """From here on each finding so far refuses the run: the strict mode."""
        self._found = [replace(fault, is_strict=True) for fault in self._found]

    def n_rejecting(self) -> int:
        """How many refusals were added so far; the same one twice counts twice."""
        return sum(fault.kind == "reject" for fault in self._found)

    def raise_if_any(self) -> None:
        """Raises:
        Rejected: with every fault of the run, when at least one refuses it.
        """
        if self.rejecting():
            raise Rejected(self.sorted())


class Rejected(Exception):
    """The run is refused; nothing was published."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} findings")
        self.faults = faults


def column_letters(number: int) -> str:
    """Spreadsheet letters of a column counted from 1: 1 is A, 27 is AA."""
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """The number, counted from 1, of a column given in spreadsheet letters: AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def bad_byte(raw: bytes, error: UnicodeDecodeError) -> tuple[int, int]:
    """Row and offset in the file of the byte that could not be decoded.

    The offset of the error counts from the end of a byte-order mark that was taken off.
    """
    offset = error.start + len(raw) - len(error.object)
    before = error.object[: error.start].decode(error.encoding)
    return row_after(before), offset


def row_after(text: str) -> int:
    """The row, counted from 1, on which the character after `text` stands."""
    return len(LINE_END.findall(text)) + 1


def shown(value: Any, most: int = MAX_RAW) -> str:
    """A raw value as a message: control characters escaped, cut to `most` characters."""
    clean = visible("" if value is None else str(value)[: most + 1])
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def where(place: Place, lang: str) -> str:
    """`raw/x.csv, row 47, column F (population)` in the reader's language."""
    parts = [shown(place.file)]
    if place.sheet is not None:
        parts.append(text("at_sheet", lang, sheet=shown(place.sheet)))
    if place.row is not None:
        parts.append(text("at_row", lang, row=place.row))
    if place.column is not None:
        name = f" ({shown(place.column_name)})" if place.column_name else ""
        parts.append(text("at_column", lang, column=column_letters(place.column)) + name)
    return ", ".join(parts)


def _said(item: Any, lang: str) -> Any:
    return item.say(lang) if isinstance(item, Words) else item


def explain_fault(fault: Fault, lang: str) -> dict[str, str]:
    """Place, reason and remedy of a fault as texts in `lang`."""
    rule = catalogue()["rules"][fault.rule]
    rule = {**rule, **rule.get(fault.room, {})}
    values = {key: shown(_said(item, lang), MAX_DETAIL) for key, item in fault.details.items()}
    values["value"] = shown(_said(fault.value, lang))
    return {
        "where": where(fault.place, lang),
        "why": str(rule[lang]).format(**values),
        "remedy": str(rule[f"remedy_{lang}"]).format(**values),
    }


def render(faults: list[Fault], lang: str, only: str | None = None) -> str:
    """Faults as text, one block each, with a closing count of all; `only` shows one kind."""
    blocks = []
    for fault in faults:
        if only not in (None, fault.kind):
            continue
        words = explain_fault(fault, lang)
        head = f"{text('kind_' + fault.kind, lang)} [{fault.rule}] {words['where']}"
        blocks.append(f"{head}\n  {words['why']}\n  → {words['remedy']}")
    rejected = sum(fault.kind == "reject" for fault in faults)
    warned = len(faults) - rejected
    blocks.append(text("fault_count", lang, rejected=rejected, warned=warned))
    return "\n".join(blocks)


def as_json(faults: list[Fault]) -> str:
    """The error report as JSON text: one object per fault, both languages."""
    entries = [
        {
            "rule": fault.rule,
            "kind": fault.kind,
            "file": visible(fault.place.file),
            "sheet": fault.place.sheet,
            "row": fault.place.row,
            "column": fault.place.column,
            "column_letters": None
            if fault.place.column is None
            else column_letters(fault.place.column),
            "cell": fault.place.cell,
            "column_name": fault.place.column_name,
            "value": shown(fault.value) if fault.value is not None else None,
            "vi": explain_fault(fault, "vi"),
            "en": explain_fault(fault, "en"),
        }
        for fault in faults
    ]
    return json.dumps({"version": 1, "faults": entries}, ensure_ascii=False, indent=1) + "\n"
