"""A project of short runs, for the benchmarks that kill, count and soak."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import psutil

CELLS = (
    ("markdown", "# Short runs"),
    (
        "code",
        "# parameters\nquestion: str = ''\ndecision: str = ''\nsuccess: dict[str, str] = {}\n"
        "pause: float = 0.0  # seconds\nseed: int = 0  # seed, 0..",
    ),
    ("markdown", "## 1. Ingest"),
    ("code", "import time\n\nimport numpy as np\n\nimport fourfold as ff"),
    ("markdown", "## 2. EDA"),
    ("code", "values = np.random.default_rng(seed).normal(size=1000)\ntime.sleep(pause)"),
    ("markdown", "## 3. Modeling"),
    ("code", "ff.record('mean', values.mean())"),
    ("markdown", "## 4. Conclusions"),
    ("code", "ff.conclude('done', success=success, question=question, decision=decision)"),
)


def project(root: Path, runs: int, pause_s: float = 0.0) -> Path:
    """Make the project with so many runs, each of which sleeps so many seconds."""
    for name in ("templates", "params"):
        (root / name).mkdir(parents=True)
    cells = []
    for number, (kind, source) in enumerate(CELLS):
        cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        cells.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4}
    (root / "templates" / "short.ipynb").write_text(json.dumps({**notebook, "nbformat_minor": 5}))
    sweep = {"template": "short", "parameters": {"pause": pause_s}}
    sweep |= {"sweep": {"grid": {"seed": list(range(runs))}}}
    (root / "params" / "short.yaml").write_text(json.dumps(sweep))
    return root


def ours() -> set[int]:
    """Return the processes of this user that are runners, zygotes or kernels of Fourfold."""
    found = set()
    for process in psutil.process_iter(["cmdline", "status"]):
        line = " ".join(process.info["cmdline"] or [])
        if "fourfold." in line and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.add(process.pid)
    return found - {os.getpid()}


def stray() -> set[str]:
    """Return the folders of Fourfold in the folder for temporary files."""
    return {path.name for path in Path(tempfile.gettempdir()).glob("fourfold-*-*")}
