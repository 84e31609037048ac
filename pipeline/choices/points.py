"""Points that experts give, read from a CSV file of the project."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipeline.choices.weighting import Weigh, Where
from pipeline.faults import Faults, Place, bad_byte, column_letters
from pipeline.files import read_file
from pipeline.language import Words
from pipeline.limits import Limits
from pipeline.project import stays_inside
from pipeline.sources import nearest
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Node, Spec

POINTS = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
EXPERT = "expert"
Choice = TypeVar("Choice", bound=Weigh)


def read_points(spec: Spec, root: Path, file: YamlFile, limits: Limits, faults: Faults) -> Spec:
    """The index with the points of every `points_file` in it; see `with_points`."""
    children = spec.children()

    def with_own(i: int, node: Node) -> Node:
        if node.weigh is None:
            return node
        where = ("nodes", i, "weigh")
        codes = children.get(node.code, [])
        weigh = with_points(node.weigh, codes, root, where, file, limits, faults)
        return node.model_copy(update={"weigh": weigh})

    nodes = [with_own(i, node) for i, node in enumerate(spec.nodes)]
    return spec.model_copy(update={"nodes": nodes})


def with_points(
    choice: Choice,
    codes: list[str],
    root: Path,
    where: Where,
    file: YamlFile,
    limits: Limits,
    faults: Faults,
) -> Choice:
    """The choice with the points of its file in it, so that it says by itself what was used.

    Args:
        choice: a choice that may name a `points_file`: the column `expert`, then one column per
            child, a row per expert, numbers with a decimal point.
        codes: the children.
        root: the folder from which the file is named, and which it cannot leave.
        where: the path of the choice in `file`.
        file: for the line of the key.
        limits: the size of a file that is read.
        faults: every problem is added with its cell; the points are then left out.
    """
    name = choice.points_file
    if name is None or choice.method != "budget":
        return choice
    where = (*where, "points_file")
    if choice.points is not None:
        faults.add("SCH-17", file.place(*where), "points_file", problem=Words("points_in_both"))
        return choice
    text = _read(root, name, where, file, limits, faults)
    told = faults.n_rejecting()
    found = {} if text is None else _parse(text, name, codes, faults)
    is_whole = text is not None and faults.n_rejecting() == told
    return choice.model_copy(update={"points": found}) if is_whole else choice


def _read(
    root: Path, name: str, where: Where, file: YamlFile, limits: Limits, faults: Faults
) -> str | None:
    if not stays_inside(name):
        faults.add("SEC-07", file.place(*where), name, key=where[-1])
        return None
    raw = read_file(root / name, Place(name), "file_bytes", limits, faults, root=root)
    if raw is None:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row, offset = bad_byte(raw, error)
        faults.add("ENC-03", Place(name, row=row), hex(raw[offset]), offset=offset,
                   declared="UTF-8", likely="–", n=1)  # fmt: skip
    return None


def _parse(text: str, name: str, codes: list[str], faults: Faults) -> dict[str, dict[str, float]]:
    """The points by expert and child; every cell that is none is a fault with its place."""
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except csv.Error as error:
        faults.add("HDR-10", Place(name), str(error))
        return {}
    header = [cell.strip() for cell in header]
    _check_header(header, name, codes, faults)
    found: dict[str, dict[str, float]] = {}
    lines: dict[str, int] = {}
    for i, cells in enumerate(rows, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            faults.add("HDR-09", Place(name, row=i), len(cells), expected=len(header))
            continue
        row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
        expert = row.pop(EXPERT, "")
        if expert in lines or not expert:
            faults.add("SCH-06", Place(name, row=i), expert, first=lines.get(expert, "–"))
        lines.setdefault(expert, i)
        for column, cell in row.items():
            if not POINTS.fullmatch(cell):
                place = Place(name, row=i, column=header.index(column) + 1, column_name=column)
                problem = Words("no_points", {"value": cell})
                faults.add("SCH-17", place, column, problem=problem)
        found[expert] = {c: float(cell) for c, cell in row.items() if POINTS.fullmatch(cell)}
    if not found:
        faults.add("HDR-13", Place(name))
    return found


def _check_header(header: list[str], name: str, codes: list[str], faults: Faults) -> None:
    for j, column in enumerate(header):
        place = Place(name, row=1, column=j + 1)
        if header.index(column) != j:
            faults.add("HDR-03", place, column, first=column_letters(header.index(column) + 1))
        elif column not in (EXPERT, *codes):
            faults.add("SCH-02", place, column, nearest=nearest(column, codes))
    for column in (EXPERT, *codes):
        if column not in header:
            faults.add("HDR-01", Place(name, row=1), column, found=", ".join(header),
                       nearest=nearest(column, header))  # fmt: skip
