"""A reference against what is executed: cells matched, what changed since."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fourfold.errors import TemplateError
from fourfold.records.evidence import MIME
from fourfold.regress.case import Case, read_case
from fourfold.regress.references import accepted, same_content, shown_difference
from fourfold.run.fingerprint import Fingerprint
from tiny_project import make_notebook

CODE = [
    ("markdown", "m", "## 1. Ingest"),
    ("code", "load-data", "a = 1"),
    ("markdown", "n", "## 2. EDA"),
    ("code", "3f2a9c01", "a"),
    ("code", "look", "a + 1"),
]

KEY = Fingerprint("t", {}, "l")


def case_of(stored, current) -> Case:
    return Case(Path("a.ipynb"), Path(), make_notebook(stored), make_notebook(current))


def test_cells_are_matched_by_id():
    """Section and name of each; one gone stands where it stood, a new one has no reference."""
    new = [*CODE[:3], CODE[4], ("code", "new-cell", "b")]
    pairs = case_of(CODE, new).pairs()
    assert [(p.title, p.stored is None, p.current is None) for p in pairs] == [
        ("Ingest: load-data", False, False),
        ("EDA: cell 4", False, True),
        ("EDA: look", False, False),
        ("EDA: new-cell", True, False),
    ]


def test_cells_without_ids_are_matched_by_number():
    """Old notebooks have no ids."""
    old = make_notebook(CODE)
    for cell in old["cells"]:
        del cell["id"]
    pairs = Case(Path("a.ipynb"), Path(), old, old).pairs()
    assert [p.title for p in pairs] == ["Ingest: cell 2", "EDA: cell 4", "EDA: cell 5"]
    assert all(p.stored is p.current for p in pairs)


def test_what_is_no_notebook(tmp_path):
    """An error that names the file and what was expected."""
    path = tmp_path / "a.ipynb"
    path.write_text("{}")
    with pytest.raises(TemplateError, match=r"a\.ipynb: expected a notebook of format 4"):
        read_case(path)


def test_a_template_that_is_gone(tmp_path):
    """The case says so, with the nearest name, and is no reason to stop."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "tinny.ipynb").write_text(json.dumps(make_notebook(CODE)))
    (tmp_path / "notebooks").mkdir()
    notebook = make_notebook(CODE)
    notebook["metadata"]["fourfold"] = {"template": "tiny", "parameters": {}}
    (tmp_path / "notebooks" / "a.ipynb").write_text(json.dumps(notebook))
    case = read_case(tmp_path / "notebooks" / "a.ipynb")
    assert "unknown template 'tiny'" in case.problem
    assert "Did you mean 'tinny'?" in case.problem
    assert case.reasons(case.fingerprint(), {"inputs": {}}) == [case.problem]


def test_rules_of_a_notebook_that_no_template_made(tmp_path):
    """They stand in its metadata; a mistake there is the case's problem."""
    notebook = make_notebook(CODE)
    path = tmp_path / "a.ipynb"
    notebook["metadata"]["fourfold"] = {"regress": {"rtol": 0.5}}
    path.write_text(json.dumps(notebook))
    assert read_case(path).rules.tolerance.rtol == 0.5
    notebook["metadata"]["fourfold"] = {"regress": {"rtoll": 0.5}}
    path.write_text(json.dumps(notebook))
    problem = read_case(path).problem
    assert problem.startswith("metadata.fourfold.regress ('rtoll',): unknown key")
    assert "Did you mean 'rtol'?" in problem


def test_files_and_modules_that_code_names(tmp_path):
    """Of anyone's notebook: the data that its code names and the modules beside it count."""
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "mine.py").write_text("x = 1\n")
    cells = [("code", "load", "import mine\nopen('data.csv')\nopen('elsewhere.csv')")]
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(make_notebook(cells)))
    case = read_case(path)
    before = case.fingerprint()
    assert set(before.inputs) == {"data.csv", "mine.py"}
    assert case.reasons(case.fingerprint(), before.to_json()) == []
    (tmp_path / "mine.py").write_text("x = 2\n")
    assert case.reasons(case.fingerprint(), before.to_json()) == ["code mine.py changed"]
    assert case.reasons(case.fingerprint(), None) == ["not tested yet"]


def test_what_is_accepted():
    """Other outputs where they differ, all else as it was."""
    stored = make_notebook(CODE)
    executed = make_notebook(CODE)
    for cell in executed["cells"]:
        if cell["cell_type"] == "code":
            text = {"output_type": "stream", "name": "stdout", "text": "new"}
            cell |= {"outputs": [text], "execution_count": 1}
    case = Case(Path("a.ipynb"), Path(), stored, stored)
    fresh = accepted(case, executed, {"look"}, {}, KEY)
    changed = [c["id"] for c, o in zip(fresh["cells"], stored["cells"], strict=True) if c != o]
    assert changed == ["look"]
    assert not same_content(fresh, stored)
    assert same_content(accepted(case, executed, set(), {}, KEY), stored)


def test_the_difference_that_is_shown():
    """nbdime's, without the data behind figures."""
    before, after = make_notebook(CODE), make_notebook(CODE)
    facts = {MIME: {"kind": "figure", "axes": [{"title": "hidden"}]}, "text/plain": "<Figure>"}
    after["cells"][-1]["source"] = "a + 2"
    after["cells"][-1]["outputs"] = [{"output_type": "display_data", "data": facts, "metadata": {}}]
    told = shown_difference(before, after, "a.ipynb")
    assert "a + 2" in told
    assert "<Figure>" in told
    assert "hidden" not in told
