"""A draft as lines of `raw/sources.yml`."""

from __future__ import annotations

import json
import re
from typing import Any

from pipeline.blanks import BLANK
from pipeline.faults import shown
from pipeline.language import text
from pipeline.suggest import PROVENANCE
from pipeline.suggest.draft import Draft

UNFIT = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
FILLED = {*PROVENANCE, "scheme", "number_style", "marks", "province", "year", "register",
          "not_provinces"}  # fmt: skip


def evidence_lines(draft: Draft, lang: str) -> list[str]:
    """Why each key is as it is, one remark a line; texts of the file are shown escaped and cut."""
    return [
        f"# {text(key, lang, **{name: shown(value) for name, value in values.items()})}"
        for key, values in draft.evidence
    ]


def as_yaml(draft: Draft, lang: str) -> str:
    """The draft as lines of `raw/sources.yml`; what is blank says what belongs there."""
    lines = [f"  {draft.source_id}:"]
    for key, value in draft.card.items():
        remark = f"  # {text('fill_' + key, lang)}" if _has_blank(value) and key in FILLED else ""
        if key == "columns":
            lines.append(f"    columns:{'' if value else ' []'}")
            for entry in value:
                near = text("fill_variable", lang, near=draft.remarks[entry["column"]])
                lines.append(f"      - {_flow(entry)}  # {near}")
        elif isinstance(value, dict):
            lines.append(f"    {key}: {_flow(value)}{remark}")
        else:
            lines.append(f"    {key}: {_quoted(value)}{remark}")
    return "\n".join(lines) + "\n"


def _has_blank(value: Any) -> bool:
    return BLANK in (value.values() if isinstance(value, dict) else [value])


def _flow(value: dict[str, Any]) -> str:
    """A map on one line, as cards write it."""
    items = (f"{_key(k)}: {_quoted(v)}" for k, v in value.items())
    return "{" + ", ".join(items) + "}"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[a-z_]+", key) else _quoted(key)


def _quoted(value: Any) -> str:
    """A value as YAML reads it back: JSON, with what only YAML takes amiss escaped as well."""
    text = json.dumps(value, ensure_ascii=False)
    return UNFIT.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
