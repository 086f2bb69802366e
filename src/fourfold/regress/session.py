"""A regression test of notebooks: which, side by side, and the results that it writes."""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbFile

from fourfold.data.listing import matches, meant
from fourfold.errors import FourfoldError, TemplateError, did_you_mean
from fourfold.plan.config import config_name
from fourfold.plan.spec import RunOptions
from fourfold.plan.template import find_template
from fourfold.project import shown, write_text
from fourfold.records.formatting import count
from fourfold.records.ipynb import read_notebook, written
from fourfold.records.record import section_times
from fourfold.regress.case import Case, read_case
from fourfold.regress.evidence import Evidence
from fourfold.regress.items import NotebookCell, NotebookFile, Result
from fourfold.regress.job import Job
from fourfold.regress.references import accepted, execute_again, same_content, shown_difference
from fourfold.run.kernels.client import WARM_KERNELS
from fourfold.run.kernels.execution import Limits
from fourfold.run.kernels.machine import begin, cores, kernel_env
from fourfold.run.kernels.preload import preloads
from fourfold.run.kernels.zygotes import ZYGOTES, available
from fourfold.run.shards import Costs, Shard, lightest

TIMEOUT_S = 1800.0
_OPTIONS = (
    # A project's own options are for its own tests: they may ask for coverage, or keep nbval off.
    *("-o", "addopts=", "-o", "filterwarnings=", "-o", "testpaths="),
    *("--fourfold", "--tb=short", "-p", "no:cacheprovider", "--continue-on-collection-errors"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)
_MOST_READ = 50


class Regression:
    """The part of a pytest session that tests notebooks."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.option = config, config.option
        self.folder = self.option.fourfold_page or _folder(config.rootpath)
        self.results: list[Result] = []
        self._paths: dict[Path, Path] = {}
        self.page: Path | None = None
        self._jobs: list[Job] = []
        self._pool: ThreadPoolExecutor | None = None
        self._workers = 1
        self._artifacts = Path(tempfile.mkdtemp(prefix="fourfold-"))
        self._parallel = hasattr(config, "workerinput")
        if not self._parallel:
            for old in self.folder.glob("*.json"):
                old.unlink()

    @pytest.hookimpl
    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out a link to a folder above it, which pytest would follow forty times."""
        above = collection_path.parent.resolve()
        loops = collection_path.is_symlink() and above.is_relative_to(collection_path.resolve())
        return loops or None

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: Any
    ) -> Generator[None, list[Any], list[Any]]:
        """Put our files in the place of nbval's."""
        collected = yield
        # A hidden file or a backup is no notebook, unless it is named; a linked one is tested once.
        hidden = not meant(file_path.name) and not parent.session.isinitpath(file_path)
        if hidden or self._paths.setdefault(file_path.resolve(), file_path) != file_path:
            return []
        return [
            NotebookFile.from_parent(parent, path=item.path, regression=self)
            if type(item) is IPyNbFile
            else item
            for item in collected
        ]

    def case(self, path: Path) -> Case:
        """Return the case of a notebook, with the tolerances of the command line."""
        case = read_case(path)
        given = {"rtol": self.option.fourfold_rtol, "atol": self.option.fourfold_atol}
        given = {name: value for name, value in given.items() if value is not None}
        tolerance = replace(case.rules.tolerance, **given)
        return replace(case, rules=replace(case.rules, tolerance=tolerance))

    def untested(self, file: NotebookFile) -> Result:
        """Return the result of a notebook before it is tested, with why it must be."""
        case, name = file.case, Path(shown(file.path, self.config.rootpath)).as_posix()
        own = case.stored["metadata"].get("fourfold", {})
        why = case.reasons(file.fingerprint, self._passed(name).get("key") or own.get("key"))
        template = case.spec.template_file if case.spec else ""
        return Result(name, file.path.stem, template, why=why)

    def _passed(self, notebook: str) -> dict[str, Any]:
        """Return what was noted when a notebook last passed."""
        try:
            return _read(self._path(notebook, "passed"))
        except (OSError, ValueError):
            return {}

    def _path(self, notebook: str, folder: str = "") -> Path:
        name = notebook.removesuffix(".ipynb").replace("/", "-").strip("-")
        return self.folder / folder / f"{name}.json"

    def write(self, result: Result) -> None:
        """Write the result of a notebook, for the page."""
        _write(self._path(result.notebook), vars(result))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin to execute all notebooks, the longest first; a worker of xdist does its own."""
        cells = [item for item in session.items if isinstance(item, NotebookCell)]
        if not self._parallel and not self.option.collectonly:
            files = list(dict.fromkeys(cell.parent for cell in cells))
            passed = {file: self._passed(file.result.notebook) for file in files}
            self.begin(sorted(files, key=lambda f: passed[f].get("seconds", inf), reverse=True))

    def begin(self, files: Sequence[NotebookFile]) -> None:
        """Execute the notebooks of files in the background."""
        files = [file for file in files if file.job is None]
        if not files:
            return
        if self._pool is None:
            workers = 1 if self._parallel else self.option.fourfold_workers or cores()
            self._workers = max(1, min(workers, len(files)))
            self._pool = ThreadPoolExecutor(self._workers, "regress")
        jobs = [self._job(file) for file in files]
        self._jobs += jobs
        for job in jobs:
            self._pool.submit(job.run, self._ahead)

    def _job(self, file: NotebookFile) -> Job:
        options = file.case.spec.options if file.case.spec else RunOptions()
        whole = self.option.fourfold_timeout or options.timeout_s or TIMEOUT_S
        limits = Limits(whole, options.cell_timeout_s or self.option.nbval_cell_timeout)
        kernel = WARM_KERNELS[0] if self.option.nbval_current_env else self.option.nbval_kernel_name
        env = kernel_env(self._artifacts, max(1, cores() // self._workers))
        marks = {c.pair.index: c.marks for c in file.cells if c.marks and c.pair.current}
        file.job = Job(file.case, limits, kernel, env, marks)
        kept = self._path(file.result.notebook, "evidence")
        file.evidence = Evidence(file.case, file.job, kept)
        return file.job

    def _ahead(self) -> int:
        return min(self._workers, sum(not job.begun for job in self._jobs))

    def ended(self, file: NotebookFile) -> None:
        """Write the result of a notebook, and accept it where asked to."""
        job = file.job
        if job is None:
            return
        if file.session.shouldstop or file.session.shouldfail:
            job.stop()
        executed = job.finish()
        differing = {cell.pair.key for cell in file.cells if cell.differences}
        broken = any(cell.status == "failed" for cell in file.cells)
        whole = job.failure is None and len(file.cells) == len(file.case.pairs())
        result = replace(
            file.result,
            status="failed" if broken or differing else "passed",
            duration_s=round(job.duration_s, 2),
            cells=[cell.to_json() for cell in file.cells],
        )
        if self.option.fourfold_accept and whole:
            content = json.loads(nbformat.writes(executed))  # type: ignore[no-untyped-call]
            runs = file.evidence.runs if file.evidence else []
            again, key = runs[0] if runs else {}, job.key(file.fingerprint)
            fresh = accepted(file.case, content, differing, again, key)
            if not same_content(fresh, file.case.stored):
                difference = shown_difference(file.case.stored, fresh, result.notebook)
                result = replace(result, status="accepted", accepted=difference)
                write_text(file.path, written(fresh))
                if differing:
                    execute_again(file.path, differing)
        if result.status == "passed" and whole:
            seconds = round(sum(section_times(executed).values()), 2)
            passed = {"key": job.key(file.fingerprint).to_json(), "seconds": seconds}
            _write(self._path(result.notebook, "passed"), passed)
        self.write(result)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End the jobs that still run, and write the page."""
        for job in self._jobs:
            job.stop()
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        ZYGOTES.close()
        shutil.rmtree(self._artifacts, ignore_errors=True)
        if self._parallel:
            return
        self.results = [Result(**_read(path)) for path in sorted(self.folder.glob("*.json"))]
        statuses = {result.status for result in self.results}
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and "unchanged" in statuses:
            session.exitstatus = pytest.ExitCode.OK
        if "failed" in statuses:
            # It draws pictures, which are not needed if all is well.
            from fourfold.regress.page import write_page

            self.page = write_page(self.folder)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was accepted, what was not tested and why, and where to look."""
        for result in self.results:
            lines = []
            if result.status == "accepted":
                lines = [result.accepted, f"accepted {result.notebook}"]
            elif result.status == "unchanged":
                lines = [f"{result.notebook}: unchanged, not tested"]
            if self.option.fourfold_changed and result.why:
                lines.append(f"{result.notebook}: {'; '.join(result.why)}")
            for line in lines:
                terminalreporter.write_line(line)
        if self.results:
            terminalreporter.write_line(_looked_at(self.results))
        if self.page:
            terminalreporter.write_line(f"differences: {shown(self.page, self.config.rootpath)}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Send all cells of a notebook to one worker, whatever ``--dist`` says."""
        from xdist.scheduler import LoadFileScheduling

        return LoadFileScheduling(config, log)

    def pytest_report_header(self) -> str:
        """Say how notebooks are compared, since the verdicts differ from nbval's own."""
        kernels = "warm kernels" if available() else "cold kernels"
        return f"fourfold: notebooks compared typed, {kernels}"


