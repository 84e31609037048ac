"""Tools of the tests that break one rule: look for its fault, and for its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.faults import Fault, Faults, explain_fault, shown
from pipeline.ingest import Ingested, ingest
from pipeline.provinces import load_reference
from pipeline.sources import load_catalogue
from tests.conftest import Toy

POPULATION = "raw/synthetic_population.csv"
ENTERPRISES = "raw/synthetic_enterprises.csv"
LABOUR = "raw/synthetic_labour.csv"
REGISTER = "raw/synthetic_register.csv"
QUOTES = "raw/synthetic_quotes.csv"
CARDS = "raw/sources.yml"
VARIABLES = "raw/variables.yml"
INDEX = "index.yml"


def the_fault(
    found: list[Fault],
    rule: str,
    file: str,
    row: int | None = None,
    column: int | None = None,
    value: Any = None,
) -> Fault:
    """The one fault of `rule` at that place with that raw value; it reads well in both languages.

    Raises:
        AssertionError: with everything that was found, when there is no such fault.
    """
    wanted = (rule, file, row, column, shown(value))
    seen = {(f.rule, f.place.file, f.place.row, f.place.column, shown(f.value)): f for f in found}
    assert wanted in seen, f"{wanted} is not among {sorted(seen, key=str)}"
    for lang in ("vi", "en"):
        for words in explain_fault(seen[wanted], lang).values():
            assert words
            assert "{" not in words
    return seen[wanted]


def fired(toy: Toy, rule: str, file: str, *place_and_value: Any) -> Fault:
    """The fault of a run that must be refused: rule, file, row, column, value."""
    return the_fault(toy.faults(), rule, file, *place_and_value)


def line_of(toy: Toy, name: str, text: str) -> int:
    """The line of a file of the project, counted from 1, on which a text first stands."""
    before, found, _ = (toy.root / name).read_text("utf-8").partition(text)
    assert found, f"{text!r} is not in {name}"
    return before.count("\n") + 1


def give_file(toy: Toy, source: str, suffix: str, content: bytes) -> str:
    """Let a card read another file in place of its CSV; returns the file's name."""
    old = f"raw/synthetic_{source}.csv"
    new = str(Path(old).with_suffix(suffix))
    toy.edit(CARDS, f"file: {old}", f"file: {new}")
    (toy.root / old).unlink()
    toy.write(new, content)
    return new


def declare(toy: Toy, source: str, line: str) -> None:
    """Add a line to the card of a source."""
    toy.edit(CARDS, f"  {source}:\n", f"  {source}:\n    {line}\n")


def redefine(toy: Toy, variable: str, old: str, new: str) -> None:
    """Replace a text in the declaration of a variable."""
    text = (toy.root / VARIABLES).read_text("utf-8")
    (line,) = [x for x in text.splitlines() if x.startswith(f"  {variable}:")]
    assert old in line
    toy.write(VARIABLES, text.replace(line, line.replace(old, new)))


def cell_of(toy: Toy, source: str, locator: str) -> dict[str, Any]:
    """One observed figure; what is missing is None."""
    frame = toy.load().ingested.observed
    found = frame[(frame["source_id"] == source) & (frame["locator"] == locator)]
    (row,) = found.astype(object).where(found.notna(), None).to_dict("records")
    return {str(key): value for key, value in row.items()}


def card_keys(toy: Toy, source: str, **keys: str) -> None:
    """Add keys to a card, as YAML; a key that is there already is replaced."""
    path = toy.root / CARDS
    head, body = path.read_text("utf-8").split(f"  {source}:\n", 1)
    lines = [line for line in body.split("\n") if line.strip()]
    end = next((i for i, line in enumerate(lines) if not line.startswith("    ")), len(lines))
    own = [line for line in lines[:end] if line.split(":")[0].strip() not in keys]
    own += [f"    {key}: {value}" for key, value in keys.items()]
    toy.write(CARDS, f"{head}  {source}:\n" + "\n".join([*own, *lines[end:]]) + "\n")


def ingested(toy: Toy, faults: Faults | None = None) -> Ingested:
    """What the raw files of a project hold, through the real ingest; the index is left out.

    Raises:
        Rejected: with the faults of the files.
    """
    faults, ref = faults or Faults(), load_reference(toy.project.reference)
    catalogue = load_catalogue(toy.root, faults)
    assert catalogue is not None
    found = ingest(toy.root, catalogue, ref, faults)
    faults.raise_if_any()
    return found


def warned(toy: Toy) -> list[Fault]:
    """The warnings of the ingest."""
    faults = Faults()
    ingested(toy, faults)
    return faults.warnings()


def figures(toy: Toy, source: str = "population") -> dict[tuple[str, str, int], float | None]:
    """What was read of a source: value by province code, variable and year."""
    rows = ingested(toy).observed.to_dict("records")
    return {(row["province_code"], row["variable"], row["year"]): row["value"]
            for row in rows if row["source_id"] == source}  # fmt: skip


def lineage(toy: Toy, source: str, code: str) -> tuple[str | None, set[str]]:
    """The raw name of a province in a source, and what was done to read its cells."""
    frame = ingested(toy).observed
    rows = frame[(frame["source_id"] == source) & (frame["province_code"] == code)]
    done = {code for text in rows["handling"].dropna() for code in text.split(", ")}
    (name,) = set(rows["name_raw"])
    return name, done
