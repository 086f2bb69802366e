"""What a run costs: CPU time, peak memory, estimated energy; and how its kernel ended."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

WATTS_PER_CORE = 3.5
"""Power of a busy core in watts: the mean maximum of AWS processors for one virtual CPU.

Cloud Carbon Footprint, *Methodology*, section "Compute" (cloudcarbonfootprint.org). A laptop or a
desktop draws more; the figure is for comparing runs, not for a bill.
"""

_VMSTAT = Path("/proc/vmstat")


def observed(process: Any) -> dict[str, float]:
    """Return what a process of this machine has used so far; empty if it cannot be seen.

    Returns
    -------
    dict
        ``cpu_s`` in seconds, ``peak_mb`` in MB (2^20 bytes).
    """
    try:
        times = psutil.Process(process.pid).cpu_times()
        peak_mb = _peak_mb(process.pid)
        # The memory of a process that has just ended is gone already.
        return {"cpu_s": round(times.user + times.system, 3), "peak_mb": peak_mb} if peak_mb else {}
    except (AttributeError, OSError, psutil.Error):
        return {}


def _peak_mb(pid: int) -> float:
    peak_kb = _number(Path(f"/proc/{pid}/status"), "VmHWM:")
    if peak_kb is not None:
        return round(peak_kb / 1024, 1)
    return round(float(psutil.Process(pid).memory_info().rss) / 2**20, 1)


def _number(file: Path, name: str) -> int | None:
    """Return the number beside a name in a file of the system; None if there is none."""
    with suppress(OSError, ValueError):
        lines = (line.split() for line in file.read_text().splitlines())
        return next((int(words[1]) for words in lines if words[:1] == [name]), None)
    return None


def with_energy(cost: Mapping[str, float]) -> dict[str, float]:
    """Return the cost with its estimated energy, ``energy_wh`` in watt hours.

    Examples
    --------
    >>> with_energy({"cpu_s": 3600.0})
    {'cpu_s': 3600.0, 'energy_wh': 3.5}
    """
    if "cpu_s" not in cost:
        return dict(cost)
    return {**cost, "energy_wh": round(cost["cpu_s"] * WATTS_PER_CORE / 3600, 6)}


def oom_kills(vmstat: Path = _VMSTAT) -> int:
    """Return how many processes the system has killed to free memory; 0 where it keeps no count."""
    return _number(vmstat, "oom_kill") or 0


def ending(code: int, out_of_memory: bool, peak_mb: float | None = None, exact: bool = True) -> str:
    """Say how a kernel ended.

    Parameters
    ----------
    code : int
        Exit code of its process, negative for a signal.
    out_of_memory : bool
        Whether the system killed a process for memory meanwhile.
    peak_mb : float, optional
        Its peak memory in MB.
    exact : bool
        False where the peak was only looked at from time to time.

    Examples
    --------
    >>> ending(-9, True, 3210.4)
    'killed: out of memory, with a peak of 3,210 MB'
    >>> ending(-11, False)
    'the kernel died: SIGSEGV'
    """
    if code >= 0:
        return f"the kernel died: exit code {code}"
    if -code == signal.SIGKILL and out_of_memory:
        about = "" if exact else "at least "
        peak = "" if peak_mb is None else f", with a peak of {about}{peak_mb:,.0f} MB"
        return f"killed: out of memory{peak}"
    return f"the kernel died: {signal.Signals(-code).name}"
