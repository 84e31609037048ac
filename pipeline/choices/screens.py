"""When a figure looks odd enough to be shown: what `index.yml` sets for the screens."""

from __future__ import annotations

from pydantic import Field

from pipeline.sources import Strict


class Screens(Strict):
    """Thresholds of the screens. A screen shows evidence; it never changes a figure."""

    jump_factor: int | float = Field(default=3, gt=1)  # a figure over last year's, or the reverse
    jump_minimum: int | float = Field(default=10, ge=0)  # counts that stay below it may jump
    copied_columns: int = Field(default=2, ge=1)  # columns equal to last year's that make a copy
    source_tolerance: int | float = Field(default=0.05, ge=0)  # submitted against central source
    direction_correlation: int | float = Field(default=-0.4, ge=-1, lt=0)  # with its siblings
    same_series: int | float = Field(default=0.9999, gt=0, le=1)  # correlation of one series
    sample: int = Field(default=10, ge=4)  # provinces that a correlation needs
    digit_sample: int = Field(default=50, ge=20)  # figures that a test of digits needs
    digit_p: int | float = Field(default=0.0001, gt=0, lt=1)  # chance below which digits are odd
