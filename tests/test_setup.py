"""What installs and starts the project: lock, conda environment, sessions, README and CI agree."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import typer
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11.0", "3.12.0", "3.13.0")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
NOXFILE = (ROOT / "noxfile.py").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
# me and alice are nobody, and the names under tmp are what notebooks print.
MACHINE_PATH = (
    r"(?<![\w.+/~-])/(?!(?:home|Users)/(?:me|alice)\b|tmp/(?:tmp|ipykernel_|model-))"
    r"(?:root|home|opt|work|Users|tmp|mnt|srv)/\w"
)
# Cut in two, so that the pattern does not find itself.
INDEX = r"(?i)file:/" + r"/\S*simple|https?:/" + r"/[^\s)\"']*(?:/simple\b|pypi|pythonhosted)"


def environment(python: str, **machine: str) -> dict[str, str]:
    """Markers of Python `python` on Linux, unless `machine` says otherwise."""
    linux = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}
    versions = {"python_full_version": python, "python_version": python.rpartition(".")[0]}
    return {**default_environment(), **linux, **versions, **machine}


def applicable(lines: list[str], markers: dict[str, str]) -> list[Requirement]:
    """Requirements of `lines` that hold where `markers` hold, extras aside."""
    requirements = [Requirement(line) for line in lines]
    return [r for r in requirements if r.marker is None or r.marker.evaluate(markers)]


def locked_lines() -> list[str]:
    """The pins of requirements.lock without hashes."""
    return re.findall(r"^([^\s#-].*?) \\$", LOCK, re.MULTILINE)


def conda_dependencies() -> tuple[list[str], list[str]]:
    """Conda packages of environment.yml, and the lines it hands to pip."""
    listed = YAML(typ="safe").load((ROOT / "environment.yml").read_text())["dependencies"]
    (by_pip,) = [entry["pip"] for entry in listed if isinstance(entry, dict)]
    return [entry for entry in listed if isinstance(entry, str)], by_pip


def shell_commands(text: str) -> list[str]:
    """Commands of the shell blocks of a Markdown `text`, continued lines joined."""
    blocks = re.findall(r"^```(?:bash|sh|shell|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [" ".join(line.split()) for b in blocks for line in b.replace("\\\n", " ").splitlines()]


def install_commands() -> list[str]:
    """The README's commands that start from a bare machine."""
    return [command for command in shell_commands(README) if "-m venv" in command]


def sessions() -> dict[str, ast.FunctionDef]:
    """Functions of noxfile.py decorated as sessions, by name."""
    functions = [n for n in ast.parse(NOXFILE).body if isinstance(n, ast.FunctionDef)]
    return {f.name: f for f in functions if "nox.session" in map(ast.unparse, f.decorator_list)}


def tracked_texts() -> dict[str, str]:
    """Every text file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    raw = {str(path.relative_to(ROOT)): path.read_bytes() for path in paths if path.is_file()}
    return {name: data.decode() for name, data in raw.items() if b"\0" not in data}


def test_conda_installs_the_lock():
    """environment.yml hands pip exactly the pins of the lock, markers included, and the project."""
    packages, by_pip = conda_dependencies()
    assert [package.split()[0] for package in packages] == ["python", "pip"]
    assert by_pip == ["--editable .", *locked_lines()]


def test_conda_offers_the_pythons_of_the_project():
    """Conda, pyproject and the noxfile's metadata allow the same Pythons."""
    wanted = SpecifierSet(PROJECT["project"]["requires-python"])
    conda = next(p for p in conda_dependencies()[0] if p.startswith("python"))
    script = re.search(r'^# requires-python = "(.+)"$', NOXFILE, re.MULTILINE)
    assert SpecifierSet(conda.removeprefix("python ")) == wanted == SpecifierSet(script[1])
    assert all(wanted.contains(python) for python in PYTHONS)


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_satisfies_every_requirement(python):
    """Each dependency, extra and development tool of pyproject is pinned within its range.

    Not mlflow, which holds pyarrow back: it has an environment of its own.
    """
    markers = environment(python)
    pins = {canonicalize_name(r.name): r.specifier for r in applicable(locked_lines(), markers)}
    project = PROJECT["project"]
    extras = {n: needs for n, needs in project["optional-dependencies"].items() if n != "mlflow"}
    assert "mlflow" not in pins
    asked = [project["dependencies"], *extras.values()]
    asked += PROJECT["dependency-groups"].values()
    for need in applicable([line for group in asked for line in group], markers):
        (pin,) = pins[canonicalize_name(need.name)]
        assert need.specifier.contains(pin.version), f"{need} against {pin}"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_lock_pins_one_version_each(python, platform):
    """On every supported Python and system a package is pinned once, by ``==``."""
    pins = applicable(locked_lines(), environment(python, sys_platform=platform))
    names = [canonicalize_name(pin.name) for pin in pins]
    assert len(names) > 100
    assert len(names) == len(set(names))
    assert {specifier.operator for pin in pins for specifier in pin.specifier} == {"=="}


