"""Every refusal of the section `robustness`: before anything is computed, on its line."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from pipeline.faults import Fault, Rejected, explain_fault
from pipeline.robustness.space import declare as declare_space
from tests import breaking
from tests.conftest import Toy
from tests.drawing import FACTORS, INDEX, declare, drawn
from tests.test_rules_results import WITHOUT_34

GEOMETRIC = """    - name: aggregation
      alternatives:
        - {aggregate: geometric, normalise: {lower: 1}}
"""
NORMALISATION = "        - {normalise: {method: rank}}\n"
WEIGHTS = "      weights: {size: 0.25}\n"


def refused(toy: Toy, old: str, new: str) -> tuple[Fault, str]:
    """The one fault of the toy with a factor changed, and its reason in English."""
    assert old in FACTORS
    declare(toy, FACTORS.replace(old, new, 1))
    (fault,) = toy.faults()
    return fault, explain_fault(fault, "en")["why"]


def line_of(toy: Toy, text: str) -> int:
    return breaking.line_of(toy, INDEX, text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (WEIGHTS, "      weights: {size: 1}\n", "size must be below 1"),
        (WEIGHTS, WEIGHTS + "      leave_out: pillar\n", "a factor has exactly one of"),
        (WEIGHTS, "", "a factor has exactly one of"),
        (WEIGHTS, "      weights: {size: 0.2, levels: [sub_pillar]}\n",
         "the tree has no sub_pillar"),
        (WEIGHTS, "      leave_out: sub_pillar\n", "the tree has no sub_pillar"),
        (NORMALISATION, "        - {rank: {digits: 3}}\n", "'rank' does not vary"),
        (NORMALISATION, "        - {normalise: {panel: together}}\n", "'panel' does not vary"),
        (NORMALISATION, "        - {normalise: {method: best}}\n", "normalise.method cannot be"),
        (NORMALISATION, "        - {normalise: {sd: 3}}\n", "no indicator has a method that takes"),
        (NORMALISATION, "        - {impute: {method: linear}}\n", "linear needs 3 editions"),
    ],
)  # fmt: skip
def test_SCH_17_a_factor_that_is_none_is_refused_with_its_line(
    toy: Toy, old: str, new: str, said: str
) -> None:
    fault, why = refused(toy, old, new)
    assert fault.rule == "SCH-17"
    assert said in why
    assert fault.place.file == INDEX
    first, last = line_of(toy, "robustness:"), line_of(toy, "nodes:")
    assert first < (fault.place.row or 0) < last


def test_SCH_17_alternatives_that_cannot_go_together_are_named_on_their_line(toy: Toy) -> None:
    # A geometric mean needs scores above 0; each alternative alone is possible.
    fault, why = refused(toy, "- {normalise: {method: rank}}", "- {normalise: {method: zscore}}")
    assert fault.rule == "SCH-17"
    assert fault.place.row == line_of(toy, "{aggregate: geometric")
    assert "normalise: method: zscore; aggregate: geometric, normalise: lower: 1" in why.replace(
        '"', ""
    )
    assert "geometric needs scores above 0" in why


def test_SCH_17_only_the_smallest_impossible_set_is_told(toy: Toy) -> None:
    more = FACTORS.replace("rank}", "zscore}") + (
        "    - name: treatment\n      alternatives: [{treat: {method: none}}]\n"
    )
    declare(toy, more)
    assert len(toy.faults()) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("leave_out: pillar", "leave_out varies in another factor"),
        ("values: {sets: 3}", "values varies in another factor"),
        ("weights: {size: 0.1, levels: [pillar]}", "pillar varies in another factor"),
    ],
)
def test_SCH_17_what_varies_in_two_factors_is_refused(toy: Toy, more: str, said: str) -> None:
    declare(
        toy,
        FACTORS + f"    - {{name: left, leave_out: indicator}}\n    - {{name: again, {more}}}\n",
    )
    (fault,) = toy.faults()
    assert said in explain_fault(fault, "en")["why"]


def test_SCH_06_a_name_used_twice_is_refused(toy: Toy) -> None:
    fault, _ = refused(toy, "name: aggregation", "name: normalisation")
    assert fault.rule == "SCH-06"
    assert fault.details["first"] == line_of(toy, "- name: normalisation")


def test_SCH_02_a_register_that_no_indicator_has_is_refused_with_what_is_near(toy: Toy) -> None:
    fault, _ = refused(toy, "{sets: 5}", "{sets: 5, incomplete: {gi_per_milion: 0.1}}")
    assert fault.rule == "SCH-02"
    assert "gi_per_million" in fault.details["nearest"]


def test_SCH_17_more_combinations_than_can_be_checked_are_refused(toy: Toy) -> None:
    many = "".join(
        f"    - name: f{k}\n      alternatives: [{{node_coverage: 0.{k}}}]\n" for k in range(1, 10)
    )
    declare(toy, FACTORS + many)
    (fault,) = toy.faults()
    assert "2048 combinations" in explain_fault(fault, "en")["why"]


@pytest.mark.parametrize("key", ["draws: 1", "level: 1.0", "seed: -1", "surprise: 1"])
def test_a_number_out_of_range_or_an_unknown_key_is_refused(toy: Toy, key: str) -> None:
    name = key.split(":", maxsplit=1)[0]
    without = re.sub(rf"  {name}: .*\n", "", FACTORS)
    declare(toy, without.replace("\n  factors", f"\n  {key}\n  factors"))
    (fault,) = toy.faults()
    assert fault.rule in ("SCH-05", "SCH-07")
    assert fault.place.row == line_of(toy, f"  {key}")


def test_SCH_17_a_combination_whose_values_cannot_be_scored_is_refused(toy: Toy) -> None:
    toy.edit(INDEX, WITHOUT_34, "")
    scale = '{method: distance_to_reference, reference: "94"}'  # the worst in new enterprises
    with pytest.raises(Rejected) as error:
        drawn(toy, FACTORS.replace("{method: rank}", scale).replace(GEOMETRIC, ""))
    (fault,) = {fault.rule: fault for fault in error.value.faults}.values()
    assert fault.rule == "SCH-17"
    assert "distance_to_reference" in explain_fault(fault, "en")["why"]
    assert "the index cannot be scored" in explain_fault(fault, "en")["why"]


def test_SCH_17_an_edition_of_which_nothing_is_left_is_refused(toy: Toy) -> None:
    _, run = drawn(toy, FACTORS + "    - {name: left, leave_out: indicator}\n")
    alone = np.arange(run.index.tree.n_leaves) == 0
    one = replace(run.cells[0], entered=alone)
    with pytest.raises(Rejected) as error:
        declare_space(run.index, [one])
    (fault,) = error.value.faults
    why = explain_fault(fault, "en")["why"]
    assert f"without {run.index.codes[0]} nothing is left of edition {one.edition}" in why
