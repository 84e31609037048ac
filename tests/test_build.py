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
from pipeline.build.run import OPTIONAL
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
    "weights", "obs_status", "coverage", "imputed_share",
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


def test_every_value_says_whether_it_was_observed_imputed_carried_or_is_missing(
    example: Example,
) -> None:
    example.run("impute: mean\n")
    assert example.table("obs_status")["e"] == ["A", "I", "A", "A", "A", "A"]
    assert example.table("obs_status")["a"] == ["A"] * 6
    # e weighs 1/3 of P-2, which weighs 1/2: of Hải Phòng 5/6 is observed and 1/6 imputed
    assert example.table("coverage")["chỉ số"] == pytest.approx([1, 5 / 6, 1, 1, 1, 1])
    assert example.table("imputed_share")["P-2"] == pytest.approx([0, 1 / 3, 0, 0, 0, 0])
    units = example.table("units")
    assert units["imputed_share"] == pytest.approx([0, 1 / 6, 0, 0, 0, 0])
    assert units["coverage"] == pytest.approx([1, 5 / 6, 1, 1, 1, 1])
    assert "score_low" not in units
    example.run()
    assert example.table("obs_status")["e"][1] == "M"
    assert example.table("imputed_share")["chỉ số"] == [0] * 6
    assert example.table("coverage")["chỉ số"][1] == pytest.approx(5 / 6)


def test_a_carried_value_is_called_carried(example: Example) -> None:
    example.data.write_text(
        "uCode,Time,a,b,c,d,e,region\nu,2020,1,1,1,1,1,x\nv,2020,2,2,2,1,2,x\n"
        "w,2020,5,6,5,1,4,x\nu,2021,3,3,3,1,NA,x\nv,2021,4,5,6,1,7,x\nw,2021,6,7,8,1,9,x\n",
        "utf-8",
    )
    example.run("impute: carried\n")
    assert example.table("obs_status")["e"] == ["A", "A", "A", "C", "A", "A"]
    assert example.table("imputed")["e"] == [1, 2, 4, 1, 7, 9]


def test_what_is_imputed_ranks_nobody(example: Example) -> None:
    example.data.write_text(DATA.replace("10,5,10,10,2", "10,NA,NA,10,NA"), "utf-8")
    example.run("impute: mean\n")
    units = example.table("units")
    assert units["coverage"][0] == pytest.approx(1 / 4)
    assert units["imputed_share"][0] == pytest.approx(3 / 4)
    assert units["is_ranked"] == [False, True, True, True, True, True]


def test_draws_of_imputed_values_give_the_spread_of_scores_and_ranks(example: Example) -> None:
    choices = "impute: {method: iterative, n_draws: 20, seed: 3, max_share: 1}\n"
    example.run(choices)
    drawn, units = example.table("imputation_draws"), example.table("units")
    assert (set(drawn["iCode"]), set(drawn["uCode"]), set(drawn["row"])) == ({"e"}, {"VN-HP"}, {2})
    assert drawn["draw"] == list(range(1, 21))
    assert len(set(drawn["value"])) > 10
    scores, ranks = [], []
    for value in drawn["value"]:  # each draw as if it had been observed
        built = Example(example.data.parent)
        built.data.write_text(DATA.replace("10,NA,north", f"10,{value!r},north"), "utf-8")
        scores.append(built.run()["chỉ số"])
        ranks.append(built.table("units")["rank"])
    for name, table, outer in (("score", scores, "linear"), ("rank", ranks, None)):
        for end, share, method in (("low", 0.05, "lower"), ("high", 0.95, "higher")):
            edge = np.quantile(np.array(table, float), share, axis=0, method=outer or method)
            assert units[f"{name}_{end}"] == pytest.approx(edge.tolist(), abs=1e-12)
    assert units["score_low"][1] < units["score"][1] < units["score_high"][1]  # type: ignore[operator]
    assert [type(rank) for rank in units["rank_low"]] == [int] * 6
    example.data.write_text(DATA, "utf-8")
    example.run(choices)
    assert example.table("imputation_draws") == drawn  # the seed decides
    example.run("impute: iterative\n")
    assert not (example.out / "imputation_draws.parquet").exists()  # of the earlier build


