"""Which cells of a file are its header, its data and neither, as the card says; or a refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.faults import Faults, Place, column_letters
from pipeline.ingest.grid import Grid
from pipeline.legacy import MOJIBAKE, NAMES, likely_codes
from pipeline.provinces import Reference, fold
from pipeline.sources import Card, nearest
from pipeline.words import as_text, clean

JOIN = " / "  # between the parts of a name that stands in several rows
SEARCHED = 50  # rows in which the declared names are looked for, to say where they stand
COLUMN_NUMBER = re.compile(r"\(?[0-9A-Z]{1,3}\)?( ?[=:].*)?")
QUOTE_COLUMNS = [
    "scheme", "variable", "value", "value_low", "value_high", "qualifier", "unit",
    "period_start", "period_end", "status", "source", "quote",
]  # fmt: skip


@dataclass
class Head:
    """A grid and the rows of its header: from index `top` to the one before `under`."""

    grid: Grid
    card: Card
    ref: Reference
    faults: Faults
    top: int
    under: int

    @property
    def wanted(self) -> list[str]:
        """Every column that the card names, the ones that each row needs first."""
        card = self.card
        names = [*_needed_columns(card), *(column.column for column in card.columns)]
        return list(dict.fromkeys(map(clean, names)))

    @property
    def missing(self) -> list[str]:
        return [name for name in self.wanted if name not in self.grid.names]

    def are_provinces(self, names: list[str]) -> list[str]:
        """Those of some names that are a province of either scheme."""
        known = {key for scheme in self.ref.names.values() for key in scheme}
        return [name for name in names if fold(name) in known]

    def text_of(self, row: int) -> str:
        """The texts of a row, as a message shows them."""
        cells = self.grid.rows[row] if row < len(self.grid.rows) else []
        return " | ".join(filter(None, (clean(as_text(cell)) for cell in cells)))


def lay_out(grid: Grid, card: Card, ref: Reference, faults: Faults) -> bool:
    """Find header and data of `grid`, fill its names and positions, and check its shape.

    Args:
        grid: as read; changed in place.
        card: where the header stands, where the table ends, what its columns are called.
        ref: provinces, to recognise a table that lies on its side.
        faults: every fault of the shape, each at its place.

    Returns:
        Whether the columns that every row needs were found. Rows of another width are refused one
        by one, and a column of figures that is missing is left out: the rest is still read, so
        that its faults are reported too.
    """
    top = card.header_row - 1 if Path(card.file).suffix.lower() != ".parquet" else 0
    head = Head(grid, card, ref, faults, top, top + card.header_rows)
    grid.first = head.under + card.column_numbers
    grid.end = len(grid.rows)
    if len(grid.rows) < head.under:
        faults.add("HDR-13", Place(grid.file, grid.sheet))
        return False
    grid.names = _names(head, top)
    if _is_elsewhere(head):
        return False
    _find_end(head)
    if not list(grid.data_rows()):
        faults.add("HDR-13", Place(grid.file, grid.sheet))
        return False
    _check_names(head)
    _check_column_numbers(head)
    for i, cells in list(grid.data_rows()):
        if len(cells) != len(grid.names):
            faults.add("HDR-09", grid.place(i), len(cells), expected=len(grid.names))
            grid.refused.add(i)
    columns = [*_needed_columns(card), *(column.column for column in card.columns)]
    grid.positions = {name: grid.names.index(clean(name)) for name in columns
                      if grid.names.count(clean(name)) == 1}  # fmt: skip
    return all(name in grid.positions for name in _needed_columns(card))


def _needed_columns(card: Card) -> list[str]:
    """The columns without which no row can be read: all but the figures of a table."""
    names = [card.province.column, *filter(None, [card.province.also])]
    if card.year.column:
        names.append(card.year.column)
    if card.kind == "quotes":
        names += QUOTE_COLUMNS
    if card.register_ is not None:
        rule = card.register_
        names += filter(None, (rule.date, rule.origin, rule.key, *rule.where))
    return names


def _names(head: Head, top: int) -> list[str]:
    """The names of the columns, were the header to start at `top`, as the card calls them."""
    aliases = {clean(name): own for name, own in head.card.aliases.items()}
    found = joined_names(head.grid, top, top + head.card.header_rows)
    return [clean(aliases.get(name, name)) for name in found]


def joined_names(grid: Grid, top: int, under: int) -> list[str]:
    """The name of each column over rows `top` up to `under`: merged cells filled, then joined."""
    block = [[clean(as_text(cell)) for cell in row] for row in grid.rows[top:under]]
    if under - top > 1:
        for (r0, c0), (r1, c1) in grid.extras.merged:
            for r in range(r0, min(r1 + 1, under) if top <= r0 < under else r0):
                for c in range(c0, min(c1 + 1, len(block[r - top]))):
                    block[r - top][c] = block[r0 - top][c0]
    names = []
    for j in range(max(map(len, block), default=0)):
        parts = dict.fromkeys(filter(None, (row[j] for row in block if j < len(row))))
        names.append(JOIN.join(parts))
    return names


def _is_elsewhere(head: Head) -> bool:
    """Whether the header is not as declared, with the one fault that says where or what it is."""
    grid, card, faults, wanted, missing = (
        head.grid, head.card, head.faults, head.wanted, head.missing,
    )  # fmt: skip
    place, found = grid.place(head.top), " | ".join(filter(None, grid.names))
    best, held = _best_row(head) if len(missing) == len(wanted) else (head.top, 0)
    named = head.are_provinces(grid.names) if missing else []
    cells = [as_text(cell) for row in grid.rows[head.top : head.under] for cell in row]
    whole = cells[0] if cells and len(grid.names) == 1 else ""
    other = next((d for d in ",;\t" if d != card.delimiter and d in whole), None)
    if len(missing) == len(wanted) and held * 2 >= len(wanted):
        faults.add("HDR-07", place, found, declared=head.top + 1, row=best + 1)
    elif missing and len(wanted) > 1 and other is not None:
        faults.add("HDR-08", place, whole, expected=len(wanted), likely=repr(other))
    elif missing and len(named) > 1 and 2 * len(named) >= len(grid.names) - 1:
        at = grid.place(head.top, grid.names.index(named[0]))
        faults.add("HDR-14", at, named[0], n=len(named))
    elif _goes_on_below(head) or _spans_columns(head):
        rows = str(head.top + 1) if card.header_rows == 1 else f"{head.top + 1}–{head.under}"
        faults.add("HDR-06", place, found, declared=rows, below=head.text_of(head.under))
    else:
        return False
    return True


def _best_row(head: Head) -> tuple[int, int]:
    """The first row from which a header holds most of the names wanted, and how many it holds."""
    wanted = {*head.wanted}
    starts = range(min(SEARCHED, len(head.grid.rows) - head.card.header_rows + 1))
    held = [len(wanted & {*_names(head, i)}) for i in starts]
    best = max(starts, key=lambda i: (held[i], -i))
    return best, held[best]


def _goes_on_below(head: Head) -> bool:
    """Whether the row under the declared header is part of it: by its names or its merged cells."""
    if any(head.top <= r0 < head.under <= r1 for (r0, _), (r1, _) in head.grid.extras.merged):
        return True
    below = head.grid.rows[head.under] if head.under < len(head.grid.rows) else []
    return bool({clean(as_text(cell)) for cell in below} & set(head.missing))


def _spans_columns(head: Head) -> bool:
    """Whether a name of a header of one row is merged over columns that hold data."""
    if head.card.header_rows > 1:
        return False
    under_it = {j for (r0, c0), (_, c1) in head.grid.extras.merged if r0 == head.top
                for j in range(c0 + 1, c1 + 1)}  # fmt: skip
    return any(as_text(row[j]) for _, row in head.grid.data_rows() for j in under_it
               if j < len(row))  # fmt: skip


def _find_end(head: Head) -> None:
    """Cut the data off where the card says that the table ends, and report what stands below."""
    grid = head.grid
    starts = tuple(clean(text).casefold() for text in head.card.ends_at)
    for i in range(grid.first, len(grid.rows) if starts else 0):
        text = next((clean(as_text(c)) for c in grid.rows[i] if as_text(c)), "")
        if text.casefold().startswith(starts):
            below = [[clean(as_text(c)) for c in row] for row in grid.rows[i:]]
            named = head.are_provinces([text for row in below for text in row])
            head.faults.add("HDR-12", grid.place(i), text, n=sum(map(any, below)),
                            named=", ".join(named) or "–")  # fmt: skip
            grid.end = i
            return


def _check_names(head: Head) -> None:
    """Names that are missing, stand twice, lack over data, are damaged, or that nobody declared."""
    grid, faults, top = head.grid, head.faults, head.top
    ignored = [clean(name) for name in head.card.ignore]
    rows = [row for _, row in grid.data_rows()]
    for j, name in enumerate(grid.names):
        values = [as_text(row[j]) for row in rows if j < len(row) and as_text(row[j])]
        codes = likely_codes(name)
        if name and grid.names.index(name) != j:
            first = column_letters(grid.names.index(name) + 1)
            faults.add("HDR-03", grid.place(top, j), name, first=first)
        elif not name and values:
            faults.add("HDR-05", grid.place(top, j), values[0])
        elif not name or name in head.wanted or name in ignored:
            continue
        elif MOJIBAKE.search(name):
            faults.add("ENC-05", grid.place(top, j), name)
        elif codes:
            faults.add("ENC-04", grid.place(top, j), name,
                       code=" / ".join(NAMES[code] for code in codes))  # fmt: skip
        else:
            faults.add("HDR-02", grid.place(top, j), name)
    found = ", ".join(filter(None, grid.names))
    for name in head.missing:
        near = nearest(name, grid.names)
        faults.add("HDR-01", grid.place(top), name, found=found, nearest=near)


def _check_column_numbers(head: Head) -> None:
    """The row declared to number the columns does nothing else."""
    if not head.card.column_numbers:
        return
    texts = [clean(as_text(cell)) for cell in head.grid.rows[head.under]]
    wrong = [j for j, text in enumerate(texts) if text and not COLUMN_NUMBER.fullmatch(text)]
    if wrong or not any(texts):
        place = head.grid.place(head.under, wrong[0] if wrong else None)
        head.faults.add("HDR-17", place, texts[wrong[0]] if wrong else "")
