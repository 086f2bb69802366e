"""The command that gets a summary of each batch."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from fourfold.cli.main import app, main

INTO_FILE = "cat > summary.json"


def on_end(project, command: object) -> None:
    text = f"[tool.fourfold]\non_end = {json.dumps(command)}\n"
    (project / "pyproject.toml").write_text(text)


def fourfold(project, *arguments):
    return CliRunner().invoke(app, ["run", "--root", str(project), *arguments])


def summary(project) -> dict:
    return json.loads((project / "summary.json").read_text())


def test_it_gets_what_turned_and_what_failed(project, config):
    """After a good batch, one without anything to do, and a failed one."""
    on_end(project, INTO_FILE)
    config("template: tiny\n")
    assert fourfold(project).exit_code == 0
    assert summary(project)["counts"]["ok"] == 1
    assert summary(project)["text"] == f"{project.name}: 1 ok"
    assert fourfold(project).exit_code == 0
    said = summary(project)
    assert (said["counts"]["ok"], said["counts"]["unchanged"]) == (0, 1)
    assert said["text"] == f"{project.name}: 1 unchanged"
    config("template: tiny\nparameters: {fail: true}\n")
    assert fourfold(project).exit_code == 1
    said = summary(project)
    assert said["exit_code"] == 1
    assert said["turned"] == [
        {"run": "a/default", "what": "ok → failed: ValueError: asked to fail"}
    ]
    (bad,) = said["not_ok"]
    assert (bad["status"], bad["cause"]) == ("failed", "ValueError: asked to fail")
    assert said["page"] == str(project / "outputs" / "index.html")
    lines = said["text"].split("\n")
    assert lines == [
        f"{project.name}: 1 failed",
        "a/default: ok → failed: ValueError: asked to fail",
    ]


def test_it_is_told_why_a_batch_ended_early(project, config):
    """As by a limit of time."""
    on_end(project, INTO_FILE)
    config("template: tiny\nsweep: {grid: {seed: [1, 2, 3]}}\n")
    done = fourfold(project, "--workers", "1", "--max-time", "0.001s")
    assert done.exit_code == 130
    said = summary(project)
    assert (said["exit_code"], said["stopped"]) == (130, "max_time")
    assert said["counts"]["not_started"] + said["counts"]["ok"] == 3
    assert said["counts"]["not_started"] > 0
    assert "ended early (max_time)" in said["text"]


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("echo gone >&2; exit 3", "exit code 3: gone"),
        ("no-such-command-there-is", "exit code 127: "),
        ("kill -9 $$", "exit code -9"),
        ("exec 0<&-; true", ""),
    ],
)
def test_its_failure_is_one_line_and_nothing_else(project, config, command, problem):
    """The exit code and the results are those of the batch."""
    on_end(project, command)
    config("template: tiny\n")
    done = fourfold(project)
    assert done.exit_code == 0
    assert (project / "outputs" / "a" / "default" / "record.json").exists()
    lines = [line for line in done.output.split("\n") if line.startswith("on_end:")]
    assert len(lines) == bool(problem)
    assert not problem or f"on_end: {problem}" in lines[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.fourfold]\non_end = 3\n", "expected a command as text, got 3"),
        ("[tool.fourfold]\non_end = ['a', 'b']\n", "expected a command as text, got ['a', 'b']"),
        ("[tool.fourfold\n", "pyproject.toml:1:15 tool.fourfold: not TOML: "),
        ("[tool]\nfourfold = 3\n", "pyproject.toml:1:1 tool.fourfold: expected a table, got 3"),
        ("[tool.fourfold]\nonend = 'a'\n", "pyproject.toml:2:1 tool.fourfold.onend: unknown key"),
    ],
)
def test_a_wrong_one_is_refused_before_anything_runs(
    project, config, text, expected, monkeypatch, capsys
):
    """Or nobody would hear of the night."""
    (project / "pyproject.toml").write_text(text)
    config("template: tiny\n")
    monkeypatch.setattr("sys.argv", ["fourfold", "run", "--root", str(project)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert expected in capsys.readouterr().err
    assert not (project / "outputs" / "a").exists()
