"""What need not run again: the record on disk against what the run would be now."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from fourfold.data import database, remote
from fourfold.errors import FourfoldError
from fourfold.plan.spec import RunSpec, canonical
from fourfold.plan.template import template_path
from fourfold.project import Place
from fourfold.records.ipynb import read_notebook, text
from fourfold.records.record import RunRecord, find_record

_GLOB = frozenset("*?[")
_LONGEST_PATH = 500


@dataclass(frozen=True)
class Todo:
    """A run to execute.

    Attributes
    ----------
    key : dict
        Fingerprints of all that its result depends on.
    why : list of str
        What changed since its record, or that there is none.
    expected_s, expected_mb : float, optional
        Duration and peak memory of its last execution.
    """

    spec: RunSpec
    key: Mapping[str, Any]
    why: Sequence[str] = ()
    expected_s: float | None = None
    expected_mb: float | None = None


@dataclass(frozen=True)
class Choice:
    """Which runs are executed, and which not; `unchanged` has the records of the others."""

    todo: list[Todo] = field(default_factory=list)
    unchanged: list[RunRecord] = field(default_factory=list)


def choose(
    specs: Iterable[RunSpec],
    place: Place,
    force: bool = False,
    failed: bool = False,
) -> Choice:
    """Choose the runs whose record is missing, not ok, or of something else than the run now.

    Parameters
    ----------
    force : bool
        Choose all.
    failed : bool
        Choose only those whose last execution did not end well.
    """
    keys = Keys(place.root)
    choice = Choice()
    for spec in specs:
        folder = place.folder(spec.config, spec.run_id)
        record = find_record(folder)
        key = keys.key(spec)
        why = ["asked for by --force"] if force else reasons(spec, key, record, folder)
        if failed and (record is None or record.ok):
            why = []
        if why:
            cost = record.cost if record else {}
            # Of its cells: what a run waits for kernels depends on its place in the batch.
            expected_s = sum(record.sections.values()) if record and record.ok else None
            choice.todo.append(Todo(spec, key, why, expected_s, cost.get("peak_mb")))
        elif record and record.ok:
            choice.unchanged.append(replace(record, status="unchanged"))
    return choice


def reasons(
    spec: RunSpec, key: Mapping[str, Any], record: RunRecord | None, folder: Path
) -> list[str]:
    """Return why a run cannot be taken from its record; empty if it can.

    Examples
    --------
    >>> spec = RunSpec("a", "default", "a.yaml", "t", "t.ipynb", {})
    >>> reasons(spec, {}, None, Path())
    ['not run yet']
    """
    if record is None:
        return ["not run yet"]
    if not record.ok:
        return [f"last time: {record.status}"]
    found = []
    same = record.parameters == spec.parameters
    for name in () if same else dict.fromkeys([*record.parameters, *spec.parameters]):
        before, now = (_shown(p, name) for p in (record.parameters, spec.parameters))
        if before != now:
            found.append(f"parameter {name}: {before} -> {now}")
    parts = ("template", "library", "environment")
    found += [f"{part} changed" for part in parts if record.key.get(part) != key[part]]
    found += _changed_inputs(record.key.get("inputs", {}), key["inputs"])
    if not all((folder / name).exists() for name in ("notebook.ipynb", "report.html")):
        found.append("its notebook or report is gone")
    return found


def _shown(parameters: Mapping[str, Any], name: str) -> str:
    return canonical(parameters[name]) if name in parameters else "(not there)"


def _changed_inputs(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    for name in dict.fromkeys([*before, *now]):
        if now.get(name, "") is None:
            found.append(f"data {name} may have changed, which only reading them would tell")
        elif before.get(name) != now.get(name):
            found.append(f"data {name} changed")
    return found


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
    folder = Path(__file__).parent
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


def matching(specs: Sequence[RunSpec], patterns: Sequence[str]) -> list[RunSpec]:
    """Return the runs whose values match every ``name~pattern``.

    `name` is a parameter, or ``run``, ``config`` or ``template``; the pattern is a glob, and
    finds its text anywhere where it has no wildcard.

    Raises
    ------
    FourfoldError
        If a pattern has no ``~``, or no run has such a parameter.
    """
    chosen = list(specs)
    for pattern in patterns:
        name, tilde, wanted = pattern.partition("~")
        if not tilde:
            raise FourfoldError(f"--only: expected name~pattern, got {pattern!r}")
        glob = wanted if _GLOB & set(wanted) else f"*{wanted}*"
        values = [(spec, _value(spec, name)) for spec in chosen]
        if chosen and all(value is None for _, value in values):
            known = ", ".join(["run", "config", "template", *chosen[0].parameters])
            raise FourfoldError(f"--only: expected a parameter ({known}), got {name!r}.")
        chosen = [spec for spec, value in values if value is not None and fnmatchcase(value, glob)]
    return chosen


def _value(spec: RunSpec, name: str) -> str | None:
    own = {"run": spec.name, "config": spec.config, "template": spec.template}
    if name in own:
        return own[name]
    if name not in spec.parameters:
        return None
    value = spec.parameters[name]
    return value if isinstance(value, str) else canonical(value)
