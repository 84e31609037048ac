"""Whatever bytes a CSV holds and whatever its card says: it is laid out, or refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalogue import load_catalogue
from pipeline.faults import Faults, render
from pipeline.ingest.grid import Grid
from pipeline.ingest.header import lay_out
from pipeline.ingest.text import read_rows
from pipeline.limits import DEFAULTS
from pipeline.provinces import load_reference

TOY = Path(__file__).parent / "toy"
CATALOGUE = load_catalogue(TOY, Faults())
REFERENCE = load_reference(TOY / "reference")
RAW = (TOY / "raw/synthetic_population.csv").read_bytes()
PIECES = st.sampled_from(
    [b'"', b",", b"\n", b"\r", b"\0", b";", b"\xff\xfe", b"\n\n", b"\xe0", b""]
)
CHANGES = st.lists(st.tuples(st.integers(0, len(RAW)), PIECES, st.integers(0, 30)), max_size=6)
KEYS = st.fixed_dictionaries(
    {
        "encoding": st.sampled_from(["utf-8", "utf-16", "cp1258", "tcvn3", "vni"]),
        "header_row": st.integers(1, 4),
        "header_rows": st.integers(1, 3),
        "column_numbers": st.booleans(),
        "ends_at": st.sampled_from([[], ["Cần"], ["H"]]),
        "delimiter": st.sampled_from([",", ";", "\t"]),
    }
)


@settings(max_examples=400)
@given(changes=CHANGES, keys=KEYS, is_wide=st.booleans())
def test_any_CSV_is_laid_out_or_refused_in_words(
    changes: list[tuple[int, bytes, int]], keys: dict[str, Any], is_wide: bool
) -> None:
    raw = RAW.decode().encode("utf-16") if is_wide else RAW
    for at, piece, n_dropped in changes:
        raw = raw[:at] + piece + raw[at + n_dropped :]
    assert CATALOGUE is not None
    card = CATALOGUE.cards["population"].model_copy(update=keys)
    faults = Faults()
    read = read_rows(raw, card, DEFAULTS, faults)
    if read is not None:
        grid = Grid(card.file, None, list(read[0]), refused=read[1])
        is_laid_out = lay_out(grid, card, REFERENCE, faults)
        assert is_laid_out or faults.rejecting()
        assert not any(i in grid.refused for i, _ in grid.data_rows())
    else:
        assert faults.rejecting()
    for lang in ("vi", "en"):
        assert render(faults.sorted(), lang)
