"""The years a tree of indicators was made for: a framework changes from edition to edition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import model_validator

from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.sources import Strict
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Spec


class Framework(Strict):
    """Name of a framework (its year) and the reference years for which it holds."""

    year: int
    first: int
    last: int

    @model_validator(mode="after")
    def years_are_in_order(self) -> Framework:
        if self.first > self.last:
            raise ValueError(Words("first_after_last"))
        return self


def check_framework(spec: Spec, file: YamlFile, faults: Faults) -> None:
    """An edition of a year outside the framework says so in its own name, or is refused.

    The name of the edition is the first key of every output, so each of them carries the mismatch.
    """
    framework = spec.framework
    if framework is None:
        return
    mark = f"framework-{framework.year}"
    for i, edition in enumerate(spec.editions):
        is_inside = framework.first <= edition.reference_year <= framework.last
        if not is_inside and not edition.edition.endswith(mark):
            faults.add("SCH-09", file.place("editions", i), edition.reference_year,
                       edition=edition.edition, framework=framework.year,
                       span=f"{framework.first}–{framework.last}", mark=mark)  # fmt: skip
