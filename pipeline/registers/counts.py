"""What became of the rows of a register: used, left out or set aside; nothing is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

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
        return {"rows": self.rows, "used": self.used,
                "filtered": {k: n for k, n in sorted(self.filtered.items()) if n},
                "quarantined": {k: n for k, n in sorted(self.quarantined.items()) if n}}  # fmt: skip


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
