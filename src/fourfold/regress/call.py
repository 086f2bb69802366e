"""The call of pytest behind ``fourfold regress``."""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fourfold.errors import FourfoldError, TemplateError, did_you_mean
from fourfold.plan.template import find_template
from fourfold.records.ipynb import read_notebook
from fourfold.run.kernels.machine import begin, cores
from fourfold.run.kernels.preload import preloads

_OPTIONS = (
    # A project's own options are for its own tests: they may ask for coverage, or keep nbval off.
    *("-o", "addopts=", "-o", "filterwarnings=", "-o", "testpaths="),
    *("--fourfold", "--tb=short", "-p", "no:cacheprovider", "--continue-on-collection-errors"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
_MOST_READ = 50


def call_pytest(
    given: Sequence[str], root: Path, workers: int | None, accept: bool, changed: bool
) -> int:
    """Test notebooks; return pytest's exit code, 4 for an option that it does not know.

    Parameters
    ----------
    given : sequence of str
        Notebooks, folders, and options for pytest; without a path, ``notebooks/``.

    Raises
    ------
    FourfoldError
        If there is no such notebook or folder.
    """
    named = [Path(item.partition("::")[0]) for item in given if not item.startswith("-")]
    paths = [path for path in named if path.suffix == ".ipynb" or path.exists()]
    for path in (path for path in paths if not path.exists()):
        folders = (path.parent, root / "notebooks")
        known = (os.path.relpath(p) for folder in folders for p in folder.glob("*.ipynb"))
        near = did_you_mean(path, known)
        raise FourfoldError(f"{path}: expected a notebook or a folder, found none.{near}")
    options = {
        "-q": not {"-v", "-vv", "--verbose"} & {*given},
        f"--fourfold-workers={workers}": workers,
        "--fourfold-accept": accept,
        "--fourfold-changed": changed,
    }
    arguments = [*given, *([] if paths else [str(root / "notebooks")]), "--rootdir", str(root)]
    arguments += [*_OPTIONS, *(option for option, wanted in options.items() if wanted)]
    _warm_up(paths or [root / "notebooks"], root, workers)
    # Takes a second to load, and only checks web addresses in schemas: see `fourfold.cli.main`.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import pytest

    return int(pytest.main(arguments))


def _warm_up(paths: Sequence[Path], root: Path, workers: int | None) -> None:
    """Begin to import the modules of the notebooks, while pytest starts."""
    files = [f for p in paths for f in (sorted(p.rglob("*.ipynb")) if p.is_dir() else [p])]
    at_once = max(1, min(workers or cores(), len(files)))
    with suppress(TemplateError):  # which the test will show
        stocks: Counter[tuple[str, ...]] = Counter()
        for file in files[:_MOST_READ]:
            notebook = read_notebook(file)
            if template := notebook["metadata"].get("fourfold", {}).get("template"):
                notebook = read_notebook(find_template(template, root / "templates"))
            stocks[preloads(notebook)] += 1
        begin(at_once, {modules: min(at_once, often) for modules, often in stocks.items()})
