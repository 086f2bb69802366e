"""Is any output lost? ``python benchmarks/speed/flood.py [--runs N] [--start cold]``

Runs notebooks that print lines and record metrics as fast as they can, warm and cold, two at a time
while two other processes keep both cores busy. Every line and every metric must come.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from measure import keep, timed

PARAMETERS = """# parameters
lines: int = 10  # lines to print, 1..
seed: int = 0  # tells runs apart, 0..
"""
RECORD = """for i in range(1000):
    print(i, flush=True)
    ff.record(f"m{i}", i, exact=True)
"""
CELLS = (
    ("markdown", "# A flood"),
    ("code", PARAMETERS),
    ("code", "import fourfold as ff"),
    ("markdown", "## 1. Ingest"),
    ("markdown", "## 2. EDA"),
    ("code", "for i in range(lines):\n    print(i, flush=True)"),
    ("markdown", "## 3. Modeling"),
    ("code", RECORD),
    ("markdown", "## 4. Conclusions"),
)


def project(folder: Path, runs: int, lines: int) -> None:
    """Write a template and a config of so many runs."""
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    cells = [make[kind](source) for kind, source in CELLS]
    cells[1].metadata["tags"] = ["parameters"]
    (folder / "templates").mkdir()
    (folder / "params").mkdir()
    kernel = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    }
    nbformat.write(
        nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "templates" / "flood.ipynb"
    )
    sweep = f"sweep: {{grid: {{seed: {list(range(runs))}}}}}"
    text = f"template: flood\nparameters: {{lines: {lines}}}\n{sweep}\n"
    (folder / "params" / "flood.yaml").write_text(text)


def losses(outputs: Path, runs: int, lines: int) -> dict[str, int]:
    """Return how many runs did not end well, and lines and metrics that are missing in all.

    A run without a record did not end well, and has lost all that it printed.
    """
    records = list(outputs.glob("flood/*/record.json"))
    gone = runs - len(records)
    lost = {"failed": gone, "lines": gone * (lines + 1000), "metrics": gone * 1000}
    for file in records:
        record = json.loads(file.read_text())
        notebook = nbformat.read(file.with_name("notebook.ipynb"), 4)
        printed = "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", ()))
        lost["failed"] += record["status"] != "ok"
        if record["error"]:
            print(record["run_id"], record["error"], file=sys.stderr)
        lost["lines"] += lines + 1000 - len(printed.splitlines())
        lost["metrics"] += 1000 - len(record["metrics"])
    return lost


def burn() -> None:
    """Keep a core busy."""
    while True:
        pass


def main() -> int:
    """Print what was lost, warm and cold; return 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--burners", type=int, default=2, help="0 where the cores are busy anyway")
    parser.add_argument("--start", nargs="+", choices=("warm", "cold"), default=("warm", "cold"))
    asked = parser.parse_args()
    make = multiprocessing.get_context("spawn").Process
    busy = [make(target=burn, daemon=True) for _ in range(asked.burners)]
    for process in busy:
        process.start()
    figures: dict[str, object] = {"runs": asked.runs, "lines": asked.lines}
    missing = 0
    for start in asked.start:
        env = {**os.environ, **({"FOURFOLD_COLD": "1"} if start == "cold" else {})}
        with tempfile.TemporaryDirectory() as folder:
            project(Path(folder), asked.runs, asked.lines)
            call = ("-m", "fourfold", "run", "--workers", "2")
            seconds, _ = timed(*call, cwd=Path(folder), env=env, codes=(0, 1))
            lost = losses(Path(folder) / "outputs", asked.runs, asked.lines)
        missing += sum(lost.values())
        figures[start] = {"seconds": round(seconds, 1), **lost}
        print(start, figures[start], flush=True)
    missing += sum(not process.is_alive() for process in busy)
    for process in busy:
        process.kill()
    keep("flood", figures)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
