"""The report of a release: everything a reader opens, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.explain import Release
from pipeline.language import LANGUAGES
from pipeline.report.contents import further_tables, main_tables
from pipeline.report.findings import findings
from pipeline.report.model import Block, Heading, Page, Table, Words
from pipeline.report.pdf import write_pdf
from pipeline.report.reader import Reader
from pipeline.report.web import page_html
from pipeline.report.word import write_word
from pipeline.report.workbook import write_workbook
from pipeline.whole import write_bytes

Tell = Callable[[str, dict[str, str]], None]


def make_report(
    folder: Path, release: Path, edition: str, merger: dict[str, str], tell: Tell
) -> None:
    """Write the report of an edition into an empty folder, one folder per language.

    Args:
        folder: where to; it is there and empty.
        release: the release; nothing else is read.
        edition: an edition of it.
        merger: successor of every former province.
        tell: called at each stage.

    Raises:
        KeyError: when the release has no such edition.
    """
    opened = Release(release)
    for lang in LANGUAGES:
        reader = Reader(opened, edition, lang, merger)
        room = folder / lang
        room.mkdir()
        tell("stage_report", {"language": lang})
        _write_language(room, reader)
        reader.con.close()


def _write_language(room: Path, reader: Reader) -> None:
    said = findings(reader)
    main = main_tables(reader)
    whole = [*main, *further_tables(reader)]
    where = reader.say("cover_release", release=reader.id, edition=reader.edition,
                       year=reader.year, scheme=reader.scheme)  # fmt: skip
    notes = [where, reader.say("note_rounded"), reader.say("note_not_pii")]
    heading = f"{reader.title}: {reader.say('cover_tables')}"
    write_workbook(room / "annual_tables.xlsx", reader, whole, [heading, *notes, *said])
    page = Page("report", reader.lang, reader.say("report_title", title=reader.title,
                edition=reader.edition), report_blocks(reader, said, notes, main))  # fmt: skip
    write_bytes(room / "report.html", page_html(page, reader).encode())
    write_word(room / "annual_tables.docx", reader, heading, notes, main)
    with TemporaryDirectory() as scratch:
        write_pdf(room / "report.pdf", Path(scratch), [page], reader)


def report_blocks(
    reader: Reader, said: list[str], notes: list[str], tables: list[Table]
) -> list[Block]:
    """The report: what was found, the tables, and how it was made."""
    title = reader.say("report_title", title=reader.title, edition=reader.edition)
    blocks: list[Block] = [Heading(1, title), Words(notes)]
    blocks += [Heading(2, reader.say("findings"), "findings"), Words(said, is_list=True)]
    blocks += [Heading(2, reader.say("tables"), "tables"), *tables]
    return blocks
