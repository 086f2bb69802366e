"""``fourfold regress`` end to end: real kernels, real pytest, a project of one tiny template."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from served import COMMAND, MODULE
from tiny_project import CELLS, make_notebook

pytestmark = pytest.mark.commands
CONFIG = "template: tiny\nparameters: {data: numbers.csv, scale: 2.0}\n"


def fourfold(root: Path, *arguments: str, code: int = 0) -> str:
    """Run the command in a project; return all that it prints."""
    call = [*COMMAND, *arguments]
    env = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(call, cwd=root, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    """A project with a reference."""
    root = tmp_path_factory.mktemp("written")
    for folder in ("templates", "params"):
        (root / folder).mkdir()
    (root / "numbers.csv").write_text("n\n1\n2\n")
    (root / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(CELLS)))
    (root / "params" / "a.yaml").write_text(CONFIG)
    fourfold(root, "reference")
    return root


@pytest.fixture
def root(written, tmp_path) -> Path:
    """The project with a reference, to be changed."""
    return Path(shutil.copytree(written, tmp_path / "project"))


@pytest.fixture
def edit(root) -> Callable[..., None]:
    """Change the source of a cell of the template, or of the notebook at a path."""

    def change(cell: str, before: str, after: str, path: str = "templates/tiny.ipynb") -> None:
        notebook = json.loads((root / path).read_text())
        (found,) = (c for c in notebook["cells"] if c["id"] == cell)
        source = "".join(found["source"])
        assert before in source
        found["source"] = source.replace(before, after)
        (root / path).write_text(json.dumps(notebook))

    return change


def foreign(*cells: tuple[str, list[dict[str, Any]]], **metadata: Any) -> str:
    """An executed notebook of somebody else: sources and outputs, no template."""
    notebook = make_notebook([("code", f"c{i}", source) for i, (source, _) in enumerate(cells)])
    for number, (cell, (_, outputs)) in enumerate(zip(notebook["cells"], cells, strict=True), 1):
        cell |= {"outputs": outputs, "execution_count": number}
    notebook["metadata"] |= metadata
    return json.dumps(notebook)


def printed(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": text}]


def test_all_the_same(root):
    """An unchanged project passes; items are named by notebook, section and cell."""
    shown = fourfold(root, "regress", "-v")
    assert "8 passed" in shown
    assert "notebooks/a.ipynb::Modeling: modeling-record PASSED" in shown
    assert "notebooks/a.ipynb::Setup: injected-parameters PASSED" in shown


def test_an_edited_template_is_seen(root, edit):
    """The current template is executed, not the reference's own code; all differences are told."""
    edit("modeling-mean", "sum(values)", "1.01 * sum(values)")
    shown = fourfold(root, "regress", code=1)
    assert "notebooks/a.ipynb, Modeling: modeling-record (cell 12)" in shown
    assert "/metrics/mean: 4.0 -> 4.04" in shown
    assert "/metrics/mean/ci/0: 3.0 -> 3.04" in shown
    assert "conclusions-conclude" in shown
    assert "6 passed" in shown
    assert "differences: outputs/regress/index.html" in shown
    assert "4.04" in (root / "outputs" / "regress" / "index.html").read_text()


def test_a_changed_default_is_seen(root, edit):
    """A default that the config does not set reaches the run, and is told as such."""
    edit("parameters", "seed: int = 0", "seed: int = 7")
    shown = fourfold(root, "regress", code=1)
    assert "Setup: injected-parameters" in shown
    assert "parameter seed: 0 -> 7" in shown


def test_a_changed_config_is_seen(root):
    """So is another value in the config."""
    (root / "params" / "a.yaml").write_text(CONFIG.replace("2.0", "3.0"))
    shown = fourfold(root, "regress", code=1)
    assert "parameter scale: 2.0 -> 3.0" in shown
    assert "/metrics/mean: 4.0 -> 6.0" in shown


def test_rules_of_a_config(root, edit):
    """A tolerance per metric, and what is ignored."""
    edit("modeling-mean", "sum(values)", "1.01 * sum(values)")
    rules = "regress: {metrics: {mean: 0.02}, ignore: [cell conclusions-conclude]}\n"
    (root / "params" / "a.yaml").write_text(CONFIG + rules)
    assert "8 passed" in fourfold(root, "regress")


def test_a_wrong_rule_is_located(root):
    """File, line, key, what was expected, the nearest name; the other notebooks are tested."""
    (root / "params" / "a.yaml").write_text(CONFIG + "regress:\n  metrics: {meen: 0.02}\n")
    (root / "notebooks" / "b.ipynb").write_text(foreign(("print(1)", printed("1\n"))))
    shown = fourfold(root, "regress", code=1)
    assert "params/a.yaml:4:13 regress.metrics.meen" in shown
    assert "Did you mean 'mean'?" in shown
    assert "1 failed, 1 passed" in shown


