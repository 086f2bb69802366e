"""Threads: many small fits are faster without."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController, threadpool_limits

#: Tables with at most so many rows are too small for a second thread.
FEW_ROWS = 10_000

F = TypeVar("F", bound=Callable[..., Any])


def one_thread(function: F) -> F:
    """Let a function compute on one thread, whatever its kernel has.

    Thousands of fits of a few hundred rows wait for their threads longer than they compute: with
    two threads a clustering notebook took a quarter longer, on a busy machine a multiple.
    """
    limited: F = threadpool_limits.wrap(limits=1)(function)
    return limited


def spared(rows: int) -> AbstractContextManager[Any]:
    """Return a context with one thread where there are few rows, else with those of the kernel.

    Boosting 1,461 rows in five classes took 0.8 s on one thread and 15 s on two, while another
    process held the second core.
    """
    return _controller().limit(limits=1) if rows <= FEW_ROWS else nullcontext()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
