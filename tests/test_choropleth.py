"""Boundaries that a user brings: drawn as they are, and refused with everything that is wrong."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import store
from pipeline.__main__ import main
from pipeline.explain import Release
from pipeline.faults import Fault, Faults
from pipeline.limits import DEFAULTS, Limits
from pipeline.provinces import load_reference
from pipeline.report.boundaries import Boundaries, load_boundaries
from pipeline.report.choropleth import choropleth, project
from pipeline.report.drawing import finish
from pipeline.report.reader import Reader
from tests.breaking import the_fault
from tests.conftest import ROOT, Toy
from tests.shapes import SIDE, square, synthetic_features, write_features

REF = load_reference(ROOT / "pipeline/reference")
NAME = "synthetic.geojson"
Features = list[dict[str, Any]]
Captured = pytest.CaptureFixture[str]


def read(
    path: Path, key: str | None = None, scheme: str = "63", limits: Limits = DEFAULTS
) -> tuple[Boundaries | None, list[Fault]]:
    """The boundaries of a file, and the faults found in it."""
    faults = Faults()
    found = load_boundaries(path, key, REF, scheme, limits, faults)
    assert (found is None) == bool(faults.rejecting())
    return found, faults.sorted()


def drawn_of(release: Path, boundaries: Boundaries, edition: str = "2022") -> Any:
    """The map of the shipped index on boundaries, with its chart in English."""
    reader = Reader(Release(release), edition, "en", REF.merger)
    drawn = choropleth(reader, boundaries)
    assert drawn is not None
    return drawn, finish(drawn, reader)


@pytest.mark.parametrize("scheme", ["63", "34"])
@pytest.mark.parametrize(("key", "given"), [("NAME_1", None), ("tinh_thanh", "tinh_thanh")])
def test_every_province_of_a_scheme_is_found_by_its_name(
    tmp_path: Path, scheme: str, key: str, given: str | None
) -> None:
    path = write_features(tmp_path / NAME, synthetic_features(REF, scheme, key))
    found, _ = read(path, given, scheme)
    assert found is not None
    assert sorted(found.polygons) == REF.codes(scheme)


def test_codes_name_provinces_too_and_islands_go_to_theirs(tmp_path: Path) -> None:
    features = synthetic_features(REF, "63")
    for one, code in zip(features, REF.codes("63"), strict=True):
        one["properties"] = {"ma": int(code)}
    features.append({"type": "Feature", "properties": {"ma": "Quần đảo Trường Sa"},
                     "geometry": {"type": "Polygon", "coordinates": [square(114, 9)]}})  # fmt: skip
    found, _ = read(write_features(tmp_path / NAME, features), "ma")
    assert found is not None
    assert len(found.polygons["56"]) == 2
    assert sum(map(len, found.polygons.values())) == 64


def test_the_projection_keeps_areas() -> None:
    def area(south: float) -> float:
        (x, y) = project(np.array(square(105, south)), 16).T
        return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)

    for south in (8, 16, 23):  # of a sphere: width times the difference of the sines
        sines = math.sin(math.radians(south + SIDE)) - math.sin(math.radians(south))
        assert area(south) == pytest.approx(math.radians(SIDE) * sines)


def test_a_hole_stays_open_and_every_part_is_drawn(shipped: Path, tmp_path: Path) -> None:
    release = shipped / "outputs/current"
    features = synthetic_features(REF, "63")
    hole = square(102.2, 9.2, 0.4)
    features[0]["geometry"]["coordinates"].append(hole)
    parts = [features[8]["geometry"]["coordinates"], [square(110, 9, 0.4)]]
    features[8]["geometry"] = {"type": "MultiPolygon", "coordinates": parts}
    boundaries, _ = read(write_features(tmp_path / NAME, features))
    assert boundaries is not None
    drawn, chart = drawn_of(release, boundaries)
    patches = drawn.figure.axes[0].patches[:63]
    middle = (9 + 17 + SIDE) / 2
    inside, edge = project(np.array([[102.4, 9.4], [102.1, 9.1]]), middle)
    holed, twofold = patches[0].get_path(), patches[8].get_path()
    assert _winding(holed, inside) == 0
    assert _winding(holed, edge) != 0
    for polygon in parts:
        centre = project(np.mean(polygon[0][:4], axis=0)[None], middle)[0]
        assert _winding(twofold, centre) != 0
    assert chart.svg.startswith(b"<?xml")
    assert f"file {NAME}" in chart.alt


def _winding(path: Any, at: np.ndarray) -> int:
    """How often the rings of a path go around a point; what is not 0 is filled."""
    turns = 0.0
    for ring in path.to_polygons(closed_only=True):
        angles = np.unwrap(np.arctan2(*(ring - at).T))
        turns += angles[-1] - angles[0]
    return round(turns / (2 * math.pi))


@pytest.mark.parametrize("with_islands", [False, True])
def test_islands_that_the_file_leaves_out_are_marked_squares(
    shipped: Path, tmp_path: Path, with_islands: bool
) -> None:
    features = synthetic_features(REF, "63")
    if with_islands:
        places = (("Hoàng Sa", square(112, 16)), ("Khánh Hòa", square(114, 9)))
        features += [{"type": "Feature", "properties": {"name_vi": name},
                      "geometry": {"type": "Polygon", "coordinates": [ring]}}
                     for name, ring in places]  # fmt: skip
    boundaries, _ = read(write_features(tmp_path / NAME, features))
    assert boundaries is not None
    drawn, chart = drawn_of(shipped / "outputs/current", boundaries)
    written = [text.get_text() for text in drawn.figure.axes[0].texts]
    expected = ["Hoàng Sa\n(Da Nang)", "Trường Sa\n(Khanh Hoa)"]
    assert written == ([] if with_islands else expected)
    assert ("does not draw Hoàng Sa, Trường Sa" in chart.alt) != with_islands
    assert len(drawn.figure.axes[0].patches) == (63 if with_islands else 65)


def test_a_province_without_a_score_is_hatched(shipped: Path, tmp_path: Path) -> None:
    boundaries, _ = read(write_features(tmp_path / NAME, synthetic_features(REF, "63")))
    assert boundaries is not None
    reader = Reader(Release(shipped / "outputs/current"), "2022", "vi", REF.merger)
    last = reader.index[-1]
    last |= {"score": None, "rank": None}
    drawn = choropleth(reader, boundaries)
    assert drawn is not None
    assert drawn.n_missing == 1
    at = sorted(row["province_code"] for row in reader.index).index(last["province_code"])
    hatches = [patch.get_hatch() for patch in drawn.figure.axes[0].patches[:63]]
    assert [i for i, hatch in enumerate(hatches) if hatch] == [at]


def bad_ring(features: Features) -> None:
    features[4]["geometry"]["coordinates"] = [square(102, 9)[:4]]


def no_coordinates(features: Features) -> None:
    features[4]["geometry"] = {"type": "MultiPolygon", "coordinates": []}


def two_positions(features: Features) -> None:
    features[4]["geometry"]["coordinates"] = [square(102, 9)[:2]]


def in_metres(features: Features) -> None:
    features[4]["geometry"]["coordinates"][0][2] = [588_000, 2_325_000]


def not_finite(features: Features) -> None:
    features[4]["geometry"]["coordinates"][0][2] = [float("inf"), 9]


def no_number(features: Features) -> None:
    features[4]["geometry"]["coordinates"][0][2] = ["105", True]


def a_line(features: Features) -> None:
    features[4]["geometry"]["type"] = "LineString"


def no_geometry(features: Features) -> None:
    features[4]["geometry"] = None


def unnamed(features: Features) -> None:
    features[4]["properties"]["name_vi"] = " "


def a_region(features: Features) -> None:
    features[4]["properties"]["name_vi"] = "Tây Nguyên"


@pytest.mark.parametrize(
    ("harm", "value"),
    [
        (bad_ring, "Polygon"), (two_positions, "Polygon"), (no_coordinates, "MultiPolygon"),
        (in_metres, "Polygon"), (not_finite, "Polygon"), (no_number, "Polygon"),
        (a_line, "LineString"), (no_geometry, "–"), (unnamed, " "), (a_region, "Tây Nguyên"),
    ],
)  # fmt: skip
def test_GEO_23_a_feature_that_cannot_be_drawn_is_named_by_its_number(
    tmp_path: Path, harm: Callable[[Features], None], value: str
) -> None:
    features = synthetic_features(REF, "63")
    harm(features)
    _, found = read(write_features(tmp_path / NAME, features))
    the_fault(found, "GEO-23", NAME, 5, None, value)
    assert len(found) == 1


def test_GEO_23_provinces_without_a_shape_are_listed(tmp_path: Path) -> None:
    features = synthetic_features(REF, "63")[:-2]
    _, found = read(write_features(tmp_path / NAME, features))
    fault = the_fault(found, "GEO-23", NAME, None, None, "name_vi")
    names = [REF.name("63", code) for code in REF.codes("63")[-2:]]
    assert str(fault.details["problem"]).endswith(", ".join(names))


def test_GEO_01_an_unknown_name_comes_with_the_nearest_and_with_all_other_faults(
    tmp_path: Path,
) -> None:
    features = synthetic_features(REF, "63")
    features[0]["properties"]["name_vi"] = "Hà Nội 2"
    features[9]["geometry"]["type"] = "Point"
    _, found = read(write_features(tmp_path / NAME, features))
    fault = the_fault(found, "GEO-01", NAME, 1, None, "Hà Nội 2")
    assert "Hà Nội" in fault.details["nearest"]
    assert [one.rule for one in found] == ["GEO-01", "GEO-23"]


def test_GEO_07_provinces_of_the_other_scheme_are_refused(tmp_path: Path) -> None:
    path = write_features(tmp_path / NAME, synthetic_features(REF, "63"))
    _, found = read(path, scheme="34")
    assert {fault.rule for fault in found} == {"GEO-07"}


def test_SCH_13_a_property_that_is_not_there_is_refused_with_those_that_are(
    tmp_path: Path,
) -> None:
    path = write_features(tmp_path / NAME, synthetic_features(REF, "63", "tinh_thanh"))
    for key, value in ((None, "name"), ("tinh", "tinh")):
        _, found = read(path, key)
        fault = the_fault(found, "SCH-13", NAME, None, None, value)
        assert fault.details["allowed"] == "id, tinh_thanh"


@pytest.mark.parametrize(
    "text",
    ["province,x\n", "[" * 100_000, "[]", '{"type": "FeatureCollection", "features": []}',
     '{"features": [1]}', '{"features": [{"properties": null}]}', "\xff"],
)  # fmt: skip
def test_SEC_16_a_file_that_is_no_geojson_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / NAME
    path.write_bytes(text.encode("latin-1"))
    _, found = read(path)
    assert [(fault.rule, fault.place.file) for fault in found] == [("SEC-16", NAME)]
    assert found[0].details["expected"] == "GeoJSON"


def test_SEC_18_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = write_features(tmp_path / NAME, synthetic_features(REF, "63"))
    _, found = read(path, limits=Limits(file_bytes=1_000))
    assert [fault.rule for fault in found] == ["SEC-18"]
    assert [fault.rule for fault in read(tmp_path / "none.geojson")[1]] == ["SCH-10"]


def test_the_command_draws_the_map_the_same_each_time_and_refuses_before_it_writes(
    released: Toy, tmp_path: Path, capsys: Captured
) -> None:
    root = tmp_path / "toy"
    shutil.copytree(released.root, root, symlinks=True)
    features = synthetic_features(load_reference(root / "reference"), "63")
    report = ["report", "--root", str(root), "--lang", "en", "--boundaries"]
    good = write_features(tmp_path / NAME, features)
    assert main([*report, str(good)]) == 0
    written = root / "outputs/current/report"
    before = store.list_files(written)
    for lang in ("vi", "en"):
        for suffix in ("svg", "png", "csv"):
            assert f"{lang}/charts/choropleth.{suffix}" in before
        assert 'id="chart-choropleth"' in (written / lang / "report.html").read_text("utf-8")
    features[0]["geometry"] = None
    bad = write_features(tmp_path / "bad.geojson", features)
    assert main([*report, str(bad)]) == 1
    assert "[GEO-23] bad.geojson, row 1" in capsys.readouterr().err
    assert store.list_files(written) == before
    shutil.rmtree(root / "outputs/reports")
    assert main([*report, str(good)]) == 0
    assert store.list_files(written) == before
    assert json.loads(good.read_text("utf-8"))["type"] == "FeatureCollection"
