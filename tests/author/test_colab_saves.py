"""What an editor leaves goes no further: into no template, no commit, no regression test."""

from __future__ import annotations

import json
import subprocess

import nbformat
import pytest

from colab_saves import WAYS, WHO, as_colab_saves
from fourfold.author.clean import cleaned, filter_stdin, install
from fourfold.author.lint import check_notebook, check_templates, fix_notebook
from fourfold.plan.setup import setup_cell
from fourfold.plan.template import library
from fourfold.records.editors import adopt, impersonal, reruns
from fourfold.records.ipynb import text, written
from fourfold.regress.case import read_case

pytestmark = pytest.mark.commands

PLANTED = (*WHO.values(), "executionInfo", "outputId", "cellView", "colab.research", "colab-df", "colaboratory")  # fmt: skip
REFERENCE = library().parent / "notebooks" / "clustering-penguins.ipynb"


def git(project, *words):
    options = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", *options, *words], cwd=project, capture_output=True, text=True, check=True)  # fmt: skip
    return done.stdout


def edited(notebook, name, old, new):
    cell = next(cell for cell in notebook["cells"] if cell["id"] == name)
    assert old in text(cell)
    cell["source"] = text(cell).replace(old, new).splitlines(keepends=True)
    return notebook


@pytest.fixture
def repository(project):
    """The tiny project with one of our templates and references in git, whose filter is set up."""
    (project / "notebooks").mkdir()
    for path in (library() / "clustering.ipynb", REFERENCE):
        (project / path.parent.name / path.name).write_bytes(path.read_bytes())
    git(project, "init", "-q")
    install(project)
    git(project, "add", ".")
    git(project, "commit", "-qm", "a")
    return project


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", ["templates/clustering.ipynb", "notebooks/clustering-penguins.ipynb"])  # fmt: skip
def test_git_sees_nothing_of_a_save_in_colab(repository, file, way):
    """A file that was opened, run and saved, twice, is the file that it was."""
    path = repository / file
    before = path.read_text(encoding="utf-8")
    for first in (1, 100):
        path.write_text(as_colab_saves(json.loads(before), way, first), encoding="utf-8")
        assert WHO["userId"] in path.read_text(encoding="utf-8")
        git(repository, "add", ".")
        assert git(repository, "show", f":{file}") == before


@pytest.mark.parametrize("way", WAYS)
def test_an_edit_is_a_diff_of_its_line(repository, way):
    """Of a template that was edited in Colab, git shows the line, and nothing of the person."""
    path = repository / "templates" / "clustering.ipynb"
    before = json.loads(path.read_text(encoding="utf-8"))
    saved = edited(json.loads(json.dumps(before)), "ingest-preview", "[:5, :8]", "[:7, :8]")
    path.write_text(as_colab_saves(saved, way), encoding="utf-8")
    git(repository, "add", ".")
    stat = git(repository, "diff", "--cached", "--numstat").split()
    assert stat == ["1", "1", "templates/clustering.ipynb"]
    after = json.loads(git(repository, "show", ":templates/clustering.ipynb"))
    assert after == saved
    git(repository, "commit", "-qm", "b")
    path.write_text(as_colab_saves(before, way), encoding="utf-8")  # and back again
    git(repository, "add", ".")
    assert git(repository, "diff", "--cached", "--numstat").split()[:2] == ["1", "1"]


@pytest.mark.parametrize("editor", ["Colab", "Jupyter"])
@pytest.mark.parametrize("name", ["modeling-choose", "title", "parameters", "imports", "conclusions"])  # fmt: skip
def test_each_line_stands_by_itself(repository, name, editor):
    """A line that is added to any cell, in whatever editor, is one line of a diff."""
    path = repository / "templates" / "clustering.ipynb"
    saved = json.loads(path.read_text(encoding="utf-8"))
    cell = next(cell for cell in saved["cells"] if cell["id"] == name)
    lines = text(cell).splitlines(keepends=True)
    cell["source"] = [lines[0], "# more\n", *lines[1:]]
    new = as_colab_saves(saved) if editor == "Colab" else nbformat.writes(nbformat.from_dict(saved))
    path.write_text(new, encoding="utf-8")
    git(repository, "add", ".")
    assert git(repository, "diff", "--cached", "--numstat").split()[:2] == ["1", "0"]


