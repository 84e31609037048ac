"""The publication suite on a small synthetic release, whole and then broken rule by rule."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.data_docs import open_context, run_batch
from schemas.publish import COLUMNS, TYPES, check_published, published_batches

ROOT = Path(__file__).parents[1]
EDITIONS = [
    {"edition": "2022", "scheme": "63", "n_provinces": 5, "codes": ["01", "04", "15", "48", "79"]},
    {"edition": "2022-34", "scheme": "34", "n_provinces": 3, "codes": ["01", "04", "48"]},
]
NAMES = {
    "01": ("Hà Nội", "Ha Noi"),
    "04": ("Cao Bằng", "Cao Bang"),
    "15": ("Yên Bái", "Yen Bai"),
    "48": ("Đà Nẵng", "Da Nang"),
    "79": ("TP. Hồ Chí Minh", "Ho Chi Minh City"),
}
# Scores of the indicators: people is all of the input pillar, firms and patents share the output
# pillar, the index is the mean of the two. 15 has reported nothing.
PEOPLE = {"01": 100.0, "04": 0.0, "15": None, "48": 50.0, "79": 100.0}
FIRMS = {"01": 100.0, "04": 0.0, "15": None, "48": 0.0, "79": 50.0}
PATENTS = {"01": 100.0, "04": 0.0, "15": None, "48": 100.0, "79": 50.0}
WEIGHTS = {"people": 0.5, "firms": 0.25, "patents": 0.25}
# By hand: 48 has 50 in people and (0 + 100) / 2 in output, so 50; 79 has (100 + 50) / 2.
NODES = {
    ("input", "pillar"): PEOPLE,
    ("output", "pillar"): {"01": 100.0, "04": 0.0, "15": None, "48": 50.0, "79": 50.0},
    ("index", "index"): {"01": 100.0, "04": 0.0, "15": None, "48": 50.0, "79": 75.0},
}
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def synthetic_release() -> Tables:
    """Rows of the tables of a valid release with two editions."""
    names = ("scores", "indicators", "coverage", "weights", "statistics", "correlations")
    tables: Tables = {name: [] for name in names} | {"observed": observed_rows()}
    for edition in EDITIONS:
        for (node, level), scores in NODES.items():
            held = {code: scores[code] for code in edition["codes"]}
            tables["scores"] += [score_row(edition, node, level, code, held) for code in held]
            tables["statistics"].append(statistics_row(edition["edition"], node, level, held))
        for code in edition["codes"]:
            tables["indicators"] += indicator_rows(edition["edition"], code)
        tables["coverage"] += coverage_rows(edition["edition"])
        tables["correlations"].append(
            {"edition": edition["edition"], "first": "input", "second": "output",
             "method": "pearson", "relation": "apart", "r": 0.5, "p": 0.4, "n": 3, "flags": None}
        )  # fmt: skip
        tables["weights"] += weight_rows(edition["edition"])
    return tables


def statistics_row(edition: str, node: str, level: str, scores: dict[str, float | None]) -> Row:
    """The description of one node; what no rule looks at is 0 or left out."""
    held = [score for score in scores.values() if score is not None]
    return dict.fromkeys(COLUMNS["statistics"]) | {
        "edition": edition, "node": node, "basis": "score", "level": level, "unit": "points",
        "n": len(held), "n_missing": len(scores) - len(held), "n_zeros": 0, "n_unique": 0,
        "largest_tie": 0, "availability": len(held) / len(scores), "mean": sum(held) / len(held),
    }  # fmt: skip


def score_row(
    edition: Row, node: str, level: str, code: str, scores: dict[str, float | None]
) -> Row:
    """One province at one node; equal scores share the better rank."""
    score = scores[code]
    held = [other for other in scores.values() if other is not None]
    return {
        "edition": edition["edition"],
        "scheme": edition["scheme"],
        "province_code": code,
        "province_name_vi": NAMES[code][0],
        "province_name_en": NAMES[code][1],
        "region_vi": "Bắc Trung Bộ và Duyên hải miền Trung",
        "region_en": "Northern Midlands and Mountains",
        "node": node,
        "level": level,
        "score": score,
        "rank": None if score is None else 1 + sum(other > score for other in held),
        "coverage": 0.0 if score is None else 1.0,
        "coverage_declared": 0.0 if score is None else 0.75,
        "imputed_share": 0.0,
        "is_ranked": score is not None,
        "reason": "coverage 0 is below 2/3" if score is None else None,
        "peer_group": None,
        "score_low": score,
        "score_high": score,
        **dict.fromkeys(("rank_low", "rank_median", "rank_high"), None if score is None else 2),
    }


def indicator_rows(edition: str, code: str) -> list[Row]:
    """The three indicators of a province, and a fourth that did not enter the edition."""
    rows = []
    scores = {"people": PEOPLE[code], "firms": FIRMS[code], "patents": PATENTS[code], "rd": None}
    for indicator, score in scores.items():
        weight = WEIGHTS.get(indicator, 0.0)
        row = {
            "edition": edition,
            "province_code": code,
            "indicator": indicator,
            "data_year": None if score is None else 2022,
            "value": score,
            "unit": "per 1000 people",
            "obs_status": "M" if score is None else "A",
            "is_imputed": False,
            "imputed_value": score,
            "impute_method": None,
            "impute_note": None,
            "treated_value": score,
            "is_treated": False,
            "score": score,
            "rank": None if score is None else 1,
            "weight": weight,
            "contribution": None if score is None else weight * score,
            "is_entered": indicator != "rd",
            "reason": "reported by 2 provinces" if indicator == "rd" else None,
            "peer_group": 1,
        }
        rows.append(row)
    return rows


def coverage_rows(edition: str) -> list[Row]:
    """One line for an indicator that is in and one for a province that is out."""
    common = {"edition": edition, "n_expected": 4, "n_imputed": 0, "threshold": 0.5}
    inside = {"kind": "indicator", "code": "people", "n_observed": 4, "coverage": 1.0}
    outside = {"kind": "province", "code": "15", "n_observed": 0, "coverage": 0.0}
    return [
        {**common, **inside, "is_in": True, "shortfall": 0.0, "reason": None},
        {**common, **outside, "is_in": False, "shortfall": 0.5, "reason": "below 0.5"},
    ]


def weight_rows(edition: str) -> list[Row]:
    """The tree with its weights: the indicator rd did not enter and weighs nothing."""
    tree = {
        "index": (None, "index", 1.0, 1.0), "input": ("index", "pillar", 0.5, 0.5),
        "output": ("index", "pillar", 0.5, 0.5), "people": ("input", "indicator", 1.0, 0.5),
        "rd": ("input", "indicator", 0.0, 0.0), "firms": ("output", "indicator", 0.5, 0.25),
        "patents": ("output", "indicator", 0.5, 0.25),
    }  # fmt: skip
    return [
        {"edition": edition, "node": node, "level": level, "parent": parent, "weight_given": 1.0,
         "weight_in_parent": share, "weight": weight, "is_entered": node != "rd",
         "origin": "given", "remark": None, "remark_value": None}
        for node, (parent, level, share, weight) in tree.items()
    ]  # fmt: skip


def observed_rows() -> list[Row]:
    """Four numbers from two sources; one is an estimate that names no year."""
    common = {"scheme": "63", "variable": "people", "period": None, "unit": "people", "raw": "60"}
    exact = {"value_low": None, "value_high": None, "qualifier": "exact", "obs_status": "A"}
    file = {**common, **exact, "value": 60.0, "source_id": "gso", "year": 2022}
    text = {**file, "source_id": "news", "locator": "line 3", "year": None, "obs_status": "E"}
    return [
        {**file, "province_code": "01", "locator": "Bieu 1!B2"},
        {**file, "province_code": "04", "locator": "Bieu 1!B3"},
        {**file, "province_code": "48", "locator": "Bieu 1!B4"},
        {**text, "province_code": "01", "value": None, "value_low": 60.0, "qualifier": "at_least"},
    ]


def write(tables: Tables, release: Path) -> Path:
    """The release folder, with the tables as Parquet."""
    (release / "analysis").mkdir(parents=True)
    for table, rows in tables.items():
        kinds = COLUMNS[table]
        schema = pa.schema({name: TYPES[kind.rstrip("?")] for name, kind in kinds.items()})
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), path_of(release, table))
    return release


def path_of(release: Path, table: str) -> Path:
    """The file of a table."""
    folder = release / "analysis" if table in ("statistics", "correlations") else release
    return folder / f"{table}.parquet"


Change = Callable[[Tables], None]
Checked = tuple[Path, list[Row]]


def set_values(table: str, where: Row, **values: Any) -> Change:
    """Put values into the rows that match."""

    def change(tables: Tables) -> None:
        rows = [row for row in tables[table] if where.items() <= row.items()]
        assert rows, where
        for row in rows:
            row.update(values)

    return change


def repeat(table: str, where: Row) -> Change:
    """Publish the rows that match twice."""
    return lambda tables: tables[table].extend(
        [dict(row) for row in tables[table] if where.items() <= row.items()]
    )


def drop(table: str, where: Row) -> Change:
    """Leave out the rows that match."""

    def change(tables: Tables) -> None:
        tables[table] = [row for row in tables[table] if not where.items() <= row.items()]

    return change


def at(code: str, node: str = "output") -> Row:
    """A row of scores in the edition on 63 provinces."""
    return {"edition": "2022", "province_code": code, "node": node}


def of(code: str, indicator: str = "people") -> Row:
    """A row of indicators in the edition on 63 provinces."""
    return {"edition": "2022", "province_code": code, "indicator": indicator}


IMPUTED = {"value": None, "obs_status": "I", "is_imputed": True, "impute_method": "mean"}
FIRST, MIDDLE, LAST, UNRANKED = at("01"), at("48"), at("04"), at("15")
NFD = "Ha\N{COMBINING GRAVE ACCENT} No\N{COMBINING CIRCUMFLEX ACCENT}i"
UNIQUE, BETWEEN = "compound_columns_to_be_unique", "column_values_to_be_between"
FILLED, ONE_OF = "column_values_to_not_be_null", "column_values_to_be_in_set"
EMPTY = "column_values_to_be_null"
REGEX, SAME_SET = "column_values_to_match_regex", "column_distinct_values_to_equal_set"
BROKEN: list[tuple[str, Change, list[tuple[str, str]]]] = [
    # scores: who is there
    ("scores", drop("scores", at("15", "index")), [(SAME_SET, "province_code")]),
    ("scores", drop("scores", UNRANKED), [(ONE_OF, "check_is_whole")]),
    (
        "scores",
        set_values("scores", at("15", "index"), province_code="16"),
        [(SAME_SET, "province_code")],
    ),
    ("scores", repeat("scores", UNRANKED), [(UNIQUE, "edition")]),
    (
        "scores",
        set_values("scores", UNRANKED, scheme="34"),
        [("column_pair_values_to_be_in_set", "edition")],
    ),
    (
        "scores",
        set_values("scores", UNRANKED, province_code="15\n"),
        [(ONE_OF, "check_is_whole"), (REGEX, "province_code")],
    ),
    ("scores", set_values("scores", FIRST, level="sub-pillar"), [(ONE_OF, "level")]),
    # scores: intervals
    ("scores", set_values("scores", FIRST, rank_low=3), [(ONE_OF, "check_interval")]),
    ("scores", set_values("scores", FIRST, score_high=-1.0), [(ONE_OF, "check_interval")]),
    ("scores", set_values("scores", FIRST, rank_high=None), [(ONE_OF, "check_interval")]),
    (
        "scores",
        set_values(
            "scores",
            FIRST,
            score_low=None,
            score_high=None,
            rank_low=None,
            rank_median=None,
            rank_high=None,
        ),
        [(ONE_OF, "check_interval")],
    ),
    (
        "scores",
        set_values(
            "scores",
            UNRANKED,
            score_low=1.0,
            score_high=1.0,
            rank_low=2,
            rank_median=2,
            rank_high=2,
        ),
        [(ONE_OF, "check_interval")],
    ),
    # scores: names
    ("scores", set_values("scores", FIRST, province_name_vi=""), [(REGEX, "province_name_vi")]),
    ("scores", set_values("scores", FIRST, province_name_vi=NFD), [(REGEX, "province_name_vi")]),
    (
        "scores",
        set_values(
            "scores", FIRST, province_name_en="Hanoi ", region_vi="Hµ Néi", region_en="H\ufffd"
        ),
        [(REGEX, "province_name_en"), (REGEX, "region_vi"), (REGEX, "region_en")],
    ),
    ("scores", set_values("scores", FIRST, region_en=None), [(EMPTY, "check_nulls")]),
    # scores: numbers
    (
        "scores",
        set_values("scores", FIRST, score=100.5, coverage=1.1, coverage_declared=-0.1),
        [(BETWEEN, "score"), (BETWEEN, "coverage"), (BETWEEN, "coverage_declared")],
    ),
    ("scores", set_values("scores", FIRST, imputed_share=1.5), [(BETWEEN, "imputed_share")]),
    ("scores", set_values("scores", LAST, score=-0.5), [(BETWEEN, "score")]),
    ("scores", set_values("scores", UNRANKED, score=math.nan), [(EMPTY, "check_not_finite")]),
    (
        "scores",
        set_values("indicators", of("48"), contribution=25.0 + 1e-8),
        [(BETWEEN, "check_contribution_gap")],
    ),
    ("scores", drop("indicators", {"province_code": "79"}), [(BETWEEN, "check_contribution_gap")]),
    # scores: ranks
    ("scores", set_values("scores", MIDDLE, rank=3), [(ONE_OF, "check_rank_follows_score")]),
    (
        "scores",
        set_values("scores", LAST, rank=6),
        [(ONE_OF, "check_rank_in_edition"), (ONE_OF, "check_rank_follows_score")],
    ),
    ("scores", set_values("scores", LAST, score=None), [(FILLED, "score")]),
    ("scores", set_values("scores", LAST, rank=None), [(FILLED, "rank")]),
    ("scores", set_values("scores", UNRANKED, reason=None), [(FILLED, "reason")]),
    ("scores", set_values("scores", UNRANKED, rank=5), [(EMPTY, "rank")]),
    ("scores", set_values("scores", LAST, is_ranked=None), [(EMPTY, "check_nulls")]),
    (
        "scores",
        drop("scores", {}),
        [("table_row_count_to_be_between", ""), *[(SAME_SET, "province_code")] * len(EDITIONS)],
    ),
    # indicators
    ("indicators", repeat("indicators", of("48")), [(UNIQUE, "edition")]),
    (
        "indicators",
        set_values("indicators", {**of("48"), "edition": "2022-34"}, province_code="79"),
        [(ONE_OF, "check_is_of_edition")],
    ),
    (
        "indicators",
        set_values("indicators", of("48"), province_code="4a"),
        [(REGEX, "province_code"), (ONE_OF, "check_is_of_edition")],
    ),
    ("indicators", set_values("indicators", of("48"), obs_status="X"), [(ONE_OF, "obs_status")]),
    (
        "indicators",
        set_values("indicators", of("48"), value=None),
        [(ONE_OF, "check_is_missing_declared")],
    ),
    (
        "indicators",
        set_values("indicators", of("15"), value=3.0),
        [(ONE_OF, "check_is_missing_declared")],
    ),
    *(
        (
            "indicators",
            set_values("indicators", of("48"), **IMPUTED | broken),
            [(ONE_OF, "check_is_imputed_declared")],
        )
        for broken in (
            {"imputed_value": None},
            {"is_imputed": False},
            {"impute_method": None},
        )
    ),
    (
        "indicators",
        set_values("indicators", of("48"), **IMPUTED | {"value": 3.0}),
        [(ONE_OF, "check_is_missing_declared")],
    ),
    (
        "indicators",
        set_values("indicators", of("48"), is_imputed=True, impute_method="mean"),
        [(ONE_OF, "check_is_imputed_declared")],
    ),
    ("indicators", set_values("indicators", of("48"), score=100.1), [(BETWEEN, "score")]),
    ("indicators", set_values("indicators", of("48"), weight=-0.1), [(BETWEEN, "weight")]),
    ("indicators", set_values("indicators", of("48"), unit=None), [(EMPTY, "check_nulls")]),
    (
        "indicators",
        set_values("indicators", of("48"), treated_value=math.inf),
        [(EMPTY, "check_not_finite")],
    ),
    # coverage
    ("coverage", repeat("coverage", {"code": "15"}), [(UNIQUE, "edition")]),
    ("coverage", set_values("coverage", {"code": "15"}, kind="region"), [(ONE_OF, "kind")]),
    ("coverage", set_values("coverage", {"code": "15"}, coverage=1.5), [(BETWEEN, "coverage")]),
    ("coverage", set_values("coverage", {"code": "15"}, threshold=-0.5), [(BETWEEN, "threshold")]),
    (
        "coverage",
        set_values("coverage", {"code": "people"}, n_observed=5),
        [(ONE_OF, "check_is_within_expected")],
    ),
    ("coverage", drop("coverage", {}), [("table_row_count_to_be_between", "")]),
    # weights
    (
        "weights",
        repeat("weights", {"node": "firms"}),
        [(UNIQUE, "edition"), (ONE_OF, "check_siblings_sum")],
    ),
    (
        "weights",
        set_values("weights", {"node": "firms"}, weight_in_parent=0.6),
        [(ONE_OF, "check_siblings_sum")],
    ),
    (
        "weights",
        set_values("weights", {"node": "rd"}, weight_in_parent=0.1),
        [(ONE_OF, "check_siblings_sum")],
    ),
    ("weights", set_values("weights", {"node": "rd"}, weight=-0.1), [(BETWEEN, "weight")]),
    (
        "weights",
        set_values("weights", {"node": "rd"}, weight_given=-1.0),
        [(BETWEEN, "weight_given")],
    ),
    ("weights", set_values("weights", {"node": "rd"}, level="theme"), [(ONE_OF, "level")]),
    ("weights", set_values("weights", {"node": "rd"}, origin=None), [(EMPTY, "check_nulls")]),
    # observed
    ("observed", repeat("observed", {"year": None}), [(UNIQUE, "source_id")]),
    ("observed", set_values("observed", {"year": 2022}, locator=None), [(EMPTY, "check_nulls")]),
    ("observed", set_values("observed", {"year": 2022}, obs_status="e"), [(ONE_OF, "obs_status")]),
    (
        "observed",
        set_values("observed", {"year": 2022}, province_code="1"),
        [(REGEX, "province_code")],
    ),
    (
        "observed",
        set_values("observed", {"year": 2022}, value_high=-math.inf),
        [(EMPTY, "check_not_finite")],
    ),
    (
        "observed",
        set_values("observed", {"locator": "Bieu 1!B3"}, obs_status="E"),
        [("column_mean_to_be_between", "check_is_estimated")],
    ),
    # statistics and correlations
    ("statistics", repeat("statistics", {"node": "input"}), [(UNIQUE, "edition")]),
    ("statistics", set_values("statistics", {"node": "input"}, basis="rank"), [(ONE_OF, "basis")]),
    (
        "statistics",
        set_values("statistics", {"node": "input"}, availability=1.5),
        [(BETWEEN, "availability")],
    ),
    (
        "statistics",
        set_values("statistics", {"node": "input"}, n_missing=9),
        [(ONE_OF, "check_is_whole")],
    ),
    (
        "statistics",
        set_values("statistics", {"node": "input"}, mean=50.1),
        [(ONE_OF, "check_is_of_scores")],
    ),
    ("statistics", set_values("scores", LAST, score=1.0), [(ONE_OF, "check_is_of_scores")]),
    ("correlations", set_values("correlations", {}, method="rank"), [(ONE_OF, "method")]),
    (
        "correlations",
        set_values("correlations", {}, r=1.1, p=-0.1),
        [(BETWEEN, "r"), (BETWEEN, "p")],
    ),
    ("correlations", set_values("correlations", {}, n=6), [(ONE_OF, "check_is_within_edition")]),
    ("correlations", drop("correlations", {}), []),  # where no indicator enters
]


def broken_release() -> Tables:
    """A negative weight, half the observed rows estimates, and Cao Bằng ahead of Hà Nội."""
    swapped = {"01": "04", "04": "01"}
    tables = synthetic_release()
    for row in [*tables["scores"], *tables["indicators"]]:
        row["province_code"] = swapped.get(row["province_code"], row["province_code"])
    in_2022 = {"edition": "2022-34", "province_code": "48", "indicator": "rd"}
    set_values("indicators", in_2022, weight=-0.5)(tables)
    for line in ("line 4", "line 5"):
        tables["observed"].append({**tables["observed"][-1], "locator": line})
    return tables


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    """Opens Great Expectations without building its pages, which a test of rules can spare."""
    return lambda: open_context(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """The valid release, checked."""
    release = write(synthetic_release(), tmp_path_factory.mktemp("valid") / "release")
    return release, check_published(release, EDITIONS)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """A release with one error and both warnings, checked."""
    release = write(broken_release(), tmp_path_factory.mktemp("broken") / "release")
    return release, check_published(release, EDITIONS)


@pytest.mark.parametrize(("table", "change", "expected"), BROKEN)
def test_a_broken_rule_fires_and_no_other_of_its_table(
    table: str,
    change: Change,
    expected: list[tuple[str, str]],
    context: Callable[[], Any],
    tmp_path: Path,
) -> None:
    tables = synthetic_release()
    change(tables)
    fresh = context()
    batches = published_batches(write(tables, tmp_path / "release"), EDITIONS)
    results = [one for b in batches if b.table == table for one in run_batch(fresh, b)]
    failed = [one for one in results if not one["success"]]
    assert [(one["expectation"], "".join(one["columns"][:1])) for one in failed] == [
        (f"expect_{expectation}", column) for expectation, column in expected
    ]
    assert all(one["detail"] for one in failed)


def test_a_valid_release_passes_every_rule_in_a_stable_order(valid: Checked) -> None:
    _, results = valid
    assert [one for one in results if not one["success"]] == []
    assert [one["detail"] for one in results] == [""] * len(results)
    assert list(dict.fromkeys(one["table"] for one in results)) == list(COLUMNS)
    assert list(results[0]) == [
        *("table", "expectation", "columns", "rule", "success", "severity", "detail"),
    ]


def test_equal_scores_share_a_rank_although_they_differ_in_the_last_digits(
    context: Callable[[], Any], tmp_path: Path
) -> None:
    tables = synthetic_release()
    set_values("scores", at("79"), score=50.0 + 1e-12)(tables)  # 48 has 50 and the same rank 2
    batches = published_batches(write(tables, tmp_path / "release"), EDITIONS)
    assert all(one["success"] for one in run_batch(context(), batches[0]))


def test_warnings_fail_without_being_errors_and_errors_name_their_rows(broken: Checked) -> None:
    _, results = broken
    failed = [one for one in results if not one["success"]]
    assert [(one["table"], one["severity"]) for one in failed] == [
        ("scores", "warning"),
        ("indicators", "error"),
        ("observed", "warning"),
    ]
    assert "ranks above" in failed[0]["rule"]
    for part in ("1 of 32 rows", "-0.5", "edition 2022-34", "province_code 48", "indicator rd"):
        assert part in failed[1]["detail"]


@pytest.mark.parametrize("table", COLUMNS)
def test_other_columns_than_declared_are_reported_alone(table: str, tmp_path: Path) -> None:
    release = write(synthetic_release(), tmp_path / "release")
    path = path_of(release, table)
    read = pq.read_table(path)
    pq.write_table(read.select([*read.column_names[1:], read.column_names[0]]), path)
    results = check_published(release, EDITIONS)
    assert [(one["table"], one["success"]) for one in results] == [
        (name, name != table) for name in COLUMNS
    ]
    (failed,) = (one for one in results if not one["success"])
    assert failed["detail"].startswith(f"position 0: {read.column_names[1]}, not ")


def test_a_column_of_another_type_a_lost_table_and_a_wrong_count_stop_the_check(
    tmp_path: Path,
) -> None:
    release = write(synthetic_release(), tmp_path / "release")
    with pytest.raises(ValueError, match="edition 2022: n_provinces"):
        check_published(release, [{**EDITIONS[0], "n_provinces": 63}])
    path = release / "coverage.parquet"
    read = pq.read_table(path)
    code = read.schema.get_field_index("code")
    pq.write_table(read.set_column(code, "code", pa.array([1] * read.num_rows)), path)
    with pytest.raises(TypeError, match=r"coverage\.code is int64, not string"):
        check_published(release, EDITIONS)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        check_published(release, EDITIONS)


class Loaded(HTMLParser):
    """What a page loads by itself, and where its links lead."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "action", "poster", "integrity"):
                (self.leads if tag == "a" else self.loads).append(value or "")


