"""The stages top to bottom: the one place that knows them all."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import packaging, store
from pipeline.catalogue import load_catalogue
from pipeline.choices.imputation import warn_unsettled
from pipeline.choices.scales import refuse_unscalable
from pipeline.contract import hold_contract
from pipeline.faults import Fault, Faults, Place, Rejected
from pipeline.ingest import Ingested, ingest
from pipeline.lock import Report
from pipeline.project import FORMAT, Project, fingerprint, input_files, sealed
from pipeline.provinces import Reference, check_reference, load_reference
from pipeline.published import Check, check_whole
from pipeline.records import finding_rows, source_rows
from pipeline.registers.counts import write_quarantine
from pipeline.registers.work import Work, making_work, reading_work
from pipeline.screens.observed import check_observed
from pipeline.screens.proofs import check_proofs
from pipeline.screens.results import check_results, refuse_too_few
from pipeline.screens.vintage import find_revisions, report_revisions
from pipeline.sources import Catalogue
from pipeline.spec import Spec, check_sources_of, load_spec
from pipeline.spec_tables import spec_tables
from pipeline.warnings_of_steps import warn_of_steps
from pipeline.whole import write_bytes
from pipeline.yamlfile import load_limits


@dataclass
class Loaded:
    """Everything read and checked before the first step."""

    spec_name: str
    ref: Reference
    catalogue: Catalogue
    spec: Spec
    ingested: Ingested
    proofs: dict[str, str]  # by source: proven or unproven, where its card names a proof
    revisions: pd.DataFrame


@dataclass
class Result:
    """What a run gave: the release, the findings, what it took."""

    release: Path
    findings: list[Fault]
    manifest: dict[str, Any]


def load(project: Project, faults: Faults, report: Report, work: Work | None = None) -> Loaded:
    """Read the reference tables, the cards, the index and every raw file.

    Args:
        project: the project folder.
        faults: where faults go.
        report: called at each stage.
        work: how large registers are read; by default from what an earlier run kept of them, with
            nothing written.

    Raises:
        Rejected: with every fault of all of them.
    """
    report("stage_reference", {})
    ref = load_reference(project.reference)
    check_reference(ref, faults)
    limits = load_limits(project.root, faults)
    catalogue = load_catalogue(project.root, faults, limits)
    ingested = None
    proofs: dict[str, str] = {}
    spec = load_spec(project.spec, project.spec_name, catalogue, faults, ref, limits)
    is_map_whole = not any(fault.rule == "GEO-22" for fault in faults.rejecting())
    if catalogue is not None and is_map_whole:
        report("stage_ingest", {"n": len(catalogue.cards)})
        work = work or reading_work(project, report)
        ingested = ingest(project.root, catalogue, ref, faults, limits, work)
        if work.refused is not None and faults.rejecting():
            write_quarantine(ingested.registers, work.refused)
        check_observed(ingested, catalogue, ref, spec, faults)
        proofs = check_proofs(project.root, catalogue, faults)
    if spec is not None and ingested is not None and catalogue is not None:
        check_sources_of(spec, project.spec_name, ingested.observed, ingested.refused, catalogue,
                         faults)  # fmt: skip
        hold_contract("observed", ingested.observed, faults)
    faults.raise_if_any()
    assert catalogue is not None
    assert spec is not None
    assert ingested is not None
    revisions = find_revisions(project.current, ingested.observed)
    report_revisions(revisions, catalogue, ref, faults)
    return Loaded(project.spec_name, ref, catalogue, spec, ingested, proofs, revisions)


def compute(loaded: Loaded, faults: Faults, report: Report, is_held: bool = True) -> Any:
    """Run the SQL chain in a fresh database, each table through its contract.

    Args:
        loaded: what was read.
        faults: where faults go.
        report: called at each step.
        is_held: False leaves the contracts out, where nothing is published.

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
    tables["revisions"] = loaded.revisions
    tables["sources"] = source_rows(loaded.catalogue, loaded.proofs)
    for name, frame in tables.items():
        store.put_table(con, name, frame)
    run_steps(con, faults, report, is_held=is_held, loaded=loaded)
    warn_of_steps(con, loaded.spec_name, loaded.ref, faults)
    check_results(con, loaded.spec, loaded.ref, loaded.spec_name, faults)
    # What changed since the last release is history: it is no part of what the inputs alone say.
    found = [fault for fault in faults.warnings() if fault.rule != "SEM-12"]
    store.put_table(con, "findings", finding_rows(found))
    return con


