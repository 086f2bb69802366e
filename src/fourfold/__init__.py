"""Four-section notebooks, run many-fold.

Names load on first use, so that ``fourfold plan`` never pays for pandas or matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fourfold.author.rerun import rerun
    from fourfold.records.emit import conclude, ingest, record, save
    from fourfold.records.formatting import number, short
    from fourfold.records.style import style

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

_MODULES = {
    "bounds": "routes.bounds", "candidates": "supervised.candidates",
    "clustering": "clustering.prepare", "diagnostics": "supervised.visualizers",
    "discrimination": "supervised.classification", "drift": "quality.drift",
    "effects": "comparison.anova", "evaluation": "supervised.evaluation",
    "experiments": "comparison.runs", "features": "columns", "games": "gambling.games",
    "leaders": "comparison.ranking", "leakage": "supervised.leakage",
    "maturity": "maturity.levels", "odds": "gambling.odds", "oneway": "routes.one_way",
    "places": "routes.places", "quality": "quality.validity",
    "ranking": "platform.acceptability", "residuals": "supervised.regression",
    "roadmap": "maturity.roadmap", "search": "routes.lin_kernighan",
    "thresholds": "supervised.thresholds", "tours": "routes.heuristics",
    "tuning": "supervised.tuning", "visualizers": "clustering.visualizers",
    "wagers": "gambling.players",
}  # fmt: skip
_CALLS = {
    **dict.fromkeys(("conclude", "ingest", "record", "save"), "records.emit"),
    **dict.fromkeys(("number", "short"), "records.formatting"),
    "style": "records.style",
    "rerun": "author.rerun",
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
    elif name in _MODULES:
        value = import_module(f"fourfold.methods.{_MODULES[name]}")
    else:
        raise AttributeError(f"module 'fourfold' has no attribute {name!r}")
    globals()[name] = value
    return value
