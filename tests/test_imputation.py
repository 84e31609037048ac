"""Imputation from `index.yml` to the published tables: flags, coverage, words, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.choices.imputation import PARAMETERS, Impute, ImputeIndicator, resolved
from pipeline.explain import Release, as_tree, explain
from pipeline.explain_imputed import imputed_words
from pipeline.faults import explain_fault
from pipeline.language import catalogue
from pipeline.tables import coverage_table
from schemas.fields import IMPUTATIONS, NOTES
from schemas.publish import check_published
from tests.breaking import CARDS, INDEX, LABOUR, line_of
from tests.conftest import ROOT, Toy
from tests.steps import rows_of
from tests.test_toy import INDEX_63

NONE = "  impute: none"
FIRST = "    numerator: trained_share_pct\n"


def with_a_gap(toy: Toy, impute: str = "{method: mean, group: region}", ranked: str = "1/2") -> Toy:
    """Sóc Trăng has no trained share; its region has Cần Thơ (30) and Hậu Giang (10)."""
    toy.edit(LABOUR, '94,"20,0",200', "94,-,200")
    toy.edit(CARDS, "    year: {value: 2020}\n", '    year: {value: 2020}\n    missing: {"-": M}\n')
    toy.edit(INDEX, NONE, f"  impute: {impute}")
    toy.edit(INDEX, 'province_coverage: "2/3"', f'province_coverage: "{ranked}"')
    return toy


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published toy with an imputed province; the suite of the publication holds."""
    toy = with_a_gap(Toy(tmp_path_factory.mktemp("imputation") / "toy"))
    return toy.index(check_published).release


def published(release: Path, query: str) -> list[tuple[Any, ...]]:
    from pipeline import store

    con = store.open_release(release)
    found = rows_of(con, query)
    con.close()
    return found


def test_an_imputed_value_makes_the_index_and_is_flagged_to_the_end(release: Path) -> None:
    # The mean of 30 and 10 is the 20 that the toy has there: its index is as worked out by hand.
    scores = published(release, "select province_code, score from scores where node = 'index' "
                                "and edition = '2022'")  # fmt: skip
    assert dict(scores) == pytest.approx(INDEX_63, abs=1e-12)
    columns = "obs_status, is_imputed, value, imputed_value, impute_method, impute_note, reason"
    rows = published(release, f"select province_code, {columns} from indicators where "
                              "edition = '2022' and is_imputed")  # fmt: skip
    assert rows == [("94", "I", True, None, 20, "mean", None, "published_missing")]
    assert published(release, "select imputed_from from ranked where is_imputed") == [("92+93",)]


def test_a_gap_without_a_donor_stays_and_says_both_why_it_is_and_why_it_stays(
    release: Path,
) -> None:
    rows = published(release, "select province_code, obs_status, score, reason, impute_note "
                              "from indicators where impute_note is not null")  # fmt: skip
    # Of the merged provinces only Cần Thơ lies in its region, and a part of it is missing.
    assert rows == [("92", "M", None, "part_missing", "no_donor")]


def test_coverage_counts_what_is_observed_and_imputed_share_what_is_not(release: Path) -> None:
    rows = published(release, "select node, coverage, imputed_share, is_ranked from scores where "
                              "edition = '2022' and province_code = '94'")  # fmt: skip
    shares = {node: rest for node, *rest in rows}
    assert shares["people"] == shares["input"] == [0, 1, True]
    assert shares["output"] == [1, 0, True]
    assert shares["index"] == [0.5, 0.5, True]
    others = published(release, "select max(imputed_share) from scores where edition <> '2022' "
                                "or province_code <> '94'")  # fmt: skip
    assert others == [(0,)]
    counts = published(release, "select kind, code, n_observed, n_imputed from coverage where "
                                "edition = '2022' and n_imputed > 0 order by kind")  # fmt: skip
    assert counts == [("indicator", "trained_share", 5, 1), ("pillar", "people", 1, 1),
                      ("province", "94", 2, 1)]  # fmt: skip


def test_a_province_is_not_ranked_on_imputed_values(toy: Toy) -> None:
    con = with_a_gap(toy, ranked="2/3").compute()  # half of its weight is observed
    rows = rows_of(con, "select province_code, score, reason from scores where level = 'index' "
                        "and edition = '2022' and not is_ranked")  # fmt: skip
    assert rows == [("94", None, "below_province_coverage")]
    pillar = rows_of(con, "select score from scores where node = 'people' and edition = '2022' "
                          "and province_code = '94'")  # fmt: skip
    assert pillar == [(25,)]  # it counts where it stands


