"""How many runs at a time, in which order, in which environment; and their zygotes, begun early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from heapq import heapreplace
from itertools import combinations
from math import inf, isfinite
from statistics import median

from fourfold.plan.template import template_path
from fourfold.project import Project
from fourfold.records.ipynb import read_notebook
from fourfold.run.kernels.machine import cores, kernel_env, memory_mb
from fourfold.run.kernels.preload import preloads
from fourfold.run.kernels.zygotes import ZYGOTES, available, sweep
from fourfold.run.selection import Todo

EXPECTED_MB = 500.0
"""Peak memory expected of a run that never ran; of others, that of the last time."""

_FEW = 40


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


def modules_of(template_file: str, place: Project) -> tuple[str, ...]:
    """Return what a template imports."""
    return preloads(read_notebook(template_path(template_file, place.root)))


def warm_up(todo: Sequence[Todo], place: Project, workers: int) -> None:
    """Let the zygotes of these runs begin to import, where kernels can be forked."""
    sweep()
    if not available():
        return
    counts = Counter(item.spec.template_file for item in todo)
    stocks = {modules_of(file, place): min(workers, runs) for file, runs in counts.items()}
    ZYGOTES.prepare(stocks, kernel_env(None, max(1, cores() // workers)))
