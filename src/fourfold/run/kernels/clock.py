"""A clock that stands still while this process is suspended, for limits and durations."""

import threading
import time
from functools import cache

_TICK_S = 0.5
_LONGEST_S = 2.0
"""A longer pause between two ticks was no work: SIGSTOP, or a machine asleep."""


class _Clock:
    def __init__(self) -> None:
        self._lock, self._last, self._lost_s = threading.Lock(), time.monotonic(), 0.0
        threading.Thread(target=self._tick, name="clock", daemon=True).start()

    def _tick(self) -> None:
        while True:
            time.sleep(_TICK_S)
            self.seconds()

    def seconds(self) -> float:
        with self._lock:
            now = time.monotonic()
            if now - self._last > _LONGEST_S:
                self._lost_s += now - self._last
            self._last = now
            return now - self._lost_s


_clock = cache(_Clock)  # its thread begins with the first run, and not by an import


def awake_s() -> float:
    """Return seconds that only differences have a meaning of, without those of a suspension."""
    return _clock().seconds()
