"""How sure the ranks of an edition are, as sentences and tables, from a release alone."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from pipeline.analyse.page import Page, cell, rank_cell, table
from pipeline.language import number, text
from pipeline.methods.pairs import share_above
from pipeline.panel import declare_spec, published_spec
from pipeline.robustness.drivers import MEAN_SHIFT, sensitivity_rows
from pipeline.robustness.results import Run, run_draws
from pipeline.robustness.tables import rows_of_block

Row = dict[str, Any]


def read_rows(con: Any, query: str, *values: Any) -> list[Row]:
    """The rows of a query on a release, as dicts."""
    found: list[Row] = con.sql(query, params=[*values]).to_arrow_table().to_pylist()
    return found


def find_robustness(con: Any, edition: str) -> dict[str, Any] | None:
    """What the tables of `robustness/` say of an edition; None where there are no draws.

    Args:
        con: a release opened by `store.open_release`.
        edition: an edition of it.

    Returns:
        `intervals`: rows of the index, best first; `neighbours`: pairs of ranks that follow each
        other, and `alike`: how many of them cannot be told apart; `median_width` of the intervals,
        in ranks; `drivers`: sensitivity of the mean shift, largest first; `n_draws`.
    """
    intervals = read_rows(
        con,
        "select intervals.*, scores.rank, scores.score, province_name_vi, province_name_en "
        "from intervals inner join scores using (edition, province_code, node) "
        "where edition = $1 and level = 'index' and scores.rank is not null "
        "order by scores.rank, province_code",
        edition,
    )
    if not intervals:
        return None
    codes = [row["province_code"] for row in intervals]
    pairs = read_rows(con, "select * from pairs where edition = $1", edition)
    told = {(row["province_code"], row["other_code"]): row["is_told_apart"] for row in pairs}
    near = list(pairwise(codes))
    widths = [row["rank_high"] - row["rank_low"] for row in intervals]
    drivers = read_rows(
        con,
        "select * from sensitivity where edition = $1 and output = $2 order by total desc, factor",
        edition, MEAN_SHIFT,
    )  # fmt: skip
    ((n_draws,),) = con.execute("select max(draw) + 1 from draws").fetchall()
    return {
        "edition": edition, "n_draws": n_draws, "neighbours": len(near),
        "alike": sum(not told[pair] for pair in near), "median_width": float(np.median(widths)),
        "drivers": drivers, "intervals": intervals,
    }  # fmt: skip


def robustness_page(found: dict[str, Any], level: float, n: int | None, lang: str) -> Page:
    """The page of `find_robustness`; `n` provinces, None for all."""
    percent = f"{level * 100:g}"
    n_draws = number(found["n_draws"], lang, 0)
    page: Page = [text("robust_title", lang, edition=found["edition"], n=n_draws)]
    page.append(text("robust_alike", lang, alike=found["alike"], n=found["neighbours"]))
    page.append(text("robust_width", lang, width=cell(found["median_width"], lang, 0),
                     n=len(found["intervals"]), level=percent))  # fmt: skip
    if found["drivers"] and found["drivers"][0]["total"] is not None:
        first = found["drivers"][0]
        page.append(text("robust_driver", lang, factor=first["factor"],
                         total=cell(first["total"], lang)))  # fmt: skip
        page.append(_drivers(found["drivers"], lang))
    rows = [
        [rank_cell(row["rank"]), row[f"province_name_{lang}"], cell(row["score"], lang),
         f"{cell(row['score_low'], lang)}; {cell(row['score_high'], lang)}",
         f"{row['rank_low']}–{row['rank_high']}", rank_cell(row["rank_median"]),
         cell(row["share_top_10"], lang)]
        for row in found["intervals"][:n]
    ]  # fmt: skip
    page.append(
        table(lang, "rank province score score_interval rank_interval rank_median top_10", rows,
              (0, 2, 3, 4, 5, 6))
    )  # fmt: skip
    return page


def _drivers(rows: list[Row], lang: str) -> Any:
    """Sensitivity indices with their intervals."""
    lines = [
        [row["factor"], *(f"{cell(row[key], lang)} ({cell(row[f'{key}_low'], lang)}; "
                          f"{cell(row[f'{key}_high'], lang)})" for key in ("first_order", "total"))]
        for row in rows
    ]  # fmt: skip
    return table(lang, "factor first_order total", lines, (1, 2))


def find_pair(con: Any, edition: str, pair: tuple[str, str]) -> dict[str, Any] | None:
    """How two provinces compare, and what their difference of ranks hangs on.

    Args:
        con: a release, with `ref_provinces` beside its tables.
        edition: an edition of it.
        pair: codes of two provinces.

    Returns:
        `first`, `second`: the better ranked first; `share_above`; `is_told_apart`; `drivers`:
        sensitivity of the difference. None where they were not both ranked.
    """
    ranked = read_rows(
        con, "select province_code as code from scores where edition = $1 and level = 'index' "
        "and province_code in ($2, $3) and rank is not null order by rank, province_code",
        edition, *pair,
    )  # fmt: skip
    if len(ranked) < 2:
        return None
    first, second = (row["code"] for row in ranked)
    rows = read_rows(
        con, "select share_above, is_told_apart from pairs where edition = $1 "
        "and province_code = $2 and other_code = $3", edition, first, second,
    )  # fmt: skip
    declare_spec(con)
    spec = published_spec(con)
    assert spec.robustness is not None
    n = rows_of_block(spec.robustness.draws)
    # Of many provinces only near pairs are published; the draws of another are made again.
    few = spec.robustness.model_copy(update={"draws": 2} if rows else {})
    run = run_draws(con, spec.model_copy(update={"robustness": few}))
    row = rows[0] if rows else _share_of(run, edition, first, second)
    own = [one for one in sensitivity_rows(run, n, [(first, second)])
           if one["edition"] == edition and one["output"] == f"{first}-{second}"]  # fmt: skip
    return {
        "edition": edition, "first": first, "second": second, "share_above": row["share_above"],
        "is_told_apart": row["is_told_apart"],
        "drivers": sorted(own, key=lambda one: -one["total"]),
    }  # fmt: skip


def _share_of(run: Run, edition: str, first: str, second: str) -> Row:
    """What `pairs` would say of two provinces."""
    (one,) = [cells for cells in run.cells if cells.edition == edition]
    ranks = run.ranks[edition][[one.provinces.index(code) for code in (first, second)]]
    share = float(share_above(ranks)[0, 1])
    return {"share_above": share, "is_told_apart": share > (1 + run.settings.level) / 2}


def pair_page(found: dict[str, Any], names: dict[str, str], lang: str) -> Page:
    """The page of `find_pair`; `names` of the provinces by code."""
    key = "pair_apart" if found["is_told_apart"] else "pair_alike"
    page: Page = [
        text("pair_share", lang, first=names[found["first"]], second=names[found["second"]],
             edition=found["edition"], share=cell(found["share_above"] * 100, lang, 1)),
        text(key, lang),
    ]  # fmt: skip
    if found["drivers"] and not np.isnan(found["drivers"][0]["total"]):
        page += [text("pair_drivers", lang), _drivers(found["drivers"], lang)]
    return page
