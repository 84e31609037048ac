"""Variables that speak of one another: a part and its whole, a figure and the central source's."""

from __future__ import annotations

from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.sources import Catalogue, nearest
from pipeline.yamlfile import YamlFile


def check_kin(code: str, catalogue: Catalogue, file: YamlFile, faults: Faults) -> None:
    """The whole of a part, and the central figure, are declared and in the same unit.

    Args:
        code: a variable.
        catalogue: every variable.
        file: `raw/variables.yml`, for the line of the key.
        faults: SCH-02 for a variable nobody knows, SCH-17 for another unit.
    """
    variable = catalogue.variables[code]
    for key in ("part_of", "central"):
        name = getattr(variable, key)
        if name is None:
            continue
        place, other = file.place("variables", code, key), catalogue.variables.get(name)
        if not catalogue.knows(name) or name == code:
            faults.add(
                "SCH-02", place, name, nearest=nearest(name, {*catalogue.variables} - {code})
            )
        elif other is not None and other.unit != variable.unit:
            units = {"name": name, "unit": other.unit, "code": code, "own_unit": variable.unit}
            faults.add("SCH-17", place, key, problem=Words("other_unit", units))
