"""What varies by itself is proved by executions: end to end, with real kernels."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from fourfold.regress.evidence import mirrored
from served import COMMAND
from tiny_project import CELLS, make_notebook

pytestmark = pytest.mark.commands

NOISE = (
    "open('runs/n.txt', 'a').write('.'); import time, os, uuid, tempfile, datetime",
    "print(f'took {time.perf_counter() - time.time():.3f} s')",
    "print(datetime.date.today(), time.strftime('%H:%M'))",
    "print('in', os.getcwd(), tempfile.mkdtemp(), os.getpid(), uuid.uuid4())",
    "print(', '.join({'oak', 'elm', 'fir', 'ash', 'yew'}), {'oak', 'elm', None, ('a', 1)})",
    "%%writefile helper_of_test.py\nX = 3",
    "print(f'took {time.time() % 1:.4f} s, score', open('score.txt').read())",
    "print('home', os.path.expanduser('~'))",
)


def regress(folder: Path, *arguments: str) -> str:
    """Test the notebooks of a folder; return what is printed."""
    call = [*COMMAND, "regress", *arguments]
    # How many executions it takes to know an order is chance, unless the orders are given.
    env = {**os.environ, "NO_COLOR": "1", "PYTHONHASHSEED": "11"}
    done = subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a notebook that Jupyter executed elsewhere, on another day."""
    first = tmp_path_factory.mktemp("first") / "study"
    (first / "runs").mkdir(parents=True)
    (first / "score.txt").write_text("0.91")
    notebook = new_notebook(cells=[new_code_cell(source) for source in NOISE])
    elsewhen = ["--InteractiveShellApp.extra_extensions=fourfold.regress.elsewhen"]
    place = {"metadata": {"path": str(first)}}
    NotebookClient(notebook, extra_arguments=elsewhen, resources=place).execute()
    nbformat.write(notebook, first / "noise.ipynb")
    return first.rename(tmp_path_factory.mktemp("second") / "tested")


def test_noise_is_forgiven_once_it_is_proved(folder):
    """Times, dates, folders, names, sets, files: no difference; the proof is kept."""
    before = len((folder / "runs/n.txt").read_text())
    assert "8 passed" in regress(folder, "noise.ipynb")
    first = len((folder / "runs/n.txt").read_text()) - before
    assert first >= 2
    assert "8 passed" in regress(folder, "noise.ipynb")
    assert len((folder / "runs/n.txt").read_text()) - before == first + 1


def test_a_result_beside_noise_is_seen(folder):
    """A file that the notebook reads says something else; executions of today agree."""
    (folder / "score.txt").write_text("0.90")
    shown = regress(folder, "noise.ipynb")
    assert "1 failed, 7 passed" in shown
    assert "0.91 -> 0.90" in shown
    (folder / "score.txt").write_text("0.91")
    assert "8 passed" in regress(folder, "noise.ipynb")


def test_a_reference_keeps_what_varies(tmp_path):
    """It is executed twice; a seed that got lost in the template is not forgiven."""
    for name in ("templates", "params", "runs"):
        (tmp_path / name).mkdir()
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n")
    (tmp_path / "params" / "a.yaml").write_text(
        "template: tiny\nparameters: {data: numbers.csv, scale: 2.0}\n"
    )
    notebook = make_notebook(CELLS)
    (cell,) = (c for c in notebook["cells"] if c["id"] == "eda-look")
    lines = "import random, uuid\nopen('runs/n.txt', 'a').write('.')\nprint('id', uuid.uuid4())\n"
    cell["source"] = lines + "print('draw', random.Random(1).random())"
    template = tmp_path / "templates" / "tiny.ipynb"
    template.write_text(json.dumps(notebook))
    call = [*COMMAND, "reference"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = json.loads((tmp_path / "notebooks" / "a.ipynb").read_text())["cells"]
    varying = [c["id"] for c in kept if "varies" in c["metadata"].get("fourfold", {})]
    assert varying == ["eda-look"]
    assert (tmp_path / "runs/n.txt").read_text() == ".."
    assert "8 passed" in regress(tmp_path)
    assert (tmp_path / "runs/n.txt").read_text() == "..."
    cell["source"] = cell["source"].replace("Random(1)", "Random()")
    template.write_text(json.dumps(notebook))
    shown = regress(tmp_path)
    assert "1 failed, 7 passed" in shown
    assert "after 'draw'" in shown
    assert "after 'id'" not in shown


def test_another_folder_has_the_same_content(tmp_path):
    """Files, and neighbours by ``..``; but not what was written since."""
    study = tmp_path / "study"
    study.mkdir()
    (study / "data.csv").write_text("1")
    (tmp_path / "shared.csv").write_text("2")
    moved = mirrored(study, tmp_path / "to")
    assert (moved / "data.csv").read_text() == "1"
    assert (moved / ".." / "shared.csv").read_text() == "2"
    assert (moved / ".." / "study" / "data.csv").read_text() == "1"
    assert [*mirrored(study, tmp_path / "later", since=0).iterdir()] == []
