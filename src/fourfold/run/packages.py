"""The packages that a run has loaded, with their versions, and what is installed now."""

import platform
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

_SITE = re.compile(r"(.*[/\\](?:site|dist)-packages)[/\\]")
_TOP = re.compile(rb"^(?!\.\.)([^/,\n]+?)(?:\.py|\.[\w-]+\.so|\.pyd)?[/,]", re.MULTILINE)


@cache
def _installed(site: str) -> dict[str, str]:
    """Return the versions of the packages in a folder, as the names of their metadata have them."""
    folders = (path.stem.rpartition("-") for path in Path(site).glob("*.dist-info"))
    return {name: version for name, _, version in folders}


@cache
def _owners(site: str) -> dict[str, list[str]]:
    """Return the packages that have put each module into a folder."""
    owners: dict[str, list[str]] = {}
    for name, version in _installed(site).items():
        with suppress(OSError):
            record = (Path(site) / f"{name}-{version}.dist-info" / "RECORD").read_bytes()
            for top in set(_TOP.findall(record)):
                owners.setdefault(top.decode(errors="replace"), []).append(name)
    return owners


def loaded(modules: Mapping[str, str], wanted: set[str]) -> dict[str, str]:
    """Return the versions of the packages of a run.

    Parameters
    ----------
    modules : mapping
        A file of each package that was loaded, by the name of its module.
    wanted : set of str
        Modules that the code imports: those that were not there have the version ``""``.
    """
    versions = {"python": platform.python_version()}
    for module, file in modules.items():
        if hit := _SITE.match(file):
            site = hit[1]
            prefix = "" if site in sys.path else f"{site}/"
            for name in _owners(site).get(module, []):
                versions[prefix + name] = _installed(site)[name]
    for module in wanted - set(modules) - sys.stdlib_module_names:
        versions[f"import {module}"] = _there(module)
    return versions


def now(names: Mapping[str, str]) -> dict[str, str]:
    """Return the versions today of these names."""
    here = {"python": platform.python_version()}
    for site in reversed(sys.path):
        here |= _installed(site)
    versions = {}
    for name in names:
        site, _, package = name.rpartition("/")
        if name.startswith("import "):
            versions[name] = _there(name.removeprefix("import "))
        else:
            versions[name] = (_installed(site) if site else here).get(package, "")
    return versions


@cache
def _there(module: str) -> str:
    with suppress(ImportError, ValueError):
        return "there" if find_spec(module) else ""
    return ""


def forget() -> None:
    """Look anew at what is installed."""
    for once in (_installed, _owners, _there):
        once.cache_clear()
    invalidate_caches()


def package_changes(before: Mapping[str, str]) -> list[str]:
    """Return which packages are not as they were."""
    return [
        f"package {name.rpartition('/')[2].removeprefix('import ')} changed: "
        f"{before[name] or 'not there'} -> {version or 'not there'}"
        for name, version in now(before).items()
        if version != before[name]
    ]
