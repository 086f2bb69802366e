# /// script
# requires-python = ">=3.11,<3.14"
# dependencies = ["nox[uv]>=2025.2.9"]
# ///
"""The project's steps: ``uv run noxfile.py -s NAME -- ARGUMENTS``; ``-l`` lists them.

All share one environment, ``.venv``, which holds what requirements.lock pins; each other Python
of ``pythons`` has its own below ``.nox``.
"""

import hashlib
import os
import re
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "notebooks"]
nox.options.default_venv_backend = "none"  # `run_in_venv` keeps one environment for all
ROOT = Path(__file__).parent
VENV = ROOT / ".venv"
BIN = "Scripts" if os.name == "nt" else "bin"
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
ON_TWO_CORES = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder")  # half of it is waiting
APART = "editing or papermill or integration or commands"  # tests that have sessions of their own
# Colab's Pythons, and the references that CI has the time for there.
COLAB = {"3.12": ("starter-breast-cancer", "routes-capitals")}
COLAB |= {"3.13": ("regression-diabetes", "gambling-roulette")}
LOCK = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"),
    # Not mlflow, which pins an older pyarrow: the session `tracking` has an environment with it.
    *("--extra", "data", "--extra", "onnx", "--group", "dev", "pyproject.toml"),
    *("--output-file", "requirements.lock"),
)


def uv(session: nox.Session, *args: str, **options: object) -> None:
    """Run the uv that came with nox."""
    session.run(sys.executable, "-m", "uv", *args, external=True, **options)


def run_in_venv(session: nox.Session, program: str, *args: str, venv: Path = VENV) -> None:
    """Run a program of an environment, which is brought to the lock unless it stands there."""
    if not venv.exists():
        uv(session, "venv", str(venv))
    sources = (ROOT / "requirements.lock", ROOT / "pyproject.toml", venv / "pyvenv.cfg")
    state = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()
    if not (stamp := venv / "fourfold.stamp").exists() or stamp.read_text() != state:
        install = ("pip", "install", "--quiet", "--python", str(venv), "--compile-bytecode")
        uv(session, *install, "--require-hashes", "-r", "requirements.lock")
        uv(session, *install, "--no-deps", "--editable", ".")
        stamp.write_text(state)
    session.run(str(venv / BIN / program), *args, env={"VIRTUAL_ENV": str(venv)}, external=True)


def create_venv(session: nox.Session, version: str, venv: Path) -> None:
    """Create an environment of another Python, or skip the session where there is none."""
    path = os.pathsep.join([os.environ["PATH"], *map(str, PYENV.glob("versions/*/bin"))])
    create = ("venv", "--quiet", "--clear", "--no-python-downloads", "--python", version, str(venv))
    uv(session, *create, env={"PATH": path}, success_codes=(0, 1, 2), silent=True)
    if not venv.exists():
        session.skip(f"no Python {version} on PATH, in {PYENV} or known to uv")


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, imports between rooms, spelling; arguments go to ``ruff check``."""
    run_in_venv(session, "ruff", "check", *session.posargs, ".")
    for step in ("ruff format --check .", "mypy", "lint-imports --no-logo", "codespell"):
        run_in_venv(session, *step.split())


@nox.session
def tests(session: nox.Session) -> None:
    """The library's tests but for `commands`, on two cores; arguments go to pytest."""
    run_in_venv(session, "pytest", *(session.posargs or (*ON_TWO_CORES, "-m", f"not ({APART})")))


@nox.session
def commands(session: nox.Session) -> None:
    """Whole commands, killed, repeated or followed by others; arguments go to pytest."""
    files = [
        str(p)
        for p in sorted((ROOT / "tests").rglob("test_*.py"))
        if "mark.commands" in p.read_text()
    ]
    run_in_venv(session, "pytest", *ON_TWO_CORES, "-m", "commands", *session.posargs, *files)


@nox.session
@nox.parametrize("version", ["3.12", "3.13"], ids=["3.12", "3.13"])
def pythons(session: nox.Session, version: str) -> None:
    """Types and tests on other Pythons, where they are found; arguments for pytest: these alone."""
    if not (venv := ROOT / ".nox" / version).exists():
        create_venv(session, version, venv)
    if not session.posargs:
        run_in_venv(session, "mypy", venv=venv)
    run_in_venv(session, "pytest", *(session.posargs or ON_TWO_CORES), venv=venv)


@nox.session
def papermill_suite(session: nox.Session) -> None:
    """papermill's own tests with our engine, five templates by its (``-k same``: all of them)."""
    given = session.posargs or ("-k", "clustering or comparison or quality or routes or starter")
    run_in_venv(session, "python", "tests/papermill_suite.py", *session.posargs)
    run_in_venv(session, "pytest", "-m", "papermill", *given, "tests/test_same.py")


@nox.session
def editing(session: nox.Session) -> None:
    """References in Colab's Pythons, twice (``all``, or names)."""
    for version, names in COLAB.items():
        create_venv(session, version, venv := ROOT / ".nox" / f"colab-{version}")
        python = str(venv / BIN / "python")
        uv(session, "pip", "install", "--quiet", "--python", python, "-r", "tests/colab-pins.txt")
        given = () if session.posargs == ["all"] else session.posargs or names
        run_in_venv(session, "python", "tests/editing.py", python, *given)


@nox.session
def lab(session: nox.Session) -> None:
    """JupyterLab in a browser; arguments go to pytest."""
    run_in_venv(
        session, "pytest", "-m", "editing", *session.posargs, "tests/author/test_lab_page.py"
    )


@nox.session
def tracking(session: nox.Session) -> None:
    """PostgreSQL: queries, and a real MLflow killed in between; arguments go to the benchmark."""
    run_in_venv(session, "python", "-c", "", venv=(venv := ROOT / ".nox" / "tracking"))
    pins = ("--quiet", "--no-deps", "--python", str(venv), "-r", "tests/mlflow-pins.txt")
    uv(session, "pip", "install", *pins)
    given = session.posargs or ("--runs", "16", "--workers", "4", "--times", "1", "--bar", "0")
    run_in_venv(session, "pytest", "-q", "tests/data/test_postgres.py", venv=venv)
    run_in_venv(session, "python", "benchmarks/speed/tracking.py", *given)


@nox.session
def integration(session: nox.Session) -> None:
    """A real Slurm, and validators of what ``deploy`` writes; arguments go to pytest."""
    if not (venv := ROOT / ".nox" / "validators").exists():
        uv(session, "venv", "--quiet", str(venv))
        pins = ("-r", "tests/validators-pins.txt", "--python", str(venv / BIN / "python"))
        uv(session, "pip", "install", "--quiet", *pins)
    os.environ["VALIDATORS"] = str(venv / BIN)
    run_in_venv(session, "pytest", "-m", "integration", *session.posargs, "tests/integration")


@nox.session
def fuzz(session: nox.Session) -> None:
    """Try 50,000 inputs that nobody meant, of 14 kinds; arguments go to ``tests/fuzz/run.py``."""
    run_in_venv(session, "python", "tests/fuzz/run.py", *session.posargs)


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
    head, editable, _ = (conda := Path("environment.yml")).read_text().partition("--editable .")
    head = re.sub(r"(?<=- python ).*", python, head)
    conda.write_text(head + "\n      - ".join([editable, *pins]) + "\n")


if __name__ == "__main__":
    nox.main()
