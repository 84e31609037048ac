"""Contract of `correlations`: every pair of nodes, nothing hidden."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import NAME, Contract, described, flags_of

REASONS = ["redundant", "weak", "negative"]


class Correlations(Contract):
    """One row per edition, pair of nodes that have scores, and method."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    first: str = described("Nút thứ nhất", "First node, the lower one", str_matches=NAME)
    second: str = described("Nút thứ hai", "Second node", str_matches=NAME)
    method: str = described(
        "Hệ số tương quan", "Coefficient", isin=["pearson", "spearman", "kendall"]
    )
    relation: str = described(
        "Quan hệ: cùng nút cha, nút hai ở trên nút một, hoặc khác nhánh",
        "Siblings, the second above the first, or apart", isin=["siblings", "above", "apart"],
    )  # fmt: skip
    r: float = described("Hệ số", "Coefficient", nullable=True, ge=-1, le=1)
    p: float = described("Giá trị p hai phía", "Two-sided p-value", nullable=True, ge=0, le=1)
    n: pd.Int64Dtype = described("Số tỉnh có cả hai", "Provinces that have both", ge=0)
    flags: str = described("Lý do nên xem lại", "Reasons to look", **flags_of(REASONS))

    class Config:
        unique = ["edition", "first", "second", "method"]

    @pa.dataframe_check(error="a coefficient has its p-value, and three provinces at least")
    def a_coefficient_has_its_p(cls, df: pd.DataFrame) -> pd.Series:
        return (df["r"].notna() == df["p"].notna()) & (df["r"].isna() | (df["n"] >= 3))
