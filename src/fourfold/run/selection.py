"""What need not run again: the record on disk against what the run would be now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fourfold.errors import FourfoldError
from fourfold.plan.spec import RunSpec, canonical
from fourfold.project import Project
from fourfold.records.record import RunRecord, find_record
from fourfold.run.fingerprint import Keys


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
    place: Project,
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
        glob = wanted if set("*?[") & set(wanted) else f"*{wanted}*"
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
