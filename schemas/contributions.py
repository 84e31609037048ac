"""The rule that contributions add up to the index, for the publication suite."""

from typing import Any

import pandas as pd


def check_contribution_gap(
    scores: pd.DataFrame, indicators: pd.DataFrame, editions: list[dict[str, Any]]
) -> pd.Series:
    """|index score - sum of contributions|, points of 0-100; NaN where there is no index score.

    Also NaN where an edition that is not made of arithmetic means alone gives no contributions.
    """
    added = indicators.groupby(["edition", "province_code"])["contribution"].sum()
    index = scores[scores["level"].eq("index") & scores["score"].notna()]
    given = indicators.loc[indicators["contribution"].notna(), "edition"]
    excused = {one["edition"] for one in editions if not one.get("is_additive", True)} - set(given)
    index = index[~index["edition"].isin(sorted(excused))]
    of_row = pd.MultiIndex.from_frame(index[["edition", "province_code"]])
    gap = (index["score"] - added.reindex(of_row, fill_value=0.0).to_numpy()).abs()
    return gap.reindex(scores.index)
