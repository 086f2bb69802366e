"""How many runs at a time, in which order, and what they share."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from math import inf
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.plan.template import template_path
from fourfold.project import Project
from fourfold.records.ipynb import read_notebook
from fourfold.records.record import RunRecord
from fourfold.run.kernels.machine import cores, kernel_env, memory_mb
from fourfold.run.kernels.preload import preloads
from fourfold.run.kernels.process import kill_kernel
from fourfold.run.kernels.zygotes import ZYGOTES, available, sweep
from fourfold.run.selection import Todo

ORDERS = ("longest", "cheapest")
WHY = ("signal", "max_time", "max_failures", "disk", "newer")
EXPECTED_MB = 500.0
"""Peak memory expected of a run that never ran; of others, that of the last time."""


def workers_for(todo: Sequence[Todo], asked: int | None = None, later: int = 0) -> int:
    """Return how many runs go at a time: as asked, else as cores and memory allow.

    Memory is shared among runs as large as the largest.

    Parameters
    ----------
    todo : sequence of Todo
    asked : int, optional
    later : int
        Runs that may come later, at a time.
    """
    if asked is None:
        largest = max((item.expected_mb or EXPECTED_MB for item in todo), default=EXPECTED_MB)
        asked = min(cores(), int(memory_mb() // largest))
    return max(1, min(asked, len(todo) + later))


def scheduled(todo: Sequence[Todo], order: str = ORDERS[0]) -> list[Todo]:
    """Return the runs, the longest first, or the cheapest first.

    Longest first is at most a third over the best order (Graham 1969, SIAM J. Appl. Math. 17, p.
    421). A run of which nothing is known counts as the longest.
    """

    def expected_s(item: Todo) -> float:
        return inf if item.expected_s is None else item.expected_s

    return sorted(todo, key=expected_s, reverse=order == ORDERS[0])


class Batch:
    """What the runs of a batch share: what is left, what failed, and whether to stop.

    Attributes
    ----------
    why : str
        Why no other run starts; empty as long as one may. A word of `WHY`.
    signals : int
        How often Ctrl-C was pressed.
    """

    def __init__(self, todo: Sequence[Todo], project: Project, workers: int) -> None:
        self.project, self.workers = project, workers
        self.threads = max(1, cores() // workers)
        self.on_section: Callable[[RunSpec, str], None] = lambda spec, section: None
        self.failures_left = self.until = inf
        self.why, self.signals = "", 0
        self._lock = threading.Lock()
        self._left = Counter(item.spec.template_file for item in todo)
        self._kernels: dict[str, Any] = {}
        self._outdated: set[str] = set()

    def add(self, item: Todo) -> None:
        """Note a run that has come later."""
        with self._lock:
            self._left[item.spec.template_file] += 1

    def start(self, spec: RunSpec) -> bool:
        """Note that a run leaves the queue; say whether it should start."""
        with self._lock:
            self._left[spec.template_file] -= 1
            if not self.why and self.failures_left <= 0:
                self.why = "max_failures"
            if not self.why and time.time() >= self.until:
                self.why = "max_time"
            return not self.why

    def end(self, record: RunRecord) -> None:
        """Count a run, in the thread that executed it: the next one starts at once."""
        with self._lock:
            self._kernels.pop(record.name, None)
            self.failures_left -= record.failed

    def ahead(self, spec: RunSpec) -> int:
        """Return how many kernels should wait for runs of the same template."""
        return min(self.workers, self._left[spec.template_file])

    def keep_kernel(self, spec: RunSpec, manager: Any) -> None:
        """Remember the kernel of a run, to end it when it must stop at once."""
        self._kernels[spec.name] = manager

    def stopping(self, spec: RunSpec) -> bool:
        """Say whether a run should come to its end."""
        return self.signals > 0 or spec.name in self._outdated

    def renew(self, outdated: Collection[str]) -> None:
        """Let no other run start, and end the kernels of those that are out of date."""
        self.why = self.why or "newer"
        self._outdated |= set(outdated)
        for name in self._outdated:
            if manager := self._kernels.get(name):
                kill_kernel(manager)

    def stop(self, *_: Any) -> None:
        """Stop after the cells that run; the second time, end their kernels.

        A handler of signals, so it waits for no lock.
        """
        if self.signals:
            for manager in list(self._kernels.values()):
                kill_kernel(manager)
        self.signals, self.why = self.signals + 1, "signal"


def warm_up(specs: Sequence[RunSpec], project: Project, workers: int) -> None:
    """Let the zygotes of these runs begin to import, where kernels can be forked.

    Parameters
    ----------
    workers : int
        Runs at a time, for each of which a kernel is forked ahead.
    """
    sweep()
    if not available():
        return
    counts = Counter(template_path(spec.template_file, project.root) for spec in specs)
    stocks = {preloads(read_notebook(path)): min(workers, runs) for path, runs in counts.items()}
    ZYGOTES.prepare(stocks, kernel_env(None, max(1, cores() // workers)))
