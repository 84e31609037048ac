"""Random inputs against the readers, in bulk: `python -m tests.fuzz` or `make fuzz`.

Each target makes inputs from a seed and holds what comes back against `tests.fuzz_oracles`, which
was written apart from the pipeline: nothing may crash or hang, every refusal must have a text in
both languages, and what is accepted must be what an independent reading says.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import fuzz_cells, fuzz_files

# Share of all inputs and the most seconds that one may take; a file costs a thousand numbers.
TARGETS: dict[str, tuple[float, float, Callable[[random.Random, Path], Callable[[], str]]]] = {
    "numbers": (0.66, 2, fuzz_cells.numbers),
    "dates": (0.04, 2, fuzz_cells.dates),
    "names": (0.255, 2, fuzz_cells.names),
    "codes": (0.02, 2, fuzz_cells.codes),
    "csv": (0.015, 5, fuzz_files.csv_files),
    "xlsx": (0.004, 10, fuzz_files.workbooks),
    "cards": (0.006, 10, fuzz_files.declarations),
}
CHUNK = 2000  # inputs of one task, at most
SHOWN = 20  # failures printed


@dataclass
class Tally:
    """What became of the inputs of one target."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: Tally) -> None:
        self.outcomes += other.outcomes
        self.failures += other.failures
        self.seconds += other.seconds


class Hang(Exception):
    """An input that takes too long."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `Hang` in the block after some seconds."""

    def stop(*_: Any) -> None:
        raise Hang(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run_chunk(task: tuple[str, str, int]) -> tuple[str, Tally]:
    """Run some inputs of a target.

    Args:
        task: the target, the seed, and how many inputs.
    """
    target, seed, n = task
    _, limit, make = TARGETS[target]
    tally, started = Tally(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        check = make(random.Random(seed), Path(folder))
        for i in range(n):
            try:
                with at_most(limit):
                    outcome = check()
            except BaseException as error:  # also the panics of foreign code
                if isinstance(error, KeyboardInterrupt):
                    raise
                place = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(place.filename).name}:{place.lineno}"
                outcome = "failed"
                tally.failures.append(f"{seed} #{i}: {type(error).__name__} {error} ({where})")
            tally.outcomes[outcome] += 1
    tally.seconds = time.perf_counter() - started
    return target, tally


def run(n: int, seed: str = "1", processes: int = 2, only: str | None = None) -> dict[str, Tally]:
    """Run about `n` inputs over all targets, or over one.

    Returns:
        A tally for each target.
    """
    tasks = []
    for target, (share, _, _) in TARGETS.items():
        if only not in (None, target):
            continue
        left, part = max(int(n if only else n * share), 1), 0
        while left > 0:
            size = min(left, max(int(CHUNK * share), 10))
            tasks.append((target, f"{seed}-{target}-{part}", size))
            left, part = left - size, part + 1
    tasks.sort(key=lambda task: TARGETS[task[0]][0])  # the slow ones first
    tallies = {target: Tally() for target in TARGETS}
    if processes == 1:
        for target, tally in map(run_chunk, tasks):
            tallies[target].add(tally)
        return tallies
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = {pool.submit(run_chunk, task): task for task in tasks}
        for future in as_completed(futures):
            target, seed, n = futures[future]
            try:
                tallies[target].add(future.result()[1])
            except BrokenProcessPool:  # foreign code ended the process, and the pool with it
                died = f"{seed}: the process died, in this task or in one beside it"
                tallies[target].add(Tally(Counter({"failed": n}), [died], 1e-9))
    return tallies


def main() -> int:
    """The command line; 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--n", type=int, default=1_050_000, help="inputs in all")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", choices=TARGETS, help="one target")
    args = parser.parse_args()
    started = time.perf_counter()
    tallies = run(args.n, args.seed, args.processes, args.only)
    total, failures = 0, []
    print(f"{'target':10}{'inputs':>10}{'per s':>9}  outcomes")
    for target, tally in tallies.items():
        count = tally.outcomes.total()
        if not count:
            continue
        total += count
        failures += [f"{target}: {words}" for words in tally.failures]
        shown = ", ".join(f"{name} {n}" for name, n in tally.outcomes.most_common(6))
        print(f"{target:10}{count:>10}{count / tally.seconds:>9.0f}  {shown}")
    print(f"{total} inputs in {time.perf_counter() - started:.0f} s, {len(failures)} failed")
    alike: dict[str, str] = {}
    for words in failures:  # one of each kind
        alike.setdefault(re.sub(r"'.*'|\d+", "", words), words)
    print(*list(alike.values())[:SHOWN], sep="\n", file=sys.stderr)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
