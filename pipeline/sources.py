"""Source cards and variables: what every raw file is, as checked data."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from pipeline.language import Words
from pipeline.paths import RawPath
from pipeline.periods import DAY, PERIOD, Covers, is_day, years_of
from pipeline.schemes import scheme_or, schemes_in

Status = Literal["A", "E", "P", "M"]
MissingStatus = Literal["M", "L", "Q"]  # there is none; not collected; withheld
Name = Annotated[str, Field(pattern=r"\S")]  # a text for readers: never blank
SHA256 = re.compile(r"[0-9a-f]{64}")
FRACTION = re.compile(r"-?[0-9]{1,9}(/[0-9]{0,8}[1-9][0-9]{0,8}|\.[0-9]{1,15})?")
NumberStyle = Literal["plain", "en", "vi", "space", "digits"]
Encoding = Literal["utf-8", "utf-16", "cp1258", "tcvn3", "vni"]
Period = Annotated[str, Field(pattern=PERIOD)]
Day = Annotated[str, Field(pattern=DAY)]
Start = Annotated[str, Field(min_length=1)]
Mark = Annotated[str, Field(pattern=r"^[^0-9A-Za-z.,%\s-]")]  # *, (1): never part of a number
TEXTS = (".csv", ".txt", ".tsv")


class Strict(BaseModel):
    """Base of all declared data: an unknown key is an error.

    Where a mapping has a `method`, its name alone will do: `normalise: zscore`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def name_alone_is_the_method(cls, data: Any) -> Any:
        is_name = isinstance(data, str) and "method" in cls.model_fields
        return {"method": data} if is_name else data


def _fraction(value: int | float | str) -> float:
    if isinstance(value, str) and not FRACTION.fullmatch(value):  # "1e999999999" would be computed
        raise ValueError(Words("no_fraction", {"value": value}))
    number = float(Fraction(value))
    if not 0 <= number <= 1:
        raise ValueError(Words("not_from_0_to_1", {"value": value}))
    return number


Share = Annotated[int | float | str, AfterValidator(_fraction)]


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
    part_of: str | None = None  # a variable this one can never exceed
    central: str | None = None  # the central source's variable of the same thing: that one counts
    covers: Covers = "year"  # a flow of a half-year is another variable than that of a year

    @model_validator(mode="after")
    def weight_goes_with_weighted_mean(self) -> Variable:
        if (self.merge == "weighted_mean") != (self.merge_weight is not None):
            raise ValueError(Words("merge_weight_goes_with"))
        return self


class ProvinceColumn(Strict):
    """Where a row names its province, and how."""

    column: str = "province"
    by: Literal["name", "code"] = "name"
    also: str | None = None  # column with the other of the two: they must agree
    numeric_codes: bool = False  # the code 01 may stand as the number 1
    separator: str | None = None  # several provinces in one cell
    blank: Literal["foreign"] | None = None  # what an empty cell means, when it may be empty
    numbered: bool = False  # `I. Trung du …`, `2) Hà Nội`: the number before a name is not of it


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
    """A column of figures: the variable it holds and, if the heading says so, its time."""

    column: str
    variable: str
    year: int | None = None
    period: Period | None = None  # the part of the year that the figures cover: 2022-H1
    as_of: Day | None = None  # the day on which a stock was counted
    status: Status = "A"


class Keep(Strict):
    """Which values of a column let a record count; any other value is refused."""

    keep: list[str] = Field(min_length=1)
    leave_out: list[str] = []


class Register(Strict):
    """How records are counted: a stock at the end of each year, a flow in each, by their date."""

    variable: str
    date: str | None = None
    undated: Literal["counted", "left_out"] = "left_out"
    first_year: int | None = None
    last_year: int | None = None
    origin: str | None = None  # column with the address each record was read from
    check_against: str | None = None  # variable in which other sources state totals
    no_record: Literal["E", "M"]  # a province with no record: zero, estimated; or missing
    files: Annotated[str, Field(pattern=r"^[^/\\:]+$")] | None = None  # of a folder: *.csv
    where: dict[str, Keep] = {}  # column -> the values that count
    key: str | None = None  # column that names a record: each counts once
    tolerance: Share = 0  # share of rows that may be unusable; they are set aside and counted


