"""Contract of `treated`."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import described
from schemas.imputed import Imputed


class Treated(Imputed):
    """One row per edition, province and indicator."""

    treatment: str = described(
        "Cách xử lý ngoại lai",
        "Treatment of outliers",
        isin=["none", "winsorised", "log", "failed"],
    )
    treated_value: float = described(
        "Giá trị sau xử lý", "Value after treatment", "in column unit, or its log", nullable=True
    )
    is_treated: bool = described("Đã xử lý", "Was treated")

    class Config:
        unique = ["edition", "province_code", "indicator"]

    @pa.dataframe_check(error="only a treated indicator has treated values")
    def treatment_is_declared(cls, df: pd.DataFrame) -> pd.Series:
        return ~df["is_treated"] | df["treatment"].isin(["winsorised", "log"])
