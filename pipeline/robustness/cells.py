"""The values of the indicators as arrays, and sets of values within what their sources say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.choices.robustness import ValueSpread


@dataclass(frozen=True)
class Cells:
    """The indicators of one edition, after imputation.

    Attributes:
        edition: its name.
        provinces: codes, in order; the rows.
        values: shape (n_provinces, n_indicators), in the unit of each indicator, NaN is missing.
        low, high: same shape, what the source says the value is at least and at most, NaN: nothing.
        is_imputed: same shape.
        is_provisional: same shape.
        age: same shape, years a carried value is older than the edition.
        entered: shape (n_indicators,).
        is_ranked: shape (n_provinces,), who is ranked in the published index.
    """

    edition: str
    provinces: list[str]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    is_imputed: np.ndarray
    is_provisional: np.ndarray
    age: np.ndarray
    entered: np.ndarray
    is_ranked: np.ndarray


def read_cells(con: Any, indicators: list[str], ranked: Any) -> list[Cells]:
    """The cells of every edition, in the declared order of editions.

    Args:
        con: the database, with `imputed` and `spec_editions`.
        indicators: codes, in the order of the columns.
        ranked: the database with the table `ranked`.
    """
    is_ranked = dict(
        ranked.sql(
            "select edition, list(is_ranked order by province_code) from ranked "
            "where level = 'index' group by edition"
        ).fetchall()
    )
    editions = [row[0] for row in con.sql("select edition from spec_editions").fetchall()]
    return [_cells(con, edition, indicators, is_ranked[edition]) for edition in editions]


CELLS = """
    select
        province_code, imputed_value, value_low, value_high, is_imputed,
        obs_status = 'P' as is_provisional, coalesce(age, 0)::double as age, is_entered
    from imputed
    where edition = $1
    order by province_code, indicator
"""


def _cells(con: Any, edition: str, indicators: list[str], is_ranked: list[bool]) -> Cells:
    found = con.execute(CELLS, [edition]).fetchnumpy()
    provinces = found.pop("province_code")[:: len(indicators)].tolist()
    place = np.argsort(np.argsort(indicators))  # the table has a row of each, in the order of codes
    wide = {}
    for name, column in found.items():
        missing = np.nan if column.dtype.kind == "f" else False
        wide[name] = np.ma.filled(column, missing).reshape(len(provinces), -1)[:, place]
    return Cells(
        edition, provinces, wide["imputed_value"], wide["value_low"], wide["value_high"],
        wide["is_imputed"], wide["is_provisional"], wide["age"],
        np.asarray(wide["is_entered"].all(axis=0)), np.array(is_ranked),
    )  # fmt: skip


def ranges(
    cells: Cells, spread: ValueSpread, indicators: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest value that each figure allows.

    Where the source gives a range, that; where it gives one end only, `at_least` beyond it; where
    it rounds (and so gives neither end), carries or announces, so much either way; where a register
    is incomplete, up to what it would hold if it were not. An exact figure allows only itself.

    Args:
        cells: one edition.
        spread: how far is far, as shares of the value.
        indicators: codes of the columns.

    Returns:
        Two arrays of shape (n_provinces, n_indicators), NaN is missing; low <= value <= high.
    """
    x = cells.values
    size = np.abs(x)
    has_low, has_high = ~np.isnan(cells.low), ~np.isnan(cells.high)
    low = np.where(has_low, np.fmin(cells.low, x), x)
    high = np.where(has_high, np.fmax(cells.high, x), x)
    high = np.where(has_low & ~has_high, x + spread.at_least * size, high)
    low = np.where(has_high & ~has_low, x - spread.at_least * size, low)
    is_rounded = ~has_low & ~has_high & ~cells.is_imputed
    share = spread.carried * cells.age + spread.provisional * cells.is_provisional
    share = share + spread.about * is_rounded
    lacking = np.array([float(spread.incomplete.get(code, 0)) for code in indicators])
    return low - share * size, high + (share + lacking / (1 - lacking)) * size


def draw_values(cells: Cells, spread: ValueSpread, seed: int, indicators: list[str]) -> np.ndarray:
    """Sets of values: set 0 is the figures themselves, the others lie within their ranges.

    An imputed value is drawn from the observed ones of its indicator: what stands in its place
    could be any of them.

    Returns:
        Shape (1 + spread.sets, n_provinces, n_indicators).
    """
    rng = np.random.default_rng([seed, *cells.edition.encode()])
    low, high = ranges(cells, spread, indicators)
    u = rng.random((spread.sets, *cells.values.shape))
    drawn = np.where(low < high, low + u * (high - low), cells.values)
    for j in np.flatnonzero(cells.is_imputed.any(axis=0)):
        gaps = cells.is_imputed[:, j]
        donors = np.sort(cells.values[~gaps & ~np.isnan(cells.values[:, j]), j])
        drawn[:, gaps, j] = donors[(u[:, gaps, j] * donors.size).astype(int)]
    return np.concatenate([cells.values[None], drawn])
