"""The command `promote`, and what a batch does with a promotion."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from small_mlflow import serving

from fourfold.models.champion import folder_of
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


@pytest.mark.commands
def test_a_name_goes_from_model_to_model(shop):
    """Promoted, used, replaced by a better one, back again; a stale one never."""
    root = shop.root
    done = call(root, "promote", "poor", "--as", "it", "--dry-run", "--json")
    assert done.returncode == 1  # nobody has approved; nothing is written
    said = json.loads(done.stdout)
    assert [check["check"] for check in said["checks"] if not check["passed"]] == ["approved"]
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
    done = call(root, "promote", "good", "--as", "it", "--approver", "Ada", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert (said["decision"], said["run"], said["approver"]) == ("promoted", "good/default", "Ada")
    back = call(root, "promote", "--rollback", "--as", "it", "--approver", "Ada", "--because", "x")
    assert back.stdout.startswith("it: rolled back good/default (")
    (root / "LICENSE").write_text("another")  # of the card, which is written by the record
    assert "nothing to do: 2 runs unchanged" in call(root, "run").stdout
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


def line(done):
    """What a command says of tracking."""
    lines = [each for each in done.stdout.splitlines() if each.startswith("tracking: ")]
    return lines[0].partition(" · ")[0] if lines else ""


@pytest.fixture
def tracked(shop):
    """The project with no champion yet, tracked by a server of this process."""
    gate = shop.root / "models/it.yaml"
    shutil.rmtree(shop.root / "models/it", ignore_errors=True)
    gate.write_text("rejected: null\n")
    shutil.rmtree(shop.outputs / ".track", ignore_errors=True)
    assert call(shop.root, "run").returncode == 0  # the test before has changed the data
    project = shop.root / "pyproject.toml"
    with serving() as mlflow:
        project.write_text(f"[tool.fourfold]\ntracking = '{mlflow.address}'\n")
        yield mlflow
    project.unlink()


@pytest.mark.commands
def test_the_registry_follows_the_champion(shop, tracked):
    """Its version points to the run and has its files; once each; a rollback moves the alias."""
    as_it = ("--as", "it", "--approver", "Ada")
    first = call(shop.root, "promote", "poor", *as_it)
    assert line(first) == "tracking: 1 run sent, it@champion is version 1"
    assert tracked.models["it"]["aliases"] == {"champion": "1"}
    (version,) = tracked.models["it"]["versions"]
    run = tracked.runs[version["run_id"]]
    assert run["tags"]["fourfold.config"] == "poor"
    at = version["source"].removeprefix("mlflow-artifacts:/")
    champion = folder_of(shop.root / "models/it.yaml")
    assert tracked.files[f"{at}/model.json"] == (champion / "model.json").read_bytes()
    assert line(call(shop.root, "promote", "poor", *as_it)) == "tracking: 1 there already"
    second = call(shop.root, "promote", "good", *as_it)
    assert "it@champion is version 2" in line(second), second.stdout + second.stderr
    back = call(shop.root, "promote", "--rollback", *as_it, "--because", "x")
    assert line(back) == "tracking: it@champion is version 1"
    assert tracked.models["it"]["aliases"] == {"champion": "1"}
    again = call(shop.root, "track")
    assert (again.returncode, "it@champion is version 1" in again.stdout) == (0, True)
    assert len(tracked.models["it"]["versions"]) == 2
    (shop.root / "models/it.yaml").write_text("rejected: null\n")  # as git revert leaves it
    assert line(call(shop.root, "run")) == "tracking: it: no champion"
    assert tracked.models["it"]["aliases"] == {}


@pytest.mark.parametrize(("status", "why"), [(500, "it answers 500"), (400, "SOME_ERROR: no")])
@pytest.mark.commands
def test_a_promotion_stands_without_the_registry(shop, tracked, status, why):
    """One line says why; the next command sets the alias, once more after a lost answer."""
    tracked.status, tracked.on = status, "registered-models|model-versions"
    done = call(shop.root, "promote", "poor", "--as", "it", "--approver", "Ada")
    assert (done.returncode, done.stdout.split(" (")[0]) == (0, "it: promoted poor/default")
    assert "the alias of it" in line(done)
    assert why in line(done)
    assert line(done).endswith("; the next command or fourfold track sends them")
    assert call(shop.root, "track").returncode == 1
    tracked.status, tracked.lose = 0, "model-versions/create"
    assert "it cannot be reached" in line(call(shop.root, "run"))
    tracked.lose = ""
    assert line(call(shop.root, "run")) == "tracking: it@champion is version 1"
    assert len(tracked.models["it"]["versions"]) == 1
