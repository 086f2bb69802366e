"""A budget in seconds: steps that are ended when their time is over, and what was left out."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: More seconds than any notebook takes.
_ENDLESS = 1e12


class _Over(BaseException):
    """The time of a step is over; no `Exception`, so that no library takes it for a bad fit."""


class Budget:
    """Seconds for all of a notebook's modelling, and what there was no time for.

    A budget that is not used up changes nothing. One that is depends on the machine: what is
    left out then is in `left_out`, for the reader.

    Parameters
    ----------
    seconds : float, optional
        From now on; None: as long as it takes.

    Examples
    --------
    >>> budget = Budget(60)
    >>> with budget.step("a long sum", seconds=0.1):
    ...     while True:
    ...         pass
    >>> budget.left_out
    ['a long sum (more than 0.1 s)']
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = _ENDLESS if seconds is None else float(seconds)
        self._start = time.monotonic()
        self.left_out: list[str] = []

    @property
    def left(self) -> float:
        """Return how many seconds are left, at least a hundredth."""
        return max(0.01, self.seconds - (time.monotonic() - self._start))

    @contextmanager
    def step(self, name: str, part: float = 1.0, seconds: float | None = None) -> Iterator[None]:
        """End what the block does when its time is over, note its name, and go on behind it.

        Parameters
        ----------
        name : str
            What is left out then, in words; empty: not to be noted here.
        part : float
            Of the seconds that are left; from 0 to 1.
        seconds : float, optional
            Instead of a part.
        """
        limit = min(self.left * part if seconds is None else seconds, self.left)
        rung: list[float] = []
        try:
            with _alarm(limit, rung):
                yield
            if rung:  # compiled code may have dropped what the alarm raised
                raise _Over
        except (_Over, Exception):  # compiled code may have made another error of it
            if not rung:
                raise
            from matplotlib import pyplot

            pyplot.close("all")
            if name:
                self.left_out.append(f"{name} (more than {limit:,.1f} s)")


@contextmanager
def _alarm(seconds: float, rung: list[float]) -> Iterator[None]:
    """Raise `_Over` in the block after some seconds, where the system can: in the main thread.

    Parameters
    ----------
    seconds : float
    rung : list
        When it was raised; again every two seconds until the block ends.
    """
    able = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not able or seconds > _ENDLESS / 100:
        yield
        return
    start, armed = time.monotonic(), True

    def ring(*_: Any) -> None:
        if armed:
            rung.append(time.monotonic())
            raise _Over

    before = signal.signal(signal.SIGALRM, ring)
    outer = signal.setitimer(signal.ITIMER_REAL, seconds, 2.0)[0]
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if outer:  # that of whoever set one before
            rest = outer - (time.monotonic() - start)
            signal.setitimer(signal.ITIMER_REAL, max(0.001, rest))
