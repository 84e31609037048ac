"""Contracts of the tables of `robustness/`: what the draws say of scores, ranks and factors."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pandera.pandas as pa

from schemas.fields import CODE, NAME, Contract, described

SHARE = {"ge": 0, "le": 1}
ROUNDING = 1e-9  # sums of shares


def _edition() -> Any:
    return described("Kỳ", "Edition", str_length={"min_value": 1})


def _code(vi: str = "Mã tỉnh", en: str = "Province code") -> Any:
    return described(vi, en, str_matches=CODE)


def _score(vi: str, en: str, **rules: Any) -> Any:
    return described(vi, en, "points", nullable=True, **rules)


def _rank(vi: str, en: str) -> Any:
    return described(vi, en, nullable=True, ge=1)


def _share(vi: str, en: str, is_null: bool = True) -> Any:
    return described(vi, en, "share 0-1", nullable=is_null, **SHARE)


class Intervals(Contract):
    """One row per edition, province and node above the indicators: scores and ranks over draws."""

    edition: str = _edition()
    province_code: str = _code()
    node: str = described("Nút", "Node", str_matches=NAME)
    score_low: float = _score("Cận dưới của điểm", "Lower end of the score")
    score_median: float = _score("Trung vị của điểm", "Median of the score")
    score_high: float = _score("Cận trên của điểm", "Upper end of the score")
    score_mean: float = _score("Trung bình của điểm", "Mean of the score")
    score_sd: float = _score("Độ lệch chuẩn của điểm", "Standard deviation of the score", ge=0)
    rank_low: pd.Int64Dtype = _rank("Cận tốt nhất của hạng", "Better end of the rank")
    rank_median: pd.Int64Dtype = _rank("Trung vị của hạng", "Median of the rank")
    rank_high: pd.Int64Dtype = _rank("Cận kém nhất của hạng", "Worse end of the rank")
    rank_mean: float = described("Trung bình của hạng", "Mean of the rank", nullable=True, ge=1)
    rank_sd: float = described(
        "Độ lệch chuẩn của hạng", "Standard deviation of the rank", nullable=True, ge=0
    )
    share_ranked: float = _share(
        "Tỷ lệ lượt có hạng", "Share of the draws that rank it", is_null=False
    )
    share_top_3: float = _share("Tỷ lệ lượt hạng 1 đến 3", "Share of the draws with rank 1 to 3")
    share_top_10: float = _share("Tỷ lệ lượt hạng 1 đến 10", "Share of the draws with rank 1 to 10")
    share_quarter_1: float = _share(
        "Tỷ lệ lượt ở nhóm đầu", "Share of the draws in the first quarter"
    )
    share_quarter_2: float = _share("Tỷ lệ lượt ở nhóm thứ hai", "… in the second quarter")
    share_quarter_3: float = _share("Tỷ lệ lượt ở nhóm thứ ba", "… in the third quarter")
    share_quarter_4: float = _share("Tỷ lệ lượt ở nhóm cuối", "… in the last quarter")

    class Config:
        unique = ["edition", "province_code", "node"]

    @pa.dataframe_check(error="the ends of an interval are in order")
    def ends_in_order(cls, df: pd.DataFrame) -> pd.Series:
        scores = (df["score_low"] <= df["score_median"]) & (df["score_median"] <= df["score_high"])
        ranks = (df["rank_low"] <= df["rank_median"]) & (df["rank_median"] <= df["rank_high"])
        return (scores | df["score_low"].isna()) & ranks.fillna(True).astype(bool)

    @pa.dataframe_check(error="the quarters hold every draw")
    def quarters_add_to_one(cls, df: pd.DataFrame) -> pd.Series:
        whole = df[[f"share_quarter_{k}" for k in (1, 2, 3, 4)]].sum(axis=1)
        return ((whole - 1).abs() < ROUNDING) | df["rank_low"].isna()


class Distribution(Contract):
    """One row per edition, province and rank of the index that some draw gives."""

    edition: str = _edition()
    province_code: str = _code()
    rank: pd.Int64Dtype = described("Hạng", "Rank", ge=1)
    share: float = _share("Tỷ lệ lượt có hạng này", "Share of the draws with this rank", False)

    class Config:
        unique = ["edition", "province_code", "rank"]


class Pairs(Contract):
    """One row per edition and pair of ranked provinces, the one ranked better first."""

    edition: str = _edition()
    province_code: str = _code("Mã tỉnh xếp trên", "Code of the province ranked better")
    other_code: str = _code("Mã tỉnh xếp dưới", "Code of the other")
    share_above: float = _share(
        "Tỷ lệ lượt tỉnh đầu xếp trên tỉnh sau, đồng hạng tính một nửa",
        "Share of the draws in which the first is ahead, a tie counting half",
    )
    is_told_apart: bool = described(
        "Phân biệt được: tỷ lệ đó vượt (1 + level) / 2",
        "Can be told apart: that share is above (1 + level) / 2",
    )

    class Config:
        unique = ["edition", "province_code", "other_code"]


class Groups(Contract):
    """One row per edition, run of the ranking in which nobody can be told apart, and province."""

    edition: str = _edition()
    group: pd.Int64Dtype = described("Nhóm, 1 ở đầu bảng", "Run, 1 is at the top", ge=1)
    province_code: str = _code()
    rank: pd.Int64Dtype = described("Hạng công bố", "Published rank", ge=1)

    class Config:
        unique = ["edition", "group", "province_code"]


def _change(vi: str, en: str) -> Any:
    return described(vi, en, "points")


class Changes(Contract):
    """One row per two editions of one scheme that follow each other, and province in both."""

    edition_from: str = _edition()
    edition: str = described("Kỳ sau", "Later edition", str_length={"min_value": 1})
    province_code: str = _code()
    score_change: float = _change("Thay đổi điểm công bố", "Change of the published score")
    score_change_low: float = _change("Cận dưới", "Lower end of its interval")
    score_change_high: float = _change("Cận trên", "Upper end of its interval")
    rank_change: pd.Int64Dtype = described(
        "Thay đổi hạng công bố, âm là lên hạng", "Change of the published rank, below 0 is better"
    )
    rank_change_low: pd.Int64Dtype = described("Cận dưới", "Lower end of its interval")
    rank_change_high: pd.Int64Dtype = described("Cận trên", "Upper end of its interval")
    share_better: float = _share(
        "Tỷ lệ lượt có hạng tốt hơn kỳ trước", "Share of the draws with a better rank than before",
        False,
    )  # fmt: skip
    is_clear: bool = described(
        "Khoảng thay đổi hạng không chứa 0", "The interval of the change of rank is free of 0"
    )

    class Config:
        unique = ["edition_from", "edition", "province_code"]

    @pa.dataframe_check(error="a change is clear if its interval is free of 0")
    def clear_is_free_of_0(cls, df: pd.DataFrame) -> pd.Series:
        return df["is_clear"] == ((df["rank_change_low"] > 0) | (df["rank_change_high"] < 0))


class Convergence(Contract):
    """One row per edition and number of draws: how the intervals settle."""

    edition: str = _edition()
    n_draws: pd.Int64Dtype = described("Số lượt", "Draws", ge=1)
    mean_width: float = described(
        "Độ rộng trung bình của khoảng hạng",
        "Mean width of the rank intervals",
        nullable=True,
        ge=0,
    )
    largest_gap: float = described(
        "Chênh lệch lớn nhất của một cận so với khi dùng mọi lượt",
        "Largest difference of an end from that with all draws", nullable=True, ge=0,
    )  # fmt: skip

    class Config:
        unique = ["edition", "n_draws"]


class Draws(Contract):
    """One row per thing that varied and draw: the level of a choice, or what a weight was times."""

    kind: str = described(
        "Lựa chọn hay trọng số", "A choice or a weight", isin=["choice", "weight"]
    )
    name: str = described("Yếu tố hoặc nút", "Factor or node", str_matches=NAME)
    draw: pd.Int64Dtype = described("Lượt, 0 là chỉ số công bố", "Draw, 0 is the published", ge=0)
    chosen: str = described("Phương án của lượt", "What the choice was", nullable=True)
    multiplier: float = described(
        "Trọng số nhân với", "What the weight was multiplied by", nullable=True, gt=0
    )

    class Config:
        unique = ["kind", "name", "draw"]

    @pa.dataframe_check(error="a choice has a level and a weight a multiplier")
    def one_of_the_two(cls, df: pd.DataFrame) -> pd.Series:
        is_choice = df["kind"] == "choice"
        return (df["chosen"].notna() == is_choice) & (df["multiplier"].isna() == is_choice)


class OneAtATime(Contract):
    """One row per edition, single change and province ranked before and after it."""

    edition: str = _edition()
    factor: str = described("Yếu tố", "Factor", str_matches=NAME)
    change: str = described("Thay đổi", "Change", str_length={"min_value": 1})
    province_code: str = _code()
    rank_published: pd.Int64Dtype = described(
        "Hạng công bố; khi bỏ một tỉnh là hạng giữa các tỉnh còn lại",
        "Published rank; where a province is left out, among the others", ge=1,
    )  # fmt: skip
    rank: pd.Int64Dtype = described("Hạng khi thay đổi", "Rank with the change", ge=1)
    shift: pd.Int64Dtype = described("Chênh lệch, âm là lên hạng", "Difference, below 0 is better")

    class Config:
        unique = ["edition", "factor", "change", "province_code"]

    @pa.dataframe_check(error="the shift is the difference of the two ranks")
    def shift_is_difference(cls, df: pd.DataFrame) -> pd.Series:
        return df["shift"] == df["rank"] - df["rank_published"]


def _index(vi: str, en: str) -> Any:
    return described(vi, en, "share of variance", nullable=True)


class Sensitivity(Contract):
    """One row per edition, output and factor: what part of the variance the factor brings."""

    edition: str = _edition()
    output: str = described(
        "Chênh hạng trung bình (mean_absolute_shift), hoặc mã tỉnh: hạng của tỉnh",
        "Mean absolute shift of the ranks, or a province code: its rank",
        str_length={"min_value": 1},
    )  # fmt: skip
    factor: str = described("Yếu tố", "Factor", str_matches=NAME)
    first_order: float = _index("Chỉ số bậc nhất", "First-order index")
    first_order_low: float = _index("Cận dưới", "Lower end of its interval")
    first_order_high: float = _index("Cận trên", "Upper end of its interval")
    total: float = _index("Chỉ số toàn phần", "Total index")
    total_low: float = _index("Cận dưới", "Lower end of its interval")
    total_high: float = _index("Cận trên", "Upper end of its interval")
    variance: float = described("Phương sai", "Variance of the output", ge=0)

    class Config:
        unique = ["edition", "output", "factor"]
