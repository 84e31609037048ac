"""How a column is declared: its meaning in both languages, its unit and its rules."""

from __future__ import annotations

from typing import Any

import pandera.pandas as pa

CODE = r"^\d{2,}$"  # text: '01' is not 1; two digits of a province, more of smaller units
SCHEME = r"^[0-9a-z][0-9a-z_-]*$"  # one of reference/schemes.csv: 63, 34, districts
NAME = r"^[a-z][a-z0-9_]*$"
STATUSES = ["A", "C", "E", "I", "M", "P"]
UNIMPUTED_STATUSES = ["A", "C", "E", "M", "P"]
OBSERVED_STATUSES = ["A", "E", "M", "P"]
IMPUTATIONS = ["mean", "median", "carried", "linear", "knn", "iterative"]
NOTES = ["no_donor", "too_few_donors", "not_settled"]
LEVELS = ["index", "sub_index", "pillar", "sub_pillar", "indicator"]


def described(vi: str, en: str, unit: str | None = None, **rules: Any) -> Any:
    """A pandera field that carries its description (English), its Vietnamese text and its unit.

    Args:
        vi: what the column holds, in Vietnamese.
        en: the same in English.
        unit: unit of the values, or None when it has none or stands in another column.
        rules: checks of `pandera.Field`.
    """
    return pa.Field(description=en, metadata={"vi": vi, "unit": unit or ""}, **rules)


def flags_of(reasons: list[str]) -> dict[str, Any]:
    """The rules of a column that holds none, one or several of these words, `; ` between them."""
    word = "|".join(reasons)
    return {"nullable": True, "str_matches": rf"^({word})(; ({word}))*$"}


class Contract(pa.DataFrameModel):
    """What every table shares: the columns declared, no other, in this order, never converted.

    pandera takes options from the models it inherits from, not from the bases of a `Config`.
    """

    class Config:
        strict = True
        ordered = True
        coerce = False


def impute_method() -> Any:
    """The column that says how a cell was imputed."""
    return described(
        "Cách bổ khuyết", "Method by which it was imputed", nullable=True, isin=IMPUTATIONS
    )


def imputed_from() -> Any:
    """The column that says what an imputed value was made of."""
    return described(
        "Lấy từ: mã tỉnh, kỳ (theo thời gian) hoặc chỉ tiêu (hồi quy)",
        "Taken from: province codes, editions (over time) or indicators (regression)",
        nullable=True,
    )


def impute_note() -> Any:
    """The column that says why a cell was not imputed."""
    return described(
        "Vì sao không bổ khuyết, hoặc lưu ý", "Why it was not imputed, or a caution",
        nullable=True, isin=NOTES,
    )  # fmt: skip


def peer_group() -> Any:
    """The column of the group of like provinces."""
    return described(
        "Nhóm tỉnh tương đồng, 1 là thấp nhất", "Group of peers, 1 is lowest", nullable=True, ge=1
    )
