"""What each file of a register gave, kept by its content: an unchanged file is not read again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.project import CODE
from pipeline.provinces import Reference
from pipeline.registers.files import RegisterFile
from pipeline.registers.judging import RESULT
from pipeline.sources import Card
from pipeline.whole import write_bytes

# What a card says about its source, not about how a row is read.
ABOUT = {"file", "producer", "title", "url", "carrier", "licence", "published", "sha256", "note",
         "proof"}  # fmt: skip


def code_hash() -> str:
    """Hash of the program: another one may read the same file otherwise."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    for path in sorted(CODE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def reading_hash(card: Card, ref: Reference, code: str) -> str:
    """Hash of everything but the file that its result depends on."""
    declared = card.model_dump(mode="json", exclude=ABOUT)
    tables = [(path.name, path.read_bytes().hex()) for path in sorted(ref.folder.glob("*.csv"))]
    return hashlib.sha256(json.dumps([declared, tables, code]).encode()).hexdigest()


class Cache:
    """Results in files named by their key and by the hash of their own bytes.

    A file whose bytes are not those of its name is damaged: it is removed, and read as missing.
    """

    def __init__(self, folder: Path | None, reading: str, is_kept: bool = True) -> None:
        self.folder = folder
        self.is_kept = is_kept  # whether this run may write and remove
        self._reading = reading
        self.used: set[Path] = set()

    def get(self, file: RegisterFile) -> tuple[pa.Table, int] | None:
        """The result and the number of rows of a file; None when it is not known."""
        if self.folder is None:
            return None
        for path in sorted(self.folder.glob(f"{self._key(file)}-*.parquet")):
            raw = path.read_bytes()
            if hashlib.sha256(raw).hexdigest()[:32] == path.stem.rpartition("-")[2]:
                self.used.add(path)
                table = pq.read_table(pa.BufferReader(raw))
                n_rows = int(table.schema.metadata[b"rows"])
                return table.replace_schema_metadata(None), n_rows
            if self.is_kept:
                path.unlink()
        return None

    def put(self, file: RegisterFile, found: pa.Table, n_rows: int) -> None:
        """Keep a result, written whole or not at all."""
        if self.folder is None or not self.is_kept:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        sink = pa.BufferOutputStream()
        meta = {"rows": str(n_rows)}
        pq.write_table(found.cast(RESULT).replace_schema_metadata(meta), sink, compression="zstd")
        raw = sink.getvalue().to_pybytes()
        path = self.folder / f"{self._key(file)}-{hashlib.sha256(raw).hexdigest()[:32]}.parquet"
        write_bytes(path, raw)
        self.used.add(path)

    def _key(self, file: RegisterFile) -> str:
        return hashlib.sha256(f"{self._reading} {file.sha256}".encode()).hexdigest()[:32]