def test_BLD_05_regressions_that_have_not_settled_are_told(
    example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    example.methods.write_text("impute: {method: iterative, max_iterations: 1}\n", "utf-8")
    assert main(example.command("--methods", str(example.methods), "--lang", "en")) == 0
    assert "[BLD-05] methods.yml" in capsys.readouterr().err


def test_a_unit_of_too_many_zeros_has_no_rank(example: Example) -> None:
    example.data.write_text(DATA.replace("60,0,10,10,10", "60,0,0,10,10"), "utf-8")
    # Hậu Giang: b, a quarter of the index, and c, a third, are 0
    example.run('screen: {nonzero_coverage: "1/2"}\n')
    assert example.table("units")["is_ranked"] == [True] * 5 + [False]
    example.run('screen: {nonzero_coverage: "5/12"}\n')
    assert example.table("units")["is_ranked"] == [True] * 6


def test_a_reference_unit_is_that_of_each_edition(example: Example) -> None:
    rows = [f"u{i},{2020 + t},{i + 3 * t},{i},{i},1,{i},x" for t in (0, 1) for i in (1, 2, 3)]
    example.data.write_text("\n".join(["uCode,Time,a,b,c,d,e,region", *rows]) + "\n", "utf-8")
    found = example.run(
        "normalise: {panel: edition, indicators: {a: {method: distance_to_reference, "
        "reference: u2, capped: true}}}\n"
    )
    assert found["a"] == pytest.approx([0, 100, 100] * 2)


def test_an_indicators_scale_keeps_what_it_does_not_name(example: Example) -> None:
    found = example.run(
        "normalise: {method: zscore, lower: 10, upper: 20, sd: 3, indicators: "
        "{a: {method: rank, upper: 30}, b: {mean: 1}}}\n"
    )
    assert (min(found["a"]), max(found["a"])) == (10, 30)
    assert np.mean(found["b"]) == pytest.approx(1)
    assert np.std(found["b"], ddof=1) == pytest.approx(3)


def test_pie_shares_are_bounded_child_by_child(example: Example) -> None:
    lifted = "normalise: {lower: 1, upper: 100}\naggregate: {nodes: {chỉ số: {method: "
    free = example.run(lifted + "benefit_of_the_doubt}}}\n")["chỉ số"]
    held = example.run(lifted + "benefit_of_the_doubt, lower: {P-2: 1}}}}\n")["chỉ số"]
    alone = example.run(lifted + "benefit_of_the_doubt}}}\n")["P-2"]
    assert free[5] == pytest.approx(100)  # on the frontier by P-1
    # all of the pie is P-2, so each score is that of P-2 as a share of the best
    assert held == pytest.approx([100 * p / max(alone) for p in alone])


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


def test_weights_from_data_are_of_what_entered_and_the_rest_keeps_its_part(
    example: Example,
) -> None:
    example.data.write_text(DATA.replace(",2,north", ",NA,north").replace(",8,", ",NA,"), "utf-8")
    example.run("screen: {indicator_coverage: 0.6}\nweight: {nodes: {P-2: {method: critic}}}\n")
    table = example.table("weights")
    rows = dict(zip(table["iCode"], zip(*(table[k] for k in ("weight", "method")), strict=True),
                    strict=True))  # fmt: skip
    assert rows["c"] == (pytest.approx(2 / 3), "critic")  # e is out, with its given part of 2 + 1
    assert rows["e"] == (pytest.approx(1 / 3), "given")


def test_points_of_experts_are_read_from_a_file_beside_the_choices(example: Example) -> None:
    path = example.methods.with_name("experts.csv")
    path.write_text("expert,c,e\nSynthetic one,30,70\nSynthetic two,50,50\n", "utf-8")
    choice = "weight: {nodes: {P-2: {method: budget, points_file: experts.csv}}}\n"
    example.run(choice)
    weights = dict(zip(*(example.table("weights")[k] for k in ("iCode", "weight")), strict=True))
    assert weights["c"] == pytest.approx(0.4)
    assert "2 experts" in example.table("weights")["remark"]


@pytest.mark.parametrize(
    ("choice", "rule", "says"),
    [
        ("{method: budget, points_file: ../experts.csv}", "SEC-07", "points_file"),
        ("{method: hierarchy, matrix: {c: {c: 1}}}", "SCH-17", "not compared: c – e"),
        ("{method: target_correlation, targets: {c: 1}}", "SCH-17", "no target for e"),
        ("{method: entropy, points: {one: {c: 1}}}", "SCH-17", "entropy takes no points"),
    ],
)
def test_weights_that_cannot_be_met_are_refused_before_any_arithmetic(
    example: Example, choice: str, rule: str, says: str
) -> None:
    (fault,) = example.faults(f"weight:\n  nodes:\n    P-2: {choice}\n")
    assert (fault.rule, fault.place.row) == (rule, 3)
    assert says in str(fault.details)


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
    for name in (*TABLES, *OPTIONAL):
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
