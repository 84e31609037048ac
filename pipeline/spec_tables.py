"""The index as the `spec_*` tables, and the reference as the `ref_*` tables, that steps read."""

from __future__ import annotations

import pandas as pd

from pipeline.choices.scales import scale_row, turned, typed
from pipeline.provinces import Reference
from pipeline.sources import Catalogue
from pipeline.spec import Spec, node_rows


def spec_tables(spec: Spec, catalogue: Catalogue, ref: Reference) -> dict[str, pd.DataFrame]:
    """The `spec_*` and `ref_*` tables that the SQL steps read, by name."""
    nodes = node_rows(spec)
    directions = turned(spec)
    words = {"name_vi", "name_en", "description_vi", "description_en", "normalise", "overlaps"}
    indicators = [
        {**item.model_dump(exclude=words), "indicator": item.code,
         "direction": directions[item.code], **scale_row(spec.settings.normalise, item.normalise)}
        for item in spec.indicators
    ]  # fmt: skip
    variables = [
        {"variable": code, "merge": v.merge, "merge_weight": v.merge_weight}
        for code, v in catalogue.variables.items()
    ]
    sources = [{"source_id": code, "use": card.use} for code, card in catalogue.cards.items()]
    old, new = (ref.schemes[0]["scheme"], ref.schemes[-1]["scheme"])
    merger = [{"from_scheme": old, "from_code": a, "to_scheme": new, "to_code": b}
              for a, b in ref.merger.items()]  # fmt: skip
    tables = {
        "spec_editions": pd.DataFrame([e.model_dump() for e in spec.editions]),
        "spec_nodes": pd.DataFrame(nodes),
        "spec_indicators": typed(pd.DataFrame(indicators)),
        "spec_settings": pd.DataFrame([spec.settings.thresholds()]),
        "spec_variables": pd.DataFrame(variables),
        "spec_sources": pd.DataFrame(sources),
        "ref_provinces": pd.DataFrame(ref.provinces),
        "ref_merger": pd.DataFrame(
            merger, columns=["from_scheme", "from_code", "to_scheme", "to_code"]
        ),
    }
    tables["spec_indicators"]["span"] = tables["spec_indicators"]["span"].astype("Int64")
    return tables
