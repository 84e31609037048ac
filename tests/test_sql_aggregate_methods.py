"""Methods of aggregation in SQL: by hand, and equal to the array functions on random trees."""

from __future__ import annotations

import math
import random
from itertools import chain
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from pipeline import store
from pipeline.methods.aggregate import climb as climb_arrays
from pipeline.spec import Spec, node_rows
from schemas.contributions import check_contribution_gap
from tests.conftest import Toy
from tests.steps import Rules, Tree, climb, leaves, run, settings, tree

Con = duckdb.DuckDBPyConnection
Panel = dict[str, dict[str, float | None]]
# The units and weights of docs/methods/aggregate.md.
UNITS: Panel = {
    code: dict(zip("abcd", row, strict=True))
    for code, row in {
        "01": (80.0, 60.0, 40.0, 20.0),
        "02": (60.0, 60.0, 50.0, None),
        "03": (100.0, 50.0, 25.0, 10.0),
        "04": (40.0, 40.0, 40.0, 40.0),
        "05": (20.0, 80.0, 60.0, 70.0),
        "06": (50.0, 30.0, 90.0, 60.0),
    }.items()
}
FLAT: Tree = {
    "index": (None, "index", 1), "a": ("index", "indicator", 2),
    **dict.fromkeys("bcd", ("index", "indicator", 1)),
}  # fmt: skip
POWER = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
METHODS = (
    "arithmetic", "geometric", "harmonic", "generalised", "median", "mpi", "copeland",
    "benefit_of_the_doubt",
)  # fmt: skip


def rule(method: str, **more: float) -> dict[str, Any]:
    """A row of rules, resolved as `index.yml` is."""
    if method == "benefit_of_the_doubt":
        more = {"pie_low": 0.0, "pie_high": 1.0} | more
    return {"method": method, "power": POWER.get(method, math.nan)} | more


def index_scores(
    con: Con, how: dict[str, Any], panel: Panel = UNITS, nodes: Tree = FLAT, **changed: float
) -> list[float | None]:
    wide = {"province_coverage": 0.0, "pillar_coverage": 0.0} | changed
    found = climb(con, nodes, panel, rules={"index": how}, **wide)
    return [found[code, "index"]["score"] for code in panel]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        # (2·80 + 60 + 40 + 20) / 5; B has no d, and 4 of the weight of 5
        (rule("arithmetic"), [56, (120 + 110) / 4, 57, 40, 50, 56]),
        (
            rule("geometric"),
            [(80**2 * 60 * 40 * 20) ** 0.2, (60**3 * 50) ** 0.25, 125_000_000**0.2, 40,
             (20**2 * 80 * 60 * 70) ** 0.2, (50**2 * 30 * 90 * 60) ** 0.2],
        ),
        (
            rule("harmonic"),
            [5 / (2 / 80 + 1 / 60 + 1 / 40 + 1 / 20), 4 / (3 / 60 + 1 / 50), 5 / 0.18, 40,
             5 / (2 / 20 + 1 / 80 + 1 / 60 + 1 / 70), 5 / (2 / 50 + 1 / 30 + 1 / 90 + 1 / 60)],
        ),
        (
            rule("generalised", power=2.0),
            [3680**0.5, (13300 / 4) ** 0.5, (23225 / 5) ** 0.5, 40, 3140**0.5, 3520**0.5],
        ),
        (rule("median"), [60, 60, 50, 40, 60, 50]),
        # A: variance (2·24² + 4² + 16² + 36²) / 5 = 544; C: 1396; E: 640; F: 384; B: 18.75
        (
            rule("mpi", penalty=-1.0),
            [56 - 544 / 56, 57.5 - 18.75 / 57.5, 57 - 1396 / 57, 40, 50 - 640 / 50, 56 - 384 / 56],
        ),
        (
            rule("mpi", penalty=1.0),
            [56 + 544 / 56, 57.5 + 18.75 / 57.5, 57 + 1396 / 57, 40, 50 + 640 / 50, 56 + 384 / 56],
        ),
        # Comparisons won of five: A beats all but E; D loses to all
        (rule("copeland"), [80, 60, 50, 0, 70, 40]),
        # As solved in docs/methods/aggregate.md; the weights 2, 1, 1, 1 play no part
        (
            rule("benefit_of_the_doubt"),
            [100, pytest.approx(4500 / 46, abs=1e-10), 100, pytest.approx(77.4929, abs=5e-5),
             100, 100],
        ),
    ],
)  # fmt: skip
def test_each_method_gives_the_numbers_worked_out_by_hand(
    con: Con, how: dict[str, Any], expected: list[float]
) -> None:
    found = index_scores(con, how)
    for score, wanted in zip(found, expected, strict=True):
        assert score == (wanted if hasattr(wanted, "abs") else pytest.approx(wanted, abs=1e-10))


