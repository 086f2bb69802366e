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

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.author.install import missing
from fourfold.errors import FourfoldError
from fourfold.plan.parameters import read_parameters
from fourfold.plan.template import library
from fourfold.records.ipynb import text
from fourfold.regress import colab
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


def test_a_badge_where_the_repository_is_known():
    """Below the title, to this very notebook; and the setup cell fetches that repository."""
    found = reference()
    colab.prepare(found, KNOWN, "me/mine", "notebooks/a.ipynb")
    lines = text(found["cells"][0]).splitlines()
    assert lines[0] == "# A tiny template"
    assert lines[2].endswith("(https://colab.research.google.com/github/me/mine/blob/HEAD/notebooks/a.ipynb)")  # fmt: skip
    assert '"FOURFOLD_SOURCE", "https://github.com/me/mine"' in text(found["cells"][3])
    inside = reference()
    colab.prepare(inside, KNOWN, "me/mine", "notebooks/a.ipynb", "analysis/")
    assert "/blob/HEAD/analysis/notebooks/a.ipynb)" in text(inside["cells"][0])
    assert 'os.chdir("project/analysis")' in text(inside["cells"][3])
    without = reference()
    colab.prepare(without, KNOWN, "", "notebooks/a.ipynb")
    assert "colab" not in text(without["cells"][0])
    assert '"FOURFOLD_SOURCE", ".."' in text(without["cells"][3])
    assert text(without["cells"][2]).endswith('seed = 1  # @param {type: "integer"}\n')


def test_the_repository_is_never_guessed(tmp_path):
    """As pyproject.toml says, else of an origin on GitHub; else there is none."""
    assert colab.repository(tmp_path) == ""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for address, name in {"https://example.org/me/mine.git": "", "https://notgithub.com/me/mine": "", "ssh://git@github.com/me/mine.git": "me/mine", "git@github.com:me/mine.git": "me/mine", "https://github.com/you/yours": "you/yours"}.items():  # fmt: skip
        subprocess.run(["git", "config", "remote.origin.url", address], cwd=tmp_path, check=True)
        assert colab.repository(tmp_path) == name
    (tmp_path / "analysis").mkdir()
    assert (colab.below(tmp_path), colab.below(tmp_path / "analysis")) == ("", "analysis/")
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.fourfold]\nrepository = "we/ours"\n')
    assert colab.repository(tmp_path) == "we/ours"
    settings.write_text('[tool.fourfold]\nrepository = "ours"\n')
    with pytest.raises(FourfoldError, match="expected owner/name, got 'ours'"):
        colab.repository(tmp_path)


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
