"""A regression test of notebooks: which, side by side, and what it leaves to be looked at."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from math import inf
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbFile

from fourfold.project import write_text
from fourfold.records.ipynb import text, written
from fourfold.records.record import section_times
from fourfold.regress.case import Case, read_case
from fourfold.regress.changed import key_of, why
from fourfold.regress.items import NotebookCell, NotebookFile
from fourfold.regress.job import How, Job, Jobs
from fourfold.regress.references import accepted, same_content, shown_difference
from fourfold.run.kernels.execution import Limits
from fourfold.run.kernels.machine import cores
from fourfold.run.kernels.zygotes import ZYGOTES, available
from fourfold.run.schedule import in_order

TIMEOUT_S = 1800.0
_OWN_KERNEL = "python3"


class Regression:
    """The part of a pytest session that tests notebooks."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.option = config, config.option
        self.accepts = bool(self.option.fourfold_accept)
        self.folder = self.option.fourfold_page or _folder(config)
        self.results: list[dict[str, Any]] = []
        self.page: Path | None = None
        self._jobs: Jobs | None = None
        self._artifacts = Path(tempfile.mkdtemp(prefix="fourfold-"))
        self._parallel = hasattr(config, "workerinput")
        if not self._parallel:
            for old in self.folder.glob("*.json"):
                old.unlink()

    # -- collection ------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path, parent: Any
    ) -> Generator[None, list[Any], list[Any]]:
        """Put our files in the place of nbval's."""
        found = yield
        return [self._ours(item, parent) for item in found]

    def _ours(self, item: Any, parent: Any) -> Any:
        if type(item) is not IPyNbFile:
            return item
        file = NotebookFile.from_parent(parent, path=item.path)
        file.regression = self
        return file

    def case(self, path: Path) -> Case:
        """Return the case of a notebook, with the tolerances of the command line."""
        case = read_case(path)
        given = {"rtol": self.option.fourfold_rtol, "atol": self.option.fourfold_atol}
        given = {name: value for name, value in given.items() if value is not None}
        tolerance = replace(case.rules.tolerance, **given)
        return replace(case, rules=replace(case.rules, tolerance=tolerance))

    def wanted(self, file: NotebookFile) -> bool:
        """Say whether a notebook is tested; with ``--fourfold-changed`` only where needed."""
        stored = file.case.stored["metadata"].get("fourfold", {})
        file.key = key_of(file.case)
        file.why = why(file.case, file.key, self._passed(file).get("key") or stored.get("key"))
        if self.option.fourfold_changed and not file.why:
            _write_json(self._result(file), self._facts(file, "unchanged"))
            return False
        return True

    def _passed(self, file: NotebookFile) -> dict[str, Any]:
        """Return what was noted when a notebook last passed."""
        return _read_json(self._result(file, "passed"))

    def _result(self, file: NotebookFile, folder: str = "") -> Path:
        name = self._name(file.path).removesuffix(".ipynb").replace("/", "-").strip("-")
        return self.folder / folder / f"{name}.json"

    def _name(self, path: Path) -> str:
        root = self.config.rootpath
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)

    # -- execution -------------------------------------------------------------------------------

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin to execute all notebooks, the longest first; a worker of xdist does its own."""
        found = {item.parent: None for item in session.items if isinstance(item, NotebookCell)}
        if not self._parallel and not self.option.collectonly:
            files = list(found)
            known = [float(self._passed(file).get("seconds", inf)) for file in files]
            self.begin([files[i] for i in in_order(known, self._workers(len(files)))])

    def _workers(self, notebooks: int) -> int:
        workers = 1 if self._parallel else self.option.fourfold_workers or cores()
        return max(1, min(workers, notebooks))

    def begin(self, files: Sequence[NotebookFile]) -> None:
        """Execute the notebooks of files in the background."""
        files = [file for file in files if file.job is None]
        if not files:
            return
        if self._jobs is None:
            self._jobs = Jobs(self._workers(len(files)))
        for file in files:
            marks = {c.pair.index: c.marks for c in file.cells if c.marks and c.pair.current}
            file.job = Job(file.case, self._how(file.case), marks)
        self._jobs.start([file.job for file in files if file.job])

    def _how(self, case: Case) -> How:
        options = case.spec.options if case.spec else None
        whole = self.option.fourfold_timeout or (options and options.timeout_s) or TIMEOUT_S
        cell = (options and options.cell_timeout_s) or self.option.nbval_cell_timeout
        kernel = _OWN_KERNEL if self.option.nbval_current_env else self.option.nbval_kernel_name
        return How(Limits(whole, cell), kernel, self._artifacts)

    # -- results ---------------------------------------------------------------------------------

    def ended(self, file: NotebookFile) -> None:
        """Write what was found of a notebook, and accept it where asked to."""
        if file.job is None:
            return
        if file.session.shouldstop or file.session.shouldfail:
            file.job.stop()
        executed = file.job.finish()
        broken = any(cell.status == "failed" for cell in file.cells)
        differing = {cell.pair.key for cell in file.cells if cell.found}
        whole = file.job.failure is None and len(file.cells) == len(file.case.pairs())
        status = "failed" if broken or differing else "passed"
        if self.accepts and whole:
            status = self._accept(file, executed, differing) or status
        if status == "passed" and whole:
            self._note_passed(file)
        cells = [_cell_result(cell) for cell in file.cells]
        _write_json(self._result(file), {**self._facts(file, status), "cells": cells})

    def _facts(self, file: NotebookFile, status: str) -> dict[str, Any]:
        return {
            "notebook": self._name(file.path),
            "name": file.path.stem,
            "template": file.case.spec.template_file if file.case.spec else "",
            "status": status,
            "duration_s": round(file.job.duration_s, 2) if file.job else 0.0,
            "why": list(file.why),
            "accepted": file.accepted,
            "cells": [],
        }

    def _accept(self, file: NotebookFile, executed: Any, differing: set[str]) -> str:
        notebook = json.loads(nbformat.writes(executed))  # type: ignore[no-untyped-call]
        fresh = accepted(file.case, notebook, differing)
        if same_content(fresh, file.case.stored):
            return ""
        file.accepted = shown_difference(file.case.stored, fresh, self._name(file.path))
        write_text(file.path, written(fresh))
        return "accepted"

    def _note_passed(self, file: NotebookFile) -> None:
        times = section_times(file.job.finish()) if file.job else {}
        seconds = round(sum(times.values()), 2)
        _write_json(self._result(file, "passed"), {"key": file.key, "seconds": seconds})

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """End what still runs, and write the page."""
        if self._jobs:
            self._jobs.close()
        ZYGOTES.close()
        shutil.rmtree(self._artifacts, ignore_errors=True)
        if self._parallel:
            return
        self.results = [_read_json(path) for path in sorted(self.folder.glob("*.json"))]
        statuses = {result["status"] for result in self.results}
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and "unchanged" in statuses:
            session.exitstatus = pytest.ExitCode.OK
        if "failed" in statuses:
            from fourfold.regress.page import (
                write_page,  # draws pictures: not needed where all is well
            )

            self.page = write_page(self.folder)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was accepted, what was not tested and why, and where to look."""
        for result in self.results:
            name, status = result["notebook"], result["status"]
            if status == "accepted":
                terminalreporter.write_line(result["accepted"])
                terminalreporter.write_line(f"accepted {name}")
            elif status == "unchanged":
                terminalreporter.write_line(f"{name}: unchanged, not tested")
            if self.option.fourfold_changed and result["why"]:
                terminalreporter.write_line(f"{name}: {'; '.join(result['why'])}")
        if self.page:
            terminalreporter.write_line(f"differences: {self._name(self.page)}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Send all cells of a notebook to one worker, whatever ``--dist`` says."""
        from xdist.scheduler import LoadFileScheduling

        return LoadFileScheduling(config, log)

    def header(self) -> str:
        """Return what pytest shows first."""
        kernels = "warm kernels" if available() else "cold kernels"
        return f"fourfold: notebooks compared typed, {kernels}"


def _cell_result(cell: NotebookCell) -> dict[str, Any]:
    result: dict[str, Any] = {
        "id": cell.pair.key,
        "section": cell.pair.section,
        "number": cell.pair.index + 1,
        "status": cell.status,
        "message": cell.message,
        "source": text(cell.after or cell.cell),
        "differences": [asdict(difference) for difference in cell.found],
    }
    if cell.found or cell.status == "failed":
        result["before"] = (cell.pair.stored or {}).get("outputs", [])
        result["after"] = (cell.after or {}).get("outputs", [])
    return result


def _folder(config: pytest.Config) -> Path:
    """Return where results go: a project's outputs, elsewhere pytest's own cache."""
    if (config.rootpath / "templates").is_dir():
        return config.rootpath / "outputs" / "regress"
    return config.rootpath / ".pytest_cache" / "fourfold"


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(content, ensure_ascii=False))


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
