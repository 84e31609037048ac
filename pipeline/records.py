"""What a run records beside the numbers: the sources, and what was found."""

from __future__ import annotations

import pandas as pd

from pipeline.escape import visible
from pipeline.faults import Fault, explain_fault, shown
from pipeline.sources import Catalogue


def source_rows(catalogue: Catalogue, proofs: dict[str, str]) -> pd.DataFrame:
    """The table `sources`: what the cards say of every file."""
    names = [
        "file", "kind", "use", "producer", "producer_vi", "title", "url", "carrier", "licence",
        "published", "accessed", "scheme", "sha256", "proof", "note",
    ]  # fmt: skip
    rows = [
        {"source_id": source_id} | {name: getattr(card, name) for name in names}
        | {"proof_status": proofs.get(source_id)}
        for source_id, card in sorted(catalogue.cards.items())
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["source_id", *names, "proof_status"])


def finding_rows(warnings: list[Fault]) -> pd.DataFrame:
    """The table `findings`: the warnings of a run, in both languages."""
    rows = [
        {
            "rule": fault.rule,
            "file": visible(fault.place.file),
            "row": fault.place.row,
            "column": fault.place.column,
            "value": None if fault.value is None else shown(fault.value),
            "message_vi": explain_fault(fault, "vi")["why"],
            "message_en": explain_fault(fault, "en")["why"],
        }
        for fault in warnings
    ]
    columns = ["rule", "file", "row", "column", "value", "message_vi", "message_en"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"row": "Int64", "column": "Int64"})
