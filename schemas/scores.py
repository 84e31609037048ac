"""Contract of `scores`, the published scores of the index, sub-indices and pillars."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.aggregated import REASONS
from schemas.fields import CODE, LEVELS, NAME, SCHEME, Contract, described, peer_group


class Scores(Contract):
    """One row per edition, province and node above the indicators."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    scheme: str = described("Hệ tỉnh", "Scheme of provinces", str_matches=SCHEME)
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    province_name_vi: str = described(
        "Tên tỉnh", "Province, Vietnamese", str_length={"min_value": 1}
    )
    province_name_en: str = described(
        "Tên tỉnh, tiếng Anh", "Province", str_length={"min_value": 1}
    )
    region_vi: str = described("Vùng", "Region, Vietnamese", str_length={"min_value": 1})
    region_en: str = described("Vùng, tiếng Anh", "Region", str_length={"min_value": 1})
    node: str = described("Nút", "Node", str_matches=NAME)
    level: str = described("Cấp", "Level", isin=LEVELS[:-1])
    score: float = described("Điểm", "Score", "points", nullable=True)
    rank: pd.Int64Dtype = described("Hạng", "Rank, 1 is best", nullable=True, ge=1)
    coverage: float = described(
        "Độ phủ theo trọng số đã vào", "Share of entered weight observed", "share 0-1"
    )
    coverage_declared: float = described(
        "Độ phủ theo trọng số khai báo", "Share of declared weight observed", "share 0-1"
    )
    imputed_share: float = described(
        "Tỷ lệ trọng số đã vào được bổ khuyết", "Share of entered weight imputed", "share 0-1"
    )
    is_ranked: bool = described("Được xếp hạng", "Is ranked")
    reason: str = described(
        "Lý do không xếp hạng", "Why it is not ranked", nullable=True, isin=REASONS
    )
    peer_group: pd.Int64Dtype = peer_group()
    score_low: float = described(
        "Cận dưới của điểm", "Lower end of the interval of the score", "points", nullable=True
    )
    score_high: float = described("Cận trên của điểm", "Upper end", "points", nullable=True)
    rank_low: pd.Int64Dtype = described(
        "Cận tốt nhất của hạng", "Better end of the interval of the rank", nullable=True, ge=1
    )
    rank_median: pd.Int64Dtype = described(
        "Trung vị của hạng", "Median rank of the draws", nullable=True, ge=1
    )
    rank_high: pd.Int64Dtype = described(
        "Cận kém nhất của hạng", "Worse end of the interval", nullable=True, ge=1
    )

    class Config:
        unique = ["edition", "province_code", "node"]

    @pa.dataframe_check(error="ranked, or explained")
    def ranked_or_explained(cls, df: pd.DataFrame) -> pd.Series:
        return df["is_ranked"] == df["reason"].isna()
