"""Tables of what the ranking rests on: coverage, gaps, robustness, audit, sources, codebook."""

from __future__ import annotations

from pipeline.language import catalogue, reason
from pipeline.report.model import Cell, Column, Table
from pipeline.report.ranking import (
    percent,
    rank_column,
    score_column,
    share_column,
    text_column,
)
from pipeline.report.reader import Reader


def coverage(reader: Reader) -> Table:
    """Every declared indicator: who has it, whether it entered, and why the rest is missing."""
    columns = [text_column(reader, "pillar"), text_column(reader, "indicator"),
               rank_column(reader, "n_observed"), rank_column(reader, "n_expected"),
               share_column(reader, "coverage_provinces"), share_column(reader, "weight"),
               text_column(reader, "entered"), text_column(reader, "why_missing")]  # fmt: skip
    found = {row["code"]: row for row in reader.rows(
        "select * from coverage where edition = $edition and kind = 'indicator'")}  # fmt: skip
    weights = {row["node"]: row["weight"] for row in reader.rows(
        "select * from weights where edition = $edition")}  # fmt: skip
    rows: list[list[Cell]] = []
    for item in reader.spec["indicators"]:
        row = found[item["code"]]
        why = "" if row["reason"] is None else reason(row["reason"], reader.lang)
        rows.append([reader.node(item["parent"]), item[f"name_{reader.lang}"], row["n_observed"],
                     row["n_expected"], percent(row["coverage"]),
                     percent(weights[item["code"]]) if row["is_in"] else None,
                     reader.say("is_in" if row["is_in"] else "is_out"), why])  # fmt: skip
    notes = [reader.say("note_entered"), reader.source("coverage", "weights")]
    return Table("coverage", reader.say("coverage_table", edition=reader.edition), columns, rows,
                 notes)  # fmt: skip


def gaps(reader: Reader) -> Table:
    """Every province: how many of the indicators it has, and how old or estimated they are."""
    codes = catalogue()["statuses"]
    columns = [text_column(reader, "province"), rank_column(reader, "n_entered")]
    columns += [Column(f"{words[reader.lang]} ({code})", "", 0) for code, words in codes.items()]
    columns += [share_column(reader, "coverage"), text_column(reader, "missing_entered")]
    rows: list[list[Cell]] = []
    held: dict[str, list[tuple[str, str]]] = {}
    for row in reader.rows("select * from indicators where edition = $edition and is_entered"):
        status = "I" if row["is_imputed"] else row["obs_status"]
        held.setdefault(row["province_code"], []).append((row["indicator"], status))
    share = {row["province_code"]: row["coverage"] for row in reader.index}
    for code, name in reader.names.items():
        cells = held.get(code, [])
        counts = [sum(status == one for _, status in cells) for one in codes]
        lacking = {indicator for indicator, status in cells if status == "M"}
        listed = "; ".join(reader.node(one) for one in reader.entered if one in lacking)
        rows.append([name, len(cells), *counts, percent(share[code]), listed])
    notes = [reader.source("indicators", "scores")]
    return Table("gaps", reader.say("gaps", edition=reader.edition), columns, rows, notes)


def audit(reader: Reader) -> Table:
    """The checks of the statistical audit that say to look: figure, interval, limit, reason."""
    columns = [text_column(reader, "check"), text_column(reader, "node"),
               text_column(reader, "beside"), rank_column(reader, "n_both"),
               *(Column(reader.say(key), "", 3) for key in ("figure", "low", "high", "limit")),
               text_column(reader, "flags")]  # fmt: skip
    checks, reasons = (catalogue()[key] for key in ("audit_checks", "audit_reasons"))
    found = reader.rows('select * from checks where edition = $edition order by "check", item')
    nodes = reader.release.nodes
    rows: list[list[Cell]] = [
        [checks[row["check"]][reader.lang], _named(reader, row["item"]),
         _named(reader, row["other"]), row["n"], *(row[key] for key in
         ("value", "low", "high", "limit")), reasons[row["reason"]][reader.lang]]
        for row in sorted(found, key=lambda row: (list(checks).index(row["check"]),
                                                  list(nodes).index(row["item"])))
        if row["is_flagged"]
    ]  # fmt: skip
    counts = reader.say("note_audit", n=len(rows), of=len(found))
    return Table("audit", reader.say("audit", edition=reader.edition), columns, rows,
                 [counts, reader.source("checks")])  # fmt: skip


