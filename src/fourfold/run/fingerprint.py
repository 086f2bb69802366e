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
from fourfold.records.evidence import without_business
from fourfold.records.ipynb import parameters_index, read_notebook, text
from fourfold.run.code import deciding, judged_by
from fourfold.run.digests import ANY_VARIABLE, VARIABLE, digest_now
from fourfold.run.inputs import CHANGED, Inputs, Reader, inputs_of
from fourfold.run.names import texts_of
from fourfold.run.packages import package_changes

UNSURE = "may have changed, which shows only when they are read"
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
        Of what a run has read and of what its parameters name: files, folders (``/`` at their
        end) and patterns; None for data that only reading them can compare.
    packages : mapping of str to str
        Versions of the packages that a run has loaded; in place of the whole environment.
    lock, cells : str
        Of a reference: of the project's lock files, and of its own cells.
    """

    template: str | None
    inputs: Mapping[str, str | None]
    library: str | None
    environment: str | None = None
    lock: str | None = None
    cells: str | None = None
    packages: Mapping[str, str] | None = None

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

    def with_inputs(self, inputs: Inputs, certain: bool = True) -> Fingerprint:
        """Return the fingerprint of a run that has read these.

        Parameters
        ----------
        certain : bool
            Whether inputs that may have changed under the run count as what it has made itself.
        """
        moved = inputs.moved if certain else inputs.moved | inputs.perhaps
        digests = {**self.inputs, **inputs.digests, **dict.fromkeys(moved, CHANGED)}
        whole = None if inputs.packages else self.environment
        return replace(self, inputs=digests, packages=inputs.packages, environment=whole)

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
        changes += package_changes(earlier.packages or {})
        for name in dict.fromkeys([*earlier.inputs, *self.inputs]):
            before, now = earlier.inputs.get(name, ""), self.inputs.get(name, "")
            what = _what(name)
            if before is None or now is None:
                unsure = "an environment variable" if name == ANY_VARIABLE else f"data {name}"
                changes.append(f"{unsure} {UNSURE}")
            elif before == CHANGED:
                changes.append(f"{what} {name} {CHANGED}")
            elif before != now:
                changes.append(f"{what} {name} changed")
        return changes


def _what(name: str) -> str:
    if name.startswith(VARIABLE):
        return "environment variable"
    return "code" if name.endswith(".py") else "folder" if name.endswith("/") else "data"


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

    def __init__(self, root: Path, outputs: Path | None = None) -> None:
        self.root = root
        self.template = cache(lambda file: read_notebook(template_path(file, root)))
        self._code = cache(lambda file: digest_of_code(self.template(file)))
        self.judged_by = cache(lambda file: judged_by(self.template(file)))
        self._named = cache(lambda source: sources.parse(source, root, outputs).fingerprint())
        self._now = cache(lambda name: digest_now(name, root, outputs))

    def forget(self) -> None:
        """Forget the digests of files: a run has written others."""
        self._named.cache_clear()
        self._now.cache_clear()

    def again(self, now: Fingerprint, key: Mapping[str, Any] | None) -> Fingerprint:
        """Return a fingerprint of now, with what the run of this key has read."""
        read = (key or {}).get("inputs", {})
        names = [name for name, before in read.items() if before is not None]
        inputs = {**{name: self._now(name) for name in names}, **now.inputs}
        return replace(now, inputs=inputs)

    def of(self, spec: RunSpec, key: Mapping[str, Any] | None = None) -> Fingerprint:
        """Return the fingerprint of a run; with the `key` of a record, of what that has read."""
        own = self._code(spec.template_file), self.named(spec.parameters)
        return self.again(Fingerprint(*own, library(), environment()), key)

    def named(self, parameters: Mapping[str, Any]) -> dict[str, str | None]:
        """Return what parameters name, at any depth."""
        values = texts_of(list(without_business(parameters).values()))
        return {name: part for value in values for name, part in self._named(value).items()}


def key_of(
    before: Fingerprint,
    execution: Any,
    reader: Reader,
    parameters: Mapping[str, Any],
    last: bool,
) -> tuple[Fingerprint, set[str]]:
    """Return the fingerprint of a run that has ended, and what changed while it ran.

    Parameters
    ----------
    before : Fingerprint
        From before the run.
    execution : Execution
        With the notebook, and the notes of its kernel.
    reader : Reader
        Of this run.
    parameters : mapping
        Of the run.
    last : bool
        Whether it will not be tried again: what changes each time is then its own.
    """
    try:
        # Of defaults that are replaced by the next cell nothing is read.
        default = parameters_index(execution.nb) if parameters else None
        cells = [cell for i, cell in enumerate(execution.nb["cells"]) if i != default]
        read = inputs_of(execution.notes, code_of({"cells": cells}), parameters, reader)
        named = Fingerprints(reader.root, reader.outputs).named(parameters)
    except OSError as error:  # gone while it was read
        read, named = Inputs(moved={str(error.filename)}), {}
    again = read.moved if last else read.moved | read.perhaps
    if None in named.values():  # a parameter says already what is asked
        read.digests = {name: part for name, part in read.digests.items() if part is not None}
    return replace(before, inputs=named).with_inputs(read, certain=last), again


def code_of(notebook: Mapping[str, Any]) -> list[str]:
    """Return the code cells of a notebook."""
    return [text(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def digest_of_code(notebook: Mapping[str, Any]) -> str:
    """Return the digest of what decides a template's result."""
    return _digest(json.dumps(deciding(notebook)).encode())


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
