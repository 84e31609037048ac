"""Contract of `screened`: which indicators enter."""

from __future__ import annotations

import pandas as pd

from schemas.denominated import Denominated
from schemas.fields import described


class Screened(Denominated):
    """One row per edition, province and indicator."""

    n_observed: pd.Int64Dtype = described("Số tỉnh có số liệu", "Provinces that have it", ge=0)
    n_provinces: pd.Int64Dtype = described("Số tỉnh", "Provinces of the edition", ge=1)
    indicator_coverage: float = described(
        "Tỷ lệ tỉnh có số liệu", "Share of provinces that have it", "share 0-1", ge=0, le=1
    )
    is_entered: bool = described("Vào kỳ này", "Enters the edition")

    class Config:
        unique = ["edition", "province_code", "indicator"]
