"""JupyterLab in a browser, as somebody who edits a template sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from fourfold.author import lab as lab_extension
from fourfold.records.ipynb import text

pytestmark = pytest.mark.editing
PATIENCE = 30_000


class Lab:
    """A page of JupyterLab with one notebook in front."""

    def __init__(self, page, address, project):
        self.page, self.project = page, project
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-cell")

    def run_all(self):
        """Run all cells, once there is a kernel: without one JupyterLab does nothing."""
        self.idle()
        self.run("notebook:run-all-cells")

    def idle(self):
        self.page.locator("#jp-bottom-panel", has_text="| Idle").first.wait_for()

    def run(self, command, **arguments):
        """Execute a command of the application, as its menus do."""
        self.page.wait_for_function("c => window.jupyterapp?.commands.hasCommand(c)", arg=command)
        call = "([c, a]) => { (window.jupyterapp).commands.execute(c, a) }"
        self.page.evaluate(call, [command, arguments])

    def cell(self, has):
        panel = self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        return panel.locator(".jp-Cell", has_text=has)

    def type(self, has, words):
        self.cell(has).locator(".cm-content").first.click()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.type(words)

    def name(self, command, path):
        """Answer the dialog of a command with a path, and wait for the tab of that name."""
        self.run(command)
        self.page.locator(".jp-Dialog input").fill(path)
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        tab = self.page.locator("#jp-main-dock-panel .lm-TabBar-tabLabel", has_text=Path(path).name)
        tab.first.wait_for()
        # Save As closes the former panel after that; what is typed into it goes with it.
        front = "window.jupyterapp.shell.currentWidget.context.path"
        self.until(lambda: Path(self.page.evaluate(front)).name == Path(path).name)

    def save(self):
        self.page.keyboard.press("Control+s")

    def saved(self):
        """Save until the page knows it: a kernel that has just begun changes the notebook as well.

        With edits, Lab would ask before it closes what is in front.
        """

        def holds():
            if not self.page.evaluate("window.jupyterapp.shell.currentWidget.content.model.dirty"):
                return True
            self.save()
            self.page.wait_for_timeout(1000)
            return False

        self.until(holds)

    def told(self, words):
        self.page.locator(".Toastify__toast", has_text=words).first.wait_for()

    def quiet(self):
        """No notification of ours stands any more."""
        self.until(
            lambda: not self.page.locator(".Toastify__toast", has_text="templates/tiny").count()
        )

    def press(self, label):
        self.page.locator(".Toastify__toast button", has_text=label).first.click()

    def until(self, holds, seconds=PATIENCE / 1000):
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end
            self.page.wait_for_timeout(100)

    def shows(self, words):
        """The notebook in front has the words, on screen or not."""
        model = "JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.toJSON())"
        self.until(lambda: words in self.page.evaluate(model))

    def template(self, name="tiny"):
        return json.loads((self.project / "templates" / f"{name}.ipynb").read_text())

    def has(self, words, name="tiny"):
        def holds():
            with suppress(ValueError):  # Jupyter is writing it
                return any(words in text(cell) for cell in self.template(name)["cells"])
            return False

        self.until(holds)

    def picture(self, name):
        self.page.screenshot(path=self.project / f"{name}.png")


@pytest.fixture
def open_lab(browser, project):
    """Open an address in a context of its own; an error of the page fails the test."""
    contexts, wrong = [], []

    def start(address, context=None):
        if context is None:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        return Lab(page, address, project)

    yield start
    for context in contexts:
        context.close()
    gone = ("Kernel is dead", "Failed to fetch")  # of a page whose server has ended
    assert [each for each in wrong if each not in gone] == []


@pytest.fixture
def lab(edit_session, config, open_lab):
    """The tiny template with a config's parameters."""
    config("template: tiny\nparameters: {scale: 3.0}\n")
    return open_lab(edit_session("params/a.yaml").address)


