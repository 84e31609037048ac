"""Source cards and variables: what every raw file is, as checked data."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipeline.faults import Faults, Term
from pipeline.yamlfile import YamlFile, read_yaml, validate

Status = Literal["A", "E", "P", "M"]
MissingStatus = Literal["M", "L", "Q"]  # there is none; not collected; withheld
Name = Annotated[str, Field(pattern=r"\S")]  # a text for readers: never blank
SHA256 = re.compile(r"[0-9a-f]{64}")
NumberStyle = Literal["plain", "en", "vi", "space", "digits"]


class Strict(BaseModel):
    """Base of all declared data: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Variable(Strict):
    """A number as published: its unit and how it may be added over merged provinces."""

    name_vi: Name
    name_en: Name
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
    also: str | None = None  # column with the other of the two: they must agree
    numeric_codes: bool = False  # the code 01 may stand as the number 1
    separator: str | None = None  # several provinces in one cell
    blank: Literal["foreign"] | None = None  # what an empty cell means, when it may be empty


YearForm = Annotated[str, Field(pattern=r"^[^y]*yyyy[^y]*$")]


class Year(Strict):
    """The year of the rows: one for the file, or a column with its allowed span."""

    value: int | None = None
    column: str | None = None
    first: int | None = None
    last: int | None = None
    forms: list[YearForm] = []  # how a cell writes its year, beside yyyy alone
    provisional_forms: list[YearForm] = []  # the same, marking a preliminary figure

    def span(self) -> tuple[int, int]:
        """First and last year that the rows may have."""
        if self.value is not None:
            return self.value, self.value
        return self.first or 0, self.last or 9999


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

    file: Annotated[str, Field(pattern=r"^raw/[\w][\w./ -]*$")]
    kind: Literal["table", "quotes", "register"]
    use: Literal["index", "context", "comparison"]
    producer: str
    title: str
    url: str
    carrier: str | None = None
    licence: str
    published: str
    accessed: str
    scheme: Literal["63", "34", "column", "by date", ""] = ""  # undeclared: refused, with its names
    rows: str
    number_style: NumberStyle
    encoding: Literal["utf-8", "utf-16", "cp1258"] = "utf-8"
    delimiter: Literal[",", ";", "\t"] = ","
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    missing: dict[str, MissingStatus] = {}
    zero: list[str] = []  # markers that mean zero
    brackets: Literal["negative"] | None = None  # what (5,2) means, where it may stand
    date_order: Literal["dmy", "mdy"] | None = None  # of dates such as 03/04/2025
    date_system: Literal["1900", "1904"] | None = None  # of day numbers such as 45678
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
    sha256: Annotated[str, BeforeValidator(lambda given: str(given or ""))] = ""

    def last_year(self) -> int | None:
        """The year in which the file was obtained: it can hold no figure of a later one."""
        match = re.match(r"[0-9]{4}(?=-|$)", self.accessed)
        return int(match[0]) if match else None

    @model_validator(mode="after")
    def a_marker_means_one_thing(self) -> Card:
        if both := sorted(set(self.missing) & set(self.zero)):
            raise ValueError(f"the marker '{both[0]}' is either missing or zero")
        return self

    @model_validator(mode="after")
    def kind_has_what_it_needs(self) -> Card:
        if (self.kind == "register") != (self.register_ is not None):
            raise ValueError("a card of kind register, and no other, has the key register")
        if (self.kind == "table") != bool(self.columns):
            raise ValueError("a card of kind table, and no other, lists its columns")
        if ".." in Path(self.file).parts:
            raise ValueError("the file lies inside the project")
        return self

    @model_validator(mode="after")
    def every_figure_has_a_scheme_and_a_year(self) -> Card:
        schemes = {"table": ("63", "34"), "quotes": ("column",), "register": ("63", "by date")}
        if self.scheme and self.scheme not in schemes[self.kind]:
            raise ValueError(f"a {self.kind} has scheme {' or '.join(schemes[self.kind])}")
        has_year = self.year.value is not None or self.year.column is not None
        if not has_year and any(column.year is None for column in self.columns):
            raise ValueError("every column of a table has a year: its own, or that of the rows")
        register = self.register_
        if register and self.province.also:
            raise ValueError("a register names its provinces in one column")
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


def load_catalogue(root: Path, faults: Faults) -> Catalogue | None:
    """Read `raw/sources.yml` and `raw/variables.yml`; None when either cannot be used."""
    card_file = read_yaml(root / "raw/sources.yml", "raw/sources.yml", faults)
    variable_file = read_yaml(root / "raw/variables.yml", "raw/variables.yml", faults)
    cards = validate(CardFile, card_file, faults)
    declared = validate(VariableFile, variable_file, faults)
    if cards is None or declared is None:
        return None
    for code, variable in declared.variables.items():
        _check_variable(code, variable, declared.variables, variable_file, faults)
    files: dict[str, str] = {}
    for source_id, card in cards.sources.items():
        _check_card(source_id, card, declared.variables, card_file, faults)
        if card.sha256 in files:
            place = card_file.place("sources", source_id, "sha256")
            faults.add("DUP-05", place, card.file, other=files[card.sha256])
        if SHA256.fullmatch(card.sha256):
            files[card.sha256] = card.file
    return Catalogue(cards=cards.sources, variables=declared.variables)


def _check_variable(
    code: str, variable: Variable, known: dict[str, Variable], file: YamlFile, faults: Faults
) -> None:
    if variable.merge_weight is not None and variable.merge_weight not in known:
        place = file.place("variables", code, "merge_weight")
        near = nearest(variable.merge_weight, known)
        faults.add("SCH-02", place, variable.merge_weight, nearest=near)
    if variable.merge == "sum" and variable.measure in ("ratio", "score"):
        measure = Term(f"measure_{variable.measure}")
        faults.add("GEO-11", file.place("variables", code, "merge"), code, measure=measure)


def _check_card(
    source_id: str, card: Card, variables: dict[str, Variable], file: YamlFile, faults: Faults
) -> None:
    """What a card says against the variables, its hash, and the years that it can hold."""
    key: tuple[str | int, ...] = ("sources", source_id)
    named = [((*key, "columns", i), column.variable) for i, column in enumerate(card.columns)]
    years = [((*key, "year", "value"), card.year.value)]
    if card.register_ is not None:
        named.append(((*key, "register"), card.register_.variable))
        years.append(((*key, "register", "last_year"), card.register_.last_year))
    for path, variable in named:
        if variable not in variables:
            near = nearest(variable, variables)
            faults.add("SCH-02", file.place(*path, "variable"), variable, nearest=near)
    years += [
        ((*key, "columns", i, "year"), column.year)
        for i, column in enumerate(card.columns)
        if column.variable in variables and variables[column.variable].measure != "target"
    ]
    limit = card.last_year()
    for path, year in years:
        if limit is not None and year is not None and year > limit:
            faults.add("DAT-07", file.place(*path), year, limit=limit)
    if not card.scheme:
        faults.add("SCH-16", file.place(*key), "scheme")
    if not SHA256.fullmatch(card.sha256):
        found = card.sha256 or Term("word_nothing")
        faults.add("SCH-12", file.place(*key, "sha256"), card.file, found=found)
