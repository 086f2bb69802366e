"""The example and test notebooks of nbval and papermill: the verdicts that their authors intended.

``python benchmarks/mutations/verdicts.py`` fetches the source distributions of the installed
versions from the package index into a temporary folder, makes each notebook of ``verdicts.yaml``
ready as its authors do, tests it with ``pytest --nbval`` and ``pytest --fourfold``, and prints
which verdicts are those of the authors. Exit code 1 if one of ours is neither theirs nor one that
the table names as a rule of ours. ``--only WORD`` tests some, ``--verbose`` prints what the cells
say.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

HERE = Path(__file__).parent
TABLE = HERE / "verdicts.yaml"
KEPT = HERE.parents[1] / "outputs" / "benchmarks" / "verdicts.json"
PAPERMILLS = "papermill/tests/notebooks"
KERNEL = ("--nbval-kernel-name", "python3")  # as papermill's tests have it
TOOLS = {"nbval": ("--nbval", "-p", "no:fourfold"), "fourfold": ("--fourfold",)}
NEEDED = ("sympy",)  # by nbval's notebooks
TIMEOUT_S = 280
LENGTH = 600  # of a message that is kept

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


def groups(items: Sequence[Ready]) -> Iterator[list[Ready]]:
    """Yield what one call of pytest can test: same tree, same options, no notebook twice."""

    def alike(item: Ready) -> tuple[str, ...]:
        written = item.case.notebook if item.case.how == "written" else ""
        return (item.case.package, written, *item.options)

    for _, group in groupby(sorted(items, key=alike), alike):
        yield list(group)


def test(tool: str, group: list[Ready], folder: Path, packages: Path) -> list[Cells]:
    """Return the verdicts of a tool on a fresh copy of the tree."""
    shutil.copytree(group[0].tree, folder)
    (folder / "empty.ini").write_text("[pytest]\n")
    file = folder / "verdicts.json"
    own = ("-p", "verdicts", "--verdicts", str(file), "-p", "no:cacheprovider", "-q")
    paths = [str(item.path) for item in group]
    call = (*own, "-c", "empty.ini", "--rootdir", ".", *TOOLS[tool], *group[0].options, *paths)
    search = [str(HERE), str(packages)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(search)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *call],
        **{"cwd": folder, "env": env, "capture_output": True, "text": True, "timeout": TIMEOUT_S},
    )
    if not file.exists():
        raise SystemExit(f"{tool} {' '.join(call)}:\n{done.stdout}{done.stderr}")
    found = json.loads(file.read_text())
    results = [found.get(str((folder / path).resolve()), {}) for path in paths]
    return [{int(n): tuple(verdict) for n, verdict in cells.items()} for cells in results]


def verdicts(items: Sequence[Ready], folder: Path) -> dict[int, dict[str, Cells]]:
    """Return the verdicts of all tools, by the identity of the item; two calls at a time."""
    found: dict[int, dict[str, Cells]] = {}
    work = [(tool, group) for group in groups(items) for tool in TOOLS]

    def call(number: int) -> list[Cells]:
        return test(*work[number], folder / f"call-{number}", folder / "packages")

    with ThreadPoolExecutor(2) as pool:
        for (tool, group), results in zip(work, pool.map(call, range(len(work))), strict=True):
            for item, cells in zip(group, results, strict=True):
                found.setdefault(id(item), {})[tool] = cells
    return found


def keep(results: Sequence[dict[str, Any]]) -> None:
    """Write every verdict to a file."""
    told = [
        {"notebook": f"{r['case'].package}: {r['case'].notebook}", "options": r["case"].options}
        | {tool: r[tool] for tool in TOOLS}
        for r in results
    ]
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(told, indent=1))


def shown(cells: Cells) -> str:
    """Return ``fail 3, 7`` or ``pass``."""
    failed = sorted(number for number, (outcome, _) in cells.items() if outcome == "failed")
    return f"fail {', '.join(map(str, failed))}" if failed else "pass" if cells else "none"


def judged(case: Case, cells: Cells) -> str:
    """Return whose verdict one of ours is: the authors', the issue's, or nobody's."""
    if case.agrees(cells):
        return "authors'"
    return "issue's" if case.agrees(cells, ours=True) else "WRONG"


