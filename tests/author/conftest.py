"""JupyterLab as `fourfold edit` starts it, for a project in a temporary folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol


class Session:
    """A server: its address, and how it is ended."""

    def __init__(self, words: tuple[str, ...], project: Path) -> None:
        environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(project / "jupyter")}
        environment.pop("JUPYTER_TOKEN", None)
        (project / "jupyter").mkdir(exist_ok=True)
        settings = {"LabApp": {"expose_app_in_browser": True}}  # tests call commands by name
        (project / "jupyter" / "jupyter_lab_config.json").write_text(json.dumps(settings))
        self.log = (project / "jupyter.log").open("w")
        call = [sys.executable, "-m", "fourfold", "edit", *words, "--no-browser"]
        self.process = subprocess.Popen(
            call, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.said: list[str] = []
        for line in self.process.stdout:
            self.said.append(line.strip())
            if line.startswith("open "):
                break
        assert line.startswith("open "), (project / "jupyter.log").read_text()
        self.address = self.said[-1].removeprefix("open").strip()

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:  # Jupyter waits for a kernel that is about to start
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


@pytest.fixture
def edit_session(project: Path) -> Iterator[Callable[..., Session]]:
    """Start ``fourfold edit`` with words; each session is ended at the end."""
    sessions: list[Session] = []

    def start(*words: str) -> Session:
        sessions.append(Session(words, project))
        return sessions[-1]

    yield start
    for session in sessions:
        if session.process.poll() is None:
            session.end()


@pytest.fixture
def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Give a test of JupyterLab in a browser a second try, and say so: two of thirty needed it."""
    if item.get_closest_marker("editing") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if any(report.failed for report in reports):
        first = next(report for report in reports if report.failed)
        print(f"\n{item.nodeid} is tried again; the first time:\n{first.longreprtext[-3000:]}")
        item._initrequest()  # type: ignore[attr-defined]
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
