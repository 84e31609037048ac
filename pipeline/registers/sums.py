"""Counts over all files of a register, by what rows mean, and the rows that mean nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.faults import Place
from pipeline.registers.counts import QUARANTINE, FileCounts, RegisterCounts
from pipeline.registers.meanings import Meaning, Meanings
from pipeline.sources import Card, Register
from pipeline.words import handling_of_name

Key = tuple[str, int, int]  # name, number of the scheme, year


class Sums:
    """Counts over all files, by what rows mean, and the rows that mean nothing."""

    def __init__(self, card: Card, meanings: Meanings, files: list[str]) -> None:
        assert card.register_ is not None
        self.rule: Register = card.register_
        self.meanings = meanings
        self.names = files
        self.files = {name: FileCounts() for name in files}
        self.groups: dict[Key, int] = defaultdict(int)
        self.apart: list[pa.Table] = []

    def add(self, i: int, table: pa.Table, n_rows: int) -> None:
        """The result of one file."""
        counts = self.files[self.names[i]]
        counts.rows = n_rows
        for row in table.filter(pc.not_equal(table["kind"], "row")).to_pylist():
            if row["kind"] == "left_out":
                counts.filtered["where"] += row["n"]
                continue
            key = (row["name"], row["scheme_no"], row["year"])
            reason = self._reason(key)
            if reason is None:
                counts.used += row["n"]
                self.groups[key] += row["n"]
            else:
                counts.filtered[reason] += row["n"]
        rows = table.filter(pc.equal(table["kind"], "row"))
        counts.quarantined.update(rows["rule"].to_pylist())
        self.set_aside(i, rows)

    def set_aside(self, i: int, rows: pa.Table) -> None:
        """Rows of one file that cannot be used."""
        named = rows.append_column("file", pa.array([self.names[i]] * len(rows), pa.string()))
        self.apart.append(named.select(QUARANTINE.names).cast(QUARANTINE))

    def take_back(self, surplus: pa.Table) -> None:
        """Rows whose key was counted already: left out, or set aside where they contradict."""
        for row in surplus.to_pylist():
            key, name = (row["name"], row["scheme_no"], row["year"]), self.names[row["file_no"]]
            counts = self.files[name]
            counts.used -= 1
            self.groups[key] -= 1
            if row["is_contradiction"]:
                counts.quarantined["REG-07"] += 1
            else:
                counts.filtered["duplicate"] += 1
        against = surplus.filter(surplus["is_contradiction"])
        for i in range(len(self.names)):
            rows = against.filter(pc.equal(against["file_no"], i))
            rule = pa.array(["REG-07"] * len(rows), pa.string())
            self.set_aside(i, rows.append_column("rule", rule).append_column("value", rows["key"]))

    def _reason(self, key: Key) -> str | None:
        """Why the rows of a group do not count; None when they do."""
        meaning = self.meanings.of_name(key[0], key[1])
        if meaning.kind is not None:
            return meaning.kind
        if key[2] == 0 and self.rule.date is not None and self.rule.undated == "left_out":
            return "undated"
        return None

    def counts(self) -> RegisterCounts:
        """What became of the rows; those set aside in the order of files and rows."""
        order = {name: i for i, name in enumerate(self.names)}
        whole = pa.concat_tables(self.apart)
        numbers = pa.array([order[name] for name in whole["file"].to_pylist()], pa.int64())
        keys = pa.table({"file": numbers, "row": whole["row"]})
        by = [("file", "ascending"), ("row", "ascending")]
        return RegisterCounts(self.files, whole.take(pc.sort_indices(keys, sort_keys=by)))

    def records(self) -> Iterator[dict[str, Any]]:
        """One entry per province of each group, as the counting by year wants them."""
        file = self.meanings.card.file
        handled = {name: handling_of_name(name) for name in {name for name, _, _ in self.groups}}
        for number, ((name, k, year), n) in enumerate(sorted(self.groups.items())):
            meaning: Meaning = self.meanings.of_name(name, k)
            for resolved in meaning.found if n else ():
                notes = [*handled[name], *filter(None, [resolved.note])]
                yield {"record": number, "n": n, "date": f"{year:04}" if year else "",
                       "scheme": self.meanings.schemes[k], "code": resolved.code,
                       "locator": None, "place": Place(file), "origin": "", "name": name,
                       "handling": notes}  # fmt: skip
