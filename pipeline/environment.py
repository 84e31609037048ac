"""The machine a run stands on: libraries that are missing, or of another version than locked."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

from pipeline.faults import Faults, Place

LOCK = Path(__file__).parents[1] / "requirements.lock"
OPTIONAL = {"rich": "explain"}  # library: the command or output that needs it
COMPUTING = (
    "duckdb", "great-expectations", "numpy", "pandas", "pandera", "pyarrow", "pydantic",
    "python-calamine", "pyyaml", "scikit-learn", "scipy",
)  # fmt: skip


def check_environment(faults: Faults) -> None:
    """Warn of each optional library that is missing, and of each version that is not the locked.

    The lock may name several versions of a library, for several versions of Python. Without a
    lock, as in an installed package, there is nothing to compare with.
    """
    for name, needs in OPTIONAL.items():
        if _version(name) is None:
            faults.add("SYS-17", Place("pyproject.toml"), name, skipped=needs)
    text = LOCK.read_text("utf-8") if LOCK.is_file() else ""
    for name in COMPUTING:
        locked = re.findall(rf"^{name}==(\S+)", text, re.MULTILINE)
        found = _version(name)
        if locked and found is not None and found not in locked:
            row = text[: text.index(f"{name}=={locked[0]}")].count("\n") + 1
            faults.add("SYS-18", Place(LOCK.name, row=row), f"{name} {found}",
                       locked=", ".join(locked))  # fmt: skip


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
