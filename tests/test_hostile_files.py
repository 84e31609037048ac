"""Hostile files are refused, or listed, before they cost anything."""

from __future__ import annotations

import io
import os
import pickle
import re
import socket
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.faults import Fault, Faults
from pipeline.ingest.content import check_content
from pipeline.limits import DEFAULTS
from tests import hostile
from tests.breaking import CARDS, INDEX, POPULATION, fired, give_file, line_of, the_fault
from tests.conftest import Toy
from tests.hostile import (
    MB,
    RELS,
    SHEET,
    TYPES,
    before_root,
    faults_of,
    inserted,
    packed,
    remade,
)  # fmt: skip

pytestmark = pytest.mark.timeout(30)
Make = Callable[[Toy], bytes]


def refused(
    toy: Toy, content: bytes, rule: str, suffix: str = ".xlsx", most: int = 100 * MB
) -> Fault:
    """The one fault by which the file is refused, found in bounded memory."""
    (fault,) = [f for f in faults_of(toy, content, suffix, most) if f.kind == "reject"]
    assert fault.rule == rule
    return fault


def set_limits(toy: Toy, **limits: int) -> None:
    toy.write("limits.yml", "".join(f"{key}: {value}\n" for key, value in limits.items()))


def _lying(raw: bytes, size: int) -> bytes:
    """The zip with the unpacked size of its first entry belittled in both headers."""
    info = zipfile.ZipFile(io.BytesIO(raw)).infolist()[0]
    true = struct.pack("<I", info.file_size)
    assert raw.count(true) >= 2
    return raw.replace(true, struct.pack("<I", size))


