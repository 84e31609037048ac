"""Rules on ranks, for the publication suite."""

from typing import Any

import pandas as pd

from pipeline.methods.rank import round_half_away

HANOI, CAO_BANG = "01", "04"


def check_rank_follows_score(scores: pd.DataFrame, editions: list[dict[str, Any]]) -> pd.Series:
    """Whether rank is 1 + the number of ranked provinces with a greater score in the same node.

    Scores are compared after rounding to `rank_digits` decimals; rows not ranked, or without a
    score or rank (other rules see those), pass.
    """
    (digits,) = {declared.get("rank_digits", 10) for declared in editions} or {10}
    compared = scores[
        scores["is_ranked"].eq(True) & scores["score"].notna() & scores["rank"].notna()
    ]
    rounded = pd.Series(round_half_away(compared["score"].to_numpy(), digits), index=compared.index)
    by_node = rounded.groupby([compared["edition"], compared["node"]])
    expected = by_node.rank(method="min", ascending=False)
    return compared["rank"].eq(expected).reindex(scores.index, fill_value=True)


def check_interval(scores: pd.DataFrame) -> pd.Series:
    """Whether a row has a whole interval with its ends in order, or none at all.

    Only ranked rows may have one; every ranked row of an edition has one if any has.
    """
    ends = scores[["score_low", "score_high", "rank_low", "rank_median", "rank_high"]]
    has = ends.notna().all(axis=1)
    ranks = scores["rank_low"].le(scores["rank_median"]) & scores["rank_median"].le(
        scores["rank_high"]
    )
    drawn = has.groupby(scores["edition"]).transform("any") & scores["is_ranked"].eq(True)
    in_order = scores["score_low"].le(scores["score_high"]) & ranks & scores["is_ranked"].eq(True)
    whole = (has & in_order) | (ends.isna().all(axis=1) & ~drawn)
    return whole | scores["is_ranked"].isna()  # another rule sees that


def check_hanoi_lead(scores: pd.DataFrame) -> pd.Series:
    """On Hà Nội's index row, the ranks it is ahead of Cao Bằng; NaN elsewhere or if unranked."""
    index = scores[scores["level"].eq("index")]
    ranks = {
        code: index[index["province_code"].eq(code)].groupby("edition")["rank"].min()
        for code in (HANOI, CAO_BANG)
    }
    lead = index["edition"].map(ranks[CAO_BANG] - ranks[HANOI]).astype(float)
    return lead[index["province_code"].eq(HANOI)].reindex(scores.index)
