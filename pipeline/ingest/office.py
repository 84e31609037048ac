"""The XML of a workbook in one pass: its size, what it draws from outside, what it may not hold.

Nothing is resolved or expanded: the first sign of a document type ends the pass. Works on the
parts of XLSX and ODS alike, whatever they are called.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from pipeline.limits import Limits, OverLimit

ADDRESS = re.compile(r"\$?([A-Z]{1,7})\$?([0-9]{1,15})")
AWAY = re.compile(r"[a-z][a-z0-9+.-]*:|\.\./|/", re.IGNORECASE)
LINKED = {"cell-range-source", "table-source", "object-ole", "dde-source"}
ENABLED = re.compile("macroenabled|vbaproject", re.IGNORECASE)


class Danger(Exception):
    """Something that no table of figures holds; `kind` says what, `what` names it."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(f"{kind}: {what}")
        self.kind = kind
        self.what = what


class Office:
    """One workbook; `outside` collects what its parts draw from elsewhere."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.outside: set[str] = set()


class XmlPart:
    """One part of a workbook, fed in pieces.

    Raises, from `feed` and `close`:
        Danger: on a document type, a macro or a password.
        OverLimit: on a row, column, cell or text over its limit.
        ValueError: when it is no XML and should be.
    """

    def __init__(self, name: str, office: Office, is_strict: bool) -> None:
        self.name, self.office, self.is_strict = name, office, is_strict
        self.fed = self.text = 0
        self.size = Extent(office.limits)
        self.is_over = False  # not XML after all: nothing more to see
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._entity
        self.parser.EndDoctypeDeclHandler = self._end_doctype
        self.parser.StartElementHandler = self._element
        self.parser.CharacterDataHandler = self._characters

    def feed(self, piece: bytes, is_last: bool = False) -> None:
        if self.is_over:
            return
        try:
            self.parser.Parse(piece, is_last)
        except (expat.ExpatError, LookupError) as error:  # no XML, or in an unknown encoding
            if self.is_strict:
                raise ValueError(f"{self.name}: {error}") from error
            self.is_over = True
            return
        self.fed += len(piece)
        waiting = self.fed - max(self.parser.CurrentByteIndex, 0)
        if waiting > self.office.limits.cell_characters + (1 << 16) and not is_last:
            raise OverLimit("cell_characters", waiting)  # one endless attribute or comment

    def close(self) -> None:
        self.feed(b"", True)
        self.size.end_row()

    def _doctype(self, _: str, system: str | None, public: str | None, __: bool) -> None:
        if system or public:
            raise Danger("external entity", f"{self.name}: {system or public}")

    def _entity(self, name: str, *rest: Any) -> None:
        system = rest[3]
        what = f"{self.name}: {system or name}"
        raise Danger("external entity" if system else "entity", what)

    def _end_doctype(self) -> None:
        raise Danger("entity", f"{self.name}: <!DOCTYPE>")

    def _characters(self, text: str) -> None:
        self._count(len(text))

    def _count(self, characters: int) -> None:
        self.text += characters
        if self.text > self.office.limits.cell_characters:
            raise OverLimit("cell_characters", self.text)

    def _element(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        own = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        match name:
            case "row" | "c" | "si" | "v" | "is" | "f":
                if name in ("c", "si"):
                    self.text = 0
                self.size.xlsx(name, own)
            case "table" | "table-row" | "table-cell" | "covered-table-cell" | "p":
                if name.endswith("-cell"):
                    self.text = 0
                self.size.ods(name, own)
            case "s" if self.size.row or self.size.column:  # ODS writes many spaces as one element
                self._count(_number(own.get("c"), 1))
            case "Relationship" if own.get("TargetMode") == "External":
                kind = own.get("Type", "").rpartition("/")[2]
                if kind != "hyperlink":
                    self.office.outside.add(f"{kind}: {own.get('Target', '')}")
            case "Default" | "Override" if ENABLED.search(own.get("ContentType", "")):
                raise Danger("macro", own["ContentType"])
            case "encryption-data":
                raise Danger("password", self.name)
            case "connection" | "ddeLink":
                said = own.get("name") or own.get("ddeService") or self.name
                self.office.outside.add(f"{name}: {said}")
            case _:
                target = own.get("href", "")
                if target and (name in LINKED or (name != "a" and AWAY.match(target))):
                    self.office.outside.add(f"{name}: {target}")


class Extent:
    """How far the cells of the sheet being read reach; a declared range counts for nothing."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.rows = self.columns = 0  # the furthest so far
        self.row = self.column = 0  # where the reading is
        self.repeat, self.used = 1, 0  # of the ODS row being read

    def xlsx(self, name: str, own: dict[str, str]) -> None:
        """A row, a cell, each at its address or after the one before, or what a cell holds."""
        if name == "row":
            self.row, self.column = _number(own.get("r"), self.row + 1), 0
        elif name == "c":
            self.column += 1
            if found := ADDRESS.fullmatch(own.get("r", "")):
                self.column, self.row = _column(found[1]), int(found[2])
        elif name != "si":
            self.reach(self.row, self.column)

    def ods(self, name: str, own: dict[str, str]) -> None:
        """A sheet, a row, a cell or its text; empty cells and rows at the end do not count."""
        if name == "table":
            self.end_row()
            self.rows = self.columns = self.row = self.column = 0
        elif name == "table-row":
            self.end_row()
            self.repeat = _number(own.get("number-rows-repeated"), 1)
        elif name == "p":
            self.used = self.column
        else:
            self.column += _number(own.get("number-columns-repeated"), 1)
            if own.keys() & {"value-type", "formula"}:
                self.used = self.column

    def end_row(self) -> None:
        """The ODS row before is over: it reaches as far as its last cell that is not empty."""
        self.row += self.repeat
        if self.used:
            self.reach(self.row, self.used)
        self.repeat = self.column = self.used = 0

    def reach(self, row: int, column: int) -> None:
        """Raises:
        OverLimit: when the cells now reach further than the limits allow.
        """
        self.rows, self.columns = max(self.rows, row), max(self.columns, column)
        for setting, size in (
            ("rows", self.rows), ("columns", self.columns), ("cells", self.rows * self.columns),
        ):  # fmt: skip
            if size > getattr(self.limits, setting):
                raise OverLimit(setting, size)


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(f"'{text[:20]}' is no count")
    return int(text)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
