"""A correction replaces one cell, with its status and its reason, and keeps the printed text."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.__main__ import main
from tests.breaking import ENTERPRISES, POPULATION, fired
from tests.conftest import Toy

NAME = "raw/corrections.yml"


def _correct(toy: Toy, published: str, corrected: str, locator: str = "C2", times: int = 1) -> None:
    entry = f"""  - source: enterprises
    locator: {locator}
    published: "{published}"
    corrected: {corrected}
    reason: "the print says so on page 9"
    decided_on: "2026-01-01"
"""
    toy.write(NAME, "corrections:\n" + entry * times)


def _observed(toy: Toy) -> dict[str, Any]:
    """The cell C2 of the enterprises as it was observed."""
    frame = toy.load().ingested.observed
    rows = frame[(frame["source_id"] == "enterprises") & (frame["locator"] == "C2")]
    (row,) = rows.to_dict("records")
    return row


def test_a_corrected_cell_is_estimated_and_keeps_the_printed_text(toy: Toy) -> None:
    _correct(toy, "400", "410")
    row = _observed(toy)
    assert (row["value"], row["value_low"], row["value_high"]) == (410, 410, 410)
    assert (row["obs_status"], row["raw"]) == ("E", "400")


def test_an_explanation_shows_the_printed_text_the_corrected_figure_and_why(
    toy: Toy, capsys: pytest.CaptureFixture[str]
) -> None:
    _correct(toy, "400", "1410")
    toy.index()
    arguments = ["explain", "Hà Nội", "new_per_10000", "--lang", "vi", "--root", str(toy.root)]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert "«400»" in shown
    assert "đính chính thành 1.410 (2026-01-01: the print says so on page 9)" in shown


def test_a_correction_of_an_unknown_source_or_sheet_says_what_is_near(toy: Toy) -> None:
    _correct(toy, "400", "410")
    toy.edit(NAME, "source: enterprises", "source: enterprise")
    (fault,) = toy.faults()
    assert fault.details["found"] == "? enterprise (≈ enterprises)"


def test_a_cell_set_aside_is_missing(toy: Toy) -> None:
    _correct(toy, "400", "null")
    row = _observed(toy)
    assert row["obs_status"] == "M"
    assert row["value"] != row["value"]


@pytest.mark.parametrize("printed", ["1.23.4", "4OO", "-400"])
def test_a_cell_that_cannot_be_read_is_mended_by_a_correction(toy: Toy, printed: str) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", f"Hà Nội;2022;{printed}")
    toy.faults()
    _correct(toy, printed, "400")
    row = _observed(toy)
    assert (row["value"], row["obs_status"], row["raw"]) == (400, "E", printed)


def test_a_correction_of_another_text_does_not_hide_the_fault_of_the_cell(toy: Toy) -> None:
    toy.edit(ENTERPRISES, "Hà Nội;2022;400", "Hà Nội;2022;1.23.4")
    _correct(toy, "1.23.5", "400")
    assert [fault.rule for fault in toy.faults()] == ["COR-01", "NUM-05"]


@pytest.mark.parametrize(("corrected", "rule"), [("-1", "NUM-14"), ("1.5", "NUM-16")])
def test_a_correction_keeps_within_the_bounds_of_the_variable(
    toy: Toy, corrected: str, rule: str
) -> None:
    _correct(toy, "400", corrected)
    fired(toy, rule, NAME, 2, None, float(corrected) if "." in corrected else int(corrected))


def test_two_corrections_of_one_cell_are_refused(toy: Toy) -> None:
    _correct(toy, "400", "410", times=2)
    fault = fired(toy, "SCH-06", NAME, 8, None, "enterprises C2")
    assert fault.details["first"] == 2


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("reason: ", "raeson: ", "SCH-05"),
        ('"the print says so on page 9"', "short", "SCH-07"),
        ("corrected: 410", "corrected: 4 10", "SCH-07"),
        ("    decided_on: \"2026-01-01\"\n", "", "SCH-16"),
    ],
)  # fmt: skip
def test_a_broken_correction_is_refused_beside_other_faults(
    toy: Toy, old: str, new: str, rule: str
) -> None:
    _correct(toy, "400", "410")
    toy.edit(NAME, old, new)
    toy.edit(POPULATION, "Hà Nội", "Hà Nộy")
    assert {rule, "GEO-01"} <= {fault.rule for fault in toy.faults()}
