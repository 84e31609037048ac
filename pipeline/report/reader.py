"""One edition of a release, as the reports read it: rows of its tables, and its names."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline import store
from pipeline.alphabet import alphabet_key
from pipeline.explain import Release
from pipeline.language import catalogue, text
from pipeline.packaging import path_of

Row = dict[str, Any]


class Reader:
    """A release opened for one edition and one language.

    Attributes:
        con: the database, a view for every table.
        release: the same, for names and for tracing a number to its cells.
        index: rows of `scores` for the index, best first, unranked provinces last, equal ones in
            alphabetical order.
        merger: successor of every former province.
        has_intervals: whether the release publishes rank intervals of the edition.
    """

    def __init__(self, release: Release, edition: str, lang: str, merger: dict[str, str]) -> None:
        self.release, self.edition, self.lang, self.merger = release, edition, lang, merger
        self.con = store.open_release(release.folder)
        self.spec = release.spec
        self.scheme: str = release.editions[edition]["scheme"]
        self.year: int = release.editions[edition]["reference_year"]
        self.title: str = release.spec[f"title_{lang}"]
        self.id = release.folder.resolve().name
        self.index = self.rows(
            "select * from scores where edition = $edition and level = 'index'", key=by_rank(lang)
        )
        self.has_intervals = any(row.get("rank_low") is not None for row in self.index)

    def rows(self, sql: str, key: Callable[[Row], Any] | None = None, **values: Any) -> list[Row]:
        """Rows of a query, which may name `$edition`, in the order of `key`."""
        if "$edition" in sql:
            values["edition"] = self.edition
        found: list[Row] = self.con.sql(sql, params=values).to_arrow_table().to_pylist()
        return found if key is None else sorted(found, key=key)

    def has(self, table: str) -> bool:
        """Whether the release has a table that not every release has."""
        path: Path = self.release.folder / path_of(table)
        return path.is_file()

    def say(self, key: str, **values: Any) -> str:
        """A text of the section `report` of the catalogue."""
        return str(catalogue()["report"][key][self.lang]).format(**values)

    def node(self, code: str) -> str:
        """The name of a node or an indicator."""
        return str(self.release.nodes[code][f"name_{self.lang}"])

    def level(self, code: str) -> str:
        """What a node is called by its place in the tree."""
        return text(f"level_{self.release.nodes[code].get('level', 'indicator')}", self.lang)

    def province(self, row: Row) -> str:
        """The name of the province of a row of `scores`."""
        return str(row[f"province_name_{self.lang}"])

    def source(self, *tables: str) -> str:
        """The line under a table or a chart that says what it was made from."""
        return self.say("source", title=self.title, release=self.id, edition=self.edition,
                        tables=", ".join(tables))  # fmt: skip

    @cached_property
    def names(self) -> dict[str, str]:
        """Names of the provinces of the edition by code, in alphabetical order."""
        found = {row["province_code"]: self.province(row) for row in self.index}
        return dict(sorted(found.items(), key=lambda one: alphabet_key(one[1])))

    @property
    def levels(self) -> list[str]:
        """Codes of the nodes above the indicators, in the declared order."""
        return [node["code"] for node in self.spec["nodes"]]

    @cached_property
    def entered(self) -> list[str]:
        """Codes of the indicators that entered the edition, in the declared order."""
        found = self.rows(
            "select distinct indicator from indicators where edition = $edition and is_entered"
        )
        inside = {row["indicator"] for row in found}
        return [one["code"] for one in self.spec["indicators"] if one["code"] in inside]


def by_rank(lang: str) -> Callable[[Row], Any]:
    """The order of a ranking: by rank, the unranked last, equal ones in alphabetical order."""

    def key(row: Row) -> Any:
        rank = row["rank"]
        return rank is None, rank or 0, alphabet_key(row[f"province_name_{lang}"])

    return key
