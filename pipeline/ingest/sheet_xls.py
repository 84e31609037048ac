"""What an XLS sheet says beside its values, from its BIFF records.

An XLS is a compound file: a small file system of sectors, with the workbook as one stream of
records (type, length, content). Layouts: Microsoft, [MS-CFB] and [MS-XLS].
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pipeline.ingest.sheets import BUILT_IN, Extras, decimals_of, shown_as

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
END_OF_CHAIN = 0xFFFFFFFA  # this and above mark ends and free sectors
BOF, EOF, BOUNDSHEET, FORMAT, XF = 0x809, 0x0A, 0x85, 0x41E, 0xE0
ROW, COLUMNS, ERROR, FORMULA, NUMBER, RK, MULTIPLE_RK = 0x208, 0x7D, 0x205, 0x06, 0x203, 0x27E, 0xBD
BIFF8 = 0x600
ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?",
          0x24: "#NUM!", 0x2A: "#N/A"}  # fmt: skip


def extras(raw: bytes, sheet: str) -> Extras:
    """Errors, formulas never computed, rounded figures, hidden rows and columns of a sheet.

    A formula whose stored result is an empty text is taken for one never computed: programs that
    write files without computing leave just that, and the two cannot be told apart.

    Raises:
        KeyError, ValueError: when it is no whole workbook of Excel 97 or later.
    """
    try:
        return _read(_stream(raw), sheet)
    except (struct.error, IndexError) as error:
        raise ValueError(f"damaged XLS: {error}") from error


def _read(stream: bytes, sheet: str) -> Extras:
    starts: dict[str, int] = {}
    codes: dict[int, str] = {}
    used: list[int] = []
    for kind, body in _records(stream, 0):
        if kind == BOF and struct.unpack_from("<H", body)[0] != BIFF8:
            raise ValueError("an XLS older than Excel 97")
        if kind == BOUNDSHEET:
            starts[_text(body, 7, body[6])] = struct.unpack_from("<I", body)[0]
        elif kind == FORMAT:
            number, length = struct.unpack_from("<HH", body)
            codes[number] = _text(body, 4, length)
        elif kind == XF:
            used.append(struct.unpack_from("<H", body, 2)[0])
    forms = [decimals_of(codes[n]) if n in codes else BUILT_IN.get(n) for n in used]
    found = Extras()
    for kind, body in _records(stream, starts[sheet]):
        _read_record(kind, body, forms, found)
    return found


def _read_record(
    kind: int, body: bytes, forms: list[tuple[int, bool] | None], found: Extras
) -> None:
    if kind == ROW:
        if struct.unpack_from("<I", body, 12)[0] & 0x20:
            found.hidden_rows.add(struct.unpack_from("<H", body)[0])
    elif kind == COLUMNS:
        first, last, _, _, options = struct.unpack_from("<5H", body)
        if options & 1:
            found.hidden_columns |= set(range(first, last + 1))
    elif kind in (ERROR, FORMULA, NUMBER, RK):
        row, column, style = struct.unpack_from("<3H", body)
        form = forms[style] if style < len(forms) else None
        if kind == ERROR and body[7]:
            found.unread[row, column] = ERRORS.get(body[6], "#?")
        elif kind == FORMULA and body[12:14] == b"\xff\xff" and body[6] in (2, 3):
            found.unread[row, column] = ERRORS.get(body[8], "#?") if body[6] == 2 else "=?"
        elif kind == RK:
            _show(found, row, column, _rk(struct.unpack_from("<I", body, 6)[0]), form)
        elif kind == NUMBER or (kind == FORMULA and body[12:14] != b"\xff\xff"):
            _show(found, row, column, struct.unpack_from("<d", body, 6)[0], form)
    elif kind == MULTIPLE_RK:
        row, column = struct.unpack_from("<2H", body)
        for k in range((len(body) - 6) // 6):
            style, packed = struct.unpack_from("<HI", body, 4 + 6 * k)
            form = forms[style] if style < len(forms) else None
            _show(found, row, column + k, _rk(packed), form)


def _show(
    found: Extras, row: int, column: int, value: float, form: tuple[int, bool] | None
) -> None:
    text = shown_as(value, form)
    if text is not None:
        found.shown[row, column] = text


def _rk(packed: int) -> float:
    """A number in the short form: 30 bits of an integer or of a double, maybe in hundredths."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        (value,) = struct.unpack("<d", b"\0\0\0\0" + struct.pack("<I", packed & 0xFFFFFFFC))
    return value / 100 if packed & 1 else float(value)


def _text(body: bytes, flags: int, length: int) -> str:
    """A text of `length` characters after the byte of its flags: two bytes each, or one."""
    wide = body[flags] & 1
    part = body[flags + 1 : flags + 1 + length * (1 + wide)]
    return part.decode("utf-16-le" if wide else "latin-1")


def _records(stream: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """Type and content of the records of one part of the stream; those of its charts are not."""
    depth = 0
    while offset + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, offset)
        depth += kind == BOF
        if depth == 1:
            yield kind, stream[offset + 4 : offset + 4 + length]
        depth -= kind == EOF
        if depth == 0:
            return
        offset += 4 + length


def _stream(raw: bytes) -> bytes:
    """The workbook stream of a compound file."""
    if not raw.startswith(SIGNATURE):
        raise ValueError("no compound file")
    size = 1 << struct.unpack_from("<H", raw, 30)[0]
    (start,) = struct.unpack_from("<I", raw, 48)
    (smallest,) = struct.unpack_from("<I", raw, 56)
    (next_list,) = struct.unpack_from("<I", raw, 68)
    sectors = [raw[i : i + size] for i in range(size, len(raw), size)]
    tables = [n for n in _numbers(raw[76:512]) if n < END_OF_CHAIN]
    seen: set[int] = set()
    while next_list < END_OF_CHAIN and next_list not in seen:
        seen.add(next_list)
        *more, next_list = _numbers(sectors[next_list])
        tables += [n for n in more if n < END_OF_CHAIN]
    following = [n for table in tables for n in _numbers(sectors[table])]
    directory = _chain(start, following, sectors)
    for entry in (directory[i : i + 128] for i in range(0, len(directory), 128)):
        length = struct.unpack_from("<H", entry, 64)[0]
        if entry[: max(length - 2, 0)].decode("utf-16-le", "replace") == "Workbook":
            first, whole = struct.unpack_from("<2I", entry, 116)
            if whole < smallest:
                raise ValueError("a workbook smaller than any that Excel writes")
            return _chain(first, following, sectors)[:whole]
    raise KeyError("no stream called Workbook")


def _numbers(part: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(part) // 4}I", part))


def _chain(start: int, following: list[int], sectors: list[bytes]) -> bytes:
    """The sectors of a chain, one after the other; a circle ends it."""
    found, seen = [], set()
    while start < END_OF_CHAIN and start not in seen:
        seen.add(start)
        found.append(sectors[start])
        start = following[start]
    return b"".join(found)
