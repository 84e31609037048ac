"""Great Expectations at arm's length: rules as data in, results and Data Docs out.

The library takes three seconds to import, so it is imported where it is needed. The pages it writes
ask files and a counting logo of remote hosts and carry times, random names and an order of the file
system. `publish_docs` gives pages that need `data_docs_assets/` only and follow the data alone.
"""

import ast
import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from schemas.html_text import escaped

ASSETS = Path(__file__).parent / "data_docs_assets"
RUN_NAME = "published"
RUN_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # never shown; a real time would change the bytes
N_EXAMPLES = 3  # offending rows named in a result's detail
# In the order of loading: the tables after bootstrap, and jquery before what builds on it.
STYLES = ["bootstrap-table.min", "bootstrap.min", "bootstrap-table-filter-control.min", "icons"]
SCRIPTS = ["jquery", "bootstrap.bundle", "bootstrap-table", "bootstrap-table-filter-control"]
HEAD = "\n".join(
    [
        '<link rel="icon" href="data:,">',
        *(f'<link rel="stylesheet" href="{{root}}static/{name}.css">' for name in STYLES),
        *(f'<script src="{{root}}static/{name}.min.js"></script>' for name in SCRIPTS),
        "</head>",
    ]
)
CLOSE = "</div></div>"
# What leaves every page, and what stands there instead.
EDITS = [
    (r"<link\b[^>]*>|<script\b[^>]*\bsrc=[^>]*>\s*</script>|<title></title>", ""),
    (r"<footer>.*?</footer>", ""),  # newsletter
    (r"/\* some css overrides for dark mode\*/.*?(?=</style>)", ""),  # without the dark theme
    (r"<img\b[^>]*>", "<strong>Local Innovation Index: Data Docs</strong>"),
    (r'<a href="https://greatexpectations\.io">(.*?)</a>', r"\1"),
    (r"Data asset: None<br>", ""),
    (rf"(Validations / [^/<]+?) / {RUN_NAME} / [^<]+", r"\1"),
    # "Show more info": run time, load time and library internals
    (r'<div id="section-1-content-block-3" class="col-12 p-1".*?(?=<div id="section-2")', CLOSE),
    (rf"validations/([^/']+)/{RUN_NAME}/[^']+\.html", r"validations/\1.html"),
    (r"('sortName': )'run_time', ('sortOrder': )'desc'", r"\1'asset_name', \2'asc'"),
    (r"[ \t]+$|\n(?=\s*\n)", ""),
]
NOT_SHOWN = {"run_time", "_run_time_sort", "run_name", "batch_identifier", "_batch_identifier_sort"}
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
REMOTE = r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//|url\(\s*[\"']?(?:https?:)?//|@import"


@dataclass(frozen=True)
class Rule:
    """One expectation: its class in Great Expectations, its words and its arguments.

    `where` keeps the rows with these values only; `severity` "warning" never blocks.
    """

    kind: str
    says: str
    args: dict[str, Any]
    where: tuple[tuple[str, Any], ...] = ()
    severity: str = "error"


@dataclass(frozen=True)
class Batch:
    """A frame, the columns that name its rows, and the rules it must keep: one page of the docs."""

    name: str
    table: str
    frame: pd.DataFrame
    keys: list[str]
    rules: list[Rule]


def filled(column: str, says: str, **where: Any) -> Rule:
    """The column holds no null in rows with the values of `where`."""
    return Rule("ExpectColumnValuesToNotBeNull", says, {"column": column}, tuple(where.items()))


def empty(column: str, says: str, **where: Any) -> Rule:
    """The column holds nulls only; with `where`, in rows with those values."""
    return Rule("ExpectColumnValuesToBeNull", says, {"column": column}, tuple(where.items()))


def within(
    column: str, low: float | None, high: float | None, says: str, severity: str = "error"
) -> Rule:
    """Values, where there are any, are between two bounds, bounds included."""
    args = {"column": column, "min_value": low, "max_value": high}
    return Rule("ExpectColumnValuesToBeBetween", says, args, severity=severity)


