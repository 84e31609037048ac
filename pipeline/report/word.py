"""Tables as a Word document, ready to paste: captions that count themselves, repeated headings."""

from __future__ import annotations

import io
import zipfile
from html import escape
from pathlib import Path
from typing import Any

from pipeline.report.model import Table
from pipeline.report.reader import Reader
from pipeline.whole import write_bytes

FONT = "Times New Roman"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever it is written


def write_word(
    path: Path, reader: Reader, title: str, intro: list[str], tables: list[Table]
) -> None:
    """Write an A4 document of tables, each with its caption above and its notes below.

    Args:
        path: the file.
        reader: for its language.
        title: of the document.
        intro: the points under it.
        tables: in their order.
    """
    from docx import Document
    from docx.enum.section import WD_ORIENT

    document = Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = _cm(29.7), _cm(21)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = _cm(2)
    for name in ("Normal", "Caption", "Title", "Heading 1", "List Bullet"):
        _set_font(document.styles[name], reader.lang)
    _date(document, title)
    document.add_heading(title, 0)
    for line in intro:
        document.add_paragraph(line, style="List Bullet")
    for number, table in enumerate(tables, start=1):
        _add_caption(document, reader, number, table.title)
        if table.rows:
            _add_table(document, table, reader.lang, _cm(25.7))
        for note in table.notes:
            _add_note(document, note)
    packed = io.BytesIO()
    document.save(packed)
    write_bytes(path, undated(packed.getvalue()))


def undated(packed: bytes) -> bytes:
    """A zip file with the same parts and no time in it."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, FIRST_DAY)
            new.writestr(info, old.read(name), zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _cm(size: float) -> Any:
    from docx.shared import Cm

    return Cm(size)


def _set_font(style: Any, lang: str) -> None:
    """One font for every script, black, and the language for the spelling check."""
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.name = FONT
    style.font.color.rgb = RGBColor(0, 0, 0)
    if style.name == "Normal":
        style.font.size = Pt(11)
    properties = style.element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)
    for themed in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{themed}"), None)
    spoken = _element("w:lang", {"w:val": "vi-VN" if lang == "vi" else "en-GB"})
    properties.append(spoken)


def _element(tag: str, values: dict[str, str]) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(tag)
    for name, value in values.items():
        made.set(qn(name), value)
    return made


def _date(document: Any, title: str) -> None:
    from pipeline.export import NO_DAY

    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "", ""
    properties.created = properties.modified = NO_DAY.replace(tzinfo=None)


def _add_caption(document: Any, reader: Reader, number: int, title: str) -> None:
    """A caption whose number is a field, so that it follows when the table is pasted elsewhere."""
    from docx.shared import Pt

    before, _, after = reader.say("table_number", n="\n", title=title).partition("\n")
    caption = document.add_paragraph(before, style="Caption")
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.space_before = Pt(14)
    field = _element("w:fldSimple", {"w:instr": "SEQ Table \\* ARABIC"})
    run = caption.add_run(str(number))
    field.append(run._r)
    caption._p.append(field)
    caption.add_run(after)


def _add_note(document: Any, note: str) -> None:
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
    run = paragraph.add_run(note)
    run.italic, run.font.size = True, Pt(9)


def _add_table(document: Any, table: Table, lang: str, room: int) -> None:
    """A table whose rows are parsed at once: python-docx takes a second for as many cells."""
    from docx.oxml import parse_xml

    made = document.add_table(rows=0, cols=len(table.columns), style="Table Grid")
    made.autofit = False
    total = sum(table.widths)
    widths = [int(room * width / total) for width in table.widths]
    for grid, width in zip(made.columns, widths, strict=True):
        grid.width = width
    aligned = [column.is_number for column in table.columns]
    head = _row([column.title for column in table.columns], aligned, widths, is_head=True)
    rows = [_row(texts, aligned, widths) for texts in table.shown(lang)]
    read = parse_xml(f'<w:tbl xmlns:w="{WORD}">{head}{"".join(rows)}</w:tbl>')
    made._tbl.extend(list(read))


def _row(texts: list[str], is_right: list[bool], widths: list[int], is_head: bool = False) -> str:
    """A row as WordprocessingML; widths in English metric units, a twentieth of a point is 635."""
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width // 635}" w:type="dxa"/></w:tcPr><w:p>'
        + ('<w:pPr><w:jc w:val="right"/></w:pPr>' if right else "")
        + f'<w:r><w:rPr>{"<w:b/>" if is_head else ""}<w:sz w:val="18"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p></w:tc>'
        for text, right, width in zip(texts, is_right, widths, strict=True)
    )
    repeated = "<w:tblHeader/>" if is_head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{cells}</w:tr>"
