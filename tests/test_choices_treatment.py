"""Treatment, screening and ranking as `index.yml` chooses them, for all or for one indicator."""

from __future__ import annotations

import pandas as pd
import pytest

from pipeline.faults import explain_fault
from schemas.publish import check_rank_follows_score
from tests.breaking import INDEX, fired, line_of
from tests.conftest import Toy
from tests.steps import rows_of

TREAT = "treat: {method: winsorise_then_log, skewness: 2, kurtosis: 3.5, max_winsorised: 5}"
AGGREGATE = "  aggregate: arithmetic"
HELD = "    numerator: trained_share_pct\n"


def own(toy: Toy, line: str) -> int:
    """Give the first indicator of the toy one more key; returns its line."""
    toy.edit(INDEX, HELD, f"{HELD}    {line}\n")
    return line_of(toy, INDEX, f"    {line}")


def limits_of(toy: Toy) -> list[tuple[object, ...]]:
    query = (
        "select treat, skewness_limit, kurtosis_limit, max_winsorised, transform "
        "from spec_indicators order by indicator = 'trained_share' desc, indicator limit 2"
    )
    return rows_of(toy.compute(), query)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("treat: true", (True, 2.0, 3.5, 5, "log")),
        ("treat: false", (False, 2.0, 3.5, 5, "log")),
        ("treat: {}", (True, 2.0, 3.5, 5, "log")),
        ("treat: {max_winsorised: 2}", (True, 2.0, 3.5, 2, "log")),
        ("treat: {skewness: 1.5, kurtosis: 3}", (True, 1.5, 3.0, 5, "log")),
        ("treat: {transform: none}", (True, 2.0, 3.5, 5, "none")),
    ],
)
def test_an_indicator_sets_apart_what_it_names_and_keeps_the_rest(
    toy: Toy, line: str, first: tuple[object, ...]
) -> None:
    own(toy, line)
    assert limits_of(toy) == [first, (True, 2.0, 3.5, 5, "log")]


def test_the_settings_hold_for_every_indicator_that_says_nothing(toy: Toy) -> None:
    toy.edit(INDEX, TREAT, "treat: {method: winsorise_then_log, skewness: 1, transform: none}")
    own(toy, "treat: {skewness: 3}")
    assert limits_of(toy) == [(True, 3.0, 3.5, 5, "none"), (True, 1.0, 3.5, 5, "none")]


def test_the_name_of_a_method_will_do_where_a_mapping_has_one(toy: Toy) -> None:
    toy.edit(INDEX, TREAT, "treat: none")
    toy.edit(INDEX, "normalise: {method: minmax, lower: 0, upper: 100}", "normalise: rank")
    own(toy, "normalise: zscore")
    con = toy.compute()
    query = "select distinct norm_method, treat from spec_indicators order by all"
    assert rows_of(con, query) == [("rank", False), ("zscore", False)]


@pytest.mark.parametrize(
    ("line", "rule", "value", "words"),
    [
        ("treat: {transform: boxcox}", "SCH-13", "boxcox", "'log', 'none'"),
        ("treat: {max_winsorised: -1}", "SCH-07", -1, "at least 0"),
        ("treat: {max_winsorised: 1.5}", "SCH-07", 1.5, "a whole number is expected"),
        ("treat: {skewness: -2}", "SCH-07", -2, "at least 0"),
        ("treat: {kurtosis: heavy}", "SCH-07", "heavy", "a number is expected"),
        ("treat: {method: none}", "SCH-05", "method", "allowed here: skewness,"),
        ("treat: winsorise", "SCH-07", "winsorise", "the keys skewness, kurtosis, max_winsorised"),
        ("indicator_coverage: 1.5", "SCH-17", "indicator_coverage", "between 0 and 1"),
        ("indicator_coverage: most", "SCH-17", "indicator_coverage", "2/3"),
    ],
)
def test_an_impossible_limit_of_an_indicator_is_refused_on_its_line(
    toy: Toy, line: str, rule: str, value: object, words: str
) -> None:
    fault = fired(toy, rule, INDEX, own(toy, line), None, value)
    assert words in explain_fault(fault, "en")["why"]
    assert [f.rule for f in toy.faults()] == [rule]


def test_limits_of_one_indicator_are_refused_where_nothing_is_treated(toy: Toy) -> None:
    toy.edit(INDEX, TREAT, "treat: none")
    fault = fired(toy, "SCH-17", INDEX, own(toy, "treat: {skewness: 1}"), None, "treat")
    assert "nothing is treated" in explain_fault(fault, "en")["why"]
    assert "không chỉ tiêu nào được xử lý" in explain_fault(fault, "vi")["why"]


@pytest.mark.parametrize(
    ("old", "new", "rule", "value"),
    [
        (TREAT, "treat: {method: winsorise_then_log, skewness: -1}", "SCH-07", -1),
        (TREAT, "treat: {method: winsorise_then_log, transform: sqrt}", "SCH-13", "sqrt"),
        (TREAT, "treat: winsorise", "SCH-13", "winsorise"),
        (AGGREGATE, f"{AGGREGATE}\n  rank: {{digits: -1}}", "SCH-07", -1),
        (
            "  aggregate: arithmetic",
            "  aggregate: arithmetic\n  rank: {digits: 1.5}",
            "SCH-07",
            1.5,
        ),
        (AGGREGATE, f"{AGGREGATE}\n  rank: 3", "SCH-07", 3),
    ],
)
def test_an_impossible_setting_is_refused_on_its_line(
    toy: Toy, old: str, new: str, rule: str, value: object
) -> None:
    toy.edit(INDEX, old, new)
    fired(toy, rule, INDEX, line_of(toy, INDEX, new.splitlines()[-1]), None, value)


def test_an_indicator_is_published_with_its_own_threshold(toy: Toy) -> None:
    held = "    numerator: startups\n"
    toy.edit(INDEX, held, f'{held}    indicator_coverage: "1/2"\n')  # one of the six has a figure
    query = "select threshold, shortfall from coverage where edition = '2022' and code = '{}'"
    con = toy.compute()
    assert rows_of(con, query.format("startups_per_million")) == [(0.5, pytest.approx(1 / 3))]
    assert rows_of(con, query.format("trained_share")) == [(pytest.approx(2 / 3), 0)]


def test_ranks_to_whole_points_are_checked_as_they_are_made(toy: Toy) -> None:
    toy.edit(INDEX, AGGREGATE, f"{AGGREGATE}\n  rank: {{digits: 0}}")
    seen = []
    toy.index(lambda _, editions: seen.append(editions) or [])  # type: ignore[func-returns-value]
    assert [one["rank_digits"] for one in seen[0]] == [0, 0]
    scores = pd.DataFrame({"edition": "2022", "node": "index", "is_ranked": True,
                           "score": [61.4, 60.5, 60.4], "rank": [1, 1, 3]})  # fmt: skip
    assert check_rank_follows_score(scores, seen[0]).all()
    assert not check_rank_follows_score(scores, [{"rank_digits": 1}]).all()