def all_true(column: str, says: str) -> Rule:
    """A column of flags is true in every row that has a value."""
    args = {"column": column, "value_set": [True]}
    return Rule("ExpectColumnValuesToBeInSet", says, args)


def one_of(column: str, allowed: list[str]) -> Rule:
    """Values are from a closed list."""
    says = f"{column} is one of {', '.join(allowed)}"
    return Rule("ExpectColumnValuesToBeInSet", says, {"column": column, "value_set": allowed})


def matching(column: str, regex: str, says: str) -> Rule:
    """Text matches a regular expression."""
    return Rule("ExpectColumnValuesToMatchRegex", says, {"column": column, "regex": regex})


def validate(batches: list[Batch], folder: Path) -> list[dict[str, Any]]:
    """Hold every batch to its rules and write Data Docs.

    Args:
        batches: one page each; names are unique.
        folder: where the docs go; an older folder of that name is replaced.

    Returns:
        One dict per rule, in the order of batches and rules: `table`, `expectation`, `columns`,
        `rule`, `success`, `severity` and `detail`, "" if it passed.

    Raises:
        RuntimeError: if a page would still ask for a remote file.
    """
    with TemporaryDirectory() as temporary:
        site = Path(temporary) / "site"
        context = open_context(site)
        outcomes = [one for batch in batches for one in run_batch(context, escaped(batch))]
        context.build_data_docs()
        publish_docs(site, folder)
    return outcomes


def open_context(site: Path) -> Any:
    """A context in memory whose only Data Docs go to `site`, an absolute path."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when the library is imported
    os.environ["TZ"] = "UTC"  # the pages fail on a zone name that the system does not know
    import great_expectations as gx
    from great_expectations.data_context.types import base

    backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)}
    docs = {
        "class_name": "SiteBuilder",
        "store_backend": backend,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "show_how_to_buttons": False,
    }
    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        data_docs_sites={"the published release": docs},
        progress_bars=base.ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def run_batch(context: Any, batch: Batch) -> list[dict[str, Any]]:
    """Validate one batch; results in the order of its rules."""
    import great_expectations as gx

    suite = gx.ExpectationSuite(
        name=batch.name,
        expectations=[make_expectation(rule, place) for place, rule in enumerate(batch.rules)],
    )
    source = context.data_sources.add_pandas(batch.name)
    asset = source.add_dataframe_asset(batch.name)
    definition = gx.ValidationDefinition(
        name=batch.name,
        data=asset.add_batch_definition_whole_dataframe(RUN_NAME),
        suite=context.suites.add(suite),
    )
    found = context.validation_definitions.add(definition).run(
        batch_parameters={"dataframe": batch.frame},
        run_id=gx.RunIdentifier(run_name=RUN_NAME, run_time=RUN_TIME),
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": batch.keys,
            "return_unexpected_index_query": False,
        },
    )
    placed = sorted(found.results, key=lambda one: one.expectation_config.meta["place"])
    return [
        {"table": batch.table, **describe(rule, one)}
        for rule, one in zip(batch.rules, placed, strict=True)
    ]


def make_expectation(rule: Rule, place: int) -> Any:
    """The library's expectation for a rule; its place travels along, as results come unordered."""
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    condition: Any = None
    for column, value in rule.where:
        one = Column(column) == value
        condition = one if condition is None else condition & one
    says = rule.says if rule.severity == "error" else f"Warning, does not block: {rule.says}"
    extra = {"row_condition": condition} if rule.where else {}
    meta = {"severity": rule.severity, "place": place}
    return getattr(gxe, rule.kind)(**rule.args, **extra, description=says, meta=meta)


def describe(rule: Rule, outcome: Any) -> dict[str, Any]:
    """A result as plain data."""
    columns = [rule.args[name] for name in ("column", "column_A", "column_B") if name in rule.args]
    return {
        "expectation": outcome.expectation_config.type,
        "columns": columns or rule.args.get("column_list", []),
        "rule": rule.says,
        "success": bool(outcome.success),
        "severity": rule.severity,
        "detail": "" if outcome.success else explain_failure(outcome),
    }


