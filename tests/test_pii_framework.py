"""The PII's own tree, on the tables that exist: what is missing is marked and screened."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.faults import Faults
from pipeline.project import Project
from pipeline.run import Loaded, compute, load
from tests.conftest import ROOT, silent

PILLARS = {
    "institutions", "human_capital_rd", "infrastructure", "market", "business",
    "knowledge_technology", "impact",
}  # fmt: skip


@pytest.fixture(scope="module")
def framework() -> tuple[Loaded, Any]:
    """The loaded framework and the database of its tables."""
    loaded = load(Project(ROOT, "index_pii.yml"), Faults(), silent)
    return loaded, compute(loaded, Faults(), silent)


def test_the_tree_has_the_seven_pillars_of_the_pii(framework: tuple[Loaded, Any]) -> None:
    spec = framework[0].spec
    assert {n.code for n in spec.nodes if n.level == "pillar"} == PILLARS
    outputs = {n.code for n in spec.nodes if n.parent == "output"}
    assert outputs == {"knowledge_technology", "impact"}


def test_the_tables_that_exist_enter_and_the_rest_is_missing_with_its_reason(
    framework: tuple[Loaded, Any],
) -> None:
    loaded, con = framework
    rows = con.sql(
        "select code, is_in, reason from coverage where kind = 'indicator' and edition = '2022'"
    ).fetchall()
    entered = {code for code, is_in, _ in rows if is_in}
    assert entered >= {"digital_infrastructure", "governance_2_air_quality", "gi_per_million"}
    assert all(reason is not None for _, is_in, reason in rows if not is_in)
    planned = {i.code for i in loaded.spec.indicators if i.planned}
    assert planned
    assert not planned & entered
    old = con.sql(
        "select count(*) from coverage where edition = '2016' and kind = 'indicator' and is_in "
        "and code in ('legal_institutions', 'entry_costs', 'proactivity', 'fair_competition')"
    ).fetchall()
    assert old == [(4,)]


def test_an_edition_on_too_few_pillars_ranks_nobody_and_says_why(
    framework: tuple[Loaded, Any],
) -> None:
    rows = (
        framework[1]
        .sql("select distinct is_ranked, reason from scores where level = 'index'")
        .fetchall()
    )
    assert rows == [(False, "edition_rests_on_too_few_pillars")]


def test_another_framework_is_published_beside_the_index_and_never_over_it() -> None:
    assert Project(ROOT).shown("current") == "outputs/current"
    assert Project(ROOT, "index_pii.yml").shown("current") == "outputs/index_pii/current"
