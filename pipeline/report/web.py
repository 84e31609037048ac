"""Pages as HTML: one file each, nothing fetched, no script, every text escaped by the template."""

from __future__ import annotations

import base64
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.report.model import Chart, Heading, Links, Page, Table, Words
from pipeline.report.reader import Reader

TEMPLATES = Path(__file__).with_name("templates")


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    room = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    room.tests |= {
        "heading": lambda b: isinstance(b, Heading),
        "words": lambda b: isinstance(b, Words),
        "links": lambda b: isinstance(b, Links),
        "table": lambda b: isinstance(b, Table),
        "chart": lambda b: isinstance(b, Chart),
    }
    room.filters["data_uri"] = _data_uri
    return room.get_template("page.html")


def _data_uri(svg: bytes) -> str:
    """A drawing as an address: its identifiers then never meet those of another drawing."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def page_html(page: Page, reader: Reader) -> str:
    """A page as one HTML file."""
    style = (TEMPLATES / "page.css").read_text("utf-8")
    parts = [(b.name, b.text) for b in page.blocks if isinstance(b, Heading) and b.level == 2]
    if page.table_level == 2:
        parts += [(f"title-{b.name}", b.title) for b in page.blocks if isinstance(b, Table)]
    made: str = _template().render(page=page, reader=reader, style=style, parts=parts)
    return made
