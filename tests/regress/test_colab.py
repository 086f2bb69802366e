"""What Colab needs: a form, a badge, and an installation that replaces nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbclient import NotebookClient

from fourfold.author.install import missing
from fourfold.errors import FourfoldError
from fourfold.plan import setup
from fourfold.plan.parameters import read_parameters
from fourfold.plan.template import library
from fourfold.records.ipynb import text
from fourfold.regress import colab
from fourfold.run.kernels import preload
from tiny_project import CELLS, PARAMETERS, make_notebook

MORE = """share: float = 0.25  # rows held out, 0.1..0.5
rows: int = 5000  # most rows, 100..20,000
rate: float = 0.02  # how fast, 0.001..1
k: int | None = None  # number of groups, 2..4
kinds: list[str] = ["a"]  # a | b | c
way: str | None = None  # x | y
cost: float = 1.0  # of a mistake, 0..
"""
KNOWN = read_parameters(PARAMETERS + MORE, "cell 2")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('question = "Why?"', '{type: "string"}'),
        ("question = 'say \"so\"'", '{type: "raw"}'),
        ('mode = "plain"', '["plain", "fancy"]'),
        ("count = 7", '{type: "slider", min: 1, max: 100, step: 1}'),
        ("seed = 0", '{type: "integer"}'),
        ("fail = False", '{type: "boolean"}'),
        ("limit = None", '{type: "raw"}'),
        ('columns = ["a", "b"]', '{type: "raw"}'),
        ("scale = 0.5", '{type: "slider", min: 0, max: 10, step: 0.1}'),
        ("scale = 0.123", '{type: "number"}'),
        ("share = 0.25", '{type: "slider", min: 0.1, max: 0.5, step: 0.01}'),
        ("share = 0.3333", '{type: "number"}'),
        (
            "rows = 5000",
            '["100", "200", "500", "1000", "2000", "5000", "10000", "20000"] {type: "raw", allow-input: true}',
        ),
        (
            "rate = 0.02",
            '["0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1.0"] {type: "raw", allow-input: true}',
        ),
        ("k = None", '["None", "2", "3", "4"] {type: "raw", allow-input: true}'),
        ("k = 3", '["None", "2", "3", "4"] {type: "raw", allow-input: true}'),
        (
            'kinds = ["a", "b"]',
            """["['a', 'b']", "['a']", "['b']", "['c']"] {type: "raw", allow-input: true}""",
        ),
        (
            "kinds = []",
            """["[]", "['a']", "['b']", "['c']"] {type: "raw", allow-input: true}""",
        ),
        ('way = "x"', """["None", "'x'", "'y'"] {type: "raw", allow-input: true}"""),
        ("cost = 1.5", '{type: "number"}'),
    ],
)
def test_each_kind_of_parameter_has_its_field(line, kind):
    """Choices as a list, bounded numbers as a slider, whatever else as Python."""
    assert colab.form(f"{line}\n", KNOWN) == f"{line}  # @param {kind}\n"


@given(st.text())
def test_a_form_is_the_same_code(value):
    """Comments only: what runs is what ran before."""
    source = f"# Parameters\nquestion = {value!r}\nother = 1\ncolumns = [\n    1,\n]\n"
    before, after = {}, {}
    exec(source, before)
    exec(colab.form(source, KNOWN), after)
    assert before == after


def reference():
    made = make_notebook(CELLS)
    injected = {"cell_type": "code", "id": "injected-parameters", "metadata": {"tags": ["injected-parameters"]}, "source": ["# Parameters\n", "seed = 1\n"]}  # fmt: skip
    made["cells"].insert(2, injected)
    real = json.loads((library() / "clustering.ipynb").read_text(encoding="utf-8"))
    made["cells"][3] = next(cell for cell in real["cells"] if cell["id"] == "setup")
    return made


def known(folder, name="me/mine", extra=""):
    """Make a project that says where it is on GitHub."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(f'{extra}[tool.fourfold]\nrepository = "{name}"\n')
    return folder


