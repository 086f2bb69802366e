"""A batch: the runs of one command side by side, each with notebook, report and record."""

import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from itertools import count
from math import inf
from pathlib import Path
from typing import Any

from fourfold.data.artifacts import OUTPUTS
from fourfold.models.artifacts import digests_of
from fourfold.models.card import finish
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, git_commit, no_room, write_text
from fourfold.records.record import RunRecord, findings, section_times, versions, write_record
from fourfold.run.fingerprint import key_of
from fourfold.run.folders import new_folder, settle, sweep_new, written
from fourfold.run.inputs import Reader
from fourfold.run.kernels.client import execute
from fourfold.run.kernels.clock import awake_s
from fourfold.run.kernels.execution import Execution, Failure, Limits, write_notebook
from fourfold.run.kernels.machine import kernel_env, with_energy
from fourfold.run.kernels.zygotes import ZYGOTES
from fourfold.run.kernelspec import kernel_for
from fourfold.run.prepare import as_yaml, fill, loaded, prepared, with_room
from fourfold.run.schedule import ORDERS, Batch, scheduled, warm_up, workers_for
from fourfold.run.selection import Newer, Todo

_REMOVED = (
    "the folder of this run was removed while it was executed: the notebook is kept, but what else "
    "it has saved is gone"
)


def run_batch(
    todo: Sequence[Todo],
    project: Project,
    workers: int | None = None,
    on_section: Callable[[RunSpec, str], None] = lambda spec, section: None,
    on_done: Callable[[RunSpec, RunRecord], None] = lambda spec, record: None,
    max_failures: int | None = None,
    max_time_s: float | None = None,
    order: str = ORDERS[0],
    on_look: Callable[[str, int], None] = lambda why, signals: None,
    after: Callable[[RunRecord], Sequence[Todo]] = lambda record: (),
    later: int = 0,
    newer: Newer | None = None,
) -> tuple[list[RunRecord], str]:
    """Execute runs, each in a kernel of its own, several at a time.

    Parameters
    ----------
    workers : int, optional
        Runs at a time; by default as cores and memory allow.
    on_section : callable
        Called when a run enters a section, from the threads of the pool; first, when it is taken
        up, with Setup.
    on_done : callable
        Called when a run has ended, from this thread.
    max_failures : int, optional
        Runs that may fail before no other starts.
    max_time_s : float, optional
        Seconds after which no run starts.
    order : str
        One of `fourfold.run.schedule.ORDERS`.
    on_look : callable
        Called several times a second, from this thread, with the reason why no other run starts,
        and with how many signals to stop have come.
    after : callable
        Returns runs that a run that has ended leads to, from this thread.
    later : int
        How many of these may go at a time.
    newer : callable, optional
        Of a watch. Called several times a second with the runs, from this thread: once it returns
        names, no other run starts, and those of these names end. The first signal ends all runs
        at once, and kernels stay warm for the next batch.

    Returns
    -------
    records : list of RunRecord
        Of the runs that ended, in the order of `todo`; then those that came later.
    why : str
        Why the batch ended early, a word of `fourfold.run.schedule.WHY`; empty if it did not.
        After a signal, the cells that ran were finished (after a second one, killed), and the
        partial notebooks and records are written.
    """
    workers = workers_for(todo, workers, later)
    batch = Batch(todo, project, workers)
    batch.on_section = on_section
    batch.failures_left = inf if max_failures is None else max_failures
    done: dict[str, RunRecord] = {}
    with _signals(batch.stop), ThreadPoolExecutor(workers, "run") as pool:
        sweep_new(project.outputs)
        warm_up([item.spec for item in todo], project, workers)
        batch.until = inf if max_time_s is None else time.time() + max_time_s
        todo = list(todo)
        specs = {pool.submit(_tried, item, batch): item.spec for item in scheduled(todo, order)}
        waiting = set(specs)
        _reports().prime()  # while the first kernels get ready
        try:
            while waiting:  # and wakes often enough for signals to be seen
                ended, waiting = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                for future in ended:
                    if (record := future.result()) is not None:
                        done[record.name] = record
                        on_done(specs[future], record)
                        for item in () if batch.why else after(record):
                            todo.append(item)
                            batch.add(item)
                            new = pool.submit(_tried, item, batch)
                            specs[new] = item.spec
                            waiting.add(new)
                if newer and not batch.why and (outdated := newer(todo)) is not None:
                    batch.renew(outdated)
                if newer and batch.signals == 1:
                    batch.stop()
                on_look(batch.why, batch.signals)
        except BaseException:  # such as a reader of the log who has gone
            batch.stop()
            raise
    if not newer:
        ZYGOTES.close()
    return [done[item.spec.name] for item in todo if item.spec.name in done], batch.why


