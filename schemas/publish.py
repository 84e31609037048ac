"""Great Expectations suite on the published whole: the last door before a release goes out.

The contracts at the other doors each see one table. This suite reads the finished Parquet of a
release as a reader would, holds the tables against each other and against the declared editions,
and leaves Data Docs (HTML) beside. Rules are data; `check_` columns are computed here on a copy of
the published table, for what no expectation can say.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas import analysis
from schemas.contributions import check_contribution_gap
from schemas.data_docs import (
    Batch,
    Rule,
    all_true,
    empty,
    filled,
    matching,
    one_of,
    validate,
    within,
)
from schemas.published import COLUMNS, KEYS, TYPES
from schemas.rank_rules import check_hanoi_lead, check_interval, check_rank_follows_score
from schemas.score_ranges import indicator_ranges, node_ranges
from schemas.siblings import check_siblings_sum
from schemas.status_rules import check_is_imputed_declared, check_is_missing_declared

Editions = list[dict[str, Any]]
Frames = dict[str, pd.DataFrame]
# Letters are spelt out because the two regex engines behind pandas disagree on \w; combining
# marks are left out, so a name that is not composed (NFC) is refused as well.
NAME = r"^[A-Za-zÀ-ʯẠ-ỹ]+(?:[ .,&'’()/–-]+[A-Za-zÀ-ʯẠ-ỹ]+)*[.)]?\Z"
GAP = 1e-9  # contributions add up to the index score within this, in points of 0-100
AS_IN_PII = "in the index, as in the published PII of 2023 (first and last)"
CODE = matching("province_code", r"^[0-9]{2}\Z", "province_code is two digits")  # '01' is not 1
LONG_CODE = matching("province_code", r"^[0-9]{2,}\Z", "province_code is two digits or more")
STATUS = one_of("obs_status", ["A", "E", "P", "I", "M", "C"])
# Rules of one table alone that no edition changes; those of scores are in `scores_rules`.
OWN_RULES = {
    "indicators": [
        CODE,
        all_true("check_is_of_edition", "Every province is of the edition's scheme"),
        STATUS,
        all_true("check_is_missing_declared", "value is null if and only if obs_status is M or I"),
        all_true("check_is_imputed_declared", "Imputed cells, and no others, have status I"),
        within("weight", 0, None, "Weights are not negative"),
    ],
    "coverage": [
        one_of("kind", ["indicator", "province", "pillar"]),
        within("coverage", 0, 1, "coverage is a share"),
        within("threshold", 0, 1, "threshold is a share"),
        all_true("check_is_within_expected", "No more is observed than expected"),
    ],
    "weights": [
        one_of("level", ["index", "sub_index", "pillar", "sub_pillar", "indicator"]),
        within("weight_in_parent", 0, 1, "weight_in_parent is a share"),
        within("weight", 0, 1, "weight is a share"),
        within("weight_given", 0, None, "Given weights are not negative"),
        all_true("check_siblings_sum", "Weights of siblings add to 1, or to 0 if none entered"),
    ],
    "observed": [
        CODE,
        STATUS,
        Rule(
            "ExpectColumnMeanToBeBetween",
            "Less than half of the observed rows are estimates (E)",
            {"column": "check_is_estimated", "max_value": 0.5, "strict_max": True},
            severity="warning",
        ),
    ],
    **analysis.RULES,
}


def check_published(release: Path, editions: Editions) -> list[dict[str, Any]]:
    """Run the suite on a release folder and write `release/data_docs/`.

    If a table has other columns than declared, only the column rules run: every other rule
    names columns.

    Args:
        release: folder with a `.parquet` of each table of `COLUMNS`, some in `analysis/`.
        editions: one dict per edition: `edition`, `scheme`, `n_provinces` and `codes`, all
            province codes of the scheme; and, where they are other than 0-100 and arithmetic,
            `score_ranges` and `node_range` (see `schemas.score_ranges`), `is_additive` False
            (contributions may be left out, but not given wrong), `rank_digits`.

    Returns:
        One dict per expectation, always in the same order: `table`, `expectation`, `columns`,
        `rule`, `success`, `severity` ("error" or "warning") and `detail`, "" if it passed. The
        caller blocks publication on any error without success.

    Raises:
        ValueError: if `n_provinces` is not the number of codes of an edition.
        FileNotFoundError: if a table is missing.
        TypeError: if a column is not of its declared type.
    """
    return validate(published_batches(release, editions), release / "data_docs")


def published_batches(release: Path, editions: Editions) -> list[Batch]:
    """The tables with their rules, errors and warnings apart; see `check_published`."""
    for declared in editions:
        if len(set(declared["codes"])) != declared["n_provinces"]:
            raise ValueError(f"edition {declared['edition']}: n_provinces is not the codes' number")
    arrow = {table: pq.read_table(release / analysis.path_of(table)) for table in COLUMNS}
    if all(arrow[table].column_names == list(COLUMNS[table]) for table in COLUMNS):
        frames = add_checks({table: read_typed(table, arrow[table]) for table in COLUMNS}, editions)
        rules = published_rules(frames, editions)
    else:
        frames = {table: arrow[table].to_pandas() for table in COLUMNS}
        rules = {table: [columns_rule(table, [])] for table in COLUMNS}
    batches = []
    for table, frame in frames.items():
        keys = [key for key in KEYS[table] if key in frame]
        for severity, name in (("error", table), ("warning", f"{table}_warnings")):
            chosen = [rule for rule in rules[table] if rule.severity == severity]
            if chosen:
                batches.append(Batch(name, table, frame, keys, chosen))
    return batches


def read_typed(table: str, read: pa.Table) -> pd.DataFrame:
    """The published table as pandas, refused if a column is not of its declared type.

    A column of nulls only may come without a type. `check_nulls` and `check_not_finite` name the
    row's columns with a null that is not allowed, or with NaN or infinity; null where there is
    none. They are found here because pandas makes NaN of a null.

    Raises:
        TypeError: naming every column of another type.
    """
    kinds = COLUMNS[table]
    wanted = pa.schema({name: TYPES[kind.rstrip("?")] for name, kind in kinds.items()})
    wrong = [
        f"{table}.{found.name} is {found.type}, not {field.type}"
        for found, field in zip(read.schema, wanted, strict=True)
        if found.type not in (field.type, pa.null())
    ]
    if wrong:
        raise TypeError("; ".join(wrong))
    cast = read.cast(wanted)
    nulls = {name: cast[name].is_null() for name in kinds if not kinds[name].endswith("?")}
    reals = [name for name in kinds if kinds[name].startswith("real")]
    unfit = {name: pc.invert(pc.fill_null(pc.is_finite(cast[name]), True)) for name in reals}
    checks = {"check_nulls": name_columns(nulls), "check_not_finite": name_columns(unfit)}
    return cast.to_pandas().assign(**checks)


def name_columns(faults: dict[str, pa.ChunkedArray]) -> pd.Series:
    """Per row, the names under which the flag is true, with spaces between; None if none is."""
    flags = pd.DataFrame({name: found.to_numpy() for name, found in faults.items()}, dtype=bool)
    names = pd.Series(None, index=flags.index, dtype=object)
    for row in flags.index[flags.any(axis=1)]:
        names[row] = " ".join(flags.columns[flags.loc[row]])
    return names


def add_checks(frames: Frames, editions: Editions) -> Frames:
    """The tables with their `check_` columns; a copy, the published tables stay as they are."""
    codes = {declared["edition"]: set(declared["codes"]) for declared in editions}
    scores, indicators, coverage, weights, observed = (
        frames[table] for table in ("scores", "indicators", "coverage", "weights", "observed")
    )
    declared = pd.MultiIndex.from_tuples([(key, code) for key in codes for code in codes[key]])
    of_row = pd.MultiIndex.from_frame(indicators[["edition", "province_code"]])
    n_provinces = scores["edition"].map({key: len(codes[key]) for key in codes}).astype(float)
    return {
        "scores": scores.assign(
            check_is_whole=check_is_whole(scores, codes),
            check_rank_in_edition=scores["rank"].isna() | scores["rank"].between(1, n_provinces),
            check_rank_follows_score=check_rank_follows_score(scores, editions),
            check_contribution_gap=check_contribution_gap(scores, indicators, editions),
            check_interval=check_interval(scores),
            check_hanoi_lead=check_hanoi_lead(scores),
        ),
        "indicators": indicators.assign(
            check_is_of_edition=of_row.isin(declared),
            check_is_missing_declared=check_is_missing_declared(indicators),
            check_is_imputed_declared=check_is_imputed_declared(indicators),
        ),
        "coverage": coverage.assign(
            check_is_within_expected=coverage["n_observed"].le(coverage["n_expected"])
        ),
        "weights": weights.assign(
            check_siblings_sum=check_siblings_sum(weights, "weight_in_parent")
        ),
        "observed": observed.assign(check_is_estimated=observed["obs_status"].eq("E") * 1.0),
        **analysis.add_analysis_checks(frames, editions),
    }


def check_is_whole(scores: pd.DataFrame, codes: dict[str, set[str]]) -> pd.Series:
    """Whether the row's node below the index holds the edition's provinces, no more, no less."""
    whole = pd.Series(True, index=scores.index)
    for (edition, _), rows in scores[scores["level"].ne("index")].groupby(["edition", "node"]):
        whole[rows.index] = set(rows["province_code"]) == codes.get(str(edition))
    return whole


def published_rules(frames: Frames, editions: Editions) -> dict[str, list[Rule]]:
    """Every rule of the suite, by table, in the order of the results."""
    in_range = [*OWN_RULES["indicators"], *indicator_ranges(editions)]
    own = {**OWN_RULES, "scores": scores_rules(editions), "indicators": in_range}
    if is_numbered(editions):
        own = {table: [LONG_CODE if rule is CODE else rule for rule in own[table]] for table in own}
    rules = {}
    for table, frame in frames.items():
        keys = {"column_list": KEYS[table], "ignore_row_if": "never"}
        rules[table] = [
            columns_rule(table, [name for name in frame.columns if name.startswith("check_")]),
            *analysis.rows_expected(table),
            Rule("ExpectCompoundColumnsToBeUnique", f"{' + '.join(KEYS[table])} is unique", keys),
            empty("check_nulls", "No column is null that must not be"),
            empty("check_not_finite", "No number is NaN or infinite"),
            *own[table],
        ]
    return rules


def is_numbered(editions: Editions) -> bool:
    """Whether units are smaller than provinces: their codes are longer, Quận 1 is a name."""
    return any(len(code) > 2 for declared in editions for code in declared["codes"])


def columns_rule(table: str, checks: list[str]) -> Rule:
    """The table has the declared columns in order (then the `check_` columns added here)."""
    wanted = {"column_list": [*COLUMNS[table], *checks]}
    says = f"Columns are exactly: {', '.join(COLUMNS[table])}"
    return Rule("ExpectTableColumnsToMatchOrderedList", says, wanted)


def scores_rules(editions: Editions) -> list[Rule]:
    """Rules of scores: who is there, what a rank means, what the index adds up from."""
    pairs = [(declared["edition"], declared["scheme"]) for declared in editions]
    names = ["province_name_vi", "province_name_en", "region_vi", "region_en"]
    name_form = NAME.replace("[A-Z", "[0-9A-Z") if is_numbered(editions) else NAME
    schemes = {"column_A": "edition", "column_B": "scheme", "value_pairs_set": pairs}
    whole = [
        Rule(
            "ExpectColumnDistinctValuesToEqualSet",
            f"The index of {declared['edition']} has its {declared['n_provinces']} provinces",
            {"column": "province_code", "value_set": sorted(declared["codes"])},
            (("edition", declared["edition"]), ("level", "index")),
        )
        for declared in editions
    ]
    return [
        Rule("ExpectColumnPairValuesToBeInSet", "Editions are declared, in their scheme", schemes),
        *whole,
        all_true("check_is_whole", "Every node has every province of its edition"),
        CODE,
        *(matching(name, name_form, f"{name} is a clean, composed (NFC) name") for name in names),
        one_of("level", ["index", "sub_index", "pillar", "sub_pillar"]),
        *node_ranges(editions),
        within("coverage", 0, 1, "coverage is a share"),
        within("coverage_declared", 0, 1, "coverage_declared is a share"),
        within("imputed_share", 0, 1, "imputed_share is a share"),
        all_true("check_rank_in_edition", "Ranks are between 1 and the edition's provinces"),
        filled("score", "A ranked row has a score", is_ranked=True),
        filled("rank", "A ranked row has a rank", is_ranked=True),
        filled("reason", "A row that is not ranked says why", is_ranked=False),
        empty("rank", "A row that is not ranked has no rank", is_ranked=False),
        all_true("check_rank_follows_score", "Rank is 1 + the number of greater scores"),
        all_true("check_interval", "An interval is whole, in order, and of a ranked row"),
        within("check_contribution_gap", 0, GAP, "Contributions add up to the index score"),
        within("check_hanoi_lead", 1, None, f"Hà Nội ranks above Cao Bằng {AS_IN_PII}", "warning"),
    ]
