"""``papermill --engine fourfold`` means by paths, folders and options what papermill means."""

from __future__ import annotations

import json
import os

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Write a notebook of these cells to a path below the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(path: str, *sources: str) -> str:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        metadata = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), tmp_path / path)
        return path

    return write


def execute(path: str, output: str | None = "out.ipynb", **options):
    return papermill.execute_notebook(
        path, output, engine_name="fourfold", progress_bar=False, **options
    )


def text(notebook) -> str:
    return notebook.cells[0].outputs[0].text.strip()


def test_the_output_lies_where_it_was_asked_for(notebook, tmp_path):
    """Not in the folder of the kernel, where it could be the source."""
    source = tmp_path / notebook("nbs/a.ipynb", "import os\nprint(os.path.basename(os.getcwd()))")
    before = source.read_bytes()
    assert text(execute("nbs/a.ipynb", "a.ipynb", cwd="nbs")) == "nbs"
    assert source.read_bytes() == before
    written = json.loads((tmp_path / "a.ipynb").read_text())
    assert written["cells"][0]["outputs"][0]["text"] == ["nbs\n"]


def test_each_execution_has_its_own_folder(notebook):
    """A second one in this process, whose kernel is forked from the same zygote, as well."""
    for folder in ("one", "two", ""):
        path = notebook(f"{folder}/a.ipynb".lstrip("/"), "import os\nprint(os.getcwd())")
        assert text(execute(path, cwd=folder or None)) == os.path.abspath(folder)


def test_without_an_output_nothing_is_written(notebook, tmp_path):
    """As papermill has it."""
    notebook("a.ipynb", "print(1)")
    assert text(execute("a.ipynb", None)) == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["a.ipynb"]


def test_streams_go_to_files_and_the_log(notebook, tmp_path, caplog):
    """Each text once, though outputs are put together."""
    notebook(
        "a.ipynb",
        "import sys\nfor i in range(3): print('step', i, flush=True)\nprint('warned', file=sys.stderr)",
    )
    with (
        (tmp_path / "o.txt").open("w") as out,
        (tmp_path / "e.txt").open("w") as err,
        caplog.at_level("INFO", logger="papermill"),
    ):
        execute("a.ipynb", log_output=True, stdout_file=out, stderr_file=err)
    assert (tmp_path / "o.txt").read_text() == "step 0\nstep 1\nstep 2\n"
    assert (tmp_path / "e.txt").read_text() == "warned\n"
    assert caplog.text.count("step 1") == 1


def test_a_cell_that_takes_too_long_is_papermills_error(notebook, tmp_path):
    """And the notebook so far is saved."""
    notebook("a.ipynb", "print('before')", "import time; time.sleep(60)")
    with pytest.raises(CellTimeoutError):
        execute("a.ipynb", execution_timeout=1)
    assert "before" in (tmp_path / "out.ipynb").read_text()


def test_a_dead_kernel_is_papermills_error(notebook):
    """From which its command line makes exit code 138."""
    notebook("a.ipynb", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(DeadKernelError, match="SIGKILL"):
        execute("a.ipynb")


def test_a_failed_cell_is_papermills_error(notebook):
    """With its name and value."""
    notebook("a.ipynb", "raise ValueError('this')")
    with pytest.raises(papermill.PapermillExecutionError, match="this"):
        execute("a.ipynb")
