"""Files as offices send them load when their card says what they are, and give what they hold."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from pipeline.faults import Faults
from pipeline.run import load
from schemas import check_contract
from tests.breaking import CARDS
from tests.breaking import VARIABLES as VARIABLES_FILE
from tests.conftest import Toy, silent
from tests.office_files import OFFICE_FILES, VARIABLES, OfficeFile, numbers

COMMON = {
    "kind": "table",
    "use": "context",
    "producer": "nobody",
    "title": "Synthetic office file",
    "url": "none",
    "licence": "made up",
    "published": "never",
    "accessed": "never",
    "scheme": '"63"',
    "rows": "one province",
    "number_style": "plain",
}
IDS = [office.name for office in OFFICE_FILES]


def _add(toy: Toy, office: OfficeFile, card: str | None = None) -> str:
    """Put a file with its card and the variables into a toy project; returns the file's name."""
    own = office.card if card is None else card
    file = f"raw/synthetic_{office.name}{office.suffix}"
    (toy.root / file).write_bytes(office.content)
    keys = {"file": file} | {k: v for k, v in COMMON.items() if f"    {k}:" not in own}
    lines = [f"  {office.name}:", *(f"    {key}: {value}" for key, value in keys.items())]
    sha = hashlib.sha256(office.content).hexdigest()
    entry = "\n".join([*lines, own.strip("\n"), f'    sha256: "{sha}"', ""])
    for name, more in ((CARDS, entry), (VARIABLES_FILE, VARIABLES)):
        path = toy.root / name
        path.write_text(path.read_text("utf-8").rstrip("\n") + "\n" + more.lstrip("\n"), "utf-8")
    return file


def _of(frame: pd.DataFrame, office: OfficeFile) -> pd.DataFrame:
    return frame[frame["source_id"] == office.name].reset_index(drop=True)


@pytest.mark.parametrize("office", OFFICE_FILES, ids=IDS)
def test_an_office_file_gives_the_figures_it_holds(toy: Toy, office: OfficeFile) -> None:
    file = _add(toy, office)
    before = (toy.root / file).read_bytes()
    faults = Faults()
    loaded = load(toy.project, faults, silent)
    rows = _of(loaded.ingested.observed, office)
    columns = ["province_code", "variable", "year", "period", "value", "obs_status"]
    found = sorted(rows[columns].itertuples(index=False, name=None))
    assert found == sorted(office.expected)
    assert check_contract("observed", loaded.ingested.observed) == []
    warned = [(f.rule, f.place.row) for f in faults.warnings() if f.place.file == file]
    assert warned == office.warnings
    excluded = _of(loaded.ingested.excluded, office)
    assert set(excluded["reason"]) == office.excluded
    assert (toy.root / file).read_bytes() == before


@pytest.mark.parametrize("office", OFFICE_FILES, ids=IDS)
def test_what_was_done_to_read_an_office_file_is_recorded(toy: Toy, office: OfficeFile) -> None:
    _add(toy, office)
    rows = _of(toy.load().ingested.observed, office)
    done: dict[str, set[str]] = {}
    for code, text in zip(rows["province_code"], rows["handling"], strict=True):
        done.setdefault(code, set()).update(text.split(", ") if isinstance(text, str) else ())
    assert {code: codes for code, codes in done.items() if codes} == office.handling
    assert rows["name_raw"].notna().all()


PLAIN = [o for o in OFFICE_FILES if o.name not in ("half_year", "unicode_text", "sum_off")]


@pytest.mark.parametrize("office", PLAIN, ids=[o.name for o in PLAIN])
def test_an_office_file_is_refused_while_its_card_does_not_say_what_it_is(
    toy: Toy, office: OfficeFile
) -> None:
    """Take each key that a plain table does not need out of the card, one at a time."""
    for key in ("encoding", "header_row", "header_rows", "column_numbers", "ends_at", "marks",
                "sheet"):  # fmt: skip
        lines = office.card.splitlines()
        kept = [line for line in lines if not line.startswith(f"    {key}:")]
        if kept == lines:
            continue
        fresh = Toy(toy.root.parent / f"{office.name}_{key}")
        file = _add(fresh, office, "\n".join(kept) + "\n")
        found = [fault for fault in fresh.faults() if fault.place.file == file]
        assert any(fault.kind == "reject" for fault in found), key


def test_the_office_files_are_a_dozen_of_every_format_with_the_same_figures_every_time() -> None:
    assert len(OFFICE_FILES) >= 12
    assert {Path(f"x{o.suffix}").suffix for o in OFFICE_FILES} == {
        ".xlsx", ".xls", ".ods", ".csv", ".txt",
    }  # fmt: skip
    assert numbers(1) == numbers(1) != numbers(2)
