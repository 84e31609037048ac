"""A CSV in parts that can be read side by side, each ending at the end of a row."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fsspec import AbstractFileSystem

PART_BYTES = 128 << 20  # rows that stand apart are held in memory, a part at a time
HEAD_BYTES = 1 << 20  # a header is shorter
SAMPLES, SAMPLE_BYTES, BYTES_PER_SAMPLE = 64, 1 << 14, 1 << 20
MARK = b"\xef\xbb\xbf"
SCHEME = "part"


@dataclass(frozen=True)
class Part:
    """Bytes `start` to `end` of a file: whole rows."""

    path: Path
    start: int
    end: int

    @property
    def url(self) -> str:
        """The name by which an engine asks for it."""
        return f"{SCHEME}://{self.start}-{self.end}"


def read_header(path: Path, delimiter: str) -> tuple[list[str], int]:
    """The cells of the first row and the offset of the second; no cells when there is no end to it.

    Raises:
        UnicodeDecodeError: when it is not UTF-8.
    """
    with path.open("rb") as handle:
        head = handle.read(HEAD_BYTES)
    end = _end_of_row(head)
    if end is None and len(head) == HEAD_BYTES:
        return [], 0
    end = len(head) if end is None else end
    first = head[:end].removeprefix(MARK).decode("utf-8")
    return next(csv.reader(io.StringIO(first, newline=""), delimiter=delimiter), []), end


def _end_of_row(block: bytes) -> int | None:
    """Offset after the first line feed that stands outside quotes."""
    at = block.find(b"\n")
    while at >= 0:
        if block.count(b'"', 0, at) % 2 == 0:
            return at + 1
        at = block.find(b"\n", at + 1)
    return None


def cut(path: Path, first: int, n_at_once: int) -> list[Part]:
    """Parts of a file from the row at `first` on: as many as are read at once, none too large.

    A cut is made after a line feed outside quotes; where a stray quote hides every later one, the
    rest is one part.
    """
    size = path.stat().st_size
    share = max(1, min(PART_BYTES, -(-(size - first) // n_at_once)))
    if size - first < PART_BYTES // 16:
        return [Part(path, first, size)]
    parts, start, is_open = [], first, False
    with path.open("rb") as handle:
        handle.seek(first)
        at = first
        while block := handle.read(share if at == start else SAMPLE_BYTES):
            if at != start and (end := _line_end(block, is_open)) is not None:
                parts.append(Part(path, start, at + end))
                start = at = at + end
                handle.seek(start)
                is_open = False
                continue
            # To look for a quote is ten times as fast as to count none.
            is_open ^= b'"' in block and block.count(b'"') % 2 == 1
            at += len(block)
    return [*parts, Part(path, start, size)] if start < size else parts


def _line_end(block: bytes, is_open: bool) -> int | None:
    """Offset after the first line feed outside quotes, in a block that may begin inside them."""
    if not is_open:
        return _end_of_row(block)
    quote = block.find(b'"')
    if quote < 0:
        return None
    end = _end_of_row(block[quote + 1 :])
    return None if end is None else quote + 1 + end


def sample(path: Path, first: int, delimiter: str, positions: list[int]) -> list[list[str]]:
    """Texts of some columns in rows taken from all over a file: what they may hold, not how often.

    What is read wrongly, such as the end of a row that a piece begins in, is a text like another:
    it is asked for and means nothing.
    """
    size = path.stat().st_size
    n = max(1, min(SAMPLES, (size - first) // BYTES_PER_SAMPLE))
    found: list[set[str]] = [set() for _ in positions]
    with path.open("rb") as handle:
        for k in range(n):
            handle.seek(first + (size - first) * k // n)
            text = handle.read(SAMPLE_BYTES).decode("utf-8", "ignore")
            lines = text.splitlines()[1 if k else 0 : -1] or text.splitlines()
            for row in csv.reader(lines, delimiter=delimiter):
                for texts, position in zip(found, positions, strict=True):
                    if position < len(row):
                        texts.add(row[position])
    return [sorted(texts) for texts in found]


class PartOfFile(io.RawIOBase):
    """A part as a file of its own."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._handle = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
        self._part, self._at = part, 0
        self.size = part.end - part.start

    def read(self, size: int = -1) -> bytes:
        left = self.size - self._at
        wanted = left if size is None or size < 0 else min(size, left)
        read = os.pread(self._handle, wanted, self._part.start + self._at)
        self._at += len(read)
        return read

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self.size}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            os.close(self._handle)
        super().close()


class PartSystem(AbstractFileSystem):
    """The one part an engine reads, as a file system of one file."""

    protocol = SCHEME
    cachable = False

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "size": self._part.end - self._part.start, "type": "file"}

    def exists(self, _path: str, **_: Any) -> bool:
        return True

    def glob(self, path: str, **_: Any) -> list[str]:
        return [path]

    def modified(self, _path: str) -> datetime:
        return datetime.fromtimestamp(0, UTC)

    def open(self, _path: str, _mode: str = "rb", **_: Any) -> PartOfFile:
        return PartOfFile(self._part)