def test_a_badge_where_the_repository_is_known(tmp_path):
    """Below the title, to this very notebook; and once, however often it is written."""
    found, root = reference(), known(tmp_path)
    for _ in range(2):
        colab.prepare(found, KNOWN, "tiny", "notebooks/a.ipynb", root)
    lines = text(found["cells"][0]).splitlines()
    assert lines[0] == "# A tiny template"
    assert lines[2].endswith("(https://colab.research.google.com/github/me/mine/blob/HEAD/notebooks/a.ipynb)")  # fmt: skip
    assert text(found["cells"][0]).count("Open in Colab") == 1
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    inside, folder = reference(), known(tmp_path / "analysis")
    colab.prepare(inside, KNOWN, "tiny", "notebooks/a.ipynb", folder)
    assert "/blob/HEAD/analysis/notebooks/a.ipynb)" in text(inside["cells"][0])


def test_nothing_but_a_form_where_it_is_not(tmp_path):
    """The setup cell says what to set."""
    without = reference()
    colab.prepare(without, KNOWN, "tiny", "notebooks/a.ipynb", tmp_path)
    assert "colab" not in text(without["cells"][0])
    assert "%env FOURFOLD_SOURCE=git+https://github.com/OWNER/NAME" in text(without["cells"][3])
    assert text(without["cells"][2]).endswith('seed = 1  # @param {type: "integer"}\n')


def test_the_repository_is_never_guessed(tmp_path):
    """As pyproject.toml says, else of an origin on GitHub; else there is none."""
    assert setup.repository(tmp_path) == ""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for address, name in {"https://example.org/me/mine.git": "", "https://notgithub.com/me/mine": "", "ssh://git@github.com/me/mine.git": "me/mine", "git@github.com:me/mine.git": "me/mine", "https://github.com/you/yours": "you/yours"}.items():  # fmt: skip
        subprocess.run(["git", "config", "remote.origin.url", address], cwd=tmp_path, check=True)
        assert setup.repository(tmp_path) == name
    (tmp_path / "analysis").mkdir()
    assert (setup.below(tmp_path), setup.below(tmp_path / "analysis")) == ("", "analysis/")
    assert setup.repository(known(tmp_path, "we/ours")) == "we/ours"
    with pytest.raises(FourfoldError, match="expected owner/name, got 'ours'"):
        setup.repository(known(tmp_path, "ours"))


@pytest.mark.parametrize(
    ("listed", "extra", "install", "begin"),
    [
        ("", '[project]\nname = "fourfold"\n', "git+https://github.com/me/mine", 'begin("tiny")'),
        ("fourfold[data] @ git+https://github.com/us/ff@0f3", "", "git+https://github.com/us/ff@0f3", 'begin("tiny", "me/mine")'),
        ("# ours\npandas\nfourfold @ https://example.org/f.whl  # new", "", "https://example.org/f.whl", 'begin("tiny", "me/mine")'),
        ("fourfold[data]==0.1.0", "", "fourfold==0.1.0", 'begin("tiny", "me/mine")'),
        ("fourfold[data] @ file:///w/fourfold.whl", "", "FOURFOLD_SOURCE", 'begin("tiny")'),
        ("fourfold-other==1", "", "FOURFOLD_SOURCE", 'begin("tiny")'),
        ("", "", "FOURFOLD_SOURCE", 'begin("tiny")'),
    ],
)  # fmt: skip
def test_the_setup_cell_installs_what_the_project_has(tmp_path, listed, extra, install, begin):
    """From the repository, if Fourfold is in it; else as requirements.txt says, on any machine."""
    root = known(tmp_path, extra=extra)
    (root / "requirements.txt").write_text(listed)
    cell = setup.setup_cell("tiny", root)
    assert install in cell
    assert cell.endswith(begin)
    assert setup.is_setup(cell)
    assert setup.named(cell) == "tiny"
    assert not any(map(setup.is_setup, (f"{cell}\nimport os", f"import os\n{cell}", cell.replace("-q", "-q -U"))))  # fmt: skip
    notebook = {"cells": [{"cell_type": "code", "id": "setup", "metadata": {}, "source": cell}]}
    assert preload._tree(notebook["cells"][0]).body == []  # it ends no import ahead


