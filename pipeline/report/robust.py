"""Tables of how firm the ranking is: intervals, what drives them, each choice alone."""

from __future__ import annotations

from pipeline.report.model import Cell, Column, Table
from pipeline.report.ranking import percent, rank_column, share_column, text_column
from pipeline.report.reader import Reader

SHIFT = "mean_absolute_shift"


def robustness(reader: Reader) -> Table:
    """Rank intervals and the groups that cannot be told apart; only a note without intervals."""
    columns = [rank_column(reader), text_column(reader, "province"),
               *(rank_column(reader, key) for key in ("rank_low", "rank_median", "rank_high")),
               share_column(reader, "share_top_3"), share_column(reader, "share_top_10"),
               Column(reader.say("groups_in"))]  # fmt: skip
    rows: list[list[Cell]] = []
    if reader.has_intervals:
        of = {row["province_code"]: row for row in reader.rows(
            "select * from intervals where edition = $edition and node = $root",
            root=reader.release.root)}  # fmt: skip
        groups: dict[str, list[str]] = {}
        for row in reader.rows('select * from "groups" where edition = $edition order by "group"'):
            groups.setdefault(row["province_code"], []).append(str(row["group"]))
        for row in reader.index:
            code = row["province_code"]
            one = of[code]
            rows.append([row["rank"], reader.province(row), one["rank_low"], one["rank_median"],
                         one["rank_high"], percent(one["share_top_3"]),
                         percent(one["share_top_10"]),
                         ", ".join(groups.get(code, []))])  # fmt: skip
    notes = [reader.say("note_robustness" if reader.has_intervals else "no_intervals"),
             reader.source("intervals", "groups") if rows else reader.source("scores")]  # fmt: skip
    return Table("robustness", reader.say("robustness", edition=reader.edition), columns, rows,
                 notes)  # fmt: skip


def drivers(reader: Reader) -> Table | None:
    """How much of the shift of ranks each factor explains; None without draws."""
    if not reader.has_intervals:
        return None
    columns = [text_column(reader, "factor")]
    keys = ("first_order", "first_order_low", "first_order_high", "total", "total_low",
            "total_high")  # fmt: skip
    columns += [Column(reader.say(key), "", 3) for key in keys]
    rows: list[list[Cell]] = [
        [row["factor"], *(row[key] for key in keys)]
        for row in reader.rows(
            "select * from sensitivity where edition = $edition and output = $shift "
            "order by total desc, factor", shift=SHIFT)
    ]  # fmt: skip
    notes = [reader.say("note_drivers"), reader.source("sensitivity")]
    return Table("drivers", reader.say("drivers", edition=reader.edition), columns, rows, notes)


def alone(reader: Reader) -> Table | None:
    """What each choice does to the ranks when it alone is changed; None without draws."""
    if not reader.has_intervals:
        return None
    columns = [text_column(reader, "factor"), text_column(reader, "change"),
               Column(reader.say("mean_shift"), reader.say("ranks"), 1),
               rank_column(reader, "largest_shift"), text_column(reader, "province")]  # fmt: skip
    found = reader.rows(
        "select factor, if(factor = 'province', $each, change) as change, avg(abs(shift)) as mean, "
        "max(abs(shift)) as most, arg_max(province_code, (abs(shift), -rank_published)) as code "
        "from one_at_a_time where edition = $edition group by all order by mean desc, change",
        each=reader.say("each_left_out"),
    )
    rows: list[list[Cell]] = [
        [row["factor"], row["change"], row["mean"], row["most"],
         reader.names[row["code"]] if row["most"] else ""]
        for row in found
    ]  # fmt: skip
    notes = [reader.say("note_alone"), reader.source("one_at_a_time")]
    return Table("alone", reader.say("alone", edition=reader.edition), columns, rows, notes)
