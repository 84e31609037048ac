"""A workbook's zip: measured and searched before anything hands it to a reader.

Every entry is inflated once, in pieces that are thrown away, whatever sizes the zip claims.
"""

from __future__ import annotations

import copy
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PureWindowsPath

from pipeline.faults import Faults, Place
from pipeline.ingest.office import Danger, Office, XmlPart
from pipeline.limits import Limits, OverLimit

CENTRAL = b"PK\x01\x02"  # begins each entry of the directory
PIECE = 1 << 16
RATIO_FROM = 1_000_000  # bytes; a smaller part may repeat itself as it likes
MARKUP = re.compile(r"\.(xml|rels)$", re.IGNORECASE)
EMBEDDED = re.compile(r"(^|/)(embeddings|activeX)/.*\.(?!rels|xml)", re.IGNORECASE)
MACROS = re.compile(r"vba(project|data)|(^|/)(macrosheets|Basic|Scripts)/", re.IGNORECASE)
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError)


def check_archive(raw: bytes, place: Place, limits: Limits, faults: Faults) -> bool:
    """Whether a zip is safe to read: small, plain and without macros, entities or passwords.

    What it draws from outside is listed as warnings. The first danger ends the search.
    """
    try:
        entries = raw.count(CENTRAL)
        if entries > limits.zip_entries:
            raise OverLimit("zip_entries", entries)
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            if not _are_names_safe(book, place, faults):
                return False
            office = Office(limits)
            _search(book, office, limits)
    except OverLimit as over:
        limit = limits.quoted(over.setting)
        if over.setting in ("unzipped_bytes", "unzip_ratio", "zip_entries"):
            faults.add("SEC-01", place, over.measured, limit=limit, setting=over.setting)
        else:
            faults.add("SEC-18", place, over.measured, limit=limit, setting=over.setting)
    except Danger as danger:
        match danger.kind:
            case "archive":
                faults.add("SEC-01", place, danger.what, limit="0 zip", setting="–")
            case "entity":
                faults.add("SEC-02", place, danger.what)
            case "external entity":
                faults.add("SEC-03", place, danger.what)
            case "macro":
                faults.add("SEC-05", place, danger.what)
            case _:
                faults.add("SEC-17", place, danger.what)
    except BROKEN as error:
        faults.add("SEC-16", place, str(error), found="?", expected=place.file.rpartition(".")[2])
    else:
        for target in sorted(office.outside):
            faults.add("SEC-04", place, target)
        return True
    return False


def _are_names_safe(book: zipfile.ZipFile, place: Place, faults: Faults) -> bool:
    """No name leaves a folder it is unpacked into, and none stands twice."""
    seen = set()
    before = faults.n_rejecting()
    for info in book.infolist():
        name = info.orig_filename
        parts = name.replace("\\", "/").split("/")
        key = name.replace("\\", "/").casefold()
        is_outside = ".." in parts or not parts[0] or PureWindowsPath(name).drive
        if is_outside or "\0" in name or key in seen:
            faults.add("SEC-06", place, name)
        seen.add(key)
    return faults.n_rejecting() == before


def _search(book: zipfile.ZipFile, office: Office, limits: Limits) -> None:
    """Inflate every entry in pieces and look at what it is.

    Raises:
        OverLimit, Danger: at the first that is too large or dangerous.
        zipfile.BadZipFile, zlib.error, ValueError: when it is no whole zip or no whole XML.
    """
    total = 0
    claimed = sum(info.file_size for info in book.infolist())
    if claimed > limits.unzipped_bytes:
        raise OverLimit("unzipped_bytes", claimed)
    for info in book.infolist():
        if info.flag_bits & 1:
            raise Danger("password", info.filename)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{info.filename}: packed by method {info.compress_type}")
        if MACROS.search(info.filename):
            raise Danger("macro", info.filename)
        if EMBEDDED.search(info.filename):
            office.outside.add(info.filename)
        _check_size(info, info.file_size, total, limits)
        part, size = None, 0
        for piece in _pieces(book, info, limits):
            if not size:
                part = _part_of(info.filename, piece, office)
            size += len(piece)
            _check_size(info, size, total, limits)
            if part is not None:
                part.feed(piece)
        if part is not None:
            part.close()
        total += size


def _pieces(book: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> Iterator[bytes]:
    """An entry as it inflates; not only as far as its header claims."""
    whole = copy.copy(info)
    whole.file_size = limits.unzipped_bytes + PIECE
    with book.open(whole) as stream:
        while piece := stream.read(PIECE):
            yield piece


def _check_size(info: zipfile.ZipInfo, size: int, before: int, limits: Limits) -> None:
    if before + size > limits.unzipped_bytes:
        raise OverLimit("unzipped_bytes", before + size)
    if size > RATIO_FROM and size > limits.unzip_ratio * info.compress_size:
        raise OverLimit("unzip_ratio", size // max(info.compress_size, 1))


def _part_of(name: str, start: bytes, office: Office) -> XmlPart | None:
    """The XML part that begins so; None when it is none.

    Raises:
        Danger: when it is an archive again, and not an object that is only listed.
    """
    if start.startswith(b"PK\x03\x04") and not EMBEDDED.search(name):
        raise Danger("archive", name)
    is_named_so = MARKUP.search(name) is not None
    if is_named_so or start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"<"):
        return XmlPart(name, office, is_strict=is_named_so)
    return None
