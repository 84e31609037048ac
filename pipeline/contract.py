"""The contract of a table, held while the chain runs."""

from __future__ import annotations

import pandas as pd

from pipeline.faults import Faults, Place
from schemas import check_contract


def hold_contract(name: str, frame: pd.DataFrame, faults: Faults) -> None:
    """Add a fault for each rule of its contract that a table breaks."""
    for problem in check_contract(name, frame):
        faults.add("SCH-21", Place(f"steps/{name}"), name, problem=problem)
