"""Every contract passes what the toy gives and names each rule that is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import store
from pipeline.derived import analyse, audit, simulate
from pipeline.faults import Faults
from schemas import check_contract, contracts
from tests.conftest import Toy
from tests.drawing import declare, repeat_edition

Break = Callable[[pd.DataFrame], Any]
MISSING = float("nan")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """The tables of a toy run after a revision; a finding is added, for the toy gives none."""
    toy = Toy(Path(tmp_path_factory.mktemp("schemas")) / "toy")
    declare(toy)
    repeat_edition(toy)
    toy.index()
    toy.edit("raw/synthetic_enterprises.csv", "Cần Thơ;2022;120", "Cần Thơ;2022;121")
    con = toy.compute()
    analyse(con, Faults())
    simulate(con, toy.load().spec, Faults())
    audit(con, Faults())
    found = {name: store.as_frame(store.get_table(con, name)) for name in contracts()}
    con.close()
    row = {"rule": "HDR-02", "file": "raw/synthetic_x.csv", "row": 1, "column": 2, "value": "x",
           "message_vi": "Cột không khai báo", "message_en": "Column not declared"}  # fmt: skip
    found["findings"] = pd.DataFrame([row]).astype({"row": "Int64", "column": "Int64"})
    return found


def put(column: str, value: Any, where: str | None = None) -> Break:
    """A break: a value into the first row, or the first row for which `where` holds."""

    def change(frame: pd.DataFrame) -> None:
        row = frame.index[0] if where is None else frame.query(where, engine="python").index[0]
        frame.loc[row, column] = value

    return change


# table, rule as it is named, how a valid frame is broken
RULES: list[tuple[str, str, Break]] = [
    ("observed", "scheme: str_matches", put("scheme", "63 provinces")),
    ("observed", "province_code: str_matches", put("province_code", "1")),
    ("observed", "variable: str_matches", put("variable", "Số dân")),
    ("observed", "in_range(1990, 2100)", put("year", 1899, "year.notna()")),
    ("observed", "isin(['exact', 'at_least', 'about', 'range'])", put("qualifier", "maybe")),
    ("observed", "unit: str_length", put("unit", "")),
    ("observed", "isin(['A', 'E', 'M', 'P'])", put("obs_status", "C")),
    ("observed", "source_id: str_matches", put("source_id", "a b")),
    ("observed", "locator: str_length", put("locator", "")),
    ("observed", "value is missing if and only if obs_status is M", put("value", MISSING,
     "value.notna()")),
    ("observed", "value is missing if and only if obs_status is M", put("obs_status", "M",
     "value.notna()")),
    ("observed", "value lies between its bounds", put("value_low", 1e9, "value.notna()")),
    ("observed", "value lies between its bounds", put("value_high", -1.0, "value.notna()")),
    ("harmonised", "edition: str_length", put("edition", "")),
    ("harmonised", "province_code: str_matches", put("province_code", "1")),
    ("harmonised", "variable: str_matches", put("variable", "")),
    ("harmonised", "isin(['A', 'E', 'M', 'P'])", put("obs_status", "I")),
    ("harmonised", "isin(['none', 'sum', 'weighted_mean'])", put("merge_rule", "mean")),
    ("harmonised", "parts: str_matches", put("parts", "92-93")),
    ("harmonised", "reason: isin", put("reason", "lost", "value.isna()")),
    ("harmonised", "a value is missing exactly when a reason is given", put("value", MISSING,
     "value.notna()")),
    ("denominated", "province_code: str_matches", put("province_code", "x1")),
    ("denominated", "indicator: str_matches", put("indicator", "1x")),
    ("denominated", "greater_than_or_equal_to(0)", put("age", -1, "age == 0")),
    ("denominated", "unit: str_length", put("unit", "")),
    ("denominated", "obs_status: isin", put("obs_status", "X", "age == 0")),
    ("denominated", "reason: isin", put("reason", "lost", "value.isna()")),
    ("denominated", "a value is missing exactly when status is M and a reason is given",
     put("value", MISSING, "value.notna()")),
    ("denominated", "a value is missing exactly when status is M and a reason is given",
     put("reason", None, "value.isna()")),
    ("denominated", "obs_status: isin", put("obs_status", "I", "value.isna()")),
    ("denominated", "peer_group: greater_than_or_equal_to(1)", put("peer_group", 0)),
    ("denominated", "status C exactly when the figure is older", put("age", 1, "age == 0")),
    ("denominated", "status C exactly when the figure is older", put("obs_status", "A", "age > 0")),
    ("screened", "n_observed: greater_than_or_equal_to(0)", put("n_observed", -1)),
    ("screened", "n_provinces: greater_than_or_equal_to(1)", put("n_provinces", 0)),
    ("screened", "indicator_coverage: less_than_or_equal_to(1)", put("indicator_coverage", 1.5)),
    ("imputed", "a known value is never changed", put("imputed_value", -7.0, "value.notna()")),
    ("imputed", "a known value is never changed", put("is_imputed", True, "value.notna()")),
    ("imputed", "a value is missing exactly when status is M or I", put("reason", None,
     "value.isna()")),
    ("imputed", "imputed exactly when status is I", put("obs_status", "I", "value.isna()")),
    ("imputed", "imputed exactly when status is I", put("is_imputed", True, "value.isna()")),
    ("imputed", "imputed exactly when status is I", put("impute_method", "mean", "value.isna()")),
    ("imputed", "impute_method: isin", put("impute_method", "guess", "value.isna()")),
    ("imputed", "impute_note: isin", put("impute_note", "lost", "value.isna()")),
    ("imputed", "only an indicator that entered is imputed", put("impute_note", "no_donor",
     "not is_entered")),
    ("treated", "treatment: isin", put("treatment", "cut")),
    ("treated", "only a treated indicator has treated values", put("is_treated", True)),
    ("normalised", "a score is there exactly when an entered indicator has a value",
     put("score", MISSING, "score.notna()")),
    ("normalised", "a score is there exactly when an entered indicator has a value",
     put("score", 50.0, "score.isna()")),
    ("weighted", "node: str_matches", put("node", "Chỉ số")),
    ("weighted", "level: isin", put("level", "theme")),
    ("weighted", "weight: less_than_or_equal_to(1)", put("weight", 1.5)),
    ("weighted", "weight_relative: greater_than_or_equal_to(0)", put("weight_relative", -1.0)),
    ("weighted", "weight_declared: greater_than_or_equal_to(0)", put("weight_declared", -0.1)),
    ("weighted", "nothing has weight that did not enter", put("is_entered", False, "weight > 0")),
    ("weighted", "shares of siblings add to 1", put("weight_share", 0.4, "weight_share == 1")),
    ("weighted", "weights of an edition and province add to 1", put("weight", 0.0,
     "level == 'indicator' and weight > 0")),
    ("weighted", "weight_origin: isin", put("weight_origin", "guessed")),
    ("weighted", "weight_remark: isin", put("weight_remark", "fine")),
    ("aggregated", "node: str_matches", put("node", "Chỉ số")),
    ("aggregated", "level: isin", put("level", "theme")),
    ("aggregated", "coverage: less_than_or_equal_to", put("coverage", 1.1)),
    ("aggregated", "coverage_declared: greater_than_or_equal_to(0)", put("coverage_declared",
     -0.1)),
    ("aggregated", "weight_in_parent: greater_than_or_equal_to(0)", put("weight_in_parent",
     -0.1)),
    ("aggregated", "weight_in_parent: less_than_or_equal_to", put("weight_in_parent", 1.1)),
    ("aggregated", "imputed_share: greater_than_or_equal_to(0)", put("imputed_share", -0.1)),
    ("aggregated", "what is imputed is not observed", put("imputed_share", 0.5, "coverage == 1")),
    ("aggregated", "obs_status: isin", put("obs_status", "X")),
    ("aggregated", "reason: isin", put("reason", "lost", "score.isna()")),
    ("aggregated", "value_reason: isin", put("value_reason", "below_node_coverage")),
    ("aggregated", "a score is missing exactly when a reason is given", put("score", MISSING,
     "score.notna()")),
    ("ranked", "pillar_coverage: less_than_or_equal_to", put("pillar_coverage", 1.5)),
    ("ranked", "rank: greater_than_or_equal_to(1)", put("rank", 0, "is_ranked")),
    ("ranked", "ranked exactly when there is a score and a rank", put("rank", pd.NA, "is_ranked")),
    ("ranked", "ranked exactly when there is a score and a rank", put("is_ranked", True,
     "not is_ranked")),
    ("scores", "scheme: str_matches", put("scheme", "63 provinces")),
    ("scores", "province_name_vi: str_length", put("province_name_vi", "")),
    ("scores", "province_name_en: str_length", put("province_name_en", "")),
    ("scores", "region_vi: str_length", put("region_vi", "")),
    ("scores", "region_en: str_length", put("region_en", "")),
    ("scores", "level: isin", put("level", "indicator")),
    ("scores", "rank: greater_than_or_equal_to(1)", put("rank", 0)),
    ("scores", "reason: isin", put("reason", "lost")),
    ("scores", "ranked, or explained", put("is_ranked", False)),
    ("indicators", "indicator: str_matches", put("indicator", "a b")),
    ("indicators", "unit: str_length", put("unit", "")),
    ("indicators", "obs_status: isin", put("obs_status", "X")),
    ("indicators", "rank: greater_than_or_equal_to(1)", put("rank", 0)),
    ("indicators", "weight: greater_than_or_equal_to(0)", put("weight", -0.1)),
    ("indicators", "reason: isin", put("reason", "lost")),
    ("coverage", "kind: isin", put("kind", "region")),
    ("coverage", "code: str_length", put("code", "")),
    ("coverage", "n_observed: greater_than_or_equal_to(0)", put("n_observed", -1)),
    ("coverage", "n_expected: greater_than_or_equal_to(0)", put("n_expected", -1)),
    ("coverage", "n_imputed: greater_than_or_equal_to(0)", put("n_imputed", -1)),
    ("coverage", "coverage: less_than_or_equal_to", put("coverage", 1.1)),
    ("coverage", "threshold: less_than_or_equal_to(1)", put("threshold", 1.1)),
    ("coverage", "shortfall: greater_than_or_equal_to(0)", put("shortfall", -0.1)),
    ("coverage", "reason: isin", put("reason", "lost")),
    ("weights", "node: str_matches", put("node", "Chỉ số")),
    ("weights", "level: isin", put("level", "theme")),
    ("weights", "weight_given: greater_than(0)", put("weight_given", 0.0)),
    ("weights", "weight_in_parent: less_than_or_equal_to(1)", put("weight_in_parent", 1.5)),
    ("weights", "weight: greater_than_or_equal_to(0)", put("weight", -0.1)),
    ("weights", "weights of siblings add to 1", put("weight_in_parent", 0.4,
     "weight_in_parent == 1")),
    ("weights", "origin: isin", put("origin", "guessed")),
    ("weights", "remark: isin", put("remark", "fine")),
    ("excluded", "source_id: str_matches", put("source_id", "a b")),
    ("excluded", "locator: str_length", put("locator", "")),
    ("excluded", "reason: isin", put("reason", "lost")),
    ("findings", "rule: str_length", put("rule", "")),
    ("findings", "file: str_length", put("file", "")),
    ("findings", "message_vi: str_length", put("message_vi", "")),
    ("findings", "message_en: str_length", put("message_en", "")),
    ("sources", "source_id: str_matches", put("source_id", "a b")),
    ("sources", "kind: isin", put("kind", "pdf")),
    ("sources", "use: isin", put("use", "any")),
    ("sources", "licence: str_length", put("licence", "")),
    ("sources", "sha256: str_matches", put("sha256", "abc")),
    ("statistics", "basis: isin", put("basis", "rank")),
    ("statistics", "level: isin", put("level", "theme")),
    ("statistics", "unit: str_length", put("unit", "")),
    ("statistics", "n: greater_than_or_equal_to(0)", put("n", -1)),
    ("statistics", "availability: less_than_or_equal_to(1)", put("availability", 1.1)),
    ("statistics", "sd: greater_than_or_equal_to(0)", put("sd", -1.0)),
    ("statistics", "flags: str_matches", put("flags", "outliers, constant")),
    ("statistics", "the mean and the median lie between the ends", put("mean", 1e9, "n > 0")),
    ("statistics", "the mean and the median lie between the ends", put("median", -1e9, "n > 0")),
    ("statistics", "there are numbers exactly when there are values", put("mean", MISSING,
     "n > 0")),
    ("correlations", "method: isin", put("method", "distance")),
    ("correlations", "relation: isin", put("relation", "cousins")),
    ("correlations", "r: less_than_or_equal_to(1)", put("r", 1.1)),
    ("correlations", "p: greater_than_or_equal_to(0)", put("p", -0.1)),
    ("correlations", "flags: str_matches", put("flags", "outliers")),
    ("correlations", "a coefficient has its p-value", put("p", MISSING, "r.notna()")),
    ("correlations", "a coefficient has its p-value", put("n", 2, "r.notna()")),
    ("reliability", "parent: str_matches", put("parent", "")),
    ("reliability", "alpha: less_than_or_equal_to(1)", put("alpha", 1.1)),
    ("reliability", "item_rest: greater_than_or_equal_to(-1)", put("item_rest", -1.1)),
    ("components", "component: greater_than_or_equal_to(1)", put("component", 0)),
    ("components", "eigenvalue: greater_than_or_equal_to(0)", put("eigenvalue", -0.1)),
    ("components", "loading: less_than_or_equal_to(1)", put("loading", 1.1)),
    ("components", "the shares of a node's components add to 1", put("share", 0.0)),
]  # fmt: skip


@pytest.mark.parametrize("table", sorted(contracts()))
def test_what_the_toy_gives_holds_every_contract(
    frames: dict[str, pd.DataFrame], table: str
) -> None:
    assert len(frames[table]) > 0
    assert check_contract(table, frames[table]) == []


@pytest.mark.parametrize(
    ("table", "rule", "broken"), RULES, ids=[f"{t}-{r}-{i}" for i, (t, r, _) in enumerate(RULES)]
)
def test_a_broken_rule_is_named(
    frames: dict[str, pd.DataFrame], table: str, rule: str, broken: Break
) -> None:
    frame = frames[table].copy()
    broken(frame)
    problems = check_contract(table, frame)
    assert any(rule in problem for problem in problems), problems


@pytest.mark.parametrize("table", sorted(contracts()))
def test_a_column_too_many_is_named(frames: dict[str, pd.DataFrame], table: str) -> None:
    problems = check_contract(table, frames[table].assign(surprise=1))
    assert any("surprise" in problem or "column_in_schema" in problem for problem in problems)


@pytest.mark.parametrize("table", sorted(contracts()))
def test_a_column_that_is_gone_is_named(frames: dict[str, pd.DataFrame], table: str) -> None:
    last = frames[table].columns[-1]
    problems = check_contract(table, frames[table].drop(columns=last))
    assert any("column_in_dataframe" in problem for problem in problems), problems


@pytest.mark.parametrize("table", sorted(contracts()))
def test_columns_in_another_order_are_refused(frames: dict[str, pd.DataFrame], table: str) -> None:
    frame = frames[table]
    problems = check_contract(table, frame[list(frame.columns[::-1])])
    assert any("column_ordered" in problem for problem in problems), problems


@pytest.mark.parametrize("table", sorted(set(contracts()) - {"excluded", "findings"}))
def test_a_key_that_comes_twice_is_named(frames: dict[str, pd.DataFrame], table: str) -> None:
    frame = frames[table]
    twice = pd.concat([frame, frame.iloc[[0]]], ignore_index=True)
    problems = check_contract(table, twice)
    assert any("uniqueness" in problem or "unique" in problem for problem in problems), problems


@pytest.mark.parametrize("table", sorted(contracts()))
def test_a_number_where_text_is_declared_is_refused(
    frames: dict[str, pd.DataFrame], table: str
) -> None:
    first = frames[table].columns[0]  # a key, always text
    problems = check_contract(table, frames[table].assign(**{first: 63}))
    assert any(problem.startswith(f"{first}: dtype") for problem in problems), problems