def test_run_all_change_and_save(lab):
    """The outputs are there, the template has the edit and nothing else."""
    before = lab.template()
    lab.run_all()
    lab.cell("'values')").locator(".jp-OutputArea-output", has_text="5 values").wait_for()
    lab.cell("ff.conclude(").locator(
        ".jp-OutputArea-output", has_text="The mean is 6.00"
    ).wait_for()
    lab.type("print(len(values), 'values')", "\nprint(1)")
    lab.saved()
    lab.has("print(1)")
    after = lab.template()
    changed = [
        new["id"] for old, new in zip(before["cells"], after["cells"], strict=True) if old != new
    ]
    assert changed == ["eda-look"]
    assert not any(cell.get("outputs") for cell in after["cells"])
    lab.run("kernelmenu:restart")
    lab.page.locator(".jp-Dialog button", has_text="Restart").click()
    lab.run_all()
    lab.cell("print(1)").locator(".jp-OutputArea-output", has_text="1").first.wait_for()
    lab.type("print(1)", "\nprint(2)")
    lab.saved()
    lab.has("print(2)")
    lab.picture("run")


def test_half_typed_code_waits_in_the_copy(lab):
    """With a word in the page, that goes when the code parses; so do mistakes and lost parameters."""
    lab.type("values = [scale", "\nx = (")
    lab.save()
    lab.told("keeps its last version that parses: cell 5, line 2")
    lab.picture("half-typed")
    assert "x = (" not in json.dumps(lab.template())
    lab.type("values = [scale", "1)")
    lab.saved()
    lab.has("x = (1)")
    lab.quiet()
    lab.type(
        "values = [scale", "\np = '/ho" + "me/ada/x'"
    )  # two parts, no machine path of this file
    lab.save()
    lab.told("path: expected no path of one machine")
    lab.page.keyboard.press("Control+z")
    lab.type("scale = 3.0", "\nscale = 5.0")
    lab.save()
    lab.told("the cell with the parameters of params/a.yaml was edited: scale = 5.0")


def test_what_is_typed_during_a_save_is_not_called_saved(lab):
    """Lab would: its answer of the save before says so, and nothing saves it until the next key."""

    answers = []

    def hold_back(route):
        if route.request.method == "PUT":
            answers.append((route, route.fetch()))
        else:
            route.continue_()

    lab.idle()
    lab.saved()
    lab.type("values = [scale", "\nx = 1")
    lab.page.route("**/api/contents/**", hold_back)
    lab.save()
    lab.until(lambda: answers)
    lab.has("x = 1")  # it is written; the page does not know that yet
    lab.page.keyboard.type("2")
    for route, answer in answers:
        route.fulfill(response=answer)
    lab.page.unroute_all()
    lab.page.wait_for_timeout(1000)
    assert lab.page.evaluate("window.jupyterapp.shell.currentWidget.content.model.dirty")
    lab.saved()
    lab.has("x = 12")


def test_autosave_does_the_same(edit_session, config, open_lab, project):
    """Without a key pressed: what parses is published, what does not waits."""
    folder = project / "jupyter" / "lab" / "user-settings" / "@jupyterlab" / "docmanager-extension"
    folder.mkdir(parents=True)
    (folder / "plugin.jupyterlab-settings").write_text('{"autosaveInterval": 1}')
    config("template: tiny\nparameters: {scale: 3.0}\n")
    lab = open_lab(edit_session("params/a.yaml").address)
    lab.type("values = [scale", "\nx = (")
    lab.told("keeps its last version that parses")
    lab.type("values = [scale", "7)")
    lab.has("x = (7)")


def test_a_renamed_copy_and_save_as_go_on(lab):
    """Both reach the template; the name that was left is refused with a word."""
    lab.name("docmanager:rename", "renamed.ipynb")
    lab.type("values = [scale", "\nx = 1")
    lab.saved()
    lab.has("x = 1")
    lab.saved()
    lab.name("docmanager:save-as", "outputs/edit/second.ipynb")
    lab.type("values = [scale", "\nx = 2")
    lab.saved()
    lab.has("x = 2")
    lab.saved()
    lab.run("docmanager:open", path="outputs/edit/renamed.ipynb")
    lab.page.locator(
        "#jp-main-dock-panel .lm-mod-current .lm-TabBar-tabLabel", has_text="renamed.ipynb"
    ).first.wait_for()
    lab.cell("values = [scale").first.wait_for()
    lab.type("values = [scale", "\nx = 3")
    lab.save()
    lab.told("it takes its edits from second.ipynb alone")
    assert "x = 3" not in json.dumps(lab.template())


