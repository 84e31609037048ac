"""Pages made from data, so that they cannot drift: docs/data.md and docs/faults.md."""

from __future__ import annotations

from pipeline.catalogue import load_catalogue
from pipeline.escape import for_markdown
from pipeline.faults import Faults
from pipeline.language import catalogue
from pipeline.limits import DEFAULTS, Limits
from pipeline.project import Project
from pipeline.sources import Card, Catalogue
from pipeline.whole import replace_text

HEAD = "<!-- Written by `make docs` from {source}; edit that, not this page. -->\n\n"
USES = {
    "index": "Sources that may feed the index",
    "context": "Context, ingested and published but not used by the index",
    "comparison": "For comparison only: refused as an input",
}


def write_pages(project: Project) -> list[str]:
    """Write the generated pages; returns their names.

    Raises:
        Rejected: when the cards cannot be read.
    """
    faults = Faults()
    cards = load_catalogue(project.root, faults)
    faults.raise_if_any()
    assert cards is not None
    pages = {"docs/data.md": data_page(cards), "docs/faults.md": faults_page()}
    for name, content in pages.items():
        path = project.root / name
        path.parent.mkdir(exist_ok=True)
        replace_text(path, content)
    return list(pages)


def data_page(cards: Catalogue) -> str:
    """Every source with its card, grouped by use."""
    lines = [
        "# The data\n",
        "Every figure stands in a file under `raw/`, as its source states it, with a card in\n"
        "`raw/sources.yml`. Licences are given as the carrier states them for its own work; no\n"
        "text seen states terms for the statistics office's figures themselves, so they are\n"
        "recorded as not stated. Figures were read from the carriers named, not downloaded from\n"
        "the producer; whoever can reach the producer should fetch the tables again and renew\n"
        "the cards.\n",
    ]
    for use, title in USES.items():
        lines.append(f"## {title}\n")
        for source_id, card in sorted(cards.cards.items()):
            if card.use == use:
                lines.append(_source(source_id, card))
    lines.append("## Variables\n")
    lines.append("| Variable | Unit | Measure | After a merger | Name | Tên |")
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for code, v in sorted(cards.variables.items()):
        merge = f"weighted mean by `{v.merge_weight}`" if v.merge_weight else v.merge
        unit, name_en, name_vi = map(for_markdown, (v.unit, v.name_en, v.name_vi))
        lines.append(f"| `{code}` | {unit} | {v.measure} | {merge} | {name_en} | {name_vi} |")
    return HEAD.format(source="raw/sources.yml and raw/variables.yml") + "\n".join(lines) + "\n"


def _source(source_id: str, card: Card) -> str:
    facts = {
        "File": f"`{card.file}` ({card.kind}; one row is {for_markdown(card.rows)})",
        "Producer": " — ".join(map(for_markdown, filter(None, (card.producer, card.producer_vi)))),
        "Read from": " — ".join(for_markdown(text) for text in (card.url, card.carrier) if text),
        "Licence": for_markdown(card.licence),
        "Published": f"{for_markdown(card.published)}; accessed {for_markdown(card.accessed)}",
        "Scheme": card.scheme,
        "Number style": card.number_style,
        "Note": for_markdown(card.note or ""),
    }
    body = "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)
    return f"### {for_markdown(card.title)} (`{source_id}`)\n\n{body}\n"


def faults_page() -> str:
    """Every rule with its message and remedy in both languages."""
    lines = [
        "# Faults\n",
        "All faults of a run are reported together; each names the file, place and raw value,\n"
        "what is wrong and what to do. `reject` ends the run with exit code 1 and leaves what was\n"
        "published as it is; `warn` goes into `findings.parquet`, or about the machine (`SYS-17`,\n"
        "`SYS-18`) to the terminal only, and refuses the run with `--strict`. The same list is\n"
        "written to `outputs/errors.json` for programs, as `schemas/errors.schema.json` says.\n",
        "The rules SEM look at meaning. They show evidence and change nothing; their thresholds\n"
        "are `settings.screens` in `index.yml`. Only a part above its whole (SEM-03) and a\n"
        "constant indicator (SEM-07) end the run. A denominator of zero (SEM-01) does not: the\n"
        "result is missing with its reason, as where a denominator is missing, and the cell is\n"
        "shown.\n",
    ]
    for rule, entry in sorted(catalogue()["rules"].items()):
        lines.append(
            f"## {rule} ({entry['kind']})\n\n{entry['en']} *{entry['remedy_en']}*\n\n"
            f"{entry['vi']} *{entry['remedy_vi']}*\n"
        )
        if "build" in entry:
            there = {**entry, **entry["build"]}
            lines.append(
                f"In `build`: {there['en']} *{there['remedy_en']}*\n\n"
                f"{there['vi']} *{there['remedy_vi']}*\n"
            )
    lines += [
        "## Limits\n",
        "What is read is bounded before it is unpacked or allocated. A project changes a limit by\n"
        "a line such as `rows: 2000000` in `limits.yml` beside `index.yml`; a message quotes the\n"
        "limit, its name and what was measured. Aliases in YAML are never allowed.\n",
        "| Setting | Default | What it bounds |",
        "| --- | ---: | --- |",
    ]
    for name, field in Limits.model_fields.items():
        lines.append(f"| `{name}` | {DEFAULTS.quoted(name)} | {field.description} |")
    lines += [
        "\n## Cases without a rule of their own\n",
        "What is read without loss, what another rule tells, and what holds of every result.\n",
        *_cases("without_rule"),
        "## What makes no sense here\n",
        "Cases of bad input that a user may look for above, and what happens instead.\n",
        *_cases("otherwise"),
    ]
    return HEAD.format(source="pipeline/messages.yml") + "\n".join(lines)


def _cases(section: str) -> list[str]:
    """The cases of a section of the catalogue, as entries of a list in both languages."""
    cases = sorted(catalogue()[section].items())
    return [f"- **{case}**: {words['en']}\n\n  {words['vi']}\n" for case, words in cases]
