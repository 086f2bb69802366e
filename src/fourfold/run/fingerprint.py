"""What a result depends on, as digests."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from fourfold.data import sources
from fourfold.plan.spec import RunSpec, canonical
from fourfold.plan.template import template_path
from fourfold.records.ipynb import read_notebook, text

WILDCARDS = frozenset("*?[")
_LOCKS = (
    *("requirements.lock", "uv.lock", "poetry.lock", "Pipfile.lock", "pixi.lock"),
    "conda-lock.yml",
)


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on beside its parameters, as digests; None where it does not count.

    Attributes
    ----------
    template, library, environment : str
        Of the template's code, of this package, and of Python with all installed packages.
    inputs : mapping of str to str
        Of the files that parameters name; None for data that only reading them can compare.
    lock, cells : str
        Of a reference: of the project's lock files, and of its own cells.
    """

    template: str | None
    inputs: Mapping[str, str | None]
    library: str | None
    environment: str | None = None
    lock: str | None = None
    cells: str | None = None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Fingerprint:
        """Return the fingerprint that a record or a reference keeps as its key."""
        known = {field.name: content.get(field.name) for field in fields(cls)}
        return cls(**{**known, "inputs": content.get("inputs", {})})

    @classmethod
    def of_code(cls, code: list[str], inputs: Mapping[str, str | None]) -> Fingerprint:
        """Return the fingerprint of a notebook that no template made, by its code and inputs."""
        # Twice JSON, as references keep it.
        return cls(digest(json.dumps(code)), inputs, library(), environment())

    def of_reference(self, root: Path, cells: Any) -> Fingerprint:
        """Return the fingerprint of a reference with these cells."""
        return replace(self, lock=lock(root), cells=digest(cells))

    def to_json(self) -> dict[str, Any]:
        """Return the key that records and references keep."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def changes_since(self, earlier: Fingerprint) -> list[str]:
        """Return what has changed; empty if the result must be the same."""
        packages = "environment" if self.lock is None else "installed packages"
        pairs = {
            "template": (earlier.template or "", self.template),
            "library": (earlier.library or "", self.library),
            "lock": (earlier.lock, self.lock),
            packages: (earlier.environment, self.environment),
            "reference": (earlier.cells, self.cells),
        }
        changes = [
            f"{part} changed"
            for part, (before, now) in pairs.items()
            if before is not None and before != now
        ]
        for name in dict.fromkeys([*earlier.inputs, *self.inputs]):
            if self.inputs.get(name, "") is None:
                changes.append(f"data {name} may have changed, which only reading them would tell")
            elif earlier.inputs.get(name) != self.inputs.get(name):
                changes.append(f"data {name} changed")
        return changes


def changed_parameters(
    earlier: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Yield ``parameter k`` for each that differs, with its values as JSON earlier and now."""
    for name in dict.fromkeys([*earlier, *now]):
        before, after = (
            canonical(side[name]) if name in side else "(not there)" for side in (earlier, now)
        )
        if before != after:
            yield f"parameter {name}", before, after


class Fingerprints:
    """The fingerprints of runs; each file is read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._code = cache(self._hash_code)
        self._inputs = cache(lambda source: sources.parse(source, root).fingerprint())

    def of(self, spec: RunSpec) -> Fingerprint:
        """Return the fingerprint of a run."""
        values = [value for value in spec.parameters.values() if isinstance(value, str) and value]
        inputs = {name: part for value in values for name, part in self._inputs(value).items()}
        return Fingerprint(self._code(spec.template_file), inputs, library(), environment())

    def _hash_code(self, template_file: str) -> str:
        cells = read_notebook(template_path(template_file, self.root))["cells"]
        code = [text(cell) for cell in cells if cell["cell_type"] == "code"]
        return _digest(json.dumps(code).encode())


def file_digest(file: Path) -> str:
    """Return the digest of a file."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:16]


def digest(content: Any) -> str:
    """Return the digest of a JSON value."""
    return _digest(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


@cache
def library() -> str:
    """Return the digest of this package's own code, and of the data that come with it."""
    folder = Path(__file__).parents[1]
    files = [*sorted(folder.rglob("*.py")), *sorted(folder.rglob("*.yaml"))]
    return _digest(b"".join(file.read_bytes() for file in files))


@cache
def environment() -> str:
    """Return the digest of Python and of all packages that are installed, whatever is locked."""
    folders = [folder for folder in map(Path, sys.path) if folder.is_dir()]
    names = {item.stem for folder in folders for item in folder.glob("*.dist-info")}
    return _digest("\n".join([sys.version, *sorted(names)]).encode())


def lock(root: Path) -> str:
    """Return the digest of a project's lock files; empty if it has none."""
    files = [root / name for name in _LOCKS if (root / name).is_file()]
    return digest([file.read_text(encoding="utf-8") for file in files]) if files else ""
