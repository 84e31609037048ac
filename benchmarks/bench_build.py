"""Time a full build of synthetic panels beside the plain pandas version of the same chain.

Run by `make bench`. Both sides impute (median), treat, normalise, aggregate and rank every node of
the same panel in the same process; scores must agree to 1e-9 before a ratio is printed. MB is what
each side takes at most, the panel itself not counted.
"""

from __future__ import annotations

import math
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.synthetic import synthetic_inputs
from pipeline.build.chain import run_chain
from pipeline.build.choices import Impute, Methods
from pipeline.build.inputs import Inputs

BOUNDS = {(63, 52): 0.05, (1_000, 100): None, (10_000, 100): 1.0, (100_000, 50): 4.0}  # seconds
GROWN_FROM = 1_000  # units: below it the time is that of the calls, not of the numbers
RUNS = 3
METHODS = Methods(impute=Impute(method="median"))


def pandas_chain(inputs: Inputs) -> pd.Series:
    """The same chain as an analyst would write it with pandas, column by column."""
    frame = pd.DataFrame(inputs.x, columns=[n.code for n in inputs.indicators])
    frame = frame.fillna(frame.median())
    for code in frame:
        frame[code] = _treat(frame[code])
    scaled = (frame - frame.min()) / (frame.max() - frame.min()) * 100
    for node in inputs.indicators:
        if node.direction == -1:
            scaled[node.code] = 100 - scaled[node.code]
    scores = {code: scaled[code] for code in scaled}
    for node in inputs.nodes:
        children = [n.code for n in (*inputs.indicators, *inputs.nodes) if n.parent == node.code]
        scores[node.code] = pd.concat([scores[code] for code in children], axis=1).mean(axis=1)
    ranks = {code: s.round(10).rank(ascending=False, method="min") for code, s in scores.items()}
    assert len(ranks) == len(scores)
    return scores["index"]


def _treat(column: pd.Series) -> pd.Series:
    def fails(values: pd.Series) -> bool:
        return bool(abs(values.skew()) >= 2 and values.kurt() >= 3.5)

    if not fails(column):
        return column
    low, high = column.min(), column.max()
    moved = column
    while fails(moved):
        if moved.skew() > 0:
            high = column[column < high].max()
        else:
            low = column[column > low].min()
        if ((column < low) | (column > high)).sum() > 5:
            break
        moved = column.clip(low, high)
    if not fails(moved):
        return moved
    shift = 0.01 * (column.max() - column.min())
    if column.skew() > 0:
        logged = np.log(column - column.min() + shift)
    else:
        logged = -np.log(column.max() - column + shift)
    return column if fails(logged) else logged


def best(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Shortest of several runs in seconds, the memory a run takes at most in MB, the result."""
    times, result = [], None
    for _ in range(RUNS):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    tracemalloc.start()  # slows what it watches, so that run is not timed
    work()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return min(times), peak, result


def exponent(found: dict[tuple[int, int], float]) -> float:
    """b in: seconds per indicator grow as (n log n)^b, by least squares; a sort's own is 1."""
    sizes = [size for size in found if size[0] >= GROWN_FROM]
    work = [math.log(n * math.log(n)) for n, _ in sizes]
    spent = [math.log(found[size] / size[1]) for size in sizes]
    return float(np.polyfit(work, spent, 1)[0])


def main() -> None:
    """Print one line per size, and how the time grows."""
    print(f"{'units x indicators':<20}{'build s':>9}{'bound s':>9}{'MB':>7}"
          f"{'pandas s':>10}{'MB':>7}{'ratio':>7}")  # fmt: skip
    ours: dict[tuple[int, int], float] = {}
    theirs: dict[tuple[int, int], float] = {}
    for size, bound in BOUNDS.items():
        inputs = synthetic_inputs(*size)
        ours[size], own, built = best(partial(run_chain, inputs, METHODS))
        theirs[size], other, scores = best(partial(pandas_chain, inputs))
        np.testing.assert_allclose(built.scores[:, -1], scores.to_numpy(), atol=1e-9)
        limit = "" if bound is None else f"{bound:g}{' !' if ours[size] > bound else ''}"
        print(f"{size[0]} x {size[1]}".ljust(20) + f"{ours[size]:>9.3f}{limit:>9}{own:>7.1f}"
              f"{theirs[size]:>10.3f}{other:>7.1f}{theirs[size] / ours[size]:>7.1f}")  # fmt: skip
    print(f"time grows as (n log n)^b from {GROWN_FROM} units on: "
          f"build b = {exponent(ours):.2f}, pandas b = {exponent(theirs):.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
