"""What a result depends on, as digests."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from fourfold.data import sources
from fourfold.plan.spec import RunSpec
from fourfold.plan.template import template_path
from fourfold.records.ipynb import read_notebook, text

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
        self._inputs = cache(lambda source: sources.parse(source, root).fingerprint())

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
