"""Copies of templates: which saves reach the template, and what becomes of those that do not."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from fourfold.author import edit
from fourfold.author.copies import follow, hold
from fourfold.errors import FourfoldError, UnpublishedError
from fourfold.records.ipynb import text


class Desk:
    """A project with one open copy, and what somebody does with it."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.template = project / "templates" / "tiny.ipynb"
        self.copy = self.open({"scale": 2.0})

    def open(self, parameters=None) -> Path:
        return edit.working_copy(
            self.template, parameters, self.project / "outputs", "params/a.yaml"
        )

    def save(self, source=None, path=None, cell="ingest-values", change=None, **how) -> list[str]:
        """Save as JupyterLab does, with one cell typed anew."""
        path = path or self.copy
        notebook = nbformat.read(path if path.exists() else self.copy, 4)
        for each in notebook.cells:
            if each.id == cell and source is not None:
                each.source = source
        if change:
            change(notebook)
        is_new = not path.exists()
        nbformat.write(notebook, path)
        return edit.publish(path, **{"is_new": is_new, **how})

    def cell(self, name="ingest-values") -> str:
        cells = json.loads(self.template.read_text())["cells"]
        return text(next(cell for cell in cells if cell["id"] == name))

    def elsewhere(self, source, cell="eda-look") -> None:
        """Somebody else writes the template."""
        notebook = json.loads(self.template.read_text())
        for each in notebook["cells"]:
            if each["id"] == cell:
                each["source"] = source
        self.template.write_text(json.dumps(notebook))


@pytest.fixture
def desk(project):
    return Desk(project)


def test_each_save_reaches_the_template(desk):
    """Again and again, and from a session that began later."""
    before = desk.template.read_bytes()
    assert desk.save() == []
    assert desk.template.read_bytes() == before
    for source in ("values = [1]", "values = [2]", "values = [1]"):
        desk.save(source)
        assert desk.cell() == source
    desk.open()
    desk.save("values = [3]")
    assert desk.cell() == "values = [3]"
    assert "fourfold" not in json.loads(desk.template.read_text())["metadata"]


def test_a_renamed_copy_is_still_the_copy(desk):
    """Wherever it went, twice, and back."""
    for number, place in enumerate(
        ["outputs/edit/x.ipynb", "mine.ipynb", "outputs/edit/tiny.ipynb"]
    ):
        new = desk.project / place
        desk.copy = Path(shutil.move(desk.copy, new))
        desk.save(f"values = [{number}]")
        assert desk.cell() == f"values = [{number}]"


def test_save_as_goes_on_with_the_new_file(desk):
    """Saves of the old one are refused with a word: it may be behind."""
    new = desk.copy.with_name("second.ipynb")
    desk.save("values = [1]", new)
    assert desk.cell() == "values = [1]"
    with pytest.raises(UnpublishedError, match=r"takes its edits from second.ipynb alone"):
        desk.save("values = [2]")
    assert desk.cell() == "values = [1]"
    new.unlink()
    desk.save("values = [3]")
    assert desk.cell() == "values = [3]"


def test_a_duplicate_is_no_second_way_in(desk):
    """A file that was copied, and changed days later, would take back what came between."""
    twin = Path(shutil.copy(desk.copy, desk.copy.with_name("tiny-Copy1.ipynb")))
    desk.save("values = [1]")
    with pytest.raises(
        UnpublishedError, match=r"tiny-Copy1.ipynb was saved, templates/tiny.ipynb was not"
    ):
        desk.save("values = [2]", twin)
    assert desk.cell() == "values = [1]"


def test_a_copy_whose_session_is_forgotten_writes_nothing(desk):
    """Nor does a notebook from elsewhere that claims to be a copy."""
    shutil.rmtree(desk.copy.parent / ".copies")
    with pytest.raises(UnpublishedError, match="no longer knows"):
        desk.save("values = [1]")
    with pytest.raises(UnpublishedError, match="no longer knows"):
        desk.save(change=lambda n: n.metadata.fourfold.update(edit="0123456789ab"))
    assert desk.save(change=lambda n: n.metadata.fourfold.update(edit="../../x")) == []
    assert desk.cell() != "values = [1]"


def test_a_project_that_is_copied_edits_its_own_template(desk, tmp_path_factory):
    """And one that is moved goes on."""
    other = tmp_path_factory.mktemp("other") / "project"
    shutil.copytree(desk.project, other)
    before = desk.template.read_bytes()
    desk.save("values = [1]", other / "outputs" / "edit" / "tiny.ipynb")
    assert desk.template.read_bytes() == before
    assert "values = [1]" in (other / "templates" / "tiny.ipynb").read_text()


