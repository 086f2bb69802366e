"""The command line: exit codes, messages, and never a traceback for an input."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from fourfold import __version__
from served import COMMAND


@pytest.fixture
def fourfold(project):
    """Call the command in the tiny project."""

    def call(*args: str) -> subprocess.CompletedProcess:
        command = [*COMMAND, *args]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert "Traceback" not in done.stderr + done.stdout
        return done

    return call


def test_plan_says_what_would_run(fourfold, config):
    """Exit code 0, and nothing is written."""
    path = config("template: tiny\nsweep: {grid: {scale: [1.0, 2.0]}}\n")
    done = fourfold("plan")
    assert done.returncode == 0
    assert "2 runs of 1 config, all checked" in done.stdout
    assert not (path.parents[1] / "outputs").exists()


def test_help_has_groups_and_examples(fourfold):
    """Each command is in a group and has an example; no value is called by a type of Python."""
    whole = fourfold("--help").stdout
    assert all(f" {group}: fourfold " in whole for group in ("Run", "Start", "Test", "Use models"))
    names = re.findall(r"(?m)^│ ([a-z][a-z-]+)  ", whole)
    assert {"plan", "run", "compare", "regress", "promote"} <= set(names)
    for name in names:
        text = fourfold(name, "--help").stdout
        assert f"Example: fourfold {name}" in text
        assert not re.search(r"<(bool|str|path|int|list)", text), name
    done = fourfold("--version")
    assert (done.returncode, done.stdout) == (0, f"fourfold {__version__}\n")


def test_progress_is_on_stderr_and_results_on_stdout(fourfold, config):
    """A pipe gets the table alone, one line a run."""
    config("template: tiny\nsweep: {grid: {scale: [1.0, 2.0]}}\n")
    done = fourfold("run")
    assert "2/2 ok a/scale=" in done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["run", "a/scale=1.0", "a/scale=2.0"]
    assert lines[3] == "2 runs, 0 failed"


def test_programs_read_json(fourfold, config, project):
    """Of the plan, with why each run is due, and of the check."""
    config("template: tiny\nsweep: {grid: {scale: [1.0, 2.0]}}\n")
    first, second = json.loads(fourfold("plan", "--json", "--why").stdout)
    assert (first["config"], first["run"], first["parameters"]["scale"]) == ("a", "scale=1.0", 1.0)
    assert second["execute_because"] == ["not run yet"]
    assert "execute_because" not in json.loads(fourfold("plan", "--json").stdout)[0]
    assert json.loads(fourfold("check", "--json", "templates/tiny.ipynb").stdout) == []
    done = fourfold("check", "--json", "templates/none.ipynb")
    assert (done.returncode, json.loads(done.stdout)[0]["line"]) == (1, 1)
    assert "1 template checked, no violation" in fourfold("check", "templates/tiny.ipynb").stdout


def test_mistakes_are_listed_and_nothing_starts(fourfold, config, project):
    """Exit code 2, each with its place, on standard error."""
    config("template: tiny\nparameters:\n  scal: 1\n  count: many\n")
    done = fourfold("run")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert lines[0].startswith("params/a.yaml:3:3 parameters.scal: ")
    assert "Did you mean 'scale'?" in lines[0]
    assert lines[1].startswith("params/a.yaml:4:3 parameters.count: ")
    assert lines[2] == "2 mistakes; no kernel was started"
    assert not (project / "outputs").exists()


def test_a_missing_path_is_told(fourfold, config):
    """With its name."""
    config("template: tiny\n")
    done = fourfold("plan", "params/b.yaml")
    assert done.returncode == 2
    assert "params/b.yaml" in done.stderr


def test_outside_of_a_project_it_says_what_it_looked_for(tmp_path):
    """No templates/ upwards: exit code 2 and the names of the folders."""
    command = [sys.executable, "-m", "fourfold", "plan"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "templates" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_run_gives_one_and_the_batch_goes_on(fourfold, config, project):
    """The good run is in the table beside the failed one."""
    config("template: tiny\nsweep: {zip: {fail: [true, false]}}\n")
    done = fourfold("run", "--workers", "2")
    assert done.returncode == 1
    assert "2 runs, 1 failed" in done.stdout
    assert "Modeling, cell 11 (modeling-mean): ValueError: asked to fail" in done.stdout
    table = (project / "outputs" / "results.csv").read_text()
    assert table.count("\n") == 3
    assert (project / "outputs" / "results.parquet").exists()


def test_check_mends_what_it_can(fourfold, project, notebook):
    """Exit code 1 with the violation; after --fix 0."""
    notebook["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    path = project / "templates" / "tiny.ipynb"
    path.write_text(json.dumps(notebook))
    found = fourfold("check")
    assert (found.returncode, "--fix" in found.stdout) == (1, True)
    assert fourfold("check", "--fix").returncode == 0
    assert fourfold("check", "templates/tiny.ipynb").returncode == 0


def test_schema_writes_one_for_each_template(fourfold, project):
    """And says so."""
    done = fourfold("schema")
    assert done.stdout.endswith("wrote .schema/starter.json\nwrote .schema/tiny.json\n")
    assert json.loads((project / ".schema" / "tiny.json").read_text())["properties"]


def test_reference_writes_executed_notebooks_without_noise(fourfold, config, project):
    """Outputs are there; times, machine and papermill's notes are not; again gives the same."""
    config("template: tiny\nsweep: {grid: {scale: [1.0, 2.0]}}\n")
    config("template: tiny\nrun: {reference: false}\n", "b.yaml")
    assert fourfold("reference").stdout.splitlines()[-1] == "wrote notebooks/a.ipynb"
    path = project / "notebooks" / "a.ipynb"
    first = path.read_text()
    notebook = json.loads(first)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info", "fourfold"}
    assert notebook["metadata"]["fourfold"]["parameters"]["scale"] == 1.0
    assert all(c["execution_count"] for c in notebook["cells"] if c["cell_type"] == "code")
    assert "papermill" not in json.dumps([c["metadata"] for c in notebook["cells"]])
    assert fourfold("reference").returncode == 0
    assert path.read_text() == first
    assert not (project / "notebooks" / "b.ipynb").exists()


def test_an_empty_folder_is_said_with_exit_code_two(fourfold, project):
    """By check and by regress, which have nothing to look at, and by plan."""
    (project / "templates" / "tiny.ipynb").unlink()
    done = fourfold("check")
    assert (done.returncode, done.stdout) == (2, "")
    assert "templates: expected templates (*.ipynb), got none" in done.stderr
    (project / "some").mkdir()
    for arguments in (["some"], ["some", "-v"]):
        done = fourfold("regress", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "some: expected notebooks (*.ipynb), got none" in done.stderr
    assert "expected a config" in fourfold("plan").stderr


def test_a_config_that_becomes_a_sweep_leaves_no_run_behind(fourfold, config, project):
    """Its old run is in no page and table; undone, it is there again without being executed."""
    config("template: tiny\n")
    assert fourfold("run").returncode == 0
    config("template: tiny\nsweep: {grid: {scale: [2, 3]}}\n")
    assert fourfold("run").returncode == 0
    runs = (project / "outputs" / "results.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in runs[1:]] == ["scale=2", "scale=3"]
    shown = json.loads(fourfold("compare", "--json").stdout)
    assert "default" not in json.dumps(shown)
    config("template: tiny\n")
    assert "nothing to do: 1 run unchanged" in fourfold("run").stdout
    runs = (project / "outputs" / "results.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in runs[1:]] == ["default"]
