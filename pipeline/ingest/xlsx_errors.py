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
    with zipfile.ZipFile(io.BytesIO(raw)) as book, book.open(part_of(book, sheet)) as stream:
        is_stale = _is_never_computed(book)
        for _, element in ElementTree.iterparse(stream):
            if element.tag.endswith("}row"):
                for cell in element:
                    text = _unread(cell, is_stale)
                    address = ADDRESS.fullmatch(cell.get("r", ""))
                    if text is not None and address is not None:
                        found[int(address[2]) - 1, column_index(address[1])] = text
                element.clear()
    return found


def _is_never_computed(book: zipfile.ZipFile) -> bool:
    """Whether a program that does not calculate wrote the formulas: it asks for it on opening."""
    workbook = ElementTree.fromstring(book.read("xl/workbook.xml"))
    return any(e.get("fullCalcOnLoad") in ("1", "true") for e in workbook.iterfind("{*}calcPr"))


def _unread(cell: ElementTree.Element, is_stale: bool) -> str | None:
    value, formula = cell.findtext("{*}v"), cell.find("{*}f")
    if cell.get("t") == "e":
        return value or "#?"
    if formula is None or cell.get("t") == "str":
        return None
    if not value or (is_stale and value == "0"):  # such a program puts 0 for a result
        return f"={formula.text or ''}"
    return None


def column_index(letters: str) -> int:
    """Index of a column from its letters: A is 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def part_of(book: zipfile.ZipFile, sheet: str) -> str:
    """Name of the part of the zip that holds a sheet."""
    workbook = ElementTree.fromstring(book.read("xl/workbook.xml"))
    (entry,) = [s for s in workbook.iterfind(".//{*}sheet") if s.get("name") == sheet]
    (link,) = [value for name, value in entry.items() if name.endswith("}id")]
    links = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    (target,) = [str(r.get("Target")) for r in links if r.get("Id") == link]
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
