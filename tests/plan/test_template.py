"""Reading a template as text."""

from __future__ import annotations

import json

import pytest

from fourfold.errors import TemplateError
from fourfold.plan.schema import config_kind
from fourfold.plan.template import (
    find_template,
    library,
    read_template,
    template_file,
    template_path,
    templates,
)
from fourfold.records.ipynb import parameters_index, sections


def test_a_template_gives_parameters_sections_and_metrics(project):
    """Without executing or importing anything."""
    found = read_template(project / "templates" / "tiny.ipynb")
    assert list(found.parameters)[:3] == ["question", "decision", "success"]
    assert found.metrics == ("mean", "count")
    assert set(sections(found.notebook)) == {"Setup", "Ingest", "EDA", "Modeling", "Conclusions"}


def test_metrics_computed_at_run_time_are_patterns(project, notebook):
    """An f-string matches any name of its form."""
    notebook["cells"][4]["source"] = "%matplotlib inline\nff.record(f'score_{name}', 1)"
    path = project / "templates" / "b.ipynb"
    path.write_text(json.dumps(notebook))
    found = read_template(path)
    assert found.metrics[0] == "score_*"
    tolerances = config_kind(found).keys["regress"]
    assert not tolerances.problems({"metrics": {"score_auc": 0.1}})
    assert tolerances.problems({"metrics": {"auc": 0.1}})


def test_a_first_line_counts_where_there_are_no_tags(notebook):
    """Colab keeps no cell tags."""
    notebook["cells"][1]["metadata"] = {}
    assert parameters_index(notebook) == 1
    notebook["cells"][1]["source"] = "x: int = 1"
    assert parameters_index(notebook) is None


@pytest.mark.parametrize("content", ["", "not json", "[]", '{"nbformat": 3}'])
def test_a_file_that_is_no_notebook_is_told(tmp_path, content):
    """The message names the file."""
    path = tmp_path / "a.ipynb"
    path.write_text(content)
    with pytest.raises(TemplateError, match=r"a\.ipynb"):
        read_template(path)


def test_an_unknown_template_names_the_nearest(project):
    """A typo is told with what there is."""
    with pytest.raises(TemplateError, match="Did you mean 'tiny'"):
        find_template("tinny", project / "templates")


def test_a_projects_own_templates_stand_beside_those_of_fourfold(project):
    """One of its own takes the place of ours with the same name; records name both kinds."""
    folder = project / "templates"
    ours = find_template("starter", folder)
    assert ours == library() / "starter.ipynb"
    assert template_file(ours, project) == "fourfold:starter.ipynb"
    assert template_path("fourfold:starter.ipynb", project) == ours
    own = folder / "starter.ipynb"
    own.write_text(ours.read_text(encoding="utf-8"), encoding="utf-8")
    assert find_template("starter", folder) == templates(folder)["starter"] == own
    assert template_file(own, project) == "templates/starter.ipynb"
    assert template_path("templates/starter.ipynb", project) == own
    assert "tiny" in templates(folder)
