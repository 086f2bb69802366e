"""The command `promote`, and what a batch does with a promotion."""

from __future__ import annotations

import json
import subprocess

import pytest

from fourfold.project import Project
from served import COMMAND
from tiny_project import make_notebook

CELLS = [
    ("markdown", "title", "# Kept"),
    (
        "code",
        "parameters",
        '# parameters\nquestion: str = "Is it so?"  # q\ndecision: str = "d"  # d\n'
        'success: dict[str, str] = {"gain": "> 0"}  # s\ndata: str = "rows.csv"  # data\n'
        'target: str = "y"  # t\nused: list[str] = ["x"]  # columns\nseed: int = 0  # seed, 0..\n',
    ),
    ("code", "setup", "import fourfold as ff\nfrom sklearn.linear_model import LogisticRegression"),
    ("markdown", "ingest", "## 1. Ingest"),
    ("code", "load", "rows = ff.ingest(data)"),
    ("markdown", "eda", "## 2. EDA"),
    ("markdown", "modeling", "## 3. Modeling"),
    (
        "code",
        "fit",
        "chosen = ff.columns.select(rows[used], [])\ngoal = rows['y'].map(['a', 'b'].index)\n"
        "model = ff.supervised.pipelines({'m': LogisticRegression()}, chosen.frame, 'classification')['m']\n"
        "model.fit(chosen.frame[:200], goal[:200])\nff.record('gain', 0.2, ci=(0.1, 0.3))",
    ),
    ("markdown", "end", "## 4. Conclusions"),
    (
        "code",
        "keep",
        "ff.conclude('Yes.', success=success, question=question, decision=decision, limits=['Few.'])\n"
        "ff.keep_model(model, chosen, (chosen.frame[200:], goal[200:]), name='m', target='y', classes=['a', 'b'], threshold=0.5)",
    ),
]
CONFIG = """template: kept
business: {question: Is it so?, decision: whom to ask, success: {gain: "> 0"}}
parameters: {used: [%s]}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A project with two models, one better than the other, and a promotion of the better."""
    import numpy as np
    import pandas as pd

    root = tmp_path_factory.mktemp("shop")
    for name in ("templates", "params", "models"):
        (root / name).mkdir()
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(500, 2)), columns=["x", "z"])
    rows["y"] = np.where(rows["z"] + 0.3 * rng.normal(size=500) > 0, "b", "a")
    rows.to_csv(root / "rows.csv", index=False)
    (root / "LICENSE").write_text("mine")
    (root / "templates/kept.ipynb").write_text(json.dumps(make_notebook(CELLS)))
    (root / "params/poor.yaml").write_text(CONFIG % "x")
    (root / "params/good.yaml").write_text(CONFIG % "x, z")
    (root / "models/it.yaml").write_text("rejected: null\n")
    assert call(root, "run").returncode == 0
    return Project(root, root / "outputs")


def call(root, *words):
    done = subprocess.run([*COMMAND, *words], cwd=root, capture_output=True, text=True)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def test_a_name_goes_from_model_to_model(shop):
    """Promoted, used, replaced by a better one, back again; a stale one never."""
    root = shop.root
    done = call(root, "promote", "poor", "--as", "it", "--dry-run")
    assert done.returncode == 1  # nobody has approved; nothing is written
    assert (root / "models/it.yaml").read_text() == "rejected: null\n"
    done = call(root, "promote", "poor", "--as", "it", "--approver", "Ada")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("it: promoted poor/default (")
    again = call(root, "promote", "poor", "--as", "it", "--approver", "Ada")
    assert (again.returncode, "is the champion already" in again.stdout) == (0, True)
    assert "500 rows predicted" in call(root, "predict", "it", "rows.csv").stdout
    (root / "params/good.yaml").write_text((CONFIG % "x, z") + "# harmless\n")
    (root / "params/poor.yaml").write_text(CONFIG % "z")
    stale = call(root, "promote", "poor", "--as", "it", "--approver", "Ada")
    assert "is the champion already" in stale.stdout
    (root / "params/poor.yaml").write_text(CONFIG % "x")
    done = call(root, "promote", "good", "--as", "it", "--approver", "Ada")
    assert done.returncode == 0, done.stdout + done.stderr
    back = call(root, "promote", "--rollback", "--as", "it", "--approver", "Ada", "--because", "x")
    assert back.stdout.startswith("it: rolled back good/default (")
    (root / "rows.csv").write_text((root / "rows.csv").read_text() + "0.1,0.2,a\n")
    stale = call(root, "promote", "good", "--as", "it", "--approver", "Ada")
    assert stale.returncode == 1
    assert "data rows.csv changed" in stale.stdout
    assert " not rolled back " in stale.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--as", "it"], "promote: expected a RUN that has kept a model, got none"),
        (["goood", "--as", "it"], "goood: expected a run that has kept a model, found none. Did"),
        (["good", "--as", "it", "--rollback"], "--rollback: expected no RUN, got 'good'"),
        (["good", "--as", "../it"], "expected letters, digits, -, _ and ., got '../it'"),
    ],
)
def test_a_mistake_is_one_line(shop, words, message):
    """And exit code 2."""
    done = call(shop.root, "promote", *words)
    assert done.returncode == 2
    assert message in done.stderr
