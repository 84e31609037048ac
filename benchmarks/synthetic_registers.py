"""Synthetic registers of any size, as CSV or Parquet: nothing here is real or enters an index.

    python benchmarks/synthetic_registers.py FOLDER --rows 1000000 --form parquet --files 8

A row is a record: `id`, `province` in every spelling the reference tables resolve, `granted`,
`status` and `participants`. Every cell hangs on the seed and the number of the record alone, so
the same call writes the same bytes, and the same register however many files it is cut into.
"""

from __future__ import annotations

import argparse
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from pipeline.faults import Faults, Place
from pipeline.provinces import Reference, Resolver, load_reference, read_rows, strip_marks

SEED = 20221231
SCHEME = "63"
COLUMNS = ("id", "province", "granted", "status", "participants")
PREFIXES = ("Tỉnh ", "tỉnh ", "Thành phố ", "TP. ", "TP ")
UNKNOWN = tuple(f"Nơi không có thật {k}" for k in range(1, 65))  # "a place that is not real"
IMPOSSIBLE = ("2021-02-30", "2019-13-01", "2020-00-10", "2018-04-31", "2021-02-29", "20210-1-01",
              "2017/05/06", "không rõ")  # fmt: skip
NAME_SLOTS, DAY_SLOTS = 4_096, 8_192  # powers of 2: a slot is some bits of a hash
REPEATED = 100  # the first record of every so many is one that others repeat
FORMS = {"csv": "format csv, header", "parquet": "format parquet, compression zstd"}
# Bits of `h`: 0-11 name, 12-24 day, 25-31 status, 32-39 participants, 40-59 bad or not, 60-61 how.
ROWS = f"""
    select
        'S' || lpad(records.key::varchar, 10, '0') as id,
        names.text as province,
        days.text as granted,
        case when h >> 25 & 127 < 96 then 'granted' when h >> 25 & 127 < 120 then 'lapsed'
             else 'revoked' end as status,
        (h >> 32 & 255)::integer as participants
    from (
        select
            key,
            h,
            case when is_bad and kind = 0 then {NAME_SLOTS} + (h & {len(UNKNOWN) - 1})
                 when is_bad and kind = 2 then null else h & {NAME_SLOTS - 1} end as name_slot,
            case when is_bad and kind = 1 then {DAY_SLOTS} + (h & {len(IMPOSSIBLE) - 1})
                 when is_bad and kind = 3 then null else h >> 12 & {DAY_SLOTS - 1} end as day_slot
        from (
            select key, h, h >> 40 & 1048575 < $bad * 1048576 as is_bad, h >> 60 & 3 as kind
            from (select key, hash(key, $seed) as h from ({{keys}}))
        )
    ) as records
    left join names on records.name_slot = names.slot
    left join days on records.day_slot = days.slot
"""
KEYS = "select range as key from range($first, $past)"
# A repeated row is the whole of a record that stands at the head of some hundred of rows.
KEYS_WITH_REPEATED = f"""
    select
        case when r % {REPEATED} > 0 and hash(r, $seed + 1) % 1048576 < $duplicates * 1048576
             then hash(r, $seed + 2) % $heads * {REPEATED} else r end as key
    from (select range as r from range($first, $past))
"""


@dataclass(frozen=True)
class Register:
    """A register to be written.

    Args:
        n_rows: records, repeated ones included.
        form: `csv` or `parquet` (zstd).
        n_files: into how many files of like length it is cut.
        bad: share of rows with an unknown or no province, or an impossible or no date.
        duplicates: share of rows that repeat another row, its `id` included.
        day_first: share of dates written dd/mm/yyyy in place of yyyy-mm-dd.
        first: first day a record is granted.
        last: last day; names are those of the 63 provinces, so no later than 30 June 2025.
        seed: another seed, another register.
    """

    n_rows: int
    form: Literal["csv", "parquet"] = "csv"
    n_files: int = 1
    bad: float = 0.01
    duplicates: float = 0.0
    day_first: float = 0.0
    first: date = date(2010, 1, 1)
    last: date = date(2024, 12, 31)
    seed: int = SEED


def spellings(ref: Reference, scheme: str = SCHEME) -> dict[str, str]:
    """Every way of writing a province that `scheme` resolves, with its code, in a fixed order."""
    resolver = Resolver(ref, Faults())
    found: dict[str, str] = {}
    own = [(p[key], p["province_code"]) for p in ref.provinces if p["scheme"] == scheme
           for key in ("name_vi", "name_en")]  # fmt: skip
    aliases = read_rows(ref.folder / "aliases.csv")
    own += [(a["alias"], a["province_code"]) for a in aliases if a["scheme"] == scheme]
    for name, code in own:
        for text in _variants(name):
            resolved = resolver.by_name(text, scheme, Place("synthetic"))
            if resolved is not None and resolved.code == code:
                found[text] = code
    return found


