"""What the benchmarks of speed share: the project, timed commands, figures that are kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "outputs" / "benchmarks"


def keep(name: str, figures: Any) -> Path:
    """Write the figures of a benchmark to ``outputs/benchmarks/NAME.json``, and return the file."""
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{name}.json"
    file.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file


def timed(
    *arguments: str,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    codes: Sequence[int] = (0,),
) -> tuple[float, str]:
    """Return seconds and output of one call of this Python; exit unless it ends as it should."""
    started = time.perf_counter()
    call = [sys.executable, *arguments]
    done = subprocess.run(call, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode not in codes:
        said = f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        raise SystemExit(f"{' '.join(call)} ended with {done.returncode}:\n{said}")
    return seconds, done.stdout


if __name__ == "__main__":
    sys.exit("nothing to run here: see benchmarks/README.md")