@contextmanager
def _signals(handler: Callable[..., None]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM inside the block, if it runs in the main thread."""
    main = threading.current_thread() is threading.main_thread()
    kinds = (signal.SIGINT, signal.SIGTERM) if main else ()
    before = {kind: signal.signal(kind, handler) for kind in kinds}
    try:
        yield
    finally:
        for kind, earlier in before.items():
            signal.signal(kind, earlier)


def _reports() -> Any:
    """Return the module that makes pages, which loads a lot."""
    from fourfold.report import report

    return report


def _tried(item: Todo, batch: Batch) -> RunRecord | None:
    """Execute one run; what nobody thought of, such as a folder that is a file, fails it alone.

    Where nothing can be written, no other run starts: its result would be lost as well.
    """
    spec, started = item.spec, datetime.now(UTC)
    try:
        return _run(item, batch)
    except Exception as error:
        failure = Failure("failed", "Setup", 0, "", type(error).__name__, str(error))
        if full := no_room(error):
            batch.why = batch.why or "disk"
            shutil.rmtree(_place(item, batch.project), ignore_errors=True)
    record = RunRecord(
        config=spec.config,
        run_id=spec.run_id,
        template=spec.template,
        status=failure.outcome,
        parameters=dict(spec.parameters),
        varied=list(spec.varied),
        started_at=started.isoformat(timespec="seconds"),
        duration_s=round((datetime.now(UTC) - started).total_seconds(), 3),
        error=_error(failure),
        versions=versions(),
    )
    # Without a record, it is executed as soon as there is room.
    if not (full or (item.former and batch.why == "disk")):
        with suppress(OSError, ValueError):
            folder = batch.project.folder(spec.config, spec.run_id)
            folder.mkdir(parents=True, exist_ok=True)  # its notebook may have removed it
            write_record(record, folder / "record.json")
    batch.end(record)
    return record


def _run(item: Todo, batch: Batch) -> RunRecord | None:
    """Execute one run and write its files, unless the batch comes to its end.

    A failing notebook is no exception: the partial notebook is kept, and the record names
    section, cell and error. What ``retry_on`` names, a lost kernel by default, is tried again as
    often as ``retries`` allows; a run that was too large for the memory is not.
    """
    spec, root = item.spec, batch.project.root
    if not batch.start(spec):
        return None
    batch.on_section(spec, "Setup")
    folder, place = batch.project.folder(spec.config, spec.run_id), _place(item, batch.project)
    read, moved, again = item.fingerprint, set[str](), False
    for attempt in count(1):
        # Its record first: a run that is killed has none.
        (place / "record.json").unlink(missing_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        (place / "artifacts").mkdir(parents=True)
        write_text(place / "params.yaml", as_yaml(spec.parameters))
        started, clock = datetime.now(UTC), awake_s()
        reader = Reader(root, batch.project.upstream, place, time.time_ns())
        execution = _execute(item, batch, place / "notebook.ipynb")
        failure = execution.failure
        if not failure:
            read, moved = key_of(item.fingerprint, execution, reader, spec.parameters, again)
            if moved and not again and not batch.stopping(spec):
                again = True  # something else may have been read than what is there now
                continue
            break
        if attempt - again > spec.options.retries or batch.stopping(spec):
            break
        if failure.error == "OutOfMemory" or failure.outcome not in spec.options.retry_on:
            break
    duration_s = awake_s() - clock
    if not failure and not (place / "artifacts").is_dir():
        failure = Failure("failed", "Report", 0, "", "FileNotFoundError", _REMOVED)
    if failure and failure.outcome == "killed" and batch.stopping(spec):
        failure = replace(failure, outcome="cancelled")
    if (
        failure and failure.outcome == "failed" and read is item.fingerprint
    ):  # a module that is fixed makes it due
        read, _ = key_of(item.fingerprint, execution, reader, spec.parameters, last=True)
    fill(execution.nb, spec)
    write_text(place / "notebook.ipynb", written(execution.nb, place, folder))
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
        kernel=execution.kernel,
        cost=with_energy(execution.cost),
        key=read.to_json(),
        **findings(execution.nb),
    )
    try:
        finish(place, record, root)
        record = replace(record, digests=digests_of(place / "artifacts"))
        _reports().write_report(place, record)
    except Exception as error:  # a page that cannot be made must not end the batch
        if no_room(error):
            raise
        if record.ok:
            failure = Failure("failed", "Report", 0, "", type(error).__name__, str(error))
            record = replace(record, status="failed", error=_error(failure))
    write_record(record, place / "record.json")
    if place != folder:
        settle(place, folder, keep=record.status == "cancelled")
    batch.end(record)
    return record


def _place(item: Todo, project: Project) -> Path:
    """Return where a run is executed: its earlier result stays until the new one is whole."""
    spec = item.spec
    return new_folder(project, spec) if item.former else project.folder(spec.config, spec.run_id)


def _execute(item: Todo, batch: Batch, path: Path) -> Execution:
    spec, root, limit_s = item.spec, batch.project.root, item.spec.options.timeout_s
    wrong = None
    try:
        kernel = kernel_for(item.template["metadata"], spec.options.kernel)
        notebook = prepared(item.template, spec.parameters, kernel)
    except Exception as error:  # a kernel or a language that there is not must not end the batch
        notebook, wrong = with_room(loaded(item.template)), error
    execution = Execution(
        notebook,
        path,
        on_section=lambda section: batch.on_section(spec, section),
        stopping=partial(batch.stopping, spec),
    )
    execution.watch = root.resolve()
    try:
        if wrong:
            raise wrong
        execution.kernel = kernel[0]
        return execute(
            execution,
            execution.kernel,
            limits=Limits(limit_s or item.limit_s, spec.options.cell_timeout_s, not limit_s),
            cwd=root,
            env=kernel_env(path.parent / "artifacts", batch.threads)
            | {OUTPUTS: str(batch.project.upstream)},
            on_kernel=lambda manager: batch.keep_kernel(spec, manager),
            ahead=lambda: batch.ahead(spec),
        )
    except Exception as error:  # a kernel that cannot start must not end the batch
        if no_room(error):
            raise
        execution.failure = Failure("killed", "Setup", 0, "", type(error).__name__, str(error))
        write_notebook(execution.nb, path)
        return execution


def _error(failure: Failure) -> dict[str, Any]:
    return {name: value for name, value in asdict(failure).items() if name != "outcome"}
