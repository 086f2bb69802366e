"""Which runs need not run again: the record on disk against what the run would be now."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fourfold.models.artifacts import altered
from fourfold.plan.config import config_name
from fourfold.plan.spec import RunSpec, canonical
from fourfold.project import Project
from fourfold.records.evidence import BUSINESS
from fourfold.records.record import SKIPPED, RunRecord, find_record, record_of
from fourfold.run.doubts import Doubts
from fourfold.run.fingerprint import Fingerprint, Fingerprints, changed_parameters
from fourfold.run.kernelspec import PYTHON, kernel_for

if TYPE_CHECKING:
    from fourfold.run.kept import Kept


@dataclass(frozen=True)
class Todo:
    """A run to execute, and why: changes since its record, or that there is none.

    The `template` is its JSON, read once: a change while the batch runs is one for the next.
    Duration and peak memory are those of its last execution. `former` if it has a result, which
    stays until the new one is whole. `limit_s` ends a run that hangs, if the config sets no limit.
    """

    spec: RunSpec
    fingerprint: Fingerprint
    why: Sequence[str] = ()
    expected_s: float | None = None
    expected_mb: float | None = None
    former: bool = False
    template: Mapping[str, Any] = field(default_factory=dict)
    limit_s: float = 24 * 3600.0


#: Of a watch: given the runs, names those that a save has made out of date; None if none came.
Newer = Callable[[Sequence[Todo]], Collection[str] | None]


@dataclass(frozen=True)
class Choice:
    """Which runs are executed, and which not; `unchanged` has the records of the others.

    Of these, `kept` have a run with another name, question or criterion by now.
    """

    todo: list[Todo] = field(default_factory=list)
    unchanged: list[RunRecord] = field(default_factory=list)
    kept: list["Kept"] = field(default_factory=list)


def choose(
    specs: Sequence[RunSpec],
    project: Project,
    force: bool = False,
    failed: bool = False,
    runs: Mapping[str, Collection[str]] | None = None,
    known: "Known | None" = None,
) -> Choice:
    """Choose the runs whose record is missing, not ok, or of something else than the run now.

    A result belongs to template and parameters: that of a run which its config, or the project,
    has no longer is that of a new run with the same.

    Parameters
    ----------
    force : bool
        Choose all.
    failed : bool
        Choose only those whose last execution did not end well, or that were skipped.
    runs : mapping of str to collection of str
        All runs that each config has now; without it no former run is looked for.
    known : Known, optional
        Of a command that chooses more than once, instead of `runs`.
    """
    known = known or Known(project, specs, runs)
    fingerprints, kernel, choice = known.fingerprints, known.kernel, Choice()
    for spec in specs:
        source, record = known.former.result_of(spec) if not force else known.former.own(spec)
        again = record is not None and (record.failed or record.status == SKIPPED)
        back = record is not None and bool(record.former)
        if record and record.former:  # it was skipped, and is due again
            record = record_of(record.former)
        now = fingerprints.of(spec, record.key if record else None)
        why: list[str] = ["asked for by --force"] if force else []
        kept = None
        if not force:
            name = kernel(spec.template_file, spec.options.kernel)
            why = _reasons(spec, now, record, source, name)
            folder = project.folder(spec.config, spec.run_id)
            if record and record.ok and (why or source != folder or back):
                others = _reasons(_asked(spec, record), now, record, source, name)
                kept = None if others else _retold(spec, record, source, project, fingerprints)
                why = [] if kept else why or ["not run yet"]
        doubts = known.doubts
        if (failed and not again) or (why and doubts and doubts.settled(spec, now, why)):
            why = []
        if why:
            cost = record.cost if record else {}
            expected_s = record.duration_s if record and record.ok else None
            template = fingerprints.template(spec.template_file)
            has = record is not None and record.status != "cancelled"
            choice.todo.append(Todo(spec, now, why, expected_s, cost.get("peak_mb"), has, template))
        elif record and record.ok:
            choice.kept.extend([kept] if kept else [])
            choice.unchanged.append(replace(kept.record if kept else record, status="unchanged"))
    return choice


def _retold(
    spec: RunSpec, record: RunRecord, source: Path, project: Project, fingerprints: Fingerprints
) -> "Kept | None":
    from fourfold.run.kept import retold

    folder = project.folder(spec.config, spec.run_id)
    template = fingerprints.template(spec.template_file)
    by = fingerprints.judged_by(spec.template_file)
    return retold(spec, record, source, folder, template, by)


class Known:
    """What a command looks up once, however often it chooses: digests, kernels, former results."""

    def __init__(
        self,
        project: Project,
        specs: Sequence[RunSpec],
        runs: Mapping[str, Collection[str]] | None = None,
        doubts: Doubts | None = None,
    ) -> None:
        self.doubts = doubts
        self.fingerprints = Fingerprints(project.root, project.upstream)
        self.former = _Former(project, specs, runs)
        self.kernel = cache(self._kernel)

    def _kernel(self, template: str, asked: str | None) -> str:
        """Return the name of the kernel that a run would have now."""
        metadata = self.fingerprints.template(template).get("metadata", {})
        try:
            return kernel_for(metadata, asked)[0]
        except KeyError:  # not installed, as the run will say
            return "none that is installed"


def _asked(spec: RunSpec, record: RunRecord) -> RunSpec:
    """Return a run with the question, decision and criteria of a record."""
    had = {name: record.parameters[name] for name in BUSINESS if name in record.parameters}
    own = {name: had.get(name, value) for name, value in spec.parameters.items()}
    return replace(spec, parameters=own)


class _Former:
    """Results that stand elsewhere: of runs that nobody has any longer, or has by another name."""

    def __init__(
        self,
        project: Project,
        specs: Sequence[RunSpec],
        runs: Mapping[str, Collection[str]] | None,
    ) -> None:
        self.project, self.specs, self.runs = project, specs, runs

    def own(self, spec: RunSpec) -> tuple[Path, RunRecord | None]:
        """Return the folder of a run, and the record in it."""
        folder = self.project.folder(spec.config, spec.run_id)
        return folder, find_record(folder)

    def result_of(self, spec: RunSpec) -> tuple[Path, RunRecord | None]:
        """Return where the result of a run is, and its record; each is given once."""
        folder, record = self.own(spec)
        if record and (record.parameters == spec.parameters or _is_of(record, spec)):
            return folder, record
        return self._known.pop(_content(spec.template, spec.parameters), (folder, record))

    @cached_property
    def _known(self) -> dict[Any, tuple[Path, RunRecord]]:
        if self.runs is None:
            return {}
        displaced = [f for spec in self.specs if (f := self._if_of_another(spec))]
        known = {}
        for folder in (*displaced, *former_runs(self.project, self.runs)):
            if (record := find_record(folder)) and record.ok:
                known[_content(record.template, record.parameters)] = folder, record
        return known

    def _if_of_another(self, spec: RunSpec) -> Path | None:
        folder, record = self.own(spec)
        return folder if record and not _is_of(record, spec) else None


def _is_of(record: RunRecord, spec: RunSpec) -> bool:
    own = _content(spec.template, spec.parameters)
    return _content(record.template, record.parameters) == own


def former_runs(project: Project, runs: Mapping[str, Collection[str]]) -> list[Path]:
    """Return the folders of runs that no config has any longer.

    Parameters
    ----------
    project : Project
    runs : mapping of str to collection of str
        All runs of some configs; those of other configs that exist are there as well.
    """
    root = project.root
    files = [*root.glob("*.y*ml"), *(root / "params").rglob("*.y*ml")]
    others = {config_name(path, root) for path in files} - runs.keys()
    folders = (path.parent for path in sorted(project.outputs.glob("*/*/params.yaml")))
    return [
        folder
        for folder in folders
        if folder.parent.name not in others and folder.name not in runs.get(folder.parent.name, ())
    ]


def _content(template: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    own = {name: text for name, text in _in_order(parameters).items() if name not in BUSINESS}
    return template, canonical(own)


def _reasons(
    spec: RunSpec, now: Fingerprint, record: RunRecord | None, folder: Path, kernel: str
) -> list[str]:
    """Return why a run cannot be taken from its record; empty if it can."""
    if record is None:
        return ["not run yet"]
    if not record.ok:
        return [f"last time: {record.status}"]
    reasons = []
    # As texts: to Python, true is 1 and 1 is 1.0, which a notebook tells apart.
    if _in_order(record.parameters) != _in_order(spec.parameters):
        changes = changed_parameters(record.parameters, spec.parameters)
        reasons = [f"{name}: {before} -> {after}" for name, before, after in changes]
        reasons = reasons or ["the order of keys in a parameter changed"]
    if (record.kernel or PYTHON) != kernel:
        reasons.append(f"kernel: {record.kernel or PYTHON} -> {kernel}")
    reasons += now.changes_since(Fingerprint.from_json(record.key))
    if not all((folder / name).exists() for name in ("notebook.ipynb", "report.html")):
        reasons.append("its notebook or report is gone")
    else:
        reasons += altered(folder, record)
    return reasons


def _in_order(parameters: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value, default=str) for name, value in parameters.items()}
