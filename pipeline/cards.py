"""Change the cards in place, only when asked: the hash of one, or one more at the end."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from pipeline.language import text

CARDS = "raw/sources.yml"


def renew_hash(root: Path, file: str, lang: str) -> tuple[str, bool]:
    """Write the present SHA-256 of a raw file into its card.

    Returns:
        A message, and whether the card is right now.
    """
    cards = root / CARDS
    lines = cards.read_text("utf-8").splitlines(keepends=True)
    path = root / file
    starts = [i for i, line in enumerate(lines)
              if re.fullmatch(rf"\s+file:\s*['\"]?{re.escape(file)}['\"]?\s*", line)]  # fmt: skip
    if len(starts) != 1 or not path.is_file():
        return text("accept_unknown", lang, file=file), False
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    indent = _indent(lines[starts[0]])
    for i in range(starts[0], len(lines)):
        if lines[i].strip() and _indent(lines[i]) < indent:
            break  # the next card: its hash is not ours
        match = re.match(r"(\s+sha256:\s*['\"]?)([0-9a-f]{64})", lines[i])
        if match is None:
            continue
        old = match.group(2)
        if old == new:
            return text("accept_same", lang, file=file), True
        lines[i] = lines[i].replace(old, new)
        fresh = cards.with_suffix(".yml.new")
        fresh.write_text("".join(lines), "utf-8", newline="")
        os.replace(fresh, cards)
        return text("accepted", lang, file=file, old=old[:12], new=new[:12]), True
    return text("accept_unknown", lang, file=file), False


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
    fresh = cards.with_suffix(".yml.new")
    fresh.write_text(f"{before}\n\n{''.join(lines)}", "utf-8", newline="")
    os.replace(fresh, cards)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
