"""The commands that show outputs: in a browser, on the terminal, on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fourfold.cli import progress
from fourfold.cli.options import Outputs, Root, console, outputs_of, root_of
from fourfold.errors import FourfoldError
from fourfold.records.formatting import count

app = typer.Typer()
_WIDE = 240  # columns of a table that no terminal shows
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


@app.command()
def view(
    root: Root = None,
    outputs: Outputs = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page.")] = True,
) -> None:
    """Show all runs: write outputs/index.html anew and serve it to this machine, until Ctrl-C."""
    import webbrowser

    from fourfold.report.overview import write_overview
    from fourfold.report.server import HOST, server

    folder = outputs_of(outputs, root_of(root))
    runs = _runs(folder)
    write_overview(folder, runs)
    with server(folder, port) as found:
        address = f"http://{HOST}:{found.server_address[1]}/"
        console.print(f"{address}  (Ctrl-C ends it)", highlight=False)
        console.file.flush()
        if browser:
            webbrowser.open(address)
        try:
            found.serve_forever()
        except KeyboardInterrupt:
            console.print("ended")


@app.command()
def compare(
    runs: Runs = None,
    root: Root = None,
    outputs: Outputs = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="By default those of the claims; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show runs side by side: parameters that differ, and metrics with their 95 % intervals."""
    from fourfold.project import shown
    from fourfold.report import side_by_side
    from fourfold.report.overview import write_overview

    project = root_of(root)
    folder = outputs_of(outputs, project)
    everything = _runs(folder)
    found = side_by_side.chosen(everything, runs or [])
    metrics = side_by_side.metrics_of(found, metric or [])
    if as_json:
        console.print(
            side_by_side.as_json(found, metrics), markup=False, highlight=False, soft_wrap=True
        )
        return
    shown_on = console if console.is_terminal else Console(width=_WIDE)
    shown_on.print(progress.side_by_side(found, metrics))
    page = f"{shown(write_overview(folder, everything), project)}{side_by_side.view_of(found)}"
    console.print(f"{count(len(found), 'run')}; with charts: {page}", markup=False, soft_wrap=True)


@app.command()
def pdf(
    runs: Runs = None,
    root: Root = None,
    outputs: Outputs = None,
    force: Annotated[bool, typer.Option("--force", help="Also what is printed already.")] = False,
) -> None:
    """Print reports to report.pdf beside them; needs Chromium, Chrome or Edge."""
    from fourfold.project import shown
    from fourfold.report.pdf import browser, print_all
    from fourfold.report.side_by_side import chosen, name

    project = root_of(root)
    folder = outputs_of(outputs, project)
    reports = [folder / name(e) / "report.html" for e in chosen(_runs(folder), runs or [])]
    new = [r for r in reports if r.exists() and (force or _older(r.with_suffix(".pdf"), r))]
    program = browser()
    for path in print_all(new, program):
        console.print(shown(path, project), markup=False, highlight=False, soft_wrap=True)
    console.print(f"{count(len(new), 'report')} printed, {len(reports) - len(new):,} unchanged")


def _older(path: Path, than: Path) -> bool:
    return not path.exists() or path.stat().st_mtime < than.stat().st_mtime
