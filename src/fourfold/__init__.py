"""Four-section notebooks, run many-fold.

Names load on first use, so that ``fourfold plan`` never pays for pandas or matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fourfold import promotion
    from fourfold.author.begin import begin
    from fourfold.author.frame_draft import new
    from fourfold.author.rerun import rerun
    from fourfold.data.sources import locate
    from fourfold.methods import (
        clustering,
        columns,
        comparison,
        gambling,
        intervals,
        maturity,
        monitoring,
        platform,
        quality,
        routes,
        supervised,
    )
    from fourfold.models.keep import keep_model
    from fourfold.records.emit import conclude, ingest, record, save
    from fourfold.records.formatting import code, listed, number, plain, short, style

__version__ = "0.1.0"

#: What a notebook calls, and the module that has it.
CALLS = {
    **dict.fromkeys(("conclude", "ingest", "record", "save"), "records.emit"),
    **dict.fromkeys(("code", "listed", "number", "plain", "short", "style"), "records.formatting"),
    "begin": "author.begin",
    "keep_model": "models.keep",
    "locate": "data.sources",
    "new": "author.frame_draft",
    "rerun": "author.rerun",
}
_METHODS = (
    *("clustering", "supervised", "gambling", "routes"),
    *("comparison", "quality", "maturity", "platform", "monitoring"),
    *("columns", "intervals"),
)
#: Modules that templates call, those of methods first, two of which all share.
MODULES = {**{name: f"methods.{name}" for name in _METHODS}, "promotion": "promotion"}
__all__ = [*CALLS, *MODULES]


def __getattr__(name: str) -> Any:
    """Load a public name on first use.

    Raises
    ------
    AttributeError
        If `fourfold` has no such name.
    """
    if name in CALLS:
        value = getattr(import_module(f"fourfold.{CALLS[name]}"), name)
    elif name in MODULES:
        value = import_module(f"fourfold.{MODULES[name]}")
    else:
        raise AttributeError(f"module 'fourfold' has no attribute {name!r}")
    globals()[name] = value
    return value
