"""The header: business, data, model and environment of a run, from what it found."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat import from_dict
from nbformat.warnings import MissingIDFieldWarning
from papermill.iorw import load_notebook_node

from fourfold.plan.plan import plan
from fourfold.plan.spec import RunSpec
from fourfold.records.evidence import Claim, Metric
from fourfold.run.prepare import HEADER, fill, header, loaded, with_room
from tiny_project import run_all

TEMPLATES = sorted((Path(__file__).parents[2] / "templates").glob("*.ipynb"))
PARAMETERS = {"question": "Is a|b < $5?", "decision": "Go\non", "seed": 7}
SPEC = RunSpec("a", "k=2", "params/a.yaml", "tiny", "templates/tiny.ipynb", PARAMETERS, ("k",))
TABLE = {"source": "wine", "sha256": "d82b138f1d0fcd9d", "rows": 1178, "columns": 14}
METRICS = {
    "rows": Metric(1178),
    "error": Metric(0.25, (0.2, 0.3), "kg"),
}
FOUND = {"data": [], "metrics": METRICS, "claims": []}


def claim(metric: str) -> Claim:
    return Claim(metric, "> 0", 0.25, (0.2, 0.3), "kg", "supported", "")


def row(name: str, told: str) -> str:
    return next(line for line in told.splitlines() if line.startswith(f"| {name} |"))


def test_the_question_is_shown_as_it_is():
    """No mark of it is read as Markdown or as a formula, and it stays in one line."""
    assert r"Is a\|b \< \$5? *Decision:* Go on. |" in row("Business", header(SPEC, FOUND))


def test_data_are_named_with_shape_contract_and_digest():
    """And a run that reads no table says so."""
    checked = {**TABLE, "contract": "contracts/wine.yaml", "rejected": 3}
    told = row("Data", header(SPEC, {**FOUND, "data": [checked, {**TABLE, "contract": None}]}))
    shape = "wine: 1,178 rows, 14 columns, "
    assert f"{shape}3 rejected by contracts/wine.yaml, sha256 d82b138f1d0f; " in told
    assert f"{shape}no contract, sha256 d82b138f1d0f |" in told
    assert "No table is read." in row("Data", header(SPEC, FOUND))


def test_the_model_is_shown_with_the_figures_that_are_judged():
    """All of these; where nothing is judged, the first that is recorded."""
    judged = {**FOUND, "claims": [claim("error"), claim("gone")]}
    told = row("Model", header(SPEC, judged, "Ridge regression"))
    assert told == "| Model | Ridge regression: error 0.250 kg (95 %: 0.200 to 0.300) |"
    assert row("Model", header(SPEC, FOUND)) == "| Model | rows 1,178 |"
    nothing = {**FOUND, "metrics": {}}
    assert row("Model", header(SPEC, nothing)) == "| Model | No figure is recorded. |"


def test_the_command_makes_this_run_and_no_other():
    """Of a sweep by its name; versions and seed beside it."""
    told = row("Environment", header(SPEC, FOUND))
    assert "`fourfold run params/a.yaml --only 'k=2'`, python 3." in told
    assert "seed 7" in told


@pytest.mark.parametrize("first", ["markdown", "code"])
def test_the_header_stands_below_the_title(first):
    """Or on top where there is no title; filling changes nothing else."""
    cell = {"cell_type": first, "id": "one", "metadata": {}, "source": "# One", "outputs": []}
    made = with_room({"cells": [cell], "metadata": {}})
    at = 1 if first == "markdown" else 0
    assert [c["id"] for c in made["cells"]].index(HEADER) == at
    fill(made, SPEC)
    assert made["cells"][at]["source"].startswith("**This run at a glance**")
    assert made["cells"][1 - at] == cell


def test_a_run_leaves_its_header(project, config):
    """From its own record, with the model step in the template's words; a failed run too."""
    path = project / "templates" / "tiny.ipynb"
    template = json.loads(path.read_text())
    template["metadata"]["fourfold"] = {"model": "the mean"}
    path.write_text(json.dumps(template))
    specs = plan([str(config("template: tiny\nsweep: {zip: {fail: [false, true]}}\n"))], project)
    records, _ = run_all(specs, project, project / "outputs")
    assert [r.status for r in records] == ["ok", "failed"]
    told = []
    for spec in specs:
        notebook = nbformat.read(project / "outputs" / spec.name / "notebook.ipynb", as_version=4)
        nbformat.validate(notebook)
        told.append(notebook.cells[1].source)
    assert "| Model | the mean: mean 2.00 kg (95 %: 1.00 to 3.00) |" in told[0]
    assert "| Model | the mean |" in told[1]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_loaded_as_papermill_loads_it(template):
    """Without being validated on the way, and without a change of what was read."""
    content = json.loads(template.read_text())
    for change in (
        {},
        {"metadata": {**content["metadata"], "papermill": {"a": 1}, "signature": "b"}},
    ):
        given = {**content, **change}
        before = json.dumps(given)
        assert loaded(given) == load_notebook_node(from_dict(json.loads(before)))
        assert json.dumps(given) == before
    assert loaded(template) == load_notebook_node(str(template))


def test_a_cell_without_an_id_gets_one():
    """As papermill's own reading gives it."""
    notebook = json.loads(TEMPLATES[0].read_text())
    del notebook["cells"][0]["id"]
    with pytest.warns(MissingIDFieldWarning):
        assert all(cell.id for cell in loaded(notebook).cells)