def report(results: Sequence[dict[str, Any]], verbose: bool) -> int:
    """Print all verdicts; return how many of ours are wrong."""
    print(f"{'notebook':<58}{'authors':<21}{'nbval':<26}{'fourfold':<26}whose ours is")
    for result in results:
        case: Case = result["case"]
        wanted = f"{case.intended} {', '.join(map(str, sorted(case.fails)))}"
        told = [shown(result[tool]) for tool in TOOLS]
        whose = judged(case, result["fourfold"])
        name = f"{case.notebook.rpartition('/')[2]} ({case.how})"
        print(f"{name:<58}{wanted:<21}{told[0]:<26}{told[1]:<26}{whose}")
        for number, reason in case.issue.items() if whose == "issue's" else ():
            print(f"    cell {number}: {reason}")
        if verbose or whose == "WRONG":
            for number, (outcome, message) in result["fourfold"].items():
                first = [line for line in message.splitlines() if line.strip()][:4]
                if outcome != "passed":
                    print(f"    ours, cell {number} {outcome}: {' | '.join(first)[:300]}")
    return sum(judged(result["case"], result["fourfold"]) == "WRONG" for result in results)


def summary(results: Sequence[dict[str, Any]], skipped: Sequence[Case]) -> None:
    """Print how often each tool has the authors' verdict."""
    for tool in TOOLS:
        count = sum(result["case"].agrees(result[tool]) for result in results)
        print(f"{tool}: the authors' verdict on {count} of {len(results)}")
    named = sum(judged(result["case"], result["fourfold"]) == "issue's" for result in results)
    print(f"fourfold: another on {named}, by the rules named above")
    for case in skipped:
        print(f"not tested: {case.package} {case.notebook}: {case.source}")


# -- the plugin of pytest: ``-p verdicts --verdicts FILE`` ----------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption("--verdicts", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    """Note verdicts where the option is given."""
    if config.option.verdicts:
        config.pluginmanager.register(Verdicts(config.option.verdicts))


class Verdicts:
    """What became of each cell: outcome (passed, failed, skipped) and beginning of the message.

    The file is JSON, by notebook and number of the cell.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.cells: dict[str, dict[int, tuple[str, str]]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        """Keep the worst of setup, call and teardown."""
        report = yield
        cells = self.cells.setdefault(os.path.abspath(item.path), {})
        number = _number(item)
        if report.failed or (number not in cells and (report.skipped or report.when == "call")):
            cells[number] = (report.outcome, report.longreprtext[:LENGTH])
        return report

    def pytest_collectreport(self, report: Any) -> None:
        """Keep that a notebook cannot even be read."""
        if report.failed:
            path = os.path.abspath(report.fspath)
            self.cells.setdefault(path, {})[0] = ("failed", report.longreprtext[:LENGTH])

    def pytest_sessionfinish(self) -> None:
        """Write what was kept."""
        self.file.write_text(json.dumps(self.cells))


def _number(item: Any) -> int:
    """Return the number of an item's cell; nbval counts code cells, Fourfold cells."""
    if hasattr(item, "pair"):
        return int(item.pair.index) + 1
    if not hasattr(item, "cell_num"):
        return 0
    cells = enumerate(item.parent.nb.cells, 1)
    return [number for number, cell in cells if cell.cell_type == "code"][item.cell_num]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="a word of the notebook's name")
    parser.add_argument("--verbose", action="store_true", help="what the cells that fail say")
    parser.add_argument("--keep", type=Path, help="where the notebooks are made, and stay")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="verdicts-"))
    # One of the notebooks calls ``python``, and means this one.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    cases = [case for case in read_table() if options.only in case.notebook]
    try:
        target = ("pip", "install", "--quiet", "--target", str(folder / "packages"), *NEEDED)
        subprocess.run([sys.executable, "-m", "uv", *target], check=True)
        items = ready([case for case in cases if case.intended != "skip"], folder)
        found = verdicts(items, folder)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    results = [{"case": item.case, **found[id(item)]} for item in items]
    keep(results)
    wrong = report(results, options.verbose)
    summary(results, [case for case in cases if case.intended == "skip"])
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
