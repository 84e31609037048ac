"""What the tests of `build` share: two tables in COINr's shape, to be changed by a test."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.build.run import build
from pipeline.faults import Fault, Rejected

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

    def command(self, *more: str) -> list[str]:
        """The command line that builds the example."""
        given = ["build", "--data", str(self.data), "--meta", str(self.meta)]
        return [*given, "--out", str(self.out), *more]

    def table(self, name: str) -> dict[str, list[object]]:
        found: dict[str, list[object]] = pq.read_table(self.out / f"{name}.parquet").to_pydict()
        return found
