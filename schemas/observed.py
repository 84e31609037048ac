"""Contract of `observed`: what every source must hand over."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from schemas.fields import CODE, NAME, OBSERVED_STATUSES, SCHEME, Contract, described


class Observed(Contract):
    """One row per scheme, province, variable, year and source cell."""

    scheme: str = described("Hệ tỉnh", "Scheme of provinces", str_matches=SCHEME)
    province_code: str = described("Mã tỉnh", "Province code", str_matches=CODE)
    variable: str = described("Biến", "Variable", str_matches=NAME)
    year: pd.Int64Dtype = described(
        "Năm của số liệu; trống nếu nguồn không ghi ngày",
        "Data year; empty when the source states no date",
        nullable=True,
        in_range={"min_value": 1990, "max_value": 2100},
    )
    period: str = described("Kỳ như nguồn nêu", "Period as stated", nullable=True)
    value: float = described("Giá trị", "Value", "in column unit", nullable=True)
    value_low: float = described("Cận dưới", "Lower bound", "in column unit", nullable=True)
    value_high: float = described("Cận trên", "Upper bound", "in column unit", nullable=True)
    qualifier: str = described(
        "Từ hạn định của nguồn",
        "Qualifier of the source",
        isin=["exact", "at_least", "about", "range"],
    )
    unit: str = described("Đơn vị", "Unit", str_length={"min_value": 1})
    obs_status: str = described("Trạng thái quan sát", "Observation status", isin=OBSERVED_STATUSES)
    source_id: str = described("Thẻ nguồn", "Card in raw/sources.yml", str_matches=NAME)
    locator: str = described(
        "Vị trí trong tệp", "Cell or cells of the file", str_length={"min_value": 1}
    )
    raw: str = described("Nguyên văn", "Text of the cell", nullable=True)

    origin: str = described(
        "Địa chỉ hoặc tài liệu của riêng số này",
        "Address or document of the figure, when it is not the whole file's",
        nullable=True,
    )

    correction: str = described(
        "Đính chính: lý do và ngày", "Why and when the figure was corrected", nullable=True
    )
    name_raw: str = described(
        "Tên tỉnh đúng như trong tệp",
        "Text of the province as it stands in the file",
        nullable=True,
    )
    handling: str = described(
        "Những gì đã làm để đọc các ô: mã trong codebook",
        "What was done to read the cells: codes of the codebook",
        nullable=True,
    )

    class Config:
        unique = ["source_id", "locator", "variable", "scheme", "province_code", "year"]

    @pa.dataframe_check(error="value is missing if and only if obs_status is M")
    def missing_is_declared(cls, df: pd.DataFrame) -> pd.Series:
        return df["value"].isna() == (df["obs_status"] == "M")

    @pa.dataframe_check(error="value lies between its bounds")
    def bounds_hold(cls, df: pd.DataFrame) -> pd.Series:
        low = df["value_low"].isna() | df["value"].isna() | (df["value_low"] <= df["value"])
        high = df["value_high"].isna() | df["value"].isna() | (df["value"] <= df["value_high"])
        return low & high
