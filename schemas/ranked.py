"""Contract of `ranked`: the end of the chain."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.aggregated import Aggregated
from schemas.fields import described


class Ranked(Aggregated):
    """One row per edition, province and node."""

    pillar_coverage: float = described(
        "Tỷ lệ trọng số trụ cột có trong kỳ", "Share of pillar weight in the edition", "share 0-1",
        ge=0, le=1 + 1e-9,
    )  # fmt: skip
    is_ranked: bool = described("Được xếp hạng", "Is ranked")
    rank: pd.Int64Dtype = described("Hạng", "Rank, 1 is best", nullable=True, ge=1)
    weight_in_index: float = described(
        "Trọng số dùng trong chỉ số", "Weight used in the index", "share 0-1", nullable=True
    )
    contribution: float = described(
        "Đóng góp (chỉ khi mọi nút là trung bình cộng)",
        "Contribution to the index, given where all nodes are arithmetic means",
        "points", nullable=True,
    )  # fmt: skip
    implied_score: float = described(
        "Điểm ngầm định khi thiếu (nút cha là trung bình cộng)",
        "Score that leaving it out amounts to, where the parent is an arithmetic mean",
        "points", nullable=True,
    )  # fmt: skip

    class Config:
        unique = ["edition", "province_code", "node"]

    @pa.dataframe_check(error="ranked exactly when there is a score and a rank")
    def ranked_has_a_rank(cls, df: pd.DataFrame) -> pd.Series:
        return (df["is_ranked"] == df["rank"].notna()) & (df["is_ranked"] == df["score"].notna())
