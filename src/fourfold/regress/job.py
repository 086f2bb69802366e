"""A notebook executed in the background, while pytest compares the cells that are done."""

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from papermill.iorw import load_notebook_node

from fourfold.records.ipynb import tags
from fourfold.regress.case import Case
from fourfold.run.fingerprint import Fingerprint
from fourfold.run.kernels.client import WARM_KERNELS, execute
from fourfold.run.kernels.execution import Execution, Failure, Limits
from fourfold.run.kernels.process import kill_kernel
from fourfold.run.kernelspec import kernel_for
from fourfold.run.prepare import prepared

RAISES = "raises-exception"
SKIP = "skip-execution"


@dataclass(eq=False)
class Job:
    """One notebook on its way through a kernel; by default its own, of this name.

    The `marks` are tags that cells get for their execution, by index; `cwd` is another folder than
    the usual, `arguments` are those of a Python kernel. Once it has ended,
    `duration_s` is known, and the `failure` if it stopped early.
    """

    case: Case
    limits: Limits
    kernel: str | None
    env: Mapping[str, str]
    marks: Mapping[int, Sequence[str]]
    cwd: Path | None = None
    arguments: Sequence[str] = ()
    begun: bool = False
    started: float = math.inf
    failure: Failure | None = None
    duration_s: float = 0.0
    began_ns: int = 0
    _manager: Any = None
    _execution: Execution | None = None
    _finished: int = -1
    _stop: threading.Event = field(default_factory=threading.Event)
    _over: threading.Event = field(default_factory=threading.Event)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def run(self, ahead: Callable[[], int]) -> None:
        """Execute the notebook, with so many kernels ahead for others; an error is its failure."""
        self.begun, self.started, started = True, time.time(), time.monotonic()
        try:
            self._run(ahead)
        except Exception as error:  # such as a kernel that is not installed
            self.failure = Failure("killed", "Setup", 0, "", type(error).__name__, str(error))
        self.duration_s = time.monotonic() - started
        self._over.set()
        self._note(self._finished)

    def _run(self, ahead: Callable[[], int]) -> None:
        notebook = self._notebook()
        for index, more in self.marks.items():
            metadata = notebook.cells[index].metadata
            metadata["tags"] = [*metadata.get("tags", []), *more]
        self._execution = Execution(
            notebook, None, on_cell_end=self._note, stopping=self._stop.is_set
        )
        kernel = kernel_for(notebook.metadata, self.kernel)[0]
        self._execution.watch, self.began_ns = self.case.folder.resolve(), time.time_ns()
        usual = self.case.folder if self.case.spec else self.case.path.parent
        execute(
            self._execution,
            kernel,
            limits=self.limits,
            cwd=self.cwd or usual,
            env=self.env,
            on_kernel=self._keep,
            ahead=ahead,
            extra_arguments=[*self.arguments] if kernel in WARM_KERNELS else [],
        )
        self.failure = self._execution.failure

    def _notebook(self) -> Any:
        """Return the notebook to execute, without outputs."""
        if self.case.spec:
            return prepared(self.case.template, self.case.spec.parameters)
        cells = [dict(cell) for cell in self.case.stored["cells"]]
        for cell in cells:
            cell["metadata"] = {**(cell.get("metadata") or {}), "tags": tags(cell)}
            if cell["cell_type"] == "code":
                cell |= {"outputs": [], "execution_count": None}
        content = json.dumps({**self.case.stored, "cells": cells})
        return load_notebook_node(nbformat.reads(content, as_version=4))  # type: ignore[no-untyped-call]

    def _note(self, index: int) -> None:
        with self._news:
            self._finished = index
            self._news.notify_all()

    def _keep(self, manager: Any) -> None:
        self._manager = manager

    def wait(self, index: int) -> Any:
        """Return the executed cell, as soon as it is done; None if it never will be."""
        with self._news:
            self._news.wait_for(lambda: self._finished >= index or self._over.is_set())
        if self._execution is None or self._finished < index:
            return None
        return self._execution.nb.cells[index]

    def failed(self) -> Failure | None:
        """Return where and why it stopped, as far as is known by now."""
        return self.failure or (self._execution.failure if self._execution else None)

    def traceback(self, failure: Failure) -> str:
        """Return an error as a reader needs it: of a cell, with the traceback of its output."""
        lines = [f"{failure.outcome}: {failure.error}: {failure.message}"]
        if self._execution and failure.cell:
            outputs = self._execution.nb.cells[failure.cell - 1].get("outputs", [])
            errors = [output for output in outputs if output["output_type"] == "error"]
            lines += errors[-1]["traceback"] if errors else []
        return "\n".join(lines)

    def finish(self) -> Any:
        """Wait for the end; return the executed notebook, None if it never started."""
        self._over.wait()
        return self._execution.nb if self._execution else None

    def key(self, now: Fingerprint) -> Fingerprint:
        """Return the fingerprint `now` with what was read, once the notebook has ended."""
        if self._execution is None:
            return now
        return self.case.read_by(self._execution, now, self.began_ns)

    def stop(self) -> None:
        """End it at once; a job that has not begun will not."""
        self._stop.set()
        if not self._over.is_set():
            kill_kernel(self._manager)