FORMER = """\
import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("fourfold") is None:  # in Colab, say
    source = os.environ.get("FOURFOLD_SOURCE", "..")  # a folder, or the address of a repository
    subprocess.run([sys.executable, "-m", "pip", "install", source], check=True)"""


@pytest.mark.parametrize(
    ("source", "tagged", "stays"),
    [(FORMER, True, False), (FORMER, False, True), ("import fourfold as ff", True, True),
     (setup.setup_cell("other", Path("/nowhere")), False, False)],
)  # fmt: skip
def test_a_setup_cell_that_somebody_has_written_stays(tmp_path, source, tagged, stays):
    """Ours, of today and before, is written anew: the one before failed after a restart."""
    tags = {"tags": ["setup"]} if tagged else {}
    cell = {"cell_type": "code", "id": "a", "metadata": tags, "source": source}
    setup.for_colab({"cells": [cell]}, "tiny", "templates/tiny.ipynb", tmp_path)
    assert text(cell) == (source if stays else setup.setup_cell("tiny", tmp_path))


@pytest.fixture
def github(tmp_path, project):
    """The tiny project as a repository that git finds at GitHub's address; its environment."""

    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=project, check=True)  # fmt: skip

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "a")
    content = project.parent / f"{project.name}-content"
    content.mkdir()
    names = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.file://{project}.insteadOf", "GIT_CONFIG_VALUE_0": "https://github.com/me/mine"}  # fmt: skip
    return content, {**os.environ, **names, "COLAB_RELEASE_TAG": "a"}


HERE = "import os; print(os.getcwd())"


