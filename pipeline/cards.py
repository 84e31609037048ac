"""Change the cards in place, only when asked: the hash of one, or one more at the end."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.language import text
from pipeline.links import hash_of
from pipeline.whole import replace_text

CARDS = "raw/sources.yml"
HASH = re.compile(r"(\s+sha256:[ ]*)(\"[^\"]*\"|'[^']*'|[^#\s]*)")


def renew_hash(root: Path, file: str, lang: str) -> tuple[str, bool]:
    """Write the present SHA-256 of a raw file, or of the folder of a register, into its card.

    Returns:
        A message, and whether the card is right now.
    """
    cards = root / CARDS
    lines = cards.read_bytes().decode("utf-8").splitlines(keepends=True)
    path = root / file
    starts = [i for i, line in enumerate(lines)
              if re.fullmatch(rf"\s+file:\s*['\"]?{re.escape(file)}['\"]?\s*", line)]  # fmt: skip
    new = hash_of_folder(root, file) if path.is_dir() else hash_of(path)
    if len(starts) != 1 or new is None or not path.exists():
        return text("accept_unknown", lang, file=file), False
    first, last = _extent(lines, starts[0])
    hashes = [i for i in range(first, last) if HASH.match(lines[i])]
    match = HASH.match(lines[hashes[0]]) if hashes else None
    old = match[2].strip("'\"") if match is not None else ""
    if old == new:
        return text("accept_same", lang, file=file), True
    if match is not None:
        lines[hashes[0]] = f'{match[1].rstrip()} "{new}"{lines[hashes[0]][match.end() :]}'
    else:
        indent = " " * _indent(lines[starts[0]])
        lines.insert(starts[0] + 1, f'{indent}sha256: "{new}"\n')
    replace_text(cards, "".join(lines))
    return text("accepted", lang, file=file, old=old[:12], new=new[:12]), True


def hash_of_folder(root: Path, file: str) -> str | None:
    """The hash of the files of a register that lie in a folder; None when no card has it."""
    from pipeline.catalogue import load_catalogue
    from pipeline.faults import Faults
    from pipeline.registers.files import common_hash, find_files

    catalogue = load_catalogue(root, Faults())
    cards = catalogue.cards.values() if catalogue is not None else []
    for card in cards:
        if card.file == file and (found := find_files(root, card, Faults())):
            return common_hash(root, card, found)
    return None


def _extent(lines: list[str], within: int) -> tuple[int, int]:
    """First line of the card that holds a line, and the line after its last."""
    indent = _indent(lines[within])
    outside = [i for i, line in enumerate(lines) if line.strip() and _indent(line) < indent]
    before = [i for i in outside if i < within]
    return max(before, default=-1) + 1, min((i for i in outside if i > within), default=len(lines))


def append_card(root: Path, card: str) -> None:
    """Add a card, in the lines that `pipeline.suggest.draft` writes, after the last one."""
    cards = root / CARDS
    before = cards.read_text("utf-8").rstrip("\n")
    first = re.search(r"^sources:[^\n]*\n+(?:\s*#[^\n]*\n)*( +)\S", before, re.MULTILINE)
    indent = first[1] if first is not None else "  "
    lines = [
        indent * (_indent(line) // 2) + line.lstrip() for line in card.splitlines(keepends=True)
    ]
    before = re.sub(r"^sources:\s*\{\}\s*$", "sources:", before, flags=re.MULTILINE)
    replace_text(cards, f"{before}\n\n{''.join(lines)}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
