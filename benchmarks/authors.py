"""The notebooks of nbval and papermill, made ready as their authors test them.

Which there are, and what is intended for each, stands in ``verdicts.yaml``; the notebooks are in
the source distributions of the installed versions, which come from the package index.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

TABLE = Path(__file__).with_name("verdicts.yaml")
PAPERMILLS = "papermill/tests/notebooks"
KERNEL = ("--nbval-kernel-name", "python3")  # as papermill's tests have it

Cells = dict[int, tuple[str, str]]
"""By number of the cell, from 1: outcome and message; 0 is the notebook as a whole."""


@dataclass(frozen=True)
class Case:
    """A notebook, how its authors test it, and what they want to come of it."""

    package: str
    notebook: str
    intended: str
    source: str
    how: str = "stored"
    options: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    fails: frozenset[int] = frozenset()
    either: frozenset[int] = frozenset()
    stopped: frozenset[int] = frozenset()
    issue: dict[int, str] = field(default_factory=dict)

    def agrees(self, cells: Cells, ours: bool = False) -> bool:
        """Say whether verdicts are the authors', or with `ours` what the issue makes of them."""
        failed = {number for number, (outcome, _) in cells.items() if outcome == "failed"}
        wanted = self.fails ^ self.issue.keys() if ours else self.fails
        executed = {number for number, (outcome, _) in cells.items() if outcome != "skipped"}
        return failed - self.either == wanted - self.either and not executed & self.stopped


def read_table() -> list[Case]:
    """Return all notebooks of the table."""
    cases = []
    for package, entries in YAML(typ="safe").load(TABLE).items():
        for entry in entries:
            for name in ("options", "leave_out", "files"):
                entry[name] = tuple(entry.get(name, ()))
            for name in ("fails", "either", "stopped"):
                entry[name] = frozenset(entry.get(name, ()))
            if package == "papermill":
                entry = {"how": "executed", "options": KERNEL} | {
                    k: v for k, v in entry.items() if v
                }
            cases.append(Case(package, **entry))
    return cases


def fetch(folder: Path, package: str) -> Path:
    """Return the unpacked source distribution of the installed version."""
    wanted = f"{package}=={version(package)}"
    pip = ("uv", "tool", "run", "--quiet", "pip", "download", "--quiet", "--no-deps")
    call = [sys.executable, "-m", *pip, "--no-binary", ":all:", "--dest", str(folder), wanted]
    subprocess.run(call, check=True, capture_output=True)
    with tarfile.open(next(folder.glob(f"{package}-*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"{package}-{version(package)}"


class Written(Exception):
    """A test function of nbval has written its notebook, and would call pytest now."""


class Testdir:
    """What nbval's test functions ask of pytest's own: a folder to write to."""

    def __init__(self, folder: Path) -> None:
        self.tmpdir = folder

    def makeconftest(self, source: str) -> None:
        """Write a conftest.py."""
        (self.tmpdir / "conftest.py").write_text(source)

    def makepyfile(self, **sources: str) -> None:
        """Write modules, without the indent that they have in the test."""
        for name, source in sources.items():
            lines = [line.removeprefix(" " * 12) for line in source.splitlines()]
            (self.tmpdir / f"{name}.py").write_text("\n".join(lines).strip() + "\n")

    def call(self, *options: str) -> None:
        """Stop here, where pytest would be called."""
        raise Written(*options)

    inline_run = runpytest_subprocess = runpytest_inprocess = call


class Mocker:
    """Stands in for what would keep nbdime from opening a browser."""

    def patch(self, name: str) -> None:
        """Do nothing: nothing is opened."""


def write(case: Case, tree: Path) -> tuple[Path, tuple[str, ...]]:
    """Let a test function of nbval write its notebook; return that, and its options to pytest."""
    file, _, function = case.notebook.partition("::")
    folder = tree / "written" / function
    folder.mkdir(parents=True)
    sys.path.insert(0, str((tree / file).parent))
    test = getattr(importlib.import_module(Path(file).stem), function)
    arguments = [Testdir(folder), Mocker()][: test.__code__.co_argcount]
    options: tuple[str, ...] = ()
    try:
        test(*arguments)
    except Written as written:
        options = written.args
    unwanted = {"--nbval", ".", *case.leave_out}
    (notebook,) = folder.glob("*.ipynb")
    kept = (o for o in options if o not in unwanted and not o.endswith(".ipynb"))
    return notebook, tuple(kept)


def silent() -> None:
    """Keep quiet, kernels included."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def execute(path: Path, parameters: dict[str, Any]) -> None:
    """Execute a notebook as papermill's tests do, into one beside it."""
    from papermill import PapermillExecutionError, execute_notebook

    output = path.with_name(f"executed-{path.name}")
    with suppress(PapermillExecutionError):
        execute_notebook(
            *(str(path), str(output), parameters),
            **{"kernel_name": "python3", "cwd": str(path.parent), "progress_bar": False},
        )


@dataclass(frozen=True)
class Ready:
    """A case with its notebook, relative to the tree of its package."""

    case: Case
    tree: Path
    path: Path
    options: tuple[str, ...]


def ready(cases: Sequence[Case], folder: Path) -> list[Ready]:
    """Make all notebooks ready to be tested."""
    found, waiting = [], []
    trees = {package: fetch(folder, package) for package in {case.package for case in cases}}
    with ProcessPoolExecutor(2, initializer=silent) as pool:
        for case in cases:
            tree, options = trees[case.package], case.options
            if case.package == "papermill":
                path = tree / PAPERMILLS / case.notebook
                for name in case.files:
                    (path.parent / name).write_text("exists")
            else:
                path = tree / case.notebook
            if case.how == "written":
                path, options = write(case, tree)
            if case.how == "executed":
                waiting.append(pool.submit(execute, path, case.parameters))
                path = path.with_name(f"executed-{path.name}")
            found.append(Ready(case, tree, path.relative_to(tree), options))
        for each in waiting:
            each.result()
    return found
