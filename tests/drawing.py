"""What the tests of the robustness runs share: factors for the toy, and its tables."""

from __future__ import annotations

from typing import Any

from pipeline.robustness.results import Run, run_draws
from tests.conftest import Toy

INDEX = "index.yml"
FACTORS = """
robustness:
  draws: 200
  seed: 1
  level: 0.9
  factors:
    - name: normalisation
      alternatives:
        - {normalise: {method: rank}}
    - name: aggregation
      alternatives:
        - {aggregate: geometric, normalise: {lower: 1}}
    - name: weights
      weights: {size: 0.25}
    - name: values
      values: {sets: 5}
"""


FIRST = '  - {edition: "2022", reference_year: 2022, scheme: "63"}\n'


def repeat_edition(toy: Toy) -> None:
    """The edition of 2022 a second time, under another name."""
    toy.edit(INDEX, FIRST, FIRST + FIRST.replace('"2022"', '"2022-again"'))


def declare(toy: Toy, factors: str = FACTORS) -> None:
    """Put factors into the index of a toy, after its settings."""
    toy.edit(INDEX, "nodes:\n", f"{factors.strip()}\nnodes:\n")


def drawn(toy: Toy, factors: str = FACTORS) -> tuple[Any, Run]:
    """The database of a toy with these factors, and its draws."""
    declare(toy, factors)
    con = toy.compute()
    return con, run_draws(con, toy.load().spec)
