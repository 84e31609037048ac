"""How a variable or an indicator changed between two years, and no others, in every province."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import store
from pipeline.analyse.page import NONE, Page, cell, table
from pipeline.faults import Faults
from pipeline.language import figure, reason, text
from pipeline.methods.trends import trends
from pipeline.run import Loaded, run_steps
from pipeline.spec import Edition, Indicator, Spec
from pipeline.spec_tables import spec_tables

Row = dict[str, Any]
NO_FIGURE = {"no_data", "too_old", "undated"}  # of other years, or of none


def trend_rows(loaded: Loaded, code: str, first: int, last: int, scheme: str) -> list[Row]:
    """Percent change and compound annual growth rate of every province of a scheme.

    Both years are made by the steps of the index: merged provinces by the rule of the variable, a
    ratio from a numerator and a denominator of that year, nothing carried from another year.

    Args:
        loaded: the raw data, read and checked.
        code: an indicator of the index, or a variable.
        first, last: the years, the first before the last.
        scheme: `63` or `34`.

    Returns:
        One dict per province: both values with their statuses, `percent_change`, `cagr` (percent a
        year), `reason` why a number is missing (see `methods.trends`), and why a figure is.
    """
    spec = _two_years(loaded, code, first, last, scheme)
    tables = spec_tables(spec, loaded.catalogue, loaded.ref)
    tables["spec_sources"]["use"] = "index"  # figures for comparison have a course too
    tables |= {"ingested": loaded.ingested.observed, "ref_shared_records": loaded.ingested.shared}
    con = store.connect()
    for name, frame in tables.items():
        store.put_table(con, name, frame)
    run_steps(con, Faults(), lambda *_: None, "observed", "denominated")
    cells = {
        (row["province_code"], row["edition"]): row
        for row in con.sql("select * from denominated").to_arrow_table().to_pylist()
    }
    con.close()
    names = [p for p in loaded.ref.provinces if p["scheme"] == scheme]
    names.sort(key=lambda p: p["province_code"])
    pairs = [[cells[p["province_code"], str(year)] for year in (first, last)] for p in names]
    values = np.array([[one["value"] for one in pair] for pair in pairs], dtype=np.float64)
    found = trends(values, [first, last], first, last)
    return [
        {
            "province_code": name["province_code"],
            "name_vi": name["name_vi"],
            "name_en": name["name_en"],
            **{f"{key}_{end}": one[key]
               for end, one in zip(("first", "last"), pair, strict=True)
               for key in ("value", "obs_status", "reason")},
            "percent_change": found.percent_change[i].item(),
            "cagr": found.cagr[i].item(),
            "reason": str(found.reason[i]) or None,
        }
        for i, (name, pair) in enumerate(zip(names, pairs, strict=True))
    ]  # fmt: skip


def _two_years(loaded: Loaded, code: str, first: int, last: int, scheme: Any) -> Spec:
    """The index with two editions and one indicator that takes figures of its year only."""
    item = next((i for i in loaded.spec.indicators if i.code == code), None)
    if item is None:
        variable = loaded.catalogue.variables[code]
        item = Indicator(
            code=code, parent=loaded.spec.indicators[0].parent, weight=1, direction=1,
            kind="level", numerator=code, max_age=0, unit_vi=variable.unit,
            unit_en=variable.unit, name_vi=variable.name_vi, name_en=variable.name_en,
            description_vi=variable.name_vi, description_en=variable.name_en,
        )  # fmt: skip
    editions = [Edition(edition=str(y), reference_year=y, scheme=scheme) for y in (first, last)]
    changed = {"editions": editions, "indicators": [item.model_copy(update={"max_age": 0})]}
    return loaded.spec.model_copy(update=changed)


def trend_page(loaded: Loaded, code: str, years: tuple[int, int], scheme: str, rows: list[Row],
               n: int | None, lang: str) -> Page:  # fmt: skip
    """The provinces, the fastest first, and what is missing with its reason."""
    item: Any = next((i for i in loaded.spec.indicators if i.code == code), None)
    declared = item or loaded.catalogue.variables[code]
    unit = declared.unit if item is None else getattr(item, f"unit_{lang}")
    title = text("trend_title", lang, name=getattr(declared, f"name_{lang}"), unit=unit,
                 first=years[0], last=years[1], scheme=scheme)  # fmt: skip

    def speed(row: Row) -> float:
        return -np.nan_to_num(row["cagr"], nan=-np.inf)

    cells = [
        [row[f"name_{lang}"], *(_figure(row, end, lang) for end in ("first", "last")),
         cell(row["percent_change"], lang, 1, signed=True), cell(row["cagr"], lang, 1, signed=True),
         _why(row, years, lang)]
        for row in sorted(rows, key=speed)[:n]
    ]  # fmt: skip
    headings = table(lang, "province first last percent_change cagr reason", cells, (1, 2, 3, 4))
    for j, year in enumerate(years, 1):
        headings.headings[j] = str(year)
    missing = sum(row["cagr"] is None or np.isnan(row["cagr"]) for row in rows)
    return [title, headings, text("trend_rule", lang, n=len(rows) - missing, missing=missing)]


def _figure(row: Row, end: str, lang: str) -> str:
    """A value, with its status when it is not a normal one."""
    status = row[f"obs_status_{end}"]
    mark = "" if status in ("A", "M") else f" {status}"
    value = row[f"value_{end}"]
    return NONE if value is None else figure(value, lang) + mark


def _why(row: Row, years: tuple[int, int], lang: str) -> str:
    if row["reason"] is None:
        return ""
    if row["reason"] not in ("missing_first", "missing_last"):
        return text(f"trend_{row['reason']}", lang)
    words = []
    for end, year in zip(("first", "last"), years, strict=True):
        why = row[f"reason_{end}"]
        if why in NO_FIGURE:
            words.append(text("trend_no_figure", lang, year=year))
        elif why is not None:
            words.append(f"{year}: {reason(why, lang)}")
    return "; ".join(words)
