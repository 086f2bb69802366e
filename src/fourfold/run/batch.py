"""A batch: the runs of one command, side by side, and the table of their records."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from math import inf
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.record import RunRecord
from fourfold.report.report import prime
from fourfold.run.kernels.zygotes import ZYGOTES
from fourfold.run.runner import run_one
from fourfold.run.schedule import Batch, scheduled, warm_up, workers_for
from fourfold.run.selection import Todo


def run_batch(
    todo: Sequence[Todo],
    project: Project,
    workers: int | None = None,
    on_section: Callable[[RunSpec, str], None] = lambda spec, section: None,
    on_done: Callable[[RunSpec, RunRecord], None] = lambda spec, record: None,
    max_failures: int | None = None,
) -> tuple[list[RunRecord], bool]:
    """Execute runs, each in a kernel of its own, several at a time.

    Parameters
    ----------
    workers : int, optional
        Runs at a time; by default as cores and memory allow.
    on_section : callable
        Called when a run enters a section, from the threads of the pool.
    on_done : callable
        Called when a run has ended, from this thread.
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
    batch = Batch(todo, project, workers)
    batch.on_section = on_section
    batch.failures_left = inf if max_failures is None else max_failures
    done: dict[str, RunRecord] = {}

    def work(item: Todo) -> RunRecord | None:
        if not batch.start(item.spec):
            return None
        record = run_one(item, batch)
        batch.end(record)
        return record

    warm_up(todo, project, workers)
    prime()
    with _signals(batch.stop), ThreadPoolExecutor(workers, "run") as pool:
        futures = {pool.submit(work, item): item.spec for item in scheduled(todo)}
        for future in _ended(futures):
            record = future.result()
            if record is not None:
                done[record.name] = record
                on_done(futures[future], record)
    ZYGOTES.close()
    return [done[item.spec.name] for item in todo if item.spec.name in done], batch.stopping()


def _ended(futures: dict[Future[Any], RunSpec]) -> Iterator[Future[Any]]:
    """Yield futures as they end; wakes often enough for signals to be seen."""
    waiting = set(futures)
    while waiting:
        ended, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
        yield from ended


@contextmanager
def _signals(handler: Callable[..., None]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM inside the block, if it runs in the main thread."""
    main = threading.current_thread() is threading.main_thread()
    kinds = (signal.SIGINT, signal.SIGTERM) if main else ()
    before = {kind: signal.signal(kind, handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, earlier in before.items():
            signal.signal(kind, earlier)
