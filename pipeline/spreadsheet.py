"""Tables as a spreadsheet program may open them: no text in them is ever a formula."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

# A spreadsheet takes a cell that starts so for a formula, the wide forms of East Asia too.
FORMULA = "^['=+\\-@\t\r\n＝＋－＠]"
NUMBER = r"^[-+]?[0-9]+([.,][0-9]+)* ?%?$"


def neutral(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts of which none starts a formula; a text that is a number stays one.

    An apostrophe goes before a text that starts like a formula; and before one that starts with
    an apostrophe, so that taking one off gives every text back.
    """
    is_formula = pc.and_not(
        pc.match_substring_regex(column, FORMULA), pc.match_substring_regex(column, NUMBER)
    )
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)


def write_csv(table: pa.Table, file: BinaryIO) -> None:
    """Write a table as CSV in UTF-8: every text in quotes and none of them a formula.

    Numbers are written as they are, negative ones too. The quotes keep a text in its cell also
    where the spreadsheet program of the reader separates by semicolons.
    """
    columns = [
        neutral(column) if pa.types.is_string(column.type) else column for column in table.columns
    ]
    names = neutral(pa.chunked_array([pa.array(table.column_names, pa.string())])).to_pylist()
    csv.write_csv(pa.table(columns, names=names), file)
