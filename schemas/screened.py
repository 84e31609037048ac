"""Contract of `screened`: which indicators enter, and their weights."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

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
    weight: float = described(
        "Trọng số trong chỉ số của kỳ", "Weight in the edition's index", "share 0-1", ge=0, le=1
    )
    weight_declared: float = described(
        "Trọng số theo khai báo", "Weight in the declared tree", "share 0-1", gt=0, le=1
    )

    class Config:
        unique = ["edition", "province_code", "indicator"]

    @pa.dataframe_check(error="an indicator has weight exactly when it enters the edition")
    def weight_goes_with_entry(cls, df: pd.DataFrame) -> pd.Series:
        return (df["weight"] > 0) == df["is_entered"]

    @pa.dataframe_check(error="weights of an edition and province add to 1, or to 0 if none enters")
    def weights_add_up(cls, df: pd.DataFrame) -> pd.Series:
        sums = df.groupby(["edition", "province_code"])["weight"].transform("sum")
        return ((sums - 1).abs() < 1e-9) | (sums == 0)
