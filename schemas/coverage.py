"""Contract of `coverage`: what is in, what is out, how far from in."""

from __future__ import annotations

import pandas as pd

from schemas.aggregated import REASONS
from schemas.fields import Contract, described


class Coverage(Contract):
    """One row per edition, kind and code."""

    edition: str = described("Kỳ", "Edition", str_length={"min_value": 1})
    kind: str = described("Loại", "Kind", isin=["indicator", "pillar", "province"])
    code: str = described("Mã", "Indicator, node or province code", str_length={"min_value": 1})
    n_observed: pd.Int64Dtype = described("Số có số liệu", "Number observed", ge=0)
    n_expected: pd.Int64Dtype = described("Số cần có", "Number expected", ge=0)
    n_imputed: pd.Int64Dtype = described("Số được bổ khuyết", "Number imputed", ge=0)
    coverage: float = described("Độ phủ", "Coverage", "share 0-1", ge=0, le=1 + 1e-9)
    threshold: float = described("Ngưỡng", "Threshold", "share 0-1", ge=0, le=1)
    is_in: bool = described("Được dùng", "Is in")
    shortfall: float = described("Còn thiếu so với ngưỡng", "How far from in", "share 0-1", ge=0)
    reason: str = described("Lý do", "Reason it is out", nullable=True, isin=REASONS)

    class Config:
        unique = ["edition", "kind", "code"]
