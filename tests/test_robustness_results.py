"""The draws of an index: draw 0 is what is published, every other what the chain would publish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pipeline import store
from pipeline.choices.robustness import Factor, Robustness, ValueSpread, patched
from pipeline.faults import Faults
from pipeline.methods.intervals import summarise_scores
from pipeline.robustness.alone import one_at_a_time_rows
from pipeline.robustness.cells import Cells, draw_values, ranges
from pipeline.robustness.design import combinations
from pipeline.robustness.drivers import sensitivity_rows
from pipeline.robustness.engine import score_block, simulate
from pipeline.robustness.results import Run, change_rows, run_draws
from pipeline.robustness.space import declare_factors, draws_of, ways_of
from pipeline.robustness.tables import COLUMNS, KEYS, robustness_tables
from pipeline.robustness.tree import Block, Tree, Way
from pipeline.run import compute, load, run_steps
from pipeline.spec import Spec
from pipeline.spec_tables import index_tables
from schemas import contracts
from tests.conftest import ROOT, Project, Toy, silent
from tests.drawing import FACTORS, declare, drawn, repeat_edition
from tests.test_rules_results import WITHOUT_34


class Shipped(NamedTuple):
    """The shipped index with few draws."""

    con: Any
    spec: Spec
    run: Run


@pytest.fixture(scope="module")
def real() -> Iterator[Shipped]:
    loaded = load(Project(ROOT), Faults(), silent)
    assert loaded.spec.robustness is not None
    few = loaded.spec.robustness.model_copy(update={"draws": 1000})
    spec = loaded.spec.model_copy(update={"robustness": few})
    con = compute(loaded, Faults(), silent, is_held=False)
    yield Shipped(con, spec, run_draws(con, spec))
    con.close()


def test_draw_0_is_the_published_index_to_the_last_bit(real: Shipped) -> None:
    index, settings = real.run.index, real.run.settings
    assert set(real.run.draws.levels[0]) == {0}
    assert (real.run.draws.multipliers(np.array([0])) == 1).all()
    for one in real.run.cells:
        rows = real.con.execute(
            "select rank from ranked where edition = $1 and level = 'index' order by province_code",
            [one.edition],
        ).fetchall()
        assert real.run.ranks[one.edition][:, 0].tolist() == [rank or 0 for (rank,) in rows]
    assert settings.draws == real.run.ranks["2022"].shape[1]
    assert index.codes[index.tree.top] == "index"


def _rerun(real: Shipped, edition: str, draws: list[int]) -> dict[int, dict[str, tuple[Any, Any]]]:
    """Score and rank of the index in draws of one combination, each an edition of one chain."""
    run, levels = real.run, real.run.draws.levels[draws]
    declared, index = run.declared, run.index
    pairs = zip(declared.patches, levels[0], strict=True)
    spec = patched(index.spec, [patches[level] for patches, level in pairs if patches])
    # Nodes, provinces and editions are judged by what is published, not by the draw.
    free = {"province_coverage": 0.0, "pillar_coverage": 0.0, "node_coverage": 0.0}
    spec = spec.model_copy(update={"settings": spec.settings.model_copy(update=free)})
    con = store.connect()
    con.execute((store.SQL_FOLDER / "00_moments.sql").read_text("utf-8"))
    for name, frame in index_tables(spec).items():
        store.put_table(con, name, frame)
    store.put_table(con, "ref_provinces", real.con.sql("select * from ref_provinces").df())
    (year, scheme) = real.con.execute(
        "select reference_year, scheme from spec_editions where edition = $1", [edition]
    ).fetchall()[0]
    con.execute("delete from spec_editions")
    (one,) = [cells for cells in run.cells if cells.edition == edition]
    parameters = draws_of(index, declared, run.draws, one).block(np.array(draws))
    assert parameters.is_out is not None
    screened = []
    for k, d in enumerate(draws):
        con.execute("insert into spec_editions values ($1, $2, $3)", [str(d), year, scheme])
        part = real.con.execute("select * from screened where edition = $1", [edition]).df()
        _put_values(run, part, one, int(parameters.sets[k]))
        gone = {index.codes[node] for node in np.flatnonzero(parameters.is_out[k])}
        part["is_entered"] &= ~part["indicator"].isin(gone)
        screened.append(part.assign(edition=str(d)))
    store.put_table(con, "screened", pd.concat(screened))
    run_steps(con, Faults(), silent, first="imputed", last="weighted", is_held=False)
    times = [(str(d), *pair) for d, row in zip(draws, parameters.multipliers.tolist(), strict=True)
             for pair in zip(index.codes, row, strict=True)]  # fmt: skip
    store.put_table(con, "times", pd.DataFrame(times, columns=["edition", "node", "times"]))
    con.execute(
        "update weighted set weight_relative = weight_relative * times.times from times "
        "where weighted.edition = times.edition and weighted.node = times.node"
    )
    run_steps(con, Faults(), silent, first="aggregated", last="ranked", is_held=False)
    found: dict[int, dict[str, tuple[Any, Any]]] = {d: {} for d in draws}
    for name, code, score, rank in con.sql(
        "select edition, province_code, score, rank from ranked where level = 'index'"
    ).fetchall():
        found[int(name)][code] = score, rank
    con.close()
    return found


def _put_values(run: Run, screened: Any, one: Any, number: int) -> None:
    """The set of values of a draw in place of the published ones; all are observed here."""
    assert run.declared.values is not None
    sets = draw_values(one, run.declared.values, run.declared.seed, run.index.indicators)
    place = {code: i for i, code in enumerate(one.provinces)}
    column = {code: j for j, code in enumerate(run.index.indicators)}
    rows = screened["province_code"].map(place), screened["indicator"].map(column)
    screened["value"] = sets[number][rows[0].to_numpy(), rows[1].to_numpy()]


def test_100_draws_are_what_the_chain_publishes_with_the_same_parameters(real: Shipped) -> None:
    run, top = real.run, real.run.index.tree.top
    of_settings = [k for k, p in enumerate(run.declared.patches) if p is not None]
    number = combinations(run.draws.levels[:, of_settings])[1]
    way_of_draw = ways_of(run.index, run.declared, run.draws)[1]
    rng = np.random.default_rng(11)
    chosen = rng.choice(number.max() + 1, 4, replace=False)
    plan = zip(chosen, ["2022", "2022-34", "2018", "2021"], strict=True)
    n_draws = 0
    for combination, edition in plan:
        mine = np.flatnonzero(number == combination)
        draws = rng.choice(mine[mine > 0], 26, replace=False).tolist()
        (one,) = [cells for cells in run.cells if cells.edition == edition]
        block = draws_of(run.index, run.declared, run.draws, one).block(np.array(draws))
        (place,) = set(way_of_draw[draws].tolist())
        way = run.ways[edition][place]
        scores = score_block(run.index.tree, way, block)[top]
        found = _rerun(real, edition, draws)
        for k, d in enumerate(draws):
            pairs = [found[d][province] for province in one.provinces]
            np.testing.assert_allclose([p[0] for p in pairs], scores[:, k], rtol=0, atol=1e-10)
            assert [p[1] for p in pairs] == run.ranks[edition][:, d].tolist()
            n_draws += 1
    assert n_draws == 104


def test_intervals_hold_the_share_of_the_draws_that_they_claim(real: Shipped) -> None:
    for row in real.run.intervals:
        if row["node"] == "index":
            one = next(c for c in real.run.cells if c.edition == row["edition"])
            ranks = real.run.ranks[row["edition"]][one.provinces.index(row["province_code"])]
            inside = (ranks >= row["rank_low"]) & (ranks <= row["rank_high"])
            assert inside.mean() >= 0.9


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pa.Table]:
    """The tables of a toy with factors."""
    toy = Toy(tmp_path_factory.mktemp("drawn") / "toy")
    repeat_edition(toy)
    con, _ = drawn(toy)
    return robustness_tables(con, toy.load().spec)


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_table_has_the_columns_and_the_order_of_its_contract(
    name: str, tables: dict[str, pa.Table]
) -> None:
    table, schema = tables[name], contracts()[name].to_schema()
    assert list(COLUMNS[name]) == list(schema.columns)
    assert KEYS[name] == schema.unique
    keys = [tuple(row[key] for key in KEYS[name]) for row in table.to_pylist()]
    assert keys == sorted(keys)
    assert keys


def test_a_change_between_editions_is_made_by_the_same_choices_in_both(toy: Toy) -> None:
    repeat_edition(toy)
    con, run = drawn(toy, FACTORS.replace("    - name: values\n      values: {sets: 5}\n", ""))
    rows = list(change_rows(run))
    con.close()
    assert {(row["edition_from"], row["edition"]) for row in rows} == {("2022", "2022-again")}
    assert len(rows) == 6
    for row in rows:  # the same data: whatever is chosen, nothing changes
        assert {row[f"{what}_change{end}"] for what in ("score", "rank")
                for end in ("", "_low", "_high")} == {0}  # fmt: skip
        assert (row["share_better"], row["is_clear"]) == (0, False)


def test_a_change_has_the_interval_of_its_draws(real: Shipped) -> None:
    rows = [row for row in change_rows(real.run) if row["edition_from"] == "2020"]
    assert len(rows) == 63
    ranks = {edition: real.run.ranks[edition].astype(int) for edition in ("2020", "2021")}
    for p, row in enumerate(rows):
        places = ranks["2021"][p] - ranks["2020"][p]
        assert row["rank_change"] == places[0]
        inside = (places >= row["rank_change_low"]) & (places <= row["rank_change_high"])
        assert inside.mean() >= 0.9
        assert row["share_better"] == pytest.approx((places < 0).mean())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    toy: Toy, tmp_path: Path
) -> None:
    declare(toy)
    first = toy.index().manifest
    assert toy.index().manifest["files"] == first["files"]
    toy.edit("index.yml", "seed: 1", "seed: 2")
    other = toy.index().manifest["files"]
    assert other["robustness/draws.parquet"] != first["files"]["robustness/draws.parquet"]
    assert other["steps/ranked.parquet"] == first["files"]["steps/ranked.parquet"]


def test_without_factors_there_are_no_intervals_and_the_tables_are_empty(released: Toy) -> None:
    con = store.open_release(released.project.current)
    assert con.sql("select count(rank_low), count(score_high) from scores").fetchall() == [(0, 0)]
    for name in COLUMNS:
        assert con.sql(f'select count(*) from "{name}"').fetchall() == [(0,)]
    con.close()


def test_the_scores_hold_the_intervals_of_their_own_row(toy: Toy) -> None:
    declare(toy)
    toy.index()
    con = store.open_release(toy.project.current)
    assert (
        con.sql("""
        select count(*), count(scores.rank_low) from scores
        inner join intervals using (edition, province_code, node)
        where scores.score_low is not distinct from intervals.score_low
            and scores.rank_high is not distinct from intervals.rank_high
    """).fetchall()
        == con.sql("select count(*), count(rank) from scores").fetchall()
    )
    con.close()


def cells(**columns: list[Any]) -> Cells:
    """One indicator of a few provinces, observed exactly unless a column says otherwise."""
    n = len(columns["values"])
    plain = {"low": columns["values"], "high": columns["values"], "is_imputed": [False] * n,
             "is_provisional": [False] * n, "age": [0.0] * n}  # fmt: skip
    made = {key: np.array([[v] for v in values]) for key, values in (plain | columns).items()}
    return Cells("2022", [f"{k:02}" for k in range(n)], **made, entered=np.array([True]),
                 is_ranked=np.array([True] * n))  # fmt: skip


NAN = np.nan


@pytest.mark.parametrize(
    ("columns", "ends"),
    [
        ({}, (100, 100)),
        ({"low": [90.0], "high": [120.0]}, (90, 120)),
        ({"high": [NAN]}, (100, 125)),  # at least 100
        ({"low": [NAN]}, (75, 100)),  # at most 100
        ({"low": [NAN], "high": [NAN]}, (95, 105)),  # about 100
        ({"age": [3.0]}, (70, 130)),
        ({"is_provisional": [True]}, (98, 102)),
        ({"age": [1.0], "is_provisional": [True]}, (88, 112)),
    ],
)
def test_a_value_varies_as_far_as_its_source_leaves_open(
    columns: dict[str, list[Any]], ends: tuple[float, float]
) -> None:
    spread = ValueSpread(at_least=0.25, about=0.05, carried=0.1, provisional=0.02)
    low, high = ranges(cells(values=[100.0], **columns), spread, ["x"])
    assert (low.item(), high.item()) == pytest.approx(ends)


def test_a_register_may_lack_records_but_has_none_too_many() -> None:
    spread = ValueSpread(incomplete={"x": 0.2})
    low, high = ranges(cells(values=[8.0, 0.0]), spread, ["x"])
    assert low.ravel().tolist() == [8, 0]
    assert high.ravel().tolist() == pytest.approx([10, 0])  # 8 are four fifths of 10


def test_set_0_is_the_figures_and_the_others_fill_their_ranges() -> None:
    one = cells(values=[100.0, NAN, 7.0], low=[90.0, NAN, 7.0], high=[120.0, NAN, 7.0])
    sets = draw_values(one, ValueSpread(sets=500), 1, ["x"])[:, :, 0]
    assert sets[0].tolist()[::2] == [100, 7]
    assert 90 <= sets[1:, 0].min() < 91
    assert 119 < sets[1:, 0].max() <= 120
    assert np.isnan(sets[:, 1]).all()
    assert (sets[:, 2] == 7).all()


def test_an_imputed_value_is_drawn_from_the_observed_ones() -> None:
    one = cells(values=[1.0, 2.0, 3.0, 2.0], is_imputed=[False, False, False, True])
    sets = draw_values(one, ValueSpread(sets=300), 1, ["x"])[:, :, 0]
    assert set(sets[1:, 3]) == {1, 2, 3}
    assert sets[0, 3] == 2


def test_one_change_at_a_time_is_what_the_index_with_it_publishes(toy: Toy) -> None:
    con, run = drawn(toy)
    rows = list(one_at_a_time_rows(run))
    con.close()
    kinds = {row["factor"] for row in rows}
    assert kinds == {"normalisation", "aggregation", "left_out", "province"}
    found = {row["province_code"]: row["rank"] for row in rows
             if row["edition"] == "2022" and row["factor"] == "normalisation"}  # fmt: skip
    toy.edit(
        "index.yml", "normalise: {method: minmax, lower: 0", "normalise: {method: rank, lower: 0"
    )
    con = toy.compute()
    ranks = con.sql("select province_code, rank from scores where edition = '2022' and "
                    "level = 'index' and is_ranked").fetchall()  # fmt: skip
    assert found == dict(ranks)
    con.close()


def test_a_province_left_out_changes_the_scale_of_the_others(toy: Toy) -> None:
    toy.edit("index.yml", WITHOUT_34, "")
    con, run = drawn(toy)
    rows = [row for row in one_at_a_time_rows(run) if row["change"] == "01"]
    con.close()
    assert {row["province_code"] for row in rows} == set(run.cells[0].provinces) - {"01"}
    assert sorted(row["rank_published"] for row in rows)[0] == 1  # Hà Nội was first


def test_the_factor_that_alone_varies_has_the_whole_variance(toy: Toy) -> None:
    con, run = drawn(
        toy,
        """
