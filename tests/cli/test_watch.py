"""A watch as its user has it: in a browser, with files that are saved, and ended by a signal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from fourfold.records.record import read_record
from served import COMMAND, ITSELF
from tiny_project import CELLS, WAITING, make_notebook, until

pytestmark = pytest.mark.commands

CONFIG = "template: tiny\nparameters: {{scale: {}, mode: {}}}\n"


@pytest.fixture
def watched(project, config):
    """A project whose template imports a module, is longer than a screen, and may take long."""
    cells = [
        *CELLS[:5],
        ("code", "ingest-helper", "from helper import FACTOR\nscale = scale * FACTOR"),
        ("code", "ingest-again", "values = [scale * n for n in range(count)]"),
        ("markdown", "long", "\n\n".join(f"Line {n}." for n in range(120))),
        ("code", "ingest-wait", WAITING),
        *CELLS[5:],
    ]
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    (project / "helper.py").write_text("FACTOR = 1\n")
    config(CONFIG.format(1.0, "plain"))
    return project


@contextmanager
def watching(project: Path, *options: str, command=COMMAND, env=None):
    """A watch, its log, and the address that it prints first."""
    log = project.with_name(f"{project.name}.log")
    call = [*command, "watch", *options, "--no-browser"]
    with log.open("w") as file:
        process = subprocess.Popen(
            call,
            cwd=project,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
    try:
        until(lambda: "(Ctrl-C" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process, log, log.read_text().split("http:")[1].split()[0]
    finally:
        process.terminate()  # a kill would only reach the program that passes signals on
        process.wait(300)


def test_the_page_follows_what_is_saved(watched, browser):
    """Config, template and module show at once; mistakes as a banner; the reader stays in place."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    config, helper = watched / "params" / "a.yaml", watched / "helper.py"
    with watching(watched, "params/a.yaml") as (process, log, address):
        address = f"http:{address}"
        assert address.endswith("/a/default/report.html")
        page.goto(address)
        answer, banner = page.locator(".answer"), page.locator(".watch:not(.calm)")

        def shows(mean):
            page.locator(".answer", has_text=f"The mean is {mean:.2f}").wait_for()

        shows(2)
        fold = page.locator("#result details").first
        fold.locator("summary").click()
        page.locator("button.codes").click()
        page.evaluate("scrollTo(0, 1500)")
        config.write_text(CONFIG.format(2.0, "plain"))
        shows(4)
        until(lambda: page.evaluate("scrollY === 1500 && document.readyState === 'complete'"))
        assert fold.evaluate("each => each.open")
        assert page.locator("button.codes").inner_text() == "Hide code"

        config.write_text("template: tiny\nparameters: {scale: big}\n")
        banner.wait_for()
        text = banner.inner_text()
        assert "params/a.yaml:2:14 parameters.scale" in text
        assert "'big'" in text
        assert "The mean is 4.00" in answer.inner_text()  # the last good result, below
        assert "params/a.yaml:2:14 parameters.scale" in log.read_text()
        os.rename(config, f"{config}~")  # as editors do it
        config.write_text(CONFIG.format(2.0, "plain"))
        banner.wait_for(state="hidden")

        (watched / "notes.txt").write_text("nothing reads this")
        runs = log.read_text().count("1/1 ok")
        helper.write_text("FACTOR = 3\n")
        shows(12)
        assert "code helper.py changed" in log.read_text()
        assert log.read_text().count("1/1 ok") == runs + 1
        helper.write_text("FACTOR = nothing\n")  # a run that fails, mended in what it has read
        page.locator("p.error", has_text="NameError").wait_for()
        helper.write_text("FACTOR = 4\n")
        shows(16)

        # A save while cells run: the old run ends, and the newest state is executed.
        config.write_text(CONFIG.format(5.0, "fancy"))
        until((watched / "outputs" / "ready").exists)
        beside = subprocess.run([*COMMAND, "run"], cwd=watched, capture_output=True, text=True)
        assert beside.returncode == 2
        assert "in use by another run" in beside.stderr
        assert len(beside.stderr.strip().splitlines()) == 1
        assert read_record(watched / "outputs/a/default/record.json").parameters["scale"] == 2.0
        config.write_text(CONFIG.format(6.0, "plain"))
        shows(48)

        def unchanged():
            done = subprocess.run([*COMMAND, "run"], cwd=watched, capture_output=True, text=True)
            assert "in use by another run" in done.stderr or done.returncode == 0
            return "nothing to do: 1 run unchanged" in done.stdout

        until(unchanged)
        # Files on disk say nothing of a watch.
        written = (watched / "outputs/a/default/report.html").read_text()
        assert "EventSource" not in written
        assert "connect-src" not in written
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0
        assert log.read_text().endswith("ended\n")
    context.close()
    of_network = ("Failed to load resource",)  # no icon; and at its end the server is gone
    assert [text for text in wrong if not text.startswith(of_network)] == []


def test_a_folder_takes_up_what_comes_and_keeps_the_view(watched, config, browser):
    """The page of all runs keeps its filters; configs come and go, and only they are run."""
    config(CONFIG.format(2.0, "plain"), "b.yaml")
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    page = context.new_page()
    page.set_default_timeout(120_000)
    with watching(watched, "params") as (process, log, address):
        until(lambda: "2/2 ok" in log.read_text())
        page.goto(f"http:{address}#view=table&q=b%2F")
        page.locator("#shown", has_text="1 of 2").wait_for()
        config(CONFIG.format(3.0, "plain"), "b2.yaml")
        page.locator("#shown", has_text="of 3").wait_for()
        assert page.locator("#q").input_value() == "b/"
        assert log.read_text().count("b2/default: not run yet") == 1
        assert log.read_text().count("a/default: ") == 1
        (watched / "params" / "b2.yaml").unlink()
        config(CONFIG.format(4.0, "plain"), "b.yaml")
        until(lambda: "parameter scale: 2.0 -> 4.0" in log.read_text())
        until(lambda: log.read_text().count("1/1 ok") == 2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 0
    context.close()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_nothing_stays_of_a_watch_that_is_ended_while_cells_run(watched, config, tmp_path, signum):
    """No kernel, zygote, socket or temporary file; the earlier result stays."""
    temporary = Path(tempfile.mkdtemp(prefix="w"))
    config(CONFIG.format(1.0, "fancy"))
    env = {"TMPDIR": str(temporary)}
    with watching(watched, "params/a.yaml", command=ITSELF, env=env) as (process, log, address):
        until((watched / "outputs" / "ready").exists)
        started = psutil.Process(process.pid).children(recursive=True)
        kept = {path.name for path in temporary.iterdir()}
        assert started
        assert kept
        process.send_signal(signum)
        assert process.wait(300) == 0, log.read_text()
        _gone, alive = psutil.wait_procs(started, timeout=60)
        assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
        assert list(temporary.iterdir()) == []
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", urlsplit(f"http:{address}").port))
        assert read_record(watched / "outputs/a/default/record.json").status == "cancelled"
        assert not list((watched / "outputs").glob(".*.partial"))
    temporary.rmdir()
