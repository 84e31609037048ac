"""Contract of `indicators`, the published indicators."""

from __future__ import annotations

import pandas as pd

from schemas.denominated import REASONS
from schemas.fields import (
    CODE,
    NAME,
    STATUSES,
    Contract,
    described,
    impute_method,
    impute_note,
    peer_group,
)


class Indicators(Contract):
    """One row per edition, province and indicator, entered or not."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    indicator: str = described("Chỉ tiêu", "Indicator", str_matches=NAME)
    data_year: pd.Int64Dtype = described("Năm của số liệu", "Data year", nullable=True)
    value: float = described("Giá trị", "Value", "in column unit", nullable=True)
    unit: str = described("Đơn vị", "Unit", str_length={"min_value": 1})
    obs_status: str = described("Trạng thái quan sát", "Observation status", isin=STATUSES)
    is_imputed: bool = described("Đã bổ khuyết", "Was imputed")
    imputed_value: float = described(
        "Giá trị sau bổ khuyết", "Value after imputation", "in column unit", nullable=True
    )
    impute_method: str = impute_method()
    impute_note: str = impute_note()
    treated_value: float = described(
        "Giá trị sau xử lý", "Value after treatment", "in column unit, or its log", nullable=True
    )
    is_treated: bool = described("Đã xử lý", "Was treated")
    score: float = described("Điểm", "Score", "points", nullable=True)
    rank: pd.Int64Dtype = described("Hạng", "Rank, 1 is best", nullable=True, ge=1)
    weight: float = described(
        "Trọng số trong chỉ số của kỳ", "Weight in the edition's index", "share 0-1", ge=0
    )
    contribution: float = described(
        "Đóng góp", "Contribution to the index", "points", nullable=True
    )
    is_entered: bool = described("Vào kỳ này", "Enters the edition")
    reason: str = described("Lý do thiếu", "Why it is missing", nullable=True, isin=REASONS)
    peer_group: pd.Int64Dtype = peer_group()

    class Config:
        unique = ["edition", "province_code", "indicator"]
