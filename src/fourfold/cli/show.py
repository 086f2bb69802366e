"""The commands that show outputs: in a browser, on the terminal, on paper."""

from pathlib import Path
from typing import Annotated, Any

import typer

from fourfold.cli import progress
from fourfold.cli.options import (
    LOOK,
    Browser,
    Json,
    Outputs,
    Port,
    Root,
    announce,
    command,
    console,
    outputs_of,
    root_of,
)
from fourfold.errors import FourfoldError
from fourfold.project import Project, shown
from fourfold.records.formatting import count
from fourfold.report import side_by_side

app = typer.Typer()
Runs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[RUN]...", help="Runs, configs or globs, as wine-sweep/k=3 or *-wine."),
]


def _runs(folder: Path) -> list[dict[str, Any]]:
    from fourfold.report.overview import entries

    runs = entries(folder) if folder.is_dir() else []
    if not runs:
        raise FourfoldError(f"{folder}: expected outputs of runs, found none; fourfold run first")
    return runs


@command(app, LOOK, "view")
def view(
    root: Root = None,
    outputs: Outputs = None,
    port: Port = 0,
    browser: Browser = True,
    run: Annotated[
        bool, typer.Option("--run", help="Serve configs as forms that can be filled in and run.")
    ] = False,
) -> None:
    """Serve the page of all runs to this machine until Ctrl-C.

    With --run, configs and templates are forms: fill in, run, and the report opens. The values
    are saved under params/. Example: `fourfold view --run`
    """
    from fourfold.report.overview import write_results
    from fourfold.report.server import HOST, server

    project = root_of(root)
    folder = outputs_of(outputs, project)
    if run:
        from fourfold.cli.form import serve_forms

        serve_forms(Project(project, folder), port, browser)
        return
    _runs(folder)
    write_results(folder)
    with server(folder, port) as pages:
        announce(f"http://{HOST}:{pages.server_address[1]}/", browser)
        try:
            pages.serve_forever()
        except KeyboardInterrupt:
            console.print("ended")


@command(app, LOOK, "compare wine-sweep --metric silhouette")
def compare(
    runs: Runs = None,
    root: Root = None,
    outputs: Outputs = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Metric to show; by default those of the claims; may be repeated."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare runs: differing parameters, and metrics with 95 % intervals."""
    from fourfold.report.overview import write_results

    project = root_of(root)
    folder = outputs_of(outputs, project)
    everything = _runs(folder)
    chosen = side_by_side.chosen(everything, runs or [])
    metrics = side_by_side.metrics_of(chosen, metric or [])
    if as_json:
        text = side_by_side.as_json(chosen, metrics)
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return
    progress.print_side_by_side(chosen, metrics, console)
    view = side_by_side.view_of(chosen, everything)
    page = f"{shown(write_results(folder, always=False), project)}{view}"
    console.print(f"{count(len(chosen), 'run')}; with charts: {page}", markup=False, soft_wrap=True)


@command(app, LOOK, "pdf clustering-wine")
def pdf(
    runs: Runs = None,
    root: Root = None,
    outputs: Outputs = None,
    force: Annotated[
        bool, typer.Option("--force", help="Recreate PDFs that already exist.")
    ] = False,
) -> None:
    """Save each report as report.pdf; needs Chromium, Chrome or Edge."""
    from fourfold.report.pdf import browser, print_all

    project = root_of(root)
    folder = outputs_of(outputs, project)
    chosen = side_by_side.chosen(_runs(folder), runs or [])
    reports = [folder / side_by_side.name(run) / "report.html" for run in chosen]
    new = [report for report in reports if report.exists() and (force or not _printed(report))]
    for path in print_all(new, browser()):
        console.print(shown(path, project), markup=False, highlight=False, soft_wrap=True)
    console.print(f"{count(len(new), 'report')} printed, {len(reports) - len(new):,} unchanged")


def _printed(report: Path) -> bool:
    pdf = report.with_suffix(".pdf")
    return pdf.exists() and pdf.stat().st_mtime >= report.stat().st_mtime
