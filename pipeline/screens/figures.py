"""Screens of single figures: against the whole, last year and the central source."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.screens.common import KEY, Figures, said

SLACK = 1e-9  # relative: sums that were rounded when they were printed
MOST_STILL = 0.5  # a column that more provinces repeat stands still by nature, such as an area


def check_figures(figures: Figures) -> None:
    """Run every screen of this module; the findings go into `figures.faults`."""
    check_parts(figures)
    with_last_year = _with_last_year(figures.table)
    check_jumps(figures, with_last_year)
    check_copies(figures, with_last_year)
    check_central(figures)


def check_parts(figures: Figures) -> None:
    """SEM-03: a part is never above its whole, at the same date; a doubt is not a fault."""
    of = figures.catalogue.variables.items()
    wholes = {code: variable.part_of for code, variable in of if variable.part_of is not None}
    parts = figures.of(*wholes)
    if parts.empty:
        return
    both = parts.assign(whole=parts["variable"].map(wholes)).merge(
        figures.of(*wholes.values()), left_on=[*KEY, "whole"], right_on=[*KEY, "variable"],
        suffixes=("", "_other"),
    )  # fmt: skip
    above = both[both["low"] > both["high_other"] * (1 + SLACK)]
    for row in above[_end_of(above) == _end_of(above, "_other")].to_dict("records"):
        figures.faults.add(
            "SEM-03", figures.places[row["at"]], row["raw"], part=row["variable"],
            whole=row["whole"], other_value=row["raw_other"],
            other=figures.where(row["at_other"]),
            province=figures.province(row["scheme"], row["province_code"]), year=row["year"],
        )  # fmt: skip


def check_jumps(figures: Figures, both: pd.DataFrame) -> None:
    """SEM-05: a figure far above or below last year's of the same province."""
    settings = figures.settings
    new, old = both["value"].to_numpy(), both["value_old"].to_numpy()
    of = figures.catalogue.variables.items()
    is_count = both["variable"].map({code: v.integer for code, v in of}).to_numpy(dtype=bool)
    can_be_negative = both["variable"].map({code: v.min < 0 for code, v in of}).to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(new == old, 1.0, np.maximum(new / old, old / new))
    is_small = is_count & (np.maximum(new, old) < settings.jump_minimum)
    odd = both[(factor > settings.jump_factor) & ~is_small & ~can_be_negative]
    for row in odd.assign(factor=factor[odd.index]).to_dict("records"):
        figures.faults.add(
            "SEM-05", figures.places[row["at"]], row["raw"], variable=row["variable"],
            province=figures.province(row["scheme"], row["province_code"]), year=row["year"],
            old=row["raw_old"], old_cell=figures.where(row["at_old"]), old_year=row["year"] - 1,
            factor=said(row["factor"]), limit=said(settings.jump_factor),
        )  # fmt: skip


def check_copies(figures: Figures, both: pd.DataFrame) -> None:
    """SEM-06: a province whose every column in a file equals its producer's of the year before.

    A column that most provinces repeat (an area) says nothing and is not counted; nor is a
    register, whose stocks stand still by nature.
    """
    cards = figures.catalogue.cards
    producers = {code: card.producer for code, card in cards.items() if card.kind != "register"}
    producer = both["source_id"].map(producers)
    both = both[producer.notna() & (producer == both["source_id_old"].map(producers))]
    is_equal = (both["value"] == both["value_old"]).to_numpy()
    column = both.groupby(["scheme", "variable", "year"]).ngroup().to_numpy()
    n_provinces = np.bincount(column)
    is_still = np.bincount(column, is_equal) > MOST_STILL * n_provinces
    is_moving = ~(is_still & (n_provinces >= figures.settings.sample))[column]
    rows = both.assign(is_equal=is_equal)[is_moving].groupby(["source_id", *KEY])
    found = rows.agg(n=("is_equal", "size"), is_copy=("is_equal", "all"), at=("at", "min"))
    is_odd = found["is_copy"] & (found["n"] >= figures.settings.copied_columns)
    for row in found[is_odd].reset_index().to_dict("records"):
        figures.faults.add(
            "SEM-06", figures.places[row["at"]],
            figures.province(row["scheme"], row["province_code"]), n=row["n"],
            year=row["year"], old_year=row["year"] - 1, limit=figures.settings.copied_columns,
        )  # fmt: skip


def check_central(figures: Figures) -> None:
    """SEM-10: a figure that differs from the central source's, which is the one declared to count.

    Figures with a lower bound only, or a range, differ when no value they allow comes near enough.
    """
    tolerance = figures.settings.source_tolerance
    for code, variable in figures.catalogue.variables.items():
        if variable.central is None:
            continue
        both = _beside(figures, code, variable.central)
        apart = np.maximum(both["low"] - both["high_other"], both["low_other"] - both["high"])
        size = both["value_other"].abs().where(both["value_other"] != 0, both["value"].abs())
        both["difference"] = apart / size  # below 0 where they overlap
        for row in both[both["difference"] > tolerance].to_dict("records"):
            figures.faults.add(
                "SEM-10", figures.places[row["at"]], row["raw"], variable=code,
                province=figures.province(row["scheme"], row["province_code"]),
                year=row["year"], central=variable.central, held=row["raw_other"],
                other=figures.where(row["at_other"]), difference=f"{row['difference']:.1%}",
                tolerance=f"{tolerance:.1%}",
            )  # fmt: skip


def _beside(figures: Figures, code: str, other: str) -> pd.DataFrame:
    """The figures of two variables of the same province and year, side by side."""
    return figures.of(code).merge(figures.of(other), on=KEY, suffixes=("", "_other"))


def _end_of(both: pd.DataFrame, suffix: str = "") -> pd.Series:
    """The date on which a period ends: `2022` and `2022-01-01/2022-12-31` end on the same day."""
    end = both[f"period{suffix}"].fillna("").astype(str).str.split("/").str[-1]
    return end.mask(end.str.len() == 4, end + "-12-31")


def _with_last_year(table: pd.DataFrame) -> pd.DataFrame:
    """Each figure beside the one of the same province and variable a year before, where known."""
    key = [*KEY, "variable"]
    before = table[[*key, "value", "raw", "at", "source_id"]].assign(year=table["year"] + 1)
    return table.merge(before, on=key, suffixes=("", "_old"))
