"""What became of the rows of a register: used, left out or set aside; nothing is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.whole import write_bytes

# Rows that cannot be used, as they are published: `rule` says why (docs/faults.md).
QUARANTINE = pa.schema([
    ("file", pa.string()), ("row", pa.int64()), ("rule", pa.string()), ("value", pa.string()),
    ("name", pa.string()), ("date", pa.string()),
])  # fmt: skip


@dataclass
class FileCounts:
    """The rows of one file; `filtered` and `quarantined` by reason."""

    rows: int = 0
    used: int = 0
    filtered: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Whether every row that was read is in one of the three."""
        return self.rows == self.used + self.filtered.total() + self.quarantined.total()

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        filtered = {reason: n for reason, n in sorted(self.filtered.items()) if n}
        quarantined = {rule: n for rule, n in sorted(self.quarantined.items()) if n}
        return {"rows": self.rows, "used": self.used, "filtered": filtered,
                "quarantined": quarantined}  # fmt: skip


@dataclass
class RegisterCounts:
    """The rows of a register by file, and those set aside, one by one."""

    files: dict[str, FileCounts]
    quarantine: pa.Table

    @property
    def rows(self) -> int:
        return sum(counts.rows for counts in self.files.values())

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return {name: counts.as_dict() for name, counts in self.files.items()}


def write_quarantine(registers: dict[str, RegisterCounts], folder: Path) -> None:
    """Write the rows that were set aside to `folder`, a file for each register that has any."""
    for source_id, register in registers.items():
        if len(register.quarantine):
            folder.mkdir(parents=True, exist_ok=True)
            sink = pa.BufferOutputStream()
            pq.write_table(register.quarantine, sink, compression="zstd")
            path = folder / f"{source_id}.parquet"
            path.unlink(missing_ok=True)
            write_bytes(path, sink.getvalue().to_pybytes())
