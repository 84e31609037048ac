"""What the screens share: the figures they look at, and where each of them stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.choices.screens import Screens
from pipeline.faults import Faults, Place
from pipeline.ingest import Ingested
from pipeline.provinces import Reference
from pipeline.sources import Catalogue

KEY = ["scheme", "province_code", "year"]


@dataclass
class Figures:
    """The dated figures of all sources but those for comparison, one row per cell.

    `table` has the columns of `observed`, `low` and `high` (what the figure may be: infinite where
    a bound is not stated) and `at`, the number of the figure's place in `places`.
    """

    table: pd.DataFrame
    places: list[Place]
    catalogue: Catalogue
    ref: Reference
    settings: Screens
    faults: Faults

    def province(self, scheme: str, code: str) -> str:
        """A province as a message names it: `Cao Bằng (04)`."""
        return f"{self.ref.name(scheme, code)} ({code})"

    def where(self, at: int) -> str:
        """A figure's file and cell: `raw/x.csv F12`."""
        place = self.places[at]
        return f"{place.file} {place.cell or ''}".strip()

    def of(self, *variables: str) -> pd.DataFrame:
        """The figures of some variables, with a fresh index."""
        return self.table[self.table["variable"].isin(variables)].reset_index(drop=True)


def take_figures(
    ingested: Ingested, catalogue: Catalogue, ref: Reference, settings: Screens, faults: Faults
) -> Figures:
    """The figures that the screens look at; of a figure that stands twice, the first."""
    table = ingested.observed.assign(at=range(len(ingested.observed)))
    compared = [code for code, card in catalogue.cards.items() if card.use == "comparison"]
    is_taken = table["year"].notna() & table["value"].notna() & ~table["source_id"].isin(compared)
    table = table[is_taken].drop_duplicates([*KEY, "variable"]).reset_index(drop=True)
    table["year"] = table["year"].astype("int64")
    is_point = table["qualifier"].isin(["exact", "about"])
    bounds = (("low", -np.inf), ("high", np.inf))
    for name, infinite in bounds:
        stated = table[f"value_{name}"]
        table[name] = stated.fillna(table["value"].where(is_point, infinite))
    return Figures(table, ingested.places, catalogue, ref, settings, faults)


def said(number: float) -> str:
    """A statistic in a message: four digits that count, never as a power of ten."""
    return f"{number:.4g}" if abs(number) < 1e4 else f"{number:.0f}"
