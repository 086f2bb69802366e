"""How many runs at a time, in which order, in which environment; and their zygotes, begun early."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from heapq import heapreplace
from itertools import combinations
from math import inf, isfinite
from pathlib import Path
from statistics import median

import psutil

from fourfold.plan.template import template_path
from fourfold.preload import preloads
from fourfold.project import Place
from fourfold.records.ipynb import read_notebook
from fourfold.skip import Todo
from fourfold.warm import ZYGOTES, available, sweep

EXPECTED_MB = 500.0
"""Peak memory expected of a run that never ran; of others, that of the last time."""

_FEW = 40
# Workers times threads are the cores: threads that wait for each other on a busy machine took 100
# times as long (9 s a K-means table instead of 0.1 s).
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_CGROUP = Path("/sys/fs/cgroup")


def cores(cgroup: Path = _CGROUP) -> int:
    """Return the cores that this process may use, by affinity and by the quota of its container."""
    most = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = map(float, (cgroup / "cpu.max").read_text().split())
        most = min(most, max(1, round(quota / period)))
    return most


def memory_mb(cgroup: Path = _CGROUP) -> float:
    """Return the free memory in MB, of the machine and of the container."""
    free = float(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):
        limit, used = (float((cgroup / f"memory.{n}").read_text()) for n in ("max", "current"))
        free = min(free, limit - used)
    return free / 2**20


def workers_for(todo: Sequence[Todo], asked: int | None = None) -> int:
    """Return how many runs go at a time: as asked, else as cores and memory allow.

    Memory is shared among runs as large as the largest.
    """
    if asked is None:
        largest = max((item.expected_mb or EXPECTED_MB for item in todo), default=EXPECTED_MB)
        asked = min(cores(), int(memory_mb() // largest))
    return max(1, min(asked, len(todo)))


def scheduled(todo: Sequence[Todo], workers: int) -> list[Todo]:
    """Return the runs in the order in which the last one is expected to end first.

    The longest goes first (Graham 1969, SIAM J. Appl. Math. 17, p. 421: at most a third over the
    best order). For few runs that can be a lot, so pairs are exchanged as long as that helps. A
    run that never ran is expected to take as long as the others of its template, and goes first
    where nothing is known.
    """
    return [todo[i] for i in in_order(_expected(todo), workers)]


def in_order(expected: Sequence[float], workers: int) -> list[int]:
    """Return the places of what takes so many seconds, in the order of `scheduled`.

    Examples
    --------
    >>> in_order([1.0, 3.0, 2.0], 2)
    [1, 2, 0]
    """
    order = sorted(range(len(expected)), key=lambda i: expected[i], reverse=True)
    if len(order) <= _FEW and all(map(isfinite, expected)):
        order = _exchanged(order, expected, workers)
    return order


def _expected(todo: Sequence[Todo]) -> list[float]:
    known: dict[str, list[float]] = {}
    for item in todo:
        if item.expected_s is not None:
            known.setdefault(item.spec.template, []).append(item.expected_s)

    likely = {template: median(durations) for template, durations in known.items()}
    return [
        likely.get(item.spec.template, inf) if item.expected_s is None else item.expected_s
        for item in todo
    ]


def _exchanged(order: list[int], expected: Sequence[float], workers: int) -> list[int]:
    best, improved = makespan(order, expected, workers), True
    while improved:
        improved = False
        for i, j in combinations(range(len(order)), 2):
            order[i], order[j] = order[j], order[i]
            if (found := makespan(order, expected, workers)) < best - 1e-9:
                best, improved = found, True
            else:
                order[i], order[j] = order[j], order[i]
    return order


def makespan(order: Sequence[int], expected: Sequence[float], workers: int) -> float:
    """Return when the last run ends if each worker that is free takes the next.

    Examples
    --------
    >>> makespan([0, 1, 2], [3.0, 2.0, 2.0], 2)
    4.0
    """
    free = [0.0] * workers
    for i in order:
        heapreplace(free, free[0] + expected[i])
    return max(free)


def kernel_env(artifacts: Path | None, threads: int = 1) -> dict[str, str]:
    """Return the environment of a kernel: its artifacts folder and threads, unless set already."""
    bounded = {**dict.fromkeys(_THREADS, str(threads)), "OMP_WAIT_POLICY": "passive"}
    own = {"FOURFOLD_ARTIFACTS": str(artifacts)} if artifacts else {}
    return {**bounded, **os.environ, **own}


def modules_of(template_file: str, place: Place) -> tuple[str, ...]:
    """Return what a template imports."""
    return preloads(read_notebook(template_path(template_file, place.root)))


def begin(workers: int | None, stocks: Mapping[tuple[str, ...], int] | None = None) -> None:
    """Begin to import, while the runs are planned: what every kernel needs, or is known by then.

    Parameters
    ----------
    stocks : mapping of tuple of str to int, optional
        Modules, and how many kernels will need them first.
    """
    if not available():
        return
    env = kernel_env(None, max(1, cores() // (workers or cores())))
    if stocks:
        ZYGOTES.prepare(stocks, env)
    else:
        ZYGOTES.begin(env)


def warm_up(todo: Sequence[Todo], place: Place, workers: int) -> None:
    """Let the zygotes of these runs begin to import, where kernels can be forked."""
    sweep()
    if not available():
        return
    counts = Counter(item.spec.template_file for item in todo)
    stocks = {modules_of(file, place): min(workers, runs) for file, runs in counts.items()}
    ZYGOTES.prepare(stocks, kernel_env(None, max(1, cores() // workers)))
