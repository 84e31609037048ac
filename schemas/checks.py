"""Contract of `checks`, the statistical audit: one statistic per row, with its verdict."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import NAME, Contract, described

CHECKS = [
    "coverage", "outliers", "pairs", "own_groups", "reliability", "dimensions",
    "effective_weights", "added_value", "frontier",
]  # fmt: skip
REASONS = [
    "not_entered", "rests_on_little", "outliers_left", "redundant", "negative", "weak",
    "other_group", "unreliable", "several_dimensions", "weighs_more", "weighs_less", "adds_little",
    "frontier_disagrees",
]  # fmt: skip


class Checks(Contract):
    """One row per edition, check of the audit and what it is of."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    check: str = described("Phép kiểm", "Check", isin=CHECKS)
    item: str = described("Nút được kiểm", "Node that is checked", str_matches=NAME)
    other: str = described("Nút so sánh", "Node beside it", nullable=True, str_matches=NAME)
    n: pd.Int64Dtype = described(
        "Số tỉnh; với độ phủ của một nút là số chỉ tiêu",
        "Provinces; of the coverage of a node: indicators", ge=0,
    )  # fmt: skip
    value: float = described("Giá trị", "Statistic", nullable=True)
    low: float = described("Cận dưới (bootstrap)", "Lower end, by bootstrap", nullable=True)
    high: float = described("Cận trên (bootstrap)", "Upper end, by bootstrap", nullable=True)
    limit: float = described("Ngưỡng", "Limit that it is held against")
    is_flagged: bool = described("Bị nêu", "Is flagged")
    reason: str = described("Lý do", "Why", nullable=True, isin=REASONS)

    class Config:
        unique = ["edition", "check", "item", "other"]

    @pa.dataframe_check(error="flagged, and then with the reason")
    def flagged_with_reason(cls, df: pd.DataFrame) -> pd.Series:
        return df["is_flagged"] == df["reason"].notna()
