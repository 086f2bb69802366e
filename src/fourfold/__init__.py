"""Four-section notebooks, run many-fold.

Names load on first use, so that ``fourfold plan`` never pays for pandas or matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fourfold import clustering, evaluation, visualizers
    from fourfold.notebook import conclude, ingest, record, save

__all__ = ["clustering", "conclude", "evaluation", "ingest", "record", "save", "visualizers"]
__version__ = "0.1.0"

_CALLS = {"conclude", "ingest", "record", "save"}


def __getattr__(name: str) -> Any:
    """Load a public name on first use.

    Raises
    ------
    AttributeError
        If `fourfold` has no such name.
    """
    if name in _CALLS:
        value = getattr(import_module("fourfold.notebook"), name)
    elif name in __all__:
        value = import_module(f"fourfold.{name}")
    else:
        raise AttributeError(f"module 'fourfold' has no attribute {name!r}")
    globals()[name] = value
    return value
