"""A notebook executed in the background, while pytest compares the cells that are done."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from papermill.iorw import load_notebook_node

from fourfold.regress.case import Case
from fourfold.run.fingerprint import Fingerprint
from fourfold.run.kernels.client import WARM_KERNELS, execute
from fourfold.run.kernels.execution import Execution, Failure, Limits
from fourfold.run.kernels.process import kill_kernel
from fourfold.run.prepare import prepared

RAISES = "raises-exception"
SKIP = "skip-execution"


@dataclass(eq=False)
class Job:
    """One notebook on its way through a kernel; by default its own, of this name.

    The `marks` are tags that cells get for their execution, by index. Once it has ended,
    `duration_s` is known, and the `failure` if it stopped early.
    """

    case: Case
    limits: Limits
    kernel: str | None
    env: Mapping[str, str]
    marks: Mapping[int, Sequence[str]]
    begun: bool = False
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
        self.begun, started = True, time.monotonic()
        try:
            self._run(ahead)
        except Exception as error:  # such as a kernel that is not installed
            self.failure = Failure("killed", "Setup", 0, "", type(error).__name__, str(error))
        self.duration_s = time.monotonic() - started
        self._over.set()
        self._note(self._finished)

    def _run(self, ahead: Callable[[], int]) -> None:
        notebook = self._notebook()
        for index, tags in self.marks.items():
            metadata = notebook.cells[index].metadata
            metadata["tags"] = [*metadata.get("tags", []), *tags]
        self._execution = Execution(
            notebook, None, on_cell_end=self._note, stopping=self._stop.is_set
        )
        self._execution.watch, self.began_ns = self.case.folder.resolve(), time.time_ns()
        execute(
            self._execution,
            self._kernel_name(notebook.metadata),
            limits=self.limits,
            cwd=self.case.folder if self.case.spec else self.case.path.parent,
            env=self.env,
            on_kernel=self._keep,
            ahead=ahead,
        )
        self.failure = self._execution.failure

    def _notebook(self) -> Any:
        """Return the notebook to execute, without outputs."""
        if self.case.spec:
            return prepared(self.case.template, self.case.spec.parameters)
        notebook = load_notebook_node(str(self.case.path))
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        return notebook

    def _kernel_name(self, metadata: Mapping[str, Any]) -> str:
        """Return the kernel: as asked, else the notebook's own, for Python else this Python's."""
        own = metadata.get("kernelspec", {})
        name = str(self.kernel or own.get("name", "python3"))
        try:
            KernelSpecManager().get_kernel_spec(name)
        except NoSuchKernel:
            language = own.get("language") or metadata.get("language_info", {}).get("name")
            if language != "python" or self.kernel:
                raise
            return WARM_KERNELS[0]
        return name

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
