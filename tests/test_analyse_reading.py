"""Profile, leaving one out and trends: by hand on the toy, and what the commands print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import store
from pipeline.__main__ import main
from pipeline.analyse.page import Table, cell, markdown, show
from pipeline.analyse.profile import profile
from pipeline.analyse.removal import candidates, index_without, remove_each
from pipeline.analyse.trend import trend_rows
from pipeline.explain import Release
from pipeline.panel import read_panel
from tests.conftest import Toy

Captured = pytest.CaptureFixture[str]


def run(toy: Toy, *arguments: str) -> int:
    return main([*arguments, "--root", str(toy.root)])


def found_of(toy: Toy, province: str, peers: str = "all", edition: str = "2022") -> dict[str, Any]:
    """The profile of a province of the toy."""
    con = store.open_release(toy.project.current)
    release = Release(toy.project.current)
    found = profile(con, release, read_panel(con, edition), province, peers)
    con.close()
    return found


def test_a_profile_by_hand(released: Toy) -> None:
    # scores: trained 100 75 25 50 0 25 (mean 275/6), new 100 50 25 75 12.5 0 (262.5/6), indications
    # 20 40 80 0 0 100 (40); Cần Thơ is the fourth
    found = found_of(released, "92")
    rows = {row["node"]: row for row in found["nodes"]}
    assert list(rows) == ["index", "input", "output", "people", "firms", "property",
                          "trained_share", "new_per_10000", "gi_per_million"]  # fmt: skip
    assert (rows["index"]["score"], rows["index"]["rank"]) == (pytest.approx(50), 3)
    firms = rows["new_per_10000"]
    assert (firms["score"], firms["rank"], firms["ranked"]) == (pytest.approx(75), 2, 6)
    assert firms["difference"] == pytest.approx(75 - 262.5 / 6)
    assert [one["node"] for one in found["strengths"]] == ["new_per_10000", "trained_share"]
    assert [one["node"] for one in found["weaknesses"]] == ["gi_per_million"]
    assert found["weaknesses"][0]["difference"] == pytest.approx(-40)
    # weights in the index 1/2, 1/3, 1/6: 25 + 25 + 0
    points = {one["node"]: one["points"] for one in found["contributions"]}
    assert points == pytest.approx({"trained_share": 25, "new_per_10000": 25, "gi_per_million": 0})
    assert [(one["node"], one["reason"]) for one in found["missing"]] == [
        ("startups_per_million", "indicator_not_entered")
    ]  # it has a figure, too few others do
    assert found_of(released, "49")["missing"][0]["reason"] == "no_data"


def test_a_profile_among_the_provinces_of_the_region(released: Toy) -> None:
    found = found_of(released, "92", "region")  # 92, 93, 94: trained 50 0 25
    rows = {row["node"]: row for row in found["nodes"]}
    assert (found["n_peers"], rows["people"]["rank"], rows["people"]["ranked"]) == (3, 1, 3)
    assert rows["people"]["mean"] == pytest.approx(25)
    alone = found_of(released, "01", "region")
    assert (alone["n_peers"], alone["strengths"], alone["weaknesses"]) == (1, [], [])


@pytest.mark.parametrize("peers", ["all", "region"])
def test_no_indicator_is_a_strength_and_a_weakness_in_any_province_of_the_country(
    peers: str, shipped: Path
) -> None:
    release = Release(shipped / "outputs/current")
    con = store.open_release(shipped / "outputs/current")
    panel = read_panel(con, "2022-34")
    for province in panel.provinces:
        found = profile(con, release, panel, province, peers)
        names = [{one["node"] for one in found[key]} for key in ("strengths", "weaknesses")]
        assert not names[0] & names[1]
        assert all(len(one) <= 5 for one in names)
        whole = sum(one["points"] for one in found["contributions"])
        assert whole == pytest.approx(found["nodes"][0]["score"], abs=1e-9)
    con.close()


def test_the_command_profile_prints_the_rule_and_what_is_missing(
    released: Toy, capsys: Captured
) -> None:
    assert run(released, "profile", "cần thơ", "--lang", "en") == 0
    shown = capsys.readouterr().out
    assert "Can Tho, edition 2022. Compared with all 6 provinces." in shown
    assert (
        "| New enterprises per 10,000 inhabitants | Indicator | 75.00 | 2/6 | 43.75 | +31.25 |"
        in shown
    )
    assert "Weaknesses: Geographical indications per million inhabitants (-40.00)." in shown
    assert "No indicator is both." in shown
    assert "| Total |  |  | 50.00 |" in shown
    assert "| Start-ups per million inhabitants | Too few provinces have it" in shown
    command = ("profile", "48", "--edition", "2022-34", "--peers", "region", "--lang", "vi")
    assert run(released, *command) == 0
    shown = capsys.readouterr().out
    assert "Đà Nẵng, kỳ 2022-34. So với 1 tỉnh của vùng Duyên hải miền Trung." in shown
    assert "Điểm mạnh: không có." in shown
    assert run(released, "profile", "92", "--json") == 0
    assert json.loads(capsys.readouterr().out)["province_code"] == "92"
    assert run(released, "profile", "Cần Tho", "--lang", "en") == 2
    assert "Cần Thơ" in capsys.readouterr().err


def test_an_index_of_other_means_has_no_contributions_and_says_so(
    toy: Toy, capsys: Captured
) -> None:
    toy.edit("index.yml", "aggregate: arithmetic", "aggregate: median")
    toy.index()
    assert run(toy, "profile", "92", "--lang", "en") == 0
    assert "Contributions cannot be told" in capsys.readouterr().out


def test_leaving_one_indicator_out_by_hand(released: Toy) -> None:
    con = store.open_release(released.project.current)
    panel = read_panel(con, "2022")
    con.close()
    codes = candidates(panel, "indicator")
    assert codes == ["trained_share", "new_per_10000", "gi_per_million"]
    found = remove_each(panel, codes)
    # without the trained share the index is output: 73.3 46.7 43.3 50 8.3 33.3, ranks 1 3 4 2 6 5
    assert found.scores[0] == pytest.approx([220 / 3, 140 / 3, 130 / 3, 50, 25 / 3, 100 / 3])
    assert found.shifts[0].tolist() == [0, 1, 0, -1, 0, 0]
    assert found.mean_absolute_shift[0] == pytest.approx(2 / 6)
    # without the new enterprises output is property: 60 57.5 52.5 25 0 62.5, ranks 2 3 4 5 6 1
    assert found.shifts[1].tolist() == [1, 1, 0, 2, 0, -4]
    assert np.isnan(index_without(panel, {"input", "output"})).all()


def test_the_command_remove_one_prints_the_largest_movers_with_names(
    released: Toy, capsys: Captured
) -> None:
    assert run(released, "remove-one", "--lang", "en") == 0
    shown = capsys.readouterr().out
    assert "Edition 2022, each indicator left out in turn; ranks among 6 provinces." in shown
    assert (
        "| New enterprises per 10,000 inhabitants | 1.33 | Soc Trang -4, Can Tho +2, Hanoi +1 |"
    ) in shown
    assert run(released, "remove-one", "--level", "sub_index", "--lang", "vi") == 0
    assert "lần lượt bỏ từng chỉ số thành phần" in capsys.readouterr().out
    assert run(released, "remove-one", "--level", "pillar", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["node"] for row in found["nodes"]] == ["firms", "people", "property"]
    assert run(released, "remove-one", "--level", "sub_pillar", "--lang", "en") == 2
    assert "has 0 such nodes" in capsys.readouterr().err


def trend(toy: Toy, code: str, scheme: str = "63") -> dict[str, dict[str, Any]]:
    rows = trend_rows(toy.load(), code, 2020, 2022, scheme)
    return {row["province_code"]: row for row in rows}


def test_a_variable_by_hand_in_both_schemes(toy: Toy) -> None:
    # Hà Nội 990 -> 1000 thousand: 1 / 99 in two years
    found = trend(toy, "population_thousand")
    assert found["01"]["percent_change"] == pytest.approx(100 / 99)
    assert found["01"]["cagr"] == pytest.approx(((100 / 99) ** 0.5 - 1) * 100)
    assert (found["01"]["obs_status_first"], found["01"]["obs_status_last"]) == ("A", "P")
    assert found["49"]["percent_change"] == 0
    # Cần Thơ, Hậu Giang and Sóc Trăng: 398 + 199 + 398 = 995 -> 1000
    assert trend(toy, "population_thousand", "34")["92"]["percent_change"] == pytest.approx(
        100 * 5 / 995
    )


def test_an_indicator_is_made_of_figures_of_its_own_year_and_says_what_is_missing(
    toy: Toy,
) -> None:
    # trained share of 2020 alone; the index carries it to 2022, a trend does not
    assert trend(toy, "trained_share")["01"]["reason"] == "missing_last"
    # indications at the end of 2020 and 2022 per million: Quảng Nam 1 / 0.5 and 2 / 0.5, the
    # undated one with it; Sóc Trăng 1 / 0.398 and 2 / 0.4
    found = trend(toy, "gi_per_million")
    assert found["49"]["percent_change"] == pytest.approx(100)
    assert found["49"]["cagr"] == pytest.approx((2**0.5 - 1) * 100)
    assert (found["92"]["reason"], found["92"]["cagr"]) == (
        "base_zero",
        pytest.approx(np.nan, nan_ok=True),
    )


def test_a_variable_that_cannot_be_added_says_so(toy: Toy) -> None:
    toy.edit("raw/variables.yml", "measure: flow, merge: sum", "measure: flow, merge: none")
    found = trend(toy, "new_enterprises", "34")
    assert found["92"]["reason_last"] == "not_additive"


def test_the_command_trends_prints_reasons_and_refuses_what_is_no_span(
    toy: Toy, capsys: Captured
) -> None:
    command = ("trends", "gi_per_million", "--from", "2020", "--to", "2022")
    assert run(toy, *command, "--lang", "en", "-n", "3") == 0
    shown = capsys.readouterr().out
    assert "inhabitants (per million inhabitants), 2020 to 2022, 63 provinces." in shown
    assert shown.splitlines()[4].startswith("| Quang Nam | 2 | 4 P | +100.0 | +41.4 |")
    assert len([line for line in shown.splitlines() if line.startswith("| ")]) == 2 + 3
    assert run(toy, *command, "--lang", "vi", "--scheme", "34") == 0
    assert "34 tỉnh." in capsys.readouterr().out
    assert (
        run(toy, "trends", "trained_share", "--from", "2020", "--to", "2022", "--lang", "vi") == 0
    )
    assert "không có số liệu năm 2022" in capsys.readouterr().out
    assert run(toy, "trends", "gi", "--from", "2022", "--to", "2022", "--lang", "en") == 2
    assert "must be before" in capsys.readouterr().err
    assert run(toy, "trends", "startup", "--from", "2020", "--to", "2022", "--lang", "en") == 2
    assert "There is no indicator or variable 'startup'. Nearest: startups" in (
        capsys.readouterr().err
    )
    assert run(toy, *command, "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["provinces"]) == 6


def test_cells_and_tables_are_safe_to_print(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cell(None, "en") == cell(float("nan"), "en") == "–"
    assert cell(-0.001, "en", signed=True) == "0.00"
    assert cell(0.5, "vi", signed=True) == "+0,50"
    assert markdown(["a"], [["b|c"]], set()) == "| a |\n| --- |\n| b\\|c |"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show(["[bold]said[/bold]", Table(["a", "b"], [["[red]x[/red]", "1"]], {1})])
    shown = capsys.readouterr().out
    assert "[bold]said[/bold]" in shown  # a name is never read as markup
    assert "[red]x[/red]" in shown
    assert "| a |" not in shown
