"""How missing values are filled: what `index.yml` chooses, resolved for every indicator."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from pipeline.faults import Faults, Place
from pipeline.language import Words
from pipeline.sources import Share, Strict
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Spec

Method = Literal["none", "mean", "median", "carried", "linear", "knn", "iterative"]
Choices = dict[str, Any]
# What each method takes, with its defaults.
PARAMETERS: dict[str, Choices] = {
    "none": {},
    "mean": {"group": None, "max_share": 0.5},
    "median": {"group": None, "max_share": 0.5},
    "carried": {"from_future": False, "max_share": 0.5},
    "linear": {"max_share": 0.5},
    "knn": {"n_neighbours": 5, "max_share": 0.5},
    "iterative": {"max_iterations": 20, "seed": 0, "max_share": 0.5},
}
OVER_TIME = {"carried": 2, "linear": 3}  # how many editions of one scheme the method needs


class ImputeIndicator(Strict):
    """How the gaps of one indicator are filled; what is not named is as in the settings."""

    method: Method | None = None
    group: Literal["region", "peers"] | None = None
    from_future: bool | None = None
    n_neighbours: int | None = Field(default=None, ge=1)
    max_iterations: int | None = Field(default=None, ge=1)
    seed: int | None = Field(default=None, ge=0)
    max_share: Share | None = None

    @model_validator(mode="before")
    @classmethod
    def a_word_is_the_method(cls, given: Any) -> Any:
        return {"method": given} if isinstance(given, str) else given


class Impute(ImputeIndicator):
    """How gaps are filled where the indicator says nothing else."""

    method: Method


def resolved(common: Impute, own: ImputeIndicator | None) -> Choices:
    """Everything that decides one imputation: the indicator's, the settings', the method's."""
    given = common.model_dump(exclude_none=True)
    given |= {} if own is None else own.model_dump(exclude_none=True)
    taken = PARAMETERS[given["method"]]
    return {"method": given["method"], **taken, **{k: given[k] for k in taken if k in given}}


def impute_row(common: Impute, own: ImputeIndicator | None) -> dict[str, Any]:
    """The columns of `spec_indicators` that 50_imputed reads, of the same type in every row."""
    every = {key: value for taken in PARAMETERS.values() for key, value in taken.items()}
    chosen = every | resolved(common, own)
    return {f"impute_{key}": value for key, value in chosen.items()}


def check_imputation(spec: Spec, file: YamlFile, faults: Faults) -> None:
    """Refuse keys that do nothing and methods that have nothing to take from, on their lines.

    Args:
        spec: the index.
        file: where it was read, for the lines.
        faults: one SCH-17 is added per line and problem, naming the indicators.
    """
    common, here = spec.settings.impute, ("settings", "impute")
    found: dict[tuple[tuple[Any, ...], Words], list[str]] = defaultdict(list)
    used: set[str] = {"method"}
    for i, item in enumerate(spec.indicators):
        chosen = resolved(common, item.impute)
        used |= set(chosen)
        own = {} if item.impute is None else item.impute.model_dump(exclude_none=True)
        for key, problem in [*_useless(own, chosen), *_impossible(spec, chosen)]:
            where = ("indicators", i, "impute", key) if key in own else (*here, key)
            found[where, problem].append(item.code)
    for key in sorted(set(common.model_dump(exclude_none=True)) - used):
        takers = ", ".join(method for method, taken in PARAMETERS.items() if key in taken)
        found[(*here, key), Words("key_goes_with", {"key": key, "methods": takers})] = []
    for (path, problem), codes in found.items():
        known = {"problem": problem, "codes": ", ".join(codes)}
        said = Words("of_codes", known) if codes else problem
        faults.add("SCH-17", file.place(*path), path[-1], problem=said)


def _useless(own: Choices, chosen: Choices) -> Iterator[tuple[str, Words]]:
    """Keys of one indicator that its method does not take."""
    takes = ", ".join(key for key in chosen if key != "method") or "–"
    for key in own:
        if key not in chosen:
            known = {"method": chosen["method"], "key": key, "takes": takes}
            yield key, Words("takes_no", known)


def _impossible(spec: Spec, chosen: Choices) -> Iterator[tuple[str, Words]]:
    """What one indicator's choice needs and the index does not have."""
    method = chosen["method"]
    if chosen.get("group") == "peers" and spec.settings.peers is None:
        yield "group", Words("peers_not_set")
    if method not in OVER_TIME:
        return
    years: dict[str, list[int]] = defaultdict(list)
    for edition in spec.editions:
        years[edition.scheme].append(edition.reference_year)
    if max(len(set(one)) for one in years.values()) < OVER_TIME[method]:
        yield "method", Words("needs_editions", {"method": method, "n": OVER_TIME[method]})
    for scheme, one in years.items():
        twice = sorted({year for year in one if one.count(year) > 1})
        if twice:
            known = {"method": method, "scheme": scheme, "years": ", ".join(map(str, twice))}
            yield "method", Words("one_edition_a_year", known)


UNSETTLED = """
    select edition, string_agg(distinct indicator, ', ' order by indicator) as indicators
    from imputed
    where impute_note = 'not_settled'
    group by edition
    order by edition
"""


def warn_unsettled(con: Any, faults: Faults) -> None:
    """Warn of regressions whose rounds ended before the values settled.

    Args:
        con: the database, with `imputed`.
        faults: one SEM-20 is added per edition.
    """
    for edition, indicators in con.sql(UNSETTLED).fetchall():
        faults.add("SEM-20", Place("index.yml"), indicators, edition=edition)
