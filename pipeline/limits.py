"""Limits on what is read: named settings with defaults, which `limits.yml` of a project changes.

They are checked before anything is unpacked or allocated; a message quotes limit and measure.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


def _limit(unit: str, words: str, most: int = 2**50) -> object:
    return Field(gt=0, le=most, description=words, json_schema_extra={"unit": unit})


class Limits(BaseModel):
    """The limits of one project; each field names its unit and what it bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_bytes: Annotated[int, _limit("bytes", "size of a raw file")] = 200_000_000
    unzipped_bytes: Annotated[int, _limit("bytes", "size of a workbook once unpacked")] = (
        500_000_000
    )
    unzip_ratio: Annotated[
        int, _limit("times", "size of a part of a workbook over its packed size, above 1 MB")
    ] = 100
    zip_entries: Annotated[int, _limit("entries", "parts of a workbook")] = 10_000
    rows: Annotated[int, _limit("rows", "rows of a table")] = 1_048_576
    record_bytes: Annotated[
        int, _limit("bytes", "size of a register up to which figures name each record")
    ] = 10_000_000
    register_bytes: Annotated[int, _limit("bytes", "memory to group a register in")] = 1_200_000_000
    columns: Annotated[int, _limit("columns", "columns of a table")] = 16_384
    cells: Annotated[int, _limit("cells", "rows times columns of a table")] = 20_000_000
    cell_characters: Annotated[int, _limit("characters", "text in one cell")] = 1_000_000
    reader_seconds: Annotated[int, _limit("seconds", "time to read one workbook")] = 120
    reader_bytes: Annotated[int, _limit("bytes", "memory to read one workbook")] = 4_000_000_000
    yaml_bytes: Annotated[int, _limit("bytes", "size of a YAML file")] = 1_000_000
    yaml_depth: Annotated[int, _limit("levels", "nesting in a YAML file", 100)] = 20
    memory_bytes: Annotated[int, _limit("bytes", "memory of a whole run")] = 8_000_000_000

    def quoted(self, setting: str) -> str:
        """The limit as a message quotes it: `200000000 bytes`."""
        return f"{getattr(self, setting)} {unit_of(setting)}"


DEFAULTS = Limits()


class OverLimit(Exception):
    """Something is larger than its limit: the setting's name and what was measured."""

    def __init__(self, setting: str, measured: int) -> None:
        super().__init__(f"{setting}: {measured}")
        self.setting = setting
        self.measured = f"{measured} {unit_of(setting)}"


def unit_of(setting: str) -> str:
    """The unit in which a limit is given."""
    extra = Limits.model_fields[setting].json_schema_extra
    assert isinstance(extra, dict)
    return str(extra["unit"])
