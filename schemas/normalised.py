"""Contract of `normalised`."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import described
from schemas.treated import Treated


class Normalised(Treated):
    """One row per edition, province and indicator."""

    score: float = described("Điểm", "Score", "points", nullable=True)

    class Config:
        unique = ["edition", "province_code", "indicator"]

    @pa.dataframe_check(error="a score is there exactly when an entered indicator has a value")
    def score_goes_with_value(cls, df: pd.DataFrame) -> pd.Series:
        return df["score"].notna() == (df["is_entered"] & df["treated_value"].notna())