def test_a_person_is_nowhere_in_what_is_added(repository):
    """Also in a new template, a new reference, a notebook in another folder."""
    notebook = json.loads(REFERENCE.read_text(encoding="utf-8"))
    for file in ("templates/new.ipynb", "notebooks/new.ipynb", "looked.ipynb", "a/b/c.ipynb", "templates/old/a.ipynb"):  # fmt: skip
        (repository / file).parent.mkdir(parents=True, exist_ok=True)
        (repository / file).write_text(as_colab_saves(notebook), encoding="utf-8")
    git(repository, "add", ".")
    for planted in PLANTED:
        done = subprocess.run(["git", "grep", "--cached", "-lF", planted, "--", "*.ipynb"], cwd=repository, capture_output=True, text=True)  # fmt: skip
        assert done.stdout == "", planted
    looked = json.loads(git(repository, "show", ":looked.ipynb"))
    assert any(cell.get("outputs") for cell in looked["cells"])
    assert [cell["id"] for cell in looked["cells"]] == [cell["id"] for cell in notebook["cells"]]


def test_other_notebooks_stay_byte_for_byte(repository, monkeypatch, capfdbinary):
    """What is nobody's template is not written anew, however it is written."""
    for content in (json.dumps({"cells": [], "metadata": {"a": 1}, "nbformat": 4, "nbformat_minor": 2}, indent=3), "no notebook"):  # fmt: skip
        (repository / "a.ipynb").write_text(content)
        git(repository, "add", ".")
        assert git(repository, "show", ":a.ipynb") == content
    assert callable(filter_stdin)


def test_metadata_of_a_reference_may_change(repository):
    """A reference that was accepted anew has another key, which must reach git."""
    path = repository / "notebooks" / REFERENCE.name
    new = json.loads(path.read_text(encoding="utf-8"))
    new["metadata"]["fourfold"]["versions"]["python"] = "3.99"
    for content in (written(new), as_colab_saves(new)):
        path.write_text(content, encoding="utf-8")
        git(repository, "add", ".")
        assert json.loads(git(repository, "show", f":notebooks/{path.name}")) == new


@pytest.mark.parametrize("way", WAYS)
def test_a_reference_that_colab_saved_is_the_reference(way):
    """Its cells are paired with those of the template, with the outputs that they had."""
    path = REFERENCE.with_name(f".{way.replace(' ', '-')}.ipynb")
    before = json.loads(REFERENCE.read_text(encoding="utf-8"))
    saved = json.loads(as_colab_saves(before, way))
    look = {"cell_type": "code", "metadata": {"id": "x1"}, "source": ["ff.rerun(k=4)"], "outputs": [], "execution_count": 9}  # fmt: skip
    saved["cells"].append(look)
    try:
        path.write_text(json.dumps(saved), encoding="utf-8")
        pairs, expected = read_case(path).pairs(), read_case(REFERENCE).pairs()
    finally:
        path.unlink()
    assert [pair.key for pair in pairs] == [pair.key for pair in expected]
    for pair, other in zip(pairs, expected, strict=True):
        shown = [written(o) for o in pair.stored["outputs"]]
        assert shown == [written(o) for o in other.stored["outputs"]], pair.key


@pytest.mark.parametrize(
    ("left", "where"),
    [
        ({"executionInfo": {"user": WHO}}, "cell"), ({"colab": {"height": 35}}, "cell"),
        ({"new_thing": {"by": [{"displayName": "A"}]}}, "cell"), ({"outputId": "1"}, "cell"),
        ({"colab": {"provenance": []}}, "notebook"), ({"deepnote_app": {}}, "notebook"),
    ],
)  # fmt: skip
def test_check_names_what_an_editor_left(notebook, left, where):
    """And --fix removes it; what is the project's own stays, whatever it says."""
    place = notebook["cells"][4] if where == "cell" else notebook
    place["metadata"] |= left
    notebook["metadata"]["fourfold"] = {"model": "m", "parameters": {"user": "id", "email": "x"}}
    ((_, rule, message),) = check_notebook(notebook)
    assert rule == "editor"
    assert next(iter(left)) in message
    assert fix_notebook(notebook)
    assert check_notebook(notebook) == []
    assert notebook["metadata"]["fourfold"]["parameters"]["user"] == "id"


