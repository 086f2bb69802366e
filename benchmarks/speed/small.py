"""A project of short runs, for the benchmarks that kill, count and soak."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
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


#: Two runs that keep a model each, the second the better one.
OF_MODELS = (
    ("markdown", "# Models"),
    (
        "code",
        "# parameters\nquestion: str = ''\ndecision: str = ''\nsuccess: dict[str, str] = {}\n"
        "data: str = 'rows.csv'  # data\ntarget: str = 'y'  # column\n"
        "used: list[str] = ['x']  # columns",
    ),
    ("markdown", "## 1. Ingest"),
    ("code", "from sklearn.linear_model import LogisticRegression\n\nimport fourfold as ff"),
    ("code", "rows = ff.ingest(data)"),
    ("markdown", "## 2. EDA"),
    ("markdown", "## 3. Modeling"),
    (
        "code",
        "chosen = ff.columns.select(rows[used], [])\ngoal = rows[target].map(['a', 'b'].index)\n"
        "candidates = {'m': LogisticRegression()}\n"
        "model = ff.supervised.pipelines(candidates, chosen.frame, 'classification')['m']\n"
        "model.fit(chosen.frame[:200], goal[:200])\nff.record('gain', 0.2, ci=(0.1, 0.3))",
    ),
    ("markdown", "## 4. Conclusions"),
    (
        "code",
        "ff.conclude('Yes.', success=success, question=question, decision=decision,\n"
        "            limits=['Few.'])\n"
        "ff.keep_model(model, chosen, (chosen.frame[200:], goal[200:]), name='m', target=target,\n"
        "              classes=['a', 'b'], threshold=0.5)",
    ),
)


def project_of_models(root: Path) -> Path:
    """Make the project with the configs ``poor`` and ``good``, and the conditions of ``it``."""
    import numpy as np
    import pandas as pd

    for name in ("templates", "params", "models"):
        (root / name).mkdir(parents=True)
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(500, 2)), columns=["x", "z"])
    rows["y"] = np.where(rows["z"] + 0.3 * rng.normal(size=500) > 0, "b", "a")
    rows.to_csv(root / "rows.csv", index=False)
    (root / "LICENSE").write_text("mine\n")
    (root / "templates" / "kept.ipynb").write_text(_notebook(OF_MODELS))
    business = {"question": "Is it so?", "decision": "whom to ask", "success": {"gain": "> 0"}}
    for name, used in {"poor": ["x"], "good": ["x", "z"]}.items():
        config = {"template": "kept", "business": business, "parameters": {"used": used}}
        (root / "params" / f"{name}.yaml").write_text(json.dumps(config))
    (root / "models" / "it.yaml").write_text("rejected: null\nparity: false\n")
    return root


def project(root: Path, runs: int, pause_s: float = 0.0) -> Path:
    """Make the project with so many runs, each of which sleeps so many seconds."""
    for name in ("templates", "params"):
        (root / name).mkdir(parents=True)
    (root / "templates" / "short.ipynb").write_text(_notebook(CELLS))
    sweep = {"template": "short", "parameters": {"pause": pause_s}}
    sweep |= {"sweep": {"grid": {"seed": list(range(runs))}}}
    (root / "params" / "short.yaml").write_text(json.dumps(sweep))
    return root


def _notebook(sources: Sequence[tuple[str, str]]) -> str:
    cells = []
    for number, (kind, source) in enumerate(sources):
        cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        cells.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


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
