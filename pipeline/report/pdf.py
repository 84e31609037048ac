"""Pages as PDF: the same blocks, handed to a Typst template as data, so that no text is markup."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pipeline.report.model import Block, Chart, Heading, Links, Page, Table, Words
from pipeline.report.reader import Reader
from pipeline.whole import write_bytes

TEMPLATE = Path(__file__).with_name("templates") / "page.typ"
BREAKS = re.compile("[/_?&=-]")  # after these an address may go on in the next line
FONT = "Libertinus Serif"  # comes with Typst
UPRIGHT = 120  # letters in a row of a table that still fit an upright page


def write_pdf(path: Path, room: Path, pages: list[Page], reader: Reader) -> None:
    """Write pages as one PDF, each under a heading that is a bookmark.

    Args:
        path: the file.
        room: an empty folder for the template and its drawings, which is left full.
        pages: of one language, each beginning on a new sheet.
        reader: for its words.

    Raises:
        typst.TypstError: when the template and the data do not fit; a fault of this code.
    """
    import typst

    content = {
        "lang": reader.lang, "font": FONT, "title": pages[0].title,
        "pages": [[_plain(block, room, reader.lang, len(pages) == 1) for block in page.blocks]
                  for page in pages],
    }  # fmt: skip
    (room / "content.json").write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    (room / "page.typ").write_bytes(TEMPLATE.read_bytes())
    made = typst.compile(room / "page.typ", root=room, ignore_system_fonts=True)
    write_bytes(path, made)


def _plain(block: Block, room: Path, lang: str, may_flip: bool) -> dict[str, Any]:
    """A block as the template takes it; a long path may break after each of its parts."""
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": block.text}
    if isinstance(block, Words):
        return {"kind": "words", "lines": block.lines, "list": block.is_list}
    if isinstance(block, Links) or (isinstance(block, Chart) and block.is_folded):
        return {"kind": "none"}
    if isinstance(block, Chart):
        file = room / f"{block.name}.svg"
        file.write_bytes(block.svg)
        return {"kind": "chart", "title": block.title, "alt": block.alt,
                "file": file.name}  # fmt: skip
    assert isinstance(block, Table)
    rows = [[BREAKS.sub("\\g<0>\u200b", cell) if "/" in cell else cell for cell in row]
            for row in block.shown(lang)]  # fmt: skip
    return {"kind": "table", "title": block.title, "notes": block.notes,
            "widths": block.widths, "flipped": may_flip and sum(block.widths) > UPRIGHT,
            "right": [column.is_number for column in block.columns],
            "head": [column.title for column in block.columns],
            "rows": rows}  # fmt: skip
