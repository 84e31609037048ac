"""The index as the `spec_*` tables, and the reference as the `ref_*` tables, that steps read."""

from __future__ import annotations

import pandas as pd

from pipeline.choices.imputation import impute_row
from pipeline.choices.scales import scale_row, turned, typed
from pipeline.choices.treatment import treat_row
from pipeline.provinces import Reference
from pipeline.sources import Catalogue
from pipeline.spec import Spec, node_rows


def index_tables(spec: Spec) -> dict[str, pd.DataFrame]:
    """The `spec_*` tables that the index alone decides, by name."""
    nodes = node_rows(spec)
    directions = turned(spec)
    words = {"name_vi", "name_en", "description_vi", "description_en", "impute", "normalise",
             "treat", "overlaps"}  # fmt: skip
    common = spec.settings
    indicators = [
        {**item.model_dump(exclude=words), "indicator": item.code,
         "direction": directions[item.code],
         "indicator_coverage": common.indicator_coverage if item.indicator_coverage is None
         else item.indicator_coverage,
         **impute_row(common.impute, item.impute), **treat_row(common.treat, item.treat),
         **scale_row(common.normalise, item.normalise)}
        for item in spec.indicators
    ]  # fmt: skip
    tables = {
        "spec_editions": pd.DataFrame([e.model_dump() for e in spec.editions]),
        "spec_nodes": pd.DataFrame(nodes),
        "spec_indicators": typed(pd.DataFrame(indicators)),
        "spec_settings": pd.DataFrame([spec.settings.thresholds()]),
    }
    tables["spec_indicators"]["span"] = tables["spec_indicators"]["span"].astype("Int64")
    return tables


def spec_tables(spec: Spec, catalogue: Catalogue, ref: Reference) -> dict[str, pd.DataFrame]:
    """The `spec_*` and `ref_*` tables that the SQL steps read, by name."""
    variables = [
        {"variable": code, "merge": v.merge, "merge_weight": v.merge_weight}
        for code, v in catalogue.variables.items()
    ]
    sources = [{"source_id": code, "use": card.use} for code, card in catalogue.cards.items()]
    old, new = (ref.schemes[0]["scheme"], ref.schemes[-1]["scheme"])
    merger = [{"from_scheme": old, "from_code": a, "to_scheme": new, "to_code": b}
              for a, b in ref.merger.items()]  # fmt: skip
    return index_tables(spec) | {
        "spec_variables": pd.DataFrame(variables),
        "spec_sources": pd.DataFrame(sources),
        "ref_provinces": pd.DataFrame(ref.provinces),
        "ref_merger": pd.DataFrame(
            merger, columns=["from_scheme", "from_code", "to_scheme", "to_code"]
        ),
    }