def test_OUT_17_an_explanation_says_that_a_number_is_imputed_how_and_from_what(
    release: Path,
) -> None:
    leaf = explain(Release(release), "94", "trained_share", "2022")
    assert (leaf["is_imputed"], leaf["value"], leaf["imputed_value"]) == (True, None, 20)
    assert [one["name_en"] for one in leaf["imputed_from"]] == ["Can Tho", "Hau Giang"]
    assert leaf["inputs"][0]["cells"][0]["raw"] == "-"  # what there is, beside it
    words = {lang: str(as_tree(leaf, lang).label) for lang in ("en", "vi")}
    assert "imputed: 20 percent, mean of Can Tho, Hau Giang; " in words["en"]
    assert "not observed: The source marks it missing" in words["en"]
    assert "bổ khuyết: 20 %, trung bình của Cần Thơ, Hậu Giang; " in words["vi"]
    whole = explain(Release(release), "94", "index", "2022")
    assert "50.0 % of the weight imputed" in str(as_tree(whole, "en").label)
    kept = str(as_tree(explain(Release(release), "92", "trained_share", "2022-34"), "vi").label)
    assert "không bổ khuyết: Không có giá trị nào" in kept


@pytest.mark.parametrize(
    ("impute", "words"),
    [
        ("median", "median of Hanoi, Da Nang, Quang Nam, Can Tho, Hau Giang"),
        # New enterprises and records of Sóc Trăng are 0 and 5, of Quảng Nam 1 and 4.
        ("{method: knn, n_neighbours: 1}", "mean of the nearest provinces: Quang Nam;"),
        ("iterative", "regression on other indicators: Geographical indications"),
    ],
)
def test_each_method_has_its_words(toy: Toy, impute: str, words: str) -> None:
    made = Release(with_a_gap(toy, impute).index().release)
    leaf = explain(made, "94", "trained_share", "2022")
    assert words in str(as_tree(leaf, "en").label)


def test_of_many_donors_the_first_are_named_and_the_others_counted() -> None:
    entry = {"imputed_from": [{"name_vi": f"P{i}"} for i in range(60)], "impute_method": "mean",
             "imputed_value": 1.5, "unit_vi": "%", "value_reason": "no_data",
             "impute_note": None}  # fmt: skip
    assert "của P0, P1, P2, P3, P4, P5, P6, P7 và 52 tỉnh khác" in imputed_words(entry, "vi")


def test_a_number_carried_from_another_edition_names_it(toy: Toy) -> None:
    toy.edit(INDEX, "editions:\n", 'editions:\n  - {edition: "2020", reference_year: 2020, '
             'scheme: "63"}\n')  # fmt: skip
    toy.edit(INDEX, FIRST, FIRST + "    impute: carried\n")
    cards = (toy.root / CARDS).read_text("utf-8")
    later = cards[cards.index("  labour:") : cards.index("  register:")]
    later = later.replace("  labour:", "  later:").replace("labour.csv", "later.csv")
    later = later.replace("value: 2020}", 'value: 2022}\n    missing: {"-": M}')
    later = later.replace("98734d", "000000")
    toy.write(CARDS, cards.replace("  register:\n", f"{later}  register:\n"))
    table = (toy.root / LABOUR).read_text("utf-8").replace('94,"20,0",200', "94,-,200")
    toy.write("raw/synthetic_later.csv", table)
    toy.edit(INDEX, "    max_age: 2\n", "    max_age: 0\n")
    leaf = explain(Release(toy.index().release), "94", "trained_share", "2022")
    assert leaf["imputed_value"] == 20
    assert "carried from edition 2020" in str(as_tree(leaf, "en").label)


def test_the_coverage_table_says_how_many_are_imputed_and_only_then(
    release: Path, toy: Toy
) -> None:
    table = coverage_table(Release(release), "2022", "en")
    assert "| 5/6 +1 imputed |" in table
    assert "| 5/6 +1 bổ khuyết |" in coverage_table(Release(release), "2022", "vi")
    assert "imputed" not in coverage_table(Release(toy.index().release), "2022", "en")


def test_an_indicator_changes_only_what_it_names() -> None:
    common = Impute(method="mean", group="region", max_share="1/4")
    assert resolved(common, None) == {"method": "mean", "group": "region", "max_share": 0.25}
    own = resolved(common, ImputeIndicator(method="median"))
    assert own == {"method": "median", "group": "region", "max_share": 0.25}
    own = resolved(common, ImputeIndicator(method="knn"))
    assert own == {"method": "knn", "n_neighbours": 5, "max_share": 0.25}
    assert resolved(common, ImputeIndicator.model_validate("none")) == {"method": "none"}


