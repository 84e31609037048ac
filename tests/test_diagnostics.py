"""The tables of `analysis/`: by hand on the toy, against scipy, nothing hidden, the same bytes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from pipeline import diagnostics, packaging, store
from pipeline.__main__ import main
from pipeline.diagnostics import analysis_tables
from pipeline.panel import climb_panel, published_scores, read_panel
from schemas import contracts
from tests.conftest import Toy

Row = dict[str, Any]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """The four tables of the toy."""
    con = Toy(tmp_path_factory.mktemp("diagnostics") / "toy").compute()
    found = analysis_tables(con)
    con.close()
    return found


def one(table: pa.Table, **where: Any) -> Row:
    """The one row that matches."""
    (row,) = (r for r in table.to_pylist() if where.items() <= r.items())
    return row


def test_values_are_described_before_treatment_and_scores_after(
    tables: dict[str, pa.Table],
) -> None:
    # geographical indications per million 1 2 4 0 0 5: mean 2, deviations -1 0 2 -2 -2 3, sum of
    # squares 22, sd √(22/5); scores are 20 times as much
    here = {"edition": "2022", "node": "gi_per_million"}
    value = one(tables["statistics"], **here, basis="value")
    assert (value["n"], value["n_missing"], value["n_zeros"], value["n_unique"]) == (6, 0, 2, 5)
    assert (value["min"], value["max"], value["mean"], value["median"]) == (0, 5, 2, 1.5)
    assert value["sd"] == pytest.approx(math.sqrt(22 / 5))
    assert (value["unit"], value["largest_tie"], value["flags"]) == (
        "per million inhabitants",
        2,
        None,
    )
    score = one(tables["statistics"], **here, basis="score")
    assert (score["unit"], score["mean"]) == ("points", pytest.approx(40))
    assert score["skewness"] == pytest.approx(value["skewness"])


def test_an_indicator_that_did_not_enter_is_described_by_its_values_alone(
    tables: dict[str, pa.Table],
) -> None:
    here = {"edition": "2022", "node": "startups_per_million"}
    value = one(tables["statistics"], **here, basis="value")
    assert (value["n"], value["availability"]) == (1, pytest.approx(1 / 6))
    assert value["flags"] == "low_availability"
    score = one(tables["statistics"], **here, basis="score")
    assert (score["n"], score["mean"], score["flags"]) == (0, None, "low_availability")
    assert not any("startups_per_million" in (r["first"], r["second"])
                   for r in tables["correlations"].to_pylist())  # fmt: skip


def test_every_pair_is_there_by_every_coefficient_and_agrees_with_scipy(toy: Toy) -> None:
    con = toy.compute()
    panel = read_panel(con, "2022")
    scores = dict(zip(panel.nodes, published_scores(con, panel).T, strict=True))
    rows = [r for r in analysis_tables(con)["correlations"].to_pylist() if r["edition"] == "2022"]
    assert len(rows) == 3 * 9 * 8 / 2  # three indicators, three pillars, two sub-indices, the index
    oracles = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}
    for row in rows:
        expected = oracles[row["method"]](scores[row["first"]], scores[row["second"]])
        assert row["r"] == pytest.approx(expected.statistic, abs=1e-10)
        assert row["p"] == pytest.approx(expected.pvalue, abs=1e-7)
        assert row["n"] == 6


def test_relations_and_flags_say_what_is_above_what(tables: dict[str, pa.Table]) -> None:
    def pair(first: str, second: str) -> Row:
        here = {"edition": "2022", "first": first, "second": second, "method": "pearson"}
        return one(tables["correlations"], **here)

    # people rests on one indicator: r = 1 and nothing to look at
    alone = pair("trained_share", "people")
    assert (alone["relation"], alone["r"], alone["flags"]) == ("above", pytest.approx(1), None)
    # firms 100 50 25 75 12.5 0 and property 20 40 80 0 0 100 run against each other
    against = pair("firms", "property")
    assert against["relation"] == "siblings"
    assert against["r"] < -0.4
    assert against["flags"] == "negative"
    assert pair("new_per_10000", "property")["flags"] is None  # apart: not meant to agree
    below = pair("property", "output")
    assert (below["relation"], below["flags"]) == ("above", "weak")
    assert -0.4 < below["r"] < 0.3


def test_a_pair_apart_is_flagged_when_one_thing_counts_twice() -> None:
    x = np.array([[1.0, 1.01], [2, 1.99], [3, 3], [4, 4.02]])
    rows = list(diagnostics.correlations(["a", "b"], x, lambda *_: "apart"))
    assert [row["flags"] for row in rows] == ["redundant"] * 3


def test_reliability_and_components_of_two_children_by_hand(tables: dict[str, pa.Table]) -> None:
    here = {"edition": "2022", "first": "firms", "second": "property"}
    r = one(tables["correlations"], **here, method="pearson")["r"]
    rows = [c for c in tables["components"].to_pylist()
            if (c["edition"], c["parent"]) == ("2022", "output")]  # fmt: skip
    # two columns have the eigenvalues 1 ± |r| and loadings ±√(eigenvalue / 2)
    assert [c["eigenvalue"] for c in rows] == pytest.approx([1 - r, 1 - r, 1 + r, 1 + r], abs=1e-9)
    assert [abs(c["loading"]) for c in rows] == pytest.approx(
        [math.sqrt(c["eigenvalue"] / 2) for c in rows], abs=1e-9
    )
    firms, held = np.array([100, 50, 25, 75, 12.5, 0]), np.array([20, 40, 80, 0, 0, 100])
    parts = firms.var(ddof=1) + held.var(ddof=1)
    alpha = 2 * (1 - parts / (firms + held).var(ddof=1))
    found = one(tables["reliability"], edition="2022", parent="output", item="firms")
    assert found["alpha"] == pytest.approx(alpha)
    assert found["item_rest"] == pytest.approx(r)
    assert found["alpha_if_deleted"] is None


def test_a_group_with_a_constant_child_has_no_components() -> None:
    x = np.array([[1.0, 5.0], [2, 5.0 + 1e-15], [3, 5]])
    assert list(diagnostics.components("p", ["a", "b"], x)) == []


def test_an_edition_that_nothing_enters_is_described_and_has_no_pairs(
    toy: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    early = '  - {edition: "2012", reference_year: 2012, scheme: "63"}'
    toy.edit("index.yml", "editions:\n", f"editions:\n{early}\n")
    toy.index()
    con = store.open_release(toy.project.current)
    panel = read_panel(con, "2012")
    assert not panel.entered.any()
    assert np.isnan(climb_panel(panel)).all()
    counts = con.sql("select count(*) from statistics where edition = '2012' and n = 0").fetchall()
    assert counts == [(4 + 10,)]
    for name in ("correlations", "reliability", "components"):
        assert con.sql(f"from {name} where edition = '2012'").fetchall() == []
    con.close()
    for command in (["profile", "92"], ["compare", "--editions", "2012", "2022"]):
        assert main([*command, "--root", str(toy.root), "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert "Strengths: none." in shown
    assert "Not ranked: No indicator under this node entered the edition" in shown


@pytest.mark.parametrize("name", packaging.ANALYSIS_TABLES)
def test_rows_are_ordered_by_the_key_of_their_contract(
    name: str, tables: dict[str, pa.Table]
) -> None:
    key = contracts()[name].to_schema().unique
    rows = [tuple(row[part] for part in key) for row in tables[name].to_pylist()]
    assert rows == sorted(rows)
    assert diagnostics.KEYS[name] == key


def test_the_tables_are_published_and_can_be_joined_with_the_scores(shipped: Path) -> None:
    release = shipped / "outputs/current"
    assert {p.name for p in (release / "analysis").iterdir()} == {
        f"{name}.parquet" for name in packaging.ANALYSIS_TABLES
    }
    con = store.open_release(release)
    rows = con.sql(
        "select edition, count(*), max(abs(mean - average)) from statistics inner join "
        "(select edition, node, avg(score) as average from scores group by all) "
        "using (edition, node) "
        "where basis = 'score' group by edition"
    ).fetchall()
    assert {(edition, n) for edition, n, _ in rows} == {
        (e, 7) for e in ("2018", "2019", "2020", "2021", "2022", "2022-34")
    }
    assert max(gap for _, _, gap in rows) < 1e-9
    con.close()
