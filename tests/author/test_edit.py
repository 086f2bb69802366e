"""Templates in a real JupyterLab server, and notebooks kept clean, by git as well."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.author.clean import clean, cleaned, install, merged
from fourfold.author.edit import unmerged, working_copy
from fourfold.author.lab import folder_of
from fourfold.errors import FourfoldError
from fourfold.plan.template import library
from fourfold.records.ipynb import written
from served import COMMAND
from tiny_project import CELLS, make_notebook


def call(project, *words):
    return subprocess.run([*COMMAND, *words], cwd=project, capture_output=True, text=True)


def dirty(notebook):
    """Return a notebook as Jupyter leaves it after a run with injected parameters."""
    made = json.loads(json.dumps(notebook))
    made["cells"].insert(2, {"cell_type": "code", "id": "injected-parameters", "metadata": {"tags": ["injected-parameters"]},
                             "source": ["scale = 3.0"], "outputs": [], "execution_count": 2})  # fmt: skip
    for number, cell in enumerate(made["cells"]):
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["3\n"]}]
            cell["execution_count"] = number
            cell["metadata"]["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00Z"}
    made["metadata"]["language_info"] = {"name": "python", "version": "3.11.7"}
    return {name: made[name] for name in sorted(made)}


def test_what_an_editor_leaves_is_stripped():
    """All of it, and nothing else; a clean notebook is left byte for byte."""
    notebook = make_notebook(CELLS)
    text = written(notebook)
    assert cleaned(text) == text
    found = json.loads(cleaned(written(dirty(notebook))))
    assert "injected-parameters" not in {cell["id"] for cell in found["cells"]}
    assert all(cell.get("outputs", []) == [] for cell in found["cells"])
    assert written(merged(notebook, found)) == text
    with pytest.raises(FourfoldError, match=r"x.ipynb: expected a notebook"):
        cleaned("[]", "x.ipynb")


@pytest.mark.parametrize("path", sorted(library().glob("*.ipynb")), ids=lambda path: path.stem)
def test_our_templates_come_back_as_they_are(path):
    """Whatever way their sources are written, a save without an edit is no change."""
    text = path.read_text(encoding="utf-8")
    assert cleaned(text) == text
    saved = json.loads(nbformat.writes(nbformat.reads(text, 4)))
    clean(saved)
    assert written(merged(json.loads(text), saved)) == text


@given(st.integers(0, len(CELLS) - 1), st.text())
def test_an_edit_changes_its_cell_only(number, source):
    """All others are the same objects as before."""
    template = make_notebook(CELLS)
    edited = json.loads(json.dumps(template))
    edited["cells"][number]["source"] = source
    found = merged(template, edited)
    assert [cell["id"] for cell in found["cells"]] == [cell["id"] for cell in template["cells"]]
    assert "".join(found["cells"][number]["source"]) == source
    for old, new in zip(template["cells"], found["cells"], strict=True):
        assert old is new or old["id"] == template["cells"][number]["id"]


@pytest.fixture
def lab(project, config):
    """JupyterLab with the tiny template, opened by our command; a call of its contents API."""
    config("template: tiny\nparameters: {scale: 3.0}\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("edit", "tiny", "--config", "params/a.yaml", "--port", str(port), "--no-browser")
    environment = {**os.environ, "JUPYTER_TOKEN": "secret", "JUPYTER_CONFIG_DIR": str(project / "jupyter")}  # fmt: skip

    def ask(path: str, content=None):
        address = f"http://127.0.0.1:{port}/api/{path}"
        body = json.dumps(content).encode() if content is not None else None
        request = Request(address, body, {"Authorization": "token secret"}, method="PUT" if body else "GET")  # fmt: skip
        with urlopen(request) as answer:
            return json.load(answer)

    with subprocess.Popen(
        [*COMMAND, *words], cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:  # fmt: skip
        try:
            assert process.stdout.readline() == "editing templates/tiny.ipynb, with the parameters of params/a.yaml\n"  # fmt: skip
            for _ in range(300):
                try:
                    ask("status")
                    break
                except URLError:
                    assert process.poll() is None
                    time.sleep(0.1)
            yield ask
        finally:
            process.terminate()


def test_a_save_in_jupyterlab_goes_into_the_template(lab, project):
    """With its edit, without outputs and parameters; without an edit nothing changes at all."""
    template = project / "templates" / "tiny.ipynb"
    before = template.read_bytes()
    model = lab("contents/outputs/edit/tiny.ipynb")
    content = model["content"]
    assert "scale = 3.0" in next(c["source"] for c in content["cells"] if c["id"] == "injected-parameters")  # fmt: skip
    content["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    saved = {"type": "notebook", "content": content}
    lab("contents/outputs/edit/tiny.ipynb", saved)
    assert template.read_bytes() == before
    content["cells"][0]["source"] += "\n\nA new line."
    lab("contents/outputs/edit/tiny.ipynb", saved)
    found = json.loads(template.read_text())
    assert "".join(found["cells"][0]["source"]).endswith("A new line.")
    assert found["cells"][1:] == json.loads(before)["cells"][1:]
    template.write_text(template.read_text().replace("A new line.", "Another line."))
    with pytest.raises(HTTPError, match="500") as error:  # no page is there to say it
        lab("contents/outputs/edit/tiny.ipynb", saved)
    assert "has changed on disk and was not written" in json.load(error.value)["message"]


def test_work_that_is_in_no_template_is_kept(project):
    """After a conflict, say: the copy is put aside under its time, before it is written anew."""
    template, outputs = project / "templates" / "tiny.ipynb", project / "outputs"
    assert unmerged(template, outputs) is None
    copy = working_copy(template, {"scale": 2.0}, outputs)
    assert unmerged(template, outputs) is None
    edited = json.loads(copy.read_text())
    edited["cells"][0]["source"] = ["# My work"]
    copy.write_text(json.dumps(edited))
    kept = unmerged(template, outputs)
    assert "My work" in kept.read_text()
    assert not copy.exists()
    copy.write_text("broken off")
    assert unmerged(template, outputs).read_text() == "broken off"


def test_kernels_begin_in_the_project(project):
    """As those of runs do: of copies, templates and references; others where they lie."""
    working_copy(project / "templates" / "tiny.ipynb", None, project / "outputs")
    (project / "notebooks").mkdir()
    (project / "mine").mkdir()
    for folder in ("outputs/edit", "templates", "notebooks", "."):
        assert folder_of(str(project / folder)) == str(project)
    assert folder_of(str(project / "mine")) == str(project / "mine")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tinny",), "unknown template 'tinny'"),
        (("clustering",), "fourfold new-template NAME --from clustering makes it yours"),
        (("clustering", "--config", "params/a.yaml"), "expected a config of template 'clustering', got one of 'tiny'"),
        (("tiny", "--config", "params/b.yaml"), "params/b.yaml"),
        (("params/a.yaml", "--only", "scale~7"), "--only scale~7: expected a run of params/a.yaml that matches, got none"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_is_told(project, config, words, told):
    """One line, exit code 2; no server is started."""
    config("template: tiny\n")
    done = call(project, "edit", *words)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
    assert len(done.stderr.replace("1 mistake; no kernel was started", "").split("\n")) <= 3


def test_git_cleans_what_is_added(project):
    """Set up by one command, which can be repeated; what is in the work tree stays."""
    path = project / "templates" / "tiny.ipynb"
    before = json.loads(path.read_text())

    def git(*words):
        options = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(["git", *options, *words], cwd=project, capture_output=True, text=True, check=True)  # fmt: skip
        return done.stdout.strip()

    with pytest.raises(FourfoldError, match="expected a git repository"):
        install(project)
    git("init", "-q")
    assert "filter.fourfold.clean" in call(project, "clean", "--install").stdout
    assert "set up already" in call(project, "clean", "--install").stdout
    path.write_text(written(dirty(before)))
    git("add", ".")
    stored = json.loads(git("show", ":templates/tiny.ipynb"))
    assert "injected-parameters" not in {cell["id"] for cell in stored["cells"]}
    assert "execution_count" in path.read_text()
    git("commit", "-qm", "a")
    for each in library().glob("*.ipynb"):
        path = project / "templates" / each.name
        path.write_bytes(each.read_bytes())
        git("add", ".")
        saved = nbformat.reads(each.read_text(encoding="utf-8"), 4)
        saved.metadata["kernelspec"]["display_name"] = "Python 3 (ipykernel)"
        path.write_text(nbformat.writes(saved))
        git("add", ".")
        assert git("show", f":templates/{each.name}") == each.read_text(encoding="utf-8").strip()
        assert "1 notebook, 0 clean" in call(project, "clean", str(path)).stdout
        assert path.read_bytes() == each.read_bytes()
    path = project / "templates" / "tiny.ipynb"
    path.write_text("no notebook")
    git("add", ".")
    assert git("show", ":templates/tiny.ipynb") == "no notebook"


def test_clean_by_hand(project):
    """All templates, or those that are named, or standard input."""
    path = project / "templates" / "tiny.ipynb"
    path.write_text(written(dirty(json.loads(path.read_text()))))
    piped = subprocess.run([*COMMAND, "clean", "-"], input=path.read_text(), cwd=project, capture_output=True, text=True)  # fmt: skip
    assert call(project, "clean").stdout == "cleaned templates/tiny.ipynb\n1 notebook, 0 clean already\n"  # fmt: skip
    assert path.read_text() == piped.stdout
    assert "1 notebook, 1 clean already" in call(project, "clean", str(Path("templates/tiny.ipynb"))).stdout  # fmt: skip
    wrong = call(project, "clean", "nothing.ipynb")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
