"""The command line: each command is the line written out, one call a step."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console

from fourfold import __version__
from fourfold.cli import author, ending, models, options, results, show, testing, tracking
from fourfold.cli.execute import execute
from fourfold.cli.graph import drawing
from fourfold.cli.layout import print_rows
from fourfold.cli.progress import Progress, clock, plan_rows
from fourfold.cli.results import ids_of
from fourfold.errors import ConfigError, FourfoldError, legible, masked
from fourfold.plan.plan import plan
from fourfold.plan.search import search_of
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, hold_outputs, shown
from fourfold.records.formatting import count
from fourfold.records.ipynb import defer_grammar
from fourfold.run.following import Following
from fourfold.run.kernelspec import check_kernel
from fourfold.run.only import matching
from fourfold.run.searching import Searches, expanded, forget_searches
from fourfold.run.selection import Choice, Known
from fourfold.track.address import read_tracking

# Modules that load much are imported by the commands that need them.
app = typer.Typer(
    cls=options.Group,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Four-section notebooks, run many-fold.",
)
for part in (author, results, show, testing, models, tracking):
    app.add_typer(part.app)
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="CONDITION", help="Only runs that meet it: depth>=3, mode=a|b, run~x."),
]
_Version = Annotated[bool, typer.Option("--version", help="Show the version and exit.")]
Why = Annotated[bool, typer.Option("--why", help="Show why each run is executed.")]


@app.callback(invoke_without_command=True)
def _start(version: _Version = False) -> None:
    if version:
        options.console.print(f"fourfold {__version__}", highlight=False)
        raise typer.Exit


@options.command(app, options.RUN, "plan params/clustering --why", "plan")
def plan_command(
    paths: options.Paths = None,
    root: options.Root = None,
    outputs: options.Outputs = None,
    only: Only = None,
    why: Why = False,
    as_json: options.Json = False,
) -> None:
    """List and check the runs of PATHs without starting them."""
    project = options.root_of(root)
    read_tracking(project)
    above: list[RunSpec] = []
    place = Project(project, options.outputs_of(outputs, project))
    planned = plan(paths or [], project, options.remark, above.append, place.outputs)
    searches = [] if only else [spec for spec in planned if spec.search]
    specs = _matching(expanded(planned, place), only) if only else planned
    out = Console(quiet=True) if as_json else options.console
    print_rows(plan_rows(specs), out, crop=2)
    for spec in searches:
        about = f"search {spec.config}: {search_of(spec)}"
        out.print(about, markup=False, highlight=False, soft_wrap=True)
    configs = len({spec.config for spec in specs})
    runs = len(specs) - len(searches)
    counts = [count(runs, "run")] if runs or not searches else []
    counts += [f"{len(searches)} search{'es' * (len(searches) > 1)}"] if searches else []
    limit, *others = {spec.options.timeout_s for spec in specs} or {None}
    each = f"; timeout {clock(limit)} each" if limit and not others else ""
    out.print(f"{' and '.join(counts)} of {count(configs, 'config')}, all checked{each}")
    if graph := drawing([*planned, *above], {spec.config for spec in planned}):
        out.print(graph)
    reasons: dict[str, list[str]] | None = None
    if why:
        known_runs, choice = expanded(specs, place), Choice()
        known = Known(place, known_runs, ids_of(planned, place))
        sought, every = [spec.config for spec in searches], [*planned, *above]
        following = Following(known_runs, every, place, known, choice, dry=True, searching=sought)
        following.begin()
        _explain(choice, following, out)
        reasons = {item.spec.name: list(item.why) for item in choice.todo}
        names = "of them under other names, questions or criteria"
        kept = f", {len(choice.kept):,} {names}" if choice.kept else ""
        later = f", {following.left:,} decided later" if following.left else ""
        later += f", {len(following.skipped):,} skipped" if following.skipped else ""
        execute = f"{len(choice.todo):,} to execute{later}"
        out.print(f"{execute}, {len(choice.unchanged):,} unchanged{kept}")
    if as_json:
        options.print_json([_planned(spec, reasons) for spec in specs])


def _planned(spec: RunSpec, reasons: Mapping[str, Sequence[str]] | None) -> dict[str, Any]:
    names = ("config", "run_id", "template", "config_file", "parameters")
    about = {name.removesuffix("_id"): getattr(spec, name) for name in names}
    about |= {"timeout_s": spec.options.timeout_s, "search": bool(spec.search)}
    return about if reasons is None else {**about, "execute_because": reasons.get(spec.name, [])}


@options.command(app, options.RUN, "run params/clustering --only k=3")
def run(
    paths: options.Paths = None,
    root: options.Root = None,
    outputs: options.Outputs = None,
    workers: options.Workers = "auto",
    only: Only = None,
    force: Annotated[bool, typer.Option("--force", help="Run unchanged configs too.")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Run only configs that failed last time.")
    ] = False,
    why: Why = False,
    kernel: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Kernel for all runs; by default the one each template names."
        ),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop after the first failure.")
    ] = False,
    max_failures: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Start no more runs after this many failures."),
    ] = None,
    max_time: Annotated[
        str | None, typer.Option(metavar="8h", help="Start no more runs after this time.")
    ] = None,
    order: Annotated[
        str, typer.Option(metavar="longest|cheapest", help="Order of the runs.")
    ] = "longest",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print only the final summary.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines.")] = False,
) -> None:
    """Run configs that are new or have changed. Finished runs are skipped.

    Exit code 0 if all is well, 1 if a run failed, or was skipped as what it follows is missing,
    2 if a config is wrong or nothing can be written, 130 if it was stopped, by Ctrl-C or by
    --max-time.
    """
    from fourfold.run.kernels.machine import begin

    project, at_once, began = options.root_of(root), options.workers_of(workers), time.monotonic()
    bounds = options.bounds_of(fail_fast, max_failures, max_time, order)
    if kernel:
        check_kernel(kernel)
    begin(at_once)
    above: list[RunSpec] = []
    place = Project(project, options.outputs_of(outputs, project))
    planned = plan(paths or [], project, options.remark, above.append, place.outputs)
    out = Console(quiet=True) if as_json else options.console
    specs = _matching(expanded(planned, place), only) if only or failed else planned
    specs = [replace(spec, options=replace(spec.options, kernel=kernel)) for spec in specs]
    if resting := sum(bool(spec.search) for spec in planned) if only or failed else 0:
        out.print(
            f"{count(resting, 'config')} with a search: --only and --failed execute runs that it "
            "has made before, and no others",
            soft_wrap=True,
        )
    notes, on_end = results.notes_of(planned, project), ending.command_of(project)
    mlflow = read_tracking(project)
    say = options.complain if as_json else partial(out.print, markup=False, soft_wrap=True)
    with hold_outputs(place.outputs), tracking.tracked(place, mlflow, say) as tracker:
        from fourfold.cli import events, summary
        from fourfold.report.overview import keep_notes, keep_runs, write_results

        ids = ids_of(planned, place)
        keep_runs(place.outputs, ids)
        keep_notes(place.outputs, notes)
        plain = [spec for spec in specs if not spec.search]
        known = Known(place, plain, ids)
        choice = Choice()
        sought = [spec for spec in specs if spec.search]
        names = [spec.config for spec in sought]
        every = [*planned, *above]
        forget_searches(every, place.outputs)
        following = Following(plain, every, place, known, choice, force, failed, searching=names)
        following.begin()
        searches = Searches(sought, place, known, choice, force)
        choice.todo.extend(following.take(searches.ended))
        if why:
            _explain(choice, following, out)
        if choice.kept:
            kept = count(len(choice.kept), "result")
            out.print(f"{kept} kept under other names, questions or criteria, not executed")
        unchanged = len(choice.unchanged)
        if not choice.todo and not following.skipped:
            searches.keep_runs()
            write_results(place.outputs, always=False)
            _rows(planned, place, out)
            done = count(unchanged, "run")
            out.print(f"nothing to do: {done} unchanged (--force executes all)")
        elif unchanged and not quiet:
            out.print(f"{count(unchanged, 'run')} unchanged, not executed again")
        follow = events.Events if as_json else events.Quiet if quiet else Progress
        records, ended = execute(
            choice, place, at_once, bounds, follow, searches, following, tracker
        )
        if tracker:
            tracker.add(*(each.record for each in choice.kept), tried=True)
        searches.keep_runs()
        rest = len(choice.todo) - len(records) + following.not_started
        records += following.skipped
        counts = {"not_started": rest, "unchanged": len(choice.unchanged)}
        if choice.todo or following.skipped:
            why_ended, later = bounds.words.get(ended, ""), following.not_started
            summary.print_summary(records, choice, out, why_ended, later, names)
            if not summary.write_tables(records, choice, place, out):
                ended = "disk"
            elif ended != "disk":
                _rows(planned, place, out)
        if ended != "disk" and not summary.write_searches(searches, place, out):
            ended = "disk"
        code = options.exit_code(records, ended) or int(following.blocked)
    decided: list[str] = []
    if any(
        (place.folder(r.config, r.run_id) / "artifacts/promotion.json").exists() for r in records
    ):
        from fourfold.cli.promoting import after_batch

        decided, wrong = after_batch(records, place, say)
        code = code or 2 * wrong
        tracking.send_champion(place, mlflow, say=say)
    if as_json:
        events.write_end(records, ended, counts, began, code)
    if on_end:
        about = ending.summary_of(records, place, code, ended, counts, decided)
        ending.tell(on_end, about, project)
    if ended == "disk":
        raise options.disk_full(place.outputs)
    raise typer.Exit(code)


def _rows(specs: list[RunSpec], place: Project, out: Console) -> None:
    for config in dict.fromkeys(spec.config for spec in specs if spec.row):
        from fourfold.report.table import write_rows

        cells = {spec.run_id: spec.row for spec in specs if spec.config == config}
        file = shown(write_rows(cells, place.outputs / config), place.root)
        out.print(f"rows:     {file}, the table with its results", soft_wrap=True)


def _matching(specs: list[RunSpec], only: list[str] | None) -> list[RunSpec]:
    chosen = matching(specs, only or [])
    if only and not chosen:
        expected = f"expected one that matches among {count(len(specs), 'run')}, got none"
        raise FourfoldError(f"--only {' '.join(only)}: {expected}; fourfold plan lists them")
    return chosen


def _explain(choice: Choice, following: Following, out: Console = options.console) -> None:
    lines = [f"{item.spec.name}: {'; '.join(item.why)}" for item in choice.todo]
    lines += [f"{each.name}: skipped: {each.reason}" for each in following.skipped]
    lines += [f"{name}: decided when {first} has ended" for name, first in following.waiting()]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def main() -> None:
    """Run the command line; mistakes in configs print one line each and exit with 2."""
    defer_grammar()
    try:
        app()
    except FourfoldError as error:
        options.complain(masked(str(error)))
        if isinstance(error, ConfigError):
            options.complain(f"{count(len(error.violations), 'mistake')}; no kernel was started")
        raise SystemExit(2) from None
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            options.complain("stopped; no run was under way")
        raise
    except Exception as error:
        if os.environ.get("FOURFOLD_TRACEBACK"):
            raise
        options.complain(f"{legible(_unforeseen(error))}; FOURFOLD_TRACEBACK=1 shows where")
        raise SystemExit(2) from None


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror}"
    return f"not foreseen: {type(error).__name__}: {masked(str(error))}"
