"""Contracts of what stands beside the index: cells left out, findings, and revisions."""

from __future__ import annotations

import pandas as pd

from schemas.fields import CODE, NAME, OBSERVED_STATUSES, SCHEME, Contract, described


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


class Revisions(Contract):
    """One row per dated figure that an earlier release published with another value."""

    scheme: str = described("Hệ tỉnh", "Scheme of provinces", str_matches=SCHEME)
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    variable: str = described("Biến", "Variable", str_matches=NAME)
    year: pd.Int64Dtype = described("Năm của số liệu", "Data year")
    old_value: float = described("Giá trị đã công bố", "Value published", nullable=True)
    new_value: float = described("Giá trị nay; trống nếu không còn", "Value now", nullable=True)
    old_status: str = described("Trạng thái cũ", "Status then", isin=OBSERVED_STATUSES)
    new_status: str = described("Trạng thái nay", "Status now", isin=OBSERVED_STATUSES)
    source_id: str = described("Thẻ nguồn", "Card in raw/sources.yml", str_matches=NAME)
    locator: str = described("Vị trí trong tệp", "Cell or cells", str_length={"min_value": 1})
    release: str = described("Bản công bố trước", "Release it was in", str_length={"min_value": 1})

    class Config:
        unique = ["scheme", "province_code", "variable", "year"]
