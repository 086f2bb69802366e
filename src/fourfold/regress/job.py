"""A notebook executed in the background, while pytest compares what is there already."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from papermill.iorw import load_notebook_node

from fourfold.plan.template import template_path
from fourfold.regress.case import Case
from fourfold.run.kernels.client import WARM_KERNELS, Warm, execute
from fourfold.run.kernels.execution import Execution, Failure, Limits
from fourfold.run.kernels.machine import cores, kernel_env
from fourfold.run.kernels.preload import preloads
from fourfold.run.prepare import prepared

RAISES = "raises-exception"
SKIP = "skip-execution"


@dataclass(frozen=True)
class How:
    """How notebooks are executed: limits, kernel (None for the notebook's own), place of files."""

    limits: Limits
    kernel: str | None
    artifacts: Path


class _Told(Execution):
    """An execution that says which cell it has finished."""

    def __init__(self, nb: Any, stopping: Any) -> None:
        super().__init__(nb, None, stopping=stopping)
        self.finished = -1
        self.news = threading.Condition()

    def cell_complete(self, cell: Any, cell_index: int = 0, **kwargs: Any) -> None:
        super().cell_complete(cell, cell_index=cell_index, **kwargs)
        with self.news:
            self.finished = cell_index
            self.news.notify_all()


class Job:
    """One notebook on its way through a kernel.

    Attributes
    ----------
    failure : Failure, optional
        Where and why it stopped, once it has.
    duration_s : float
        Seconds that it took, once it has ended.
    """

    def __init__(self, case: Case, how: How, marks: Mapping[int, Sequence[str]]) -> None:
        self.case, self.how, self.marks = case, how, marks
        self.failure: Failure | None = None
        self.duration_s = 0.0
        self._stop = threading.Event()
        self._over = threading.Event()
        self._manager: Any = None
        self._execution: _Told | None = None
        self._ready = threading.Event()

    def run(self, threads: int = 1, ahead: Any = lambda: 0) -> None:
        """Execute the notebook; what goes wrong is its failure."""
        started = time.monotonic()
        try:
            self._run(threads, ahead)
        except Exception as error:  # such as a kernel that is not installed
            self.failure = Failure("killed", "Setup", 0, "", type(error).__name__, str(error))
        self.duration_s = time.monotonic() - started
        self._over.set()
        self._ready.set()
        if self._execution:
            with self._execution.news:
                self._execution.news.notify_all()

    def _run(self, threads: int, ahead: Any) -> None:
        notebook = self.notebook()
        for index, tags in self.marks.items():
            kept = list(notebook.cells[index].metadata.get("tags", []))
            notebook.cells[index].metadata["tags"] = [*kept, *tags]
        self._execution = _Told(notebook, self._stop.is_set)
        self._ready.set()
        execute(
            self._execution,
            self.kernel_name(notebook),
            limits=self.how.limits,
            cwd=self.case.cwd,
            env=kernel_env(self.how.artifacts, threads),
            on_kernel=self._keep,
            warm=Warm(preloads(notebook), ahead),
        )
        self.failure = self._execution.failure

    def notebook(self) -> Any:
        """Return the notebook to execute, without outputs."""
        if self.case.spec:
            template = template_path(self.case.spec.template_file, self.case.root)
            return prepared(template, self.case.spec.parameters)
        notebook = load_notebook_node(str(self.case.path))
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        return notebook

    def kernel_name(self, notebook: Any) -> str:
        """Return the kernel: as asked, else the notebook's own, for Python else this Python's."""
        name = self.how.kernel or notebook.metadata.get("kernelspec", {}).get("name", "python3")
        try:
            KernelSpecManager().get_kernel_spec(name)
        except NoSuchKernel:
            language = notebook.metadata.get("kernelspec", {}).get("language", "")
            language = language or notebook.metadata.get("language_info", {}).get("name", "")
            if language == "python" and not self.how.kernel:
                return WARM_KERNELS[0]
            raise
        return str(name)

    def wait(self, index: int) -> Any:
        """Return the executed cell, as soon as it is done; None if it never will be."""
        self._ready.wait()
        execution = self._execution
        if execution is None:
            return None
        with execution.news:
            execution.news.wait_for(lambda: execution.finished >= index or self._over.is_set())
        return execution.nb.cells[index] if execution.finished >= index else None

    def failed(self) -> Failure | None:
        """Return where and why it stopped, as far as is known by now."""
        return self.failure or (self._execution.failure if self._execution else None)

    def told(self, failure: Failure) -> str:
        """Return an error as a reader needs it: of a cell, with the traceback of its output."""
        executed = self._execution.nb.cells[failure.cell - 1] if self._execution else {}
        errors = [o for o in executed.get("outputs", []) if o["output_type"] == "error"]
        trace = "\n".join(errors[-1]["traceback"]) if errors and failure.cell else ""
        return "\n".join(
            filter(None, [f"{failure.outcome}: {failure.error}: {failure.message}", trace])
        )

    def finish(self) -> Any:
        """Wait for the end; return the executed notebook, None if it never started."""
        self._over.wait()
        return self._execution.nb if self._execution else None

    def stop(self) -> None:
        """End it at once; a job that has not begun will not."""
        self._stop.set()
        process = getattr(getattr(self._manager, "provisioner", None), "process", None)
        if process is not None and not self._over.is_set() and process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

    def _keep(self, manager: Any) -> None:
        self._manager = manager


class Jobs:
    """Executes several notebooks at a time, the longest first."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool = ThreadPoolExecutor(workers, "regress")
        self._jobs: list[Job] = []
        self._left = 0

    def start(self, jobs: Sequence[Job]) -> None:
        """Begin with jobs, in this order."""
        self._jobs += jobs
        self._left += len(jobs)
        for job in jobs:
            self._pool.submit(self._run, job)

    def _run(self, job: Job) -> None:
        self._left -= 1
        job.run(max(1, cores() // self._workers), lambda: min(self._workers, self._left))

    def close(self) -> None:
        """End what still runs."""
        for job in self._jobs:
            job.stop()
        self._pool.shutdown(wait=True, cancel_futures=True)
