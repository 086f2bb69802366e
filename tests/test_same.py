"""Plain papermill, cold, gives what `fourfold run` gives, warm: every output of every template."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from conftest import run_all
from fourfold.plan import plan
from fourfold.warm import available

ROOT = Path(__file__).parents[1]
CONFIGS = ["params/clustering/nba.yaml", "params/starter/nba-salary.yaml"]


def outputs(path: Path) -> list:
    """All outputs but for counters: those of our run and of papermill number cells alike."""
    notebook = nbformat.read(path, as_version=4)
    return [(c.id, c.outputs) for c in notebook.cells if c.cell_type == "code" and c.outputs]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The runs of two configs, executed by Fourfold."""
    folder = tmp_path_factory.mktemp("outputs")
    specs = plan([str(ROOT / config) for config in CONFIGS], ROOT)
    records, _ = run_all(specs, ROOT, folder)
    assert [record.status for record in records] == ["ok", "ok"]
    assert {record.start for record in records} == {"warm" if available() else "cold"}
    return {spec.template: folder / spec.config / spec.run_id for spec in specs}


@pytest.mark.parametrize("template", sorted(p.stem for p in ROOT.glob("templates/*.ipynb")))
def test_papermill_gives_the_same_outputs(runs, template, tmp_path):
    """``papermill templates/X.ipynb out.ipynb -f params.yaml``, tables, records and pictures."""
    out = tmp_path / "out.ipynb"
    source = ROOT / "templates" / f"{template}.ipynb"
    parameters = runs[template] / "params.yaml"
    command = [sys.executable, "-m", "papermill", source, out, "-f", parameters, "--cwd", ROOT]
    command += ["--no-progress-bar", "--log-level", "ERROR"]
    env = {**os.environ, "FOURFOLD_ARTIFACTS": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    assert outputs(out) == outputs(runs[template] / "notebook.ipynb")
