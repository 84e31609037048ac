"""Which tables stand where, in their order."""

from __future__ import annotations

from pipeline.report.evidence import (
    audit,
    codebook,
    coverage,
    gaps,
    sources,
    warnings,
    weighting,
)
from pipeline.report.model import Table
from pipeline.report.ranking import (
    leaders,
    merger,
    pillars,
    published_pii,
    ranking,
    regions,
    summary,
)
from pipeline.report.reader import Reader
from pipeline.report.robust import alone, drivers, robustness


def main_tables(reader: Reader) -> list[Table]:
    """The tables that the report and the Word file print."""
    found = [ranking(reader), summary(reader), pillars(reader), leaders(reader), regions(reader),
             coverage(reader), merger(reader), robustness(reader), drivers(reader), alone(reader),
             weighting(reader), audit(reader), published_pii(reader)]  # fmt: skip
    return [table for table in found if table is not None]


def further_tables(reader: Reader) -> list[Table]:
    """The tables that only the workbook has: gaps, warnings, sources and the codebook."""
    return [gaps(reader), warnings(reader), sources(reader), codebook(reader)]
