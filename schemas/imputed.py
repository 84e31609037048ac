"""Contract of `imputed`."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import described
from schemas.screened import Screened


class Imputed(Screened):
    """One row per edition, province and indicator."""

    imputed_value: float = described(
        "Giá trị sau bổ khuyết", "Value after imputation", "in column unit", nullable=True
    )
    is_imputed: bool = described("Đã bổ khuyết", "Was imputed")

    class Config:
        unique = ["edition", "province_code", "indicator"]

    @pa.dataframe_check(error="a known value is never changed")
    def known_values_stay(cls, df: pd.DataFrame) -> pd.Series:
        return df["is_imputed"] | df["imputed_value"].eq(df["value"]) | df["value"].isna()
