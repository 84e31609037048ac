"""What if: by hand on the toy, refusals, and that an improvement never costs a province."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given as over
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline import store
from pipeline.__main__ import main
from pipeline.analyse.what_if import Answer, Supposition, plausible_range, suppose
from pipeline.faults import Faults, Rejected
from pipeline.methods.aggregate import climb
from pipeline.methods.normalise import normalise
from pipeline.provinces import load_reference
from pipeline.run import run_steps
from pipeline.store import list_files
from tests.breaking import the_fault
from tests.conftest import Toy, silent
from tests.steps import Tree, indicators, settings, tree

Con = duckdb.DuckDBPyConnection
Captured = pytest.CaptureFixture[str]


def asked(toy: Toy, **what: Any) -> Answer:
    """What happens if, on the edition 2022 unless said otherwise."""
    provinces = load_reference(toy.project.reference).provinces
    return suppose(toy.project.current, provinces, Supposition(**({"edition": "2022"} | what)))


def column(rows: dict[tuple[str, str], Any], key: str, node: str = "index") -> dict[str, Any]:
    """One column of a node, by province."""
    return {province: row[key] for (province, code), row in rows.items() if code == node}


def test_another_value_by_hand(released: Toy) -> None:
    # Cần Thơ with a trained share of 50 is level with Hà Nội: people 100, output 50, index 75
    found = asked(released, province="92", indicator="trained_share", value=50.0)
    before, after = column(found.before, "score"), column(found.after, "score")
    assert (before["92"], after["92"]) == (pytest.approx(50), pytest.approx(75))
    assert {p: s for p, s in before.items() if p != "92"} == {
        p: s for p, s in after.items() if p != "92"
    }
    ranks = column(found.after, "rank")
    assert (ranks["92"], ranks["48"], ranks["49"]) == (2, 3, 4)
    assert found.old_value == 30


def test_other_weights_by_hand(released: Toy) -> None:
    # property counts as much as firms: output of Hà Nội (100 + 20) / 2 = 60
    found = asked(released, province="01", weights={"property": 1.0})
    assert column(found.after, "score", "output")["01"] == pytest.approx(60)
    assert column(found.after, "score")["01"] == pytest.approx(80)
    # without more people there is output alone when input hardly counts
    found = asked(released, province="01", weights={"input": 1e-9, "property": 1.0})
    assert column(found.after, "score")["01"] == pytest.approx(60)


def test_a_merged_province_of_the_other_edition_may_be_asked_about_too(released: Toy) -> None:
    found = asked(released, edition="2022-34", province="92", indicator="gi_per_million", value=1.0)
    # 1, 2 and now 1 per million: property 0, 100, 0
    assert column(found.after, "score", "property") == {"01": 0, "48": 100, "92": 0}


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"indicator": "trained_share", "value": 30.0},
        {"weights": {"property": 0.5, "gi_per_million": 1.0}},
    ],
)
def test_OUT_06_an_empty_change_returns_the_base_exactly(what: dict, released: Toy) -> None:
    found = asked(released, province="92", **what)
    assert found.before == found.after
    con = store.open_release(released.project.current)
    rows = con.sql("select * from ranked where edition = '2022'").to_arrow_table().to_pylist()
    con.close()
    assert {(row["province_code"], row["node"]): row for row in rows} == found.after


@pytest.mark.parametrize(
    ("what", "value", "allowed"),
    [
        ({"indicator": "trained_share", "value": 100.5}, 100.5, "0 – 100"),
        ({"indicator": "trained_share", "value": float("nan")}, "nan", "0 – 100"),
        ({"indicator": "new_per_10000", "value": -1.0}, -1.0, "≥ 0"),
        ({"indicator": "trained_shore", "value": 1.0}, "trained_shore", "trained_share"),
        ({"indicator": "zzz", "value": 1.0}, "zzz", "trained_share, new_per_10000, "),
        ({"province": "Cần Tho"}, "Cần Tho", "Cần Thơ"),
        ({"weights": {"property": 0.0}}, 0.0, "> 0"),
        ({"weights": {"property": float("inf")}}, "inf", "> 0"),
        ({"weights": {"propertie": 2.0}}, "propertie", "property"),
        ({"weights": {"index": 2.0}}, "index", "input"),
    ],
)
def test_OUT_06_what_cannot_be_supposed_is_refused_with_what_can(
    what: dict, value: object, allowed: str, released: Toy
) -> None:
    with pytest.raises(Rejected) as refused:
        asked(released, **({"province": "92"} | what))
    fault = the_fault(refused.value.faults, "OUT-06", "what-if", None, None, value)
    assert fault.details["allowed"].startswith(allowed)


VARIABLES = {"n": {"min": 2, "max": 12}, "open": {"min": 2, "max": None},
             "d": {"min": 4, "max": 8}, "from_0": {"min": 0, "max": None}}  # fmt: skip


@pytest.mark.parametrize(
    ("item", "below", "expected"),
    [
        ({"kind": "level", "numerator": "n", "scale": 10}, None, (20, 120)),
        ({"kind": "level", "numerator": "open", "scale": 10}, None, (20, float("inf"))),
        ({"kind": "ratio", "numerator": "n", "denominator": "d", "scale": 10}, 5, (4, 24)),
        # its own denominator is missing: 2/8 to 12/4
        ({"kind": "ratio", "numerator": "n", "denominator": "d", "scale": 1}, None, (0.25, 3)),
        (
            {"kind": "ratio", "numerator": "n", "denominator": "from_0", "scale": 1},
            None,
            (0, float("inf")),
        ),
        # from 4 to 2 or 12 in two years: √0.5 - 1 to √3 - 1
        ({"kind": "growth", "numerator": "n", "span": 2}, 4, (-29.289321881, 73.205080757)),
        ({"kind": "growth", "numerator": "n", "span": 2}, None, (-100, float("inf"))),
    ],
)
def test_OUT_06_the_allowed_range_is_that_of_the_variable_over_the_denominator_of_the_province(
    item: dict, below: float | None, expected: tuple[float, float]
) -> None:
    item = {"denominator": None, "span": None, "scale": 1} | item
    assert plausible_range(item, VARIABLES, below) == pytest.approx(expected)


def run(toy: Toy, *arguments: str) -> int:
    return main(["what-if", *arguments, "--root", str(toy.root)])


def test_the_command_shows_before_after_and_who_else_moves(released: Toy, capsys: Captured) -> None:
    assert run(released, "Cần Thơ", "trained_share", "50", "--lang", "en") == 0
    shown = capsys.readouterr().out
    assert "What if, Can Tho, edition 2022: Trained share 30 → 50 (percent)." in shown
    assert "| Index | 50.00 | 75.00 | +25.00 | 3 | 2 |" in shown
    assert "Other provinces whose rank changes: 1. Provinces whose score changes: 2." in shown
    assert "| Da Nang | 2 | 3 | 0.00 |" in shown
    assert "nothing is published" in shown
    assert run(released, "92", "--weight", "property=1", "--lang", "vi") == 0
    assert "trọng số của Sở hữu trí tuệ 0,5 → 1" in capsys.readouterr().out
    assert run(released, "92", "startups_per_million", "100", "--lang", "en") == 0
    assert "is not part of the edition, so its values move nobody" in capsys.readouterr().out


def test_the_command_ends_with_1_on_what_cannot_be_supposed_and_2_on_half_a_question(
    released: Toy, capsys: Captured
) -> None:
    assert run(released, "92", "trained_share", "-5", "--lang", "vi") == 1
    shown = capsys.readouterr().err
    assert "OUT-06" in shown
    assert "Cho phép: 0 – 100" in shown
    assert run(released, "92", "trained_share", "--lang", "en") == 2
    assert "or neither" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(released, "92", "--weight", "property")


def test_an_indicator_that_enters_with_the_value_says_so(toy: Toy, capsys: Captured) -> None:
    toy.edit("index.yml", 'indicator_coverage: "2/3"', 'indicator_coverage: "1/3"')
    toy.index()
    assert run(toy, "01", "startups_per_million", "30", "--lang", "en") == 0
    assert "Start-ups per million inhabitants enters the edition" in capsys.readouterr().out
    assert run(toy, "01", "startups_per_million", "150", "--lang", "en") == 1  # one value in all
    assert "SEM-07" in capsys.readouterr().err


@pytest.mark.parametrize(
    "folder", ["outputs", "outputs/current", "outputs/current/steps", "outputs/new/deep", "link"]
)
def test_OUT_07_a_supposition_is_never_written_where_releases_are(
    folder: str, released: Toy, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "link").symlink_to(released.root / "outputs/current")
    target = tmp_path / folder if folder == "link" else released.root / folder
    before = list_files(released.root / "outputs")
    assert run(released, "92", "trained_share", "50", "--out", str(target), "--lang", "en") == 1
    assert "OUT-07" in capsys.readouterr().err
    assert list_files(released.root / "outputs") == before


def test_OUT_07_what_is_written_elsewhere_says_in_every_row_that_it_is_supposed(
    released: Toy, tmp_path: Path, capsys: Captured
) -> None:
    before = list_files(released.root)
    out = tmp_path / "giả định"
    assert run(released, "92", "trained_share", "50", "--out", str(out), "--lang", "vi") == 0
    assert "có dấu giả định" in capsys.readouterr().out
    assert list_files(released.root) == before
    assert {p.name for p in out.iterdir()} == {
        "what_if_scores.parquet", "what_if_indicators.parquet", "what_if.json",
    }  # fmt: skip
    for name in ("what_if_scores", "what_if_indicators"):
        table = pq.read_table(out / f"{name}.parquet")
        (mark,) = set(table.column("what_if").to_pylist())
        assert mark == table.schema.metadata[b"what_if"].decode()
        assert "GIẢ ĐỊNH, không phải bản công bố: Cần Thơ" in mark
        assert "WHAT IF, not published: Can Tho, edition 2022: trained_share = 50" in mark
    rows = pq.read_table(out / "what_if_scores.parquet").to_pylist()
    assert any(r["node"] == "index" and r["score"] == pytest.approx(75) for r in rows)
    assert json.loads((out / "what_if.json").read_text("utf-8"))["what_if"] == mark
    (tmp_path / "file").write_text("x")
    assert run(released, "92", "--out", str(tmp_path / "file"), "--lang", "en") == 1
    assert "SYS-05" in capsys.readouterr().err


MEANS = ["arithmetic", "geometric", "harmonic", "median", "copeland"]
SCALES = ["minmax", "zscore", "rank", "distance_to_best", "mazziotta_pareto"]


@st.composite
def improvements(draw: st.DrawFn) -> tuple[np.ndarray, int, int, float]:
    """Values with gaps, and a better one for one cell."""
    shape = (draw(st.integers(3, 8)), 4)
    x = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 60))).astype(float)
    x[draw(hnp.arrays(np.bool_, shape, elements=st.sampled_from([True, *[False] * 6])))] = np.nan
    row, j = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, 3))
    x[row, j] = draw(st.integers(0, 60))
    for k in range(4):  # nothing constant: it is refused
        x[(row + 1) % len(x), k], x[(row + 2) % len(x), k] = -1 - k, 70
    return x, row, j, draw(st.floats(0.01, 30))


@over(improvements(), st.sampled_from(MEANS), st.sampled_from(SCALES))
@limits(max_examples=300)
def test_OUT_14_a_better_value_never_lowers_the_score_by_any_monotone_method(
    case: tuple[np.ndarray, int, int, float], mean: str, scale: str
) -> None:
    x, row, j, gain = case
    directions = [1, -1, 1, -1]

    def index(values: np.ndarray) -> np.ndarray:
        scores = np.maximum(normalise(values, scale, directions, 1, 100), 1e-6)
        return climb(scores, [4, 4, 5, 5, 6, 6, -1], np.array([1, 2, 3, 1, 1, 1, 1]), mean).scores

    better = x.copy()
    better[row, j] += gain * directions[j]
    before, after = index(x)[row, -1], index(better)[row, -1]
    assert np.isnan(before) == np.isnan(after)
    assert not after < before - 1e-9


TREE: Tree = {
    "index": (None, "index", 1), "p": ("index", "pillar", 2), "q": ("index", "pillar", 1),
    "a": ("p", "indicator", 1), "b": ("p", "indicator", 3), "c": ("q", "indicator", 1),
}  # fmt: skip


@pytest.fixture(scope="module")
def climbed() -> Iterator[pd.DataFrame]:
    """300 random editions of nine provinces with outliers, and each again with one better value."""
    draw = random.Random(14)
    frames = []
    for t in range(300):
        values = {(p, i): draw.lognormvariate(0, draw.choice([0.3, 1.5])) for p in range(9)
                  for i in "abc"}  # fmt: skip
        for cell in draw.sample(sorted(values), 3):
            values[cell] = None  # type: ignore[assignment]
        cell = draw.choice(sorted(c for c, v in values.items() if v is not None))
        better = values[cell] * draw.choice([1.05, 1.5, 3, 20]) if cell[1] != "b" else (
            values[cell] / draw.choice([1.05, 1.5, 3, 20]))  # fmt: skip
        for edition, cells in ((f"{t}", values), (f"{t}+", values | {cell: better})):
            frames.append(
                pd.DataFrame(
                    [(edition, f"{p:02}", i, v, p == cell[0] and i == cell[1])
                     for (p, i), v in cells.items()],
                    columns=["edition", "province_code", "indicator", "value", "is_changed"],
                )
            )  # fmt: skip
    rows = pd.concat(frames, ignore_index=True).astype({"value": "float64"})
    con = store.connect()
    settings(con)
    tree(con, TREE)
    indicators(con, *({"indicator": i, "direction": -1 if i == "b" else 1} for i in "abc"))
    missing = rows["value"].isna()
    denominated = rows.drop(columns="is_changed").assign(
        data_year=2022, age=0, numerator=np.nan, denominator=np.nan, value_low=np.nan,
        value_high=np.nan, peer_group=None, unit="units", obs_status=np.where(missing, "M", "A"),
        reason=np.where(missing, "no_data", None),
    )  # fmt: skip
    store.put_table(con, "denominated", denominated)
    run_steps(con, Faults(), silent, "screened", "ranked", is_held=False)
    store.put_table(con, "changed", rows[rows["is_changed"]])
    yield (
        con.sql(
            """
        select changed.edition, treated.treatment, scored.score,
            count(others.is_treated) filter (where others.is_treated) as n_treated
        from changed
        inner join treated using (edition, province_code, indicator)
        inner join treated as others
            on changed.edition = others.edition and changed.indicator = others.indicator
        inner join ranked as scored
            on changed.edition = scored.edition and changed.province_code = scored.province_code
            and scored.level = 'index'
        group by all
        """
        )
        .df()
        .set_index("edition")
    )
    con.close()


def test_OUT_14_in_the_steps_a_better_value_lowers_a_score_only_by_changing_the_treatment(
    climbed: pd.DataFrame,
) -> None:
    falls = treated = 0
    for edition in (e for e in climbed.index if not e.endswith("+")):
        before, after = climbed.loc[edition], climbed.loc[f"{edition}+"]
        if before["score"] is None or np.isnan(before["score"]):
            continue
        same = (before["treatment"], before["n_treated"]) == (
            after["treatment"],
            after["n_treated"],
        )
        treated += same and before["treatment"] != "none"
        if same:
            assert after["score"] >= before["score"] - 1e-9, edition
        else:
            falls += after["score"] < before["score"] - 1e-9
    assert treated > 30
    assert falls > 0  # so the remark of the command is needed


def test_a_treatment_that_changes_with_the_value_is_told(toy: Toy, capsys: Captured) -> None:
    # one province of six 100 times above the others is pulled in, so the treatment sets in
    toy.index()
    assert run(toy, "94", "new_per_10000", "400", "--lang", "en") == 0
    shown = capsys.readouterr().out
    assert "The treatment of outliers of New enterprises per 10,000 inhabitants changes" in shown
    assert "none (0) → winsorised (1)" in shown
