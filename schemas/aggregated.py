"""Contract of `aggregated`: the whole tree, with the history of each indicator beside it."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.denominated import REASONS as VALUE_REASONS
from schemas.fields import (
    CODE,
    LEVELS,
    NAME,
    STATUSES,
    Contract,
    described,
    impute_method,
    impute_note,
    imputed_from,
    peer_group,
)

REASONS = [
    *VALUE_REASONS, "indicator_not_entered", "no_indicator_entered", "below_node_coverage",
    "nothing_to_compare", "below_province_coverage", "edition_rests_on_too_few_pillars",
]  # fmt: skip


class Aggregated(Contract):
    """One row per edition, province and node; indicators are the leaves."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    node: str = described("Nút", "Node", str_matches=NAME)
    level: str = described("Cấp", "Level", isin=LEVELS)
    parent: str = described("Nút cha", "Parent", nullable=True)
    score: float = described("Điểm", "Score", "points", nullable=True)
    is_entered: bool = described("Vào kỳ này", "Enters the edition")
    coverage: float = described(
        "Độ phủ theo trọng số đã vào", "Share of entered weight observed", "share 0-1",
        ge=0, le=1 + 1e-9,
    )  # fmt: skip
    coverage_declared: float = described(
        "Độ phủ theo trọng số khai báo", "Share of declared weight observed", "share 0-1",
        ge=0, le=1 + 1e-9,
    )  # fmt: skip
    imputed_share: float = described(
        "Tỷ lệ trọng số đã vào được bổ khuyết", "Share of entered weight imputed", "share 0-1",
        ge=0, le=1 + 1e-9,
    )  # fmt: skip
    weight_in_parent: float = described(
        "Trọng số dùng trong nút cha", "Weight used in the parent", "share 0-1", nullable=True,
        gt=0, le=1 + 1e-9,
    )  # fmt: skip
    data_year: pd.Int64Dtype = described("Năm của số liệu", "Data year", nullable=True)
    age: pd.Int64Dtype = described("Tuổi của số liệu", "Age of the figure", "years", nullable=True)
    value: float = described("Giá trị", "Value", "in column unit", nullable=True)
    value_low: float = described("Cận dưới", "Lower bound", "in column unit", nullable=True)
    value_high: float = described("Cận trên", "Upper bound", "in column unit", nullable=True)
    unit: str = described("Đơn vị", "Unit", nullable=True)
    obs_status: str = described("Trạng thái", "Observation status", nullable=True, isin=STATUSES)
    is_imputed: pd.BooleanDtype = described("Đã bổ khuyết", "Was imputed", nullable=True)
    imputed_value: float = described(
        "Giá trị sau bổ khuyết", "Value after imputation", "in column unit", nullable=True
    )
    impute_method: str = impute_method()
    imputed_from: str = imputed_from()
    impute_note: str = impute_note()
    treated_value: float = described(
        "Giá trị sau xử lý", "Value after treatment", "in column unit, or its log", nullable=True
    )
    is_treated: pd.BooleanDtype = described("Đã xử lý", "Was treated", nullable=True)
    treatment: str = described("Cách xử lý ngoại lai", "Treatment of outliers", nullable=True)
    n_observed: pd.Int64Dtype = described(
        "Số tỉnh có số liệu", "Provinces that have it", nullable=True
    )
    n_provinces: pd.Int64Dtype = described("Số tỉnh", "Provinces of the edition", nullable=True)
    indicator_coverage: float = described(
        "Tỷ lệ tỉnh có số liệu", "Share of provinces that have it", "share 0-1", nullable=True
    )
    weight: float = described(
        "Trọng số trong chỉ số của kỳ", "Weight in the edition's index", "share 0-1", nullable=True
    )
    weight_declared: float = described(
        "Trọng số theo khai báo", "Weight in the declared tree", "share 0-1", nullable=True
    )
    reason: str = described(
        "Lý do không có điểm", "Why there is no score", nullable=True, isin=REASONS
    )
    value_reason: str = described(
        "Lý do thiếu giá trị", "Why there is no value", nullable=True, isin=VALUE_REASONS
    )
    peer_group: pd.Int64Dtype = peer_group()

    class Config:
        unique = ["edition", "province_code", "node"]

    @pa.dataframe_check(error="what is imputed is not observed")
    def imputed_is_not_observed(cls, df: pd.DataFrame) -> pd.Series:
        return df["coverage"] + df["imputed_share"] <= 1 + 1e-9

    @pa.dataframe_check(error="a score is missing exactly when a reason is given")
    def missing_has_a_reason(cls, df: pd.DataFrame) -> pd.Series:
        return df["score"].isna() == df["reason"].notna()
