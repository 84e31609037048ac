"""Any index: two tables in COINr's shape and a file of choices, worked out by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from pipeline.__main__ import main
from pipeline.build.choices import Methods
from pipeline.build.run import build
from pipeline.faults import Fault, Rejected
from tests.conftest import ROOT

DATA = """uCode,uName,a,b,c,d,e,region
VN-HN,Hà Nội,10,5,10,10,2,north
VN-HP,Hải Phòng,20,5,20,10,NA,north
Đà-Nẵng,Đà Nẵng,30,1,30,10,4,centre
VN-27,Quảng Nam,40,3,40,10,6,centre
VN-CT,Cần Thơ,50,2,50,10,8,south
VN-73,Hậu Giang,60,0,10,10,10,south
"""
META = """iCode,iName,Level,Parent,Direction,Weight,Type,Unit,Target,Denominator
a,First,1,P-1,1,1,Indicator,,50,
b,Second,1,P-1,-1,1,Indicator,,,
c,Third,1,P-2,1,2,Indicator,,,d
e,Fourth,1,P-2,1,1,Indicator,,,
P-1,Pillar one,2,chỉ số,1,1,Aggregate,,,
P-2,Pillar two,2,chỉ số,1,1,Aggregate,,,
chỉ số,Index,3,,1,1,Aggregate,,,
d,Denominator,,,,,Denominator,,,
region,Region,,,,,Group,,,
"""
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


class Example:
    """The files of the example, to be changed by a test."""

    def __init__(self, folder: Path) -> None:
        self.data, self.meta = folder / "iData.csv", folder / "iMeta.csv"
        self.methods, self.out = folder / "methods.yml", folder / "out"
        self.data.write_text(DATA, "utf-8")
        self.meta.write_text(META, "utf-8")

    def run(self, methods: str | None = None) -> dict[str, list[float]]:
        """Scores of every node by its code."""
        if methods is not None:
            self.methods.write_text(methods, "utf-8")
        built = build(self.data, self.meta, self.methods if methods is not None else None, self.out)
        return {node.code: built.scores[:, j].tolist() for j, node in enumerate(built.nodes)}

    def faults(self, methods: str | None = None) -> list[Fault]:
        with pytest.raises(Rejected) as refused:
            self.run(methods)
        assert not self.out.exists()
        return refused.value.faults

    def table(self, name: str) -> dict[str, list[object]]:
        found: dict[str, list[object]] = pq.read_table(self.out / f"{name}.parquet").to_pydict()
        return found


@pytest.fixture
def example(tmp_path: Path) -> Example:
    return Example(tmp_path)


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
        ("{method: hierarchy, matrix: {c: {c: 1}}}", "SCH-17", "not compared: c with e"),
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


@pytest.mark.parametrize(
    ("old", "new", "rule", "row"),
    [
        ("20,5,20", "20,x,20", "NUM-10", 3),
        ("20,5,20", "20,1e999,20", "NUM-13", 3),
        ("VN-HP,", "VN-HN,", "DUP-01", 3),
        ("uCode,uName,a,", "uCode,uName,q,", "HDR-01", 1),
        ("uCode,uName,a,b", "uCode,uName,a,a", "HDR-03", 1),
        (DATA, "uCode,uName,a,b,c,d,e,region\n", "HDR-13", None),
        ("10,5,10,10,2,north\n", "10,5,10,10\n", "HDR-09", None),
    ],
)
def test_a_broken_table_of_units_is_refused_with_its_place(
    old: str, new: str, rule: str, row: int | None, example: Example
) -> None:
    example.data.write_text(DATA.replace(old, new), "utf-8")
    found = {(fault.rule, fault.place.row) for fault in example.faults()}
    assert (rule, row) in found


@pytest.mark.parametrize(
    ("old", "new", "rule", "row"),
    [
        ("a,First,1,P-1", "a,First,1,P-9", "SCH-02", 2),
        ("a,First,1,P-1,1,1", "a,First,1,P-1,2,1", "SCH-13", 2),
        ("a,First,1,P-1,1,1", "a,First,1,P-1,1,-1", "SCH-04", 2),
        ("a,First,1,P-1,1,1", "a,First,1,P-1,1,one", "NUM-10", 2),
        ("a,First,1,P-1,1,1,Indicator", "a,First,1,P-1,1,1,Indicater", "SCH-13", 2),
        ("b,Second", "a,Second", "SCH-06", 3),
        ("P-1,Pillar one,2", "P-1,Pillar one,3", "SCH-08", 6),
        ("P-2,Pillar two,2,chỉ số", "P-2,Pillar two,2,", "SCH-08", None),
        (",,,d\n", ",,,dd\n", "SCH-02", 4),
        ("Parent,", "Above,", "HDR-01", 1),
    ],
)
def test_a_broken_table_of_nodes_is_refused_with_its_place(
    old: str, new: str, rule: str, row: int | None, example: Example
) -> None:
    example.meta.write_text(META.replace(old, new), "utf-8")
    found = {(fault.rule, fault.place.row) for fault in example.faults()}
    assert (rule, row) in found


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


def test_a_missing_file_is_named(example: Example) -> None:
    example.data.unlink()
    assert [(f.rule, f.place.file) for f in example.faults()] == [("SCH-10", "iData.csv")]


def test_the_command_builds_and_says_where(
    example: Example, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["build", "--data", str(example.data), "--meta", str(example.meta)]
    assert main([*command, "--out", str(example.out), "--lang", "en"]) == 0
    assert "6 units, 4 indicators; 6 rows ranked" in capsys.readouterr().out
    example.data.write_text(DATA.replace("20,5,20", "20,x,20"), "utf-8")
    assert main([*command, "--out", str(example.out), "--lang", "en"]) == 1
    assert "iData.csv, row 3, column D (b)" in capsys.readouterr().err
