"""Evidence that can be checked: a file, a text in a file, a command that succeeds."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fourfold.data.yamlfile import closed

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

    def __str__(self) -> str:
        """Return the evidence as people write it."""
        if self.command:
            return f"`{self.command}` succeeds"
        return f"{self.text!r} in {self.file}" if self.text else f"{self.file} exists"

    @property
    def problem(self) -> str:
        """Return what is wrong with it as a piece of evidence; empty if nothing is."""
        if bool(self.file) == bool(self.command):
            return "expected either a file (and a text in it) or a command"
        return "expected a file for the text" if self.text and self.command else ""


def holds(proof: Proof, root: Path, commands: bool = False) -> bool | None:
    """Say whether a piece of evidence is there; None for a command that may not be run.

    Parameters
    ----------
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
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
