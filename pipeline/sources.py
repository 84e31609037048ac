"""Source cards and variables: what every raw file is, as checked data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.faults import Faults
from pipeline.limits import DEFAULTS, Limits
from pipeline.paths import RawPath
from pipeline.yamlfile import read_yaml, validate

Status = Literal["A", "E", "P", "M"]
NumberStyle = Literal["plain", "en", "vi", "space", "digits"]


class Strict(BaseModel):
    """Base of all declared data: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Variable(Strict):
    """A number as published: its unit and how it may be added over merged provinces."""

    name_vi: str
    name_en: str
    unit: str
    measure: Literal["stock", "flow", "average", "ratio", "score", "attendance", "person", "target"]
    merge: Literal["sum", "weighted_mean", "none"]
    merge_weight: str | None = None
    min: int | float
    max: int | float | None = None
    integer: bool = False

    @model_validator(mode="after")
    def weight_goes_with_weighted_mean(self) -> Variable:
        if (self.merge == "weighted_mean") != (self.merge_weight is not None):
            raise ValueError("merge_weight is named exactly when merge is weighted_mean")
        return self


class ProvinceColumn(Strict):
    """Where a row names its province, and how."""

    column: str = "province"
    by: Literal["name", "code"] = "name"
    separator: str | None = None  # several provinces in one cell
    blank: Literal["foreign"] | None = None  # what an empty cell means, when it may be empty


class Year(Strict):
    """The year of the rows: one for the file, or a column with its allowed span."""

    value: int | None = None
    column: str | None = None
    first: int | None = None
    last: int | None = None


class ValueColumn(Strict):
    """A column of figures: the variable it holds and, if the heading says so, its year."""

    column: str
    variable: str
    year: int | None = None
    status: Status = "A"


class Register(Strict):
    """How records are counted: stock at the end of each year, by their date."""

    variable: str
    date: str | None = None
    undated: Literal["counted", "left_out"] = "left_out"
    first_year: int | None = None
    last_year: int | None = None
    origin: str | None = None  # column with the address each record was read from
    check_against: str | None = None  # variable in which other sources state totals
    no_record: Literal["E", "M"]  # a province with no record: zero, estimated; or missing


class Card(Strict):
    """One raw file: who made it, what it means, how it is read, which bytes are meant."""

    file: RawPath
    kind: Literal["table", "quotes", "register"]
    use: Literal["index", "context", "comparison"]
    producer: str
    title: str
    url: str
    carrier: str | None = None
    licence: str
    published: str
    accessed: str
    scheme: Literal["63", "34", "column", "by date"]
    rows: str
    number_style: NumberStyle
    encoding: Literal["utf-8", "utf-16", "cp1258"] = "utf-8"
    delimiter: Literal[",", ";", "\t"] = ","
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    missing: dict[str, Status] = {}
    province: ProvinceColumn = ProvinceColumn()
    year: Year = Year()
    provisional_years: list[int] = []
    columns: list[ValueColumn] = []
    register_: Register | None = Field(default=None, alias="register")
    ignore: list[str] = []
    not_provinces: dict[str, str] = {}
    complete: bool = False
    absent: list[str] = []
    note: str | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def kind_has_what_it_needs(self) -> Card:
        if (self.kind == "register") != (self.register_ is not None):
            raise ValueError("a card of kind register, and no other, has the key register")
        if (self.kind == "table") != bool(self.columns):
            raise ValueError("a card of kind table, and no other, lists its columns")
        return self

    @model_validator(mode="after")
    def every_figure_has_a_scheme_and_a_year(self) -> Card:
        schemes = {"table": ("63", "34"), "quotes": ("column",), "register": ("63", "by date")}
        if self.scheme not in schemes[self.kind]:
            raise ValueError(f"a {self.kind} has scheme {' or '.join(schemes[self.kind])}")
        has_year = self.year.value is not None or self.year.column is not None
        if not has_year and any(column.year is None for column in self.columns):
            raise ValueError("every column of a table has a year: its own, or that of the rows")
        register = self.register_
        if register and (register.first_year is None) != (register.last_year is None):
            raise ValueError("first_year and last_year of a register go together")
        return self


class CardFile(Strict):
    sources: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Card]


class VariableFile(Strict):
    variables: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Variable]


class Catalogue(BaseModel):
    """Cards and variables of a project, checked against each other."""

    cards: dict[str, Card]
    variables: dict[str, Variable]


def nearest(code: str, known: Iterable[str]) -> str:
    """Declared codes that resemble an undeclared one: a suggestion, never used."""
    return ", ".join(difflib.get_close_matches(code, list(known), n=3)) or "–"


def load_catalogue(root: Path, faults: Faults, limits: Limits = DEFAULTS) -> Catalogue | None:
    """Read `raw/sources.yml` and `raw/variables.yml`; None when either cannot be used."""
    card_file, variable_file = (
        read_yaml(root / name, name, faults, limits, root)
        for name in ("raw/sources.yml", "raw/variables.yml")
    )
    cards = validate(CardFile, card_file, faults)
    declared = validate(VariableFile, variable_file, faults)
    if cards is None or declared is None:
        return None
    variables = declared.variables
    for code, variable in variables.items():
        if variable.merge_weight is not None and variable.merge_weight not in variables:
            place = variable_file.place("variables", code, "merge_weight")
            near = nearest(variable.merge_weight, variables)
            faults.add("SCH-02", place, variable.merge_weight, nearest=near)
    files: dict[str, str] = {}
    for source_id, card in cards.sources.items():
        for i, column in enumerate(card.columns):
            if column.variable not in variables:
                place = card_file.place("sources", source_id, "columns", i, "variable")
                near = nearest(column.variable, variables)
                faults.add("SCH-02", place, column.variable, nearest=near)
        if card.register_ is not None and card.register_.variable not in variables:
            place = card_file.place("sources", source_id, "register", "variable")
            near = nearest(card.register_.variable, variables)
            faults.add("SCH-02", place, card.register_.variable, nearest=near)
        if card.sha256 in files:
            place = card_file.place("sources", source_id, "sha256")
            faults.add("DUP-05", place, card.file, other=files[card.sha256])
        files[card.sha256] = card.file
    return Catalogue(cards=cards.sources, variables=variables)
