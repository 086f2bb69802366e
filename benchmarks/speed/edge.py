"""What does an exported folder need, and does it say what scikit-learn says?

``python benchmarks/speed/edge.py [--python VERSION …] [--rows 100000]`` keeps a model of each kind
that the templates offer (fitted on 4,000 rows of the table of ``benchmarks/truth/parity.py``),
exports it, and predicts other rows by ``predict.py`` in a bare environment, which has the packages
of its ``requirements.txt`` and nothing else, not even pip. Printed are, by Python, the size of the
installed packages, and for each model the seconds, the largest difference from scikit-learn on
64-bit features (of quantities as a share of their standard deviation) and how many answers differ.

Exit code 1 if numpy alone takes 80 MB or more, if an answer differs, or by more than 1e-9.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measure import ROOT, keep
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fourfold as ff
from fourfold.models.export import export
from fourfold.models.folder import load_model
from fourfold.models.signature import features_of
from fourfold.records import emit

sys.path.append(str(ROOT / "benchmarks" / "truth"))
from parity import MODELS, table

BAR_MB, BAR = 80.0, 1e-9


def bare(folder: Path, version: str, needs: Path) -> tuple[Path, float]:
    """Make an environment with the packages of a file alone; return its Python and megabytes."""
    uv = [sys.executable, "-m", "uv", "--quiet"]
    path = [os.environ["PATH"], *map(str, Path.home().glob(".pyenv/versions/*/bin"))]
    env = {**os.environ, "PATH": os.pathsep.join(path)}
    subprocess.run([*uv, "venv", "--python", version, str(folder)], check=True, env=env)
    python = folder / "bin" / "python"
    install = [*uv, "pip", "install", "--python", str(python), "-r", str(needs)]
    subprocess.run([*install, "--link-mode", "copy"], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    return python, size / 2**20


def kept(name: str, folder: Path, frame: pd.DataFrame) -> Path:
    """Fit a model on 4,000 rows, keep it, and return its folder."""
    estimator, task, classes = MODELS[name]
    rng = np.random.default_rng(0)
    push = frame["a"] + np.log(frame["long"]) / 3 + (frame["few"] == "x")
    push += rng.normal(size=len(frame))
    emit._DATA.clear()
    os.environ["FOURFOLD_ARTIFACTS"] = str(folder)
    if task == "clustering":
        learn = frame[["a", "c", "coarse", "long"]][:4000]
        model = make_pipeline(StandardScaler(), estimator.set_params(random_state=0)).fit(learn)
        ff.keep_model(model, learn)
    else:
        chosen = ff.columns.select(frame[:4000], [])
        edges = np.quantile(push, np.arange(1, classes) / max(classes, 1))
        goal = pd.Series(np.digitize(push, edges) if classes else push)[:4000]
        model = ff.supervised.pipelines({name: estimator}, chosen.frame, task)[name]
        model.fit(chosen.frame, goal)
        threshold = 0.4 if classes == 2 else None
        names = [str(each) for each in range(classes)]
        ff.keep_model(model, chosen, target="goal", classes=names, threshold=threshold)
    return folder / "model"


def compared(folder: Path, edge: Path, python: Path, frame: pd.DataFrame) -> dict[str, Any]:
    """Predict rows by the exported folder, and compare with scikit-learn."""
    data, out = edge.parent / "rows.csv", edge.parent / "out.csv"
    frame.to_csv(data, index=False)
    began = time.perf_counter()
    subprocess.run([python, edge / "predict.py", data, out], check=True, capture_output=True)
    seconds = time.perf_counter() - began
    model, answers = load_model(folder), pd.read_csv(out)
    read = pd.read_csv(data)
    columns = model.description.columns
    scores = model.scores(features_of(columns, read[[c.name for c in columns]]).frame)
    if model.description.task != "classification":
        theirs = answers.iloc[:, 1].to_numpy()
        if model.description.task == "clustering":
            return {"s": seconds, "difference": 0.0, "differ": int((theirs != scores).sum())}
        apart = float(np.abs(theirs - scores).max() / scores.std())
        return {"s": seconds, "difference": apart, "differ": 0}
    first = 1 if len(model.description.classes) == 2 else 0
    theirs = answers.iloc[:, 2:].to_numpy()
    differ = answers["answer"].to_numpy() != model.decisions(scores)
    apart = float(np.abs(theirs - scores[:, first:]).max())
    return {"s": seconds, "difference": apart, "differ": int(differ.sum())}


def main() -> int:
    """Print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", nargs="+", default=[f"3.{sys.version_info.minor}"])
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    frame = table(4_000 + options.rows, np.random.default_rng(0))
    figures: dict[str, Any] = {"rows": options.rows, "MB": {}, "models": {}}
    with tempfile.TemporaryDirectory(prefix="edge-") as name:
        place, wrong = Path(name), []
        pythons: dict[str, Path] = {}
        for kind in MODELS:
            folder = kept(kind, place / kind, frame)
            edge = place / kind / "edge"
            export(folder, edge)
            needs = " ".join((edge / "requirements.txt").read_text().split())
            for version in options.python:
                key = f"{version}: {needs}"
                if key not in figures["MB"]:
                    at = place / key.replace(": ", "-").replace(" ", "-")
                    pythons[key], size = bare(at, version, edge / "requirements.txt")
                    figures["MB"][key] = round(size, 1)
                    wrong += [key] if needs == "numpy" and size >= BAR_MB else []
            done = compared(folder, edge, pythons[f"{options.python[-1]}: {needs}"], frame[4_000:])
            figures["models"][kind] = {"needs": needs, **done}
            line = f"{done['s']:6.1f} s  {done['difference']:8.1e}  {done['differ']:3}  {needs}"
            print(f"{kind:22} {line}", flush=True)
            exact = done["difference"] <= BAR and not done["differ"]
            wrong += [kind] if needs == "numpy" and not exact else []
    print(figures["MB"])
    keep("edge", figures)
    print(f"missed: {', '.join(wrong)}" if wrong else "all bars are met")
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
