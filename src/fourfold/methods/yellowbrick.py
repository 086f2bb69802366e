"""Yellowbrick 1.5, of 2022 and its last, on the current stack.

It asks estimators for an attribute that scikit-learn dropped in 1.8, calls functions that
matplotlib and numpy dropped, imports `distutils`, which Python 3.12 dropped, and sets fonts and
colours for the whole process.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import matplotlib as mpl
from sklearn.base import ClusterMixin, is_classifier, is_regressor

from fourfold.errors import EstimatorError


def _distutils() -> ModuleType:
    """Return what yellowbrick needs of `distutils` where Python has none."""
    from packaging.version import Version

    class LooseVersion(Version):
        def __ge__(self, other: Any) -> bool:
            return super().__ge__(Version(other) if isinstance(other, str) else other)

    module = ModuleType("distutils.version")
    module.LooseVersion = LooseVersion  # type: ignore[attr-defined]
    return module


#: The kinds of estimators that visualizers take.
KINDS: Mapping[str, Callable[[Any], bool]] = {
    "classifier": is_classifier,
    "regressor": is_regressor,
    "clusterer such as KMeans": lambda estimator: isinstance(estimator, ClusterMixin),
}


def expect(kind: str, estimator: Any) -> Any:
    """Return an estimator if it is of a kind of `KINDS`.

    Raises
    ------
    EstimatorError
        If it is of another kind.
    """
    if not KINDS[kind](estimator):
        raise EstimatorError(f"expected a {kind}, got {estimator!r}")
    return estimator


def load(name: str) -> Any:
    """Import a module of yellowbrick, leaving style, colours and modules as they were."""
    codes = dict(mpl.colors.ColorConverter.colors)
    stand_ins = {"distutils": ModuleType("distutils"), "distutils.version": _distutils()}
    missing = {key: stub for key, stub in stand_ins.items() if key not in sys.modules}
    sys.modules.update(missing)
    try:
        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    finally:
        for key in missing:
            sys.modules.pop(key)
        mpl.colors.ColorConverter.colors.update(codes)
        mpl.colors.ColorConverter.cache.clear()
