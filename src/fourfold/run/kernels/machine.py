"""The machine: its cores and memory, the environment of a kernel, and the cost of a run."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from fourfold.run.kernels.rehearsal import THREADS
from fourfold.run.kernels.zygotes import ZYGOTES, available

_CGROUP = Path("/sys/fs/cgroup")
_VMSTAT = Path("/proc/vmstat")

WATTS_PER_CORE = 3.5
"""Power of a busy core in watts: the mean maximum of AWS processors for one virtual CPU.

Cloud Carbon Footprint, *Methodology*, section "Compute" (cloudcarbonfootprint.org). A laptop or a
desktop draws more: it serves to compare runs.
"""


def cores(cgroup: Path = _CGROUP) -> int:
    """Return the cores that this process may use, by affinity and by the quota of its container."""
    most = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = map(float, (cgroup / "cpu.max").read_text().split())
        most = min(most, max(1, round(quota / period)))
    with suppress(OSError, ValueError):  # of version 1, where -1 is no limit
        names = (cgroup / "cpu" / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
        quota, period = (float(name.read_text()) for name in names)
        most = min(most, max(1, round(quota / period))) if quota > 0 else most
    return most


def memory_mb(cgroup: Path = _CGROUP) -> float:
    """Return the free memory in MB, of the machine and of the container."""
    free = float(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):
        limit, used = (float((cgroup / f"memory.{n}").read_text()) for n in ("max", "current"))
        free = min(free, limit - used)
    with suppress(OSError, ValueError):  # of version 1
        names = (f"{name}_in_bytes" for name in ("limit", "usage"))
        limit, used = (float((cgroup / "memory" / f"memory.{n}").read_text()) for n in names)
        free = min(free, limit - used)
    return max(0.0, free) / 2**20


def kernel_env(artifacts: Path | None, threads: int = 1) -> dict[str, str]:
    """Return the environment of a kernel: its artifacts folder and threads, unless set already.

    Workers times threads should be the cores: threads that wait for each other on a busy machine
    took 100 times as long (9 s a K-means table instead of 0.1 s).
    """
    bounded = {**dict.fromkeys(THREADS, str(threads)), "OMP_WAIT_POLICY": "passive"}
    own = {"FOURFOLD_ARTIFACTS": str(artifacts)} if artifacts else {}
    return {**bounded, **os.environ, **own}


def begin(workers: int | None, stocks: Mapping[tuple[str, ...], int] | None = None) -> None:
    """Begin to import, while the runs are planned: what every kernel needs.

    If they are known by then, `stocks` has modules, and how many kernels will need them first.
    """
    if available():
        ZYGOTES.prepare(stocks or {}, kernel_env(None, max(1, cores() // (workers or cores()))))


def observed(process: Any) -> dict[str, float]:
    """Return ``cpu_s`` and ``peak_mb`` (2^20 bytes) of a process so far; empty if it is unseen."""
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
    """Return the cost with its estimated energy, ``energy_wh`` in watt hours."""
    if "cpu_s" not in cost:
        return dict(cost)
    return {**cost, "energy_wh": round(cost["cpu_s"] * WATTS_PER_CORE / 3600, 6)}


def oom_kills(vmstat: Path = _VMSTAT) -> int:
    """Return how many processes the system has killed to free memory; 0 where it keeps no count."""
    return _number(vmstat, "oom_kill") or 0