def test_cells_gone_and_new(root):
    """A cell that the template has no more fails; a new one does if it shows something."""
    path = root / "templates" / "tiny.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"] = [c for c in notebook["cells"] if c["id"] != "eda-look"]
    notebook["cells"].insert(-1, {**notebook["cells"][-1], "id": "new-cell", "source": "print(5)"})
    path.write_text(json.dumps(notebook))
    shown = fourfold(root, "regress", code=1)
    assert "EDA: eda-look" in shown
    assert "cell: in the reference -> gone from the template" in shown
    assert "cell: not in the reference -> new, with outputs" in shown
    assert "2 failed, 7 passed" in shown


def test_a_cell_that_raises_ends_its_notebook(root, edit):
    """It fails with its traceback, what comes after it is skipped, other notebooks are tested."""
    edit("ingest-values", "values =", "1 / 0\nvalues =")
    (root / "notebooks" / "b.ipynb").write_text(foreign(("print(1)", printed("1\n"))))
    shown = fourfold(root, "regress", code=1)
    assert "ZeroDivisionError" in shown
    assert "1 failed, 4 passed, 4 skipped" in shown


def test_a_dead_kernel_is_told_with_its_cause(root, edit):
    """The cell that killed it fails, and says how."""
    edit("ingest-values", "values =", "import os; os.kill(os.getpid(), 9)\nvalues =")
    shown = fourfold(root, "regress", code=1)
    assert "killed: KernelDied" in shown
    assert "SIGKILL" in shown
    assert "1 failed, 3 passed, 4 skipped" in shown


def test_a_timeout_of_the_whole_notebook(root, edit):
    """The cell that runs when the time is over fails."""
    edit("ingest-values", "values =", "import time; time.sleep(60)\nvalues =")
    shown = fourfold(root, "regress", "--fourfold-timeout=3", code=1)
    assert "timed_out: Timeout: took longer than allowed: the run may take 3 s" in shown


def test_a_cell_that_was_never_run_fails(root):
    """A reference must have been executed; plain nbval lets such cells pass.

    A cell without a count that has outputs was executed, and is compared.
    """
    path = root / "notebooks" / "a.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["id"] in ("ingest-values", "eda-look"):
            cell |= {"execution_count": None}
    path.write_text(json.dumps(notebook))
    shown = fourfold(root, "regress", code=1)
    assert "cell: never executed -> executed" in shown
    assert "1 failed" in shown


def test_anyones_notebooks(tmp_path):
    """A folder without templates: nbval's markers and ours work, noise does not count."""
    (tmp_path / "books").mkdir()
    text = foreign(
        ("print(0.1 + 0.2, 'at', hex(id(object())))", printed("0.3 at 0x7f0011223344\n")),
        ("print('other')  # NBVAL_IGNORE_OUTPUT\n# NBVAL_IGNORE_OUTPUT", printed("x\n")),
        ("# NBVAL_SKIP\n1 / 0", []),
        (
            "# NBVAL_RAISES_EXCEPTION\n{}['a']",
            [{"output_type": "error", "ename": "KeyError", "evalue": "'a'", "traceback": []}],
        ),
        ("print(3)", printed("4\n")),
    )
    (tmp_path / "books" / "mine.ipynb").write_text(text)
    shown = fourfold(tmp_path, "regress", "books", code=1)
    assert "1 failed, 3 passed, 1 skipped" in shown
    assert "line 1: 4 -> 3" in shown
    shown = fourfold(tmp_path, "regress", "books", "--fourfold-rtol=0.5", "-k", "4")
    assert "1 passed" in shown


def test_tags_and_expressions(tmp_path):
    """A tag sets the tolerance of a cell; ``--nbval-sanitize-with`` works as with nbval."""
    notebook = json.loads(foreign(("print(1.5, 'abc1')", printed("1.6 abc2\n"))))
    path = tmp_path / "mine.ipynb"
    path.write_text(json.dumps(notebook))
    assert "2 differences" not in fourfold(tmp_path, "regress", "mine.ipynb", code=1)
    notebook["cells"][0]["metadata"]["tags"] = ["rtol=0.1"]
    path.write_text(json.dumps(notebook))
    expressions = tmp_path / "mine.cfg"
    expressions.write_text("[x]\nregex: abc\\d\nreplace: abc\n")
    call = ("regress", "mine.ipynb", f"--nbval-sanitize-with={expressions}")
    assert "1 passed" in fourfold(tmp_path, *call)


def test_a_missing_kernel_of_python_is_this_one(tmp_path):
    """A notebook that names a kernel of its author's machine runs here all the same."""
    kernel = {"name": "conda-env-me-py", "language": "python", "display_name": "me"}
    path = tmp_path / "mine.ipynb"
    path.write_text(foreign(("print(1)", printed("1\n")), kernelspec=kernel))
    assert "1 passed" in fourfold(tmp_path, "regress", "mine.ipynb")
    kernel["language"] = "julia"
    path.write_text(foreign(("print(1)", printed("1\n")), kernelspec=kernel))
    assert "No such kernel" in fourfold(tmp_path, "regress", "mine.ipynb", code=1)