def run_cells(content, env, *sources):
    """Execute cells in a new kernel; return what each prints, or raises."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = NotebookClient(nbformat.v4.new_notebook(cells=cells), allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(content)}})  # fmt: skip
    done = client.execute(env=env).cells
    return [
        "".join(o.get("text") or o.get("evalue") or "" for o in c.outputs).strip() for c in done
    ]


@pytest.mark.parametrize("inside", ["", "fourfold/src", "mine/notes.txt"])
def test_colab_begins_and_begins_again(github, inside):
    """In an empty folder, after a restart, twice in a kernel; beside a folder named fourfold."""
    content, env = github
    if inside.startswith("fourfold"):
        (content / inside).mkdir(parents=True)
    begin = "from fourfold import begin\nbegin('tiny', 'me/mine')"
    expected = str(content / "mine")
    if inside.startswith("mine"):
        (content / inside).parent.mkdir()
        (content / inside).write_text("not ours")
        assert "begin: expected to fetch https://github.com/me/mine: " in run_cells(content, env, begin)[0]  # fmt: skip
        return
    for _ in range(2):
        assert run_cells(content, env, begin, HERE, begin, HERE) == ["", expected, "", expected]
    (content / "mine" / "kept.txt").write_text("mine")  # a second start fetches nothing
    assert run_cells(content, env, begin, HERE)[1] == expected
    assert (content / "mine" / "kept.txt").is_file()


def test_nothing_is_fetched_elsewhere(github):
    """Nor where the notebook is in its project already, in whatever folder of it."""
    content, env = github
    begin = "from fourfold import begin\nbegin('tiny', 'me/mine')"
    own = {name: value for name, value in env.items() if name != "COLAB_RELEASE_TAG"}
    assert run_cells(content, own, begin, HERE) == ["", str(content)]
    assert not [*content.iterdir()]
    run_cells(content, env, begin)
    for folder, where in [("templates", env), ("templates", own), ("", own)]:  # paths hold there
        assert run_cells(content / "mine" / folder, where, begin, HERE, begin, HERE)[1::2] == [str(content / "mine")] * 2  # fmt: skip
    (content / "mine" / "notes").mkdir()
    assert run_cells(content / "mine" / "notes", own, begin, HERE)[1] == str(content / "mine/notes")
    gone = {**env, "GIT_CONFIG_KEY_0": "url.file:///nowhere.insteadOf"}
    (content / "empty").mkdir()
    assert "does not appear to be a git" in run_cells(content / "empty", gone, begin)[0]
    assert not [*(content / "empty").iterdir()]


@pytest.mark.parametrize("beside", [False, True])
def test_a_setup_cell_says_what_to_set(tmp_path, beside):
    """Where Fourfold is not installed and no repository known; also beside a folder of its name."""
    if beside:
        (tmp_path / "fourfold" / "src").mkdir(parents=True)
    hidden = "import sys\nsys.path[:] = [p for p in sys.path if 'fourfold' not in p and not __import__('os').path.isfile(p + '/fourfold/__init__.py')]\nsys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in str(f).lower()]"  # fmt: skip
    cell = setup.setup_cell("tiny", tmp_path)
    said = run_cells(tmp_path, {**os.environ, "COLAB_RELEASE_TAG": "a"}, hidden, cell)[1]
    assert said == "Fourfold is not installed; first %env FOURFOLD_SOURCE=git+https://github.com/OWNER/NAME"  # fmt: skip


def test_what_is_missing():
    """Not there at all; of another version; for extras that are wanted, and on this system only."""
    wanted = ["pytest>=1", "no-such>=2", "pytest<1", "absent; extra == 'data'", "gone; python_version < '3'"]  # fmt: skip
    absent, other = missing(wanted, [])
    assert absent == ["no-such>=2"]
    assert [each.split()[0] for each in other] == ["pytest"]
    assert missing(wanted, ["data"])[0] == ["no-such>=2", "absent"]


def wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> None:
    """Write a wheel with one empty module."""
    info = f"{name}-{version}.dist-info"
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *(f"Requires-Dist: {each}" for each in requires)]  # fmt: skip
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": "\n".join(lines) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = [f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).decode().rstrip('=')},{len(content)}" for path, content in files.items()]  # fmt: skip
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as packed:
        for path, content in files.items():
            packed.writestr(path, content)
        packed.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,"]) + "\n")


def environment_with_pip(folder: Path) -> Path:
    """Make an environment with this one's pip, and return its Python; a bare Python has no own."""
    pip = pytest.importorskip("pip")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    paths = sysconfig.get_paths("venv", {"base": str(folder), "platbase": str(folder)})
    shutil.copytree(Path(pip.__file__).parent, Path(paths["purelib"]) / "pip")
    return Path(paths["scripts"]) / "python"


def test_only_what_is_missing_is_installed(tmp_path):
    """In an environment with a package that is too old: it stays, and what lacks comes."""
    wheel(tmp_path, "toy", "1.0", ("old>=2", "lack>=1"))
    wheel(tmp_path, "lack", "1.5", ("old",))
    for version in ("1.0", "2.0"):
        wheel(tmp_path, "old", version)
    python = environment_with_pip(tmp_path / "v")
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PYTHONPATH": str(Path(colab.__file__).parents[2])}  # fmt: skip

    def run(*words):
        call = [python, *words]
        done = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
        return done.stdout

    run("-m", "pip", "install", "-q", "--no-deps", "toy", "old==1.0")
    told = run("-c", "from fourfold.author.install import install; install('toy', [])")
    assert told == "left as they are: old 1.0 (tested with >=2)\ninstalled lack>=1\n"
    listed = run("-m", "pip", "list", "--format=freeze").splitlines()
    assert {"old==1.0", "lack==1.5", "toy==1.0"} <= set(listed)
    assert run("-c", "from fourfold.author.install import install; install('toy', [])").startswith(
        "left"
    )
