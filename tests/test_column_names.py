"""Columns with the names that templates give to columns of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.commands

ROOT = Path(__file__).parents[1]
NAMES = [
    "rows",
    "share",
    "cluster",
    "index",
    "value",
    "variable",
    "count",
    "size",
    "mean",
    "truth",
    "answer",
    "name",
    "kind",
    "missing",
    "row",
    "different",
    "reason",
    "error",
    "score",
    "model",
    "feature",
    "level_0",
    "label",
    "batch",
    "day",
    "gain",
    "0",
    "hue",
    "data",
    "and",
    "correlation",
    "column",
    "self",
    "shape",
    "T",
    "x",
    "class",
    "a.b",
    "100 %",
    "None",
    "$a_b$",
    "cells",
]
DRAFTS = (
    ("groups", "--template", "clustering"),
    ("look", "--template", "starter", "--target", "target"),
    ("class", "--target", "target"),
    ("amount", "--target", "residual"),
    ("clean", "--template", "quality"),
)


def test_each_template_takes_columns_of_any_name(tmp_path):
    """Nothing is written over, and no table of a notebook has two columns of one name."""
    for folder in ("templates", "params"):
        (tmp_path / folder).mkdir()
    for path in (ROOT / "templates").glob("*.ipynb"):
        (tmp_path / "templates" / path.name).symlink_to(path)
    rng, rows = np.random.default_rng(0), 240
    frame = pd.DataFrame(rng.normal(size=(rows, len(NAMES))).round(3), columns=NAMES)
    frame["rows"] += 6 * rng.integers(0, 3, rows)
    frame["predicted"] = rng.choice(["red", "green", "blue"], rows)
    frame["target"] = np.where(frame["rows"] + frame["truth"] > 6, "yes", "no")
    frame["residual"] = (2 * frame["share"] + frame["error"] + rng.normal(size=rows)).round(3)
    frame.to_csv(tmp_path / "names.csv", index=False)
    call = [sys.executable, "-m", "fourfold"]
    for name, *options in DRAFTS:
        new = [*call, "new", name, "--data", "names.csv", *options]
        subprocess.run(new, cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([*call, "run", "--quiet"], cwd=tmp_path, capture_output=True)
    records = [json.loads(path.read_text()) for path in tmp_path.glob("outputs/*/*/record.json")]
    assert {r["config"]: r["error"] for r in records if r["status"] != "ok"} == {}
    assert len(records) == len(DRAFTS)
    (kept,) = tmp_path.glob("outputs/quality-clean/default/artifacts/accepted.parquet")
    pd.testing.assert_series_equal(pd.read_parquet(kept)["reason"], frame["reason"])
