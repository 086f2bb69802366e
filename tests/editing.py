"""References in Colab: run, restarted, run again, saved and sent back, with Colab's versions.

``python tests/editing.py PYTHON [NAME…]`` takes the Python of an environment that has what
colab-pins.txt lists, and references by name; by default all. Colab's own kernel class is on no
index: the kernel is the ipykernel that it is made of.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from colab_saves import WHO, as_colab_saves
from fourfold.author.clean import install
from fourfold.plan.setup import for_colab
from fourfold.records.ipynb import written
from fourfold.run.kernels.machine import kernel_env

ROOT = Path(__file__).parents[1]
NAME, ADDRESS = "planted/mine", "https://github.com/planted/mine"
#: As many seconds of the processor may git and pip take: what somebody waits for in Colab. Seconds
#: of a clock would say how busy this machine is.
SETUP_S = 30
MEASURE = "import resource; print(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]))"
#: Two notebooks here share an environment, into which only one may install at a time.
INSTALLING = threading.Lock()
#: References that are run again with another parameter, without the name of their template.
RERUN = ("starter-breast-cancer",)
#: What no notebook needs, and the setup cell must not bring.
NEVER = ("jupyterlab", "nbval", "pytest-xdist", "nbdime")


def git(folder: Path, *words: str) -> str:
    """Return what git says in a folder."""
    call = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout


def published(folder: Path) -> Path:
    """Return a clone of this project whose references know that it is on GitHub."""
    project = folder / "mine"
    git(folder, "clone", "-q", str(ROOT), str(project))
    changed = git(ROOT, "ls-files", "-moz", "--exclude-standard").split("\0")
    for name in filter(None, changed):  # the work tree counts, not the last commit
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, project / name)
    settings = project / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}\n[tool.fourfold]\nrepository = "{NAME}"\n')
    for path in sorted((project / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        template = notebook["metadata"]["fourfold"]["template"]
        for_colab(notebook, template, f"notebooks/{path.name}", project)
        path.write_text(written(notebook), encoding="utf-8")
    git(project, "add", ".")
    git(project, "commit", "-qm", "as on GitHub")
    return project


def environment(folder: Path, project: Path, python: Path) -> dict[str, str]:
    """Return the environment of a kernel in Colab, whose git finds GitHub here."""
    spec = folder / "jupyter" / "kernels" / "colab" / "kernel.json"
    spec.parent.mkdir(parents=True, exist_ok=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Colab", "language": "python"}))
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "FOURFOLD_SOURCE", "JPY_SESSION_NAME")
    return {
        # Two kernels share the cores, so each has one thread.
        **{name: value for name, value in kernel_env(None).items() if name not in ours},
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "COLAB_RELEASE_TAG": "release-colab",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{project}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }


def executed(notebook: nbformat.NotebookNode, content: Path, env: dict[str, str]) -> float:
    """Execute a notebook in a new kernel in `content`; return what git and pip took, in seconds."""

    def before(cell: nbformat.NotebookNode, cell_index: int) -> None:
        if cell["id"] == "setup":
            INSTALLING.acquire()

    def after(cell: nbformat.NotebookNode, cell_index: int, execute_reply: object) -> None:
        if cell["id"] == "setup":
            INSTALLING.release()

    index = next(i for i, cell in enumerate(notebook.cells) if cell["id"] == "setup") + 1
    notebook.cells.insert(index, nbformat.v4.new_code_cell(MEASURE))
    client = NotebookClient(
        notebook,
        kernel_name="colab",
        timeout=600,
        resources={"metadata": {"path": str(content)}},
        on_cell_execute=before,
        on_cell_executed=after,
    )
    client.execute(env=env)
    return float(notebook.cells.pop(index).outputs[0]["text"])


def run_twice(path: Path, folder: Path, env: dict[str, str]) -> str:
    """Run a reference as Colab does, twice with a restart in between; return a line about it."""
    content = folder / "content" / path.stem
    content.mkdir(parents=True)
    seconds = []
    for number in (1, 2):
        notebook = nbformat.read(path, 4)
        if number == 2:
            again = nbformat.v4.new_code_cell("print(ff.rerun(seed=1))", id="again")
            notebook.cells += [again] if path.stem in RERUN else []
        seconds.append(executed(notebook, content, env))
        if number == 2 and path.stem in RERUN:
            shown = "".join(output.get("text", "") for output in notebook.cells[-1].outputs)
            assert "this notebook" in shown, shown
    assert [each.name for each in content.iterdir()] == ["mine"], list(content.iterdir())
    assert seconds[0] < SETUP_S, f"{path.stem}: setup took {seconds[0]:.0f} s"
    nbformat.write(notebook, folder / "saved" / path.name)
    return f"{path.stem}: setup {seconds[0]:.1f} s, after a restart {seconds[1]:.1f} s"


def main(python: Path, names: list[str]) -> None:
    """Run references, then send them back to the project as Colab has saved them."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fourfold-") as scratch:
        folder = Path(scratch).resolve()
        (folder / "saved").mkdir()
        project = published(folder)
        env = environment(folder, project, python)
        os.environ["JUPYTER_PATH"] = str(folder / "jupyter")
        paths = sorted((project / "notebooks").glob("*.ipynb"))
        paths = [path for path in paths if not names or path.stem in names]
        listed = [str(python), "-m", "pip", "list", "--format=freeze"]
        before = set(subprocess.check_output(listed, text=True).split())
        print(run_twice(paths[0], folder, env), flush=True)  # which installs, for the others too
        with ThreadPoolExecutor(2) as two:
            for line in two.map(lambda path: run_twice(path, folder, env), paths[1:]):
                print(line, flush=True)
        after = set(subprocess.check_output(listed, text=True).split())
        assert before <= after, f"versions were changed: {sorted(before - after)}"
        came = {line.split("==")[0].lower() for line in after - before}
        assert not came & {*NEVER}, came
        print(f"installed: {', '.join(sorted(came))}")
        install(project)
        for path in (folder / "saved").glob("*.ipynb"):
            (project / "notebooks" / path.name).write_text(
                as_colab_saves(json.loads(path.read_text()))
            )
        git(project, "add", ".")
        for planted in (*WHO.values(), "executionInfo", "view-in-github"):
            call = ["git", "-C", str(project), "grep", "--cached", "-l", planted, "--", "notebooks", "templates"]  # fmt: skip
            left = subprocess.run(call, capture_output=True, text=True).stdout
            assert not left, f"{planted} is in {left}"
    cpu_s = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    print(f"{time.monotonic() - began:.0f} s, {cpu_s:.0f} s of the processor")
    print(f"{len(paths)} passed, 0 failed")


if __name__ == "__main__":
    # absolute() would not do: an environment is known by the link to its Python.
    main(Path(os.path.abspath(sys.argv[1])), sys.argv[2:])
