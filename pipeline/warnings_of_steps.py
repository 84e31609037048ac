"""Warnings that only the computed tables show: merged provinces with a part missing, old years."""

from __future__ import annotations

from typing import Any

from pipeline.faults import Faults, Place
from pipeline.provinces import Reference

# Provinces whose indicator is missing because some, but not all, of their parts have the figure.
PARTS = """
select
    denominated.edition, denominated.indicator, harmonised.year, denominated.province_code,
    spec_editions.scheme, any_value(ref_merger.from_scheme) as from_scheme,
    min(sources.file) as file,
    list(ref_merger.from_code order by ref_merger.from_code)
        filter (where observed.value is null) as lost,
    count(*) as n_parts
from denominated
inner join spec_editions on denominated.edition = spec_editions.edition
inner join spec_indicators on denominated.indicator = spec_indicators.indicator
inner join harmonised on denominated.edition = harmonised.edition
    and denominated.province_code = harmonised.province_code
    and harmonised.variable in (spec_indicators.numerator, spec_indicators.denominator)
inner join ref_merger on harmonised.province_code = ref_merger.to_code
    and spec_editions.scheme = ref_merger.to_scheme
left join observed on ref_merger.from_scheme = observed.scheme
    and ref_merger.from_code = observed.province_code
    and harmonised.variable = observed.variable and harmonised.year = observed.year
left join sources on observed.source_id = sources.source_id
where denominated.reason in ('part_missing', 'denominator_missing')
    and harmonised.reason = 'part_missing'
    and spec_editions.reference_year - harmonised.year between 0 and spec_indicators.max_age
    and (denominated.edition, denominated.indicator) in
        (select (edition, indicator) from screened where is_entered)
group by all
having count(observed.value) > 0
order by all
"""

# Indicators that some provinces have for a year that is too old, while others have a newer one.
YEARS = """
with newest as (
    select
        denominated.edition, denominated.indicator, denominated.province_code, denominated.value,
        denominated.reason, spec_editions.scheme, spec_indicators.max_age,
        spec_editions.reference_year, denominated.data_year, max(harmonised.year) as newest_year
    from denominated
    inner join spec_editions on denominated.edition = spec_editions.edition
    inner join spec_indicators on denominated.indicator = spec_indicators.indicator
    left join harmonised on denominated.edition = harmonised.edition
        and denominated.province_code = harmonised.province_code
        and spec_indicators.numerator = harmonised.variable
    where (denominated.edition, denominated.indicator) in
        (select (edition, indicator) from screened where is_entered)
    group by all
)

select
    edition, indicator, scheme, max_age, reference_year,
    list(province_code order by province_code) filter (where reason = 'too_old') as old,
    min(newest_year) filter (where reason = 'too_old') as oldest,
    max(data_year) as newest
from newest
group by all
having count(value) > 0 and count(*) filter (where reason = 'too_old') > 0
order by all
"""


def warn_of_steps(con: Any, spec_name: str, ref: Reference, faults: Faults) -> None:
    """Add the warnings GEO-12 and DAT-09, one for each edition and indicator that entered it.

    Args:
        con: the database, with every table of the chain.
        spec_name: the file of the index, where the limit of an indicator's age stands.
        ref: names of the provinces.
        faults: where the warnings go.
    """
    by_indicator: dict[tuple[str, str, str], dict[str, str]] = {}
    for row in _rows(con, PARTS):
        lost = ", ".join(ref.name(row["from_scheme"], code) for code in row["lost"])
        whole = ref.name(row["scheme"], row["province_code"])
        n_there = row["n_parts"] - len(row["lost"])
        key = (row["file"], row["edition"], row["indicator"])
        words = f"{whole} {row['year']} ({n_there}/{row['n_parts']}, – {lost})"
        by_indicator.setdefault(key, {})[row["province_code"]] = words  # the newest year stays
    for (file, edition, indicator), words_of in by_indicator.items():
        faults.add("GEO-12", Place(file), indicator, edition=edition, n=len(words_of),
                   provinces="; ".join(words_of.values()))  # fmt: skip
    for row in _rows(con, YEARS):
        names = ", ".join(ref.name(row["scheme"], code) for code in row["old"])
        faults.add("DAT-09", Place(spec_name), row["indicator"], edition=row["edition"],
                   oldest=row["oldest"], newest=row["newest"], limit=row["max_age"],
                   year=row["reference_year"], n=len(row["old"]), provinces=names)  # fmt: skip


def _rows(con: Any, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = con.sql(query).to_arrow_table().to_pylist()
    return found
