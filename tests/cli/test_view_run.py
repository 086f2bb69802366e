"""Forms as their user has them: filled in, mended and run in a browser; and ended by a signal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import psutil
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from fourfold.author.form import version
from fourfold.records.record import read_record
from served import COMMAND, ITSELF
from tiny_project import CELLS, WAITING, make_notebook, until

pytestmark = pytest.mark.commands
CONFIG = """\
template: tiny
business:
  question: Is it so?
  success: {mean: ">= 0"}
parameters:
  scale: 1.0  # as agreed with Ada
  mode: plain
"""
QUERY = {"config": "params/a.yaml"}


@contextmanager
def serving(project: Path, *options: str, command=COMMAND, env=None):
    """`fourfold view --run`: its process, its log and the address that it prints."""
    log = project.with_name(f"{project.name}.log")
    call = [*command, "view", "--run", "--no-browser", *options]
    with log.open("w") as file:
        process = subprocess.Popen(
            call, cwd=project, stdout=file, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}
        )  # fmt: skip
    try:
        until(lambda: "(Ctrl-C" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield process, log, log.read_text().split()[0]
    finally:
        process.terminate()
        process.wait(300)


def barriers(page):
    """What axe-core finds wrong, in both colours, and whether anything is cut at three widths."""
    wrong = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        violations = Axe().run(page).response["violations"]
        wrong += [(scheme, each["id"], each["nodes"][0]["html"]) for each in violations]
    for width in (800, 390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        wrong += [(width, wide)] if wide > 0 else []
    return wrong


def test_a_form_is_filled_in_mended_run_and_run_again(project, config, browser):
    """By keyboard; the mistake stands at its field; the file is as a person would have written it.

    Then another value of the same run, both reports side by side; a file that was changed on disk;
    and what is not saved when the server is gone.
    """
    path = config(CONFIG)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, wrong = context.new_page(), []
    page.set_default_timeout(30_000)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    with serving(project) as (process, _, address):
        page.goto(address)
        assert barriers(page) == []
        page.get_by_role("link", name="Is it so?").click()
        count, run = page.get_by_label("Count"), page.get_by_role("button", name="Run", exact=True)
        count.fill("500")
        page.get_by_label("Scale").fill("3")
        page.get_by_label("Scale").press("Enter")
        error = page.locator("p.error", has_text="expected int in 1..100, got 500")
        error.wait_for()
        expect(count).to_be_focused()
        assert count.get_attribute("aria-invalid") == "true"
        assert error.get_attribute("id") in count.get_attribute("aria-describedby").split()
        assert "1 mistake; nothing was saved." in page.get_by_role("alert").inner_text()
        assert barriers(page) == []
        assert path.read_text() == CONFIG
        page.reload()  # what was entered is not lost
        expect(count).to_have_value("500")
        count.fill("3")
        expect(error).to_be_hidden()
        count.press("Enter")
        page.wait_for_url("**/a/default/report.html")
        assert "The mean is 3.00" in page.locator(".answer").inner_text()
        mended = CONFIG.replace("1.0", "3") + "  count: 3\n"
        assert path.read_text() == mended
        page.go_back()
        expect(page.get_by_label("Scale")).to_have_value("3")
        expect(page.locator("#status")).to_have_text("Last run: supported")
        run.click()  # once more, unchanged
        page.wait_for_url("**/a/default/report.html")

        page.get_by_role("link", name="Run again with one value changed").click()
        page.get_by_label("Mode").select_option("fancy")
        page.get_by_label("Success, condition 1").fill(">= 9")
        run.click()
        page.wait_for_url("**/beside**")
        assert (project / "params/a-2.yaml").read_text() == (
            'extends: a.yaml\nbusiness:\n  success: {mean: ">= 9"}\nparameters:\n  mode: fancy\n'
        )
        rows = page.locator("tbody tr").all_inner_texts()
        assert [" ".join(row.split()) for row in rows[:2]] == [
            "result supported refuted",
            "mode plain fancy",
        ]
        for name in ("a/default", "a-2/default"):
            frame = page.frame_locator(f"iframe[title='Report of {name}']")
            expect(frame.locator(".answer")).to_contain_text("The mean is 3.00")
        assert barriers(page) == []

        page.goto(f"{address}config?config=params%2Fa.yaml")
        path.write_text(mended.replace("mode: plain", "mode: fancy  # by Ada"))
        count.fill("4")
        page.get_by_role("button", name="Save", exact=True).click()
        said = page.get_by_role("alert")
        said.get_by_text("Mode: plain when this form was opened, fancy on disk now").wait_for()
        assert "count: 3" in path.read_text()
        assert barriers(page) == []
        said.get_by_role("button", name="Keep my changes").click()
        page.get_by_text("Saved in params/a.yaml.").wait_for()
        assert path.read_text().endswith("mode: fancy  # by Ada\n  count: 4\n")
        page.get_by_role("button", name="Undo the last save").click()
        expect(count).to_have_value("3")
        assert path.read_text().endswith("mode: fancy  # by Ada\n  count: 3\n")
        count.fill("5")
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_role("alert").get_by_text("Fourfold has ended").wait_for()
        expect(count).to_have_value("5")
    context.close()
    usual = ("Failed to load resource", "net::")
    assert [text for text in wrong if not text.startswith(usual)] == []


def post(address: str, action: str, body: object, **headers: str):
    """Ask as a form does; return status and answer."""
    origin = "http://" + urlsplit(address).netloc
    own = {"Content-Type": "application/json", "Origin": origin} | headers
    try:
        with urlopen(Request(address + action, json.dumps(body).encode(), own)) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, None


def test_one_lock_with_the_command_line_and_nothing_stays(project, config):
    """A run of a form holds the outputs, and waits for others; hostile posts change nothing."""
    cells = [*CELLS[:5], ("code", "ingest-wait", WAITING), *CELLS[5:]]
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    path, slow = config(CONFIG), CONFIG.replace("plain", "fancy")
    config(slow, "b.yaml")
    temporary = Path(tempfile.mkdtemp(prefix="f"))
    ready, record = project / "outputs" / "ready", project / "outputs/a/default/record.json"
    env = {"TMPDIR": str(temporary)}
    with serving(project, command=ITSELF, env=env) as (process, log, address):
        # Another command is first: the form waits, and can be stopped.
        other = subprocess.Popen(
            [*COMMAND, "run", "params/b.yaml"], cwd=project, stderr=subprocess.PIPE
        )
        until(ready.exists)
        body = {"open": QUERY, "entries": {"parameters.count": "7"}, "run": True}
        body["version"] = version(path.read_text())
        assert post(address, "save", body)[0] == 200
        events = urlopen(f"{address}events?config=params%2Fa.yaml")
        until(lambda: "in use by another run" in str(next(lines(events))))
        until(lambda: other.poll() is not None or other.send_signal(signal.SIGINT))
        other.stderr.close()
        until(lambda: json.loads(next(lines(events)))["state"] == "ended")
        assert read_record(record).parameters["count"] == 7

        # Without the token, or from elsewhere, nothing happens.
        body = {"open": QUERY, "entries": {"parameters.mode": "fancy"}, "run": True}
        body["version"] = version(before := path.read_text())
        token = urlsplit(address).path.split("/")[1]
        assert post(address.replace(token, "x" * len(token)), "save", body)[0] == 403
        assert post(address, "save", body, Origin="http://attacker.example")[0] == 403
        assert post(address, "save", body, Host="attacker.example")[0] == 421
        assert path.read_text() == before
        ready.unlink()
        assert post(address, "save", body)[0] == 200

        # The other way round, and then Ctrl-C while cells run.
        until(ready.exists)
        beside = subprocess.run([*COMMAND, "run"], cwd=project, capture_output=True, text=True)
        assert (beside.returncode, "in use by another run" in beside.stderr) == (2, True)
        started = psutil.Process(process.pid).children(recursive=True)
        assert started
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0, log.read_text()
        assert log.read_text().endswith("ended\n")
        _gone, alive = psutil.wait_procs(started, timeout=60)
        assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []
        assert list(temporary.iterdir()) == []
        with pytest.raises((OSError, URLError)):
            socket.create_connection(("127.0.0.1", urlsplit(address).port)).close()
        assert read_record(record).parameters["mode"] == "plain"  # the earlier result stays
        events.close()
    temporary.rmdir()


def lines(events):
    """Yield what a page is told."""
    while line := events.readline():
        if line.startswith(b"data: ") and line.strip() != b"data:":
            yield line[6:].decode()
