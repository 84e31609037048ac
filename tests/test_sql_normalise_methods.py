"""Every method of normalisation that `index.yml` may choose: SQL against arrays, and by hand."""

from __future__ import annotations

from itertools import product
from math import inf
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipeline.choices.scales import (
    Normalise,
    NormaliseIndicator,
    refuse_unscalable,
    scale_row,
    score_range,
)
from pipeline.faults import Faults
from pipeline.methods.normalise import PARAMETERS, normalise
from schemas.score_ranges import indicator_ranges, node_ranges
from tests.breaking import INDEX, fired, line_of
from tests.conftest import ROOT, Toy, given
from tests.steps import indicators, rows_of, settings, step

Con = duckdb.DuckDBPyConnection
NORMALISED = step("70_normalised")
EDITIONS = ("2022", "2021")
MINMAX = "{method: minmax, lower: 0, upper: 100}"
TIES = ("average", "better", "worse")
RANGES: tuple[dict[str, float], ...] = ({}, {"lower": 1, "upper": 10}, {"lower": -5.5})
CHOICES: list[dict[str, Any]] = [
    {"method": "minmax"},
    *({"method": "goalposts", "bounds": [-3, 4], "clip": clip} for clip in (True, False)),
    {"method": "zscore"},
    {"method": "zscore", "mean": 0, "sd": 1},
    *({"method": m, "ties": t} for m in ("rank", "borda", "percentile_rank") for t in TIES),
    *({"method": m} for m in ("rank", "borda", "percentile_rank")),
    {"method": "distance_to_best"},
    *({"method": "distance_to_target", "target": None, "capped": c} for c in (True, False)),
    *({"method": "distance_to_reference", "reference": "03", "capped": c} for c in (True, False)),
    {"method": "fraction_of_best"},
    {"method": "mazziotta_pareto"},
    {"method": "mazziotta_pareto", "variant": "ampi"},
    {"method": "mazziotta_pareto", "variant": "ampi", "bounds": [-4, 9], "centre": 1.5},
]


def scored(
    con: Con,
    columns: dict[str, list[float | None]],
    choices: dict[str, dict[str, Any]],
    directions: dict[str, int] | None = None,
    editions: tuple[str, ...] = ("e",),
    panel: str = "edition",
    **treated: Any,
) -> dict[str, list[float | None]]:
    """Scores of each column, whose values run over the provinces of one edition after another."""
    common = Normalise(method="minmax", panel=panel)  # type: ignore[arg-type]
    settings(con, is_together=panel == "together")
    indicators(con, *(
        {"indicator": name, "direction": (directions or {}).get(name, 1),
         **scale_row(common, NormaliseIndicator(**choices.get(name, {})))}
        for name in columns
    ))  # fmt: skip
    n = len(next(iter(columns.values()))) // len(editions)
    given(con, "treated", **{
        "edition": [e for _ in columns for e in editions for _ in range(n)],
        "province_code": [f"{p + 1:02}" for _ in columns for _ in editions for p in range(n)],
        "indicator": [name for name in columns for _ in range(n * len(editions))],
        "treated_value": pd.array([v for c in columns.values() for v in c], dtype="Float64"),
        "is_entered": True, "treatment": "none", **treated,
    })  # fmt: skip
    con.execute(NORMALISED)
    # The order of the editions is that of the columns, not of the alphabet.
    found = {name: [] for name in columns}  # type: ignore[var-annotated]
    scores = {row[:3]: row[3] for row in rows_of(
        con, "select indicator, edition, province_code, score from normalised")}  # fmt: skip
    for name in columns:
        found[name] = [scores[name, e, f"{p + 1:02}"] for e in editions for p in range(n)]
    return found


