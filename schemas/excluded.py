"""Contracts of what was read and is not in the index: cells left out, and findings."""

from __future__ import annotations

import pandas as pd

from schemas.fields import NAME, Contract, described


class Excluded(Contract):
    """One row per cell that was read and is no observation of a province."""

    source_id: str = described("Thẻ nguồn", "Card in raw/sources.yml", str_matches=NAME)
    locator: str = described("Vị trí trong tệp", "Cell of the file", str_length={"min_value": 1})
    raw: str = described("Nguyên văn", "Text of the cell", nullable=True)
    reason: str = described(
        "Lý do", "What the row is instead",
        isin=["national", "region", "heading", "organisation", "foreign", "undated"],
    )  # fmt: skip


class Findings(Contract):
    """One row per warning of the run."""

    rule: str = described("Quy tắc", "Rule", str_length={"min_value": 1})
    file: str = described("Tệp", "File", str_length={"min_value": 1})
    row: pd.Int64Dtype = described("Dòng", "Row", nullable=True)
    column: pd.Int64Dtype = described("Cột", "Column", nullable=True)
    value: str = described("Nguyên văn", "Text", nullable=True)
    message_vi: str = described("Nội dung", "Message, Vietnamese", str_length={"min_value": 1})
    message_en: str = described("Nội dung, tiếng Anh", "Message", str_length={"min_value": 1})
