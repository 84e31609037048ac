"""Tables that read the chain and change nothing in it: `analysis/` and `robustness/`."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from pipeline import store
from pipeline.diagnostics import analysis_tables
from pipeline.faults import Faults, Place
from pipeline.robustness.tables import INTO_SCORES, robustness_tables
from pipeline.spec import Spec
from schemas import check_contract


def hold_contract(name: str, frame: pd.DataFrame, faults: Faults) -> None:
    """Add a fault for each rule of its contract that a table breaks."""
    for problem in check_contract(name, frame):
        faults.add("SCH-21", Place(f"steps/{name}"), name, problem=problem)


def analyse(con: Any, faults: Faults) -> None:
    """Add the tables of `analysis/` to a computed database, each held to its contract.

    Raises:
        Rejected: when one of them breaks its contract.
    """
    _add(con, analysis_tables(con), faults)


def simulate(con: Any, spec: Spec, faults: Faults) -> None:
    """Add the tables of `robustness/` to a computed database, and their intervals to `scores`.

    Raises:
        Rejected: when the factors of the index cannot be scored, or a contract is broken.
    """
    _add(con, robustness_tables(con, spec), faults)
    con.execute(INTO_SCORES)
    hold_contract("scores", store.as_frame(store.get_table(con, "scores")), faults)
    faults.raise_if_any()


def _add(con: Any, tables: dict[str, pa.Table], faults: Faults) -> None:
    for name, table in tables.items():
        store.refuse_non_finite(table, name, faults)
        hold_contract(name, store.as_frame(table), faults)
        con.register("incoming", table)
        con.execute(f'create table "{name}" as select * from incoming')
        con.unregister("incoming")
    faults.raise_if_any()
