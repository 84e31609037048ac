"""Synthetic registers for tests, and an independent reading of them, row by row."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.faults import Faults, Place
from pipeline.ingest.common import Reading
from pipeline.ingest.dates import Dated, read_date
from pipeline.ingest.register import count_records
from pipeline.limits import DEFAULTS, Limits
from pipeline.provinces import Resolver, load_reference
from pipeline.registers.counts import RegisterCounts
from pipeline.registers.grouped import read_grouped
from pipeline.registers.work import Work
from pipeline.sources import Card, Variable

REF = load_reference()
HEADER = ["id", "province", "granted", "status"]
Rows = list[list[str | None]]
NAMES = ["Hà Nội", "HÀ NỘI", "ha noi", "Tỉnh Cà Mau", "Ca Mau", "Đắk Lắk ", " Nghệ An", "Cả nước",
         "Nowhere", "Hà  Giang", "Bình Dương", "Vĩnh Phúc", ""]  # fmt: skip
DAYS = ["2019-05-01", "2020-12-31", "2021-01-01", "2022-06-15", "2022-06-15", "2021-02-30",
        "2021-2-3", "2023-01-01", "", "2030-01-01", " 2020-01-01 ", "2020", "2020-07", "0021-01-05",
        "2021-01-05 (BC)", "12021-01-05", "2021/01/05", "infinity", "-015-02-15", " 999-01-01",
        "31/12/2020", "05/06/2021", "2020-02-02 00:00:00"]  # fmt: skip
STATUSES = ["in force", "in force", "in force", "lapsed", "pending", ""]
WHERE = {"status": {"keep": ["in force"], "leave_out": ["lapsed", ""]}}


def rows_of(seed: int, n: int = 600, odd: float = 0.3) -> Rows:
    """Seeded rows: mostly plain ones, some with every oddity."""
    rng = random.Random(seed)
    rows: Rows = []
    for _ in range(n):
        wild = rng.random() < odd
        name = rng.choice(NAMES if wild else NAMES[:7])
        day = rng.choice(DAYS if wild else DAYS[:5])
        rows.append([f"k{rng.randrange(n)}" if rng.random() < 0.9 else "", name, day,
                     rng.choice(STATUSES)])  # fmt: skip
    return rows


def variable(measure: str = "stock") -> Variable:
    """A count that can be added."""
    return Variable.model_validate({"name_vi": "Bản ghi", "name_en": "Records", "unit": "records",
                                    "measure": measure, "merge": "sum", "min": 0})  # fmt: skip


def card(file: str, scheme: str = "63", **changes: Any) -> Card:
    """A card of a synthetic register; `register` and other keys can be changed."""
    rule = {"variable": "records", "date": "granted", "first_year": 2019, "last_year": 2022,
            "no_record": "E", "tolerance": 1}  # fmt: skip
    rule |= changes.pop("register", {})
    declared = {
        "file": file, "kind": "register", "use": "index", "producer": "nobody",
        "title": "Synthetic register", "url": "none", "licence": "made up", "published": "never",
        "accessed": "2024-01-01", "scheme": scheme, "rows": "one record", "number_style": "plain",
        "register": {k: v for k, v in rule.items() if v is not None},
        "ignore": [name for name in HEADER if name not in (
            "province", rule["date"], rule.get("key"), *rule.get("where", {}))],
    }  # fmt: skip
    return Card.model_validate(declared | changes)


def write_csv(path: Path, rows: Rows, ending: str = "\n", header: list[str] | None = None) -> None:
    """A register as CSV; None is an empty cell."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=ending)
    writer.writerow(header or HEADER)
    writer.writerows([["" if cell is None else cell for cell in row] for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue().encode())


def write_parquet(path: Path, rows: Rows) -> None:
    """The same as Parquet, in several row groups."""
    columns = {name: pa.array([row[j] for row in rows], pa.string())
               for j, name in enumerate(HEADER)}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=100)


