"""Why a score changed: territory, data revision, method and performance, adding up to the change.

From one index to the other a score walks in steps, each for one reason: onto other provinces, to
other figures of the same year, to another method, to another year. What no step is taken for is
zero, and the steps add up to the whole.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pipeline.faults import Faults, Place

PARTS = ("territory", "revision", "method", "performance")
Editions = dict[str, dict[str, Any]]  # name -> reference_year, scheme
Step = tuple[str, np.ndarray]  # the reason, and the scores after it


class Walk(NamedTuple):
    """From the scores `before` over steps; row i is a province at either end, by its codes."""

    codes_before: list[str]
    codes_after: list[str]
    before: np.ndarray
    steps: list[Step]


def split_change(before: np.ndarray, steps: list[Step]) -> dict[str, np.ndarray]:
    """The parts of a change.

    Args:
        before: shape (n,), scores; NaN is missing.
        steps: for each step one of `PARTS` and the scores after it, shape (n,).

    Returns:
        `after`, `change` and each of `PARTS`, shape (n,). The parts add up to the change to 1e-9
        wherever no score on the way is missing; a part next to a missing one is NaN.

    Raises:
        ValueError: if a step is none of `PARTS`, or has another shape.
    """
    here = first = np.asarray(before, dtype=np.float64)
    found = {part: np.zeros(first.shape) for part in PARTS}
    for part, scores in steps:
        if part not in found or np.shape(scores) != first.shape:
            raise ValueError(f"no step '{part}' of shape {np.shape(scores)} from {first.shape}")
        found[part] = found[part] + (scores - here)
        here = scores
    return {"after": here, "change": here - first} | found


def index_rows(con: Any, edition: str) -> dict[str, dict[str, Any]]:
    """Names, score and rank of every province in the index of an edition, by code."""
    found = con.sql(
        "select province_code, province_name_vi, province_name_en, score, rank from scores "
        "where level = 'index' and edition = $edition order by province_code",
        params={"edition": edition},
    ).to_arrow_table()
    return {row["province_code"]: row for row in found.to_pylist()}


def index_scores(con: Any, edition: str, codes: list[str]) -> np.ndarray:
    """Index scores of some provinces of an edition, shape (n,), NaN where there is none."""
    rows = index_rows(con, edition)
    return np.array([rows[code]["score"] for code in codes], dtype=np.float64)


def walk_editions(
    con: Any, editions: Editions, before: str, after: str, merger: dict[str, str]
) -> Walk:
    """The way between two editions of one release, whose data and method are the same.

    Args:
        con: the release, opened.
        editions: those of the release.
        before, after: two of them.
        merger: successor of every former province.

    Returns:
        One row per province. Between two schemes one row per former province, which stands beside
        its successor; the years are compared on the provinces of today.

    Raises:
        Rejected: GEO-13, when the schemes differ and the edition on the former provinces has no
            twin on those of today.
    """
    codes, last = list(index_rows(con, before)), list(index_rows(con, after))
    is_former = set(codes) == set(merger)
    twin = twin_of(editions, before, after, is_former)
    if twin is None:
        refuse_schemes(editions, before, editions, after)
    if editions[before]["scheme"] == editions[after]["scheme"]:
        stops = [("performance", after, last)]
    elif is_former:
        codes, last = list(merger), list(merger.values())
        stops = [("territory", str(twin), last), ("performance", after, last)]
    else:
        codes, last = list(merger.values()), list(merger)
        stops = [("performance", str(twin), codes), ("territory", after, last)]
    steps = [(part, index_scores(con, name, at)) for part, name, at in stops]
    return Walk(codes, last, index_scores(con, before, codes), steps)


def twin_of(editions: Editions, before: str, after: str, is_before_former: bool) -> str | None:
    """The edition where two editions meet on the same provinces, those of today.

    It is `before` itself on one scheme, else the one on the former provinces made again on those
    of today; None when there is no such edition.
    """
    a, b = editions[before], editions[after]
    if a["scheme"] == b["scheme"]:
        return before
    former, today = (a, b) if is_before_former else (b, a)
    return find_edition(editions, former["reference_year"], today["scheme"])


def find_edition(editions: Editions, year: int, scheme: str) -> str | None:
    """The edition of a reference year on a scheme."""
    for name, edition in editions.items():
        if (edition["reference_year"], edition["scheme"]) == (year, scheme):
            return name
    return None


def refuse_schemes(ours: Editions, before: str, theirs: Editions, after: str) -> None:
    """Refuse to compare editions on different provinces, and offer what can be compared.

    Raises:
        Rejected: GEO-13.
    """
    a, b = ours[before], theirs[after]
    pairs = []
    if ours is theirs:
        on_a = find_edition(ours, b["reference_year"], a["scheme"])
        on_b = find_edition(ours, a["reference_year"], b["scheme"])
        pairs = [(before, on_a), (on_b, after), (on_a, after), (before, on_b)]
    offers = [f"--editions {x} {y}" for x, y in pairs if None not in (x, y)]
    faults = Faults()
    faults.add("GEO-13", Place("index.yml"), before, scheme=a["scheme"], other=after,
               other_scheme=b["scheme"], offer=", ".join(offers) or "–")  # fmt: skip
    faults.raise_if_any()
