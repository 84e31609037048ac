"""Comparing: agreement by hand, and a change that splits exactly into its four reasons."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline import store
from pipeline.__main__ import main
from pipeline.analyse.change import PARTS, find_edition, split_change, walk_editions
from pipeline.analyse.comparison import compare_editions, compare_release, compare_specs
from pipeline.faults import Rejected
from tests.breaking import the_fault
from tests.conftest import Toy, given, silent

Con = duckdb.DuckDBPyConnection
Captured = pytest.CaptureFixture[str]
MERGER = {"01": "01", "02": "02", "03": "02"}
EDITIONS: dict[str, dict[str, Any]] = {
    "2021": {"reference_year": 2021, "scheme": "63"},
    "2022": {"reference_year": 2022, "scheme": "63"},
    "2022-34": {"reference_year": 2022, "scheme": "34"},
}
SCORES = {
    "2021": {"01": 50.0, "02": 40.0, "03": 10.0},
    "2022": {"01": 60.0, "02": 30.0, "03": None},
    "2022-34": {"01": 70.0, "02": 20.0},
    "2021-34": {"01": 55.0, "02": 33.0},
}
NAMES = {"01": "Hà Nội", "02": "Quảng Nam", "03": "Đà Nẵng"}


@pytest.fixture
def made(con: Con) -> Con:
    """Scores of three editions on three provinces, and of two on the two of today."""
    rows = [(e, code, score) for e, scores in SCORES.items() for code, score in scores.items()]
    given(
        con, "scores", edition=[e for e, _, _ in rows], province_code=[c for _, c, _ in rows],
        score=[s for _, _, s in rows], level="index", rank=1,
        province_name_vi=[NAMES[c] for _, c, _ in rows],
        province_name_en=[NAMES[c] for _, c, _ in rows],
    )  # fmt: skip
    given(con, "ranked", edition=list(SCORES), node="a", level="indicator", is_entered=True)
    return con


def parts(con: Con, before: str, after: str, more: tuple[str, ...] = ()) -> dict[str, list[float]]:
    """The split between two editions, by part."""
    editions = EDITIONS | {e: {"reference_year": 2021, "scheme": "34"} for e in more}
    walk = walk_editions(con, editions, before, after, MERGER)
    return {key: values.tolist() for key, values in split_change(walk.before, walk.steps).items()}


def test_between_two_years_all_of_the_change_is_performance(made: Con) -> None:
    found = parts(made, "2021", "2022")
    assert found["change"][:2] == found["performance"][:2] == [10, -10]
    assert np.isnan(found["change"][2])  # not ranked in 2022
    for part in ("territory", "revision", "method"):
        assert found[part] == [0, 0, 0]


def test_between_a_year_and_its_twin_all_of_the_change_is_territory(made: Con) -> None:
    # 01 stays what it is among others: 70 - 60; 02 and 03 become one province with 20
    found = parts(made, "2022", "2022-34")
    assert found["territory"][:2] == found["change"][:2] == [10, -10]
    assert found["performance"][:2] == [0, 0]
    back = parts(made, "2022-34", "2022")
    assert back["territory"][:2] == [-10, 10]


def test_territory_and_performance_meet_in_the_harmonised_twin(made: Con) -> None:
    # 2021: 50 40 10; on the provinces of today 55 33 33; in 2022 there 70 20 20
    found = parts(made, "2021", "2022-34", ("2021-34",))
    assert found["territory"] == [5, -7, 23]
    assert found["performance"] == [15, -13, -13]
    assert found["change"] == [20, -20, 10]
    back = parts(made, "2022-34", "2021", ("2021-34",))
    for key in ("territory", "performance", "change"):
        assert back[key] == [-part for part in found[key]]


@pytest.mark.parametrize("pair", [("2021", "2022-34"), ("2022-34", "2021")])
def test_GEO_13_editions_on_other_provinces_are_refused_and_the_harmonised_offered(
    pair: tuple[str, str], made: Con
) -> None:
    with pytest.raises(Rejected) as refused:
        walk_editions(made, EDITIONS, *pair, MERGER)
    fault = the_fault(refused.value.faults, "GEO-13", "index.yml", None, None, pair[0])
    offered = fault.details["offer"]
    for one in ("2021 2022", "2022 2022-34"):
        words = one if pair[0] == "2021" else " ".join(reversed(one.split()))
        assert f"--editions {words}" in offered


def test_ranks_are_compared_on_the_provinces_of_today_or_not_at_all(made: Con) -> None:
    same = compare_editions(made, EDITIONS, "2021", "2022", MERGER)
    assert (same["n"], same["mean_absolute_shift"]) == (2, 0)
    assert np.isnan(same["spearman"])  # two provinces say nothing
    assert compare_editions(made, EDITIONS, "2022", "2022-34", MERGER)["n"] == 0
    wider = EDITIONS | {"2021-34": {"reference_year": 2021, "scheme": "34"}}
    for pair in (("2021", "2022-34"), ("2022-34", "2021")):
        assert compare_editions(made, wider, *pair, MERGER)["n"] == 2
    assert compare_editions(made, EDITIONS, "2021", "2021", MERGER)["movers"] == []


SCORE = st.one_of(st.floats(0, 100), st.just(np.nan))


@over(st.integers(1, 6).flatmap(
    lambda n: st.tuples(
        st.lists(SCORE, min_size=n, max_size=n),
        st.lists(st.tuples(st.sampled_from(PARTS), st.lists(SCORE, min_size=n, max_size=n)),
                 max_size=6),
    )
))  # fmt: skip
@limits(max_examples=300)
def test_OUT_15_the_parts_add_up_to_the_change(case: tuple[list[float], list[Any]]) -> None:
    before, steps = np.array(case[0]), [(part, np.array(scores)) for part, scores in case[1]]
    found = split_change(before, steps)
    total = sum(found[part] for part in PARTS)
    whole = ~np.isnan(np.array([before, *(scores for _, scores in steps)])).any(axis=0)
    np.testing.assert_allclose(total[whole], found["change"][whole], rtol=0, atol=1e-9)
    for part in set(PARTS) - {part for part, _ in steps}:
        assert (found[part] == 0).all()


def test_OUT_15_a_part_beside_a_missing_score_is_missing_and_no_other() -> None:
    found = split_change(np.array([1.0]), [("method", np.array([np.nan]))])
    assert np.isnan(found["method"]).all()
    assert found["territory"].tolist() == [0]
    with pytest.raises(ValueError, match="no step 'luck'"):
        split_change(np.array([1.0]), [("luck", np.array([2.0]))])
    with pytest.raises(ValueError, match="of shape"):
        split_change(np.array([1.0]), [("method", np.array([2.0, 3.0]))])


def other_spec(toy: Toy, old: str, new: str) -> Path:
    """Another specification beside the project's own."""
    words = (toy.root / "index.yml").read_text("utf-8")
    assert old in words
    path = toy.root / "other.yml"
    path.write_text(words.replace(old, new), "utf-8")
    return path


