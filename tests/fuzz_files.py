"""Fuzz targets of whole files: CSV, workbooks, cards and specifications."""

from __future__ import annotations

import csv
import hashlib
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import xlsxwriter

from pipeline.catalogue import load_catalogue
from pipeline.faults import Faults
from pipeline.ingest import ingest
from pipeline.provinces import load_reference
from pipeline.sources import Card, Catalogue, Variable
from pipeline.spec import load_spec
from tests.fuzz_cells import VIETNAMESE, damaged, told
from tests.fuzz_oracles import INVISIBLE, Names, number_of

TOY = Path(__file__).parent / "toy"
PLAIN = {
    "kind": "table", "use": "index", "producer": "nobody", "title": "synthetic", "url": "none",
    "licence": "made up", "published": "never", "accessed": "never", "scheme": "63",
    "rows": "one province", "columns": [{"column": "value", "variable": "v", "year": 2022}],
}  # fmt: skip
COUNT = Variable(name_vi="a", name_en="a", unit="people", measure="flow", merge="sum", min=0)
NOISE = VIETNAMESE + "0123456789,;.\"'\n\r\t\0\u00a0\u200b\ufeff\u202e😀"
BYTES = [
    b"\0",
    b"\xff",
    b"\xfe\xff",
    b'"',
    b"\n",
    b"\r",
    b",",
    b";",
    b"\xc3",
    b"\xe0",
    b"\x1a",
    b"=",
]
PARTS = ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml",
         "xl/_rels/workbook.xml.rels", "[Content_Types].xml"]  # fmt: skip


REF = load_reference()
ORACLE = Names()


def _read(root: Path, name: str, raw: bytes, style: str, **more: Any) -> tuple[Any, Faults]:
    """A file through the whole ingest, as the one source of a project."""
    (root / "raw").mkdir(exist_ok=True)
    (root / name).write_bytes(raw)
    sha256 = hashlib.sha256(raw).hexdigest()
    card = Card.model_validate(
        PLAIN | {"file": name, "number_style": style, "sha256": sha256} | more
    )
    faults = Faults()
    found = ingest(root, Catalogue(cards={"s": card}, variables={"v": COUNT}), REF, faults)
    told(faults)
    return found, faults


def _same_everywhere(found: Any, faults: Faults, cells: list[list[Any]], style: str) -> str:
    """Every figure is the number of its cell and of the province of its row; all rows are told."""
    for row in found.observed.to_dict("records"):
        i = int(row["locator"].rpartition("!")[2][1:]) - 1
        name, cell = cells[i][0], cells[i][1]
        assert ORACLE.may_be(name, "63") == {row["province_code"]}, f"{name!r}: {row}"
        wanted = number_of(_visible(cell), style, low=0) if isinstance(cell, str) else cell
        assert wanted is not None, f"{cell!r} was read as {row['value']}"
        assert row["value"] == float(wanted), f"{cell!r} was read as {row['value']}"
    if faults.rejecting():
        return faults.rejecting()[0].rule
    filled = [row for row in cells[1:] if any(_visible(str(c or "")) for c in row)]
    n = len(found.observed) + len(found.excluded)
    assert n == len(filled), f"{len(filled)} rows of data, {n} told of: {cells!r}"
    return "read"


def _visible(cell: str) -> str:
    """A cell without the invisible characters that are left out anywhere in it."""
    return cell.translate(dict.fromkeys(map(ord, INVISIBLE + "\u200c\u200d\u2060"))).strip()


def csv_files(draw: random.Random, folder: Path) -> Callable[[], str]:
    """A table of provinces as CSV, often damaged in its bytes or its text."""
    spellings = [(name, code) for scheme, name, code in ORACLE.spellings if scheme == "63"]

    def check() -> str:
        style = draw.choice(["plain", "en", "vi", "space"])
        delimiter = draw.choice([",", ";", "\t"])
        text = _table(draw, spellings, style, delimiter)
        if draw.random() < 0.5:
            text = damaged(draw, text, NOISE)
        raw = text.encode()
        if draw.random() < 0.3:
            at = draw.randrange(len(raw))
            raw = raw[:at] + draw.choice(BYTES) + raw[at + draw.randrange(2) :]
        if draw.random() < 0.1:
            raw = b"\xef\xbb\xbf" + raw
        found, faults = _read(folder, "raw/x.csv", raw, style, delimiter=delimiter)
        if found.observed.empty:
            return faults.rejecting()[0].rule if faults.rejecting() else "nothing"
        text = raw.decode("utf-8-sig", "replace")
        cells = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        return _same_everywhere(found, faults, cells, style)

    return check


def _table(draw: random.Random, spellings: list[tuple[str, str]], style: str, mark: str) -> str:
    rows = [["province", "value"]]
    for name, _ in draw.sample(spellings, draw.randrange(7)):
        number = f"{draw.randrange(10**6) / 10:,.1f}" if draw.random() < 0.8 else str(draw.random())
        translated = {"plain": number.replace(",", ""), "en": number}
        point = number.translate(str.maketrans(",.", ".," if style == "vi" else " ,"))
        rows.append([name, translated.get(style, point)])
    buffer = io.StringIO()
    end = draw.choice(["\n", "\r\n", "\r"])
    csv.writer(buffer, delimiter=mark, lineterminator=end).writerows(rows)
    return buffer.getvalue()


