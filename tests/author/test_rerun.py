"""The notebook that is open, run again: in a real kernel, with the runs in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess

import nbformat
import pytest
from nbclient import NotebookClient

from fourfold.author import rerun
from fourfold.errors import FourfoldError
from fourfold.project import hold_outputs
from served import COMMAND

pytestmark = pytest.mark.commands

HERE = (
    "import fourfold as ff\nscale, count = 2.0, 3\nff.record('mean', 2.0, ci=(1.0, 3.0), unit='kg')"
)


@pytest.fixture
def cells(project):
    """Execute lines in a notebook of the project, and return what each shows or raises."""

    def run(*sources, **environment):
        made = [nbformat.v4.new_code_cell(source) for source in (HERE, *sources)]
        client = NotebookClient(
            nbformat.v4.new_notebook(cells=made), allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(project)}}
        )  # fmt: skip
        told = client.execute(env={**os.environ, **environment}).cells[1:]
        return [
            "".join(o.get("evalue") or o["data"]["text/plain"] for o in cell.outputs)
            for cell in told
        ]

    return run


def test_both_results_side_by_side(cells, project):
    """What is not named keeps its value; what was recorded here stands beside what came of it."""
    with hold_outputs(project / "outputs"):  # a batch that runs is in nobody's way
        first, again, wrong = cells("ff.rerun('tiny', scale=4)", "ff.rerun('tiny', scale=4).record.status", "ff.rerun('tiny', scal=4)")  # fmt: skip
    lines = [line.split("  ") for line in first.splitlines()]
    told = {line[0]: [part.strip() for part in line[1:] if part.strip()] for line in lines}
    assert told["scale"] == ["2.0", "4"]
    assert told["verdict"] == ["–", "not judged"]
    assert told["mean"] == ["2.00 kg (95 % interval 1.00 to 3.00)", "4.00 kg (95 % interval 3.00 to 5.00)"]  # fmt: skip
    assert told["count"] == ["–", "3"]
    (record,) = (project / "outputs" / "rerun" / "tiny").glob("scale=4-*/record.json")
    assert (project / "outputs" / "rerun" / "index.html").is_file()
    assert json.loads(record.read_text())["parameters"]["count"] == 3
    assert again == "'ok'"
    assert wrong == "ff.rerun:1:1 parameters.scal: unknown parameter of template 'tiny'. Did you mean 'scale'?"  # fmt: skip


def test_a_failure_is_told_in_the_table(cells):
    """With section, cell and error."""
    (told,) = cells("ff.rerun('tiny', fail=True)")
    assert "failed: Modeling, cell " in told
    assert "(modeling-mean): ValueError: asked to fail" in told


def test_the_template_is_known_where_the_editor_tells_the_path(cells, project):
    """Of a run by its record, of a reference by its metadata, of a template by its folder."""
    run, reference = project / "outputs" / "a" / "default", project / "notebooks"
    (project / "params" / "a.yaml").write_text("template: tiny\n")
    call = COMMAND
    subprocess.run([*call, "run"], cwd=project, check=True, capture_output=True)
    subprocess.run([*call, "reference"], cwd=project, check=True, capture_output=True)
    for path in (run / "notebook.ipynb", reference / "a.ipynb", project / "templates/tiny.ipynb"):
        names = {"__vsc_ipynb_file__": str(path)}
        assert "tiny" in rerun._template_of(names, project)
    (told,) = cells("ff.rerun(scale=5)", JPY_SESSION_NAME=str(run / "notebook.ipynb"))
    assert "5.00 kg" in told
    with pytest.raises(FourfoldError, match=r"name it, as in ff.rerun\('clustering', k=4\)"):
        rerun._template_of({}, project)


def test_the_setup_cell_tells_the_template(cells):
    """Where the editor tells no path, as in Colab; also once more, and with a name all the same."""
    shown = cells("from fourfold import begin; begin('tiny')", "ff.rerun(scale=5)", "begin('none'); begin('tiny')", "ff.rerun(scale=5)", "ff.rerun('tiny', scale=6)")  # fmt: skip
    assert ["5.00 kg" in each for each in shown] == [False, True, False, True, False]
    assert "6.00 kg" in shown[-1]


@pytest.mark.parametrize("more", ["", "again = ff.rerun('tiny', scale=4)\n"])
def test_a_rerun_in_a_run_does_nothing_and_says_so(project, notebook, more):
    """A cell that was saved with its template neither fails its runs nor runs in each of them."""
    cell = {"cell_type": "code", "id": "again", "metadata": {}, "outputs": [], "execution_count": None}  # fmt: skip
    notebook["cells"].append({**cell, "source": f"{more}ff.rerun(scale=4)"})
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))
    (project / "params" / "a.yaml").write_text("template: tiny\n")
    call = COMMAND
    for words in (["run"], ["run", "--force"], ["reference"], ["regress"]):
        done = subprocess.run([*call, *words], cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    executed = json.loads((project / "outputs/a/default/notebook.ipynb").read_text())
    (output,) = executed["cells"][-1]["outputs"]
    said = "ff.rerun: this notebook is being run by Fourfold, so nothing is run again\n"
    assert "".join(output["text"]) == said * (2 if more else 1)
    assert not (project / "outputs" / "rerun").exists()


def test_outside_of_a_notebook():
    """There is nothing to run again."""
    with pytest.raises(FourfoldError, match="expected to be called in a notebook"):
        rerun.rerun(k=1)
