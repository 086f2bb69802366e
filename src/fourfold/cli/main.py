"""The command line: each command is the line written out, one call a step."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from fourfold import __version__
from fourfold.cli import (
    author,
    events,
    models,
    options,
    results,
    shards,
    show,
    testing,
    tracking,
    watch,
)
from fourfold.cli.batch import Asked, chosen, explain, run_planned
from fourfold.cli.graph import drawing
from fourfold.cli.layout import print_rows
from fourfold.cli.progress import Progress, clock, plan_rows
from fourfold.cli.results import ids_of
from fourfold.errors import ConfigError, FourfoldError, masked, unforeseen
from fourfold.plan.plan import plan
from fourfold.plan.search import search_of
from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.formatting import count
from fourfold.records.ipynb import defer_grammar
from fourfold.run.following import Following
from fourfold.run.kernelspec import check_kernel
from fourfold.run.searching import expanded
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
for part in (watch, author, results, shards, show, testing, models, tracking):
    app.add_typer(part.app)
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
    only: options.Only = None,
    why: Why = False,
    shards_: Annotated[
        int | None,
        typer.Option("--shards", min=1, metavar="N", help="Show how N shards divide the runs."),
    ] = None,
    costs: Annotated[
        bool,
        typer.Option("--costs", help="Write what runs took to params/_costs.json, for shards."),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """List and check the runs of PATHs without starting them."""
    project = options.root_of(root)
    read_tracking(project)
    above: list[RunSpec] = []
    place = Project(project, options.outputs_of(outputs, project))
    planned = plan(paths or [], project, options.remark, above.append, place.outputs)
    if shards_ or costs:
        return shards.print_shards(planned, shards_, place, costs, as_json)
    searches = [] if only else [spec for spec in planned if spec.search]
    specs = chosen(expanded(planned, place), only) if only else planned
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
        explain(choice, following, out)
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
    only: options.Only = None,
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
    shard: options.ShardOption = None,
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
    follow = events.Events if as_json else events.Quiet if quiet else Progress
    asked = Asked(place, bounds, at_once, only, kernel, force, failed, why, follow, began)
    if shard is not None:
        planned, asked = shards.as_shard(shard, paths or [], planned, above, asked)
    code, _ = run_planned(planned, above, asked)
    raise typer.Exit(code)


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
        options.complain(f"{unforeseen(error)}; FOURFOLD_TRACEBACK=1 shows where")
        raise SystemExit(2) from None