CORNER: Panel = {
    code: dict(zip("ab", row, strict=True))
    for code, row in {
        "01": (4.0, 1.0),
        "02": (1.0, 4.0),
        "03": (2.0, 2.0),
        "04": (1.0, 1.0),
    }.items()
}
PAIR: Tree = {"index": (None, "index", 1), **dict.fromkeys("ab", ("index", "indicator", 1))}


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        # 01 and 02 are the frontier; weights (1/5, 1/5) pass through both
        ((0.0, 1.0), [100, 100, 80, 40]),
        # half of the score from each: 4 v = w, and 02 limits 01 to 17 v <= 1, a score of 8/17
        ((0.5, 1.0), [800 / 17, 800 / 17, 80, 40]),
        ((0.0, 0.5), [800 / 17, 800 / 17, 80, 40]),
    ],
)
def test_the_benefit_of_the_doubt_gives_each_province_its_best_weights(
    con: Con, bounds: tuple[float, float], expected: list[float]
) -> None:
    how = rule("benefit_of_the_doubt", pie_low=bounds[0], pie_high=bounds[1])
    assert index_scores(con, how, CORNER, PAIR) == pytest.approx(expected, abs=1e-10)
    scaled = index_scores(con, how, CORNER, PAIR, lower=1.0, upper=7.0)
    assert scaled == pytest.approx([score * 0.07 for score in expected], abs=1e-10)


def test_the_benefit_of_the_doubt_leaves_no_common_weight_and_no_contribution(con: Con) -> None:
    how = rule("benefit_of_the_doubt")
    wide = {"province_coverage": 0.0, "pillar_coverage": 0.0}
    found = climb(con, PAIR, CORNER, rules={"index": how}, **wide)
    for key in ("weight_in_parent", "weight_in_index", "contribution"):
        assert found["01", "a"][key] is None
    assert found["01", "index"]["weight_in_parent"] == 1
    told = (found["01", "a"]["weight_origin"], found["01", "a"]["weight_remark"])
    assert told == ("benefit_of_the_doubt", "own_weights")
    assert found["01", "a"]["weight_share"] == 0.5  # what it counts for in coverage


def test_bounds_that_too_few_entered_children_cannot_meet_are_raised(con: Con) -> None:
    nodes = PAIR | dict.fromkeys("cd", ("index", "indicator", 1))
    panel = {code: row | {"c": 1.0, "d": 1.0} for code, row in CORNER.items()}
    how = rule("benefit_of_the_doubt", pie_high=0.25)
    wide = {"province_coverage": 0.0, "pillar_coverage": 0.0}
    found = climb(con, nodes, panel, ("c", "d"), {"index": how}, **wide)
    scores = [found[code, "index"]["score"] for code in panel]
    assert scores == pytest.approx([800 / 17, 800 / 17, 80, 40], abs=1e-10)  # one half each


def test_a_province_of_the_frontier_that_is_below_the_threshold_flatters_nobody(con: Con) -> None:
    panel = CORNER | {"05": {"a": 100.0, "b": None}}
    how = rule("benefit_of_the_doubt", node_coverage=0.6)
    found = index_scores(con, how, panel, PAIR)
    assert found == pytest.approx([100, 100, 80, 40, None], abs=1e-10)


def test_the_order_of_provinces_changes_no_bit_of_the_benefit_of_the_doubt(con: Con) -> None:
    draw = random.Random(4)
    rows = [{k: draw.uniform(0, 100) for k in "abcd"} for _ in range(12)]
    how = rule("benefit_of_the_doubt")
    first = index_scores(con, how, {f"{i:02}": row for i, row in enumerate(rows)})
    last = index_scores(con, how, {f"{i:02}": row for i, row in enumerate(rows[::-1])})
    assert first == last[::-1]


