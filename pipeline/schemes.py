"""Schemes of provinces in declared data: only those that the reference tables have."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError


def scheme_or(*words: str) -> BeforeValidator:
    """Refuse what is neither one of some words nor a scheme of the reference tables.

    They are the `schemes` of the validation context; without it every scheme is taken.
    """

    def hold(value: Any, info: ValidationInfo) -> Any:
        known = schemes_in(info)
        allowed = None if known is None else [repr(word) for word in (*known, *words)]
        if allowed is None or repr(value) in allowed:
            return value
        expected = " or ".join(filter(None, (", ".join(allowed[:-1]), allowed[-1])))
        raise PydanticCustomError("literal_error", "no scheme", {"expected": expected})

    return BeforeValidator(hold)


def schemes_in(info: ValidationInfo) -> list[str] | None:
    """The schemes of the reference tables, the oldest first; None where they are not known."""
    known: list[str] | None = (info.context or {}).get("schemes")
    return known