robustness:
  draws: 10
  factors:
    - {name: weights, weights: {size: 0.9}}
    - {name: imputation, alternatives: [{impute: {method: mean, group: region}}]}
""",
    )
    rows = [row for row in sensitivity_rows(run, 1024, [("48", "49")])
            if row["edition"] == "2022" and row["variance"] > 0]  # fmt: skip
    con.close()
    assert {row["output"] for row in rows} >= {"mean_absolute_shift"}
    for row in rows:
        alone = row["factor"] == "weights"
        assert row["total"] == pytest.approx(float(alone), abs=0.15)


def test_dirichlet_weights_keep_the_sum_and_the_mean_of_the_siblings(toy: Toy) -> None:
    con, run = drawn(toy)
    factor = Factor.model_validate(
        {"name": "w", "weights": {"size": 50, "kind": "dirichlet", "levels": ["pillar"]}}
    )
    declared = declare_factors(run.index, run.cells, Robustness(factors=[factor]))
    draws = declared.space.sample(4096, 3)
    times = draws.multipliers(np.arange(4096))
    codes = run.index.codes
    pair = [codes.index("firms"), codes.index("property")]
    weights = times[1:, pair] * declared.space.shares[pair]
    shares = weights / weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares.mean(axis=0), declared.space.shares[pair], atol=0.005)
    ways, number = ways_of(run.index, declared, draws)
    assert {len(one) for one in ways.values()} == {1}
    assert set(number) == {0}
    con.close()


def test_intervals_of_ninety_percent_cover_a_known_truth_nine_times_in_ten() -> None:
    # The truth is known here: each figure is off by up to its share, as the source says.
    rng = np.random.default_rng(7)
    n_units, n_leaves, share = 40, 6, 0.1
    tree = Tree(np.array([6, 6, 6, 7, 7, 7, 8, 8, -1]), n_leaves)
    free = {"entered": np.ones(n_leaves, bool), "weights": np.ones(9),
            "methods": ["arithmetic"] * 3, "min_share": np.zeros(3)}  # fmt: skip
    covered: list[bool] = []
    for repeat in range(15):
        truth = rng.uniform(40, 60, (n_units, n_leaves))
        seen = truth / (1 + share * rng.uniform(-1, 1, truth.shape))
        one = Cells(
            "2022", [f"{k:02}" for k in range(n_units)], seen, seen, seen,
            np.zeros(seen.shape, bool), np.zeros(seen.shape, bool), np.ones(seen.shape),
            np.ones(n_leaves, bool), np.ones(n_units, bool),
        )  # fmt: skip
        codes = [f"x{j}" for j in range(n_leaves)]
        sets = draw_values(one, ValueSpread(sets=400, carried=share), repeat, codes)
        way = Way(leaves=sets, **free)
        found = simulate(tree, [way], np.zeros(401, int),
                         lambda rows: Block(np.ones((rows.size, 9)), rows), [8])  # fmt: skip
        scores = summarise_scores(found.scores[8], 0.9)
        plain = Block(np.ones((1, 9)), np.zeros(1, dtype=np.int64))
        true = score_block(tree, Way(leaves=truth[None], **free), plain)[8][:, 0]
        covered += ((scores.low <= true) & (true <= scores.high)).tolist()
    assert len(covered) == 600
    assert 0.85 <= np.mean(covered) <= 0.95