def explain_failure(outcome: Any) -> str:
    """How many rows fail and the first of them, or what was found instead."""
    found = outcome.result
    if not found:
        raised = outcome.exception_info
        return str(raised.get("exception_message") or next(iter(raised.values())))
    if found.get("unexpected_index_list"):
        rows = found["unexpected_index_list"][:N_EXAMPLES]
        named = "; ".join(", ".join(f"{k} {v}" for k, v in row.items()) for row in rows)
        return f"{found['unexpected_count']} of {found['element_count']} rows, first: {named}"
    said = [
        f"position {one['Expected Column Position']}: {one['Found']}, not {one['Expected']}"
        for one in found.get("details", {}).get("mismatched", [])
    ]
    for name, words in (("partial_missing_list", "missing"), ("partial_unexpected_list", "extra")):
        if found.get(name):
            said.append(f"{words}: {', '.join(str(value) for value in found[name])}")
    return "; ".join(said) or f"found {found.get('observed_value')}"


def publish_docs(site: Path, folder: Path) -> None:
    """Copy the library's site to `folder`, cleaned, with the files its pages need.

    Every validation page becomes `validations/<suite>.html`, whatever its run was called.

    Raises:
        RuntimeError: if a page would still ask for a remote file or holds a random identifier.
    """
    if folder.exists():
        shutil.rmtree(folder)
    static = folder / "static"
    static.mkdir(parents=True)
    for asset in sorted(ASSETS.iterdir()):
        if asset.suffix in (".css", ".js"):
            shutil.copyfile(asset, static / asset.name)
    for page in sorted(site.rglob("*.html")):
        stage, *inner = page.relative_to(site).parts
        target = (
            folder / stage / f"{inner[0].removesuffix('.html')}.html" if inner else folder / stage
        )
        target.parent.mkdir(exist_ok=True)
        text = clean_page(page.read_text(encoding="utf-8"), "../" if inner else "")
        if left := re.search(f"{REMOTE}|{UUID}|{re.escape(str(site.parent))}", text):
            raise RuntimeError(f"Data Docs page {target.name} still holds {left[0]!r}")
        target.write_text(text, encoding="utf-8", newline="\n")


def clean_page(page: str, root: str) -> str:
    """One page without remote files, times, random identifiers and idle white space.

    Args:
        page: HTML as the library writes it.
        root: way from the page to the top of the docs, "" or "../".
    """
    for pattern, instead in EDITS:
        page = re.sub(pattern, instead, page, flags=re.DOTALL | re.MULTILINE)
    page = page.replace("../../../../", root)
    page = re.sub(r"^( *columns: )(\[.*\]),$", tidy_columns, page, flags=re.MULTILINE)
    page = re.sub(r"^( *data: )(\[.*\]),$", tidy_rows, page, flags=re.MULTILINE)
    numbers: dict[str, str] = {}
    page = re.sub(UUID, lambda found: numbers.setdefault(found[0], f"n{len(numbers)}"), page)
    return page.replace("</head>", HEAD.format(root=root))


def tidy_columns(found: re.Match[str]) -> str:
    """The columns of an index table, without those about the run."""
    columns = [one for one in ast.literal_eval(found[2]) if one["field"] not in NOT_SHOWN]
    return f"{found[1]}{json.dumps(columns, ensure_ascii=False)},"


def tidy_rows(found: re.Match[str]) -> str:
    """The rows of an index table by their page; the library lists them as the disk does."""
    rows = [
        {name: value for name, value in row.items() if name not in NOT_SHOWN}
        for row in sorted(ast.literal_eval(found[2]), key=lambda row: row["_table_row_link_path"])
    ]
    return f"{found[1]}{json.dumps(rows, ensure_ascii=False)},"
