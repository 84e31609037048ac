"""Screens of proofs: the papers that are said to bear figures out."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path

from pipeline.faults import Faults, Place
from pipeline.sources import Catalogue

CARDS = "raw/sources.yml"


def check_proofs(root: Path, catalogue: Catalogue, faults: Faults) -> dict[str, str]:
    """SEM-11: the proof of every card that names one, judged without being read as data.

    Args:
        root: the project; a proof lies under its `raw/`.
        catalogue: the cards.
        faults: a proof that is missing or empty, or that stands for two claims, by its bytes.

    Returns:
        For each card that names a proof 'proven' or 'unproven'. A card is one claim.
    """
    claims: dict[str, list[str]] = defaultdict(list)
    problems: dict[str, str] = {}
    for source_id, card in catalogue.cards.items():
        if card.proof is None:
            continue
        path = root / card.proof
        content = b""
        if not path.resolve().is_relative_to(root.resolve()):
            faults.add("SEC-08", Place(CARDS), card.proof)
        elif path.is_file():
            content = path.read_bytes()
        if content:
            claims[hashlib.sha256(content).hexdigest()].append(source_id)
        else:
            problems[source_id] = "0 bytes" if path.is_file() else "–"
    for same in claims.values():
        if len(same) > 1:
            problems |= dict.fromkeys(same, ", ".join(same))
    for source_id, found in problems.items():
        proof = str(catalogue.cards[source_id].proof)
        faults.add("SEM-11", Place(proof), source_id, found=found)
    named = [code for code, card in catalogue.cards.items() if card.proof is not None]
    return {code: "unproven" if code in problems else "proven" for code in named}
