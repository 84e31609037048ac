"""A release explains itself: views, codebook, data package and column metadata."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from frictionless import Package

from pipeline import packaging, store
from pipeline.language import catalogue
from schemas import contracts
from schemas.weighted import ORIGINS, REMARKS
from tests.conftest import Toy

TABLES = packaging.TABLES


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of the toy project."""
    return Toy(tmp_path_factory.mktemp("packaging") / "toy").index().release


def test_the_views_open_every_table_with_no_python(release: Path) -> None:
    con = store.open_release(release)
    for table in TABLES:
        columns = [row[0] for row in con.sql(f"describe {table}").fetchall()]
        assert columns == list(contracts()[table].to_schema().columns)
    con.close()


@pytest.mark.parametrize("table", TABLES)
def test_parquet_carries_name_unit_and_description_of_every_column(
    table: str, release: Path
) -> None:
    schema = pq.read_schema(release / packaging.path_of(table))
    assert schema.metadata[b"table"] == table.encode()
    for field in schema:
        assert set(field.metadata) >= {b"description", b"description_vi", b"unit"}, field.name
        assert all(field.metadata[key] for key in (b"description", b"description_vi")), field.name


def test_the_data_package_is_valid_and_names_every_table(release: Path) -> None:
    descriptor = json.loads((release / "datapackage.json").read_text("utf-8"))
    assert not list(Package.metadata_validate(descriptor))
    assert {r["name"] for r in descriptor["resources"]} == set(TABLES)
    for resource in descriptor["resources"]:
        assert (release / resource["path"]).is_file()


def test_the_codebook_explains_every_column_node_status_and_reason(release: Path) -> None:
    content = (release / "codebook.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # spreadsheets then read it as UTF-8
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    named = {(row["kind"], row["table"], row["code"]) for row in rows}
    for table in TABLES:
        for column in contracts()[table].to_schema().columns:
            assert ("column", table, column) in named
    assert {row["code"] for row in rows if row["kind"] == "reason"} == set(catalogue()["reasons"])
    assert {row["code"] for row in rows if row["kind"] == "status"} == set("AEPIMC")
    assert {row["code"] for row in rows if row["kind"] == "flag"} == set(catalogue()["flags"])
    assert all(row["name_vi"] and row["name_en"] for row in rows)
    for kind, allowed in (("weight_origin", ORIGINS), ("weight_remark", REMARKS)):
        assert {row["code"] for row in rows if row["kind"] == kind} == set(allowed)


def test_every_reason_a_contract_allows_is_in_the_catalogue() -> None:
    from schemas.aggregated import REASONS
    from schemas.fields import NOTES

    assert {*REASONS, *NOTES} == set(catalogue()["reasons"])


def test_every_flag_a_contract_allows_is_in_the_catalogue() -> None:
    from schemas.correlations import REASONS as OF_PAIRS
    from schemas.statistics import REASONS as OF_NODES

    assert [*OF_NODES, *OF_PAIRS] == list(catalogue()["flags"])


def test_the_release_holds_what_the_readme_says(release: Path) -> None:
    names = {p.relative_to(release).as_posix() for p in release.rglob("*") if p.is_file()}
    expected = {packaging.path_of(table) for table in TABLES}
    expected |= {"audit/audit.md", "audit/audit.vi.md"}
    expected |= {"views.sql", "codebook.csv", "datapackage.json", "spec.json", "manifest.json"}
    assert names == expected  # the suite of these tests writes no Data Docs


def test_no_commit_is_claimed_outside_a_checkout(tmp_path: Path) -> None:
    assert packaging.commit_of(tmp_path) is None
