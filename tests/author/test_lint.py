"""The template linter, rule by rule, on a good template broken in one way."""

from __future__ import annotations

import copy
import json

import pytest

from fourfold.author.lint import check_notebook, check_templates, fix_notebook


def cell(notebook, name):
    return next(cell for cell in notebook["cells"] if cell["id"] == name)


def rules(notebook):
    return [rule for _, rule, _ in check_notebook(notebook)]


def test_a_good_template_has_no_violation(notebook):
    """The tiny template of the tests keeps every rule."""
    assert check_notebook(notebook) == []


def break_title(notebook):
    cell(notebook, "title")["source"] = cell(notebook, "title")["source"].replace("# A", "A")


def break_sections(notebook):
    cell(notebook, "eda")["source"] = "## 2. Exploration"


def break_order(notebook):
    cell(notebook, "eda")["source"], cell(notebook, "ingest")["source"] = (
        "## 1. EDA",
        "## 2. Ingest",
    )


def break_outputs(notebook):
    cell(notebook, "eda-look")["execution_count"] = 3


def break_ids(notebook):
    cell(notebook, "eda-look")["id"] = "eda"


def break_length(notebook):
    cell(notebook, "eda-look")["source"] = "x = 1\n" * 16


def break_syntax(notebook):
    cell(notebook, "eda-look")["source"] = "x = ="


def break_path(notebook):
    cell(notebook, "eda-look")["source"] = "open('/home/me/data.csv')"


def break_windows_path(notebook):
    cell(notebook, "eda")["source"] = "## 2. EDA\n\nFrom C:\\Users\\me."


def break_prose(notebook):
    cell(notebook, "modeling")["source"] = (
        "## 3. Modeling\n\nThe silhouette is 0.47, which is fine."
    )


def break_percent(notebook):
    cell(notebook, "modeling")["source"] = "## 3. Modeling\n\nThe share was about 12 % of all."


def break_tag(notebook):
    cell(notebook, "parameters")["metadata"] = {}


def break_help(notebook):
    source = cell(notebook, "parameters")["source"]
    cell(notebook, "parameters")["source"] = source.replace("  # random seed, 0..", "")


def break_common(notebook):
    source = cell(notebook, "parameters")["source"]
    cell(notebook, "parameters")["source"] = source.replace("decision: str", "resolution: str")


def break_table(notebook):
    cell(notebook, "title")["source"] = cell(notebook, "title")["source"].replace(
        "`scale`", "scale"
    )


@pytest.mark.parametrize(
    ("breaking", "rule"),
    [
        (break_title, "title"), (break_sections, "sections"), (break_order, "sections"),
        (break_outputs, "outputs"), (break_ids, "id"), (break_length, "length"),
        (break_syntax, "syntax"), (break_path, "path"), (break_windows_path, "path"),
        (break_prose, "prose"), (break_percent, "prose"), (break_tag, "parameters"),
        (break_help, "parameters"), (break_table, "parameters"),
    ],
)  # fmt: skip
def test_each_rule_sees_its_violation(notebook, breaking, rule):
    """One break, one violation, of the rule that it breaks."""
    breaking(notebook)
    assert rules(notebook) == [rule]


def test_a_missing_common_parameter_is_told(notebook):
    """Every template has question, decision, success, data and seed."""
    break_common(notebook)
    assert any("'decision'" in message for _, _, message in check_notebook(notebook))


def test_numbers_that_are_no_results_are_allowed(notebook):
    """Thresholds in prose, and cells tagged as constant, are no results."""
    cell(notebook, "modeling")["source"] = "## 3. Modeling\n\nBelow 0.6 nothing can be trusted."
    assert rules(notebook) == []
    break_prose(notebook)
    cell(notebook, "modeling")["metadata"]["tags"] = ["constant"]
    assert rules(notebook) == []


def test_magics_are_no_syntax_errors(notebook):
    """Lines for IPython stand also inside blocks."""
    cell(notebook, "setup")["source"] = "if True:\n    %pip install x\n!ls"
    assert rules(notebook) == []


def test_fix_mends_what_needs_no_thought_and_nothing_else(project, notebook):
    """After --fix only the prose is left; a second --fix changes nothing."""
    for breaking in (break_tag, break_outputs, break_ids, break_prose):
        breaking(notebook)
    path = project / "templates" / "tiny.ipynb"
    path.write_text(json.dumps(notebook))
    found = check_templates([path], project, fix=True)
    assert [violation.key.split()[-1] for violation in found] == ["prose"]
    mended = json.loads(path.read_text())
    assert [c["source"] for c in mended["cells"]] == [c["source"] for c in notebook["cells"]]
    assert not fix_notebook(copy.deepcopy(mended))


def test_a_violation_points_at_the_line_of_its_cell(project, notebook):
    """So that an editor jumps there."""
    break_path(notebook)
    path = project / "templates" / "tiny.ipynb"
    path.write_text(json.dumps(notebook, indent=1))
    (found,) = check_templates([path], project)
    assert path.read_text().split("\n")[found.line - 1].strip() == '"id": "eda-look",'
    assert (found.file, "'/home/me" in found.message) == ("templates/tiny.ipynb", True)


def test_a_broken_file_is_a_violation_not_a_crash(project):
    """Other templates are still checked."""
    path = project / "templates" / "bad.ipynb"
    path.write_text("{")
    found = check_templates([path, project / "templates" / "tiny.ipynb"], project)
    assert [violation.file for violation in found] == ["templates/bad.ipynb"]
