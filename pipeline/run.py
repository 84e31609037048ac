"""The stages top to bottom: the one place that knows them all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import packaging, store
from pipeline.choices.aggregation import score_ranges
from pipeline.choices.scales import refuse_unscalable, score_range
from pipeline.escape import visible
from pipeline.faults import Fault, Faults, Place, explain_fault, shown
from pipeline.ingest import Ingested, ingest
from pipeline.lock import Report
from pipeline.project import FORMAT, Project, fingerprint, input_files, sealed
from pipeline.provinces import Reference, check_reference, load_reference
from pipeline.sources import Catalogue, load_catalogue
from pipeline.spec import Spec, check_sources_of, load_spec, node_rows
from pipeline.spec_tables import spec_tables
from pipeline.warnings_of_steps import warn_of_steps
from pipeline.whole import write_bytes
from pipeline.yamlfile import load_limits
from schemas import check_contract

Check = Callable[[Path, list[dict[str, Any]]], list[dict[str, Any]]]


@dataclass
class Loaded:
    """Everything read and checked before the first step."""

    spec_name: str
    ref: Reference
    catalogue: Catalogue
    spec: Spec
    ingested: Ingested


@dataclass
class Result:
    """What a run gave: the release, the findings, what it took."""

    release: Path
    findings: list[Fault]
    manifest: dict[str, Any]


def load(project: Project, faults: Faults, report: Report) -> Loaded:
    """Read the reference tables, the cards, the index and every raw file.

    Raises:
        Rejected: with every fault of all of them.
    """
    report("stage_reference", {})
    ref = load_reference(project.reference)
    check_reference(ref, faults)
    limits = load_limits(project.root, faults)
    catalogue = load_catalogue(project.root, faults, limits)
    ingested = None
    spec = load_spec(project.spec, project.spec_name, catalogue, faults, ref, limits)
    is_map_whole = not any(fault.rule == "GEO-22" for fault in faults.rejecting())
    if catalogue is not None and is_map_whole:
        report("stage_ingest", {"n": len(catalogue.cards)})
        ingested = ingest(project.root, catalogue, ref, faults, limits)
    if spec is not None and ingested is not None and catalogue is not None:
        check_sources_of(spec, project.spec_name, ingested.observed, ingested.refused, catalogue,
                         faults)  # fmt: skip
        _hold_contract("observed", ingested.observed, faults)
    faults.raise_if_any()
    assert catalogue is not None
    assert spec is not None
    assert ingested is not None
    return Loaded(project.spec_name, ref, catalogue, spec, ingested)


def compute(loaded: Loaded, faults: Faults, report: Report) -> Any:
    """Run the SQL chain in a fresh database, each table through its contract.

    Returns:
        The DuckDB connection that holds every table.

    Raises:
        Rejected: at the first table that breaks its contract, with all that is wrong in it.
    """
    con = store.connect()
    tables = spec_tables(loaded.spec, loaded.catalogue, loaded.ref)
    tables["ingested"] = loaded.ingested.observed
    tables["ref_shared_records"] = loaded.ingested.shared
    tables["excluded"] = loaded.ingested.excluded.sort_values(
        ["source_id", "locator"], kind="stable", ignore_index=True
    )
    tables["sources"] = _source_rows(loaded.catalogue)
    for name, frame in tables.items():
        store.put_table(con, name, frame)
    for step in store.steps():
        name = store.table_of(step)
        report("stage_step", {"table": name})
        store.run_step(con, step)
        if name == "moments":
            continue
        table = store.get_table(con, name)
        if name == "treated":
            refuse_unscalable(con, faults)
        store.refuse_non_finite(table, name, faults)
        faults.raise_if_any()
        _hold_contract(name, store.as_frame(table), faults)
        faults.raise_if_any()
    warn_of_steps(con, loaded.spec_name, loaded.ref, faults)
    store.put_table(con, "findings", _finding_rows(faults.warnings()))
    return con


def run_index(project: Project, report: Report, check: Check) -> Result:
    """Make the index and publish it whole, or refuse and leave what was published as it is.

    Args:
        project: the project folder.
        report: called at each stage with a key of the catalogue and its values.
        check: the publication suite, `schemas.publish.check_published` or a `Checker`.

    Raises:
        Rejected: with every fault found; nothing under `outputs/current` has changed.
    """
    started = time.perf_counter()
    faults = Faults()
    timings: dict[str, float] = {}
    with store.staging(project.outputs, faults, report) as folder:
        inputs = input_files(project)
        loaded = load(project, faults, report)
        timings["ingest"] = time.perf_counter() - started
        con = compute(loaded, faults, report)
        timings["compute"] = time.perf_counter() - started - timings["ingest"]
        report("stage_write", {})
        counts = _write_release(folder, con, loaded)
        con.close()
        report("stage_check", {})
        checks = _check_whole(folder, loaded, check, faults)
        timings["checks"] = time.perf_counter() - started - sum(timings.values())
        if input_files(project) != inputs:
            faults.add("SYS-11", Place("raw"), "raw")
        faults.raise_if_any()
        report("stage_publish", {})
        files = store.list_files(folder)
        text = sealed(
            {
                "format": FORMAT,
                "release": store.content_id(files),
                "fingerprint": fingerprint(inputs),
                "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "commit": packaging.commit_of(project.root),
                "versions": packaging.versions(),
                "counts": counts,
                "checks": {"run": len(checks), "failed": [c for c in checks if not c["success"]]},
                "timings_s": {k: round(v, 3) for k, v in timings.items()},
                "inputs": inputs,
                "files": files,
            }
        )
        manifest = json.loads(text)
        write_bytes(folder / store.UNHASHED, text.encode())
        release = store.publish(folder, project.outputs, str(manifest["release"]))
    return Result(release, faults.warnings(), manifest)


def _write_release(folder: Path, con: Any, loaded: Loaded) -> dict[str, int]:
    (folder / "steps").mkdir()
    counts = {}
    for name in (*packaging.TOP_TABLES, *packaging.STEP_TABLES):
        table = store.get_table(con, name)
        counts[name] = len(table)
        store.write_parquet(folder / packaging.path_of(name), table, packaging.column_meta(name))
    texts = {
        "views.sql": packaging.views_sql().encode(),
        "spec.json": packaging.spec_json(loaded.spec, loaded.catalogue).encode(),
        "codebook.csv": packaging.codebook_csv(loaded.spec, loaded.catalogue),
        "datapackage.json": packaging.datapackage_json(loaded.spec, loaded.catalogue).encode(),
    }
    for name, content in texts.items():
        write_bytes(folder / name, content)
    return counts


def _check_whole(
    folder: Path, loaded: Loaded, check: Check, faults: Faults
) -> list[dict[str, Any]]:
    """The Great Expectations suite on the release; a failed error becomes a fault."""
    rows = node_rows(loaded.spec)
    spans = score_ranges(rows, loaded.spec).values()
    span = (min(low for low, _ in spans), max(high for _, high in spans))
    is_additive = all(row["method"] in (None, "arithmetic") for row in rows)
    editions = []
    common = loaded.spec.settings.normalise
    ranges = {item.code: score_range(common, item.normalise) for item in loaded.spec.indicators}
    for edition in loaded.spec.editions:
        codes = loaded.ref.codes(edition.scheme)
        editions.append({"edition": edition.edition, "scheme": edition.scheme,
                         "n_provinces": len(codes), "codes": codes,
                         "score_ranges": ranges, "node_range": span,
                         "is_additive": is_additive})  # fmt: skip
    results = check(folder, editions)
    for result in results:
        if not result["success"] and result["severity"] == "error":
            problem = f"{result['expectation']}: {result['detail']}"
            faults.add("OUT-01", Place(f"outputs/{result['table']}"), result["rule"],
                       problem=problem)  # fmt: skip
    return results


def _hold_contract(name: str, frame: pd.DataFrame, faults: Faults) -> None:
    for problem in check_contract(name, frame):
        faults.add("SCH-21", Place(f"steps/{name}"), name, problem=problem)


def _source_rows(catalogue: Catalogue) -> pd.DataFrame:
    names = [
        "file", "kind", "use", "producer", "title", "url", "carrier", "licence", "published",
        "accessed", "scheme", "sha256", "note",
    ]  # fmt: skip
    rows = [
        {"source_id": source_id} | {name: getattr(card, name) for name in names}
        for source_id, card in sorted(catalogue.cards.items())
    ]
    return pd.DataFrame(rows, columns=["source_id", *names])


def _finding_rows(warnings: list[Fault]) -> pd.DataFrame:
    rows = [
        {
            "rule": fault.rule,
            "file": visible(fault.place.file),
            "row": fault.place.row,
            "column": fault.place.column,
            "value": None if fault.value is None else shown(fault.value),
            "message_vi": explain_fault(fault, "vi")["why"],
            "message_en": explain_fault(fault, "en")["why"],
        }
        for fault in warnings
    ]
    columns = ["rule", "file", "row", "column", "value", "message_vi", "message_en"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"row": "Int64", "column": "Int64"})
