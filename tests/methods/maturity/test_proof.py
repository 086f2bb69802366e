"""Evidence that is looked at: files, texts, commands."""

from __future__ import annotations

import sys

import pytest

from fourfold.methods.maturity import assessment as proof
from fourfold.methods.maturity.assessment import Proof, holds


@pytest.fixture
def project(tmp_path):
    (tmp_path / "made.txt").write_text("one\ntwo words\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("evidence", "there"),
    [
        (Proof(file="made.txt"), True),
        (Proof(file="folder"), True),
        (Proof(file="gone.txt"), False),
        (Proof(file="made.txt", text="two words"), True),
        (Proof(file="made.txt", text="three"), False),
        (Proof(file="folder", text="two"), False),
        (Proof(file="gone.txt", text="two"), False),
    ],
)
def test_files_and_texts(project, evidence, there):
    """A file or folder exists; a text stands in a file word for word."""
    assert holds(evidence, project) is there


def test_commands_run_only_where_allowed(project):
    """In the folder of the project, without a shell; the exit code decides."""
    good = Proof(command=f"{sys.executable} -c \"open('made.txt'); open('ran', 'w')\"")
    assert holds(good, project) is None
    assert not (project / "ran").exists()
    assert holds(good, project, commands=True) is True
    assert (project / "ran").exists()
    assert holds(Proof(command="python -c 'raise SystemExit(3)'"), project, True) is False
    assert holds(Proof(command="no-such-program-here"), project, True) is False
    assert holds(Proof(command="python -c 'unclosed"), project, True) is False


def test_the_programs_of_this_python_come_first(project):
    """So that `fourfold` is the one that is running."""
    code = "import sys, pathlib; pathlib.Path('which').write_text(sys.executable)"
    assert holds(Proof(command=f'python -c "{code}"'), project, True)
    assert (project / "which").read_text().startswith(str(sys.prefix))


def test_a_command_that_does_not_end_fails(project, monkeypatch):
    """After the longest time that it may take."""
    monkeypatch.setattr(proof, "LONGEST_S", 0.2)
    assert holds(Proof(command="python -c 'import time; time.sleep(30)'"), project, True) is False


@pytest.mark.parametrize(
    ("evidence", "problem"),
    [
        (Proof(), "either a file"),
        (Proof(file="a", command="b"), "either a file"),
        (Proof(text="a"), "either a file"),
        (Proof(text="a", command="b"), "expected a file for the text"),
        (Proof(file="a", text="b"), ""),
        (Proof(command="b"), ""),
    ],
)
def test_half_a_proof_is_told(evidence, problem):
    """Nothing, two things at once, or a text without a file."""
    assert problem in evidence.problem
    assert bool(evidence.problem) is bool(problem)
