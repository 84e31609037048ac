"""Screens of digits: heaps of round numbers, and first digits no real counts would have."""

from __future__ import annotations

import math
from collections.abc import Iterator

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


def _odd(
    groups: np.ndarray, digits: np.ndarray, shares: np.ndarray, settings: Screens
) -> Iterator[tuple[int, np.ndarray, dict[str, object]]]:
    """Each group whose digits are unlikely: its number, its counts, and what a message says."""
    counts = np.bincount(groups * len(shares) + digits, minlength=(groups.max() + 1) * len(shares))
    for group, row in enumerate(counts.reshape(-1, len(shares))):
        if row.sum() < settings.digit_sample:
            continue
        statistic, chance = chi_square(row, shares)
        if chance < settings.digit_p:
            yield group, row, {
                "statistic": said(statistic), "chance": f"{chance:.1g}", "n": int(row.sum()),
                "limit": said(settings.digit_p), "sample": settings.digit_sample,
            }  # fmt: skip


def _report_last(figures: Figures, table: pd.DataFrame, groups: np.ndarray, by: list[str]) -> None:
    is_digit = (table["last"] >= 0).to_numpy()
    if not is_digit.any():
        return
    for group, counts, details in _odd(
        groups[is_digit], table["last"].to_numpy()[is_digit], EVEN, figures.settings
    ):
        row = table.iloc[int((groups == group).argmax())]
        subject = f"{row['variable']} {row['year']}"
        if "province_code" in by:
            subject = figures.province(row["scheme"], row["province_code"])
        figures.faults.add(
            "SEM-09", figures.places[row["at"]], subject, digit=int(counts.argmax()),
            share=f"{counts.max() / counts.sum():.0%}",
            round_share=f"{(counts[0] + counts[5]) / counts.sum():.0%}", **details,
        )  # fmt: skip


def _report_first(figures: Figures, table: pd.DataFrame, groups: np.ndarray) -> None:
    size = table["value"].abs()
    by = size.groupby(groups)
    is_wide = (by.transform("max") >= LEAST_SPAN * by.transform("min")).to_numpy()
    if not is_wide.any():
        return
    first = np.floor(size / 10 ** np.floor(np.log10(size))).clip(1, 9).to_numpy().astype(int)
    for group, counts, details in _odd(
        groups[is_wide], first[is_wide] - 1, BENFORD, figures.settings
    ):
        row = table.iloc[int((groups == group).argmax())]
        odd = int(np.abs(counts - counts.sum() * BENFORD).argmax())
        figures.faults.add(
            "SEM-18", figures.places[row["at"]], f"{row['variable']} {row['year']}",
            digit=odd + 1, share=f"{counts[odd] / counts.sum():.0%}",
            expected=f"{BENFORD[odd]:.0%}", **details,
        )  # fmt: skip
