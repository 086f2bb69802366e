"""The artifact of another run as the value of a parameter: ``run:CONFIG/RUN/ARTIFACT``."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fourfold.data.kept import read_kept
from fourfold.errors import DataError, did_you_mean

PREFIX = "run:"
#: What a search has come to, in the folder of its config.
SEARCH = "search.json"
#: Where a kernel finds the outputs of other runs, if not in ``outputs/`` of the project.
OUTPUTS = "FOURFOLD_OUTPUTS"
_WILD = re.compile(r"[*?\[\]\\:]")


@dataclass(frozen=True)
class Artifact:
    """A file or folder that a run has written into its ``artifacts/``."""

    config: str
    run_id: str
    name: str

    @property
    def run(self) -> str:
        """Return ``config/run id``."""
        return f"{self.config}/{self.run_id}"

    def path(self, outputs: Path) -> Path:
        """Return where it is in a folder of outputs."""
        return outputs / run_named(self.run, outputs) / "artifacts" / self.name


def run_named(name: str, outputs: Path) -> str:
    """Return the run that a name means: where a config searches, ``default`` is its winner's."""
    config, _, run_id = name.partition("/")
    if run_id == "default":
        winner = read_kept(outputs / config / SEARCH).get("winner")
        if isinstance(winner, dict) and isinstance(winner.get("run"), str):
            return f"{config}/{winner['run']}"
    return name


def is_artifact(value: object) -> bool:
    """Say whether a value names an artifact of a run."""
    return isinstance(value, str) and value.startswith(PREFIX)


def read_artifact(text: str) -> Artifact:
    """Return the artifact that a text names.

    Raises
    ------
    DataError
        If it is not of that form.

    Examples
    --------
    >>> read_artifact("run:prices/default/model/model.json")
    Artifact(config='prices', run_id='default', name='model/model.json')
    """
    config, _, rest = text.removeprefix(PREFIX).partition("/")
    run_id, _, name = rest.partition("/")
    parts = [config, run_id, *name.split("/")]
    if any(each.strip() in ("", ".", "..") or _WILD.search(each) for each in parts):
        one = f"{PREFIX}{config}/default/{run_id}"
        near = did_you_mean(text, [one]) if config and run_id and not name else ""
        raise DataError(
            "expected run:CONFIG/RUN/ARTIFACT, such as run:prices/default/accepted.csv, "
            f"got {text!r}{near}"
        )
    return Artifact(config, run_id, str(PurePosixPath(name)))


def artifacts_in(value: Any) -> list[str]:
    """Return the texts in a value, at any depth, that name artifacts of runs."""
    return [text for text in texts_in(value) if is_artifact(text)]


def texts_in(value: Any) -> list[str]:
    """Return the texts in a value, at any depth."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [text for each in value for text in texts_in(each)]
    return [value] if isinstance(value, str) else []


def names_at(folder: Path) -> list[str]:
    """Return the artifacts in a folder, those in folders below it by their path."""
    if not os.path.isdir(folder):
        return []
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def artifact_path(text: str, outputs: Path) -> Path:
    """Return the file or folder of an artifact in a folder of outputs.

    Raises
    ------
    DataError
        If the text is of another form, or the run has made no such artifact.
    """
    artifact = read_artifact(text)
    path = artifact.path(outputs)
    if os.path.exists(path):
        return path
    known = names_at(outputs / run_named(artifact.run, outputs) / "artifacts")
    made = f"{artifact.run} has made {', '.join(known)}" if known else f"run {artifact.run} first"
    near = did_you_mean(artifact.name, known)
    raise DataError(f"{text}: expected an artifact, found none; {made}.{near}")
