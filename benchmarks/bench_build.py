"""Time a full build of synthetic panels beside the plain pandas version of the same chain.

Run by `make bench`. Both sides impute (median), treat, normalise, aggregate and rank every node of
the same panel in the same process; scores must agree to 1e-9 before a ratio is printed.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.synthetic import synthetic_inputs
from pipeline.build.chain import run_chain
from pipeline.build.choices import Impute, Methods
from pipeline.build.inputs import Inputs

SIZES = [(63, 52), (1_000, 100), (10_000, 100), (100_000, 50)]
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


def best(work: Callable[[], Any]) -> tuple[float, Any]:
    """Shortest of several runs, in seconds, and the last result."""
    times, result = [], None
    for _ in range(RUNS):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times), result


def main() -> None:
    """Print one line per size."""
    print(f"{'units x indicators':<20}{'build s':>9}{'pandas s':>10}{'ratio':>7}{'peak MB':>9}")
    grown: list[tuple[int, float]] = []
    for n_units, n_indicators in SIZES:
        inputs = synthetic_inputs(n_units, n_indicators)
        ours, built = best(lambda inputs=inputs: run_chain(inputs, METHODS))  # type: ignore[misc]
        theirs, scores = best(lambda inputs=inputs: pandas_chain(inputs))  # type: ignore[misc]
        np.testing.assert_allclose(built.scores[:, -1], scores.to_numpy(), atol=1e-9)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = f"{n_units} x {n_indicators}"
        print(f"{size:<20}{ours:>9.3f}{theirs:>10.3f}{theirs / ours:>7.1f}{peak:>9.0f}")
        if n_indicators == 100:
            grown.append((n_units, ours))
    (small, first), (large, second) = grown
    linear = large * math.log(large) / (small * math.log(small))
    print(f"from {small} to {large} units the time grew {second / first:.1f} times; "
          f"n log n grows {linear:.1f} times")  # fmt: skip


if __name__ == "__main__":
    main()
