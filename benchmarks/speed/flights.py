"""What clustering all flights costs: seconds and peak memory of the whole command.

``python benchmarks/speed/flights.py`` runs ``fourfold run params/clustering/flights.yaml`` and adds
up the resident memory of runner and kernel every 50 ms (pages that both share count twice).
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import psutil
from measure import ROOT

CONFIG = "params/clustering/flights.yaml"
RECORD = ROOT / "outputs" / "clustering-flights" / "default" / "record.json"
PAUSE_S = 0.05


def resident(process: psutil.Process) -> int:
    """Return the resident bytes of a process and all that it started."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> int:
    command = [sys.executable, "-m", "fourfold", "run", CONFIG]
    started = time.perf_counter()
    run = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    watched, peak = psutil.Process(run.pid), 0
    while run.poll() is None:
        peak = max(peak, resident(watched))
        time.sleep(PAUSE_S)
    seconds = time.perf_counter() - started
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    rows = record["metrics"]["rows"]["value"]
    print(
        f"{CONFIG}: {record['status']}, {record['data'][0]['rows']:,} rows in, {rows:,} clustered"
    )
    print(f"whole command {seconds:.1f} s, of it the run {record['duration_s']:.1f} s")
    print(f"peak memory {peak / 1e9:.2f} GB (runner and kernel together)")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
