"""A batch that is tracked: the command, its one line, and what waits."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
from small_mlflow import serving

from fourfold.project import Project
from fourfold.track import follow
from fourfold.track.address import Tracking
from fourfold.track.follow import Tracker
from fourfold.track.spool import Spool
from served import COMMAND

pytestmark = pytest.mark.commands

SWEEP = "template: tiny\nbusiness: {question: q}\nsweep: {grid: {count: [2, 3]}}\n"


@pytest.fixture
def mlflow():
    with serving() as small:
        yield small


@pytest.fixture
def command(project, config):
    """Run a command of Fourfold in the project, tracked at an address."""
    config(SWEEP)

    def call(*arguments, address, code=0):
        (project / "pyproject.toml").write_text(
            f"[project]\nname = 'shop'\n[tool.fourfold]\ntracking = '{address}'\n"
        )
        env = {**os.environ, "PASSWORD": "hunter2"}
        done = subprocess.run([*COMMAND, *arguments], cwd=project, env=env,
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return call


def nobody():
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def line(text):
    return next((each for each in text.splitlines() if each.startswith("tracking: ")), "")


def test_a_batch_is_tracked_and_unchanged_runs_are_not_sent_again(command, mlflow, project):
    """Twice the same command is one run each; --force is another."""
    first = command("run", address=mlflow.address)
    assert line(first) == f"tracking: 2 runs sent · MLflow at {mlflow.address}"
    assert len(mlflow.of("count=2")) == 1
    assert mlflow.of("count=2")[0]["metrics"]["mean.low"] == -0.5
    asked = len(mlflow.asked)
    assert line(command("run", address=mlflow.address)) == ""
    assert len(mlflow.asked) == asked
    command("run", "--force", "--quiet", address=mlflow.address)
    assert (len(mlflow.of("count=2")), len(mlflow.of("a"))) == (2, 1)
    assert "2 there already" in command("track", address=mlflow.address)
    assert len(mlflow.runs) == 5


def test_a_server_that_is_away_fails_nothing_and_the_next_command_sends(command, mlflow, project):
    """One line says what waits; then it is sent by a command that has nothing to do."""
    away = nobody()
    text = command("run", address=away)
    assert "2 runs, 0 failed" in text
    assert line(text).startswith(
        "tracking: 2 waiting (it cannot be reached (Connection refused)); the next command"
    )
    assert line(command("track", address=away, code=1)).startswith("tracking: 2 waiting")
    events = command("run", "--json", address=away)
    assert line(events).startswith("tracking: 2 waiting")
    text = command("run", address=mlflow.address)
    assert "nothing to do" in text
    assert line(text) == f"tracking: 2 runs sent · MLflow at {mlflow.address}"
    assert len(mlflow.runs) == 3


def test_another_question_changes_the_run_that_is_there(command, mlflow, config):
    """Nothing is executed, and MLflow has one run."""
    command("run", address=mlflow.address)
    config(SWEEP.replace("question: q", "question: other, success: {mean: '< 0'}"))
    text = command("run", address=mlflow.address)
    assert "2 results kept" in text
    assert "2 runs sent" in line(text)
    (run,) = mlflow.of("count=2")
    assert (run["tags"]["question"], run["tags"]["claim.mean"][:12]) == ("other", "inconclusive")


def test_older_results_are_sent_when_they_are_asked_for(command, mlflow, config, project):
    """A batch sends what it executes; `track` sends all, and a failed run as failed."""
    command("run", address=nobody())
    for item in Spool(project / "outputs").waiting():  # as if tracking had been set up later
        item.remove()
    config(SWEEP + "parameters: {fail: true}\n", "b.yaml")
    command("run", "params/b.yaml", address=mlflow.address, code=1)
    assert {run["status"] for run in mlflow.of("count=2")} == {"FAILED"}
    assert "asked to fail" in mlflow.of("count=2")[0]["tags"]["fourfold.cause"]
    assert "2 runs sent, 2 there already" in command("track", address=mlflow.address)
    assert len(mlflow.runs) == 6


def test_no_secret_is_written_anywhere(command, mlflow, project):
    """Neither in what is printed nor in any file of the outputs."""
    address = mlflow.address.replace("://", "://me:${PASSWORD}@")
    text = command("run", address=address) + command(
        "run", "--force", address=nobody().replace("://", "://me:${PASSWORD}@")
    )
    files = [path for path in (project / "outputs").rglob("*") if path.is_file()]
    assert "***@" in text
    assert "hunter2" not in text
    assert not [path for path in files if b"hunter2" in path.read_bytes()]
    assert mlflow.headers[0]["Authorization"].startswith("Basic ")


def test_a_wrong_address_stops_before_a_kernel_starts(command, project):
    """In `plan`, `run` and `track` alike."""
    for name in ("plan", "run", "track"):
        text = command(name, address="postgres://me:hunter2@host/db", code=2)
        assert "pyproject.toml:4:1 tool.fourfold.tracking: expected" in text.replace("\n", "")
        assert "hunter2" not in text
    assert not (project / "outputs").exists()


def test_track_without_an_address_says_where_it_belongs(command, project):
    """Nothing is guessed."""
    command("plan", address="http://host")
    (project / "pyproject.toml").unlink()
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    done = subprocess.run(
        [sys.executable, "-m", "fourfold", "track"],
        cwd=project,
        capture_output=True,
        text=True,
        env=env,
    )
    assert (done.returncode, "track: expected tracking below [tool.fourfold]" in done.stderr) == (
        2,
        True,
    )


def test_a_server_that_never_answers_holds_nothing_up(command, project):
    """It takes the connection, and is silent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = command("run", address=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert line(text).startswith("tracking: 2 waiting (it took too long)")
    assert (
        json.loads((project / "outputs" / "a" / "count=2" / "record.json").read_text())["status"]
        == "ok"
    )


def test_a_sender_is_waited_for_while_it_is_answered(command, mlflow, project, monkeypatch):
    """One result takes longer than a silence may: each answer counts, and the imports do not."""
    command("run", address=nobody())
    monkeypatch.setattr(follow, "_STILL_S", 1.0)
    mlflow.pause_s = 0.25
    tracker = Tracker(Project(project, project / "outputs"), Tracking(mlflow.address, "shop"))
    assert tracker.close()[0].startswith("tracking: 2 runs sent")


def test_a_spool_that_cannot_be_written_fails_nothing(command, mlflow, project):
    """The line says why; `track` finds the results."""
    (project / "outputs").mkdir()
    (project / "outputs" / ".track").write_text("a file")
    text = command("run", address=mlflow.address)
    assert "tracking: the spool cannot be written (" in line(text)
    (project / "outputs" / ".track").unlink()
    assert "2 runs sent" in command("track", address=mlflow.address)
    assert Spool(project / "outputs").waiting() == []