BOMBS = {
    "a sheet of zeros": lambda toy: remade(hostile.xlsx(toy), {SHEET: b"0" * 100 * MB}),
    "many parts": lambda _: packed([(f"xl/{i}.xml", b"") for i in range(10_001)]),
    "a workbook in a workbook": lambda toy: remade(
        hostile.xlsx(toy), {"xl/more.xml": packed([("a", b"0" * 50 * MB)])}
    ),
    "a header that lies": lambda _: _lying(packed([("a.bin", b"\0" * 20 * MB)]), 1000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_SEC_01_a_zip_bomb_is_refused_before_it_is_unpacked(toy: Toy, name: str) -> None:
    content = BOMBS[name](toy)
    assert len(content) < 2 * MB
    started = time.perf_counter()
    fault = refused(toy, content, "SEC-01", most=50 * MB)
    assert time.perf_counter() - started < 2
    assert fault.details["limit"]
    assert fault.details["setting"] in {"unzip_ratio", "unzipped_bytes", "zip_entries", "–"}


@pytest.mark.parametrize("honest", [True, False])
def test_SEC_01_many_parts_that_are_small_are_measured_together(toy: Toy, honest: bool) -> None:
    content = packed([(f"{i}.bin", b"0" * MB) for i in range(21)])  # each a free megabyte
    set_limits(toy, unzipped_bytes=20 * MB)
    if not honest:
        content = content.replace(struct.pack("<I", MB), struct.pack("<I", 10))
    fault = refused(toy, content, "SEC-01", most=20 * MB)
    assert fault.details["setting"] == "unzipped_bytes"


def test_SEC_01_the_limit_and_the_measure_stand_in_the_message(toy: Toy) -> None:
    content = remade(hostile.xlsx(toy), {"xl/much.bin": os.urandom(100_000)})
    set_limits(toy, unzipped_bytes=50_000)
    fault = refused(toy, content, "SEC-01")
    assert fault.details["limit"] == "50000 bytes"
    assert fault.details["setting"] == "unzipped_bytes"
    assert int(str(fault.value).split()[0]) > 100_000


@pytest.mark.parametrize("part", [TYPES, RELS, SHEET, "xl/workbook.xml", "docProps/core.xml"])
@pytest.mark.parametrize("bomb", ["BILLION", "QUADRATIC"])
def test_SEC_02_an_entity_bomb_in_any_part_is_refused_in_two_seconds(
    toy: Toy, part: str, bomb: str
) -> None:
    content = remade(hostile.xlsx(toy), {part: before_root(getattr(hostile, bomb))})
    started = time.perf_counter()
    fault = refused(toy, content, "SEC-02")
    assert time.perf_counter() - started < 2
    assert str(fault.value).startswith(part)


@pytest.mark.parametrize("suffix", [".csv", ".ods", ".xlsb"])
def test_SEC_02_an_entity_bomb_is_found_whatever_the_file_is_called(toy: Toy, suffix: str) -> None:
    content = remade(hostile.xlsx(toy), {RELS: before_root(hostile.BILLION)})
    refused(toy, content, "SEC-02", suffix)


def test_SEC_02_a_bomb_in_UTF_16_or_in_an_ODS_is_found_too(toy: Toy, tmp_path: Path) -> None:
    wide = before_root(hostile.BILLION)(b'<?xml version="1.0"?><x/>').decode().encode("utf-16")
    refused(toy, remade(hostile.xlsx(toy), {"xl/other.dat": wide}), "SEC-02")
    other = Toy(tmp_path / "other")
    content = remade(hostile.ods(other), {"content.xml": before_root(hostile.BILLION)})
    refused(other, content, "SEC-02", ".ods")


@pytest.mark.parametrize("part", [TYPES, RELS, SHEET])
@pytest.mark.parametrize("target", ["file://{trap}", "http://127.0.0.1:{port}/x"])
def test_SEC_03_an_external_entity_is_refused_and_nothing_is_opened(
    toy: Toy, tmp_path: Path, part: str, target: str
) -> None:
    trap = tmp_path / "trap"
    os.mkfifo(trap)  # whoever opened it would wait for ever
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        address = target.format(trap=trap, port=server.getsockname()[1])
        markup = f'<!DOCTYPE x [<!ENTITY % e SYSTEM "{address}">%e;]>'.encode()
        fault = refused(toy, remade(hostile.xlsx(toy), {part: before_root(markup)}), "SEC-03")
        with pytest.raises(TimeoutError):
            server.accept()
    assert fault.value == f"{part}: {address}"


def test_SEC_03_an_external_document_type_is_refused(toy: Toy) -> None:
    markup = b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">'
    refused(toy, remade(hostile.xlsx(toy), {SHEET: before_root(markup)}), "SEC-03")


LINK = (
    '<Relationship Id="rId99" Type="http://x/relationships/{kind}" '
    'Target="{target}" TargetMode="External"/>'
)


def test_SEC_04_what_a_workbook_draws_from_outside_is_listed_and_not_followed(toy: Toy) -> None:
    links = {"externalLinkPath": "file:///other.xlsx", "image": "http://127.0.0.1/x.png",
             "hyperlink": "http://127.0.0.1/page"}  # fmt: skip
    rels = "".join(LINK.format(kind=kind, target=target) for kind, target in links.items())
    content = remade(
        hostile.xlsx(toy),
        {
            "xl/_rels/workbook.xml.rels": inserted(b"</Relationships>", rels.encode()),
            "xl/connections.xml": b'<connections><connection id="1" name="Bank"/></connections>',
            "xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0",
            "xl/externalLinks/externalLink1.xml": b'<x><ddeLink ddeService="cmd"/></x>',
        },
    )
    name = give_file(toy, "population", ".xlsx", content)
    listed = [fault for fault in toy.warnings() if fault.rule == "SEC-04"]
    assert [(fault.place.file, fault.value) for fault in listed] == [
        (name, "connection: Bank"),
        (name, "ddeLink: cmd"),
        (name, "externalLinkPath: file:///other.xlsx"),
        (name, "image: http://127.0.0.1/x.png"),
        (name, "xl/embeddings/oleObject1.bin"),
    ]
    for fault in listed:
        the_fault(listed, "SEC-04", name, None, None, fault.value)


def test_SEC_04_links_of_an_ODS_are_listed(toy: Toy) -> None:
    inside = '<table:table-source xlink:href="../other.ods"/>'
    inside += '<draw:image xlink:href="http://127.0.0.1/x.png"/>'
    name = give_file(toy, "population", ".ods", hostile.ods(toy, inside))
    listed = [fault.value for fault in toy.warnings() if fault.rule == "SEC-04"]
    assert listed == ["image: http://127.0.0.1/x.png", "table-source: ../other.ods"]
    assert name.endswith(".ods")


MACROS: dict[str, Make] = {
    "a project": lambda toy: remade(hostile.xlsx(toy), {"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"}),
    "a content type": lambda toy: remade(
        hostile.xlsx(toy),
        {TYPES: lambda part: part.replace(
            b"spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main", 1)},
    ),
    "a sheet of macros": lambda toy: remade(
        hostile.xlsx(toy), {"xl/macrosheets/sheet1.xml": b"<macrosheet/>"}
    ),
    "an ODS library": lambda toy: remade(
        hostile.ods(toy), {"Basic/Standard/Module1.xml": b"<module/>"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".xlsx", ".xlsm", ".csv"])
@pytest.mark.parametrize("name", MACROS)
def test_SEC_05_macros_are_refused_by_content_whatever_the_name(
    toy: Toy, name: str, suffix: str
) -> None:
    refused(toy, MACROS[name](toy), "SEC-05", suffix)


def _ole(*names: str) -> bytes:
    """The start of an OLE file with a directory that names these storages."""
    entries = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + struct.pack("<H", 2 * len(name) + 2)
        + b"\x01".ljust(62, b"\0")
        for name in ("Root Entry", *names)
    )
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + entries.ljust(2048, b"\0")


def test_SEC_05_macros_of_an_old_workbook_are_refused(toy: Toy) -> None:
    fault = refused(toy, _ole("Workbook", "_VBA_PROJECT_CUR"), "SEC-05", ".xls")
    assert fault.value == "_VBA_PROJECT_CUR"


def test_SEC_04_objects_in_an_old_workbook_are_listed(toy: Toy) -> None:
    name = give_file(toy, "population", ".xls", _ole("Workbook", "MBD0012ABCD"))
    the_fault(toy.faults(), "SEC-04", name, None, None, "MBD0012ABCD")


NAMES = ["../evil.xml", "a/../../evil.xml", "..\\evil.xml", "/etc/evil.xml", "C:\\evil.xml",
         "C:evil.xml", "\\\\host\\evil", "a\0.xml"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_SEC_06_an_entry_that_leaves_its_folder_is_refused(toy: Toy, name: str) -> None:
    before = sorted(toy.root.parent.rglob("*"))
    with zipfile.ZipFile(io.BytesIO(hostile.xlsx(toy))) as book:
        entries = [(n, book.read(n)) for n in book.namelist()]
    fault = refused(toy, packed([*entries, (name, b"<x/>")]), "SEC-06")
    assert fault.value == name
    names = {path.name for path in toy.root.parent.rglob("*")}
    assert names - {path.name for path in before} == {"synthetic_population.xlsx"}


@pytest.mark.parametrize("again", [SHEET, SHEET.upper(), SHEET.replace("/", "\\")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_SEC_06_an_entry_that_stands_twice_is_refused(toy: Toy, again: str) -> None:
    with zipfile.ZipFile(io.BytesIO(hostile.xlsx(toy))) as book:
        entries = [(n, book.read(n)) for n in book.namelist()]
    fault = refused(toy, packed([*entries, (again, b"<x/>")]), "SEC-06")
    assert fault.value == again


@pytest.mark.parametrize(
    "path",
    ["../../secret.csv", "raw/../../secret.csv", "/etc/passwd", "~/secret.csv", "C:\\secret.csv",
     "raw\\..\\..\\secret.csv", "\\\\host\\share\\x.csv", "index.yml", "raw"],
)  # fmt: skip
def test_SEC_07_a_path_that_leaves_the_project_is_refused_with_its_setting(
    toy: Toy, path: str
) -> None:
    toy.edit(CARDS, "file: raw/synthetic_population.csv", f"file: '{path}'")
    row = line_of(toy, CARDS, f"file: '{path}'")
    assert fired(toy, "SEC-07", CARDS, row, None, path).details["key"] == "file"


def test_SEC_08_a_link_out_of_the_project_is_not_read(toy: Toy, tmp_path: Path) -> None:
    outside = tmp_path / "secret.csv"
    (toy.root / POPULATION).rename(outside)
    (toy.root / POPULATION).symlink_to(outside)
    fired(toy, "SEC-08", POPULATION, None, None, POPULATION)


def test_SEC_08_a_hard_link_to_a_file_outside_is_not_read(toy: Toy, tmp_path: Path) -> None:
    (toy.root / POPULATION).rename(tmp_path / "secret.csv")
    os.link(tmp_path / "secret.csv", toy.root / POPULATION)
    fired(toy, "SEC-08", POPULATION, None, None, POPULATION)
    (tmp_path / "secret.csv").unlink()
    toy.load()


def test_SEC_08_two_names_under_raw_for_one_file_are_no_way_out(toy: Toy) -> None:
    os.link(toy.root / POPULATION, toy.root / "raw/other.txt")
    toy.load()


def test_SEC_08_neither_the_cards_nor_the_folder_may_be_a_link(toy: Toy, tmp_path: Path) -> None:
    (toy.root / CARDS).rename(tmp_path / "cards.yml")
    (toy.root / CARDS).symlink_to(tmp_path / "cards.yml")
    fired(toy, "SEC-08", CARDS, None, None, CARDS)
    (toy.root / CARDS).unlink()
    (tmp_path / "cards.yml").rename(toy.root / CARDS)
    (toy.root / "raw").rename(tmp_path / "raw")
    (toy.root / "raw").symlink_to(tmp_path / "raw")
    assert {fault.rule for fault in toy.faults()} >= {"SEC-08"}


def test_SEC_08_the_fingerprint_does_not_read_the_target_of_a_link(
    toy: Toy, tmp_path: Path
) -> None:
    from pipeline.project import input_files

    (tmp_path / "secret.csv").write_text("secret")
    (toy.root / "raw/link.csv").symlink_to(tmp_path / "secret.csv")
    assert input_files(toy.project)["raw/link.csv"] == "outside"


@pytest.mark.parametrize("what", ["pipe", "socket", "device", "folder"])
def test_SEC_09_what_is_no_regular_file_is_refused_without_waiting(
    toy: Toy, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toy.root / POPULATION
    path.unlink()
    monkeypatch.chdir(path.parent)  # the name of a socket may have 100 letters at most
    if what == "pipe":
        os.mkfifo(path)
    elif what == "folder":
        path.mkdir()
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    elif os.geteuid() == 0:
        os.mknod(path, 0o20666, os.makedev(1, 5))  # an endless /dev/zero
    else:
        pytest.skip("only root may make a device; the other kinds are tested")
    fired(toy, "SEC-09", POPULATION, None, None, POPULATION)
    assert toy.project.spec.is_file()


@pytest.mark.parametrize("name", [INDEX, CARDS])
def test_SEC_09_a_pipe_in_place_of_a_YAML_file_is_refused(toy: Toy, name: str) -> None:
    (toy.root / name).unlink()
    os.mkfifo(toy.root / name)
    fired(toy, "SEC-09", name, None, None, name)


class Trap:
    """A pickle that would make a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (str(self.path), "w"))


def _npy(trap: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Trap(trap)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def _parquet(metadata: dict[bytes, bytes]) -> bytes:
    buffer = io.BytesIO()
    columns = {"province": ["Hà Nội"], "2020": [1.0], "2022": [1.0]}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), buffer)
    return buffer.getvalue()


def _typed_by_pickle(trap: Path) -> bytes:
    """Parquet with a column whose Arrow type is a pickle, as pyarrow before 14.0.1 ran it."""
    kind = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Trap(trap)),
    }
    buffer = io.BytesIO()
    schema = pa.schema([pa.field("province", pa.string(), metadata=kind)])
    pq.write_table(pa.table({"province": ["Hà Nội"]}, schema=schema), buffer)
    return buffer.getvalue()


PICKLES: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    **{f"protocol {n}": (".csv", lambda trap, n=n: pickle.dumps(Trap(trap), n)) for n in (2, 4, 5)},
    "a pickle": (".pkl", lambda trap: pickle.dumps(Trap(trap))),
    "an array of objects": (".npy", _npy),
    "an array called CSV": (".csv", _npy),
    "metadata": (".parquet", lambda trap: _parquet({b"x": pickle.dumps(Trap(trap))})),
    "a type": (".parquet", _typed_by_pickle),
}


@pytest.mark.parametrize("name", PICKLES)
def test_SEC_15_a_pickle_is_refused_and_nothing_in_it_is_run(
    toy: Toy, tmp_path: Path, name: str
) -> None:
    suffix, make = PICKLES[name]
    trap = tmp_path / "trap"
    refused(toy, make(trap), "SEC-15", suffix)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("suffix", "content", "kind"),
    [
        (".xls", b"<html><table><tr><td>1</td></tr></table></html>", "HTML"),
        (".xls", b"\xef\xbb\xbf\r\n <!DOCTYPE html>\n<html></html>", "HTML"),
        (".xlsx", b"<table border=1><tr><td>1", "HTML"),
        (".xls", b'<?xml version="1.0"?><Workbook/>', "XML"),
        (".xlsx", b"province,2020\n", "text"),
        (".xls", b"province;2020\n", "text"),
        (".csv", b"%PDF-1.7 not a table", "PDF"),
        (".csv", b"<!doctype html><html>", "HTML"),
        (".csv", b"PAR1xxxxPAR1", "Parquet"),
        (".csv", b"\x1f\x8b\x08\0", "gzip"),
        (".csv", b"\x89PNG\r\n", "PNG"),
        (".xls", b"{\\rtf1 }", "RTF"),
        (".parquet", b"province,2020\n", "text"),
        (".json", b"{}", "text"),
    ],
)
def test_SEC_16_the_content_found_is_named_whatever_the_name_says(
    toy: Toy, suffix: str, content: bytes, kind: str
) -> None:
    fault = refused(toy, content, "SEC-16", suffix)
    assert (fault.value, fault.details["found"]) == (suffix, kind)


def test_SEC_16_an_old_workbook_called_xlsx_and_the_other_way_round(
    toy: Toy, tmp_path: Path
) -> None:
    buffer, book = io.BytesIO(), xlwt.Workbook()
    book.add_sheet("Bieu 1").write(0, 0, "province")
    book.save(buffer)
    fault = refused(toy, buffer.getvalue(), "SEC-16", ".xlsx")
    assert fault.details["found"] == "OLE"
    other = Toy(tmp_path / "other")
    fault = refused(other, hostile.xlsx(other), "SEC-16", ".xls")
    assert fault.details["found"] == "zip"


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods", ".csv"])
def test_SEC_17_an_encrypted_workbook_is_said_to_have_a_password(toy: Toy, suffix: str) -> None:
    refused(toy, _ole("EncryptionInfo", "EncryptedPackage"), "SEC-17", suffix)


def test_SEC_17_a_password_of_an_old_workbook_of_an_ODS_or_of_the_zip_is_seen(
    toy: Toy, tmp_path: Path
) -> None:
    buffer, book = io.BytesIO(), xlwt.Workbook()
    book.add_sheet("Bieu 1").write(0, 0, "province")
    book.save(buffer)
    raw = buffer.getvalue()
    bof = raw.index(b"\x09\x08\x10\x00", 512)
    first = bof + 4 + 16
    refused(toy, raw[:first] + b"\x2f\x00" + raw[first + 2 :], "SEC-17", ".xls")
    second = Toy(tmp_path / "second")
    manifest = b'<m:manifest xmlns:m="x"><m:encryption-data/></m:manifest>'
    refused(second, remade(hostile.ods(second), {"META-INF/manifest.xml": manifest}), "SEC-17",
             ".ods")  # fmt: skip
    third = Toy(tmp_path / "third")
    zipped = bytearray(hostile.xlsx(third))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        zipped[zipped.index(mark) + at] |= 1
    refused(third, bytes(zipped), "SEC-17")


def _far(toy: Toy) -> bytes:
    def move(part: bytes) -> bytes:
        moved = part.replace(b'r="C3"', b'r="XFD1048576"').replace(b'r="3"', b'r="1048576"')
        assert moved != part
        return moved

    return remade(hostile.xlsx(toy), {SHEET: move})


def _ods_repeated(toy: Toy) -> bytes:
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="string">'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}<text:p>x</text:p>'
    return hostile.ods(toy, row + "</table:table-cell></table:table-row>")


HUGE: dict[str, tuple[str, str, Make]] = {
    "a cell of 100 MB": (".csv", "cell_characters", lambda _: b"province,2020,2022\n"
                         + b"H" * 100 * MB + b",1,1\n"),
    "a quoted cell of 100 MB": (".csv", "cell_characters", lambda _: b'province,2020,2022\n"'
                                + b"H\n" * 50 * MB + b'",1,1\n'),
    "a million columns": (".csv", "columns", lambda _: b"," * MB + b"\n"),
    "a million quoted columns": (".csv", "columns", lambda _: b'"a",' * MB + b"\n"),
    "two million rows": (".csv", "rows", lambda _: b"a\n" * 2 * MB),
    "a text of 2 MB": (".xlsx", "cell_characters", lambda toy: remade(
        hostile.xlsx(toy), {"xl/sharedStrings.xml": inserted(
            b"</sst>", b"<si><t>" + os.urandom(MB).hex().encode() + b"</t></si>")})),
    "an endless attribute": (".xlsx", "cell_characters", lambda toy: remade(
        hostile.xlsx(toy), {SHEET: inserted(
            b"<sheetData>", b"<x y='" + os.urandom(MB).hex().encode() + b"'/>")})),
    "two cells far apart": (".xlsx", "cells", _far),
    "a cell repeated": (".ods", "cells", _ods_repeated),
    "spaces repeated": (".ods", "cell_characters", lambda toy: hostile.ods(
        toy, '<table:table-row><table:table-cell><text:p><text:s text:c="9000000000"/></text:p>'
        "</table:table-cell></table:table-row>")),
    "two million rows of Parquet": (".parquet", "rows", lambda _: _rows(2 * MB)),
    "a million columns of Parquet": (".parquet", "columns", lambda _: _columns(20_000)),
}  # fmt: skip


def _rows(n: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"province": pa.array(np.zeros(n, dtype="int8"))}), buffer)
    return buffer.getvalue()


def _columns(n: int) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({str(i): [0] for i in range(n)}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("name", HUGE)
def test_SEC_18_what_is_huge_is_refused_with_its_limit_in_bounded_memory(
    toy: Toy, name: str
) -> None:
    suffix, setting, make = HUGE[name]
    content = make(toy)
    fault = refused(toy, content, "SEC-18", suffix, 4 * len(content) + 100 * MB)
    assert fault.details["setting"] == setting
    measured, unit = str(fault.value).split()
    limit, same = fault.details["limit"].split()
    assert int(measured) > int(limit)
    assert unit == same


def test_SEC_18_a_declared_range_is_not_allocated(toy: Toy) -> None:
    def declare(part: bytes) -> bytes:
        return re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:XFD1048576"', part)

    content = remade(hostile.xlsx(toy), {SHEET: declare})
    assert b"XFD1048576" in zipfile.ZipFile(io.BytesIO(content)).read(SHEET)
    assert faults_of(toy, content, most=20 * MB) == []
    toy.load()


def test_SEC_18_the_empty_cells_to_the_end_of_an_ODS_are_not_allocated(toy: Toy) -> None:
    rest = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell '
    rest += 'table:number-columns-repeated="16384"/></table:table-row></table:table>'
    content = remade(hostile.ods(toy), {"content.xml": lambda part: part.replace(
        b"</table:table>", rest.encode())})  # fmt: skip
    assert faults_of(toy, content, ".ods", most=20 * MB) == []
    toy.load()


@pytest.mark.parametrize(
    ("setting", "limit"),
    [("file_bytes", 50), ("rows", 3), ("columns", 2), ("cells", 5), ("cell_characters", 5)],
)
def test_SEC_18_every_limit_is_a_setting_of_the_project(toy: Toy, setting: str, limit: int) -> None:
    set_limits(toy, **{setting: limit})
    found = [fault for fault in toy.faults() if fault.rule == "SEC-18"]
    assert {fault.details["setting"] for fault in found} == {setting}
    assert POPULATION in {fault.place.file for fault in found}


def test_SEC_18_a_reader_that_takes_too_long_or_too_much_is_stopped(
    toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.ingest import grid

    give_file(toy, "population", ".xlsx", hostile.xlsx(toy))
    endless = {
        "reader_seconds": lambda *_: time.sleep(60),
        "reader_bytes": lambda *_: bytearray(10_000 * MB),
    }
    for setting, read in endless.items():
        monkeypatch.setattr(grid, "read_sheet", read)
        set_limits(toy, reader_seconds=1, reader_bytes=100 * MB)
        started = time.perf_counter()
        (fault,) = [fault for fault in toy.faults() if fault.rule == "SEC-18"]
        assert fault.details["setting"] == setting
        assert time.perf_counter() - started < 5


def test_SEC_18_an_old_workbook_with_cells_far_apart_ends_its_reader_not_the_run(
    toy: Toy,
) -> None:
    buffer, book = io.BytesIO(), xlwt.Workbook()
    sheet = book.add_sheet("Bieu 1")
    sheet.write(0, 0, "province")
    sheet.write(9, 9, 77.25)
    book.save(buffer)
    raw = bytearray(buffer.getvalue())
    cell = re.search(rb"[\x03\x7e]\x02[\x0a\x0e]\x00\x09\x00\x09\x00", bytes(raw))
    assert cell is not None
    raw[cell.start() + 4 : cell.start() + 8] = b"\xff\xff\xff\xff"
    set_limits(toy, reader_bytes=500 * MB)
    fault = refused(toy, bytes(raw), "SEC-18", ".xls")
    assert fault.details["setting"] == "reader_bytes"


@pytest.mark.parametrize(
    "name",
    ["raw/a\nb.csv", 'raw/a"b.csv', "raw/a%00b.csv", "raw/-rf.csv", "raw/CON", "raw/con.csv",
     "raw/" + "x" * 252 + ".csv", "raw/a\x1b[31m.csv", "raw/a`id`.csv", "raw/$(id).csv",
     "raw/a;b.csv", "raw/a b .csv ", "raw/.", "raw//x.csv"],
)  # fmt: skip
def test_SEC_21_an_unsafe_file_name_is_refused_escaped(toy: Toy, name: str) -> None:
    escaped = "".join(f"\\x{ord(c):02x}" if c < " " or c == '"' else c for c in name)
    toy.edit(CARDS, "file: raw/synthetic_population.csv", f'file: "{escaped}"')
    fault = fired(toy, "SEC-21", CARDS, line_of(toy, CARDS, "file: "), None, name)
    assert fault.details["key"] == "file"


@pytest.mark.parametrize("name", ["Số liệu (bản 2).csv", "a, b + c.csv", "x" * 251 + ".csv"])
def test_SEC_21_an_odd_but_safe_name_is_read(toy: Toy, name: str) -> None:
    (toy.root / POPULATION).rename(toy.root / "raw" / name)
    toy.edit(CARDS, "file: raw/synthetic_population.csv", f'file: "raw/{name}"')
    toy.load()


def test_SEC_21_strange_names_that_no_card_speaks_of_stop_nothing(toy: Toy) -> None:
    names = [b"a\nb.csv", b"-rf.csv", b"\xff\xfe.csv", b"a'b\".csv", b"CON", b"a;id.csv"]
    for name in names:
        (toy.root / "raw" / os.fsdecode(name)).write_text("x")
    result = toy.index()
    assert {"raw/a\\nb.csv", "raw/\\udcff\\udcfe.csv", "raw/CON"} <= set(result.manifest["inputs"])
    assert [f.rule for f in result.findings] == ["SCH-22"] * 5
    assert toy.project.current.is_symlink()


@pytest.mark.parametrize(
    "address",
    ["https://example.org/x.csv", "file:///etc/passwd", "file:raw/x.csv", "s3://bucket/x.csv",
     "//host/x.csv", "data:text/csv,a"],
)  # fmt: skip
def test_SEC_22_an_address_in_place_of_a_file_is_refused(toy: Toy, address: str) -> None:
    toy.edit(CARDS, "file: raw/synthetic_population.csv", f"file: '{address}'")
    fault = fired(toy, "SEC-22", CARDS, line_of(toy, CARDS, address), None, address)
    assert fault.details["key"] == "file"


def test_the_safe_workbooks_of_these_tests_are_read(toy: Toy, tmp_path: Path) -> None:
    other = Toy(tmp_path / "other")
    give_file(other, "population", ".ods", hostile.ods(other))
    expected = toy.load().ingested.observed["value"].tolist()
    give_file(toy, "population", ".xlsx", hostile.xlsx(toy))
    assert toy.load().ingested.observed["value"].tolist() == expected
    assert other.load().ingested.observed["value"].tolist() == expected


FLIPS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=20)


@pytest.fixture(scope="module")
def workbooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A whole workbook of each kind."""
    toy = Toy(tmp_path_factory.mktemp("workbooks") / "toy")
    buffer, book = io.BytesIO(), xlwt.Workbook()
    book.add_sheet("Bieu 1").write(0, 0, "province")
    book.save(buffer)
    return {".xlsx": hostile.xlsx(toy), ".ods": hostile.ods(toy), ".xls": buffer.getvalue()}


@settings(max_examples=200)
@given(suffix=st.sampled_from([".xlsx", ".ods", ".xls"]), flips=FLIPS, is_inside=st.booleans())
def test_any_bytes_of_a_workbook_are_let_through_or_refused_in_words(
    workbooks: dict[str, bytes], suffix: str, flips: list[tuple[int, int]], is_inside: bool
) -> None:
    def flip(raw: bytes) -> bytes:
        flipped = bytearray(raw)
        for at, byte in flips:
            flipped[at % len(flipped)] = byte
        return bytes(flipped)

    raw = workbooks[suffix]
    if is_inside and suffix != ".xls":  # the zip is whole, the XML in it is not
        part = SHEET if suffix == ".xlsx" else "content.xml"
        raw = remade(raw, {part: flip})
    else:
        raw = flip(raw)
    faults = Faults()
    is_let_through = check_content(raw, f"raw/x{suffix}", DEFAULTS, faults)
    assert is_let_through == (not faults.rejecting())
