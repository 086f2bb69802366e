"""Memory of the runner over 1,000 short runs, and what they leave behind.

``python benchmarks/speed/soak.py`` executes them with two workers and prints the resident memory of
the runner, its zygotes and kernels apart, every hundred runs; exit code 1 if it grew by 20 MB or
more from run 100 on, or if a process or a folder is left.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from small import ours, project, stray

ALLOWED_MB = 20


def main() -> None:
    """Run, watch and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    args = parser.parse_args()
    before, folders = ours(), stray()
    with tempfile.TemporaryDirectory() as name:
        root = project(Path(name), args.runs)
        call = [sys.executable, "-m", "fourfold", "run", "--workers", "2", "--json"]
        started, seen = time.perf_counter(), []
        with subprocess.Popen(call, cwd=root, stdout=subprocess.PIPE, text=True) as run:
            runner, ended = psutil.Process(run.pid), 0
            for line in run.stdout:
                ended += '"status": "ok"' in line
                if ended and ended % 100 == 0 and len(seen) < ended // 100:
                    seen.append(runner.memory_info().rss / 2**20)
                    print(f"{ended:>5} runs: {seen[-1]:.1f} MB", flush=True)
        seconds = time.perf_counter() - started
    time.sleep(1)
    grown = seen[-1] - seen[0]
    print(f"{args.runs} runs in {seconds:.0f} s, {seconds / args.runs:.3f} s each; exit code "
          f"{run.returncode}; grew by {grown:.1f} MB from run 100 on")  # fmt: skip
    left = (ours() - before, stray() - folders)
    print(f"processes left: {len(left[0])}; folders left: {len(left[1])}")
    raise SystemExit(bool(run.returncode or grown >= ALLOWED_MB or left[0] or left[1]))


if __name__ == "__main__":
    main()