def test_a_median_in_exact_halves_is_the_midpoint(con: Con) -> None:
    equal = FLAT | {"a": ("index", "indicator", 1)}
    found = index_scores(con, rule("median"), nodes=equal)
    assert found == pytest.approx([50, 60, 37.5, 40, 65, 55])  # A: 20 40 60 80; B: 50 60 60


def test_a_node_of_zeros_is_zero_by_the_methods_that_take_it(con: Con) -> None:
    zeros: Panel = {"01": dict.fromkeys("abcd", 0.0), "02": {**dict.fromkeys("abc", 0.0), "d": 5.0}}
    for how in (rule("generalised", power=0.5), rule("mpi", penalty=-1.0), rule("median")):
        assert index_scores(con, how, zeros)[0] == 0
    assert index_scores(con, rule("generalised", power=2.0), zeros)[1] == pytest.approx(5**0.5)


@pytest.mark.parametrize("power", [0.0, -1.0, 0.5, 3.0])
def test_a_mean_of_equal_scores_is_that_score_to_the_last_bit(con: Con, power: float) -> None:
    equal: Panel = {f"{i:02}": dict.fromkeys("abcd", s) for i, s in enumerate((100.0, 33.3, 0.7))}
    assert index_scores(con, rule("generalised", power=power), equal) == [100, 33.3, 0.7]
    for how in (rule("mpi", penalty=1.0), rule("mpi", penalty=-1.0)):
        assert index_scores(con, how, equal) == [100, 33.3, 0.7]


@pytest.mark.parametrize("power", [1e-12, -1e-9, 300.0, -300.0])
def test_no_power_overflows_or_loses_its_digits(con: Con, power: float) -> None:
    expected = {300.0: 80 * 0.4 ** (1 / 300), -300.0: 20 * 5 ** (1 / 300)}
    found = index_scores(con, rule("generalised", power=power))[0]
    geometric = (80**2 * 60 * 40 * 20) ** 0.2
    assert found == pytest.approx(expected.get(power, geometric), abs=1e-6)


def test_copeland_ties_count_half_and_values_equal_to_ten_decimals_favour_no_one(con: Con) -> None:
    nodes: Tree = {"index": (None, "index", 1), "a": ("index", "indicator", 1)}
    panel: Panel = {"01": {"a": 7.0}, "02": {"a": 7.0 + 1e-12}, "03": {"a": 5.0}}
    assert index_scores(con, rule("copeland"), panel, nodes) == [75, 75, 0]
    found = climb(con, nodes, panel, rules={"index": rule("copeland")})
    assert [found[code, "index"]["rank"] for code in panel] == [1, 1, 3]
    assert index_scores(con, rule("copeland"), panel, nodes, lower=1.0, upper=9.0) == [7, 7, 1]


def test_a_province_that_can_be_compared_with_none_says_so(con: Con) -> None:
    nodes: Tree = {"index": (None, "index", 1), **dict.fromkeys("ab", ("index", "indicator", 1))}
    panel: Panel = {"01": {"a": 7.0, "b": None}, "02": {"a": None, "b": 1.0}}
    found = climb(con, nodes, panel, rules={"index": rule("copeland")}, province_coverage=0.0)
    assert [found[c, "index"]["reason"] for c in panel] == ["nothing_to_compare"] * 2


def test_a_province_below_the_threshold_is_no_peer_of_the_others(con: Con) -> None:
    panel: Panel = {"01": {"a": 7.0}, "02": {"a": 5.0}, "03": {"a": 9.0}}
    panel = {code: row | dict.fromkeys("bcd", 1.0) for code, row in panel.items()}
    panel["03"] = {"a": 9.0, "b": None, "c": None, "d": None}
    how = rule("copeland", node_coverage=0.5)
    assert index_scores(con, how, panel) == [100, 0, None]  # a holds 2 of 5


def test_a_node_has_a_threshold_of_its_own(con: Con) -> None:
    assert index_scores(con, rule("geometric", node_coverage=0.9))[1] is None  # 4 of 5
    assert index_scores(con, rule("geometric", node_coverage=0.8))[1] is not None


