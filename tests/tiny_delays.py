"""Departures whose delay depends on two features, and models of it that are kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge

import fourfold as ff
from fourfold.models.folder import read_description
from fourfold.records import emit


def rows(seed=0):
    """Departures with their delay, of five days."""
    rng = np.random.default_rng(seed)
    carrier, hour = rng.choice(["AA", "UA"], 300), rng.integers(5, 22, 300).astype(float)
    frame = pd.DataFrame({"carrier": carrier, "hour": hour, "day": np.arange(300) // 60})
    return frame.assign(delay=2 * hour + 5 * (carrier == "UA") + rng.normal(0, 8, 300))


def keep(name, artifacts, patch):
    """Keep one model as the templates do, judged by two days."""
    patch.setenv("FOURFOLD_ARTIFACTS", str(artifacts))
    patch.setattr(emit, "_DATA", [])  # each model is of a notebook of its own
    frame = rows()
    chosen = ff.columns.select(frame, ["delay", "day"])
    options = {"classes": (), "target": "delay", "unit": "min"}
    goal, task, estimator = frame["delay"], "regression", Ridge()
    if name != "wait":
        task, estimator = "classification", LogisticRegression()
        goal = (frame["delay"] > 30).astype(int)
        options |= {"classes": ("no", "yes"), "target": "delay > 30", "threshold": 0.4}
    if name == "three":
        goal = pd.cut(frame["delay"], [-np.inf, 20, 40, np.inf], labels=False)
        options |= {"classes": ("early", "late", "never"), "target": "kind", "threshold": None}
    pipe = ff.supervised.pipelines({name: estimator}, chosen.frame, task)[name]
    pipe.fit(chosen.frame.iloc[:180], goal.iloc[:180])
    held_out = chosen.frame.iloc[180:], goal.iloc[180:]
    ff.keep_model(pipe, chosen, held_out, groups=frame["day"], **options)


def put_to_use(model, name, root):
    """Make a model, which is moved, the champion of a name."""
    digest = read_description(model).digest[:12]
    (root / "models" / name).mkdir(parents=True, exist_ok=True)
    model.rename(root / "models" / name / digest)
    (root / "models" / f"{name}.yaml").write_text(f"champion: '{digest}'\n")
    return root / "models" / name / digest
