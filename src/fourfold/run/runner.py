"""One run: from its spec to its folder with notebook, report, record and parameters."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from fourfold.plan.template import template_path
from fourfold.project import git_commit, write_text
from fourfold.records.record import RunRecord, findings, section_times, versions, write_record
from fourfold.report.report import write_report
from fourfold.run.kernels.client import execute
from fourfold.run.kernels.execution import Execution, Failure, Limits, write_notebook
from fourfold.run.kernels.machine import kernel_env, with_energy
from fourfold.run.prepare import fill, prepared
from fourfold.run.schedule import Batch
from fourfold.run.selection import Todo


def run_one(item: Todo, batch: Batch) -> RunRecord:
    """Execute one run and write its files.

    A failing notebook is no exception: the partial notebook is kept, and the record names
    section, cell and error. What ``retry_on`` names, a lost kernel by default, is tried again as
    often as ``retries`` allows; a run that was too large for the memory is not.
    """
    spec = item.spec
    folder = batch.project.folder(spec.config, spec.run_id)
    for attempt in range(1, spec.options.retries + 2):
        _empty(folder)
        write_text(folder / "params.yaml", params_yaml(spec.parameters))
        started, clock = datetime.now(UTC), time.monotonic()
        execution = _execute(item, batch, folder / "notebook.ipynb")
        failure = execution.failure
        if attempt > spec.options.retries or not failure or batch.stopping():
            break
        if failure.error == "OutOfMemory" or failure.outcome not in spec.options.retry_on:
            break
    duration_s = time.monotonic() - clock
    if failure and failure.outcome == "killed" and batch.stopping():
        failure = replace(failure, outcome="cancelled")
    fill(execution.nb, spec)
    write_notebook(execution.nb, folder / "notebook.ipynb")
    record = RunRecord(
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
        git_commit=git_commit(batch.project.root),
        seed=spec.parameters.get("seed"),
        attempts=attempt,
        start=execution.start,
        cost=with_energy(execution.cost),
        key=item.fingerprint.to_json(),
        **findings(execution.nb),
    )
    try:
        write_report(folder / "notebook.ipynb", record, folder / "report.html")
    except Exception as error:  # a page that cannot be made must not end the batch
        if record.ok:
            failure = Failure("failed", "Report", 0, "", type(error).__name__, str(error))
            record = replace(record, status="failed", error=_error(failure))
    write_record(record, folder / "record.json")
    return record


def _empty(folder: Path) -> None:
    """Make the folder, without the files of an earlier run, its record first."""
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
    return str(yaml.safe_dump(dict(parameters), sort_keys=False, allow_unicode=True, width=100))


def _execute(item: Todo, batch: Batch, path: Path) -> Execution:
    spec, root = item.spec, batch.project.root
    execution = Execution(
        prepared(template_path(spec.template_file, root), spec.parameters),
        path,
        on_section=lambda section: batch.on_section(spec, section),
        stopping=batch.stopping,
    )
    try:
        return execute(
            execution,
            execution.nb.metadata.get("kernelspec", {}).get("name", "python3"),
            limits=Limits(spec.options.timeout_s, spec.options.cell_timeout_s),
            cwd=root,
            env=kernel_env(path.parent / "artifacts", batch.threads),
            on_kernel=lambda manager: batch.keep_kernel(spec, manager),
            ahead=lambda: batch.ahead(spec),
        )
    except Exception as error:  # a kernel that cannot start must not end the batch
        execution.failure = Failure("killed", "Setup", 0, "", type(error).__name__, str(error))
        write_notebook(execution.nb, path)
        return execution


def _error(failure: Failure) -> dict[str, Any]:
    return {name: value for name, value in asdict(failure).items() if name != "outcome"}