def test_workers_of_xdist_share_no_notebook(root, tmp_path):
    """Under ``-n 2`` a notebook's cells stay together, without any other option."""
    shutil.copy(root / "notebooks" / "a.ipynb", root / "notebooks" / "b.ipynb")
    junit = tmp_path / "junit.xml"
    shown = fourfold(root, "regress", "-n2", "-v", f"--junit-xml={junit}")
    assert "16 passed" in shown
    workers = {
        line.split("]")[0] for line in shown.splitlines() if "a.ipynb::" in line and "gw" in line
    }
    assert len(workers) == 1
    names = {case.get("name") for case in ElementTree.parse(junit).iter("testcase")}
    assert "Modeling: modeling-record" in names


def test_accept_rewrites_what_differs(root, edit):
    """The difference is shown; outputs, source and header are taken over, all else stays."""
    before = json.loads((root / "notebooks" / "a.ipynb").read_text())
    edit("modeling-mean", "sum(values)", "1.01 * sum(values)")
    shown = fourfold(root, "regress", "--accept")
    assert "accepted notebooks/a.ipynb" in shown
    assert "1.01 * sum(values)" in shown
    after = json.loads((root / "notebooks" / "a.ipynb").read_text())
    changed = [
        new["id"] for old, new in zip(before["cells"], after["cells"], strict=True) if old != new
    ]
    assert changed == ["four-quarters", "modeling-mean", "modeling-record", "conclusions-conclude"]
    assert "8 passed" in fourfold(root, "regress")
    text = (root / "notebooks" / "a.ipynb").read_text()
    fourfold(root, "regress", "--accept")
    assert (root / "notebooks" / "a.ipynb").read_text() == text


def test_a_failing_cell_is_not_accepted(root, edit):
    """A reference is never taken from a notebook that did not come to its end."""
    text = (root / "notebooks" / "a.ipynb").read_text()
    edit("eda-look", "print", "1 / 0; print")
    fourfold(root, "regress", "--accept", code=1)
    assert (root / "notebooks" / "a.ipynb").read_text() == text


def test_changed_says_why(root, edit):
    """Nothing changed: nothing is tested, and that is said; then the reason is."""
    assert "a.ipynb: unchanged, not tested" in fourfold(root, "regress", "--changed")
    (root / "numbers.csv").write_text("n\n1\n3\n")
    shown = fourfold(root, "regress", "--changed")
    assert "8 passed" in shown
    assert "notebooks/a.ipynb: data numbers.csv changed" in shown
    assert "unchanged" in fourfold(root, "regress", "--changed")
    edit("eda-look", "print(", "# says\nprint(")
    assert "unchanged" in fourfold(root, "regress", "--changed")
    edit("eda-look", "# says", "_ = 0")
    assert "notebooks/a.ipynb: template changed" in fourfold(root, "regress", "--changed")
    (root / "requirements.lock").write_text("pandas==1\n")
    assert "lock changed" in fourfold(root, "regress", "--changed")


def test_a_path_that_is_not_there(root):
    """One line, with the nearest name, exit code 2."""
    shown = fourfold(root, "regress", "notebooks/aa.ipynb", code=2)
    assert shown.count("\n") == 1
    assert "notebooks/aa.ipynb: expected a notebook" in shown
    assert "Did you mean 'notebooks/a.ipynb'?" in shown


def test_plain_pytest_takes_the_option(root):
    """``pytest --fourfold`` is the same; without it nothing of nbval changes."""
    call = [*MODULE, "pytest", "notebooks", "-q", "-p", "no:cacheprovider"]
    for option, count in (("--fourfold", "8 passed"), ("--nbval", "8 passed")):
        done = subprocess.run([*call, option], cwd=root, capture_output=True, text=True)
        assert count in done.stdout, done.stdout
    done = subprocess.run([*call, "--fourfold", "-p", "no:nbval"], cwd=root, capture_output=True)
    assert done.returncode == 4
    assert b"needs the plugin nbval" in done.stderr


def test_an_end_of_its_own_is_no_failure(tmp_path):
    """``sys.exit()`` ends a notebook well, as papermill has it; what comes after is skipped."""
    stop = [{"output_type": "error", "ename": "SystemExit", "evalue": "", "traceback": []}]
    cells = (("print(1)", printed("1\n")), ("import sys; sys.exit()", stop), ("1 / 0", []))
    text = foreign(*cells, fourfold={"regress": {"ignore": ["stderr"]}})  # IPython's advice
    (tmp_path / "mine.ipynb").write_text(text)
    assert "2 passed, 1 skipped" in fourfold(tmp_path, "regress", "mine.ipynb")


def test_what_a_conftest_leaves_out(tmp_path):
    """``skip_compare`` of nbval's files works as nbval documents it."""
    noise = [{"output_type": "stream", "name": "stderr", "text": "careful\n"}]
    text = foreign(("print(1)", [*printed("1\n"), *noise]))
    (tmp_path / "mine.ipynb").write_text(text)
    fourfold(tmp_path, "regress", "mine.ipynb", code=1)
    (tmp_path / "conftest.py").write_text(
        "def pytest_collectstart(collector):\n"
        "    if collector.fspath and collector.fspath.ext == '.ipynb':\n"
        "        collector.skip_compare += ('stderr',)\n"
    )
    assert "1 passed" in fourfold(tmp_path, "regress", "mine.ipynb")
