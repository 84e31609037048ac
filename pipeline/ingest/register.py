"""Reader of registers of records: one row per record, resolved and counted here."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pipeline.faults import Place
from pipeline.ingest.common import Reading, is_date
from pipeline.ingest.grid import Grid
from pipeline.sources import Register
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
    years: list[int | None] = [None]
    if rule.first_year is not None and rule.last_year is not None:
        years = list(range(rule.first_year, rule.last_year + 1))
    for year in years:
        _count(year, records, rule, reading)


def _records(
    grid: Grid, i: int, cells: list[Any], rule: Register, reading: Reading
) -> list[dict[str, Any]]:
    """The provinces of one record, one entry each; empty when it has none or is refused."""
    card = reading.card
    date = ""
    if rule.date is not None:
        j = grid.positions[rule.date]
        date = as_text(cells[j])
        if date and not is_date(date):
            reading.faults.add("DAT-02", grid.place(i, j), date)
            reading.has_refused_rows = True
            return []
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
        resolved = reading.resolver.by_name(name.strip(), scheme, place)
        reading.has_refused_rows |= resolved is None
        if resolved is not None and resolved.code is None:
            reading.exclude(locator, text, resolved.kind)
        elif resolved is not None:
            found.append({"record": i, "date": date, "scheme": scheme, "code": resolved.code,
                          "locator": locator, "place": place, "origin": origin,
                          "name": name})  # fmt: skip
    if not date and rule.undated == "left_out" and rule.date is not None and found:
        reading.exclude(locator, text, "undated")
        return []
    return found


def _count(
    year: int | None, records: list[dict[str, Any]], rule: Register, reading: Reading
) -> None:
    ref = reading.ref
    old = ref.schemes[0]["scheme"]
    scheme = ref.scheme_on(f"{year}-12-31") if year is not None else old
    held: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for record in records:
        if year is not None and record["date"][:4] > str(year):
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
        dated = sum(bool(e["date"]) or rule.date is None for e in entries.values())
        missing = not entries and rule.no_record == "M"
        locator = "; ".join(e["locator"] for e in entries.values())
        reading.observe(
            code=code, scheme=scheme, variable=rule.variable, year=year,
            period=None if year is None else f"{year}-12-31",
            number=None if missing else float(len(entries)),
            low=None if missing else float(dated), high=None if missing else float(len(entries)),
            qualifier="exact" if missing or dated == len(entries) else "range",
            status="A" if entries and dated == len(entries) else "E",
            locator=locator or "no record",
            raw=f"{len(entries)} records",
            name="; ".join(dict.fromkeys(e["name"] for e in entries.values())) or None,
            handling=[code for e in entries.values() for code in handling_of_name(e["name"])],
            origin="; ".join(dict.fromkeys(e["origin"] for e in entries.values())), place=next(
                (e["place"] for e in entries.values()), Place(reading.card.file)),
        )  # fmt: skip
        for number, record in entries.items():
            if len(provinces_of[number]) > 1:
                reading.shared.append(
                    {"variable": rule.variable, "year": year, "scheme": scheme,
                     "record": record["locator"], "province_code": code}
                )  # fmt: skip
