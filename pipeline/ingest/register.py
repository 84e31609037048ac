"""Reader of registers of records: one row per record, resolved and counted here."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from pipeline.faults import Place
from pipeline.ingest.common import Reading, resolve_text
from pipeline.ingest.dates import Dated, read_date
from pipeline.ingest.grid import Grid
from pipeline.ingest.numbers import Refused
from pipeline.sources import Card, Register
from pipeline.words import as_text, handling_of_name


def read_register(grid: Grid, reading: Reading) -> None:
    """Count the records of a register per province, as stocks at the end of each year.

    A record dated after a merger names a province of the new scheme; years up to the merger are
    counted on the old provinces, later years on the new. An undated record, if the card counts
    it, is in every year's figure but not in its lower bound. A record of several provinces counts
    in each; `reading.shared` lists it, so that a merger of two of them counts it once.
    """
    rule = reading.card.register_
    assert rule is not None
    records = [record for i, cells in grid.data_rows()
               for record in _records(grid, i, cells, rule, reading)]  # fmt: skip
    if reading.has_refused_rows:
        return
    reading.records = records
    count_records(reading)


def count_records(reading: Reading) -> None:
    """The figures of `reading.records`: per province, in each year of the card or without a year.

    A stock holds every record up to the end of the year, a flow those of the year. A record may
    stand for many (`n`).
    """
    rule = reading.card.register_
    assert rule is not None
    years: list[int | None] = [None]
    if rule.first_year is not None and rule.last_year is not None:
        years = list(range(rule.first_year, rule.last_year + 1))
    for year in years:
        _count(year, reading.records, rule, reading)


def _records(
    grid: Grid, i: int, cells: list[Any], rule: Register, reading: Reading
) -> list[dict[str, Any]]:
    """The provinces of one record, one entry each; empty when it has none or is refused."""
    card = reading.card
    dated = _date(grid, i, cells, rule, reading)
    if dated is None:
        reading.has_refused_rows = True
        return []
    date = dated.text
    scheme: str = card.scheme
    if scheme == "by date":
        scheme = reading.ref.scheme_on(date) if date else reading.ref.schemes[0]["scheme"]
    origin = as_text(cells[grid.positions[rule.origin]]) if rule.origin else ""
    j = grid.positions[card.province.column]
    text, place, locator = as_text(cells[j]), grid.place(i, j), grid.locator(i, j)
    if not text and card.province.blank is not None:
        reading.exclude(locator, text, card.province.blank)
        return []
    whole = "" if cells[j] is None else str(cells[j])  # as it stands, for the record
    names = whole.split(card.province.separator) if card.province.separator else [whole]
    found = []
    for name in names:
        resolved = resolve_text(name.strip(), scheme, card.province.by, place, reading)
        reading.has_refused_rows |= resolved is None
        if resolved is not None and resolved.code is None:
            reading.exclude(locator, text, resolved.kind)
        elif resolved is not None:
            found.append({"record": i, "date": date, "scheme": scheme, "code": resolved.code,
                          "n": 1, "locator": locator, "place": place, "origin": origin,
                          "name": name, "handling": [*handling_of_name(name), *dated.notes,
                                                     *filter(None, [resolved.note])]})  # fmt: skip
    if not date and rule.undated == "left_out" and rule.date is not None and found:
        reading.exclude(locator, text, "undated")
        return []
    return found


def _date(grid: Grid, i: int, cells: list[Any], rule: Register, reading: Reading) -> Dated | None:
    """The date of a record, empty when it states none; None with a fault."""
    if rule.date is None:
        return Dated("")
    j, card = grid.positions[rule.date], reading.card
    place, text = grid.place(i, j), as_text(cells[j])
    dated = read_date(cells[j], card.date_order, grid.extras.date_system or card.date_system)
    if isinstance(dated, Refused):
        reading.faults.add(dated.rule, place, text, **dated.details)
        return None
    limit = card.last_year() or 9999
    if dated.text and int(dated.text[:4]) > limit:
        reading.faults.add("DAT-07", place, text, limit=limit)
        return None
    return dated


def _count(
    year: int | None, records: list[dict[str, Any]], rule: Register, reading: Reading
) -> None:
    ref = reading.ref
    old = ref.schemes[0]["scheme"]
    scheme = ref.scheme_on(f"{year}-12-31") if year is not None else old
    is_stock = reading.variables[rule.variable].measure == "stock"
    held: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for record in records:
        if year is not None and not _is_in(record["date"][:4], year, is_stock):
            continue
        code = record["code"]
        if record["scheme"] != scheme:
            code = ref.merger[code]
        held[code][record["record"]] = record
    provinces_of: dict[int, set[str]] = defaultdict(set)
    for code, entries in held.items():
        for number in entries:
            provinces_of[number].add(code)
    for code in ref.codes(scheme):
        entries = held.get(code, {})
        _observe(code, scheme, year, is_stock, list(entries.values()), rule, reading)
        for number, record in entries.items():
            if len(provinces_of[number]) > 1:
                reading.shared.append(
                    {"variable": rule.variable, "year": year, "scheme": scheme,
                     "n": record["n"],
                     "record": record["locator"] or f"{record['name']} {record['date']}",
                     "province_code": code}
                )  # fmt: skip


def _observe(
    code: str, scheme: str, year: int | None, is_stock: bool, entries: list[dict[str, Any]],
    rule: Register, reading: Reading,
) -> None:  # fmt: skip
    """The figure of one province and year; undated records are not in its lower bound."""
    n = sum(e["n"] for e in entries)
    dated = sum(e["n"] for e in entries if e["date"] or rule.date is None)
    missing = not entries and rule.no_record == "M"
    names = list(dict.fromkeys(e["name"] for e in entries))
    reading.observe(
        code=code, scheme=scheme, variable=rule.variable, year=year,
        period=None if year is None else f"{year}-12-31" if is_stock else str(year),
        number=None if missing else float(n),
        low=None if missing else float(dated), high=None if missing else float(n),
        qualifier="exact" if missing or dated == n else "range",
        status="A" if entries and dated == n else "E",
        locator=_locator(entries, names, year, is_stock, rule, reading.card),
        raw=f"{n} records", name="; ".join(names) or None,
        handling=[note for e in entries for note in e["handling"]],
        origin="; ".join(dict.fromkeys(e["origin"] for e in entries)),
        place=next((e["place"] for e in entries), Place(reading.card.file)),
    )  # fmt: skip


def _is_in(date: str, year: int, is_stock: bool) -> bool:
    """Whether a record of that year, or of none, counts at the end of a year, or in it."""
    return date <= str(year) if is_stock or not date else date == str(year)


def _locator(
    entries: list[dict[str, Any]], names: list[str], year: int | None, is_stock: bool,
    rule: Register, card: Card,
) -> str:  # fmt: skip
    """The cells of the records; of records that stand for many the filter that finds them."""
    cells = [e["locator"] for e in entries if e["locator"] is not None]
    if cells or not entries:
        return "; ".join(cells) or "no record"
    column = json.dumps(card.province.column, ensure_ascii=False)
    found = f"{column} in {json.dumps(names, ensure_ascii=False)}"
    if rule.date is not None and year is not None:
        date = json.dumps(rule.date, ensure_ascii=False)
        found += f" and {date} {'<=' if is_stock else '='} {year}"
    return found
