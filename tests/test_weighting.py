"""Where weights come from in `index.yml`: choices refused on their lines, and whole runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline import store
from pipeline.choices.weighting import Weigh, choice_of
from pipeline.compare import _ranks_without
from pipeline.faults import Fault, explain_fault
from pipeline.project import input_files
from tests.breaking import INDEX, the_fault
from tests.conftest import Toy

POINTS = "expert,firms,property\nSynthetic one,30,70\nSynthetic two,50,50\n"


def choose(toy: Toy, *lines: str, node: str = "output") -> None:
    """Give a node of the toy the key `weigh`, a key per line."""
    text = (toy.root / INDEX).read_text("utf-8").splitlines()
    (at,) = [i for i, line in enumerate(text) if line.startswith(f"  - {{code: {node},")]
    pairs = text[at].strip()[3:-1].split(", ")
    block = [f"  - {pairs[0]}", *(f"    {pair}" for pair in pairs[1:]), "    weigh:"]
    text[at : at + 1] = [*block, *(f"      {line}" for line in lines)]
    (toy.root / INDEX).write_text("\n".join(text) + "\n", "utf-8")


def refusal(toy: Toy) -> tuple[str, str, Fault]:
    """Rule, line and fault of the one refusal; it reads well in both languages."""
    (fault,) = toy.faults()
    place = fault.place
    the_fault([fault], fault.rule, place.file, place.row, place.column, fault.value)
    assert place.row is not None
    return fault.rule, (toy.root / place.file).read_text("utf-8").splitlines()[place.row - 1], fault


def weights_of(con: Any, edition: str = "2022") -> dict[str, tuple[Any, ...]]:
    rows = con.sql("select node, weight_in_parent, origin, remark, remark_value from weights "
                   "where edition = $edition", params={"edition": edition}).fetchall()  # fmt: skip
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize(
    ("lines", "rule", "line", "says"),
    [
        (["method: guess"], "SCH-13", "method: guess", "'pca'"),
        (["method: given", "targets: {firms: 1}"], "SCH-17", "targets: {", "takes no targets"),
        (["method: pca", "components: last"], "SCH-13", "components: last", "'rotated'"),
        (["method: equal", "components: first"], "SCH-17", "components: first", "takes no comp"),
        (["method: hierarchy"], "SCH-17", "method: hierarchy", "needs matrix"),
        (["method: budget"], "SCH-17", "method: budget", "needs points"),
        (["method: target_correlation"], "SCH-17", "method: target", "needs targets"),
        (
            ["method: target_correlation", "targets:", "  firms: 1"],
            "SCH-17", "targets:", "output: no target for property",
        ),
        (
            ["method: target_correlation", "targets:", "  firms: 1", "  property: 0"],
            "SCH-17", "property: 0", "a target is above 0",
        ),
        (
            ["method: target_correlation", "is_relative: false", "targets:", "  firms: 0.5",
             "  property: 1.5"],
            "SCH-17", "property: 1.5", "at most 1",
        ),
        (
            ["method: target_correlation", "targets:", "  firms: 1", "  propety: 1"],
            "SCH-02", "propety: 1", "property",
        ),
        (
            ["method: hierarchy", "matrix:", "  firms:", "    propety: 3"],
            "SCH-02", "propety: 3", "property",
        ),
        (
            ["method: hierarchy", "matrix:", "  firms:", "    property: -3"],
            "SCH-17", "property: -3", "a comparison is above 0",
        ),
        (
            ["method: hierarchy", "matrix:", "  firms:", "    firms: 1"],
            "SCH-17", "matrix:", "not compared: firms – property",
        ),
        (
            ["method: hierarchy", "matrix:", "  firms: {property: 3}", "  property: {firms: 3}"],
            "SCH-17", "matrix:", "each must be 1 divided by the other",
        ),
        (
            ["method: budget", "points:", "  one:", "    firms: 60", "    property: -40"],
            "SCH-17", "property: -40", "points are 0 or more",
        ),
        (
            ["method: budget", "points:", "  one: {people: 60}"],
            "SCH-02", "one: {people: 60}", "–",
        ),
        (
            ["method: budget", "points:", "  one: {firms: 60}", "  two: {firms: 0, property: 0}"],
            "SCH-17", "points:", "expert 'two': all weights are zero",
        ),
        (["method: budget", "points: {}"], "SCH-17", "points: {}", "experts by columns"),
        (["method: budget", "points: {one: {firms: x}}"], "SCH-07", "points: {one", "firms"),
    ],
)  # fmt: skip
def test_a_choice_of_weights_that_cannot_be_met_is_refused_on_its_line(
    toy: Toy, lines: list[str], rule: str, line: str, says: str
) -> None:
    choose(toy, *lines)
    found = refusal(toy)
    assert found[0] == rule
    assert found[1].strip().startswith(line)
    assert says in str(found[2].details)


@pytest.mark.parametrize(
    ("words", "rule", "says"),
    [
        ("{method: hierarchy}", "SCH-13", "'given', 'equal', 'pca', 'entropy', 'critic'"),
        ("{method: critic, components: first}", "SCH-17", "critic takes no components"),
        ("{method: equal, targets: {firms: 1}}", "SCH-05", "targets"),
    ],
)
def test_the_choice_of_the_whole_index_takes_what_needs_no_children(
    toy: Toy, words: str, rule: str, says: str
) -> None:
    toy.edit(INDEX, "aggregate: arithmetic", f"weigh: {words}\n  aggregate: arithmetic")
    found = refusal(toy)
    assert found[0] == rule
    assert found[1].strip() == f"weigh: {words}"
    assert says in str(found[2].details) + str(found[2].value)


def test_weights_of_a_node_whose_provinces_have_their_own_are_refused(toy: Toy) -> None:
    choose(toy, "method: entropy")
    toy.edit(INDEX, "    weigh:", "    aggregate: benefit_of_the_doubt\n    weigh:")
    found = refusal(toy)
    assert found[:2] == ("SCH-17", "      method: entropy")
    toy.edit(INDEX, "method: entropy", "method: given")
    toy.load()


def test_a_node_keeps_its_own_choice_and_the_others_take_that_of_the_index(toy: Toy) -> None:
    choose(toy, "method: equal")
    common = "weigh: {method: pca, components: first}"
    toy.edit(INDEX, "aggregate: arithmetic", f"{common}\n  aggregate: arithmetic")
    toy.edit(INDEX, "{code: firms,", "{code: firms, aggregate: benefit_of_the_doubt,")
    spec = toy.load().spec
    found = {node.code: choice_of(node, spec.settings) for node in spec.nodes}
    assert found["output"] == Weigh(method="equal")
    assert found["index"] == Weigh(method="pca", components="first")
    assert found["firms"] == Weigh()


def test_points_of_experts_are_read_from_a_file_of_the_project(toy: Toy) -> None:
    choose(toy, "method: budget", "points_file: experts.csv")
    toy.write("experts.csv", "\ufeff" + POINTS)
    result = toy.index()
    con = store.open_release(result.release)
    found = weights_of(con)
    con.close()
    assert found["firms"] == (pytest.approx(0.4), "budget", "experts", 2)
    assert found["property"][0] == pytest.approx(0.6)
    assert result.manifest["inputs"]["experts.csv"] != "missing"
    assert '"Synthetic one"' in (result.release / "spec.json").read_text("utf-8")


def test_a_changed_file_of_points_is_a_changed_input(toy: Toy) -> None:
    choose(toy, "method: budget", "points_file: 'panel/experts of 2022.csv'  # the panel")
    (toy.root / "panel").mkdir()
    toy.write("panel/experts of 2022.csv", POINTS)
    before = input_files(toy.project)
    toy.write("panel/experts of 2022.csv", POINTS.replace("30,70", "70,30"))
    after = input_files(toy.project)
    assert [name for name in after if after[name] != before[name]] == ["panel/experts of 2022.csv"]
    toy.load()


@pytest.mark.parametrize(
    "path", ["../experts.csv", "/tmp/experts.csv", "~/experts.csv", "a\\..\\b.csv", "C:experts.csv"]
)
def test_SEC_07_a_file_of_points_outside_the_project_is_refused_with_its_key(
    toy: Toy, path: str
) -> None:
    (toy.root.parent / "experts.csv").write_text(POINTS, "utf-8")
    choose(toy, "method: budget", f"points_file: {path}")
    found = refusal(toy)
    assert found[0] == "SEC-07"
    assert found[1].strip() == f"points_file: {path}"
    assert (found[2].value, found[2].details["key"]) == (path, "points_file")
    assert not [name for name in input_files(toy.project) if "experts" in name]


def test_a_link_to_a_file_outside_a_folder_and_no_file_are_refused(
    toy: Toy, tmp_path: Path
) -> None:
    (tmp_path / "outside.csv").write_text(POINTS, "utf-8")
    choose(toy, "method: budget", "points_file: experts.csv")
    path = toy.root / "experts.csv"
    assert [fault.rule for fault in toy.faults()] == ["SCH-10"]
    path.symlink_to(tmp_path / "outside.csv")
    assert [fault.rule for fault in toy.faults()] == ["SEC-08"]
    path.unlink()
    path.mkdir()
    assert [fault.rule for fault in toy.faults()] == ["SEC-09"]
    path.rmdir()
    path.write_bytes(b"x" * 2_000_001)
    toy.write("limits.yml", "file_bytes: 2000000\n")
    assert [fault.rule for fault in toy.faults()] == ["SEC-18"]


@pytest.mark.parametrize(
    ("content", "rule", "row", "column"),
    [
        (POINTS.replace("30,70", "30,-70"), "SCH-17", 2, 3),
        (POINTS.replace("50,50", "50,"), "SCH-17", 3, 3),
        (POINTS.replace("50,50", '50,"1,5"'), "SCH-17", 3, 3),
        (POINTS.replace("50,50", "50"), "HDR-09", 3, None),
        (POINTS.replace("property", "propety"), "SCH-02", 1, 3),
        (POINTS.replace("expert,firms", "expert,expert"), "HDR-03", 1, 2),
        (POINTS.replace("Synthetic two", "Synthetic one"), "SCH-06", 3, None),
        (POINTS.replace("expert,", "who,"), "HDR-01", 1, None),
        ("expert,firms,property\n", "HDR-13", None, None),
        ("", "HDR-01", 1, None),
        (POINTS.replace("Synthetic two", '"Synthetic two'), "HDR-10", None, None),
        (POINTS.encode() + "Đỗ,1,1\n".encode("utf-16-le"), "ENC-03", 4, None),
    ],
)
def test_a_file_of_points_that_is_none_is_refused_with_its_cell(
    toy: Toy, content: str | bytes, rule: str, row: int | None, column: int | None
) -> None:
    choose(toy, "method: budget", "points_file: experts.csv")
    toy.write("experts.csv", content)
    faults = toy.faults()
    assert (rule, row, column) in {(f.rule, f.place.row, f.place.column) for f in faults}
    assert {f.place.file for f in faults} == {"experts.csv"}


def test_points_in_two_places_are_refused(toy: Toy) -> None:
    choose(toy, "method: budget", "points: {one: {firms: 1}}", "points_file: experts.csv")
    found = refusal(toy)
    assert found[:2] == ("SCH-17", "      points_file: experts.csv")


def test_a_project_with_weights_of_data_and_of_people_runs_to_a_release(toy: Toy) -> None:
    choose(toy, "method: hierarchy", "matrix: {input: {output: 3}}", node="index")
    choose(toy, "method: critic")
    release = store.open_release(toy.index().release)
    for edition in ("2022", "2022-34"):
        found = weights_of(release, edition)
        assert found["input"] == (pytest.approx(0.75), "hierarchy", "consistent", 0)
        assert found["firms"][0] + found["property"][0] == pytest.approx(1)
        assert found["firms"][1] == "critic"
        assert found["trained_share"] == (1, "given", None, None)
    # firms 100 50 25 75 12.5 0 and property 20 40 80 0 0 100 have one conflict: spreads decide
    firms = sum((x - 43.75) ** 2 for x in (100, 50, 25, 75, 12.5, 0)) ** 0.5
    share = firms / (firms + sum((x - 40) ** 2 for x in (20, 40, 80, 0, 0, 100)) ** 0.5)
    assert weights_of(release)["firms"][0] == pytest.approx(share, abs=1e-12)
    (score,) = release.sql(
        "select score from scores where edition = '2022' and node = 'index' "
        "and province_code = '01'"
    ).fetchall()[0]
    assert score == pytest.approx(0.75 * 100 + 0.25 * (share * 100 + (1 - share) * 20), abs=1e-9)
    release.close()


def test_weights_that_the_scores_do_not_give_are_refused_by_node_and_edition(toy: Toy) -> None:
    choose(toy, "method: entropy")
    far = "    normalise: {method: goalposts, bounds: [1000, 2000]}\n    treat: false\n"
    toy.edit(INDEX, "numerator: gi\n", f"numerator: gi\n{far}")
    (toy.root / "raw/forgotten.csv").write_text("province,2022\n", "utf-8")
    faults = toy.faults()
    assert [fault.rule for fault in faults] == ["SCH-17", "SCH-22"]  # and the warning
    said = explain_fault(faults[0], "en")["why"]
    assert said.endswith(
        "output, entropy weights: column 'property' is constant: it tells no unit from another "
        "(2022, 2022-34)."
    )


@pytest.mark.parametrize("at", ["node", "settings"])
def test_entropy_of_scores_that_may_be_negative_is_refused_on_its_line(toy: Toy, at: str) -> None:
    toy.edit(INDEX, "lower: 0, upper: 100", "lower: -1, upper: 100")
    if at == "node":
        choose(toy, "method: entropy")
        toy.edit(INDEX, "aggregate: arithmetic", "weigh: {method: critic}\n  aggregate: arithmetic")
    else:
        toy.edit(INDEX, "aggregate: arithmetic", "weigh:\n    method: entropy\n  aggregate: median")
    found = refusal(toy)
    assert (found[0], found[1].strip()) == ("SCH-17", "method: entropy")
    assert "down to -1" in str(found[2].details["problem"])
    nodes = "output" if at == "node" else "index, input, output, people, firms, property"
    assert str(found[2].details["problem"]).endswith(f": {nodes}")


def test_an_index_without_a_node_is_weighed_anew(toy: Toy) -> None:
    choose(toy, "method: hierarchy", "matrix: {firms: {property: 3}}")
    con = store.open_release(toy.index().release)
    ranks = _ranks_without(con, "2022", "property")
    con.close()
    # output is firms alone: with input 100 75 25 50 0 25 it is 100 62.5 25 62.5 6.25 12.5
    found = dict(zip(ranks["province_code"], ranks["rank"], strict=True))
    assert found == {"01": 1, "48": 2, "92": 2, "49": 4, "94": 5, "93": 6}