def _looked_at(results: Sequence[Result]) -> str:
    """Return how many notebooks and cells were compared, and what came of it."""
    cells = sum(len(result.cells) for result in results)
    words = {"passed": "the same", "failed": "changed or failed", "unchanged": "not tested again"}
    ends = Counter(words.get(result.status, result.status) for result in results)
    text = ", ".join(f"{number:,} {end}" for end, number in ends.items())
    return f"{count(len(results), 'notebook')} and {count(cells, 'code cell')} looked at: {text}"


def _folder(root: Path) -> Path:
    """Return where results go: a project's outputs, elsewhere pytest's own cache."""
    project = (root / "templates").is_dir()
    return root / ("outputs/regress" if project else ".pytest_cache/fourfold")


def results_of(root: Path) -> list[dict[str, Any]]:
    """Return the results of the last regression test of a folder."""
    return [_read(path) for path in sorted(_folder(root).glob("*.json"))]


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(content, ensure_ascii=False))


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def call_pytest(
    given: Sequence[str],
    root: Path,
    workers: int | None,
    accept: bool,
    changed: bool,
    shard: Shard | None = None,
) -> int:
    """Test notebooks; return pytest's exit code, 4 for an option that it does not know.

    Parameters
    ----------
    given : sequence of str
        Notebooks, folders, and options for pytest; without a path, ``notebooks/``.
    root : Path
    workers : int, optional
    accept, changed : bool
    shard : Shard, optional
        Test only its part of the notebooks.

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
    given = [*given, *([] if paths else [str(root / "notebooks")])]
    paths = paths or [root / "notebooks"]
    if not any(_notebooks(path) for path in paths):
        places = ", ".join(map(str, paths))
        raise FourfoldError(f"{places}: expected notebooks (*.ipynb), got none")
    if shard:
        given, paths, every = _part(given, paths, root, shard)
        print(f"shard {shard}: {len(paths):,} of {count(every, 'notebook')}", flush=True)
        if not paths:
            for old in _folder(root).glob("*.json"):
                old.unlink()
            return 0
    arguments = [*given, "--rootdir", str(root)]
    options = {
        "-q": not {"-v", "-vv", "--verbose"} & {*given},
        f"--fourfold-workers={workers}": workers,
        "--fourfold-accept": accept,
        "--fourfold-changed": changed,
    }
    arguments += [*_OPTIONS, *(option for option, wanted in options.items() if wanted)]
    _warm_up(paths, root, workers)
    # Takes a second to load, and only checks web addresses in schemas: see `fourfold.cli.main`.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import pytest

    return int(pytest.main(arguments))


def _notebooks(path: Path) -> list[Path]:
    return matches("**/*.ipynb", path) if path.is_dir() else [path]


def _part(
    given: Sequence[str], paths: Sequence[Path], root: Path, shard: Shard
) -> tuple[list[str], list[Path], int]:
    """Return arguments and notebooks of a shard, and how many notebooks there are in all."""
    costs, config_of = Costs.of(root), {}
    items: dict[Path, list[str]] = {}
    for item in given:
        name, _, cell = item.partition("::")
        for file in _notebooks(Path(name)) if Path(name) in paths else ():
            items.setdefault(file.resolve(), []).append(f"{file}::{cell}" if cell else str(file))
    for file in items:
        with suppress(OSError, ValueError):  # which the test will show
            own = read_notebook(file)["metadata"].get("fourfold", {}).get("config")
            config_of[file] = config_name(root / own, root) if isinstance(own, str) else ""
    units = [(costs.usual_ms(config_of.get(f, "")), shown(f, root.resolve()), f) for f in items]
    mine = lightest(units, shard.of)[shard.number - 1]
    rest = [item for item in given if Path(item.partition("::")[0]) not in paths]
    return [*rest, *(item for file in mine for item in items[file])], mine, len(items)


def _warm_up(paths: Sequence[Path], root: Path, workers: int | None) -> None:
    """Begin to import the modules of the notebooks, while pytest starts."""
    files = [file for path in paths for file in _notebooks(path)]
    at_once = max(1, min(workers or cores(), len(files)))
    with suppress(TemplateError):  # which the test will show
        stocks: Counter[tuple[str, ...]] = Counter()
        for file in files[:_MOST_READ]:
            notebook = read_notebook(file)
            if template := notebook["metadata"].get("fourfold", {}).get("template"):
                notebook = read_notebook(find_template(template, root / "templates"))
            stocks[preloads(notebook)] += 1
        begin(at_once, {modules: min(at_once, often) for modules, often in stocks.items()})
