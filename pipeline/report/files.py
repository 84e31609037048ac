"""The files of the report in one language, what is read most first."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.explain import Release
from pipeline.provinces import load_reference
from pipeline.report.boundaries import Boundaries
from pipeline.report.charts_of_data import all_charts
from pipeline.report.choropleth import choropleth
from pipeline.report.contents import further_tables, main_tables
from pipeline.report.drawing import Drawn, finish, save_charts, style
from pipeline.report.findings import findings
from pipeline.report.model import Block, Heading, Links, Page, Words
from pipeline.report.pdf import write_pdf
from pipeline.report.profiles import Profiles
from pipeline.report.reader import Reader
from pipeline.report.tiles import load_tiles, tile_map
from pipeline.report.web import page_html
from pipeline.report.word import write_word
from pipeline.report.workbook import write_workbook
from pipeline.whole import write_bytes


def write_files(
    room: Path, release: Path, edition: str, reference: Path, lang: str,
    boundaries: Boundaries | None = None,
) -> None:  # fmt: skip
    """Write the report of one language.

    Args:
        room: its folder, there and empty.
        release, edition, reference, boundaries: as for `make_report`.
        lang: `vi` or `en`.
    """
    reader = Reader(Release(release), edition, lang, load_reference(reference).merger)
    with style():
        maps = [tile_map(reader, load_tiles(reference, reader.scheme)),
                choropleth(reader, boundaries)]  # fmt: skip
        _write_all(room, reader, maps)
    reader.con.close()


def _write_all(room: Path, reader: Reader, maps: list[Drawn | None]) -> None:
    """The workbook, the pages, the Word file and the PDFs of one language."""
    said, main = findings(reader), main_tables(reader)
    where = reader.say("cover_release", release=reader.id, edition=reader.edition,
                       year=reader.year, scheme=reader.scheme)  # fmt: skip
    notes = [where, reader.say("note_rounded"), reader.say("note_not_pii")]
    heading = f"{reader.title}: {reader.say('cover_tables')}"
    write_workbook(room / "annual_tables.xlsx", reader, [*main, *further_tables(reader)],
                   [heading, *notes, *said])  # fmt: skip
    drawn = [one for one in [*all_charts(reader), *maps] if one is not None]
    charts = [finish(one, reader, n) for n, one in enumerate(drawn, start=1)]
    title = reader.say("report_title", title=reader.title, edition=reader.edition)
    blocks: list[Block] = [
        Heading(1, title), Words(notes),
        Heading(2, reader.say("findings"), "findings"), Words(said, is_list=True),
        Heading(2, reader.say("charts"), "charts"), *charts,
        Heading(2, reader.say("tables"), "tables"), *main,
        Heading(2, reader.say("profiles"), "profiles"),
        Links([(name, f"profiles/{code}.html") for code, name in reader.names.items()]),
    ]  # fmt: skip
    report = Page("report", reader.lang, title, blocks)
    write_bytes(room / "report.html", page_html(report, reader).encode())
    (room / "charts").mkdir()
    save_charts(drawn, charts, room / "charts")
    write_word(room / "annual_tables.docx", reader, heading, notes, main)
    (room / "profiles").mkdir()
    maker = Profiles(reader)
    pages = [maker.page(code) for code in reader.names]
    for page in pages:
        content = page_html(page, reader).encode()
        write_bytes(room / "profiles" / f"{page.name}.html", content)
    whole = Page("report", reader.lang, title, [b for b in blocks if not _is_links(b)])
    for name, some in (("report", [whole]), ("profiles", pages)):
        with TemporaryDirectory() as scratch:
            write_pdf(room / f"{name}.pdf", Path(scratch), some, reader)


def _is_links(block: Block) -> bool:
    """Whether a block leads to other pages, which a PDF has not."""
    return isinstance(block, Links) or (isinstance(block, Heading) and block.name == "profiles")