def _named(reader: Reader, code: str | None) -> str:
    return "" if code is None else reader.node(code)


def warnings(reader: Reader) -> Table:
    """What the run warned of."""
    columns = [text_column(reader, key) for key in ("rule", "file", "message")]
    found = reader.rows("select * from findings")
    rows: list[list[Cell]] = [[row["rule"], row["file"], row[f"message_{reader.lang}"]]
                              for row in found]  # fmt: skip
    notes = [reader.say("note_warnings"), reader.source("findings")]
    return Table("warnings", reader.say("warnings"), columns, rows, notes)


def sources(reader: Reader) -> Table:
    """Every raw file: producer, title, address, licence, days, hash."""
    keys = ("source_id", "producer", "title", "file", "url", "licence", "published", "accessed",
            "sha256")  # fmt: skip
    columns = [text_column(reader, key if key != "title" else "source_title") for key in keys]
    rows: list[list[Cell]] = [
        [day(row[key]) if key in ("published", "accessed") else row[key] for key in keys]
        for row in reader.rows(f"select * replace ({producer(reader.lang)} as producer) "
                               "from sources order by source_id")
    ]  # fmt: skip
    notes = [reader.say("note_sources"), reader.source("sources")]
    return Table("sources", reader.say("sources"), columns, rows, notes)


def producer(lang: str) -> str:
    """The name of a producer in SQL: in Vietnamese where a card gives it."""
    return "coalesce(producer_vi, producer)" if lang == "vi" else "producer"


def day(written: str) -> str:
    """A day as dd/mm/yyyy; any other text as it is."""
    year, _, rest = written.partition("-")
    month, _, number = rest.partition("-")
    is_day = len(written) == 10 and f"{year}{month}{number}".isdigit()
    return f"{number}/{month}/{year}" if is_day else written


def codebook(reader: Reader) -> Table:
    """What every node and indicator means, and its unit and direction."""
    columns = [text_column(reader, key) for key in
               ("code", "level", "above", "name", "unit", "direction", "description")]  # fmt: skip
    rows: list[list[Cell]] = []
    for code, node in reader.release.nodes.items():
        unit = node.get(f"unit_{reader.lang}") or reader.say("points")
        turned = ""
        if "numerator" in node:
            turned = reader.say("higher_better" if node["direction"] == 1 else "lower_better")
        above = "" if node["parent"] is None else reader.node(node["parent"])
        rows.append([code, reader.level(code), above, reader.node(code), unit, turned,
                     node[f"description_{reader.lang}"]])  # fmt: skip
    notes = [reader.say("note_codebook"), reader.source("codebook")]
    return Table("codebook", reader.say("codebook"), columns, rows, notes)


def weighting(reader: Reader) -> Table:
    """The tree as it was used: the weight of every node that entered."""
    columns = [text_column(reader, "node"), text_column(reader, "level"),
               text_column(reader, "above"), share_column(reader, "weight_in_parent"),
               share_column(reader, "weight"), score_column(reader, "mean")]  # fmt: skip
    of = {row["node"]: row for row in reader.rows(
        "select * from weights where edition = $edition and is_entered")}  # fmt: skip
    means = {row["node"]: row["mean"] for row in reader.rows(
        "select * from statistics where edition = $edition and basis = 'score'")}  # fmt: skip
    rows: list[list[Cell]] = []
    for code, node in reader.release.nodes.items():
        if code in of:
            above = "" if node["parent"] is None else reader.node(node["parent"])
            rows.append([reader.node(code), reader.level(code), above,
                         percent(of[code]["weight_in_parent"]), percent(of[code]["weight"]),
                         means.get(code)])  # fmt: skip
    notes = [reader.say("note_weights"), reader.source("weights", "statistics")]
    return Table("weights", reader.say("weights", edition=reader.edition), columns, rows, notes)
