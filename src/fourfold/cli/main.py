"""The command line: each command is the line written out, one call a step."""

import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fourfold.author.lint import check_templates
from fourfold.cli import author, ending, models, results, show, tracking
from fourfold.cli.execute import execute
from fourfold.cli.graph import drawing
from fourfold.cli.options import (
    Bounds,
    Outputs,
    Paths,
    Root,
    bounds_of,
    complain,
    console,
    outputs_of,
    remark,
    root_of,
)
from fourfold.cli.progress import Progress, plan_table
from fourfold.cli.results import ids_of
from fourfold.data.listing import matches
from fourfold.errors import ConfigError, FourfoldError, Violation, legible, masked
from fourfold.plan.plan import plan
from fourfold.plan.schema import write_schemas
from fourfold.plan.search import search_of
from fourfold.plan.spec import RunSpec
from fourfold.project import Project, hold_outputs, shown
from fourfold.records.formatting import count
from fourfold.records.ipynb import defer_grammar
from fourfold.records.record import RunRecord
from fourfold.run.following import Following
from fourfold.run.kernelspec import check_kernel
from fourfold.run.only import matching
from fourfold.run.searching import Searches, expanded, forget_searches
from fourfold.run.selection import Choice, Known, choose
from fourfold.track.address import read_tracking

# Modules that load much are imported by the commands that need them.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Four-section notebooks, run many-fold.",
)
app.add_typer(author.app)
app.add_typer(models.app)
app.add_typer(results.app)
app.add_typer(show.app)
app.add_typer(tracking.app)
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="CONDITION", help="Only runs that meet it: depth>=3, mode=a|b, run~x."),
]
Why = Annotated[bool, typer.Option("--why", help="Show why each run is executed.")]
Workers = Annotated[str, typer.Option(metavar="N|auto", help="Runs at a time.")]


@app.command("plan")
def plan_command(
    paths: Paths = None,
    root: Root = None,
    outputs: Outputs = None,
    only: Only = None,
    why: Why = False,
) -> None:
    """List and check the runs of PATHs without starting them."""
    project = root_of(root)
    read_tracking(project)
    above: list[RunSpec] = []
    place = Project(project, outputs_of(outputs, project))
    planned = plan(paths or [], project, remark, above.append, place.outputs)
    searches = [] if only else [spec for spec in planned if spec.search]
    specs = _matching(expanded(planned, place), only) if only else planned
    console.print(plan_table(specs))
    for spec in searches:
        about = f"search {spec.config}: {search_of(spec)}"
        console.print(about, markup=False, highlight=False, soft_wrap=True)
    configs = len({spec.config for spec in specs})
    runs = len(specs) - len(searches)
    counts = [count(runs, "run")] if runs or not searches else []
    counts += [f"{len(searches)} search{'es' * (len(searches) > 1)}"] if searches else []
    console.print(f"{' and '.join(counts)} of {count(configs, 'config')}, all checked")
    if graph := drawing([*planned, *above], {spec.config for spec in planned}):
        console.print(graph)
    if why:
        known_runs, choice = expanded(specs, place), Choice()
        known = Known(place, known_runs, ids_of(planned, place))
        sought, every = [spec.config for spec in searches], [*planned, *above]
        following = Following(known_runs, every, place, known, choice, dry=True, searching=sought)
        following.begin()
        _explain(choice, following)
        names = "of them under other names, questions or criteria"
        kept = f", {len(choice.kept):,} {names}" if choice.kept else ""
        later = f", {following.left:,} decided later" if following.left else ""
        later += f", {len(following.skipped):,} skipped" if following.skipped else ""
        execute = f"{len(choice.todo):,} to execute{later}"
        console.print(f"{execute}, {len(choice.unchanged):,} unchanged{kept}")


