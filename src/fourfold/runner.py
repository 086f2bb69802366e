"""One run: from its spec to its folder with notebook, report, record and parameters."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from ruamel.yaml import YAML

from fourfold.execution import Execution, Failure, Limits, execute, write_notebook
from fourfold.plan import RunSpec
from fourfold.records import (
    RunRecord,
    findings,
    git_commit,
    section_times,
    versions,
    write_record,
    write_text,
)
from fourfold.report import write_report
from fourfold.template import parameters_index, tags

# One thread a kernel: two OpenMP threads that wait for each other on a busy machine took 100 times
# as long (9 s a K-means table instead of 0.1 s), and what a run finds must not depend on load.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Place:
    """Where runs happen: the project and the folder of outputs."""

    root: Path
    outputs: Path

    def folder(self, spec: RunSpec) -> Path:
        """Return ``outputs/<config>/<run id>``."""
        return self.outputs / spec.config / spec.run_id


@dataclass(frozen=True)
class Watch:
    """Who looks on: told each section and each kernel, asked whether to stop."""

    on_section: Callable[[RunSpec, str], None] = lambda spec, section: None
    on_kernel: Callable[[RunSpec, Any], None] = lambda spec, manager: None
    stopping: Callable[[], bool] = lambda: False


def run_one(spec: RunSpec, place: Place, watch: Watch = Watch()) -> RunRecord:
    """Execute one run and write all that it leaves.

    A failing notebook is no exception: the partial notebook is kept, and the record names
    section, cell and error. A kernel that was lost is tried again as often as ``retries``
    allows.
    """
    folder = _empty(place.folder(spec))
    write_text(folder / "params.yaml", params_yaml(spec.parameters))
    for attempt in range(spec.options.retries + 1):
        started, clock = datetime.now(UTC), time.monotonic()
        execution = _execute(spec, place, watch, folder)
        lost = execution.failure is not None and execution.failure.outcome == "killed"
        if not lost or attempt == spec.options.retries:
            break
    record = _record(spec, place, execution, started, time.monotonic() - clock)
    write_report(folder / "notebook.ipynb", record, folder / "report.html")
    write_record(record, folder / "record.json")
    return record


def _empty(folder: Path) -> Path:
    """Return the folder without what an earlier run left, its record first."""
    (folder / "record.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "artifacts").mkdir(parents=True)
    return folder


def params_yaml(parameters: Mapping[str, Any]) -> str:
    """Return parameters as flat YAML, which ``papermill -f`` reads."""
    yaml, stream = YAML(typ="safe"), io.StringIO()
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    yaml.dump(dict(parameters), stream)
    return stream.getvalue()


def _execute(spec: RunSpec, place: Place, watch: Watch, folder: Path) -> Execution:
    execution = Execution(
        prepared(place.root / spec.template_file, spec.parameters),
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
            env=kernel_env(folder / "artifacts"),
            on_kernel=lambda manager: watch.on_kernel(spec, manager),
        )
    except Exception as error:  # a kernel that cannot start must not end the batch
        execution.failure = Failure("killed", "Setup", 0, "", type(error).__name__, str(error))
        write_notebook(execution.nb, folder / "notebook.ipynb")
        return execution


def prepared(template: Path, parameters: Mapping[str, Any]) -> Any:
    """Return the template with the parameters injected, as papermill does it."""
    notebook = load_notebook_node(str(template))
    index = parameters_index(notebook)
    if index is not None and "parameters" not in tags(notebook.cells[index]):
        notebook.cells[index].metadata.tags.append("parameters")  # Colab keeps no tags
    notebook = parameterize_notebook(notebook, dict(parameters))
    injected = next(cell for cell in notebook.cells if "injected-parameters" in tags(cell))
    # A random id would make two executions of the same run differ.
    injected.id = "injected-parameters"
    return notebook


def kernel_env(artifacts: Path) -> dict[str, str]:
    """Return the environment of a kernel: its artifacts folder, one thread unless told more."""
    bounded = {**dict.fromkeys(_THREADS, "1"), "OMP_WAIT_POLICY": "passive"}
    return {**bounded, **os.environ, "FOURFOLD_ARTIFACTS": str(artifacts)}


def _record(
    spec: RunSpec, place: Place, execution: Execution, started: datetime, duration_s: float
) -> RunRecord:
    failure = execution.failure
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
        **findings(execution.nb),
    )


def _error(failure: Failure) -> dict[str, Any]:
    return {name: value for name, value in asdict(failure).items() if name != "outcome"}
