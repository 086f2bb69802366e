"""A run is unchanged only if nothing that it has read has changed, however it was read."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from pathlib import Path

import pandas as pd
import pytest

from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.run.names import names_in, variables_in
from fourfold.run.selection import choose
from tiny_project import make_notebook, run_all

PARAMETERS = """# parameters
question: str = ""  # business question
decision: str = ""  # decision it serves
success: dict[str, str] = {}  # metric: condition
seed: int = 0  # random seed, 0..
many: list[str] = []  # files
folder: str = ""  # folder
pattern: str = ""  # files of a pattern
region: str = "north"  # region
beside: str = "data/default.csv"  # a file outside
unread: str = ""  # a folder that pyarrow reads
"""

PYTHON = r"""
import glob, importlib, json, os, pickle, runpy, sqlite3, sys, zipfile
from pathlib import Path
import numpy as np
import pandas as pd
import helper_a
from pkg import sub
from pkg.deep import leaf
helper_b = importlib.import_module("helper_b")
runpy.run_path("scripts/other.py")
exec(open("scripts/exec.txt").read())
for name in many: open(name).read()
for where, _, names in os.walk(folder):
    for name in names: open(os.path.join(where, name)).read()
[open(f).read() for f in glob.glob(pattern)]
for name in ("one", "two"): open(f"data/built/{name}.csv").read()
[f.read_text() for f in Path("data/globbed").glob("*.txt")]
names = os.listdir("data/listed")
np.load("data/a.npy"); np.load("data/m.npy", mmap_mode="r")
json.load(open("data/a.json"))
zipfile.ZipFile("data/a.zip").namelist()
sqlite3.connect("data/a.db").execute("select * from t").fetchall()
pd.read_sql("select * from t", "sqlite:///data/b.db")
open(beside).read()
try: open("data/optional.csv")
except FileNotFoundError: pass
there = os.path.exists("data/switch.csv")
rate, secret = os.environ.get("RATE"), os.getenv("API_TOKEN")
os.environ["OF_OURS"] = "1"
open("data/made.csv", "w").write("a\n1\n"); open("data/made.csv").read()
os.environ["HOME"] and open(os.open("data/low.csv", os.O_RDONLY)).read()
"""

ARROW = r"""
import pyarrow as pa, pyarrow.csv, pyarrow.dataset, pyarrow.parquet as pq
pd.read_parquet(f"data/{region}.parquet")
BASE = Path("data") / "arrow"
for each in ("x", "y"): pq.read_table(BASE / f"{each}.parquet")
pyarrow.csv.read_csv(os.path.join("data", "c" + "sv.csv"))
pa.memory_map("data/mapped.bin").read()
pyarrow.dataset.dataset("data/set").to_table()
pyarrow.dataset.dataset(unread).to_table()
helper_a.table()
pq.read_table(json.load(open("data/a.json"))["table"])
"""

PROGRAMS = r"""
import subprocess
subprocess.run(["cat", "data/cat.csv"], check=True, capture_output=True)
os.system("wc -l data/wc.csv > /dev/null")
subprocess.run("sh scripts/make.sh", shell=True, check=True, capture_output=True)
subprocess.run([sys.executable, "scripts/child.py"], check=True)
!head -1 data/head.csv
!ls > /dev/null
"""

BASH = "%%bash\nfor f in data/bash/*.csv; do cat $f; done\n"

#: Each file, and what is written in its place; its name as ``--why`` says it.
TEXTS = {
    "helper_a.py": "import helper_c, os\nlevel = os.getenv('LEVEL', 'low')\ndef table():\n    import pyarrow.parquet as pq\n    return pq.read_table('data/of_helper.parquet')\n",
    "helper_b.py": "B = 1\n",
    "helper_c.py": "C = 1\n",
    "pkg/__init__.py": "",
    "pkg/sub.py": "S = 1\n",
    "pkg/deep/__init__.py": "from .root import R\n",
    "pkg/deep/root.py": "R = 1\n",
    "pkg/deep/leaf.py": "L = 1\n",
    "scripts/other.py": "O = 1\n",
    "scripts/run.py": "Q = 1\n",
    "scripts/exec.txt": "E = 1\n",
    "scripts/make.sh": "cat data/of_shell.csv\n",
    "scripts/child.py": "for n in 'a': open(f'data/child/{n}.csv').read()\nimport child_module\n",
    "scripts/child_module.py": "M = 1\n",
    "data/switch.csv": "1\n",
    **{
        f"data/{name}.csv": "a\n1\n"
        for name in ("many", "deep/tree", "glob_1", "built/one", "built/two", "listed/l", "low")
    },
    **{
        f"data/{name}.csv": "a\n1\n"
        for name in ("csv", "cat", "wc", "head", "of_shell", "child/a", "bash/b")
    },
    "data/globbed/g.txt": "1\n",
    "data/default.csv": "1\n",
    "data/mapped.bin": "1\n",
}
TABLES = ("north", "arrow/x", "arrow/y", "set/s", "unread/u", "of_helper", "hidden")


#: Path.glob of Python 3.13 does not tell its pattern, so all of the folder counts.
GLOBBED = "folder data/globbed/ changed" if sys.version_info >= (3, 13) else None


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A project with one run that has read all of them."""
    root = tmp_path_factory.mktemp("project")
    beside = tmp_path_factory.mktemp("beside") / "beside.csv"
    beside.write_text("a\n1\n")
    for name, text in TEXTS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in TABLES:
        path = root / "data" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"a": [1]}).to_parquet(path)
    import numpy as np

    for name in ("a", "m"):
        np.save(root / "data" / f"{name}.npy", np.arange(3))
    (root / "data/a.json").write_text('{"table": "data/hidden.parquet"}')
    shutil.make_archive(str(root / "data/a"), "zip", root / "pkg")
    for name in ("a", "b"):
        with sqlite3.connect(root / "data" / f"{name}.db") as connection:
            connection.execute("create table t (a)")
        connection.close()
    cells = [
        ("markdown", "title", "# Many inputs"),
        ("code", "parameters", PARAMETERS),
        ("markdown", "ingest", "## 1. Ingest"),
        ("code", "python", PYTHON),
        ("code", "run", "%run scripts/run.py"),
        ("markdown", "eda", "## 2. EDA"),
        ("code", "arrow", ARROW),
        ("markdown", "modeling", "## 3. Modeling"),
        ("code", "programs", PROGRAMS),
        ("code", "bash", BASH),
        ("markdown", "conclusions", "## 4. Conclusions"),
        ("code", "count", "print(len(In))"),
    ]
    for folder in ("templates", "params"):
        (root / folder).mkdir()
    (root / "templates/many.ipynb").write_text(json.dumps(make_notebook(cells)))
    (root / "params/a.yaml").write_text(
        "template: many\nparameters: {many: [data/many.csv], folder: data/deep, "
        f"pattern: '{root}/data/glob_*.csv', beside: '{beside}', unread: data/unread}}\n"
    )
    (record,), _ = run_all(plan([str(root / "params")], root), root, root / "outputs")
    assert (record.status, record.error, record.attempts) == ("ok", None, 1)
    return root, beside


