"""The findings in words, every number and name in them taken from the release."""

from __future__ import annotations

from collections import Counter

from pipeline.language import figure, number
from pipeline.report.evidence import gaps
from pipeline.report.ranking import published_pii, regions, summary
from pipeline.report.reader import Reader

FIRST = 5  # provinces named at the head of the ranking


def findings(reader: Reader) -> list[str]:
    """Sentences: who leads, who cannot be told apart, how wide the spread is, what is missing."""
    return [
        *_leading(reader),
        *_apart(reader),
        *_spread(reader),
        *_missing(reader),
        *_beside(reader),
    ]


def points(reader: Reader, score: float) -> str:
    """A score as a sentence names it."""
    return number(score, reader.lang, 1)


def _leading(reader: Reader) -> list[str]:
    ranked = [row for row in reader.index if row["rank"] is not None]
    if not ranked:
        return [reader.say("nobody_ranked")]
    first = [row for row in ranked if row["rank"] == 1]
    names = ", ".join(reader.province(row) for row in first)
    key = "leads" if len(first) == 1 else "lead_together"
    said = [reader.say(key, names=names, score=points(reader, first[0]["score"]), n=len(ranked),
                       year=reader.year)]  # fmt: skip
    after = [row for row in ranked if 1 < row["rank"] <= FIRST]
    if after:
        listed = ", ".join(f"{reader.province(row)} ({points(reader, row['score'])})"
                           for row in after)  # fmt: skip
        said.append(reader.say("follow", listed=listed))
    last = ranked[-1]
    if last["rank"] > FIRST:
        said.append(reader.say("last", name=reader.province(last), rank=last["rank"],
                               score=points(reader, last["score"])))  # fmt: skip
    return said


def _apart(reader: Reader) -> list[str]:
    if not reader.has_intervals:
        return [reader.say("no_intervals")]
    ranked = [row for row in reader.index if row["rank_low"] is not None]
    widths = sorted(row["rank_high"] - row["rank_low"] for row in ranked)
    said = [reader.say("interval_widths", median=figure(widths[len(widths) // 2], reader.lang),
                       most=widths[-1])]  # fmt: skip
    first = ranked[0]
    shared = reader.rows(
        'select distinct b.province_code as code from "groups" as a inner join "groups" as b '
        'on a.edition = b.edition and a."group" = b."group" '
        "where a.edition = $edition and a.province_code = $first",
        first=first["province_code"],
    )
    group = {row["code"] for row in shared}
    alike = [row for row in ranked[1:] if row["province_code"] in group]
    if alike:
        names = ", ".join(reader.province(row) for row in alike[:FIRST])
        more = len(alike) - FIRST
        key = "first_overlaps" if more <= 0 else "first_overlaps_more"
        said.append(reader.say(key, names=names, name=reader.province(first), more=more))
    return said


def _spread(reader: Reader) -> list[str]:
    rows = summary(reader).rows
    whole = rows[0]
    if not whole[2]:
        return []
    assert isinstance(whole[4], float)
    said = [reader.say("median", median=points(reader, whole[4]))]
    found = [row for row in regions(reader).rows if row[1]]
    if len(found) > 1:
        at = 5  # the column of the mean of the index
        best = max(found, key=lambda row: row[at] or 0)
        worst = min(found, key=lambda row: row[at] or 0)
        said.append(reader.say("regions_differ", best=best[0], worst=worst[0],
                               high=points(reader, float(best[at] or 0)),
                               low=points(reader, float(worst[at] or 0))))  # fmt: skip
    return said


def _missing(reader: Reader) -> list[str]:
    declared, entered = reader.spec["indicators"], reader.entered
    said = [reader.say("entered_of", n=len(entered), of=len(declared))]
    parents = Counter(reader.release.nodes[code]["parent"] for code in entered)
    alone = [reader.node(code) for code, n in parents.items() if n == 1]
    if alone:
        said.append(reader.say("single", listed=", ".join(alone)))
    lacking = [row for row in gaps(reader).rows if row[-1]]
    key = "provinces_complete" if not lacking else "provinces_lack"
    said.append(reader.say(key, n=len(lacking), of=len(reader.index)))
    unranked = [row for row in reader.index if row["rank"] is None]
    if unranked:
        listed = ", ".join(reader.province(row) for row in unranked)
        said.append(reader.say("unranked", n=len(unranked), listed=listed))
    carried = reader.rows(
        "select indicator, count(*) as n, min(data_year) as first, max(data_year) as last "
        "from indicators where edition = $edition and is_entered and obs_status = 'C' "
        "group by indicator order by indicator"
    )
    for row in carried:
        years = "–".join(str(y) for y in dict.fromkeys([row["first"], row["last"]]))
        said.append(reader.say("carried", name=reader.node(row["indicator"]), n=row["n"],
                               years=years, year=reader.year))  # fmt: skip
    return said


def _beside(reader: Reader) -> list[str]:
    table = published_pii(reader)
    found = dict.fromkeys((row[0], row[1], row[2]) for row in table.rows) if table else {}
    return [
        reader.say("beside_pii", year=year, n=n, rho=number(float(rho or 0), reader.lang, 2))
        for year, n, rho in found
    ]
