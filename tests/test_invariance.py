"""Order of rows, columns, files and nodes, and spellings of names, do not change a bit."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import yaml

from tests.conftest import TOY, Toy
from tests.steps import rows_of

Published = dict[str, list[tuple[object, ...]]]
FILES = ("population", "enterprises", "labour", "register", "quotes")
WEIGHTS = {"trained_share": 0.1, "new_per_10000": 0.7, "gi_per_million": 0.3, "extra_share": 0.2,
           "extra_level": 0.1, "people": 0.3, "firms": 0.7, "property": 0.1}  # fmt: skip


def published(toy: Toy) -> Published:
    """Scores and indicators, every column, to the last bit."""
    con = toy.compute()
    found = {name: rows_of(con, f"select * from {name}") for name in ("scores", "indicators")}
    con.close()
    return found


def make_awkward(toy: Toy) -> Toy:
    """Weights that are no sums of powers of two and siblings enough for sums to depend on order."""
    path = toy.root / "index.yml"
    spec = yaml.safe_load(path.read_text("utf-8"))
    first = spec["indicators"][0]
    new = spec["indicators"][1]
    spec["indicators"] += [
        first | {"code": "extra_share", "parent": "firms"},
        new | {"code": "extra_level", "parent": "firms", "scale": 7},
        new | {"code": "extra_people", "parent": "people", "direction": -1},
        first | {"code": "extra_gi", "parent": "property", "direction": -1},
    ]
    for item in spec["nodes"] + spec["indicators"]:
        item["weight"] = WEIGHTS.get(item["code"], 0.6)
    path.write_text(yaml.safe_dump(spec, allow_unicode=True, sort_keys=False), "utf-8")
    toy.edit("raw/synthetic_population.csv", "Hà Nội,990,1000", "Hà Nội,990.1,1000.1")
    toy.edit("raw/synthetic_population.csv", "Đà Nẵng,495,500", "Đà Nẵng,495.7,500.7")
    toy.edit("raw/synthetic_population.csv", "Quảng Nam,500,500", "Quảng Nam,500.3,500.3")
    toy.edit("raw/synthetic_population.csv", "Cả nước,2980,3000", "Cả nước,2981.1,3001.1")
    return toy


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """What the toy publishes with nothing rearranged."""
    return published(make_awkward(Toy(tmp_path_factory.mktemp("plain") / "toy")))


@pytest.fixture
def awkward(toy: Toy) -> Toy:
    return make_awkward(toy)


def lines_of(toy: Toy, name: str) -> tuple[str, list[str]]:
    header, *rows = (toy.root / name).read_text("utf-8").splitlines()
    return header, rows


def shuffle_rows(toy: Toy, seed: int) -> None:
    for source in FILES:
        name = f"raw/synthetic_{source}.csv"
        header, rows = lines_of(toy, name)
        random.Random(seed).shuffle(rows)
        toy.write(name, "\n".join([header, *rows]) + "\n")


def reverse_columns(toy: Toy) -> None:
    for source in FILES:
        name = f"raw/synthetic_{source}.csv"
        mark = ";" if source == "enterprises" else ","
        table = [line.split(mark) for line in (toy.root / name).read_text("utf-8").splitlines()]
        if source == "labour":  # share and labour force hold decimal commas in quotes
            table = [[row[0], ",".join(row[1:-1]), row[-1]] for row in table]
        toy.write(name, "\n".join(mark.join(row[::-1]) for row in table) + "\n")


def rename_provinces(toy: Toy) -> None:
    toy.edit("reference/aliases.csv", "63,Thủ đô,01", "63,Đất Quảng,49\n63,Miền Tây Đô,92")
    toy.edit("raw/synthetic_population.csv", "Quảng Nam", "Đất Quảng")
    toy.edit("raw/synthetic_population.csv", "Cần Thơ", "TP. Cần Thơ")
    toy.edit("raw/synthetic_enterprises.csv", "Cần Thơ", "Miền Tây Đô")
    toy.edit("raw/synthetic_enterprises.csv", "Hà Nội", "  HÀ  NỘI ")
    toy.edit("raw/synthetic_register.csv", "Quảng Nam", "tỉnh Quảng Nam", count=2)


def split_a_file(toy: Toy) -> None:
    name = "raw/synthetic_enterprises.csv"
    header, rows = lines_of(toy, name)
    cards = (toy.root / "raw/sources.yml").read_text("utf-8")
    start, end = cards.index("  enterprises:"), cards.index("  labour:")
    card = cards[start:end].replace("enterprises:", "enterprises_south:")
    card = card.replace("enterprises.csv", "enterprises_south.csv")
    card = card.replace("0fbc43", "000000")  # a hash of its own, renewed below
    halved = (cards[:end] + card + cards[end:]).replace("complete: true", "complete: false")
    (toy.root / "raw/sources.yml").write_text(halved, "utf-8")
    toy.write("raw/synthetic_enterprises_south.csv", "\n".join([header, *rows[3:]]) + "\n")
    toy.write(name, "\n".join([header, *rows[:3]]) + "\n")


def reverse_cards(toy: Toy) -> None:
    path = toy.root / "raw/sources.yml"
    cards = yaml.safe_load(path.read_text("utf-8"))["sources"]
    backwards = {"sources": dict(reversed(cards.items()))}
    path.write_text(yaml.safe_dump(backwards, allow_unicode=True, sort_keys=False), "utf-8")


def reverse_reference(toy: Toy) -> None:
    for name in ("provinces", "merger_2025", "aliases", "not_provinces"):
        path = toy.root / f"reference/{name}.csv"
        header, *rows = path.read_text("utf-8").splitlines()
        path.write_text("\n".join([header, *rows[::-1]]) + "\n", "utf-8")


CHANGES: list[Callable[[Toy], None]] = [
    lambda toy: shuffle_rows(toy, 1),
    lambda toy: shuffle_rows(toy, 2),
    reverse_columns,
    rename_provinces,
    split_a_file,
    reverse_cards,
    reverse_reference,
]
NAMES = ["rows 1", "rows 2", "columns", "names", "two files", "cards", "reference"]


@pytest.mark.parametrize("change", CHANGES, ids=NAMES)
def test_OUT_12_what_is_published_is_the_same_to_the_last_bit(
    awkward: Toy, plain: Published, change: Callable[[Toy], None]
) -> None:
    change(awkward)
    assert published(awkward) == plain


@pytest.mark.parametrize("part", ["nodes", "indicators", "editions"])
def test_OUT_12_the_order_in_which_the_index_is_declared_changes_no_number(
    awkward: Toy, plain: Published, part: str
) -> None:
    path = awkward.root / "index.yml"
    spec = yaml.safe_load(path.read_text("utf-8"))
    spec[part].reverse()
    path.write_text(yaml.safe_dump(spec, allow_unicode=True, sort_keys=False), "utf-8")
    found = published(awkward)  # rows follow the declared order; what they say does not
    assert {name: sorted(rows, key=repr) for name, rows in found.items()} == {
        name: sorted(rows, key=repr) for name, rows in plain.items()
    }


def test_the_toy_itself_is_never_written_to() -> None:
    assert not (TOY / "outputs").exists()