def test_a_conflict_offers_both_versions(lab):
    """Compare, then take one; the other one is kept, also what was typed since the last save."""

    def elsewhere(words):
        notebook = lab.template()
        notebook["cells"][0]["source"] = f"# {words}"
        (lab.project / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))

    elsewhere("Theirs")
    lab.type("values = [scale", "\nx = 1")
    lab.save()
    lab.told("has changed on disk and was not written")
    lab.picture("conflict")
    with lab.page.context.expect_page() as opened:
        lab.press("Compare")
    opened.value.get_by_text("x = 1").first.wait_for()
    opened.value.screenshot(path=lab.project / "compare.png")
    opened.value.close()
    lab.press("Keep mine")
    lab.has("x = 1")
    lab.has("# A tiny template")
    (kept,) = (lab.project / "outputs" / "edit").glob("tiny-theirs-*")
    assert "# Theirs" in kept.read_text()
    lab.quiet()
    elsewhere("Theirs again")
    lab.type("values = [scale", "\nx = 2")
    lab.save()
    lab.told("has changed on disk")
    lab.type("values = [scale", "\nx = 3")
    lab.press("Take theirs")
    lab.cell("Theirs again").first.wait_for()
    lab.until(lambda: lab.cell("x = 2").count() == 0)
    (kept,) = (lab.project / "outputs" / "edit").glob("tiny-mine-*")
    assert "x = 3" in kept.read_text()
    lab.type("values = [scale", "\nx = 4")
    lab.saved()
    lab.has("x = 4")
    lab.has("Theirs again")


def test_two_tabs_and_the_template_itself(lab, open_lab):
    """Neither writes over the other without a question; the template, too, is saved clean."""
    other = open_lab(lab.page.url, lab.page.context)
    lab.type("values = [scale", "\nx = 1")
    lab.saved()
    lab.has("x = 1")
    other.page.wait_for_timeout(1000)
    other.type("print(len(values), 'values')", "\ny = 1")
    other.save()
    other.page.locator(".jp-Dialog", has_text="has changed on disk").or_(
        other.page.locator(".jp-Dialog", has_text="File Changed")).first.wait_for()  # fmt: skip
    other.picture("two-tabs")
    other.page.locator(".jp-Dialog button", has_text="Revert").click()
    other.cell("x = 1").first.wait_for()
    other.type("print(len(values), 'values')", "\ny = 2")
    other.saved()
    other.has("y = 2")
    other.has("x = 1")
    other.run("docmanager:open", path="templates/tiny.ipynb")
    other.page.locator(
        "#jp-main-dock-panel .lm-mod-current .lm-TabBar-tabLabel", has_text="tiny.ipynb"
    ).first.wait_for()
    other.until(lambda: other.cell("injected").count() == 0 and other.cell("y = 2").count() == 1)
    other.run_all()
    other.cell("'values')").locator(".jp-OutputArea-output", has_text="5 values").wait_for()
    for number in (3, 4):  # the second time as well, without a question
        other.type("print(len(values), 'values')", f"\ny = {number}")
        other.saved()
        other.has(f"y = {number}")
        other.until(lambda: not any(c.get("outputs") for c in other.template()["cells"]))
        other.page.wait_for_timeout(700)
    assert other.page.locator(".jp-Dialog").count() == 0
    assert other.cell("'values')").locator(".jp-OutputArea-output").count() == 1


def test_restart_of_the_server(config, edit_session, open_lab, project):
    """The page that is still open finds the new session; a second one at a time is refused."""
    config("template: tiny\nparameters: {scale: 3.0}\n")
    first = edit_session("params/a.yaml")
    call = [sys.executable, "-m", "fourfold", "edit", "tiny", "--no-browser"]
    second = subprocess.run(call, cwd=project, capture_output=True, text=True)
    assert (second.returncode, "it is open in process" in second.stderr) == (2, True)  # fmt: skip
    assert (
        first.address.split("?")[0].removesuffix("/lab/tree/outputs/edit/tiny.ipynb")
        in second.stderr
    )
    lab = open_lab(first.address)
    lab.type("values = [scale", "\nx = (")
    lab.save()
    lab.told("keeps its last version")
    first.end()
    again = edit_session("params/a.yaml")
    assert any("holds edits that are not in the template" in line for line in again.said)
    new = open_lab(again.address)
    new.type("values = [scale", "\nx = 2")
    new.saved()
    new.has("x = 2")


