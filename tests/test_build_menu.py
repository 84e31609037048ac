"""The menu of `build`: each method and key can be chosen in YAML, what cannot be is refused first.

Both halves walk the models, so that a new choice fails here until it is tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
import yaml
from pydantic import BaseModel

from pipeline.build import run as build_run
from pipeline.build.chain import Built, run_chain
from pipeline.build.choices import Methods, read_methods
from pipeline.build.inputs import read_inputs
from pipeline.faults import Faults, explain_fault
from tests.building import DATA, META, Example

TIMES = "uCode,Time,a,b,c,d,e,region\n" + "".join(
    f"u{u},{2020 + t},{u + t},{7 - u - t % 2},{u * u + t},{1 + u % 2},"
    f"{'NA' if u == t else u * t + u},{'north' if u < 4 else 'south'}\n"
    for t in range(3)
    for u in range(1, 7)
)
SCALES = [
    "method: minmax, lower: 1, upper: 9",
    "method: goalposts, bounds: [-10, 90], clip: true",
    "method: zscore, mean: 50, sd: 10",
    *(f"method: {m}, ties: {t}" for m in ("rank", "borda", "percentile_rank")
      for t in ("average", "better", "worse")),
    "method: rank, points: true",
    "method: distance_to_best",
    "method: distance_to_target, target: 70, capped: true",
    "method: distance_to_reference, reference: VN-CT",
    "method: fraction_of_best",
    "method: mazziotta_pareto, variant: mpi",
    "method: mazziotta_pareto, variant: ampi, bounds: [-10, 90], centre: 3",
]  # fmt: skip
MEANS = [
    "method: arithmetic, min_share: 1/4",
    "method: geometric",
    "method: harmonic",
    "method: generalised, power: 0.5",
    "method: median",
    "method: mpi, penalty: 1",
    "method: mpi, penalty: -1",
    "method: copeland, lower: 1, upper: 5",
    "method: benefit_of_the_doubt, lower: 0.1, upper: 0.9",
]
WEIGHTS = [
    "method: given", "method: equal", "method: entropy", "method: critic",
    "method: pca, components: rotated", "method: pca, components: first",
    "method: budget, points_file: points.csv",
]  # fmt: skip
EVERY = "{a: 2, b: 1, c: 1, e: 1, P-1: 1, P-2: 3}"
ALL_WEIGHTS = [
    *WEIGHTS[:-1],
    f"method: target_correlation, is_relative: true, targets: {EVERY}",
    "method: hierarchy, matrix: {a: {b: 3}, c: {e: 2}, P-1: {P-2: 1}}",
    f"method: budget, points: {{one: {EVERY}, two: {EVERY}}}",
]
CHOICES = [
    "denominate: {scale: 1000}",
    'screen: {indicator_coverage: "5/6", unit_coverage: 0.9, nonzero_coverage: "1/2"}',
    "impute: {method: none, max_share: 1/4}",
    "impute: {method: mean, groups: region}",
    "impute: {method: median, groups: region}",
    "impute: {method: knn, n_neighbours: 2}",
    "impute: {method: iterative, max_iterations: 9, within_observed: false, n_draws: 2, seed: 5}",
    *(f"treat: {{enabled: {e}, skewness_limit: 1, kurtosis_limit: 2, max_winsorised: 1, transform: "
      f"{t}}}" for e, t in (("true", "log"), ("true", "boxcox"), ("false", "none"))),
    *(f"treat: {{indicators: {{a: {{enabled: true, skewness_limit: 1, kurtosis_limit: 2, "
      f"max_winsorised: 1, transform: {t}}}}}}}" for t in ("log", "boxcox", "none")),
    *(f"normalise: {{{scale}}}" for scale in SCALES if not re.search("fraction|target", scale)),
    "normalise: {method: distance_to_target, target: 4, capped: true,\n"
    "            indicators: {a: {target: 70}}}",
    *(f"normalise: {{indicators: {{a: {{{scale}}}}}}}" for scale in SCALES),
    "normalise: {panel: together, reversed_nodes: [P-1]}",
    *(f"normalise: {{lower: 50}}\naggregate: {{{mean}}}" for mean in MEANS),
    *(f"normalise: {{lower: 1}}\naggregate: {{nodes: {{chỉ số: {{{mean}}}}}}}" for mean in MEANS),
    *(f"normalise: {{lower: 1}}\nweight: {{{weight}}}" for weight in ALL_WEIGHTS),
    "weight: {method: budget, points_file: points.csv}",
    *(f"normalise: {{lower: 1}}\nweight: {{nodes: {{P-1: {{{weight}}}}}}}" for weight in WEIGHTS),
    "weight: {nodes: {P-1: {method: target_correlation, is_relative: false,\n"
    "                       targets: {a: 1, b: 1}}}}",
    "weight: {nodes: {P-1: {method: hierarchy, matrix: {a: {b: 3}}}}}",
    "weight: {nodes: {P-1: {method: budget, points: {one: {a: 1, b: 3}}}}}",
    "rank: {digits: 3}",
    "normalise: {lower: 1}\n"
    "aggregate: {nodes: {P-2: {method: benefit_of_the_doubt, lower: {c: 0.2}, upper: {e: 0.7}}}}",
]  # fmt: skip
OVER_TIME = [
    "impute: {method: carried, from_future: true}",
    "impute: {method: linear}",
    "normalise: {panel: edition}",
]
FRACTION = "normalise: {method: fraction_of_best, indicators: {b: {method: minmax}}}"


def computed(example: Example, methods: str) -> Built:
    """The choices read and computed, without writing any table."""
    example.methods.write_text(methods + "\n", "utf-8")
    points = ["expert", "a", "b", "c", "e", "P-1", "P-2"]
    if "nodes: {P-1" in methods:
        points = points[:3]
    rows = [points, ["one", *["2"] * (len(points) - 1)]]
    (example.methods.parent / "points.csv").write_text(
        "".join(",".join(row) + "\n" for row in rows), "utf-8"
    )
    faults = Faults(room="build")
    inputs = read_inputs(example.data, example.meta, faults)
    return run_chain(inputs, read_methods(example.methods, inputs, faults))


@pytest.mark.parametrize("methods", [*CHOICES, FRACTION])
def test_a_choice_written_in_yaml_is_computed(methods: str, example: Example) -> None:
    example.data.write_text(DATA.replace("20,5,20,10,NA", "20,4,20,10,3"), "utf-8")
    found = computed(example, methods)
    assert np.isfinite(found.scores[found.is_ranked]).any()
    assert found.is_ranked.any()


@pytest.mark.parametrize("methods", OVER_TIME)
def test_a_choice_that_needs_time_is_computed(methods: str, example: Example) -> None:
    example.data.write_text(TIMES, "utf-8")
    found = computed(example, methods)
    assert found.is_ranked.any()


Path = tuple[str, ...]


def walk(annotation: Any, path: Path = ()) -> Iterator[tuple[Path, list[str] | None]]:
    """Every key path of a model, `*` for a name of the user's, with the words it chooses from."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            words = list(words_in(info.annotation)) or None
            yield (*path, name), words
            yield from walk(info.annotation, (*path, name))
    elif get_origin(annotation) is dict:
        yield from walk(get_args(annotation)[1], (*path, "*"))
    else:
        for part in getattr(annotation, "__args__", ()):
            yield from walk(part, path)


