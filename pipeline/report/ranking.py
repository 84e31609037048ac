"""Tables of the ranking: provinces, pillars, indicators, regions, the merger, the published PII."""

from __future__ import annotations

import statistics
from typing import Any

from pipeline.alphabet import alphabet_key
from pipeline.analyse.change import find_edition
from pipeline.compare import compare_with_pii
from pipeline.language import catalogue, number, reason
from pipeline.report.model import Cell, Column, Table
from pipeline.report.reader import Reader, Row, by_rank

ENDS = 5  # leaders, and as many laggards, of an indicator
FAR = 10  # largest differences from the published PII
SCORE, VALUE = 2, 2  # decimals


def score_column(reader: Reader, key: str = "score") -> Column:
    """A column of scores."""
    heading, unit = reader.say(key), reader.say("points")
    return Column(heading, "" if heading.casefold() == unit else unit, SCORE)


def rank_column(reader: Reader, key: str = "rank") -> Column:
    """A column of ranks."""
    return Column(reader.say(key), "", 0)


def text_column(reader: Reader, key: str) -> Column:
    """A column of text."""
    return Column(reader.say(key))


def share_column(reader: Reader, key: str) -> Column:
    """A column of shares, in percent."""
    return Column(reader.say(key), "%", 1)


def percent(share: float | None) -> float | None:
    """A share in percent."""
    return None if share is None else share * 100


def ranking(reader: Reader) -> Table:
    """Every province: score, rank, both intervals where the release has them, coverage."""
    has_remarks = any(row["reason"] is not None for row in reader.index)
    ends = ["score_low", "score_high", "rank_low", "rank_high"] if reader.has_intervals else []
    columns = [rank_column(reader), text_column(reader, "province"), text_column(reader, "region"),
               score_column(reader)]  # fmt: skip
    for end in ends:
        columns.append((rank_column if end[:4] == "rank" else score_column)(reader, end))
    columns += [share_column(reader, "coverage"), share_column(reader, "coverage_declared"),
                *([text_column(reader, "remark")] if has_remarks else [])]  # fmt: skip
    rows: list[list[Cell]] = [
        [row["rank"], reader.province(row), row[f"region_{reader.lang}"], row["score"],
         *(row[end] for end in ends), percent(row["coverage"]), percent(row["coverage_declared"]),
         *([remark(reader, row)] if has_remarks else [])]
        for row in reader.index
    ]  # fmt: skip
    notes = [reader.say("note_ties"), reader.say("note_coverage"), interval_note(reader),
             reader.source("scores")]  # fmt: skip
    return Table("ranking", reader.say("ranking", edition=reader.edition), columns, rows, notes)


def remark(reader: Reader, row: Row) -> str:
    """Why a province is not ranked; an empty text when it is."""
    return "" if row["reason"] is None else reason(row["reason"], reader.lang)


def interval_note(reader: Reader) -> str:
    """What the intervals are, or that there are none."""
    if not reader.has_intervals:
        return reader.say("no_intervals")
    settings = reader.spec["robustness"]
    return reader.say("note_intervals", level=percent(settings["level"]),
                      n=number(settings["draws"], reader.lang, 0))  # fmt: skip


def summary(reader: Reader) -> Table:
    """One row per node above the indicators: how the scores of the provinces are spread."""
    columns = [text_column(reader, "node"), text_column(reader, "level"),
               rank_column(reader, "n_scored"),
               *(score_column(reader, key) for key in ("mean", "median_points", "sd", "lowest")),
               text_column(reader, "lowest_province"), score_column(reader, "highest"),
               text_column(reader, "highest_province")]  # fmt: skip
    rows: list[list[Cell]] = []
    for code in reader.levels:
        found = scored(reader, code)
        values = [row["score"] for row in found]
        name, level = reader.node(code), reader.level(code)
        if not values:
            rows.append([name, level, 0, *[None] * 7])
            continue
        ends: list[Cell] = []
        for end in (min(values), max(values)):
            ends += [end, "; ".join(reader.province(row) for row in found if row["score"] == end)]
        sd = statistics.stdev(values) if len(values) > 1 else None
        rows.append([name, level, len(values), statistics.fmean(values),
                     statistics.median(values), sd, *ends])  # fmt: skip
    notes = [reader.say("note_sd"), reader.source("scores")]
    return Table("summary", reader.say("summary", edition=reader.edition), columns, rows, notes)


