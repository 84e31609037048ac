"""How outliers are pulled in: what `index.yml` chooses, resolved for each indicator, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from pipeline.faults import Faults
from pipeline.language import Words
from pipeline.sources import Strict
from pipeline.yamlfile import YamlFile

if TYPE_CHECKING:
    from pipeline.spec import Spec


Skewness = Annotated[int | float, Field(ge=0)]  # an absolute one
Count = Annotated[int, Field(ge=0)]
Transform = Literal["log", "none"]


class Treat(Strict):
    """How outliers are pulled in, and the moments beyond which they are."""

    method: Literal["winsorise_then_log", "none"]
    skewness: Skewness = 2
    kurtosis: int | float = 3.5
    max_winsorised: Count = 5
    transform: Transform = "log"  # what is tried when winsorising is not enough


class TreatIndicator(Strict):
    """What one indicator's treatment sets apart; what is not named is the settings'."""

    skewness: Skewness | None = None
    kurtosis: int | float | None = None
    max_winsorised: Count | None = None
    transform: Transform | None = None


# true: as in the settings; false: left alone; a mapping: with limits of its own
TreatOne = Annotated[
    Annotated[bool, Tag("flag")] | Annotated[TreatIndicator, Tag("limits")],
    Discriminator(lambda value: "flag" if isinstance(value, bool) else "limits"),
]


def treat_row(common: Treat, own: bool | TreatIndicator) -> dict[str, Any]:
    """The columns of `spec_indicators` that 60_treated reads."""
    chosen = common.model_dump(exclude={"method"})
    if isinstance(own, TreatIndicator):
        chosen |= own.model_dump(exclude_none=True)
    return {
        "treat": own is not False and common.method != "none",
        "skewness_limit": float(chosen["skewness"]),
        "kurtosis_limit": float(chosen["kurtosis"]),
        "max_winsorised": chosen["max_winsorised"],
        "transform": chosen["transform"],
    }


def check_treatment(spec: Spec, file: YamlFile, faults: Faults) -> None:
    """Refuse limits of one indicator where nothing is treated: SCH-17 on the line of `treat`."""
    for i, item in enumerate(spec.indicators):
        if isinstance(item.treat, TreatIndicator) and spec.settings.treat.method == "none":
            place = file.place("indicators", i, "treat")
            problem = Words("treat_is_off", {"code": item.code})
            faults.add("SCH-17", place, "treat", problem=problem)
