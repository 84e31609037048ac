"""Whether the fonts of the report have a shape for every letter that it may print."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.alphabet import ALPHABET
from pipeline.faults import Faults, Place
from pipeline.language import CATALOGUE
from pipeline.report import drawing, pdf

SHEET = """#set page(height: auto)
#set text(font: json("content.json").font)
#for letter in json("content.json").letters [#letter #linebreak()]
"""
NO_SHAPE = "\0"  # what is read back of a letter without one


def letters_of(release: Path) -> set[str]:
    """Every letter that a report may print: the alphabet, the program's texts, the release's."""
    texts = [ALPHABET, CATALOGUE.read_text("utf-8")]
    texts += [(release / name).read_text("utf-8") for name in ("spec.json", "codebook.csv")]
    return {letter for text in texts for letter in unicodedata.normalize("NFC", text)
            if letter.isprintable() and not letter.isspace()
            and unicodedata.category(letter)[0] not in "CM"}  # fmt: skip


def check_fonts(letters: Iterable[str], faults: Faults) -> None:
    """Refuse to draw or set letters that a font lacks, before boxes stand in their place.

    Args:
        letters: each a single character.
        faults: OUT-09 for each font that lacks some, with them.
    """
    wanted = sorted(letters)
    for font, lacking in ((drawing.FONT, _not_drawn(wanted)), (pdf.FONT, _not_set(wanted))):
        if lacking:
            faults.add("OUT-09", Place("pipeline/report"), " ".join(lacking), font=font)


def _not_drawn(letters: list[str]) -> list[str]:
    """Letters that the font of the charts lacks."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    shapes = FT2Font(findfont(drawing.FONT, fallback_to_default=False)).get_charmap()
    return [letter for letter in letters if ord(letter) not in shapes]


def _not_set(letters: list[str]) -> list[str]:
    """Letters that the fonts of the PDF lack: a sheet of them is set and read back."""
    import typst
    from pypdf import PdfReader

    with TemporaryDirectory() as scratch:
        room = Path(scratch)
        content = {"font": pdf.FONT, "letters": letters}
        (room / "content.json").write_text(json.dumps(content), "utf-8")
        (room / "page.typ").write_text(SHEET, "utf-8")
        made = typst.compile(room / "page.typ", root=room, ignore_system_fonts=True)
    found = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages).split()
    if len(found) != len(letters):
        return letters  # some cannot even be told from nothing
    return [letter for letter, read in zip(letters, found, strict=True) if read == NO_SHAPE]
