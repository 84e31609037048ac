"""One change at a time: every alternative, and every node and province left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pipeline.methods.intervals import MANY_UNITS
from pipeline.methods.ranks import rank_block
from pipeline.robustness.cells import Cells
from pipeline.robustness.design import Choice, Draws, Space
from pipeline.robustness.engine import score_block, simulate
from pipeline.robustness.results import Row, Run
from pipeline.robustness.scenario import normalised_under, treated_under, way_of
from pipeline.robustness.space import Declared, draws_of, levels_of, removable, ways_of
from pipeline.robustness.tree import Block

LEFT_OUT = "left_out"
LEVELS = ("sub_index", "pillar", "sub_pillar", "indicator")


def one_at_a_time_rows(run: Run) -> Iterator[Row]:
    """What each change alone does to the ranks of the index.

    Args:
        run: a simulation of the index.

    Returns:
        One row per edition, change and province with a rank before and after: the published rank,
        the rank with the change and the difference, negative for a climb. Changes: every
        alternative of the factors, every node that entered left out, and (up to `MANY_UNITS`
        provinces) every province left out; without a province the ranks before are those among the
        others.
    """
    declared, draws = _changes(run)
    ways, number = ways_of(run.index, declared, draws)
    top = run.index.tree.top
    for one in run.cells:
        published = run.ranks[one.edition][:, 0].astype(np.int64)
        block_of = draws_of(run.index, declared, draws, one).block
        found = simulate(run.index.tree, ways[one.edition], number, block_of, [top],
                         run.digits, with_scores=False).ranks[top]  # fmt: skip
        for d, after in enumerate(found.T.astype(np.int64)):
            k = int(np.flatnonzero(draws.levels[d])[0])
            choice = declared.space.choices[k]
            change = choice.levels[draws.levels[d, k]]
            yield from _rows(one, choice.name, change, published, after)
        if len(published) > MANY_UNITS:  # time and rows would grow as their square
            continue
        for p in np.flatnonzero(published > 0):
            others = np.arange(len(published)) != p
            before = np.where(published > published[p], published - 1, published) * others
            yield from _rows(one, "province", one.provinces[p], before, _without(run, one, others))


def _rows(
    one: Cells, factor: str, change: str, before: np.ndarray, after: np.ndarray
) -> Iterator[Row]:
    for p in np.flatnonzero((before > 0) & (after > 0)):
        yield {"edition": one.edition, "factor": factor, "change": change,
               "province_code": one.provinces[p], "rank_published": int(before[p]),
               "rank": int(after[p]), "shift": int(after[p] - before[p])}  # fmt: skip


def _changes(run: Run) -> tuple[Declared, Draws]:
    """The declared alternatives, and every node that entered left out, one level at a time."""
    declared, index = run.declared, run.index
    kept = [k for k, patches in enumerate(declared.patches) if patches is not None]
    choices = [declared.space.choices[k] for k in kept]
    left = tuple(node for level in LEVELS for node in removable(index, run.cells, level))
    if len(left) > 1:
        names = tuple(f"{levels_of(index)[k]} {index.codes[k]}" for k in left)
        choices.append(Choice(LEFT_OUT, ("", *names)))
    space = Space(tuple(choices), (), len(index.codes), declared.space.shares)
    patches = [declared.patches[k] for k in kept] + [None] * (len(choices) - len(kept))
    left_out = {len(kept): left} if len(left) > 1 else {}
    levels = [
        np.eye(len(choices), dtype=np.int64)[k] * level
        for k, choice in enumerate(choices)
        for level in range(1, len(choice.levels))
    ]
    shape = (len(levels), len(choices))
    draws = Draws(space, np.zeros(shape), np.array(levels).reshape(shape), np.zeros(shape[0], bool))
    return Declared(space, tuple(patches), left_out, None, declared.seed), draws


def _without(run: Run, one: Cells, others: np.ndarray) -> np.ndarray:
    """Ranks when a province is not there to be scaled against; 0 for itself."""
    index, spec = run.index, run.index.spec
    rest = replace(
        one, provinces=[code for code, kept in zip(one.provinces, others, strict=True) if kept],
        values=one.values[others], low=one.low[others], high=one.high[others],
        is_imputed=one.is_imputed[others], is_provisional=one.is_provisional[others],
        age=one.age[others], is_ranked=one.is_ranked[others],
    )  # fmt: skip
    panel = [rest if other.edition == one.edition else other for other in run.cells]
    if spec.settings.normalise.panel == "edition":
        panel = [rest]
    treated = {c.edition: treated_under(spec, c.values[None], c.entered) for c in panel}
    ranks = np.zeros(len(others), dtype=np.int64)
    try:
        leaves = normalised_under(spec, treated, panel)[one.edition]
    except ValueError:  # without it an indicator is constant, or the reference is gone
        return ranks
    way = way_of(index, spec, rest, leaves)
    block = Block(np.ones((1, len(index.codes))), np.zeros(1, dtype=np.int64))
    scores = score_block(index.tree, way, block)[index.tree.top]
    ranks[others] = rank_block(scores, run.digits)[:, 0]
    return ranks
