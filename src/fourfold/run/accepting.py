"""Results that stand after a change which somebody knows to be harmless, and says why."""

from dataclasses import replace
from datetime import UTC, datetime

from fourfold.errors import FourfoldError
from fourfold.models.artifacts import altered
from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.record import RunRecord, find_record, write_record
from fourfold.report.report import write_report
from fourfold.run import packages
from fourfold.run.fingerprint import Fingerprint, Fingerprints, changed_parameters


def accept(spec: RunSpec, project: Project, fingerprints: Fingerprints, because: str) -> list[str]:
    """Take the present code, data and packages as those of a run's result; return what changed.

    Its record and its page name the changes and the reason.

    Parameters
    ----------
    spec : RunSpec
    project : Project
    fingerprints : Fingerprints
        Of the project.
    because : str
        Why the result is the same.

    Raises
    ------
    FourfoldError
        If there is no good result, or it has other parameters, or what it read cannot be compared.
    """
    folder = project.folder(spec.config, spec.run_id)
    record = find_record(folder)
    if record is None or not record.ok:
        ended = f"one that {record.status}" if record else "none"
        raise FourfoldError(f"{spec.name}: expected a result that ended well, found {ended}")
    if others := list(changed_parameters(record.parameters, spec.parameters)):
        name, before, after = others[0]
        raise FourfoldError(
            f"{spec.name}: {name}: {before} -> {after}: a result belongs to its parameters, and "
            "cannot be accepted for others"
        )
    earlier, now = Fingerprint.from_json(record.key), fingerprints.of(spec, record.key)
    if not (changes := now.changes_since(earlier)):
        return []
    if earlier.packages:
        now = replace(now, packages=packages.now(earlier.packages), environment=None)
    if left := now.changes_since(now) + altered(folder, record):
        raise FourfoldError(f"{spec.name}: {left[0]}; so no one can accept it")
    _write(replace(record, key=now.to_json()), changes, because, project)
    return changes


def _write(record: RunRecord, changes: list[str], because: str, project: Project) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    why = {"at": at, "because": because, "changes": changes}
    record = replace(record, accepted=[*record.accepted, why])
    folder = project.folder(record.config, record.run_id)
    write_report(folder, record)
    write_record(record, folder / "record.json")