@pytest.mark.parametrize(
    ("source", "alone"),
    [
        ("ff.rerun(k=4)", True), ("import fourfold\nfourfold.rerun('tiny', k=4)", True),
        ("for k in (2, 3):\n    display(ff.rerun(k=k))", True), ("%time ff.rerun(k=4)", True),
        ("print(ff.rerun(k=4).record.status)", True), ("_ = ff.rerun(k=4);", True),
        ("again = ff.rerun(k=4)\nagain", False), ("x = 1\nff.rerun(k=x)", False),
        ("# ff.rerun(k=4)", None), ("print('ff.rerun(k=4)')", None), ("other.rerun(k=4)", None),
        ("def rerun(): ...\nrerun()", None), ("rerun(", None),
    ],
)  # fmt: skip
def test_a_rerun_is_not_saved(notebook, source, alone):
    """A cell that does nothing else goes; any other is named, since a template must not rerun."""
    before = len(notebook["cells"])
    notebook["cells"].append({"cell_type": "code", "id": "again", "metadata": {}, "source": source, "outputs": [], "execution_count": None})  # fmt: skip
    assert [found for _, found in reruns(notebook)] == [] if alone is None else [alone]
    broken = [message for _, rule, message in check_notebook(notebook) if rule == "rerun"]
    assert len(broken) == (alone is not None)
    saved = json.loads(cleaned(json.dumps(notebook)))
    assert len(saved["cells"]) == before + (alone is not True)
    assert [rule for _, rule, _ in check_notebook(saved)].count("rerun") == (alone is False)


def test_a_copied_template_is_told_its_name(project, notebook):
    """In Colab nothing else says which template ff.rerun should run; --fix writes the name."""
    path = project / "templates" / "mine.ipynb"
    notebook["cells"][2]["source"] = setup_cell("tiny", project)
    path.write_text(json.dumps(notebook))
    (violation,) = check_templates([path], project)
    assert violation.message == "expected begin('mine'), got begin('tiny') (--fix changes it)"
    assert check_templates([path], project, fix=True) == []
    assert text(json.loads(path.read_text())["cells"][2]) == setup_cell("mine", project)
    written_once = path.read_bytes()
    assert check_templates([path], project, fix=True) == []
    assert path.read_bytes() == written_once
    (project / "pyproject.toml").write_text('[tool.fourfold]\nrepository = "me/mine"\n')
    assert check_templates([path], project, fix=True) == []
    assert "github/me/mine/blob/HEAD/templates/mine.ipynb" in path.read_text()


def test_ids_come_from_the_cells_that_are_the_same():
    """A cell that is new between them keeps its own; one that was moved keeps that of its text."""
    known = {"cells": [{"cell_type": "code", "id": name, "source": name * 3} for name in "abcde"]}
    new = [{"cell_type": "code", "id": f"r{i}", "source": source} for i, source in enumerate(["aaa", "bbb!", "ccc", "new", "ddd", "eee"])]  # fmt: skip
    adopt({"cells": new}, known)
    assert [cell["id"] for cell in new] == ["a", "b", "c", "r3", "d", "e"]


def test_impersonal_twice_is_once():
    """And says whether it did anything."""
    saved = json.loads(as_colab_saves(json.loads(REFERENCE.read_text(encoding="utf-8"))))
    assert impersonal(saved)
    assert not impersonal(saved)
    alone = {"output_type": "display_data", "data": {"application/vnd.google.colaboratory.intrinsic+json": {}}, "metadata": {}}  # fmt: skip
    empty = {"output_type": "display_data", "data": {}, "metadata": {}}
    looked = {"cells": [{"cell_type": "code", "source": "", "metadata": {}, "outputs": [alone, empty]}], "metadata": {}}  # fmt: skip
    assert impersonal(looked)
    assert looked["cells"][0]["outputs"] == [empty]
    assert not any(planted in json.dumps(saved) for planted in PLANTED)