def run_steps(
    con: Any,
    faults: Faults,
    report: Report,
    first: str = "observed",
    last: str = "weights",
    is_held: bool = True,
    loaded: Loaded | None = None,
) -> None:
    """Run the steps from the one that makes `first` to the one that makes `last`.

    Args:
        con: a database with what they read: the table before `first`, `spec_*`, `ref_*`.
        faults: where faults go.
        report: called at each step.
        first, last: tables.
        is_held: whether each table must keep its contract; numbers must be finite in any case.
        loaded: what was read, where editions with too few provinces are to be refused.

    Raises:
        Rejected: at the first table that is not fit, with all that is wrong in it.
    """
    names = [store.table_of(step) for step in store.steps()]
    wanted = {"moments", *names[names.index(first) : names.index(last) + 1]}
    for step, name in zip(store.steps(), names, strict=True):
        if name not in wanted:
            continue
        report("stage_step", {"table": name})
        try:
            store.run_step(con, step)
        except Rejected as refused:
            faults.take(refused.faults)
            faults.raise_if_any()
        if name == "moments":
            continue
        table = store.get_table(con, name)
        if name == "imputed":
            warn_unsettled(con, faults)
        if name == "treated":
            refuse_unscalable(con, faults)
            if loaded is not None:
                refuse_too_few(con, loaded.spec, loaded.spec_name, faults)
        store.refuse_non_finite(table, name, faults)
        faults.raise_if_any()
        if is_held:
            hold_contract(name, store.as_frame(table), faults)
        faults.raise_if_any()


def run_index(
    project: Project, report: Report, check: Check, is_cached: bool = True, engine: Any = None
) -> Result:
    """Make the index and publish it whole, or refuse and leave what was published as it is.

    Args:
        project: the project folder.
        report: called at each stage with a key of the catalogue and its values.
        check: the publication suite, `schemas.publish.check_published` or a `Checker`.
        is_cached: whether files of registers that did not change are not read again.
        engine: what reads registers on many machines, or None.

    Raises:
        Rejected: with every fault found; nothing under `outputs/current` has changed.
    """
    started = time.perf_counter()
    faults = Faults()
    timings: dict[str, float] = {}
    with store.staging(project.outputs, faults, report) as folder:
        inputs = input_files(project)
        work = making_work(project, report, is_cached, engine)
        loaded = load(project, faults, report, work)
        timings["ingest"] = time.perf_counter() - started
        con = compute(loaded, faults, report)
        timings["compute"] = time.perf_counter() - started - timings["ingest"]
        pages = _derive(con, loaded, report, faults)
        timings["robustness"] = time.perf_counter() - started - sum(timings.values())
        report("stage_write", {})
        counts = _write_release(folder, con, loaded, pages)
        write_quarantine(loaded.ingested.registers, folder / "quarantine")
        con.close()
        report("stage_check", {})
        checks = check_whole(folder, loaded, check, faults)
        timings["checks"] = time.perf_counter() - started - sum(timings.values())
        if input_files(project) != inputs:
            faults.add("SYS-11", Place("raw"), "raw")
        faults.raise_if_any()
        report("stage_publish", {})
        files = store.list_files(folder)
        made = {"counts": counts, "timings_s": {k: round(v, 3) for k, v in timings.items()}}
        text = _manifest(project, loaded, made, checks, inputs, files)
        manifest = json.loads(text)
        write_bytes(folder / store.UNHASHED, text.encode())
        release = store.publish(folder, project.outputs, str(manifest["release"]))
        work.close()
    return Result(release, faults.warnings(), manifest)


def _manifest(
    project: Project, loaded: Loaded, made: dict[str, Any], checks: list[dict[str, Any]],
    inputs: dict[str, str], files: dict[str, str],
) -> str:  # fmt: skip
    """What a release is, when and from what it was made."""
    return sealed(
        {
            "format": FORMAT,
            "release": store.content_id(files),
            "fingerprint": fingerprint(inputs),
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": packaging.commit_of(project.root),
            "versions": packaging.versions(),
            "counts": made["counts"],
            "checks": {"run": len(checks), "failed": [c for c in checks if not c["success"]]},
            "timings_s": made["timings_s"],
            "registers": {k: r.as_dict() for k, r in loaded.ingested.registers.items()},
            "inputs": inputs,
            "files": files,
        }
    )


def _derive(con: Any, loaded: Loaded, report: Report, faults: Faults) -> dict[str, bytes]:
    """Add what reads the chain to its database; the pages of it, by their path in a release."""
    from pipeline import derived  # a check needs none of it

    derived.analyse(con, faults)
    report("stage_robustness", {})
    derived.simulate(con, loaded.spec, faults)
    derived.audit(con, faults)
    return derived.audit_texts(con, loaded.spec)


def _write_release(
    folder: Path, con: Any, loaded: Loaded, pages: dict[str, bytes]
) -> dict[str, int]:
    counts = {}
    for name in packaging.TABLES:
        table = store.get_table(con, name)
        counts[name] = len(table)
        path = folder / packaging.path_of(name)
        path.parent.mkdir(exist_ok=True)
        store.write_parquet(path, table, packaging.column_meta(name))
    texts = pages | {
        "views.sql": packaging.views_sql().encode(),
        "spec.json": packaging.spec_json(loaded.spec, loaded.catalogue).encode(),
        "codebook.csv": packaging.codebook_csv(loaded.spec, loaded.catalogue),
        "datapackage.json": packaging.datapackage_json(loaded.spec, loaded.catalogue).encode(),
    }
    for name, content in texts.items():
        write_bytes(folder / name, content)
    return counts
