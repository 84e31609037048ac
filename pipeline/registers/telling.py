"""What is said of the rows of a register that cannot be used."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow.compute as pc

from pipeline.faults import Place
from pipeline.ingest.common import Reading
from pipeline.ingest.numbers import Refused
from pipeline.registers.counts import RegisterCounts
from pipeline.registers.meanings import Meanings

TOLD = 100  # distinct texts that cannot be used and are told one by one


def tell(counts: RegisterCounts, meanings: Meanings, reading: Reading) -> None:
    """Say how many rows are set aside; above the tolerance a refusal, with the texts."""
    rule, n = reading.card.register_, len(counts.quarantine)
    assert rule is not None
    if n == 0:
        return
    by_rule = Counter(counts.quarantine["rule"].to_pylist())
    reasons = ", ".join(f"{k} {by_rule[k]}" for k in sorted(by_rule))
    details = {"rows": counts.rows, "tolerance": f"{float(rule.tolerance):g}", "reasons": reasons,
               "list": f"quarantine/{reading.source_id}.parquet"}  # fmt: skip
    place = Place(reading.card.file)
    # A quote that is not closed swallows the rows after it: how many, nobody knows.
    torn = pc.and_(pc.equal(counts.quarantine["rule"], "REG-04"),
                   pc.match_substring(counts.quarantine["value"], "\n"))  # fmt: skip
    if n <= float(rule.tolerance) * counts.rows and not pc.any(torn).as_py():
        reading.faults.add("REG-02", place, n, **details)
        return
    reading.faults.add("REG-01", place, n, **details)
    seen: set[tuple[str, str]] = set()
    for row in counts.quarantine.to_pylist():
        text = (row["rule"], row["value"] or "")
        if text not in seen and len(seen) < TOLD:
            _tell_row(row, meanings, reading)
        seen.add(text)


def _tell_row(row: dict[str, Any], meanings: Meanings, reading: Reading) -> None:
    """The fault of the first row with a text that cannot be used."""
    card, rule, value = reading.card, row["rule"], row["value"] or ""
    register = card.register_
    assert register is not None
    column = {"REG-05": ", ".join(register.where), "REG-06": register.key,
              "REG-07": register.key, "REG-04": None}  # fmt: skip
    is_date = rule not in column and isinstance(meanings.of_day(row["date"] or ""), Refused)
    name = column.get(rule, register.date if is_date else card.province.column)
    place = Place(row["file"], None, row["row"], None, name)
    details: dict[str, Any] = {}
    if is_date:
        refused = meanings.of_day(row["date"])
        assert isinstance(refused, Refused)
        details = refused.details
    elif rule not in column:
        faults = (meanings.of_name(value, k).fault for k in range(len(meanings.schemes)))
        details = next(f.details for f in faults if f is not None and f.rule == rule)
    elif rule in ("REG-05", "REG-06", "REG-07"):
        details = {"column": name}
    reading.faults.add(rule, place, value, **details)
