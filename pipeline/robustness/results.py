"""What the draws say of every edition, as the tables of `outputs/current/robustness/`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.choices.robustness import Robustness
from pipeline.methods.intervals import (
    MANY_UNITS,
    RankSummary,
    convergence,
    summarise_ranks,
    summarise_scores,
)
from pipeline.methods.pairs import groups_alike, groups_of_draws, share_above, share_near
from pipeline.methods.ranks import rank_block
from pipeline.robustness.cells import Cells
from pipeline.robustness.design import Draws
from pipeline.robustness.engine import Simulated, batches, simulate
from pipeline.robustness.scenario import Index, cells_under, read_index
from pipeline.robustness.space import Declared, declare, draws_of, ways_of
from pipeline.robustness.tree import Way

STOPS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
QUARTERS = 4  # performance groups: quarters of the ranking
TOPS = (3, 10)
NEAR = 10  # above MANY_UNITS a pair is a province and one of so many that follow it
Row = dict[str, Any]
Columns = dict[str, Any]  # a table by columns: arrays of one length


@dataclass(frozen=True)
class Run:
    """One simulation of the index: its draws, and the ranks of the index they gave.

    Attributes:
        index, declared, settings, draws, cells: what was drawn, and of what.
        ways: of each edition.
        ranks: of each edition shape (n_provinces, n_draws), 0 is not ranked; draw 0 is published.
        scores: of each edition the same shape, of the index, NaN is missing.
        intervals: rows of the table of that name.
    """

    index: Index
    declared: Declared
    settings: Robustness
    draws: Draws
    cells: list[Cells]
    ways: dict[str, list[Way]]
    ranks: dict[str, np.ndarray]
    scores: dict[str, np.ndarray]
    intervals: list[Row]

    @property
    def digits(self) -> int:
        """Decimals to which equal scores share a rank."""
        return self.index.spec.settings.rank.digits

    def order(self, edition: str) -> np.ndarray:
        """The provinces ranked in the published index, best first, ties by code."""
        published = self.ranks[edition][:, 0].astype(np.int64)
        order = np.argsort(published, kind="stable")
        return order[published[order] > 0]


def run_draws(con: Any, spec: Any) -> Run:
    """Draw and score every edition.

    Args:
        con: the database, with the tables of the chain up to `ranked`.
        spec: the index, with its section `robustness`.

    Returns:
        A `Run`. Draw 0 is the published index, with the very scores of the table `ranked`.

    Raises:
        Rejected: for a combination of alternatives whose values cannot be scored.
    """
    index = read_index(con, spec)
    settings = spec.robustness
    cells = cells_under(index, spec)
    declared = declare(index, cells)
    draws = declared.space.sample(settings.draws, settings.seed)
    ways, number = ways_of(index, declared, draws)
    run = Run(index, declared, settings, draws, cells, ways, {}, {}, [])
    for one in cells:  # some nodes of one edition at a time are what memory has to hold
        block_of = draws_of(index, declared, draws, one).block
        for nodes in batches(index.tree, len(one.provinces), settings.draws):
            found = simulate(index.tree, ways[one.edition], number, block_of, nodes, run.digits)
            _publish_first(con, run, one, found)
            run.intervals.extend(_interval_rows(run, one, found))
            if index.tree.top in nodes:
                run.ranks[one.edition] = found.ranks[index.tree.top]
                run.scores[one.edition] = found.scores[index.tree.top]
    return run


def _publish_first(con: Any, run: Run, one: Cells, found: Simulated) -> None:
    """Put the published scores in the place of draw 0: the same numbers, to the last bit."""
    rows = con.execute(
        "select node, list(score order by province_code) from ranked where edition = $1 "
        "group by node",
        [one.edition],
    ).fetchall()
    published = {node: np.array(scores, dtype=np.float64) for node, scores in rows}
    for k in found.nodes:
        scores = published[run.index.codes[k]]
        found.scores[k][:, 0] = scores
        found.ranks[k][:, :1] = rank_block(scores[:, None], run.digits)


def _interval_rows(run: Run, one: Cells, found: Simulated) -> Iterator[Row]:
    """One row per province and node above the indicators."""
    for k in found.nodes:
        ranks = summarise_ranks(found.ranks[k], run.settings.level)
        scores = summarise_scores(found.scores[k], run.settings.level)
        shares = {f"share_top_{top}": ranks.share_within(top) for top in TOPS}
        shares |= dict(_quarters(ranks))
        for p, province in enumerate(one.provinces):
            is_ranked = ranks.low[p] > 0
            of_rank = {"rank_low": ranks.low, "rank_median": ranks.median, "rank_high": ranks.high,
                       "rank_mean": ranks.mean, "rank_sd": ranks.sd, **shares}  # fmt: skip
            yield {
                "edition": one.edition, "province_code": province, "node": run.index.codes[k],
                "score_low": scores.low[p], "score_median": scores.median[p],
                "score_high": scores.high[p], "score_mean": scores.mean[p],
                "score_sd": scores.sd[p], "share_ranked": ranks.share_ranked[p],
                **{key: values[p] if is_ranked else None for key, values in of_rank.items()},
            }  # fmt: skip


def _quarters(ranks: RankSummary) -> Iterator[tuple[str, np.ndarray]]:
    """Share of the draws in each quarter of the ranking, the first the best."""
    n_ranked = int((ranks.low > 0).sum())
    limits = [int(np.ceil(n_ranked * q / QUARTERS)) for q in range(QUARTERS)]
    for q, after in enumerate([*limits[1:], len(ranks.low)]):
        yield f"share_quarter_{q + 1}", ranks.share_between(limits[q] + 1, after)


def distribution_columns(run: Run, one: Cells) -> Columns:
    """One row per province and rank of the index that some draw gives, in an edition."""
    rows, ranks, shares = summarise_ranks(run.ranks[one.edition], run.settings.level).cells()
    return {"edition": one.edition, "province_code": _codes(one, rows), "rank": ranks,
            "share": shares}  # fmt: skip


def pair_columns(run: Run, one: Cells, above: np.ndarray | None) -> Columns:
    """One row per pair of ranked provinces, the one ranked better first, in an edition.

    Args:
        run: a simulation of the index.
        one: the edition.
        above: of `shares_above`; without it only pairs of which the other is one of the `NEAR`
            that follow.
    """
    order = run.order(one.edition)
    if above is None:
        near = share_near(run.ranks[one.edition], order, NEAR)
        first, step = np.nonzero(np.arange(len(order))[:, None] + np.arange(1, NEAR + 1)
                                 < len(order))  # fmt: skip
        second, shares = first + 1 + step, near[first, step]
    else:
        first, second = np.triu_indices(len(order), 1)
        shares = above[order[first], order[second]]
    limit = (1 + run.settings.level) / 2
    return {"edition": one.edition, "province_code": _codes(one, order[first]),
            "other_code": _codes(one, order[second]), "share_above": shares,
            "is_told_apart": shares > limit}  # fmt: skip


def group_columns(run: Run, one: Cells, above: np.ndarray | None) -> Columns:
    """One row per group of provinces that cannot be told apart, and province, in an edition."""
    ranks, order = run.ranks[one.edition], run.order(one.edition)
    if above is None:
        runs = groups_of_draws(ranks, order, run.settings.level)
    else:
        runs = groups_alike(above, order, run.settings.level)
    places = [order[first : last + 1] for first, last in runs]
    own = np.concatenate([np.array([], dtype=np.int64), *places])
    numbers = np.repeat(np.arange(1, len(runs) + 1), [len(some) for some in places])
    return {"edition": one.edition, "group": numbers, "province_code": _codes(one, own),
            "rank": ranks[own, 0]}  # fmt: skip


def _codes(one: Cells, rows: np.ndarray) -> pa.Array:
    """The codes of some provinces of an edition."""
    return pa.array(one.provinces, pa.string()).take(pa.array(rows, pa.int64()))


def change_rows(run: Run) -> Iterator[Row]:
    """One row per pair of editions of one scheme that follow each other, and province in both.

    A draw makes both editions with the same choices and weights; their values are drawn apart.
    """
    ends = ((1 - run.settings.level) / 2, (1 + run.settings.level) / 2)
    cells = {one.edition: one for one in run.cells}
    for first, second in _following(run):
        rows = {province: q for q, province in enumerate(cells[first].provinces)}
        for p, province in enumerate(cells[second].provinces):
            if province not in rows:
                continue
            q = rows[province]
            before, after = run.ranks[first][q], run.ranks[second][p]
            both = (before > 0) & (after > 0)
            if not both[0]:
                continue
            places = after[both].astype(np.int64) - before[both]
            points = (run.scores[second][p] - run.scores[first][q])[both]
            low, high = np.quantile(places, ends, method="inverted_cdf")
            score_low, score_high = np.quantile(points, ends)
            yield {
                "edition_from": first, "edition": second, "province_code": province,
                "score_change": points[0], "score_change_low": score_low,
                "score_change_high": score_high, "rank_change": int(places[0]),
                "rank_change_low": int(low), "rank_change_high": int(high),
                "share_better": (places < 0).mean(), "is_clear": bool(low > 0 or high < 0),
            }  # fmt: skip


def _following(run: Run) -> Iterator[tuple[str, str]]:
    """Editions of one scheme, one year after the other."""
    declared = run.index.spec.editions
    for scheme in dict.fromkeys(edition.scheme for edition in declared):
        own = [edition for edition in declared if edition.scheme == scheme]
        own.sort(key=lambda edition: edition.reference_year)
        yield from ((a.edition, b.edition) for a, b in pairwise(own))


def convergence_rows(run: Run) -> Iterator[Row]:
    """One row per edition and number of draws."""
    n_draws = len(run.draws.levels)
    sizes = np.array([*(stop for stop in STOPS if stop < n_draws), n_draws])
    for one in run.cells:
        widths, gaps = convergence(run.ranks[one.edition], sizes, run.settings.level)
        for size, width, gap in zip(sizes, widths, gaps, strict=True):
            yield {"edition": one.edition, "n_draws": int(size), "mean_width": width,
                   "largest_gap": gap}  # fmt: skip


def shares_above(run: Run, one: Cells) -> np.ndarray | None:
    """How often each province is ahead of each other in an edition; None above `MANY_UNITS`."""
    ranks = run.ranks[one.edition]
    return share_above(ranks) if len(ranks) <= MANY_UNITS else None
