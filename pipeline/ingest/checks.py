"""Checks across files: one figure per key, and registers against the totals sources state."""

from __future__ import annotations

from pipeline.faults import Faults, Place
from pipeline.ingest.common import Reading

KEY = ["scheme", "province_code", "variable", "year"]


def check_duplicates(readings: list[Reading], faults: Faults) -> None:
    """Refuse a second figure for the same province, variable, year and scheme, in any file.

    Sources for comparison may repeat each other: they never enter the index.
    """
    first: dict[tuple[str, ...], tuple[Place, dict[str, object]]] = {}
    for reading in (r for r in readings if r.card.use != "comparison"):
        for row, place in zip(reading.observed, reading.places, strict=True):
            if row["year"] is None:
                continue
            key = tuple(str(row[name]) for name in KEY)
            if key not in first:
                first[key] = (place, row)
                continue
            other, before = first[key]
            same_file = other.file == place.file
            rule = "DUP-02" if same_file else "DUP-03"
            if same_file and before["value"] != row["value"]:
                rule = "DUP-01"
            if same_file and before["name_raw"] != row["name_raw"]:
                rule = "DUP-04"  # two spellings that are one province
            faults.add(rule, place, row["raw"], key=" ".join(key), other_value=before["raw"],
                       other=f"{other.file} {other.cell}", name=row["name_raw"],
                       other_name=before["name_raw"])  # fmt: skip


def check_registers(readings: list[Reading], faults: Faults) -> None:
    """Warn when a source states more records than the register holds on that date.

    Undated records count as held, so a warning means that records are surely missing.
    """
    for reading in readings:
        rule = reading.card.register_
        if rule is None or rule.check_against is None:
            continue
        for other in readings:
            for stated in other.stated:
                as_of = stated["period"]
                if stated["variable"] != rule.check_against or not as_of:
                    continue
                held = {
                    record["record"]
                    for record in reading.records
                    if record["date"][: len(as_of)] <= as_of
                    and stated["code"] in (None, record["code"])
                }
                if stated["value"] > len(held):
                    faults.add("SEM-17", stated["place"], f"{stated['value']:g}", as_of=as_of,
                               held=len(held), register=reading.card.file)  # fmt: skip
