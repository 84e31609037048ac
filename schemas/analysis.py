"""Rules on the published statistics and correlations, for the publication suite.

Their contracts see one table each; here they are held against the scores and the editions.
"""

from typing import Any

import pandas as pd

from schemas.data_docs import Rule, all_true, one_of, within

Editions = list[dict[str, Any]]
Frames = dict[str, pd.DataFrame]
MAY_BE_EMPTY = {"correlations"}  # where no indicator enters
PUBLISHED = {
    "statistics": """edition:text node:text basis:text level:text unit:text n:whole
        n_missing:whole n_zeros:whole n_unique:whole largest_tie:whole availability:real min:real?
        max:real? mean:real? median:real? sd:real? skewness:real? kurtosis:real? flags:text?""",
    "correlations": """edition:text first:text second:text method:text relation:text r:real?
        p:real? n:whole flags:text?""",
}
KEYS = {
    "statistics": ["edition", "node", "basis"],
    "correlations": ["edition", "first", "second", "method"],
}
RULES: dict[str, list[Rule]] = {
    "statistics": [
        one_of("basis", ["value", "score"]),
        within("availability", 0, 1, "availability is a share"),
        all_true("check_is_whole", "Provinces with and without it are those of the edition"),
        all_true("check_is_of_scores", "Number and mean are those of the published scores"),
    ],
    "correlations": [
        one_of("method", ["pearson", "spearman", "kendall"]),
        within("r", -1, 1, "Coefficients are between -1 and 1"),
        within("p", 0, 1, "p is a share"),
        all_true("check_is_within_edition", "No more provinces than the edition has"),
    ],
}


def path_of(table: str) -> str:
    """Path of a published table inside a release."""
    return f"analysis/{table}.parquet" if table in PUBLISHED else f"{table}.parquet"


def rows_expected(table: str) -> list[Rule]:
    """The rule that a table has a row at least, where it must."""
    says = Rule("ExpectTableRowCountToBeBetween", f"{table} has rows", {"min_value": 1})
    return [] if table in MAY_BE_EMPTY else [says]


def add_analysis_checks(frames: Frames, editions: Editions) -> Frames:
    """The two tables with their `check_` columns; null where a check says nothing of a row."""
    n_provinces = {one["edition"]: float(one["n_provinces"]) for one in editions}
    statistics, correlations = frames["statistics"], frames["correlations"]
    held = correlations["edition"].map(n_provinces).astype(float)
    scored = frames["scores"].groupby(["edition", "node"])["score"].agg(["count", "mean"])
    of_row = pd.MultiIndex.from_frame(statistics[["edition", "node"]])
    found = scored.reindex(of_row).set_axis(statistics.index)
    gap = (found["mean"] - statistics["mean"]).abs().fillna(0)
    same = found["count"].eq(statistics["n"]) & gap.le(1e-9 * (1 + found["mean"].abs().fillna(0)))
    is_said = statistics["basis"].eq("score") & statistics["level"].ne("indicator")
    whole = statistics["n"] + statistics["n_missing"]
    return {
        "statistics": statistics.assign(
            check_is_whole=whole.eq(statistics["edition"].map(n_provinces)),
            check_is_of_scores=same.astype("boolean").where(is_said),
        ),
        "correlations": correlations.assign(check_is_within_edition=correlations["n"].le(held)),
    }