def read(
    root: Path, own: Card, measure: str = "stock", work: Work | None = None,
    limits: Limits = DEFAULTS,
) -> tuple[Reading, RegisterCounts | None]:  # fmt: skip
    """The register of a card, read and counted."""
    reading = Reading("synthetic", own, {"records": variable(measure)}, REF, Faults())
    counts = read_grouped(root, reading, limits, work or Work())
    if counts is not None:
        count_records(reading)
    return reading, counts


def figures(reading: Reading) -> dict[tuple[str, int | None], float]:
    """What was counted, by province and year, zeros left out."""
    return {(row["province_code"], row["year"]): row["value"]
            for row in reading.observed if row["value"]}  # fmt: skip


class Oracle:
    """The same register read one row after the other, with nothing shared but names and dates."""

    def __init__(self, own: Card, files: dict[str, Rows]) -> None:
        self.card, self.rule = own, own.register_
        assert self.rule is not None
        self.apart: list[tuple[str, int, str]] = []
        self.filtered: Counter[str] = Counter()
        self.used: list[tuple[str, int, tuple[str, ...], str, str]] = []
        for name, rows in files.items():
            for i, row in enumerate(rows):
                self._look(name, i + 2, dict(zip(HEADER, row, strict=True)))
        if self.rule.key:
            self._once()

    def _look(self, file: str, number: int, row: dict[str, str | None]) -> None:
        rule = self.rule
        assert rule is not None
        for column, keep in rule.where.items():
            value = row[column] or ""
            if value in keep.leave_out:
                self.filtered["where"] += 1
                return
            if value not in keep.keep:
                self.apart.append((file, number, "REG-05"))
                return
        key = (row[rule.key] or "") if rule.key else ""
        if rule.key and not key.strip():
            self.apart.append((file, number, "REG-06"))
            return
        day = read_date(row[rule.date], self.card.date_order) if rule.date else Dated("")
        if not isinstance(day, Dated):
            self.apart.append((file, number, day.rule))
            return
        if day.text[:4] > "2024":
            self.apart.append((file, number, "DAT-07"))
            return
        scheme = self.card.scheme
        if scheme == "by date":
            scheme = REF.scheme_on(day.text) if day.text else "63"
        found, fault = self._provinces(row["province"] or "", scheme)
        if fault:
            self.apart.append((file, number, fault))
        elif isinstance(found, str):
            self.filtered[found] += 1
        elif not day.text and rule.date and rule.undated == "left_out":
            self.filtered["undated"] += 1
        else:
            self.used.append((file, number, (scheme, *found), day.text, key))

    def _provinces(self, raw: str, scheme: str) -> tuple[tuple[str, ...] | str, str | None]:
        column, faults = self.card.province, Faults()
        if not raw.strip() and column.blank:
            return column.blank, None
        resolver = Resolver(REF, faults)
        names = raw.split(column.separator) if column.separator else [raw]
        found = [resolver.by_name(name.strip(), scheme, Place("x")) for name in names]
        resolver.close(is_one_table=False)
        if faults.rejecting():
            return (), faults.rejecting()[0].rule
        codes = tuple(r.code for r in found if r is not None and r.code is not None)
        return codes or next(r.kind for r in found if r is not None), None

    def _once(self) -> None:
        by_key: dict[str, list[Any]] = {}
        for record in self.used:
            by_key.setdefault(record[4], []).append(record)
        self.used = []
        for records in by_key.values():
            if len({(r[2], r[3]) for r in records}) > 1:
                self.apart += [(r[0], r[1], "REG-07") for r in records]
                continue
            self.used.append(records[0])
            self.filtered["duplicate"] += len(records) - 1

    def figures(self, is_stock: bool = True) -> dict[tuple[str, int | None], float]:
        """Counts of a register in the scheme of 63, by province and year, zeros left out."""
        found: Counter[tuple[str, int | None]] = Counter()
        for year in range(2019, 2023):
            for _, _, (_, *codes), day, _ in self.used:
                if not day or (day[:4] <= str(year) if is_stock else day[:4] == str(year)):
                    found.update((code, year) for code in set(codes))
        return {key: float(n) for key, n in found.items()}