class Card(Strict):
    """One raw file: who made it, what it means, how it is read, which bytes are meant."""

    file: RawPath
    kind: Literal["table", "quotes", "register"]
    use: Literal["index", "context", "comparison"]
    producer: str
    producer_vi: Name | None = None  # on Vietnamese pages, where `producer` is in English
    title: str
    url: str
    carrier: str | None = None
    licence: str
    published: str
    accessed: str
    scheme: Annotated[str, scheme_or("column", "by date", "")] = ""  # none: refused, with its names
    rows: str
    number_style: NumberStyle
    encoding: Encoding = "utf-8"  # of a CSV; tcvn3 and vni also of the cells of a spreadsheet
    delimiter: Literal[",", ";", "\t"] = ","
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1)
    missing: dict[str, MissingStatus] = {}
    zero: list[str] = []  # markers that mean zero
    brackets: Literal["negative"] | None = None  # what (5,2) means, where it may stand
    date_order: Literal["dmy", "mdy"] | None = None  # of dates such as 03/04/2025
    date_system: Literal["1900", "1904"] | None = None  # of day numbers such as 45678
    header_rows: int = Field(default=1, ge=1, le=5)  # a name is then `upper / lower`
    column_numbers: bool = False  # a row (1), (2), (3) = (2) / (1) stands under the header
    aliases: dict[str, str] = {}  # another heading of the file: the name that this card uses
    ends_at: list[Start] = []  # how the first row under the table begins: Nguồn:, Ghi chú
    marks: dict[Mark, Literal["A", "E", "P"]] = {}  # footnote marks after a name or a figure
    sum_tolerance: float = Field(default=0.005, ge=0, lt=1)  # share of the national figure
    province: ProvinceColumn = ProvinceColumn()
    year: Year = Year()
    period: Period | None = None
    as_of: Day | None = None
    provisional_years: list[int] = []
    columns: list[ValueColumn] = []
    register_: Register | None = Field(default=None, alias="register")
    ignore: list[str] = []
    not_provinces: dict[str, str] = {}
    complete: bool = False
    absent: list[str] = []
    proof: RawPath | None = None  # a paper that bears the figures out
    note: str | None = None
    sha256: Annotated[str, BeforeValidator(lambda given: str(given or ""))] = ""

    def last_year(self) -> int | None:
        """The year in which the file was obtained: it can hold no figure of a later one."""
        match = re.match(r"[0-9]{4}(?=-|$)", self.accessed)
        return int(match[0]) if match else None

    @model_validator(mode="after")
    def a_marker_means_one_thing(self) -> Card:
        if both := sorted(set(self.missing) & set(self.zero)):
            raise ValueError(Words("marker_means_both", {"value": both[0]}))
        return self

    @model_validator(mode="after")
    def kind_has_what_it_needs(self) -> Card:
        if (self.kind == "register") != (self.register_ is not None):
            raise ValueError(Words("register_goes_with"))
        if (self.kind == "table") != bool(self.columns):
            raise ValueError(Words("columns_go_with"))
        if ".." in (*Path(self.file).parts, *Path(self.proof or "").parts):
            raise ValueError(Words("file_inside"))
        return self

    @model_validator(mode="after")
    def every_figure_has_a_scheme_and_a_year(self, info: ValidationInfo) -> Card:
        known = schemes_in(info) or ([] if self.scheme in ("column", "by date") else [self.scheme])
        schemes = {"table": known, "quotes": ["column"], "register": [*known[:1], "by date"]}
        if self.scheme and self.scheme not in schemes[self.kind]:
            allowed = {"kind": self.kind, "schemes": " / ".join(schemes[self.kind])}
            raise ValueError(Words("kind_has_scheme", allowed))
        has_year = self.year.value is not None or self.year.column is not None
        if not has_year and any(column.year is None for column in self.columns):
            raise ValueError(Words("column_has_year"))
        register = self.register_
        if register and self.province.also:
            raise ValueError(Words("register_has_one_column"))
        if register and (register.first_year is None) != (register.last_year is None):
            raise ValueError(Words("years_go_together"))
        return self

    @model_validator(mode="after")
    def an_encoding_is_of_texts(self) -> Card:
        is_text = Path(self.file).suffix.lower() in TEXTS
        if not is_text and self.encoding in ("utf-16", "cp1258"):
            raise ValueError(Words("cells_are_unicode"))
        return self

    @model_validator(mode="after")
    def a_period_has_its_year(self) -> Card:
        for column in self.columns:
            period, as_of = self.time_of(column)
            year = column.year or self.year.value
            if period and as_of:
                raise ValueError(Words("period_or_day", {"column": column.column}))
            if period and year not in years_of(period):
                raise ValueError(Words("period_needs_year", {"value": period}))
            if as_of and not is_day(as_of):
                raise ValueError(Words("no_day", {"value": as_of}))
            if as_of and (year is None or abs(int(as_of[:4]) - year) > 1):
                raise ValueError(Words("day_needs_year", {"value": as_of}))
        return self

    def time_of(self, column: ValueColumn) -> tuple[str | None, str | None]:
        """The part of a year a column covers, the day it was counted on: its own, or the card's."""
        if column.period or column.as_of:
            return column.period, column.as_of
        return self.period, self.as_of


class CardFile(Strict):
    sources: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Card]


class VariableFile(Strict):
    variables: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Variable]


class Catalogue(BaseModel):
    """Cards and variables of a project, checked against each other; broken ones are left out."""

    cards: dict[str, Card]
    variables: dict[str, Variable]
    broken: dict[str, str] = {}  # sources whose card is refused, with the file it speaks of
    unusable: set[str] = set()  # variables whose declaration is refused

    def knows(self, variable: str) -> bool:
        """Whether a variable is declared, rightly or not: what is wrong with it has been told."""
        return variable in self.variables or variable in self.unusable


def nearest(code: str, known: Iterable[str]) -> str:
    """Declared codes that resemble an undeclared one: a suggestion, never used."""
    return ", ".join(difflib.get_close_matches(code, list(known), n=3)) or "–"
