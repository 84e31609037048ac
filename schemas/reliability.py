"""Contract of `reliability`: does the group under a node measure one thing?"""

from __future__ import annotations

import pandas as pd

from schemas.fields import NAME, Contract, described


class Reliability(Contract):
    """One row per edition, node with two children or more that have scores, and child."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    parent: str = described("Nút cha", "Parent", str_matches=NAME)
    item: str = described("Nút con", "Child", str_matches=NAME)
    n: pd.Int64Dtype = described(
        "Số tỉnh có đủ các nút con", "Provinces that have every child", ge=0
    )
    alpha: float = described("Hệ số alpha của Cronbach", "Cronbach's alpha", nullable=True, le=1)
    alpha_if_deleted: float = described(
        "Alpha khi bỏ nút con này (cần ba nút con)",
        "Alpha without this child; three children are needed", nullable=True, le=1,
    )  # fmt: skip
    item_rest: float = described(
        "Tương quan với tổng các nút con còn lại",
        "Correlation with the sum of the other children", nullable=True, ge=-1, le=1,
    )  # fmt: skip

    class Config:
        unique = ["edition", "parent", "item"]