def test_contributions_are_given_only_where_they_add_up(con: Con) -> None:
    nodes: Tree = {
        "index": (None, "index", 1), "p": ("index", "pillar", 1), "q": ("index", "pillar", 1),
        "a": ("p", "indicator", 1), "b": ("p", "indicator", 1),
        "c": ("q", "indicator", 1), "d": ("q", "indicator", 1),
    }  # fmt: skip
    wide = {"province_coverage": 0.0, "pillar_coverage": 0.0}
    panel: Panel = {"01": {"a": 10.0, "b": 40.0, "c": None, "d": 60.0}}
    plain = climb(con, nodes, panel, **wide)
    assert [plain["01", n]["contribution"] for n in "abd"] == [2.5, 10, 30]
    assert plain["01", "c"]["implied_score"] == 60
    mixed = climb(con, nodes, panel, rules={"p": rule("geometric")}, **wide)
    assert mixed["01", "index"]["score"] == pytest.approx((20 + 60) / 2)
    assert {mixed["01", n]["contribution"] for n in "abcd"} == {None}
    assert mixed["01", "c"]["implied_score"] == 60  # its own parent is arithmetic
    other = climb(con, nodes, panel, rules={"q": rule("median")}, **wide)
    assert other["01", "c"]["implied_score"] is None
    # a geometric pillar without an indicator in the edition takes no part in the index
    out = climb(con, nodes, panel, ("a", "b"), {"p": rule("geometric")}, **wide)
    assert out["01", "d"]["contribution"] == out["01", "index"]["score"] == 60


def random_case(draw: random.Random, scale: tuple[float, float]) -> dict[str, Any]:
    """A synthetic ragged tree in any order of nodes, with rules, scores, gaps and ties."""
    n_inner, n_leaves = draw.randint(1, 5), draw.randint(5, 9)
    inner = list(range(n_leaves, n_leaves + n_inner))
    parents = [inner[k] if k < n_inner else draw.choice(inner) for k in range(n_leaves)]
    parents += [draw.choice(inner[k + 1 :]) for k in range(n_inner - 1)] + [-1]
    rules = []
    for _ in inner:
        method = draw.choice(METHODS)
        parameters: dict[str, float] = {}
        if method == "generalised":
            parameters = {"power": draw.choice([-8, -1, -0.5, 0, 1e-7, 0.5, 1, 2, 9])}
        elif method == "mpi":  # with -1 on a wide scale a score may be below 0
            parameters = {"penalty": 1 if scale[0] < 70 else draw.choice([-1, 1])}
        elif method == "copeland":
            parameters = {"lower": scale[0], "upper": scale[1]}
        elif method == "benefit_of_the_doubt":
            parameters = {"lower": draw.choice([0.0, 0.05]), "upper": 1.0, "scale": scale[1]}
        rules.append((method, parameters, draw.choice([0.0, 0.25, 0.5, 0.625, 1.0])))

    def cell() -> float | None:
        if draw.random() < 0.2:
            return None
        ties = [*scale, 71.1, 71.1 + 2e-14, 80.0]
        return draw.choice(ties) if draw.random() < 0.4 else draw.uniform(*scale)

    return {
        "parents": parents, "rules": rules,
        "panel": [[cell() for _ in range(n_leaves)] for _ in range(draw.randint(1, 7))],
        "weights": [float(draw.randint(1, 6)) for _ in parents],
        "entered": [draw.random() < 0.85 for _ in range(n_leaves)],
    }  # fmt: skip


