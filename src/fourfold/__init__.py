"""Four-section notebooks, run many-fold.

Names load on first use, so that ``fourfold plan`` never pays for pandas or matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fourfold import (
        bounds,
        candidates,
        clustering,
        diagnostics,
        discrimination,
        drift,
        effects,
        evaluation,
        experiments,
        features,
        games,
        leaders,
        leakage,
        maturity,
        odds,
        oneway,
        places,
        quality,
        ranking,
        residuals,
        roadmap,
        search,
        thresholds,
        tours,
        tuning,
        visualizers,
        wagers,
    )
    from fourfold.records.emit import conclude, ingest, record, save
    from fourfold.records.formatting import number, short
    from fourfold.records.style import style
    from fourfold.rerunning import rerun

__version__ = "0.1.0"
__all__ = [
    "bounds",
    "candidates",
    "clustering",
    "conclude",
    "diagnostics",
    "discrimination",
    "drift",
    "effects",
    "evaluation",
    "experiments",
    "features",
    "games",
    "ingest",
    "leaders",
    "leakage",
    "maturity",
    "number",
    "odds",
    "oneway",
    "places",
    "quality",
    "ranking",
    "record",
    "rerun",
    "residuals",
    "roadmap",
    "save",
    "search",
    "short",
    "style",
    "thresholds",
    "tours",
    "tuning",
    "visualizers",
    "wagers",
]

_CALLS = {
    **dict.fromkeys(("conclude", "ingest", "record", "save"), "records.emit"),
    **dict.fromkeys(("number", "short"), "records.formatting"),
    "style": "records.style",
    "rerun": "rerunning",
}


def __getattr__(name: str) -> Any:
    """Load a public name on first use.

    Raises
    ------
    AttributeError
        If `fourfold` has no such name.
    """
    if name in _CALLS:
        value = getattr(import_module(f"fourfold.{_CALLS[name]}"), name)
    elif name in __all__:
        value = import_module(f"fourfold.{name}")
    else:
        raise AttributeError(f"module 'fourfold' has no attribute {name!r}")
    globals()[name] = value
    return value
