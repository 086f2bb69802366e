"""The state of one execution: atomic saves, a located failure, what it cost."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import nbformat
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.engines import NotebookExecutionManager

from fourfold.project import write_text
from fourfold.records.ipynb import sections

SAVE_EVERY_S = 5.0
LONGEST_ERROR = 20_000  # characters of a message
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
    """Seconds that a whole run and each of its cells may take; None for no limit.

    `usual` if nobody set that of the run: it ends what hangs.
    """

    timeout_s: float | None = None
    cell_timeout_s: float | None = None
    usual: bool = False


class Execution(NotebookExecutionManager):  # type: ignore[misc]
    """The state of one execution: saves it, calls those who watch, keeps the failure."""

    def __init__(
        self,
        nb: Any,
        save_to: Path | None,
        on_section: Callable[[str], None] = lambda section: None,
        on_cell_end: Callable[[int], None] = lambda index: None,
        stopping: Callable[[], bool] = lambda: False,
        progress_bar: bool = False,
    ) -> None:
        super().__init__(nb, output_path=None, progress_bar=progress_bar)
        self.save_to, self.stopping = save_to, stopping
        self.on_section, self.on_cell_end = on_section, on_cell_end
        self.sections = sections(nb)
        self.failure: Failure | None = None
        self.error: Exception | None = None  # of the kernel or its time; a cell's own is in `nb`
        self.cost: dict[str, float] = {}
        self.start, self.kernel = "cold", ""
        self._save_after = 0.0
        self.watch: Path | None = None  # the folder whose files count, where notes are wanted
        self.notes: list[list[Any]] | None = None  # on what it opened

    def save(self, *, force: bool = False, **kwargs: Any) -> None:
        """Save the notebook, at most every five seconds and for a tenth of the time, unless forced.

        papermill asks for it with every message: where a save takes longer than the pause between
        two, a cell that prints a lot would come no further.
        """
        started = time.monotonic()
        if force or started >= self._save_after:
            self.write()
            ended = time.monotonic()
            self._save_after = ended + max(SAVE_EVERY_S, 9 * (ended - started))

    def write(self) -> None:
        """Write the notebook where it is kept, if anywhere."""
        if self.save_to is not None:
            write_notebook(self.nb, self.save_to)

    def autosave_cell(self, **kwargs: Any) -> None:
        """Save while a long cell runs, as often as `save` allows."""
        self.save()

    def cell_start(self, cell: Any, cell_index: int = 0, **kwargs: Any) -> None:
        """Note the start of a cell, and pass on its section."""
        self.on_section(self.sections[cell_index])
        super().cell_start(cell, cell_index, **kwargs)

    def cell_complete(self, cell: Any, cell_index: int = 0, **kwargs: Any) -> None:
        """Note the end of a cell, and pass on its index."""
        super().cell_complete(cell, cell_index=cell_index, **kwargs)
        self.on_cell_end(cell_index)

    def fail(self, index: int, error: Exception) -> None:
        """Keep where and why the execution stops."""
        cell = self.nb.cells[index]
        self.cell_exception(cell, cell_index=index)
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                output.evalue = _cut(output.evalue)
                output.traceback = [_cut(line) for line in output.traceback]
        self.error = None if isinstance(error, CellExecutionError) else error
        outcome, *reason = _reason(error)
        place = (self.sections[index], index + 1, cell.get("id", ""))
        self.failure = Failure(outcome, *place, *map(_cut, reason))

    def explain(self, limits: Limits) -> None:
        """Say of a timeout which limit it was."""
        failure = self.failure
        if failure and failure.outcome == "timed_out":
            seconds = {"the run": limits.timeout_s, "a cell": limits.cell_timeout_s}
            spoken = [f"{name} may take {s:g} s" for name, s in seconds.items() if s is not None]
            message = f"took longer than allowed: {', '.join(spoken)}"
            message += " where nothing else is set; set run.timeout" if limits.usual else ""
            self.failure = replace(failure, message=message)

    def notebook_complete(self, **kwargs: Any) -> None:
        """Close the execution with a last save, whatever happened."""
        super().notebook_complete(**kwargs)
        self.save(force=True)


def _cut(text: str) -> str:
    """Return a text without its middle, if it is longer than anybody reads."""
    half = LONGEST_ERROR // 2
    return text if len(text) <= LONGEST_ERROR else f"{text[:half]}\n…\n{text[-half:]}"


def _reason(error: Exception) -> tuple[Outcome, str, str]:
    if isinstance(error, CellExecutionError):
        cancelled = error.ename == "KeyboardInterrupt"
        return ("cancelled" if cancelled else "failed"), error.ename, error.evalue
    if isinstance(error, CellTimeoutError):
        return "timed_out", "Timeout", "took longer than it may"
    if isinstance(error, DeadKernelError):
        name = "KernelDied" if type(error) is DeadKernelError else type(error).__name__
        return "killed", name, str(error)
    return "failed", type(error).__name__, str(error)


def write_notebook(nb: Any, path: Path) -> None:
    """Write a notebook so that a reader sees the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)  # it may have removed its own folder
    write_text(path, nbformat.writes(nb))  # type: ignore[no-untyped-call]