def in_sql(con: Con, cases: list[dict[str, Any]], scale: tuple[float, float]) -> list[np.ndarray]:
    """Scores of all nodes of each tree, shape (n_units, n_nodes), by one run of the SQL."""
    nodes: Tree = {}
    rules: Rules = {}
    panel: Panel = {}
    out: list[str] = []
    for t, case in enumerate(cases):
        n_leaves = len(case["entered"])
        for k, (parent, weight) in enumerate(zip(case["parents"], case["weights"], strict=True)):
            level = "indicator" if k < n_leaves else "index" if parent < 0 else "pillar"
            nodes[f"t{t}_{k}"] = (None if parent < 0 else f"t{t}_{parent}", level, weight)
        for k, (method, more, least) in enumerate(case["rules"], n_leaves):
            known = {key: float(more[key]) for key in ("power", "penalty") if key in more}
            if method == "benefit_of_the_doubt":
                known = {"pie_low": more["lower"], "pie_high": more["upper"]}
            rules[f"t{t}_{k}"] = rule(method, node_coverage=least, **known)
        for i, row in enumerate(case["panel"]):
            panel[f"t{t}_{i}"] = {f"t{t}_{k}": cell for k, cell in enumerate(row)}
        out += [f"t{t}_{k}" for k, is_in in enumerate(case["entered"]) if not is_in]
    settings(con, lower=scale[0], upper=scale[1])
    tree(con, nodes, rules)
    leaves(con, panel, tuple(out))
    run(con, "75_weighted", "80_aggregated")
    found = con.sql("select province_code, node, score from aggregated").fetchall()
    scores = {(code, node): score for code, node, score in found}
    return [
        np.array([[scores[f"t{t}_{i}", f"t{t}_{k}"] for k in range(len(case["parents"]))]
                  for i in range(len(case["panel"]))], dtype=float)
        for t, case in enumerate(cases)
    ]  # fmt: skip


def in_arrays(case: dict[str, Any]) -> np.ndarray:
    return climb_arrays(
        np.array(case["panel"], dtype=float),
        case["parents"],
        np.array(case["weights"]),
        [method for method, _, _ in case["rules"]],
        [least for _, _, least in case["rules"]],
        np.array(case["entered"]),
        [parameters for _, parameters, _ in case["rules"]],
    ).scores


@pytest.mark.parametrize("scale", [(1.0, 100.0), (70.0, 130.0)])
def test_random_trees_of_mixed_methods_agree_with_the_array_functions(
    con: Con, scale: tuple[float, float]
) -> None:
    draw = random.Random(20)
    cases = [random_case(draw, scale) for _ in range(150)]
    answers = [in_sql(con, cases[i : i + 30], scale) for i in range(0, len(cases), 30)]
    for case, found in zip(cases, chain(*answers), strict=True):
        np.testing.assert_allclose(found, in_arrays(case), rtol=0, atol=1e-10, err_msg=f"{case}")


def test_panels_of_the_size_of_the_country_agree_for_every_method(con: Con) -> None:
    draw = random.Random(63)
    more: dict[str, Any] = {"generalised": {"power": 0.5}, "mpi": {"penalty": -1},
                            "copeland": {"lower": 1.0, "upper": 100.0},
                            "benefit_of_the_doubt": {"lower": 0.1, "upper": 0.6}}  # fmt: skip
    cases = [
        {
            "parents": [8, 8, 8, 9, 9, 9, 10, 10, 10, 10, -1], "entered": [True] * 7 + [False],
            "weights": [1.0, 2, 3, 1, 1, 1, 2.5, 0.5, 1, 1, 1],
            "rules": [(method, more.get(method, {}), 0.5)] * 2 + [("arithmetic", {}, 0.5)],
            "panel": [[None if draw.random() < 0.1 else float(draw.randint(1, 100))
                       for _ in range(8)] for _ in range(63)],
        }
        for method in METHODS
    ]  # fmt: skip
    for case, found in zip(cases, in_sql(con, cases, (1.0, 100.0)), strict=True):
        np.testing.assert_allclose(found, in_arrays(case), rtol=0, atol=1e-10, err_msg=f"{case}")


INDEX = "index.yml"
ON_NODE = "{code: people, level: pillar, parent: input,"


def refusal(toy: Toy) -> tuple[str, str, int | None, str]:
    """Rule, text of the line, value and message of the one fault."""
    (fault,) = toy.faults()
    assert fault.place.row is not None
    line = (toy.root / INDEX).read_text("utf-8").splitlines()[fault.place.row - 1]
    return fault.rule, line.strip(), fault.value, str(fault.details)


