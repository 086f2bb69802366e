"""The execution of one notebook: atomic saves, located failures, limits on time."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import nbformat
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager

from fourfold.records import write_text
from fourfold.template import sections

SAVE_EVERY_S = 5.0
_LOG = logging.getLogger("fourfold.execution")
# What nbclient logs of a dead or late kernel stands in the record.
_LOG.addHandler(logging.NullHandler())
_LOG.propagate = False
Outcome = Literal["failed", "timed_out", "killed", "cancelled"]


@dataclass(frozen=True)
class Failure:
    """Where and why a run stopped: the section, the cell (from 1) and its id, the error."""

    outcome: Outcome
    section: str
    cell: int
    cell_id: str
    error: str
    message: str


@dataclass(frozen=True)
class Limits:
    """Seconds that a whole run and each of its cells may take; None for no limit."""

    timeout_s: float | None = None
    cell_timeout_s: float | None = None


class Execution(NotebookExecutionManager):  # type: ignore[misc]
    """The state of one execution: saves it, tells who watches, keeps the failure."""

    def __init__(
        self,
        nb: Any,
        save_to: Path | None,
        on_section: Callable[[str], None] | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(nb, output_path=None, progress_bar=False)
        self.save_to = save_to
        self.on_section = on_section
        self.stopping = stopping
        self.sections = sections(nb)
        self.failure: Failure | None = None
        self._saved_at = -SAVE_EVERY_S

    def save(self, *, force: bool = False, **kwargs: Any) -> None:
        """Save the notebook, at most every five seconds unless forced."""
        if self.save_to is None:
            return
        now = time.monotonic()
        if force or now - self._saved_at >= SAVE_EVERY_S:
            write_notebook(self.nb, self.save_to)
            self._saved_at = now

    def autosave_cell(self, **kwargs: Any) -> None:
        """Save while a long cell runs, as often as `save` allows."""
        self.save()

    def cell_start(self, cell: Any, cell_index: int = 0, **kwargs: Any) -> None:
        """Note the start of a cell, and tell the section it stands in."""
        if self.on_section:
            self.on_section(self.sections[cell_index])
        super().cell_start(cell, cell_index, **kwargs)

    def fail(self, cell: Any, index: int, error: BaseException) -> None:
        """Keep where and why the execution stops."""
        self.cell_exception(cell, cell_index=index)
        outcome, name, message = _reason(error)
        self.failure = Failure(
            outcome, self.sections[index], index + 1, cell.get("id", ""), name, message
        )

    def explain(self, limits: Limits) -> None:
        """Say of a timeout which limit it was."""
        failure = self.failure
        if failure and failure.outcome == "timed_out":
            told = [
                f"{what} may take {seconds:g} s"
                for what, seconds in (
                    ("the run", limits.timeout_s),
                    ("a cell", limits.cell_timeout_s),
                )
                if seconds is not None
            ]
            self.failure = replace(failure, message=f"took longer than allowed: {', '.join(told)}")

    def notebook_complete(self, **kwargs: Any) -> None:
        """Close the execution with a last save, whatever happened."""
        super().notebook_complete(**kwargs)
        self.save(force=True)


def _reason(error: BaseException) -> tuple[Outcome, str, str]:
    if isinstance(error, CellExecutionError):
        cancelled = error.ename == "KeyboardInterrupt"
        return ("cancelled" if cancelled else "failed"), error.ename, error.evalue
    if isinstance(error, CellTimeoutError):
        return "timed_out", "Timeout", "took longer than it may"
    if isinstance(error, DeadKernelError):
        return "killed", "KernelDied", str(error)
    return "failed", type(error).__name__, str(error)


def write_notebook(nb: Any, path: Path) -> None:
    """Write a notebook so that a reader sees the old one or the new one, never half of it."""
    write_text(path, nbformat.writes(nb))  # type: ignore[no-untyped-call]


class Client(PapermillNotebookClient):  # type: ignore[misc]
    """Executes the cells; a kernel that dies or overruns stops the notebook at that cell."""

    def papermill_execute_cells(self) -> None:
        """Execute each cell in turn, up to the first that fails.

        Raises
        ------
        Stopped
            If the kernel cannot be asked anything more: it is dead, or busy beyond its time.
        """
        execution: Execution = self.nb_man
        for index, cell in enumerate(self.nb.cells):
            if execution.stopping():
                execution.fail(cell, index, _Cancelled("stopped before this cell"))
                return
            try:
                execution.cell_start(cell, cell_index=index)
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                execution.fail(cell, index, error)
                return
            except Exception as error:
                execution.fail(cell, index, self._told(error))
                self.shutdown_kernel = "immediate"
                raise Stopped from error
            finally:
                execution.cell_complete(cell, cell_index=index)

    def _told(self, error: Exception) -> Exception:
        """Say of a death of the kernel how its process ended."""
        if not isinstance(error, DeadKernelError):
            return error
        process = getattr(self.km.provisioner, "process", None)
        code = process.poll() if process else None
        ending = "" if code is None else f": {_ending(code)}"
        return DeadKernelError(f"the kernel died{ending}")


class Stopped(Exception):
    """Ends an execution whose failure is noted already."""


class _Cancelled(CellExecutionError):
    def __init__(self, message: str) -> None:
        super().__init__(message, ename="KeyboardInterrupt", evalue=message)


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    import signal

    name = signal.Signals(-code).name
    return f"{name} (out of memory?)" if name == "SIGKILL" else name


def execute(
    execution: Execution,
    kernel_name: str,
    *,
    limits: Limits = Limits(),
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_kernel: Callable[[Any], None] | None = None,
) -> Execution:
    """Execute a parameterised notebook in a kernel of its own.

    Parameters
    ----------
    execution : Execution
        Holds the notebook, which is changed in place, and afterwards the failure.
    kernel_name : str
        Kernelspec, such as ``python3``.
    limits : Limits
        Whole-run and per-cell timeouts.
    cwd : Path, optional
        Working directory of the kernel; the process itself never changes its own.
    env : mapping, optional
        Environment of the kernel.
    on_kernel : callable, optional
        Given the kernel manager once there is one, so that a stop can interrupt it.
    """
    deadline = time.monotonic() + limits.timeout_s if limits.timeout_s else None

    def seconds_left(cell: Any) -> float | None:
        left = None if deadline is None else max(0.001, deadline - time.monotonic())
        return min((s for s in (left, limits.cell_timeout_s) if s is not None), default=None)

    folder = Path(tempfile.mkdtemp(prefix="fourfold-"))
    client = Client(
        execution,
        kernel_name=kernel_name,
        timeout_func=seconds_left,
        startup_timeout=60,
        log=_LOG,
        resources={"metadata": {"path": str(cwd)}} if cwd else {},
    )
    client.km = client.create_kernel_manager()
    _private_channels(client.km, folder)
    if on_kernel:
        on_kernel(client.km)
    execution.notebook_start()
    try:
        # What a kernel writes outside of cells, such as a complaint at its end, is no output.
        with _own_loop(), suppress(Stopped), (folder / "kernel.log").open("wb") as log:
            own = dict(os.environ if env is None else env)
            client.execute(cleanup_kc=True, env=own, stdout=log, stderr=log)
    except DeadKernelError as error:
        # It died outside a cell: before the first, or when asked for its info after the last.
        if execution.failure is None:
            execution.failure = Failure("killed", "Setup", 0, "", "KernelDied", str(error))
    finally:
        execution.notebook_complete()
        shutil.rmtree(folder, ignore_errors=True)
    execution.explain(limits)
    return execution


@contextmanager
def _own_loop() -> Iterator[None]:
    """Close the event loop of a pool's thread behind nbclient, which only opens one."""
    try:
        yield
    finally:
        if threading.current_thread() is not threading.main_thread():
            loop = ensure_event_loop()
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            loop.close()


def _private_channels(manager: Any, folder: Path) -> None:
    """Use sockets in a folder of the run: TCP ports clash when many kernels start at once."""
    manager.connection_file = str(folder / "kernel.json")
    if os.name == "posix":
        manager.transport = "ipc"
        manager.ip = str(folder / "k")
