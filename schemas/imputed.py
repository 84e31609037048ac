"""Contract of `imputed`."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import STATUSES, described, impute_method, impute_note, imputed_from
from schemas.screened import Screened


class Imputed(Screened):
    """One row per edition, province and indicator."""

    obs_status: str = described("Trạng thái quan sát", "Observation status", isin=STATUSES)
    imputed_value: float = described(
        "Giá trị sau bổ khuyết", "Value after imputation", "in column unit", nullable=True
    )
    is_imputed: bool = described("Đã bổ khuyết", "Was imputed")
    impute_method: str = impute_method()
    imputed_from: str = imputed_from()
    impute_note: str = impute_note()

    class Config:
        unique = ["edition", "province_code", "indicator"]

    @pa.dataframe_check(error="a value is missing exactly when status is M or I and a reason given")
    def missing_has_a_reason(cls, df: pd.DataFrame) -> pd.Series:
        missing = df["value"].isna()
        return (missing == df["obs_status"].isin(["M", "I"])) & (missing == df["reason"].notna())

    @pa.dataframe_check(error="a known value is never changed")
    def known_values_stay(cls, df: pd.DataFrame) -> pd.Series:
        return df["value"].isna() | (df["imputed_value"].eq(df["value"]) & ~df["is_imputed"])

    @pa.dataframe_check(error="imputed exactly when status is I, with a value, a method and donors")
    def imputed_is_flagged(cls, df: pd.DataFrame) -> pd.Series:
        flags = [df["obs_status"].eq("I"), df["impute_method"].notna(), df["imputed_from"].notna()]
        is_agreed = pd.concat([flag == df["is_imputed"] for flag in flags], axis=1).all(axis=1)
        return is_agreed & (df["imputed_value"].notna() | ~df["is_imputed"])

    @pa.dataframe_check(error="only an indicator that entered is imputed, or says why it is not")
    def only_entered_is_imputed(cls, df: pd.DataFrame) -> pd.Series:
        return df["is_entered"] | ~(df["is_imputed"] | df["impute_note"].notna())
