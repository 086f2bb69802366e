"""What the command line imports: planning pays for no library that only runs need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEAVY = {
    *("IPython", "jupyter_client", "matplotlib", "mlflow", "nbclient", "nbconvert", "nbformat"),
    *("numpy", "pandas", "papermill", "pyarrow", "scipy", "seaborn", "sklearn", "yellowbrick"),
}


def loaded(code: str) -> set[str]:
    """Names of the top-level modules in a fresh interpreter after `code`."""
    code += "\nimport sys; print('loaded:', *{name.split('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_plan_loads_nothing_heavy():
    """Planning the whole of params/ imports no notebook, plotting or numeric library."""
    code = "from fourfold.cli.main import app\napp(['plan'], standalone_mode=False)"
    assert loaded(code) & HEAVY == set()


def test_the_package_loads_nothing_heavy():
    """``import fourfold`` is light; a first ``fourfold.record`` is what loads the notebook side."""
    assert loaded("import fourfold") & HEAVY == set()
