"""A batch: the runs of one command, side by side, and the table of their records."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fourfold.plan import RunSpec
from fourfold.records import RunRecord
from fourfold.runner import Place, Watch, run_one

Event = Callable[[RunSpec, str], None]


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_batch(
    specs: Sequence[RunSpec],
    root: Path,
    outputs: Path,
    workers: int | None = None,
    on_section: Event = lambda spec, section: None,
    on_done: Callable[[RunSpec, RunRecord], None] = lambda spec, record: None,
) -> tuple[list[RunRecord], bool]:
    """Execute runs, each in a kernel of its own, several at a time.

    Parameters
    ----------
    workers : int, optional
        Runs at a time; by default one a core; each kernel has one thread.
    on_section : callable
        Told when a run enters a section; called from the threads of the pool.
    on_done : callable
        Told when a run has ended; called from this thread.

    Returns
    -------
    records : list of RunRecord
        Of the runs that ended, in the order of `specs`.
    stopped : bool
        True if Ctrl-C ended the batch early: running cells were interrupted, their partial
        notebooks and records are written, the other runs did not start.
    """
    workers = max(1, min(workers or cores(), len(specs)))
    place = Place(root, outputs)
    stop = Stop()
    watch = Watch(on_section, stop.kernel, stop.event.is_set)
    done: dict[str, RunRecord] = {}
    with stop.on_signal(), ThreadPoolExecutor(workers, "run") as pool:
        futures = {pool.submit(_unless, stop, spec, place, watch): spec for spec in specs}
        for future in _ended(futures):
            record = future.result()
            if record is not None:
                done[futures[future].name] = record
                on_done(futures[future], record)
    return [done[spec.name] for spec in specs if spec.name in done], stop.event.is_set()


def _unless(stop: Stop, spec: RunSpec, place: Place, watch: Watch) -> RunRecord | None:
    return None if stop.event.is_set() else run_one(spec, place, watch)


def _ended(futures: dict[Future[Any], RunSpec]) -> Iterator[Future[Any]]:
    """Yield futures as they end; wakes often enough for signals to be seen."""
    waiting = set(futures)
    while waiting:
        ended, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
        yield from ended


class Stop:
    """Ctrl-C or SIGTERM: interrupts the cells that run, and lets no other run start."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._kernels: list[Any] = []

    def kernel(self, spec: RunSpec, manager: Any) -> None:
        """Remember the kernel of a run, to interrupt it when it must stop."""
        self._kernels.append(manager)

    def __call__(self, *_: Any) -> None:
        """Interrupt every cell that runs; the second time, kill the kernels."""
        sign = signal.SIGKILL if self.event.is_set() else signal.SIGINT
        self.event.set()
        for manager in self._kernels:
            process = getattr(manager.provisioner, "process", None)
            if process is not None and process.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, sign)

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
