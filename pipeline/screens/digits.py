"""Screens of digits: heaps of round numbers, and first digits no real counts would have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.choices.screens import Screens
from pipeline.screens.common import Figures, said

MOST_DECIMALS = 4  # more are the tail of a division, not digits somebody wrote
LEAST_NUMBER = 100  # in units of the last digit: below it the last digit is not even
LEAST_SPAN = 100  # highest over lowest: first digits follow Benford's law over orders of magnitude
BENFORD = np.log10(1 + 1 / np.arange(1, 10))
EVEN = np.full(10, 0.1)


def check_digits(figures: Figures) -> None:
    """SEM-09 and SEM-18: last and first digits far from what chance gives.

    Tested are the figures of one variable and year in one file (over provinces), and the last
    digits of all counts that a producer has of one province, each figure once. Fewer than
    `digit_sample` figures are not tested.

    Source:
        Benford (1938), Proc. Am. Phil. Soc. 78(4); Beber & Scacco (2012), doi:10.1093/pan/mps003
        (last digits)
    """
    table = figures.table
    kinds = {code: card.kind for code, card in figures.catalogue.cards.items()}
    is_file = table["source_id"].map(kinds) != "register"
    table = table[(table["qualifier"] == "exact") & (table["value"] != 0) & is_file]
    if table.empty:
        return
    column = ["source_id", "variable", "year"]
    groups = table.groupby(column, sort=True).ngroup().to_numpy()
    table = table.assign(last=_last_digits(table["value"].abs().to_numpy(), groups))
    _report_last(figures, table, groups, column)
    _report_first(figures, table, groups)
    producers = {code: card.producer for code, card in figures.catalogue.cards.items()}
    integers = {code: variable.integer for code, variable in figures.catalogue.variables.items()}
    counts = table[table["variable"].map(integers)]
    counts = counts.assign(producer=counts["source_id"].map(producers))
    own = ["producer", "scheme", "province_code"]
    once = counts.drop_duplicates([*own, "variable", "value"])
    _report_last(figures, once, once.groupby(own, sort=True).ngroup().to_numpy(), own)


def chi_square(counts: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    """Pearson's statistic of counts against expected shares, and its upper tail.

    Args:
        counts: shape (k,), how often each of k digits stands.
        shares: shape (k,), what chance gives, adding to 1.

    Returns:
        The statistic and the probability of one as large, with k - 1 degrees of freedom.

    Source:
        Abramowitz & Stegun (1964), 26.4.4 and 26.4.5 (finite series of the tail)
    """
    expected = counts.sum() * shares
    statistic = float(((counts - expected) ** 2 / expected).sum())
    degrees, half = len(counts) - 1, statistic / 2
    if degrees % 2:
        tail, term = math.erfc(math.sqrt(half)), 2 * math.sqrt(half / math.pi) * math.exp(-half)
        steps = range(3, degrees + 1, 2)
    else:
        tail, term = 0.0, math.exp(-half)
        steps = range(2, degrees + 1, 2)
    for step in steps:
        tail += term
        term *= statistic / step
    return statistic, min(tail, 1.0)


def _last_digits(size: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """The last digit written of each figure, by the decimals of its group; -1 where none counts."""
    last = np.full(len(size), -1)
    is_open = np.ones(len(size), dtype=bool)
    for decimals in range(MOST_DECIMALS + 1):
        whole = np.round(size * 10**decimals)
        is_off = np.abs(whole - size * 10**decimals) > 1e-6
        fits = is_open & (np.bincount(groups, is_off)[groups] == 0)
        is_written = fits & (whole >= LEAST_NUMBER) & (whole < 1e15)
        last[is_written] = whole[is_written] % 10
        is_open &= ~fits
    return last


@dataclass(frozen=True)
class Odd:
    """Digits that chance hardly gives: of which group, how often each stands, and the test."""

    group: int
    counts: np.ndarray
    n: int
    statistic: str
    chance: str

    def share(self, digit: int) -> str:
        """How many of the figures have a digit, the first of the counts being 0."""
        return f"{self.counts[digit] / self.n:.0%}"


def _odd(
    groups: np.ndarray, digits: np.ndarray, shares: np.ndarray, settings: Screens
) -> Iterator[Odd]:
    """Each group of enough figures whose digits are unlikely."""
    counts = np.bincount(groups * len(shares) + digits, minlength=(groups.max() + 1) * len(shares))
    for group, row in enumerate(counts.reshape(-1, len(shares))):
        n = int(row.sum())
        if n >= settings.digit_sample:
            statistic, chance = chi_square(row, shares)
            if chance < settings.digit_p:
                yield Odd(group, row, n, said(statistic), f"{chance:.1g}")


def _report_last(figures: Figures, table: pd.DataFrame, groups: np.ndarray, by: list[str]) -> None:
    is_digit = (table["last"] >= 0).to_numpy()
    if not is_digit.any():
        return
    settings = figures.settings
    for odd in _odd(groups[is_digit], table["last"].to_numpy()[is_digit], EVEN, settings):
        row = table.iloc[int((groups == odd.group).argmax())]
        subject = f"{row['variable']} {row['year']}"
        if "province_code" in by:
            subject = figures.province(row["scheme"], row["province_code"])
        most = int(odd.counts.argmax())
        figures.faults.add(
            "SEM-09", figures.places[row["at"]], subject, digit=most, share=odd.share(most),
            round_share=f"{(odd.counts[0] + odd.counts[5]) / odd.n:.0%}",
            statistic=odd.statistic, chance=odd.chance, n=odd.n,
            limit=said(settings.digit_p), sample=settings.digit_sample,
        )  # fmt: skip


def _report_first(figures: Figures, table: pd.DataFrame, groups: np.ndarray) -> None:
    size = table["value"].abs()
    by = size.groupby(groups)
    is_wide = (by.transform("max") >= LEAST_SPAN * by.transform("min")).to_numpy()
    if not is_wide.any():
        return
    first = np.floor(size / 10 ** np.floor(np.log10(size))).clip(1, 9).to_numpy().astype(int)
    settings = figures.settings
    for odd in _odd(groups[is_wide], first[is_wide] - 1, BENFORD, settings):
        row = table.iloc[int((groups == odd.group).argmax())]
        worst = int(np.abs(odd.counts - odd.n * BENFORD).argmax())
        figures.faults.add(
            "SEM-18", figures.places[row["at"]], f"{row['variable']} {row['year']}",
            digit=worst + 1, share=odd.share(worst), expected=f"{BENFORD[worst]:.0%}",
            statistic=odd.statistic, chance=odd.chance, n=odd.n,
            limit=said(settings.digit_p), sample=settings.digit_sample,
        )  # fmt: skip
