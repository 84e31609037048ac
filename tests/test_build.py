"""Any index: two tables in COINr's shape and a file of choices, worked out by hand."""

from __future__ import annotations

import re
from typing import get_args

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from pipeline.__main__ import main
from pipeline.build.choices import Methods
from tests.building import DATA, Example
from tests.conftest import ROOT

# a 0 20 40 60 80 100; b, turned round, 0 0 80 40 60 100; c/d 1 2 3 4 5 1 -> 0 25 50 75 100 0;
# e 2 - 4 6 8 10 -> 0 - 25 50 75 100. Pillar one (a + b) / 2, pillar two (2c + e) / 3.
PILLAR_1 = [0, 10, 60, 50, 70, 100]
PILLAR_2 = [0, 25, 125 / 3, 200 / 3, 275 / 3, 100 / 3]
INDEX = [(p + q) / 2 for p, q in zip(PILLAR_1, PILLAR_2, strict=True)]
TABLES = {
    "denominated", "screened", "imputed", "treated", "normalised", "aggregated", "ranked", "units",
    "imputation_log", "treatment_log", "statistics", "correlations", "reliability", "pca",
    "weights",
}  # fmt: skip


def test_the_six_by_four_example_is_what_was_worked_out_by_hand(example: Example) -> None:
    scores = example.run()
    assert scores["P-1"] == pytest.approx(PILLAR_1, abs=1e-12)
    assert scores["P-2"] == pytest.approx(PILLAR_2, abs=1e-12)
    assert scores["chỉ số"] == pytest.approx(INDEX, abs=1e-12)
    assert example.table("ranked")["chỉ số"] == [6, 5, 4, 3, 1, 2]
    assert example.table("units")["uCode"][2] == "Đà-Nẵng"


def test_every_table_is_written_as_parquet_and_as_the_same_csv(example: Example) -> None:
    example.run()
    assert {p.stem for p in example.out.glob("*.parquet")} == TABLES
    for name in TABLES:
        table = pq.read_table(example.out / f"{name}.parquet")
        again = csv.read_csv(
            example.out / f"{name}.csv",
            convert_options=csv.ConvertOptions(
                column_types=table.schema,
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        assert again.to_pydict() == table.to_pydict(), name


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        # of P-1 60 and P-2 125/3, the third unit
        ("geometric", (60 * 125 / 3) ** 0.5),
        ("harmonic", 2 / (1 / 60 + 3 / 125)),
        ("median", (60 + 125 / 3) / 2),
    ],
)
def test_a_node_takes_its_own_aggregation(method: str, expected: float, example: Example) -> None:
    lifted = "normalise: {lower: 0.0001, upper: 100}\n" if method != "median" else ""
    scores = example.run(f"{lifted}aggregate: {{nodes: {{chỉ số: {{method: {method}}}}}}}\n")
    assert scores["chỉ số"][2] == pytest.approx(expected, abs=1e-3)
    assert scores["P-1"][2] == pytest.approx(60, abs=1e-3)


def test_an_indicator_takes_its_own_scale_and_the_others_keep_theirs(example: Example) -> None:
    scores = example.run("normalise: {indicators: {a: {method: goalposts, bounds: [0, 100]}}}\n")
    assert scores["a"] == pytest.approx([10, 20, 30, 40, 50, 60])
    assert scores["b"] == pytest.approx([0, 0, 80, 40, 60, 100])


def test_a_target_comes_from_the_table_of_nodes(example: Example) -> None:
    scores = example.run("normalise: {indicators: {a: {method: distance_to_target}}}\n")
    assert scores["a"] == pytest.approx([0, 25, 50, 75, 100, 125])


def test_a_whole_pillar_can_be_turned_round(example: Example) -> None:
    scores = example.run("normalise: {reversed_nodes: [P-1]}\n")
    assert scores["P-1"] == pytest.approx([100 - p for p in PILLAR_1])


def test_part_of_an_indicators_treatment_keeps_the_rest(example: Example) -> None:
    example.data.write_text(DATA.replace(",60,0,", ",6000,0,"), "utf-8")
    example.run("treat: {skewness_limit: 1.5, indicators: {b: {max_winsorised: 0}}}\n")
    log = example.table("treatment_log")
    assert log == {
        "iCode": ["a"], "uCode": ["VN-73"], "before": [6000.0], "after": [50.0],
        "method": ["winsorised"],
    }  # fmt: skip
    example.run("treat: {enabled: false}\n")
    assert example.table("treatment_log")["iCode"] == []


def test_imputed_cells_are_filled_from_their_group_and_counted(example: Example) -> None:
    example.run("impute: {method: mean, groups: region}\n")
    assert example.table("imputed")["e"] == [2, 2, 4, 6, 8, 10]  # Hà Nội is the north's only donor
    assert example.table("screened")["n_imputed"] == [0, 0, 0, 1]
    assert example.table("imputation_log") == {
        "iCode": ["e"], "uCode": ["VN-HP"], "value": [2.0], "is_imputed": [True], "reason": [None],
    }  # fmt: skip
    example.run()
    assert example.table("imputation_log")["reason"] == ["not_asked"]


