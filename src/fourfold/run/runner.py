"""One run: from its spec to its folder with notebook, report, record and parameters."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from fourfold.plan.spec import RunSpec
from fourfold.plan.template import template_path
from fourfold.project import Project, git_commit, write_text
from fourfold.records.record import RunRecord, findings, section_times, versions, write_record
from fourfold.report.report import write_report
from fourfold.run.kernels.client import Warm, execute
from fourfold.run.kernels.execution import Execution, Failure, Limits, write_notebook
from fourfold.run.kernels.machine import kernel_env
from fourfold.run.kernels.usage import with_energy
from fourfold.run.prepare import fill, model_of, prepared
from fourfold.run.schedule import modules_of


@dataclass(frozen=True)
class Watch:
    """Who looks on: told each section and each kernel, asked whether to stop."""

    on_section: Callable[[RunSpec, str], None] = lambda spec, section: None
    on_kernel: Callable[[RunSpec, Any], None] = lambda spec, manager: None
    stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Kernels:
    """How kernels are started: with how many threads, and how many more to fork ahead."""

    threads: int = 1
    ahead: Callable[[RunSpec], int] = lambda spec: 0


def run_one(
    spec: RunSpec,
    place: Project,
    watch: Watch = Watch(),
    kernels: Kernels = Kernels(),
    key: Mapping[str, Any] | None = None,
) -> RunRecord:
    """Execute one run and write all that it leaves.

    A failing notebook is no exception: the partial notebook is kept, and the record names
    section, cell and error. What ``retry_on`` names, a lost kernel by default, is tried again as
    often as ``retries`` allows; a run that was too large for the memory is not.
    """
    folder = place.folder(spec.config, spec.run_id)
    for attempt in range(1, spec.options.retries + 2):
        _empty(folder)
        write_text(folder / "params.yaml", params_yaml(spec.parameters))
        started, clock = datetime.now(UTC), time.monotonic()
        execution = _execute(spec, place, watch, kernels, folder)
        if attempt > spec.options.retries or not _again(execution.failure, spec, watch):
            break
    duration_s = time.monotonic() - clock
    if execution.failure and execution.failure.outcome == "killed" and watch.stopping():
        execution.failure = replace(execution.failure, outcome="cancelled")
    record = _record(spec, place, execution, started, duration_s, attempt, key or {})
    try:
        write_report(folder, record)
    except Exception as error:  # a page that cannot be made must not end the batch
        failure = Failure("failed", "Report", 0, "", type(error).__name__, str(error))
        if record.ok:
            record = replace(record, status="failed", error=_error(failure))
    write_record(record, folder / "record.json")
    return record


def _again(failure: Failure | None, spec: RunSpec, watch: Watch) -> bool:
    if failure is None or failure.error == "OutOfMemory" or watch.stopping():
        return False
    return failure.outcome in spec.options.retry_on


def _empty(folder: Path) -> None:
    """Make the folder, without what an earlier run left, its record first."""
    (folder / "record.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "artifacts").mkdir(parents=True)


def params_yaml(parameters: Mapping[str, Any]) -> str:
    """Return parameters as flat YAML, which ``papermill -f`` reads.

    Written as papermill reads it, by YAML 1.1: there a bare ``yes`` is true, and ``1e-05`` a word.

    Examples
    --------
    >>> params_yaml({"positive": "yes", "rate": 1e-05})
    "positive: 'yes'\\nrate: 1.0e-05\\n"
    """
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 100}
    return str(yaml.safe_dump(dict(parameters), **options))


def _execute(
    spec: RunSpec, place: Project, watch: Watch, kernels: Kernels, folder: Path
) -> Execution:
    execution = Execution(
        prepared(template_path(spec.template_file, place.root), spec.parameters),
        folder / "notebook.ipynb",
        on_section=lambda section: watch.on_section(spec, section),
        stopping=watch.stopping,
    )
    try:
        return execute(
            execution,
            execution.nb.metadata.get("kernelspec", {}).get("name", "python3"),
            limits=Limits(spec.options.timeout_s, spec.options.cell_timeout_s),
            cwd=place.root,
            env=kernel_env(folder / "artifacts", kernels.threads),
            on_kernel=lambda manager: watch.on_kernel(spec, manager),
            warm=Warm(modules_of(spec.template_file, place), lambda: kernels.ahead(spec)),
        )
    except Exception as error:  # a kernel that cannot start must not end the batch
        execution.failure = Failure("killed", "Setup", 0, "", type(error).__name__, str(error))
        write_notebook(execution.nb, folder / "notebook.ipynb")
        return execution


def _record(
    spec: RunSpec,
    place: Project,
    execution: Execution,
    started: datetime,
    duration_s: float,
    attempts: int,
    key: Mapping[str, Any],
) -> RunRecord:
    failure = execution.failure
    fill(execution.nb, spec, model_of(execution.nb))
    write_notebook(execution.nb, place.folder(spec.config, spec.run_id) / "notebook.ipynb")
    return RunRecord(
        config=spec.config,
        run_id=spec.run_id,
        template=spec.template,
        status=failure.outcome if failure else "ok",
        parameters=dict(spec.parameters),
        varied=list(spec.varied),
        started_at=started.isoformat(timespec="seconds"),
        duration_s=round(duration_s, 3),
        sections=section_times(execution.nb),
        error=_error(failure) if failure else None,
        versions=versions(),
        git_commit=git_commit(place.root),
        seed=spec.parameters.get("seed"),
        attempts=attempts,
        start=execution.start,
        cost=with_energy(execution.cost),
        key=dict(key),
        **findings(execution.nb),
    )


def _error(failure: Failure) -> dict[str, Any]:
    return {name: value for name, value in asdict(failure).items() if name != "outcome"}
