"""Open a file that has no card yet: try what its bytes allow, and say why."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.faults import Faults
from pipeline.ingest.grid import SPREADSHEETS, Grid, read_grid
from pipeline.ingest.text import MARKS
from pipeline.ingest.workbook import sheets_of
from pipeline.legacy import (
    NAMES,
    decode,
    decode_bytes,
    is_syllable,
    likely_codes,
    likely_encoding,
    marked_words,
)
from pipeline.sources import Card
from pipeline.words import as_text

DELIMITERS = {";": ";", ",": ",", "\t": "tab"}
MOST_TEXTS = 2000  # cells that tell a font code
FATAL = ("SEC", "SYS", "SCH-10")  # faults of the file itself; the others are what we look for
Evidence = list[tuple[str, dict[str, Any]]]  # keys of the catalogue with their values


@dataclass
class Opened:
    """What a file holds, under the reading that its bytes decide.

    `settings` are the keys of a card that this reading needs; `grids` the sheets, one for a CSV.
    """

    file: str
    sha256: str
    settings: dict[str, Any]
    grids: list[Grid]
    evidence: Evidence


def open_file(root: Path, file: str, faults: Faults) -> Opened | None:
    """Every sheet of a file as a grid; None with a fault when it cannot be opened at all.

    Args:
        root: the project.
        file: path under it, as a card names it.
        faults: only what no card could mend: a file that is missing, hostile or damaged.
    """
    tried = Faults()
    read_grid(root, _trial(file), tried)
    for fault in tried.rejecting():
        if fault.rule.startswith(FATAL):
            faults.add(fault.rule, fault.place, fault.value, **fault.details)  # as it was found
    if faults.rejecting():
        return None
    raw = (root / file).read_bytes()
    evidence: Evidence = []
    if Path(file).suffix.lower() in SPREADSHEETS:
        settings, grids = _open_workbook(root, file, raw, evidence)
    else:
        settings = _look_at_text(raw, evidence) if not raw.startswith(b"PAR1") else {}
        grid = read_grid(root, _trial(file, **settings), Faults())
        grids = [grid] if grid is not None else []
    return Opened(file, hashlib.sha256(raw).hexdigest(), settings, grids, evidence)


def _trial(file: str, **settings: Any) -> Card:
    """A card that reads the cells of a file and means nothing."""
    words = dict.fromkeys(("producer", "title", "url", "licence", "published", "accessed"), "–")
    needed = {"kind": "table", "use": "context", "scheme": "63", "rows": "–",
              "number_style": "plain", "sha256": "0" * 64,
              "columns": [{"column": "–", "variable": "x", "year": 2000}]}  # fmt: skip
    return Card.model_validate({"file": file, **words, **needed, **settings})


def _look_at_text(raw: bytes, evidence: Evidence) -> dict[str, Any]:
    """Encoding and delimiter of a CSV, each with what decides it."""
    settings: dict[str, Any] = {}
    mark = next((name for start, name in MARKS.items() if raw.startswith(start)), None)
    if mark is not None:
        settings["encoding"] = "utf-16"
        evidence.append(("seen_mark", {"name": mark}))
        text = raw.decode("utf-16", "replace")
    elif raw.startswith(b"\xef\xbb\xbf"):
        evidence.append(("seen_mark", {"name": "UTF-8"}))
        text = raw.decode("utf-8-sig", "replace")
    else:
        code = likely_encoding(raw)
        text = decode_bytes(raw, code or "utf-8")
        words = ", ".join([w for w in marked_words(text) if is_syllable(w)][:3]) or "–"
        key = {"utf-8": "seen_utf8", None: "seen_no_encoding"}.get(code, "seen_letters")
        evidence.append((key, {"name": NAMES.get(code or "", "?"), "words": words}))
        if code not in ("utf-8", None):
            settings["encoding"] = code
    delimiter = _delimiter_of(text, evidence)
    return settings | ({"delimiter": delimiter} if delimiter != "," else {})


def _delimiter_of(text: str, evidence: Evidence) -> str:
    """The sign that cuts most rows into the same number of cells, more than one."""
    best = (0, ",", 0)
    n_rows = 0
    for sign in DELIMITERS:
        try:
            rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign) if row]
        except csv.Error:
            continue
        n_rows = max(n_rows, len(rows))
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width, n = widths.most_common(1)[0] if widths else (0, 0)
        if n > best[0]:
            best = (n, sign, width)
    n, sign, width = best
    values = {"sign": DELIMITERS[sign], "n": n, "rows": n_rows, "width": width}
    evidence.append(("seen_delimiter", values))
    return sign


def _open_workbook(
    root: Path, file: str, raw: bytes, evidence: Evidence
) -> tuple[dict[str, Any], list[Grid]]:
    """Every sheet of a workbook; a font code of its texts is a setting of all."""
    sheets = sheets_of(raw)
    grids = [read_grid(root, _trial(file, sheet=name), Faults()) for name in sheets]
    found = [grid for grid in grids if grid is not None]
    names = ", ".join(f"'{name}'" + ("" if seen else " (hidden)") for name, seen in sheets.items())
    evidence.append(("seen_sheets", {"names": names}))
    code, words = _font_code(found)
    if code is None:
        return {}, found
    evidence.append(("seen_letters", {"name": NAMES[code], "words": ", ".join(words)}))
    again = [read_grid(root, _trial(file, sheet=name, encoding=code), Faults()) for name in sheets]
    return {"encoding": code}, [grid for grid in again if grid is not None]


def _font_code(grids: list[Grid]) -> tuple[str | None, list[str]]:
    """The font code that more texts are written in than stand in Unicode, and some of its words."""
    cells = (as_text(cell) for grid in grids for row in grid.rows for cell in row)
    texts = list(islice((text for text in cells if not text.isascii()), MOST_TEXTS))
    codes = [likely_codes(text) for text in texts]
    found = Counter(code for each in codes for code in each)
    if not found:
        return None, []
    code, n = found.most_common(1)[0]
    if 2 * n <= len(texts):
        return None, []
    words = [decode(text, code) for text, each in zip(texts, codes, strict=True) if code in each]
    return code, words[:3]
