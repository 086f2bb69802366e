"""The command line: each command is the line written out, one call a step."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from fourfold.errors import ConfigError, FourfoldError
from fourfold.plan import RunSpec, find_root, plan

if TYPE_CHECKING:
    from fourfold.records import RunRecord

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Four-section notebooks, run many-fold.",
)
console = Console()
Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="[PATH]...", help="Configs, folders or globs; by default params/."),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", help="Project folder; by default found from the current folder."),
]


@app.command("plan")
def plan_command(paths: Paths = None, root: Root = None) -> None:
    """Show the runs of PATHs and check them all; starts no kernel."""
    from fourfold.progress import plan_table

    specs = plan(paths or [], _root(root))
    console.print(plan_table(specs))
    configs = len({spec.config for spec in specs})
    console.print(f"{_count(len(specs), 'run')} of {_count(configs, 'config')}, all checked")


@app.command()
def run(
    paths: Paths = None,
    root: Root = None,
    outputs: Annotated[Path | None, typer.Option(help="Folder of results.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time; one a core.")] = None,
) -> None:
    """Execute the runs of PATHs; exit code 1 if one failed, 2 if a config is wrong."""
    project = _root(root)
    specs = plan(paths or [], project)
    folder = (outputs or project / "outputs").resolve()
    records, stopped = _execute(specs, project, folder, workers)
    _tell(records, specs, folder, project)
    if stopped:
        raise typer.Exit(130)
    raise typer.Exit(0 if all(record.ok for record in records) else 1)


def _execute(
    specs: list[RunSpec], root: Path, outputs: Path, workers: int | None
) -> tuple[list[RunRecord], bool]:
    from fourfold.batch import cores, run_batch
    from fourfold.progress import showing

    with showing(len(specs), workers or cores(), console) as progress:
        return run_batch(specs, root, outputs, workers, progress.section, progress.done)


def _tell(records: list[RunRecord], specs: Sequence[RunSpec], outputs: Path, root: Path) -> None:
    """Write the table of the batch, print it, and say where to look."""
    from fourfold.config import shown
    from fourfold.progress import result_table
    from fourfold.records import write_table

    console.print(result_table(records))
    failed = sum(not record.ok for record in records)
    missing = len(specs) - len(records)
    told = f"{_count(len(records), 'run')}, {failed} failed" + (
        f", {missing} not started" if missing else ""
    )
    console.print(told)
    if not records:
        return
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for path in write_table(records, outputs / "batches" / stamp):
        shutil.copyfile(path, outputs / f"results{path.suffix}")
    where = shown(outputs, root)
    console.print(f"reports: {where}/<config>/<run>/report.html", soft_wrap=True)
    console.print(f"table:   {where}/results.csv and results.parquet", soft_wrap=True)


@app.command()
def schema(root: Root = None) -> None:
    """Write a JSON Schema per template into .schema/, for YAML editors."""
    from fourfold.config import shown
    from fourfold.schema import write_schemas

    project = _root(root)
    for path in write_schemas(project):
        console.print(f"wrote {shown(path, project)}")


@app.command()
def check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Templates; by default all.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")] = False,
    root: Root = None,
) -> None:
    """Lint templates; exit code 1 if one breaks a rule."""
    from fourfold.check import check_templates

    project = _root(root)
    found = check_templates(paths or sorted((project / "templates").glob("*.ipynb")), project, fix)
    for violation in found:
        console.print(str(violation), markup=False, highlight=False, soft_wrap=True)
    told = _count(len(found), "violation")
    console.print(told if found else "all templates keep the rules")
    raise typer.Exit(1 if found else 0)


@app.command()
def reference(
    paths: Paths = None,
    root: Root = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Runs at a time; one a core.")] = None,
) -> None:
    """Write executed references of PATHs into notebooks/, for nbval to regress against."""
    from fourfold.reference import first_runs, write_reference

    project = _root(root)
    specs = first_runs(plan(paths or [], project))
    folder = project / "outputs" / "references"
    records, stopped = _execute(specs, project, folder, workers)
    ended = {record.name for record in records if record.ok}
    for spec in specs:
        if spec.name in ended:
            written = write_reference(folder / spec.config / spec.run_id, spec, project)
            console.print(f"wrote {written.relative_to(project)}")
    raise typer.Exit(130 if stopped else 0 if all(record.ok for record in records) else 1)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _root(given: Path | None) -> Path:
    return given.resolve() if given else find_root(Path.cwd())


def main() -> None:
    """Run the command line; mistakes in configs print one line each and exit with 2."""
    try:
        app()
    except ConfigError as error:
        for violation in error.violations:
            _complain(str(violation))
        _complain(f"{_count(len(error.violations), 'mistake')}; no kernel was started")
        raise SystemExit(2) from None
    except FourfoldError as error:
        _complain(str(error))
        raise SystemExit(2) from None


def _complain(message: str) -> None:
    Console(stderr=True).print(message, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
