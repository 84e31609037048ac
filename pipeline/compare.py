"""Compare the index with what others publish, without ever tuning to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import store
from pipeline.spec import Spec, node_rows

STEPS_AGAIN = {"moments", "weighted", "aggregated", "ranked"}


@dataclass
class Agreement:
    """Rank agreement over the provinces that both rank."""

    what: str  # "index", or the node left out
    n: int
    rho: float
    table: pd.DataFrame  # province_code, province_name_vi, pii_rank, rank, difference


def compare_with_pii(
    folder: Path, edition: str, pii_edition: int, without: list[str]
) -> list[Agreement]:
    """Spearman rank correlation of an edition with the published PII ranks of a year.

    Args:
        folder: the release.
        edition: edition of ours; its scheme must be the one that PII ranks were published on.
        pii_edition: year of the PII.
        without: nodes to leave out, one at a time; the index is then made again by the same steps.

    Returns:
        One entry for the index and one per node left out; empty when fewer than three provinces
        have a published rank. Both sides are ranked anew among the provinces compared.
    """
    con = store.open_release(folder)
    published = con.sql(
        "select observed.scheme, province_code, observed.value as pii_rank from observed "
        f"where variable = 'pii_index_rank' and year = {int(pii_edition)}"
    ).df()
    names = con.sql(
        "select scheme, province_code, province_name_vi, rank from scores "
        "where level = 'index' and is_ranked and edition = $edition",
        params={"edition": edition},
    ).df()
    found = []
    for node in ["", *without]:
        ours = names if not node else names.drop(columns="rank").merge(
            _ranks_without(folder, edition, node), on="province_code"
        )  # fmt: skip
        both = ours.merge(published, on=["scheme", "province_code"])
        if len(both) < 3:
            return []
        found.append(_agreement(node or "index", both))
    con.close()
    return found


def _agreement(what: str, both: pd.DataFrame) -> Agreement:
    both = both.assign(
        rank=both["rank"].astype(float).rank(), pii_rank=both["pii_rank"].astype(float).rank()
    )
    rho = float(np.corrcoef(both["rank"], both["pii_rank"])[0, 1])
    both["difference"] = both["rank"] - both["pii_rank"]
    return Agreement(what, len(both), rho, both.sort_values("pii_rank", ignore_index=True))


def _ranks_without(folder: Path, edition: str, node: str) -> pd.DataFrame:
    """Ranks of the index with one node, and all under it, left out of the tree."""
    spec = Spec.model_validate(json.loads((folder / "spec.json").read_text("utf-8"))["index"])
    dropped = {node}
    for _ in spec.nodes:
        dropped |= {n.code for n in spec.nodes if n.parent in dropped}
    kept = spec.model_copy(
        update={
            "nodes": [n for n in spec.nodes if n.code not in dropped],
            "indicators": [i for i in spec.indicators if {i.code, i.parent}.isdisjoint(dropped)],
        }
    )
    again = store.connect()
    source = store.open_release(folder)
    store.put_table(again, "spec_nodes", pd.DataFrame(node_rows(kept)))
    normalised = source.sql("select * from normalised").to_arrow_table()
    again.register("incoming", normalised)
    again.execute(
        "create table normalised as select * from incoming where edition = $edition "
        "and indicator in (select node from spec_nodes)",
        {"edition": edition},
    )
    store.put_table(again, "spec_settings", pd.DataFrame([kept.settings.thresholds()]))
    for step in store.steps():
        if store.table_of(step) in STEPS_AGAIN:
            store.run_step(again, step)
    ranks = again.sql(
        "select province_code, rank from ranked where level = 'index' and is_ranked"
    ).df()
    again.close()
    source.close()
    return ranks