def why(root: Path) -> list[str]:
    choice = choose(plan([str(root / "params")], root), Project(root, root / "outputs"))
    return [reason for item in choice.todo for reason in item.why]


READ = [
    *(
        name
        for name in TEXTS
        if name not in ("data/listed/l.csv", "data/switch.csv", "data/default.csv")
    ),
    *(f"data/{name}.parquet" for name in TABLES),
    *("data/a.npy", "data/m.npy", "data/a.json", "data/a.zip", "data/a.db", "data/b.db"),
]


def test_nothing_has_changed_at_first(done):
    """Also not by what the run itself has made, and its log of inputs leaves no trace in it."""
    root, _ = done
    assert why(root) == []
    notebook = json.loads((root / "outputs/a/default/notebook.ipynb").read_text())
    counts = [c["execution_count"] for c in notebook["cells"] if c["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert notebook["cells"][-1]["outputs"][0]["text"] in (["9\n"], "9\n")


@pytest.mark.parametrize("name", READ)
def test_a_file_that_was_read_makes_it_new(done, name):
    """Edited, then gone; put back, it is as it was."""
    root, _ = done
    path = root / name
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    assert [reason for reason in why(root) if reason.endswith(f"{name} changed")]
    path.unlink()
    assert [reason for reason in why(root) if reason.endswith(f"{name} changed")]
    path.write_bytes(before)
    assert why(root) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("data/deep/more/new.csv", "folder data/deep/ changed"),
        ("data/deep/new.csv", "folder data/deep/ changed"),
        ("data/glob_2.csv", "data data/glob_*.csv changed"),
        ("data/globbed/h.txt", GLOBBED or "data data/globbed/*.txt changed"),
        ("data/listed/new.csv", "folder data/listed/ changed"),
        ("data/set/new.parquet", "folder data/set/ changed"),
        ("data/unread/new.parquet", "folder data/unread/ changed"),
        ("data/bash/new.csv", "data data/bash/*.csv changed"),
        ("data/optional.csv", "data data/optional.csv changed"),
        ("json.py", "code json.py changed"),
        ("data/globbed/h.csv", GLOBBED),
        ("data/new.csv", None),
        ("README.md", None),
        ("outputs/notes.txt", None),
        ("__pycache__/x.pyc", None),
    ],
)
def test_a_file_that_is_new_counts_where_the_run_looked(done, name, reason):
    """In a folder that it listed, for a pattern that it asked for, under a name that it tried."""
    root, _ = done
    path = root / name
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a\n1\n")
    assert (reason in why(root)) if reason else why(root) == []
    path.unlink()
    for folder in made:
        folder.rmdir()
    assert why(root) == []


