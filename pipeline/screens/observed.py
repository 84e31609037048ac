"""Every screen of the observed figures, in one call."""

from __future__ import annotations

from pipeline.choices.screens import Screens
from pipeline.faults import Faults
from pipeline.ingest import Ingested
from pipeline.provinces import Reference
from pipeline.screens.common import take_figures
from pipeline.screens.digits import check_digits
from pipeline.screens.figures import check_figures
from pipeline.screens.results import check_denominators
from pipeline.screens.series import check_series
from pipeline.sources import Catalogue
from pipeline.spec import Spec


def check_observed(
    ingested: Ingested, catalogue: Catalogue, ref: Reference, spec: Spec | None, faults: Faults
) -> None:
    """Look at the figures as read; all findings are warnings but a part above its whole.

    Args:
        ingested: what the raw files hold.
        catalogue: cards and variables.
        ref: names of the provinces.
        spec: the index with its thresholds; None when it is refused: the usual ones then.
        faults: where the findings go.
    """
    settings = spec.settings.screens if spec is not None else Screens()
    figures = take_figures(ingested, catalogue, ref, settings, faults)
    check_figures(figures)
    check_digits(figures)
    check_series(figures)
    if spec is not None:
        check_denominators(figures, spec)
