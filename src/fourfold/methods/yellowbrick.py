"""Yellowbrick 1.5 on the current stack."""

from __future__ import annotations

import importlib
import sys
import warnings
from types import ModuleType
from typing import Any

import matplotlib as mpl


def _distutils() -> ModuleType:
    """Return what yellowbrick needs of `distutils` where Python has none."""
    from packaging.version import Version

    class LooseVersion(Version):
        def __ge__(self, other: Any) -> bool:
            return super().__ge__(Version(other) if isinstance(other, str) else other)

    module = ModuleType("distutils.version")
    module.LooseVersion = LooseVersion  # type: ignore[attr-defined]
    return module


def _quietly(name: str) -> Any:
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
