"""Sensitivity indices against functions whose indices are known."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.methods.sensitivity import Indices, sobol_design, sobol_indices

G = np.array([0.0, 1, 4.5, 9])


def ishigami(u: np.ndarray) -> np.ndarray:
    x = -np.pi + 2 * np.pi * u
    return np.asarray(np.sin(x[:, 0]) * (1 + 0.1 * x[:, 2] ** 4) + 7 * np.sin(x[:, 1]) ** 2)


def ishigami_indices() -> tuple[np.ndarray, np.ndarray]:
    """Ishigami & Homma (1990), a = 7 and b = 0.1."""
    alone = np.array([(1 + 0.1 * np.pi**4 / 5) ** 2 / 2, 49 / 8, 0])
    both = 0.01 * np.pi**8 * 8 / 225
    variance = alone.sum() + both
    return alone / variance, (alone + np.array([both, 0, both])) / variance


def sobol_g(u: np.ndarray) -> np.ndarray:
    return np.asarray(np.prod((abs(4 * u - 2) + G) / (1 + G), axis=1))


def sobol_g_indices() -> tuple[np.ndarray, np.ndarray]:
    """Saltelli & Sobol' (1995)."""
    alone = 1 / (3 * (1 + G) ** 2)
    variance = np.prod(1 + alone) - 1
    total = [alone[j] * np.prod(np.delete(1 + alone, j)) for j in range(G.size)]
    return alone / variance, np.array(total) / variance


KNOWN = [(ishigami, 3, ishigami_indices()), (sobol_g, 4, sobol_g_indices())]


def run(function: object, k: int, n: int, seed: int) -> Indices:
    design = sobol_design(n, range(k), seed)
    return sobol_indices(function(design.points)[:, None], n, 200, 0.9, seed)  # type: ignore[operator]


@pytest.mark.parametrize(("function", "k", "known"), KNOWN, ids=["Ishigami", "Sobol g"])
def test_indices_of_a_known_function_are_found(function: object, k: int, known: tuple) -> None:
    found = run(function, k, 4096, 0)
    np.testing.assert_allclose(found.first[:, 0], known[0], atol=0.02)
    np.testing.assert_allclose(found.total[:, 0], known[1], atol=0.02)


@pytest.mark.parametrize(("function", "k", "known"), KNOWN, ids=["Ishigami", "Sobol g"])
def test_bootstrap_intervals_of_ninety_percent_cover_the_known_indices(
    function: object, k: int, known: tuple
) -> None:
    covered = np.zeros((2, k))
    for seed in range(100):
        found = run(function, k, 256, seed)
        covered[0] += (found.first_low[:, 0] <= known[0]) & (known[0] <= found.first_high[:, 0])
        covered[1] += (found.total_low[:, 0] <= known[1]) & (known[1] <= found.total_high[:, 0])
    # Quasi-random points err less than the bootstrap supposes: never below, often above 90 %.
    assert (covered / 100 >= 0.85).all()


def test_a_group_of_inputs_has_the_index_of_all_of_them_together() -> None:
    # y = x0 + x1 + 2 x2: variances 1, 1 and 4, so the group (x0, x1) holds 2/6 and x2 4/6.
    design = sobol_design(2048, [0, 0, 1], 3)
    y = design.points @ [1, 1, 2]
    found = sobol_indices(np.column_stack([y, y + 1e6]), 2048)
    np.testing.assert_allclose(found.first, [[1 / 3] * 2, [2 / 3] * 2], atol=0.01)
    np.testing.assert_allclose(found.total, [[1 / 3] * 2, [2 / 3] * 2], atol=0.01)


def test_an_output_that_does_not_vary_has_no_indices() -> None:
    found = sobol_indices(np.ones((4 * 8, 1)), 8)
    assert found.variance[0] == 0
    assert np.isnan(found.first).all()


@pytest.mark.parametrize(
    ("outputs", "n", "level", "words"),
    [
        (np.ones((10, 1)), 4, 0.9, "do not fit"),
        (np.ones(12), 4, 0.9, "do not fit"),
        (np.full((12, 1), np.nan), 4, 0.9, "missing"),
        (np.ones((12, 1)), 4, 1.0, "level"),
    ],
)
def test_outputs_that_cannot_be_used_are_refused(
    outputs: np.ndarray, n: int, level: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        sobol_indices(outputs, n, level=level)


def test_a_design_needs_a_power_of_two_and_groups_without_gaps() -> None:
    with pytest.raises(ValueError, match="power of two"):
        sobol_design(100, [0, 1])
    with pytest.raises(ValueError, match="gaps"):
        sobol_design(64, [0, 2])
