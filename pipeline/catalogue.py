"""The cards and variables of a project, read and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.blanks import refuse_blanks
from pipeline.card_checks import check_card, check_variable
from pipeline.faults import Faults
from pipeline.kin import check_kin
from pipeline.limits import DEFAULTS, Limits
from pipeline.project import Project
from pipeline.provinces import scheme_names
from pipeline.sources import SHA256, CardFile, Catalogue, VariableFile
from pipeline.yamlfile import read_yaml, validate_each


def load_catalogue(root: Path, faults: Faults, limits: Limits = DEFAULTS) -> Catalogue | None:
    """Read `raw/sources.yml` and `raw/variables.yml`; None when one cannot be read at all.

    A card or variable that is refused is left out with its faults; the others are still used, so
    that one run reports the faults of all files.
    """
    card_file, variable_file = (
        read_yaml(root / name, name, faults, limits, root)
        for name in ("raw/sources.yml", "raw/variables.yml")
    )
    blank_cards = refuse_blanks(card_file, "sources", faults)
    blank_variables = refuse_blanks(variable_file, "variables", faults)
    card_file.schemes = scheme_names(Project(root).reference)
    card_parts = validate_each(CardFile, "sources", card_file, faults)
    variable_parts = validate_each(VariableFile, "variables", variable_file, faults)
    if card_parts is None or variable_parts is None:
        return None
    variables = {code: part.variables[code] for code, part in variable_parts.items() if part}
    found = Catalogue(
        cards={},
        variables=variables,
        unusable={*variable_parts, *blank_variables} - set(variables),
        broken={name: _file_of(entry) for name, entry in blank_cards.items()},
    )
    for code in variables:
        check_variable(code, found, variable_file, faults)
        check_kin(code, found, variable_file, faults)
    files: dict[str, str] = {}
    for source_id, part in card_parts.items():
        if part is None:
            entry = card_file.data["sources"][source_id]
            found.broken[source_id] = _file_of(entry)
            continue
        card = part.sources[source_id]
        found.cards[source_id] = card
        check_card(source_id, found, card_file, faults)
        if card.sha256 in files:
            place = card_file.place("sources", source_id, "sha256")
            faults.add("DUP-05", place, card.file, other=files[card.sha256])
        if SHA256.fullmatch(card.sha256):
            files[card.sha256] = card.file
    return found


def _file_of(entry: Any) -> str:
    """The file that a refused card speaks of, so that nobody asks for its card."""
    return str(entry.get("file")) if isinstance(entry, dict) else ""
