"""The line of the design: a value goes one way, and so do the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fourfold"
# A module imports only modules before it; a new module gets its place here.
LINE = (
    "missing",
    "errors",
    "evidence",
    "differences",
    "tolerance",
    "rules",
    "series",
    "drawn",
    "figures",
    "style",
    "columns",
    "dialect",
    "tsplib",
    "formats",
    "datasets",
    "database",
    "remote",
    "data",
    "contract",
    "parameters",
    "template",
    "config",
    "sweep",
    "validate",
    "inputs",
    "plan",
    "check",
    "cleaning",
    "schema",
    "threads",
    "document",
    "practices",
    "proof",
    "assessment",
    "maturity",
    "nulls",
    "stability",
    "gap",
    "structure",
    "distances",
    "profiles",
    "clustering",
    "features",
    "evaluation",
    "candidates",
    "tuning",
    "proportions",
    "discrimination",
    "residuals",
    "roadmap",
    "scorecard",
    "ranking",
    "leakage",
    "periods",
    "quality",
    "distributions",
    "drift",
    "experiments",
    "effects",
    "leaders",
    "thresholds",
    "places",
    "tours",
    "flips",
    "search",
    "oneway",
    "bounds",
    "games",
    "odds",
    "bets",
    "wagers",
    "visualizers",
    "diagnostics",
    "notebook",
    "records",
    "overview",
    "quarters",
    "skip",
    "lock",
    "frames",
    "preload",
    "forked",
    "zygote",
    "process",
    "warm",
    "provisioner",
    "pool",
    "cost",
    "execution",
    "client",
    "engine",
    "alt",
    "summary",
    "report",
    "inject",
    "editing",
    "lab",
    "runner",
    "batch",
    "rerunning",
    "volatile",
    "texts",
    "tables",
    "values",
    "pictures",
    "outputs",
    "page",
    "case",
    "changed",
    "colab",
    "reference",
    "job",
    "items",
    "accept",
    "regress",
    "plugin",
    "testing",
    "progress",
    "comparing",
    "printing",
    "survey",
    "terms",
    "drafts",
    "starting",
    "options",
    "serving",
    "creating",
    "viewing",
    "opening",
    "cli",
    "__main__",
)
LONGEST = 300  # lines of a module
HEAVY = {
    *("IPython", "jupyter_client", "matplotlib", "mlflow", "nbclient", "nbconvert", "nbformat"),
    *("numpy", "pandas", "papermill", "pyarrow", "scipy", "seaborn", "sklearn", "yellowbrick"),
}


def imported(source: str) -> Iterator[str]:
    """Names of the modules of fourfold that `source` imports, at any depth of nesting."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = node.module or ""
            bare = node.level or package == "fourfold"
            names = [f"fourfold.{a.name}" for a in node.names] if bare else [package]
        else:
            continue
        yield from (name.removeprefix("fourfold.") for name in names if name.startswith("fourfold"))


def test_every_module_has_its_place():
    """The line names each module of the package once, and no other."""
    assert sorted(LINE) == sorted(p.stem for p in PACKAGE.glob("*.py") if p.stem != "__init__")


@pytest.mark.parametrize("module", [name for name in LINE if (PACKAGE / f"{name}.py").exists()])
def test_imports_only_what_stands_before(module):
    """Each module imports, even inside functions, only modules before it on the line."""
    source = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
    assert set(imported(source)) <= set(LINE[: LINE.index(module)])


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from fourfold.plan.plan import RunSpec", ["plan"]),
        ("from fourfold import data as sources, record", ["data", "record"]),
        ("import fourfold.run.kernels.engine", ["engine"]),
        ("import fourfold as ff", ["fourfold"]),
        ("from .cli import app", ["app"]),
        ("def f():\n    from fourfold.cli import main", ["cli"]),
        ("import json\nfrom pathlib import Path", []),
    ],
)
def test_imports_are_seen(source, names):
    """Every way to write an import of the package is found, so none slips past the line."""
    assert list(imported(source)) == names


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_modules_stay_short(path):
    """A module longer than 300 lines holds more than one noun."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def loaded(code: str) -> set[str]:
    """Names of the top-level modules in a fresh interpreter after `code`."""
    code += "\nimport sys; print('loaded:', *{name.split('.')[0] for name in sys.modules})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


def test_plan_loads_nothing_heavy():
    """Planning the whole of params/ imports no notebook, plotting or numeric library."""
    code = "from fourfold.cli import app\napp(['plan'], standalone_mode=False)"
    assert loaded(code) & HEAVY == set()


def test_the_package_loads_nothing_heavy():
    """``import fourfold`` is light; a first ``fourfold.record`` is what loads the notebook side."""
    assert loaded("import fourfold") & HEAVY == set()