@pytest.mark.parametrize(
    ("words", "rule_code", "says"),
    [
        ("aggregate: geometric", "SCH-17", "above 0"),
        ("aggregate: harmonic", "SCH-17", "above 0"),
        ("aggregate: generalised, power: -2", "SCH-17", "above 0"),
        ("aggregate: generalised, power: 0", "SCH-17", "above 0"),
        ("aggregate: generalised", "SCH-17", "'power'"),
        ("aggregate: median, power: 2", "SCH-17", "power goes with"),
        ("aggregate: median, penalty: 1", "SCH-17", "penalty goes with"),
        ("aggregate: best_of_all_worlds", "SCH-13", "benefit_of_the_doubt"),
        ("aggregate: median, pie_shares: [0, 1]", "SCH-17", "pie_shares goes with"),
        ("aggregate: benefit_of_the_doubt, pie_shares: [1, 0]", "SCH-17", "not be above"),
        ("aggregate: benefit_of_the_doubt, pie_shares: [0, 1/2]", "SCH-17", "cannot each bring"),
        ("aggregate: benefit_of_the_doubt, pie_shares: [0.5, 1]", "SCH-17", "above 0"),
        ("aggregate: benefit_of_the_doubt, pie_shares: [0.5]", "SCH-07", "at least 2"),
        ("aggregate: mpi, penalty: 2", "SCH-13", "1, -1"),
        ("node_coverage: 3/2", "SCH-17", "between 0 and 1"),
        ("aggregate: generalised, power: 2000", "SCH-07", "1000"),
    ],
)
def test_a_choice_that_cannot_be_computed_is_refused_on_its_line(
    toy: Toy, words: str, rule_code: str, says: str
) -> None:
    toy.edit(INDEX, ON_NODE, f"{ON_NODE} {words},")
    found = refusal(toy)
    assert found[0] == rule_code
    assert found[1].startswith("- {code: people")
    assert says in found[3]


@pytest.mark.parametrize("word", ["geometric", "harmonic", "generalised"])
def test_a_method_of_the_settings_is_refused_on_the_line_of_the_settings(
    toy: Toy, word: str
) -> None:
    toy.edit(INDEX, "aggregate: arithmetic", f"aggregate: {word}")
    found = refusal(toy)
    assert (found[0], found[1]) == ("SCH-17", f"aggregate: {word}")
    assert "people, firms, property" in found[3]


def test_a_geometric_mean_of_scores_that_may_be_negative_is_refused(toy: Toy) -> None:
    toy.edit(INDEX, "lower: 0,", "lower: 1,")
    toy.edit(INDEX, ON_NODE, f"{ON_NODE} aggregate: mpi,")
    toy.edit(INDEX, "{code: index,", "{code: index, aggregate: geometric,")
    found = refusal(toy)
    assert found[0] == "SCH-17"
    assert "-72.7" in found[3]  # 2√(2·1·100) - 101
    toy.edit(INDEX, "aggregate: mpi,", "aggregate: mpi, penalty: 1,")
    toy.load()


def test_the_benefit_of_the_doubt_needs_scores_of_0_or_more_and_a_best_score(toy: Toy) -> None:
    toy.edit(INDEX, ON_NODE, f"{ON_NODE} aggregate: benefit_of_the_doubt,")
    toy.edit(INDEX, "lower: 0, upper: 100", "lower: -10, upper: 0")
    assert {fault.rule for fault in toy.faults()} == {"SCH-17"}
    told = " ".join(str(fault.details["problem"]) for fault in toy.faults())
    assert "upper above 0" in told
    assert "needs scores of 0 or more" in told


def test_a_geometric_mean_may_stand_above_the_benefit_of_the_doubt_of_scores_above_0(
    toy: Toy,
) -> None:
    toy.edit(INDEX, "{code: output,", "{code: output, aggregate: benefit_of_the_doubt,")
    toy.edit(INDEX, "{code: index,", "{code: index, aggregate: geometric,")
    assert refusal(toy)[0] == "SCH-17"  # on a scale from 0 a province may score 0
    toy.edit(INDEX, "lower: 0,", "lower: 1,")
    con = toy.compute()
    (lowest,) = con.sql("select min(score) from scores where node = 'output'").fetchall()[0]
    assert lowest >= 1  # 1/100 of the best score, 100
    con.close()


