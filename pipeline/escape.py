"""Text from outside, made harmless for a terminal or for Markdown; see `spreadsheet` for CSV.

HTML is escaped by the libraries that write it, JSON by its own; Parquet keeps every text as it is.
"""

from __future__ import annotations

import re

MARKDOWN = re.compile(r"([\\`*\[\]<>|])")


def visible(text: str) -> str:
    """One line in which control characters, and whatever has no shape, are written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def for_markdown(text: str) -> str:
    """Text that stays text in a paragraph or a table cell of Markdown, HTML in it included."""
    return MARKDOWN.sub(r"\\\1", visible(text)).replace(r"\<", "&lt;").replace(r"\>", "&gt;")
