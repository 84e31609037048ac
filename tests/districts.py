"""A synthetic project of one scheme that only its own reference tables know: 400 districts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from tests.conftest import TOY

N_DISTRICTS = 400
SCHEME = "districts"
SEED = 20221231
EMPTY = {  # reference tables that one scheme without a past leaves empty
    "aliases.csv": "scheme,alias,province_code\n",
    "merger_2025.csv": "from_code,to_code\n",
    "historical_units.csv": "name,successors,ended_on,note\n",
    "not_provinces.csv": "name,kind,lists\nCả nước,national,\n",
}
HEAD = "    use: index\n    producer: nobody\n    url: none\n    licence: made up\n" \
       "    published: never\n    accessed: never\n    rows: one district\n" \
       "    number_style: plain\n    complete: true\n"  # fmt: skip
CARDS = """sources:
  people:
    file: raw/synthetic_people.csv
    kind: table
    title: Synthetic people of districts
    scheme: districts
    year: {value: 2022}
    province: {column: code, by: code, also: district}
    columns:
      - {column: population, variable: population_thousand}
      - {column: trained, variable: trained_share_pct}
      - {column: labour force, variable: labour_force_thousand}
""" + HEAD + """  firms:
    file: raw/synthetic_firms.csv
    kind: table
    title: Synthetic firms of districts
    scheme: districts
    year: {value: 2022}
    province: {column: district}
    columns:
      - {column: new enterprises, variable: new_enterprises}
      - {column: start-ups, variable: startups}
      - {column: indications, variable: gi}
""" + HEAD  # fmt: skip
ROBUSTNESS = """robustness:
  draws: 64
  seed: 1
  level: 0.9
  factors:
    - name: normalisation
      alternatives:
        - {normalise: {method: rank}}
    - name: indicator_left_out
      leave_out: indicator
    - name: weights
      weights: {size: 0.25}
nodes:
"""


def code_of(i: int) -> str:
    """The code of a district: three digits."""
    return f"{i + 1:03d}"


def name_of(i: int) -> str:
    """Its name: with a number, as districts and wards of cities have."""
    return f"Quận {i + 1}"


def make_districts(root: Path, n: int = N_DISTRICTS) -> None:
    """Write the project into a folder that does not exist yet."""
    for folder in ("reference", "raw"):
        (root / folder).mkdir(parents=True)
    for name, text in EMPTY.items():
        (root / "reference" / name).write_text(text, "utf-8")
    (root / "reference/schemes.csv").write_text(
        "scheme,name_vi,name_en,n_provinces,valid_from,valid_to\n"
        f"{SCHEME},{n} quận,{n} districts,{n},2000-01-01,\n", "utf-8"
    )  # fmt: skip
    units = [f"{SCHEME},{code_of(i)},{name_of(i)},District {i + 1},quận,"
             f"Vùng {'ABCD'[i % 4]},Region {'ABCD'[i % 4]}," for i in range(n)]  # fmt: skip
    head = "scheme,province_code,name_vi,name_en,type_vi,region_vi,region_en,iso_3166_2"
    (root / "reference/provinces.csv").write_text("\n".join([head, *units, ""]), "utf-8")
    rng = np.random.default_rng(SEED)
    people = rng.integers(50, 900, n)
    labour, trained = people * rng.uniform(0.5, 0.6, n), rng.uniform(5, 60, n)
    firms = np.column_stack([rng.poisson(people), rng.poisson(people / 20), rng.poisson(3, n)])
    rows = [f"{code_of(i)},{name_of(i)},{people[i]},{trained[i]:.1f},{labour[i]:.1f}"
            for i in range(n)]  # fmt: skip
    files = {"people": ["code,district,population,trained,labour force", *rows]}
    files["firms"] = ["district,new enterprises,start-ups,indications",
                      *(",".join([name_of(i), *map(str, firms[i])]) for i in range(n))]  # fmt: skip
    cards = CARDS
    for name, lines in files.items():
        content = "\n".join([*lines, ""]).encode()
        (root / f"raw/synthetic_{name}.csv").write_bytes(content)
        file = f"    file: raw/synthetic_{name}.csv\n"
        cards = cards.replace(file, f"{file}    sha256: {hashlib.sha256(content).hexdigest()}\n")
    (root / "raw/sources.yml").write_text(cards, "utf-8")
    (root / "raw/variables.yml").write_bytes((TOY / "raw/variables.yml").read_bytes())
    index = (TOY / "index.yml").read_text("utf-8")
    start, end = index.index("editions:"), index.index("settings:")
    edition = f'editions:\n  - {{edition: "2022", reference_year: 2022, scheme: {SCHEME}}}\n'
    index = index[:start] + edition + index[end:].replace("nodes:\n", ROBUSTNESS, 1)
    (root / "index.yml").write_text(index, "utf-8")
