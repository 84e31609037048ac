"""Seeded synthetic inputs for benchmarks: nothing here is real or enters an index."""

from __future__ import annotations

import numpy as np

from pipeline.build.inputs import Inputs, Node

SEED = 20221231


def synthetic_inputs(n_units: int, n_indicators: int, missing: float = 0.05) -> Inputs:
    """A panel in one edition: skewed indicators with gaps, three levels above them.

    Args:
        n_units: rows.
        n_indicators: columns; a tenth of them have outliers, a fifth have direction -1.
        missing: share of cells without a value.
    """
    rng = np.random.default_rng(SEED)
    x = rng.gamma(4.0, 2.0, (n_units, n_indicators))
    wild = rng.random(n_indicators) < 0.1
    x[:, wild] = np.exp(x[:, wild] / 3)
    x[rng.random(x.shape) < missing] = np.nan
    n_pillars = max(2, n_indicators // 7)
    pillars = [f"synthetic_pillar_{k}" for k in range(n_pillars)]
    indicators = [
        _node(f"synthetic_{j}", 1, pillars[j % n_pillars], "Indicator", -1 if j % 5 == 0 else 1)
        for j in range(n_indicators)
    ]
    nodes = [
        _node(code, 2, ("input", "output")[k % 2], "Aggregate") for k, code in enumerate(pillars)
    ]
    nodes += [_node(code, 3, "index", "Aggregate") for code in ("input", "output")]
    nodes.append(_node("index", 4, None, "Aggregate"))
    units = [f"u{i:06d}" for i in range(n_units)]
    return Inputs(units, units, None, {}, {}, indicators, nodes, x)


def _node(code: str, level: int, parent: str | None, kind: str, direction: int = 1) -> Node:
    return Node(code, code, level, parent, direction, 1.0, kind, None, None, None)