def words_in(annotation: Any) -> Iterator[str]:
    """The words of a Literal, alone or beside None."""
    if get_origin(annotation) is Literal:
        yield from map(str, get_args(annotation))
    elif get_origin(annotation) is not dict:
        for part in getattr(annotation, "__args__", ()):
            yield from words_in(part)


MENU = dict(walk(Methods))
WORDS = {path: words for path, words in MENU.items() if words is not None}
MAPPINGS = sorted({path[:-1] for path in MENU})


def chosen_in(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Each key path written in YAML, as `walk` names it, with what stands there."""
    for key, value in data.items():
        here = (*path, key) if (*path, key) in MENU else (*path, "*")
        yield here, str(value)
        if isinstance(value, dict):
            yield from chosen_in(value, here)


def test_every_method_and_key_of_the_menu_is_tried_above() -> None:
    tried = {
        pair
        for methods in (*CHOICES, *OVER_TIME, FRACTION)
        for pair in chosen_in(yaml.safe_load(methods))
    }
    keys = {path for path, _ in tried}
    assert sorted(set(MENU) - keys) == []
    every = {(path, word) for path, words in WORDS.items() for word in words}
    assert sorted(every - tried) == []
    assert len(every) > 80


NAMES = {"indicators": "a", "nodes": "P-1"}


def nested(path: Path, value: str) -> str:
    """A value at a key path, a key to a line."""
    lines, indent = [], ""
    for above, key in zip(("", *path), path, strict=False):
        lines.append(f"{indent}{NAMES[above] if key == '*' else key}:")
        indent += "  "
    return "\n".join(lines) + f" {value}\n"


def refusal(
    methods: str, example: Example, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, int | None, str, str]]:
    """Rule, line and both texts of each fault; the build is over before any arithmetic."""

    def compute(*_: Any) -> Built:
        raise AssertionError("computed")

    monkeypatch.setattr(build_run, "run_chain", compute)
    found = []
    for fault in example.faults(methods):
        assert fault.place.file == "methods.yml"
        said = [" ".join(explain_fault(fault, lang).values()) for lang in ("en", "vi")]
        assert "{" not in said[0].replace("{a:", "")
        found.append((fault.rule, fault.place.row, *said))
    return found


@pytest.mark.parametrize("path", WORDS, ids=".".join)
def test_a_word_that_is_no_choice_is_refused_with_all_there_are(
    path: Path, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((rule, line, english, vietnamese),) = refusal(nested(path, "nonsense"), example, monkeypatch)
    assert (rule, line) == ("SCH-13", len(path))
    for said in (english, vietnamese):
        assert "'nonsense'" in said
        assert f"'{path[-1]}'" in said
        for word in WORDS[path]:
            assert word in said


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: ".".join(path) or "top")
def test_a_key_that_does_not_exist_is_refused_with_all_there_are(
    path: Path, example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = nested((*path, "nonsense"), "1")
    ((rule, line, english, vietnamese),) = refusal(methods, example, monkeypatch)
    assert (rule, line) == ("SCH-05", len(path) + 1)
    for key in (key for *above, key in MENU if tuple(above) == path and key != "*"):
        assert key in english
        assert key in vietnamese


@pytest.mark.parametrize(
    ("methods", "rule", "line", "english", "vietnamese"),
    [
        # means on scales they cannot take
        ("aggregate: geometric", "SCH-17", 1, "scores above 0, and they go down to 0", "lớn hơn 0"),
        ("aggregate:\n  nodes:\n    P-2: harmonic", "SCH-17", 3, "harmonic needs", "harmonic cần"),
        (
            "normalise: zscore\naggregate:\n  method: geometric",
            "SCH-17",
            3,
            "no lower end",
            "không có giới hạn dưới",
        ),
        ("normalise: {lower: -1}\naggregate: mpi", "SCH-17", 2, "of 0 or more", "từ 0 trở lên"),
        ("aggregate: generalised", "SCH-17", 1, "needs power", "cần khóa power"),
        ("aggregate: {method: generalised, power: -2}", "SCH-17", 1, "above 0", "lớn hơn 0"),
        (
            "aggregate: {method: median, power: 2}",
            "SCH-17",
            1,
            "power goes with generalised",
            "power đi với generalised",
        ),
        (
            "aggregate: {method: mpi, lower: 2}",
            "SCH-17",
            1,
            "goes with copeland, benefit_of_the_doubt",
            "không đi với mpi",
        ),
        ("aggregate: {method: mpi, min_share: 2}", "SCH-17", 1, "between 0 and 1", "2"),
        (
            "aggregate: {method: copeland, lower: 9, upper: 3}",
            "SCH-17",
            1,
            "below upper",
            "nhỏ hơn",
        ),
        ("aggregate: {method: copeland, lower: {a: 1}}", "SCH-17", 1, "one number", "một số"),
        (
            "aggregate: {method: benefit_of_the_doubt, lower: 2}",
            "SCH-17",
            1,
            "between 0 and 1",
            "giữa 0 và 1",
        ),
        (
            "aggregate: {method: benefit_of_the_doubt, lower: 0.6}",
            "SCH-17",
            1,
            "adds to 1.2",
            "cộng lại 1.2",
        ),
        (
            "aggregate: {method: benefit_of_the_doubt, upper: 0.9}",
            "SCH-17",
            1,
            "above 0",
            "lớn hơn",
        ),
        (
            "normalise: {lower: 1}\naggregate:\n  nodes:\n    P-1: {method: benefit_of_the_doubt,\n"
            "          lower: {c: 0.1}}",
            "SCH-02",
            5,
            "'c'",
            "'c'",
        ),
        # scales
        (
            "normalise: {method: distance_to_target}",
            "SCH-17",
            1,
            "no Target in the table of nodes: b",
            "không có Target: b",
        ),
        ("normalise: goalposts", "SCH-17", 1, "goalposts needs bounds", "cần khóa bounds"),
        (
            "normalise:\n  indicators:\n    a:\n      method: goalposts\n      bounds: [9, 1]",
            "SCH-17",
            5,
            "the lower bound must be below",
            "cận dưới phải nhỏ hơn",
        ),
        ("normalise: {method: goalposts, bounds: [1]}", "SCH-07", 1, "at least 2", "ít nhất 2"),
        ("normalise: {lower: 5, upper: 5}", "SCH-17", 1, "below upper", "nhỏ hơn upper"),
        (
            "normalise: {sd: 3}",
            "SCH-17",
            1,
            "no indicator has a method that takes sd",
            "dùng khóa sd",
        ),
        ("normalise: {method: zscore, sd: 0}", "SCH-07", 1, "greater than 0", "lớn hơn 0"),
        (
            "normalise: {indicators: {a: {ties: worse}}}",
            "SCH-17",
            1,
            "minmax takes no ties",
            "ties",
        ),
        (
            "normalise: {method: distance_to_reference, reference: nobody}",
            "SCH-17",
            1,
            "nobody",
            "không có đơn vị nào mã 'nobody'",
        ),
        ("normalise: {method: mazziotta_pareto, centre: 3}", "SCH-17", 1, "variant ampi", "ampi"),
        ("normalise:\n  reversed_nodes: [P-9]", "SCH-02", 2, "'P-9'", "P-1"),
        ("normalise:\n  indicators:\n    zz: rank", "SCH-02", 3, "'zz'", "'zz'"),
        (
            "normalise: [zscore]",
            "SCH-07",
            1,
            "a mapping is expected, with the keys method, lower",
            "cần một bảng khóa",
        ),
        # weights
        ("weight:\n  method: hierarchy", "SCH-17", 2, "needs matrix", "cần khóa matrix"),
        (
            "weight: {method: hierarchy, matrix: {a: {b: 3}, P-1: {P-2: 2}}}",
            "SCH-17",
            1,
            "not compared: c – e",
            "chưa so sánh: c – e",
        ),
        (
            "weight:\n  nodes:\n    P-1:\n      method: hierarchy\n      matrix:\n       a: {b: 0}",
            "SCH-17",
            6,
            "a comparison is above 0",
            "phải lớn hơn 0",
        ),
        (
            "weight:\n  nodes:\n    P-1: {method: budget, points: {one: {a: -3, b: 5}}}",
            "SCH-17",
            3,
            "points are 0 or more, not -3",
            "không thể là -3",
        ),
        (
            "weight: {nodes: {P-1: {method: target_correlation, targets: {a: 1}}}}",
            "SCH-17",
            1,
            "no target for b",
            "chưa có mục tiêu cho b",
        ),
        (
            "weight: {nodes: {P-1: {method: target_correlation, targets: {a: 1, b: -1}}}}",
            "SCH-17",
            1,
            "a target is above 0, not -1",
            "không thể là -1",
        ),
        (
            "weight: {method: equal, components: first}",
            "SCH-17",
            1,
            "equal takes no components",
            "equal không dùng khóa components",
        ),
        ("weight: {nodes: {P-7: equal}}", "SCH-02", 1, "'P-7'", "'P-7'"),
        # imputation, treatment, screening, ranks
        ("impute: carried", "SCH-17", 1, "needs the column Time", "cần cột Time"),
        (
            "impute: {method: mean, n_draws: 5}",
            "SCH-17",
            1,
            "n_draws goes with iterative",
            "n_draws",
        ),
        ("impute: {method: knn, groups: region}", "SCH-17", 1, "goes with mean, median", "groups"),
        ("impute: {method: mean, groups: regions}", "SCH-02", 1, "region", "region"),
        ("impute: {method: knn, n_neighbours: 0}", "SCH-07", 1, "at least 1", "từ 1 trở lên"),
        ("impute: {method: mean, max_share: 3/2}", "SCH-17", 1, "between 0 and 1", "3/2"),
        ("treat: {max_winsorised: -1}", "SCH-07", 1, "at least 0", "từ 0 trở lên"),
        ("treat: {skewness_limit: -1}", "SCH-07", 1, "at least 0", "từ 0 trở lên"),
        ("treat: {skewness_limit: high}", "SCH-07", 1, "a number is expected", "cần một số"),
        ("treat: {enabled: no}", "SCH-07", 1, "true or false", "true hoặc false"),
        (
            "treat:\n  indicators:\n    a: {max_winsorised: 1.5}",
            "SCH-07",
            3,
            "a whole number",
            "một số nguyên",
        ),
        ("screen: {unit_coverage: much}", "SCH-17", 1, "not a fraction", "much"),
        ("rank: {digits: -1}", "SCH-07", 1, "at least 0", "từ 0 trở lên"),
        ("denominate: {scale: ten}", "SCH-07", 1, "a number is expected", "cần một số"),
        ("denominate: {scale: 0}", "SCH-07", 1, "greater than 0", "lớn hơn 0"),
    ],
)
def test_an_impossible_choice_is_refused_before_any_arithmetic_in_both_languages(
    methods: str,
    rule: str,
    line: int,
    english: str,
    vietnamese: str,
    example: Example,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ((found, row, *said),) = refusal(methods + "\n", example, monkeypatch)
    assert (found, row) == (rule, line)
    assert english in said[0]
    assert vietnamese in said[1]


@pytest.mark.parametrize(
    ("methods", "english", "vietnamese"),
    [
        ("impute: linear", "Time as a number, not 'spring'", "cần Time là số, mà có 'spring'"),
        ("normalise: {panel: edition, method: distance_to_reference, reference: u2}",
         "unit 'u2' has no row in Time 2022", "không có dòng ở kỳ Time 2022"),
        ("normalise: {method: distance_to_reference, reference: u1}", "panel must be edition",
         "panel phải là edition"),
    ],
)  # fmt: skip
def test_an_impossible_choice_over_time_is_refused_before_any_arithmetic(
    methods: str,
    english: str,
    vietnamese: str,
    example: Example,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spring = TIMES.replace(",2021,", ",spring,") if "linear" in methods else TIMES
    example.data.write_text(spring.replace("u2,2022,", "u9,2022,"), "utf-8")
    ((rule, row, *said),) = refusal(methods + "\n", example, monkeypatch)
    assert (rule, row) == ("SCH-17", 1)
    assert english in said[0]
    assert vietnamese in said[1]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("b,Second,1,P-1,-1,1", "b,Second,1,P-1,-1,-1", "SCH-04"),  # a negative weight
        ("P-2,Pillar two,2,chỉ số", "P-2,Pillar two,2,", "SCH-08"),  # two tops
        ("b,Second,1,P-1", "b,Second,1,P-2", None),  # P-1 keeps a
        ("a,First,1,P-1,1,1,Indicator,,50,\nb,Second,1,P-1",
         "a,First,1,P-2,1,1,Indicator,,50,\nb,Second,1,P-2", "SCH-14"),  # P-1 has nobody
    ],
)  # fmt: skip
def test_a_tree_that_does_not_hold_together_is_refused_before_any_arithmetic(
    old: str, new: str, rule: str | None, example: Example
) -> None:
    assert old in META
    example.meta.write_text(META.replace(old, new), "utf-8")
    if rule is None:
        example.run()
    else:
        assert rule in {fault.rule for fault in example.faults()}
