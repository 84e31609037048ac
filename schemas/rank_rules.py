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


def check_hanoi_lead(scores: pd.DataFrame) -> pd.Series:
    """On Hà Nội's index row, the ranks it is ahead of Cao Bằng; NaN elsewhere or if unranked."""
    index = scores[scores["level"].eq("index")]
    ranks = {
        code: index[index["province_code"].eq(code)].groupby("edition")["rank"].min()
        for code in (HANOI, CAO_BANG)
    }
    lead = index["edition"].map(ranks[CAO_BANG] - ranks[HANOI]).astype(float)
    return lead[index["province_code"].eq(HANOI)].reindex(scores.index)
