"""The statistical audit: every flag fires on an index made to deserve it, and is said in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import store
from pipeline.audit import checks
from pipeline.audit.page import audit_page
from pipeline.language import catalogue
from pipeline.methods import bootstrap
from pipeline.panel import climb_panel, read_panel
from schemas import check_contract
from schemas.checks import CHECKS, REASONS
from tests.conftest import Toy

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def con(released: Toy) -> Iterator[Any]:
    database = store.open_release(released.project.current)
    yield database
    database.close()


def audited(con: Any, scores: np.ndarray, check: str) -> Rows:
    """The rows of a check on an index whose three indicators have these scores.

    The tree of the toy: trained_share under people under input; new_per_10000 under firms and
    gi_per_million under property, both under output.
    """
    panel = read_panel(con, "2022")
    n = len(scores)
    leaves = np.full((n, panel.leaves.shape[1]), np.nan)
    leaves[:, panel.entered] = scores
    panel = replace(panel, provinces=[f"{k:02}" for k in range(n)], leaves=leaves)
    one = checks.Edition(con, panel, climb_panel(panel), bootstrap.draw_counts(n, 100, 1))
    return list(checks.CHECKS[check](one))


def reasons(rows: Rows) -> dict[tuple[str, str | None], str]:
    return {(row["item"], row["other"]): row["reason"] for row in rows if row["is_flagged"]}


def normal(*mix: list[float], n: int = 60) -> np.ndarray:
    """Scores of three indicators around 50 with this mixture of independent parts."""
    parts = np.random.default_rng(3).normal(size=(n, len(mix[0])))
    return 50 + 10 * parts @ np.array(mix).T


ALIKE = normal([1, 0, 0, 0.4], [1, 0.4, 0, 0], [1, 0, 0.4, 0])


@pytest.mark.parametrize("check", ["pairs", "own_groups", "reliability", "dimensions"])
def test_a_coherent_index_is_not_flagged(con: Any, check: str) -> None:
    rows = audited(con, ALIKE, check)
    assert rows
    assert reasons(rows) == {}
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]


def test_siblings_that_cancel_out_or_share_nothing_or_are_one_are_named(con: Any) -> None:
    pair = ("firms", "property")
    opposed = audited(con, normal([1, 0, 0], [0, 1, 0.1], [0, -1, 0.1]), "pairs")
    assert reasons(opposed)[pair] == "negative"
    apart = audited(con, normal([1, 0, 0, 0], [0, 1, 0, 0.5], [0, 0, 1, 0.5]), "pairs")
    assert reasons(apart)[pair] in ("weak", "negative")
    same = audited(con, normal([1, 0, 0], [0, 1, 0.05], [0, 1, -0.05]), "pairs")
    assert reasons(same)[pair] == "redundant"


def test_a_node_nearer_to_another_group_is_named_with_it(con: Any) -> None:
    # property goes with input, and output is nearly firms alone
    rows = audited(con, normal([1, 0, 0], [0, 3, 0], [1, 0, 0.1]), "own_groups")
    assert reasons(rows)["property", "input"] == "other_group"


def test_children_that_do_not_go_together_are_unreliable(con: Any) -> None:
    rows = audited(con, normal([1, 0, 0], [0, 1, 0], [0, 0, 1]), "reliability")
    assert reasons(rows)["output", None] == "unreliable"


def test_the_child_that_varies_more_weighs_more_than_its_weight(con: Any) -> None:
    rows = audited(con, normal([0.2, 0, 0], [0, 3, 0], [0, 0, 0.3]), "effective_weights")
    found = reasons(rows)
    assert found["output", "index"] == "weighs_more"
    assert found["input", "index"] == "weighs_less"
    for parent in ("index", "output"):
        assert sum(row["value"] for row in rows if row["other"] == parent) == pytest.approx(1)


def test_a_node_that_ranks_as_the_index_does_adds_little(con: Any) -> None:
    one = np.linspace(10, 90, 60)[:, None] * np.ones(3)
    rows = audited(con, one, "added_value")
    assert set(reasons(rows).values()) == {"adds_little"}
    assert {row["value"] for row in rows} == {0.0}


def test_outliers_that_treatment_left_are_named(toy: Toy) -> None:
    con = toy.compute()
    con.execute("update treated set treated_value = case province_code when '01' then 1000 else "
                "treated_value / 1000 end where indicator = 'gi_per_million'")  # fmt: skip
    panel = read_panel(con, "2022")
    w = bootstrap.draw_counts(6, 50, 1)
    rows = list(checks.CHECKS["outliers"](checks.Edition(con, panel, climb_panel(panel), w)))
    con.close()
    assert reasons(rows) == {("gi_per_million", None): "outliers_left"}


def test_provinces_that_fare_otherwise_under_their_best_weights_are_said_to(con: Any) -> None:
    # all near one frontier, along which the index falls
    angle = np.linspace(0.1, 1.4, 40)
    radius = 80 * (1 - 0.05 * np.random.default_rng(4).random(40))
    people = 5 + np.cos(angle)
    mixed = np.column_stack([people, radius * np.cos(angle), radius * np.sin(angle)])
    rows = audited(con, mixed, "frontier")
    assert reasons(rows) == {("index", None): "frontier_disagrees"}
    same = audited(con, np.linspace(10, 90, 40)[:, None] * np.ones(3), "frontier")
    assert reasons(same) == {}


def test_what_did_not_enter_and_what_rests_on_little_is_named(con: Any) -> None:
    rows = [row for row in checks.audit_table(con).to_pylist() if row["check"] == "coverage"]
    found = {row["item"]: row["reason"] for row in rows if row["edition"] == "2022"}
    assert found["startups_per_million"] == "not_entered"
    assert found["firms"] is None  # half of its weight


def test_the_table_keeps_its_contract_and_its_order(con: Any) -> None:
    table = checks.audit_table(con)
    assert check_contract("checks", store.as_frame(table)) == []
    keys = [[row[key] or "" for key in checks.KEY] for row in table.to_pylist()]
    assert keys == sorted(keys)
    assert table.equals(checks.audit_table(con))


def test_every_check_and_reason_is_said_in_both_languages() -> None:
    assert list(checks.CHECKS) == CHECKS == list(catalogue()["audit_checks"])
    assert list(catalogue()["audit_reasons"]) == REASONS


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_page_names_every_flag_of_every_edition(lang: str, shipped: Path) -> None:
    release = shipped / "outputs/current"
    database = store.open_release(release)
    rows = database.sql("select * from checks").to_arrow_table().to_pylist()
    database.close()
    page = (release / f"audit/audit{'' if lang == 'en' else '.vi'}.md").read_text("utf-8")
    flagged = [row for row in rows if row["is_flagged"]]
    said = [line for line in page.splitlines()
            if any(line.endswith(f"| {words[lang]} |")
                   for words in catalogue()["audit_reasons"].values())]  # fmt: skip
    assert len(said) == len(flagged) > 50
    assert page.count("\n## ") == 6


def test_a_page_without_editions_has_no_tables_of_them() -> None:
    assert audit_page([], {}, "en").count("##") == 0
