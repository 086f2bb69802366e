"""A batch: the runs of one command, side by side, and the table of their records."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.record import RunRecord
from fourfold.report.report import prime
from fourfold.run.kernels.machine import cores
from fourfold.run.kernels.zygotes import ZYGOTES
from fourfold.run.runner import Kernels, Watch, run_one
from fourfold.run.schedule import scheduled, warm_up, workers_for
from fourfold.run.selection import Todo

Event = Callable[[RunSpec, str], None]


def run_batch(
    todo: Sequence[Todo],
    place: Project,
    workers: int | None = None,
    on_section: Event = lambda spec, section: None,
    on_done: Callable[[RunSpec, RunRecord], None] = lambda spec, record: None,
    max_failures: int | None = None,
) -> tuple[list[RunRecord], bool]:
    """Execute runs, each in a kernel of its own, several at a time.

    Parameters
    ----------
    workers : int, optional
        Runs at a time; by default as cores and memory allow.
    on_section : callable
        Told when a run enters a section; called from the threads of the pool.
    on_done : callable
        Told when a run has ended; called from this thread.
    max_failures : int, optional
        Runs that may fail before no other starts.

    Returns
    -------
    records : list of RunRecord
        Of the runs that ended, in the order of `todo`.
    stopped : bool
        True if Ctrl-C ended the batch early: the cells that ran were finished (after a second
        Ctrl-C, killed), the partial notebooks and records are written, no other run started.
    """
    workers = workers_for(todo, workers)
    left = Left(todo, workers)
    kernels = Kernels(max(1, cores() // workers), left.ahead)
    stop = Stop()
    watch = Watch(on_section, stop.kernel, stop.event.is_set)
    done: dict[str, RunRecord] = {}
    failures = Failures(max_failures)

    def work(item: Todo) -> RunRecord | None:
        left.start(item.spec)
        if stop.event.is_set() or failures.enough:
            return None
        try:
            record = run_one(item.spec, place, watch, kernels, item.key)
        finally:
            stop.forget(item.spec)
        failures.note(record)
        return record

    warm_up(todo, place, workers)
    prime()
    with stop.on_signal(), ThreadPoolExecutor(workers, "run") as pool:
        futures = {pool.submit(work, item): item.spec for item in scheduled(todo, workers)}
        for future in _ended(futures):
            record = future.result()
            if record is not None:
                done[record.name] = record
                on_done(futures[future], record)
    ZYGOTES.close()
    return [done[item.spec.name] for item in todo if item.spec.name in done], stop.event.is_set()


class Failures:
    """Counts the runs that failed, up to as many as may."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._seen = 0
        self._lock = threading.Lock()

    def note(self, record: RunRecord) -> None:
        """Count a run, in the thread that executed it: the next one starts at once."""
        with self._lock:
            self._seen += not record.ok

    @property
    def enough(self) -> bool:
        """Say whether no other run should start."""
        return self._most is not None and self._seen >= self._most


class Left:
    """The runs that have not started: for how many of a template to have kernels ready."""

    def __init__(self, todo: Sequence[Todo], workers: int) -> None:
        self._workers = workers
        self._counts = Counter(item.spec.template_file for item in todo)
        self._lock = threading.Lock()

    def start(self, spec: RunSpec) -> None:
        """Note that a run leaves the queue."""
        with self._lock:
            self._counts[spec.template_file] -= 1

    def ahead(self, spec: RunSpec) -> int:
        """Return how many kernels should wait for runs of the same template."""
        return min(self._workers, self._counts[spec.template_file])


def _ended(futures: dict[Future[Any], RunSpec]) -> Iterator[Future[Any]]:
    """Yield futures as they end; wakes often enough for signals to be seen."""
    waiting = set(futures)
    while waiting:
        ended, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
        yield from ended


class Stop:
    """Ctrl-C or SIGTERM: lets the cells that run finish, and nothing else start."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._kernels: dict[str, Any] = {}

    def kernel(self, spec: RunSpec, manager: Any) -> None:
        """Remember the kernel of a run, to end it when it must stop at once."""
        self._kernels[spec.name] = manager

    def forget(self, spec: RunSpec) -> None:
        """Let go of the kernel of a run that has ended."""
        self._kernels.pop(spec.name, None)

    def __call__(self, *_: Any) -> None:
        """Stop after the cells that run; the second time, end their kernels."""
        if not self.event.is_set():
            self.event.set()
            return
        for manager in list(self._kernels.values()):
            process = getattr(manager.provisioner, "process", None)
            if process is not None and process.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)

    @contextmanager
    def on_signal(self) -> Iterator[None]:
        """Act on SIGINT and SIGTERM inside the block, if it runs in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kinds = (signal.SIGINT, signal.SIGTERM)
        before = {kind: signal.signal(kind, self) for kind in kinds}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)
