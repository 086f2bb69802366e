"""What this machine has: cores, memory, and the environment of a kernel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from fourfold.run.kernels.zygotes import ZYGOTES, available

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


def kernel_env(artifacts: Path | None, threads: int = 1) -> dict[str, str]:
    """Return the environment of a kernel: its artifacts folder and threads, unless set already."""
    bounded = {**dict.fromkeys(_THREADS, str(threads)), "OMP_WAIT_POLICY": "passive"}
    own = {"FOURFOLD_ARTIFACTS": str(artifacts)} if artifacts else {}
    return {**bounded, **os.environ, **own}


def begin(workers: int | None, stocks: Mapping[tuple[str, ...], int] | None = None) -> None:
    """Begin to import, while the runs are planned: what every kernel needs, or is known by then.

    Parameters
    ----------
    stocks : mapping of tuple of str to int
        Modules, and how many kernels will need them first; by default what every kernel needs.
    """
    if available():
        ZYGOTES.prepare(stocks or {}, kernel_env(None, max(1, cores() // (workers or cores()))))
