"""Contract of `harmonised`: variables on the provinces of each edition."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import CODE, NAME, OBSERVED_STATUSES, Contract, described

REASONS = ["published_missing", "part_missing", "not_additive", "weight_missing"]


class Harmonised(Contract):
    """One row per edition, province, variable and year."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    variable: str = described("Biến", "Variable", str_matches=NAME)
    year: pd.Int64Dtype = described("Năm của số liệu", "Data year", nullable=True)
    value: float = described("Giá trị", "Value", "unit of the variable", nullable=True)
    value_low: float = described("Cận dưới", "Lower bound", "unit of the variable", nullable=True)
    value_high: float = described("Cận trên", "Upper bound", "unit of the variable", nullable=True)
    obs_status: str = described("Trạng thái quan sát", "Observation status", isin=OBSERVED_STATUSES)
    merge_rule: str = described(
        "Quy tắc gộp tỉnh", "Rule of merging", isin=["none", "sum", "weighted_mean"]
    )
    parts: str = described("Các tỉnh thành phần", "Parts added", str_matches=r"^\d{2,}(\+\d{2,})*$")
    reason: str = described("Lý do thiếu", "Why it is missing", nullable=True, isin=REASONS)

    class Config:
        unique = ["edition", "province_code", "variable", "year"]

    @pa.dataframe_check(error="a value is missing exactly when a reason is given")
    def missing_has_a_reason(cls, df: pd.DataFrame) -> pd.Series:
        return df["value"].isna() == df["reason"].notna()
