"""Synthetic boundaries: squares in place of provinces, to draw and to break."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.provinces import Reference

SIDE = 0.8  # degrees


def square(west: float, south: float, side: float = SIDE) -> list[list[float]]:
    """A closed ring of four corners, turning left."""
    east, north = west + side, south + side
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def synthetic_features(ref: Reference, scheme: str, key: str = "name_vi") -> list[dict[str, Any]]:
    """One square for each province of a scheme, seven in a row from the south-west."""
    found = []
    for i, code in enumerate(ref.codes(scheme)):
        ring = square(102 + i % 7, 9 + i // 7)
        found.append({
            "type": "Feature", "properties": {"id": i, key: ref.name(scheme, code)},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        })  # fmt: skip
    return found


def write_features(path: Path, features: list[dict[str, Any]]) -> Path:
    """The features as a GeoJSON file."""
    whole = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(whole, ensure_ascii=False), "utf-8")
    return path
