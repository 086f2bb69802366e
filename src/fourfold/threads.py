"""Threads: many small fits are faster without."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

P = ParamSpec("P")
R = TypeVar("R")


def one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function compute on one thread, whatever its kernel has.

    Thousands of fits of a few hundred rows wait for their threads longer than they compute: with
    two threads a clustering notebook took a quarter longer, on a busy machine a multiple.
    """

    @wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        with threadpool_limits(1):
            return function(*args, **kwargs)

    return limited
