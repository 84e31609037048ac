"""Which declared variables a heading may mean: near ones, for a person to choose from."""

from __future__ import annotations

import re
from collections import Counter

from pipeline.provinces import fold
from pipeline.sources import Catalogue
from pipeline.suggest.names import CANDIDATES
from pipeline.suggest.shape import Shape
from pipeline.words import as_text

EMPTY = {"số", "tỷ", "tỉ", "lệ", "lượng", "tổng", "năm", "trong", "của", "các", "theo", "và",
         "the", "of", "in", "and", "number", "total"}  # fmt: skip


def near_variables(shape: Shape, headings: list[str], catalogue: Catalogue) -> dict[str, str]:
    """For each heading the variables whose names share most words with it.

    A word counts the more, the fewer variables have it. The lines over the table count for half:
    they say what all its columns are about.

    Args:
        shape: the table.
        headings: of its columns of figures.
        catalogue: the declared variables.

    Returns:
        Codes with commas between them, or a dash, by heading.
    """
    over = _words(" ".join(as_text(c) for row in shape.grid.rows[: shape.header] for c in row))
    names = {code: _words(f"{variable.name_vi} {variable.name_en}")
             for code, variable in catalogue.variables.items()}  # fmt: skip
    common = Counter(word for words in names.values() for word in words)
    found = {}
    for heading in headings:
        own = _words(heading)
        scores = {code: sum((1 if word in own else 0.5) / common[word]
                            for word in words & (own | over))
                  for code, words in names.items() if words & own}  # fmt: skip
        near = sorted(scores, key=lambda code: (-scores[code], code))[:CANDIDATES]
        found[heading] = ", ".join(near) or "–"
    return found


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"[^\W\d_]+", fold(text)) if len(word) > 1} - EMPTY
