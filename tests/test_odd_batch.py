"""A batch of odd values, kernels and folders: each costs its own run, and the table is written."""

from __future__ import annotations

import csv
import json
import subprocess

import nbformat
import pytest

from served import COMMAND
from tiny_project import make_notebook

CELL = "# parameters\nfree = None  # anything\npair = (1, 2)\nlabels = {1: 'low'}\ntags = {'a'}\n"
SEE = "import json\nprint(repr((free, pair, labels, tags)))"
BIG = 10**30
VALUES = {
    "date": ("2024-05-01", "2024-05-01"),
    "big": (str(BIG), BIG),
    "wide": ("[.inf, -.inf, 1.0e-7, 'a\\b\"c']", [float("inf"), float("-inf"), 1e-7, 'a\\b"c']),
    "merged": ("{<<: [{a: &on true}, {b: 2}], c: *on}", {"b": 2, "a": True, "c": True}),
    "nul": ('"a\\0b"', "a\0b"),
}
KERNELS = {"nospec": {}, "foreign": {"kernelspec": {"name": "ir", "language": "R"}}}
RECORDS = {
    "huge": "ff.record('a', 10**400, exact=True)",
    "large": f"ff.record('a', {BIG}, exact=True)",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that was run once: its folder, and what the command said."""
    root = tmp_path_factory.mktemp("odd")
    for folder in ("templates", "params", "outputs"):
        (root / folder).mkdir()

    def template(name, last, metadata=None):
        cells = [("code", "parameters", CELL), ("code", "ff", "import fourfold as ff")]
        made = make_notebook([*cells, ("code", "see", SEE), ("code", "last", last)])
        made["metadata"] = made["metadata"] if metadata is None else metadata
        (root / f"templates/{name}.ipynb").write_text(json.dumps(made))

    template("t", "1")
    for name, metadata in KERNELS.items():
        template(name, "1", metadata)
    for name, code in RECORDS.items():
        template(name, code)
    for name, (text, _) in VALUES.items():
        (root / f"params/{name}.yaml").write_text(f"template: t\nparameters: {{free: {text}}}\n")
    for name in (*KERNELS, *RECORDS):
        (root / f"params/{name}.yaml").write_text(f"template: {name}\n")
    (root / "params/blocked.yaml").write_text("template: t\n")
    (root / "outputs/blocked").write_text("a file where a folder should be")
    return root, run(root)


def run(root, *options):
    command = [*COMMAND, "run", *options]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def rows(root):
    with (root / "outputs/results.csv").open(encoding="utf-8") as handle:
        return {row["config"]: row for row in csv.DictReader(handle)}


def test_each_odd_run_ends_for_itself_and_the_table_is_written(project):
    """Only what cannot run has failed: a kernel that is not there, a folder that is a file."""
    root, done = project
    assert done.returncode == 1
    failed = {name for name, row in rows(root).items() if row["status"] != "ok"}
    assert failed == {"foreign", "blocked"}
    assert len(rows(root)) == len(VALUES) + len(KERNELS) + len(RECORDS) + 1
    assert "No such kernel named ir" in rows(root)["foreign"]["error"]
    assert (root / "outputs/index.html").exists()


@pytest.mark.parametrize("name", VALUES)
def test_a_value_arrives_and_defaults_that_yaml_cannot_hold_stay(project, name):
    """A tuple stays a tuple, a set a set, and the keys of a default are integers."""
    notebook = nbformat.read(project[0] / f"outputs/{name}/default/notebook.ipynb", 4)
    (printed,) = (o.text for c in notebook.cells for o in c.get("outputs", []) if "text" in o)
    assert printed == repr((VALUES[name][1], (1, 2), {1: "low"}, {"a"})) + "\n"


def test_large_integers_stand_whole_in_the_table(project):
    """As parameters and as metrics."""
    assert rows(project[0])["big"]["param.free"] == str(BIG)
    assert rows(project[0])["large"]["metric.a"] == str(BIG)
    assert rows(project[0])["huge"]["metric.a"] == str(10**400)


def test_another_kernel_makes_a_run_stale(project):
    """Asked for and not; what is unchanged stays so."""
    root, _ = project
    path = "params/foreign.yaml"
    assert run(root, "--kernel", "python3", path).returncode == 0
    assert "unchanged" in run(root, "--kernel", "python3", path).stdout
    done = run(root, "--why", path)
    assert done.returncode == 1
    assert "kernel: python3 -> none that is installed" in done.stdout
    assert "unchanged" in run(root, "params/date.yaml", "params/nospec.yaml").stdout


def test_true_is_not_one(project):
    """A run whose parameter changes between values that are equal to Python is not unchanged."""
    root, _ = project
    path = root / "params/kinds.yaml"
    for value, expected in (("1", 1), ("true", True)):
        path.write_text(f"template: t\nparameters: {{free: {value}}}\n")
        assert "unchanged" not in run(root, str(path)).stdout
        record = json.loads((root / "outputs/kinds/default/record.json").read_text())
        assert repr(record["parameters"]["free"]) == repr(expected)
    assert "unchanged" in run(root, str(path)).stdout