def panel_of(seed: int, choice: dict[str, Any], direction: int) -> np.ndarray:
    """A synthetic column of two editions of 9 provinces: missing values, ties and negatives."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.3, 3, 18) if seed % 2 else rng.integers(-4, 5, 18).astype(float)
    x[rng.random(18) < 0.2] = np.nan
    for start in (0, 9):
        x[start], x[start + 1] = -6 * direction, 6 * direction  # worst and best of the edition
        x[start + 2] = rng.integers(0, 3)  # province 03, the reference
        x[start + 3] = x[start + 4] = 2.5
    if choice["method"] == "fraction_of_best":
        x = np.abs(x) + (direction < 0)
        x[0] = 0 if direction > 0 else 0.5
    return x


@pytest.mark.parametrize("panel", ["edition", "together"])
def test_sql_gives_the_numbers_of_the_arrays(con: Con, panel: str) -> None:
    columns: dict[str, Any] = {}
    expected, choices, directions = {}, {}, {}
    cases = product(CHOICES, (1, -1), RANGES, (0, 1))
    for seed, (made, direction, span, odd) in enumerate(cases):
        if made["method"] == "distance_to_reference" and panel == "together":
            continue  # refused in index.yml: a reference has a value per edition
        name, choice = f"x{seed}", {**made, **span}
        if "target" in choice:
            choice["target"] = 3 * direction
        x = panel_of(2 * seed + odd, choice, direction)
        given_too = {k: v for k, v in choice.items() if k not in ("method", "reference")}
        if "bounds" in choice:
            given_too["bounds"] = [choice["bounds"]]
        if "reference" in choice:
            given_too["reference"] = {"2022": 2, "2021": 11}
        groups = ["2022"] * 9 + ["2021"] * 9 if panel == "edition" else None
        expected[name] = normalise(
            x[:, None], choice["method"], direction, groups=groups, **given_too
        )[:, 0]
        columns[name] = [None if np.isnan(v) else v for v in x]
        choices[name], directions[name] = choice, direction
    assert {choice["method"] for choice in choices.values()} >= set(PARAMETERS) - {
        "distance_to_reference"
    }
    found = scored(con, columns, choices, directions, EDITIONS, panel)
    for name, wanted in expected.items():
        got = np.array([np.nan if v is None else v for v in found[name]])
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-10, err_msg=str(choices[name]))


# 10, 20, 20, 40, 50 and a missing value, as on docs/methods/normalise.md; mean 28, squares 1080.
@pytest.mark.parametrize(
    ("choice", "direction", "scores"),
    [
        ({"method": "minmax"}, 1, [0, 25, 25, 75, 100]),
        ({"method": "minmax"}, -1, [100, 75, 75, 25, 0]),
        ({"method": "distance_to_best", "lower": 1, "upper": 5}, 1, [1, 2, 2, 4, 5]),
        ({"method": "goalposts", "bounds": [0, 40]}, 1, [25, 50, 50, 100, 100]),
        ({"method": "goalposts", "bounds": [0, 40], "clip": False}, 1, [25, 50, 50, 100, 125]),
        ({"method": "goalposts", "bounds": [0, 40], "clip": False}, -1, [75, 50, 50, 0, -25]),
        # s = sqrt(1080 / 4) = 16.4317: 50 - 10 * 18 / s = 39.0455
        ({"method": "zscore"}, 1, [39.0455, 45.1314, 45.1314, 57.3030, 63.3888]),
        ({"method": "zscore", "mean": 0, "sd": 1}, -1, [1.0954, 0.4869, 0.4869, -0.7303, -1.3389]),
        ({"method": "rank"}, 1, [0, 50, 50, 75, 100]),
        ({"method": "borda"}, 1, [0, 37.5, 37.5, 75, 100]),
        ({"method": "percentile_rank", "ties": "worse"}, 1, [0, 25, 25, 75, 100]),
        ({"method": "rank"}, -1, [100, 75, 75, 25, 0]),
        ({"method": "distance_to_target", "target": 30}, 1, [0, 50, 50, 150, 200]),
        ({"method": "distance_to_target", "target": 30, "capped": True}, -1,
         [100, 100, 100, 50, 0]),
        ({"method": "distance_to_reference", "reference": "04"}, 1,
         [0, 100 / 3, 100 / 3, 100, 400 / 3]),
        ({"method": "fraction_of_best"}, 1, [20, 40, 40, 80, 100]),
        ({"method": "fraction_of_best"}, -1, [100, 50, 50, 25, 20]),
        # s = sqrt(1080 / 5) = 14.6969: 100 - 10 * 18 / s = 87.7526
        ({"method": "mazziotta_pareto"}, 1, [87.7526, 94.5567, 94.5567, 108.1650, 114.9691]),
        ({"method": "mazziotta_pareto", "variant": "ampi"}, 1, [73, 88, 88, 118, 133]),
        ({"method": "mazziotta_pareto", "variant": "ampi", "bounds": [0, 60], "centre": 20}, 1,
         [90, 100, 100, 120, 130]),
        ({"method": "mazziotta_pareto", "variant": "ampi", "bounds": [0, 60], "centre": 20}, -1,
         [110, 100, 100, 80, 70]),
    ],
)  # fmt: skip
def test_each_method_gives_the_numbers_worked_by_hand(
    con: Con, choice: dict[str, Any], direction: int, scores: list[float]
) -> None:
    found = scored(con, {"x": [10, 20, 20, 40, 50, None]}, {"x": choice}, {"x": direction})
    assert found["x"][5] is None
    assert found["x"][:5] == pytest.approx(scores, abs=5e-5)


def test_all_editions_together_share_one_scale(con: Con) -> None:
    values = {"x": [0.0, 10.0, 20.0, 40.0]}  # two editions of two provinces
    apart = scored(con, values, {}, editions=EDITIONS)
    assert apart == {"x": [0, 100, 0, 100]}
    assert scored(con, values, {}, editions=EDITIONS, panel="together") == {"x": [0, 25, 50, 100]}


def scores_of(toy: Toy) -> dict[tuple[str, str, str], float]:
    """Score of each edition, province and indicator of a toy index."""
    query = (
        "select edition, province_code, indicator, score from normalised where score is not null"
    )
    return {row[:3]: row[3] for row in rows_of(toy.compute(), query)}


def test_a_node_turned_round_turns_all_its_indicators(toy: Toy) -> None:
    before = scores_of(toy)
    toy.edit(INDEX, "{code: firms, level: pillar,", "{code: firms, level: pillar, direction: -1,")
    firms = {"new_per_10000", "startups_per_million"}
    after = scores_of(toy)
    assert firms & {key[2] for key in after}
    for key, score in before.items():
        assert after[key] == pytest.approx(100 - score if key[2] in firms else score), key


def test_a_node_turned_within_a_node_turned_stands_as_it_was(toy: Toy) -> None:
    before = scores_of(toy)
    toy.edit(INDEX, "{code: firms, level: pillar,", "{code: firms, level: pillar, direction: -1,")
    toy.edit(INDEX, "{code: output,", "{code: output, direction: -1,")
    after = scores_of(toy)
    for key, score in before.items():
        assert after[key] == pytest.approx(100 - score if key[2] == "gi_per_million" else score)


def own(toy: Toy, choice: str) -> None:
    """Give the first indicator of the toy a scale of its own."""
    held = "    numerator: trained_share_pct\n"
    toy.edit(INDEX, held, f"{held}    treat: false\n    normalise: {choice}\n")


def test_an_indicator_keeps_what_it_does_not_name(toy: Toy) -> None:
    toy.edit(INDEX, MINMAX, "{method: zscore, lower: 10, upper: 20, sd: 3}")
    own(toy, "{method: rank, upper: 30}")
    found = scores_of(toy)
    ranks = [score for key, score in found.items() if key[2] == "trained_share"]
    assert (min(ranks), max(ranks)) == (10, 30)
    rest = [s for key, s in found.items() if key[0] == "2022" and key[2] == "new_per_10000"]
    assert (np.mean(rest), np.std(rest, ddof=1)) == (pytest.approx(15), pytest.approx(3))


def test_an_index_of_scores_beyond_0_to_100_is_published(toy: Toy) -> None:
    from schemas.publish import check_published

    toy.edit(INDEX, MINMAX, "{method: zscore, mean: 0, sd: 1}")
    assert toy.index(check_published).release.is_dir()


@pytest.mark.parametrize(
    ("choice", "rule", "value", "problem"),
    [
        ("{method: zcore}", "SCH-13", "zcore", "zscore"),
        ("{method: goalposts}", "SCH-17", "method", "needs bounds"),
        ("{method: goalposts, bounds: [40, 0]}", "SCH-17", "bounds", "must be below"),
        ("{method: goalposts, bounds: [40]}", "SCH-07", [40], "at least 2"),
        ("{method: distance_to_target}", "SCH-17", "method", "needs target"),
        ("{method: distance_to_reference}", "SCH-17", "method", "needs reference"),
        ('{method: distance_to_reference, reference: "99"}', "SCH-17", "reference", "no province"),
        ("{lower: 100}", "SCH-17", "lower", "lower must be below upper"),
        ("{upper: -1}", "SCH-17", "upper", "lower must be below upper"),
        ("{method: rank, ties: best}", "SCH-13", "best", "better"),
        ("{method: zscore, sd: 0}", "SCH-07", 0, "greater than 0"),
        ("{method: zscore, target: 3}", "SCH-17", "target", "takes no target"),
        ("{method: mazziotta_pareto, bounds: [0, 1]}", "SCH-17", "bounds", "only the variant ampi"),
        ("{method: rank, points: true}", "SCH-05", "points", "–"),
    ],
)
def test_an_impossible_scale_of_an_indicator_is_refused_on_its_line(
    toy: Toy, choice: str, rule: str, value: Any, problem: str
) -> None:
    own(toy, choice)
    fault = fired(toy, rule, INDEX, line_of(toy, INDEX, "normalise: " + choice), None, value)
    assert problem in str(fault.details)


@pytest.mark.parametrize(
    ("choice", "rule", "value", "line"),
    [
        ("{method: mean}", "SCH-13", "mean", "  normalise:"),
        ("{method: minmax, lower: 5, upper: 5}", "SCH-17", "lower", "  normalise:"),
        ("{method: minmax, upper: -5}", "SCH-17", "upper", "  normalise:"),
        ("{method: minmax, sd: 3}", "SCH-17", "sd", "  normalise:"),
        ("{method: minmax, panel: both}", "SCH-13", "both", "  normalise:"),
        ('{method: distance_to_reference, reference: "02"}', "SCH-17", "reference", "  normalise:"),
        ('{method: distance_to_reference, reference: "01", panel: together}', "SCH-17", "method",
         "  normalise:"),
        ("{method: goalposts}", "SCH-17", "method", "  normalise:"),
    ],
)  # fmt: skip
def test_an_impossible_common_scale_is_refused_on_its_line(
    toy: Toy, choice: str, rule: str, value: Any, line: str
) -> None:
    toy.edit(INDEX, MINMAX, choice)
    fired(toy, rule, INDEX, line_of(toy, INDEX, line), None, value)


@pytest.mark.parametrize(
    ("column", "choice", "direction", "problem"),
    [
        ([1, 2, 3], {"method": "distance_to_target", "target": 1}, 1, "no better than the worst"),
        ([1, 2, 3], {"method": "distance_to_target", "target": 4}, -1, "no better than the worst"),
        ([1, 2, None], {"method": "distance_to_reference", "reference": "03"}, 1, "has no value"),
        ([-1, 2, 3], {"method": "fraction_of_best"}, 1, "values above 0"),
        ([0, 2, 3], {"method": "fraction_of_best"}, -1, "values above 0"),
    ],
)
def test_values_that_a_method_cannot_scale_are_refused_by_name(
    con: Con, column: list[float | None], choice: dict[str, Any], direction: int, problem: str
) -> None:
    scored(con, {"x": column}, {"x": choice}, {"x": direction})
    faults = Faults()
    refuse_unscalable(con, faults)
    assert [(f.rule, f.value) for f in faults.rejecting()] == [("SCH-17", "x")]
    assert problem in str(faults.rejecting()[0].details["problem"])
    options = {k: v for k, v in choice.items() if k not in ("method", "reference")}
    options |= {"reference": 2} if "reference" in choice else {}
    x = np.array([[np.nan if v is None else v] for v in column])
    with pytest.raises(ValueError, match="column 0"):  # the arrays refuse the same
        normalise(x, choice["method"], direction, **options)


def test_a_fixed_scale_is_refused_for_values_that_became_logarithms(con: Con) -> None:
    scored(con, {"x": [1, 2, 3]}, {"x": {"method": "goalposts", "bounds": [0, 9]}}, treatment="log")
    faults = Faults()
    refuse_unscalable(con, faults)
    assert "logarithm" in str(faults.rejecting()[0].details["problem"])


def test_a_constant_indicator_has_a_score_between_goalposts_only(con: Con) -> None:
    posts = {"method": "goalposts", "bounds": [0, 10]}
    scored(con, {"x": [5, 5], "y": [5, 5]}, {"x": posts})
    faults = Faults()
    refuse_unscalable(con, faults)
    assert [(f.rule, f.value) for f in faults.rejecting()] == [("SEM-07", "y")]
    assert rows_of(con, "select distinct score from normalised where indicator = 'x'") == [(50,)]


def test_a_constant_edition_is_scaled_with_the_others(con: Con) -> None:
    values = {"x": [5.0, 5.0, 0.0, 10.0]}
    assert scored(con, values, {}, None, EDITIONS, "together") == {"x": [50, 50, 0, 100]}
    faults = Faults()
    refuse_unscalable(con, faults)
    assert faults.rejecting() == []


@pytest.mark.parametrize(
    ("choice", "kept"),
    [
        ({}, (0, 100)),
        ({"method": "rank", "lower": 1, "upper": 7}, (1, 7)),
        ({"method": "goalposts", "bounds": [0, 1]}, (0, 100)),
        ({"method": "goalposts", "bounds": [0, 1], "clip": False}, None),
        ({"method": "distance_to_target", "target": 1, "capped": True}, (0, 100)),
        ({"method": "distance_to_target", "target": 1}, None),
        ({"method": "zscore"}, None),
        ({"method": "mazziotta_pareto"}, None),
    ],
)
def test_the_range_that_scores_cannot_leave(
    choice: dict[str, Any], kept: tuple[float, float] | None
) -> None:
    assert score_range(Normalise(method="minmax"), NormaliseIndicator(**choice)) == kept


def bounds_of(rules: list[Any]) -> list[tuple[Any, ...]]:
    """Bounds of each rule, and the rows it is for."""
    return [(r.args["min_value"], r.args["max_value"], r.where) for r in rules]


def test_the_suite_asserts_the_range_where_one_is_kept() -> None:
    plain = [(0, 100, ())]
    for editions in ([{}], [{"score_ranges": {"a": (0.0, 100.0)}, "node_range": (0.0, 100.0)}]):
        assert bounds_of(indicator_ranges(editions)) == plain
        assert bounds_of(node_ranges(editions)) == plain
    mixed = [{"score_ranges": {"a": (0.0, 100.0), "b": None}, "node_range": (-inf, inf)}]
    assert bounds_of(indicator_ranges(mixed)) == [(0, 100, (("indicator", "a"),))]
    assert node_ranges(mixed) == []
    assert bounds_of(node_ranges([{"node_range": (0.0, 150.0)}])) == [
        (pytest.approx(0, abs=1e-6), pytest.approx(150, abs=1e-6), ())
    ]
    assert indicator_ranges([{"score_ranges": {"a": None}}]) == []


def test_a_geometric_mean_over_scores_that_may_leave_their_range_is_refused(toy: Toy) -> None:
    toy.edit("index.yml", "normalise: {method: minmax, lower: 0, upper: 100}",
             "normalise: {method: minmax, lower: 1, upper: 100}")  # fmt: skip
    toy.edit("index.yml", "aggregate: arithmetic", "aggregate: geometric")
    toy.load()
    toy.edit("index.yml", "normalise: {method: minmax", "normalise: {method: zscore")
    assert {fault.rule for fault in toy.faults()} == {"SCH-17"}


def test_the_method_page_names_every_method_and_every_key() -> None:
    page = (ROOT / "docs/method.md").read_text("utf-8")
    section = page[page.index("## 7. ") : page.index("## 8. ")]
    keys = set(Normalise.model_fields) | set(NormaliseIndicator.model_fields)
    said = [f"`{name}" for name in keys | set(PARAMETERS)]
    assert [name for name in said if name not in section] == []
