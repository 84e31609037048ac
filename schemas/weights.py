"""Contract of `weights`, the published weights of every node."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import LEVELS, NAME, Contract, described
from schemas.siblings import check_siblings_sum
from schemas.weighted import ORIGINS, REMARKS


class Weights(Contract):
    """One row per edition and node."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    node: str = described("Nút hoặc chỉ tiêu", "Node or indicator", str_matches=NAME)
    level: str = described("Cấp", "Level", isin=LEVELS)
    parent: str = described("Nút cha", "Parent", nullable=True)
    weight_given: float = described(
        "Trọng số ghi trong index.yml", "Weight as index.yml gives it", "any", gt=0
    )
    weight_in_parent: float = described(
        "Trọng số trong nút cha, theo các nút đã vào kỳ",
        "Weight in the parent, among what entered", "share 0-1", ge=0, le=1,
    )  # fmt: skip
    weight: float = described(
        "Trọng số trong chỉ số của kỳ", "Weight in the edition's index", "share 0-1", ge=0, le=1
    )
    is_entered: bool = described("Vào kỳ này", "Enters the edition")
    origin: str = described("Trọng số từ đâu", "Where the weight comes from", isin=ORIGINS)
    remark: str = described(
        "Nhận xét của phương pháp", "What the method says of the weight", nullable=True,
        isin=REMARKS,
    )  # fmt: skip
    remark_value: float = described(
        "Con số của nhận xét", "Figure of the remark", "of the remark", nullable=True
    )

    class Config:
        unique = ["edition", "node"]

    @pa.dataframe_check(error="weights of siblings add to 1, or to 0 if none enters")
    def siblings_add_up(cls, df: pd.DataFrame) -> pd.Series:
        return check_siblings_sum(df, "weight_in_parent")
