"""The commands that test: templates by their rules, notebooks by their references."""

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fourfold.author.lint import check_templates
from fourfold.cli import options
from fourfold.cli.execute import execute
from fourfold.data.listing import matches
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.plan.schema import write_schemas
from fourfold.project import Project, shown
from fourfold.records.formatting import count
from fourfold.run.selection import choose

app = typer.Typer()
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@options.command(app, options.TEST, "schema")
def schema(root: options.Root = None) -> None:
    """Write JSON Schemas into .schema/, so that editors complete and check configs."""
    project = options.root_of(root)
    for path in write_schemas(project):
        options.console.print(f"wrote {shown(path, project)}")


@options.command(app, options.TEST, "check --fix")
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Templates; by default all.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Fix problems that are safe to fix.")] = False,
    root: options.Root = None,
    as_json: options.Json = False,
) -> None:
    """Lint templates; exit code 1 if one breaks a rule, 2 if there is none."""
    project = options.root_of(root)
    templates = paths or matches("*.ipynb", project / "templates")
    if not templates:
        raise FourfoldError(f"{project / 'templates'}: expected templates (*.ipynb), got none")
    violations = check_templates(templates, project, fix)
    if as_json:
        options.print_json([asdict(violation) for violation in violations])
        raise typer.Exit(1 if violations else 0)
    for violation in violations:
        options.console.print(str(violation), markup=False, highlight=False, soft_wrap=True)
    looked = count(len(templates), "template")
    wrong = len({violation.file for violation in violations})
    problems = f"{count(len(violations), 'violation')} in {wrong} of {looked}"
    options.console.print(
        problems if violations else f"{looked} checked, no violation", highlight=False
    )
    raise typer.Exit(1 if violations else 0)


@options.command(app, options.TEST, "reference params/clustering/wine.yaml")
def reference(
    paths: options.Paths = None, root: options.Root = None, workers: options.Workers = "auto"
) -> None:
    """Execute the configs and save them in notebooks/ as reference results."""
    from fourfold.regress.references import first_runs, write_reference

    project = options.root_of(root)
    specs = first_runs(plan(paths or [], project))
    place = Project(project, project / "outputs" / "references", project / "outputs")
    choice = choose(specs, place, force=True)
    records, ended = execute(choice, place, options.workers_of(workers), options.Bounds())
    good = {record.name for record in records if record.ok}
    for spec in specs:
        if spec.name in good:
            written = write_reference(spec, place)
            options.console.print(f"wrote {written.relative_to(project)}")
    if ended == "disk":
        raise options.disk_full(place.outputs)
    raise typer.Exit(options.exit_code(records, ended))


@options.command(
    app,
    options.TEST,
    "regress --changed",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def regress(
    context: typer.Context,
    root: options.Root = None,
    workers: options.Workers = "auto",
    accept: Annotated[
        bool, typer.Option("--accept", help="Show the differences and update the references.")
    ] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Test only references affected by a change.")
    ] = False,
    shard: options.ShardOption = None,
    as_json: options.Json = False,
) -> None:
    """Test notebooks against their stored outputs; by default those in notebooks/.

    Templates are executed as they are now. What else is given goes to pytest, such as ``-x``,
    ``-k Modeling`` or ``--junit-xml=FILE``. Exit code 0 if all is the same, 1 if anything differs,
    2 if there is no notebook, and those of pytest.
    """
    from fourfold.regress.session import call_pytest, results_of
    from fourfold.run.shards import read_shard

    root = options.root_of(root)
    part = read_shard(shard) if shard is not None else None
    given = context.args, root, options.workers_of(workers), accept, changed, part
    if not as_json:
        raise typer.Exit(call_pytest(*given))
    with redirect_stdout(sys.stderr):
        code = call_pytest(*given)
    options.print_json(results_of(root))
    raise typer.Exit(code)
