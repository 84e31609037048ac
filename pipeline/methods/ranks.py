"""Ranks in many draws at once, by the rule of `rank`."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.methods.rank import round_half_away

Floats = np.ndarray
DIGITS = 10  # scores equal to so many decimals share a rank


def smallest_integer(n_units: int) -> Any:
    """The smallest unsigned integer that holds the ranks of so many units."""
    return np.min_scalar_type(n_units)


def rank_block(scores: Floats, digits: int = DIGITS) -> np.ndarray:
    """Ranks of the units in each draw: 1 for the highest, ties share the better, 0 is missing.

    Args:
        scores: shape (n_units, n_draws).
        digits: scores equal to so many decimals are equal.

    Returns:
        Same shape, small integers.
    """
    falling = np.ascontiguousarray(-scores.T)
    missing = np.isnan(falling)
    if missing.any():
        falling[missing] = np.inf
    places = np.argsort(falling, axis=1)
    ordered = np.take_along_axis(falling, places, axis=1)
    ranks = _place(places)
    with np.errstate(invalid="ignore"):  # infinity less infinity
        near = np.flatnonzero((np.diff(ordered, axis=1) <= 2 * 10.0**-digits).any(axis=1))
    if near.size:
        ranks[near] = _place_ties(round_half_away(falling[near], digits))
    ranks[missing] = 0
    return ranks.T


def _place(places: np.ndarray) -> np.ndarray:
    """From who stands at each place of a row to the place of each, 1 first; without ties."""
    n_draws, n_units = places.shape
    flat = (places + np.arange(0, n_draws * n_units, n_units)[:, None]).ravel()
    ranks = np.empty(n_draws * n_units, smallest_integer(n_units))
    ranks[flat] = np.tile(np.arange(1, n_units + 1, dtype=ranks.dtype), n_draws)
    return ranks.reshape(n_draws, n_units)


def _place_ties(falling: Floats) -> np.ndarray:
    """The same where values may be equal: they share the better position."""
    order = np.argsort(falling, axis=1, kind="stable")
    ordered = np.take_along_axis(falling, order, axis=1)
    opens = np.ones(falling.shape, dtype=bool)
    opens[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(opens, np.arange(falling.shape[1]), 0), axis=1) + 1
    ranks = np.empty(falling.shape, smallest_integer(falling.shape[1]))
    np.put_along_axis(ranks, order, first.astype(ranks.dtype), axis=1)
    return ranks