def test_every_pin_has_hashes():
    """Nothing installs that was not hashed when it was locked, and no line names an index."""
    entries = re.split(r"^(?=[^\s#])", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked_lines())
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry) for entry in entries)
    assert not re.search(r"(?m)^\s*--(?!hash)|index|find-links|://", LOCK)


@pytest.mark.parametrize("pattern", [MACHINE_PATH, INDEX], ids=["machine path", "index address"])
def test_tracked_files_name_no_machine(pattern):
    """No tracked file holds a path of one machine or the address of a package index."""
    found = {name: hit[0] for name, t in tracked_texts().items() if (hit := re.search(pattern, t))}
    assert found == {}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATH, "see " + "/ho" + "me/ann/data.csv"),
        (MACHINE_PATH, 'path = "' + "/o" + 'pt/x"'),
        (INDEX, "--index-url " + "https:/" + "/example.org/simple"),
        (INDEX, "https:/" + "/files.pythonhosted.org/a.whl"),
    ],
)
def test_machine_patterns_find_what_they_should(pattern, text):
    """The two patterns recognise typical offenders."""
    assert re.search(pattern, text)


def test_readme_has_two_commands():
    """One command runs params/, one runs the tests; both install by the same words."""
    main, tests = install_commands()
    assert main == f"{tests} -s run"


#: Sessions of which CI has several at a time.
NOX_BESIDE = {"papermill_suite", "tracking", "lab", "fuzz", "pythons", "docs", "editing"}
NOX_BESIDE |= {"integration"}


def test_ci_calls_the_readme():
    """It is executable bash that stops at the first error, with a browser for the tests of pages."""
    script = ROOT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and line[0] != "#"]
    start, folder, *commands = [" ".join(line.split()) for line in lines]
    assert text.startswith("#!/usr/bin/env bash\n")
    assert start == "set -euo pipefail"
    assert folder.startswith("cd ")
    assert any("export CI=1" in line for line in commands)
    assert any(line.startswith("apt-get update") and " chromium" in line for line in commands)
    first = commands.index(install_commands()[1])
    assert commands[first + 1].endswith("noxfile.py -s commands")
    # Nothing is left running, and the exit code of each is kept.
    called = [line for line in commands if line.startswith("sessions ") and "{" not in line]
    waited = [
        f'wait "${line.rpartition("& ")[2].removesuffix("=$!")}" || status=$?'
        for line in called[:-1]
    ]
    assert commands[-len(waited) - 1 :] == [*waited, 'exit "$status"']
    assert called[-1].endswith(" || status=$?")
    assert ".venv/bin/uv run -q noxfile.py -s $each || status=$?" in commands
    steps = [step for line in called for step in shlex.split(re.split(r" & | \|\| ", line)[0])[1:]]
    names = {re.split(r" --|\(", step)[0]: step for step in steps}
    assert names.keys() == NOX_BESIDE
    # References run on Colab's 3.12 and 3.13 in the session `editing`.
    assert names["pythons"].startswith("pythons(3.13) -- ")
    for package in (" postgresql", " slurm-wlm"):
        assert any(line.startswith("apt-get update") and package in line for line in commands)
    assert os.access(script, os.X_OK)


def test_readme_names_what_exists():
    """Each session and each fourfold command in the README's shell blocks exists."""
    from fourfold.cli.main import app

    commands = " ; ".join(shell_commands(README))
    known = set(typer.main.get_command(app).commands)
    assert set(re.findall(r"noxfile\.py -s (\w+)", commands)) <= set(sessions())
    assert set(re.findall(r"\bfourfold ([\w-]+)", commands)) <= known


def test_sessions_keep_their_promises():
    """Every session has one line of documentation and passes its arguments on."""
    for name, function in sessions().items():
        documentation = ast.get_docstring(function)
        assert documentation, name
        assert "\n" not in documentation, name
        assert "session.posargs" in ast.unparse(function), name
    assert len(NOXFILE.splitlines()) < 200


def test_default_sessions():
    """Without a name lint, tests and notebooks run, in this order, and nothing else."""
    assert re.search(r"^nox\.options\.sessions = (.+)$", NOXFILE, re.MULTILINE)[1] == (
        '["lint", "tests", "notebooks"]'
    )
    on_demand = {"run", "reference", "lock", "pythons", "papermill_suite", "editing", "lab"}
    on_demand |= {"tracking", "commands", "docs", "fuzz", "integration"}
    assert set(sessions()) == {"lint", "tests", "notebooks"} | on_demand
