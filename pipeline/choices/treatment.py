"""How outliers are pulled in: what `index.yml` chooses."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.sources import Strict


class Treat(Strict):
    """How outliers are pulled in, and the moments beyond which they are."""

    method: Literal["winsorise_then_log", "none"]
    skewness: int | float = 2
    kurtosis: int | float = 3.5
    max_winsorised: int = Field(default=5, ge=0)