def test_a_warm_kernel(lab):
    """The kernel `fourfold` executes all cells, from the project's folder."""
    call = "app => app.serviceManager.kernelspecs.refreshSpecs()"
    lab.page.evaluate(f"({call})(window.jupyterapp)")
    lab.idle()
    lab.run("notebook:change-kernel")
    lab.page.locator(".jp-Dialog select").select_option(label="Python 3 (Fourfold, warm)")
    lab.page.locator(".jp-Dialog .jp-mod-accept").click()
    lab.page.locator(".jp-KernelName", has_text="Fourfold, warm").first.wait_for()
    lab.type("print(len(values), 'values')", "\nimport os; print('in', os.getcwd())")
    lab.run_all()
    lab.cell("print(len").locator(".jp-OutputArea-output", has_text=f"in {lab.project}").wait_for()
    lab.saved()
    lab.has("os.getcwd()")
    assert lab.template()["metadata"]["kernelspec"]["name"] == "python3"


def test_a_config_is_opened_in_the_page(lab, config):
    """Without a command in a terminal: from the list of configs, and again while it is open."""
    config("template: tiny\nparameters: {scale: 9.0}\n", "b.yaml")
    for number, scale in enumerate(["9.0", "3.0", "9.0"]):
        lab.run("fourfold:edit", config=f"params/{'a' if scale == '3.0' else 'b'}.yaml")
        lab.shows(f"scale = {scale}")
        lab.type("print(len(values), 'values')", f"\nz = {number}")
        lab.saved()
        lab.has(f"z = {number}")
    lab.run("fourfold:edit")
    lab.page.locator(".jp-Dialog", has_text="with the parameters of").wait_for()
    lab.picture("configs")


@pytest.fixture
def plain(project, config, free_port):
    """JupyterLab as its own launcher starts it, where Fourfold is installed; its address."""
    config("template: tiny\nparameters: {scale: 3.0}\n")
    installed = str(Path(lab_extension.__file__).parent)
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": installed, "JUPYTER_PATH": installed, "JUPYTER_CONFIG_DIR": str(project / "jupyter"), "JUPYTER_TOKEN": "secret"}  # fmt: skip
    options = ["--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True"]
    call = [sys.executable, "-m", "jupyterlab", f"--ServerApp.port={free_port}", *options]
    with (project / "jupyter.log").open("w") as log:
        process = subprocess.Popen(call, cwd=project, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{free_port}"
        for _ in range(600):
            try:
                urlopen(f"{address}/api/status?token=secret").close()
                break
            except URLError:
                assert process.poll() is None
                time.sleep(0.1)
        yield f"{address}/lab/tree/templates/tiny.ipynb?token=secret"
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_jupyterlab_from_its_own_launcher(plain, open_lab):
    """A template is saved clean; a config in the file browser opens the copy with its parameters."""
    lab = open_lab(plain)
    before = lab.template()
    lab.type("print(len(values), 'values')", "\nimport os; print('in', os.getcwd())")
    lab.run_all()
    lab.cell("print(len").locator(".jp-OutputArea-output", has_text=f"in {lab.project}").wait_for()
    lab.saved()
    lab.has("os.getcwd()")
    lab.until(lambda: not any(cell.get("outputs") for cell in lab.template()["cells"]))
    after = lab.template()
    changed = [new["id"] for old, new in zip(before["cells"], after["cells"], strict=True) if old != new]  # fmt: skip
    assert changed == ["eda-look"]
    assert after["metadata"] == before["metadata"]
    lab.run("filebrowser:go-to-path", path="params")
    lab.page.locator(".jp-DirListing-item", has_text="a.yaml").click(button="right")
    lab.page.locator(
        ".lm-Menu-itemLabel", has_text="Edit Template with This Config"
    ).first.wait_for()
    lab.picture("menu")
    lab.page.locator(".lm-Menu-itemLabel", has_text="Edit Template with This Config").click()
    lab.until(lambda: "outputs/edit" in lab.page.url)
    lab.shows("scale = 3.0")
    lab.type("values = [scale", "\nx = 1")
    lab.saved()
    lab.has("x = 1")
    lab.run("filebrowser:go-to-path", path="templates")
    lab.page.locator(".jp-DirListing-item", has_text="tiny.ipynb").click()
    lab.page.keyboard.press("F2")
    lab.page.keyboard.type("big")
    lab.page.keyboard.press("Enter")
    lab.until(lambda: (lab.project / "templates" / "big.ipynb").exists())
    lab.type("values = [scale", "\nx = 2")
    lab.run("docmanager:save")
    lab.has("x = 2", "big")
    assert not (lab.project / "templates" / "tiny.ipynb").exists()
