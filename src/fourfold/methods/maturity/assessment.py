"""What an organisation says about its MLOps, and which of it has evidence that holds.

What is not known is neither yes nor no: it gives each practice a worst and a best case.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from fourfold.data.sources import locate
from fourfold.data.yamlfile import closed, read_document
from fourfold.errors import ConfigError, DataError, did_you_mean
from fourfold.methods.maturity.practices import Credit, Framework, Practice, frameworks, practices

Answer = Literal["done", "partly", "missing", "unknown"]

#: Worst and best case of each answer, as share of the practice that is there.
CREDIT: Mapping[Answer, tuple[float, float]] = {
    "done": (1.0, 1.0),
    "partly": (0.5, 0.5),
    "missing": (0.0, 0.0),
    "unknown": (0.0, 1.0),
}
TRUST = ("stated", "checked")
#: Whether the proofs of a practice hold: the first result that one of them has decides.
CHECKS: Mapping[bool | None, str] = {False: "fails", None: "not checked", True: "holds"}
#: Seconds after which a command counts as failed.
LONGEST_S = 60.0


@closed
@dataclass(frozen=True)
class Proof:
    """One piece of evidence, relative to the folder of a project.

    Attributes
    ----------
    file : str
        A file or folder that must exist.
    text : str
        What the file must hold, word for word.
    command : str
        Words of a command that must succeed; no shell reads them.
    """

    file: str = ""
    text: str = ""
    command: str = ""

    @property
    def problem(self) -> str:
        """Return what is wrong with it as a piece of evidence; empty if nothing is."""
        if bool(self.file) == bool(self.command):
            return "expected either a file (and a text in it) or a command"
        return "expected a file for the text" if self.text and self.command else ""


@closed
@dataclass(frozen=True)
class Reply:
    """What an organisation says about one practice; `effort` in its own person-weeks."""

    practice: str
    answer: Answer
    evidence: str = ""
    proofs: tuple[Proof, ...] = ()
    effort: float | None = None


@closed
@dataclass(frozen=True)
class Answers:
    """The answers of one organisation; a practice without an answer is unknown."""

    organisation: str
    answers: tuple[Reply, ...]
    about: str = ""


@dataclass(frozen=True)
class Standing:
    """How far a practice is there.

    Attributes
    ----------
    proof : str
        ``holds``, ``fails``, ``not checked`` or ``none``.
    low, high : float
        Share of the practice that is there, 0 to 1, in the worst and in the best case.
    """

    practice: Practice
    answer: Answer
    evidence: str
    proof: str
    low: float
    high: float


@dataclass(frozen=True)
class Assessment:
    """All practices of an organisation, by id, and the models to judge them by."""

    organisation: str
    standings: Mapping[str, Standing]
    models: Mapping[str, Framework]

    @cached_property
    def low(self) -> Credit:
        """Return the share of each practice in the worst case."""
        return {name: standing.low for name, standing in self.standings.items()}

    @cached_property
    def high(self) -> Credit:
        """Return the share of each practice in the best case."""
        return {name: standing.high for name, standing in self.standings.items()}

    @cached_property
    def left(self) -> Mapping[str, float]:
        """Return the person-weeks left for each practice that is not there in the worst case."""
        return {
            name: standing.practice.effort * (1 - standing.low)
            for name, standing in self.standings.items()
            if standing.low < 1
        }


def read_answers(path: str) -> Answers:
    """Read the answers of an organisation.

    Parameters
    ----------
    path : str
        YAML file, looked for here and upwards in the project.

    Raises
    ------
    DataError
        If there is no such file.
    ConfigError
        If a key or an answer is none of the known ones, a practice is unknown or answered
        twice, or a proof names neither a file nor a command.
    """
    document = read_document(locate(path), Answers, path)
    names = [reply.practice for reply in document.value.answers]
    violations = []
    for index, reply in enumerate(document.value.answers):
        key, name = ("answers", index), reply.practice
        if name not in practices():
            message = f"expected a practice, got {name!r}." + did_you_mean(name, practices())
            violations.append(document.violation((*key, "practice"), message))
        elif name in names[:index]:
            message = f"expected one answer, got {name!r} again"
            violations.append(document.violation((*key, "practice"), message))
        if reply.effort is not None and not reply.effort > 0:
            message = f"expected weeks > 0, got {reply.effort:g}"
            violations.append(document.violation((*key, "effort"), message))
        violations += [
            document.violation((*key, "proofs", place), proof.problem)
            for place, proof in enumerate(reply.proofs)
            if proof.problem
        ]
    if violations:
        raise ConfigError(violations)
    return document.value


def project_of(path: str) -> Path:
    """Return the folder that a relative path was found from; of an absolute one, its folder."""
    parts = Path(path).parts
    return locate(path).parents[0 if Path(path).is_absolute() else len(parts) - 1]


def assess(
    answers: Answers,
    root: Path,
    trust: str = "stated",
    commands: bool = False,
    models: Mapping[str, Framework] | None = None,
) -> Assessment:
    """Return how far each practice is there.

    Parameters
    ----------
    answers : Answers
        As `read_answers` returns them.
    root : Path
        Folder that the files of proofs are relative to.
    trust : {'stated', 'checked'}
        Whether an answer counts as stated, or only where a proof of it holds. Where a proof
        fails, the practice is unknown in either case.
    commands : bool
        Whether commands are run as proofs.
    models : mapping of str to Framework, optional
        The maturity models to judge by; all three as packaged where it is not given.

    Raises
    ------
    DataError
        If `trust` is neither of the two.

    Examples
    --------
    >>> answers = Answers("ours", (Reply("version-control", "done"),))
    >>> stated = assess(answers, Path())
    >>> stated.low["version-control"], stated.standings["rollback"].answer
    (1.0, 'unknown')
    >>> assess(answers, Path(), trust="checked").low["version-control"]
    0.0
    """
    if trust not in TRUST:
        raise DataError(f"trust: expected one of {', '.join(TRUST)}, got {trust!r}")
    replies = {reply.practice: reply for reply in answers.answers}
    standings = {}
    for name, practice in practices().items():
        reply = replies.get(name, Reply(name, "unknown"))
        checks = [holds(each, root, commands) for each in reply.proofs]
        proof = next((words for check, words in CHECKS.items() if check in checks), "none")
        low, high = CREDIT[reply.answer]
        if proof == "fails" or (trust == "checked" and proof != "holds"):
            low = 0.0
        practice = replace(practice, effort=reply.effort or practice.effort)
        standings[name] = Standing(practice, reply.answer, reply.evidence, proof, low, high)
    return Assessment(answers.organisation, standings, models or frameworks())


def holds(proof: Proof, root: Path, commands: bool = False) -> bool | None:
    """Say whether a piece of evidence is there; None for a command that may not be run.

    Parameters
    ----------
    proof : Proof
    root : Path
        Folder that files are relative to, and in which commands run.
    commands : bool
        Whether to run commands. Only for evidence from somebody whom you trust.

    Examples
    --------
    >>> holds(Proof(file="."), Path()), holds(Proof(command="rm -r ."), Path())
    (True, None)
    """
    if proof.command:
        return _succeeds(proof.command, root) if commands else None
    path = root / proof.file
    if not proof.text:
        return path.exists()
    return path.is_file() and proof.text in path.read_text(encoding="utf-8", errors="replace")


def _succeeds(command: str, root: Path) -> bool:
    # The programs of this Python come first: `fourfold` is then the one that runs the notebook.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(
            shlex.split(command),
            cwd=root,
            env={**os.environ, "PATH": path},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=LONGEST_S,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
