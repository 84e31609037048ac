"""A card against the variables it names, its hash, its years and its scheme."""

from __future__ import annotations

from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.periods import covers_of, fits
from pipeline.sources import SHA256, Card, Catalogue, nearest
from pipeline.yamlfile import YamlFile

Path = tuple[str | int, ...]  # of keys, in the file of cards


def check_variable(code: str, catalogue: Catalogue, file: YamlFile, faults: Faults) -> None:
    """The weight of a variable is declared, and nothing is added up that cannot be."""
    variable = catalogue.variables[code]
    weight = variable.merge_weight
    if weight is not None and not catalogue.knows(weight):
        place = file.place("variables", code, "merge_weight")
        faults.add("SCH-02", place, weight, nearest=nearest(weight, catalogue.variables))
    if variable.merge == "sum" and variable.measure in ("ratio", "score"):
        measure = Words(f"measure_{variable.measure}")
        faults.add("GEO-11", file.place("variables", code, "merge"), code, measure=measure)


def check_card(source_id: str, catalogue: Catalogue, file: YamlFile, faults: Faults) -> None:
    """Everything about a card that its own model cannot see; each fault on its line."""
    card, own = catalogue.cards[source_id], ("sources", source_id)
    _check_variables(card, own, catalogue, file, faults)
    _check_years(card, own, catalogue, file, faults)
    if not card.scheme:
        faults.add("SCH-16", file.place(*own), "scheme")
    if not SHA256.fullmatch(card.sha256):
        found = card.sha256 or Words("word_nothing")
        faults.add("SCH-12", file.place(*own, "sha256"), card.file, found=found)


def _check_variables(
    card: Card, own: Path, catalogue: Catalogue, file: YamlFile, faults: Faults
) -> None:
    """Every variable of a card is declared, and covers what its column says it covers."""
    named: list[tuple[str, Path]] = [
        (column.variable, ("columns", i, "variable")) for i, column in enumerate(card.columns)
    ]
    if card.register_ is not None:
        named.append((card.register_.variable, ("register", "variable")))
    for variable, path in named:
        if not catalogue.knows(variable):
            near = nearest(variable, catalogue.variables)
            faults.add("SCH-02", file.place(*own, *path), variable, nearest=near)
    for i, column in enumerate(card.columns):
        declared = catalogue.variables.get(column.variable)
        if declared is None:
            continue
        period, as_of = card.time_of(column)
        covered = covers_of(period) if period else "year"
        if fits(declared.covers, covered) and not (as_of and declared.measure == "flow"):
            continue
        place = file.place(*own, "columns", i)
        faults.add("DAT-12", place, period or as_of or column.year or card.year.value,
                   variable=column.variable, covers=declared.covers)  # fmt: skip


def _check_years(
    card: Card, own: Path, catalogue: Catalogue, file: YamlFile, faults: Faults
) -> None:
    """No declared year is after the one in which the file was obtained, but for targets."""
    years: list[tuple[Path, int | None]] = [(("year", "value"), card.year.value)]
    if card.register_ is not None:
        years.append((("register", "last_year"), card.register_.last_year))
    for i, column in enumerate(card.columns):
        declared = catalogue.variables.get(column.variable)
        if declared is not None and declared.measure != "target":
            years.append((("columns", i, "year"), column.year))
    limit = card.last_year()
    for path, year in years:
        if limit is not None and year is not None and year > limit:
            faults.add("DAT-07", file.place(*own, *path), year, limit=limit)
