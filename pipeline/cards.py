"""Change a card in place: only its hash, and only when asked."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.language import text
from pipeline.links import hash_of
from pipeline.whole import replace_text

CARDS = "raw/sources.yml"


def renew_hash(root: Path, file: str, lang: str) -> tuple[str, bool]:
    """Write the present SHA-256 of a raw file into its card.

    Returns:
        A message, and whether the card is right now.
    """
    cards = root / CARDS
    lines = cards.read_bytes().decode("utf-8").splitlines(keepends=True)
    path = root / file
    starts = [i for i, line in enumerate(lines)
              if re.fullmatch(rf"\s+file:\s*['\"]?{re.escape(file)}['\"]?\s*", line)]  # fmt: skip
    if len(starts) != 1 or not path.is_file():
        return text("accept_unknown", lang, file=file), False
    new = hash_of(path)
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
        replace_text(cards, "".join(lines))
        return text("accepted", lang, file=file, old=old[:12], new=new[:12]), True
    return text("accept_unknown", lang, file=file), False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
