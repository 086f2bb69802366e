"""Two thousand runs at night: ``python benchmarks/speed/night.py [--runs N]``.

Executes a sweep whose runs have a table, a figure, a fit and a conclusion. Of each 200 runs four
fail (in two ways), one kills its kernel and one hangs until its timeout. Prints the rate of the
first and the last tenth, memory, descriptors and sockets of the runner over time, the size of a
run's files, and whether each status is right. Exit code 1 if one is wrong, if a run takes more than
100 kB besides artifacts, or if anything is left behind. ``--keep FOLDER`` keeps the project.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from statistics import fmean, median

import nbformat
import psutil
from measure import keep
from small import ours, stray

LARGEST_KB = 100
TIMEOUT_S = 30
CYCLE = {3: "failed", 51: "failed", 77: "killed", 101: "failed", 133: "timed_out", 177: "failed"}
CELLS = (
    ("markdown", "# A night\n\nWhich setting finds the slope?"),
    (
        "code",
        "# parameters\nquestion: str = ''\ndecision: str = ''\nsuccess: dict[str, str] = {}\n"
        "rows: int = 200  # rows, 10..\nnoise: float = 1.0  # of the target, 0..\n"
        "seed: int = 0  # seed, 0..",
    ),
    (
        "code",
        "import os\nimport time\n\nimport matplotlib.pyplot as plt\nimport numpy as np\n"
        "import pandas as pd\nfrom sklearn.linear_model import LinearRegression\n\n"
        "import fourfold as ff",
    ),
    ("markdown", "## 1. Ingest"),
    (
        "code",
        "draw = np.random.default_rng(seed)\nframe = pd.DataFrame({'x': draw.normal(size=rows)})\n"
        "frame['y'] = 2 * frame['x'] + noise * draw.normal(size=rows)\nframe.head()",
    ),
    ("markdown", "## 2. EDA"),
    ("code", "frame.plot.scatter('x', 'y', s=4, title='y by x')\nplt.show()"),
    ("markdown", "## 3. Modeling"),
    (
        "code",
        "kind = seed % 200\nif kind in (3, 101):\n    raise ValueError(f'singular at {seed}')\n"
        "if kind in (51, 177):\n    frame['z']\nif kind == 77:\n    os.kill(os.getpid(), 9)\n"
        "if kind == 133:\n    time.sleep(3600)\n"
        "model = LinearRegression().fit(frame[['x']], frame['y'])\n"
        "slope = float(model.coef_[0])\nerror = noise / np.sqrt(rows)\n"
        "ff.record('slope', slope, ci=(slope - 2 * error, slope + 2 * error))",
    ),
    ("markdown", "## 4. Conclusions"),
    ("code", "ff.conclude('The slope is near 2.', success=success, question=question)"),
)


def project(root: Path, runs: int) -> None:
    """Write the template and a sweep of so many seeds."""
    make = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [make[kind](source) for kind, source in CELLS]
    for folder in ("templates", "params"):
        (root / folder).mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, root / "templates" / "night.ipynb")
    config = {
        "template": "night",
        "business": {"question": "Is the slope 2?", "success": {"slope": ">= 1.5"}},
        "sweep": {"repeat": {"seed": runs // 2}, "grid": {"noise": [0.5, 2.0]}},
        "run": {"timeout": TIMEOUT_S, "retries": 0},
    }
    (root / "params" / "night.yaml").write_text(json.dumps(config))


def watched(root: Path, runs: int) -> tuple[list[dict[str, float]], int, str]:
    """Return what the runner held over time, its exit code, and what it said."""
    call = [sys.executable, "-m", "fourfold", "run", "--workers", "2"]
    looks: list[dict[str, float]] = []
    log, began = root / "log.txt", time.time()
    with log.open("w") as file, subprocess.Popen(call, cwd=root, stdout=file, stderr=file) as run:
        runner = psutil.Process(run.pid)
        while run.poll() is None:
            time.sleep(5)
            try:
                if runner.status() == psutil.STATUS_ZOMBIE:
                    break
                looks.append(
                    {
                        "s": round(time.time() - began),
                        "ended": sum(1 for _ in root.glob("outputs/night/*/record.json")),
                        "mb": round(runner.memory_info().rss / 2**20, 1),
                        "descriptors": runner.num_fds(),
                        "sockets": len(runner.net_connections("all")),
                        "processes": len(runner.children(recursive=True)),
                    }
                )
            except psutil.NoSuchProcess:
                break
            if len(looks) % 12 == 0:
                print(looks[-1], flush=True)
    return looks, run.returncode, log.read_text()


def main() -> int:
    """Run, watch and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--keep", type=Path, help="Folder for the project, which stays.")
    asked = parser.parse_args()
    before, folders = ours(), stray()
    with tempfile.TemporaryDirectory() as name:
        root = asked.keep or Path(name)
        project(root, asked.runs)
        looks, code, said = watched(root, asked.runs)
        records = [json.loads(f.read_text()) for f in root.glob("outputs/night/*/record.json")]
        wrong = [
            (record["run_id"], record["status"])
            for record in records
            if record["status"] != CYCLE.get(record["parameters"]["seed"] % 200, "ok")
        ]
        ends = sorted(
            datetime.fromisoformat(r["started_at"]).timestamp() + r["duration_s"] for r in records
        )
        tenth = len(ends) // 10
        sizes = [
            sum(f.stat().st_size for f in path.parent.iterdir() if f.is_file()) / 1000
            for path in root.glob("outputs/night/*/record.json")
        ]
        page = root / "outputs" / "index.html"
        figures = {
            "runs": asked.runs,
            "records": len(records),
            "statuses": Counter(record["status"] for record in records),
            "wrong statuses": wrong[:5],
            "seconds": looks[-1]["s"],
            "runs a minute, first tenth": round(60 * tenth / (ends[tenth] - ends[0]), 1),
            "runs a minute, last tenth": round(60 * tenth / (ends[-1] - ends[-1 - tenth]), 1),
            "at a tenth of the time": looks[len(looks) // 10],
            "at the end": looks[-1],
            "kB a run, median": round(median(sizes), 1),
            "kB a run, mean": round(fmean(sizes), 1),
            "kB a run, most": round(max(sizes), 1),
            "page of all runs, MB": round(page.stat().st_size / 1e6, 2),
            "log, lines": said.count("\n"),
            "exit code": code,
        }
    time.sleep(1)
    figures["left behind"] = [len(ours() - before), len(stray() - folders)]
    for what, figure in figures.items():
        print(f"{what}: {figure}")
    keep("night", figures)
    whole = len(records) == 2 * (asked.runs // 2) and not wrong and code == 1
    return int(not whole or any(figures["left behind"]) or max(sizes) > LARGEST_KB)


if __name__ == "__main__":
    sys.exit(main())