@pytest.mark.parametrize(
    "typed", ["values = [", "def f(:", "if True:", "x = 'a", "for", "x = (1,\ny ="]
)
def test_half_typed_code_stays_in_the_copy(desk, typed):
    """The template keeps its last version that parses, and takes the next one."""
    desk.save("values = [1]")
    for _ in range(2):
        with pytest.raises(
            UnpublishedError, match=r"keeps its last version that parses: cell 5, line \d"
        ):
            desk.save(typed)
        assert desk.cell() == "values = [1]"
    assert typed in text(nbformat.read(desk.copy, 4).cells[5])
    desk.save("values = [2]")
    assert desk.cell() == "values = [2]"


@pytest.mark.parametrize(
    "typed", ["%%bash\nfor", "!ls (", "x = !ls", "len?", "await f()", "%time x = 1", "x = %sql 1"]
)
def test_what_ipython_reads_is_not_half_typed(desk, typed):
    """Magics, shells, help and await."""
    desk.save(typed)
    assert desk.cell() == typed


def test_a_cell_that_never_parsed_holds_nothing_up(desk):
    """An edit of another cell reaches the template; a template in another language is not parsed."""
    desk.elsewhere("broken (")
    desk.open()
    desk.save("values = [1]")
    assert desk.cell() == "values = [1]"
    notebook = json.loads(desk.template.read_text())
    notebook["metadata"] |= {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}, "language_info": {"name": "R"}}  # fmt: skip
    desk.template.write_text(json.dumps(notebook))
    desk.open()
    desk.save("x <- (1)")
    assert desk.cell() == "x <- (1)"


def test_a_conflict_loses_neither_version(desk):
    """Nothing is written until one is chosen; the other one is kept, and the session goes on."""
    desk.save("values = [1]")
    desk.elsewhere("theirs = 1")
    for _ in range(2):
        with pytest.raises(
            UnpublishedError, match=r"has changed on disk.*nbdiff-web templates/tiny"
        ) as error:
            desk.save("values = [2]")
        assert error.value.conflict
        assert (desk.cell(), desk.cell("eda-look")) == ("values = [1]", "theirs = 1")
    kept = edit.settle(desk.copy, mine=True)
    assert (desk.cell(), "theirs = 1" in desk.cell("eda-look")) == ("values = [2]", False)
    assert "theirs = 1" in kept.read_text()
    desk.save("values = [3]")
    desk.elsewhere("theirs = 2")
    with pytest.raises(UnpublishedError):
        desk.save("values = [4]")
    kept = edit.settle(desk.copy, mine=False)
    assert "values = [4]" in kept.read_text()
    assert desk.save() == []
    assert (desk.cell(), desk.cell("eda-look")) == ("values = [3]", "theirs = 2")
    assert "scale = 2.0" in desk.copy.read_text()
    desk.save("values = [5]")
    assert (desk.cell(), desk.cell("eda-look")) == ("values = [5]", "theirs = 2")


def test_the_same_edit_elsewhere_is_no_conflict(desk):
    """Nor is another way to write the file, nor a save that changes nothing."""
    desk.elsewhere("values = [1]", "ingest-values")
    assert desk.save("values = [1]") == []
    desk.template.write_text(json.dumps(json.loads(desk.template.read_text()), indent=4))
    desk.save("values = [2]")
    assert desk.cell() == "values = [2]"


@pytest.mark.parametrize("content", [None, "<<<<<<< HEAD\n", "{}", ""])
def test_a_template_that_cannot_be_read_is_a_conflict(desk, content):
    """Deleted, or full of git's marks: the copy has the work, and can become the template."""
    if content is None:
        desk.template.unlink()
    else:
        desk.template.write_text(content)
    with pytest.raises(
        UnpublishedError, match=r"cannot be read any more, and was not written"
    ) as error:
        desk.save("values = [1]")
    assert error.value.conflict
    with pytest.raises(FourfoldError):
        edit.settle(desk.copy, mine=False)
    kept = edit.settle(desk.copy, mine=True)
    assert (kept and kept.read_text()) == content
    assert desk.cell() == "values = [1]"
    desk.save("values = [2]")
    assert desk.cell() == "values = [2]"


def test_a_template_that_is_renamed_in_the_editor_is_followed(desk):
    """Also by the folder above it; a rename elsewhere is told."""
    new = desk.template.with_name("big.ipynb")
    desk.template.rename(new)
    follow(desk.template, new)
    desk.template = new
    desk.save("values = [1]")
    assert desk.cell() == "values = [1]"


