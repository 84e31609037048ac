"""Cells of an XLSX sheet that calamine hands over as empty: errors, and formulas never computed."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from xml.etree import ElementTree

ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]*)")


def unread_cells(raw: bytes, sheet: str) -> dict[tuple[int, int], str]:
    """Text by row and column index: the error, or the formula that has no stored result.

    Raises:
        KeyError, ValueError, SyntaxError, zipfile.BadZipFile: when it is no whole XLSX.
    """
    found: dict[tuple[int, int], str] = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as book, book.open(_part_of(book, sheet)) as stream:
        for _, element in ElementTree.iterparse(stream):
            if element.tag.endswith("}row"):
                for cell in element:
                    text = _unread(cell)
                    address = ADDRESS.fullmatch(cell.get("r", ""))
                    if text is not None and address is not None:
                        found[int(address[2]) - 1, _column(address[1])] = text
                element.clear()
    return found


def _unread(cell: ElementTree.Element) -> str | None:
    value, formula = cell.findtext("{*}v"), cell.find("{*}f")
    if cell.get("t") == "e":
        return value or "#?"
    if formula is not None and not value and cell.get("t") != "str":
        return f"={formula.text or ''}"
    return None


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
