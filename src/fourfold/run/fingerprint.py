"""What a result depends on, as digests."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from fourfold.data import database, remote
from fourfold.plan.spec import RunSpec
from fourfold.plan.template import template_path
from fourfold.records.ipynb import read_notebook, text

_GLOB = frozenset("*?[")
_LONGEST_PATH = 500
LOCKS = (
    "requirements.lock",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "pixi.lock",
    "conda-lock.yml",
)


class Keys:
    """Fingerprints of what runs depend on; each file is read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._code: Callable[[str], str] = cache(self._hash_code)
        self._inputs: Callable[[str], dict[str, str | None]] = cache(self._hash_inputs)

    def key(self, spec: RunSpec) -> dict[str, Any]:
        """Return the fingerprints of a run: template code, inputs, library, environment.

        The parameters themselves stand in the record beside it.
        """
        inputs: dict[str, str | None] = {}
        for value in spec.parameters.values():
            if isinstance(value, str) and value:
                inputs |= self._inputs(value)
        return {
            "template": self._code(spec.template_file),
            "inputs": inputs,
            "library": library(),
            "environment": environment(),
        }

    def _hash_code(self, template_file: str) -> str:
        cells = read_notebook(template_path(template_file, self.root))["cells"]
        code = [text(cell) for cell in cells if cell["cell_type"] == "code"]
        return _digest(json.dumps(code).encode())

    def _hash_inputs(self, value: str) -> dict[str, str | None]:
        """Return the files that a parameter names, each with its hash; None where unknowable."""
        path = database.sqlite_path(value) if database.is_database(value) else value
        if path is None or (remote.is_url(value) and path == value):
            return {database.masked(value): None}
        if len(path) > _LONGEST_PATH or "\n" in path:
            return {}
        place = Path(path)
        wild = _GLOB & set(path) and not place.is_absolute()
        hits = list(self.root.glob(path)) if wild else [self.root / place]
        files = sorted(hit for hit in hits if hit.is_file())
        return {_within(file, self.root): _file_digest(file) for file in files}


def _within(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _file_digest(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:16]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


@cache
def library() -> str:
    """Return the fingerprint of this package's own code, and of the data that come with it."""
    folder = Path(__file__).parents[1]
    files = [*sorted(folder.rglob("*.py")), *sorted(folder.rglob("*.yaml"))]
    return _digest(b"".join(file.read_bytes() for file in files))


@cache
def environment() -> str:
    """Return the fingerprint of Python and all installed packages.

    The lock file says what should be installed; this is what is.
    """
    names = {
        item.stem
        for folder in map(Path, sys.path)
        if folder.is_dir()
        for item in folder.glob("*.dist-info")
    }
    return _digest("\n".join([sys.version, *sorted(names)]).encode())


def lock(root: Path) -> str:
    """Return the fingerprint of the project's lock files."""
    files = [root / name for name in LOCKS if (root / name).is_file()]
    return digest([file.read_text(encoding="utf-8") for file in files]) if files else ""


def digest(content: Any) -> str:
    """Return the fingerprint of a JSON value."""
    written = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()[:16]
