"""An extension of IPython: a kernel whose clock is wrong, which shows what depends on it.

A date or a duration may be printed alike by two executions of the same day. Here it is another
day, and each look at the clock takes a while; what comes out the same does not depend on it. How
long a wait may be (`time.monotonic`) stays true.
"""

import ctypes
import datetime
import gc
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

# Another year, month, day, weekday, hour and minute.
_LATER_S = 403 * 86_400 + 5 * 3_600 + 17 * 60
_RATE = 2.3
_LOOK_S = 0.061


def load_ipython_extension(shell: Any) -> None:
    """Set the clocks of this process wrong."""
    for name, later in (("time", _LATER_S), ("perf_counter", 0), ("process_time", 0)):
        clock = _wrong(getattr(time, name), later)
        setattr(time, name, clock)
        setattr(time, f"{name}_ns", lambda clock=clock: int(clock() * 1e9))
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _at(getattr(time, name)))
    strftime, asctime = time.strftime, time.asctime
    time.strftime = lambda form, when=None: strftime(form, when or time.localtime())
    time.asctime = lambda when=None: asctime(when or time.localtime())
    # The class itself must stay what it is, for others hold it already.
    methods = gc.get_referents(datetime.datetime.__dict__)[0]
    methods["now"] = classmethod(lambda cls, tz=None: cls.fromtimestamp(time.time(), tz))
    methods["utcnow"] = classmethod(
        lambda cls: cls.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)
    )
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))


def _wrong(clock: Callable[[], float], later: float) -> Callable[[], float]:
    start, looks = clock(), 0

    @wraps(clock)
    def wrong() -> float:
        nonlocal looks
        looks += 1
        return start + later + (clock() - start) * _RATE + looks * _LOOK_S

    return wrong


def _at(read: Callable[[float], Any]) -> Callable[..., Any]:
    return wraps(read)(lambda seconds=None: read(time.time() if seconds is None else seconds))