def _variants(name: str) -> Iterator[str]:
    """Ways in which departments write one name."""
    yield name
    for whole in (name, *(prefix + name for prefix in PREFIXES)):
        for cased in (whole, whole.upper(), whole.lower()):
            yield from (cased, strip_marks(cased))
    yield unicodedata.normalize("NFD", name)
    yield from (name.replace(" ", "  "), name + " ", name + "  ", " " + name)


def write_register(folder: Path, register: Register) -> list[Path]:
    """Write `synthetic_register….csv` or `.parquet` into `folder`; the files in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"memory_limit": "2GB"})
    con.execute("set enable_progress_bar = false")
    # Rows stand in the order of their numbers only while they are on the streamed side of a join.
    con.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    rng = np.random.default_rng(register.seed)
    for table, texts in (("names", _names(rng)), ("days", _days(register, rng))):
        slots = pd.DataFrame({"slot": np.arange(len(texts)), "text": texts})
        con.register("slots", slots)
        con.execute(f"create table {table} as select slot::ubigint as slot, text from slots")
    given = {"seed": register.seed, "bad": register.bad}
    keys = KEYS
    if register.duplicates:
        keys = KEYS_WITH_REPEATED
        given["duplicates"] = register.duplicates * REPEATED / (REPEATED - 1)
        given["heads"] = -(-register.n_rows // REPEATED)
    files = []
    for k in range(register.n_files):
        number = f"_{k + 1:04d}" if register.n_files > 1 else ""
        files.append(folder / f"synthetic_register{number}.{register.form}")
        quoted = str(files[-1]).replace("'", "''")
        given["first"], given["past"] = (
            register.n_rows * j // register.n_files for j in (k, k + 1)
        )
        con.execute(
            f"copy ({ROWS.format(keys=keys)}) to '{quoted}' ({FORMS[register.form]})", given
        )
    con.close()
    return files


def _names(rng: np.random.Generator) -> list[str]:
    """What stands in the name slots: larger provinces more often, half of it the official name."""
    ref = load_reference()
    codes = ref.codes(SCHEME)
    ways: dict[str, list[str]] = {code: [] for code in codes}
    for text, code in spellings(ref).items():
        ways[code].append(text)
    weights = 1 / (np.arange(len(codes)) + 5.0)
    drawn = rng.choice(len(codes), NAME_SLOTS, p=rng.permutation(weights / weights.sum()))
    is_official, which = rng.random(NAME_SLOTS) < 0.5, rng.random(NAME_SLOTS)
    texts = [ways[codes[c]][0 if official else int(w * len(ways[codes[c]]))]
             for c, official, w in zip(drawn, is_official, which, strict=True)]  # fmt: skip
    return [*texts, *UNKNOWN]


def _days(register: Register, rng: np.random.Generator) -> list[str]:
    """What stands in the day slots: later days more often, as registers grow."""
    n_days = (register.last - register.first).days + 1
    offsets = np.sqrt(rng.random(DAY_SLOTS)) * n_days
    is_day_first = rng.random(DAY_SLOTS) < register.day_first
    days = [register.first + timedelta(int(offset)) for offset in offsets]
    texts = [f"{day:%d/%m/%Y}" if flag else day.isoformat()
             for day, flag in zip(days, is_day_first, strict=True)]  # fmt: skip
    return [*texts, *IMPOSSIBLE]


def main() -> None:
    """Write the register the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--form", choices=sorted(FORMS), default="csv")
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument("--bad", type=float, default=Register.bad, help="share of bad rows")
    parser.add_argument("--duplicates", type=float, default=0.0, help="share of repeated rows")
    parser.add_argument("--day-first", type=float, default=0.0, help="share of dd/mm/yyyy")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    files = write_register(given.folder, Register(
        given.rows, given.form, given.files, given.bad, given.duplicates, given.day_first,
        seed=given.seed))  # fmt: skip
    print(f"{given.rows:,} rows, {sum(f.stat().st_size for f in files):,} bytes: {files[0]}"
          + (f" … {files[-1].name}" if len(files) > 1 else ""))  # fmt: skip


if __name__ == "__main__":
    main()
