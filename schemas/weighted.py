"""Contract of `weighted`: the whole tree with its weights, the history of each indicator beside."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.denominated import REASONS
from schemas.fields import CODE, LEVELS, NAME, STATUSES, Contract, described
from schemas.siblings import check_siblings_sum

ORIGINS = [
    "given", "equal", "pca", "entropy", "critic", "target_correlation", "hierarchy", "budget",
    "benefit_of_the_doubt",
]  # fmt: skip
REMARKS = [
    "rotated_components", "first_components", "targets_reached", "targets_missed", "consistent",
    "inconsistent", "experts", "own_weights",
]  # fmt: skip


class Weighted(Contract):
    """One row per edition, province and node; only indicators have values."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    node: str = described("Nút", "Node", str_matches=NAME)
    level: str = described("Cấp", "Level", isin=LEVELS)
    parent: str = described("Nút cha", "Parent", nullable=True)
    data_year: pd.Int64Dtype = described("Năm của số liệu", "Data year", nullable=True)
    age: pd.Int64Dtype = described("Tuổi của số liệu", "Age of the figure", "years", nullable=True)
    numerator: float = described("Tử số", "Numerator", "unit of the variable", nullable=True)
    denominator: float = described("Mẫu số", "Denominator", "unit of the variable", nullable=True)
    value: float = described("Giá trị", "Value", "in column unit", nullable=True)
    value_low: float = described("Cận dưới", "Lower bound", "in column unit", nullable=True)
    value_high: float = described("Cận trên", "Upper bound", "in column unit", nullable=True)
    unit: str = described("Đơn vị", "Unit", nullable=True)
    obs_status: str = described("Trạng thái", "Observation status", nullable=True, isin=STATUSES)
    reason: str = described("Lý do thiếu", "Why it is missing", nullable=True, isin=REASONS)
    n_observed: pd.Int64Dtype = described(
        "Số tỉnh có số liệu", "Provinces that have it", nullable=True
    )
    n_provinces: pd.Int64Dtype = described("Số tỉnh", "Provinces of the edition", nullable=True)
    indicator_coverage: float = described(
        "Tỷ lệ tỉnh có số liệu", "Share of provinces that have it", "share 0-1", nullable=True
    )
    is_entered: bool = described("Vào kỳ này", "Enters the edition")
    imputed_value: float = described(
        "Giá trị sau bổ khuyết", "Value after imputation", "in column unit", nullable=True
    )
    is_imputed: pd.BooleanDtype = described("Đã bổ khuyết", "Was imputed", nullable=True)
    treatment: str = described("Cách xử lý ngoại lai", "Treatment of outliers", nullable=True)
    treated_value: float = described(
        "Giá trị sau xử lý", "Value after treatment", "in column unit, or its log", nullable=True
    )
    is_treated: pd.BooleanDtype = described("Đã xử lý", "Was treated", nullable=True)
    score: float = described("Điểm", "Score", "points", nullable=True)
    weight_relative: float = described(
        "Trọng số so với các nút cùng cha", "Weight relative to the siblings", "any", ge=0
    )
    weight_share: float = described(
        "Phần trọng số trong nút cha, theo các nút đã vào kỳ",
        "Share of the parent among what entered", "share 0-1", ge=0, le=1,
    )  # fmt: skip
    weight: float = described(
        "Trọng số trong chỉ số của kỳ", "Weight in the edition's index", "share 0-1", ge=0, le=1
    )
    weight_declared: float = described(
        "Trọng số theo khai báo", "Weight in the declared tree", "share 0-1", ge=0, le=1
    )
    weight_origin: str = described("Trọng số từ đâu", "Where the weight comes from", isin=ORIGINS)
    weight_remark: str = described(
        "Nhận xét của phương pháp", "What the method says of the weight", nullable=True,
        isin=REMARKS,
    )  # fmt: skip
    weight_remark_value: float = described(
        "Con số của nhận xét", "Figure of the remark", "of the remark", nullable=True
    )

    class Config:
        unique = ["edition", "province_code", "node"]

    @pa.dataframe_check(error="nothing has weight that did not enter the edition")
    def weight_goes_with_entry(cls, df: pd.DataFrame) -> pd.Series:
        return df["weight"].eq(0) | df["is_entered"]

    @pa.dataframe_check(error="shares of siblings add to 1, or to 0 if none enters")
    def shares_add_up(cls, df: pd.DataFrame) -> pd.Series:
        return check_siblings_sum(df, "weight_share", ["province_code"])

    @pa.dataframe_check(error="weights of an edition and province add to 1, or to 0 if none enters")
    def weights_add_up(cls, df: pd.DataFrame) -> pd.Series:
        leaves = df["weight"].where(df["level"].eq("indicator"), 0)
        sums = leaves.groupby([df["edition"], df["province_code"]]).transform("sum")
        return ((sums - 1).abs() < 1e-9) | (sums == 0)
