"""What an XLSX file says about its number cells beside their values: how they are shown, and dates.

calamine hands over the stored value only. A cell that shows 12.5% stores 0.125.
"""

from __future__ import annotations

import io
import re
import zipfile
from xml.etree import ElementTree

from pipeline.ingest.numbers import Format
from pipeline.ingest.xlsx_errors import ADDRESS, column_index, part_of

BUILT_IN = {"1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00", "9": "0%", "10": "0.00%"}
# Decimals and percent sign of the part of a format for positive numbers: #,##0.00, 0.0%.
FIXED = re.compile(r"[#,0 ]*0(?:\.(0+))?([%]?)")


def number_formats(raw: bytes, sheet: str) -> dict[tuple[int, int], Format]:
    """Format by row and column index of each cell that shows something else than it stores.

    Raises:
        KeyError, ValueError, SyntaxError, zipfile.BadZipFile: when it is no whole XLSX.
    """
    found: dict[tuple[int, int], Format] = {}
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        by_style = _fixed_styles(book)
        if not by_style:
            return found
        with book.open(part_of(book, sheet)) as stream:
            for _, element in ElementTree.iterparse(stream):
                if element.tag.endswith("}row"):
                    for cell in element:
                        form = by_style.get(cell.get("s", "0"))
                        address = ADDRESS.fullmatch(cell.get("r", ""))
                        if form is None or address is None:
                            continue
                        if form.is_percent or _hides(cell.findtext("{*}v") or "", form.decimals):
                            found[int(address[2]) - 1, column_index(address[1])] = form
                    element.clear()
    return found


def _hides(stored: str, decimals: int) -> bool:
    """Whether a stored number has more decimals than are shown."""
    return "E" in stored.upper() or len(stored.partition(".")[2]) > decimals


def date_system(raw: bytes) -> str:
    """1900 or 1904: the day from which the day numbers of a workbook count.

    Raises:
        KeyError, SyntaxError, zipfile.BadZipFile: when it is no whole XLSX.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as book:
        workbook = ElementTree.fromstring(book.read("xl/workbook.xml"))
    flags = [entry.get("date1904") for entry in workbook.iterfind("{*}workbookPr")]
    return "1904" if flags in (["1"], ["true"]) else "1900"


def _fixed_styles(book: zipfile.ZipFile) -> dict[str, Format]:
    """The styles whose format fixes the decimals, by the index that cells name."""
    if "xl/styles.xml" not in book.namelist():
        return {}
    styles = ElementTree.fromstring(book.read("xl/styles.xml"))
    codes = BUILT_IN | {str(e.get("numFmtId")): str(e.get("formatCode"))
                        for e in styles.iterfind("{*}numFmts/{*}numFmt")}  # fmt: skip
    found = {}
    for i, entry in enumerate(styles.iterfind("{*}cellXfs/{*}xf")):
        match = FIXED.fullmatch(codes.get(str(entry.get("numFmtId")), "").split(";")[0])
        if match is not None:
            found[str(i)] = Format(len(match[1] or ""), is_percent=bool(match[2]))
    return found
