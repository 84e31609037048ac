"""The files of a register: one, or those of a folder, with the hash of what they hold."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from pathlib import Path

from pipeline.faults import Faults, Place
from pipeline.limits import Limits
from pipeline.links import hash_of, leaves
from pipeline.sources import SHA256, Card

READABLE = (".csv", ".tsv", ".txt", ".parquet")


@dataclass(frozen=True)
class RegisterFile:
    """One file of a register; `name` is its path in the project."""

    name: str
    path: Path
    size: int  # bytes
    sha256: str

    @property
    def is_parquet(self) -> bool:
        return self.path.suffix.lower() == ".parquet"


def is_grouped(root: Path, card: Card, limits: Limits) -> bool:
    """Whether a register is grouped by the engine: its figures then rest on filters, not on cells.

    A folder is, a file above `record_bytes`, and whatever declares how its rows are to be filtered.
    """
    rule = card.register_
    if rule is None:
        return False
    if rule.files or rule.where or rule.key or rule.tolerance:
        return True
    path = root / card.file
    is_readable = path.suffix.lower() in READABLE
    return path.is_dir() or (
        is_readable and path.is_file() and path.stat().st_size > limits.record_bytes
    )


def file_names(root: Path, card: Card) -> list[str]:
    """Paths of the files a card speaks of, in order: of a folder those that match its pattern."""
    folder = root / card.file
    if not folder.is_dir():
        return [card.file]
    pattern = card.register_.files if card.register_ is not None else None
    found = [path for path in folder.glob(pattern or "**/*") if not path.is_dir()]
    if pattern is None:
        found = [path for path in found if path.suffix.lower() in READABLE]
    return sorted(path.relative_to(root).as_posix() for path in found)


def find_files(root: Path, card: Card, faults: Faults) -> list[RegisterFile] | None:
    """The files of a register, each regular, inside the project and of a kind that can be grouped.

    Returns:
        None, with a fault for each, when any may not be read, or when their common hash is not
        that of the card.
    """
    names = file_names(root, card)
    before = faults.n_rejecting()
    supplier = f"{card.producer}, {card.url}"
    if not names:
        faults.add("SCH-10", Place(card.file), card.file, supplier=supplier)
    found = []
    for name in names:
        path, place = root / name, Place(name)
        if not path.exists():
            faults.add("SCH-10", place, name, supplier=supplier)
        elif leaves(path, root):
            faults.add("SEC-08", place, name)
        elif not stat.S_ISREG(path.stat().st_mode):
            faults.add("SEC-09", place, name)
        elif path.suffix.lower() not in READABLE:
            faults.add("REG-03", place, path.suffix, problem=", ".join(READABLE))
        else:
            found.append(RegisterFile(name, path, path.stat().st_size, hash_of(path, root)))
    if faults.n_rejecting() > before:
        return None
    common = common_hash(root, card, found)
    if common != card.sha256 and SHA256.fullmatch(card.sha256):
        faults.add("SCH-11", Place(card.file), common, declared=card.sha256[:12])
    return found


def common_hash(root: Path, card: Card, files: list[RegisterFile]) -> str:
    """SHA-256 of a register: of its file, or of the list of names and hashes of its files."""
    if not (root / card.file).is_dir():
        return files[0].sha256
    lines = "".join(f"{file.name.removeprefix(card.file)} {file.sha256}\n" for file in files)
    return hashlib.sha256(lines.encode()).hexdigest()
