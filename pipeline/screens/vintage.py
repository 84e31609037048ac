"""Screens against the archived vintage: figures of past years that are not what they were."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from pipeline.faults import Faults, Place, column_number
from pipeline.provinces import Reference
from pipeline.screens.common import KEY
from pipeline.sources import Catalogue

COLUMNS = {
    "scheme": "str", "province_code": "str", "variable": "str", "year": "Int64",
    "old_value": "float64", "new_value": "float64", "old_status": "str", "new_status": "str",
    "source_id": "str", "locator": "str", "release": "str",
}  # fmt: skip
CELL = re.compile(r"(?:(?P<sheet>.*)!)?(?P<column>[A-Z]{1,3})(?P<row>[0-9]+)")


def find_revisions(release: Path, observed: pd.DataFrame) -> pd.DataFrame:
    """Dated figures that the last release published and that are different now, or gone.

    A release whose figures are those of today hands its own table on, so that a new release after
    a change of method alone still says what was revised last.

    Args:
        release: the folder of the current release; it may not exist.
        observed: the figures of today, in the columns of `observed`.

    Returns:
        One row per figure in `COLUMNS`, in the order of the key: the value that was published and
        the one there is now (missing when gone), where it stands, and the release it was in.
    """
    before = _read(release / "observed.parquet", list(observed.columns))
    if before is None:
        return _table(pd.DataFrame(columns=list(COLUMNS)))
    both = _dated(before).merge(
        _dated(observed), on=[*KEY, "variable"], how="left", suffixes=("_old", "")
    )
    old, new = both["value_old"], both["value"]
    changed = both[(old != new) & ~(old.isna() & new.isna())]
    if changed.empty:
        kept = _read(release / "revisions.parquet", list(COLUMNS))
        return _table(kept if kept is not None else pd.DataFrame(columns=list(COLUMNS)))
    found = changed.assign(
        old_value=changed["value_old"],
        new_value=changed["value"],
        old_status=changed["obs_status_old"],
        new_status=changed["obs_status"].fillna("M"),
        source_id=changed["source_id"].fillna(changed["source_id_old"]),
        locator=changed["locator"].fillna(changed["locator_old"]),
        release=release.resolve().name,
    )
    return _table(found)


def report_revisions(
    revisions: pd.DataFrame, catalogue: Catalogue, ref: Reference, faults: Faults
) -> None:
    """SEM-12: one finding per file, variable and year, at the largest change of them."""
    series: dict[tuple[str, str, int], list[Any]] = defaultdict(list)
    for row in revisions.to_dict("records"):
        series[row["source_id"], row["variable"], row["year"]].append(row)
    for (source_id, variable, year), rows in sorted(series.items()):
        most = max(rows, key=_size)
        old, new = ("–" if pd.isna(most[name]) else f"{most[name]:.15g}"
                    for name in ("old_value", "new_value"))  # fmt: skip
        card = catalogue.cards.get(source_id)
        place = _place(card.file if card is not None else source_id, most["locator"])
        province = f"{ref.name(most['scheme'], most['province_code'])} ({most['province_code']})"
        faults.add("SEM-12", place, new, old=old, variable=variable, year=year,
                   n=len(rows), province=province, release=most["release"])  # fmt: skip


def _size(row: dict[str, Any]) -> float:
    """How far a figure moved; one that came or went moved furthest."""
    size = abs(row["new_value"] - row["old_value"])
    return float("inf") if pd.isna(size) else float(size)


def _place(file: str, locator: str) -> Place:
    """The place of a locator such as `Số liệu!F12`; of a register's many cells, the file."""
    cell = CELL.fullmatch(locator)
    if cell is None:
        return Place(file)
    return Place(file, cell["sheet"], int(cell["row"]), column_number(cell["column"]))


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    """The figures with a year that stand once: two statements of one thing are no vintage."""
    columns = [*KEY, "variable", "value", "obs_status", "source_id", "locator"]
    dated = table.loc[table["year"].notna(), columns]
    dated = dated.drop_duplicates([*KEY, "variable"], keep=False)
    return dated.assign(year=dated["year"].astype("int64"))


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    """The revisions in their columns, types and order."""
    ordered = rows[list(COLUMNS)].sort_values([*KEY, "variable"], kind="stable", ignore_index=True)
    return ordered.astype(COLUMNS)


def _read(path: Path, columns: list[str]) -> pd.DataFrame | None:
    """A table of a release, or None where there is none with these columns that can be read."""
    try:
        frame: pd.DataFrame = pq.read_table(path, columns=columns).to_pandas()
    except (OSError, ValueError):
        return None
    return frame if list(frame.columns) == columns else None