def test_weights_from_people_and_from_data_are_labelled_by_code(example: Example) -> None:
    example.run(
        "weight:\n  nodes:\n"
        "    P-1: {method: hierarchy, matrix: {a: {b: 3}}}\n"
        "    P-2: {method: budget, points: {one: {c: 30, e: 70}, two: {c: 50, e: 50}}}\n"
        "    chỉ số: {method: equal}\n"
    )
    weights = dict(zip(*(example.table("weights")[k] for k in ("iCode", "weight")), strict=True))
    assert weights["a"] == pytest.approx(0.75)
    assert weights["c"] == pytest.approx(0.4)
    remarks = example.table("weights")["remark"]
    assert "consistency ratio 0.000, consistent" in remarks
    for method in ("pca", "critic", "entropy", "target_correlation"):
        extra = ", targets: {a: 1, b: 1, c: 1, e: 1, P-1: 1, P-2: 1}" if "target" in method else ""
        example.run(f"weight: {{method: {method}{extra}}}\n")
        found = np.array(example.table("weights")["weight"], dtype=float)
        assert (found >= 0).all()
        assert found[:2].sum() == pytest.approx(1)


def test_editions_are_normalised_together_or_each_by_itself(example: Example) -> None:
    rows = ["uCode,Time,a,b,c,d,e,region"]
    rows += [
        f"u{i},{2020 + t},{10 * i + 100 * t},{i},{i},1,{i},x" for t in (0, 1) for i in (1, 2, 3)
    ]
    example.data.write_text("\n".join(rows) + "\n", "utf-8")
    together = example.run()
    assert together["a"] == pytest.approx([0, 100 / 12, 200 / 12, 1000 / 12, 1100 / 12, 100])
    each = example.run("normalise: {panel: edition}\n")
    assert each["a"] == pytest.approx([0, 50, 100, 0, 50, 100])
    assert example.table("ranked")["a"] == [3, 2, 1, 3, 2, 1]
    assert example.table("ranked")["Time"] == ["2020"] * 3 + ["2021"] * 3
    example.run("aggregate: {nodes: {chỉ số: {method: copeland}}}\n")
    assert example.table("aggregated")["chỉ số"][:3] == example.table("aggregated")["chỉ số"][3:]


def test_a_unit_with_too_little_data_has_no_rank_and_the_others_keep_theirs(
    example: Example,
) -> None:
    example.data.write_text(DATA.replace("10,5,10,10,2", "10,NA,NA,10,NA"), "utf-8")
    example.run()
    units = example.table("units")
    assert units["is_ranked"] == [False, True, True, True, True, True]
    assert units["rank"] == [None, 5, 4, 3, 1, 2]


@pytest.mark.parametrize(
    ("methods", "rule", "line", "words"),
    [
        ("normalise: {method: minmaxx}", "SCH-13", 1, "'minmax'"),
        ("aggregate:\n  method: geometric", "SCH-17", 2, "above 0"),
        ("wieght: {method: equal}", "SCH-05", 1, "weight"),
        ("normalise:\n  indicators:\n    zz: {method: rank}", "SCH-02", 3, "zz"),
        ("normalise: {method: distance_to_target}", "SCH-17", 1, "b, c, e"),
        ("normalise: {method: goalposts}", "SCH-17", 1, "bounds"),
        ("normalise: {method: distance_to_reference, reference: nobody}", "SCH-17", 1, "nobody"),
        ("normalise: {lower: 5, upper: 5}", "SCH-17", 1, "below upper"),
        ("impute: {method: carried}", "SCH-17", 1, "Time"),
        ("weight: {method: hierarchy}", "SCH-17", 1, "matrix"),
    ],
)
def test_an_impossible_choice_is_refused_before_any_arithmetic_with_key_and_line(
    methods: str, rule: str, line: int, words: str, example: Example
) -> None:
    from pipeline.faults import explain_fault

    (fault,) = example.faults(methods + "\n")
    assert (fault.rule, fault.place.file, fault.place.row) == (rule, "methods.yml", line)
    assert words in " ".join(explain_fault(fault, "en").values())


def test_BLD_01_a_constant_indicator_is_refused_by_name(example: Example) -> None:
    lines = DATA.splitlines()
    flat = [lines[0]] + [",".join([*line.split(",")[:2], "7", *line.split(",")[3:]])
                         for line in lines[1:]]  # fmt: skip
    example.data.write_text("\n".join(flat) + "\n", "utf-8")
    (fault,) = example.faults()
    assert fault.rule == "BLD-01"
    assert "'a'" in str(fault.value)


def test_the_choices_on_the_page_are_accepted_and_name_every_key(example: Example) -> None:
    page = (ROOT / "docs/build.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    scores = example.run(block)
    assert scores["b"] == pytest.approx([0, 0, 80, 40, 60, 100])
    assert scores["P-1"][2] == pytest.approx(0.75 * 40 + 0.25 * 80)
    for name, part in Methods.model_fields.items():
        assert f"{name}:" in block
        own = part.annotation.model_fields  # type: ignore[union-attr]
        for method in get_args(own["method"].annotation) if "method" in own else ():
            assert method in block, method
    for name in TABLES:
        assert f"`{name}`" in page, name


def test_the_command_builds_and_says_where(
    example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["build", "--data", str(example.data), "--meta", str(example.meta)]
    assert main([*command, "--out", str(example.out), "--lang", "en"]) == 0
    assert "6 units, 4 indicators; 6 rows ranked" in capsys.readouterr().out
    example.data.write_text(DATA.replace("20,5,20", "20,x,20"), "utf-8")
    assert main([*command, "--out", str(example.out), "--lang", "en"]) == 1
    assert "iData.csv, row 3, column D (b)" in capsys.readouterr().err
