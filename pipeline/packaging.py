"""What makes a release readable without us: codebook, data package, SQL views, manifest."""

from __future__ import annotations

import io
import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.language import catalogue
from pipeline.project import PINNED
from pipeline.sources import Catalogue
from pipeline.spec import Spec
from pipeline.spreadsheet import write_csv
from schemas import contracts

STEP_TABLES = (
    "harmonised", "denominated", "screened", "imputed", "treated", "normalised", "weighted",
    "aggregated", "ranked",
)  # fmt: skip
TOP_TABLES = (
    "scores", "indicators", "coverage", "weights", "observed", "excluded", "findings", "revisions",
    "sources",
)  # fmt: skip
CODES = {  # kinds of codes that tables hold, and where the catalogue says what they mean
    "status": "statuses", "reason": "reasons", "weight_origin": "weight_origins",
    "weight_remark": "weight_remarks", "flag": "flags", "handling": "handlings",
    "audit_check": "audit_checks", "audit_reason": "audit_reasons",
}  # fmt: skip
ANALYSIS_TABLES = ("statistics", "correlations", "reliability", "components")
ROBUSTNESS_TABLES = (
    "intervals", "distribution", "pairs", "groups", "changes", "convergence", "draws",
    "one_at_a_time", "sensitivity",
)  # fmt: skip
AUDIT_TABLES = ("checks",)
FOLDERS = {"steps": STEP_TABLES, "analysis": ANALYSIS_TABLES, "robustness": ROBUSTNESS_TABLES,
           "audit": AUDIT_TABLES}  # fmt: skip
TABLES = (*TOP_TABLES, *(table for tables in FOLDERS.values() for table in tables))
FRICTIONLESS = {"float64": "number", "int64": "integer", "bool": "boolean", "boolean": "boolean"}


def path_of(table: str) -> str:
    """Path of a table inside a release."""
    folder = next((f"{name}/" for name, tables in FOLDERS.items() if table in tables), "")
    return f"{folder}{table}.parquet"


def column_meta(table: str) -> dict[str, dict[str, str]]:
    """Description and unit of each column, and of the table under the key ""."""
    model = contracts()[table]
    schema = model.to_schema()
    meta = {
        name: {
            "description": str(column.description),
            "description_vi": str(column.metadata["vi"]),
            "unit": str(column.metadata["unit"]),
        }
        for name, column in schema.columns.items()
    }
    meta[""] = {"table": table, "grain": str(model.__doc__).strip()}
    return meta


def views_sql() -> str:
    """A view for every table; run in the folder of the release, with no Python."""
    lines = ["-- duckdb -init views.sql    (run in this folder)"]
    for table in TABLES:
        lines.append(
            f"create or replace view {table} as select * from read_parquet('{path_of(table)}');"
        )
    return "\n".join(lines) + "\n"


MARK = b"\xef\xbb\xbf"  # makes spreadsheets read the file as UTF-8
CODEBOOK_COLUMNS = [
    "kind", "table", "code", "parent", "unit", "name_vi", "name_en", "description_vi",
    "description_en",
]  # fmt: skip


def codebook_csv(spec: Spec, sources: Catalogue) -> bytes:
    """Columns, nodes, indicators, variables, statuses, reasons, handlings, in both languages."""
    rows: list[list[str]] = []
    for table in TABLES:
        for name, meta in column_meta(table).items():
            if name:
                rows.append(["column", table, name, "", meta["unit"], name, name,
                             meta["description_vi"], meta["description"]])  # fmt: skip
    for node in spec.nodes:
        rows.append(["node", "scores", node.code, node.parent or "", "points", node.name_vi,
                     node.name_en, node.description_vi, node.description_en])  # fmt: skip
    for item in spec.indicators:
        rows.append(["indicator", "indicators", item.code, item.parent, item.unit_en, item.name_vi,
                     item.name_en, item.description_vi, item.description_en])  # fmt: skip
    for code, variable in sources.variables.items():
        rows.append(["variable", "observed", code, "", variable.unit, variable.name_vi,
                     variable.name_en, variable.measure, f"merge: {variable.merge}"])  # fmt: skip
    for kind, key in CODES.items():
        for code, words in catalogue()[key].items():
            names = [words[lang].format(value="[remark_value]") for lang in ("vi", "en")]
            rows.append([kind, "", code, "", "", *names, "", ""])
    columns = map(list, zip(*rows, strict=True))
    file = io.BytesIO(MARK)
    file.seek(len(MARK))
    write_csv(pa.table(dict(zip(CODEBOOK_COLUMNS, columns, strict=True))), file)
    return file.getvalue()


def spec_json(spec: Spec, sources: Catalogue) -> str:
    """The index as it was used: nodes, indicators, editions, settings, and the variables."""
    variables = {code: variable.model_dump() for code, variable in sources.variables.items()}
    whole = {"index": spec.model_dump(), "variables": variables}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def datapackage_json(spec: Spec, sources: Catalogue) -> str:
    """A Frictionless data package: every table with the type and meaning of its columns."""
    resources: list[dict[str, Any]] = []
    for table in TABLES:
        meta = column_meta(table)
        schema = contracts()[table].to_schema()
        fields = [
            {
                "name": name,
                "type": FRICTIONLESS.get(str(column.dtype).lower(), "string"),
                "description": meta[name]["description"],
                "unit": meta[name]["unit"],
            }
            for name, column in schema.columns.items()
        ]
        key = list(schema.unique) if schema.unique else []
        resources.append(
            {
                "name": table,
                "path": path_of(table),
                "format": "parquet",
                "mediatype": "application/vnd.apache.parquet",
                "description": meta[""]["grain"],
                "schema": {"fields": fields, **({"primaryKey": key} if key else {})},
            }
        )
    package = {
        "name": "local-innovation-index",
        "title": spec.title_en,
        "licenses": [{"name": "other", "title": "Terms of each source: see the table sources"}],
        "sources": [
            {"title": f"{card.producer}: {card.title}", "path": card.url}
            if card.url.startswith("http")
            else {"title": f"{card.producer}: {card.title}"}
            for card in sources.cards.values()
        ],
        "resources": resources,
    }
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def versions() -> dict[str, str]:
    """Python and the libraries whose version may change a number."""
    return {"python": platform.python_version()} | {n: metadata.version(n) for n in PINNED}


def commit_of(root: Path) -> str | None:
    """The commit of the project, with `+` when files differ from it; None without git."""
    try:
        run = ["git", "-C", str(root)]
        head = subprocess.run(
            [*run, "rev-parse", "HEAD"], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()
        dirty = subprocess.run(
            [*run, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True, text=True, check=True, timeout=10,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+" if dirty else "")
