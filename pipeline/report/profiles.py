"""One page per province: where it stands, what that rests on, what is missing, what comes next."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.analyse.profile import TOP, profile
from pipeline.explain import explain
from pipeline.language import reason, text
from pipeline.panel import Panel, read_panel
from pipeline.report.drawing import BLUE, ORANGE, VERMILION, note_of
from pipeline.report.evidence import producer
from pipeline.report.findings import points
from pipeline.report.model import Block, Cell, Chart, Column, Heading, Page, Table, Words, shown
from pipeline.report.ranking import (
    VALUE,
    percent,
    rank_column,
    remark,
    score_column,
    share_column,
    status_note,
    text_column,
    used,
    year_column,
)
from pipeline.report.reader import Reader, Row
from pipeline.report.steps import RAISE, next_steps
from pipeline.report.vector import Series, bars, radar

# What is marked on the bars, with its mark and colour.
MARKS = (("region", "D", ORANGE), ("all", "o", "white"), ("best", "|", VERMILION))
LEAST_AXES = 3  # of a radar


class Profiles:
    """What the pages of all provinces share, read once.

    Attributes:
        scores: rows of `scores` of the edition, by province and node.
        values: rows of `indicators`, likewise.
        steps: what `next_steps` finds, by province.
        producers: who has figures of a variable, by variable.
        means: what `_means` found so far, by province and node.
        axes: of a radar: the pillars, or else the nodes of another level; empty where no level
            has three.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.panel: Panel = read_panel(reader.con, reader.edition)
        self.scores = {(row["province_code"], row["node"]): row for row in reader.rows(
            "select * from scores where edition = $edition")}  # fmt: skip
        self.values = {(row["province_code"], row["indicator"]): row for row in reader.rows(
            "select * from indicators where edition = $edition")}  # fmt: skip
        self.steps = next_steps(reader, self.panel)
        self.means: dict[tuple[str, str], dict[str, Any]] = {}
        self.axes = self._axes()
        self.producers: dict[str, list[str]] = {}
        for row in reader.rows(
            f"select distinct variable, {producer(reader.lang)} as producer from observed "
            "inner join sources using (source_id) order by variable, producer"
        ):
            self.producers.setdefault(row["variable"], []).append(row["producer"])

    def page(self, code: str) -> Page:
        """The page of a province."""
        reader, row = self.reader, self.scores[code, self.reader.release.root]
        found = profile(reader.con, reader.release, self.panel, code, "all")
        title = reader.say("profile_title", province=reader.province(row), edition=reader.edition)
        blocks: list[Block] = [
            Heading(1, title), Words(self._facts(row), is_list=True),
            self._bars(row), *self._radar(row),
            self._nodes(row), self._indicators(row), self._marked(found), self._missing(found),
            self._steps(row), self._sources(code),
        ]  # fmt: skip
        return Page(code, reader.lang, title, blocks, table_level=2)

    def _facts(self, row: Row) -> list[str]:
        """Rank, score, interval and coverage in sentences."""
        reader = self.reader
        said = []
        if row["rank"] is None:
            said.append(reader.say("profile_unranked", reason=remark(reader, row)))
        else:
            ranked = [one for one in reader.index if one["rank"] is not None]
            region = [one for one in ranked if one["region_vi"] == row["region_vi"]]
            place = 1 + sum(one["rank"] < row["rank"] for one in region)
            same = sum(one["rank"] == row["rank"] for one in ranked) - 1
            said.append(reader.say("profile_rank", rank=row["rank"], n=len(ranked),
                                   score=points(reader, row["score"])))  # fmt: skip
            if same:
                said.append(reader.say("profile_tie", n=same))
            said.append(reader.say("profile_region", rank=place, n=len(region),
                                   region=row[f"region_{reader.lang}"]))  # fmt: skip
        if row.get("rank_low") is not None:
            said.append(reader.say("profile_interval", low=row["rank_low"], high=row["rank_high"]))
        elif not reader.has_intervals:
            said.append(reader.say("no_intervals"))
        shares = {key: points(reader, row[key] * 100) for key in ("coverage", "coverage_declared")}
        return [*said, reader.say("profile_coverage", **shares)]

    def _axes(self) -> list[str]:
        """The nodes of a radar; see `axes`."""
        of = self.reader.release.nodes
        has_scores = {node for (_, node), one in self.scores.items() if one["score"] is not None}
        for level in ("pillar", "sub_pillar", "sub_index"):
            found = [node for node in self.reader.levels
                     if of[node]["level"] == level and node in has_scores]  # fmt: skip
            if len(found) >= LEAST_AXES:
                return found
        return []

    def _means(self, row: Row, node: str) -> dict[str, Any]:
        """Of a node: means of the region, of the peers, of all; the best score and who has it."""
        key = row["province_code"], node
        if key not in self.means:
            self.means[key] = self._means_of(row, node)
        return self.means[key]

    def _means_of(self, row: Row, node: str) -> dict[str, Any]:
        of = [self.scores[code, node] for code in self.reader.names]
        of = [one for one in of if one["score"] is not None]
        same = {"region": "region_vi", "peers": "peer_group", "all": "edition"}
        found: dict[str, Any] = {}
        for key, name in same.items():
            scores = [one["score"] for one in of if one[name] == row[name]]
            found[key] = float(np.mean(scores)) if scores and row[name] is not None else None
        best = max((one["score"] for one in of), default=None)
        names = [self.reader.province(one) for one in of if one["score"] == best]
        return found | {"best": best, "who": "; ".join(names)}

    def _bars(self, row: Row) -> Chart:
        """Bars of the nodes with marks for the mean of the region, of all, and the best."""
        reader, code = self.reader, row["province_code"]
        nodes = [node for node in reader.levels if self._means(row, node)["best"] is not None]
        scores = [self.scores[code, node]["score"] for node in nodes]
        means = [self._means(row, node) for node in nodes]
        above = sum(score is not None and score > mean["all"]
                    for score, mean in zip(scores, means, strict=True))  # fmt: skip
        title = reader.say("profile_bars_title", n=above, of=len(nodes),
                           province=reader.province(row))  # fmt: skip
        marks = [Series(reader.say(f"mark_{key}"), mark, colour, [mean[key] for mean in means])
                 for key, mark, colour in MARKS]  # fmt: skip
        note = note_of(reader, ("scores",), len(reader.index))
        names = [reader.node(node) for node in nodes]
        drawn = bars(title, note, score_column(reader).title, names, scores, marks)
        alt = f"{title} {reader.say('profile_bars_alt')} {note}"
        return Chart(f"profile-{code}", self._caption(1, "profile"), alt, drawn)

    def _radar(self, row: Row) -> list[Chart]:
        """The same scores on axes from one point; nothing where no level has three nodes."""
        reader, code = self.reader, row["province_code"]
        if not self.axes or row["score"] is None:
            return []
        means = [self._means(row, node) for node in self.axes]
        series = [
            Series(reader.say("mark_best"), "s", VERMILION, [mean["best"] for mean in means]),
            Series(reader.say("mark_region"), "D", ORANGE, [mean["region"] for mean in means]),
            Series(reader.province(row), "o", BLUE,
                   [self.scores[code, node]["score"] for node in self.axes]),
        ]  # fmt: skip
        own, near = series[2].values, series[1].values
        told = [shown(score, score_column(reader), reader.lang) for score in own]
        said = "; ".join(f"{reader.node(node)}: {score}"
                         for node, score in zip(self.axes, told, strict=True))  # fmt: skip
        above = sum(a is not None and b is not None and a > b
                    for a, b in zip(own, near, strict=True))  # fmt: skip
        title = reader.say("profile_radar_title", province=reader.province(row), n=above,
                           of=len(self.axes))  # fmt: skip
        note = note_of(reader, ("scores",), len(reader.index))
        drawn = radar(title, note, [reader.node(node) for node in self.axes], series)
        alt = f"{title} {reader.say('profile_radar_alt')} {said}. {note}"
        return [Chart(f"radar-{code}", self._caption(2, "radar"), alt, drawn, is_folded=True)]

    def _caption(self, number: int, kind: str) -> str:
        name = self.reader.say(f"chart_{kind}_name")
        return self.reader.say("chart_number", n=number, title=name)

    def _nodes(self, row: Row) -> Table:
        reader, code = self.reader, row["province_code"]
        has_peers = any(one["peer_group"] is not None for one in reader.index)
        ends = ["rank_low", "rank_high"] if reader.has_intervals else []
        keys = ["region", "peers", "all"] if has_peers else ["region", "all"]
        columns = [text_column(reader, "node"), text_column(reader, "level"),
                   score_column(reader), rank_column(reader), rank_column(reader, "n_scored"),
                   *(rank_column(reader, end) for end in ends),
                   *(score_column(reader, f"mark_{key}") for key in keys),
                   score_column(reader, "mark_best"),
                   text_column(reader, "highest_province")]  # fmt: skip
        rows: list[list[Cell]] = []
        for node in reader.levels:
            one, means = self.scores[code, node], self._means(row, node)
            n = sum(self.scores[other, node]["score"] is not None for other in reader.names)
            rows.append([reader.node(node), reader.level(node), one["score"], one["rank"], n,
                         *(one[end] for end in ends), *(means[key] for key in keys),
                         means["best"], means["who"]])  # fmt: skip
        notes = [reader.say("note_ties"), reader.source("scores")]
        return Table("nodes", reader.say("profile_nodes"), columns, rows, notes)

    def _indicators(self, row: Row) -> Table:
        reader, code = self.reader, row["province_code"]
        columns = [text_column(reader, "indicator"), Column(reader.say("value"), "", VALUE),
                   text_column(reader, "unit"), year_column(reader),
                   text_column(reader, "status"), score_column(reader), rank_column(reader),
                   share_column(reader, "weight")]  # fmt: skip
        rows: list[list[Cell]] = []
        for item in reader.spec["indicators"]:
            one = self.values[code, item["code"]]
            weight = percent(one["weight"]) if one["is_entered"] else None
            value, year, status = used(one)
            rows.append([item[f"name_{reader.lang}"], value, item[f"unit_{reader.lang}"], year,
                         status, one["score"], one["rank"], weight])  # fmt: skip
        notes = [status_note(reader), reader.say("note_not_entered"), reader.source("indicators")]
        return Table("indicators", reader.say("profile_indicators"), columns, rows, notes)

    def _marked(self, found: dict[str, Any]) -> Table:
        reader = self.reader
        columns = [text_column(reader, "kind"), text_column(reader, "indicator"),
                   score_column(reader, "difference_mean")]  # fmt: skip
        rows: list[list[Cell]] = [
            [reader.say(kind), one[f"name_{reader.lang}"], one["difference"]]
            for kind in ("strengths", "weaknesses")
            for one in found[kind]
        ]
        notes = [text("profile_rule", reader.lang, top=TOP), reader.source("ranked")]
        return Table("marked", reader.say("profile_marked"), columns, rows, notes)

    def _missing(self, found: dict[str, Any]) -> Table:
        reader = self.reader
        columns = [text_column(reader, key) for key in ("indicator", "why", "supplier")]
        rows: list[list[Cell]] = []
        for one in found["missing"]:
            variable = reader.release.nodes[one["node"]]["numerator"]
            names = "; ".join(self.producers.get(variable, [])) or reader.say("no_supplier")
            rows.append([one[f"name_{reader.lang}"], reason(one["reason"], reader.lang), names])
        notes = [reader.say("note_supplier"), reader.source("ranked", "observed", "sources")]
        return Table("missing", reader.say("profile_missing"), columns, rows, notes)

    def _steps(self, row: Row) -> Table:
        reader = self.reader
        columns = [text_column(reader, "indicator"), text_column(reader, "unit"),
                   Column(reader.say("value_now"), "", VALUE),
                   Column(reader.say("value_then"), "", VALUE), score_column(reader, "score_now"),
                   score_column(reader, "score_then"), score_column(reader, "gain"),
                   rank_column(reader, "rank_now"), rank_column(reader, "rank_then"),
                   rank_column(reader, "places"), text_column(reader, "how_sure")]  # fmt: skip
        rows: list[list[Cell]] = [
            [reader.node(one["indicator"]),
             reader.release.nodes[one["indicator"]][f"unit_{reader.lang}"],
             *(float(one[key]) for key in ("value", "new_value", "score", "new_score", "gain")),
             one["rank"], one["new_rank"], one["places"], self._how_sure(row, one)]
            for one in self.steps.get(row["province_code"], [])
        ]  # fmt: skip
        notes = [reader.say("note_steps", points=RAISE), reader.source("treated", "ranked")]
        if not self.steps:
            notes.insert(0, reader.say("note_no_steps"))
        return Table("steps", reader.say("profile_steps"), columns, rows, notes)

    def _how_sure(self, row: Row, step: Row) -> str:
        """Whether the new rank leaves the interval that the rank of today has."""
        if row.get("rank_low") is None:
            return self.reader.say("sure_unknown")
        return self.reader.say("sure_out" if step["new_rank"] < row["rank_low"] else "sure_in")

    def _sources(self, code: str) -> Table:
        """Every cell behind the indicators that entered."""
        reader = self.reader
        keys = ("indicator", "variable", "year", "printed", "file", "place", "url")
        columns = [text_column(reader, key) for key in keys]
        rows: list[list[Cell]] = []
        for item in reader.entered:
            for given in explain(reader.release, code, item, reader.edition)["inputs"]:
                name = reader.release.variables[given["variable"]][f"name_{reader.lang}"]
                rows += [[reader.node(item), name,
                          None if cell["year"] is None else str(cell["year"]), cell["raw"],
                          cell["file"], cell["locator"], cell["url"]]
                         for cell in given["cells"]]  # fmt: skip
        notes = [reader.say("note_places"), reader.source("observed", "sources")]
        return Table("sources", reader.say("sources"), columns, rows, notes)
