"""Contract of `aggregated`: the whole tree, with the history of each indicator beside it."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.denominated import REASONS as VALUE_REASONS
from schemas.fields import described
from schemas.weighted import Weighted

REASONS = [
    *VALUE_REASONS, "indicator_not_entered", "no_indicator_entered", "below_node_coverage",
    "nothing_to_compare", "below_province_coverage", "edition_rests_on_too_few_pillars",
]  # fmt: skip


class Aggregated(Weighted):
    """One row per edition, province and node; indicators are the leaves."""

    reason: str = described(
        "Lý do không có điểm", "Why there is no score", nullable=True, isin=REASONS
    )
    coverage: float = described(
        "Độ phủ theo trọng số đã vào", "Share of entered weight observed", "share 0-1",
        ge=0, le=1 + 1e-9,
    )  # fmt: skip
    coverage_declared: float = described(
        "Độ phủ theo trọng số khai báo", "Share of declared weight observed", "share 0-1",
        ge=0, le=1 + 1e-9,
    )  # fmt: skip
    weight_in_parent: float = described(
        "Trọng số dùng trong nút cha", "Weight used in the parent", "share 0-1", nullable=True,
        ge=0, le=1 + 1e-9,
    )  # fmt: skip
    value_reason: str = described(
        "Lý do thiếu giá trị", "Why there is no value", nullable=True, isin=VALUE_REASONS
    )

    class Config:
        unique = ["edition", "province_code", "node"]

    @pa.dataframe_check(error="a score is missing exactly when a reason is given")
    def missing_has_a_reason(cls, df: pd.DataFrame) -> pd.Series:
        return df["score"].isna() == df["reason"].notna()
