"""Yellowbrick 1.5, of 2022 and its last, on the current stack.

It asks estimators for an attribute that scikit-learn dropped in 1.8, calls functions that
matplotlib and numpy dropped, imports `distutils`, which Python 3.12 dropped, and sets fonts and
colours for the whole process. After `shim`, which the setup cell of a template calls, its own
imports work: ``from yellowbrick.cluster import KElbowVisualizer`` is the class with these fixes.
"""

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

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


def expect(kind: str, estimator: Any) -> Any:
    """Return an estimator if it is a "classifier", "regressor" or "clusterer such as KMeans".

    Raises
    ------
    EstimatorError
        If it is of another kind.
    """
    from sklearn.base import ClusterMixin, is_classifier, is_regressor  # the shim needs none of it

    kinds: Mapping[str, Callable[[Any], bool]] = {
        "classifier": is_classifier,
        "regressor": is_regressor,
        "clusterer such as KMeans": lambda given: isinstance(given, ClusterMixin),
    }
    if not kinds[kind](estimator):
        raise EstimatorError(f"expected a {kind}, got {estimator!r}")
    return estimator


#: Modules of yellowbrick, and the module of ours that has the fixed classes of each.
FIXED = {
    "yellowbrick.cluster": "fourfold.methods.clustering.visualizers",
    "yellowbrick.regressor": "fourfold.methods.supervised.visualizers",
    "yellowbrick.classifier": "fourfold.methods.supervised.visualizers",
}


_fixes: dict[str, dict[str, Any]] = {}


def shim() -> None:
    """Let notebooks import the visualizers that are fixed here from yellowbrick itself."""
    if not _shimmed():
        sys.meta_path.insert(0, _Finder())
    for name in FIXED.keys() & sys.modules.keys():
        _fix(sys.modules[name])


def offer(name: str, **classes: Any) -> None:
    """Offer fixed classes in the place of those of a module of yellowbrick."""
    _fixes.setdefault(name, {}).update(classes)
    if _shimmed() and name in sys.modules:
        vars(sys.modules[name]).update(classes)


def _shimmed() -> bool:
    return any(isinstance(finder, _Finder) for finder in sys.meta_path)


def _fix(module: ModuleType) -> None:
    importlib.import_module(FIXED[module.__name__])
    vars(module).update(_fixes.get(module.__name__, {}))


class _Finder(MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "yellowbrick" and name not in FIXED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    def __init__(self, inner: Loader) -> None:
        self.inner = inner

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with _unchanged():
            self.inner.exec_module(module)
        if module.__name__ in FIXED:
            _fix(module)


def load(name: str) -> Any:
    """Import a module of yellowbrick, leaving style, colours and modules as they were."""
    with _unchanged():
        return importlib.import_module(name)


@contextmanager
def _unchanged() -> Iterator[None]:
    import matplotlib as mpl

    codes = dict(mpl.colors.ColorConverter.colors)
    stand_ins = {"distutils": ModuleType("distutils"), "distutils.version": _distutils()}
    missing = {key: stub for key, stub in stand_ins.items() if key not in sys.modules}
    sys.modules.update(missing)
    try:
        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for key in missing:
            sys.modules.pop(key, None)
        mpl.colors.ColorConverter.colors.update(codes)
        mpl.colors.ColorConverter.cache.clear()