def test_a_project_with_the_benefit_of_the_doubt_runs_to_a_release(toy: Toy) -> None:
    toy.edit(INDEX, "{code: output,", "{code: output, aggregate: benefit_of_the_doubt,")
    release = store.open_release(toy.index().release)  # which knows no function of the steps
    known = release.sql("select count(*) from duckdb_functions() "
                        "where function_name = 'benefit_of_the_doubt_of'")  # fmt: skip
    assert known.fetchall() == [(0,)]
    scores = dict(release.sql("select province_code, score from scores "
                              "where edition = '2022' and node = 'output'").fetchall())  # fmt: skip
    # firms 100 50 25 75 12.5 0, property 20 40 80 0 0 100 (tests/test_toy.py): on the frontier are
    # (100, 20) and (0, 100); 25 v + 80 w is most where 100 v + 20 w = 1 and 100 w = 1
    assert scores == pytest.approx(
        {"01": 100, "48": 80, "49": 100, "92": 75, "93": 12.5, "94": 100}, abs=1e-9
    )
    origins = release.sql("select node, origin, remark from weights where edition = '2022' "
                          "and parent = 'output' order by node").fetchall()  # fmt: skip
    assert origins == [(n, "benefit_of_the_doubt", "own_weights") for n in ("firms", "property")]
    release.close()


def spec_of(toy: Toy) -> Spec:
    return toy.load().spec


def test_the_publication_suite_excuses_only_contributions_that_are_left_out() -> None:
    scores = pd.DataFrame({
        "edition": ["e", "e"], "province_code": ["01", "02"], "level": "index",
        "score": [50.0, 60.0],
    })  # fmt: skip
    none = pd.DataFrame({
        "edition": ["e", "e"], "province_code": ["01", "02"], "contribution": [math.nan] * 2,
    })  # fmt: skip
    one = none.assign(contribution=[50.0, math.nan])
    other: list[dict[str, Any]] = [{"edition": "e", "is_additive": False}]
    for editions in ([{"edition": "e"}], [{"edition": "e", "is_additive": True}]):
        assert check_contribution_gap(scores, none, editions).tolist() == [50, 60]
    assert check_contribution_gap(scores, none, other).isna().all()
    assert check_contribution_gap(scores, one, other).tolist() == [0, 60]


def test_choices_are_resolved_into_the_table_of_nodes(toy: Toy) -> None:
    toy.edit(INDEX, "lower: 0,", "lower: 1,")
    toy.edit(INDEX, "aggregate: arithmetic", "aggregate: geometric")
    toy.edit(INDEX, ON_NODE, f"{ON_NODE} aggregate: mpi, penalty: 1, node_coverage: 2/3,")
    toy.edit(INDEX, "{code: firms,", "{code: firms, aggregate: generalised, power: 1,")
    toy.edit(INDEX, "{code: property,", "{code: property, aggregate: generalised, power: -2,")
    rows = {row["node"]: row for row in node_rows(spec_of(toy))}
    keys = ("method", "power", "penalty", "node_coverage")
    found = {
        node: [rows[node][k] for k in keys] for node in ("index", "people", "firms", "property")
    }
    nan = pytest.approx(math.nan, nan_ok=True)
    assert found == {
        "index": ["geometric", 0, nan, 0.5],
        "people": ["mpi", nan, 1, pytest.approx(2 / 3)],
        "firms": ["arithmetic", 1, nan, 0.5],  # power 1 is the arithmetic mean
        "property": ["generalised", -2, nan, 0.5],
    }
    assert rows["trained_share"]["method"] is None


def test_a_project_with_other_means_runs_to_a_release_without_contributions(toy: Toy) -> None:
    toy.edit(INDEX, "lower: 0,", "lower: 1,")
    toy.edit(INDEX, "{code: index,", "{code: index, aggregate: geometric,")
    con = toy.compute()
    scores = dict(con.sql(
        "select node, score from ranked where edition = '2022' and province_code = "
        "(select min(province_code) from ranked where level = 'index' and is_ranked and "
        "edition = '2022') and level in ('index', 'sub_index')").fetchall())  # fmt: skip
    assert scores["index"] == pytest.approx(math.sqrt(scores["input"] * scores["output"]))
    assert con.sql("select count(contribution) from indicators").fetchall() == [(0,)]