def only(rows: list[dict[str, Any]], part: str) -> None:
    """All of each change lies in one part, and some province changes."""
    for row in rows:
        assert row[part] == row["change"]
        assert [row[other] for other in PARTS if other != part] == [0, 0, 0]
    assert any(row["change"] for row in rows)


def test_OUT_15_another_specification_on_the_same_data_is_all_method(toy: Toy) -> None:
    # Property counts fully: output is the plain mean of firms and property. Index 80, 60, 38.75,
    # 43.75, 3.125, 37.5 instead of 86.67, 60.83, 34.17, 50, 4.17, 29.17.
    path = other_spec(toy, "parent: output, weight: 0.5", "parent: output, weight: 1")
    found = {row["edition"]: row for row in compare_specs(toy.project, path, silent)}
    assert list(found) == ["2022", "2022-34"]
    rows = {row["code_before"]: row for row in found["2022"]["change"]}
    assert [row["after"] for row in rows.values()] == pytest.approx(
        [80, 60, 38.75, 43.75, 3.125, 37.5]
    )
    only(found["2022"]["change"], "method")
    # ranks 1 2 4 3 6 5 before and 1 2 4 3 6 5 after
    assert (found["2022"]["n"], found["2022"]["spearman"]) == (6, pytest.approx(1))
    assert found["2022"]["movers"] == []
    assert not (toy.root / "outputs").exists()


def test_OUT_15_the_same_specification_changes_nothing(toy: Toy) -> None:
    for row in compare_specs(toy.project, Path("index.yml"), silent):
        assert row["mean_absolute_shift"] == 0
        for change in row["change"]:
            assert [change[key] for key in ("change", *PARTS)] == [0] * 5


def test_OUT_15_other_figures_are_all_revision_and_a_new_method_beside_them_is_told_apart(
    toy: Toy, tmp_path: Path
) -> None:
    old = tmp_path / "an earlier release"
    shutil.copytree(toy.index().release, old)
    toy.edit("raw/synthetic_labour.csv", '92,"30,0"', '92,"40,0"')
    found = compare_release(toy.project, old, silent)
    only(found[0]["change"], "revision")
    changed = {r["code_before"]: r["change"] for r in found[0]["change"] if r["change"]}
    assert changed == {"92": pytest.approx(12.5)}  # people 50 -> 75, half of input's half
    toy.edit("index.yml", "parent: output, weight: 0.5", "parent: output, weight: 1")
    rows = {r["code_before"]: r for r in compare_release(toy.project, old, silent)[0]["change"]}
    assert rows["92"]["revision"] == pytest.approx(12.5)
    assert rows["92"]["method"] == pytest.approx(43.75 - 50)
    assert rows["92"]["change"] == pytest.approx(12.5 + 43.75 - 50)


