"""Weighted: what every node weighs, worked out by hand, and equal to the array functions."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import store
from pipeline.build.choices import Weigh, WeighNode
from pipeline.build.inputs import Node
from pipeline.build.weighing import weigh as weigh_arrays
from pipeline.faults import Rejected
from pipeline.methods.aggregate import Climbed
from pipeline.methods.aggregate import climb as climb_arrays
from tests.conftest import given
from tests.steps import Rules, Tree, climb, leaves, rows_of, run, settings, step, tree

Con = duckdb.DuckDBPyConnection
Panel = dict[str, dict[str, float | None]]
Row = dict[str, Any]
NODES: Tree = {
    "index": (None, "index", 1),
    "input": ("index", "sub_index", 1),
    "output": ("index", "sub_index", 1),
    "people": ("input", "pillar", 1),
    "firms": ("output", "pillar", 1),
    "property": ("output", "pillar", 0.5),
    "a": ("people", "indicator", 1),
    "b": ("firms", "indicator", 1),
    "c": ("firms", "indicator", 3),
    "d": ("property", "indicator", 1),
}
FLAT: Tree = {"index": (None, "index", 1), **dict.fromkeys("abcd", ("index", "indicator", 1))}
# The units of docs/methods/weight.md.
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


def by(method: str, **more: Any) -> Row:
    """A row of rules with the choice of where the weights of the children come from."""
    return {"weigh": json.dumps({"method": method} | more)}


def weigh(
    con: Con, panel: Panel, how: Rules | None = None, nodes: Tree = FLAT, out: tuple[str, ...] = ()
) -> dict[str, Row]:
    """The rows of `weighted` by node; every province has the same weights."""
    settings(con)
    tree(con, nodes, how)
    leaves(con, panel, out)
    run(con, "75_weighted")
    found = con.sql(
        "select distinct node, is_entered, weight_relative, weight_share, weight, weight_declared, "
        "weight_origin, weight_remark, weight_remark_value from weighted"
    )
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert len(rows) == len(nodes)
    assert rows_of(con, "select count(*) from weighted") == [(len(nodes) * len(panel),)]
    return {row["node"]: row for row in rows}


def given_weights(con: Con, out: tuple[str, ...] = ()) -> dict[str, Row]:
    """The tree with given weights, of one province."""
    return weigh(con, {"01": dict.fromkeys("abcd", 1.0)}, None, NODES, out)


def shares(rows: dict[str, Row], codes: str = "abcd", column: str = "weight_share") -> list[float]:
    return [rows[code][column] for code in codes]


def test_declared_weights_are_the_products_along_the_path(con: Con) -> None:
    found = given_weights(con, ("b", "c", "d"))
    declared = {name: found[name]["weight_declared"] for name in "abcd"}
    # input 1/2 * people 1; output 1/2 * firms 2/3 * (b 1/4, c 3/4); output 1/2 * property 1/3
    assert declared == pytest.approx({"a": 1 / 2, "b": 1 / 12, "c": 1 / 4, "d": 1 / 6}, abs=1e-15)


def test_when_all_enter_the_effective_weights_are_the_declared_ones(con: Con) -> None:
    found = given_weights(con)
    assert all(row["weight"] == row["weight_declared"] for row in found.values())
    assert {row["weight_origin"] for row in found.values()} == {"given"}
    assert found["c"]["weight_relative"] == 3  # as it stands in the index, to the last bit


def test_an_indicator_that_is_out_gives_its_weight_to_its_siblings(con: Con) -> None:
    found = given_weights(con, ("c",))
    # firms keeps 1/2 * 2/3, all of it on b
    assert shares(found, column="weight") == pytest.approx([1 / 2, 1 / 3, 0, 1 / 6], abs=1e-15)
    assert shares(found, "bc") == [1, 0]


def test_a_pillar_with_no_entered_indicator_gives_its_weight_to_its_siblings(con: Con) -> None:
    found = given_weights(con, ("b", "c"))
    assert shares(found, column="weight") == [0.5, 0, 0, 0.5]  # property has all of output
    assert (found["firms"]["weight"], found["firms"]["is_entered"]) == (0, False)
    assert found["firms"]["weight_declared"] == pytest.approx(1 / 3, abs=1e-15)


def test_a_sub_index_with_no_entered_indicator_leaves_the_index_to_the_other(con: Con) -> None:
    found = given_weights(con, ("a",))
    # firms 2/3 * (1/4, 3/4), property 1/3
    assert shares(found, column="weight") == pytest.approx([0, 1 / 6, 1 / 2, 1 / 3], abs=1e-15)
    assert [found[node]["weight"] for node in ("input", "people", "output")] == [0, 0, 1]


def test_no_row_of_an_edition_is_lost_when_nothing_enters(con: Con) -> None:
    found = given_weights(con, tuple("abcd"))
    assert {row["weight"] for row in found.values()} == {0}
    assert sum(shares(found, column="weight_declared")) == pytest.approx(1, abs=1e-15)


def test_an_indicator_keeps_its_history_and_a_node_above_has_none(con: Con) -> None:
    given_weights(con)
    rows = rows_of(con, "select node, score, data_year, value_low is null from weighted "
                   "where node in ('a', 'people') order by node")  # fmt: skip
    assert rows == [("a", 1.0, 2022, True), ("people", None, None, True)]


def test_editions_are_weighed_one_by_one(con: Con) -> None:
    nodes: Tree = {"index": (None, "index", 1), **dict.fromkeys("ab", ("index", "indicator", 1))}
    settings(con)
    tree(con, nodes, {"index": by("critic")})
    # e: a and b alike but for the spread on 0-1, 0 50 100 and 0 0 100; f: b did not enter
    given(con, "normalised", edition=["e"] * 6 + ["f"] * 6, province_code=["1", "2", "3"] * 4,
          indicator=(["a"] * 3 + ["b"] * 3) * 2, is_entered=[True] * 9 + [False] * 3,
          score=[0.0, 50, 100, 0, 0, 100, 0, 50, 100, None, None, None],
          peer_group=None)  # fmt: skip
    run(con, "75_weighted")
    found = rows_of(con, "select distinct edition, node, weight, weight_origin from weighted "
                    "where level = 'indicator' order by 1, 2")  # fmt: skip
    # both have the same conflict, so the spreads decide: √(1/6) and √(2/9), 0.866 to 1
    part = math.sqrt(3) / (math.sqrt(3) + 2)
    assert [row[2] for row in found] == pytest.approx([part, 1 - part, 1, 0], abs=1e-12)
    assert [row[3] for row in found] == ["critic", "critic", "critic", "given"]


@over(
    weights=st.lists(st.floats(0.01, 100), min_size=9, max_size=9),
    out=st.sets(st.sampled_from("abcd")),
)
@limits(deadline=None, max_examples=15)
def test_effective_weights_of_the_entered_tree_add_to_one(
    weights: list[float], out: set[str]
) -> None:
    con = store.connect()
    con.execute(step("00_moments"))
    names = list(NODES)[1:]
    nodes = {"index": NODES["index"]} | {
        name: (*NODES[name][:2], weight) for name, weight in zip(names, weights, strict=True)
    }
    found = weigh(con, {"01": dict.fromkeys("abcd", 1.0)}, None, nodes, tuple(out))  # type: ignore[arg-type]
    assert sum(shares(found, column="weight")) == pytest.approx(float(len(out) < 4), abs=1e-12)
    assert sum(shares(found, column="weight_declared")) == pytest.approx(1, abs=1e-12)
    assert all((row["weight"] > 0) == row["is_entered"] for row in found.values())
    con.close()


def _entropy_by_hand() -> list[float]:
    """1 minus the entropy of each column of UNITS, brought to 1: docs/methods/weight.md."""
    parts = []
    for name in "abcd":
        seen = [row[name] for row in UNITS.values() if row[name] is not None]
        shares_of = [x / sum(seen) for x in seen]  # type: ignore[operator,arg-type,type-var]
        parts.append(1 + sum(p * math.log(p) for p in shares_of) / math.log(len(seen)))
    return [part / sum(parts) for part in parts]


@pytest.mark.parametrize(
    ("how", "expected", "remark"),
    [
        (by("equal"), [0.25] * 4, (None, None)),
        (by("entropy"), _entropy_by_hand(), (None, None)),
        # 4 : 2 : 1 : 1, compared without contradiction
        (
            by("hierarchy", matrix={"a": {"b": 2, "c": 4, "d": 4}, "b": {"c": 2, "d": 2},
                                    "d": {"c": 1}}),
            [0.5, 0.25, 0.125, 0.125],
            ("consistent", 0),
        ),
        # shares .4 .3 .2 .1, equal, .1 .2 .3 .4 and .5 .5 0 0
        (
            by("budget", points={"one": {"a": 40, "b": 30, "c": 20, "d": 10},
                                 "two": {"a": 1, "b": 1, "c": 1, "d": 1},
                                 "three": {"a": 10, "b": 20, "c": 30, "d": 40},
                                 "four": {"a": 5, "b": 5}}),
            [1.25 / 4, 1.25 / 4, 0.75 / 4, 0.75 / 4],
            ("experts", 4),
        ),
    ],
)  # fmt: skip
def test_each_method_gives_the_weights_worked_out_by_hand(
    con: Con, how: Row, expected: list[float], remark: tuple[str | None, float | None]
) -> None:
    found = weigh(con, UNITS, {"index": how})
    assert shares(found) == pytest.approx(expected, abs=1e-10)
    assert shares(found, column="weight") == shares(found)
    assert found["a"]["weight_origin"] == json.loads(how["weigh"])["method"]
    told = (found["a"]["weight_remark"], found["a"]["weight_remark_value"])
    assert told == (remark[0], remark[1] if remark[1] is None else pytest.approx(remark[1]))
    assert found["index"]["weight_origin"] == "given"


TWO: Tree = {"index": (None, "index", 1), **dict.fromkeys("ab", ("index", "indicator", 1))}
THREE: Tree = TWO | {"c": ("index", "indicator", 1)}


def test_principal_components_of_two_children_share_equally_whatever_their_weights(
    con: Con,
) -> None:
    panel: Panel = {code: {k: row[k] for k in "ab"} for code, row in UNITS.items()}
    nodes = TWO | {"a": ("index", "indicator", 7)}
    for components in ("rotated", "first"):
        found = weigh(con, panel, {"index": by("pca", components=components)}, nodes)
        assert shares(found, "ab") == pytest.approx([0.5, 0.5], abs=1e-12)
        assert found["b"]["weight_remark"] == f"{components}_components"
        assert found["b"]["weight_remark_value"] == 6


def test_critic_weighs_contrast_and_conflict(con: Con) -> None:
    # on 0-1 a = 0 1/2 1 and b the same, c = 1 0 1/2: one spread; 1 - r sums to 1.5, 1.5 and 3
    panel: Panel = {
        "01": {"a": 0, "b": 10, "c": 2}, "02": {"a": 1, "b": 20, "c": 0},
        "03": {"a": 2, "b": 30, "c": 1},
    }  # fmt: skip
    found = weigh(con, panel, {"index": by("critic")}, THREE)
    assert shares(found, "abc") == pytest.approx([0.25, 0.25, 0.5], abs=1e-12)


def test_equal_targets_of_two_children_weigh_them_inverse_to_their_spread(con: Con) -> None:
    panel: Panel = {code: {k: row[k] for k in "ab"} for code, row in UNITS.items()}
    a, b = (np.std([row[k] for row in panel.values()]) for k in "ab")  # type: ignore[arg-type]
    found = weigh(con, panel, {"index": by("target_correlation", targets={"a": 1, "b": 1})}, TWO)
    assert shares(found, "ab") == pytest.approx([b / (a + b), a / (a + b)], abs=1e-6)
    assert found["a"]["weight_remark"] == "targets_reached"
    targets = {"a": 0.1, "b": 1.0}
    how = by("target_correlation", targets=targets, is_relative=False)
    missed = weigh(con, panel, {"index": how}, TWO)
    assert missed["a"]["weight_remark"] == "targets_missed"
    assert 0.01 < missed["a"]["weight_remark_value"] < 1


def test_judges_who_contradict_themselves_are_reported(con: Con) -> None:
    # each 4 times the next: every row adds to 5.25, so the ratio is 2.25 / 2 / 0.58
    how = by("hierarchy", matrix={"a": {"b": 4}, "b": {"c": 4}, "c": {"a": 4}})
    found = weigh(con, {"01": dict.fromkeys("abc", 1.0)}, {"index": how}, THREE)
    assert shares(found, "abc") == pytest.approx([1 / 3] * 3)
    assert found["a"]["weight_remark"] == "inconsistent"
    assert found["a"]["weight_remark_value"] == pytest.approx(2.25 / 2 / 0.58)


def test_weights_of_people_are_rescaled_over_what_entered(con: Con) -> None:
    how = by("budget", points={"one": {"a": 20, "b": 30, "c": 50}})
    found = weigh(con, {"01": dict.fromkeys("abc", 1.0)}, {"index": how}, THREE, ("c",))
    assert shares(found, "abc") == pytest.approx([0.4, 0.6, 0])
    assert shares(found, "abc", "weight_declared") == pytest.approx([0.2, 0.3, 0.5])


def test_what_did_not_enter_keeps_its_given_part_of_weights_that_come_from_data(con: Con) -> None:
    nodes = THREE | {"c": ("index", "indicator", 2)}
    panel: Panel = {code: {k: row[k] for k in "abc"} for code, row in UNITS.items()}
    found = weigh(con, panel, {"index": by("pca")}, nodes, ("c",))
    assert shares(found, "abc") == pytest.approx([0.5, 0.5, 0])
    # c was given 2 of 4; a and b share the other half as the data say
    assert shares(found, "abc", "weight_declared") == pytest.approx([0.25, 0.25, 0.5])
    assert [found[n]["weight_origin"] for n in "abc"] == ["pca", "pca", "given"]
    assert found["c"]["weight_remark"] is None


def test_a_node_whose_children_are_all_out_keeps_its_given_weights(con: Con) -> None:
    how: Rules = {"firms": by("entropy"), "index": by("critic")}
    panel: Panel = {code: dict(row) for code, row in UNITS.items()}
    found = weigh(con, panel, how, NODES, ("b", "c"))
    assert shares(found, "bc", "weight_declared") == pytest.approx(
        [found["firms"]["weight_declared"] / 4, found["firms"]["weight_declared"] * 3 / 4]
    )
    assert shares(found, "bc") == [0, 0]
    assert found["b"]["weight_origin"] == "given"


def test_weights_above_rest_on_the_scores_that_the_weights_below_give(con: Con) -> None:
    nodes: Tree = {
        "index": (None, "index", 1),
        "p": ("index", "pillar", 1), "q": ("index", "pillar", 1), "r": ("index", "pillar", 1),
        "a": ("p", "indicator", 1), "b": ("p", "indicator", 9),
        "c": ("q", "indicator", 1), "d": ("r", "indicator", 1),
    }  # fmt: skip
    panel: Panel = {
        code: dict(zip("abcd", row, strict=True))
        for code, row in {
            "01": (0.0, 10.0, 5.0, 1.0), "02": (4.0, 6.0, 3.0, 2.0), "03": (8.0, 4.0, 1.0, 9.0),
        }.items()
    }  # fmt: skip
    found = weigh(con, panel, {"p": by("equal"), "index": by("entropy")}, nodes)
    # p = (a + b) / 2 = 5 5 6: the weights 1 and 9 play no part
    columns = [[5, 5, 6], [5, 3, 1], [1, 2, 9]]
    parts = []
    for column in columns:
        p = [x / sum(column) for x in column]
        parts.append(1 + sum(x * math.log(x) for x in p) / math.log(3))
    assert shares(found, "pqr") == pytest.approx([part / sum(parts) for part in parts], abs=1e-10)


def test_a_child_of_no_weight_takes_no_part_in_any_mean(con: Con) -> None:
    points = {"one": {"a": 1, "b": 1}}
    panel: Panel = {"01": {"a": 4.0, "b": 9.0, "c": 0.5}, "02": {"a": 1.0, "b": 4.0, "c": 99.0}}
    wide = {"province_coverage": 0.0, "pillar_coverage": 0.0}
    more = {
        "geometric": {"power": 0.0}, "median": {}, "mpi": {"penalty": -1.0}, "copeland": {},
        "arithmetic": {},
    }  # fmt: skip
    expected = {
        "geometric": [6, 2], "median": [6.5, 2.5], "mpi": [6.5 - 6.25 / 6.5, 2.5 - 2.25 / 2.5],
        "copeland": [100, 0], "arithmetic": [6.5, 2.5],
    }  # fmt: skip
    for method, extra in more.items():
        how = {"method": method} | extra | by("budget", points=points)
        found = climb(con, THREE, panel, rules={"index": how}, **wide)
        scores = [found[code, "index"]["score"] for code in panel]
        assert scores == pytest.approx(expected[method], abs=1e-10), method
        assert found["01", "c"]["weight_in_parent"] == 0


@pytest.mark.parametrize(
    ("how", "panel", "says"),
    [
        (by("pca"), {"01": {"a": 1.0, "b": 2.0}, "02": {"a": 2.0, "b": 5.0}}, "2 units have every"),
        (
            by("critic"),
            {f"{i:02}": {"a": 5.0, "b": float(i)} for i in range(5)},
            "column 'a' is constant",
        ),
        (by("entropy"), {f"{i:02}": {"a": -1.0 + i, "b": float(i)} for i in range(3)}, "negative"),
        (
            by("budget", points={"one": {"a": 0, "b": 0, "c": 5}}),
            {"01": {"a": 1.0, "b": 1.0, "c": None}},
            "children that did not enter",
        ),
    ],
)
def test_weights_that_cannot_be_found_are_refused_by_edition_and_node(
    con: Con, how: Row, panel: Panel, says: str
) -> None:
    with pytest.raises(Rejected) as refused:
        weigh(con, panel, {"index": how}, THREE if "c" in panel["01"] else TWO,
              ("c",) if "c" in panel["01"] else ())  # fmt: skip
    (fault,) = refused.value.faults
    assert fault.rule == "SCH-17"
    method = json.loads(how["weigh"])["method"]
    assert fault.details["problem"].startswith(f"index, {method} weights: ")
    assert fault.details["problem"].endswith(" (e)")
    assert says in fault.details["problem"]


# Steps and arrays on random trees.
MEANS = ("arithmetic", "geometric", "harmonic", "generalised", "median", "mpi", "copeland",
         "benefit_of_the_doubt")  # fmt: skip
WEIGHS = ("given", "equal", "pca", "entropy", "critic", "target_correlation", "hierarchy", "budget")
SCALE = (1.0, 100.0)


def random_choice(draw: random.Random, codes: list[str], is_lowest: bool) -> Row:
    """A choice of weights for some children, with whatever it takes.

    A search for target correlations ends within a tolerance of its own, wider than 1e-10 of the
    scores it starts from: it stands over indicators only, whose scores are the same to the bit.
    """
    method = draw.choice(WEIGHS if is_lowest else [w for w in WEIGHS if w[:6] != "target"])
    more: Row = {}
    if method == "pca":
        more["components"] = draw.choice(["rotated", "first"])
    elif method == "target_correlation":
        more["targets"] = {code: float(draw.randint(1, 3)) for code in codes}
    elif method == "hierarchy":
        more["matrix"] = {a: {b: float(draw.randint(1, 9)) for b in codes[i + 1 :]}
                          for i, a in enumerate(codes[:-1])}  # fmt: skip
    elif method == "budget":
        more["points"] = {f"e{i}": {code: float(draw.randint(0, 9)) + 0.5 * (i == 0)
                                    for code in codes} for i in range(2)}  # fmt: skip
    return {"method": method} | more


def random_case(draw: random.Random, t: int) -> Row:
    """A synthetic tree of any shape: means, choices of weights, scores, gaps, what is out."""
    n_inner, n_leaves, n = draw.randint(1, 4), draw.randint(4, 9), draw.randint(5, 9)
    inner = list(range(n_leaves, n_leaves + n_inner))
    parents = [inner[k] if k < n_inner else draw.choice(inner) for k in range(n_leaves)]
    parents += [draw.choice(inner[k + 1 :]) for k in range(n_inner - 1)] + [-1]
    codes = [f"t{t}_{k}" for k in range(len(parents))]
    means, parameters, choices = [], [], {}
    for k in inner:
        below = [codes[i] for i, parent in enumerate(parents) if parent == k]
        is_lowest = all(parent != k for parent in parents[n_leaves:])
        mean = draw.choice(MEANS)
        low, high = draw.choice([(0, 1), (0.5 / len(below), 1), (0, 1.2 / len(below))])
        means.append(mean)
        parameters.append({
            "generalised": {"power": draw.choice([-2.0, 0.5, 3.0])}, "mpi": {"penalty": 1},
            "copeland": dict(zip(("lower", "upper"), SCALE, strict=True)),
            "benefit_of_the_doubt": {"lower": low, "upper": min(high, 1.0)},
        }.get(mean, {}))  # fmt: skip
        is_own = mean == "benefit_of_the_doubt"  # each unit has weights of its own
        choices[codes[k]] = {} if is_own else random_choice(draw, below, is_lowest)
    return {
        "codes": codes, "parents": parents, "means": means, "parameters": parameters,
        "choices": choices, "weights": [float(draw.randint(1, 6)) for _ in parents],
        "panel": [[None if draw.random() < 0.1 else draw.uniform(*SCALE) for _ in range(n_leaves)]
                  for _ in range(n)],
        "entered": [draw.random() < 0.85 for _ in range(n_leaves)],
    }  # fmt: skip


def in_arrays(case: Row) -> tuple[np.ndarray, Climbed]:
    """Weights and the tree climbed with them, by the functions of `build`."""
    parents, codes = np.array(case["parents"]), case["codes"]
    n_leaves = len(case["entered"])
    x, entered = np.array(case["panel"], dtype=float), np.array(case["entered"])
    alive = set(np.flatnonzero(entered))
    for k in range(n_leaves, len(codes)):
        alive |= {k} if any(parents[i] == k for i in alive) else set()
    parameters = []
    for k, given_ones in enumerate(case["parameters"], n_leaves):
        own = dict(given_ones)
        if case["means"][k - n_leaves] == "benefit_of_the_doubt":  # raised until it can be met
            own["upper"] = max(own["upper"], 1 / max(1, sum(parents[i] == k for i in alive)))
        parameters.append(own)

    def climbed_with(weights: np.ndarray) -> Climbed:
        return climb_arrays(x, parents, weights, case["means"], 0.5 - 1e-9, entered, parameters)

    nodes = [
        Node(code, code, 1, None, 1, weight, "Indicator", None, None, None)
        for code, weight in zip(codes, case["weights"], strict=True)
    ]
    own = Weigh(nodes={code: WeighNode(**how) for code, how in case["choices"].items()})
    weights, _, _ = weigh_arrays(nodes, parents, own, climbed_with)
    return weights, climbed_with(weights)


def in_steps(con: Con, cases: list[Row]) -> dict[str, tuple[float, dict[str, float | None]]]:
    """For every node its relative weight and the score of each province, by the steps."""
    nodes: Tree = {}
    rules: Rules = {}
    panel: Panel = {}
    out: list[str] = []
    power = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0}
    for case in cases:
        codes, n_leaves = case["codes"], len(case["entered"])
        for k, (code, parent) in enumerate(zip(codes, case["parents"], strict=True)):
            level = "indicator" if k < n_leaves else "index" if parent < 0 else "pillar"
            nodes[code] = (None if parent < 0 else codes[parent], level, case["weights"][k])
        for k, (mean, own) in enumerate(zip(case["means"], case["parameters"], strict=True)):
            code = codes[n_leaves + k]
            named = {"power": power.get(mean, math.nan)} | own
            if mean == "benefit_of_the_doubt":
                named = {"pie_low": own["lower"], "pie_high": own["upper"]}
            rules[code] = {"method": mean, "weigh": json.dumps(case["choices"][code])} | {
                key: float(named[key])
                for key in ("power", "penalty", "pie_low", "pie_high")
                if key in named
            }
        for i, row in enumerate(case["panel"]):
            panel[f"{codes[0]}_{i}"] = dict(zip(codes, row, strict=False))
        out += [code for code, is_in in zip(codes, case["entered"], strict=False) if not is_in]
    settings(con, lower=SCALE[0], upper=SCALE[1])
    tree(con, nodes, rules)
    leaves(con, panel, tuple(out))
    run(con, "75_weighted", "80_aggregated")
    found: dict[str, tuple[float, dict[str, float | None]]] = {}
    for node, code, weight, score in rows_of(
        con, "select node, province_code, weight_relative, score from aggregated"
    ):
        found.setdefault(node, (weight, {}))[1][code] = score
    return found


@pytest.mark.parametrize("seed", [75, 76])
def test_random_trees_with_weights_of_every_kind_agree_with_the_array_functions(
    con: Con, seed: int
) -> None:
    draw = random.Random(seed)
    cases: list[Row] = []
    expected: list[tuple[np.ndarray, Climbed]] = []
    while len(cases) < 100:
        case = random_case(draw, len(cases))
        try:
            expected.append(in_arrays(case))
        except ValueError:  # a composite that is constant, too few complete units, …
            continue
        cases.append(case)
    found: dict[str, tuple[float, dict[str, float | None]]] = {}
    for start in range(0, len(cases), 50):  # a run makes every node for every province
        found |= in_steps(con, cases[start : start + 50])
    for case, (weights, climbed) in zip(cases, expected, strict=True):
        for k, code in enumerate(case["codes"]):
            weight, scores = found[code]
            assert weight == pytest.approx(weights[k], abs=1e-10), case
            own = [scores[f"{case['codes'][0]}_{i}"] for i in range(len(case["panel"]))]
            wanted = climbed.scores[:, k]
            np.testing.assert_allclose(np.array(own, float), wanted, rtol=0, atol=1e-10,
                                       err_msg=f"{code} {case}")  # fmt: skip