def test_files_outside_of_the_project_and_missing_ones_count(done):
    """The first by its whole path; a file whose existence was asked for by its name in the code."""
    root, beside = done
    beside.write_text("a\n2\n")
    assert why(root) == [f"data {beside} changed"]
    beside.write_text("a\n1\n")
    (root / "data/default.csv").write_text("the default that the config replaces\n")
    assert why(root) == []
    (root / "data/switch.csv").unlink()
    assert why(root) == ["data data/switch.csv changed"]
    (root / "data/switch.csv").write_text(TEXTS["data/switch.csv"])
    assert why(root) == []


@pytest.mark.parametrize("name", ["RATE", "LEVEL"])
def test_an_environment_variable_that_was_read_makes_it_new(done, name, monkeypatch):
    """In a cell or in a module of the project; not one that the run sets, nor a secret."""
    root, _ = done
    monkeypatch.setenv(name, "0.2")
    assert why(root) == [f"environment variable ${name} changed"]
    monkeypatch.delenv(name)
    for other in ("OF_OURS", "API_TOKEN", "UNREAD"):
        monkeypatch.setenv(other, "0.2")
    assert why(root) == []


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import os\nos.environ['A_B']", {"$A_B"}),
        ("from os import environ, getenv\nenviron.get('A_B'), getenv('C', '1')", {"$A_B", "$C"}),
        ("'A_B' in os.environ", {"$A_B"}),
        ("name = 'A_B'\nos.getenv(name)", {"$A_B"}),
        ("name = 'A_B'\nif x: name = 'C_D'\nos.getenv(name)", {"$*"}),
        ("os.environ.setdefault('A_B', '1')", {"$A_B"}),
        ("for name in names: print(os.environ[name])", {"$*"}),
        ("os.getenv(f'{x}_URL')", {"$*"}),
        ("!echo $A_B ${C_DE}", {"$A_B", "$C_DE"}),
        ("%%bash\necho $A_B", {"$A_B"}),
        ("%env A_B", {"$A_B"}),
        ("%env A_B=1", set()),
        ("os.environ['A_B'] = '1'\ndel os.environ['A_B']", set()),
        ("os.environ['PGPASSWORD'], os.getenv('AWS_SECRET_ACCESS_KEY')", set()),
        ("subprocess.run('ls', env={**os.environ})", set()),
        ("settings.get('A_B')\nrow['A_B']", set()),
    ],
)
def test_variables_that_code_reads(code, names):
    assert variables_in(code) == names


def test_the_name_of_an_artifact_is_no_input():
    """`fourfold predict` writes predictions.csv too; what is saved may itself be read."""
    code = "ff.save('predictions.csv', pq.read_table('rows.parquet').to_pandas())"
    assert names_in(code, {}) == {"rows.parquet"}
    assert "predictions.csv" in names_in("pq.read_table('predictions.csv')", {})
