# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["nox[uv]>=2025.2.9"]
# ///
"""The project's steps: ``uv run noxfile.py -s NAME -- ARGUMENTS``; ``-l`` lists them.

All share one environment, ``.venv``, which holds what requirements.lock pins.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "notebooks", "docs"]
nox.options.default_venv_backend = "none"  # `prepare` keeps one environment for all sessions
ROOT = Path(__file__).parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
CONDA = """\
# Written from requirements.lock and pyproject.toml by: uv run noxfile.py -s lock
name: fourfold
channels: [conda-forge]
dependencies:
  - python {python}
  - pip
  - pip:
      - --editable .
      - {pins}
"""
# What an installed environment depends on; a stamp of it in .venv saves the second install.
SOURCES = ("requirements.lock", "pyproject.toml", ".venv/pyvenv.cfg")
LOCK = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"),
    *("--all-extras", "--group", "dev", "pyproject.toml", "--output-file", "requirements.lock"),
)


def uv(session: nox.Session, *args: str) -> None:
    """Run the uv that came with nox."""
    session.run(sys.executable, "-m", "uv", *args, external=True)


def prepare(session: nox.Session) -> None:
    """Bring .venv to the lock, byte-compiled, unless it stands there already."""
    if not BIN.exists():
        uv(session, "venv", str(VENV))
    state = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in SOURCES)).hexdigest()
    if (stamp := VENV / "fourfold.stamp").exists() and stamp.read_text() == state:
        return
    install = ("pip", "install", "--quiet", "--python", str(VENV), "--compile-bytecode")
    uv(session, *install, "--require-hashes", "-r", "requirements.lock")
    uv(session, *install, "--no-deps", "--editable", ".")
    stamp.write_text(state)


def run_in_venv(session: nox.Session, program: str, *args: str, **env: str) -> None:
    """Run a program of .venv, installed first if need be."""
    prepare(session)
    session.run(str(BIN / program), *args, env={"VIRTUAL_ENV": str(VENV), **env}, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, imports between rooms, spelling; arguments go to ``ruff check``."""
    run_in_venv(session, "ruff", "check", *session.posargs, ".")
    for step in ("ruff format --check .", "mypy", "lint-imports --no-logo", "codespell"):
        run_in_venv(session, *step.split())


@nox.session
def tests(session: nox.Session) -> None:
    """The library's tests, on two cores; arguments go to pytest."""
    run_in_venv(session, "pytest", *(session.posargs or ("-n", "2", "--dist", "loadfile")))


@nox.session
def notebooks(session: nox.Session) -> None:
    """Test the references in notebooks/; arguments go to ``fourfold regress``."""
    run_in_venv(session, "fourfold", "regress", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Execute the guide, build docs/_site, check links; arguments go to ``docs/execute.py``."""
    run_in_venv(session, "python", "docs/execute.py", *session.posargs)
    run_in_venv(session, "python", "docs/build.py")


@nox.session
def run(session: nox.Session) -> None:
    """Run configs, all of params/ by default; arguments go to ``fourfold run``."""
    run_in_venv(session, "fourfold", "run", *session.posargs)


@nox.session
def reference(session: nox.Session) -> None:
    """Write the references in notebooks/ anew; arguments go to ``fourfold reference``."""
    run_in_venv(session, "fourfold", "reference", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Resolve requirements.lock; arguments go to ``uv pip compile``, such as ``--upgrade``."""
    uv(session, *LOCK, *session.posargs)
    python = nox.project.load_toml("pyproject.toml")["project"]["requires-python"]
    pins = re.findall(r"^(\S+==.+?) \\$", Path("requirements.lock").read_text(), re.MULTILINE)
    Path("environment.yml").write_text(CONDA.format(python=python, pins="\n      - ".join(pins)))


if __name__ == "__main__":
    nox.main()
