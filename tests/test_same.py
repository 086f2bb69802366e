"""Plain papermill, cold, gives what `fourfold run` gives, warm: every output of every template."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from fourfold.plan.plan import plan
from fourfold.plan.spec import RunSpec
from fourfold.regress.references import first_runs
from fourfold.run.kernels.zygotes import available
from tiny_project import run_all

pytestmark = pytest.mark.papermill
ROOT = Path(__file__).parents[1]
OF_THE_CYCLE = {"monitoring", "promotion"}  # they need a model in use, and have no reference
TEMPLATES = sorted({path.stem for path in ROOT.glob("templates/*.ipynb")} - OF_THE_CYCLE)
# The first of each template that has a reference; `one_each` wants one for each.
SMALL = {"clustering": "clustering-nba", "starter": "starter-nba-salary"}


def one_each() -> dict[str, RunSpec]:
    """One run of each template, of those that have references."""
    found: dict[str, RunSpec] = {}
    for spec in first_runs(plan(["params"], ROOT)):
        if spec.config == SMALL.get(spec.template, spec.config):
            found.setdefault(spec.template, spec)
    return found


def outputs(path: Path) -> list:
    """All outputs but for counters: those of our run and of papermill number cells alike."""
    notebook = nbformat.read(path, as_version=4)
    return [(c.id, c.outputs) for c in notebook.cells if c.cell_type == "code" and c.outputs]


def by_papermill(spec: RunSpec, parameters: Path, folder: Path) -> Path:
    """Execute the template as a stranger to Fourfold would."""
    out = folder / "out.ipynb"
    command = [sys.executable, "-m", "papermill", ROOT / spec.template_file, out]
    command += ["-f", parameters, "--cwd", ROOT, "--no-progress-bar", "--log-level", "ERROR"]
    env = {**os.environ, "FOURFOLD_ARTIFACTS": str(folder), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def both(tmp_path_factory, request):
    """By template, the notebook of `fourfold run` and that of papermill; two at a time."""
    folder = tmp_path_factory.mktemp("outputs")
    calls = [getattr(item, "callspec", None) for item in request.session.items]
    asked = {call.params.get("template") for call in calls if call}
    specs = {name: spec for name, spec in one_each().items() if name in asked}
    records, _ = run_all(list(specs.values()), ROOT, folder)
    assert {record.status for record in records} == {"ok"}
    assert {record.start for record in records} == {"warm" if available() else "cold"}
    made = {name: folder / spec.config / spec.run_id for name, spec in specs.items()}
    with ThreadPoolExecutor(2) as pool:
        plain = {
            name: pool.submit(
                by_papermill, spec, made[name] / "params.yaml", tmp_path_factory.mktemp(name)
            )
            for name, spec in specs.items()
        }
    return {name: (made[name] / "notebook.ipynb", plain[name]) for name in specs}


@pytest.mark.parametrize("template", TEMPLATES)
def test_papermill_gives_the_same_outputs(both, template):
    """``papermill templates/X.ipynb out.ipynb -f params.yaml``, tables, records and pictures."""
    ours, plain = both[template]
    assert outputs(plain.result()) == outputs(ours)
