"""Contract of `denominated`: one value per indicator, from the newest usable year."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import CODE, NAME, UNIMPUTED_STATUSES, Contract, described, peer_group
from schemas.harmonised import REASONS as HARMONISED_REASONS

REASONS = [
    *HARMONISED_REASONS, "no_data", "undated", "too_old", "denominator_missing",
    "denominator_zero", "negative_base",
]  # fmt: skip


class Denominated(Contract):
    """One row per edition, province and indicator: the full grid."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    indicator: str = described("Chỉ tiêu", "Indicator", str_matches=NAME)
    data_year: pd.Int64Dtype = described("Năm của số liệu", "Data year", nullable=True)
    age: pd.Int64Dtype = described(
        "Tuổi của số liệu", "Age of the figure", "years", nullable=True, ge=0
    )
    numerator: float = described("Tử số", "Numerator", "unit of the variable", nullable=True)
    denominator: float = described("Mẫu số", "Denominator", "unit of the variable", nullable=True)
    value: float = described("Giá trị", "Value", "in column unit", nullable=True)
    value_low: float = described("Cận dưới", "Lower bound", "in column unit", nullable=True)
    value_high: float = described("Cận trên", "Upper bound", "in column unit", nullable=True)
    unit: str = described("Đơn vị", "Unit", str_length={"min_value": 1})
    obs_status: str = described(
        "Trạng thái quan sát", "Observation status", isin=UNIMPUTED_STATUSES
    )
    reason: str = described("Lý do thiếu", "Why it is missing", nullable=True, isin=REASONS)
    peer_group: pd.Int64Dtype = peer_group()

    class Config:
        unique = ["edition", "province_code", "indicator"]

    @pa.dataframe_check(error="a value is missing exactly when status is M and a reason is given")
    def missing_has_a_reason(cls, df: pd.DataFrame) -> pd.Series:
        missing = df["value"].isna()
        return (missing == (df["obs_status"] == "M")) & (missing == df["reason"].notna())

    @pa.dataframe_check(error="status C exactly when the figure is older than the edition")
    def carried_is_declared(cls, df: pd.DataFrame) -> pd.Series:
        return (df["age"].fillna(0) > 0).astype(bool) == (df["obs_status"] == "C")
