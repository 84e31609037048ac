"""Groups of like provinces: what `index.yml` chooses."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pipeline.sources import Strict


class Peers(Strict):
    """Provinces of an edition cut into `parts` groups by the value of a variable."""

    variable: str
    parts: int = Field(default=3, ge=2)
    max_age: int = Field(default=0, ge=0)


def peers_row(peers: Peers | None) -> dict[str, Any]:
    """The columns of `spec_settings` that make the peer groups: none without a variable."""
    if peers is None:
        return {"peers_variable": None, "peers_parts": 1, "peers_max_age": 0}
    return {f"peers_{key}": value for key, value in peers.model_dump().items()}
