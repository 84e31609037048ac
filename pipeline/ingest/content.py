"""What the bytes of a file are, whatever its name says, and whether its card may have them."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from pipeline.faults import Faults, Place
from pipeline.ingest.archive import check_archive
from pipeline.limits import Limits

STARTS = {
    b"PK\x03\x04": "zip", b"PK\x05\x06": "zip", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "OLE",
    b"PAR1": "Parquet", b"PARE": "encrypted Parquet", b"%PDF": "PDF", b"{\\rtf": "RTF",
    b"\x93NUMPY": "NumPy", b"\x89HDF": "HDF5", b"SQLite format 3": "SQLite", b"ARROW1": "Arrow",
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF", b"MIME-Version:": "MHTML", b"\x7fELF": "program", b"MZ\x90\x00": "program",
}  # fmt: skip
PICKLE = re.compile(rb"\x80[\x02-\x05]")
MARKUP = re.compile(rb"<(!doctype|\?xml|[a-z]+[\s>])", re.IGNORECASE)
EXPECTED = {
    ".xlsx": "zip", ".ods": "zip", ".xls": "OLE", ".parquet": "Parquet",
    ".csv": "text", ".txt": "text", ".tsv": "text",
}  # fmt: skip
# Names of storages in an OLE file: 64 bytes of UTF-16, then the length of the name in bytes.
OLE_ENTRY, OLE_SECTOR = 128, 512
FILEPASS = 0x2F  # the record of an encrypted XLS
MACROS = {"_VBA_PROJECT_CUR", "_VBA_PROJECT", "VBA", "Macros"}
EMBEDDED = re.compile(r"MBD[0-9A-F]{8}|_OLE|ObjectPool|\x01Ole10Native|Package")


def kind_of(raw: bytes) -> str:
    """A word for the content: `text` when nothing else is recognised."""
    for start, kind in STARTS.items():
        if raw.startswith(start):
            return kind
    if PICKLE.match(raw):
        return "pickle"
    head = raw[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if MARKUP.match(head):
        return "HTML" if re.search(rb"<(!doctype )?(html|table)", head, re.IGNORECASE) else "XML"
    return "text"


def check_content(raw: bytes, file: str, limits: Limits, faults: Faults) -> bool:
    """Whether the content is what the name promises and safe to hand to its reader.

    Macros, passwords, bombs and objects are refused by what is in the file; nothing of it is
    unpacked beyond the limits, run or followed. Links to the outside are listed as warnings.
    """
    place, suffix = Place(file), Path(file).suffix.lower()
    kind = kind_of(raw)
    if kind == "OLE":
        names = _ole_names(raw)
        if names.keys() & {"EncryptedPackage", "EncryptionInfo"} or _has_password(raw, names):
            faults.add("SEC-17", place, ", ".join(sorted(names)))
            return False
        if found := sorted(names.keys() & MACROS):
            faults.add("SEC-05", place, found[0])
            return False
        for name in sorted(filter(EMBEDDED.fullmatch, names)):
            faults.add("SEC-04", place, name)
    if kind in ("pickle", "NumPy"):
        faults.add("SEC-15", place, kind)
        return False
    if kind == "zip" and not check_archive(raw, place, limits, faults):
        return False
    if EXPECTED.get(suffix) != kind and not (suffix == ".parquet" and not raw):
        expected = suffix if suffix in EXPECTED else ", ".join(EXPECTED)
        faults.add("SEC-16", place, suffix, found=kind, expected=expected)
        return False
    return True


def _ole_names(raw: bytes) -> dict[str, int]:
    """Names in the directory of an OLE file, each with the offset at which its stream starts.

    Every aligned block that has the form of an entry counts.
    """
    names = {}
    shift = int.from_bytes(raw[30:32], "little")
    for at in range(OLE_SECTOR, len(raw) - OLE_ENTRY + 1, OLE_ENTRY):
        length = int.from_bytes(raw[at + 64 : at + 66], "little")
        if 2 < length <= 64 and length % 2 == 0 and raw[at + 66] in (1, 2, 5):
            name = raw[at : at + length - 2]
            if not any(raw[at + length - 2 : at + 64]):
                start = int.from_bytes(raw[at + 116 : at + 120], "little")
                names[name.decode("utf-16-le", "replace")] = (start + 1) << min(shift, 16)
    return names


def _has_password(raw: bytes, names: dict[str, int]) -> bool:
    """Whether the workbook stream of an XLS is encrypted: it says so among its first records."""
    at = names.get("Workbook", names.get("Book", len(raw)))
    for _ in range(10):
        record, length = struct.unpack("<HH", raw[at : at + 4].ljust(4, b"\0"))
        if record == FILEPASS:
            return True
        at += 4 + length
        if at > len(raw):
            return False
    return False
