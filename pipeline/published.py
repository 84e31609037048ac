"""The publication suite asked about a whole release: a failed error becomes a fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.choices.aggregation import score_ranges
from pipeline.choices.scales import score_range
from pipeline.faults import Faults, Place
from pipeline.spec import node_rows

if TYPE_CHECKING:
    from pipeline.run import Loaded

Check = Callable[[Path, list[dict[str, Any]]], list[dict[str, Any]]]


def check_whole(folder: Path, loaded: Loaded, check: Check, faults: Faults) -> list[dict[str, Any]]:
    """The Great Expectations suite on the release; a failed error becomes a fault."""
    rows = node_rows(loaded.spec)
    spans = score_ranges(rows, loaded.spec).values()
    span = (min(low for low, _ in spans), max(high for _, high in spans))
    is_additive = all(row["method"] in (None, "arithmetic") for row in rows)
    editions = []
    common = loaded.spec.settings.normalise
    ranges = {item.code: score_range(common, item.normalise) for item in loaded.spec.indicators}
    for edition in loaded.spec.editions:
        codes = loaded.ref.codes(edition.scheme)
        editions.append({"edition": edition.edition, "scheme": edition.scheme,
                         "n_provinces": len(codes), "codes": codes,
                         "score_ranges": ranges, "node_range": span,
                         "is_additive": is_additive,
                         "rank_digits": loaded.spec.settings.rank.digits})  # fmt: skip
    results = check(folder, editions)
    for result in results:
        if not result["success"] and result["severity"] == "error":
            problem = f"{result['expectation']}: {result['detail']}"
            faults.add("OUT-01", Place(f"outputs/{result['table']}"), result["rule"],
                       problem=problem)  # fmt: skip
    return results