REFUSED = [
    # what stands in the settings, what at the first indicator, rule, where, words
    ("magic", "", "SCH-13", "impute: magic", "'none', 'mean'"),
    ("{method: magic}", "", "SCH-13", "impute: {", "'none', 'mean'"),
    ("none", "magic", "SCH-13", "impute: magic", "'none', 'mean'"),
    ("{method: mean, group: province}", "", "SCH-13", "impute: {", "'region', 'peers'"),
    ("{method: mean, groups: region}", "", "SCH-05", "impute: {", "group"),
    ("{max_share: 0.5}", "", "SCH-16", "impute: {", "method"),
    ("{method: knn, n_neighbours: 0}", "", "SCH-07", "impute: {", "at least 1"),
    ("{method: knn, max_share: 2}", "", "SCH-17", "impute: {", "not between 0 and 1"),
    ("3", "", "SCH-07", "impute: 3", "a mapping is expected"),
    ("{method: knn, group: region}", "", "SCH-17", "impute: {", "group goes with mean, median"),
    ("{method: mean, from_future: true}", "", "SCH-17", "impute: {", "goes with carried"),
    ("{method: none, seed: 1}", "", "SCH-17", "impute: {", "seed goes with iterative"),
    ("none", "{method: mean, n_neighbours: 3}", "SCH-17", "impute: {method: mean",
     "mean takes no n_neighbours; it takes group, max_share"),
    ("none", "{max_share: 0.1}", "SCH-17", "impute: {max", "none takes no max_share"),
    ("{method: mean, group: peers}", "", "SCH-17", "impute: {", "needs settings.peers"),
    ("none", "{method: median, group: peers}", "SCH-17", "impute: {method", "needs settings.peers"),
    ("carried", "", "SCH-17", "impute: carried", "carried needs 2 editions of one scheme"),
    ("none", "linear", "SCH-17", "impute: linear", "linear needs 3 editions of one scheme"),
]  # fmt: skip


@pytest.mark.parametrize(("common", "own", "rule", "where", "words"), REFUSED)
def test_a_choice_that_cannot_be_is_refused_on_its_line_before_any_arithmetic(
    toy: Toy, common: str, own: str, rule: str, where: str, words: str
) -> None:
    toy.edit(INDEX, NONE, f"  impute: {common}")
    if own:
        toy.edit(INDEX, FIRST, f"{FIRST}    impute: {own}\n")
    (fault,) = toy.faults()
    assert (fault.rule, fault.place.row) == (rule, line_of(toy, INDEX, where))
    said = explain_fault(fault, "en")
    assert words in said["why"] + said["remedy"]


def test_SCH_17_two_editions_of_one_year_have_no_order_in_time(toy: Toy) -> None:
    more = ('  - {edition: "2021", reference_year: 2021, scheme: "63"}\n'
            '  - {edition: again, reference_year: 2022, scheme: "63"}\n')  # fmt: skip
    toy.edit(INDEX, "editions:\n", "editions:\n" + more)
    toy.edit(INDEX, NONE, "  impute: carried")
    (fault,) = toy.faults()
    assert (fault.rule, fault.place.row) == ("SCH-17", line_of(toy, INDEX, "impute: carried"))
    assert "scheme 63 has two of 2022" in str(fault.details["problem"])


def test_SEM_20_a_regression_that_has_not_settled_is_a_warning_in_the_findings(toy: Toy) -> None:
    made = with_a_gap(toy, "{method: iterative, max_iterations: 1}").index()
    found = [fault for fault in made.findings if fault.rule == "SEM-20"]
    assert {f.details["edition"]: f.value for f in found} == {
        "2022": "trained_share", "2022-34": "trained_share",
    }  # fmt: skip
    assert published(made.release, "select count(*) from findings where rule = 'SEM-20'") == [(2,)]
    words = str(as_tree(explain(Release(made.release), "94", "trained_share", "2022"), "en").label)
    assert "raise max_iterations" in words


def test_a_key_of_the_settings_may_wait_for_the_indicator_that_takes_it(toy: Toy) -> None:
    toy.edit(INDEX, NONE, "  impute: {method: none, n_neighbours: 3}")
    toy.edit(INDEX, FIRST, FIRST + "    impute: knn\n")
    assert toy.compute().sql("select count(*) from imputed").fetchall() == [(36,)]


def test_the_methods_the_contracts_and_the_words_name_the_same() -> None:
    assert ["none", *IMPUTATIONS] == list(PARAMETERS)
    assert {f"impute_{method}" for method in IMPUTATIONS} <= set(catalogue()["ui"])
    assert set(NOTES) <= set(catalogue()["reasons"])


def test_the_method_page_names_every_method_and_every_key() -> None:
    page = (ROOT / "docs/method.md").read_text("utf-8")
    section = page[page.index("## 5. ") : page.index("## 6. ")]
    keys = {key for taken in PARAMETERS.values() for key in taken} | set(PARAMETERS)
    assert [key for key in keys if f"`{key}`" not in section] == []


def test_the_page_names_every_key_with_its_default() -> None:
    page = (ROOT / "docs/methods/impute.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for method, taken in PARAMETERS.items():
        for key, default in taken.items():
            (row,) = [line for line in rows if line.startswith(f"| `{key}` ")]
            assert f"`{method}`" in row or "all" in row, (method, key)
            shown = {"None": "–", "False": "false", "0.5": '"1/2"'}.get(str(default), str(default))
            assert f"| {shown} |" in row, (key, default)
