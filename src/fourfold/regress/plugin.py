"""The pytest plugin: ``pytest --fourfold notebooks/``.

pytest loads this module at every start, so it imports nothing but what the options need; nbval
and the rest come with `fourfold.regress.items`, when they are asked for.
"""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; those of nbval work as well."""
    group = parser.getgroup("fourfold", "Notebooks against their stored outputs, on nbval")
    add = group.addoption
    add("--fourfold", action="store_true", help="test notebooks: execute, compare typed")
    add("--fourfold-accept", action="store_true", help="rewrite references that differ")
    add("--fourfold-changed", action="store_true", help="only notebooks that something changed for")
    add("--fourfold-workers", type=int, metavar="N", help="notebooks at a time; as cores allow")
    add("--fourfold-timeout", type=float, metavar="SECONDS", help="a whole notebook may take")
    add("--fourfold-rtol", type=float, metavar="X", help="relative tolerance; 1e-5")
    add("--fourfold-atol", type=float, metavar="X", help="absolute tolerance; 1e-12")
    add("--fourfold-page", type=Path, metavar="FOLDER", help="where the page of differences goes")


def pytest_configure(config: pytest.Config) -> None:
    """Switch nbval on and ours into it, where asked for."""
    if not config.option.fourfold:
        return
    if not config.pluginmanager.hasplugin("nbval"):
        raise pytest.UsageError("--fourfold needs the plugin nbval; '-p no:nbval' keeps it off")
    config.option.nbval = not config.option.nbval_lax
    from fourfold.regress.session import Regression

    config.pluginmanager.register(Regression(config), "fourfold-regression")