def test_a_template_without_ids_changes_in_its_cell_only(project):
    """Formats before 4.5 have none; an editor makes random ones up."""
    template = project / "templates" / "tiny.ipynb"
    notebook = json.loads(template.read_text())
    for cell in notebook["cells"]:
        del cell["id"]
    notebook["nbformat_minor"] = 2
    template.write_text(json.dumps(notebook))
    desk = Desk(project)
    assert desk.save() == []
    assert json.loads(template.read_text()) == notebook
    desk.save("values = [1]", cell="ingest-5")
    sources = [text(cell) for cell in json.loads(template.read_text())["cells"]]
    assert sources == [
        "values = [1]" if i == 4 else text(c) for i, c in enumerate(notebook["cells"])
    ]
    again = template.read_bytes()
    assert desk.save() == []
    assert template.read_bytes() == again


def test_edits_beside_the_code_count(desk):
    """Tags, attachments, order, new and deleted cells, metadata of the notebook."""

    def change(notebook):
        notebook.metadata["fourfold"]["model"] = "a mean"
        notebook.metadata["authors"] = [{"name": "we"}]
        notebook.cells[0].metadata["tags"] = ["constant"]
        del notebook.cells[6]
        notebook.cells.append(nbformat.v4.new_code_cell("new = 1", id="new"))
        notebook.cells.insert(1, nbformat.v4.new_raw_cell("raw", id="raw"))

    for _ in range(2):
        desk.save(change=change if "new = 1" not in desk.copy.read_text() else None)
        notebook = json.loads(desk.template.read_text())
        assert notebook["metadata"]["fourfold"] == {"model": "a mean"}
        assert notebook["metadata"]["authors"] == [{"name": "we"}]
        assert notebook["cells"][0]["metadata"] == {"tags": ["constant"]}
        ids = [cell["id"] for cell in notebook["cells"]]
        assert (ids[1], ids[-1], "eda" in ids) == ("raw", "new", False)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("# Parameters\nscale = 7.0\n", "scale = 7.0"),
        ("# Parameters\nscale = 2.0\nprint(1)\n", r"print\(1\)"),
        ("", "lines are gone"),
    ],
)
def test_an_edit_of_the_injected_cell_is_told_to_be_lost(desk, typed, told):
    """It belongs to the config; what else was edited is saved."""

    def change(notebook):
        cell = next(each for each in notebook.cells if each.id == "injected-parameters")
        cell.source = (
            cell.source.replace("scale = 2.0\n", "scale = 7.0\n") if "7" in typed else typed
        )

    (remark,) = desk.save("values = [1]", change=change)
    assert re.search(told, remark), remark
    assert "write it in params/a.yaml" in remark
    assert desk.cell() == "values = [1]"
    assert "7.0" not in desk.template.read_text()


def test_mistakes_are_told_after_each_save(desk):
    """As `fourfold check` says them, until they are gone."""
    long = "\n".join(f"x{i} = {i}" for i in range(16))
    for _ in range(2):
        assert desk.save(long) == ["cell 5 (ingest-values) length: expected at most 15 lines of code, got 16"]  # fmt: skip
    assert desk.cell() == long
    assert desk.save("values = [1]") == []


def test_a_template_saved_directly_is_clean(desk):
    """Byte for byte as before where nothing was edited; with a copy's key it is a template too."""
    before = desk.template.read_text()
    notebook = nbformat.read(desk.template, 4)
    notebook.cells[4].outputs = [nbformat.v4.new_output("stream", text="x")]
    nbformat.write(notebook, desk.template)
    assert edit.clean_file(desk.template, before) == []
    assert desk.template.read_text() == before
    notebook.cells[4].source = "x = ("
    nbformat.write(notebook, desk.template)
    (remark,) = edit.clean_file(desk.template, before)
    assert "tiny.ipynb does not run like this: cell 5, line 1" in remark
    assert "x = (" in desk.template.read_text()
    shutil.copy(desk.copy, desk.template)
    assert edit.clean_file(desk.template) == []
    assert {"injected-parameters", '"edit"'} & set(desk.template.read_text().split('"')) == set()


def test_a_second_editor_is_refused_by_name(desk):
    """As long as the first one lives, by whatever process; the same process may open it again."""
    folder = desk.project / "outputs" / "edit"
    hold(desk.template, folder)
    hold(desk.template, folder)
    code = "import sys; from pathlib import Path; from fourfold.author.copies import hold; hold(Path(sys.argv[1]), Path(sys.argv[2]))"
    call = [sys.executable, "-c", code, str(desk.template), str(folder)]
    done = subprocess.run(call, capture_output=True, text=True)
    assert f"it is open in process {os.getpid()} of " in done.stderr
    other = desk.template.with_name("other.ipynb")
    assert subprocess.run([*call[:3], str(other), str(folder)]).returncode == 0
    assert subprocess.run([*call[:3], str(other), str(folder)]).returncode == 0


def test_a_port_in_use_is_said():
    """Before anything is written or started."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            FourfoldError, match=f"--port {port}: expected a free port, got one in use"
        ):
            edit.free_port(port)
    assert edit.free_port(port) == port
    assert edit.free_port(0) >= 8888
