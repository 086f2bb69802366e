"""Install what Fourfold needs and is not there; what is there stays as it is.

``python -m fourfold install data`` is what a notebook calls in Colab, whose own packages must not
be replaced: half of them depend on each other's versions. Needs the standard library and pip.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from importlib import invalidate_caches, metadata
from pathlib import Path

from fourfold.errors import FourfoldError, last_line

#: What edits, tests and compares notebooks, and none of them needs while it runs.
_NOT_IN_NOTEBOOKS = ("jupyter", "nbdime", "nbval", "pytest", "pytest-xdist")


def missing(requirements: Sequence[str], extras: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which requirements are not installed, and which are in a version too old or new.

    Examples
    --------
    >>> missing(["nbformat", "no-such-package>=1", "pytest; extra == 'test'"], [])
    (['no-such-package>=1'], [])
    """
    try:
        from packaging.requirements import Requirement
    except ImportError:  # a bare environment: pip brings a copy along
        from pip._vendor.packaging.requirements import Requirement  # type: ignore

    absent, other = [], []
    for text in requirements:
        wanted = Requirement(text)
        cases = [{"extra": extra} for extra in ("", *extras)]
        if wanted.marker and not any(wanted.marker.evaluate(case) for case in cases):
            continue
        wanted.marker = None
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            absent.append(str(wanted))
            continue
        if not wanted.specifier.contains(version, prereleases=True):
            other.append(f"{wanted.name} {version} (tested with {wanted.specifier})")
    return absent, other


def install(package: str, extras: Sequence[str], only: Collection[str] | None = None) -> None:
    """Install what notebooks need of a package and is not there, at the versions of what is.

    Parameters
    ----------
    package : str
    extras : list of str
        Of the package, such as ``data``.
    only : collection of str, optional
        Of the packages of these extras. Default: all.

    Raises
    ------
    FourfoldError
        If pip cannot install it.
    """
    absent, other = missing(_in_notebooks(metadata.requires(package) or [], only), extras)
    if other:
        print(f"left as they are: {', '.join(other)}")
    if not absent:
        return
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "constraints.txt"
        there = {each.metadata["Name"]: each.version for each in metadata.distributions()}
        # A local version, such as torch 2.9.0+cu126, is on no index, and could not be kept.
        lines = [f"{name}=={version}" for name, version in there.items() if "+" not in version]
        kept.write_text("\n".join(lines), encoding="utf-8")
        # Python compiles what a notebook imports, a tenth of what came.
        quick = ["-q", "--no-compile", "-c", str(kept)]
        call = [sys.executable, "-m", "pip", "install", *quick, *absent]
        done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode:
        reason = last_line(done.stderr)
        raise FourfoldError(f"expected pip to install {', '.join(absent)}: {reason}")
    invalidate_caches()
    print(f"installed {', '.join(absent)}")


def _in_notebooks(requirements: Sequence[str], only: Collection[str] | None) -> list[str]:
    """Return requirements without those that no notebook needs."""
    kept = []
    for text in requirements:
        name = re.split(r"[^\w.-]", text, maxsplit=1)[0].lower()
        extra = only is not None and "extra ==" in text
        if name not in _NOT_IN_NOTEBOOKS and (not extra or name in (only or ())):
            kept.append(text)
    return kept
