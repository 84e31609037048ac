"""Text for pages whose library writes it as it is: markup in a name stays a name.

Escaped before the checks, on both sides: what is compared stays equal or unequal. A value with one
of these letters is never one that a rule wants, so no check is softened.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from schemas.data_docs import Batch, Rule

ESCAPES = {"<": "&lt;", ">": "&gt;", '"': "&quot;"}


def for_html(value: Any) -> Any:
    """A text that is text in HTML too; anything else as it is."""
    if isinstance(value, str):
        for letter, instead in ESCAPES.items():
            value = value.replace(letter, instead)
    return value


def escaped(batch: "Batch") -> "Batch":
    """A batch whose cells, rules and allowed values hold no markup."""
    frame = batch.frame.copy(deep=False)
    for name in frame.columns[[pd.api.types.is_string_dtype(kind) for kind in frame.dtypes]]:
        if frame[name].str.contains('[<>"]', na=False).any():
            frame[name] = frame[name].map(for_html, na_action="ignore")
    return replace(batch, frame=frame, rules=[_escaped_rule(rule) for rule in batch.rules])


def _escaped_rule(rule: "Rule") -> "Rule":
    args = {
        key: [for_html(item) for item in value] if isinstance(value, list) else value
        for key, value in rule.args.items()
    }
    where = tuple((name, for_html(value)) for name, value in rule.where)
    return replace(rule, says=for_html(rule.says), args=args, where=where)
