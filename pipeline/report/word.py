"""Tables as a Word document, ready to paste: captions that count themselves, repeated headings."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from pipeline.report.model import Table
from pipeline.report.reader import Reader
from pipeline.whole import write_bytes

FONT = "Times New Roman"
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
    before, _, after = reader.say("table_number", n="\n", title=title).partition("\n")
    caption = document.add_paragraph(before, style="Caption")
    caption.paragraph_format.keep_with_next = True
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
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    made = document.add_table(rows=0, cols=len(table.columns), style="Table Grid")
    made.autofit = False
    total = sum(table.widths)
    for grid, width in zip(made.columns, table.widths, strict=True):
        grid.width = int(room * width / total)
    rows = [[column.title for column in table.columns], *table.shown(lang)]
    for i, texts in enumerate(rows):
        row = made.add_row()
        row._tr.get_or_add_trPr().append(_element("w:cantSplit", {}))
        for cell, text, column, width in zip(
            row.cells, texts, table.columns, table.widths, strict=True
        ):
            cell.width = int(room * width / total)
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(text)
            run.font.size, run.bold = Pt(9), i == 0
            if column.is_number:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    made.rows[0]._tr.get_or_add_trPr().append(_element("w:tblHeader", {}))
