"""How much of a year a figure covers: a year, a half, a quarter, a month, or another part of it."""

from __future__ import annotations

import calendar
import datetime
from typing import Literal

Covers = Literal["year", "half_year", "quarter", "month", "part"]
MONTH = r"\d{4}-(0[1-9]|1[0-2])"
# 2022-H1, 2022-Q3, 2022-07, 2021-07/2022-06
PERIOD = rf"^(\d{{4}}-(H[12]|Q[1-4])|{MONTH}(/{MONTH})?)$"
DAY = r"^\d{4}-\d{2}-\d{2}$"
SPANS = {"month": (28, 31), "quarter": (90, 92), "half_year": (181, 184)}  # days, both ends counted
NEARLY_A_YEAR = 330  # days: figures "of the year" often end some days before it does


def covers_of(period: str) -> Covers:
    """What a declared period covers: `2022-H1` a half-year, `2022-07` a month."""
    if period[5] == "H":
        return "half_year"
    if period[5] == "Q":
        return "quarter"
    start, _, end = period.partition("/")
    return covers_of_span(start, end or start)


def years_of(period: str) -> set[int]:
    """The years a declared period lies in; which of the two it stands for has to be said."""
    return {int(part[:4]) for part in period.split("/")}


def fits(declared: Covers, covered: Covers) -> bool:
    """Whether a figure that covers this much belongs in a variable declared to cover that much."""
    return declared in (covered, "part")  # a part may lack a few days of the year only


def covers_of_span(start: str, end: str) -> Covers:
    """What a stated span covers; days not stated are the first and last of month or year.

    Args:
        start: `yyyy`, `yyyy-mm` or `yyyy-mm-dd`, a date that exists.
        end: the same; the span counts both days.

    Returns:
        `year` for a span of `NEARLY_A_YEAR` days or longer, also for several years.
    """
    first = datetime.date.fromisoformat((start + "-01-01")[:10])
    days = (_last_day(end) - first).days + 1
    if days >= NEARLY_A_YEAR:
        return "year"
    fits = [name for name, (low, high) in SPANS.items() if low <= days <= high]
    return fits[0] if fits else "part"  # type: ignore[return-value]


def _last_day(date: str) -> datetime.date:
    year, month, day = (*map(int, date.split("-")), 0, 0)[:3]
    month = month or 12
    return datetime.date(year, month, day or calendar.monthrange(year, month)[1])


def is_day(text: str) -> bool:
    """Whether a text of the form `yyyy-mm-dd` is a day of the calendar."""
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True