def workbooks(draw: random.Random, folder: Path) -> Callable[[], str]:
    """A workbook, whole or damaged in the XML of a part or in the bytes of the zip."""
    spellings = [(name, code) for scheme, name, code in ORACLE.spellings if scheme == "63"]

    def check() -> str:
        cells: list[list[Any]] = [["province", "value"]]
        for name, _ in draw.sample(spellings, draw.randrange(6)):
            cells.append(
                [name, draw.choice([draw.randrange(1000), draw.randrange(999) / 64, "12.5"])]
            )
        raw = _workbook(draw, cells)
        kind = draw.random()
        if kind < 0.4:
            raw = _in_part(draw, raw)
        elif kind < 0.6:
            at = draw.randrange(len(raw))
            raw = raw[:at] + bytes([draw.randrange(256)]) + raw[at + 1 :]
        elif kind < 0.7:
            raw = raw[: draw.randrange(len(raw))]
        found, faults = _read(folder, "raw/x.xlsx", raw, "plain")
        if found.observed.empty or kind < 0.7:
            return faults.rejecting()[0].rule if faults.rejecting() else "damaged, read"
        return _same_everywhere(found, faults, cells, "plain")

    return check


def _workbook(draw: random.Random, cells: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"date_1904": draw.random() < 0.3, "in_memory": True}) as book:
        sheet = book.add_worksheet("Biểu 1")
        forms = [book.add_format({"num_format": code}) for code in ("0.0", "#,##0", "General")]
        for i, row in enumerate(cells):
            sheet.write_string(i, 0, row[0])
            write = sheet.write_string if isinstance(row[1], str) else sheet.write_number
            write(i, 1, row[1], draw.choice(forms))
    return buffer.getvalue()


def _in_part(draw: random.Random, raw: bytes) -> bytes:
    """The workbook with a change in the text of one of its parts."""
    buffer, name = io.BytesIO(), draw.choice(PARTS)
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.namelist():
            text = old.read(item).decode()
            if item == name:
                words = ['"', "<", ">", "&", "0", "9" * 30, 's="99"', 't="e"', "<v>", "</row>", "x",
                         'r="A9999999"', 'r="XFD1048576"', "é", "-1"]  # fmt: skip
                at = draw.randrange(len(text))
                text = text[:at] + draw.choice(words) + text[at + draw.randrange(9) :]
            new.writestr(item, text)
    return buffer.getvalue()


PLAIN_WORDS = ["", "~", "null", "[]", "{}", "NO", "012", "1:30", "2026-01-01", "1e999",
               ".nan", "-1", "0", "9" * 40, "\u00a0", "'63'", "true", "table", "2022", "gi",
               "''"]  # fmt: skip
BREAKING = ["- a", "*a", "&a b", "!!int 3", "!!python/name:os", "'", '"', "\t", ":", "? [a]",
            "<<: *a", "%", "@", "[[[[", "{a: {b: c", "\x07"]  # fmt: skip
FILES = {"raw/sources.yml": 3, "raw/variables.yml": 2, "index.yml": 4}


def declarations(draw: random.Random, folder: Path) -> Callable[[], str]:
    """The toy's cards, variables and index, with words, lines or letters changed."""
    texts = {name: (TOY / name).read_text("utf-8") for name in FILES}
    ref = load_reference(TOY / "reference")
    (folder / "raw").mkdir()
    for file, text in texts.items():
        (folder / file).write_text(text, "utf-8")

    def check() -> str:
        (name,) = draw.choices(list(FILES), list(FILES.values()))
        changed = texts[name]
        for _ in range(draw.randrange(1, 4)):
            changed = _other(draw, changed)
        (folder / name).write_bytes(changed.encode("utf-8", "surrogatepass"))
        faults = Faults()
        try:
            catalogue = load_catalogue(folder, faults)
            spec = load_spec(folder / "index.yml", "index.yml", catalogue, faults, ref)
        finally:
            (folder / name).write_text(texts[name], "utf-8")
        told(faults)
        rejected = faults.rejecting()
        assert rejected or (catalogue is not None and spec is not None), "refused without a word"
        assert all(f.place.file in FILES for f in rejected)
        return rejected[0].rule if rejected else "read"

    return check


def _other(draw: random.Random, text: str) -> str:
    """A text with a line, a word or a letter changed."""
    lines = text.split("\n")
    i = draw.randrange(len(lines))
    kind = draw.randrange(8)
    word = draw.choice(PLAIN_WORDS if draw.random() < 0.9 else BREAKING)
    if kind == 0:
        del lines[i]
    elif kind == 1:
        lines.insert(i, lines[draw.randrange(len(lines))])
    elif kind == 2:
        key, colon, _ = lines[i].partition(": ")
        lines[i] = key + (colon or ": ") + word
    elif kind == 3:
        words = lines[i].split(" ")
        words[draw.randrange(len(words))] = word
        lines[i] = " ".join(words)
    elif kind == 4:
        lines[i] = " " * draw.choice((0, 2, 4, 4, 6, 8)) + lines[i].lstrip()
    elif kind < 7:
        words = lines[i].split(" ")
        words[draw.randrange(len(words))] = draw.choice(draw.choice(lines).split(" "))
        lines[i] = " ".join(words)
    else:
        lines[i] = damaged(draw, lines[i], VIETNAMESE + "0123456789:,{}[]#'-")
    return "\n".join(lines) or "a"
