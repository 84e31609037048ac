"""The worked example of the pages: each block of choices is held to the numbers under it."""

from __future__ import annotations

import ast
import math
import operator
import re
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.__main__ import main
from pipeline.build.choices import Methods
from tests.conftest import ROOT

PAGE = (ROOT / "docs/worked-example.md").read_text("utf-8")
BLOCK = re.compile(r"```(csv|yaml)\n(.*?)```|((?:^\|[^\n]*\n)+)", re.M | re.S)
SIGNS = {"−": "-", "·": "*", "^": "**"}
SUMS: dict[type, Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg,
}  # fmt: skip
CALLS = {"sqrt": math.sqrt, "ln": math.log}


class Case(NamedTuple):
    """A block of choices, the data it is for, and the tables under it as lines of cells."""

    methods: str
    data: str
    tables: list[list[list[str]]]


def cases() -> tuple[str, list[Case]]:
    """The table of nodes, and every block of choices of the page in order."""
    found: list[Case] = []
    files: list[str] = []
    for kind, text, table in BLOCK.findall(PAGE):
        if kind == "csv":
            files.append(text)
        elif kind == "yaml":
            data = [file for file in files if file.startswith("uCode")][-1]
            found.append(Case(text, data, []))
        elif table:
            lines = [
                [cell.strip() for cell in line.strip("|\n").split("|")]
                for line in table.splitlines()
            ]
            found[-1].tables.append([lines[0], *lines[2:]])
    # What stands after the part on time is for the first table again.
    first = files[0]
    over_time = ("carried", "linear")
    found = [c if any(m in c.methods for m in over_time) else c._replace(data=first) for c in found]
    return next(file for file in files if file.startswith("iCode")), found


NODES, CASES = cases()


def figure(cell: str) -> float | None:
    """What a cell amounts to: a sum is done, `–` is missing."""
    if cell == "–":
        return None
    text = re.sub(r"√(\d+(?:\.\d+)?)", r"sqrt(\1)", cell).replace("√", "sqrt")
    for sign, plain in SIGNS.items():
        text = text.replace(sign, plain)

    def value(node: ast.AST) -> float:
        match node:
            case ast.Expression():
                return value(node.body)
            case ast.Constant():
                return float(node.value)  # type: ignore[arg-type]
            case ast.BinOp():
                return float(SUMS[type(node.op)](value(node.left), value(node.right)))
            case ast.UnaryOp():
                return float(SUMS[type(node.op)](value(node.operand)))
            case ast.Call(func=ast.Name(id=name)):
                return CALLS[name](value(node.args[0]))
        raise AssertionError(f"{cell!r} is no sum")

    return value(ast.parse(text, mode="eval"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.methods.split()))
def test_a_build_gives_the_numbers_on_the_page(case: Case, tmp_path: Path) -> None:
    files = {"iData.csv": case.data, "iMeta.csv": NODES, "methods.yml": case.methods}
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    given = [str(tmp_path / name) for name in files]
    command = ["--data", given[0], "--meta", given[1], "--methods", given[2]]
    assert main(["build", *command, "--out", str(tmp_path / "out"), "--lang", "en"]) == 0
    assert case.tables, "nothing is claimed of these choices"
    for (name, *columns), *rows in case.tables:
        table = pq.read_table(tmp_path / "out" / f"{name}.parquet").to_pydict()
        keys = table["uCode"] if "uCode" in table else table["iCode"]
        if columns[0].count(" "):
            keys = [f"{unit} {time}" for unit, time in zip(keys, table["Time"], strict=True)]
        for row, *cells in rows:
            for column, cell in zip(columns, cells, strict=True):
                found, wanted = table[row][keys.index(column)], figure(cell)
                where = f"{name}, {row} of {column}: {found} for {cell}"
                if wanted is None:
                    assert found is None, where
                else:
                    assert found == pytest.approx(wanted, rel=0, abs=1e-12), where


def test_every_method_of_every_step_is_worked_out() -> None:
    shown: dict[str, set[str]] = {}
    for case in CASES:
        for step, choice in yaml.safe_load(case.methods).items():
            shown.setdefault(step, set()).update(re.findall(r"\w+", yaml.safe_dump(choice)))
    for step, part in Methods.model_fields.items():
        assert step in shown
        own = part.annotation.model_fields  # type: ignore[union-attr]
        for key in ("method", "transform"):
            words = get_args(own[key].annotation) if key in own else ()
            lacking = set(words) - shown[step] - {"log"}  # the default of treat
            assert lacking == set(), step


def test_a_cell_is_worked_out_as_it_is_written() -> None:
    assert figure("100·(6−3)/5") == 60
    assert figure("√(9·4)/2^2") == 1.5
    assert figure("50−10·2.5/√6.25") == 40
    assert figure("ln(1)−1/2") == -0.5
    assert figure("–") is None