@app.command()
def run(
    paths: Paths = None,
    root: Root = None,
    outputs: Outputs = None,
    workers: Workers = "auto",
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
        int | None, typer.Option(min=1, help="Start no more runs after this many failures.")
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

    project, at_once, began = root_of(root), _workers(workers), time.monotonic()
    bounds = bounds_of(fail_fast, max_failures, max_time, order)
    if kernel:
        check_kernel(kernel)
    begin(at_once)
    above: list[RunSpec] = []
    place = Project(project, outputs_of(outputs, project))
    note = _aside if as_json else remark
    planned = plan(paths or [], project, note, above.append, place.outputs)
    out = Console(quiet=True) if as_json else console
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
    say = complain if as_json else partial(out.print, markup=False, soft_wrap=True)
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
            summary.print_summary(records, choice, out, why_ended, later)
            if not summary.write_tables(records, choice, place, out):
                ended = "disk"
            elif ended != "disk":
                _rows(planned, place, out)
        if ended != "disk" and not summary.write_searches(searches, place, out):
            ended = "disk"
        code = _code(records, ended) or int(following.blocked)
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
    _exit(code, ended, place.outputs)


def _code(records: list[RunRecord], ended: str) -> int:
    early = {"disk": 2, "signal": 130, "max_time": 130}
    return early.get(ended, int(not all(record.ok or record.reason for record in records)))


def _exit(code: int, ended: str, outputs: Path) -> None:
    if ended == "disk":
        full = "the disk of results or of temporary files is full or read-only"
        raise FourfoldError(f"{outputs}: {full}; make room, and the same command goes on")
    raise typer.Exit(code)


def _aside(note: Violation) -> None:
    complain(f"note: {note}")


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


def _explain(choice: Choice, following: Following, out: Console = console) -> None:
    lines = [f"{item.spec.name}: {'; '.join(item.why)}" for item in choice.todo]
    lines += [f"{each.name}: skipped: {each.reason}" for each in following.skipped]
    lines += [f"{name}: decided when {first} has ended" for name, first in following.waiting()]
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def _workers(given: str) -> int | None:
    if given == "auto":
        return None
    if not given.isdigit() or int(given) < 1:
        raise FourfoldError(f"--workers: expected a whole number from 1, or auto, got {given!r}")
    return int(given)


@app.command()
def schema(root: Root = None) -> None:
    """Write JSON Schemas into .schema/, so that editors complete and check configs."""
    project = root_of(root)
    for path in write_schemas(project):
        console.print(f"wrote {shown(path, project)}")


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Templates; by default all.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Fix problems that are safe to fix.")] = False,
    root: Root = None,
) -> None:
    """Lint templates; exit code 1 if one breaks a rule, 2 if there is none."""
    project = root_of(root)
    templates = paths or matches("*.ipynb", project / "templates")
    if not templates:
        raise FourfoldError(f"{project / 'templates'}: expected templates (*.ipynb), got none")
    violations = check_templates(templates, project, fix)
    for violation in violations:
        console.print(str(violation), markup=False, highlight=False, soft_wrap=True)
    problems = count(len(violations), "violation")
    console.print(problems if violations else "all templates pass")
    raise typer.Exit(1 if violations else 0)


@app.command()
def reference(paths: Paths = None, root: Root = None, workers: Workers = "auto") -> None:
    """Execute the configs and save them in notebooks/ as reference results."""
    from fourfold.regress.references import first_runs, write_reference

    project = root_of(root)
    specs = first_runs(plan(paths or [], project))
    place = Project(project, project / "outputs" / "references", project / "outputs")
    choice = choose(specs, place, force=True)
    records, ended = execute(choice, place, _workers(workers), Bounds())
    good = {record.name for record in records if record.ok}
    for spec in specs:
        if spec.name in good:
            written = write_reference(spec, place)
            console.print(f"wrote {written.relative_to(project)}")
    _exit(_code(records, ended), ended, place.outputs)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def regress(
    context: typer.Context,
    root: Root = None,
    workers: Workers = "auto",
    accept: Annotated[
        bool, typer.Option("--accept", help="Show the differences and update the references.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Test only references affected by a change.")
    ] = False,
) -> None:
    """Test notebooks against their stored outputs; by default those in notebooks/.

    Templates are executed as they are now. What else is given goes to pytest, such as ``-x``,
    ``-k Modeling`` or ``--junit-xml=FILE``. Exit code 0 if all is the same, 1 if anything differs,
    2 if there is no notebook, and those of pytest.
    """
    from fourfold.regress.session import call_pytest

    raise typer.Exit(call_pytest(context.args, root_of(root), _workers(workers), accept, changed))


def main() -> None:
    """Run the command line; mistakes in configs print one line each and exit with 2."""
    defer_grammar()
    try:
        app()
    except FourfoldError as error:
        complain(masked(str(error)))
        if isinstance(error, ConfigError):
            complain(f"{count(len(error.violations), 'mistake')}; no kernel was started")
        raise SystemExit(2) from None
    except SystemExit as end:
        if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
            complain("stopped; no run was under way")
        raise
    except Exception as error:
        if os.environ.get("FOURFOLD_TRACEBACK"):
            raise
        complain(f"{legible(_unforeseen(error))}; FOURFOLD_TRACEBACK=1 shows where")
        raise SystemExit(2) from None


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror}"
    return f"not foreseen: {type(error).__name__}: {masked(str(error))}"
