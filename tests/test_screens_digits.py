"""Digits: heaps and Benford's law are tested on enough figures, and only there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from pipeline.choices.screens import Screens
from pipeline.faults import Fault, Faults, Place
from pipeline.ingest import Ingested
from pipeline.ingest.common import OBSERVED_COLUMNS
from pipeline.provinces import load_reference
from pipeline.screens.common import take_figures
from pipeline.screens.digits import BENFORD, EVEN, check_digits, chi_square
from pipeline.sources import Card, Catalogue, Variable
from tests.breaking import the_fault

FILE = "raw/synthetic.csv"
REF = load_reference()
CODES = REF.codes("63")
TEXTS = ("producer", "title", "url", "licence", "published", "accessed")
CARD = {
    "file": FILE, "kind": "table", "use": "index", "scheme": "63", "rows": "one province",
    "number_style": "plain", "year": {"value": 2022}, "sha256": "0" * 64,
    "columns": [{"column": "x", "variable": "x"}], **dict.fromkeys(TEXTS, "synthetic"),
}  # fmt: skip
VARIABLE = {"name_vi": "x", "name_en": "x", "unit": "x", "measure": "stock", "merge": "sum",
            "min": 0, "integer": True}  # fmt: skip


def look(values: dict[tuple[str, str], float], **thresholds: float) -> list[Fault]:
    """What the screen says of figures by (variable, province code), all of 2022 in one file."""
    rows = [
        dict.fromkeys(OBSERVED_COLUMNS)
        | {"scheme": "63", "province_code": code, "variable": variable, "year": 2022,
           "value": float(value), "value_low": float(value), "value_high": float(value),
           "qualifier": "exact", "source_id": "synthetic"}
        for (variable, code), value in values.items()
    ]  # fmt: skip
    places = [Place(FILE, row=i + 2, column=2) for i in range(len(rows))]
    names = {variable for variable, _ in values}
    catalogue = Catalogue(
        cards={"synthetic": Card.model_validate(CARD)},
        variables={name: Variable.model_validate(VARIABLE) for name in names},
    )
    none = pd.DataFrame()
    ingested = Ingested(pd.DataFrame(rows), none, none, places=places, refused=set())
    faults = Faults()
    check_digits(take_figures(ingested, catalogue, REF, Screens(**thresholds), faults))
    return faults.sorted()


def counts_of(last: list[int], seed: int = 1) -> dict[tuple[str, str], float]:
    """A count of 300 to 1000 for each of 63 provinces, ending in the digits given, in turn."""
    tens = np.random.default_rng(seed).integers(30, 100, len(CODES))
    return {("x", code): 10 * int(ten) + last[i % len(last)]
            for i, (code, ten) in enumerate(zip(CODES, tens, strict=True))}  # fmt: skip


def test_SEM_09_a_heap_of_round_numbers_is_shown_with_statistic_and_sample() -> None:
    fault = the_fault(look(counts_of([0, 0, 5, 0, 3])), "SEM-09", FILE, 2, 2, "x 2022")
    said = fault.details
    assert (said["n"], said["digit"], said["sample"]) == (63, 0, 50)
    assert said["share"] == "60%"  # 38 of 63
    assert said["round_share"] == "81%"  # 51 of 63
    # 38, 13 and 12 of 63 where 6.3 are expected: (38^2 + 13^2 + 12^2) / 6.3 - 63
    assert float(str(said["statistic"])) == pytest.approx(215.9, abs=0.06)


def test_SEM_09_even_last_digits_and_small_samples_are_not_flagged() -> None:
    assert look(counts_of(list(range(10)))) == []
    heap = dict(list(counts_of([0]).items())[:49])
    assert look(heap) == []
    assert [f.rule for f in look(heap, digit_sample=49)] == ["SEM-09"]


def test_SEM_09_the_counts_of_one_province_are_looked_at_together() -> None:
    tens = np.random.default_rng(2).integers(30, 1000, 60)
    values = {(f"v{i}", "92"): 10.0 * ten for i, ten in enumerate(tens)}
    fault = the_fault(look(values), "SEM-09", FILE, 2, 2, "Cần Thơ (92)")
    assert (fault.details["n"], fault.details["round_share"]) == (60, "100%")


def test_last_digits_are_those_written_whatever_the_decimals() -> None:
    steps = {("x", code): (1000 + 7 * i) / 10 for i, code in enumerate(CODES)}
    assert look(steps) == []  # 100.0, 100.7, 101.4 … run through all digits
    halves = {("x", code): 100 + i / 2 for i, code in enumerate(CODES)}
    assert [f.rule for f in look(halves)] == ["SEM-09"]  # 100.0 and 100.5 only
    shares = {("x", code): 1000 / (i + 7) for i, code in enumerate(CODES)}
    assert look(shares) == []  # tails of a division are no digits somebody wrote


def test_SEM_18_first_digits_no_real_counts_have_are_shown() -> None:
    grown = {("x", code): float(int(37 * 1.16**i)) for i, code in enumerate(CODES)}
    assert look(grown) == []  # growth follows the law
    invented = {("x", code): float(f"{5 + i % 4}{(37 * i) % 10 ** (1 + i % 4):0{1 + i % 4}d}")
                for i, code in enumerate(CODES)}  # fmt: skip
    fault = the_fault([f for f in look(invented) if f.rule == "SEM-18"],
                      "SEM-18", FILE, 2, 2, "x 2022")  # fmt: skip
    assert (fault.details["n"], fault.details["digit"]) == (63, 1)
    assert (fault.details["share"], fault.details["expected"]) == ("0%", "30%")


def test_first_digits_of_figures_of_one_size_are_not_tested() -> None:
    assert [f.rule for f in look(counts_of([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]))] == []


@settings(max_examples=200)
@given(st.lists(st.integers(0, 40), min_size=9, max_size=10).filter(any))
def test_the_statistic_and_its_tail_are_those_of_scipy(counts: list[int]) -> None:
    shares = BENFORD if len(counts) == 9 else EVEN
    ours = chi_square(np.array(counts), shares)
    theirs = chisquare(counts, sum(counts) * shares)
    assert ours[0] == pytest.approx(theirs.statistic, rel=1e-12, abs=1e-12)
    assert ours[1] == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-300)
