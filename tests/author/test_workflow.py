"""The workflow of a new project: what it may do, and its steps executed by bash with a real git."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from fourfold.author.skeleton import project_files

pytestmark = pytest.mark.commands

ROOT = Path(__file__).parents[2]
FILES = project_files("shop", "fourfold")
WORKFLOW = YAML(typ="safe").load(FILES[".github/workflows/fourfold.yml"])
JOBS = WORKFLOW["jobs"]
STEPS = [(job, step) for job, content in JOBS.items() for step in content["steps"]]
SCRIPTS = {(job, step["name"]): step["run"] for job, step in STEPS if "run" in step}

TRAIN = """\
template: classification
business:
  question: Do measured cell nuclei tell malignant from benign tumours?
  decision: Which tumours to operate on first
  success: {gain: "> 0"}
parameters:
  data: breast_cancer
  contract: contracts/breast_cancer.yaml
  target: diagnosis
  models: [logistic]
  repeats: 1
run: {reference: false}
"""
PROMOTE = """\
template: promotion
parameters: {candidate: run:cycle-train/default/model, name: tumours}
run: {reference: false}
"""
GATE = "about: which tumours to look at first\napprovers: [pull request]\n"
#: GitHub is not on this machine: its program answers which pull requests were asked for before.
GH = """#!/usr/bin/env bash
[ "$1 $2" != "pr list" ] || { grep -c -e "pr create .*--head $4 " "$GH_LOG"; exit 0; }
echo "$*" >> "$GH_LOG"
while [ $# -gt 0 ]; do [ "$1" != --body-file ] || cat "$2" >> "$GH_LOG"; shift; done
"""


def test_it_tests_pushes_and_executes_nights():
    """Nobody's push executes runs, and only the default branch has nights."""
    assert set(WORKFLOW["on"]) == {"push", "pull_request", "schedule", "workflow_dispatch"}
    assert JOBS["tests"]["if"] == "github.event_name != 'schedule'"
    assert "github.event.repository.default_branch" in JOBS["night"]["if"]
    assert {job for job, content in JOBS.items() if content.get("needs") == "night"} == {
        "publish",
        "propose",
    }
    assert JOBS["night"]["concurrency"] == {"group": "night"}


def test_only_the_job_without_code_of_the_project_may_write():
    """Notebooks never see a right to write, nor a token that git has kept."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    rights = {
        job: content["permissions"] for job, content in JOBS.items() if "permissions" in content
    }
    assert rights == {
        "publish": {"pages": "write", "id-token": "write"},
        "propose": {"contents": "write", "pull-requests": "write", "actions": "write"},
    }
    for (job, _), script in SCRIPTS.items():
        assert ("gh " in script) == (job == "propose")
        assert (".venv" in script) <= (job != "propose")
    kept = {
        job: step.get("with", {}).get("persist-credentials", True)
        for job, step in STEPS
        if step.get("uses", "").startswith("actions/checkout")
    }
    assert kept == {"tests": False, "night": False, "propose": True}


def test_actions_are_pinned_and_names_lead_somewhere():
    """GitHub's own actions by version; outputs, jobs, steps and sessions exist; scripts are bash."""
    assert all(("uses" in step) != ("run" in step) for _, step in STEPS)
    uses = {step["uses"] for _, step in STEPS if "uses" in step}
    assert all(re.fullmatch(r"actions/[\w/-]+@v\d+", each) for each in uses)
    for job, content in JOBS.items():
        ids = {step["id"] for step in content["steps"] if "id" in step}
        assert set(re.findall(r"steps\.(\w+)\.", str(content))) <= ids, job
        wanted = set(re.findall(r"needs\.night\.outputs\.(\w+)", str(content)))
        assert wanted <= set(JOBS["night"]["outputs"]), job
    sessions = set(re.findall(r"@nox.session\ndef (\w+)", FILES["noxfile.py"]))
    assert {n for s in SCRIPTS.values() for n in re.findall(r"-s (\w+)", s)} == {"run"} < sessions
    for script in SCRIPTS.values():
        # What GitHub writes into a script, a name of a branch could end.
        assert "${{" not in script
        assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


def test_outputs_are_kept_also_of_a_night_that_failed():
    """Under a name of its own, since a cache is never changed; found by what the names share."""
    caches = [step for _, step in STEPS if step.get("uses", "").startswith("actions/cache/")]
    restore, save = caches
    assert save["if"] == "always()"
    assert restore["with"]["key"] == save["with"]["key"]
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert "github.run_id" in save["with"]["key"]
    assert "github.run_attempt" in save["with"]["key"]
    assert restore["with"]["path"] == save["with"]["path"] == "outputs"


def test_the_night_of_this_repository_is_that_of_a_project():
    """The same actions, cache and installation, nothing to write, and only the cycle."""
    own = YAML(typ="safe").load((ROOT / ".github/workflows/night.yml").read_text(encoding="utf-8"))
    assert own["permissions"] == {"contents": "read"}
    assert set(own["jobs"]) == {"cycle"}
    (job,) = own["jobs"].values()
    theirs = [step for step in JOBS["night"]["steps"] if "uses" in step]
    assert all(step in theirs for step in job["steps"] if "uses" in step)
    install, run = (step["run"] for step in job["steps"] if "run" in step)
    assert install == SCRIPTS["night", "Install"]
    assert run == ".venv/bin/uv run -q noxfile.py -s run -- params/cycle --why"
    assert "def run(session" in (ROOT / "noxfile.py").read_text(encoding="utf-8")


class GitHub:
    """An origin, a machine a night, and the log of what GitHub's program was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.origin, self.log = folder, folder / "origin.git", folder / "gh.log"
        self.summary, self.outputs = folder / "summary.md", folder / "outputs"
        (folder / "bin").mkdir()
        (folder / "bin" / "gh").write_text(GH)
        (folder / "bin" / "gh").chmod(0o755)
        self.log.touch()
        self.git("init", "-q", "--bare", "-b", "main", str(self.origin))

    def git(self, *words: str, at: Path | None = None) -> str:
        """Call git as somebody."""
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        call = ["git", *who, *words]
        done = subprocess.run(
            call, cwd=at or self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout

    def machine(self, name: str) -> Path:
        """Check main out where nothing has been before."""
        project = self.folder / name
        self.git("clone", "-q", str(self.origin), str(project))
        (self.folder / f"{name}-temp").mkdir()
        return project

    def step(self, job: str, name: str, project: Path) -> str:
        """Execute a step as GitHub does; return what it prints."""
        environment = os.environ | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder / f"{project.name}-temp"),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.folder / f"{project.name}-temp" / "output"),
            "GITHUB_SHA": self.git("rev-parse", "HEAD", at=project).strip(),
            "GITHUB_REF_NAME": "main",
            "GH_LOG": str(self.log),
            "UV_OFFLINE": "1",
        }
        call = ["bash", "-e", "-c", SCRIPTS[job, name]]
        done = subprocess.run(
            call, cwd=project, env=environment, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def night(self, name: str) -> tuple[Path, str]:
        """Execute the job on a new machine, with the outputs of the last one; say if it proposes."""
        project = self.machine(name)
        if self.outputs.exists():
            shutil.copytree(self.outputs, project / "outputs", dirs_exist_ok=True)
        installed(project)
        self.step("night", "Refusals", project)
        said = self.step("night", "Run", project)
        said += self.step("night", "Promote", project)
        shutil.copytree(project / "outputs", self.outputs, dirs_exist_ok=True)
        output = self.folder / f"{name}-temp" / "output"
        if output.exists() and "proposals=true" in output.read_text():
            fresh = self.machine(f"{name}-propose")
            proposals = self.folder / f"{name}-temp" / "proposals"
            shutil.copytree(proposals, self.folder / f"{name}-propose-temp" / "proposals")
            said += self.step("propose", "Propose", fresh)
        return project, said


def installed(project: Path) -> None:
    """Do as the step Install and the first session do, without an index of packages."""
    (project / ".venv").mkdir()
    (project / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    shutil.copy(project / "requirements.txt", project / ".venv" / "fourfold.stamp")


@pytest.fixture
def github(tmp_path) -> GitHub:
    """A project whose candidate nobody has approved, on GitHub."""
    for need in ("uv", "jq"):
        if not shutil.which(need, path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"):
            pytest.skip(f"{need} is not here; GitHub's machines have it")
    made = GitHub(tmp_path)
    project = made.machine("first")
    own = {"params/cycle/train.yaml": TRAIN, "params/cycle/promote.yaml": PROMOTE}
    own |= {"models/tumours.yaml": GATE}
    own |= {".gitignore": FILES[".gitignore"] + "*.parquet\n"}  # a model is whole all the same
    texts = {n: t for n, t in FILES.items() if not n.startswith("params/")} | own
    for name, text in texts.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    shutil.copy(ROOT / "contracts" / "breast_cancer.yaml", project / "contracts")
    made.git("add", ".", at=project)
    made.git("commit", "-qm", "First", at=project)
    made.git("push", "-q", "origin", "HEAD:main", at=project)
    installed(project)
    return made


def test_a_model_becomes_a_pull_request_once_and_is_used_when_it_is_merged(github):
    """Proposed with reasons, and the refusal before; not again the next night; merged, in use."""
    github.step("tests", "Test", github.folder / "first")

    project, _ = github.night("refused")  # nobody may use what has no licence
    assert "refused cycle-train/default" in github.summary.read_text()
    assert github.log.read_text() == github.git("branch", "--list", "promote/*", at=github.origin)
    (project / "LICENSE").write_text("A licence\n")
    github.git("add", "LICENSE", at=project)
    github.git("commit", "-qm", "Licence", at=project)
    github.git("push", "-q", "origin", "HEAD:main", at=project)

    project, said = github.night("one")
    assert "promoted cycle-train/default" in github.summary.read_text()
    (branch,) = [
        line.split()[-1]
        for line in github.git("branch", "--list", "promote/*", at=github.origin).splitlines()
    ]
    digest = branch.rpartition("/")[2]
    asked = github.log.read_text()
    assert f"pr create --base main --head {branch} --title Use {digest} as tumours" in asked
    assert "better than the baseline" in asked
    assert f"workflow run fourfold.yml --ref {branch}" in asked
    changed = set(github.git("diff", "--name-only", "main", branch, at=github.origin).split())
    assert "models/tumours.yaml" in changed
    assert {f"models/tumours/{digest}/{n}" for n in ("model.json", "held_out.parquet")} < changed
    assert all(name.startswith("models/tumours") for name in changed)
    decisions = github.git("show", f"{branch}:models/tumours.yaml", at=github.origin)
    assert re.findall(r"decision: (\w+)", decisions)[-2:] == ["refused", "promoted"]
    assert "champion" not in github.git("show", "main:models/tumours.yaml", at=github.origin)

    github.step("night", "Pages", project)
    site = github.folder / "one-temp" / "site"
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    kinds = ("notebook.ipynb", "params.yaml", "record.json", "report.html")
    runs = ("cycle-promote/default", "cycle-train/default")
    assert pages == {"index.html", *(f"{run}/{kind}" for run in runs for kind in kinds)}

    _, said = github.night("two")
    assert "nothing to do: 2 runs unchanged" in said
    assert github.log.read_text() == asked

    merged = github.machine("merged")
    github.git("merge", "-q", "--no-ff", f"origin/{branch}", at=merged)
    github.git("push", "-q", "origin", "HEAD:main", at=merged)
    shutil.copytree(github.outputs, merged / "outputs", dirs_exist_ok=True)
    installed(merged)
    said = github.step("night", "Promote", merged)
    assert f"({digest}) is the champion already" in said
    assert github.log.read_text() == asked