def scored(reader: Reader, code: str) -> list[Row]:
    """Rows of `scores` of a node that has a score, best first."""
    return reader.rows(
        "select * from scores where edition = $edition and node = $node and score is not null",
        key=by_rank(reader.lang), node=code,
    )  # fmt: skip


def pillars(reader: Reader) -> Table:
    """Scores of every node above the indicators, one row per province."""
    codes = reader.levels
    found = reader.rows("select province_code, node, score from scores where edition = $edition")
    score = {(row["province_code"], row["node"]): row["score"] for row in found}
    columns = [rank_column(reader), text_column(reader, "province")]
    columns += [Column(reader.node(code), reader.say("points"), SCORE) for code in codes]
    rows: list[list[Cell]] = [
        [row["rank"], reader.province(row), *(score[row["province_code"], code] for code in codes)]
        for row in reader.index
    ]
    notes = [reader.say("note_missing_node"), reader.source("scores")]
    return Table("pillars", reader.say("pillars", edition=reader.edition), columns, rows, notes)


def indicator_rows(reader: Reader, code: str) -> list[Row]:
    """Rows of `indicators` of one indicator with the names of the provinces, best first."""
    return reader.rows(
        "select indicators.*, province_name_vi, province_name_en from indicators "
        "inner join scores using (edition, province_code) "
        "where edition = $edition and level = 'index' and indicator = $code "
        "and indicators.score is not null",
        key=by_rank(reader.lang), code=code,
    )  # fmt: skip


def leaders(reader: Reader) -> Table:
    """The first and the last provinces of every indicator, with what they report."""
    columns = [text_column(reader, "indicator"), text_column(reader, "unit"), rank_column(reader),
               rank_column(reader, "n_sharing"), text_column(reader, "province"),
               Column(reader.say("value"), "", VALUE), year_column(reader),
               text_column(reader, "status"), score_column(reader)]  # fmt: skip
    rows: list[list[Cell]] = []
    for code in reader.entered:
        found = indicator_rows(reader, code)
        item = reader.release.nodes[code]
        ends = found if len(found) <= 2 * ENDS else found[:ENDS] + found[-ENDS:]
        ranks = [row["rank"] for row in found]
        rows += [
            [item[f"name_{reader.lang}"], item[f"unit_{reader.lang}"], row["rank"],
             ranks.count(row["rank"]), reader.province(row), *used(row), row["score"]]
            for row in ends
        ]  # fmt: skip
    notes = [reader.say("note_leaders", n=ENDS), status_note(reader), reader.source("indicators")]
    return Table("leaders", reader.say("leaders", edition=reader.edition), columns, rows, notes)


def used(row: Row) -> list[Cell]:
    """The value that a row of `indicators` was scored by, its year and its status."""
    if row["is_imputed"]:
        return [row["imputed_value"], None, "I"]
    year = None if row["data_year"] is None else str(row["data_year"])
    return [row["value"], year, row["obs_status"]]


def year_column(reader: Reader) -> Column:
    """A column of years, which are text: no mark stands between their thousands."""
    return text_column(reader, "year")


def status_note(reader: Reader) -> str:
    """What the codes of the statuses mean."""
    known = catalogue()["statuses"]
    listed = ", ".join(f"{code} {words[reader.lang]}" for code, words in known.items())
    return reader.say("note_status", listed=listed)