def test_the_docs_ask_nothing_of_the_network_and_every_file_they_name_is_there(
    broken: Checked,
) -> None:
    docs = broken[0] / "data_docs"
    pages = sorted(docs.rglob("*.html"))
    assert len(pages) == 1 + 2 * 9  # the index; seven tables and two sets of warnings, twice
    for page in pages:
        found = Loaded(page)
        assert len([one for one in found.loads if "static/" in one]) == 8
        rows = re.findall(r'"_table_row_link_path": "([^"]+)"', page.read_text(encoding="utf-8"))
        for target in [*found.loads, *found.leads, *rows]:
            if not target.startswith(("data:", "#")):
                assert (page.parent / target).resolve().is_relative_to(docs.resolve())
                assert (page.parent / target).is_file(), f"{page}: {target}"
    for text in (path.read_text("utf-8") for path in [*pages, *docs.rglob("*.css")]):
        assert "@import" not in text
        assert "sourceMappingURL" not in text
        assert all(url.startswith("data:") for url in re.findall(r"url\(['\"]?([^)'\"]*)", text))


def test_the_docs_show_what_failed_and_which_row(broken: Checked) -> None:
    page = (broken[0] / "data_docs" / "validations" / "indicators.html").read_text("utf-8")
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Weights are not negative 1 unexpected values found" in shown
    assert "-0.5 1 2022-34 48 rd" in shown


def test_the_docs_have_the_same_bytes_whatever_the_folder_hash_seed_time_zone_and_locale(
    broken: Checked, tmp_path: Path
) -> None:
    code = "import json, pathlib, sys; from schemas.publish import check_published as check; "
    code += "check(pathlib.Path(sys.argv[1]), json.loads(sys.argv[2]))"
    release = write(broken_release(), tmp_path / "another release")
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    env = {**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Ho_Chi_Minh", "LC_ALL": "C"}
    command = [sys.executable, "-c", code, str(release), json.dumps(EDITIONS)]
    subprocess.run(command, cwd=ROOT, env=env, check=True, timeout=120)
    assert len(bytes_of(release)) == 27  # 19 pages, 8 files they load
    assert bytes_of(release) == bytes_of(broken[0])


def bytes_of(release: Path) -> dict[str, bytes]:
    """Content of the Data Docs by path."""
    docs = release / "data_docs"
    files = sorted(path for path in docs.rglob("*") if path.is_file())
    return {path.relative_to(docs).as_posix(): path.read_bytes() for path in files}
