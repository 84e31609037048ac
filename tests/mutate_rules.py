"""Turn the rules of the catalogue off, one at a time, and see that a test notices each.

`python -m tests.mutate_rules` or `make mutate-rules`. While a rule is off its faults are not
collected in this process, and the tests that carry its id in their name run: one of them at least
has to fail, and to pass again with the rule.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.faults import Faults, Place
from pipeline.language import catalogue

TESTS = Path(__file__).parent
OPTIONS = ("-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:cov")
RED = "RED with the rule too: "


@contextlib.contextmanager
def turned_off(rule: str) -> Iterator[None]:
    """Collect no fault of a rule in the block."""
    add = Faults.add

    def add_others(self: Faults, name: str, place: Place, value: Any = None, **more: Any) -> None:
        if name != rule:
            add(self, name, place, value, **more)

    Faults.add = add_others  # type: ignore[method-assign]
    try:
        yield
    finally:
        Faults.add = add  # type: ignore[method-assign]


class Mutation:
    """A pytest plugin: in place of one round of all tests a round for each rule."""

    def __init__(self, rules: list[str]) -> None:
        self.killers: dict[str, str | None] = dict.fromkeys(rules)
        self.has_failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.has_failed |= report.failed

    def fails(self, item: pytest.Item, after: pytest.Item | None) -> bool:
        self.has_failed = False
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        return self.has_failed

    def first_to_fail(self, rule: str, items: list[pytest.Item]) -> pytest.Item | None:
        """The first of the tests that fails without the rule; nothing is left of any fixture."""
        with turned_off(rule):
            for item, after in zip(items, [*items[1:], None], strict=True):
                if self.fails(item, after):
                    item.session._setupstate.teardown_exact(None)
                    return item
        return None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for rule in self.killers:
            name = re.compile(rf"(?:^|_){rule.replace('-', '_')}_")
            items = [item for item in session.items if name.search(item.name.split("[")[0])]
            if (item := self.first_to_fail(rule, items)) is not None:
                item._initrequest()  # type: ignore[attr-defined]  # to run once more
                is_red = self.fails(item, None)
                self.killers[rule] = f"{RED}{item.nodeid}" if is_red else item.nodeid
        return True


def killers(rules: list[str], folder: Path = TESTS) -> dict[str, str | None]:
    """The first test that fails while a rule is off, for each of the rules; None: it survives."""
    ids = re.compile("|".join(rf"_{rule.replace('-', '_')}_" for rule in rules))
    files = [str(p) for p in sorted(folder.glob("test_*.py")) if ids.search(p.read_text("utf-8"))]
    mutation = Mutation(rules)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main([*OPTIONS, *files], plugins=[mutation])
    return mutation.killers


def main(arguments: list[str] | None = None) -> int:
    """The command line; 1 when a rule survives."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rules", nargs="*", help="rules, such as NUM-03; all if none is named")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tests", type=Path, default=TESTS, help="the folder of the tests")
    args = parser.parse_args(arguments)
    started = time.perf_counter()
    rules = args.rules or sorted(catalogue()["rules"])
    if unknown := [rule for rule in rules if rule not in catalogue()["rules"]]:
        parser.error(f"not in the catalogue: {', '.join(unknown)}")
    parts = [part for i in range(args.processes) if (part := rules[i :: args.processes])]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(len(parts), mp_context=context) as pool:
        results = pool.map(killers, parts, [args.tests] * len(parts))
        found = {rule: test for part in results for rule, test in part.items()}
    killed = {rule for rule, test in found.items() if test and not test.startswith(RED)}
    for rule in rules:
        print(f"{rule}  {found[rule] or 'SURVIVES: no test that names it fails while it is off'}")
    n = len(rules) - len(killed)
    print(f"{len(rules)} rules in {time.perf_counter() - started:.0f} s, {n} survive")
    return int(n > 0)


if __name__ == "__main__":
    sys.exit(main())