def test_GEO_13_a_specification_with_the_edition_on_other_provinces_is_refused(toy: Toy) -> None:
    # '2022' of the other is on the provinces of today
    path = other_spec(toy, '"63"}\n  - {edition: "2022-34", reference_year: 2022, scheme: "34"}',
                      '"34"}')  # fmt: skip
    with pytest.raises(Rejected) as refused:
        compare_specs(toy.project, path, silent)
    the_fault(refused.value.faults, "GEO-13", "index.yml", None, None, "2022")


def test_a_broken_specification_is_refused_with_its_lines(toy: Toy) -> None:
    path = other_spec(toy, "aggregate: arithmetic", "aggregate: arithmetik")
    with pytest.raises(Rejected) as refused:
        compare_specs(toy.project, path, silent)
    assert [(f.rule, f.place.file) for f in refused.value.faults] == [("SCH-13", "other.yml")]


def run(toy: Toy, *arguments: str) -> int:
    return main(["compare", *arguments, "--root", str(toy.root)])


def test_the_command_prints_agreement_and_change_in_both_languages(
    released: Toy, tmp_path: Path, capsys: Captured
) -> None:
    words = (released.root / "index.yml").read_text("utf-8")
    other = tmp_path / "other.yml"
    other.write_text(words.replace("{method: minmax", "{method: rank"), "utf-8")
    assert run(released, str(other), "--lang", "en", "-n", "1") == 0
    shown = capsys.readouterr().out
    assert "From index.yml to" in shown
    assert "all of the change is method" in shown
    assert run(released, "--editions", "2022", "2022-34", "--lang", "vi") == 0
    shown = capsys.readouterr().out
    assert "| Hậu Giang → Cần Thơ | 4,17 | 16,67 | +12,50 | +12,50 | 0,00 | 0,00 | 0,00 |" in shown
    assert "Mỗi kỳ được chuẩn hóa riêng" in shown
    assert run(released, "--release", "outputs/current", "--lang", "en") == 0
    assert "| Hanoi | 86.67 | 86.67 | 0.00 |" in capsys.readouterr().out


def test_the_command_gives_everything_as_json(released: Toy, capsys: Captured) -> None:
    assert run(released, "--editions", "2022", "2022-34", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["change"]) == 6
    for row in found["change"]:
        assert sum(row[part] for part in PARTS) == pytest.approx(row["change"], abs=1e-9)
    assert run(released, "index.yml", "--json") == 0
    assert [one["edition"] for one in json.loads(capsys.readouterr().out)["editions"]] == [
        "2022", "2022-34",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "one of the three"),
        (["index.yml", "--editions", "2022", "2022"], 2, "one of the three"),
        (["--editions", "2022", "1999"], 2, "There is no edition '1999'"),
        (["nothing.yml"], 1, "SCH-10"),
    ],
)
def test_a_comparison_with_nothing_says_so(
    arguments: list[str], code: int, words: str, released: Toy, capsys: Captured
) -> None:
    assert run(released, *arguments, "--lang", "en") == code
    assert words in capsys.readouterr().err


def test_a_specification_of_other_years_has_nothing_in_common(toy: Toy, capsys: Captured) -> None:
    words = (toy.root / "index.yml").read_text("utf-8")
    (toy.root / "other.yml").write_text(words.replace("year: 2022", "year: 2021"), "utf-8")
    assert run(toy, "other.yml", "--lang", "en") == 2
    assert "no edition of the same reference year" in capsys.readouterr().err


def test_an_edition_that_rests_on_other_indicators_says_so(shipped: Path, capsys: Captured) -> None:
    command = ["compare", "--editions", "2021", "2022", "-n", "1", "--root", str(shipped)]
    assert main([*command, "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert "In edition 2022 alone: Active enterprises per 1,000 inhabitants." in shown


def test_every_edition_of_the_shipped_index_splits_exactly(shipped: Path) -> None:
    from pipeline.provinces import load_reference

    con = store.open_release(shipped / "outputs/current")
    spec = json.loads((shipped / "outputs/current/spec.json").read_text("utf-8"))["index"]
    editions = {one["edition"]: one for one in spec["editions"]}
    merger = load_reference().merger
    for before in ("2018", "2021", "2022", "2022-34"):
        for after in ("2019", "2022", "2022-34"):
            if "2022-34" in (before, after) and {before, after} - {"2022", "2022-34"}:
                continue
            rows = compare_editions(con, editions, before, after, merger)["change"]
            assert len(rows) == (34 if before == after == "2022-34" else 63)
            for row in rows:
                assert sum(row[p] for p in PARTS) == pytest.approx(row["change"], abs=1e-9)
                assert row["revision"] == row["method"] == 0
    assert find_edition(editions, 2022, "34") == "2022-34"
    con.close()
