"""A project of 400 districts, with a scheme only its own reference tables declare, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.__main__ import main
from pipeline.faults import Faults, Rejected
from pipeline.methods.intervals import MANY_UNITS
from pipeline.project import Project
from pipeline.robustness.results import NEAR
from pipeline.run import load
from tests.conftest import silent
from tests.districts import N_DISTRICTS, SCHEME, code_of, make_districts, name_of


@pytest.fixture(scope="module")
def districts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a release, made by the command."""
    root = tmp_path_factory.mktemp("any") / "districts"
    make_districts(root)
    assert main(["index", "--root", str(root), "--lang", "en"]) == 0
    return root


def _table(root: Path, name: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = pq.read_table(
        root / f"outputs/current/{name}.parquet"
    ).to_pydict()
    return found


def test_districts_are_checked_ranked_and_published_under_their_own_codes(
    districts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--root", str(districts), "--lang", "en"]) == 0
    assert f"{6 * N_DISTRICTS} figures: no fault" in capsys.readouterr().out
    scores = _table(districts, "scores")
    ranked = {code for code, level, rank in
              zip(scores["province_code"], scores["level"], scores["rank"], strict=True)
              if level == "index" and rank is not None}  # fmt: skip
    assert ranked == {code_of(i) for i in range(N_DISTRICTS)}
    assert set(scores["scheme"]) == {SCHEME}
    assert set(_table(districts, "findings")["rule"]) == set()


def test_pairs_of_many_units_are_those_of_near_ranks_and_others_are_drawn_on_demand(
    districts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert N_DISTRICTS > MANY_UNITS
    pairs = _table(districts, "robustness/pairs")
    n_short = sum(range(1, NEAR + 1))  # the last ones have fewer below them
    assert len(pairs["edition"]) == N_DISTRICTS * NEAR - n_short
    scores = _table(districts, "scores")
    rank = {code: place for code, level, place in
            zip(scores["province_code"], scores["level"], scores["rank"], strict=True)
            if level == "index"}  # fmt: skip
    steps = [rank[b] - rank[a] for a, b in
             zip(pairs["province_code"], pairs["other_code"], strict=True)]  # fmt: skip
    assert min(steps) >= 0
    assert max(steps) <= NEAR
    first, last = (min(rank, key=lambda c: (sign * rank[c], c)) for sign in (1, -1))
    assert main(["robustness", "--pair", first, last, "--root", str(districts),
                 "--lang", "en"]) == 0  # fmt: skip
    said = capsys.readouterr().out
    names = [name.replace("Quận", "District") for name in
             (name_of(int(first) - 1), name_of(int(last) - 1))]  # fmt: skip
    assert f"{names[0]} is ahead of {names[1]} in " in said


def test_no_table_of_many_units_grows_with_their_square(districts: Path) -> None:
    alone = _table(districts, "robustness/one_at_a_time")
    assert set(alone["factor"]) == {"normalisation", "left_out"}  # and no district
    assert set(_table(districts, "robustness/sensitivity")["output"]) == {"mean_absolute_shift"}
    assert len(_table(districts, "robustness/distribution")["rank"]) <= N_DISTRICTS * 64


def test_a_figure_of_a_district_is_explained_down_to_its_cell(
    districts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["explain", name_of(11), "trained_share", "--root", str(districts), "--lang", "en"]
    assert main(command) == 0
    assert "raw/synthetic_people.csv  D13" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "old", "new", "rule"),
    [
        ("raw/sources.yml", f"scheme: {SCHEME}", 'scheme: "63"', "SCH-13"),
        ("raw/sources.yml", f"scheme: {SCHEME}", "scheme: column", "SCH-17"),
        ("index.yml", f"scheme: {SCHEME}", 'scheme: "34"', "SCH-13"),
    ],
)
def test_a_scheme_that_the_reference_tables_do_not_declare_is_refused(
    tmp_path: Path, file: str, old: str, new: str, rule: str
) -> None:
    make_districts(tmp_path / "x", 5)
    path = tmp_path / "x" / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(Rejected) as refused:
        load(Project(tmp_path / "x"), Faults(), silent)
    (fault,) = [one for one in refused.value.faults if one.place.file == file]
    assert fault.rule == rule
    if rule == "SCH-13":
        assert f"'{SCHEME}'" in str(fault.details["allowed"])


def test_numbers_stand_for_codes_of_any_length_where_a_card_says_so(tmp_path: Path) -> None:
    make_districts(tmp_path / "x", 5)
    people = tmp_path / "x/raw/synthetic_people.csv"
    people.write_text(people.read_text("utf-8").replace("\n00", "\n"), "utf-8")
    cards = tmp_path / "x/raw/sources.yml"
    numeric = "by: code, numeric_codes: true,"
    cards.write_text(cards.read_text("utf-8").replace("by: code,", numeric), "utf-8")
    assert main(["accept", "raw/synthetic_people.csv", "--root", str(tmp_path / "x")]) == 0
    observed = load(Project(tmp_path / "x"), Faults(), silent).ingested.observed
    assert set(observed["province_code"]) == {code_of(i) for i in range(5)}