def regions(reader: Reader) -> Table:
    """One row per region: its ranked provinces, and the mean of every node."""
    codes = reader.levels
    columns = [text_column(reader, "region"), rank_column(reader, "n_ranked")]
    columns += [score_column(reader, key) for key in ("sd", "lowest", "highest")]
    columns += [Column(reader.node(code), reader.say("mean_points"), SCORE) for code in codes]
    spread: dict[str, dict[str, list[float]]] = {}
    for row in reader.rows("select * from scores where edition = $edition"):
        here = spread.setdefault(row[f"region_{reader.lang}"], {code: [] for code in codes})
        if row["score"] is not None:
            here[row["node"]].append(row["score"])
    rows: list[list[Cell]] = []
    for region in sorted(spread, key=alphabet_key):
        values = spread[region][reader.release.root]
        sd = statistics.stdev(values) if len(values) > 1 else None
        ends = [min(values), max(values)] if values else [None, None]
        means = [statistics.fmean(v) if v else None for v in spread[region].values()]
        rows.append([region, len(values), sd, *ends, *means])
    notes = [reader.say("note_regions"), reader.source("scores")]
    return Table("regions", reader.say("regions", edition=reader.edition), columns, rows, notes)


def merger(reader: Reader) -> Table | None:
    """The merged provinces beside the former ones they were made of; None without both."""
    editions = reader.release.editions
    former = find_edition(editions, reader.year, "63")
    today = find_edition(editions, reader.year, "34")
    if former is None or today is None:
        return None
    columns = [text_column(reader, "merged_province"), rank_column(reader, "rank_34"),
               score_column(reader, "score_34"), text_column(reader, "former_province"),
               rank_column(reader, "rank_63"), score_column(reader, "score_63")]  # fmt: skip
    ours = {edition: _index_rows(reader, edition) for edition in (former, today)}
    parts: dict[str, list[Row]] = {}
    for old, new in reader.merger.items():
        if old in ours[former] and new in ours[today]:
            parts.setdefault(new, []).append(ours[former][old])
    rows: list[list[Cell]] = [
        [reader.province(ours[today][code]), ours[today][code]["rank"], ours[today][code]["score"],
         reader.province(part), part["rank"], part["score"]]
        for code in sorted(ours[today], key=lambda c: by_rank(reader.lang)(ours[today][c]))
        if len(parts.get(code, ())) > 1
        for part in sorted(parts[code], key=by_rank(reader.lang))
    ]  # fmt: skip
    notes = [reader.say("note_merger"), reader.source("scores")]
    title = reader.say("merger", former=former, today=today)
    return Table("merger", title, columns, rows, notes)


def _index_rows(reader: Reader, edition: str) -> dict[str, Row]:
    found = reader.rows("select * from scores where level = 'index' and edition = $other",
                        other=edition)  # fmt: skip
    return {row["province_code"]: row for row in found}


def published_pii(reader: Reader) -> Table | None:
    """The ranks beside those of the published PII, furthest apart first; None without any."""
    years = reader.rows("select distinct year from observed where variable = 'pii_index_rank' "
                        "and scheme = $scheme order by year", scheme=reader.scheme)  # fmt: skip
    rows: list[list[Any]] = []
    for year in (row["year"] for row in years):
        for one in compare_with_pii(reader.release.folder, reader.edition, year, []):
            far: list[dict[Any, Any]] = one.table.to_dict("records")
            names = reader.names
            far.sort(key=lambda row: (-abs(row["difference"]),
                                      alphabet_key(names[row["province_code"]])))  # fmt: skip
            rows += [[str(year), one.n, one.rho, names[row["province_code"]], row["pii_rank"],
                      row["rank"], row["difference"]] for row in far[:FAR]]  # fmt: skip
    half = 1 if any(row[4] != round(row[4]) for row in rows) else 0  # equal ranks share the mean
    columns = [year_column(reader), rank_column(reader, "n_both"),
               Column(reader.say("spearman"), "", 3), text_column(reader, "province"),
               *(Column(reader.say(key), "", half)
                 for key in ("rank_pii", "rank_ours", "difference"))]  # fmt: skip
    notes = [reader.say("note_pii", n=FAR), reader.source("observed", "scores")]
    title = reader.say("pii", edition=reader.edition)
    return Table("pii", title, columns, rows, notes) if rows else None
