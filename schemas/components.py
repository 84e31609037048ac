"""Contract of `components`: along how many directions does the group under a node vary?"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import NAME, Contract, described


class Components(Contract):
    """One row per edition, node, principal component of its children, and child."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    parent: str = described("Nút cha", "Parent", str_matches=NAME)
    component: pd.Int64Dtype = described(
        "Thành phần chính, lớn nhất là 1", "Component, the largest is 1", ge=1
    )
    item: str = described("Nút con", "Child", str_matches=NAME)
    n: pd.Int64Dtype = described(
        "Số tỉnh có đủ các nút con", "Provinces that have every child", ge=3
    )
    eigenvalue: float = described("Trị riêng", "Eigenvalue of the correlation matrix", ge=0)
    share: float = described("Tỷ lệ phương sai", "Share of the variance", "share 0-1", ge=0, le=1)
    loading: float = described(
        "Hệ số tải: tương quan của nút con và thành phần",
        "Loading: correlation of child and component", ge=-1, le=1,
    )  # fmt: skip

    class Config:
        unique = ["edition", "parent", "component", "item"]

    @pa.dataframe_check(error="the shares of a node's components add to 1")
    def shares_add_up(cls, df: pd.DataFrame) -> pd.Series:
        each = df.drop_duplicates(["edition", "parent", "component"])
        sums = each.groupby(["edition", "parent"])["share"].sum()
        of_row = pd.MultiIndex.from_frame(df[["edition", "parent"]])
        gap = (sums.reindex(of_row) - 1).abs().to_numpy()
        return pd.Series(gap < 1e-8, index=df.index)
