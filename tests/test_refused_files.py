"""Whatever is wrong with a file: nothing is published or changed, and everything is said."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.faults import Rejected, explain_fault, render, shown
from tests.breaking import CARDS, ENTERPRISES, POPULATION, card_keys, the_fault
from tests.conftest import Toy
from tests.legacy_texts import as_cp1258

Break = Callable[[Toy], None]


def _edit(old: str, new: str, name: str = POPULATION) -> Break:
    return lambda toy: toy.edit(name, old, new)


def _recode(encode: Callable[[str], bytes]) -> Break:
    return lambda toy: toy.write(POPULATION, encode((toy.root / POPULATION).read_text("utf-8")))


def _turn(toy: Toy) -> None:
    rows = [line.split(",") for line in (toy.root / POPULATION).read_text("utf-8").splitlines()]
    toy.write(POPULATION, "\n".join(",".join(cells) for cells in zip(*rows, strict=True)))


TWICE = "Hà Nội".encode().decode("cp1252")
BAD_BYTE = "Hà Nội".encode().replace("à".encode(), b"\xe0")
# row of the list, how the file is broken, rule and place and raw value of the fault
BREAKS: list[tuple[str, Break, tuple[str, str, int | None, int | None, str]]] = [
    ("ENC-02", _recode(lambda t: t.encode("utf-16")), ("ENC-02", POPULATION, None, None, "fffe")),
    ("ENC-03", _recode(as_cp1258), ("ENC-03", POPULATION, 2, 1, "0xd2")),
    ("ENC-04", _edit("Hà Nội", "Hµ Néi"), ("ENC-04", POPULATION, 3, 1, "Hµ Néi")),
    ("ENC-05", _edit("Hà Nội", TWICE), ("ENC-05", POPULATION, 3, 1, TWICE)),
    ("ENC-06", _recode(lambda t: t.encode().replace("Hà Nội".encode(), BAD_BYTE)),
     ("ENC-03", POPULATION, 3, 1, "0xe0")),
    ("ENC-07", _edit("Hà Nội", "Hà\0Nội"), ("ENC-07", POPULATION, 3, 1, "Hà\0Nội")),
    ("ENC-11", _edit("Hà Nội", "Hà N\u043eội"), ("ENC-11", POPULATION, 3, 1, "Hà N\u043eội")),
    ("ENC-13", _edit("Hà Nội", "H? N?i"), ("ENC-13", POPULATION, 3, 1, "H? N?i")),
    ("HDR-01", _edit(",2022", ",2023"), ("HDR-01", POPULATION, 1, None, "2022")),
    ("HDR-03", _edit(",2022", ",2020"), ("HDR-03", POPULATION, 1, 3, "2020")),
    ("HDR-04", _edit(",2022", ",Năm 2022"), ("HDR-01", POPULATION, 1, None, "2022")),
    ("HDR-05", _edit("2022\nCả nước,2980,3000", "2022,\nCả nước,2980,3000,7"),
     ("HDR-05", POPULATION, 1, 4, "7")),
    ("HDR-06", _edit("province,2020,2022", "province,Dân số,\n,2020,2022"),
     ("HDR-06", POPULATION, 1, None, "province | Dân số")),
    ("HDR-07", _edit("province,", "Biểu 1,,\nprovince,"),
     ("HDR-07", POPULATION, 1, None, "Biểu 1")),
    ("HDR-08", _edit('delimiter: ";"', 'delimiter: ","', CARDS),
     ("HDR-08", ENTERPRISES, 1, None, "Tỉnh;Năm;Doanh nghiệp mới")),
    ("HDR-09", _edit("990,1000", "990"), ("HDR-09", POPULATION, 3, None, "2")),
    ("HDR-10", _edit("Hà Nội", '"Hà Nội'), ("HDR-10", POPULATION, 3, None, '"Hà Nội,990,1000')),
    ("HDR-13", lambda toy: toy.write(POPULATION, ""), ("HDR-13", POPULATION, None, None, "")),
    ("HDR-14", _turn, ("HDR-14", POPULATION, 1, 3, "Hà Nội")),
    ("HDR-17", lambda toy: card_keys(toy, "population", column_numbers="true"),
     ("HDR-17", POPULATION, 2, 1, "Cả nước")),
]  # fmt: skip


def _tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy project whose index is published."""
    toy = Toy(tmp_path_factory.mktemp("refused") / "toy")
    toy.index()
    return toy.root


@pytest.mark.parametrize(("row", "break_it", "expected"), BREAKS, ids=[b[0] for b in BREAKS])
def test_a_refused_file_changes_nothing_and_is_placed_in_both_languages(
    published: Path, tmp_path: Path, row: str, break_it: Break,
    expected: tuple[str, str, int | None, int | None, str],
) -> None:  # fmt: skip
    """C2, C3, C4, C10 and C11."""
    toy = Toy(tmp_path / "toy")
    shutil.copytree(published / "outputs", toy.project.outputs, symlinks=True)
    break_it(toy)
    raw, outputs = _tree(toy.root / "raw"), _tree(toy.project.outputs)
    with pytest.raises(Rejected) as refused:
        toy.index()
    assert (_tree(toy.root / "raw"), _tree(toy.project.outputs)) == (raw, outputs)
    fault = the_fault(refused.value.faults, *expected)
    for lang in ("vi", "en"):
        words = explain_fault(fault, lang)
        text = render([fault], lang)
        assert expected[1] in words["where"]
        assert shown(expected[4]) in text
        assert expected[0] in text
        for part in (fault.place.row, fault.place.column_name):
            assert part is None or str(part) in words["where"]
        if fault.place.cell is not None:
            assert f" {fault.place.cell[0]}" in words["where"]
        assert words["remedy"]


def test_every_row_about_text_and_headers_that_refuses_is_among_them() -> None:
    """Rows that warn or accept, and those of workbooks, have tests of their own."""
    assert {row for row, _, _ in BREAKS} >= {
        *(f"ENC-{n:02}" for n in (2, 3, 4, 5, 6, 7, 11)),
        *(f"HDR-{n:02}" for n in (1, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14)),
    }
