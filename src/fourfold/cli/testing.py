"""The commands that test: templates by their rules, notebooks by their references."""

import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fourfold.author.lint import check_templates
from fourfold.cli.execute import execute
from fourfold.cli.options import (
    TEST,
    Bounds,
    Json,
    Paths,
    Root,
    Workers,
    command,
    console,
    exit_code,
    leave,
    print_json,
    root_of,
    workers_of,
)
from fourfold.data.listing import matches
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.plan.schema import write_schemas
from fourfold.project import Project, shown
from fourfold.records.formatting import count
from fourfold.run.selection import choose

app = typer.Typer()
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@command(app, TEST, "schema")
def schema(root: Root = None) -> None:
    """Write JSON Schemas into .schema/, so that editors complete and check configs."""
    project = root_of(root)
    for path in write_schemas(project):
        console.print(f"wrote {shown(path, project)}")


@command(app, TEST, "check --fix")
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Templates; by default all.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Fix problems that are safe to fix.")] = False,
    root: Root = None,
    as_json: Json = False,
) -> None:
    """Lint templates; exit code 1 if one breaks a rule, 2 if there is none."""
    project = root_of(root)
    templates = paths or matches("*.ipynb", project / "templates")
    if not templates:
        raise FourfoldError(f"{project / 'templates'}: expected templates (*.ipynb), got none")
    violations = check_templates(templates, project, fix)
    if as_json:
        print_json([asdict(violation) for violation in violations])
        raise typer.Exit(1 if violations else 0)
    for violation in violations:
        console.print(str(violation), markup=False, highlight=False, soft_wrap=True)
    looked = count(len(templates), "template")
    wrong = len({violation.file for violation in violations})
    problems = f"{count(len(violations), 'violation')} in {wrong} of {looked}"
    console.print(problems if violations else f"{looked} checked, no violation", highlight=False)
    raise typer.Exit(1 if violations else 0)


@command(app, TEST, "reference params/clustering/wine.yaml")
def reference(paths: Paths = None, root: Root = None, workers: Workers = "auto") -> None:
    """Execute the configs and save them in notebooks/ as reference results."""
    from fourfold.regress.references import first_runs, write_reference

    project = root_of(root)
    specs = first_runs(plan(paths or [], project))
    place = Project(project, project / "outputs" / "references", project / "outputs")
    choice = choose(specs, place, force=True)
    records, ended = execute(choice, place, workers_of(workers), Bounds())
    good = {record.name for record in records if record.ok}
    for spec in specs:
        if spec.name in good:
            written = write_reference(spec, place)
            console.print(f"wrote {written.relative_to(project)}")
    leave(exit_code(records, ended), ended, place.outputs)


@command(
    app,
    TEST,
    "regress --changed",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
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
    as_json: Json = False,
) -> None:
    """Test notebooks against their stored outputs; by default those in notebooks/.

    Templates are executed as they are now. What else is given goes to pytest, such as ``-x``,
    ``-k Modeling`` or ``--junit-xml=FILE``. Exit code 0 if all is the same, 1 if anything differs,
    2 if there is no notebook, and those of pytest.
    """
    from fourfold.regress.items import Result
    from fourfold.regress.session import call_pytest

    given = context.args, root_of(root), workers_of(workers), accept, changed
    if not as_json:
        raise typer.Exit(call_pytest(*given))
    with redirect_stdout(sys.stderr):
        results: list[Result] = []
        code = call_pytest(*given, results)
    print_json([vars(result) for result in results])
    raise typer.Exit(code)
