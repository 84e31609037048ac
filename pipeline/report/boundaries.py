"""Boundaries of the provinces from a GeoJSON file that a user brings; the project has none.

Everything that is wrong with the file is told at once: what is no province, which province has no
shape, what is no longitude and latitude.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.faults import Faults, Place
from pipeline.files import read_file
from pipeline.language import Words
from pipeline.limits import Limits
from pipeline.provinces import Reference, Resolver, fold, strip_marks

# Where common boundary files name a province, the first that every feature has.
NAME_KEYS = ("province_code", "name_vi", "ten_tinh", "NAME_1", "ADM1_VI", "adm1_name1", "shapeName",
             "name", "Name", "NAME", "ten", "Ten", "ADM1_EN", "name_en")  # fmt: skip
ISLANDS = {"hoang sa": "48", "truong sa": "56"}  # in both schemes: of Đà Nẵng, of Khánh Hòa
LEAST = 4  # positions of a ring
Ring = (
    np.ndarray
)  # shape (n_positions, 2): longitude and latitude in degrees, the last as the first


@dataclass(frozen=True)
class Boundaries:
    """Shapes of all provinces of a scheme, and the file they are of.

    Attributes:
        file: its name, without its folder.
        sha: the first letters of its sha256.
        polygons: by province; each is its outer ring and then its holes.
    """

    file: str
    sha: str
    polygons: dict[str, list[list[Ring]]]


def load_boundaries(
    path: Path, name_key: str | None, ref: Reference, scheme: str, limits: Limits, faults: Faults
) -> Boundaries | None:
    """Read the boundaries of all provinces of a scheme.

    Args:
        path: a GeoJSON file in longitude and latitude.
        name_key: the property with names or codes of provinces; None looks for a usual one.
        ref: the reference tables.
        scheme: `63` or `34`.
        limits: the size of a file that is read.
        faults: every problem, the number of the feature as the row.

    Returns:
        The shapes, or None with a fault. A feature of the islands Hoàng Sa or Trường Sa is part of
        their province.

    Source:
        RFC 7946 (GeoJSON)
    """
    raw = read_file(path, Place(path.name), "file_bytes", limits, faults)
    features = None if raw is None else _features(raw, path.name, faults)
    if raw is None or features is None:
        return None
    key = _name_key(features, name_key, path.name, faults)
    if key is None:
        return None
    before = faults.n_rejecting()
    polygons: dict[str, list[list[Ring]]] = {}
    resolver = Resolver(ref, faults)
    for row, feature in enumerate(features, start=1):
        place = Place(path.name, row=row, column_name=key)
        code = _province(feature, key, scheme, place, resolver)
        shapes = _polygons(feature.get("geometry"), place, faults)
        if code is not None:
            polygons.setdefault(code, []).extend(shapes)
    resolver.close(is_one_table=False)
    missing = [code for code in ref.codes(scheme) if code not in polygons]
    if missing and faults.n_rejecting() == before:  # else a name that was not known may be it
        names = ", ".join(ref.name(scheme, code) for code in missing)
        faults.add("GEO-23", Place(path.name), key, problem=Words("shape_missing",
                   {"missing": names}))  # fmt: skip
    if faults.n_rejecting() > before:
        return None
    return Boundaries(path.name, hashlib.sha256(raw).hexdigest()[:12], polygons)


def _features(raw: bytes, name: str, faults: Faults) -> list[dict[str, Any]] | None:
    """The features of the file; None with a fault when it is no filled FeatureCollection."""
    found, value = Words("no_collection"), "–"
    try:
        read = json.loads(raw.decode("utf-8-sig"))
        features = read.get("features") if isinstance(read, dict) else None
        if isinstance(features, list) and features:
            value = "features"
            if all(isinstance(one, dict) and isinstance(one.get("properties"), dict)
                   for one in features):  # fmt: skip
                return features
    except (ValueError, RecursionError) as error:
        found, value = Words("no_json"), str(error)
    faults.add("SEC-16", Place(name), value, found=found, expected="GeoJSON")
    return None


def _name_key(
    features: list[dict[str, Any]], wanted: str | None, name: str, faults: Faults
) -> str | None:
    """The property that names the provinces; None with a fault that lists what there is."""
    keys = dict.fromkeys(key for one in features for key in one["properties"])
    for key in NAME_KEYS if wanted is None else [wanted]:
        if key in keys and (wanted or all(one["properties"].get(key) for one in features)):
            return key
    faults.add("SCH-13", Place(name), wanted or "name", key="--name-key",
               allowed=", ".join(map(str, keys)) or "–")  # fmt: skip
    return None


def _province(
    feature: dict[str, Any], key: str, scheme: str, place: Place, resolver: Resolver
) -> str | None:
    """The code of the province that a feature is of; None with a fault."""
    said = feature["properties"].get(key)
    if isinstance(said, bool) or not isinstance(said, str | int) or not str(said).strip():
        resolver.faults.add("GEO-23", place, "–" if said is None else said,
                            problem=Words("shape_unnamed", {"key": key}))  # fmt: skip
        return None
    plain = strip_marks(fold(str(said)))
    for islands, code in ISLANDS.items():
        if islands in plain:
            return code
    if str(said).isdigit():
        found = resolver.by_code(str(said), scheme, place, is_numeric=isinstance(said, int))
    else:
        found = resolver.by_name(said if isinstance(said, str) else str(said), scheme, place)
    if found is not None and found.code is None:
        resolver.faults.add("GEO-23", place, said, problem=Words("shape_other"))
    return None if found is None else found.code


def _polygons(geometry: Any, place: Place, faults: Faults) -> list[list[Ring]]:
    """The polygons of a geometry as rings; what is wrong with it is a fault, the first of each."""
    kind = geometry.get("type") if isinstance(geometry, dict) else geometry
    if kind not in ("Polygon", "MultiPolygon"):
        faults.add(
            "GEO-23", place, kind or "–", problem=Words("shape_kind", {"found": kind or "–"})
        )
        return []
    held = geometry.get("coordinates")
    listed = [held] if kind == "Polygon" else held
    found: list[list[Ring]] = []
    if not isinstance(listed, list) or not listed:
        faults.add("GEO-23", place, kind, problem=Words("shape_ring"))
        return []
    for polygon in listed:
        rings = polygon if isinstance(polygon, list) and polygon else [None]
        found.append(
            [ring for one in rings if (ring := _ring(one, kind, place, faults)) is not None]
        )
    return found


def _ring(positions: Any, kind: str, place: Place, faults: Faults) -> Ring | None:
    """A ring as an array; None with a fault."""
    if not isinstance(positions, list) or len(positions) < LEAST:
        faults.add("GEO-23", place, kind, problem=Words("shape_ring"))
        return None
    for at in positions:
        if not _is_position(at):
            faults.add("GEO-23", place, kind, problem=Words("shape_place", {"found": at}))
            return None
    if positions[0][:2] != positions[-1][:2]:
        faults.add("GEO-23", place, kind, problem=Words("shape_ring"))
        return None
    return np.array([at[:2] for at in positions], dtype=float)


def _is_position(at: Any) -> bool:
    """Whether it is longitude and latitude, and perhaps a height; NaN and infinity are not."""
    if not isinstance(at, Sequence) or isinstance(at, str) or len(at) < 2:
        return False
    is_number = all(isinstance(n, int | float) and not isinstance(n, bool) for n in at[:2])
    return is_number and -180 <= at[0] <= 180 and -90 <= at[1] <= 90
