"""Contract of `statistics`: what every indicator and node looks like, and why to look at it."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import LEVELS, NAME, Contract, described, flags_of

REASONS = ["low_availability", "outliers", "constant", "many_zeros", "few_unique"]


class Statistics(Contract):
    """One row per edition, node and basis: indicators by value, every node by score."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    node: str = described("Nút", "Node", str_matches=NAME)
    basis: str = described(
        "Tính trên giá trị (trước xử lý) hay trên điểm",
        "Of the values, before treatment, or of the scores", isin=["value", "score"],
    )  # fmt: skip
    level: str = described("Cấp", "Level", isin=LEVELS)
    unit: str = described("Đơn vị", "Unit", str_length={"min_value": 1})
    n: pd.Int64Dtype = described("Số tỉnh có số liệu", "Provinces that have it", ge=0)
    n_missing: pd.Int64Dtype = described("Số tỉnh thiếu", "Provinces that lack it", ge=0)
    n_zeros: pd.Int64Dtype = described("Số giá trị bằng 0", "Values that are 0", ge=0)
    n_unique: pd.Int64Dtype = described("Số giá trị khác nhau", "Different values", ge=0)
    largest_tie: pd.Int64Dtype = described(
        "Số tỉnh cùng có giá trị phổ biến nhất", "Provinces that share the commonest value", ge=0
    )
    availability: float = described(
        "Tỷ lệ tỉnh có số liệu", "Share of provinces that have it", "share 0-1", ge=0, le=1
    )
    min: float = described("Nhỏ nhất", "Minimum", "in column unit", nullable=True)
    max: float = described("Lớn nhất", "Maximum", "in column unit", nullable=True)
    mean: float = described("Trung bình", "Mean", "in column unit", nullable=True)
    median: float = described("Trung vị", "Median", "in column unit", nullable=True)
    sd: float = described(
        "Độ lệch chuẩn (chia cho n − 1)", "Standard deviation, divisor n - 1", "in column unit",
        nullable=True, ge=0,
    )  # fmt: skip
    skewness: float = described("Độ xiên G1", "Skewness, adjusted G1", nullable=True)
    kurtosis: float = described("Độ nhọn G2", "Excess kurtosis, G2", nullable=True)
    flags: str = described("Lý do nên xem lại", "Reasons to look", **flags_of(REASONS))

    class Config:
        unique = ["edition", "node", "basis"]

    @pa.dataframe_check(error="the mean and the median lie between the ends")
    def ends_hold_the_middle(cls, df: pd.DataFrame) -> pd.Series:
        inside = df["mean"].between(df["min"], df["max"])
        return (inside & df["median"].between(df["min"], df["max"])) | (df["n"] == 0)

    @pa.dataframe_check(error="there are numbers exactly when there are values")
    def numbers_need_values(cls, df: pd.DataFrame) -> pd.Series:
        return df["mean"].notna() == (df["n"] > 0)
