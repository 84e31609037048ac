"""Tables that read the chain and change nothing in it: `analysis/`, `robustness/`, `audit/`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline import store
from pipeline.audit.checks import audit_table
from pipeline.audit.page import audit_page
from pipeline.contract import hold_contract
from pipeline.diagnostics import analysis_tables
from pipeline.faults import Faults
from pipeline.robustness.engine import one_blas_thread
from pipeline.robustness.tables import INTO_SCORES, robustness_tables
from pipeline.spec import Spec


def analyse(con: Any, faults: Faults) -> None:
    """Add the tables of `analysis/` to a computed database, each held to its contract.

    Raises:
        Rejected: when one of them breaks its contract.
    """
    _add(con, analysis_tables(con), faults)


def simulate(con: Any, spec: Spec, faults: Faults) -> None:
    """Add the tables of `robustness/` to a computed database, and their intervals to `scores`.

    Raises:
        Rejected: when the factors of the index cannot be scored, or a contract is broken.
    """
    with one_blas_thread():
        _add(con, robustness_tables(con, spec), faults)
    con.execute(INTO_SCORES)
    hold_contract("scores", store.as_frame(store.get_table(con, "scores")), faults)
    faults.raise_if_any()


def audit(con: Any, faults: Faults) -> None:
    """Add the table of `audit/` to a computed database.

    Raises:
        Rejected: when it breaks its contract.
    """
    with one_blas_thread():
        _add(con, {"checks": audit_table(con)}, faults)


def audit_texts(con: Any, spec: Spec) -> dict[str, bytes]:
    """The audit as a page in each language, by its path in a release."""
    rows = store.get_table(con, "checks").to_pylist()
    names: dict[str, Any] = {node.code: node for node in spec.nodes}
    names |= {item.code: item for item in spec.indicators}
    paths = {"audit/audit.md": "en", "audit/audit.vi.md": "vi"}
    return {path: audit_page(rows, names, lang).encode() for path, lang in paths.items()}


def _add(con: Any, tables: dict[str, pa.Table], faults: Faults) -> None:
    for name, table in tables.items():
        store.refuse_non_finite(table, name, faults)
        hold_contract(name, store.as_frame(table), faults)
        con.register("incoming", table)
        con.execute(f'create table "{name}" as select * from incoming')
        con.unregister("incoming")
    faults.raise_if_any()
