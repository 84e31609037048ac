"""The page about cards says what the code reads."""

from __future__ import annotations

import re

import yaml

from pipeline.sources import Card, CardFile, ProvinceColumn, ValueColumn
from tests.conftest import ROOT

PAGES = ("docs/cards.md", "CONTRIBUTING.md")


def test_the_example_of_the_page_is_a_card() -> None:
    text = (ROOT / "docs/cards.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    cards = CardFile.model_validate(yaml.safe_load(block), strict=True)
    assert cards.sources["example_yearbook"].header_rows == 2


def test_every_key_of_a_card_is_explained_on_a_page() -> None:
    text = "".join((ROOT / page).read_text("utf-8") for page in PAGES)
    keys = {info.alias or name for model in (Card, ProvinceColumn, ValueColumn)
            for name, info in model.model_fields.items()}  # fmt: skip
    assert {key for key in keys if not re.search(rf"\b{key}\b", text)} <= {"carrier"}
