"""What an XLSX sheet says beside its values, from the XML of the sheet and of the styles."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from xml.etree import ElementTree

from pipeline.ingest.sheets import BUILT_IN, Extras, decimals_of, shown_as

ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]*)")
MAX_COLUMNS = 16_384
Forms = list[tuple[int, bool] | None]  # of each cell style: decimals shown, percent


def extras(raw: bytes, sheet: str) -> Extras:
    """Errors, formulas never computed, rounded figures, hidden rows and columns of a sheet.

    Raises:
        KeyError, ValueError, SyntaxError, zipfile.BadZipFile: when it is no whole XLSX.
    """
    found = Extras()
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        forms = _forms(book)
        with book.open(_part_of(book, sheet)) as stream:
            row = -1
            for event, element in ElementTree.iterparse(stream, ("start", "end")):
                tag = element.tag.rpartition("}")[2]
                if event == "start" and tag == "row":
                    row = int(element.get("r", row + 2)) - 1
                    if _is_true(element.get("hidden")):
                        found.hidden_rows.add(row)
                elif event == "end" and tag == "row":
                    for cell in element:
                        _read_cell(cell, forms, found)
                    element.clear()
                elif event == "end" and tag == "col" and _is_true(element.get("hidden")):
                    last = min(int(element.get("max", 0)), MAX_COLUMNS)
                    found.hidden_columns |= set(range(int(element.get("min", 1)) - 1, last))
    return found


def _is_true(text: str | None) -> bool:
    return text in ("1", "true")


def _read_cell(cell: ElementTree.Element, forms: Forms, found: Extras) -> None:
    address = ADDRESS.fullmatch(cell.get("r", ""))
    if address is None:
        return
    place = int(address[2]) - 1, _column(address[1])
    value, formula = cell.findtext("{*}v"), cell.find("{*}f")
    if cell.get("t") == "e":
        found.unread[place] = value or "#?"
    elif formula is not None and not value and cell.get("t") != "str":
        found.unread[place] = f"={formula.text or ''}"
    elif value and cell.get("t") in (None, "n"):
        style = int(cell.get("s", 0))
        text = shown_as(float(value), forms[style] if style < len(forms) else None)
        if text is not None:
            found.shown[place] = text


def _forms(book: zipfile.ZipFile) -> Forms:
    """What each cell style shows of a number."""
    if "xl/styles.xml" not in book.namelist():
        return []
    styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    own = {int(e.get("numFmtId", 0)): decimals_of(e.get("formatCode"))
           for e in styles.iterfind("{*}numFmts/{*}numFmt")}  # fmt: skip
    used = [int(e.get("numFmtId", 0)) for e in styles.iterfind("{*}cellXfs/{*}xf")]
    return [own.get(number, BUILT_IN.get(number)) for number in used]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _part_of(book: zipfile.ZipFile, sheet: str) -> str:
    """Name of the part of the zip that holds a sheet."""
    workbook = ElementTree.fromstring(book.read("xl/workbook.xml"))
    (entry,) = [s for s in workbook.iterfind(".//{*}sheet") if s.get("name") == sheet]
    (link,) = [value for name, value in entry.items() if name.endswith("}id")]
    links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    (target,) = [str(r.get("Target")) for r in links if r.get("Id") == link]
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
